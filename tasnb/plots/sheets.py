"""Pictures with words: a sheet (title, panels, lines) drawn into one picture, and a strip, which a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.images import resized

INK, SOFT, PAPER = (29, 33, 41), (91, 100, 114), (255, 255, 255)
BAND, BAND_EDGE = (255, 241, 214), (163, 61, 0)  # of what to mind
GAP = 18
TOP = 62  # pixels of the title
LINE = 24  # pixels from one line of words to the next


def font_of(size: int, *, bold: bool = False) -> Any:
    """DejaVu Sans, which matplotlib ships, so that a picture looks the same on every machine."""
    from matplotlib import font_manager

    properties = font_manager.FontProperties(family="DejaVu Sans", weight="bold" if bold else "regular")
    return ImageFont.truetype(font_manager.findfont(properties), size)


def fit(text: str, font: Any, width: float) -> str:
    """The text, cut to ``width`` pixels with "…" where it is longer."""
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One picture of a sheet.

    Parameters
    ----------
    title : str
        Stands above it.
    pixels : ndarray of uint8, shape (h, w, 3)
        The picture.
    notes : tuple of str
        Stand below it, each wrapped.
    enlarged : bool
        Whether its pixels are shown as squares.
    """

    title: str
    pixels: np.ndarray
    notes: tuple[str, ...] = ()
    enlarged: bool = False

    __repr__ = brief


def sheet(
    title: str,
    panels: Sequence[Panel],
    lines: Sequence[str] = (),
    *,
    columns: int = 4,
    side: int = 260,
    notes: Sequence[str] = (),
) -> np.ndarray:
    """Draw pictures side by side with words below each: the static twin of a viewer.

    Parameters
    ----------
    title : str
        The heading.
    panels : sequence of Panel
        The pictures; without any, the sheet is its title and its lines.
    lines : sequence of str
        Below all.
    columns : int
        Panels in a row, at least 1.
    side : int
        The longer side of a picture, pixels.
    notes : sequence of str
        What to mind first: a band under the title.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        RGB.

    Raises
    ------
    ValueError
        For fewer than one column.
    """
    if columns < 1:
        raise UserError(f"columns: expected at least 1, got {columns}")
    body, bold, heading = font_of(16), font_of(16, bold=True), font_of(24, bold=True)
    rows = [panels[at : at + columns] for at in range(0, len(panels), columns)]
    width = max(760, max((len(row) for row in rows), default=0) * (side + GAP) + GAP)
    words = [[[line for note in each.notes for line in wrap(note, body, side, most=5)] for each in row] for row in rows]
    pictures = [[_picture(each, side) for each in row] for row in rows]
    below = [line for text in lines for line in wrap(text, body, width - 2 * GAP)]
    heights = [
        2 * LINE + max(picture.height for picture in row) + LINE * max(len(lines) for lines in said)
        for row, said in zip(pictures, words, strict=True)
    ]
    minded = [line for text in notes for line in wrap(f"! {text}", body, width - 3 * GAP)]
    band = LINE * len(minded) + GAP if minded else 0
    canvas = Image.new("RGB", (width, TOP + band + sum(heights) + LINE * len(below) + GAP), PAPER)
    draw = ImageDraw.Draw(canvas)

    def write(texts: Sequence[str], left: float, top: int) -> None:
        for number, text in enumerate(texts):
            draw.text((left, top + LINE * number), text, font=body, fill=INK)

    draw.text((GAP, 16), fit(title, heading, width - 2 * GAP), font=heading, fill=INK)
    top = TOP + band
    if minded:
        draw.rectangle((0, TOP - 6, width, TOP + band - 14), fill=BAND)
        draw.rectangle((0, TOP - 6, 8, TOP + band - 14), fill=BAND_EDGE)
        write(minded, 1.5 * GAP, TOP)
    for number, row in enumerate(rows):
        for column, (panel, picture, said) in enumerate(zip(row, pictures[number], words[number], strict=True)):
            left = GAP + column * (side + GAP)
            draw.text((left, top), fit(panel.title, bold, side), font=bold, fill=SOFT)
            canvas.paste(picture, (left, top + LINE))
            write(said, left, top + LINE + picture.height + 6)
        top += heights[number]
    write(below, GAP, top)
    return np.asarray(canvas)


def _picture(panel: Panel, side: int) -> Image.Image:
    scale = side / max(panel.pixels.shape[:2])
    return Image.fromarray(resized(panel.pixels, scale, smooth=not panel.enlarged))


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Small pictures side by side, as the lessons show crops; a notebook shows it in its own theme.

    Parameters
    ----------
    pictures : tuple of ndarray
        uint8 (h, w, 3) or bool (h, w), of any sizes.
    captions : tuple of str
        One a picture, plain text; also its alternative text.
    height : int
        Of each, pixels on the page.

    Raises
    ------
    ValueError
        When the numbers of pictures and captions differ.
    """

    pictures: tuple[np.ndarray, ...]
    captions: tuple[str, ...]
    height: int

    def __post_init__(self) -> None:
        if len(self.pictures) != len(self.captions):
            found = f"{len(self.captions)} captions for {len(self.pictures)} pictures"
            raise UserError(f"expected one caption a picture, got {found}")

    def __repr__(self) -> str:
        return " | ".join(caption.replace("\n", ", ") for caption in self.captions) or "no pictures"


def strip(pictures: Sequence[np.ndarray], captions: Sequence[object] = (), *, height: int = 130) -> Strip:
    """Put pictures side by side, each with its caption.

    Parameters
    ----------
    pictures : sequence of ndarray
        uint8 (h, w, 3) or bool (h, w), of any sizes.
    captions : sequence
        One a picture, shown by ``str``; without any they are numbered from 0.
    height : int
        Of each, pixels on the page.

    Returns
    -------
    Strip
        What a notebook shows.
    """
    words = captions if len(captions) else range(len(pictures))
    return Strip(pictures=tuple(pictures), captions=tuple(str(word) for word in words), height=height)
