"""Masks -> intersections and unions -> oIoU, mIoU and Pr@t under a named protocol, with intervals.

A result without its protocol means little: papers differ in what one unit is, in what becomes of an image without
proposals, in the IoU of nothing with nothing, and in whether an IoU of exactly t passes Pr@t. All figures are per cent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Integer

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.tables import interval_text

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
RESAMPLES = 1000
# "gres": the share of the expressions that mean nothing answered by nothing, of the others answered by something
ANSWERING = ("nacc", "tacc")


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How units become figures.

    Parameters
    ----------
    unit : {"sentence", "ref"}
        What is measured; of a ref all sentences of one object are merged.
    skips_unanswered : bool
        Whether a unit without any proposal leaves both metrics; otherwise it is an empty mask.
    iou_of_nothing : float
        The IoU where the union is 0.
    passes : {">", ">=", None}
        How an IoU meets the threshold t of Pr@t; None where the protocol has no Pr@t.
    has_no_targets : bool
        Whether expressions that mean nothing are told apart: N-acc and T-acc.
    """

    unit: Literal["sentence", "ref"] = "sentence"
    skips_unanswered: bool = False
    iou_of_nothing: float = 0.0
    passes: Literal[">", ">="] | None = ">"
    has_no_targets: bool = False


# each is what that system's released evaluation code does (docs/method.md)
PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        "tas": Protocol(),
        "global-local": Protocol(skips_unanswered=True, passes=None),
        "lavt": Protocol(passes=">="),
        "iterprime": Protocol(iou_of_nothing=1.0),
        "car": Protocol(unit="ref", passes=">="),
        # its gIoU is mIoU, its cIoU oIoU: what means nothing and is not answered adds nothing to the sums
        "gres": Protocol(iou_of_nothing=1.0, has_no_targets=True),
    }
)


def find(protocol: str) -> Protocol:
    """Find a protocol by its name.

    Parameters
    ----------
    protocol : str
        A key of ``PROTOCOLS``.

    Returns
    -------
    Protocol
        The rules of that name.

    Raises
    ------
    ValueError
        For an unknown name, listing the choices.
    """
    require_known("protocol", protocol, PROTOCOLS)
    return PROTOCOLS[protocol]


def intersection_union(pred: Bool[np.ndarray, "h w"], target: Bool[np.ndarray, "h w"]) -> tuple[int, int]:
    """Count the pixels in both masks and the pixels in either.

    Parameters
    ----------
    pred, target : bool array (h, w)
        Two masks of one image; no answer is an all-False ``pred``.

    Returns
    -------
    tuple of int
        Intersection and union in pixels; without an answer 0 and the target's area.

    Raises
    ------
    ValueError
        For masks of two sizes.

    Examples
    --------
    >>> intersection_union(np.array([[True, True, False]]), np.array([[False, True, True]]))
    (1, 3)
    """
    if pred.shape != target.shape:
        raise UserError(f"prediction and target are masks of one image; got {pred.shape} and {target.shape} (h, w)")
    return int(np.count_nonzero(pred & target)), int(np.count_nonzero(pred | target))


def merge_sentences(
    predictions: Bool[np.ndarray, "n h w"], ref_ids: Sequence[str]
) -> tuple[Bool[np.ndarray, "r h w"], tuple[str, ...]]:
    """Make one mask a ref, the union of its sentences' masks, for the protocol "car".

    Parameters
    ----------
    predictions : bool array (n, h, w)
        A mask a sentence, all of one image.
    ref_ids : sequence of str
        The ref of each sentence.

    Returns
    -------
    tuple
        Masks, bool (r, h, w), and their refs in the order in which they first appear.

    Raises
    ------
    ValueError
        For another number of ids than masks.
    """
    if len(predictions) != len(ref_ids):
        raise UserError(f"expected one ref id a mask, got {len(ref_ids)} ids for {len(predictions)} masks")
    refs = tuple(dict.fromkeys(ref_ids))
    named = np.asarray(ref_ids, dtype=object)
    merged = [predictions[named == ref].any(axis=0) for ref in refs]
    return np.array(merged, dtype=bool).reshape((len(refs), *predictions.shape[1:])), refs


