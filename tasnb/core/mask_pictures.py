"""A picture of a mask -> the mask: what belongs, whatever tool wrote it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
from PIL import Image

from tasnb.core.errors import UserError
from tasnb.core.image_files import decode, name_of, opened
from tasnb.core.images import as_given
from tasnb.core.pixels import DEEP, plain, range_of, rawmodes_of, refuse_dark_16_bits, strips, upright_hw

LOSSY = frozenset({"JPEG", "MPO", "WEBP", "AVIF", "JPEG2000", "HEIF", "JXL"})
FEW = 256  # colours that are looked at one by one
ON_PURPOSE = 16  # colours: more come from soft rims, and then a shade close to black or white is black or white
VOID = (224, 224, 192)  # of PASCAL VOC's palette: the ring around an object, neither in nor out
SMALL = 256  # pixels: the soft rim of a thing no larger than this is most of it
SAMPLE = 1 << 20  # pixels, about, from which a share is told
SHOWN = 4

Colour = tuple[float, ...]  # red, green, blue[, alpha] in the picture's own range


class _Pixels(NamedTuple):
    """A mask picture, upright. brightness: the strongest channel, (h, w); alpha: uint8 (h, w), or None.

    colours: (r, g, b, a) -> pixels, None for more than FEW; full: what stands for white.
    """

    name: str
    image: Image.Image
    brightness: np.ndarray
    alpha: np.ndarray | None
    colours: Mapping[Colour, int] | None
    full: float
    lossy: bool


def as_mask(picture: Any) -> np.ndarray:
    """The mask that a picture shows.

    Parameters
    ----------
    picture : str, Path, PIL.Image.Image, ndarray of bool (h, w) or of uint8 (h, w), (h, w, 3) or (h, w, 4)
        A file, an opened image or an array.

    Returns
    -------
    ndarray of bool, shape (h, w)
        Upright, as ``as_rgb`` turns a photo.

    Raises
    ------
    FileNotFoundError
        For a missing file.
    ValueError
        For what is no picture, and for one that does not say which part is meant.

    Notes
    -----
    The picture is read by its colours as shown, never by numbers in the file. What belongs:

    - where alpha varies, what is opaque: black on transparent, or an object cut out of its photo. Only where the opaque
      part is itself painted in a few colours, such as white on black, the next rules hold within it;
    - of two colours the brighter one (by its strongest channel), so white on black means the white part, and 1 on 0
      means 1. Of one colour all, or nothing if it is black. Two colours of like brightness are refused;
    - of more, as soft rims and JPEG make them, what has at least half of the greatest brightness.

    Refused, since nobody can tell what is meant: areas or hues of several colours (index masks of several objects, as
    of DAVIS; gray trimaps), VOC's ring of void (neither in nor out, so it must be painted as one of them), index masks
    of more than two low numbers, a picture with two middle tones for three bright ones (a photo), a lossy one that is
    nearly black, and values that are negative or not finite.
    """
    if isinstance(picture, np.ndarray):
        if picture.dtype == bool and picture.ndim == 2:
            return picture
        if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (3,), (4,)):
            raise UserError(
                f"expected a mask as bool (h, w), or a picture of it as uint8, got {picture.dtype} {picture.shape}"
            )
        picture = Image.fromarray(picture)
    with opened(as_given(picture)) as image:
        return _belongs(_read(image))


def _read(image: Image.Image) -> _Pixels:
    lossy = image.format in LOSSY or image.info.get("compression") in ("jpeg", "tiff_jpeg", "webp")
    rawmodes = rawmodes_of(image)
    decode(image)
    extrema: Any = image.getextrema() if image.mode == "RGBA" else None
    if extrema is None or extrema[3][0] == extrema[3][1]:  # else it may be black on transparent
        refuse_dark_16_bits(image, rawmodes)
    full, deep = (range_of(image), True) if image.mode in DEEP else (255.0, False)
    size_hw, alpha = upright_hw(image), None
    brightness = np.empty(size_hw, np.asarray(image.crop((0, 0, 1, 1))).dtype if deep else np.uint8)
    colours: dict[Colour, int] | None = {}
    for place, piece in strips(image):
        if deep:
            brightness[place] = np.asarray(piece)
            listed = _shades(brightness[place]) if colours is not None else None
        else:
            piece = plain(piece)
            bands = np.asarray(piece)
            if piece.mode in ("LA", "RGBA"):
                alpha = np.empty(size_hw, np.uint8) if alpha is None else alpha
                alpha[place] = bands[..., -1]
            if piece.mode in ("L", "LA"):
                brightness[place] = bands if bands.ndim == 2 else bands[..., 0]
            else:
                np.maximum(np.maximum(bands[..., 0], bands[..., 1]), bands[..., 2], out=brightness[place])
            listed = piece.getcolors(FEW) if colours is not None else None
        if colours is not None and listed is not None:
            for count, value in listed:
                key = _rgba(value)
                colours[key] = colours.get(key, 0) + count
        if listed is None or (colours is not None and len(colours) > FEW):
            colours = None
    return _Pixels(name_of(image), image, brightness, alpha, colours, full, lossy)


def _shades(values: np.ndarray) -> list[tuple[int, Any]] | None:
    """As Pillow's ``getcolors`` for deep grays: pixels and value of each, None for more than FEW."""
    shades, counts = np.unique(values, return_counts=True)
    return list(zip(counts.tolist(), shades.tolist(), strict=True)) if len(shades) <= FEW else None


