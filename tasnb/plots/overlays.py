"""Masks laid over a photo, as arrays."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from tasnb.core.images import mask_colour
from tasnb.core.types import Proposals
from tasnb.plots.lettering import INK, PAPER, font_of


def outline(mask: np.ndarray, width: int = 2) -> np.ndarray:
    """The inner rim of a mask: bool (h, w), ``width`` pixels wide."""
    if not mask.any():
        return np.zeros_like(mask)
    return mask & ~ndimage.binary_erosion(mask, iterations=width)


def silhouette(mask: np.ndarray, colour: tuple[int, int, int] = PAPER, *, height: int = 56) -> np.ndarray:
    """A small picture of one mask on black: uint8 (height, about height * w / h, 3)."""
    pixels = mask[:, :, None] * np.asarray(colour, np.uint8)
    width = max(1, round(height * mask.shape[1] / mask.shape[0]))
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


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


def rims(
    image_rgb: np.ndarray, target: np.ndarray | None = None, answer: np.ndarray | None = None, *, index: int = 0
) -> np.ndarray:
    """The photo with the target's rim dashed in white and an answer tinted and rimmed in its colour: uint8 (h, w, 3).

    index: the answer's number, for its colour. A dark line lies under both, so that they read on any photo.
    """
    pixels = image_rgb.copy()
    if answer is not None:
        tint = 0.65 * pixels[answer] + 0.35 * np.asarray(mask_colour(index))
        pixels[answer] = tint.round().astype(np.uint8)
    width = max(2, round(min(image_rgb.shape[:2]) / 80))
    dashes = (np.add.outer(np.arange(image_rgb.shape[0]), np.arange(image_rgb.shape[1])) // (3 * width)) % 2 == 0
    for mask, colour, where in ((answer, mask_colour(index), None), (target, PAPER, dashes)):
        if mask is None or not mask.any():
            continue
        pixels[ndimage.binary_dilation(mask, iterations=max(1, width // 2)) & ~mask] = INK
        rim = outline(mask, width)
        pixels[rim & ~dashes if where is not None else rim] = INK
        pixels[rim if where is None else rim & where] = colour
    return pixels


def numbered(image_rgb: np.ndarray, proposals: Proposals, *, side: int = 520) -> np.ndarray:
    """All proposals with their numbers, and nothing that tells the answer: uint8 (h, w, 3).

    side: the longer side of the picture, pixels. A number stands inside its mask, as far from the rim as it can.
    """
    picture = Image.fromarray(proposals_picture(image_rgb, proposals))
    scale = side / max(picture.size)
    picture = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.LANCZOS
    )
    draw, font = ImageDraw.Draw(picture), font_of(18, bold=True)
    for index, mask in enumerate(proposals.masks):
        if not mask.any():
            continue
        depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        y, x = np.unravel_index(int(depth.argmax()), mask.shape)
        at = ((x + 0.5) * scale, (y + 0.5) * scale)
        draw.text(at, str(index), font=font, fill=PAPER, anchor="mm", stroke_width=3, stroke_fill=INK)
    return np.asarray(picture)
