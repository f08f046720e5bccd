"""``predict``: the answer stays in the kernel until it is told, votes are counted once, and a guess is explained."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import traitlets

import tasnb as tn
from tasnb.core.types import ScoreTable, Weights
from tasnb.viewers.deciding import PARTS, Decision, Step, why_decided, why_not
from tests.viewers.made_artifacts import HOSTILE, only, saying


@pytest.fixture
def quiz(toy_case, toy_models):
    sample, artifacts = toy_case
    second = replace(sample, expression=f"{sample.expression} on the left")
    return tn.viewers.predict([sample, second], toy_models, artifacts=[artifacts, artifacts])


def test_the_steps_are_those_of_table_4(quiz, toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    decision = quiz._decision
    for at, step in enumerate(decision.steps):
        answer = tn.tas(artifacts, sample.expression, toy_models, use=PARTS[: at + 1])
        assert step.best == answer.index
        assert step.total == pytest.approx(answer.table.total[answer.index])
    assert decision.answer.index == tn.tas(artifacts, sample.expression, toy_models).index


@pytest.mark.parametrize(
    ("winners", "part"),
    [([1, 1, 1, 1], "v"), ([0, 1, 1, 1], "p"), ([0, 1, 2, 2], "n"), ([0, 0, 0, 3], "spatial"), ([1, 0, 1, 1], "n"),
     ([None] * 4, "v")],
)  # fmt: skip
def test_the_last_change_decides(winners: list, part: str, toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    steps = tuple(Step(part=p, best=b, total=0.0) for p, b in zip(PARTS, winners, strict=True))
    assert Decision(answer=tn.tas(artifacts, sample.expression, toy_models), steps=steps).part == part


def test_the_answer_is_not_in_the_browser_before_it_is_told(quiz, toy_case) -> None:
    sample, _ = toy_case
    state = quiz.snapshot()
    assert state["answer"] == {}
    assert state["scene"]["target"] is None
    assert state["scene"]["iou"] is None
    assert str(sample.expression) in json.dumps(state["case"])
    text = quiz.reveal()
    assert quiz.answer["mask"] == quiz._decision.answer.index
    assert quiz.answer["target"] is not None
    assert f"mask {quiz.answer['mask']}" in text
    assert "IoU" in text
    json.dumps(quiz.snapshot(), allow_nan=False)


def test_check_explains_without_telling(quiz) -> None:
    best, count = quiz._decision.answer.index, len(quiz._decision.answer.table)
    right = quiz.check(best)
    assert right
    assert f"Yes, TAS chooses mask {best}" in str(right)
    for index in range(count):
        if index != best:
            verdict = quiz.check(index)
            assert not verdict
            assert f"mask {best}" not in verdict.text
            assert f"not mask {index}" in verdict.text
    part = quiz._decision.part
    assert quiz.check(part).right
    assert [quiz.check(other).right for other in PARTS if other != part] == [False] * 3
    assert not quiz.revealed
    assert quiz.answer == {}


@pytest.mark.parametrize("guess", [-1, 10_000, "x", 1.5, True, None, "cat"])
def test_no_guess_is_an_error_that_lists_the_choices(quiz, guess) -> None:
    with pytest.raises(ValueError, match=r"expected a mask number from 0 to \d+, or a part: v, p, n, spatial"):
        quiz.check(guess)


def test_votes_are_counted_once_when_it_is_told(quiz) -> None:
    best, part = quiz._decision.answer.index, quiz._decision.part
    other = (best + 1) % len(quiz._decision.answer.table)
    quiz.vote(best, 3)
    quiz.vote(other, 2)
    quiz.vote(part)
    quiz.reveal()
    told = {"cases": 1, "mask": {"right": 3, "votes": 5}, "part": {"right": 1, "votes": 1}}
    assert quiz.tally == told
    quiz.revealed = False
    quiz.revealed = True
    assert quiz.tally == told, "told twice, counted once"
    with pytest.raises(ValueError, match="call next"):
        quiz.vote(best)
    quiz.revealed = False
    with pytest.raises(ValueError, match="at least one vote"):
        quiz.vote(best, 0)


def test_the_next_case_starts_anew(quiz) -> None:
    quiz.vote(0)
    quiz.reveal()
    quiz.next()
    assert quiz.expression.endswith("on the left")
    assert (quiz.revealed, quiz.answer) == (False, {})
    assert quiz.votes == {"mask": {}, "part": {}}
    assert quiz.tally["cases"] == 1
    with pytest.raises(ValueError, match="2 of 2 was the last"):
        quiz.next()
    with pytest.raises(traitlets.TraitError, match="from 0 to 1"):
        quiz.number = 7


def test_a_case_that_cannot_be_read_says_so_and_the_quiz_goes_on(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    empty = replace(sample, expression="  ")
    quiz = tn.viewers.predict([sample, empty, sample], toy_models, artifacts=[artifacts] * 3)
    quiz.next()
    assert "Case 2 cannot be asked" in quiz.problem
    quiz.next()
    assert quiz.problem == ""
    assert quiz.case["number"] == 2


def test_without_proposals_there_is_nothing_to_choose(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    quiz = tn.viewers.predict(sample, toy_models, artifacts=only(artifacts, []))
    with pytest.raises(ValueError, match="no mask, as none was found"):
        quiz.check(0)
    assert quiz.check("v").right
    assert "No proposal was found" in quiz.reveal()
    assert quiz.picture().ndim == 3


def test_the_only_proposal_is_the_answer(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    quiz = tn.viewers.predict(sample, toy_models, artifacts=only(artifacts, [0]))
    assert quiz.check(0).right
    assert "V decided" in quiz.reveal()


def test_a_tie_is_explained(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    answer = tn.tas(artifacts, sample.expression, toy_models)
    zeros = np.zeros(len(answer.table))
    table = ScoreTable(v=zeros, p=zeros, n=zeros, kept=zeros == 0, weights=Weights())
    tied = replace(answer, table=table, index=0)
    steps = tuple(Step(part=part, best=0, total=0.0) for part in PARTS)
    decision = Decision(answer=tied, steps=steps)
    assert "an earlier mask has it too" in why_not(decision, 1)
    assert "V decided" in why_decided(decision)


def test_what_does_not_fit_is_an_error(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    with pytest.raises(ValueError, match="at least one case"):
        tn.viewers.predict([], toy_models)
    with pytest.raises(ValueError, match="one for each of 2 samples, got 1"):
        tn.viewers.predict([sample, sample], toy_models, artifacts=[artifacts])
    small = replace(sample, image=sample.image[:9, :9], target=None)
    with pytest.raises(ValueError, match=r"\(9, 9\)"):
        tn.viewers.predict(small, toy_models, artifacts=artifacts)


def test_an_image_without_a_target_has_no_iou(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    quiz = tn.viewers.predict(replace(sample, target=None), toy_models, artifacts=artifacts)
    assert "IoU" not in quiz.reveal()
    assert quiz.answer["target"] is None


def test_hostile_words_are_escaped_in_the_twin(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    nasty = replace(sample, expression=f"cat {HOSTILE}")
    quiz = tn.viewers.predict(nasty, toy_models, artifacts=saying(artifacts, HOSTILE))
    assert "<script>" not in quiz.twin()["text/html"]
