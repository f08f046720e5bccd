"""The pixels of an opened picture, in strips: a large one is never copied whole while it is converted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
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

# the stored pixels as a view of the upright ones, by EXIF orientation
_STORED: Mapping[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: upright.swapaxes(0, 1)[::-1],
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: upright.swapaxes(0, 1)[:, ::-1],
}


def strips(image: Image.Image, overlap: int = 0) -> Iterator[tuple[slice, Image.Image]]:
    """A decoded picture from top to bottom: each strip and its rows. overlap: the rows that it shares with the next."""
    width, height = image.size
    rows = max(1, STRIP // max(1, width))
    if rows >= height:
        yield slice(0, height), image
        return
    for start in range(0, height, rows):
        stop = min(start + rows + overlap, height)
        yield slice(start, stop), image.crop((0, start, width, stop))


def upright_array(image: Image.Image, tail: tuple[int, ...], dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """An empty array for a decoded picture held upright, and the view of it that is filled as the picture is stored."""
    width, height = image.size
    turn = orientation(image)  # of a TIFF 1, as Pillow turns it while it decodes
    upright = np.empty(((width, height) if turn >= SIDEWAYS else (height, width)) + tail, dtype)
    return upright, _STORED[turn](upright) if turn in _STORED else upright


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
        if not np.isfinite(values).all():
            raise UserError(f"{name_of(image)} holds values that are not finite (NaN or infinite); save it with 8 bits")
        low, high = min(low, float(values.min())), max(high, float(values.max()))
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
