"""The real expressions with boxes of ``shared/data/refexp``, and how much a choice among boxes gains over chance.

Rules are chosen on the pictures with an even id and reported on the odd ones.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tasnb.evaluation.metrics import Estimate, Resamples

FILE = Path("data/refexp/expressions.jsonl.gz")
DATASETS = {"refcoco": "RefCOCO", "refcoco+": "RefCOCO+", "refcocog_test": "RefCOCOg"}


@dataclass(frozen=True, kw_only=True)
class Expression:
    """One expression, with the boxes it chooses among.

    Parameters
    ----------
    dataset : str
        A key of ``DATASETS``.
    text : str
        As typed.
    image : int
        COCO's id.
    boxes_xywh : ndarray of float, shape (n, 4)
        Pixels. RefCOCO and RefCOCO+: those that any expression refers to; RefCOCOg: those of the target's category.
    categories : tuple of int, or None
        COCO's, one a box; None for RefCOCOg.
    target : int
        Row of the true box.
    """

    dataset: str
    text: str
    image: int
    boxes_xywh: np.ndarray
    categories: tuple[int, ...] | None
    target: int

    def __len__(self) -> int:
        return len(self.boxes_xywh)

    @cached_property
    def centres_xy(self) -> np.ndarray:
        """The centres of the boxes, float, shape (n, 2), pixels."""
        return self.boxes_xywh[:, :2] + self.boxes_xywh[:, 2:] / 2


def shared_root() -> Path:
    """Where the shared data lies: ``TASNB_SHARED``, as for the tests."""
    return Path(os.environ.get("TASNB_SHARED", "../shared"))


def load(*, odd: bool | None = None, root: Path | None = None) -> list[Expression]:
    """The expressions in the order of the file; of the pictures with an even or an odd id only, where ``odd`` says."""
    with gzip.open((root or shared_root()) / FILE, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Expression(
            dataset=row["dataset"], text=row["text"], image=row["image"], target=row["target"],
            boxes_xywh=np.array(row["boxes_xywh"], dtype=float).reshape(-1, 4),
            categories=None if row["categories"] is None else tuple(row["categories"]),
        )
        for row in rows
        if odd is None or row["image"] % 2 == odd
    ]  # fmt: skip


def chance_of_target(kept: np.ndarray, target: int) -> float:
    """How often a random choice among the boxes that stay is the target: 0 where it is not among them.

    kept: bool (n,), with at least one box. Of scores, give ``scores == scores.max()``.
    """
    return float(kept[target]) / int(kept.sum())


def gain(expressions: Sequence[Expression], kept: Sequence[np.ndarray]) -> Estimate:
    """By how much a random choice among the boxes kept is the target more often than one among all, in points.

    One ``kept`` an expression, bool (n,). The interval is that of a bootstrap over pictures.
    """
    gained = [chance_of_target(k, e.target) - 1 / len(e) for e, k in zip(expressions, kept, strict=True)]
    return mean(expressions, np.array(gained))


def target_kept(expressions: Sequence[Expression], kept: Sequence[np.ndarray]) -> Estimate:
    """In how many per cent of the expressions the target is among the boxes kept."""
    return mean(expressions, np.array([k[e.target] for e, k in zip(expressions, kept, strict=True)], dtype=float))


def mean(expressions: Sequence[Expression], values: np.ndarray) -> Estimate:
    """100 x the mean of one value an expression, with the interval of a bootstrap over pictures."""
    return Resamples([str(e.image) for e in expressions]).ratio(values, np.ones(len(values)))
