"""Small pictures for a widget: shrunk, as data URIs."""

from __future__ import annotations

import base64
import io
from typing import overload

import numpy as np
from PIL import Image

from tasnb.core.images import as_rgb, png_uri
from tasnb.core.types import ImageArtifacts, Sample

PNG_PIXELS = 160 * 160  # a larger picture travels as JPEG


def uri(pixels: np.ndarray, longest: int) -> str:
    """A uint8 (h, w, 3) picture as a data URI, shrunk until its longer side is at most ``longest`` pixels."""
    picture = Image.fromarray(shrunk(pixels, longest))
    if picture.width * picture.height <= PNG_PIXELS:
        return png_uri(np.asarray(picture))
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


@overload
def shrunk(pixels: np.ndarray, longest: int) -> np.ndarray: ...
@overload
def shrunk(pixels: None, longest: int) -> None: ...
def shrunk(pixels: np.ndarray | None, longest: int) -> np.ndarray | None:
    """A picture or a mask whose longer side is at most ``longest`` pixels: the same dtype; None for None."""
    if pixels is None or max(pixels.shape[:2]) <= longest:
        return pixels
    scale = longest / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    # a mask stays a mask: no value between in and out
    how = Image.Resampling.NEAREST if pixels.dtype == bool else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(pixels).resize(size, how, reducing_gap=None if pixels.dtype == bool else 3.0))


def image_of(sample_or_image: Sample | object | None, artifacts: ImageArtifacts) -> np.ndarray | None:
    """The picture of a Sample, or whatever ``tn.as_rgb`` takes; None for None.

    Raises ValueError when its size is not that of the artifacts.
    """
    if sample_or_image is None:
        return None
    image_rgb = sample_or_image.image if isinstance(sample_or_image, Sample) else as_rgb(sample_or_image)
    if image_rgb.shape[:2] != tuple(artifacts.size_hw):
        raise ValueError(
            f"artifacts: expected the image's size {image_rgb.shape[:2]} (h, w), got {tuple(artifacts.size_hw)}"
        )
    return image_rgb


def ground(size_hw: tuple[int, int]) -> np.ndarray:
    """A plain gray picture, where the photo is not at hand: uint8 (h, w, 3)."""
    return np.full((*size_hw, 3), 200, np.uint8)
