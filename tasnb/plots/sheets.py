"""A sheet: a title, pictures side by side with words below each, and lines below all. The viewers' static twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from tasnb.plots.lettering import INK, PAPER, SOFT, fit, font_of, wrap

GAP = 18
LINE = 24  # pixels from one line of words to the next


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One picture of a sheet. title: above it. notes: below it, each wrapped. enlarged: pixels as squares."""

    title: str
    pixels: np.ndarray
    notes: tuple[str, ...] = ()
    enlarged: bool = False


def sheet(
    title: str, panels: Sequence[Panel], lines: Sequence[str] = (), *, columns: int = 4, side: int = 260
) -> np.ndarray:
    """Draw a sheet: uint8 (h, w, 3).

    columns: panels in a row. side: the longer side of a picture, pixels. Without panels: the title and the lines.
    Raises ValueError for fewer than one column.
    """
    if columns < 1:
        raise ValueError(f"columns: expected at least 1, got {columns}")
    body = font_of(16)
    rows = [panels[at : at + columns] for at in range(0, len(panels), columns)]
    across = max([len(row) for row in rows], default=0)
    width = max(760, across * (side + GAP) + GAP)
    shown = [[_enlarge(panel, side) for panel in row] for row in rows]
    notes = [[[t for note in p.notes for t in wrap(note, body, side, most=5)] for p in row] for row in rows]
    below = [line for text in lines for line in wrap(text, body, width - 2 * GAP)]
    heights = [
        2 * LINE + max(picture.height for picture in pictures) + LINE * max(len(n) for n in words)
        for pictures, words in zip(shown, notes, strict=True)
    ]
    canvas = Image.new("RGB", (width, 62 + sum(heights) + LINE * len(below) + GAP), PAPER)
    draw = ImageDraw.Draw(canvas)
    heading = font_of(24, bold=True)
    draw.text((GAP, 16), fit(title, heading, width - 2 * GAP), font=heading, fill=INK)
    top = 62
    for row, pictures, words, height in zip(rows, shown, notes, heights, strict=True):
        for number, (panel, picture, said) in enumerate(zip(row, pictures, words, strict=True)):
            left = GAP + number * (side + GAP)
            draw.text(
                (left, top), fit(panel.title, font_of(16, bold=True), side), font=font_of(16, bold=True), fill=SOFT
            )
            canvas.paste(picture, (left, top + LINE))
            for k, line in enumerate(said):
                draw.text((left, top + LINE + picture.height + 6 + LINE * k), line, font=body, fill=INK)
        top += height
    for k, line in enumerate(below):
        draw.text((GAP, top + LINE * k), line, font=body, fill=INK)
    return np.asarray(canvas)


def _enlarge(panel: Panel, side: int) -> Image.Image:
    picture = Image.fromarray(panel.pixels)
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.NEAREST if panel.enlarged else Image.Resampling.LANCZOS)
