"""``reproduce("table1")``: the paper's tables measured on any data with any models, beside the published figures.

Every measured figure comes from a run directory below ``out``, made by ``evaluate``: a second call takes up what is
there, and a cell for which nothing was run says why and stays empty.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasnb.datasets import CountWarning, load
from tasnb.evaluation import beside, paper
from tasnb.evaluation.caption_quality import caption_quality
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.reproduction import recipes
from tasnb.evaluation.reproduction.columns import Column, columns
from tasnb.evaluation.reproduction.costs import Cost, cost
from tasnb.evaluation.reproduction.reading import METRICS, Figures, figures
from tasnb.evaluation.reproduction.result import COLUMNS, Reproduction
from tasnb.models.presets import MissingFileError
from tasnb.store import Store

__all__ = ["WHAT", "Cost", "Reproduction", "reproduce"]

WHAT = (*(f"table{number}" for number in paper.TITLES), "cost")
PROTOCOL = beside.PAPER_PROTOCOL
OUT = Path("outputs") / "reproduce" / "runs"


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

    what: "table1" to "table7" (or the number), or "cost". dataset, root: as ``datasets.load`` takes them; a table about
    other data is measured on the nearest, which the result says. split: only that one; default: the table's own.
    models: a preset's name, of which each row replaces what it needs, or a folder of your own. limit: only the first N
    sentences of a split (cost: N images, default 5). out: folder of the run directories, default
    outputs/reproduce/runs; what is finished there is not run again. freesolo: a COCO results file for the rows with
    FreeSOLO's proposals.
    model_options, store, workers: as ``evaluate`` takes them. tick: called with runs done, runs in all, and what runs.

    A row that cannot be run (files that are not there, no such model for this preset) keeps an empty cell with the
    reason. Raises ValueError for a wrong name or limit, and what ``datasets.load`` and ``evaluate`` raise for bad data.
    """
    name = f"table{what}" if isinstance(what, int) else str(what)
    if name not in WHAT:
        raise ValueError(f"unknown experiment {what!r}; choose from {', '.join(WHAT)}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    if name == "cost":
        samples = _samples(
            Column(dataset=dataset, split=split or "val", place=beside.Place(1, "", "", False)), root, []
        )
        return cost(samples, str(models), limit=limit or 5, model_options=model_options, tick=tick)
    table, preset = int(name.removeprefix("table")), str(models)
    rows = recipes.rows(table, preset, freesolo=None if freesolo is None else str(freesolo))
    chosen, notes = columns(table, dataset, split), list[str]()
    runs = _Runs(
        preset=preset, out=Path(out) if out is not None else OUT, store=Store() if store is None else store,
        options=dict(model_options or {}), workers=workers,
    )  # fmt: skip
    jobs = list(dict.fromkeys((c, row.recipe) for c in chosen for row in rows if row.recipe is not None))
    ready: dict[str, Any] = {}
    for number, (column, recipe) in enumerate(jobs):
        tick(number, len(jobs), f"{column.title}: {_short(recipe)}")
        if column.title not in ready:
            every = _samples(column, root, notes)
            ready[column.title] = every if limit is None else every[:limit]
        runs.run(column, recipe, ready[column.title])
    tick(len(jobs), len(jobs), "")
    if words := recipes.stand_ins(table, preset):
        notes.append(words)
    if limit is not None:
        notes.append(f"only the first {limit} sentences of each split were measured")
    return _result(table, rows, chosen, runs, notes)


class _Runs:
    """Runs the jobs and keeps each run, or the reason why there is none."""

    def __init__(self, *, preset: str, out: Path, store: Store, options: dict[str, Any], workers: int) -> None:
        self.preset, self.out, self.store, self.options, self.workers = preset, out, store, options, workers
        self.found: dict[tuple[Column, recipes.Recipe], Any] = {}
        self.why: dict[tuple[Column, recipes.Recipe], str] = {}

    def run(self, column: Column, recipe: recipes.Recipe, samples: Any) -> None:
        options = {**self.options, **dict(recipe.parts)}
        try:
            self.found[column, recipe] = evaluate(
                samples, self.preset, methods=recipe.methods, variant=recipe.variant, protocol=PROTOCOL,
                proposals=recipe.proposals, out=self.out / _folder(column, recipe, self.preset, len(samples)),
                store=self.store, model_options=options, workers=self.workers,
            )  # fmt: skip
        except (MissingFileError, ImportError) as absent:
            self.why[column, recipe] = str(absent)  # one model less: the other rows do not need it


def _samples(column: Column, root: str | Path | None, notes: list[str]) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CountWarning)
        samples = load(column.dataset, split=column.split, root=root, split_by=column.split_by)
    notes += [str(w.message) for w in caught if str(w.message) not in notes]
    return samples


