"""Rows as a text table for a terminal: the one printer of aligned columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real

NOTHING = "-"  # what stands for None and NaN


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
    lines = [list(headers), *cells]
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
