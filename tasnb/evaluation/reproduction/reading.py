"""The figure of one row off a run: a method's, or that of other weights and modules from the stored scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tasnb.core.types import Weights
from tasnb.evaluation import metrics
from tasnb.evaluation.reranking import Ranking

METRICS = ("mIoU", "oIoU")


class Figures(NamedTuple):
    """What one row measured: estimates by metric in per cent, n sentences, missing ones; why: nothing was measured."""

    estimates: Mapping[str, metrics.Estimate]
    n: int
    missing: int
    why: str = ""


def figures(run: Any, reads: tuple[Any, ...], protocol: str) -> Figures:
    """Read a row's figures. reads: see ``recipes.Row``."""
    if reads[0] == "method":
        return _of_method(run, reads[1], protocol)
    own = run.about["weights"]
    if reads[0] == "weights":
        weights, rectified = reads[1], reads[2]
    else:
        _, p, n, rectified = reads
        weights = Weights(alpha=own["alpha"] if p else 0.0, lam=own["lam"] if n else 0.0)
    if run.predictions().empty:
        return _nothing(run, "")
    ranking = Ranking.of(run)
    intersections, unions = ranking.counts(weights, rectified=rectified)
    found = metrics.summarise(
        intersections, unions, ranking.image_ids, protocol=protocol, answered=ranking.answered, thresholds=()
    )
    return _estimates(found, int(run.about["dataset"]["samples"]) - len(intersections))


def _of_method(run: Any, method: str, protocol: str) -> Figures:
    units = run.units(method, protocol)
    if units.empty:
        return _nothing(run, method)
    found = metrics.summarise(
        units["intersection"].to_numpy(), units["union"].to_numpy(), units["image_id"].to_numpy(),
        protocol=protocol, answered=units["answered"].to_numpy(dtype=bool), thresholds=(),
    )  # fmt: skip
    return _estimates(found, int(run.about["dataset"]["samples"]) - found.n)


def _estimates(found: metrics.MetricSummary, missing: int) -> Figures:
    return Figures({"mIoU": found.miou, "oIoU": found.oiou}, found.n, missing)


def _nothing(run: Any, method: str) -> Figures:
    """No sample has a figure: the commonest reason among the run's errors."""
    errors = run.errors()
    errors = errors[errors["method"].isin(["", method])]
    reason = errors["message"].mode()[0] if len(errors) else "the run holds no prediction"
    return Figures({}, 0, int(run.about["dataset"]["samples"]), f"every sample failed: {reason}")
