"""Heat maps: how well each place of a picture fits a text, and the mean of a map over each mask.

A model sees the whole picture squashed to its own square, so a map has the model's grid and covers every pixel: cell
(i, j) of (r, c) is the rectangle of h / r by w / c pixels there. A map goes back to the picture by bilinear
interpolation between the centres of its cells, and a mask's score is the mean of the interpolated map over its pixels.
Both steps are linear, so the weights of the cells are computed once for a mask and serve every text.

Squashed, not cropped or padded: a centre crop would leave masks at the rim without any value, and black bars would
spend cells on nothing. The authors of Global-Local and of CLIP Surgery resize in the same way.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

from tasnb.core.choices import require_known
from tasnb.core.embeddings import cosines, unit_rows
from tasnb.core.errors import UserError

Resize = Literal["area", "bilinear", "nearest"]
MASKS_AT_ONCE = 16  # of a picture of 12 megapixels: 0.8 GB as float32


def score_map(features: Float[np.ndarray, "r c d"], text: Float[np.ndarray, " d"]) -> Float[np.ndarray, "r c"]:
    """Score Map: the cosine of every cell's feature with the text (Zhou et al., MaskCLIP, ECCV 2022).

    Parameters
    ----------
    features : ndarray of float, shape (r, c, d)
        One vector a cell.
    text : ndarray of float, shape (d,)
        The text's embedding.

    Returns
    -------
    ndarray of float, shape (r, c)
        -1..1.

    Examples
    --------
    >>> score_map(np.array([[[1.0, 0.0], [0.0, 2.0]]]), np.array([0.0, 1.0])).tolist()
    [[0.0, 1.0]]
    """
    rows, columns, width = features.shape
    return cosines(features.reshape(-1, width), text[None])[:, 0].reshape(rows, columns)


def surgery_map(
    features: Float[np.ndarray, "r c d"], text: Float[np.ndarray, " d"], redundant: Float[np.ndarray, " d"]
) -> Float[np.ndarray, "r c"]:
    """CLIP Surgery: every cell's unit feature times what the text says beyond the redundant one (Li et al., 2023).

    Parameters
    ----------
    features : ndarray of float, shape (r, c, d)
        One vector a cell.
    text, redundant : ndarray of float, shape (d,)
        Unit vectors.

    Returns
    -------
    ndarray of float, shape (r, c)
        features . (text - redundant), -2..2.

    Notes
    -----
    What text and redundant feature share cancels, and a text that says nothing more than the redundant feature has a
    map of zeros.
    """
    return np.asarray(unit_rows(features) @ (text.astype(np.float64) - redundant.astype(np.float64)))


def grad_cam(activations: Float[np.ndarray, "r c k"], weights: Float[np.ndarray, " k"]) -> Float[np.ndarray, "r c"]:
    """Grad-CAM: the channels summed by their weights, and what is negative cut to 0 (Selvaraju et al., ICCV 2017).

    Parameters
    ----------
    activations : ndarray of float, shape (r, c, k)
        Of the k channels in each cell.
    weights : ndarray of float, shape (k,)
        Of each channel, the mean over all cells of the score's gradient. Here also used with ``activations`` that are
        already summed over the model's channels (see ``Features``), where the text itself is the weights.

    Returns
    -------
    ndarray of float, shape (r, c)
        0 or more.

    Examples
    --------
    >>> grad_cam(np.array([[[1.0, 2.0], [3.0, 0.0]]]), np.array([1.0, -1.0])).tolist()
    [[0.0, 3.0]]
    """
    return np.maximum(activations.astype(np.float64) @ weights.astype(np.float64), 0.0)


def resize(heat: Float[np.ndarray, "r c"], size_hw: tuple[int, int]) -> Float[np.ndarray, "h w"]:
    """The map at the picture's size: bilinear between the centres of the cells, constant beyond the outermost ones.

    Parameters
    ----------
    heat : ndarray of float, shape (r, c)
        The map.
    size_hw : tuple of int
        Height and width, in pixels.

    Returns
    -------
    ndarray of float, shape (h, w)
        Within the map's own range.
    """
    return _bilinear(size_hw[0], heat.shape[0]) @ heat @ _bilinear(size_hw[1], heat.shape[1]).T


def coverage(
    masks: Bool[np.ndarray, "n h w"], grid_hw: tuple[int, int], how: Resize = "area"
) -> Float[np.ndarray, "n r c"]:
    """How much of each cell a mask covers.

    Parameters
    ----------
    masks : ndarray of bool, shape (n, h, w)
        In the image's pixels.
    grid_hw : tuple of int
        Rows and columns of cells.
    how : str
        "area": the share of the cell's area. "bilinear": between the pixels at the cell's centre. "nearest": the pixel
        at the cell's corner, as torch's nearest takes it.

    Returns
    -------
    ndarray of float, shape (n, r, c)
        0..1.

    Raises
    ------
    ValueError
        For another way.

    Examples
    --------
    >>> coverage(np.array([[[True, False, False, True]]]), (1, 2)).tolist()
    [[[0.5, 0.5]]]
    """
    require_known("resize of masks", how, get_args(Resize))
    along = {"area": _area, "bilinear": _bilinear, "nearest": _nearest}[how]
    height, width = masks.shape[1:]
    return _carried(masks, along(grid_hw[0], height), along(grid_hw[1], width))


def pooling(masks: Bool[np.ndarray, "n h w"], grid_hw: tuple[int, int]) -> Float[np.ndarray, "n r c"]:
    """The weight of each cell in the mean of the resized map over a mask's pixels.

    Parameters
    ----------
    masks : ndarray of bool, shape (n, h, w)
        In the image's pixels.
    grid_hw : tuple of int
        Rows and columns of cells.

    Returns
    -------
    ndarray of float, shape (n, r, c)
        The weights of a mask sum to 1; those of an empty mask are 0.
    """
    height, width = masks.shape[1:]
    sums = _carried(masks, _bilinear(height, grid_hw[0]).T, _bilinear(width, grid_hw[1]).T)
    counts = np.count_nonzero(masks, axis=(1, 2))[:, None, None]
    return np.divide(sums, counts, out=np.zeros(sums.shape), where=counts > 0)


def pool(heat: Float[np.ndarray, "r c"], weights: Float[np.ndarray, "n r c"]) -> Float[np.ndarray, " n"]:
    """The mean of a map over each mask.

    Parameters
    ----------
    heat : ndarray of float, shape (r, c)
        The map.
    weights : ndarray of float, shape (n, r, c)
        From ``pooling``, for the map's own grid.

    Returns
    -------
    ndarray of float, shape (n,)
        An empty mask has no mean; it gets the map's least value, so that it cannot beat a mask with pixels.

    Raises
    ------
    ValueError
        For a map that holds NaN or infinity.
    """
    if not np.isfinite(heat).all():
        raise UserError("the heat map holds NaN or infinity; try dtype float32")
    means = np.tensordot(weights.astype(np.float64), heat, axes=2)
    return np.where(weights.any(axis=(1, 2)), means, heat.min())


def _carried(masks: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """rows (r, h) . mask (h, w) . columns (c, w) transposed, for every mask: float64 (n, r, c)."""
    found = np.zeros((len(masks), len(rows), len(columns)))
    left, right = rows.astype(np.float32), columns.T.astype(np.float32)
    for start in range(0, len(masks), MASKS_AT_ONCE):
        block = slice(start, start + MASKS_AT_ONCE)
        found[block] = left @ masks[block].astype(np.float32) @ right
    return found


def _bilinear(pixels: int, cells: int) -> Float[np.ndarray, "p k"]:
    """What each cell contributes to each pixel along one axis; rows sum to 1. Centres lie at (i + 1/2) / length."""
    at = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    return np.maximum(0.0, 1 - np.abs(at[:, None] - np.arange(cells)))


def _nearest(cells: int, pixels: int) -> Float[np.ndarray, "k p"]:
    """Which pixel each cell takes along one axis; rows sum to 1."""
    return (np.arange(cells)[:, None] * pixels // cells == np.arange(pixels)).astype(np.float64)


def _area(cells: int, pixels: int) -> Float[np.ndarray, "k p"]:
    """The share of each cell that each pixel fills along one axis; rows sum to 1."""
    starts = np.arange(cells)[:, None] * pixels / cells
    ends = starts + pixels / cells
    shared = np.minimum(ends, np.arange(pixels) + 1) - np.maximum(starts, np.arange(pixels))
    return np.maximum(shared, 0.0) * cells / pixels
