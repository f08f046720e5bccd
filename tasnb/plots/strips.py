"""A strip of small pictures with a caption each, as the lessons show crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Pictures side by side. pictures: uint8 (h, w, 3) or bool (h, w), any sizes. captions: one each, plain text.

    height: of each, in pixels on the page. A caption is also the picture's alternative text.
    Raises ValueError when the numbers of pictures and captions differ.
    """

    pictures: tuple[np.ndarray, ...]
    captions: tuple[str, ...]
    height: int

    def __post_init__(self) -> None:
        if len(self.pictures) != len(self.captions):
            raise ValueError(
                f"expected one caption a picture, got {len(self.captions)} captions for {len(self.pictures)} pictures"
            )

    def __repr__(self) -> str:
        return " | ".join(caption.replace("\n", ", ") for caption in self.captions) or "no pictures"


def strip(pictures: Sequence[np.ndarray], captions: Sequence[object] = (), *, height: int = 130) -> Strip:
    """Pictures side by side, each with its caption; without captions they are numbered from 0."""
    words = captions if len(captions) else range(len(pictures))
    return Strip(pictures=tuple(pictures), captions=tuple(str(word) for word in words), height=height)
