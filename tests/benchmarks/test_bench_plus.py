"""The benchmark of ``plus``: its counts by hand, and its tables."""

from __future__ import annotations

import numpy as np
import pytest

from tasnb.core.types import Parse
from tasnb.evaluation import metrics
from tasnb.evaluation.ablation import Counted
from tasnb.evaluation.runs import Run
from tests.benchmarks import bench_plus
from tests.benchmarks.refexp import Expression


def left_of(target: int, count: int = 4) -> Expression:
    boxes = np.array([[20.0 * k, 0.0, 10.0, 10.0] for k in range(count)])
    return Expression(dataset="refcoco", text="left", image=target, boxes_xywh=boxes, categories=None, target=target)


@pytest.mark.parametrize(
    ("prior", "target", "places", "expected"),
    [
        ([0.5, 0.1, -0.5], 0, 1, 1.0),
        ([0.5, 0.1, -0.5], 1, 1, 0.0),
        ([0.5, 0.1, -0.5], 1, 2, 1.0),
        ([0.2, 0.2, -0.5], 1, 1, 0.5),
        ([0.2, 0.2, 0.2, 0.2], 3, 3, 0.75),
    ],
)
def test_ties_share_the_places(prior: list[float], target: int, places: int, expected: float) -> None:
    assert bench_plus.within(np.array(prior), target, places) == expected


def test_the_tables_of_expressions_by_hand() -> None:
    """Of four boxes the half keeps two, the prior puts the outermost first: gains of 25 and 75 points over chance."""
    said = Parse(text="left", head=None, directions=("left",), direction_words=("left",))
    printed = bench_plus.refexp_tables([left_of(0)] * 3, [said] * 3)
    first = next(line for line in printed.splitlines() if line.startswith("RefCOCO"))
    assert first.split()[:2] == ["RefCOCO", "3"]
    assert "25.00 [" in first
    assert "75.00 [" in first
    assert first.split()[-1] == "+50.0"
    wrong = bench_plus.refexp_tables([left_of(3)], [said])
    assert next(line for line in wrong.splitlines() if line.startswith("RefCOCO")).split()[-1] == "+0.0"


def test_the_prior_is_above_the_half_on_a_shipped_run() -> None:
    run = Run.shipped("toy", "reftoy", "testA")
    half, prior = (Counted.of(run, variant=name) for name in (None, "plus"))
    gain = metrics.paired_difference(prior.counts[:, -1], half.counts[:, -1], half.image_ids)
    assert gain.low > 0, "the paired interval leaves 0 out"
    assert gain.value >= 3
