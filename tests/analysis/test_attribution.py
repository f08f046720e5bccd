"""The cause of a failure: planted ones are named, and the causes add up."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

from tasnb.analysis import CAUSES, attribute, overlap, recoverable, sentence_of
from tests.analysis import planting
from tests.analysis.planting import FAULTS, PlantedRun, confusion, from_run, plant


def test_planted_causes_are_named_in_95_of_100_cases(planted) -> None:
    cases, found = planted
    assert len(cases) == 2000
    assert found.frame["failed"].all()
    named = dict(zip(found.frame["sample"], found.frame["cause"], strict=True))
    table = confusion(cases, named)
    print(table.to_string())
    assert np.mean([named[i] == case.cause for i, case in enumerate(cases)]) >= 0.95
    assert table["right"].min() >= 0.85, "and no single fault is missed more often than one time in seven"
    assert set(table.index) == set(FAULTS)


def test_planted_into_real_toy_scenes_causes_are_named_too(real_run, wordnet) -> None:
    cases, _ = plant(list(from_run(real_run)), 200, 5)
    found = attribute(PlantedRun(cases), wordnet=wordnet)
    named = found.frame["cause"].tolist()
    assert len(cases) >= 20
    assert np.mean([name == case.cause for name, case in zip(named, cases, strict=True)]) >= 0.85


@pytest.mark.parametrize("fault", FAULTS)
def test_the_bench_can_fail(fault, planted) -> None:
    """A cause that is planted nowhere is not named everywhere."""
    cases, found = planted
    cause = FAULTS[fault][0]
    others = [name for name, case in zip(found.frame["cause"], cases, strict=True) if case.cause != cause]
    assert others.count(cause) < 0.05 * len(others)


def test_the_causes_add_up_to_the_failures(real, planted) -> None:
    for found in (real, planted[1]):
        table = recoverable(found).set_index("cause")
        assert table.loc[list(CAUSES), "failures"].sum() == table.at["all", "failures"] == found.frame["failed"].sum()
        assert (found.frame["cause"][~found.frame["failed"]] == "").all()
        assert table.loc[list(CAUSES), "share"].sum() == pytest.approx(100)


def test_what_is_recoverable_is_the_difference_of_two_means(planted) -> None:
    cases, found = planted
    table = recoverable(found).set_index("cause")
    # curing "no proposal" gives the annotated mask: IoU 1 instead of the stored one
    mine = found.frame["cause"] == "no proposal"
    by_hand = 100 * (1 - found.frame["iou"][mine]).sum() / len(cases)
    assert table.at["no proposal", "miou"] == pytest.approx(by_hand)
    assert table.at["no proposal", "miou_low"] <= by_hand <= table.at["no proposal", "miou_high"]
    assert table.at["all", "miou"] == pytest.approx(table.loc[list(CAUSES), "miou"].sum())


def test_overlap_counts_every_cause_that_holds(planted) -> None:
    _, found = planted
    table = overlap(found)
    names = list(CAUSES)
    assert (table[names].to_numpy() == table[names].to_numpy().T).all()
    # a cause is primary only where it holds, or where no cure suffices
    diagonal = pd.Series(np.diag(table[names]), index=names)
    alone = found.failures[found.failures["alone"]].groupby("cause").size().reindex(names, fill_value=0)
    assert (alone <= diagonal).all()
    assert table["primary"].sum() == len(found.failures)


def test_sentences_name_what_was_found(planted) -> None:
    found = planted[1]
    for row in found.frame.to_dict("records"):
        said = sentence_of(row)
        assert said.endswith((".", "?"))
        assert "{" not in said
    negatives = found.frame[found.frame["cause"] == "negative"]
    assert negatives["words"].str.len().min() > 0


# --- one case by hand -------------------------------------------------------------------------------------------------


def cause_of(*cases) -> list[tuple[str, str]]:
    frame = attribute(PlantedRun(list(cases))).frame
    return list(zip(frame["cause"], frame["detail"], strict=True))


def test_a_right_answer_has_no_cause(one) -> None:
    assert cause_of(one) == [("", "")]


def test_no_proposal_at_all(one) -> None:
    empty = deepcopy(one)
    planting._take(empty, np.zeros(len(one.v), bool))
    assert cause_of(one, empty) == [("", ""), ("no proposal", "nothing")]


def test_one_wrong_proposal(one) -> None:
    single = deepcopy(one)
    planting._take(single, np.arange(len(one.v)) == int(np.argmin(one.iou)))
    assert cause_of(single) == [("no proposal", "all wrong")]


def test_an_expression_without_a_noun(one) -> None:
    """Every phrase is a negative then, those for the target too."""
    nameless = deepcopy(one)
    nameless.parse["head"], nameless.gold = None, {}
    target = int(np.argmax(one.iou))
    column = np.where(np.arange(len(one.v)) == target, 0.9, 0.0)
    nameless.cosines = column[:, None]
    nameless.phrases = [{"text": "a thing", "lemma": one.category, "kept": True, "similarity": None, "reason": ""}]
    assert cause_of(nameless) == [("language", "no noun")]


def test_a_case_that_no_single_cure_mends_goes_to_the_first_faulty_stage(one) -> None:
    both = deepcopy(one)
    target = int(np.argmax(one.iou))
    both.v = np.where(np.arange(len(one.v)) == target, -0.5, one.v)
    opposite = {"left": "right", "top": "bottom"}
    for direction in (*opposite, *opposite.values()):
        both.parse["directions"] = both.parse["direction_words"] = [direction]
        if not both.kept[target]:
            break
    both.gold = {}
    row = attribute(PlantedRun([both])).frame.iloc[0]
    assert (row["cause"], bool(row["alone"])) == ("rectifier", False)
    assert "would not be enough" in sentence_of(row.to_dict())
    assert row["recoverable"] == 0


def test_the_threshold_says_what_fails(one) -> None:
    assert cause_of(one) == [("", "")]
    strict = attribute(PlantedRun([one]), threshold=0.999)
    assert strict.frame["failed"].tolist() == [True]
    for wrong in (0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="threshold"):
            attribute(PlantedRun([one]), threshold=wrong)


def test_nan_in_a_score_is_one_clear_error(one) -> None:
    broken = deepcopy(one)
    broken.v = one.v.copy()
    broken.v[0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        attribute(PlantedRun([broken]))


def test_an_unknown_method_is_refused(real_run) -> None:
    with pytest.raises(ValueError, match="choose from tas, clip-only"):
        attribute(real_run, method="magic")


def test_a_run_of_an_older_tasnb_is_told_apart(one) -> None:
    class Old(PlantedRun):
        def predictions(self) -> pd.DataFrame:
            return super().predictions().assign(phrases=None)

    with pytest.raises(ValueError, match="older tasnb"):
        attribute(Old([one]))
