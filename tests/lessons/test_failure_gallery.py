"""Lesson 08: each check takes every right answer and names each typical slip."""

from __future__ import annotations

import numpy as np
import pytest

import tasnb as tn
from tasnb.analysis import CAUSES, Attribution, attribute
from tests.analysis.planting import PlantedRun, plant, synthetic

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("failure_gallery")


@pytest.fixture(scope="module")
def found() -> Attribution:
    cases, _ = plant(list(synthetic(600, 4)), 60, 4)
    return attribute(PlantedRun(cases))


def without_p(v, p, n, kept, lam):
    return np.argmax(np.where(kept, v + lam * n, -np.inf))


def cut(shared, answer, target):
    return "contains" if shared >= 0.8 * target else "part" if shared >= 0.8 * answer else "other"


def test_right_answers_are_right(found) -> None:
    assert isinstance(lesson.check_without_p(without_p, found), Right)
    rows = lambda v, p, n, kept, lam: np.flatnonzero(kept)[np.argmax((v + lam * n)[kept])]  # noqa: E731
    assert isinstance(lesson.check_without_p(rows, found), Right)
    assert isinstance(lesson.check_cut(cut, found), Right)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda v, p, n, kept, lam: np.argmax(v + lam * n), "the rectifier took out"),
        (lambda v, p, n, kept, lam: np.argmax(np.where(kept, v, -np.inf)), "V alone"),
        (lambda v, p, n, kept, lam: np.argmax(np.where(kept, v + 0.1 * p + lam * n, -np.inf)), "the answer with P"),
        (lambda v, p, n, kept, lam: np.argmax(np.where(kept, v - lam * n, -np.inf)), "wrong sign"),
        (lambda v, p, n, kept, lam: 0, "cases wrong"),
        (lambda v, p, n, kept, lam: ..., "No answer yet"),
        (lambda v: v, "TypeError"),
    ],
)
def test_slips_of_exercise_1_are_named(slip, said, found) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_without_p(slip, found)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda s, a, t: cut(s, t, a), "exchanged"),
        (lambda s, a, t: "contains" if s > 0.8 * t else cut(s, a, t) if s < 0.8 * t else "other", "contains"),
        (lambda s, a, t: "contains" if s > 0.8 * t else "part" if s > 0.8 * a else "other", "more than in place of"),
        (lambda s, a, t: "large", "one of 'contains', 'part', 'other'"),
        (..., "No answer yet"),
    ],
)
def test_slips_of_exercise_2_are_named(slip, said, found) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_cut(slip, found)


def lost_of(found) -> int:
    return int((found.frame["failed"] & (found.evidence.samples["oracle_iou"] < 0.5)).sum())


def test_the_right_count_of_lost_failures_is_right(found) -> None:
    assert 0 < lost_of(found) < found.frame["failed"].sum()
    assert isinstance(lesson.check_hopeless(lost_of(found), found), Right)
    assert isinstance(lesson.check_hopeless(np.array([float(lost_of(found))]), found), Right)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda f: int(f.frame["failed"].sum()) - lost_of(f), "another choice could have saved"),
        (lambda f: f.frame["failed"].sum(), "all failures"),
        (lambda f: lost_of(f) / f.frame["failed"].sum(), "a share from 0 to 1"),
        (lambda f: 100 * lost_of(f) / f.frame["failed"].sum(), "a percentage"),
        (lambda f: lost_of(f) + 0.5, "resembles no slip"),
        (lambda f: f.frame, "one number"),
        (lambda f: ..., "No answer yet"),
    ],
)
def test_slips_of_exercise_3_are_named(slip, said, found) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_hopeless(slip(found), found)


def test_each_cause_has_one_picture_and_the_name_only_when_asked(toy_models, reftoy_val, tmp_path) -> None:
    store = tn.Store(tmp_path / "store")
    run = tn.evaluate(reftoy_val[:20], toy_models, methods=["tas"], store=store, out=tmp_path / "run")
    mine = attribute(run, threshold=0.95)
    causes = [name for name in CAUSES if (mine.frame["cause"] == name).any()]
    named = lesson.one_of_each(mine, run, reftoy_val[:20], named=True)
    assert [text.split(": ")[0] for text in named.captions] == causes
    plain = lesson.one_of_each(mine, run, reftoy_val[:20])
    assert [text.split(": ")[0] for text in plain.captions] == [str(i + 1) for i in range(len(causes))]
