"""Own photos in a lesson: a picture and an expression become a Sample, as a data set gives it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tasnb.core.images import as_rgb, image_id_of
from tasnb.core.types import Sample


def photo(picture: Any, expression: str, target: Any = None) -> Sample:
    """One expression about one picture. picture: what ``tn.as_rgb`` takes, such as a path.

    target: the true mask when you have it: bool (h, w), or a picture of it, in which any pixel above 0 belongs.
    Raises FileNotFoundError or ValueError for what is no picture, ValueError for an empty expression or a mask of
    another size.
    """
    if not isinstance(expression, str) or not expression.strip():
        raise ValueError(f'expected an expression such as "the left dog", got {expression!r}')
    image_rgb = as_rgb(picture)
    mask = None if target is None else _mask(target)
    if mask is not None and mask.shape != image_rgb.shape[:2]:
        raise ValueError(f"target: expected the picture's size {image_rgb.shape[:2]} (h, w), got {mask.shape}")
    name = image_id_of(image_rgb)
    return Sample(
        image=image_rgb, expression=expression, target=mask, sample_id=f"photo-{name}", image_id=name, ref_id=name,
        sent_id="0", dataset="photo", split="own",
    )  # fmt: skip


def photos(*rows: tuple) -> list[Sample]:
    """Several of them: ``photos(("park.jpg", "the left dog"), ("park.jpg", "the ball", "ball_mask.png"))``."""
    return [photo(*row) for row in rows]


def _mask(target: Any) -> np.ndarray:
    if isinstance(target, np.ndarray) and target.dtype == bool:
        return target
    return np.asarray(as_rgb(target).any(axis=2))
