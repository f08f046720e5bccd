"""Masks and heat maps laid over a photo, as arrays."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from tasnb.core.errors import UserError
from tasnb.core.images import mask_colour, resized, shrunk
from tasnb.core.masks import make_proposals
from tasnb.core.types import Proposals
from tasnb.plots.sheets import INK, PAPER, font_of

DRAWN = 1024  # pixels of a photo's longer side on which rims are drawn: every panel is smaller
OPAQUE = 0.62  # of a heat map's colours over the gray photo: things stay recognisable


def outline(mask: np.ndarray, width: int = 2) -> np.ndarray:
    """The inner rim of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        May be empty.
    width : int
        Of the rim, pixels.

    Returns
    -------
    ndarray of bool, shape (h, w)
        Part of the mask.
    """
    return mask & ~ndimage.binary_erosion(mask, iterations=width)


def silhouette(mask: np.ndarray, colour: tuple[int, int, int] = PAPER, *, height: int = 56) -> np.ndarray:
    """A small picture of one mask on black.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        The mask.
    colour : tuple of int
        RGB, 0 to 255.
    height : int
        Of the picture, pixels.

    Returns
    -------
    ndarray of uint8, shape (height, w', 3)
        w' keeps the proportions.
    """
    pixels = mask[:, :, None] * np.asarray(colour, np.uint8)
    width = max(1, round(height * mask.shape[1] / mask.shape[0]))
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def overlay(image_rgb: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int], *, dim: float = 0.45) -> np.ndarray:
    """The photo with one mask kept bright inside a double rim and the rest dimmed.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The photo.
    mask : ndarray of bool, shape (h, w)
        What stays bright.
    colour : tuple of int
        Of the rim: RGB, 0 to 255.
    dim : float
        How much of the outside's brightness is taken away, 0 to 1.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        The picture.
    """
    pixels = image_rgb.astype(np.float32)
    gray = pixels.mean(axis=2, keepdims=True)
    outside = (0.45 * pixels + 0.55 * gray) * (1 - dim) + 255 * dim * 0.35
    pixels = np.where(mask[:, :, None], pixels, outside)
    width = max(2, round(min(mask.shape) / 110))
    # a dark rim around a coloured one reads on any background, and without colour vision
    pixels[ndimage.binary_dilation(mask, iterations=width) & ~mask] = INK
    pixels[outline(mask, width)] = colour
    return pixels.round().astype(np.uint8)


def proposals_picture(image_rgb: np.ndarray, proposals: Proposals, kept: np.ndarray | None = None) -> np.ndarray:
    """All proposals in their fixed colours, the largest first so that small ones stay visible.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The photo.
    proposals : Proposals
        n masks of the photo's size.
    kept : ndarray of bool, shape (n,), optional
        A proposal that the rectifier took out is hatched and gray.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        The picture.
    """
    pixels = image_rgb.astype(np.float32)
    hatched = stripes(image_rgb, 3, every=3)
    for index in np.argsort(-proposals.masks.sum(axis=(1, 2)), kind="stable"):
        mask = proposals.masks[index]
        stays = kept is None or kept[index]
        colour = np.asarray(mask_colour(int(index)) if stays else (120, 120, 120), np.float32)
        fill = mask if stays else mask & hatched
        pixels[fill] = 0.5 * pixels[fill] + 0.5 * colour
        pixels[outline(mask, 1)] = colour
    return pixels.round().astype(np.uint8)


def to_draw(proposals: Proposals) -> Proposals:
    """The proposals at the size at which a photo is drawn: a drawing of 12 megapixels would take half a minute."""
    if max(proposals.size_hw) <= DRAWN or not len(proposals):
        return proposals
    return make_proposals(np.stack([shrunk(mask, DRAWN) for mask in proposals.masks]), source="drawn")


def rims(
    image_rgb: np.ndarray, target: np.ndarray | None = None, answer: np.ndarray | None = None, *, index: int = 0
) -> np.ndarray:
    """The photo with the target's rim dashed in white, and an answer tinted and rimmed in its colour.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The photo.
    target, answer : ndarray of bool, shape (h, w), optional
        A dark line lies under both rims, so that they read on any photo.
    index : int
        The answer's number, for its colour.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        The picture.
    """
    pixels = image_rgb.copy()
    if answer is not None:
        tint = 0.65 * pixels[answer] + 0.35 * np.asarray(mask_colour(index))
        pixels[answer] = tint.round().astype(np.uint8)
    width = max(2, round(min(image_rgb.shape[:2]) / 80))
    dashes = stripes(image_rgb, 3 * width)
    for mask, colour, where in ((answer, mask_colour(index), True), (target, PAPER, dashes)):
        if mask is None or not mask.any():
            continue
        pixels[ndimage.binary_dilation(mask, iterations=max(1, width // 2)) & ~mask] = INK
        rim = outline(mask, width)
        pixels[rim] = INK
        pixels[rim & where] = colour
    return pixels


def stripes(image_rgb: np.ndarray, width: int, *, every: int = 2) -> np.ndarray:
    """Diagonal stripes over a picture, one of ``every`` so many of this width: bool (h, w)."""
    diagonal = np.add.outer(np.arange(image_rgb.shape[0]), np.arange(image_rgb.shape[1]))
    return np.asarray((diagonal // width) % every == 0)


def numbered(image_rgb: np.ndarray, proposals: Proposals, *, side: int = 520) -> np.ndarray:
    """All proposals with their numbers, and nothing that tells the answer.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The photo.
    proposals : Proposals
        Masks of the photo's size. A number stands inside its mask, as far from the rim as it can.
    side : int
        The longer side of the picture, pixels.

    Returns
    -------
    ndarray of uint8, shape (h', w', 3)
        The picture.
    """
    image_rgb, proposals = shrunk(image_rgb, DRAWN), to_draw(proposals)
    scale = side / max(image_rgb.shape[:2])
    picture = Image.fromarray(resized(proposals_picture(image_rgb, proposals), scale))
    draw, font = ImageDraw.Draw(picture), font_of(18, bold=True)
    for index, mask in enumerate(proposals.masks):
        if not mask.any():
            continue
        depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        y, x = np.unravel_index(int(depth.argmax()), mask.shape)
        at = ((x + 0.5) * scale, (y + 0.5) * scale)
        draw.text(at, str(index), font=font, fill=PAPER, anchor="mm", stroke_width=3, stroke_fill=INK)
    return np.asarray(picture)


def heat(image_rgb: np.ndarray, heatmap: np.ndarray, *, mask: np.ndarray | None = None) -> np.ndarray:
    """The photo in gray under a heat map's colours, dark blue for its least value and yellow for its largest.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The photo.
    heatmap : ndarray of float, shape (h, w)
        On any scale: every map has its own, so two pictures are not compared by colour. A map with a single value is
        one colour.
    mask : ndarray of bool, shape (h, w), optional
        Drawn as a white rim with a dark one inside.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        The picture.

    Raises
    ------
    ValueError
        For a map of another size, and for one that holds NaN or infinity.
    """
    from matplotlib import colormaps

    if heatmap.shape != image_rgb.shape[:2]:
        raise UserError(
            f"expected a heat map of the photo's size {image_rgb.shape[:2]} (h, w), got {heatmap.shape}; "
            "tasnb.stages.heatmaps.resize brings a grid there"
        )
    if not np.isfinite(heatmap).all():
        raise UserError("the heat map holds NaN or infinity; there is no colour for it")
    low, high = float(heatmap.min()), float(heatmap.max())
    share = (heatmap - low) / (high - low) if high > low else np.zeros(heatmap.shape)
    # cividis: the same to readers with any colour vision, and rising in brightness
    colours = np.asarray(colormaps["cividis"](share))[..., :3] * 255
    gray = image_rgb.astype(np.float64).mean(axis=2, keepdims=True)
    pixels = OPAQUE * colours + (1 - OPAQUE) * gray
    if mask is not None:
        width = max(1, round(min(mask.shape) / 110))
        pixels[outline(mask, 2 * width)] = INK
        pixels[outline(mask, width)] = 255
    return np.asarray(pixels.round().astype(np.uint8))
