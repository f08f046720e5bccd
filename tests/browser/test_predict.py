"""``predict`` in JupyterLab: votes, then the reveal; and alone, where there is no kernel that could tell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tasnb as tn
from tests.browser.alone import Wired, has_a_visible_focus, serious, show
from tests.browser.lab import Lab, Notebook
from tests.viewers.made_artifacts import HOSTILE, only, saying, with_masks

PATIENCE = 90_000  # ms
SETUP = """
import json, tasnb as tn
models = tn.models.load("toy", device="cpu")
samples = tn.datasets.load("reftoy", split="val")[12:15]
quiz = tn.viewers.predict(samples, models, store=tn.Store())
quiz
"""


def test_alone_it_does_not_know_the_answer(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    nasty = replace(sample, expression=f"cat {HOSTILE}")
    quiz = tn.viewers.predict(nasty, toy_models, artifacts=saying(artifacts, HOSTILE))
    frame = show(page, quiz, tmp_path)
    assert "no kernel" in frame.inner_text()
    assert frame.get_by_role("button", name="Reveal").is_disabled()
    assert frame.locator("script").count() == 0
    assert HOSTILE in frame.locator(".tn-big").inner_text()
    assert HOSTILE in frame.locator(".tn-choices button").first.inner_text()
    assert serious(page) == []


def test_alone_after_the_reveal_it_shows_it(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    quiz = tn.viewers.predict(sample, toy_models, artifacts=artifacts)
    quiz.vote(0)
    text = quiz.reveal()
    frame = show(page, quiz, tmp_path)
    assert text in frame.inner_text()
    assert frame.locator(".tn-is-answer").inner_text().startswith(f"mask {quiz.answer['mask']}")
    assert serious(page) == []


# what the canvas was asked to write in the last drawing, with the place of each text in pixels of the photo
WRITTEN = """
const write = CanvasRenderingContext2D.prototype.fillText;
window.written = [];
const wipe = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (image, ...rest) {
  if (image instanceof HTMLCanvasElement && image.width === this.canvas.width && rest.length === 2) window.written = [];
  return wipe.call(this, image, ...rest);
};
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  window.written.push([text, x / this.canvas.width, y / this.canvas.height]);
  return write.call(this, text, x, y);
};
"""


def numbers(page: Any, size_hw: tuple[int, int]) -> dict[int, tuple[int, int]]:
    """Mask number -> (x, y) of the photo where the canvas has it now."""
    found = [(text, x, y) for text, x, y in page.evaluate("window.written") if text.isdigit()]
    assert len({text for text, *_ in found}) == len(found), "each number once"
    return {int(text): (int(x * size_hw[1]), int(y * size_hw[0])) for text, x, y in found}


def test_every_mask_has_its_number_on_it_before_the_reveal(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    """Fifteen masks share seven colours: the number tells them apart, and is that of the list."""
    sample, artifacts = toy_case
    page.add_init_script(WRITTEN)
    wired = Wired(page, tn.viewers.predict(sample, toy_models, artifacts=artifacts), tmp_path)
    masks = artifacts.proposals.masks
    page.wait_for_function("n => window.written.length >= n", arg=len(masks))
    found = numbers(page, artifacts.size_hw)
    assert set(found) == set(range(len(masks)))
    inside = [i for i, (x, y) in found.items() if masks[i, y, x]]
    assert len(inside) >= len(masks) - 1, "in its mask, save where a mask is smaller than a number"
    listed = wired.frame.locator(".tn-choices button b").all_inner_texts()
    assert listed == [f"mask {i}" for i in range(len(masks))]


def test_masks_in_one_another_and_equal_ones_have_numbers_apart(toy_case, toy_models, page: Any, tmp_path) -> None:
    masks = np.zeros((6, 256, 256), dtype=bool)
    masks[0, 40:216, 40:216] = masks[1, 80:176, 80:176] = masks[2, 80:176, 80:176] = True  # nested, and twice the same
    masks[3, 3, 250] = True  # a pixel at the rim
    masks[4, 230:250, :] = True
    sample, artifacts = toy_case  # mask 5 is empty
    page.add_init_script(WRITTEN)
    few = with_masks(only(artifacts, range(6)), masks)
    Wired(page, tn.viewers.predict(sample, toy_models, artifacts=few), tmp_path)
    page.wait_for_function("window.written.length >= 5")
    found = numbers(page, (256, 256))
    assert set(found) == {0, 1, 2, 3, 4}, "an empty mask has no place"
    assert all(masks[i, found[i][1], found[i][0]] for i in (0, 1, 2, 4))
    assert not masks[1, found[0][1], found[0][0]], "beside the mask that lies on it"
    places = [*found.values()]
    far = [abs(a[0] - b[0]) > 8 or abs(a[1] - b[1]) > 8 for i, a in enumerate(places) for b in places[:i]]
    assert all(far)


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def test_focus_and_scrolling_stay_at_a_vote_and_at_the_reveal(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    page.set_viewport_size({"width": 700, "height": 500})
    quiz = tn.viewers.predict([sample] * 2, toy_models, artifacts=[artifacts] * 2)
    wired = Wired(page, quiz, tmp_path)
    last = wired.frame.locator(".tn-choices button").last
    last.focus()
    scrolled = wired.frame.locator(".tn-choices").evaluate("n => n.scrollTop")
    assert scrolled > 0
    page.keyboard.press("Enter")
    wired.deliver()
    assert last.evaluate("n => n === document.activeElement")
    assert wired.frame.locator(".tn-choices").evaluate("n => n.scrollTop") == scrolled
    reveal = wired.frame.get_by_role("button", name="Reveal")
    reveal.focus()
    page.keyboard.press("Enter")
    wired.deliver()
    assert focused(page) == "Reveal", "a button that is switched off keeps the focus"
    assert has_a_visible_focus(page)
    assert reveal.is_disabled()
    verdict = wired.frame.locator(".tn-result .tn-verdict")
    assert verdict.evaluate("n => n.getBoundingClientRect().top") >= 0
    assert verdict.evaluate("n => n.getBoundingClientRect().bottom") <= 500
    answer = wired.frame.locator(".tn-is-answer")
    assert answer.evaluate(
        """n => { const [a, b] = [n, n.parentElement].map((e) => e.getBoundingClientRect());
                  return a.top >= b.top && a.bottom <= b.bottom }"""
    ), "the answer is scrolled to in the list"
    wired.frame.get_by_role("button", name="Next case").focus()
    page.keyboard.press("Enter")
    wired.deliver()
    assert focused(page) == "Next case"


def test_an_answer_that_python_tells_does_not_move_the_page(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    page.set_viewport_size({"width": 700, "height": 500})
    wired = Wired(page, tn.viewers.predict(sample, toy_models, artifacts=artifacts), tmp_path)
    wired.viewer.reveal()
    wired.update()
    assert "TAS chooses" in wired.frame.inner_text()
    assert page.evaluate("scrollY") == 0


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Notebook:
    opened = lab.open([SETUP])
    opened.run_all()
    opened.page.locator(".tn-predict").wait_for(timeout=PATIENCE)
    return opened


def wait_text(locator: Any, text: str) -> None:
    from playwright.sync_api import expect

    expect(locator).to_contain_text(text, timeout=PATIENCE)


@pytest.mark.slow
def test_votes_then_the_reveal_then_the_next_case(notebook: Notebook) -> None:
    frame = notebook.page.locator(".tn-predict")
    choices = frame.locator(".tn-choices button")
    answer = json.loads(notebook.python("d = quiz._decision\nprint(json.dumps([d.answer.index, d.part]))"))
    assert answer[0] is not None
    other = (answer[0] + 1) % choices.count()
    choices.nth(answer[0]).click()
    choices.nth(answer[0]).click()
    choices.nth(other).click()
    wait_text(choices.nth(answer[0]), "2 votes")
    frame.get_by_role("button", name="Undo the last vote").click()
    assert "vote" not in choices.nth(other).inner_text()
    choices.nth(other).focus()
    notebook.page.keyboard.press("ArrowDown" if other == 0 else "ArrowUp")
    assert has_a_visible_focus(notebook.page)
    frame.get_by_label("Which part decides?").check()
    assert choices.count() == 4
    choices.nth(["v", "p", "n", "spatial"].index(answer[1])).click()
    assert frame.locator(".tn-result").inner_text() == ""
    frame.get_by_role("button", name="Reveal").click()
    wait_text(frame.locator(".tn-result"), f"TAS chooses mask {answer[0]}")
    assert "2 of 2 votes for a mask were right, 1 of 1 for a part" in frame.inner_text()
    assert frame.locator(".tn-is-answer").count() == 1
    told = json.loads(notebook.python("print(json.dumps([quiz.revealed, quiz.votes, quiz.tally]))"))
    assert told == [
        True, {"mask": {str(answer[0]): 2}, "part": {answer[1]: 1}},
        {"cases": 1, "mask": {"right": 2, "votes": 2}, "part": {"right": 1, "votes": 1}},
    ]  # fmt: skip
    frame.get_by_role("button", name="Next case").click()
    wait_text(frame.locator("h3"), "Case 2 of 3")
    assert frame.locator(".tn-result").inner_text() == ""
    assert notebook.python("print(quiz.number, quiz.revealed, quiz.answer)").strip() == "1 False {}"


@pytest.mark.slow
def test_a_click_on_the_picture_is_a_vote(notebook: Notebook) -> None:
    notebook.python("quiz.number = 2; quiz.number = 0; quiz.asking = 'mask'")
    frame = notebook.page.locator(".tn-predict")
    wait_text(frame.locator("h3"), "Case 1 of 3")
    place = json.loads(
        notebook.python(
            "import numpy as np\nm = quiz._decision.answer.artifacts.proposals.masks\nk = int(m.sum((1, 2)).argmin())\n"
            "y, x = np.argwhere(m[k])[m[k].sum() // 2]\nprint(json.dumps([k, int(x), int(y), *m.shape[1:]]))"
        )
    )
    index, x, y, height, width = place
    canvas = frame.locator("canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": (x + 0.5) * box["width"] / width, "y": (y + 0.5) * box["height"] / height})
    wait_text(frame.locator(".tn-choices button").nth(index), "1 vote")
    assert json.loads(notebook.python("print(json.dumps(quiz.votes['mask']))")) == {str(index): 1}


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_jupyterlab(notebook: Notebook, theme: str) -> None:
    notebook.theme(theme)
    notebook.python("quiz.reveal()")
    wait_text(notebook.page.locator(".tn-result"), "TAS chooses")
    found = serious(notebook.page, ".tn-predict")
    notebook.theme("light")
    assert found == []
