"""Masks and samples: the values that carry pixels. Axes: ``n`` proposals, ``h w`` pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

ImageRGB = UInt8[np.ndarray, "h w 3"]


def freeze(array: Any, dtype: Any, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return a read-only array of the given dtype, or say which shape was expected and which came."""
    frozen = np.asarray(array, dtype=dtype)
    fits = frozen.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, frozen.shape, strict=True)
    )
    if not fits:
        want = tuple("any" if s is None else s for s in shape)
        raise ValueError(f"{name}: expected shape {want}, got {frozen.shape}")
    if frozen.flags.writeable:
        frozen = frozen.copy()
        frozen.flags.writeable = False
    return frozen


@dataclass(frozen=True, kw_only=True, eq=False)
class Proposals:
    """Class-agnostic masks of one image, in the proposer's order.

    masks: bool (n, h, w). boxes_xyxy: int (n, 4), exclusive end, (0, 0, 0, 0) for an empty mask.
    pred_iou, stability_score: float (n,), SAM's own estimates; NaN where a source gives none.
    source: who made them, for people ("sam", "annotations").
    Raises ValueError when the parallel arrays disagree in length.
    """

    masks: Bool[np.ndarray, "n h w"]
    boxes_xyxy: Int[np.ndarray, "n 4"]
    pred_iou: Float[np.ndarray, " n"]
    stability_score: Float[np.ndarray, " n"]
    source: str

    def __post_init__(self) -> None:
        masks = freeze(self.masks, bool, "masks", (None, None, None))
        n = len(masks)
        object.__setattr__(self, "masks", masks)
        object.__setattr__(self, "boxes_xyxy", freeze(self.boxes_xyxy, np.int64, "boxes_xyxy", (n, 4)))
        object.__setattr__(self, "pred_iou", freeze(self.pred_iou, np.float32, "pred_iou", (n,)))
        object.__setattr__(self, "stability_score", freeze(self.stability_score, np.float32, "stability_score", (n,)))

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def size_hw(self) -> tuple[int, int]:
        return int(self.masks.shape[1]), int(self.masks.shape[2])

    def __getitem__(self, keep: Any) -> Proposals:
        """A new set: ``keep`` is a boolean (n,), integer indices, or a slice. An int gives a set of one."""
        if isinstance(keep, int | np.integer):
            keep = [int(keep)]
        keep = keep if isinstance(keep, slice) else np.asarray(keep)
        if isinstance(keep, np.ndarray) and keep.size == 0:
            keep = keep.astype(int)
        return Proposals(
            masks=self.masks[keep],
            boxes_xyxy=self.boxes_xyxy[keep],
            pred_iou=self.pred_iou[keep],
            stability_score=self.stability_score[keep],
            source=self.source,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One expression about one image, with the answer when it is known.

    image: uint8 (h, w, 3), RGB, upright. target: bool (h, w) or None. gold: what a data set knows beyond that
    (RefToy: parse, directions, type tags), an empty mapping otherwise.
    """

    image: ImageRGB
    expression: str
    target: Bool[np.ndarray, "h w"] | None
    sample_id: str
    image_id: str
    ref_id: str
    sent_id: str
    dataset: str
    split: str
    gold: Mapping[str, Any] = field(default_factory=dict)
