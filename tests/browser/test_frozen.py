"""A frozen notebook in a browser: no kernel, no network, and ``explore`` still ranks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import nbformat
import pytest

import tasnb as tn
from tasnb.report.notebook import html_of
from tasnb.viewers import assets, freezing
from tests.browser.alone import serious
from tests.browser.conftest import guarded_context
from tests.viewers import every
from tests.viewers.made_artifacts import HOSTILE, only, saying
from tests.viewers.payloads import EVERY, LOADED, TOUCHED, numbered

V4 = nbformat.v4
SENTENCE = "the man on the left"

pytestmark = pytest.mark.slow


def shown(data: dict[str, Any]) -> Any:
    return V4.new_output("display_data", data=data)


@pytest.fixture(scope="module")
def viewer(toy_case, toy_models) -> Any:
    return tn.viewers.explore(*toy_case, SENTENCE, toy_models)


@pytest.fixture(scope="module")
def frozen(toy_case, toy_models, viewer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lesson with what lessons hold, and three explorers: as usual, with hostile text, without proposals."""
    sample, artifacts = toy_case
    nasty = tn.viewers.explore(sample, saying(artifacts, HOSTILE), HOSTILE, toy_models)
    empty = tn.viewers.explore(sample, only(artifacts, []), SENTENCE, toy_models)
    answer = tn.tas(artifacts, SENTENCE, toy_models)
    cells = [
        V4.new_markdown_cell("# Why that mask\n\nRead *this*, then `run` it.\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
        V4.new_code_cell("viewer", outputs=[shown(viewer.twin())]),
        V4.new_code_cell("tn.tas(artifacts, 'x', models)", outputs=[shown({"text/html": html_of(answer)})]),
        V4.new_code_cell("viewer.ranking", outputs=[shown({"text/html": viewer.ranking.to_html()})]),
        V4.new_code_cell("nasty", outputs=[shown(nasty.twin())]),
        V4.new_code_cell("empty", outputs=[shown(empty.twin())]),
    ]
    folder = tmp_path_factory.mktemp("frozen")
    nbformat.write(V4.new_notebook(cells=cells), folder / "lesson.ipynb")
    path = folder / "lesson.html"
    path.write_text(freezing.freeze(folder / "lesson.ipynb"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def one_page(chromium: Any) -> Iterator[Any]:
    """One page for what needs no fresh one."""
    context, problems = guarded_context(chromium, "light")
    yield context.new_page()
    context.close()
    assert problems == []


@pytest.fixture
def explorers(frozen: Path, one_page: Any) -> Any:
    return explorers_in(one_page, frozen)


def explorers_in(page: Any, frozen: Path) -> Any:
    page.goto(frozen.as_uri())
    found = page.locator(".tn-explorer")
    found.nth(2).wait_for(timeout=60_000)
    return found


def order_of(explorer: Any) -> list[int]:
    return [int(text) for text in explorer.locator(".tn-ranked tbody button").all_text_contents()]


def test_it_ranks_again_as_python_would(explorers: Any, one_page: Any, toy_case, toy_models) -> None:
    explorer = explorers.nth(0)
    assert "no kernel" in explorer.inner_text(), "why the expression cannot be changed"
    assert explorer.locator("input[type=text]").count() == 0
    explorer.locator(".tn-slider input").nth(1).focus()
    one_page.keyboard.press("Home")  # lambda 0
    explorer.locator(".tn-switch", has_text="spatial").locator("input").uncheck()
    twin = tn.viewers.explore(*toy_case, SENTENCE, toy_models, lam=0.0, use=("v", "p", "n"))
    assert order_of(explorer) == twin.ranking["proposal"].tolist()
    explorer.get_by_role("button", name="Reset").click()
    again = tn.viewers.explore(*toy_case, SENTENCE, toy_models)
    assert order_of(explorer) == again.ranking["proposal"].tolist()


def test_the_keyboard_alone_is_enough(explorers: Any, one_page: Any, viewer: Any) -> None:
    explorer = explorers.nth(0)
    explorer.locator(".tn-photo").focus()
    one_page.keyboard.press("Home")
    one_page.keyboard.press("ArrowDown")
    one_page.keyboard.press("Enter")
    second = viewer.ranking["proposal"][1]
    assert explorer.locator('button[aria-pressed="true"]').inner_text() == str(second)
    assert f"selected: mask {second}" in explorer.locator('.tn-unseen[role="status"]').inner_text()


def test_hostile_text_stays_text(explorers: Any) -> None:
    nasty = explorers.nth(1)
    assert nasty.locator("script").count() == 0
    assert nasty.locator(".tn-caption").first.text_content() == HOSTILE
    said = nasty.locator(".tn-words").evaluate(
        """n => { const c = n.cloneNode(true); c.querySelectorAll("small").forEach(s => s.remove());
                  return c.textContent }"""
    )
    assert said == f"\u201c{HOSTILE}\u201d"


def test_without_proposals_it_says_so(explorers: Any) -> None:
    empty = explorers.nth(2)
    assert "No proposal was found" in empty.inner_text()
    assert empty.locator(".tn-problem").is_hidden()
    assert not empty.locator(".tn-ranked").is_visible()


def test_a_wrong_record_is_told_inside_the_viewer(one_page: Any) -> None:
    one_page.goto("about:blank")  # the page's own policy lets no other script in
    scene = {"image": "data:image/gif;base64,R0lGODlhAQABAAAAACw=", "masks": [[0, 4]], "size_hw": [2, 2]}
    record = {"scene": scene, "reading": {}, "settings": {"alpha": 0, "lam": 0}, "selected": None}
    run = f"mount(document.body, {json.dumps(record)}, null); window.mounted = true;"
    one_page.add_script_tag(type="module", content=assets.module("explore") + run)
    one_page.wait_for_function("window.mounted")
    assert "This viewer met a problem" in one_page.locator(".tn-problem").inner_text()


def test_axe_finds_nothing_serious_in_the_whole_page(frozen: Path, page: Any) -> None:
    explorers_in(page, frozen).nth(0).get_by_role("button", name="Copy as Python").click()
    assert serious(page, None) == []


def test_pictures_are_there_and_have_texts(explorers: Any, one_page: Any) -> None:
    assert one_page.evaluate("[...document.images].every(i => i.alt && i.complete && i.naturalWidth > 0)")
    assert one_page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off sideways"


def test_a_narrow_window_cuts_nothing_off(frozen: Path, one_page: Any) -> None:
    one_page.set_viewport_size({"width": 420, "height": 900})
    explorers_in(one_page, frozen)
    assert one_page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# what these show needs no kernel, and they are tested alone, each in its own file
ALIVE = {"answer_view", "crops_view", "experiment_view", "negatives_view", "rectifier_view"}


def test_every_viewer_is_alive_or_says_what_needs_a_kernel(toy_case, toy_models, one_page: Any, tmp_path: Path) -> None:
    outputs = [shown(every.made(name, *toy_case, toy_models).twin()) for name in every.NAMES]
    cells = [V4.new_code_cell(name, outputs=[each]) for name, each in zip(every.NAMES, outputs, strict=True)]
    nbformat.write(V4.new_notebook(cells=cells), tmp_path / "all.ipynb")
    (tmp_path / "all.html").write_text(freezing.freeze(tmp_path / "all.ipynb"), encoding="utf-8")
    one_page.goto((tmp_path / "all.html").as_uri())
    frames = one_page.locator(".tn-viewer")
    frames.nth(len(every.NAMES) - 1).wait_for(timeout=60_000)
    for name, frame in zip(every.NAMES, frames.all(), strict=True):
        assert not frame.locator(".tn-problem").is_visible(), name
        said = "page has no kernel" in frame.inner_text()
        assert said != (name in ALIVE), name
        if said:
            assert "open the notebook" in frame.inner_text().lower(), name
    # thumbnails load when they come into view
    read = "i => { i.loading = 'eager'; return i.decode().then(() => i.alt) }"
    assert all(one_page.evaluate(f"Promise.all([...document.images].map({read}))"))


TOUCH = """() => {
  for (const frame of [window, ...Array.from(frames)]) {
    let nodes;
    try {
      nodes = [...frame.document.querySelectorAll("body *")];
    } catch { continue } // of another origin
    const leads = (node) => /^(https?|file|data|blob):/.test(node.closest?.("a[href]")?.href ?? "");
    const stay = (event) => leads(event.target) && event.preventDefault();
    frame.addEventListener("click", stay, true);
    for (const node of nodes) {
      for (const name of ["mouseover", "pointerenter", "focus"]) node.dispatchEvent(new Event(name, { bubbles: true }));
      node.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    }
  }
}"""


def what_runs(chromium: Any, folder: Path, html: str) -> set[int]:
    """The numbers of the payloads that run in a page when it is loaded, and when all of it is touched."""
    path = folder / "page.html"
    path.write_text(html.encode("utf-8", "replace").decode(), encoding="utf-8")
    context = chromium.new_context()
    context.route("http*://**", lambda route: route.abort())
    page = context.new_page()
    page.add_init_script("window.did = []; window.ran = (number) => did.push(number); window.onbeforeunload = null;")
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(path.as_uri())
    page.wait_for_timeout(600)
    page.evaluate(TOUCH)
    page.wait_for_timeout(400)
    assert page.url == path.as_uri(), "nothing leads away"
    did = set(page.evaluate("did"))
    context.close()
    return did


def test_no_payload_of_a_cell_runs(chromium: Any, tmp_path: Path) -> None:
    """Raw they run; neither gets past the cleaning alone nor past the page's policy alone."""
    every = numbered(EVERY)
    cells = [V4.new_code_cell("1", outputs=[shown({"text/html": html})]) for html in every]
    cells += [V4.new_markdown_cell(f"word {html}") for html in every]
    cells += [
        V4.new_markdown_cell(f"[x]({uri}) ![x]({uri}) <{uri}>")
        for uri in ("javascript:top.ran(-2)", "data:text/html,x")
    ]
    cells += [
        V4.new_code_cell(
            "1", outputs=[shown({"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' onload='top.ran(-3)'/>"})]
        )
    ]
    nbformat.write(V4.new_notebook(cells=cells), tmp_path / "foreign.ipynb")
    page = freezing.freeze(tmp_path / "foreign.ipynb")
    policy = re.search(r"<meta http-equiv.*?>", page)
    assert policy is not None
    assert "unsafe-inline" not in policy[0].replace("style-src-attr &#39;unsafe-inline&#39;", "")
    assert what_runs(chromium, tmp_path, page) == set()
    assert what_runs(chromium, tmp_path, page.replace(policy[0], "")) == set(), (
        "the cleaning does not lean on the policy"
    )
    some = every[: len(LOADED) + len(TOUCHED) : 4]
    raw = "".join(f'<iframe srcdoc="{escape(html)}"></iframe>' for html in some)
    assert what_runs(chromium, tmp_path, f"<!doctype html>{policy[0]}<body>{raw}") == set(), (
        "nor the policy on the cleaning"
    )
    assert len(what_runs(chromium, tmp_path, f"<!doctype html><body>{raw}")) >= 0.7 * len(some), "without both they run"
