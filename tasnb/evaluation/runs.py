"""A run directory, finished or growing, opened: its tables and its figures.

    Run.open("outputs/runs/...").table()

run.json says what was evaluated; predictions/, proposals/, scores/, refs/ and errors/ hold one Parquet file a part (and
answers/, where a method gave masks of its own), parts/ what binds these (see ``parts``); errors.parquet and
summary.json are made of them at the end.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic_core import to_jsonable_python

from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.shipped import finished
from tasnb.core.tables import counted, interval_text, text_table
from tasnb.evaluation import metrics
from tasnb.evaluation.headings import coverage_of, headed
from tasnb.evaluation.parts import (
    DamagedRunError,
    bound_path,
    is_done,
    key_of,
    read_part,
    read_sealed,
    write_sealed,
    write_table,
)
from tasnb.evaluation.records import COLUMNS, schema

if TYPE_CHECKING:
    import pandas as pd

ORACLE = "oracle"  # the row of the best proposal
FIGURES: Mapping[str, str] = {"miou": "mIoU", "oiou": "oIoU"}  # column -> its name in a table for people
# of the run directory; 2: proposals, phrases, gold; 3: variant, which was called method; 4: bound by checksums
SCHEMA = 4
ABOUT, SUMMARY = "run.json", "summary.json"
NO_STAGES = "none"  # in run.json as proposals: answers that were imported, without proposals and scores
MOST_REASONS = 5  # why samples failed, that are told
LONGEST_REASON = 200  # characters of one
_log = logging.getLogger(__name__)


def minded_of(about: Mapping[str, Any]) -> list[str]:
    """What to mind before the figures of a run are believed, from its run.json: a sentence each, most often none."""
    found = [str(about["domain_note"])] if about.get("domain_note") else []
    if absent := len(about.get("imported", {}).get("missing", ())):
        who, share = about["models"]["name"], coverage_of(about)
        found.append(f"the answers of {who} cover {share} of the samples: {absent} have none and are in no figure")
    return found


def has_stages(run: Any) -> bool:
    """Whether a run has proposals and scores; one of imported answers has neither."""
    return bool(run.about.get("proposals") != NO_STAGES)


def require_stages(run: Any, what: str) -> None:
    """Refuse a run of imported answers. what: that which needs proposals or scores, for the message.

    Raises UserError, with what can be done instead.
    """
    if not has_stages(run):
        raise UserError(
            f"{what} needs proposals and scores, and this run holds imported answers only; its tables, comparisons, "
            "causes, gallery and report work: tasnb analyse, compare, report"
        )


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

    def answers(self) -> pd.DataFrame:
        """A row per sample and method that gave a mask of its own."""

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

    Raises
    ------
    FileNotFoundError
        For a folder without run.json.
    UserError
        For one that is not what tasnb wrote, or was written by another version of it.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        path = self.folder / ABOUT
        if not path.is_file():
            raise MissingFileError(f"{self.folder} holds no run: expected {path.name} in it; see tasnb evaluate --out")
        self.about: dict[str, Any] = read_sealed(path, schema=SCHEMA)
        self._read = lru_cache(maxsize=len(COLUMNS))(self._read_table)

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
        key = key_of(self.about)
        return all(is_done(self.folder, number, key) for number in range(int(self.about["parts"])))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """summary.json, made again of the tables where it is damaged or of another protocol; {} before it is there."""
        path = self.folder / SUMMARY
        try:
            found = read_sealed(path)
            if found.pop("of", None) == self._is_of:
                return found
        except FileNotFoundError:
            if not self.is_finished:
                return {}
        except (DamagedRunError, OSError) as problem:
            _log.warning("%s is damaged; it is made again of the tables", path)
            _log.debug("%s", problem)
        return summary_table(self)

    @property
    def _is_of(self) -> list[str]:
        """What a summary is of."""
        return [key_of(self.about), str(self.about["protocol"])]

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

    def answers(self) -> pd.DataFrame:
        """Masks that are none of the proposals, which a method of one's own may give, and an import always does.

        Returns
        -------
        DataFrame
            A row per sample and method that gave one: height, width, mask (run lengths), score.
        """
        return self._read("answers").copy()

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
        """Figures of every method, and of the best proposals ("oracle"), where the run has proposals.

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
            cent, each with _low and _high, its 95 % interval; under "gres", whose gIoU is miou and whose cIoU is oiou,
            also nacc and tacc.

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
        names = (*names, ORACLE) if has_stages(self) else names
        return pd.DataFrame([self._row(name, protocol or self.about["protocol"]) for name in names])

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
            unit (the sample's number, or "image/ref"), image_id, ref_id, intersection, union, target_area, answered.
        """
        merged = metrics.find(protocol or self.about["protocol"]).unit == "ref"
        frame = self._read("predictions")
        keys = ["image_id", "ref_id"] if merged else ["sample"]
        best = frame.drop_duplicates(keys)
        if merged:
            frame = self._read("refs").merge(best[[*keys, "target_area"]], on=keys)
            frame = frame.assign(unit=frame["image_id"] + "/" + frame["ref_id"])
        else:
            frame = frame.assign(unit=frame["sample"], answered=frame["proposals"] > 0)
        if method == ORACLE:
            require_stages(self, "the row of the best proposals")
            frame = frame.drop_duplicates(keys).drop(columns=["intersection", "union"])
            oracle = best[keys].assign(intersection=best["oracle_intersection"], union=best["oracle_union"])
            frame = frame.merge(oracle, on=keys)
        else:
            frame = frame[frame["method"] == method]
        columns = ["unit", "image_id", "ref_id", "intersection", "union", "target_area", "answered"]
        return frame[columns].reset_index(drop=True)

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
        chosen = protocol or str(self.about["protocol"])
        generalised = metrics.find(chosen).has_no_targets
        named = {"miou": "gIoU", "oiou": "cIoU", "nacc": "N-acc", "tacc": "T-acc"} if generalised else FIGURES
        precision, rows = {f"Pr@{t}": _pr(t) for t in metrics.THRESHOLDS}, []
        for row in self.table(chosen).to_dict("records"):
            figures = [each for name in named for each in _with_interval(row, name)]
            figures += [row.get(name) for name in precision.values()]
            rows.append([row["method"], *figures, row["n"], row["missing"]])
        head = f"{headed(self.about)}, protocol {chosen}, 95 % intervals"
        shown = [each for name in named.values() for each in (name, "interval")]
        headers = ["method", *shown, *precision, "n", "missing"]
        lines = [*(f"! {note}" for note in minded_of(self.about)), head]
        if absent := len(self._missing_parts()):
            lines.append(
                f"! {absent} of {self.about['parts']} parts are not done: the same tasnb evaluate command goes on"
            )
        nothing = why_nothing(self)
        lines.append(nothing or text_table(headers, rows))
        if failed := len(self._read("errors")):
            lines += [] if nothing else reasons(self._read("errors"))
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
        for name, share in found.answering.items():
            row |= share.columns(name)
        return row

    def _missing_parts(self) -> list[int]:
        return [n for n in range(int(self.about["parts"])) if not bound_path(self.folder, n).exists()]

    def _read_table(self, table: str) -> pd.DataFrame:
        """All parts of a table, in the order of the parts; columns too where there is no row."""
        import pyarrow as pa

        if (absent := self._missing_parts()) and (self.folder / SUMMARY).exists():
            raise DamagedRunError(
                f"{self.folder} was finished, and part {absent[0]} is missing; run the same tasnb evaluate command "
                f"again with --out {self.folder}: it computes that part again and keeps the others"
            )
        key, count = key_of(self.about), int(self.about["parts"])
        found = [read_part(self.folder, table, number, key) for number in range(count)]
        parts = [schema(table).empty_table(), *(part for part in found if part is not None)]
        # a file that lacks a column is read with nulls, and who needs it says so
        frame = pa.concat_tables(parts, promote_options="default").to_pandas()
        # a stable sort keeps the methods of a sample in the order of the run
        keys = _SORTED_BY.get(table)
        return frame.sort_values(keys, kind="stable", ignore_index=True) if keys else frame


_SORTED_BY = {
    "predictions": ["sample"],
    "scores": ["sample", "proposal"],
    "errors": ["sample"],
    "answers": ["sample"],
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
    images, (inter, union, *areas) = units["image_id"].to_numpy(), _counts(units).T
    options |= {"answered": units["answered"].to_numpy(dtype=bool), "ref_ids": _ref_ids(units, protocol)}
    return metrics.summarise(inter, union, images, protocol=protocol, target_areas=next(iter(areas), None), **options)


def paired(
    first: pd.DataFrame, second: pd.DataFrame, *, metric: str = "miou", protocol: str = "tas"
) -> tuple[metrics.Estimate, int]:
    """First minus second on the units that both have.

    Parameters
    ----------
    first, second : DataFrame
        From ``Run.units``, of two methods or two runs.
    metric : str
        "miou", "oiou", "pr@0.5" (any threshold), or "nacc", "tacc" under "gres".
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
    counts, images = (_counts(both), _counts(both, "_other")), both["image_id"].to_numpy()
    how: dict[str, Any] = {"metric": metric, "protocol": protocol, "answered": answered, "ref_ids": ref_ids}
    difference = metrics.paired_difference(*counts, images, **how)
    return difference, len(both)


def finish(folder: Path) -> Run:
    """Write errors.parquet and summary.json of a run whose parts are done, and open it."""
    import pyarrow as pa

    run = Run(folder)
    errors = run.errors().sort_values(["sample", "method"], kind="stable", ignore_index=True)
    write_table(folder / "errors.parquet", pa.Table.from_pandas(errors, schema=schema("errors"), preserve_index=False))
    write_sealed(folder / SUMMARY, {**summary_table(run), "of": run._is_of})
    return Run(folder)


def why_nothing(run: ScoredRun, method: str | None = None) -> str:
    """Why no sample of a run has an answer, in a sentence; "" where one has.

    Parameters
    ----------
    run : Run
        Its about, predictions(), and errors() where it has them.
    method : str, optional
        Only its answers.

    Returns
    -------
    str
        With the commonest reasons.
    """
    found, errors = run.predictions(), run.errors() if hasattr(run, "errors") else None
    if method is not None:
        found = found[found["method"] == method]
        errors = None if errors is None else errors[errors["method"].isin(["", method])]
    if len(found):
        return ""
    where = "no sample was measured" if method is None else f"no sample was answered by {method}"
    total = counted(int(run.about["dataset"]["samples"]), "sample")
    if errors is None or not len(errors):
        return f"{where}: none of {total} is done; the same tasnb evaluate command goes on"
    return f"{where}, of {total}: " + "; ".join(line.strip() for line in reasons(errors))


def reasons(errors: pd.DataFrame) -> list[str]:
    """Why samples failed, the commonest first.

    Parameters
    ----------
    errors : DataFrame
        ``Run.errors()``.

    Returns
    -------
    list of str
        A line for each of the commonest ``MOST_REASONS`` of stage, method, error and message, with the first sample of
        each, and one for the rest.
    """
    groups: dict[tuple[str, ...], list[Any]] = {}
    for row in errors.itertuples():
        alike = re.sub(r"\d+", "#", row.message.replace(row.sample_id, ""))  # whichever sample it names, and sizes
        groups.setdefault((row.stage, row.method, row.error, alike), []).append(row)
    found, lines = sorted(groups.values(), key=len, reverse=True), []
    for rows in found[:MOST_REASONS]:
        first = rows[0]
        where = f"{first.stage}, {first.method}" if first.method else first.stage
        lines.append(f"  {len(rows)} x {where}: {first.error}: {first.message[:LONGEST_REASON]} ({first.sample_id})")
    if rest := found[MOST_REASONS:]:
        lines.append(f"  {sum(map(len, rest))} x for {counted(len(rest), 'other reason')}")
    return lines


def summary_table(run: Run) -> dict[str, Any]:
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
    names = (f"{name}{suffix}" for name in ("intersection", "union", "target_area"))
    return units[[name for name in names if name in units]].to_numpy()  # "gres" alone needs the area


def _ref_ids(units: pd.DataFrame, protocol: str) -> list[str] | None:
    return units["unit"].tolist() if metrics.find(protocol).unit == "ref" else None


def _with_interval(row: Mapping[str, Any], name: str) -> tuple[float, str]:
    return row[name], interval_text(row[f"{name}_low"], row[f"{name}_high"])


def _pr(threshold: float) -> str:
    return f"pr{round(100 * threshold)}"
