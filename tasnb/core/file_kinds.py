"""Files that are not what was expected: what they are (one table, ``file_kinds.toml``), and JSON that is none."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tasnb.core.errors import UserError, require_file

LOOKED_AT = 256  # bytes that tell


class Kind(NamedTuple):
    """How to know a kind of file, and what to say of it. See the table."""

    words: str
    begins: tuple[bytes, ...] = ()
    brands: tuple[bytes, ...] = ()
    names: tuple[str, ...] = ()


def _bytes(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(text.encode("latin-1") for text in texts)


# what was expected (of "files" all) -> kinds by their names
KINDS: Mapping[str, dict[str, Kind]] = {
    expected: {
        name: Kind(of["words"], _bytes(of.get("begins", [])), _bytes(of.get("brands", [])), tuple(of.get("names", [])))
        for name, of in kinds.items()
    }
    for expected, kinds in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")).items()
}


def in_place_of(begin: bytes, expected: str = "files", *, name: str = "") -> str:
    """Tell what a file is in place of the one that was expected.

    Parameters
    ----------
    begin : bytes
        Its first ``LOOKED_AT`` bytes, or more.
    expected : str
        "pictures", "data" (annotations) or "files" (any, such as weights).
    name : str
        The file's.

    Returns
    -------
    str
        Such as "is empty; get it again": what it is and what to do; "" where nobody knows.
    """
    text = begin[:LOOKED_AT].lstrip().lower()
    if not text:
        return "is empty; get it again"
    brand = begin[8:12] if begin[4:8] == b"ftyp" else b"none"
    for kind in (KINDS[expected] | KINDS["files"]).values():
        if text.startswith(kind.begins) or brand in kind.brands or name.lower().endswith(kind.names):
            return kind.words
    return ""


def refuse_foreign(path: Path, what: str) -> None:
    """Refuse a file that cannot be what it should: none, a folder, a pipe, empty, a Git LFS pointer, a web page.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it should be, for errors.

    Raises
    ------
    MissingFileError
        When it is not there.
    UserError
        When it is no file, or its first bytes say that it is something else.
    """
    with require_file(path, what).open("rb") as file:
        if found := in_place_of(file.read(LOOKED_AT)):
            raise UserError(f"{path} is no {what}: it {found}")


def json_of(data: bytes, what: object, **how: Any) -> Any:
    """Read JSON.

    Parameters
    ----------
    data : bytes
        The JSON.
    what : object
        Its file, or what else it is, for the error.
    **how : Any
        For ``json.loads``.

    Returns
    -------
    object
        Its content.

    Raises
    ------
    UserError
        When it is no JSON, or has more levels than Python reads.
    """
    try:
        return json.loads(data, **how)
    except (ValueError, RecursionError) as wrong:
        raise UserError(f"{what} is not readable JSON ({wrong}); get it again") from wrong
