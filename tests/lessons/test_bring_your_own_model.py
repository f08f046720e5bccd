"""Lesson 12: each check takes every right answer and names each typical slip; the faults are found by measuring."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import tasnb as tn

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("bring_your_own_model")

TABLE = pd.DataFrame({"miou": [60.0], "n": [80], "missing": [20]})
RIGHT = pd.DataFrame({"a": [True, False, False, True], "b": [True, False, True, False], "c": [True] + 3 * [False]})


def found(counts, types):
    """An attribution's columns that are read: (intersection, union, target area) a sentence, and its types."""
    samples = pd.DataFrame(counts, columns=["intersection", "union", "target_area"])
    frame = pd.DataFrame({"failed": samples["intersection"] / samples["union"] <= 0.5})
    names = tuple(SimpleNamespace(names=each) for each in types)
    return SimpleNamespace(evidence=SimpleNamespace(samples=samples), frame=frame, types=names)


FULL, AWAY, PART = (100, 100, 100), (0, 200, 100), (30, 100, 100)
TYPES = (("location",), ("clothing",), ("location", "clothing"), ("thing",))
FOUNDS = {
    "one": found([AWAY, FULL, AWAY, FULL], TYPES),
    "two": found([FULL, AWAY, AWAY, FULL], TYPES),
    "three": found([PART, FULL, PART, PART], TYPES),
}
FAULTS = {"one": "ignores places", "two": "confuses shirts", "three": "gives parts"}


def test_the_files_are_three_and_begin_with_what_they_hold() -> None:
    files = lesson.predictions()
    assert list(files) == ["alder", "birch", "cedar"]
    assert all("segmentation" in lesson.beginning(path, 400) or "mask" in lesson.beginning(path, 400)
               for path in files.values())  # fmt: skip


def test_right_answers_are_right() -> None:
    assert isinstance(lesson.check_covered(48, TABLE), Right)
    assert "becomes 48.00" in repr(lesson.check_covered(np.array([48.001]), TABLE))
    assert isinstance(lesson.check_faults({**FAULTS, "one": " Ignores places"}, FOUNDS), Right)
    assert "1 of 4" in repr(lesson.check_core(lambda r: (~r.any(axis=1)).sum(), RIGHT))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (60.0, "the figure of the sentences that were answered"),
        (0.48, "a mean from 0 to 1"),
        (12.0, "the difference of the two figures"),
        (80.0, "the coverage"),
        (45.0, "loses the missing sentences twice"),
        (7.0, "no slip"),
        (..., "No answer yet"),
    ],
)
def test_slips_of_the_coverage(answer, said: str) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_covered(answer, TABLE)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({**FAULTS, "one": "confuses shirts"}, "one fault given to two models"),
        ({"one": FAULTS["two"], "two": FAULTS["one"], "three": FAULTS["three"]}, "the right faults in another order"),
        ({"one": FAULTS["three"], "two": FAULTS["one"], "three": FAULTS["two"]}, "0 of 3"),
        ({"one": FAULTS["three"], "two": FAULTS["two"], "three": FAULTS["one"]}, "models have theirs"),
        ({"one": "gives parts"}, "another kind of answer"),
        ({**FAULTS, "two": ...}, "Still open: two"),
        ({**FAULTS, "two": "is slow"}, "another kind of answer"),
    ],
)  # fmt: skip
def test_slips_of_the_faults(answer, said: str) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_faults(answer, FOUNDS)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda r: (~r).any(axis=1).sum(), "sentences that at least one model gets wrong"),
        (lambda r: 100 * (~r.any(axis=1)).mean(), "a share in per cent"),
        (lambda r: (~r).to_numpy().sum(), "all wrong answers together"),
        (lambda r: ..., "No answer yet"),
    ],
)
def test_slips_of_the_core(function, said: str) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_core(function, RIGHT)


def test_right_ones_are_told_apart_from_the_core() -> None:
    table = RIGHT.iloc[[0, 0, 2, 3]].reset_index(drop=True).assign(c=[True, True, False, False])
    table.loc[4] = [False, False, False]
    with pytest.raises(NotYet, match="sentences that some model gets right"):
        lesson.check_core(lambda r: r.any(axis=1).sum(), table)
    with pytest.raises(NotYet, match="sentences that every model gets right"):
        lesson.check_core(lambda r: r.all(axis=1).sum(), table)
