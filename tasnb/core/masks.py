"""Masks as arrays: area, box, centre, overlap, and COCO's run-length code.

Everything here is numpy on bool arrays; ``n h w`` are masks of one image, a single mask is ``h w``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from pycocotools import mask as coco

from tasnb.core.errors import UserError
from tasnb.core.limits import MAX_PIXELS, MAX_RUNS
from tasnb.core.types import Proposals

MAX_DIGITS = 6  # of 5 bits in a run's text: the longest run and its sign fit
MORE = 0x20  # marks a digit that another follows
PHOTO_AREA = 640 * 480  # pixels of the photos for which SAM's users and the authors of TAS choose areas
STRIP_PIXELS = 1 << 18  # pixels a matrix product takes at once: float32 counts exactly up to 1 << 24


def areas(masks: Bool[np.ndarray, "n h w"]) -> Int[np.ndarray, " n"]:
    """Foreground pixels of each mask.

    Parameters
    ----------
    masks : ndarray of bool, shape (n, h, w)
        Masks of one image.

    Returns
    -------
    ndarray of int, shape (n,)
        0 for an empty mask.

    Raises
    ------
    ValueError
        For an array of another kind.
    """
    _check_masks(masks, "masks")
    return np.count_nonzero(masks, axis=(1, 2))


def boxes_xyxy(masks: Bool[np.ndarray, "n h w"]) -> Int[np.ndarray, "n 4"]:
    """The tightest box of each mask.

    Parameters
    ----------
    masks : ndarray of bool, shape (n, h, w)
        Masks of one image.

    Returns
    -------
    ndarray of int, shape (n, 4)
        x0, y0, x1, y1 in pixels, exclusive end; (0, 0, 0, 0) for an empty mask.

    Raises
    ------
    ValueError
        For an array of another kind.

    Examples
    --------
    >>> mask = np.zeros((1, 4, 5), dtype=bool)
    >>> mask[0, 1:3, 2] = True
    >>> boxes_xyxy(mask).tolist()
    [[2, 1, 3, 3]]
    """
    _check_masks(masks, "masks")
    n, h, w = masks.shape
    boxes = np.zeros((n, 4), dtype=np.int64)
    if masks.size == 0:
        return boxes
    columns, rows = np.any(masks, axis=1), np.any(masks, axis=2)
    boxes[:, 0], boxes[:, 1] = columns.argmax(axis=1), rows.argmax(axis=1)
    boxes[:, 2], boxes[:, 3] = w - columns[:, ::-1].argmax(axis=1), h - rows[:, ::-1].argmax(axis=1)
    boxes[~rows.any(axis=1)] = 0
    return boxes


def scaled_area(area: int, size_hw: tuple[int, int]) -> float:
    """An area that is meant for a photo of 640 x 480, for a picture of another size.

    Parameters
    ----------
    area : int
        Pixels of such a photo.
    size_hw : tuple of int
        Height and width of the picture.

    Returns
    -------
    float
        The same share of the picture, in its pixels.
    """
    return area * size_hw[0] * size_hw[1] / PHOTO_AREA


def centroids_xy(masks: Bool[np.ndarray, "n h w"]) -> Float[np.ndarray, "n 2"]:
    """The centre of each mask: the mean (x, y) of its foreground pixels.

    Parameters
    ----------
    masks : ndarray of bool, shape (n, h, w)
        Masks of one image.

    Returns
    -------
    ndarray of float, shape (n, 2)
        Pixels; NaN for an empty mask.

    Raises
    ------
    ValueError
        For an array of another kind.

    Notes
    -----
    A pixel's coordinate is its index, so a mask of the first pixel alone has its centre at (0, 0).
    Source: paper, section 3.4, "averaging the coordinates of all foreground pixels".
    """
    _check_masks(masks, "masks")
    n, h, w = masks.shape
    sums = np.stack([masks.sum(axis=1) @ np.arange(w), masks.sum(axis=2) @ np.arange(h)], axis=1)
    counts = areas(masks)[:, None]
    centres = np.full((n, 2), np.nan)
    return np.divide(sums, counts, out=centres, where=counts > 0)


def pairwise_intersection(a: Bool[np.ndarray, "n h w"], b: Bool[np.ndarray, "m h w"]) -> Int[np.ndarray, "n m"]:
    """Pixels that mask i of ``a`` shares with mask j of ``b``.

    Parameters
    ----------
    a : ndarray of bool, shape (n, h, w)
        Masks of one image.
    b : ndarray of bool, shape (m, h, w)
        Masks of the same image.

    Returns
    -------
    ndarray of int, shape (n, m)
        Exact for any picture size.

    Raises
    ------
    ValueError
        When the sizes differ.
    """
    _check_masks(a, "a")
    _check_masks(b, "b")
    if a.shape[1:] != b.shape[1:]:
        raise UserError(f"masks of one image have one size; a is {a.shape[1:]} and b is {b.shape[1:]} (h, w)")
    pixels = a.shape[1] * a.shape[2]
    flat_a, flat_b = a.reshape(len(a), pixels), b.reshape(len(b), pixels)
    shared = np.zeros((len(a), len(b)), dtype=np.int64)
    # strips keep the float copies small: 200 masks of 12 megapixels would need 10 GB at once
    for start in range(0, pixels, STRIP_PIXELS):
        strip = slice(start, start + STRIP_PIXELS)
        left, right = flat_a[:, strip].astype(np.float32), flat_b[:, strip].astype(np.float32)
        shared += (left @ right.T).astype(np.int64)
    return shared


def pairwise_iou(a: Bool[np.ndarray, "n h w"], b: Bool[np.ndarray, "m h w"]) -> Float[np.ndarray, "n m"]:
    """Intersection over union of every pair.

    Parameters
    ----------
    a : ndarray of bool, shape (n, h, w)
        Masks of one image.
    b : ndarray of bool, shape (m, h, w)
        Masks of the same image.

    Returns
    -------
    ndarray of float, shape (n, m)
        0..1; two empty masks have IoU 0.

    Raises
    ------
    ValueError
        When the sizes differ.
    """
    shared = pairwise_intersection(a, b)
    return _ratio(shared, areas(a)[:, None] + areas(b)[None, :] - shared)


def pairwise_containment(a: Bool[np.ndarray, "n h w"], b: Bool[np.ndarray, "m h w"]) -> Float[np.ndarray, "n m"]:
    """Intersection over the smaller area of every pair.

    Parameters
    ----------
    a : ndarray of bool, shape (n, h, w)
        Masks of one image.
    b : ndarray of bool, shape (m, h, w)
        Masks of the same image.

    Returns
    -------
    ndarray of float, shape (n, m)
        0..1; 0 where one mask is empty; 1 means that the smaller mask lies inside the larger one.

    Raises
    ------
    ValueError
        When the sizes differ.

    Notes
    -----
    Source: suoych/TAS, ``calculate_overlap``.
    """
    return _ratio(pairwise_intersection(a, b), np.minimum(areas(a)[:, None], areas(b)[None, :]))


def iou(a: Bool[np.ndarray, "h w"], b: Bool[np.ndarray, "h w"]) -> float:
    """Intersection over union of two masks.

    Parameters
    ----------
    a, b : ndarray of bool, shape (h, w)
        Masks of one image.

    Returns
    -------
    float
        0..1; two empty masks have IoU 0, as nothing was found.

    Raises
    ------
    ValueError
        When the sizes differ.

    Examples
    --------
    >>> iou(np.array([[True, True, False, False]]), np.array([[True, False, False, False]]))
    0.5
    """
    if a.shape != b.shape:
        raise UserError(f"masks of one image have one size; got {a.shape} and {b.shape} (h, w)")
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 0.0


def make_proposals(
    masks: Bool[np.ndarray, "n h w"],
    *,
    pred_iou: Sequence[float] | np.ndarray | None = None,
    stability_score: Sequence[float] | np.ndarray | None = None,
    source: str,
) -> Proposals:
    """Proposals from masks alone: their boxes are computed, a score that the source lacks is NaN.

    Parameters
    ----------
    masks : ndarray of bool, shape (n, h, w)
        Masks of one image.
    pred_iou, stability_score : sequence of float, or None
        One a mask.
    source : str
        Who made them, for people.

    Returns
    -------
    Proposals
        In the order of the masks.

    Raises
    ------
    ValueError
        When a score list is not as long as the masks.
    """
    _check_masks(masks, "masks")
    unknown = np.full(len(masks), np.nan, dtype=np.float32)
    return Proposals(
        masks=masks,
        boxes_xyxy=boxes_xyxy(masks),
        pred_iou=unknown if pred_iou is None else np.asarray(pred_iou),
        stability_score=unknown if stability_score is None else np.asarray(stability_score),
        source=source,
    )


def to_rle(mask: Bool[np.ndarray, "h w"]) -> dict[str, Any]:
    """COCO's compressed run-length code of a mask.

    Parameters
    ----------
    mask : bool (h, w)
        The mask.

    Returns
    -------
    dict
        ``{"size": [h, w], "counts": str}``, runs in column order, written by pycocotools.

    Raises
    ------
    ValueError
        For anything but a bool array of two axes.
    """
    if mask.ndim != 2 or mask.dtype != bool:
        raise UserError(f"mask: expected bool (h, w), got {mask.dtype} {mask.shape}")
    counts = coco.encode(np.asfortranarray(mask, dtype=np.uint8))["counts"]
    return {"size": list(mask.shape), "counts": counts.decode("ascii")}


def from_rle(rle: Mapping[str, Any]) -> Bool[np.ndarray, "h w"]:
    """The mask of a COCO run-length code.

    Parameters
    ----------
    rle : mapping
        ``{"size": [h, w], "counts": ...}``, the counts compressed (str or bytes) or plain (a list of runs).

    Returns
    -------
    bool (h, w)
        The mask.

    Raises
    ------
    UserError
        When a key is missing, the size is more than ``limits.MAX_PIXELS``, or the runs do not add up to it.

    Notes
    -----
    Decoded here and not by pycocotools, whose C code reads past the end of a damaged text and adds up in 32 bits. The
    size is bounded before the runs are read, and each run by the size before they are added up, so nothing wraps.
    """
    if "size" not in rle or "counts" not in rle:
        raise UserError(f"expected the keys 'size' and 'counts', got {sorted(map(str, rle))}")
    counts = rle["counts"]
    try:
        h, w = (int(side) for side in rle["size"])
    except (TypeError, ValueError, OverflowError) as wrong:
        raise UserError(f"a run-length code cannot be read: its size is {rle['size']!r:.60}, not [h, w]") from wrong
    # a side may be beyond what an array can have though there is no pixel: [0, 2**63]
    if min(h, w) < 0 or max(h, w, h * w) > MAX_PIXELS:
        raise UserError(f"expected a mask of at most {MAX_PIXELS:,} pixels, got {h} x {w} (h x w); damaged code?")
    # a run of no length hardly ever stands between two others, so twice the pixels is far above any code
    most = min(MAX_RUNS, 2 * h * w + 2)
    runs = _runs_of_text(counts, most) if isinstance(counts, str | bytes) else _runs_of_list(counts, most)
    # seen without its sign, a negative run is longer than any mask
    if runs.view(np.uint64).max(initial=0) > h * w or runs.sum() != h * w:
        total = sum(runs.tolist())
        raise UserError(f"run lengths add up to {total} pixels, the size says {h} x {w} = {h * w}; damaged code?")
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape((h, w), order="F")


def _runs_of_list(counts: Any, most: int) -> np.ndarray:
    told = f"a run-length code cannot be read: expected counts as a text or at most {most:,} whole numbers"
    if not isinstance(counts, Sequence | np.ndarray):
        raise UserError(f"{told}, got {counts!r:.60}; damaged code?")
    if isinstance(counts, Sequence) and len(counts) > most:
        raise UserError(f"{told}, got {len(counts):,}; damaged code?")
    try:
        runs = np.asarray(counts)
    except (TypeError, ValueError, OverflowError) as wrong:
        raise UserError(f"{told}, got {counts!r:.60}; damaged code?") from wrong
    whole = runs.dtype.kind in "iu" or (runs.dtype.kind == "f" and (runs == np.floor(runs)).all())
    if runs.ndim != 1 or len(runs) > most or not whole:
        raise UserError(f"{told}, got {counts!r:.60}; damaged code?")
    # before the cast: what is longer than any mask may have no place in 64 bits
    if runs.size and (runs.min() < 0 or runs.max() > MAX_PIXELS):
        raise UserError(
            f"run lengths add up to {sum(runs.tolist()):.0f} pixels, from {runs.min():.0f} on; damaged code?"
        )
    return runs.astype(np.int64)


def _runs_of_text(text: str | bytes, most: int) -> np.ndarray:
    """The runs of COCO's text: each less the one two before it, in digits of 5 bits, the lowest first, offset by 48."""
    # two digits a run, as the runs of a mask are the shorter the more there are
    if len(text) > min(MAX_DIGITS * most, 2 * MAX_RUNS):
        raise UserError(f"expected at most {most:,} runs, got a text of {len(text):,} letters; damaged code?")
    try:
        letters = np.frombuffer(text.encode("ascii") if isinstance(text, str) else text, dtype=np.uint8)
    except UnicodeEncodeError as wrong:
        raise UserError("counts is not COCO's compressed run-length text; damaged code?") from wrong
    offset = letters - np.uint8(48)  # a letter below wraps to one far above
    if not offset.size or offset.max() > 63 or offset[-1] & MORE:
        raise UserError("counts is not COCO's compressed run-length text; damaged code?")
    digits = offset.astype(np.int32)
    last = np.flatnonzero(digits < MORE)
    if len(last) > most:
        raise UserError(f"expected at most {most:,} runs, got {len(last):,}; damaged code?")
    first = np.concatenate([[0], last[:-1] + 1])
    lengths = last - first + 1
    if lengths.max() > MAX_DIGITS:
        raise UserError(f"counts holds a run of more than {5 * MAX_DIGITS} bits; damaged code?")
    shifts = np.arange(len(digits), dtype=np.int32)
    shifts -= np.repeat(first.astype(np.int32), lengths)
    runs = np.add.reduceat((digits & 0x1F) << 5 * shifts, first, dtype=np.int64)
    runs -= (digits[last] & 0x10).astype(np.int64) << (5 * lengths - 4)  # the highest bit is the sign
    # the first three stand as they are; runs of 30 bits, at most MAX_RUNS of them: their sums stay within 53 bits
    runs[1::2], runs[2::2] = np.cumsum(runs[1::2]), np.cumsum(runs[2::2])
    return runs


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, and 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _check_masks(masks: np.ndarray, name: str) -> None:
    if masks.ndim != 3 or masks.dtype != bool:
        raise UserError(f"{name}: expected bool (n, h, w), got {masks.dtype} {masks.shape}; one mask is mask[None]")
