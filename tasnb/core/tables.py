"""Rows as text: aligned columns for a terminal, or CSV; and text that neither a terminal nor a spreadsheet obeys."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

NOTHING = "-"  # what stands for None and NaN
# what a terminal obeys or what turns a line around: C0 but for tab and line end, DEL, C1, the line and paragraph
# separators, Unicode's bidirectional controls (UAX 9), interlinear anchors, and halves of a character (lone surrogates)
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff]"
)
# what a spreadsheet takes for a formula (OWASP, "CSV injection"), behind any apostrophes of ours
_FORMULA = re.compile("'*[-=+@\t\r\n\uff0d\uff1d\uff0b\uff20]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)


def printable(text: str) -> str:
    r"""Text with what a terminal would obey made visible; line ends and tabs stay.

    Parameters
    ----------
    text : str
        Any: names of files, words of a data set, messages.

    Returns
    -------
    str
        Each control character, bidirectional control and lone surrogate as ``\u`` and four hexadecimal digits, which
        JSON reads back too.

    Examples
    --------
    >>> print(printable("cat\x1b[2J \u202egpj.exe"))
    cat\u001b[2J \u202egpj.exe
    """
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def csv_cell(value: Any) -> Any:
    """A cell of a CSV file that no spreadsheet runs.

    Parameters
    ----------
    value : Any
        A cell.

    Returns
    -------
    Any
        A text that begins as a formula does, with an apostrophe before it; a number, also one written as text, and
        everything else as it is.

    Examples
    --------
    >>> csv_cell("=1+1"), csv_cell(-1.5), csv_cell("-1.5"), csv_cell("cat")
    ("'=1+1", -1.5, '-1.5', 'cat')
    """
    runs = isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if runs else value


def from_csv_cell(text: str) -> str:
    """What ``csv_cell`` was given.

    Parameters
    ----------
    text : str
        A cell as it was read.

    Returns
    -------
    str
        Without the apostrophe that keeps it from running.

    Examples
    --------
    >>> from_csv_cell("'=1+1"), from_csv_cell("'tis a cat")
    ('=1+1', "'tis a cat")
    """
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def csv_text(table: Any, **options: Any) -> str:
    """A table as CSV: the one writer, so that no cell of any file of ours runs in a spreadsheet.

    Parameters
    ----------
    table : DataFrame or sequence of sequences
        A frame is written without its index; of rows the first are the headers.
    **options : Any
        For ``DataFrame.to_csv``.

    Returns
    -------
    str
        Its lines.
    """
    if not hasattr(table, "to_csv"):
        text = io.StringIO(newline="")
        csv.writer(text).writerows([csv_cell(cell) for cell in row] for row in table)
        return text.getvalue()
    safe = table.copy(deep=False)
    for place, kind in enumerate(table.dtypes):
        if kind.kind not in "biufc":
            safe.isetitem(place, table.iloc[:, place].astype(object).map(_framed))
    safe.columns = [_framed(name) for name in table.columns]
    return str(safe.to_csv(index=False, lineterminator="\n", **options))


def _framed(value: Any) -> Any:
    """A carriage return would end a row: Python quotes it only where it ends ours."""
    return csv_cell(re.sub("\r\n?", "\n", value) if isinstance(value, str) else value)


def text_table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, digits: int = 2) -> str:
    """Aligned columns: numbers to the right, everything else to the left.

    Parameters
    ----------
    headers : sequence of str
        One a column.
    rows : sequence of sequences
        One value a column. A value that is no number is shown by ``str``; None and NaN are shown as "-".
    digits : int
        Decimals of a real number; integers have none.

    Returns
    -------
    str
        A line for the headers and one a row, without a trailing line break.

    Raises
    ------
    ValueError
        When a row has another number of values than there are headers.

    Examples
    --------
    >>> print(text_table(["method", "mIoU", "n"], [["tas", 64.611, 725], ["text-only", None, 3]]))
    method      mIoU    n
    tas        64.61  725
    text-only      -    3
    """
    for row in rows:
        if len(row) != len(headers):
            raise ValueError(f"expected {len(headers)} values a row, got {len(row)}: {row!r}")
    cells = [[cell_text(value, digits) for value in row] for row in rows]
    lines = [[printable(" ".join(text.splitlines())).replace("\t", " ") for text in line] for line in (headers, *cells)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(headers))]
    right = [bool(rows) and all(_is_number(row[k]) for row in rows) for k in range(len(headers))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if numeric else text.ljust(width)
            for text, width, numeric in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def interval_text(low: float, high: float, *, digits: int = 2, signed: bool = False) -> str:
    """An interval as text.

    Parameters
    ----------
    low, high : float
        Its ends, in the unit of the figure beside it.
    digits : int
        Decimals.
    signed : bool
        Whether a plus sign stands before positive ends, as differences have it.

    Returns
    -------
    str
        Such as "[57.84, 64.05]"; "-" where an end is NaN.

    Examples
    --------
    >>> interval_text(-0.5, 0.971, signed=True)
    '[-0.50, +0.97]'
    """
    if math.isnan(low) or math.isnan(high):
        return NOTHING
    sign = "+" if signed else ""
    return f"[{low:{sign}.{digits}f}, {high:{sign}.{digits}f}]"


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, Real) and not isinstance(value, bool))


def cell_text(value: object, digits: int = 2) -> str:
    """One value as a table shows it.

    Parameters
    ----------
    value : object
        A number, None, or anything with a text.
    digits : int
        Decimals of a real number; integers have none.

    Returns
    -------
    str
        "-" for None and NaN.
    """
    if value is None or (isinstance(value, Real) and math.isnan(value)):
        return NOTHING
    if isinstance(value, Real) and not isinstance(value, bool | Integral):
        return f"{float(value):.{digits}f}"
    return str(value)


def counted(number: int, noun: str) -> str:
    """A number with its noun, for people.

    Parameters
    ----------
    number : int
        How many.
    noun : str
        In the singular; its plural ends in s.

    Returns
    -------
    str
        Such as "1 proposal", "9 proposals".
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def stay_in(proposals: int, kept: int) -> str:
    """How many proposals there are and how many the rectifier left in, for people.

    Parameters
    ----------
    proposals, kept : int
        All, and those that stay.

    Returns
    -------
    str
        Such as "9 proposals, 4 stay in"; "1 proposal, which stays in".
    """
    if proposals == 1:
        return f"1 proposal, which {'stays in' if kept else 'is out'}"
    return f"{counted(proposals, 'proposal')}, {kept} {'stays' if kept == 1 else 'stay'} in"
