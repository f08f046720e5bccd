"""``annotate`` in a real browser, alone on a page from disk: by mouse, by keyboard."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tests.browser.alone import Wired, in_both_schemes, serious, show
from tests.viewers.made_artifacts import HOSTILE, only


@pytest.fixture
def viewer(toy_case, tmp_path: Path, monkeypatch) -> Any:
    monkeypatch.chdir(tmp_path)  # the draft lies beside the folder that the page proposes
    sample, artifacts = toy_case
    return tn.viewers.annotate([sample.image, sample.image], [artifacts, artifacts], names=["park", HOSTILE])


@pytest.fixture
def opened(page: Any, tmp_path: Path) -> Any:
    def open_(viewer: Any) -> Any:
        show(page, viewer, tmp_path)
        page.locator(".tn-annotate canvas").wait_for(state="attached")
        return page

    return open_


def choice(page: Any, mask: int) -> Any:
    return page.locator(f'.tn-choices button[data-name="{mask}"]')


def rows(page: Any) -> list[list[str]]:
    found = page.locator(".tn-annotations tbody tr")
    return [[cell.strip() for cell in row.locator("td").all_inner_texts()[:3]] for row in found.all()]


def test_a_click_and_words_make_an_annotation(opened, viewer) -> None:
    page = opened(viewer)
    choice(page, 1).click()
    assert choice(page, 1).get_attribute("aria-pressed") == "true"
    page.get_by_label("Expression for mask 1").fill(f" cat {HOSTILE} ")
    page.keyboard.press("Enter")
    assert rows(page) == [["park", f"cat {HOSTILE}", "mask 1"]]
    assert page.locator("script").count() == 2, "text from a person stays text"
    assert page.get_by_label("Expression for mask 1").input_value() == ""
    page.get_by_role("button", name="Remove").click()
    assert rows(page) == []
    assert page.get_by_text("No annotation yet").is_visible()


def test_a_picture_that_comes_again_leaves_what_is_being_typed(viewer, page: Any, tmp_path: Path) -> None:
    page.clock.install()  # the kernel hears of words only after a pause in typing
    Wired(page, viewer, tmp_path)
    choice(page, 1).click()
    field = page.get_by_label("Expression for mask 1")
    field.fill("the cat")
    page.evaluate("model.tell({ scene: { ...model.values.scene } })")
    assert field.input_value() == "the cat"
    field.press("Enter")
    assert rows(page) == [["park", "the cat", "mask 1"]]


def test_a_mask_of_the_photo_can_be_clicked(opened, viewer, toy_case) -> None:
    page = opened(viewer)
    masks = toy_case[1].proposals.masks
    areas = masks.sum((1, 2))
    smallest = int(areas.argmin())
    ys, xs = masks[smallest].nonzero()
    box = page.locator("canvas").bounding_box()
    scale = box["width"] / masks.shape[2]
    x, y = (xs[len(xs) // 2] + 0.5) * scale, (ys[len(ys) // 2] + 0.5) * scale
    page.mouse.click(box["x"] + x, box["y"] + y)
    assert page.get_by_label(f"Expression for mask {smallest}").is_visible()
    page.keyboard.type("the small one")  # the click led to the field
    page.keyboard.press("Enter")
    assert rows(page) == [["park", "the small one", f"mask {smallest}"]]


def test_all_of_it_goes_by_keyboard(opened, viewer) -> None:
    page = opened(viewer)
    page.locator(".tn-choices button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.get_by_label("Expression for mask 1").focus()
    page.keyboard.type("the man")
    page.keyboard.press("Enter")
    page.locator(".tn-choices button").first.focus()
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_label("Expression for a thing that no mask fits").focus()
    page.keyboard.type("the moon")
    page.keyboard.press("Enter")
    assert rows(page) == [["park", "the man", "mask 1"], ["park", "the moon", "no mask"]]
    assert page.get_by_role("status").first.inner_text() == "Added. 2 annotations."


def test_the_same_words_move_and_nothing_is_added_without_a_mask_or_words(opened, viewer) -> None:
    page = opened(viewer)
    page.get_by_role("button", name="Add").click()
    assert "Choose a mask first" in page.get_by_role("alert").inner_text()
    choice(page, 0).click()
    page.get_by_role("button", name="Add").click()
    assert "Type an expression first" in page.get_by_role("alert").inner_text()
    for mask, text in ((0, "the dog"), (2, "The  DOG")):
        choice(page, mask).click()
        page.get_by_label(f"Expression for mask {mask}").fill(text)
        page.keyboard.press("Enter")
    assert rows(page) == [["park", "The DOG", "mask 2"]]
    assert page.get_by_role("alert").is_hidden()


def test_without_a_kernel_it_says_that_nothing_can_be_saved(opened, viewer) -> None:
    page = opened(viewer)
    assert page.get_by_text("nothing can be saved").is_visible()
    assert page.get_by_role("button", name="Save").is_disabled()
    assert page.get_by_role("button", name="Next picture").is_disabled()


def annotate(wired: Wired, mask: int, text: str) -> None:
    choice(wired.page, mask).click()
    wired.page.get_by_label(f"Expression for mask {mask}").fill(text)
    wired.page.keyboard.press("Enter")


def test_the_kernel_hears_annotations_pictures_and_save(page: Any, viewer, tmp_path: Path) -> None:
    wired = Wired(page, viewer, tmp_path)
    annotate(wired, 1, "the man")
    page.get_by_label("Save in the folder").fill("my set")
    page.get_by_role("button", name="Save").click()
    wired.deliver()
    assert viewer.entries == [{"image": 0, "expression": "the man", "proposal": 1}]
    assert "Saved 1 expression about 1 picture" in wired.frame.inner_text()
    assert tn.datasets.load("folder", root=tmp_path / "my set").expressions == ("the man",)
    page.get_by_role("button", name="Next picture").click()
    wired.deliver()
    assert viewer.number == 1
    assert page.get_by_role("heading", name="Picture 2 of 2").inner_text() == f"Picture 2 of 2: {HOSTILE}"
    assert page.get_by_role("button", name="Next picture").is_disabled()
    assert page.locator('.tn-choices button[aria-pressed="true"]').count() == 0
    page.get_by_label("Save in the folder").fill("my set/samples.csv")
    page.get_by_role("button", name="Save").click()
    wired.deliver()
    assert page.get_by_role("alert").inner_text().startswith("Nothing was saved: ")


def test_what_is_done_while_the_next_picture_is_awaited_belongs_to_the_one_on_screen(page, viewer, tmp_path) -> None:
    wired = Wired(page, viewer, tmp_path)
    page.get_by_role("button", name="Next picture").click()
    annotate(wired, 1, "the man")
    wired.deliver()
    assert viewer.number == 1
    assert viewer.entries == [{"image": 0, "expression": "the man", "proposal": 1}]
    assert page.locator('.tn-choices button[aria-pressed="true"]').count() == 0, "no mask of this one"
    assert viewer.chosen is None


def again(wired: Wired, folder: Path, viewer: Any) -> Wired:
    """The page opened once more on the same pictures, as after a restart, by a new Python object."""
    fresh = tn.viewers.annotate(list(viewer.pictures), list(viewer.artifacts), names=viewer.names)
    return Wired(wired.page, fresh, folder)


@pytest.mark.parametrize("kept_by", ["browser", "file", "both"])
def test_what_was_clicked_and_typed_is_offered_again(page: Any, viewer, tmp_path: Path, kept_by: str) -> None:
    wired = Wired(page, viewer, tmp_path)
    annotate(wired, 1, "the man")
    choice(page, 3).click()
    page.get_by_label("Expression for mask 3").press_sequentially("the um")
    if kept_by != "browser":  # else the kernel has died before it heard anything
        page.get_by_label("Expression for mask 3").blur()
        wired.deliver()
        assert "Every click and key is kept in this browser and in my_photos.draft.json" in wired.frame.inner_text()
    if kept_by == "file":
        page.evaluate("localStorage.clear()")
    wired = again(wired, tmp_path, viewer)
    assert not page.locator("canvas").is_visible(), "one thing at a time"
    assert "1 annotation, and one that was not added yet" in wired.frame.inner_text()
    page.get_by_role("button", name="Continue where you stopped").click()
    wired.deliver()
    assert rows(page) == [["park", "the man", "mask 1"]]
    assert page.get_by_label("Expression for mask 3").input_value() == "the um"
    assert page.get_by_label("Expression for mask 3").evaluate("n => n === document.activeElement")
    page.keyboard.type("brella")
    page.keyboard.press("Enter")
    wired.deliver()
    assert wired.viewer.annotations[["expression", "proposal"]].values.tolist() == [["the man", 1], ["the umbrella", 3]]


def test_it_continues_at_the_picture_where_it_stopped(page: Any, viewer, tmp_path: Path) -> None:
    wired = Wired(page, viewer, tmp_path)
    annotate(wired, 1, "the man")
    page.get_by_role("button", name="Next picture").click()
    wired.deliver()
    choice(page, 2).click()
    wired = again(wired, tmp_path, viewer)  # the kernel has not heard of the last click
    page.get_by_role("button", name="Continue where you stopped").click()
    wired.deliver()
    assert page.get_by_role("heading", name="Picture 2 of 2").is_visible()
    assert choice(page, 2).get_attribute("aria-pressed") == "true"
    assert rows(page) == [["park", "the man", "mask 1"]]


def test_start_again_begins_with_nothing_and_keeps_the_old_draft_aside(page: Any, viewer, tmp_path: Path) -> None:
    wired = Wired(page, viewer, tmp_path)
    annotate(wired, 1, "the man")
    wired = again(wired, tmp_path, viewer)  # only the browser knows of it
    wired.deliver()
    page.get_by_role("button", name="Start again").click()
    wired.deliver()
    assert rows(page) == []
    assert "the man" in (tmp_path / "my_photos.1.before.json").read_text()
    assert "the man" not in (tmp_path / "my_photos.draft.json").read_text()
    wired = again(wired, tmp_path, viewer)
    assert page.locator("canvas").is_visible(), "nothing is offered any more"


def test_the_newer_record_of_a_picture_counts(page: Any, viewer, tmp_path: Path) -> None:
    """What this browser kept is old where another one went on."""
    wired = Wired(page, viewer, tmp_path)
    annotate(wired, 1, "the man")
    wired.deliver()
    stale = page.evaluate("({...localStorage})")
    page.get_by_role("button", name="Remove").click()
    annotate(wired, 2, "the woman")
    wired.deliver()
    page.evaluate("old => { for (const [k, v] of Object.entries(old)) localStorage.setItem(k, v) }", stale)
    wired = again(wired, tmp_path, viewer)
    page.get_by_role("button", name="Continue where you stopped").click()
    assert rows(page) == [["park", "the woman", "mask 2"]]


def test_a_browser_keeps_expressions_by_picture_and_nothing_else(page: Any, viewer, tmp_path: Path) -> None:
    wired = Wired(page, viewer, tmp_path)
    annotate(wired, 1, "the man")
    kept = page.evaluate("({...localStorage})")
    assert set(kept) == {f"tasnb annotate {viewer.marks[0]}"}
    record = json.loads(kept.popitem()[1])
    assert record.pop("time") > 1_700_000_000_000
    assert record == {"entries": [{"expression": "the man", "proposal": 1}], "half": None}


def test_other_masks_are_another_matter(page: Any, viewer, toy_case, tmp_path: Path) -> None:
    annotate(Wired(page, viewer, tmp_path), 1, "the man")
    other = tn.viewers.annotate(toy_case[0], only(toy_case[1], [3, 2, 1]))
    Wired(page, other, tmp_path)
    assert page.locator("canvas").is_visible(), "mask 1 is another mask here, so nothing is offered"


@pytest.mark.parametrize(
    "damaged",
    [
        *("", "{", "null", "[]", '{"time": 1}'),
        '{"time": 9e15, "entries": [{"expression": "x", "proposal": 999}], "half": null}',
        '{"time": 2000000000000, "entries": [{"expression": 5, "proposal": 0}], "half": 7}',
        '{"time": 2000000000000, "entries": [], "half": null}',
    ],
)
def test_a_damaged_record_in_the_browser_stops_nothing(page: Any, viewer, tmp_path: Path, damaged: str) -> None:
    Wired(page, viewer, tmp_path)
    page.evaluate("([key, text]) => localStorage.setItem(key, text)", [f"tasnb annotate {viewer.marks[0]}", damaged])
    wired = Wired(page, viewer, tmp_path)
    assert not wired.frame.get_by_role("alert").is_visible()
    annotate(wired, 1, "the man")
    wired.deliver()
    assert len(viewer.entries) == 1


def test_a_browser_that_may_not_store_says_where_it_is_kept(page: Any, viewer, tmp_path: Path) -> None:
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('not allowed') } })")
    wired = Wired(page, viewer, tmp_path)
    annotate(wired, 1, "the man")
    assert "Nothing is kept but what you save." in wired.frame.inner_text()
    wired.deliver()
    assert "Every click and key is kept in my_photos.draft.json." in wired.frame.inner_text()


def test_a_file_that_is_no_draft_is_told_and_left_alone(page: Any, viewer, tmp_path: Path) -> None:
    (tmp_path / "my_photos.draft.json").write_text("mine")
    wired = again(Wired(page, viewer, tmp_path), tmp_path, viewer)
    assert "No file keeps it: my_photos.draft.json is not what annotate wrote" in wired.frame.inner_text()
    annotate(wired, 1, "the man")
    wired.deliver()
    assert (tmp_path / "my_photos.draft.json").read_text() == "mine"
    assert "kept in this browser. No file keeps it" in wired.frame.inner_text()


def test_turning_keeps_the_focus_where_it_was(page: Any, viewer, tmp_path: Path) -> None:
    wired = Wired(page, viewer, tmp_path)
    page.get_by_role("button", name="Next picture").focus()
    page.keyboard.press("Enter")
    wired.deliver()
    assert page.get_by_role("button", name="Next picture").evaluate("n => n === document.activeElement")


def test_the_offer_is_axe_clean(page: Any, viewer, tmp_path: Path) -> None:
    wired = Wired(page, viewer, tmp_path)
    annotate(wired, 1, "the man")
    again(wired, tmp_path, viewer)
    assert page.get_by_role("button", name="Start again").is_visible()
    assert serious(page) == []


def test_a_picture_without_proposals_can_still_be_described(opened, toy_case) -> None:
    sample, artifacts = toy_case
    page = opened(tn.viewers.annotate(sample, only(artifacts, [])))
    assert page.get_by_text("No proposal was found in this picture.").is_visible()
    page.get_by_role("button", name="no mask fits").click()
    page.get_by_label("Expression for a thing that no mask fits").fill("the moon")
    page.keyboard.press("Enter")
    assert rows(page)[0][1:] == ["the moon", "no mask"]


def test_axe_finds_nothing_serious(opened, viewer) -> None:
    viewer.add("the man", 1)
    viewer.add("the moon", None)
    viewer.chosen = 2
    page = opened(viewer)
    assert serious(page) == []
    if folder := os.environ.get("TASNB_SCREENSHOTS"):
        for scheme in in_both_schemes(page):
            page.screenshot(path=f"{folder}/annotate-{scheme}.png", full_page=True)


def test_nothing_is_cut_off_on_a_narrow_page(opened, viewer) -> None:
    viewer.add(" ".join(["left"] * 199), 1)
    viewer.add("x" * 300, 1)
    page = opened(viewer)
    page.set_viewport_size({"width": 480, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


LAB_SETUP = """
import json, tempfile, numpy as np, tasnb as tn
from pathlib import Path
from tasnb.core.masks import make_proposals
from tasnb.core.types import ImageArtifacts

