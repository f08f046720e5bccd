"""``gallery``: alone in a page, and in JupyterLab over 10,000 cases and over a run whose cases open in ``explore``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tasnb.viewers.galleries import PAGE
from tests.browser.alone import has_a_visible_focus, serious, show
from tests.browser.lab import Lab, Notebook
from tests.viewers.made_artifacts import HOSTILE
from tests.viewers.made_runs import of_cases

PATIENCE = 90_000  # ms
MANY = 10_000


def cases(count: int) -> list[dict[str, Any]]:
    heads = ["cat", "dog", "bird"]
    return [
        {"iou": i / (count - 1), "oracle_iou": 1.0, "head": heads[i % 3], "directions": ["", "left"][i % 2],
         "expression": f"{heads[i % 3]} {i}" if i else HOSTILE}
        for i in range(count)
    ]  # fmt: skip


def test_alone_it_shows_its_page_as_text(page: Any, tmp_path: Path) -> None:
    frame = show(page, tn.viewers.gallery(of_cases(tmp_path / "run", cases(30))), tmp_path)
    assert frame.locator(".tn-case").count() == PAGE
    assert "30 of 30 cases" in frame.inner_text()
    assert "no kernel" in frame.inner_text()
    assert frame.locator("script").count() == 0
    assert HOSTILE in frame.locator(".tn-case").first.inner_text()
    assert frame.get_by_role("button", name="Next page").is_disabled()
    assert serious(page) == []


@pytest.fixture(scope="module")
def notebook(lab: Lab, tmp_path_factory) -> Notebook:
    run = of_cases(tmp_path_factory.mktemp("runs") / "many", cases(MANY))
    opened = lab.open(
        ["import json, tasnb as tn", f"viewer = tn.viewers.gallery(tn.Run.open({str(run.folder)!r}))\nviewer"]
    )
    opened.run_all()
    opened.page.locator(".tn-gallery").wait_for(timeout=PATIENCE)
    return opened


def wait_text(locator: Any, text: str) -> None:
    from playwright.sync_api import expect

    expect(locator).to_contain_text(text, timeout=PATIENCE)


@pytest.mark.slow
def test_filters_and_pages_ask_the_kernel(notebook: Notebook) -> None:
    frame = notebook.page.locator(".tn-gallery")
    wait_text(frame, "10,000 of 10,000 cases")
    wait_text(frame, "Page 1 of 834")
    frame.get_by_label("head noun").fill("cat")
    wait_text(frame, "3,334 of 10,000 cases")
    frame.get_by_label("IoU from", exact=True).fill("0.9")
    frame.get_by_label("IoU from", exact=True).press("Enter")
    wait_text(frame.locator(".tn-verdict").first, "334 of 10,000 cases")
    notebook.page.wait_for_function("!document.querySelector('.tn-gallery').textContent.includes('3,334')")
    frame.get_by_label("direction").select_option("left")
    wait_text(frame, "167 of 10,000 cases")
    frame.get_by_role("button", name="Next page").click()
    wait_text(frame, "Page 2 of 14")
    frame.get_by_label("Order").select_option("iou down")
    wait_text(frame, "Page 1 of 14")
    wait_text(frame.locator(".tn-case").first, "cat 9999")
    shown = json.loads(notebook.python("print(viewer.shown['sample'].to_json(orient='values'))"))
    drawn = frame.locator(".tn-case").evaluate_all("all => all.map(n => Number(n.dataset.sample))")
    assert drawn == shown
    frame.get_by_role("button", name="Clear filters").click()
    wait_text(frame, "10,000 of 10,000 cases")


@pytest.mark.slow
def test_the_browser_never_holds_more_than_a_page(notebook: Notebook) -> None:
    notebook.python("viewer.filter(expression='dog'); viewer.turn(7)")
    frame = notebook.page.locator(".tn-gallery")
    wait_text(frame, "Page 8 of")
    assert frame.locator(".tn-case").count() == PAGE
    counts = notebook.python(
        """
sent = []
send = viewer._send
def counted(message, buffers=None):
    sent.append(len(json.dumps(message, default=str)))
    send(message, buffers)
viewer._send = counted
viewer.turn(8)
viewer._send = send
print(json.dumps(sent))
"""
    )
    sizes = json.loads(counts)
    assert 1 <= len(sizes) <= 3, "the page, and the echo of the query"
    assert sum(sizes) < 40_000, "bytes, for 10,000 cases"
    wait_text(frame, "Page 9 of")


@pytest.mark.slow
def test_the_keyboard_walks_the_cards_and_turns_the_page(notebook: Notebook) -> None:
    notebook.python("viewer.filter(expression=None); viewer.turn(0)")
    frame = notebook.page.locator(".tn-gallery")
    wait_text(frame, "Page 1 of 834")
    cards = frame.locator(".tn-case")
    cards.first.focus()
    notebook.page.keyboard.press("ArrowRight")
    assert cards.nth(1).evaluate("n => n === document.activeElement")
    assert has_a_visible_focus(notebook.page)
    notebook.page.keyboard.press("End")
    assert cards.nth(PAGE - 1).evaluate("n => n === document.activeElement")
    notebook.page.keyboard.press("PageDown")
    wait_text(frame, "Page 2 of 834")
    notebook.page.wait_for_function("document.activeElement.classList.contains('tn-case')", timeout=PATIENCE)


@pytest.mark.slow
def test_a_case_without_its_picture_says_what_is_missing(notebook: Notebook) -> None:
    notebook.python("viewer.turn(0)")
    frame = notebook.page.locator(".tn-gallery")
    wait_text(frame, "Page 1 of 834")
    frame.locator(".tn-case").nth(2).click()
    wait_text(frame.get_by_role("alert"), "pass samples=")
    frame.get_by_role("button", name="Close this case").click()
    frame.get_by_role("alert").wait_for(state="hidden", timeout=PATIENCE)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_jupyterlab(notebook: Notebook, theme: str) -> None:
    notebook.theme(theme)
    found = serious(notebook.page, ".tn-gallery")
    notebook.theme("light")
    assert found == []


@pytest.mark.slow
def test_a_click_opens_the_case_in_explore(lab: Lab, tmp_path: Path) -> None:
    """A run on disk is enough: samples, models and masks are what it says."""
    opened = lab.open(
        [
            "import tasnb as tn\nstore = tn.Store()",
            f"run = tn.evaluate(tn.datasets.load('reftoy', split='val')[:4], 'toy', methods=['tas'],\n"
            f"                  out={str(tmp_path / 'run')!r}, store=store, model_options={{'device': 'cpu'}})",
            "viewer = tn.viewers.gallery(run, store=store)\nviewer",
        ]
    )
    opened.run_all()
    frame = opened.page.locator(".tn-gallery")
    frame.wait_for(timeout=PATIENCE)
    assert frame.locator(".tn-case img").count() == 4
    frame.locator(".tn-case").nth(1).click()
    explorer = frame.locator(".tn-explorer")
    explorer.wait_for(timeout=PATIENCE)
    said = opened.python("print(viewer.explorer.words())")
    assert explorer.locator(".tn-ranked tbody").count() > 1
    assert said.split("”")[0].strip("“") in explorer.inner_text().replace("\n", " ") or "mask" in said
    frame.get_by_role("button", name="Close this case").click()
    explorer.wait_for(state="detached", timeout=PATIENCE)