def _rgba(value: Any) -> Colour:
    """A colour of Pillow's as (r, g, b, a)."""
    bands = value if isinstance(value, tuple) else (value,)
    rgb = bands[:1] * 3 if len(bands) < 3 else bands[:3]
    return (*rgb, bands[-1] if len(bands) in (2, 4) else 255)


def _belongs(found: _Pixels) -> np.ndarray:
    alpha, colours = found.alpha, found.colours
    if alpha is None or (alpha.any() and alpha.min() == alpha.max()):
        return _by_colour(found, None if colours is None else _without_alpha(colours))
    if not alpha.any():
        if colours is None or len(colours) > 1:
            _refuse(found, "it is transparent everywhere; save it without alpha")
        return np.zeros(alpha.shape, dtype=bool)
    least = (int(alpha.max()) + 1) // 2
    opaque = alpha >= least
    if colours is None:
        return opaque  # a photo's own colours
    painted = _without_alpha({rgba: n for rgba, n in colours.items() if rgba[3] >= least})
    if len(painted) == 1 or max(map(max, painted)) < found.full / 8:
        return opaque
    return _by_colour(found, painted, opaque)


def _without_alpha(colours: Mapping[Colour, int]) -> dict[Colour, int]:
    summed: dict[Colour, int] = {}
    for rgba, count in colours.items():
        summed[rgba[:3]] = summed.get(rgba[:3], 0) + count
    return summed


def _by_colour(found: _Pixels, colours: Mapping[Colour, int] | None, where: np.ndarray | None = None) -> np.ndarray:
    """By the rules of ``as_mask`` for colours. colours: those that count, None for many; where: all that count."""
    brightness = found.brightness if where is None else np.where(where, found.brightness, 0)
    top = brightness.max().item()  # a number of Python's, which does not wrap
    if top == 0:
        return np.zeros(brightness.shape, dtype=bool)
    if colours is not None and VOID in colours and not found.lossy:
        _refuse(found, f"it holds {_said(VOID)}, PASCAL VOC's ring of void; paint it black (out) or white (in)")
    if found.lossy and top < found.full / 8:
        _refuse(found, f"its brightest value is {top:g} of {found.full:g}, as little as lossy files add by themselves")
    inside = brightness >= _least(0.5 * top, brightness)
    if colours is not None and len(colours) <= 2:
        one, other = (np.array(colour) for colour in (*colours, *colours)[:2])
        # next to white, shades that nobody sees apart are one
        same = len(colours) == 1 or (2 * top >= found.full and np.abs(one - other).max() <= found.full / 32)
        if not same and 2 * min(one.max(), other.max()) >= top:
            _refuse(found, f"{_listed(colours)} are equally bright")
        return inside
    if not found.lossy and 2 * top < found.full:
        _refuse(found, f"it holds more than two low numbers, up to {top:g} of {found.full:g}, as of several objects")
    # a file of a lossy format with a few colours lost nothing
    few = colours is not None and len(colours) <= ON_PURPOSE
    if colours is not None and (few or not found.lossy):
        _refuse_several(found, colours, top, where)
    shown, bright = (np.count_nonzero(brightness >= _least(share * top, brightness)) for share in (0.25, 0.75))
    if shown > SMALL and 3 * (shown - bright) > 2 * bright:
        _refuse(found, "it has nearly as many middle tones as bright ones, as a photo has")
    if (colours is None or found.lossy) and _hues_differ(found, inside):
        _refuse(found, "what is bright has several colours")
    return inside