def iou(
    intersections: Integer[np.ndarray, " n"], unions: Integer[np.ndarray, " n"], *, protocol: str = "tas"
) -> Float[np.ndarray, " n"]:
    """Measure the IoU of each unit.

    Parameters
    ----------
    intersections, unions : int array (n,)
        Pixels.
    protocol : str
        A key of ``PROTOCOLS``; it says 0 or 1 where the union is 0.

    Returns
    -------
    float array (n,)
        0..1.

    Examples
    --------
    >>> iou(np.array([1, 0]), np.array([4, 0])).tolist()
    [0.25, 0.0]
    >>> iou(np.array([1, 0]), np.array([4, 0]), protocol="iterprime").tolist()
    [0.25, 1.0]
    """
    nothing = np.full(len(unions), find(protocol).iou_of_nothing)
    return np.divide(intersections, unions, out=nothing, where=unions > 0)


def is_right(
    ious: Float[np.ndarray, "*n"] | float, *, protocol: str = "tas", threshold: float = THRESHOLDS[0]
) -> Bool[np.ndarray, "*n"]:
    """Say which answers are right: those that Pr@t counts under the protocol.

    Parameters
    ----------
    ious : float array or float
        IoU of each answer, 0..1.
    protocol : str
        A key of ``PROTOCOLS``. One without Pr@t takes the comparison of "tas".
    threshold : float
        t, 0..1.

    Returns
    -------
    bool array
        Of the shape of ``ious``.

    Examples
    --------
    >>> is_right(np.array([0.4, 0.5, 0.6])).tolist()
    [False, False, True]
    >>> is_right(np.array([0.4, 0.5, 0.6]), protocol="lavt").tolist()
    [False, True, True]
    """
    passes = np.greater_equal if find(protocol).passes == ">=" else np.greater
    return np.asarray(passes(ious, threshold))


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure in per cent or points with its 95 % interval.

    Parameters
    ----------
    value, low, high : float
        The figure and the ends of its interval; all NaN where there was nothing to measure.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} {interval_text(self.low, self.high)}"

    def columns(self, name: str) -> dict[str, float]:
        """Name the three numbers as columns of a table.

        Parameters
        ----------
        name : str
            Of the figure, such as "miou".

        Returns
        -------
        dict
            ``name``, ``name_low`` and ``name_high``.
        """
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


@dataclass(frozen=True, kw_only=True)
class MetricSummary:
    """The figures of one method on one split.

    Parameters
    ----------
    protocol : str
        A key of ``PROTOCOLS``.
    n, images : int
        Units measured, and in how many images.
    oiou : Estimate
        Sum of intersections over sum of unions.
    miou : Estimate
        Mean of the units' IoU.
    precision : mapping of float to Estimate
        Threshold -> share of units that pass it.
    unanswered : int
        Units without any proposal, whether they were measured as an empty mask or skipped.
    missing : int
        Samples that failed before they could be measured.
    answering : mapping of str to Estimate
        "nacc" and "tacc" under the protocol "gres".
    """

    protocol: str
    n: int
    images: int
    oiou: Estimate
    miou: Estimate
    precision: Mapping[float, Estimate]
    unanswered: int = 0
    missing: int = 0
    answering: Mapping[str, Estimate] = field(default_factory=dict)


