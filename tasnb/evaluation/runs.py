"""A finished (or growing) run directory, and its figures: ``Run.open(folder).table()``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.evaluation import metrics, tables

if TYPE_CHECKING:
    import pandas as pd

ORACLE = "oracle"  # the row of the best proposal


class Run:
    """An evaluation on disk. Nothing is computed again: figures under any protocol come from the stored counts.

    folder: holds run.json and the Parquet parts. about: run.json. summary: summary.json, {} until it is finished.
    """

    def __init__(self, folder: Path | str) -> None:
        """Open a run. Raises FileNotFoundError for a folder without run.json, ValueError for one that is unreadable."""
        self.folder = Path(folder)
        path = self.folder / "run.json"
        if not path.is_file():
            raise FileNotFoundError(f"{self.folder} holds no run: expected {path.name} in it; see tasnb evaluate --out")
        self.about: dict[str, Any] = _json(path)
        summary = self.folder / "summary.json"
        self.summary: dict[str, Any] = _json(summary) if summary.is_file() else {}
        self._read = lru_cache(maxsize=len(tables.TABLES))(self._read_table)

    @classmethod
    def open(cls, folder: Path | str) -> Run:
        """Open a run directory; the same as ``Run(folder)``."""
        return cls(folder)

    def __repr__(self) -> str:
        data = self.about["dataset"]
        return f"Run({str(self.folder)!r}, {data['name']} {data['split']}, {', '.join(self.methods)})"

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order in which they were asked for."""
        return tuple(self.about["methods"])

    @property
    def is_finished(self) -> bool:
        """Whether every part is done."""
        return all(tables.is_done(self.folder, number) for number in range(int(self.about["parts"])))

    def predictions(self) -> pd.DataFrame:
        """A row per sample and method, sorted by both."""
        return self._read("predictions").copy()

    def scores(self) -> pd.DataFrame:
        """A row per sample and proposal, sorted by both: what a sweep ranks again."""
        return self._read("scores").copy()

    def proposals(self) -> pd.DataFrame:
        """A row per image and proposal, sorted by both: caption, box, mask, cosines with the caption's phrases."""
        return self._read("proposals").copy()

    def refs(self) -> pd.DataFrame:
        """A row per ref and method: all sentences of an object merged, the unit of protocol "car"."""
        return self._read("refs").copy()

    def errors(self) -> pd.DataFrame:
        """A row per sample (and method, "" for all) that failed, with the stage and the reason."""
        return self._read("errors").copy()

    def table(self, protocol: str | None = None, methods: Sequence[str] | None = None) -> pd.DataFrame:
        """oIoU, mIoU and Pr@t in per cent with 95 % intervals: a row a method, and the oracle's.

        protocol: the run's own by default. missing: samples without a figure, because they failed.
        Raises ValueError for an unknown protocol or method.
        """
        import pandas as pd

        chosen = protocol or self.about["protocol"]
        names = self._check_methods(methods)
        rows = [self._row(name, chosen) for name in names]
        rows.append(self._row(ORACLE, chosen))
        return pd.DataFrame(rows)

    def units(self, method: str, protocol: str | None = None) -> pd.DataFrame:
        """What is averaged: unit, image_id, ref_id, intersection, union, answered; a row a sentence ("car": a ref).

        unit: the sample's number, or "image/ref". method: "oracle" for the best proposals.
        """
        rule = metrics.find(protocol or self.about["protocol"])
        if rule.unit == "ref":
            frame = self._read("refs")
            of_sentence = self._read("predictions").drop_duplicates(["image_id", "ref_id"])
            if method == ORACLE:
                frame = frame.drop_duplicates(["image_id", "ref_id"]).merge(
                    of_sentence[["image_id", "ref_id", "oracle_intersection", "oracle_union"]],
                    on=["image_id", "ref_id"],
                )
                frame = frame.assign(intersection=frame["oracle_intersection"], union=frame["oracle_union"])
            else:
                frame = frame[frame["method"] == method]
            return frame.assign(unit=frame["image_id"] + "/" + frame["ref_id"])[_UNIT_COLUMNS].reset_index(drop=True)
        frame = self._read("predictions")
        if method == ORACLE:
            frame = frame.drop_duplicates("sample")
            frame = frame.assign(intersection=frame["oracle_intersection"], union=frame["oracle_union"])
        else:
            frame = frame[frame["method"] == method]
        return frame.assign(unit=frame["sample"], answered=frame["proposals"] > 0)[_UNIT_COLUMNS].reset_index(drop=True)

    def text(self, protocol: str | None = None) -> str:
        """The table for a terminal, with what it rests on."""
        data, frame, weights = self.about["dataset"], self.table(protocol), self.about["weights"]
        width = max(12, *(len(name) for name in frame["method"]))
        lines = [
            f"{data['name']} {data['split']}: {data['samples']} sentences of {data['images']} images, models "
            f"{self.about['models']['name']}, variant {self.about['variant']} (alpha {weights['alpha']:g}, lambda "
            f"{weights['lam']:g}), proposals {self.about['proposals']}, protocol "
            f"{protocol or self.about['protocol']}, 95 % intervals",
            f"{'method':<{width}} {'mIoU':>6} {'interval':>16} {'oIoU':>6} {'interval':>16} "
            + " ".join(f"{'Pr@' + str(t):>7}" for t in metrics.THRESHOLDS)
            + f" {'n':>6} {'missing':>8}",
        ]
        for row in frame.to_dict("records"):
            passes = " ".join(f"{row[_pr(t)]:7.2f}" if _pr(t) in row else f"{'-':>7}" for t in metrics.THRESHOLDS)
            lines.append(
                f"{row['method']:<{width}} {row['miou']:6.2f} [{row['miou_low']:6.2f}, {row['miou_high']:5.2f}] "
                f"{row['oiou']:6.2f} [{row['oiou_low']:6.2f}, {row['oiou_high']:5.2f}] {passes} {row['n']:>6} "
                f"{row['missing']:>8}"
            )
        if failed := len(self._read("errors")):
            lines.append(f"{failed} errors: see {self.folder / 'errors.parquet'} (Run.errors())")
        return "\n".join(lines)

    def _row(self, method: str, protocol: str) -> dict[str, Any]:
        units = self.units(method, protocol)
        rule = metrics.find(protocol)
        total = int(self.about["dataset"]["samples"])
        done = self._read("predictions")
        measured = done["sample"].nunique() if method == ORACLE else int((done["method"] == method).sum())
        summary = metrics.summarise(
            units["intersection"].to_numpy(), units["union"].to_numpy(), units["image_id"].to_numpy(),
            protocol=protocol, answered=units["answered"].to_numpy(dtype=bool), missing=total - measured,
            ref_ids=units["unit"].tolist() if rule.unit == "ref" else None,
        )  # fmt: skip
        row: dict[str, Any] = {"method": method, "n": summary.n, "missing": summary.missing}
        figures = {"oiou": summary.oiou, "miou": summary.miou, **{_pr(t): e for t, e in summary.precision.items()}}
        for name, estimate in figures.items():
            row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        return row

    def _check_methods(self, methods: Sequence[str] | None) -> Sequence[str]:
        names = self.methods if methods is None else tuple(methods)
        for name in names:
            if name not in self.methods:
                raise ValueError(f"this run has no method {name!r}; choose from {', '.join(self.methods)}")
        return names

    def _read_table(self, table: str) -> pd.DataFrame:
        frame = tables.read(self.folder, table)
        keys = _SORTED_BY.get(table)
        # a stable sort keeps the methods of a sample in the order of the run
        return frame.sort_values(keys, kind="stable", ignore_index=True) if keys else frame


