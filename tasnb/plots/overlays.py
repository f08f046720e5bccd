"""Masks laid over a photo, as arrays."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from tasnb.pictures import mask_colour
from tasnb.plots.lettering import INK
from tasnb.types import Proposals


def outline(mask: np.ndarray, width: int = 2) -> np.ndarray:
    """The inner rim of a mask: bool (h, w), ``width`` pixels wide."""
    if not mask.any():
        return np.zeros_like(mask)
    return mask & ~ndimage.binary_erosion(mask, iterations=width)


def overlay(image_rgb: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int], *, dim: float = 0.45) -> np.ndarray:
    """The photo with one mask kept bright inside a double rim and the rest dimmed: uint8 (h, w, 3).

    dim: how much of the outside's brightness is taken away, 0..1.
    """
    pixels = image_rgb.astype(np.float32)
    gray = pixels.mean(axis=2, keepdims=True)
    outside = (0.45 * pixels + 0.55 * gray) * (1 - dim) + 255 * dim * 0.35
    pixels = np.where(mask[:, :, None], pixels, outside)
    width = max(2, round(min(mask.shape) / 110))
    # a dark rim around a coloured one reads on any background, and without colour vision
    halo = ndimage.binary_dilation(mask, iterations=width) & ~mask if mask.any() else mask
    pixels[halo] = INK
    pixels[outline(mask, width)] = colour
    return pixels.round().astype(np.uint8)


def proposals_picture(image_rgb: np.ndarray, proposals: Proposals, kept: np.ndarray | None = None) -> np.ndarray:
    """All proposals in their fixed colours, the largest first so that small ones stay visible: uint8 (h, w, 3).

    kept: bool (n,); a proposal that the rectifier took out is hatched and gray.
    """
    pixels = image_rgb.astype(np.float32)
    stripes = (np.add.outer(np.arange(image_rgb.shape[0]), np.arange(image_rgb.shape[1])) // 3) % 3 == 0
    for index in np.argsort(-proposals.masks.sum(axis=(1, 2)), kind="stable"):
        mask = proposals.masks[index]
        stays = kept is None or kept[index]
        colour = np.asarray(mask_colour(int(index)) if stays else (120, 120, 120), np.float32)
        fill = mask if stays else mask & stripes
        pixels[fill] = 0.5 * pixels[fill] + 0.5 * colour
        pixels[outline(mask, 1)] = colour
    return pixels.round().astype(np.uint8)
