"""What every mask proposer shares: the options of a grid of points, neither empty masks nor repeats, and memory for
one full-size copy of the masks: until the last line they are run lengths, made a slice at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasnb.core.errors import UserError
from tasnb.core.masks import from_rle, make_proposals, to_rle
from tasnb.core.types import Proposals
from tasnb.models.options import ProposerOptions

# pixels of masks that are enlarged at once: on a CPU what stays in its caches, elsewhere what keeps it busy
CPU_SLICE_PIXELS, SLICE_PIXELS = 1 << 22, 1 << 26


@dataclass(frozen=True, kw_only=True)
class GridConfig(ProposerOptions):
    """How masks are asked for with a grid of points, and filtered. Thresholds lie in [0, 1].

    Parameters
    ----------
    points_per_side : int
        Points of the grid along each side of the image.
    pred_iou_thresh : float
        Masks below this predicted IoU are dropped.
    stability_score_thresh : float
        Masks below this stability are dropped.
    box_nms_thresh : float
        Of two boxes with a larger IoU than this, the less certain is dropped.
    points_per_batch : int
        Points that the model answers at once; less needs less memory, the masks are the same.

    Raises
    ------
    ValueError
        For a value outside its range.
    """

    points_per_side: int = 8  # paper, section 4.2, for SAM (SAM default 32); its successors have no setting there
    pred_iou_thresh: float = 0.7  # paper, section 4.2 (SAM default 0.88)
    stability_score_thresh: float = 0.7  # paper, section 4.2 (SAM default 0.95)
    box_nms_thresh: float = 0.7  # SAM default
    points_per_batch: int = 64  # SAM default


class Proposer(ABC):
    """A `MaskProposer`; an adapter says what its model finds.

    Parameters
    ----------
    model : object
        The vendor's, loaded.
    config : ProposerOptions
        The options that the model runs with.
    source : str
        What its proposals are said to come from.
    fingerprint : str
        Changes whenever a mask could.
    device : str
        Where the model is.
    """

    def __init__(self, model: Any, config: Any, *, source: str, fingerprint: str, device: str) -> None:
        self.model, self.config = model, config
        self.source, self.fingerprint, self.device = source, fingerprint, device

    def propose(self, image_rgb: np.ndarray) -> Proposals:
        """Segment everything; empty masks and exact repeats are left out.

        Parameters
        ----------
        image_rgb : ndarray of uint8, shape (h, w, 3)
            Of any size.

        Returns
        -------
        Proposals
            In the model's order: best predicted IoU first, but with SAM's ``min_mask_region_area`` the masks that it
            mended come after those that it left alone. An empty set when no mask passes the thresholds.

        Raises
        ------
        ValueError
            For another kind of array.
        """
        image = np.asarray(image_rgb)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise UserError(f"image_rgb: expected uint8 (h, w, 3), got {image.dtype} {image.shape}")
        masks, pred_iou, stability = self._found(np.ascontiguousarray(image))
        masks.flags.writeable = False  # ours alone: a value that must not be written is not copied again
        return make_proposals(masks, pred_iou=pred_iou, stability_score=stability, source=self.source)

    @abstractmethod
    def _found(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Masks, bool (n, h, w), in their order, their predicted IoU (n,), and their stability (n,) if it is known."""


def in_slices(count: int, pixels: int, device: str) -> Iterator[slice]:
    """Share out masks that are too many to be enlarged at once.

    Parameters
    ----------
    count : int
        Masks in all.
    pixels : int
        Of one mask at its largest.
    device : str
        Where they are enlarged.

    Yields
    ------
    slice
        Of the masks, one at least at a time.
    """
    step = max(1, (CPU_SLICE_PIXELS if device == "cpu" else SLICE_PIXELS) // pixels)
    return (slice(start, start + step) for start in range(0, count, step))


def distinct(codes: Sequence[Mapping[str, Any]], order: Iterable[int]) -> list[int]:
    """Choose the masks that are neither empty nor a repeat of an earlier one.

    Parameters
    ----------
    codes : sequence of mapping
        All that a model found, as ``to_rle`` writes them.
    order : iterable of int
        Their indices, those first that are to be kept of equals.

    Returns
    -------
    list of int
        Indices that stay, in that order.

    Notes
    -----
    A proposer's own suppression compares boxes by area, which is 0 for a mask of one row or column, so it misses those.
    """
    first: dict[str, int] = {}
    for index in order:
        first.setdefault(codes[index]["counts"], int(index))
    if codes:
        first.pop(to_rle(np.zeros(codes[0]["size"], dtype=bool))["counts"], None)
    return list(first.values())


def unpacked(codes: Sequence[Mapping[str, Any]], size_hw: tuple[int, int]) -> np.ndarray:
    """The masks of run lengths.

    Parameters
    ----------
    codes : sequence of mapping
        As ``to_rle`` writes them.
    size_hw : tuple of int
        Height and width of the picture.

    Returns
    -------
    ndarray of bool, shape (n, h, w)
        The only full-size copy.
    """
    masks = np.empty((len(codes), *size_hw), dtype=bool)
    for row, code in enumerate(codes):
        masks[row] = from_rle(code)
    return masks
