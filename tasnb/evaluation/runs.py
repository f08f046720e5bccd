"""A run directory, finished or growing: its files, written whole or not at all, and its figures.

    Run.open("outputs/runs/...").table()

run.json says what was evaluated; predictions/, proposals/, scores/, refs/ and errors/ hold one Parquet file a part;
errors.parquet and summary.json are made of them at the end.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.shipped import finished
from tasnb.core.tables import counted, interval_text, text_table
from tasnb.core.types import Weights
from tasnb.evaluation import metrics
from tasnb.evaluation.records import TABLES, Rows, schema

if TYPE_CHECKING:
    import pandas as pd

ORACLE = "oracle"  # the row of the best proposal
SCHEMA = 3  # of the run directory; 2: proposals, phrases, gold; 3: variant, which was called method
LEFTOVER_SECONDS = 3600  # a temporary file this old belongs to a process that was killed
# predictions last: where that file is, the part is done
_WRITTEN_IN_ORDER = ("proposals", "scores", "refs", "errors", "predictions")


def minded_of(about: Mapping[str, Any]) -> list[str]:
    """What to mind before the figures of a run are believed, from its run.json: a sentence each, most often none."""
    return [str(about["domain_note"])] if about.get("domain_note") else []


class ScoredRun(Protocol):
    """What can be ranked again; ``Run`` has it, and so may a value in memory.

    A table is a DataFrame with the columns of ``records.COLUMNS``.
    """

    @property
    def about(self) -> Mapping[str, Any]:
        """The run.json."""

    def predictions(self) -> pd.DataFrame:
        """A row per sample and method, sorted by both."""

    def scores(self) -> pd.DataFrame:
        """A row per sample and proposal, sorted by both."""


class RunLike(ScoredRun, Protocol):
    """What comparisons and analyses read of a run beyond its scores."""

    @property
    def folder(self) -> Path:
        """Where it lies."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order in which they were asked for."""

    def proposals(self) -> pd.DataFrame:
        """A row per image and proposal, sorted by both."""

    def errors(self) -> pd.DataFrame:
        """A row per sample that failed."""

    def table(self, protocol: str | None = None, methods: Sequence[str] | None = None) -> pd.DataFrame:
        """Figures with intervals, a row a method."""

    def units(self, method: str, protocol: str | None = None) -> pd.DataFrame:
        """What is averaged."""


