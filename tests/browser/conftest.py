"""A headless Chromium that may speak to nobody but this machine and fails on console errors."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import Lab, Server

LOCAL = (
    "http://127.0.0.1",
    "http://localhost",
    "ws://127.0.0.1",
    "ws://localhost",
    "file://",
    "data:",
    "about:",
    "blob:",
)
# errors of other people's code that mean nothing here: (message, where every line of its stack is, how many lines)
KNOWN = (
    # a notebook opened without a kernel: ipywidgets asks the missing session for the kernel's widgets
    ("Cannot read properties of null (reading 'kernel')", "/lab/extensions/@jupyter-widgets/jupyterlab-manager/", 3),
    # JupyterLab's timer takes its splash screen away, and finds it gone when it was shown twice in a row
    (
        "Failed to execute 'removeChild' on 'Node': The node to be removed is not a child of this node.",
        "/static/lab/jlab_core.",
        1,
    ),
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium under Playwright. CI sets TASNB_REQUIRE_BROWSER=1, so that it is not skipped there."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("TASNB_REQUIRE_BROWSER") == "1":
            pytest.fail("TASNB_REQUIRE_BROWSER=1, but there is no chromium on the PATH")
        pytest.skip("no chromium on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
        )
        yield browser
        browser.close()


def is_known(error: Any) -> bool:
    frames = [line for line in str(error.stack).splitlines() if line.strip().startswith("at ")]
    return any(
        error.message == message and len(frames) == lines and all(place in frame for frame in frames)
        for message, place, lines in KNOWN
    )


def guarded_context(browser: Any, scheme: str, *, width: int = 1120, height: int = 900) -> tuple[Any, list[str]]:
    """A browser context in a colour scheme, and its problems: console errors, requests that leave the machine."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
    problems: list[str] = []

    def guard(route: Any) -> None:
        if route.request.url.startswith(LOCAL):
            route.continue_()
        else:
            problems.append(f"request to {route.request.url}")
            route.abort()

    def watch(page: Any) -> None:
        page.on("console", lambda m: problems.append(f"console {m.type}: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda error: None if is_known(error) else problems.append(f"page error: {error.stack}"))
        page.on(
            "websocket",
            lambda socket: None if socket.url.startswith(LOCAL) else problems.append(f"websocket to {socket.url}"),
        )

    context.route("**/*", guard)
    context.on("page", watch)
    return context, problems


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A fresh page in the light scheme; afterwards: no console error, no request that left the machine."""
    context, problems = guarded_context(chromium, "light")
    yield context.new_page()
    context.close()
    assert problems == []


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory, warm_cache: Path) -> Iterator[Server]:
    """A JupyterLab server for the whole session; its kernels end with it."""
    with Server(tmp_path_factory.mktemp("lab") / "server", warm_cache) as server:
        yield server


@pytest.fixture(scope="module")
def lab(lab_server: Server, chromium: Any, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Opens notebooks in a module's tests; what a page complains about fails the test (``no_problems``).

    Use: ``notebook = lab.open(["import tasnb as tn", "..."])``, ``notebook.run_all()``, ``notebook.page.locator(...)``.
    """
    lab = Lab(lab_server, lambda scheme: guarded_context(chromium, scheme, width=1280, height=1000))
    lab.name = request.module.__name__.rpartition(".")[2]
    yield lab
    lab.close()


@pytest.fixture(autouse=True)
def no_problems(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test that has a lab: no console error so far, and no request that left the machine."""
    lab = request.getfixturevalue("lab") if "lab" in request.fixturenames else None
    yield
    assert lab is None or lab.problems == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here starts or shares a browser and a JupyterLab: none belongs to ``make quick``."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)