def _least(value: float, brightness: np.ndarray) -> float | int:
    """The same threshold as a whole number where the values are, as comparing these is faster."""
    return value if brightness.dtype.kind == "f" else math.ceil(value)


def _refuse_several(found: _Pixels, colours: Mapping[Colour, int], top: float, where: np.ndarray | None) -> None:
    """Refuse colours that are no shades between one bright and one dark colour, and areas of a colour between them."""
    often = sorted(colours, key=colours.__getitem__, reverse=True)
    white = next(colour for colour in often if 2 * max(colour) >= top)
    black = next((colour for colour in often if 2 * max(colour) < top), (0.0, 0.0, 0.0))
    every = np.array(often, dtype=np.float64)
    way = np.subtract(white, black, dtype=np.float64)
    along = (every - black) @ way / (way @ way)
    if not found.lossy and (np.abs(every - black - along[:, None] * way) > found.full / 32).any():
        _refuse(found, f"it holds {_listed(often)}")
    ends = {white, black}
    if found.lossy or len(colours) > ON_PURPOSE:
        near = [np.abs(every - end).max(axis=1) < found.full / ON_PURPOSE for end in (white, black)]
        ends |= {often[i] for i in np.flatnonzero(near[0] | near[1])}
    if areas := _areas(found, where, ends) & colours.keys():
        _refuse(found, f"it holds areas of {_listed([white, black, *sorted(areas)])}")


def _areas(found: _Pixels, where: np.ndarray | None, ends: set[Colour]) -> set[Colour]:
    """The colours, these apart, that fill a square of 3 x 3 pixels somewhere."""
    areas: set[Colour] = set()
    deep = found.image.mode in DEEP
    known = [end[0] if deep else _packed(*map(int, end)) for end in ends]
    for place, piece in strips(found.image, overlap=2):
        codes = found.brightness[place]
        if not deep:
            codes = _packed(*np.moveaxis(np.asarray(plain(piece).convert("RGB")).astype(np.int32), -1, 0))
        beside, below = codes[:, 1:] == codes[:, :-1], codes[1:] == codes[:-1]
        three = beside[:, 1:] & beside[:, :-1]
        flat = three[:-2] & three[1:-1] & three[2:] & (below[:-1] & below[1:])[:, 1:-1]
        if where is not None:
            flat &= where[place][1:-1, 1:-1]
        middle = codes[1:-1, 1:-1]
        for code in known:
            flat &= middle != code
        for code in np.unique(middle[flat]).tolist():
            areas.add((code,) * 3 if deep else (code >> 16, code >> 8 & 255, code & 255))
    return areas


def _packed(red: Any, green: Any, blue: Any) -> Any:
    return red << 16 | green << 8 | blue


def _hues_differ(found: _Pixels, inside: np.ndarray) -> bool:
    """Whether a tenth of what is bright has another colour than the rest, shade aside; told from a sample."""
    if found.image.mode in (*DEEP, "L", "LA", "1"):
        return False
    step = 1 + inside.size // SAMPLE
    bright = []
    for place, piece in strips(found.image):
        bright.append(np.asarray(plain(piece).convert("RGB"))[::step][inside[place][::step]])
    bands = np.concatenate(bright).astype(np.float32)
    if not len(bands):
        return False
    hues = bands / np.maximum(bands.max(axis=1, keepdims=True), 1)
    return bool(np.count_nonzero((np.abs(hues - hues.mean(axis=0)) > 0.25).any(axis=1)) > len(hues) / 10)


def _listed(colours: Any) -> str:
    shown = [_said(colour) for colour in list(colours)[:SHOWN]]
    return " and ".join(shown) if len(shown) == 2 else ", ".join(shown) + (" ..." if len(colours) > SHOWN else "")


def _said(colour: Colour) -> str:
    return f"{colour[0]:g}" if len(set(colour)) == 1 else "({:g}, {:g}, {:g})".format(*colour)


def _refuse(found: _Pixels, why: str) -> NoReturn:
    raise UserError(f"{found.name}: expected a mask such as white on black, but {why}; save one picture a thing")
