"""What a user can put right: one base class, and any such error in one line.

The command line prints that line and exits with 2; everything else is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

_WRITTEN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
# error number -> what it means for a file or folder, and what to do
_WORDS: Mapping[int, str] = {getattr(errno, name): words for name, words in _WRITTEN.items() if hasattr(errno, name)}
_OURS = "tasnb"
# what is no file though it has a name; opening most of them would wait for ever
NO_FILES: Mapping[int, str] = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_LONGEST = 300  # characters of a name in a message


class UserError(ValueError):
    """Something that the user gave, or that this machine lacks: says what was expected, what came and what to do."""


class MissingFileError(UserError, FileNotFoundError):
    """A file is not there: names it, and the one command or step that gets it."""


def require_file(path: Path | str, what: str = "file") -> Path:
    """A path that leads to a regular file: ask before opening whatever a user names.

    Parameters
    ----------
    path : path or str
        As it was given; a link may lead to the file.
    what : str
        What it should be, for people.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    MissingFileError
        Where nothing is.
    UserError
        For a folder, a pipe, a socket or a device, a name that no file can have, or one that may not be looked at.
    """
    shown = str(path) if str(path).isprintable() else ascii(str(path))
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError) as none:
        raise MissingFileError(f"no such {what}: {shown}; check the path") from none
    except OSError as problem:
        raise UserError(_of_the_system(problem, " ".join(str(problem).split()))) from problem
    except ValueError as problem:  # a zero byte, or half of a pair of UTF-16
        raise UserError(f"{shown} cannot be the name of a file; expected the path of a {what}") from problem
    if not stat.S_ISREG(mode):
        raise UserError(f"{shown} is {NO_FILES.get(stat.S_IFMT(mode), 'no regular file')}; give one {what}")
    return Path(path)


def in_one_line(error: BaseException) -> str | None:
    """Say what went wrong, for a person, if it is anything that a person can put right.

    Parameters
    ----------
    error : BaseException
        As it was raised.

    Returns
    -------
    str or None
        One line; None for a defect, whose traceback is needed.

    Notes
    -----
    What a person can put right: every `UserError` and ValueError, what the system says of files and folders, a library
    that is not installed, and a lack of memory.
    """
    text = " ".join(str(error).split())
    if isinstance(error, UserError):
        return text
    if isinstance(error, OSError):
        return _of_the_system(error, text)
    if isinstance(error, ImportError):
        return _of_a_library(error, text)
    # torch's own for a GPU is a RuntimeError
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return f"not enough memory{f': {text}' if text else ''}; use a smaller model or picture, or --device cpu"
    if isinstance(error, UnicodeEncodeError) and error.reason.startswith("surrogates"):  # it came as bytes
        return f"expected text in UTF-8, got {error.object[:80]!r}, which holds other bytes; write or name it anew"
    return text or type(error).__name__ if isinstance(error, ValueError) else None


def _of_the_system(error: OSError, text: str) -> str:
    words = _WORDS.get(error.errno) if error.errno is not None else None
    if words is None:
        return re.sub(r"^\[Errno -?\d+\] ", "", text) or type(error).__name__
    given = (error.filename, error.filename2)
    names = [os.fsdecode(name) for name in given if isinstance(name, str | bytes | os.PathLike)]
    if not names:  # full disks are told of without a name
        return words.format(path="the file" if error.errno != errno.ENOSPC else "the folder that is written to")
    shown = [name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..." for name in names]
    return " ".join(words.format(path=" -> ".join(shown)).split())


def _of_a_library(error: ImportError, text: str) -> str | None:
    missing = (error.name or "").partition(".")[0]
    if missing == _OURS:
        return None
    if isinstance(error, ModuleNotFoundError) and missing:
        return f"the library {missing} is not installed: pip install {missing}, or install tasnb again"
    return f"a library cannot be loaded ({text}): install tasnb again, in a fresh environment"
