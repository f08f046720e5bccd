"""``experiment_view``: every setting with its own steps, sentence and picture."""

from __future__ import annotations

import json

import numpy as np
import pytest
import traitlets

import tasnb as tn
from tasnb.analysis.experiments import STEPS, Experiment, Step


def made(*settings: str, splits: tuple[str, ...] = ("all", "val", "testA")) -> Experiment:
    """P gains 4 points in the first setting and 4 less in each later one; a split alone a point less than all, and so
    on. Every interval is 3 points to either side. The other modules gain 1, 2 and 3 points more than P."""
    steps = [
        Step(split=split, setting=setting, step=step, before=50, after=50 + gain, gain=gain, low=gain - 3,
             high=gain + 3, n=90, images=12)
        for place, setting in enumerate(settings) for behind, split in enumerate(splits)
        for more, step in enumerate(STEPS) for gain in [4.0 - 4 * place - behind + more]
    ]  # fmt: skip
    return Experiment(name="made", question="What is it worth?", steps=tuple(steps))


def test_a_setting_says_what_the_experiment_says() -> None:
    found = made("true", "50 % wrong", "100 % wrong")
    viewer = tn.viewers.experiment_view(found)
    assert viewer.setting == "true"
    assert viewer.words() == f"What is it worth? {found.sentence('true')}"
    assert "P helps: +4.00 [+1.00, +7.00]" in viewer.words()
    viewer.setting = "100 % wrong"
    assert "P hurts: -4.00 [-7.00, -1.00]" in viewer.words()
    assert [viewer.record["sentences"][name] for name in viewer.record["settings"]] == [
        found.sentence(name) for name in found.settings
    ]


def test_the_browser_gets_every_step_with_its_interval_and_verdict() -> None:
    found = made("true", "50 % wrong")
    record = tn.viewers.experiment_view(found).record
    assert len(record["steps"]) == len(found.steps) == 2 * 3 * 4
    assert record["steps"][0] | {"text": "+4.00 [+1.00, +7.00]", "verdict": "helps"} == record["steps"][0]
    assert {step["verdict"] for step in record["steps"]} == {"helps", "is not shown to help"}


def test_a_setting_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(traitlets.TraitError, match="expected one of true, wrong, got 'tru'"):
        tn.viewers.experiment_view(made("true", "wrong")).setting = "tru"


@pytest.mark.parametrize("splits", [("all",), ("all", "val", "testA", "testB")])
@pytest.mark.parametrize("settings", [("one",), ("a", "b", "<script>", "$x$", "e", "f", "g", "h")])
def test_any_number_of_settings_and_splits_is_drawn(settings: tuple[str, ...], splits: tuple[str, ...]) -> None:
    viewer = tn.viewers.experiment_view(made(*settings, splits=splits))
    assert viewer.picture().dtype == np.uint8
    assert viewer.picture().shape[1] < 1000
    viewer.setting = settings[-1]
    assert "<script>" not in viewer.twin()["text/html"]
    json.dumps(viewer.snapshot(), allow_nan=False)


def test_the_chart_has_a_mark_and_a_colour_a_module_and_the_splits_behind() -> None:
    axes = tn.plots.experiment_chart(made("true", "wrong")).axes[0]
    marks = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    full = [line for line in marks if line.get_zorder() == 3]
    light = [line for line in marks if line.get_zorder() < 3]
    assert len(full) == 2 * 4
    assert len(light) == 2 * 2 * 4
    assert len({(line.get_marker(), line.get_color()) for line in full}) == 4
    assert all(line.get_alpha() < 0.5 for line in light)
    assert sorted(float(line.get_xdata()[0]) for line in full) == [0, 1, 2, 3, 4, 5, 6, 7]
    (zero,) = [line for line in axes.lines if list(line.get_xdata()) == [0, 0]]
    assert list(zero.get_ydata()) == [0, 1], "from the bottom to the top"