class Resamples:
    """The image-cluster bootstrap: every interval is that of a figure over the same draws of whole images.

    Expressions about one image are drawn together, because they share its proposals and are not independent. A group
    of samples is measured on resamples of all images, so its size varies with the draw, as with other pictures.

    Parameters
    ----------
    image_ids : sequence of str
        One a unit. No unit: every figure is NaN. One image: no interval has a width, as nothing varies.
    resamples : int
        How many draws.
    seed : int
        Of the draws.

    Raises
    ------
    ValueError
        For fewer than one resample.
    """

    def __init__(self, image_ids: Sequence[str] | np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> None:
        if resamples < 1:
            raise UserError(f"resamples: expected at least 1, got {resamples}")
        names, self._image_of = np.unique(np.asarray(image_ids), return_inverse=True)
        self.images = len(names)
        self._weights = np.ones((1 + resamples, self.images))  # row 0: the data as they are
        if self.images:  # drawing m images with replacement is one multinomial draw of how often each image comes
            shares = np.full(self.images, 1 / self.images)
            self._weights[1:] = np.random.default_rng(seed).multinomial(self.images, shares, size=resamples)

    def ratio(self, part: np.ndarray, whole: np.ndarray) -> Estimate:
        """Estimate 100 x sum of ``part`` / sum of ``whole``.

        Parameters
        ----------
        part, whole : array (units,)
            Numbers or booleans.

        Returns
        -------
        Estimate
            NaN where there is no whole.
        """
        return _estimate(self._ratios([(part, whole, whole)], whole)[:, 0])

    def ratio_gain(self, after: tuple[np.ndarray, np.ndarray], before: tuple[np.ndarray, np.ndarray]) -> Estimate:
        """Estimate by how much one ratio is larger than another, both on the same resamples.

        Parameters
        ----------
        after, before : tuple of arrays (units,)
            Part and whole, as in ``ratio``; the units of both may differ.

        Returns
        -------
        Estimate
            Points; NaN where one of them has no whole.
        """
        first, second = (self._ratios([(part, whole, whole)], whole)[:, 0] for part, whole in (after, before))
        return _estimate(first - second)

    def figures(
        self,
        counts: np.ndarray,
        metrics: Sequence[str] = ("miou", "oiou"),
        *,
        protocol: str = "tas",
        which: np.ndarray | None = None,
    ) -> dict[str, Estimate]:
        """Estimate metrics of n units.

        Parameters
        ----------
        counts : int array (n, 2) or (n, 3)
            Intersection and union of each unit, and the target's area for "nacc" and "tacc", pixels.
        metrics : sequence of str
            "oiou", "miou", "pr@0.5" with any threshold, or "nacc" and "tacc".
        protocol : str
            A key of ``PROTOCOLS``.
        which : bool array (n,), optional
            The units that are measured; default all.

        Returns
        -------
        dict of str to Estimate
            Each metric in per cent.

        Raises
        ------
        ValueError
            For an unknown metric, or Pr@t under a protocol that has none.
        """
        counted = np.ones(len(counts)) if which is None else which
        drawn = self._ratios([_terms(counts, metric, protocol) for metric in metrics], counted)
        return {metric: _estimate(column) for metric, column in zip(metrics, drawn.T, strict=True)}

    def gains(
        self,
        after: np.ndarray,
        before: np.ndarray,
        metrics: Sequence[str] = ("miou", "oiou"),
        *,
        protocol: str = "tas",
        which: np.ndarray | None = None,
    ) -> dict[str, Estimate]:
        """Estimate by how much ``after`` is better than ``before``, both measured on the same resamples.

        Parameters
        ----------
        after, before : int array (n, 2) or (n, 3)
            As ``figures`` has them.
        metrics, protocol, which
            As ``figures`` has them.

        Returns
        -------
        dict of str to Estimate
            Each metric's difference in points.
        """
        counted = np.ones(len(after)) if which is None else which
        pairs = [_terms(counts, metric, protocol) for counts in (after, before) for metric in metrics]
        first, second = np.hsplit(self._ratios(pairs, counted), 2)
        return {metric: _estimate(column) for metric, column in zip(metrics, (first - second).T, strict=True)}

    def _ratios(self, terms: Sequence[tuple[np.ndarray, ...]], counted: np.ndarray) -> np.ndarray:
        """Part / whole of each metric in per cent, (1 + resamples, metrics), summed over the units that are counted.

        NaN where no unit is counted that it is about. Every union 0: no pixel was asked for and none was given, so
        oIoU is 0 as the IoU.
        """
        columns = [np.asarray(column * counted, np.float64) for term in terms for column in term]
        per_image = [np.bincount(self._image_of, c, minlength=self.images) for c in columns]
        sums = self._weights @ np.stack(per_image, axis=1)
        parts, wholes, about = (sums[:, start::3] for start in range(3))
        nothing = np.where(about > 0, 0.0, np.nan)
        return 100.0 * np.divide(parts, wholes, out=nothing, where=wholes > 0)


def summarise(
    intersections: Integer[np.ndarray, " n"],
    unions: Integer[np.ndarray, " n"],
    image_ids: Sequence[str] | np.ndarray,
    *,
    protocol: str = "tas",
    thresholds: Sequence[float] = THRESHOLDS,
    resamples: int = RESAMPLES,
    seed: int = 0,
    answered: Bool[np.ndarray, " n"] | None = None,
    ref_ids: Sequence[str] | None = None,
    missing: int = 0,
    target_areas: Integer[np.ndarray, " n"] | None = None,
) -> MetricSummary:
    """Estimate oIoU, mIoU and Pr@t of n units, with 95 % percentile intervals from an image-cluster bootstrap.

    Parameters
    ----------
    intersections, unions : int array (n,)
        Pixels, from ``intersection_union``.
    image_ids : sequence of str
        n; see ``Resamples``.
    protocol : str
        A key of ``PROTOCOLS``.
    thresholds : sequence of float
        t of each Pr@t.
    resamples, seed : int
        Of the bootstrap.
    answered : bool array (n,), optional
        False for a unit without any proposal; default all True.
    ref_ids : sequence of str, optional
        Needed by "car", whose unit is a ref: see ``merge_sentences``.
    missing : int
        How many samples failed and are not among the n; only reported.
    target_areas : int array (n,), optional
        Pixels; "gres" needs them for N-acc and T-acc.

    Returns
    -------
    MetricSummary
        No units: every figure is NaN.

    Raises
    ------
    ValueError
        For lengths that differ, an impossible intersection or an unknown protocol.
    """
    _check(protocol, ref_ids, intersections=intersections, unions=unions, image_ids=image_ids, answered=answered)
    columns = [intersections, unions, *([] if target_areas is None else [target_areas])]
    counts, images = np.stack(columns, axis=1), np.asarray(image_ids)
    if find(protocol).skips_unanswered and answered is not None:
        counts, images = counts[answered], images[answered]
    drawn = Resamples(images, resamples=resamples, seed=seed)
    passed = {float(t): f"pr@{float(t)}" for t in thresholds} if find(protocol).passes else {}
    answering = ANSWERING if find(protocol).has_no_targets and target_areas is not None else ()
    found = drawn.figures(counts, ("oiou", "miou", *passed.values(), *answering), protocol=protocol)
    return MetricSummary(
        protocol=protocol,
        n=len(counts),
        images=drawn.images,
        oiou=found["oiou"],
        miou=found["miou"],
        precision=MappingProxyType({t: found[name] for t, name in passed.items()}),
        unanswered=0 if answered is None else int(np.count_nonzero(~answered)),
        missing=missing,
        answering=MappingProxyType({name: found[name] for name in answering}),
    )


def paired_difference(
    first: Integer[np.ndarray, "n c"],
    second: Integer[np.ndarray, "n c"],
    image_ids: Sequence[str] | np.ndarray,
    *,
    metric: str = "miou",
    protocol: str = "tas",
    resamples: int = RESAMPLES,
    seed: int = 0,
    answered: Bool[np.ndarray, " n"] | None = None,
    ref_ids: Sequence[str] | None = None,
) -> Estimate:
    """Estimate ``first`` minus ``second`` on the same n units, with the interval of the paired difference.

    Parameters
    ----------
    first, second : int array (n, 2) or (n, 3)
        Intersection and union of every unit under each method, and the target's area for "nacc" and "tacc", pixels.
    image_ids : sequence of str
        n; see ``Resamples``.
    metric : str
        "oiou", "miou", "pr@0.5" with any threshold, "nacc" or "tacc".
    protocol : str
        A key of ``PROTOCOLS``.
    resamples, seed : int
        Of the bootstrap.
    answered : bool array (n,), optional
        False where either method had no proposal.
    ref_ids : sequence of str, optional
        As ``summarise`` has them.

    Returns
    -------
    Estimate
        In points.

    Raises
    ------
    ValueError
        What ``summarise`` raises, and for an unknown metric, or Pr@t under a protocol that has none.

    Notes
    -----
    Both methods are measured on the same resamples, so what makes an image hard for both cancels out. An interval that
    leaves 0 out is a difference at the 5 % level.
    """
    for i, u in (first[:, :2].T, second[:, :2].T):
        _check(protocol, ref_ids, intersections=i, unions=u, image_ids=image_ids, answered=answered)
    which = answered if find(protocol).skips_unanswered and answered is not None else np.ones(len(first), dtype=bool)
    drawn = Resamples(np.asarray(image_ids)[which], resamples=resamples, seed=seed)
    return drawn.gains(first[which], second[which], (metric,), protocol=protocol)[metric]


def _terms(counts: np.ndarray, metric: str, protocol: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each unit adds to a metric's numerator and to its denominator, and whether it is one of those it is about.

    Each (units,). Under "gres" oIoU is about what means something or was answered.
    """
    rules, one = find(protocol), np.ones(len(counts))
    if metric == "oiou":
        return counts[:, 0], counts[:, 1], counts[:, 1] > 0 if rules.has_no_targets else one
    each = iou(counts[:, 0], counts[:, 1], protocol=protocol)
    if metric == "miou":
        return each, one, one
    if metric in ANSWERING:
        if not rules.has_no_targets or counts.shape[1] < 3:
            raise UserError(f"{metric} is of protocol 'gres' and needs the targets' areas; got protocol {protocol!r}")
        none = counts[:, 2] == 0
        which = none if metric == "nacc" else ~none
        answered = counts[:, 1] - counts[:, 2] + counts[:, 0] > 0  # the answer's area
        return which & (answered != none), which, which
    if not metric.startswith("pr@"):
        choices = ", ".join(("oiou", "miou", "pr@0.5 (any threshold)", *(ANSWERING if rules.has_no_targets else ())))
        raise UserError(f"unknown metric {metric!r}; choose from {choices}")
    try:
        threshold = float(metric.removeprefix("pr@"))
    except ValueError:
        raise UserError(f"metric {metric!r}: expected a number after pr@, such as pr@0.5") from None
    if rules.passes is None:
        raise UserError(f"protocol {protocol!r} has no Pr@t; choose from oiou, miou")
    return is_right(each, protocol=protocol, threshold=threshold), one, one


def _estimate(figures: np.ndarray) -> Estimate:
    """The first is the value; the interval is that of the resamples in which there was something to measure."""
    drawn = figures[1:][np.isfinite(figures[1:])]
    if not np.isfinite(figures[0]) or not len(drawn):
        return Estimate(value=np.nan, low=np.nan, high=np.nan)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(value=float(figures[0]), low=float(low), high=float(high))


def _check(protocol: str, ref_ids: Sequence[str] | None, **columns: Any) -> None:
    """columns: intersections, unions, image_ids, and answered where it is known."""
    lengths = {name: len(column) for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) > 1:
        raise UserError(f"expected one entry a unit in each, got {lengths}")
    intersections, unions = columns["intersections"], columns["unions"]
    wrong = np.flatnonzero((intersections < 0) | (intersections > unions))
    if wrong.size:
        at = int(wrong[0])
        raise UserError(
            f"unit {at}: expected 0 <= intersection <= union, got intersection {intersections[at]}, union {unions[at]}"
        )
    if find(protocol).unit == "sentence":
        return
    if ref_ids is None or len(ref_ids) != len(unions):
        got = "none" if ref_ids is None else f"{len(ref_ids)}"
        raise UserError(f"protocol {protocol!r} measures refs: expected {len(unions)} ref_ids, got {got}")
    twice, times = Counter(ref_ids).most_common(1)[0] if ref_ids else ("", 1)
    if times > 1:
        raise UserError(
            f"protocol {protocol!r} measures refs, and ref {twice!r} comes {times} times; merge its sentences' masks "
            "first (merge_sentences)"
        )
