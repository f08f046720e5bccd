"""Filters over a run's cases: which columns can be filtered and how, and which rows pass. Pure functions on frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["range", "choice", "tag", "text"]
MOST_CHOICES = 40  # more values than that are typed, not chosen
LONGEST_CHOICE = 30  # characters; a sentence is typed, not chosen
MOST_HINTS = 200  # values that are proposed while typing
# the columns every run has, in the order of the filters; name -> (label, kind)
USUAL: Mapping[str, tuple[str, Kind]] = {
    "expression": ("expression contains", "text"),
    "head": ("head noun", "text"),
    "iou": ("IoU", "range"),
    "oracle_iou": ("best proposal's IoU", "range"),
    "split": ("split", "choice"),
    "directions": ("direction", "tag"),
    "types": ("type", "tag"),
    "category": ("kind of thing", "choice"),
}
NOT_FILTERED = frozenset({"sample", "sample_id"})


@dataclass(frozen=True, kw_only=True)
class Field:
    """One filter. kind: "range" of numbers, "choice" of one value, "tag" that a row carries, or "text" it contains.

    options: the values of a choice or tag, and what is proposed for a text. low, high: of a range, None otherwise.
    """

    name: str
    label: str
    kind: Kind
    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict, compare=False)  # option -> how many rows have it

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "options": list(self.options)}


def fields_of(frame: pd.DataFrame, extra: Sequence[str] = ()) -> tuple[Field, ...]:
    """The filters of a frame of cases: those of USUAL that can tell rows apart, then one for each extra column.

    extra: names of further columns. Numbers become a range, lists of words tags, few values a choice, others a text.
    """
    found = []
    for name, (label, kind) in USUAL.items():
        if name in frame.columns and name not in extra:
            found.append(_field(frame[name], name, label, kind))
    for name in extra:
        label = USUAL[name][0] if name in USUAL else name.replace("_", " ")
        found.append(_field(frame[name], name, label, _kind_of(frame[name])))
    return tuple(f for f in found if f.kind in ("text", "range") or len(f.options) > (0 if f.kind == "tag" else 1))


def passing(frame: pd.DataFrame, fields: Sequence[Field], wanted: Mapping[str, Any]) -> np.ndarray:
    """Which rows pass every filter: bool (rows,).

    wanted: field name -> [low, high] of a range (None: no bound), a value of a choice or tag, a text (its words may
    stand anywhere, capital or not); "" and None ask for nothing. A missing number passes no bound.
    Raises ValueError for an unknown field, listing those there are, or for a range that is none.
    """
    by_name = {field.name: field for field in fields}
    passes = np.ones(len(frame), dtype=bool)
    for name, value in wanted.items():
        if name not in by_name:
            raise ValueError(f"unknown filter {name!r}; choose from {', '.join(by_name)}")
        if value is None or value == "":
            continue
        column = frame[name]
        kind = by_name[name].kind
        if kind == "range":
            passes &= _in_range(column.to_numpy(float), value, name)
        elif kind == "choice":
            passes &= (column.map(_plain) == str(value)).to_numpy(bool)
        elif kind == "tag":
            passes &= np.fromiter((str(value) in tags_of(cell) for cell in column), bool, len(frame))
        else:
            passes &= column.map(_plain).str.contains(str(value), case=False, regex=False).to_numpy(bool)
    return passes


def tags_of(cell: Any) -> tuple[str, ...]:
    """The tags of one cell: the words of a text, or what stands between its commas; the members of a list.

    A missing value has none.
    """
    if isinstance(cell, str):
        parts = cell.split(",") if "," in cell else cell.split()
        return tuple(part.strip() for part in parts if part.strip())
    if isinstance(cell, Sequence | np.ndarray | set | frozenset):
        return tuple(str(tag) for tag in cell)
    return ()


def in_words(cell: Any) -> str:
    """A cell for people: a number with two places, a list with commas, "none" for what is missing."""
    if isinstance(cell, float) and not np.isnan(cell):
        return f"{cell:.2f}"
    if not isinstance(cell, str) and tags_of(cell):
        return ", ".join(tags_of(cell))
    return _plain(cell) or "none"


def _field(column: pd.Series, name: str, label: str, kind: Kind) -> Field:
    if kind == "range":
        values = column.to_numpy(float)
        values = values[np.isfinite(values)]
        low, high = (
            (0.0, 1.0) if "iou" in name.split("_") else (float(values.min(initial=0)), float(values.max(initial=0)))
        )
        return Field(name=name, label=label, kind=kind, low=low, high=high)
    if kind == "tag":
        tags = Counter(tag for cell in column for tag in tags_of(cell))
        return Field(name=name, label=label, kind=kind, options=tuple(sorted(tags)), counts=dict(tags))
    counts = column.map(_plain).value_counts()
    values = [value for value in counts.index if value]
    if name == "expression":
        values = []  # thousands of sentences are no help in typing one
    return Field(name=name, label=label, kind=kind, options=tuple(sorted(values[:MOST_HINTS])),
                 counts={v: int(counts[v]) for v in values} if kind == "choice" else {})  # fmt: skip


def _kind_of(column: pd.Series) -> Kind:
    import pandas as pd

    if column.name in USUAL:
        return USUAL[str(column.name)][1]
    if any(isinstance(cell, list | tuple | set | frozenset | np.ndarray) for cell in column):
        return "tag"
    if pd.api.types.is_bool_dtype(column):
        return "choice"
    if pd.api.types.is_numeric_dtype(column):
        return "range"
    words = column.map(_plain)
    short = words.nunique() <= MOST_CHOICES and words.str.len().max() <= LONGEST_CHOICE
    return "choice" if short or not len(words) else "text"


def _plain(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)) or (isinstance(cell, tuple | list) and not cell):
        return ""
    return ("yes" if cell else "no") if isinstance(cell, bool | np.bool_) else str(cell)


def _in_range(values: np.ndarray, wanted: Any, name: str) -> np.ndarray:
    try:
        low, high = wanted
        low, high = (-np.inf if low is None else float(low)), (np.inf if high is None else float(high))
    except (TypeError, ValueError) as problem:
        raise ValueError(f"{name}: expected [low, high], numbers or None, got {wanted!r}") from problem
    if low > high:
        raise ValueError(f"{name}: expected low <= high, got {low:g} and {high:g}")
    if low == -np.inf and high == np.inf:
        return np.ones(len(values), dtype=bool)
    return (values >= low) & (values <= high)
