"""Any picture a person may hand over -> uint8 RGB, upright; and back to PNG bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageColor

from tasnb.core.errors import UserError
from tasnb.core.image_files import Stored, decode, opened
from tasnb.core.limits import MAX_PIXELS
from tasnb.core.pixels import DEEP, plain, range_of, rawmodes_of, refuse_dark_16_bits, strips, upright_hw

# Okabe & Ito (2008): distinguishable with any colour vision; a mask keeps the colour of its number everywhere
OKABE_ITO: tuple[tuple[int, int, int], ...] = tuple(
    ImageColor.getrgb(code) for code in ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
)


def mask_colour(index: int) -> tuple[int, int, int]:
    """The fixed Okabe-Ito colour of a proposal.

    Parameters
    ----------
    index : int
        The proposal's number.

    Returns
    -------
    tuple of int
        Red, green and blue, 0..255.
    """
    return OKABE_ITO[index % len(OKABE_ITO)]


def as_rgb(picture: Any) -> np.ndarray:
    """Any picture as an array.

    Parameters
    ----------
    picture : str, Path, Stored, PIL.Image.Image or ndarray of uint8
        A file, one within another file (``image_files.Stored``), an opened image, or an array of shape (h, w),
        (h, w, 3) or (h, w, 4).

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        RGB, upright, read-only.

    Raises
    ------
    FileNotFoundError
        For a missing file.
    ValueError
        For anything that is not a picture, has more than ``limits.MAX_PIXELS``, or holds values of no known range.

    Notes
    -----
    The EXIF orientation is applied, and a damaged one counts as none: masks and polygons are in the coordinates of the
    turned picture. Of an animation or a TIFF of several pages the first one is read. Alpha is laid over white, as a
    viewer shows it; gray, palette and CMYK are converted. Values of more than 8 bits are scaled by their range:

    - whole numbers by the smallest of 8, 10, 12, 14 and 16 bits that holds the brightest, or else by its own bits;
    - fractions up to 1 by 1; ones whose brightest is 128 or more as whole numbers; between the two nobody can tell, so
      they are refused, like values that are negative or not finite;
    - colours of 16 bits, of which Pillow keeps the upper 8, by 16 bits; refused where they use fewer than 15.
    """
    if isinstance(picture, np.ndarray):
        return _array_as_rgb(picture)
    with opened(as_given(picture)) as image:
        return _pillow_as_rgb(image)


def as_given(picture: Any) -> Path | Stored | Image.Image:
    """What may be opened as a picture.

    Parameters
    ----------
    picture : str, Path, Stored or PIL.Image.Image
        As a user gave it.

    Returns
    -------
    Path, Stored or PIL.Image.Image
        For ``image_files.opened``.

    Raises
    ------
    UserError
        For an address, a folder, and what is neither a path nor an image.
    """
    if isinstance(picture, Image.Image | Stored):
        return picture
    if not isinstance(picture, str | Path):
        raise UserError(
            f"expected a path, a Pillow image or a uint8 array (h, w, 3), got {type(picture).__name__}; "
            "open the file with PIL.Image.open or pass its path"
        )
    if re.match(r"(https?|ftp|s3|gs|data):", str(picture), re.IGNORECASE):
        raise UserError(
            f"{str(picture)[:100]} is an address, and nothing is loaded from the network: download the picture "
            "(curl -L -o photo.jpg ADDRESS), then give the file's path"
        )
    if os.path.isdir(picture):
        raise UserError(f"{picture} is a folder; give one picture, or evaluate a folder with a samples.csv in it")
    return Path(picture)


def _pillow_as_rgb(image: Image.Image) -> np.ndarray:
    rawmodes = rawmodes_of(image)
    decode(image)
    refuse_dark_16_bits(image, rawmodes)
    top = range_of(image) if image.mode in DEEP else None
    shades = None if top is None else _scaled(np.arange(1 << 16), top)  # of each value of 16 bits
    rgb = np.empty((*upright_hw(image), 3), np.uint8)
    for place, piece in strips(image):
        if top is None or shades is None:
            rgb[place] = np.asarray(_over_white(plain(piece)))
        else:
            values = np.asarray(piece)
            gray = shades[values] if values.dtype.kind == "u" else _scaled(values, top)
            if "transparency" in piece.info:
                gray[values == piece.info["transparency"]] = 255
            rgb[place] = gray[:, :, None]
    rgb.flags.writeable = False
    return rgb


def _scaled(values: np.ndarray, top: float) -> np.ndarray:
    if values.dtype == np.float32:
        return (values * np.float32(255.0 / top)).astype(np.uint8)
    return np.clip(values.astype(np.float64) / top * 255.0, 0, 255).astype(np.uint8)


def _over_white(piece: Image.Image) -> Image.Image:
    if piece.mode in ("LA", "RGBA"):
        rgba = piece.convert("RGBA")
        piece = Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)
    return piece if piece.mode == "RGB" else piece.convert("RGB")  # which would make a copy


def _array_as_rgb(array: np.ndarray) -> np.ndarray:
    if array.dtype != np.uint8:
        raise UserError(f"expected a uint8 picture with values 0..255, got {array.dtype}; scale and convert it first")
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,), (4,)) or 0 in array.shape:
        raise UserError(f"expected a picture of shape (h, w), (h, w, 3) or (h, w, 4), got {array.shape}")
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise UserError(f"expected a picture of at most {MAX_PIXELS:,} pixels, got {array.shape}; make it smaller")
    if array.shape[2:] != (3,):
        return as_rgb(Image.fromarray(array))
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


def resized(image: np.ndarray, scale: float, *, smooth: bool = True) -> np.ndarray:
    """Enlarge or shrink a picture or a mask.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3), or of bool, shape (h, w)
        A mask stays a mask: no value between in and out.
    scale : float
        New length of a side over its old one.
    smooth : bool
        Whether pixels are mixed; otherwise they stay squares.

    Returns
    -------
    ndarray
        Of the same dtype, at least one pixel on each side.
    """
    size = (max(1, round(scale * image.shape[0])), max(1, round(scale * image.shape[1])))
    if not smooth or image.dtype == bool:
        return np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.NEAREST))
    return brought_to(image, size)


def working_size(size_hw: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """The size at which a picture is worked on.

    Parameters
    ----------
    size_hw : tuple of int
        The picture's height and width, pixels.
    max_side : int or None
        The most that its longer side may have; None for no limit.

    Returns
    -------
    tuple of int
        Height and width, pixels, never larger than the picture's.

    Raises
    ------
    ValueError
        For a limit that is no whole number of at least 16.

    Examples
    --------
    >>> working_size((3000, 4000), 1024)
    (768, 1024)
    >>> working_size((256, 256), 1024)
    (256, 256)
    """
    if max_side is None:
        return size_hw
    if not isinstance(max_side, int | np.integer) or isinstance(max_side, bool) or max_side < 16:
        raise UserError(
            f"max_side: expected a whole number of pixels, 16 or more, or None for no limit, got {max_side!r}"
        )
    scale = min(1.0, max_side / max(size_hw))
    return max(1, round(scale * size_hw[0])), max(1, round(scale * size_hw[1]))


def brought_to(image: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """A picture or a mask at another size.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3), or of bool, shape (h, w)
        A mask stays a mask: a pixel is in where more than half of it is.
    size_hw : tuple of int
        The new height and width, pixels.

    Returns
    -------
    ndarray
        Of the same dtype; the same array where the size is the same already.
    """
    if image.shape[:2] == tuple(size_hw):
        return image
    if image.dtype == bool:
        soft = Image.fromarray(image * np.uint8(255)).resize(size_hw[::-1], Image.Resampling.BILINEAR)
        return np.asarray(soft) > 127
    resized = Image.fromarray(image).resize(size_hw[::-1], Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(resized)


def shrunk(image: np.ndarray, longest: float) -> np.ndarray:
    """A picture or a mask that is no larger than needed: one that is small enough is given back as it is.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3), or of bool, shape (h, w)
        A mask that has pixels keeps at least one.
    longest : float
        Of the longer side, pixels.

    Returns
    -------
    ndarray
        Of the same dtype.
    """
    if max(image.shape[:2]) <= longest:
        return image
    small = resized(image, longest / max(image.shape[:2]))
    if image.dtype == bool and image.any() and not small.any():
        small = small.copy()
        small[tuple(np.argwhere(image)[0] * small.shape // image.shape)] = True
    return small


def png_bytes(image: np.ndarray) -> bytes:
    """Encode an array as PNG.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3), or of bool, shape (h, w)
        A picture, or a mask, which becomes white on black.

    Returns
    -------
    bytes
        The file.
    """
    pixels = (image * np.uint8(255)) if image.dtype == bool else image
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def png_uri(image: np.ndarray) -> str:
    """Encode an array as a ``data:`` URI, for pages that must stand alone.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3), or of bool, shape (h, w)
        As ``png_bytes`` takes it.

    Returns
    -------
    str
        The PNG in base 64.
    """
    return _data_uri("png", png_bytes(image))


def jpeg_uri(image: np.ndarray, *, quality: int = 82) -> str:
    """Encode a photo as a ``data:`` URI that takes a tenth of a PNG's.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 3)
        The photo.
    quality : int
        1 to 95, as Pillow takes it.

    Returns
    -------
    str
        The JPEG in base 64.
    """
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=quality, optimize=True)
    return _data_uri("jpeg", buffer.getvalue())


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def image_key_of(image_rgb: np.ndarray) -> str:
    """The SHA-256 of an image's size and pixels.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The image.

    Returns
    -------
    str
        64 hex digits.
    """
    return hashlib.sha256(str(image_rgb.shape).encode() + np.ascontiguousarray(image_rgb).tobytes()).hexdigest()


def image_id_of(image_rgb: np.ndarray) -> str:
    """A name for an image that has none.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The image.

    Returns
    -------
    str
        The first 16 hex digits of its key.
    """
    return image_key_of(image_rgb)[:16]
