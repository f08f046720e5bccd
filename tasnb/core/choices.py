"""A word that is unknown, a number that is too small, a pipe for a file: errors that say what was expected."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable
from typing import Any

from tasnb.core.errors import NO_FILES, UserError


def require_known(what: str, given: Any, choices: Iterable[Any], hint: str = "", *, of: str = "") -> None:
    """Refuse a word that is not among the choices.

    Parameters
    ----------
    what : str
        What the word stands for, such as "device".
    given : Any
        One word, or a collection of several that are all to be known.
    choices : iterable
        The words that are known.
    hint : str
        What else could be given, after the choices.
    of : str
        What the word belongs to, before the choices.

    Raises
    ------
    UserError
        For the first unknown word, listing the choices.
    """
    several = isinstance(given, Collection) and not isinstance(given, str | bytes)
    known = list(choices)
    if unknown := [word for word in (sorted(given, key=str) if several else [given]) if word not in known]:
        told = ", ".join(map(str, known))
        raise UserError(f"unknown {what} {unknown[0]!r}{of and f' of {of}'}; choose from {told}{hint}")


def require_positive(**numbers: int | None) -> None:
    """Refuse what is no whole number from 1 on; None passes.

    Parameters
    ----------
    **numbers : int or None
        By the names that an error gives them.

    Raises
    ------
    UserError
        For the first that is none.
    """
    for name, number in numbers.items():
        if number is not None and not isinstance(number, int):
            raise UserError(f"{name}: expected a whole number, got {number!r:.80}")
        if number is not None and number < 1:
            raise UserError(f"{name}: expected at least 1, got {number}")


def require_plain(path: str | os.PathLike[str], *, devices: bool = False) -> None:
    """Refuse what only looks like a file: to open a pipe may wait for ever, and a device may never end.

    Parameters
    ----------
    path : path
        Of a file or folder; nothing need be there.
    devices : bool
        Whether a character device passes, as /dev/null does to write to.

    Raises
    ------
    UserError
        For a named pipe, a socket or a device.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # nothing is there, or no file can have that name: who opens it says so
        return
    kind = stat.S_IFMT(mode)
    what = "" if kind == stat.S_IFDIR or (devices and kind == stat.S_IFCHR) else NO_FILES.get(kind, "")
    if what:
        raise UserError(f"{os.fspath(path)} is {what}; expected a file or folder, so copy its content into one")