def made(shift):
    image = np.full((60, 80, 3), 180, np.uint8)
    masks = np.zeros((2, 60, 80), dtype=bool)
    masks[0, 10:30, 10 + shift:30 + shift] = masks[1, 35:55, 45:65] = True
    return image, ImageArtifacts(
        image_id="made", size_hw=(60, 80), proposals=make_proposals(masks, source="by hand"), crop_embeddings={},
        captions={}, caption_embeddings={}, overall_caption="",
    )

(one, first), (two, second) = made(0), made(5)
folder = Path(tempfile.mkdtemp()) / "own"
viewer = tn.viewers.annotate([one, two], [first, second], names=["one", "two"])
"""


@pytest.mark.slow
def test_with_a_kernel_two_pictures_are_annotated_and_saved(lab: Any) -> None:
    from playwright.sync_api import expect

    notebook = lab.open([LAB_SETUP, "viewer"])
    notebook.run_all()
    shown, patience = notebook.page.locator(".tn-annotate"), 120_000
    shown.wait_for(timeout=patience)
    for number, (name, mask, text) in enumerate((("one", 0, "the upper square"), ("two", 1, "the lower square"))):
        expect(shown.locator("h3").first).to_have_text(f"Picture {number + 1} of 2: {name}", timeout=patience)
        choice(shown, mask).click()
        field = shown.get_by_label(f"Expression for mask {mask}")
        field.fill(text)
        field.press("Enter")  # to the field: JupyterLab may take the focus meanwhile
        expect(shown.locator(".tn-annotations tbody tr")).to_have_count(number + 1, timeout=patience)
        if number == 0:
            shown.get_by_role("button", name="Next picture").click()
    found = notebook.python("print(json.dumps([[*row] for row in viewer.annotations.astype(object).values.tolist()]))")
    assert json.loads(found) == [["one", "the upper square", 0], ["two", "the lower square", 1]]
    shown.get_by_label("Save in the folder").fill(notebook.python("print(folder)").strip())
    shown.get_by_role("button", name="Save").click()
    expect(shown).to_contain_text("Saved 2 expressions about 2 pictures", timeout=patience)
    again = notebook.python('print(json.dumps(tn.datasets.load("folder", root=folder).expressions))')
    assert json.loads(again) == ["the upper square", "the lower square"]
    shown.get_by_role("button", name="Remove").first.click()
    expect(shown.locator(".tn-annotations tbody tr")).to_have_count(1, timeout=patience)
    assert notebook.python("print(len(viewer.annotations))").strip() == "1"
