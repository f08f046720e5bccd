"""Words drawn into a picture with Pillow."""

from __future__ import annotations

from typing import Any

from PIL import ImageFont

INK, SOFT, PAPER = (29, 33, 41), (91, 100, 114), (255, 255, 255)


def font_of(size: int, *, bold: bool = False) -> Any:
    # matplotlib ships DejaVu, so the picture looks the same on every machine
    from matplotlib import font_manager

    weight = "bold" if bold else "regular"
    return ImageFont.truetype(
        font_manager.findfont(font_manager.FontProperties(family="DejaVu Sans", weight=weight)), size
    )


def fit(text: str, font: Any, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
