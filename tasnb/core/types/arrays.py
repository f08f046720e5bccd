"""The values that carry an image's arrays: masks, samples, dense features.

Axes: ``n`` proposals, ``h w`` pixels, ``r c`` rows and columns of a model's grid, ``d`` embedding dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from tasnb.core.brief import brief
from tasnb.core.errors import UserError

ImageRGB = UInt8[np.ndarray, "h w 3"]
# what baselines read of an image beyond TAS, by the name of the one that reads it
GRIDS = ("score_map", "clip_surgery", "grad_cam")
REGIONS = ("region_token", "global_local")
FEATURES = (*GRIDS, *REGIONS)


def freeze(array: Any, dtype: Any, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """A read-only array of a given kind.

    Parameters
    ----------
    array : array_like
        What came.
    dtype : dtype
        What it becomes.
    name : str
        What it is, for the message.
    shape : tuple of int or None
        What is expected; None is any length.

    Returns
    -------
    ndarray
        A copy where the original could be written.

    Raises
    ------
    ValueError
        For another shape; it says which was expected and which came.
    """
    frozen = np.asarray(array, dtype=dtype)
    # the first comparison settles the usual case: thousands of tables are made of scores whose length is known
    if frozen.shape != shape and not (
        frozen.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, frozen.shape, strict=True))
    ):
        want = tuple("any" if s is None else s for s in shape)
        raise UserError(f"{name}: expected shape {want}, got {frozen.shape}")
    if frozen.flags.writeable:
        frozen = frozen.copy()
        frozen.flags.writeable = False
    return frozen


def freeze_fields(value: Any, dtype: Any, **shapes: tuple[int | None, ...]) -> None:
    """``freeze`` fields of a frozen dataclass that is being made; a field that is None stays None.

    Parameters
    ----------
    value : dataclass
        The one that is being made.
    dtype : dtype
        As in ``freeze``.
    **shapes : tuple of int or None
        By the field's name, as in ``freeze``.
    """
    for name, shape in shapes.items():
        if getattr(value, name) is not None:
            object.__setattr__(value, name, freeze(getattr(value, name), dtype, name, shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class Proposals:
    """Class-agnostic masks of one image, in the proposer's order.

    Parameters
    ----------
    masks : ndarray of bool, shape (n, h, w)
        In the image's own pixels.
    boxes_xyxy : ndarray of int, shape (n, 4)
        Pixels, exclusive end; (0, 0, 0, 0) for an empty mask.
    pred_iou, stability_score : ndarray of float, shape (n,)
        SAM's own estimates; NaN where a source gives none.
    source : str
        Who made them, for people ("sam", "annotations").

    Raises
    ------
    ValueError
        When the parallel arrays disagree in length.
    """

    masks: Bool[np.ndarray, "n h w"]
    boxes_xyxy: Int[np.ndarray, "n 4"]
    pred_iou: Float[np.ndarray, " n"]
    stability_score: Float[np.ndarray, " n"]
    source: str

    __repr__ = brief

    def __post_init__(self) -> None:
        freeze_fields(self, bool, masks=(None, None, None))
        freeze_fields(self, np.int64, boxes_xyxy=(len(self), 4))
        freeze_fields(self, np.float32, pred_iou=(len(self),), stability_score=(len(self),))

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the image, in pixels."""
        return int(self.masks.shape[1]), int(self.masks.shape[2])

    def __getitem__(self, keep: Any) -> Proposals:
        """A new set: ``keep`` is a boolean (n,), integer indices, or a slice. An int gives a set of one."""
        if isinstance(keep, int | np.integer):
            keep = [int(keep)]
        keep = keep if isinstance(keep, slice) else np.asarray(keep)
        if isinstance(keep, np.ndarray) and keep.size == 0:
            keep = keep.astype(int)
        masks = self.masks[keep]
        masks.flags.writeable = False  # a copy of our own, or a view of what cannot be written: not copied again
        return Proposals(
            masks=masks,
            boxes_xyxy=self.boxes_xyxy[keep],
            pred_iou=self.pred_iou[keep],
            stability_score=self.stability_score[keep],
            source=self.source,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One expression about one image, with the answer when it is known.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3)
        RGB, upright.
    expression : str
        What is said of the thing meant; of several, or of nothing in the picture, where a data set has such (gRefCOCO).
    target : ndarray of bool, shape (h, w), or None
        All that is meant, as one annotated mask: of several things their union, all False where nothing is meant. None
        where no mask is known.
    sample_id, image_id, ref_id, sent_id : str
        The data set's own names of the sample, its image, its object and its sentence.
    dataset, split : str
        Where it is from.
    gold : mapping
        What a data set knows beyond that (RefToy: parse, directions, type tags); empty otherwise.
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

    __repr__ = brief


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """What the baselines take from an image beyond TAS, by the name of the one that reads it; any may be absent.

    Parameters
    ----------
    grids : mapping of str to ndarray of float32, shape (r, c, d)
        Name (of ``GRIDS``) -> one vector a cell, in the text's space.
    regions : mapping of str to ndarray of float32, shape (n, d)
        Name (of ``REGIONS``) -> unit rows, one a proposal.
    pooling : ndarray of float32, shape (n, r, c), or None
        How much each cell counts in the mean over a proposal's pixels.
    empty_text : ndarray of float32, shape (d,), or None
        The embedding of the empty text (CLIP Surgery's redundant feature).

    Raises
    ------
    ValueError
        For a wrong name, for grids that differ in size, and for parallel arrays that differ in length.
    """

    grids: Mapping[str, Float[np.ndarray, "r c d"]] = field(default_factory=dict)
    regions: Mapping[str, Float[np.ndarray, "n d"]] = field(default_factory=dict)
    pooling: Float[np.ndarray, "n r c"] | None = None
    empty_text: Float[np.ndarray, " d"] | None = None

    __repr__ = brief

    def __post_init__(self) -> None:
        rows, columns = next((grid.shape[:2] for grid in self.grids.values()), (None, None))
        for kind, known, shape in (("grids", GRIDS, (rows, columns, None)), ("regions", REGIONS, (None, None))):
            if wrong := sorted(set(getattr(self, kind)) - set(known)):
                raise UserError(f"{kind}: unknown feature {wrong[0]!r}; choose from {', '.join(known)}")
            frozen = {name: freeze(each, np.float32, name, shape) for name, each in getattr(self, kind).items()}
            object.__setattr__(self, kind, MappingProxyType(frozen))
        freeze_fields(self, np.float32, pooling=(None, rows, columns), empty_text=(None,))
        lengths = {len(each) for each in self._by_proposal()}
        if len(lengths) > 1:
            raise UserError(f"features of one image have one length, got {sorted(lengths)}; run describe() again")

    @property
    def names(self) -> tuple[str, ...]:
        """Which features are here."""
        return (*self.grids, *self.regions)

    @property
    def proposals(self) -> int | None:
        """The number of proposals that these features are about; None where no feature depends on them."""
        return next((len(each) for each in self._by_proposal()), None)

    def _by_proposal(self) -> list[np.ndarray]:
        """The arrays with one row a proposal."""
        return [*self.regions.values(), *([] if self.pooling is None else [self.pooling])]
