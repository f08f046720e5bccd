"""The tidy frame of a run's cases: one method's answers, what else is known of the samples, which rows, what order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.evaluation.runs import Run
from tasnb.viewers.cases import Cases, MissingCase

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "sample", "sample_id", "image_id", "ref_id", "sent_id", "dataset", "split", "expression", "iou", "oracle_iou",
    "chosen", "oracle", "proposals", "target_area", "head", "phrase", "directions", "rectified", "caption",
)  # fmt: skip


def frame_of(run: Run, method: str, cases: Cases) -> pd.DataFrame:
    """A row a case of one method: COLUMNS, gap (what the best proposal would add), and types where the samples know."""
    rows = run.predictions()
    frame = rows[rows["method"] == method].reindex(columns=list(COLUMNS)).reset_index(drop=True)
    frame["gap"] = frame["oracle_iou"] - frame["iou"]
    types = _types(frame, cases)
    return frame if types is None else frame.assign(types=types)


def joined(frame: pd.DataFrame, columns: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The cases with further columns by sample_id, and the names of those. Raises ValueError when they do not fit."""
    if "sample_id" not in columns.columns:
        raise ValueError(f"columns: expected a column 'sample_id' to join on, got {list(columns.columns)}")
    extra = [str(name) for name in columns.columns if name not in ("sample_id", "sample")]
    clash = sorted(set(extra) & set(frame.columns) - {"types"})
    if clash:
        raise ValueError(f"columns: {clash[0]!r} is a column of the run already; rename it")
    if columns["sample_id"].duplicated().any():
        twice = columns.loc[columns["sample_id"].duplicated(), "sample_id"].iloc[0]
        raise ValueError(
            f"columns: expected one row a sample, {twice!r} has more; choose one method or merge them first"
        )
    kept = frame.drop(columns=[name for name in extra if name in frame.columns])
    return kept.merge(columns[["sample_id", *extra]], on="sample_id", how="left"), extra


def _types(frame: pd.DataFrame, cases: Cases) -> list[tuple[str, ...]] | None:
    """The type tags that the data set knows of every case; None where it knows none."""
    try:
        if not len(frame) or "types" not in cases.sample(int(frame["sample"].iloc[0])).gold:
            return None
        return [tuple(cases.sample(int(number)).gold.get("types", ())) for number in frame["sample"]]
    except MissingCase:
        return None


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


def order_of(values: np.ndarray, descending: bool) -> np.ndarray:
    """A stable order; missing numbers come last whichever way."""
    if values.dtype == object:
        order = np.argsort(np.array([str(value).lower() for value in values]), kind="stable")
        return order[::-1] if descending else order
    numbers = values.astype(float)
    return np.argsort(np.where(np.isnan(numbers), np.inf, -numbers if descending else numbers), kind="stable")
