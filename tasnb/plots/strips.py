"""A strip of small pictures with a caption each, as the lessons show crops: HTML that follows JupyterLab's theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from tasnb.core.html import STYLE
from tasnb.core.images import png_uri

SMALL = 100  # pixels; a picture below it is shown with hard pixel edges, because its pixels are the point
_STYLE = """
.tn-strip{display:flex;flex-wrap:wrap;gap:12px;padding:8px;background:var(--paper)}
.tn-strip figure{margin:0}
.tn-strip img{display:block;border:1px solid var(--line);border-radius:4px;width:auto;max-width:none}
.tn-strip figcaption{font-size:13px;color:var(--ink);line-height:1.35;margin-top:4px;white-space:pre-line}
"""


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

    def _repr_html_(self) -> str:
        figures = []
        for picture, caption in zip(self.pictures, self.captions, strict=True):
            width = max(90, round(self.height * picture.shape[1] / picture.shape[0]))
            hard = ";image-rendering:pixelated" if max(picture.shape[:2]) <= SMALL else ""
            words = escape(caption)
            figures.append(
                f'<figure style="max-width:{width}px"><img alt="{words}" style="height:{self.height}px{hard}" '
                f'src="{png_uri(picture)}"><figcaption>{words}</figcaption></figure>'
            )
        return f'<style>{STYLE}{_STYLE}</style><div class="tn tn-strip">{"".join(figures) or "no pictures"}</div>'


def strip(pictures: Sequence[np.ndarray], captions: Sequence[object] = (), *, height: int = 130) -> Strip:
    """Pictures side by side, each with its caption; without captions they are numbered from 0."""
    words = captions if len(captions) else range(len(pictures))
    return Strip(pictures=tuple(pictures), captions=tuple(str(word) for word in words), height=height)
