"""A heat map laid over a photo."""

from __future__ import annotations

import numpy as np

from tasnb.plots.lettering import INK
from tasnb.plots.overlays import outline

OPAQUE = 0.62  # of the colours over the gray photo: things stay recognisable


def heat(image_rgb: np.ndarray, heatmap: np.ndarray, *, mask: np.ndarray | None = None) -> np.ndarray:
    """The photo in gray under the map's colours, dark blue for its least value and yellow for its largest.

    heatmap: float (h, w), of the photo's size, on any scale: every map has its own, so two pictures are not compared by
    colour. A map with a single value is one colour. mask: bool (h, w), drawn as a white rim with a dark one inside.
    Returns uint8 (h, w, 3). Raises ValueError for another size, and for a map that holds NaN or infinity.
    """
    from matplotlib import colormaps

    if heatmap.shape != image_rgb.shape[:2]:
        raise ValueError(
            f"expected a heat map of the photo's size {image_rgb.shape[:2]} (h, w), got {heatmap.shape}; "
            "tasnb.stages.heatmaps.resize brings a grid there"
        )
    if not np.isfinite(heatmap).all():
        raise ValueError("the heat map holds NaN or infinity; there is no colour for it")
    low, high = float(heatmap.min()), float(heatmap.max())
    share = (heatmap - low) / (high - low) if high > low else np.zeros(heatmap.shape)
    # cividis: the same to readers with any colour vision, and rising in brightness
    colours = np.asarray(colormaps["cividis"](share))[..., :3] * 255
    gray = image_rgb.astype(np.float64).mean(axis=2, keepdims=True)
    pixels = OPAQUE * colours + (1 - OPAQUE) * gray
    if mask is not None and mask.any():
        width = max(1, round(min(mask.shape) / 110))
        pixels[outline(mask, 2 * width)] = INK
        pixels[outline(mask, width)] = 255
    return np.asarray(pixels.round().astype(np.uint8))
