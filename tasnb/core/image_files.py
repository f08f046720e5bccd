"""Picture files: opened within the limits, which way is up, and what a file is that cannot be read.

A picture is read upright, as its EXIF orientation says and as every viewer shows it. That is the one convention here:
annotations, mask pictures and answers are in the coordinates of the turned picture.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from tasnb.core.errors import UserError, require_file
from tasnb.core.file_kinds import KINDS, LOOKED_AT, in_place_of
from tasnb.core.limits import MAX_COSTLY_PIXELS, MAX_PICTURE_BYTES, MAX_PIXELS

ORIENTATION = 0x0112  # of EXIF and TIFF, 1 to 8
SIDEWAYS = 5  # orientations from here on stand on their side
# a damaged picture is an error here, and nothing of it goes to standard error beside that
logging.getLogger("PIL").addHandler(logging.NullHandler())

# what Pillow decodes by itself into pixels; EPS would start Ghostscript, an icon holds pictures of other sizes, a
# Photoshop document shows what its last program put beside the layers. HEIF and JXL: by plugins, where installed
FORMATS = frozenset(
    ("JPEG", "MPO", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA", "HEIF", "JXL")
)
RAW = KINDS["pictures"]["raw"]
READ = "expected a JPEG, PNG, WebP, BMP, GIF or TIFF file"

_GROUPS = (0x8769, 0x8825, 0xA005)  # EXIF's own tags, GPS, interoperability
_DNG_VERSION = 0xC612
_SUBFILE = 0x00FE  # TIFF's NewSubfileType; its lowest bit says that the page is a small copy of another


class Stored(NamedTuple):
    """A picture file that lies within another file, such as a row of a table. name: for people; read: its bytes."""

    name: str
    read: Callable[[], bytes]

    def __str__(self) -> str:
        return self.name


@contextmanager
def opened(picture: Path | str | Stored | Image.Image) -> Iterator[Image.Image]:
    """A picture whose header is read and found to be within the limits, and whose pixels are not decoded yet.

    Parameters
    ----------
    picture : path, str, Stored or Pillow image
        A file, which is closed afterwards, or a picture that stays as it is.

    Yields
    ------
    Pillow image
        Its first frame.

    Raises
    ------
    MissingFileError
        For a missing file.
    UserError
        For what is no picture, and for one that is too large.
    """
    if isinstance(picture, Image.Image):
        _check_size(picture)
        yield picture
        return
    source: Path | BytesIO
    if isinstance(picture, Stored):
        path, data = Path(picture.name), picture.read()
        source, size = BytesIO(data), len(data)
    else:
        path = source = require_file(picture, "picture")
        size = path.stat().st_size
    if size > MAX_PICTURE_BYTES:
        raise UserError(f"{path} has more than {MAX_PICTURE_BYTES:,} bytes; expected a picture, save it smaller")
    # Pillow warns of large pictures, which have a limit here, and of every flaw of EXIF
    with told(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(source)
        if isinstance(picture, Stored):
            image.filename = picture.name
        _drop_damaged_exif(image)
    with image:
        _check_size(image)
        _check_format(image, path)
        yield image


def name_of(image: Image.Image) -> str:
    """What to call a picture in a sentence: its file, where it has one."""
    return str(getattr(image, "filename", "") or "the picture")


def decode(image: Image.Image) -> None:
    """Read the pixels of a picture that ``opened`` gave. Raises UserError for damage."""
    name = getattr(image, "filename", "")
    with told(name_of(image)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if image.format == "TIFF":
            image.filename = ""  # by its name Pillow 13 maps the file, with height and width of a turned one mixed up
        try:
            image.load()
        finally:
            if name:
                image.filename = name
    _check_size(image)  # a GIF's first frame may be larger than its header says


def orientation(image: Image.Image) -> int:
    """The EXIF orientation of a picture, 1 to 8; 1 where there is none or a damaged one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = image.getexif().get(ORIENTATION)
    except Exception:  # Pillow raises whatever the damage leads to, and no picture fails for its EXIF
        return 1
    return int(value) if value in range(1, 9) else 1