class Run:
    """An evaluation on disk. Nothing is computed again: figures under any protocol come from the stored counts.

    Parameters
    ----------
    folder : path
        Holds run.json and the Parquet parts.

    Attributes
    ----------
    folder : Path
        The same.
    about : dict
        run.json: data, models, methods, variant, weights, proposals, protocol, versions.
    summary : dict
        summary.json, {} until the run is finished.

    Raises
    ------
    FileNotFoundError
        For a folder without run.json.
    ValueError
        For one that is unreadable, or written by another version of tasnb.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        path = self.folder / "run.json"
        if not path.is_file():
            raise MissingFileError(f"{self.folder} holds no run: expected {path.name} in it; see tasnb evaluate --out")
        self.about: dict[str, Any] = _read_about(path)
        summary = self.folder / "summary.json"
        self.summary: dict[str, Any] = _read_json(summary) if summary.is_file() else {}
        self._read = lru_cache(maxsize=len(TABLES))(self._read_table)

    @classmethod
    def open(cls, folder: Path | str) -> Run:
        """Open a run directory; the same as ``Run(folder)``.

        Parameters
        ----------
        folder : path
            Holds run.json.

        Returns
        -------
        Run
            What it holds so far.
        """
        return cls(folder)

    @classmethod
    def shipped(cls, preset: str = "toy", dataset: str = "reftoy", split: str = "val") -> Run:
        """Open a finished run that ships with the library: every method on a whole split, by the toy models.

        Parameters
        ----------
        preset : str
            "toy", "toy-rn" or "toy-cutouts".
        dataset : str
            "reftoy", "reftoy+" or "reftoyg".
        split : str
            "val", "testA" or "testB".

        Returns
        -------
        Run
            As ``tasnb evaluate`` gives it with these models; ``data/toyworld/runs.py`` made it.

        Raises
        ------
        ValueError
            For a run that is not there; the message lists those that are.
        """
        return cls(finished(f"{preset}/{dataset}-{split}").parent)

    def __repr__(self) -> str:
        data = self.about["dataset"]
        return f"Run({str(self.folder)!r}, {data['name']} {data['split']}, {', '.join(self.methods)})"

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order in which they were asked for."""
        return tuple(self.about["methods"])

    @property
    def domain_note(self) -> str:
        """Why the figures say nothing about the methods: the models do not know such pictures; "" where they do."""
        return "".join(minded_of(self.about))

    @property
    def is_finished(self) -> bool:
        """Whether every part is done."""
        return all(is_done(self.folder, number) for number in range(int(self.about["parts"])))

    def predictions(self) -> pd.DataFrame:
        """What every method answered.

        Returns
        -------
        DataFrame
            A row per sample and method, sorted by both.
        """
        return self._read("predictions").copy()

    def scores(self) -> pd.DataFrame:
        """V, P and N of every proposal, which a sweep ranks again.

        Returns
        -------
        DataFrame
            A row per sample and proposal, sorted by both.
        """
        return self._read("scores").copy()

    def proposals(self) -> pd.DataFrame:
        """The proposals of every image: caption, box, mask, cosines with the caption's phrases.

        Returns
        -------
        DataFrame
            A row per image and proposal, sorted by both.
        """
        return self._read("proposals").copy()

    def refs(self) -> pd.DataFrame:
        """All sentences of an object merged, the unit of protocol "car".

        Returns
        -------
        DataFrame
            A row per ref and method.
        """
        return self._read("refs").copy()

    def errors(self) -> pd.DataFrame:
        """What failed, with the stage and the reason.

        Returns
        -------
        DataFrame
            A row per sample and method; method "" means that no method could be tried.
        """
        return self._read("errors").copy()

    def table(self, protocol: str | None = None, methods: Sequence[str] | None = None) -> pd.DataFrame:
        """Figures of every method, and of the best proposals ("oracle").

        Parameters
        ----------
        protocol : str, optional
            Of ``metrics.PROTOCOLS``; the run's own by default.
        methods : sequence of str, optional
            Only these; by default all.

        Returns
        -------
        DataFrame
            method, n, missing (samples without a figure, because they failed), and oiou, miou, pr50 ... pr90 in per
            cent, each with _low and _high, its 95 % interval.

        Raises
        ------
        ValueError
            For an unknown protocol or method.
        """
        import pandas as pd

        names = self.methods if methods is None else tuple(methods)
        for name in names:
            if name not in self.methods:
                raise UserError(f"this run has no method {name!r}; choose from {', '.join(self.methods)}")
        return pd.DataFrame([self._row(name, protocol or self.about["protocol"]) for name in (*names, ORACLE)])

    def units(self, method: str, protocol: str | None = None) -> pd.DataFrame:
        """What is averaged: a sentence, or all sentences of an object where the protocol merges them ("car").

        Parameters
        ----------
        method : str
            One of the run's, or "oracle" for the best proposals.
        protocol : str, optional
            The run's own by default.

        Returns
        -------
        DataFrame
            unit (the sample's number, or "image/ref"), image_id, ref_id, intersection, union, answered.
        """
        merged = metrics.find(protocol or self.about["protocol"]).unit == "ref"
        frame = self._read("predictions")
        keys = ["image_id", "ref_id"] if merged else ["sample"]
        best = frame.drop_duplicates(keys)
        if merged:
            frame = self._read("refs")
            frame = frame.assign(unit=frame["image_id"] + "/" + frame["ref_id"])
        else:
            frame = frame.assign(unit=frame["sample"], answered=frame["proposals"] > 0)
        if method == ORACLE:
            frame = frame.drop_duplicates(keys).drop(columns=["intersection", "union"])
            oracle = best[keys].assign(intersection=best["oracle_intersection"], union=best["oracle_union"])
            frame = frame.merge(oracle, on=keys)
        else:
            frame = frame[frame["method"] == method]
        return frame[["unit", "image_id", "ref_id", "intersection", "union", "answered"]].reset_index(drop=True)

    def text(self, protocol: str | None = None) -> str:
        """The table for a terminal, with what it rests on.

        Parameters
        ----------
        protocol : str, optional
            The run's own by default.

        Returns
        -------
        str
            Several lines.
        """
        about, data = self.about, self.about["dataset"]
        precision, rows = {f"Pr@{t}": _pr(t) for t in metrics.THRESHOLDS}, []
        for row in self.table(protocol).to_dict("records"):
            passed = [row.get(name) for name in precision.values()]
            figures = [*_with_interval(row, "miou"), *_with_interval(row, "oiou"), *passed]
            rows.append([row["method"], *figures, row["n"], row["missing"]])
        head = (
            f"{data['name']} {data['split']}: {counted(data['samples'], 'sentence')} of "
            f"{counted(data['images'], 'image')}, models "
            f"{about['models']['name']}, variant {about['variant']}, {Weights(**about['weights'])}, "
            f"proposals {about['proposals']}, protocol {protocol or about['protocol']}, "
            "95 % intervals"
        )
        headers = ["method", "mIoU", "interval", "oIoU", "interval", *precision, "n", "missing"]
        lines = [*(f"! {note}" for note in minded_of(about)), head, text_table(headers, rows)]
        if failed := len(self._read("errors")):
            lines.append(f"{counted(failed, 'error')}: see {self.folder / 'errors.parquet'} (Run.errors())")
        return "\n".join(lines)

    def _row(self, method: str, protocol: str) -> dict[str, Any]:
        done = self._read("predictions")
        measured = done["sample"].nunique() if method == ORACLE else int((done["method"] == method).sum())
        missing = int(self.about["dataset"]["samples"]) - measured
        found = summary_of(self.units(method, protocol), protocol, missing=missing)
        row = {"method": method, "n": found.n, "missing": found.missing}
        row |= found.oiou.columns("oiou") | found.miou.columns("miou")
        for threshold, precision in found.precision.items():
            row |= precision.columns(_pr(threshold))
        return row

    def _read_table(self, table: str) -> pd.DataFrame:
        """All parts of a table, in the order of the parts; columns too where there is no row."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        paths = sorted((self.folder / table).glob("part-*.parquet"))
        parts = [schema(table).empty_table(), *(pq.read_table(path) for path in paths)]
        # a file that lacks a column is read with nulls, and who needs it says so
        frame = pa.concat_tables(parts, promote_options="default").to_pandas()
        # a stable sort keeps the methods of a sample in the order of the run
        keys = _SORTED_BY.get(table)
        return frame.sort_values(keys, kind="stable", ignore_index=True) if keys else frame


_SORTED_BY = {
    "predictions": ["sample"],
    "scores": ["sample", "proposal"],
    "errors": ["sample"],
    "proposals": ["image_id", "proposal"],
}


def summary_of(units: pd.DataFrame, protocol: str, **options: Any) -> metrics.MetricSummary:
    """``metrics.summarise`` of units.

    Parameters
    ----------
    units : DataFrame
        From ``Run.units``, under the same protocol.
    protocol : str
        Of ``metrics.PROTOCOLS``.
    **options : Any
        As ``metrics.summarise`` takes them: thresholds, missing, resamples ...

    Returns
    -------
    MetricSummary
        oIoU, mIoU and Pr@t with their intervals.
    """
    counts, images = _counts(units), units["image_id"].to_numpy()
    answered, ref_ids = units["answered"].to_numpy(dtype=bool), _ref_ids(units, protocol)
    return metrics.summarise(
        counts[:, 0], counts[:, 1], images, protocol=protocol, answered=answered, ref_ids=ref_ids, **options
    )


def paired(
    first: pd.DataFrame, second: pd.DataFrame, *, metric: str = "miou", protocol: str = "tas"
) -> tuple[metrics.Estimate, int]:
    """First minus second on the units that both have.

    Parameters
    ----------
    first, second : DataFrame
        From ``Run.units``, of two methods or two runs.
    metric : str
        "miou", "oiou" or "pr@0.5" (any threshold).
    protocol : str
        That of the units.

    Returns
    -------
    tuple of Estimate and int
        The difference in points with its 95 % interval, and on how many units.

    Raises
    ------
    ValueError
        When they share no unit.
    """
    both = first.merge(second, on="unit", suffixes=("", "_other"))
    if both.empty:
        raise UserError("the two have no sample in common; compare runs on the same data set and split")
    answered = (both["answered"] & both["answered_other"]).to_numpy(dtype=bool)
    ref_ids = _ref_ids(both, protocol)
    difference = metrics.paired_difference(
        _counts(both),
        _counts(both, "_other"),
        both["image_id"].to_numpy(),
        metric=metric,
        protocol=protocol,
        answered=answered,
        ref_ids=ref_ids,
    )
    return difference, len(both)


def finish(folder: Path) -> Run:
    """Write errors.parquet and summary.json of a run whose parts are done, and open it."""
    import pyarrow as pa

    run = Run(folder)
    errors = run.errors().sort_values(["sample", "method"], kind="stable", ignore_index=True)
    write_table(folder / "errors.parquet", pa.Table.from_pandas(errors, schema=schema("errors"), preserve_index=False))
    write_text(folder / "summary.json", json.dumps(_summary(run), indent=2) + "\n")
    return Run(folder)


def part_path(folder: Path, table: str, number: int) -> Path:
    """Where a part of a table lies."""
    return folder / table / f"part-{number:05d}.parquet"


def write_part(folder: Path, number: int, rows: Rows) -> None:
    """Write the five files of a part, each under a temporary name and renamed, the one that says "done" last.

    Raises OSError with one sentence when the disk is full or the folder cannot be written; nothing half-written stays.
    """
    made = {table: rows.table(table) for table in _WRITTEN_IN_ORDER}
    for table, content in made.items():
        write_table(part_path(folder, table, number), content)


def is_done(folder: Path, number: int) -> bool:
    """Whether all five files of a part are there and readable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for table in reversed(_WRITTEN_IN_ORDER):
        path = part_path(folder, table, number)
        try:
            if not path.is_file() or not pq.read_schema(path).equals(schema(table)):
                return False
        except (pa.ArrowException, OSError):
            return False  # cut short by a power cut, say: computed again
    return True


