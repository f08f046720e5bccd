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


def wrap(text: str, font: Any, width: float, *, most: int = 4) -> list[str]:
    """The text in lines of at most ``width`` pixels; the last of ``most`` lines ends in "…" when there is more."""
    lines: list[str] = []
    left = text.split()
    while left and len(lines) < most:
        count = len(left) if len(lines) == most - 1 else 1
        while count < len(left) and font.getlength(" ".join(left[: count + 1])) <= width:
            count += 1
        lines.append(fit(" ".join(left[:count]), font, width))
        left = left[count:]
    return lines
