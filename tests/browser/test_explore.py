"""``explore`` in a real JupyterLab with a real kernel: what a class does with it, and what happens without a kernel."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.lab import Lab, Notebook

SETUP = """
import dataclasses, json, numpy as np, tasnb as tn
models = tn.models.load("toy", device="cpu")
sample = tn.datasets.load("reftoy", split="val")[12]
artifacts = tn.Store().recall(tn.describe, sample.image, models)
"""
SHOW = 'viewer = tn.viewers.explore(sample, artifacts, "the man on the left", models)\nviewer'
# a pixel of each mask that no smaller mask covers (null where there is none), and one where masks overlap
PLACES = """
masks = artifacts.proposals.masks
areas = masks.sum((1, 2))
def own_pixel(i):
    others = [m for j, m in enumerate(masks) if (areas[j], j) < (areas[i], i)]
    ys, xs = np.nonzero(masks[i] & ~np.any([*others, np.zeros_like(masks[0])], axis=0))
    return [int(xs[len(xs) // 2]), int(ys[len(ys) // 2])] if len(xs) else None
ys, xs = np.nonzero(masks.sum(0) >= 2)
crowd = [int(xs[len(xs) // 2]), int(ys[len(ys) // 2])]
below = sorted(np.flatnonzero(masks[:, crowd[1], crowd[0]]).tolist(), key=lambda i: (areas[i], i))
print(json.dumps({"own": [own_pixel(i) for i in range(len(masks))], "crowd": crowd, "below": below,
                  "size_hw": artifacts.size_hw}))
"""
STATE = """
print(json.dumps({"selected": viewer.selected, "expression": viewer.expression, "settings": viewer.settings,
                  "code": viewer.code, "rows": viewer.ranking.to_dict("records")}))
"""
PATIENCE = 60_000  # ms
MIX = "paper read as official"
SWITCHES = ("P: captions", "N: negatives", "spatial rectifier", "official")
MINUS, TIMES = "\u2212", "\u00d7"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Notebook:
    """One notebook for the module: ``fresh`` shows the viewer anew for each test."""
    opened = lab.open([SETUP, SHOW])
    opened.run_all()
    opened.page.locator(".tn-explorer").wait_for(timeout=PATIENCE)
    return opened


@pytest.fixture(scope="module")
def places(notebook: Notebook) -> dict[str, Any]:
    return dict(json.loads(notebook.python(PLACES)))


@pytest.fixture
def explorer(notebook: Notebook) -> Any:
    """The explorer on screen, set back to how the cell showed it."""
    notebook.python(
        'viewer.ask("the man on the left"); viewer.settings = {"variant": "paper", "alpha": 0.1, "lam": 0.7, '
        '"useP": True, "useN": True, "spatial": True}; viewer.selected = viewer.prediction.index'
    )
    found = notebook.page.locator(".tn-explorer")
    wait_text(found.locator(".tn-slider output").first, "0.10")
    notebook.page.mouse.move(2, 2)
    found.locator(".tn-photo").scroll_into_view_if_needed()
    return found


def state(notebook: Notebook) -> dict[str, Any]:
    return dict(json.loads(notebook.python(STATE)))


def state_when(notebook: Notebook, explorer: Any) -> dict[str, Any]:
    """The state once Python knows what is on screen: ipywidgets holds a message back while one is under way."""
    pressed = explorer.locator('.tn-ranked button[aria-pressed="true"]').text_content()
    alpha, lam = (explorer.locator(".tn-slider input").nth(k).input_value() for k in (0, 1))
    boxes = [explorer.locator(".tn-switch", has_text=name).locator("input").is_checked() for name in SWITCHES]
    wanted = [int(pressed), float(alpha), float(lam), *boxes]
    for _ in range(200):
        told = state(notebook)
        now = told["settings"]
        got = [told["selected"], now["alpha"], now["lam"], now["useP"], now["useN"], now["spatial"]]
        if [*got, now["variant"] == MIX] == wanted:
            return told
        time.sleep(0.05)
    raise AssertionError(f"on screen {wanted}, in Python {told}")


def wait_text(locator: Any, text: str) -> None:
    from playwright.sync_api import expect

    expect(locator).to_contain_text(text, timeout=PATIENCE)


def point_of(explorer: Any, places: dict[str, Any], pixel: list[int]) -> tuple[float, float]:
    """The point of the window in the middle of a pixel of the photo."""
    box, (height, width) = explorer.locator("canvas").bounding_box(), places["size_hw"]
    return box["x"] + (pixel[0] + 0.5) * box["width"] / width, box["y"] + (pixel[1] + 0.5) * box["height"] / height


def order_shown(explorer: Any) -> list[int]:
    return [int(text) for text in explorer.locator(".tn-ranked tbody button").all_text_contents()]


def shown(number: float) -> str:
    return f"{number:.3f}".replace("-", MINUS)


def equation(row: dict[str, Any], alpha: float, lam: float) -> str:
    """The receipt's line, written independently of the viewer."""
    parts = [f"V {shown(row['v'])}"]
    for name, weight, value in (("P ", alpha, row["p"]), ("", lam, row["n"])):
        parts.append(f"{MINUS if value < 0 else '+'} {weight:g} {TIMES} {name}{abs(value):.3f}")
    return " ".join(parts) + f" = {shown(row['total'])}"


def test_hovering_a_mask_shows_its_receipt(notebook: Notebook, explorer: Any, places: dict[str, Any]) -> None:
    rows = state(notebook)["rows"]
    seen = 0
    for row in rows:
        pixel = places["own"][row["proposal"]]
        if pixel is None:
            continue
        notebook.page.mouse.move(*point_of(explorer, places, pixel))
        receipt = explorer.locator(".tn-receipt").inner_text()
        assert f"mask {row['proposal']}, rank {row['rank']} of {len(rows)}" in receipt
        assert equation(row, 0.1, 0.7) in receipt
        assert ("stays in" if row["kept"] else "taken out") in receipt
        assert row["verdict"] in receipt, "why it stays or goes, in the rectifier's words"
        assert row["caption"] in receipt
        assert f"{row['iou']:.2f} with the target" in receipt
        # not inner_text: a row below the window is not laid out
        marked = explorer.locator(".tn-ranked tbody.tn-active button").text_content()
        assert marked == str(row["proposal"]), "the row of the table is marked too"
        seen += 1
    assert seen > len(rows) // 2


def test_hovering_a_row_marks_the_photo(notebook: Notebook, explorer: Any) -> None:
    before = explorer.locator("canvas").evaluate("c => c.toDataURL()")
    row = explorer.locator(".tn-ranked tbody").nth(1)
    row.hover()
    number = row.locator("button").inner_text()
    assert f"mask {number}," in explorer.locator(".tn-receipt").inner_text()
    assert explorer.locator("canvas").evaluate("c => c.toDataURL()") != before


def test_a_click_selects_and_python_knows(notebook: Notebook, explorer: Any, places: dict[str, Any]) -> None:
    chosen = state(notebook)["selected"]
    other = next(i for i, pixel in enumerate(places["own"]) if pixel is not None and i != chosen)
    notebook.page.mouse.click(*point_of(explorer, places, places["own"][other]))
    assert state_when(notebook, explorer)["selected"] == other
    assert explorer.locator('.tn-ranked button[aria-pressed="true"]').inner_text() == str(other)


def test_clicks_on_one_spot_walk_through_overlapping_masks(notebook, explorer, places: dict[str, Any]) -> None:
    picked = []
    for _ in range(len(places["below"]) + 1):
        notebook.page.mouse.click(*point_of(explorer, places, places["crowd"]))
        picked.append(state_when(notebook, explorer)["selected"])
    assert picked == [*places["below"], places["below"][0]]
    assert "click again for the next" in explorer.locator(".tn-hint").inner_text()


@pytest.mark.parametrize("where", [".tn-photo", '.tn-ranked button[tabindex="0"]'])
def test_arrow_keys_walk_by_rank_and_enter_selects(notebook: Notebook, explorer: Any, where: str) -> None:
    rows = state(notebook)["rows"]
    explorer.locator(where).focus()
    for key, place in (("Home", 0), ("ArrowDown", 1), ("ArrowRight", 2), ("ArrowUp", 1), ("End", len(rows) - 1)):
        notebook.page.keyboard.press(key)
        assert f"mask {rows[place]['proposal']}, rank {place + 1} " in explorer.locator(".tn-receipt").inner_text()
    notebook.page.keyboard.press("Home")
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("Enter")
    assert state_when(notebook, explorer)["selected"] == rows[1]["proposal"]
    outline = notebook.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "where the focus is can be seen"


def test_every_control_is_reached_by_tab(notebook: Notebook, explorer: Any) -> None:
    explorer.locator(".tn-ask input").focus()
    reached = set()
    for _ in range(30):
        name = notebook.page.evaluate(
            """() => { const e = document.activeElement; if (!e.closest(".tn-explorer")) return null;
                 const style = getComputedStyle(e);
                 return [e.getAttribute("aria-label") || e.labels?.[0]?.textContent.trim() || e.textContent.trim(),
                         style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2] }"""
        )
        if name is None:
            break
        assert name[1], f"{name[0]}: the focus can be seen"
        reached.add(name[0])
        notebook.page.keyboard.press("Tab")
    wanted = {
        *("Expression", "Rank", "outlines", "target", "oracle", "\u03b1, weight of P", "\u03bb, weight of N"),
        *("P: captions", "N: negatives", "spatial rectifier", "paper", "Reset", "Copy as Python"),
    }
    assert wanted <= reached, wanted - reached


def test_a_slider_ranks_while_the_kernel_is_busy(notebook: Notebook, explorer: Any) -> None:
    before = explorer.locator(".tn-ranked tbody td").all_text_contents()
    with notebook.busy():
        explorer.locator(".tn-slider input").first.focus()
        notebook.page.keyboard.press("End")
        wait_text(explorer.locator(".tn-slider output").first, "1.00")
        order, after = order_shown(explorer), explorer.locator(".tn-ranked tbody td").all_text_contents()
    assert after != before
    told = state_when(notebook, explorer)
    assert told["settings"]["alpha"] == 1.0
    assert [row["proposal"] for row in told["rows"]] == order


def test_an_expression_asked_of_a_busy_kernel_is_answered_when_it_is_free(notebook: Notebook, explorer: Any) -> None:
    with notebook.busy():
        explorer.locator(".tn-ask input").fill("the duck")
        notebook.page.keyboard.press("Enter")
        wait_text(explorer.locator(".tn-waiting"), "No answer yet: the kernel is busy")
        assert "man" in explorer.locator(".tn-words").inner_text(), "nothing has changed"
    wait_text(explorer.locator(".tn-words"), "duck")
    assert explorer.locator(".tn-waiting").inner_text() == ""


def test_python_can_move_what_is_on_screen(notebook: Notebook, explorer: Any) -> None:
    notebook.python("viewer.settings = {**viewer.settings, 'alpha': 3.5}; viewer.selected = 0")
    wait_text(explorer.locator(".tn-slider output").first, "3.50")
    assert order_shown(explorer) == [row["proposal"] for row in state(notebook)["rows"]]
    assert explorer.locator('button[aria-pressed="true"]').inner_text() == "0"
    assert float(explorer.locator(".tn-slider input").first.input_value()) == 3.5


@pytest.mark.parametrize("variant", ["paper", MIX])
@pytest.mark.parametrize("off", [(), ("P: captions",), ("N: negatives", "spatial rectifier")], ids=str)
def test_switches_rank_as_python_does(notebook: Notebook, explorer: Any, variant: str, off: tuple[str, ...]) -> None:
    explorer.get_by_role("radio", name=variant, exact=True).check()
    for name in off:
        explorer.locator(".tn-switch", has_text=name).locator("input").uncheck()
    told = state_when(notebook, explorer)
    assert told["settings"]["variant"] == variant
    assert [row["proposal"] for row in told["rows"]] == order_shown(explorer)
    sentence = notebook.python("t = viewer.prediction.table.trace; print(t.sentence if t else 'rectifier is off')")
    assert sentence.strip() in explorer.locator(".tn-sentence").inner_text()
    stays = ["in" if row["kept"] else "out" for row in told["rows"]]
    assert explorer.locator("td.tn-in, td.tn-out").all_text_contents() == stays


def test_copy_as_python_gives_what_is_on_screen(notebook, explorer: Any, places: dict[str, Any]) -> None:
    explorer.locator(".tn-switch", has_text="N: negatives").locator("input").uncheck()
    explorer.locator(".tn-switch", has_text="official").locator("input").check()
    explorer.get_by_role("button", name="Copy as Python").click()
    code = explorer.locator(".tn-code").inner_text()
    assert code == state_when(notebook, explorer)["code"]
    check = "print(answer.index == viewer.prediction.index, (mask == masks[viewer.selected]).all())"
    same = notebook.python(f"{code}\n{check}")
    assert same.split() == ["True", "True"]


def test_target_and_oracle_are_shown_on_demand(explorer: Any) -> None:
    for name in ("target", "oracle"):
        before = explorer.locator("canvas").evaluate("c => c.toDataURL()")
        box = explorer.get_by_role("checkbox", name=name, exact=True)
        box.check()
        assert explorer.locator("canvas").evaluate("c => c.toDataURL()") != before
        box.uncheck()
        assert explorer.locator("canvas").evaluate("c => c.toDataURL()") == before


def test_typing_an_expression_ranks_for_it(notebook: Notebook, explorer: Any) -> None:
    explorer.locator(".tn-ask input").fill("the white cake on the right")
    notebook.page.keyboard.press("Enter")
    wait_text(explorer.locator(".tn-words"), "cake")
    told = state(notebook)
    assert told["expression"] == "the white cake on the right"
    assert [row["proposal"] for row in told["rows"]] == order_shown(explorer)
    stages = {part: explorer.locator(f".tn-{part} .tn-said").inner_text() for part in ("head", "direction", "modifier")}
    assert stages == {"head": "cake", "direction": "right", "modifier": "white"}
    assert explorer.locator(".tn-head small").inner_text() == "head", "the stage is written, not only coloured"


def test_an_expression_that_is_none_says_so_inside_the_widget(notebook: Notebook, explorer: Any) -> None:
    explorer.locator(".tn-ask input").fill("   ")
    explorer.get_by_role("button", name="Rank").click()
    wait_text(explorer.locator(".tn-problem"), "expression")
    assert state(notebook)["expression"] == "the man on the left"


@pytest.mark.parametrize(
    "text", ["<script>console.error('ran')</script> cat", "the \"left\" 'cat' & <b>dog</b>", "cat 🐈 " + "word " * 190],
    ids=["script", "quotes", "long"],
)  # fmt: skip
def test_hostile_expressions_stay_text(notebook: Notebook, explorer: Any, text: str) -> None:
    explorer.locator(".tn-ask input").fill(text)
    notebook.page.keyboard.press("Enter")
    # the text without the stages' names; it arrives whole or the test fails
    notebook.page.wait_for_function(
        """text => { const c = document.querySelector(".tn-words").cloneNode(true);
                     c.querySelectorAll("small").forEach(s => s.remove()); return c.textContent === text }""",
        arg=f"\u201c{text}\u201d",
        timeout=PATIENCE,
    )
    assert state(notebook)["expression"] == text
    assert explorer.locator("script, b").count() == 0
    assert explorer.evaluate("n => n.scrollWidth <= n.clientWidth"), "nothing sticks out"


def test_hostile_captions_stay_text(notebook: Notebook, explorer: Any, places: dict[str, Any]) -> None:
    nasty = "<img src=x onerror=console.error('ran')> \"quoted\" </script><script>console.error('ran')</script>"
    notebook.python(
        f"nasty = {nasty!r}\npoisoned = dataclasses.replace(artifacts, captions={{k: (nasty,) * len(masks) for k in "
        "artifacts.captions}, overall_caption=nasty)\n"
        "other = tn.viewers.explore(sample, poisoned, None, models)\n"
        "page = other.twin()['text/html']\nassert '<script' not in page and page.count('<img') == 1"
    )
    cell = notebook.page.locator(".jp-Notebook .jp-Cell").last
    cell.locator(".cm-content").click()
    notebook.command("notebook:insert-cell-below")
    notebook.page.keyboard.press("Enter")
    notebook.page.keyboard.insert_text("other")
    notebook.command("notebook:run-cell")
    try:
        second = notebook.page.locator(".tn-explorer").nth(1)
        second.wait_for(timeout=PATIENCE)
        assert second.locator("script, img").count() == 0
        assert second.locator(".tn-ranked .tn-caption").first.text_content() == nasty
        assert nasty in second.locator(".tn-receipt").inner_text()
    finally:
        notebook.command("notebook:delete-cell")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(notebook: Notebook, explorer: Any, theme: str) -> None:
    notebook.theme(theme)
    explorer.get_by_role("button", name="Copy as Python").click()
    explorer.locator("summary").click()
    found = Axe().run(notebook.page, context=".tn-explorer").response["violations"]
    told = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")]
    explorer.locator("summary").click()
    notebook.theme("light")
    assert told == []


def test_the_dark_theme_reaches_the_viewer(notebook: Notebook, explorer: Any) -> None:
    def background() -> int:
        return int(explorer.evaluate("n => Number(getComputedStyle(n).backgroundColor.match(/\\d+/)[0])"))

    assert background() > 240
    notebook.theme("dark")
    assert background() < 60
    notebook.theme("light")


def test_without_its_kernel_it_still_ranks_and_says_what_it_cannot(lab: Lab) -> None:
    notebook = lab.open([SETUP, SHOW], name="explore-own", kernel="own")
    notebook.run_all()
    explorer = notebook.page.locator(".tn-explorer")
    explorer.wait_for(timeout=PATIENCE)
    assert not notebook.page.locator(".tn-twin").is_visible(), "the picture is hidden while the widget lives"
    notebook.save()
    notebook.kill_kernel()
    before = explorer.locator(".tn-ranked tbody td").all_text_contents()
    explorer.locator(".tn-slider input").first.focus()
    notebook.page.keyboard.press("Home")
    wait_text(explorer.locator(".tn-slider output").first, "0.00")
    assert explorer.locator(".tn-ranked tbody td").all_text_contents() != before
    explorer.locator(".tn-ask input").fill("the cake")
    notebook.page.keyboard.press("Enter")
    wait_text(explorer.locator(".tn-waiting"), "The kernel is gone")


def test_reopened_without_a_kernel_it_is_a_picture(lab: Lab) -> None:
    notebook = lab.open(None, name="explore-own", kernel="none")
    picture = notebook.page.locator(".tn-twin img")
    picture.wait_for(timeout=PATIENCE)
    assert picture.is_visible()
    assert picture.evaluate("i => i.complete && i.naturalWidth > 100")
    assert "the man on the left" in picture.get_attribute("alt")
    assert "not found" not in notebook.page.locator(".jp-Notebook").inner_text().lower()