def _folder(column: Column, recipe: recipes.Recipe, preset: str, samples: int) -> str:
    """A name of the run that is the same in every table that needs it."""
    parts = [column.dataset, column.split, *filter(None, [column.split_by]), Path(preset).name]
    parts += [f"{role}={Path(part).name}" for role, part in recipe.parts]
    parts += [recipe.proposals if recipe.proposals == "sam" else Path(recipe.proposals).stem]
    parts += [f"p-{recipe.p_style}", f"v-{recipe.v_style}", "+".join(recipe.methods)]
    return "_".join([*parts, str(samples)])


def _short(recipe: recipes.Recipe) -> str:
    models = ", ".join(part for _, part in recipe.parts) or "own models"
    return f"{', '.join(recipe.methods)} ({models})"


def _result(
    table: int, rows: tuple[recipes.Row, ...], chosen: tuple[Column, ...], runs: _Runs, notes: list[str]
) -> Reproduction:
    import pandas as pd

    printed = paper.table(table)
    read: dict[Any, Figures] = {}
    found: list[dict[str, Any]] = []
    captions: list[dict[str, Any]] = []
    for column in chosen:
        for row in rows:
            run, why = None, row.why
            if row.recipe is not None:
                run = runs.found.get((column, row.recipe))
                why = runs.why.get((column, row.recipe), "")
            got = Figures({}, 0, 0, why)
            if run is not None:
                key = (column, row.recipe, row.reads)
                read[key] = got = read.get(key) or figures(run, row.reads, PROTOCOL)
            if row.captions and run is not None:
                captions.append({"row": _label(row), "column": column.title, **caption_quality(run)._asdict()})
            found += [_cell(printed, column, row, got, metric) for metric in METRICS]
    differs = [words for (column, _), run in runs.found.items() for words in beside.differences(run, column.place)]
    return Reproduction(
        number=table, models=runs.preset, protocol=PROTOCOL, frame=pd.DataFrame(found, columns=list(COLUMNS)),
        captions=pd.DataFrame(captions), differs=tuple(dict.fromkeys([*differs, *notes])),
        runs=tuple(str(run.folder) for run in runs.found.values()),
    )  # fmt: skip


def _cell(printed: Any, column: Column, row: recipes.Row, got: Figures, metric: str) -> dict[str, Any]:
    place, estimate = column.place, got.estimates.get(metric)
    same = printed[
        (printed["method"] == row.method) & (printed["encoder"] == row.encoder) & (printed["metric"] == metric)
        & (printed["dataset"] == place.dataset) & (printed["split"] == place.split)
    ]  # fmt: skip
    value = float(same["value"].iloc[0]) if len(same) else float("nan")
    note = str(same["note"].iloc[0]) if len(same) else ""
    nan = float("nan")
    return {
        "method": row.method, "encoder": row.encoder, "data": column.title, "beside": place.title, "metric": metric,
        "measured": nan if estimate is None else estimate.value, "low": nan if estimate is None else estimate.low,
        "high": nan if estimate is None else estimate.high, "n": got.n, "missing": got.missing, "published": value,
        "why": got.why, "note": note, "contradicted": note.startswith("erratum"),
    }  # fmt: skip


def _label(row: recipes.Row) -> str:
    return f"{row.method}, {row.encoder}" if row.encoder else row.method
