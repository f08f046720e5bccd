"""Masks -> intersections and unions in pixels, all that the figures are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from tasnb.core.masks import areas, pairwise_intersection


def intersection_union(pred: Bool[np.ndarray, "h w"], target: Bool[np.ndarray, "h w"]) -> tuple[int, int]:
    """Pixels in both masks and pixels in either. No answer is an all-False ``pred``: (0, target area).

    >>> intersection_union(np.array([[True, True, False]]), np.array([[False, True, True]]))
    (1, 3)
    """
    if pred.shape != target.shape:
        raise ValueError(f"prediction and target are masks of one image; got {pred.shape} and {target.shape} (h, w)")
    return int(np.count_nonzero(pred & target)), int(np.count_nonzero(pred | target))


def best_proposal(masks: Bool[np.ndarray, "n h w"], target: Bool[np.ndarray, "h w"]) -> tuple[int | None, int, int]:
    """The oracle: index, intersection and union of the proposal with the best IoU; a tie keeps the earlier.

    Its figures stand beside a method's: they say how much was lost before anything was selected.
    No proposals: (None, 0, target area).
    """
    size = int(np.count_nonzero(target))
    if len(masks) == 0:
        return None, 0, size
    shared = pairwise_intersection(masks, target[None])[:, 0]
    unions = areas(masks) + size - shared
    best = int(np.argmax(shared / np.maximum(unions, 1)))
    return best, int(shared[best]), int(unions[best])


def merge_sentences(
    predictions: Bool[np.ndarray, "n h w"], ref_ids: Sequence[str]
) -> tuple[Bool[np.ndarray, "r h w"], tuple[str, ...]]:
    """One mask a ref, the union of its sentences' masks, for the protocol "car": masks (r, h, w) and their refs.

    The refs keep the order in which they first appear; all are refs of one image.
    """
    if len(predictions) != len(ref_ids):
        raise ValueError(f"expected one ref id a mask, got {len(ref_ids)} ids for {len(predictions)} masks")
    refs = tuple(dict.fromkeys(ref_ids))
    named = np.asarray(ref_ids, dtype=object)
    merged = [predictions[named == ref].any(axis=0) for ref in refs]
    return np.array(merged, dtype=bool).reshape((len(refs), *predictions.shape[1:])), refs
