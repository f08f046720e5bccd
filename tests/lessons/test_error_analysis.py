"""Lesson 09: each check takes every right answer and names each typical slip."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import tasnb as tn

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("error_analysis")

CASES = pd.DataFrame(
    {
        "types": ["location, colour, thing", "colour, thing", "thing", "location, thing", "thing"],
        "failed": [True, False, False, True, True],
        "cause": ["place", "", "", "place", "appearance"],
        "iou": [0.1, 0.9, 0.8, 0.0, 0.2],
        "recoverable": [0.7, 0.0, 0.0, 0.9, 0.5],
    }
)
AFTER = CASES.assign(iou=[0.8, 0.9, 0.8, 0.0, 0.3], failed=[False, False, False, True, True])


def of_type(cases, name):
    return cases["types"].str.split(", ").map(lambda names: name in names)


def right(cases, name):
    return 100 * (1 - cases["failed"][of_type(cases, name)].mean())


def price(cases, cause):
    return 100 * cases["recoverable"][cases["cause"] == cause].sum() / len(cases)


def test_right_answers_are_right() -> None:
    assert isinstance(lesson.check_right(right, CASES), Right)
    assert isinstance(lesson.check_right(lambda c, n: round(right(c, n), 2), CASES), Right)
    assert "'place': 32.00" in repr(lesson.check_price(price, CASES))
    gain = 100 * (AFTER["iou"].mean() - CASES["iou"].mean())
    assert "gave +16.00" in repr(lesson.check_gain(gain, CASES, AFTER)).replace("\n", " ")


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda c, n: right(c, n) / 100, "a share from 0 to 1"),
        (lambda c, n: 100 - right(c, n), "wrong answers"),
        (lambda c, n: 100 * (of_type(c, n) & ~c["failed"]).sum() / len(c), "a share of all expressions"),
        (lambda c, n: 100 * (~c["failed"]).mean(), "the figure of all expressions"),
        (lambda c, n: 100 * c["iou"][of_type(c, n)].mean(), "the mean IoU"),
        (lambda c, n: ..., "No answer yet"),
        (lambda c, n: "many", "many"),
        (lambda c, n: c["nothing"], "KeyError"),
    ],
)
def test_slips_of_exercise_1_are_named(slip, said) -> None:
    # no type may be wholly right or wrong, else several slips give the same number
    cases = pd.concat([CASES, CASES.iloc[[1]].assign(types="location, colour, thing", iou=0.7)], ignore_index=True)
    with pytest.raises(NotYet, match=said):
        lesson.check_right(slip, cases)


def test_expressions_of_a_single_type_are_not_all_of_it() -> None:
    cases = pd.concat([CASES, CASES.iloc[[2]]], ignore_index=True)

    def alone(cases, name):
        mine = cases["types"] == name
        return 100 * (1 - cases["failed"][mine].mean()) if mine.any() else right(cases, name)

    with pytest.raises(NotYet, match="only expressions that have no other type"):
        lesson.check_right(alone, cases)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda c, n: price(c, n) / 100, "a mean from 0 to 1"),
        (lambda c, n: 100 * c["recoverable"][c["cause"] == n].mean(), "cases of this cause alone"),
        (lambda c, n: c["recoverable"][c["cause"] == n].sum(), "a sum"),
        (lambda c, n: 100 * c["recoverable"][c["cause"] == n].sum() / c["failed"].sum(), "all failures"),
        (lambda c, n: 100 * (c["cause"] == n).mean(), "how often"),
        (None, "returns nothing"),
    ],
)
def test_slips_of_exercise_2_are_named(slip, said) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_price(slip, CASES)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (0.16, "from 0 to 1"), (-16.0, "before less after"), (32.0, "promised"), (20.0, "how many are right"),
        (5.0, "resembles no slip"), (..., "No answer yet"),
    ],
)  # fmt: skip
def test_slips_of_exercise_3_are_named(slip, said) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_gain(slip, CASES, AFTER)


def test_a_run_without_failures_is_no_error() -> None:
    fine = CASES.assign(failed=False, cause="", recoverable=0.0)
    assert isinstance(lesson.check_right(right, fine), Right)
    assert "No answer failed" in repr(lesson.check_price(price, fine))


def test_what_is_chosen_anew_is_what_the_models_answer_under_the_other_rectifier(toy_models, reftoy_val, tmp_path):
    def evaluated(name: str, variant: object) -> tn.Run:
        how = {"methods": ["tas"], "variant": variant, "store": store, "out": tmp_path / name}
        return tn.evaluate(samples, toy_models, **how)

    wide = [i for i, said in enumerate(reftoy_val.expressions) if re.search("middle|second|smallest|far ", said)]
    store, samples = tn.Store(tmp_path / "store"), reftoy_val.take(wide[:8])
    run, wanted = evaluated("paper", "paper"), evaluated("extended", lesson.EXTENDED)
    anew = lesson.Reranked(run, lesson.EXTENDED)
    columns = ["sample", "chosen", "intersection", "union", "iou"]
    pd.testing.assert_frame_equal(anew.predictions()[columns], wanted.predictions()[columns])
    assert (run.scores()["kept"] != wanted.scores()["kept"]).any(), "the other rectifier keeps others"
    assert anew.scores()["kept"].tolist() == wanted.scores()["kept"].tolist()
    ours, theirs = (tn.analysis.attribute(each).frame for each in (anew, wanted))
    pd.testing.assert_frame_equal(ours, theirs)


def test_a_failure_of_the_other_rectifier_says_what_it_read() -> None:
    run = lesson.Reranked(tn.Run.shipped("toy", "reftoy", "val"), lesson.EXTENDED)
    cases = tn.analysis.cases(tn.analysis.attribute(run))
    said = cases.loc[cases["cause"] == "rectifier", "why"]
    assert any('"middle"' in why for why in said)
    assert not any('""' in why for why in said)
