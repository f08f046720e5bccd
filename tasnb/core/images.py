"""Any picture a person may hand over -> uint8 RGB, upright; and back to PNG bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

from tasnb.core.errors import MissingFileError, UserError

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
    picture : str, Path, PIL.Image.Image or ndarray of uint8
        A file, an opened image, or an array of shape (h, w), (h, w, 3) or (h, w, 4).

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        RGB, upright, read-only.

    Raises
    ------
    FileNotFoundError
        For a missing file.
    ValueError
        For anything that is not a picture.

    Notes
    -----
    The EXIF orientation is applied; alpha is laid over white, as a viewer shows it; gray, palette, CMYK and 16-bit
    pictures are converted.
    """
    if isinstance(picture, np.ndarray):
        return _array_as_rgb(picture)
    if isinstance(picture, str | Path):
        if re.match(r"(https?|ftp|s3|gs|data):", str(picture), re.IGNORECASE):
            raise UserError(
                f"{str(picture)[:100]} is an address, and nothing is loaded from the network: download the picture "
                "(curl -L -o photo.jpg ADDRESS), then give the file's path"
            )
        path = Path(picture)
        if not path.exists():
            raise MissingFileError(f"no such picture: {path}; check the path")
        if path.is_dir():
            raise UserError(f"{path} is a folder; give one picture, or evaluate a folder with a samples.csv in it")
        try:
            with Image.open(path) as opened:
                return _pillow_as_rgb(opened)
        except PermissionError as problem:
            raise UserError(f"no permission to read {path}; change its permissions") from problem
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as problem:
            if known := _of_another_kind(path):
                raise UserError(f"{path} is not a readable picture: it {known}") from problem
            raise UserError(
                f"{path} is not a readable picture ({problem}); expected a JPEG, PNG, WebP, BMP, GIF or TIFF file"
            ) from problem
    if isinstance(picture, Image.Image):
        return _pillow_as_rgb(picture)
    raise UserError(
        f"expected a path, a Pillow image or a uint8 array (h, w, 3), got {type(picture).__name__}; "
        "open the file with PIL.Image.open or pass its path"
    )


# how files begin that are no picture, or none that Pillow reads; what each is and what to do
_BEGINS = {
    b"": "is empty; get the picture again",
    b"<!doctype html": "is a web page and no picture; save the picture itself",
    b"<html": "is a web page and no picture; save the picture itself",
    b"<svg": "is an SVG drawing, which has no pixels; export it as PNG",
    b"%pdf": "is a PDF; export the page as PNG or JPEG",
    b"version https://git-lfs": "is a Git LFS pointer, not the picture itself; git lfs pull gets it",
}
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}  # brands of ISO/IEC 23008-12


def _of_another_kind(path: Path) -> str:
    """What a file that is no readable picture is, and what to do; "" where nobody knows."""
    with path.open("rb") as file:
        begin = file.read(256)
    if begin[4:8] == b"ftyp" and begin[8:12] in _HEIF:
        return (
            "is a HEIC picture, as phones take them, which is not read here; convert it to JPEG (macOS: sips -s format "
            "jpeg FILE --out FILE.jpg; elsewhere: ImageMagick, or share it from the phone as JPEG)"
        )
    if not begin:
        return _BEGINS[b""]
    text = begin.lstrip().lower()
    if text.startswith(b"<?xml") and b"<svg" in text:
        return _BEGINS[b"<svg"]
    return next((words for start, words in _BEGINS.items() if start and text.startswith(start)), "")


def _pillow_as_rgb(image: Image.Image) -> np.ndarray:
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        # 16-bit and float grays: Pillow's own conversion clips at 255, so scale to the picture's range
        values = np.asarray(upright, dtype=np.float64)
        top = 65535.0 if upright.mode.startswith("I") and values.max(initial=0) > 255 else max(255.0, values.max())
        upright = Image.fromarray(np.clip(values / top * 255.0, 0, 255).astype(np.uint8))
    if upright.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in upright.info:
        rgba = upright.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        upright = Image.alpha_composite(white, rgba)
    rgb = np.asarray(upright.convert("RGB")).copy()
    rgb.flags.writeable = False
    return rgb


def _array_as_rgb(array: np.ndarray) -> np.ndarray:
    if array.dtype != np.uint8:
        raise UserError(f"expected a uint8 picture with values 0..255, got {array.dtype}; scale and convert it first")
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or 0 in array.shape:
        raise UserError(f"expected a picture of shape (h, w), (h, w, 3) or (h, w, 4), got {array.shape}")
    if array.shape[2] == 4:
        return _pillow_as_rgb(Image.fromarray(array))
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