def write_table(path: Path, table: Any) -> None:
    """Write one Parquet file, whole or not at all."""
    import pyarrow.parquet as pq

    _whole_or_not(path, lambda temporary: pq.write_table(table, temporary, compression="zstd"))


def write_text(path: Path, text: str) -> None:
    """Write one text file, whole or not at all."""
    _whole_or_not(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def _whole_or_not(path: Path, write: Callable[[Path], Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid():x}{secrets.token_hex(3)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temporary)
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            for leftover in path.parent.glob(f".{path.name}.*.tmp"):
                with suppress(OSError):
                    if time.time() - leftover.stat().st_mtime > LEFTOVER_SECONDS:
                        leftover.unlink(missing_ok=True)
    except OSError as problem:
        why = "no space left on the disk" if problem.errno == errno.ENOSPC else str(problem)
        raise OSError(
            f"cannot write {path} ({why}); finished parts are kept: make room or choose another folder, and run the "
            "same command again to go on"
        ) from problem


def _summary(run: Run) -> dict[str, Any]:
    """The summary.json of a run: its table, how the first method differs from each other one, and what is missing."""
    protocol, (first, *others), errors = str(run.about["protocol"]), run.methods, run.errors()
    differences = []
    for other in others:
        for metric in ("miou", "oiou"):
            units = run.units(first, protocol), run.units(other, protocol)
            if len(units[0]) and len(units[1]):
                gain, n = paired(*units, metric=metric, protocol=protocol)
                row = {"first": first, "second": other, "metric": metric, "difference": gain.value}
                differences.append({**row, "low": gain.low, "high": gain.high, "n": n})
    summary = {"protocol": protocol, "table": run.table().to_dict("records"), "differences": differences}
    summary |= {"samples": run.about["dataset"]["samples"], "errors": len(errors)}
    summary["failed_samples"] = int(errors["sample"].nunique())
    return to_jsonable_python(summary, inf_nan_mode="null")  # type: ignore[no-any-return]


def _counts(units: pd.DataFrame, suffix: str = "") -> Any:
    return units[[f"intersection{suffix}", f"union{suffix}"]].to_numpy()


def _ref_ids(units: pd.DataFrame, protocol: str) -> list[str] | None:
    return units["unit"].tolist() if metrics.find(protocol).unit == "ref" else None


def _with_interval(row: Mapping[str, Any], name: str) -> tuple[float, str]:
    return row[name], interval_text(row[f"{name}_low"], row[f"{name}_high"])


def _pr(threshold: float) -> str:
    return f"pr{round(100 * threshold)}"


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Data(_Part):
    name: str
    split: str
    samples: int
    images: int
    fingerprint: str
    spec: dict[str, Any] | None


class _Models(_Part):
    name: str
    spec: dict[str, Any] | None
    parts: dict[str, str]


class _About(_Part):
    """What run.json holds; ``plan`` writes it."""

    version: Literal[3] = Field(alias="schema")
    versions: dict[str, str]
    dataset: _Data
    models: _Models
    methods: list[str] = Field(min_length=1)
    variant: str
    variant_options: dict[str, Any]
    weights: Weights
    proposals: str
    protocol: str
    parts: int = Field(ge=0)


def _read_about(path: Path) -> dict[str, Any]:
    about = _read_json(path)
    if about.get("schema") != SCHEMA:
        raise UserError(
            f"{path} was written by another version of tasnb (run directory {about.get('schema')}, this one reads "
            f"{SCHEMA}); evaluate again into another folder, which the artifact store keeps short"
        )
    try:
        _About.model_validate_json(path.read_bytes())
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {where}: {first['msg']}; delete the folder and run again") from problem
    return about


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return TypeAdapter(dict[str, Any]).validate_json(path.read_bytes())
    except ValidationError as problem:
        said = problem.errors()[0]["msg"]
        raise UserError(f"{path} is not readable JSON ({said}); delete the folder and run again") from problem