_SORTED_BY = {
    "predictions": ["sample"], "scores": ["sample", "proposal"], "errors": ["sample"],
    "proposals": ["image_id", "proposal"],
}  # fmt: skip
_UNIT_COLUMNS = ["unit", "image_id", "ref_id", "intersection", "union", "answered"]


def paired(
    first: pd.DataFrame, second: pd.DataFrame, *, metric: str = "miou", protocol: str = "tas"
) -> tuple[metrics.Estimate, int]:
    """First minus second on the units that both have (from ``Run.units``), in points with its interval, and how many.

    Raises ValueError when they share no unit.
    """
    both = first.merge(second, on="unit", suffixes=("", "_other"))
    if both.empty:
        raise ValueError("the two have no sample in common; compare runs on the same data set and split")
    difference = metrics.paired_difference(
        both[["intersection", "union"]].to_numpy(),
        both[["intersection_other", "union_other"]].to_numpy(),
        both["image_id"].to_numpy(),
        metric=metric,
        protocol=protocol,
        answered=(both["answered"] & both["answered_other"]).to_numpy(dtype=bool),
        ref_ids=both["unit"].tolist() if metrics.find(protocol).unit == "ref" else None,
    )
    return difference, len(both)


def summarise(run: Run) -> dict[str, Any]:
    """The summary.json of a run: its table, how the first method differs from each other one, and what is missing."""
    protocol = str(run.about["protocol"])
    frame = run.table()
    first, differences = run.methods[0], []
    for other in run.methods[1:]:
        for metric in ("miou", "oiou"):
            units = run.units(first, protocol), run.units(other, protocol)
            if not len(units[0]) or not len(units[1]):
                continue
            gain, n = paired(*units, metric=metric, protocol=protocol)
            differences.append(
                {"first": first, "second": other, "metric": metric, "difference": gain.value, "low": gain.low,
                 "high": gain.high, "n": n}
            )  # fmt: skip
    errors = run.errors()
    return {
        "protocol": protocol,
        "table": _plain(frame.to_dict("records")),
        "differences": _plain(differences),
        "samples": run.about["dataset"]["samples"],
        "errors": len(errors),
        "failed_samples": int(errors["sample"].nunique()),
    }


def finish(folder: Path) -> Run:
    """Write errors.parquet and summary.json of a run whose parts are done, and open it."""
    import pyarrow as pa

    run = Run(folder)
    errors = run.errors().sort_values(["sample", "method"], kind="stable", ignore_index=True)
    tables.write_table(
        folder / "errors.parquet", pa.Table.from_pandas(errors, schema=tables.schema("errors"), preserve_index=False)
    )
    tables.write_text(folder / "summary.json", json.dumps(summarise(run), indent=2) + "\n")
    return Run(folder)


def _pr(threshold: float) -> str:
    return f"pr{round(100 * threshold)}"


def _plain(rows: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    """Plain JSON values; NaN, which JSON does not know, becomes null."""
    return [
        {k: None if isinstance(v, float) and np.isnan(v) else v.item() if isinstance(v, np.generic) else v
         for k, v in row.items()}
        for row in rows
    ]  # fmt: skip


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not readable JSON ({error}); delete the folder and run again") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(found).__name__}")
    return found
