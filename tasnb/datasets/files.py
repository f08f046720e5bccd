r"""The files of a data set: read whole and within bounds; and the file names in them, which never lead out of it.

The folder that a user names, and the folder of images that a layout knows, may be links to anywhere. A file that
annotations name must lie in that folder once every link is followed. Its name is tried as it is written, then with
"\" as a separator (Windows), without the folder's own name in front, with %20 and its kin read, and in both of
Unicode's spellings of an accent (macOS writes the other one).
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeGuard
from urllib.parse import unquote

from tasnb.core.errors import UserError, in_one_line, require_file
from tasnb.core.file_kinds import in_place_of
from tasnb.core.limits import MAX_FILE_BYTES, MAX_JSON_CONTAINERS

LONGEST_NAME = 4096  # characters; no system takes more

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_. -]*")  # as nearly all are; nothing in it leads anywhere
_HALF = re.compile("[\ud800-\udfff]")


def is_text(value: object) -> TypeGuard[str]:
    """Whether this is text that can be written as UTF-8: JSON and pickles may hold one half of a character."""
    return isinstance(value, str) and (value.isascii() or _HALF.search(value) is None)


def read_data(path: Path) -> bytes:
    """The content of a file of annotations: a pickle, a table, or else JSON.

    Raises MissingFileError, or UserError for what is no regular file, is empty or too large, may not be read, or is a
    file of another kind.
    """
    size, limit = require_file(path).stat().st_size, MAX_FILE_BYTES.get(path.suffix, MAX_FILE_BYTES[".json"])
    if size > limit:
        raise UserError(f"{path} has {size:,} bytes; expected at most {limit:,}: leave out what is not needed")
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise UserError(f"{in_one_line(wrong)}") from wrong
    if found := in_place_of(data, "data"):
        raise UserError(f"{path} {found}")
    if path.suffix not in (".p", ".csv") and (made := data.count(b"[") + data.count(b"{")) > MAX_JSON_CONTAINERS:
        raise UserError(f"{path} has {made:,} lists and objects; expected at most {MAX_JSON_CONTAINERS:,}")
    return data


def require_inside(name: str) -> str:
    """A file name of a data file, without "./" and "//".

    Raises UserError for one that is absolute (also as Windows writes it, with a drive or a share), has "..", or is no
    file name at all.
    """
    if _PLAIN_NAME.fullmatch(name) and len(name) < 256:
        return name
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if "\0" in name or not is_text(name) or not posix.parts or len(name) > LONGEST_NAME:
        raise UserError(f"{name[:80]!r} is no file name")
    if posix.is_absolute() or windows.drive or windows.root or ".." in (*posix.parts, *windows.parts):
        raise UserError(f"{name!r} leads out of the folder; copy the file into it and write its name")
    return str(posix)


def file_in(home: Path, name: str) -> Path:
    """The file that a data file means by a name; where no spelling of it is there, where it would lie.

    Raises UserError for a name, or a link, that leads out of ``home``.
    """
    name = require_inside(name)
    found = home / name
    with suppress(OSError):  # a file right in the folder needs no look at all the links above it
        if _PLAIN_NAME.fullmatch(name) and not stat.S_ISLNK(os.lstat(found).st_mode):
            return found
    if not os.path.lexists(found):
        found = next((place for parts in _spellings(home, name) if (place := _place(home, parts))), found)
    real = os.path.realpath(found)
    if not Path(real).is_relative_to(os.path.realpath(home)):
        raise UserError(f"{found} is a link to {real}, out of {home}; copy the file into the folder")
    return found


def _spellings(home: Path, name: str) -> Iterator[tuple[str, ...]]:
    """What else a name may mean, as its parts."""
    names = [name, name.replace("\\", "/")]
    if "%" in name:
        names += [unquote(each) for each in names]
    above = Path(os.path.abspath(home)).parts
    for each in dict.fromkeys(names):
        with suppress(UserError):  # what a second reading makes of it may lead out too
            parts = PurePosixPath(require_inside(each)).parts
            yield parts
            yield from (parts[k:] for k in range(len(parts) - 1, 0, -1) if above[-k:] == parts[:k])


def _place(home: Path, parts: tuple[str, ...]) -> Path | None:
    """The file of this name, each part of it in one of Unicode's spellings."""
    place = home
    for part in parts:
        forms = (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part))
        found = next((place / form for form in forms if os.path.lexists(place / form)), None)
        if found is None:
            return None
        place = found
    return place