def orientation_of(path: Path | str | Stored) -> int:
    """The EXIF orientation that a picture file states; what is read here is turned by it.

    Parameters
    ----------
    path : path, str or Stored
        A picture.

    Returns
    -------
    int
        1 to 8; 1 means upright as stored, and stands for none and for a damaged one too.

    Raises
    ------
    MissingFileError
        For a missing file.
    UserError
        For what is no picture.
    """
    with opened(path) as image:
        return orientation(image)


def upright_size(path: Path | str | Stored) -> tuple[int, int]:
    """Height and width of a picture held upright, from its header.

    Parameters
    ----------
    path : path, str or Stored
        A picture.

    Returns
    -------
    tuple of int
        Height and width, pixels.

    Raises
    ------
    MissingFileError
        For a missing file.
    UserError
        For what is no picture.
    """
    with opened(path) as image:
        width, height = image.size
        # Pillow swaps a TIFF's sides by itself
        turned = image.format != "TIFF" and orientation(image) >= SIDEWAYS
        return (width, height) if turned else (height, width)


@contextmanager
def told(path: Path | str) -> Iterator[None]:
    """Whatever Pillow raises for a damaged file, as one line that names it."""
    try:
        yield
    except PermissionError as problem:
        raise UserError(f"no permission to read {path}; change its permissions") from problem
    except MemoryError:
        raise
    except Exception as problem:  # each of Pillow's readers raises what the damage leads to: KeyError, struct.error ...
        if known := _of_another_kind(Path(path)):
            raise UserError(f"{path} is not a readable picture: it {known}") from problem
        words = " ".join(str(problem).split())[:200] or type(problem).__name__
        raise UserError(f"{path} is not a readable picture ({words}); {READ}") from problem


def _drop_damaged_exif(image: Image.Image) -> None:
    """Take out of a TIFF's EXIF what would stop Pillow, which reads all of it again after decoding the pixels."""
    if image.format != "TIFF":
        return
    for group in _GROUPS:
        try:
            image.getexif().get_ifd(group)
        except Exception:  # as for the orientation
            image.getexif().pop(group, None)


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    costly = image.format in ("WEBP", "AVIF") or image.mode in ("I", "F")
    most = MAX_COSTLY_PIXELS if costly else MAX_PIXELS
    if width * height == 0:
        raise UserError(f"{name_of(image)} has no pixels: it is {height} x {width} (h x w)")
    if width * height > most:
        raise UserError(
            f"{name_of(image)} has {height} x {width} (h x w) pixels, expected at most {most:,}: make it smaller, and "
            "its masks with it"
        )


def _check_format(image: Image.Image, path: Path) -> None:
    if image.format == "TIFF" and _is_raw(getattr(image, "tag_v2", {}), path):
        raise UserError(f"{path} is not a readable picture: it {RAW.words}")
    if image.format not in FORMATS:
        known = _of_another_kind(path) or f"is of the kind {image.format}, which is not read here; save it as PNG"
        raise UserError(f"{path} is not a readable picture: it {known}")


def _is_raw(tags: Any, path: Path) -> bool:
    """Whether a TIFF is a camera's raw file, of which Pillow would show the thumbnail."""
    kind = tags.get(_SUBFILE, 0)
    return path.name.lower().endswith(RAW.names) or _DNG_VERSION in tags or (isinstance(kind, int) and kind & 1 == 1)


def _of_another_kind(path: Path) -> str:
    """What a file that is no readable picture is, and what to do; "" where nobody knows."""
    try:
        with path.open("rb") as file:
            begin = file.read(LOOKED_AT)
    except (OSError, ValueError):
        return ""
    drawing = begin.find(b"<svg")  # behind its XML declaration
    return in_place_of(begin[max(0, drawing) :], "pictures", name=path.name)
