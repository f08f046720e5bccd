"""The pixels of an opened picture, in upright strips: a large one is never copied whole while it is converted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core.errors import UserError
from tasnb.core.image_files import SIDEWAYS, name_of, orientation, told

STRIP = 1 << 21  # pixels of one
DEEP = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})  # Pillow's modes of one channel with more than 8 bits
DEPTHS = (8, 10, 12, 14, 16)  # bits that sensors and files have
UNCLEAR = 128.0  # fractions whose brightest lies between 1 and this may be parts of 1, of 255, or a scene's own light
NARROW = 1 << 6  # of the upper 8 of 16 bits: what is darker uses 14 bits or fewer
_BITS, _PLANES, _PHOTOMETRIC = 258, 284, 262  # tags of TIFF

# as Pillow's exif_transpose; and the orientations of which the last stored line comes first, as a row or a column
_TURNS: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LAST_FIRST = (3, 4, 6, 7)


def upright_hw(image: Image.Image) -> tuple[int, int]:
    """Height and width of a decoded picture held upright."""
    turned = orientation(image) >= SIDEWAYS  # a TIFF no longer is, as Pillow turns it while it decodes
    return (image.width, image.height) if turned else (image.height, image.width)


def strips(image: Image.Image, overlap: int = 0) -> Iterator[tuple[tuple[slice, slice], Image.Image]]:
    """A decoded picture in upright strips, each with its place. overlap: the lines that it shares with the next."""
    width, height = image.size
    lines, turn = max(1, STRIP // max(1, width)), orientation(image)
    for start in range(0, height, lines):
        stop = min(start + lines + overlap, height)
        strip = image if lines >= height else image.crop((0, start, width, stop))
        if turn in _TURNS:
            strip = strip.transpose(_TURNS[turn])
        place = slice(height - stop, height - start) if turn in _LAST_FIRST else slice(start, stop)
        yield (slice(None), place) if turn >= SIDEWAYS else (place, slice(None)), strip


def plain(piece: Image.Image) -> Image.Image:
    """A picture of 8 bits as "L", "LA", "RGB" or "RGBA", as it is shown: by its palette and its transparent colour."""
    if piece.mode in ("L", "RGB") and "transparency" not in piece.info:
        return piece
    with told(name_of(piece)):
        if piece.mode in ("La", "RGBa"):
            piece = piece.convert(piece.mode.upper())
        if piece.mode in ("LA", "RGBA"):
            return piece
        if piece.has_transparency_data:
            return piece.convert("RGBA")
        return piece.convert("L" if piece.mode == "1" else "RGB")


def range_of(image: Image.Image) -> float:
    """The value that stands for white in a picture of one deep channel, by the rule of ``as_rgb``."""
    low, high, whole = np.inf, 0.0, image.mode != "F"
    for _, piece in strips(image):
        values = np.asarray(piece)
        darkest, brightest = float(values.min()), float(values.max())  # not a number where one is
        if not math.isfinite(brightest - darkest):
            raise UserError(f"{name_of(image)} holds values that are not finite (NaN or infinite); save it with 8 bits")
        low, high = min(low, darkest), max(high, brightest)
    if low < 0 or (not whole and 1 < high < UNCLEAR):
        raise UserError(
            f"{name_of(image)} holds values from {low:g} to {high:g}, expected 0 to 1, or 0 to 255 or more; scale it "
            "and save it with 8 bits"
        )
    if not whole and high <= 1:
        return 1.0
    bits = math.ceil(high).bit_length()
    return float(2 ** next((depth for depth in DEPTHS if bits <= depth), bits) - 1)


def rawmodes_of(image: Image.Image) -> str:
    """How the pixels of an undecoded picture lie in its file, in Pillow's words; raises UserError for what it misreads.

    TIFF's 16-bit grays that count from white, its planes of 16-bit colours, and a BMP of 4 or 8 bits with two colours.
    """
    tiles = getattr(image, "tile", ())[:1]
    if image.format in ("BMP", "DIB") and image.mode == "1" and tiles:
        row = tiles[0].args[1] if isinstance(tiles[0].args, tuple) else 0
        if row != (image.width + 31) // 32 * 4:
            raise UserError(f"{name_of(image)} is a BMP of two colours in an order that is not read; save it as PNG")
    tags: Any = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS, (8,))
    deep = isinstance(bits, tuple) and max(bits, default=8) > 8
    if deep and ((image.mode in DEEP and tags.get(_PHOTOMETRIC) == 0) or (len(bits) > 1 and tags.get(_PLANES) == 2)):
        name = name_of(image)
        raise UserError(f"{name} is a TIFF of {max(bits)} bits in an order that is not read; save it as 8-bit PNG")
    return " ".join(str(tile.args) for tile in tiles)


def refuse_dark_16_bits(image: Image.Image, rawmodes: str) -> None:
    """Raise UserError where the upper bits of 16-bit colours, all that Pillow keeps, hold next to nothing."""
    if ";16" in rawmodes and image.mode in ("RGB", "RGBA"):
        extrema: Any = image.getextrema()
        if max(high for _, high in extrema[:3]) < NARROW:
            raise UserError(
                f"{name_of(image)} has colours of 16 bits and uses fewer than 15 of them, so that it would be read as "
                "nearly black; save it with 8 bits"
            )
