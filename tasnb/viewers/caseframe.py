"""The tidy frame of a run's cases: one method's answers, what else is known of the samples, which rows, what order."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.evaluation.runs import Run
from tasnb.viewers import filters

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "sample", "sample_id", "image_id", "ref_id", "sent_id", "dataset", "split", "expression", "iou", "oracle_iou",
    "chosen", "oracle", "proposals", "target_area", "head", "phrase", "directions", "rectified", "caption",
    "category",
)  # fmt: skip


def frame_of(run: Run, method: str) -> pd.DataFrame:
    """A row a case of one method: COLUMNS, gap (what the best proposal would add), types where the data set has them.

    types: the tags of the expression, a tuple; no column when no case has any.
    """
    rows = run.predictions()
    rows = rows[rows["method"] == method]
    frame = rows.reindex(columns=list(COLUMNS)).reset_index(drop=True)
    frame["gap"] = frame["oracle_iou"] - frame["iou"]
    types = [_types(text) for text in rows["gold"]] if "gold" in rows.columns else []
    return frame.assign(types=types) if any(types) else frame


def joined(frame: pd.DataFrame, columns: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The cases with further columns by sample_id, and the names of those; ``tn.analysis.cases(run)`` fits.

    A column that the run has too must say the same and is not joined again; types are taken from ``columns``.
    Raises ValueError when the columns do not fit.
    """
    if "sample_id" not in columns.columns:
        raise ValueError(f"columns: expected a column 'sample_id' to join on, got {list(columns.columns)}")
    if columns["sample_id"].duplicated().any():
        twice = columns.loc[columns["sample_id"].duplicated(), "sample_id"].iloc[0]
        raise ValueError(
            f"columns: expected one row a sample, {twice!r} has more; choose one method or merge them first"
        )
    names = [str(name) for name in columns.columns if name != "sample_id"]
    shared = [name for name in names if name in frame.columns and name != "types"]
    both = frame[["sample_id", *shared]].merge(columns[["sample_id", *shared]], on="sample_id", suffixes=("", "_other"))
    for name in shared:
        if not _same(both[name], both[f"{name}_other"]):
            raise ValueError(
                f"columns: {name!r} is a column of the run and says something else there; drop or rename it"
            )
    extra = [name for name in names if name not in shared]
    kept = frame.drop(columns=[name for name in extra if name in frame.columns])
    merged = kept.merge(columns[["sample_id", *extra]], on="sample_id", how="left")
    if "types" in extra:  # "bare noun, thing": names may hold a blank, so only the comma divides
        merged["types"] = [
            tuple(name.strip() for name in cell.split(",") if name.strip()) if isinstance(cell, str) else cell
            for cell in merged["types"]
        ]
    return merged, extra


def _same(one: pd.Series, other: pd.Series) -> bool:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
        return bool(np.allclose(one.to_numpy(float), other.to_numpy(float), equal_nan=True))
    return bool((one.fillna("").astype(str) == other.fillna("").astype(str)).all())


def _types(gold: Any) -> tuple[str, ...]:
    """The type tags in a run's column ``gold``; none where it is empty or says nothing of them."""
    found = json.loads(gold) if isinstance(gold, str) and gold else {}
    return tuple(str(tag) for tag in found.get("types", ()))


def rows_where(frame: pd.DataFrame, where: str | Callable[[pd.DataFrame], Any]) -> np.ndarray:
    if callable(where):
        found = np.asarray(where(frame))
    else:
        try:
            found = np.asarray(frame.eval(where, engine="python"))
        except Exception as problem:  # pandas raises whatever its parser meets
            names = ", ".join(str(name) for name in frame.columns)
            raise ValueError(f"where: {where!r} cannot be read ({problem}); the columns are {names}") from problem
    if found.shape != (len(frame),) or found.dtype != bool:
        raise ValueError(
            f"where: expected True or False for each of {len(frame)} cases, got {found.dtype} {found.shape}"
        )
    return found


def grouped(frame: pd.DataFrame, rows: np.ndarray, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows under headings, the order inside kept: (rows, heading of each); by "" there is one group without a name.

    A case with several tags stands under each of them; one without any comes last, under "none".
    """
    if not by:
        return rows, np.full(len(rows), "", dtype=object)
    members: dict[str, list[int]] = {}
    for row, cell in zip(rows, frame[by].iloc[rows], strict=True):
        names = (cell,) if isinstance(cell, str) and cell else () if isinstance(cell, str) else filters.tags_of(cell)
        for name in names or ("none",):
            members.setdefault(name, []).append(int(row))
    order = sorted(members, key=lambda name: (name == "none", name))
    found = [(row, name) for name in order for row in members[name]]
    places, headings = np.array([row for row, _ in found], dtype=int), np.empty(len(found), dtype=object)
    headings[:] = [name for _, name in found]
    return places, headings


def order_of(values: np.ndarray, descending: bool) -> np.ndarray:
    """A stable order; missing numbers come last whichever way."""
    if values.dtype == object:
        order = np.argsort(np.array([str(value).lower() for value in values]), kind="stable")
        return order[::-1] if descending else order
    numbers = values.astype(float)
    return np.argsort(np.where(np.isnan(numbers), np.inf, -numbers if descending else numbers), kind="stable")
