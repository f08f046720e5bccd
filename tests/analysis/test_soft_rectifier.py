"""The causes of failures know a soft rectifier: its prior may outweigh the scores, be too weak, or be replaced."""

from __future__ import annotations

import numpy as np

from tasnb.analysis import counterfactuals as what_if
from tasnb.analysis.attribution import verdict_of
from tasnb.analysis.causes import sentence_of
from tasnb.analysis.evidence import Case
from tasnb.core.types import Direction, Head, Parse, ScoreTable, Weights
from tasnb.stages import spatial

CENTRES = np.array([[10.0, 50.0], [50.0, 50.0], [90.0, 50.0]])
AREAS = np.array([100, 100, 100])


def case_of(v: list[float], target: int, *directions: Direction, gold: dict | None = None) -> Case:
    """Three things of one kind in a row; P and N say nothing."""
    parse = Parse(
        text="it", head=Head(lemma="dog", span=(0, 2), rule="root"), directions=directions, direction_words=directions
    )
    scores = np.array(v)
    trace = spatial.rectify(parse, CENTRES, rule=spatial.SOFT, areas=AREAS, v=scores)[1]
    table = ScoreTable(
        v=scores, p=np.zeros(3), n=np.zeros(3), kept=np.ones(3, bool), weights=Weights(), trace=trace, prior=trace.prior
    )
    return Case(
        parse=parse, gold=gold or {}, types=frozenset(), is_a=lambda word, kind: word == kind, phrases=(),
        cosines=np.zeros((3, 0)), captions=("a dog",) * 3, table=table, rule=spatial.SOFT, answer=table.best,
        centres_xy=CENTRES, areas=AREAS, intersections=np.where(np.arange(3) == target, 100, 0), target_area=100,
    )  # fmt: skip


def test_a_prior_that_outweighs_the_scores_is_the_rectifiers_fault() -> None:
    case = case_of([0.25, 0.3, 0.2], 1, "left")
    assert case.answer == 0
    cured = what_if.rectifier(case)
    assert cured is not None
    assert (cured.row, cured.detail, cured.faulty) == (1, "outweighed", False)
    verdict = verdict_of(case)
    assert (verdict.cause, verdict.detail) == ("rectifier", "outweighed")
    assert "outweighed the scores" in sentence_of({"failed": True, "iou": 0.0, **vars(verdict)})
    switch = next(each for each in what_if.switches(case) if each.name == "no rectifier")
    assert (switch.row, dict(switch.changed)) == (1, {"prior": None})


def test_a_prior_of_the_wrong_side_is_told_apart() -> None:
    case = case_of([0.2, 0.25, 0.3], 2, "left")
    cured = what_if.rectifier(case)
    assert cured is not None
    assert cured.detail == "wrong way"


def test_a_prior_for_the_target_is_no_cause() -> None:
    case = case_of([0.0, 0.9, 0.1], 0, "left")
    assert case.answer == 1
    assert what_if.rectifier(case) is None
    place = what_if.place(case)
    assert place is not None
    assert place.detail == "too weak"


def test_the_gold_direction_makes_another_prior() -> None:
    case = case_of([0.2, 0.2, 0.2], 0, "right", gold={"directions": ["left"], "head": "dog"})
    assert case.answer == 2
    cured = what_if.language(case)
    assert cured is not None
    assert (cured.row, cured.detail) == (0, "direction")
    switch = next(each for each in what_if.switches(case) if each.name == "gold direction")
    assert switch.row == 0
    assert switch.changed["prior"].argmax() == 0


def test_without_any_place_there_is_nothing_to_ignore() -> None:
    case = case_of([0.2, 0.3, 0.25], 0)
    assert what_if.rectifier(case) is None
    assert {"no rectifier", "thrown out"}.isdisjoint(switch.name for switch in what_if.switches(case))
