"""Any picture a person may hand over -> uint8 RGB, upright; and back to PNG bytes."""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

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
        path = Path(picture)
        if not path.exists():
            raise FileNotFoundError(f"no such picture: {path}; check the path")
        try:
            with Image.open(path) as opened:
                return _pillow_as_rgb(opened)
        except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as problem:
            raise ValueError(
                f"{path} is not a readable picture ({problem}); expected a JPEG, PNG, WebP, BMP, GIF or TIFF file"
            ) from problem
    if isinstance(picture, Image.Image):
        return _pillow_as_rgb(picture)
    raise ValueError(
        f"expected a path, a Pillow image or a uint8 array (h, w, 3), got {type(picture).__name__}; "
        "open the file with PIL.Image.open or pass its path"
    )


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
        raise ValueError(f"expected a uint8 picture with values 0..255, got {array.dtype}; scale and convert it first")
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or 0 in array.shape:
        raise ValueError(f"expected a picture of shape (h, w), (h, w, 3) or (h, w, 4), got {array.shape}")
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
    size = tuple(max(1, round(scale * side)) for side in (image.shape[1], image.shape[0]))
    if not smooth or image.dtype == bool:
        return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.NEAREST))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


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
