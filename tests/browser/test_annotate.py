"""``annotate`` in a real browser, alone on a page from disk: by mouse, by keyboard, in light and dark."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

import tasnb as tn
from tasnb.viewers import assets
from tests.viewers.made_artifacts import HOSTILE, only

# a page has no kernel, so the tests that need one give it a model that remembers what it was told
MODEL = """
const heard = {};
const values = JSON.parse(document.getElementById("annotate-data").textContent);
window.model = {
  values, saved: 0, get: (key) => values[key], off: () => {},
  on: (name, act) => { (heard[name] ??= []).push(act); },
  set: (key, value) => { values[key] = value; },
  save_changes: () => { window.model.saved += 1; },
  tell: (changes) => {
    Object.assign(values, changes);
    for (const key of Object.keys(changes)) (heard[`change:${key}`] ?? []).forEach((act) => act());
  },
};
const root = document.getElementById("annotate");
root.textContent = "";
mount(root, values, window.model);
"""


def page_of(viewer: Any, *, live: bool = False) -> str:
    data = viewer.snapshot()
    body = assets.fragment("annotate", data, key="annotate")
    if live:
        head, _, _ = body.rpartition("const root = ")
        body = f"{head}{MODEL}</script>"
    style = "<style>body{color-scheme:light dark;margin:16px}</style>"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>annotate</title>{style}</head>'
        f"<body><main>{body}</main></body></html>"
    )


@pytest.fixture
def viewer(toy_case) -> Any:
    sample, artifacts = toy_case
    return tn.viewers.annotate([sample.image, sample.image], [artifacts, artifacts], names=["park", HOSTILE])


@pytest.fixture
def opened(page: Any, tmp_path: Path) -> Any:
    def show(viewer: Any, **options: Any) -> Any:
        (tmp_path / "annotate.html").write_text(page_of(viewer, **options), encoding="utf-8")
        page.goto((tmp_path / "annotate.html").as_uri())
        page.locator(".tn-annotate canvas").wait_for()
        return page

    return show


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


def test_the_kernel_hears_annotations_pictures_and_save(opened, viewer, toy_case) -> None:
    page = opened(viewer, live=True)
    choice(page, 1).click()
    page.get_by_label("Expression for mask 1").fill("the man")
    page.keyboard.press("Enter")
    page.get_by_label("Save in the folder").fill("my set")
    page.get_by_role("button", name="Save").click()
    told = page.evaluate("({...model.values, saved: model.saved})")
    assert told["entries"] == [{"image": 0, "expression": "the man", "proposal": 1}]
    assert told["wish"] == {"folder": "my set", "times": 1}
    assert told["saved"] >= 3
    viewer.entries = told["entries"]  # what the browser made is what Python takes
    page.get_by_role("button", name="Next picture").click()
    assert page.evaluate("model.values.number") == 1
    viewer.number = 1
    page.evaluate("(changes) => model.tell(changes)", {"scene": viewer.scene, "chosen": None})
    assert page.get_by_role("heading", name="Picture 2 of 2").inner_text() == f"Picture 2 of 2: {HOSTILE}"
    assert page.get_by_role("button", name="Next picture").is_disabled()
    assert page.locator('.tn-choices button[aria-pressed="true"]').count() == 0
    page.evaluate("model.tell({notice: '', problem: 'Nothing was saved: <b>no</b>'})")
    assert page.get_by_role("alert").inner_text() == "Nothing was saved: <b>no</b>"


def test_a_picture_without_proposals_can_still_be_described(opened, toy_case) -> None:
    sample, artifacts = toy_case
    page = opened(tn.viewers.annotate(sample, only(artifacts, [])))
    assert page.get_by_text("No proposal was found").is_visible()
    page.get_by_role("button", name="no mask fits").click()
    page.get_by_label("Expression for a thing that no mask fits").fill("the moon")
    page.keyboard.press("Enter")
    assert rows(page)[0][1:] == ["the moon", "no mask"]


def test_axe_finds_nothing_serious(opened, viewer) -> None:
    viewer.add("the man", 1)
    viewer.add("the moon", None)
    viewer.chosen = 2
    page = opened(viewer)
    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [node["html"] for node in v["nodes"]]) for v in serious] == []
    if folder := os.environ.get("TASNB_SCREENSHOTS"):
        scheme = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
        page.screenshot(path=f"{folder}/annotate-{scheme}.png", full_page=True)


def test_nothing_is_cut_off_on_a_narrow_page(opened, viewer) -> None:
    viewer.add(" ".join(["left"] * 500), 1)
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
        shown.get_by_label(f"Expression for mask {mask}").fill(text)
        notebook.page.keyboard.press("Enter")
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
