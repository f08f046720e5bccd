"""The tidy frame of a run's cases: its columns, its filters, which rows pass, in which order and groups.

Pure functions on frames; ``gallery`` shows what they give.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.evaluation.runs import Run, has_stages

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["range", "choice", "tag", "text"]
MOST_CHOICES = 40  # more values than that are typed, not chosen
LONGEST_CHOICE = 30  # characters; a sentence is typed, not chosen
NUMBERS = "iuf"  # kinds of dtype
MOST_HINTS = 200  # values that are proposed while typing
COLUMNS = (
    "sample", "sample_id", "image_id", "ref_id", "sent_id", "dataset", "split", "expression", "iou", "oracle_iou",
    "chosen", "oracle", "proposals", "target_area", "head", "phrase", "directions", "rectified", "caption", "category",
)  # fmt: skip
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


@dataclass(frozen=True, kw_only=True)
class Field:
    """One filter. kind: "range" of numbers, "choice" of one value, "tag" that a row carries, or "text" it contains.

    options: the values of a choice or tag, and what is proposed for a text. low, high: of a range, None otherwise.
    counts: option -> how many rows have it.
    """

    name: str
    label: str
    kind: Kind
    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict, compare=False)


def frame_of(run: Run, method: str) -> pd.DataFrame:
    """A row a case of one method: COLUMNS, gap (what the best proposal would add), types where the data set has them.

    A run of imported answers has no columns about proposals.

    types: the tags of the expression, a tuple; no column when no case has any.
    """
    rows = run.predictions()
    rows = rows[rows["method"] == method]
    frame = rows.reindex(columns=list(COLUMNS)).reset_index(drop=True)
    if has_stages(run):
        frame["gap"] = frame["oracle_iou"] - frame["iou"]
    else:
        frame = frame.drop(columns=["oracle", "oracle_iou", "rectified", "caption"])
    types = [_types(text) for text in rows["gold"]] if "gold" in rows.columns else []
    return frame.assign(types=types) if any(types) else frame


def joined(frame: pd.DataFrame, columns: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The cases with further columns by sample_id, and the names of those; ``tn.analysis.cases(run)`` fits.

    A column that the run has too must say the same and is not joined again; types are taken from ``columns``.
    Raises ValueError when the columns do not fit.
    """
    if "sample_id" not in columns.columns:
        raise UserError(f"columns: expected a column 'sample_id' to join on, got {list(columns.columns)}")
    twice = columns.loc[columns["sample_id"].duplicated(), "sample_id"]
    if len(twice):
        told = f"columns: expected one row a sample, {twice.iloc[0]!r} has more"
        raise UserError(f"{told}; choose one method or merge them first")
    names = [str(name) for name in columns.columns if name != "sample_id"]
    shared = [name for name in names if name in frame.columns and name != "types"]
    both = frame[["sample_id", *shared]].merge(columns[["sample_id", *shared]], on="sample_id", suffixes=("", "_other"))
    for name in shared:
        if not _same(both[name], both[f"{name}_other"]):
            told = f"columns: {name!r} is a column of the run and says something else there"
            raise UserError(f"{told}; drop or rename it")
    extra = [name for name in names if name not in shared]
    kept = frame.drop(columns=extra, errors="ignore")
    merged = kept.merge(columns[["sample_id", *extra]], on="sample_id", how="left")
    if "types" in extra:  # "bare noun, thing": names may hold a blank, so only the comma divides
        merged["types"] = [_between_commas(cell) if isinstance(cell, str) else cell for cell in merged["types"]]
    return merged, extra


def fields_of(frame: pd.DataFrame, extra: Sequence[str] = ()) -> tuple[Field, ...]:
    """The filters of a frame of cases: those of USUAL that can tell rows apart, then one for each extra column.

    extra: names of further columns. Numbers become a range, lists of words tags, few values a choice, others a text.
    """
    found = [
        _field(frame[name], label, kind)
        for name, (label, kind) in USUAL.items()
        if name in frame.columns and name not in extra
    ]
    for name in extra:
        label, kind = USUAL.get(name) or (name.replace("_", " "), _kind_of(frame[name]))
        found.append(_field(frame[name], label, kind))
    return tuple(f for f in found if f.kind in ("text", "range") or len(f.options) > (0 if f.kind == "tag" else 1))


def passing(frame: pd.DataFrame, fields: Sequence[Field], wanted: Mapping[str, Any]) -> np.ndarray:
    """Which rows pass every filter: bool (rows,).

    wanted: field name -> [low, high] of a range (None: no bound), a value of a choice or tag, a text (its words may
    stand anywhere, capital or not); "" and None ask for nothing. A missing number passes no bound.
    Raises ValueError for an unknown field, listing those there are, or for a range that is none.
    """
    kinds = {field.name: field.kind for field in fields}
    passes = np.ones(len(frame), dtype=bool)
    for name, value in wanted.items():
        require_known("filter", name, kinds)
        if value is None or value == "":
            continue
        column = frame[name]
        if kinds[name] == "range":
            passes &= _in_range(column.to_numpy(float), value, name)
        elif kinds[name] == "choice":
            passes &= (column.map(_plain) == str(value)).to_numpy(bool)
        elif kinds[name] == "tag":
            passes &= np.fromiter((str(value) in tags_of(cell) for cell in column), bool, len(frame))
        else:
            passes &= column.map(_plain).str.contains(str(value), case=False, regex=False).to_numpy(bool)
    return passes


