"""Lesson 11: each check takes every right answer and names each typical slip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tasnb as tn
from tasnb.evaluation.ablation import ROWS
from tests.viewers.made_runs import of_scores
from tests.viewers.test_experiment_view import made

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("when_does_it_help")


def table(*rows: tuple[float, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(ROWS))


# P adds 45 and 20 points, N takes 5 and adds 0, all together 50 and 35; of Pr@0.5 P adds 50 and 0
FIRST = table((0.0, 0.9, 0.8, 0.9), (0.4, 0.4, 0.4, 0.5))
SECOND = table((0.1, 0.4, 0.4, 0.7), (0.7, 0.8, 0.8, 0.8))


@pytest.mark.parametrize("answer", [(45, 20, 25), [45.004, 20, 25.0], np.array([45, 20, 25])])
def test_the_steps_and_their_difference_are_right_in_any_form(answer) -> None:
    assert isinstance(lesson.check_steps(answer, FIRST, SECOND), Right)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "No answer yet"),
        ((45, 20, ...), "Still open: part 3"),
        ((45, 20), "shape (3,)"),
        ((0.45, 0.2, 0.25), "shares from 0 to 1"),
        ((45, 20, -25), "the second minus the first"),
        ((-45, -20, -25), "the row without P minus the row with it"),
        ((20, 45, -25), "the two encoders exchanged"),
        ((-5, 0, -5), "the step of N"),
        ((50, 35, 15), "all modules together"),
        ((50, 0, 50), "steps of Pr@0.5"),
        ((65, 60, 5), "levels of the row V+P"),
        ((1, 2, 3), "resembles no slip"),
    ],
)
def test_wrong_steps_are_named(answer, said: str) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_steps(answer, FIRST, SECOND)
    assert said in " ".join(caught.value.text.split())


def verdict(low: float, high: float) -> str:
    return "helps" if low > 0 else "hurts" if high < 0 else "not shown"


@pytest.mark.parametrize("function", [verdict, lambda low, high: verdict(low, high).upper()])
def test_any_way_to_a_verdict_is_right(function) -> None:
    found = made("true", "wrong")
    right = lesson.check_verdict(function, found)
    assert isinstance(right, Right)
    shown = sum(step.verdict != "is not shown to help" for step in found.steps)
    assert right.because.startswith(f"{shown} of the 24 intervals")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (..., "No answer yet"),
        (lambda low, high: ..., "No answer yet"),
        (lambda low, high: "not shown", "too much care"),
        (
            lambda low, high: {"helps": "hurts", "hurts": "helps"}.get(verdict(low, high), "not shown"),
            "wrong way round",
        ),
        (lambda low, high: "helps" if low + high > 0 else "hurts", "the sign of the middle, or of one end alone"),
        (lambda low, high: "helps" if high > 0 else "hurts", "of one end alone"),
        (lambda low, high: "helps" if low >= 0 else verdict(low, high), "an end at 0 taken for one beyond it"),
        (lambda low, high: "maybe", "another kind of answer"),
        (lambda low: "helps", "stops with TypeError"),
    ],
)
def test_a_wrong_verdict_is_named(function, said: str) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_verdict(function, made("true"))
    assert said in " ".join(caught.value.text.split())


@pytest.fixture(scope="module")
def case(toy_case):
    """By hand: the shirt is 0.3 nearer to the target, the tree 0.1, the dog as near to both as it can be to one."""
    sample, artifacts = toy_case
    cosines = np.zeros((len(artifacts.proposals), 4))
    cosines[:2] = [[0.5, 0.2, 0.8, 0.1], [0.2, 0.1, 0.75, 0.9]]
    return lesson.Pushed(sample=sample, artifacts=artifacts, phrases=("blue shirt", "tree", "dog", "red ball"),
                         cosines=cosines, target=0, other=1)  # fmt: skip


@pytest.mark.parametrize("answer", ["blue shirt", " Blue shirt "])
def test_the_phrase_that_hurts_most_is_right(answer: str, case) -> None:
    assert isinstance(lesson.check_phrase(answer, case), Right)
    assert case.table.iloc[:, 0].sub(case.table.iloc[:, 1]).idxmax() == "blue shirt"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "No answer yet"),
        ("red ball", "the phrase that helps the target most"),
        ("dog", "nearest to the target's mask, whatever the other mask's cosine"),
        ("tree", "resembles no slip"),
        ("cat", "another kind of answer"),
    ],
)
def test_a_wrong_phrase_is_named(answer, said: str, case) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_phrase(answer, case)
    assert said in " ".join(caught.value.text.split())


def test_the_phrase_nearest_to_the_other_mask_is_what_n_is_for(case) -> None:
    cosines = case.cosines.copy()
    cosines[:2] = [[0.5, 0.1, 0.95, 0.85], [0.2, 0.4, 0.9, 0.98]]
    nearest = replace(case, cosines=cosines)
    with pytest.raises(NotYet, match="nearest to the other mask"):
        lesson.check_phrase("red ball", nearest)


def test_the_case_is_one_in_which_a_phrase_speaks_against_the_target(toy_models, reftoy_val, warm_store) -> None:
    found = lesson.pushed(reftoy_val[:12], toy_models, warm_store)
    assert len(found.phrases) >= 2
    masks, target = found.artifacts.proposals.masks, found.sample.target
    assert tn.iou(masks[found.target], target) > 0.5 >= tn.iou(masks[found.other], target)
    assert [picture.shape for picture in found.pictures] == [found.sample.image.shape] * 2
    with pytest.raises(ValueError, match="take more samples"):
        lesson.pushed([], toy_models, warm_store)


def test_ious_are_those_of_each_row_of_table_4(tmp_path) -> None:
    run = of_scores(tmp_path, [(40, [(0.5, 0.0, 0.0, 10, 80), (0.45, 1.0, -1.0, 40, 40)])])
    assert lesson.ious(run).iloc[0].tolist() == ["image-0", 0.125, 1.0, 0.125, 0.125]


def test_tables_have_a_row_a_setting_and_a_column_a_module() -> None:
    found = made("true", "wrong")
    gains = lesson.gains(found)
    assert gains.loc["true"].to_dict()["P"] == "+4.00 [+1.00, +7.00]"
    assert list(gains.columns) == ["P", "N", "rectifier", "TAS"]
    words = lesson.verdicts([found, replace(made("other"), name="gap")])
    assert words.index.tolist() == [("made", "true"), ("made", "wrong"), ("gap", "other")]
    assert words.loc[("made", "wrong"), "P"] == "-"
    assert words.loc[("made", "true"), "P"] == "helps"
