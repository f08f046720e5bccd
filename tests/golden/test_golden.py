"""The library does what it did when the record was made. ``python -m tests.golden.record`` writes a new record."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.golden import observe
from tests.golden.compare import SHOWN, differences, report
from tests.golden.record import read

RANKING, SMOKE = 1e-6, 1e-3


def check(name: str, got: Any, tolerance: float) -> None:
    found = list(differences(read(name), got, tolerance))
    assert not found, report(found)


def test_all_that_follows_from_a_run_is_as_recorded() -> None:
    check("ranking", observe.ranking(), RANKING)


@pytest.mark.slow
def test_the_commands_print_the_recorded_json() -> None:
    check("commands", observe.commands(), RANKING)


def test_the_data_set_commands_print_the_recorded_json_of_real_data(shared_root: Path) -> None:
    check("shared", observe.shared_data(shared_root), RANKING)


@pytest.mark.slow
def test_the_models_answer_as_recorded(toy_models, official_models, reftoy_val) -> None:
    check("smoke", observe.smoke(toy_models, official_models, reftoy_val), SMOKE)


@pytest.mark.slow
def test_the_commands_that_load_models_print_what_is_recorded() -> None:
    check("smoke-commands", observe.smoke_commands(), SMOKE)


def test_one_changed_choice_and_one_changed_value_are_found() -> None:
    expected = read("ranking")
    assert list(differences(expected, copy.deepcopy(expected), RANKING)) == []
    planted = copy.deepcopy(expected)
    planted["paper"]["tas"]["chosen"][7] += 1
    planted["paper"]["tas"]["table"]["tas"]["miou"] += 1e-4
    planted["official"]["analysis"]["cases"]["reftoy-val-1"]["cause"] = "language"
    del planted["official"]["grad-cam"]["table"]["car"]["oiou_low"]
    chosen, miou = expected["paper"]["tas"]["chosen"][7], expected["paper"]["tas"]["table"]["tas"]["miou"]
    assert set(differences(expected, planted, RANKING)) == {
        f"paper/tas/chosen/7: expected {chosen}, got {chosen + 1}",
        f"paper/tas/table/tas/miou: expected {miou!r}, got {miou + 1e-4!r}",
        "official/analysis/cases/reftoy-val-1/cause: expected 'no proposal', got 'language'",
        "official/grad-cam/table/car/oiou_low: expected, but missing",
    }


def test_a_choice_counts_only_where_the_margin_is_clear() -> None:
    sure = {"choice": {"index": 1}, "margin": 0.1, "total": [0.1, 0.2]}
    close = {"choice": {"index": 1}, "margin": 0.0005, "total": [0.1995, 0.2]}
    for answer, wanted in ((sure, ["choice/index: expected 1, got 0"]), (close, [])):
        assert list(differences(answer, answer | {"choice": {"index": 0}}, SMOKE)) == wanted
    assert list(differences(sure, sure | {"total": [0.1, 0.2001]}, SMOKE)) == []
    assert list(differences(sure, sure | {"total": [0.1, 0.203]}, SMOKE)) == ["total/1: expected 0.2, got 0.203"]


def test_the_smoke_part_is_about_clear_choices() -> None:
    """A record of coin tosses would prove nothing."""
    for variant in observe.NAMES:
        answers = [each for each in read("smoke")[variant].values() if "tas" in each]
        assert len(answers) == len(observe.SMOKE)
    assert all(each["tas"]["margin"] > 0.01 for each in read("smoke")["paper"].values() if "tas" in each)


def test_a_report_names_the_first_differences() -> None:
    told = report([f"a/{n}: expected 1, got 2" for n in range(30)]).splitlines()
    assert told[0] == "30 differences from the golden record:"
    assert len(told) == SHOWN + 2
    assert told[-1] == "... and 10 more"
