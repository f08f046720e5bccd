"""``reproduce("table1")``: the paper's tables measured on any data with any models, beside the published figures.

Every measured figure comes from a run directory below ``out``, made by ``evaluate``: a second call takes up what is
there, and a cell for which nothing was run says why and stays empty. ``recipes`` says what to run.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.tables import cell_text, csv_text, interval_text, text_table
from tasnb.core.types import Sample, Weights
from tasnb.datasets import CountWarning, load
from tasnb.evaluation import metrics, paper
from tasnb.evaluation.ablation import beside_paper, beside_text
from tasnb.evaluation.cost import Cost, cost
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.paper import PAPER_PROTOCOL, RESNET, VIT
from tasnb.evaluation.quality import CaptionQuality, caption_quality
from tasnb.evaluation.recipes import TOY, Column, Recipe, Row, columns, rows
from tasnb.evaluation.runs import Run, summary_of
from tasnb.evaluation.sweep import rerank
from tasnb.models.presets import MissingFileError
from tasnb.pipeline.tas import with_modules
from tasnb.store import Store

if TYPE_CHECKING:
    import pandas as pd

WHAT = (*(f"table{number}" for number in paper.TITLES), "cost")
OUT = Path("outputs") / "reproduce" / "runs"
METRICS = ("mIoU", "oIoU")


@dataclass(frozen=True, kw_only=True, eq=False)
class Reproduction:
    """A table of the paper, measured.

    Parameters
    ----------
    number : int
        Of the table, 1 to 7.
    models, protocol : str
        What was measured, and how.
    frame : DataFrame
        A row a cell and metric: method, encoder (the paper's labels), data (what was measured), beside (the paper's
        column), metric, measured, low, high (per cent, 95 % interval; NaN where nothing was run), n, missing
        (sentences), published (NaN where the paper prints none), why (no figure), note (about the published figure),
        contradicted (whether the paper itself prints another figure for it).
    captions : DataFrame
        The quality of each captioner's texts (Table 6).
    differs : tuple of str
        How measured and published differ, in words.
    runs : tuple of str
        The folders of the runs.
    """

    number: int
    models: str
    protocol: str
    frame: pd.DataFrame
    captions: pd.DataFrame
    differs: tuple[str, ...]
    runs: tuple[str, ...]

    __repr__ = brief

    @property
    def title(self) -> str:
        """For people."""
        return f"Table {self.number}. {paper.TITLES[self.number]}"

    @property
    def name(self) -> str:
        """What its files are called, such as "table1"."""
        return f"table{self.number}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said about single figures: footnotes, in order of appearance, each once."""
        return tuple(dict.fromkeys(note for note in self.frame["note"] if note))

    @property
    def marks(self) -> dict[str, str]:
        """The footnotes and their marks, "(a)", "(b)" ...: digits would read as part of the figure."""
        return {note: f"({ascii_lowercase[k % 26]})" for k, note in enumerate(self.notes)}

    @property
    def text(self) -> str:
        """For a terminal: a block a column of the paper, measured beside published."""
        lines = [f"{self.title}; models {self.models}, protocol {self.protocol}, 95 % intervals"]
        headers = ["method", *(f"{m}{of}" for m in METRICS for of in ("", " interval", " published")), "missing"]
        for (data, beside), block in self.frame.groupby(["data", "beside"], sort=False):
            reasons: dict[str, int] = {}
            rows = [self._row(cells, reasons) for _, cells in block.groupby(["method", "encoder"], sort=False)]
            n = int(block["n"].max())
            measured = f"{n:,} sentences" if n else "nothing measured"
            lines += ["", f"{data} ({measured}), beside {beside}", text_table(headers, rows)]
            lines += [f"not run ({number}): {why}" for why, number in reasons.items()]
        if len(self.captions):
            lines += ["", "captions:"]
        for row in self.captions.to_dict("records"):
            found = CaptionQuality(**{name: row[name] for name in CaptionQuality._fields})
            lines.append(f"  {row['row']}, {row['column']}: {found.text}")
        lines += ["", *(f"differs: {words}" for words in self.differs)]
        return "\n".join([*lines, *(f"{mark} {note}" for note, mark in self.marks.items())])

    def __str__(self) -> str:
        return self.text

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write table<N>.csv, and for Table 6 table6-captions.csv.

        Parameters
        ----------
        folder : path
            Made where it is not there.

        Returns
        -------
        tuple of Path
            What was written.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        frames = {f"{self.name}.csv": self.frame}
        if len(self.captions):
            frames[f"{self.name}-captions.csv"] = self.captions
        for name, frame in frames.items():
            (folder / name).write_text(csv_text(frame), encoding="utf-8")
        return tuple(folder / name for name in frames)

    def _row(self, cells: pd.DataFrame, reasons: dict[str, int]) -> list[object]:
        """The cells of a row by metric. reasons: why nothing was run -> its number, added to."""
        first = cells.iloc[0]
        shown: list[object] = [_label(first["method"], first["encoder"])]
        for cell in cells.to_dict("records"):
            interval = interval_text(cell["low"], cell["high"])
            if cell["why"]:
                interval = f"not run ({reasons.setdefault(cell['why'], len(reasons) + 1)})"
            mark = self.marks.get(cell["note"], "")
            shown += [cell["measured"], interval, cell_text(cell["published"]) + mark]
        return [*shown, first["missing"] or ""]


