"""``predict`` in JupyterLab: votes, then the reveal; and alone, where there is no kernel that could tell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tests.browser.alone import has_a_visible_focus, serious, show
from tests.browser.lab import Lab, Notebook
from tests.viewers.made_artifacts import HOSTILE, saying

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