def rows_where(frame: pd.DataFrame, where: str | Callable[[pd.DataFrame], Any]) -> np.ndarray:
    """Which rows a query or a function of the frame names: bool (rows,). Raises ValueError for what cannot be read."""
    if callable(where):
        found = np.asarray(where(frame))
    else:
        try:
            found = np.asarray(frame.eval(where, engine="python"))
        except Exception as problem:  # pandas raises whatever its parser meets
            names = ", ".join(str(name) for name in frame.columns)
            raise UserError(f"where: {where!r} cannot be read ({problem}); the columns are {names}") from problem
    if found.shape != (len(frame),) or found.dtype != bool:
        expected = f"True or False for each of {len(frame)} cases"
        raise UserError(f"where: expected {expected}, got {found.dtype} {found.shape}")
    return found


def grouped(frame: pd.DataFrame, rows: np.ndarray, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows under headings, the order inside kept: (rows, heading of each); by "" there is one group without a name.

    A case with several tags stands under each of them; one without any comes last, under "none".
    """
    if not by:
        return rows, np.full(len(rows), "", dtype=object)
    laid = frame[[by]].iloc[rows].assign(row=rows)
    laid["name"] = [list(_headings_of(cell)) or ["none"] for cell in laid[by]]
    laid = laid.explode("name")
    laid = laid.assign(last=laid["name"] == "none").sort_values(["last", "name"], kind="stable")
    return laid["row"].to_numpy(int), laid["name"].to_numpy(object)


def order_of(values: np.ndarray, descending: bool) -> np.ndarray:
    """A stable order; missing numbers come last whichever way."""
    if values.dtype == object:
        order = np.argsort(np.array([str(value).lower() for value in values]), kind="stable")
        return order[::-1] if descending else order
    numbers = values.astype(float)
    return np.argsort(np.where(np.isnan(numbers), np.inf, -numbers if descending else numbers), kind="stable")


def tags_of(cell: Any) -> tuple[str, ...]:
    """The tags of one cell: the words of a text, or what stands between its commas; the members of a list.

    A missing value has none.
    """
    if isinstance(cell, str):
        return _between_commas(cell) if "," in cell else tuple(cell.split())
    if isinstance(cell, Sequence | np.ndarray | set | frozenset):
        return tuple(str(tag) for tag in cell)
    return ()


def _headings_of(cell: Any) -> Sequence[str]:
    return tags_of(cell) if not isinstance(cell, str) else [cell] if cell else []


def in_words(cell: Any) -> str:
    """A cell for people: a number with two places, a list with commas, "none" for what is missing."""
    if isinstance(cell, float) and not np.isnan(cell):
        return f"{cell:.2f}"
    if not isinstance(cell, str) and tags_of(cell):
        return ", ".join(tags_of(cell))
    return _plain(cell) or "none"


def _between_commas(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _same(one: pd.Series, other: pd.Series) -> bool:
    if all(each.dtype.kind in NUMBERS + "b" for each in (one, other)):
        return bool(np.allclose(one.to_numpy(float), other.to_numpy(float), equal_nan=True))
    return bool((one.fillna("").astype(str) == other.fillna("").astype(str)).all())


def _types(gold: Any) -> tuple[str, ...]:
    """The type tags in a run's column ``gold``; none where it is empty or says nothing of them."""
    found = json.loads(gold) if isinstance(gold, str) and gold else {}
    return tuple(str(tag) for tag in found.get("types", ()))


def _field(column: pd.Series, label: str, kind: Kind) -> Field:
    name = str(column.name)
    if kind == "range":
        values = column.to_numpy(float)
        values = values[np.isfinite(values)]
        ends = (0.0, 1.0) if "iou" in name.split("_") else (values.min(initial=0), values.max(initial=0))
        return Field(name=name, label=label, kind=kind, low=float(ends[0]), high=float(ends[1]))
    if kind == "tag":
        counts = Counter(tag for cell in column for tag in tags_of(cell))
        return Field(name=name, label=label, kind=kind, options=tuple(sorted(counts)), counts=dict(counts))
    counts = Counter({value: int(count) for value, count in column.map(_plain).value_counts().items() if value})
    # thousands of sentences are no help in typing one
    options = () if name == "expression" else sorted(list(counts)[:MOST_HINTS])
    return Field(
        name=name, label=label, kind=kind, options=tuple(options), counts=dict(counts) if kind == "choice" else {}
    )


def _kind_of(column: pd.Series) -> Kind:
    if any(isinstance(cell, list | tuple | set | frozenset | np.ndarray) for cell in column):
        return "tag"
    if column.dtype.kind in NUMBERS:
        return "range"
    words = column.map(_plain)  # "yes" and "no" of a bool
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
        raise UserError(f"{name}: expected [low, high], numbers or None, got {wanted!r}") from problem
    if low > high:
        raise UserError(f"{name}: expected low <= high, got {low:g} and {high:g}")
    if low == -np.inf and high == np.inf:
        return np.ones(len(values), dtype=bool)
    return (values >= low) & (values <= high)