def reproduce(
    what: str | int,
    dataset: str = "reftoy",
    *,
    split: str | None = None,
    models: str | Path = "toy",
    limit: int | None = None,
    root: str | Path | None = None,
    out: str | Path | None = None,
    store: Store | None = None,
    freesolo: str | Path | None = None,
    model_options: Mapping[str, Any] | None = None,
    workers: int = 1,
    tick: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Reproduction | Cost:
    """Measure a table of the paper and put it beside the published figures; or the cost of three methods.

    Parameters
    ----------
    what : str or int
        "table1" to "table7" (or the number), or "cost".
    dataset : str
        A table about other data is measured on the nearest, which the result says.
    split : str, optional
        Only that one; by default the table's own.
    models : str or path
        A preset's name, of which each row replaces what it needs, or a folder of your own.
    limit : int, optional
        Only the first N sentences of a split; for the cost, N images, by default 5.
    root : path, optional
        As ``datasets.load`` takes it.
    out : path, optional
        Folder of the run directories, by default outputs/reproduce/runs; what is finished there is not run again.
    store : Store, optional
        As ``evaluate`` takes it.
    freesolo : path, optional
        A COCO results file for the rows with FreeSOLO's proposals.
    model_options : mapping, optional
        As ``evaluate`` takes them.
    workers : int
        Processes.
    tick : callable
        Called with runs done, runs in all, and what runs.

    Returns
    -------
    Reproduction or Cost
        A row that cannot be run (files that are not there, no such model for this preset) keeps an empty cell with the
        reason.

    Raises
    ------
    ValueError
        For a wrong name or limit; and what ``datasets.load`` and ``evaluate`` raise for bad data.
    """
    import pandas as pd

    name, preset = f"table{what}" if isinstance(what, int) else str(what), str(models)
    if name not in WHAT:
        raise UserError(f"unknown experiment {what!r}; choose from {', '.join(WHAT)}")
    if limit is not None and limit < 1:
        raise UserError(f"limit: expected at least 1, got {limit}")
    notes: list[str] = []
    if name == "cost":
        samples = _load(dataset, split or "val", None, root, notes)
        return cost(samples, preset, limit=limit or 5, model_options=model_options, tick=tick)
    table = int(name.removeprefix("table"))
    wanted, chosen = rows(table, preset, freesolo=freesolo), columns(table, dataset, split)
    jobs = list(dict.fromkeys((c, row.recipe) for c in chosen for row in wanted if row.recipe is not None))
    runs: dict[tuple[Column, Recipe], Run] = {}
    reasons: dict[tuple[Column, Recipe], str] = {}
    ready: dict[Column, Any] = {}
    common: dict[str, Any] = {
        "protocol": PAPER_PROTOCOL,
        "store": Store() if store is None else store,
        "workers": workers,
    }
    for number, (column, recipe) in enumerate(jobs):
        tick(number, len(jobs), f"{column.title}: {recipe.title}")
        if column not in ready:
            every = _load(column.dataset, column.split, column.split_by, root, notes)
            ready[column] = every if limit is None else every[:limit]
        folder = Path(out if out is not None else OUT) / _folder(column, recipe, preset, len(ready[column]))
        parts = {**(model_options or {}), **dict(recipe.parts)}
        try:
            runs[column, recipe] = evaluate(
                ready[column], preset, out=folder, model_options=parts, **recipe.options, **common
            )
        except (MissingFileError, ImportError) as absent:
            reasons[column, recipe] = str(absent)  # one model less: the other rows do not need it
    tick(len(jobs), len(jobs), "")
    if preset in TOY and table in (1, 2, 6):
        notes.append(
            f"encoders: the toy ViT stands for {VIT} (and reads the texts of Text-only), the toy ResNet (toy-rn) for "
            f"{RESNET}"
        )
    if limit is not None:
        notes.append(f"only the first {limit} sentences of each split were measured")
    printed, cells, captions = _printed_figures(table), [], []
    for column in chosen:
        for row in wanted:
            run, why, found = None, row.why, None
            if row.recipe is not None:
                run, why = runs.get((column, row.recipe)), reasons.get((column, row.recipe), "")
            if run is not None:
                found, why = _figures(run, row)
            if row.captions and run is not None:
                quality = caption_quality(run)._asdict()
                captions.append({"row": _label(row.method, row.encoder), "column": column.title, **quality})
            cells += [_cell(printed, column, row, metric, found, why) for metric in METRICS]
    beside = {f"{column.title}, {recipe.title}": beside_paper(run) for (column, recipe), run in runs.items()}
    notes += [f"{where}: {beside_text(found)}" for where, found in beside.items() if len(found)]
    differs = [words for (column, _), run in runs.items() for words in paper.differences(run, column.place)]
    return Reproduction(
        number=table,
        models=preset,
        protocol=PAPER_PROTOCOL,
        frame=pd.DataFrame(cells),
        captions=pd.DataFrame(captions),
        differs=tuple(dict.fromkeys([*differs, *notes])),
        runs=tuple(str(run.folder) for run in runs.values()),
    )


def _figures(run: Run, row: Row) -> tuple[metrics.MetricSummary, str]:
    """A row's figures: a method's, or those of TAS with other weights or modules; and why there are none."""
    units, why = run.units(row.reads, PAPER_PROTOCOL), ""
    if units.empty:  # no sample has a figure: the commonest reason among the run's errors
        errors = run.errors()
        errors = errors[errors["method"].isin(["", row.reads])]
        why = f"every sample failed: {errors['message'].mode()[0] if len(errors) else 'the run holds no prediction'}"
    elif row.weights is not None or row.modules is not None:
        weights = row.weights or with_modules(Weights(**run.about["weights"]), row.modules or ())
        rectified = row.modules is None or "spatial" in row.modules
        again = rerank(run, alpha=weights.alpha, lam=weights.lam, rectified=rectified)
        units = again.assign(answered=again["chosen"] >= 0)
    missing = int(run.about["dataset"]["samples"]) - len(units)
    return summary_of(units, PAPER_PROTOCOL, thresholds=(), missing=missing), why


def _cell(
    printed: Mapping[tuple[str, ...], Mapping[str, Any]],
    column: Column,
    row: Row,
    metric: str,
    found: metrics.MetricSummary | None,
    why: str,
) -> dict[str, Any]:
    nan, place = float("nan"), column.place
    figure = printed.get((row.method, row.encoder, place.dataset, place.split, metric), {"value": nan, "note": ""})
    estimate = metrics.Estimate(value=nan, low=nan, high=nan) if found is None else getattr(found, metric.lower())
    cell: dict[str, Any] = {"method": row.method, "encoder": row.encoder, "data": column.title, "beside": place.title}
    cell |= {"metric": metric, "measured": estimate.value, "low": estimate.low, "high": estimate.high}
    cell |= {"n": found.n if found else 0, "missing": found.missing if found else 0, "published": figure["value"]}
    return cell | {"why": why, "note": figure["note"], "contradicted": figure["note"].startswith("erratum")}


def _printed_figures(table: int) -> dict[tuple[str, ...], dict[str, Any]]:
    """(method, encoder, data set, split, metric) -> value and note."""
    frame = paper.table(table).set_index(["method", "encoder", "dataset", "split", "metric"])[["value", "note"]]
    return frame.to_dict("index")


def _load(
    dataset: str, split: str, split_by: str | None, root: str | Path | None, notes: list[str]
) -> Sequence[Sample]:
    """The samples; what is noted about their number goes to the notes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CountWarning)
        samples = load(dataset, split=split, root=root, split_by=split_by)
    notes += [str(w.message) for w in caught if str(w.message) not in notes]
    return samples


def _folder(column: Column, recipe: Recipe, preset: str, samples: int) -> str:
    """A name of the run that is the same in every table that needs it."""
    parts = [column.dataset, column.split, *filter(None, [column.split_by]), Path(preset).name]
    parts += [f"{role}={Path(part).name}" for role, part in recipe.parts]
    parts += [recipe.proposals if recipe.proposals == "sam" else Path(recipe.proposals).stem]
    parts += [f"p-{recipe.p_style}", f"v-{recipe.v_style}", "+".join(recipe.methods)]
    return "_".join([*parts, str(samples)])


def _label(method: str, encoder: str) -> str:
    return f"{method}, {encoder}" if encoder else method
