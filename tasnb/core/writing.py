"""Files that are written whole or not at all: a temporary file beside the path, which then takes its name.

What a killed process leaves is its temporary file, ``.NAME.HEX.tmp``. It is never anybody else's: who looks into a
folder passes over it, and who writes there takes it away once it is old.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LEFTOVER_SECONDS = 3600  # a temporary file this old belongs to a process that was killed
_TEMPORARY = re.compile(r"\..+\.\w+\.tmp")
_LONGEST = 200  # bytes of a name that go into the temporary one: file systems end a name at 255


def write_text(path: Path, text: str) -> None:
    """Write one text file (UTF-8), whole or not at all. Raises OSError, which names the path."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes, *, lasting: bool = True) -> None:
    """Write one file, whole or not at all; lasting as for ``replacing``. Raises OSError, which names the path."""
    with replacing(path, lasting=lasting) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replacing(path: Path, *, lasting: bool = True) -> Iterator[Path]:
    """Give a temporary path beside ``path``; what is written there in the block takes its place at the end.

    lasting: the bytes are on the disk before the name points to them, and the name before this returns, so that a power
    cut leaves the old file or the new one; False where damage is found and mended anyway. The folder is made. Raises
    OSError, which names the path.
    """
    stem = os.fsencode(path.name)[:_LONGEST].decode(errors="ignore")
    temporary = path.with_name(f".{stem}.{os.getpid():x}{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            if lasting:
                _to_disk(temporary)
            os.replace(temporary, path)
            if lasting:
                with suppress(OSError):  # Windows opens no folder, and some file systems know nothing of this
                    _to_disk(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as problem:
        if problem.errno is None or problem.filename not in (None, str(temporary)):
            raise
        raise OSError(problem.errno, problem.strerror, str(path)) from problem


def is_temporary(path: Path) -> bool:
    """Whether a name is one of our temporary files'."""
    return _TEMPORARY.fullmatch(path.name) is not None


def is_over(path: Path, seconds: float) -> bool:
    """Whether a file was last written longer ago than this, or by a clock that is ahead by more than this."""
    return abs(time.time() - path.stat().st_mtime) > seconds


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of killed processes from a folder, not from those in it."""
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):  # its writer was faster
                if is_temporary(path) and is_over(path, LEFTOVER_SECONDS):
                    path.unlink()


def _to_disk(path: Path) -> None:
    folder = path.is_dir()
    number = os.open(path, os.O_RDONLY if folder else os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(number)
    finally:
        os.close(number)
