"""Figures with intervals: oIoU, mIoU, Pr@t, and paired differences, from an image-cluster bootstrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Integer

from tasnb.evaluation.metrics.protocols import find, iou

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure in per cent with its 95 % interval; all NaN where there was nothing to measure."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True, kw_only=True)
class MetricSummary:
    """The figures of one method on one split.

    oiou: sum of intersections over sum of unions. miou: mean of the units' IoU. precision: threshold -> share of
    units that pass it. n: units measured, in ``images`` images. unanswered: units without any proposal, whether
    they were measured as an empty mask or skipped. missing: samples that failed before they could be measured.
    """

    protocol: str
    n: int
    images: int
    oiou: Estimate
    miou: Estimate
    precision: Mapping[float, Estimate]
    unanswered: int = 0
    missing: int = 0


def summarise(
    intersections: Integer[np.ndarray, " n"],
    unions: Integer[np.ndarray, " n"],
    image_ids: Sequence[str] | np.ndarray,
    *,
    protocol: str = "tas",
    thresholds: Sequence[float] = THRESHOLDS,
    resamples: int = 1000,
    seed: int = 0,
    answered: Bool[np.ndarray, " n"] | None = None,
    ref_ids: Sequence[str] | None = None,
    missing: int = 0,
) -> MetricSummary:
    """oIoU, mIoU and Pr@t of n units with 95 % percentile intervals from an image-cluster bootstrap.

    intersections, unions: pixels, from ``intersection_union``. image_ids: n; expressions about one image are
    drawn together, because they share its proposals and are not independent. answered: False for a unit without any
    proposal (default: all True). ref_ids: needed by "car", whose unit is a ref: see ``merge_sentences``.
    missing: how many samples failed and are not among the n; only reported.
    No units: every figure is NaN. One image: the interval has no width, as there is nothing to resample.
    Raises ValueError for lengths that differ, an impossible intersection or an unknown protocol.
    """
    units = _Units.of(intersections, unions, image_ids, protocol, thresholds, answered, ref_ids)
    values, samples = units.figures(resamples, seed)
    estimates = [_estimate(values[column], samples[:, column]) for column in range(len(values))]
    return MetricSummary(
        protocol=protocol,
        n=units.n,
        images=units.images,
        oiou=estimates[0],
        miou=estimates[1],
        precision=MappingProxyType(dict(zip(units.thresholds, estimates[2:], strict=True))),
        unanswered=0 if answered is None else int(np.count_nonzero(~answered)),
        missing=missing,
    )


def paired_difference(
    first: Integer[np.ndarray, "n 2"],
    second: Integer[np.ndarray, "n 2"],
    image_ids: Sequence[str] | np.ndarray,
    *,
    metric: str = "miou",
    protocol: str = "tas",
    resamples: int = 1000,
    seed: int = 0,
    answered: Bool[np.ndarray, " n"] | None = None,
    ref_ids: Sequence[str] | None = None,
) -> Estimate:
    """``first`` minus ``second`` on the same n units, in points, with the interval of the paired difference.

    first, second: (intersection, union) of every unit under each method. metric: "oiou", "miou", or "pr@0.5" with any
    threshold. Both methods are measured on the same resamples, so what makes an image hard for both cancels out.
    answered: False where either method had no proposal. An interval that leaves 0 out is a difference at the 5 % level.
    """
    thresholds = (_threshold(metric),) if metric.startswith("pr@") else ()
    if not thresholds and metric not in ("oiou", "miou"):
        raise ValueError(f"unknown metric {metric!r}; choose from oiou, miou, pr@0.5 (any threshold)")
    if thresholds and find(protocol).passes is None:
        raise ValueError(f"protocol {protocol!r} has no Pr@t; choose from oiou, miou")
    column = 2 if thresholds else ("oiou", "miou").index(metric)
    figures = []
    for pairs in (first, second):
        units = _Units.of(pairs[:, 0], pairs[:, 1], image_ids, protocol, thresholds, answered, ref_ids)
        figures.append(units.figures(resamples, seed))
    (one, ones), (two, twos) = figures
    return _estimate(one[column] - two[column], ones[:, column] - twos[:, column])


@dataclass(frozen=True, kw_only=True)
class _Units:
    """Sums per image, (m, 3 + t): intersection, union, IoU, passes of each threshold; and units per image."""

    sums: np.ndarray
    counts: np.ndarray
    thresholds: tuple[float, ...]

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def images(self) -> int:
        return len(self.counts)

    @classmethod
    def of(
        cls,
        intersections: np.ndarray,
        unions: np.ndarray,
        image_ids: Sequence[str] | np.ndarray,
        protocol: str,
        thresholds: Sequence[float],
        answered: np.ndarray | None,
        ref_ids: Sequence[str] | None,
    ) -> _Units:
        rule = find(protocol)
        _check(intersections, unions, image_ids, answered)
        if rule.unit == "ref":
            _check_refs(protocol, ref_ids, len(unions))
        images = np.asarray(image_ids)
        if rule.skips_unanswered and answered is not None:
            intersections, unions, images = intersections[answered], unions[answered], images[answered]
        limits = tuple(float(t) for t in thresholds) if rule.passes else ()
        each = iou(intersections, unions, protocol=protocol)
        passed = [each >= t if rule.passes == ">=" else each > t for t in limits]
        columns = np.stack([intersections, unions, each, *passed], axis=1).astype(np.float64)
        names, image_of = np.unique(images, return_inverse=True)
        sums = np.zeros((len(names), columns.shape[1]))
        np.add.at(sums, image_of, columns)
        return cls(sums=sums, counts=np.bincount(image_of, minlength=len(names)), thresholds=limits)

    def figures(self, resamples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """(oIoU, mIoU, Pr@t ...) in per cent of all images, (2 + t,), and of every resample, (resamples, 2 + t)."""
        if resamples < 1:
            raise ValueError(f"resamples: expected at least 1, got {resamples}")
        if not self.images:
            return np.full(2 + len(self.thresholds), np.nan), np.full((resamples, 2 + len(self.thresholds)), np.nan)
        # drawing m images with replacement is one multinomial draw of how often each image comes
        draws = np.random.default_rng(seed).multinomial(
            self.images, np.full(self.images, 1 / self.images), size=resamples
        )
        weights = np.concatenate([np.ones((1, self.images)), draws])
        sums, counts = weights @ self.sums, weights @ self.counts
        # every union 0: no pixel was asked for and none was given, so oIoU is 0 as the IoU is
        overall = np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0)
        figures = 100.0 * np.column_stack([overall, sums[:, 2:] / counts[:, None]])
        return figures[0], figures[1:]


def _estimate(value: float, samples: np.ndarray) -> Estimate:
    low, high = np.percentile(samples, [2.5, 97.5])
    return Estimate(value=float(value), low=float(low), high=float(high))


def _threshold(metric: str) -> float:
    try:
        return float(metric.removeprefix("pr@"))
    except ValueError:
        raise ValueError(f"metric {metric!r}: expected a number after pr@, such as pr@0.5") from None


def _check(
    intersections: np.ndarray, unions: np.ndarray, image_ids: Sequence[str] | np.ndarray, answered: np.ndarray | None
) -> None:
    lengths = {"intersections": len(intersections), "unions": len(unions), "image_ids": len(image_ids)}
    if answered is not None:
        lengths["answered"] = len(answered)
    if len(set(lengths.values())) > 1:
        raise ValueError(f"expected one entry a unit in each, got {lengths}")
    wrong = np.flatnonzero((intersections < 0) | (intersections > unions))
    if wrong.size:
        at = int(wrong[0])
        raise ValueError(
            f"unit {at}: expected 0 <= intersection <= union, got intersection {intersections[at]}, union {unions[at]}"
        )


def _check_refs(protocol: str, ref_ids: Sequence[str] | None, n: int) -> None:
    if ref_ids is None or len(ref_ids) != n:
        got = "none" if ref_ids is None else f"{len(ref_ids)}"
        raise ValueError(f"protocol {protocol!r} measures refs: expected {n} ref_ids, got {got}")
    if len(set(ref_ids)) != n:
        twice = next(ref for ref in ref_ids if list(ref_ids).count(ref) > 1)
        raise ValueError(
            f"protocol {protocol!r} measures refs, and ref {twice!r} comes {list(ref_ids).count(twice)} times; "
            "merge its sentences' masks first (merge_sentences)"
        )
