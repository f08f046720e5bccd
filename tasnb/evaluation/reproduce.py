"""``reproduce("table1")``: the paper's tables measured on any data with any models, beside the published figures.

Every measured figure comes from a run directory below ``out``, made by ``evaluate``: a second call takes up what is
there, and a cell for which nothing was run says why and stays empty. ``columns`` says which data stand in which column
of a table, ``rows`` what to run for each row and how to read its figure off the run.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import ascii_lowercase
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tasnb.core.tables import interval_text, text_table
from tasnb.core.types import CropStyle, Sample, Weights
from tasnb.datasets import CARDS, CountWarning, load
from tasnb.evaluation import metrics, paper
from tasnb.evaluation.ablation import ROWS, with_modules
from tasnb.evaluation.cost import Cost, cost
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.paper import FAMILY, LONG, NEAREST, PAPER_PROTOCOL, RESNET, VIT, Place
from tasnb.evaluation.quality import CaptionQuality, caption_quality
from tasnb.evaluation.runs import Run, summary_of
from tasnb.evaluation.sweep import rerank
from tasnb.models.presets import MissingFileError
from tasnb.pipeline.variant import PAPER, Variant
from tasnb.stages.crops import CropConfig
from tasnb.store import Store

if TYPE_CHECKING:
    import pandas as pd

WHAT = (*(f"table{number}" for number in paper.TITLES), "cost")
OUT = Path("outputs") / "reproduce" / "runs"
METRICS = ("mIoU", "oIoU")
COLUMNS = (
    *("method", "encoder", "data", "beside", "metric", "measured", "low", "high", "n", "missing", "published", "why"),
    *("note", "contradicted"),
)
Parts = tuple[tuple[str, str], ...]  # role -> part, what is replaced of a preset
TOY = ("toy", "toy-rn")
# preset -> the paper's encoder -> what is replaced for the clip part that stands for it
ENCODERS: Mapping[str, Mapping[str, Parts]] = MappingProxyType(
    {
        "toy": {VIT: (), RESNET: (("clip", "toy-rn"),)},
        "toy-rn": {VIT: (("clip", "toy"),), RESNET: ()},
        "laptop": {VIT: (), RESNET: (("clip", "RN50"),)},
        "paper": {VIT: (), RESNET: (("clip", "RN50"),)},
    }
)
CAPTIONERS: Mapping[str, str] = MappingProxyType({"BLIP-2": "blip2", "GIT": "git"})
OWN_CAPTIONER: Mapping[str, str] = MappingProxyType({"toy": "GIT", "toy-rn": "GIT", "laptop": "GIT", "paper": "BLIP-2"})
MATCHERS: Mapping[str, str] = MappingProxyType({"BLIP-2 ITC": "blip2-itc", "ALBEF ITC": "albef"})
# methods that Table 1 has with the ResNet only, and that run on the other encoder as well
_ALSO_VIT = ("Score Map", "GradCAM", "CLIP Surgery")
_METHOD_OF: Mapping[str, str] = MappingProxyType({label: name for name, label in paper.PRINTED.items()})
_TOY_OF: Mapping[str, str] = MappingProxyType({paper_name: toy for toy, paper_name in NEAREST.items()})


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
            frame.to_csv(folder / name, index=False)
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
            published = "-" if cell["published"] != cell["published"] else f"{cell['published']:.2f}{mark}"
            shown += [cell["measured"], interval, published]
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
        raise ValueError(f"unknown experiment {what!r}; choose from {', '.join(WHAT)}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
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
    common = {"protocol": PAPER_PROTOCOL, "store": Store() if store is None else store, "workers": workers}
    for number, (column, recipe) in enumerate(jobs):
        tick(number, len(jobs), f"{column.title}: {recipe.title}")
        if column not in ready:
            every = _load(column.dataset, column.split, column.split_by, root, notes)
            ready[column] = every if limit is None else every[:limit]
        samples = ready[column]
        folder = Path(out if out is not None else OUT) / _folder(column, recipe, preset, len(samples))
        options = {**recipe.options, "model_options": {**(model_options or {}), **dict(recipe.parts)}, **common}
        try:
            runs[column, recipe] = evaluate(samples, preset, out=folder, **options)
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
            run, why = None, row.why
            if row.recipe is not None:
                run, why = runs.get((column, row.recipe)), reasons.get((column, row.recipe), "")
            found = Figures({}, 0, 0, why) if run is None else _figures(run, row)
            if row.captions and run is not None:
                quality = caption_quality(run)._asdict()
                captions.append({"row": _label(row.method, row.encoder), "column": column.title, **quality})
            cells += [_cell(printed, column, row, found, metric) for metric in METRICS]
    differs = [words for (column, _), run in runs.items() for words in paper.differences(run, column.place)]
    return Reproduction(
        number=table,
        models=preset,
        protocol=PAPER_PROTOCOL,
        frame=pd.DataFrame(cells, columns=list(COLUMNS)),
        captions=pd.DataFrame(captions),
        differs=tuple(dict.fromkeys([*differs, *notes])),
        runs=tuple(str(run.folder) for run in runs.values()),
    )


@dataclass(frozen=True, kw_only=True)
class Column:
    """Data to measure beside a column of the paper.

    Parameters
    ----------
    dataset, split : str
        The data.
    split_by : str, optional
        Who split them, where there is a choice.
    place : Place
        The paper's column; its ``same`` says whether the data are the paper's.
    """

    dataset: str
    split: str
    split_by: str | None = None
    place: Place

    @property
    def title(self) -> str:
        """For people: "reftoy val", "refcocog val (umd)"."""
        return f"{self.dataset} {self.split}" + (f" ({self.split_by})" if self.split_by else "")


def columns(table: int, dataset: str, split: str | None = None) -> tuple[Column, ...]:
    """The columns of a table to measure on a data set.

    Parameters
    ----------
    table : int
        1 to 7.
    dataset : str
        Its own columns where the table has them (RefToy's are those of the data set it is written after). A table about
        other data of the same family (Tables 6 and 7 are about RefCOCO+ and RefCOCOg) is measured on that family's; any
        other table on the data set itself beside the nearest column.
    split : str, optional
        Only that one, which may be none of the paper's.

    Returns
    -------
    tuple of Column
        In the paper's order.

    Raises
    ------
    ValueError
        For an unknown data set, or a split that it does not have.
    """
    if dataset not in CARDS:
        raise ValueError(f"unknown data set {dataset!r}; choose from {', '.join(CARDS)}")
    places = list(dict.fromkeys(zip(*(paper.table(table)[name] for name in ("dataset", "split")), strict=True)))
    found = [column for place in places if (column := _column(table, dataset, *place))]
    if not found:
        family = {name: _sibling(dataset, name) for name, _ in places}
        found = [c for place in places if (other := family[place[0]]) and (c := _column(table, other, *place))]
    if split is not None:
        found = [c for c in found if c.split == split] or [_nearest(table, dataset, split, places)]
    return tuple(found) or (_nearest(table, dataset, None, places),)


def _column(table: int, dataset: str, name: str, printed: str) -> Column | None:
    """This data set's share in a column of the paper, None where it has none."""
    if NEAREST.get(dataset, dataset) != name:
        return None
    toy, split_by, split = dataset in NEAREST, None, printed
    if name == "refcocog" and toy and printed != "Val(U)":
        return None  # RefToy has one long split
    if name == "refcocog":
        split_by, split = (None, "val") if toy else LONG[printed]
    return Column(dataset=dataset, split=split, split_by=split_by, place=Place(table, name, printed, not toy))


def _sibling(dataset: str, paper_name: str) -> str | None:
    """The data set of the same family that stands for a data set of the paper."""
    if dataset in NEAREST:
        return _TOY_OF.get(paper_name)
    return paper_name if dataset in FAMILY and paper_name in FAMILY else None


def _nearest(table: int, dataset: str, split: str | None, places: Sequence[tuple[str, str]]) -> Column:
    """A split that is no column of the table, beside the nearest one that is."""
    splits = list(dict.fromkeys(name for counts in CARDS[dataset].counts.values() for name in counts)) or ["val"]
    wanted = split or ("val" if "val" in splits else splits[0])
    if dataset != "folder" and wanted not in splits:
        raise ValueError(f"{dataset} has no split {wanted!r}; choose from {', '.join(splits)}")
    near = NEAREST.get(dataset, dataset)
    name, column = next((place for place in places if place[0] == near), places[0])
    return Column(dataset=dataset, split=wanted, place=Place(table, name, column, False))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to run for a row.

    Parameters
    ----------
    parts : tuple of pairs of str
        Role -> the part of the models that is replaced.
    methods : tuple of str
        Names, as ``evaluate`` takes them.
    p_style, v_style : {"crop", "blur"}
        What the captioner and what the image-text model see of a mask; by default the paper's.
    proposals : str
        As ``evaluate`` takes them.
    """

    parts: Parts = ()
    methods: tuple[str, ...] = ("tas", "clip-only")
    p_style: CropStyle = "blur"  # paper, Table 5
    v_style: CropStyle = "crop"
    proposals: str = "sam"

    @property
    def variant(self) -> Variant:
        """The paper's, with these crop styles."""
        return replace(PAPER, p_crop=CropConfig(style=self.p_style), v_crop=CropConfig(style=self.v_style))

    @property
    def options(self) -> dict[str, Any]:
        """For ``evaluate``, but for the models' parts."""
        return {"methods": self.methods, "variant": self.variant, "proposals": self.proposals}

    @property
    def title(self) -> str:
        """For people."""
        return f"{', '.join(self.methods)} ({', '.join(part for _, part in self.parts) or 'own models'})"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table.

    Parameters
    ----------
    method, encoder : str
        The paper's own labels.
    recipe : Recipe, optional
        None where it cannot be run, see ``why``.
    reads : str
        Whose figure of the run it is.
    weights : Weights, optional
        Of TAS, chosen again from the stored scores with these (Table 3).
    modules : tuple of str, optional
        The same with these modules alone (Table 4).
    why : str
        It cannot be run.
    captions : bool
        Whether the quality of the captions belongs beside it.
    """

    method: str
    encoder: str
    recipe: Recipe | None = field(default_factory=Recipe)
    reads: str = "tas"
    weights: Weights | None = None
    modules: tuple[str, ...] | None = None
    why: str = ""
    captions: bool = False


def rows(table: int, preset: str, *, freesolo: str | Path | None = None) -> tuple[Row, ...]:
    """The rows of a table for a preset.

    Parameters
    ----------
    table : int
        1 to 7.
    preset : str
        Or a folder of models.
    freesolo : path, optional
        A COCO results file with FreeSOLO's masks.

    Returns
    -------
    tuple of Row
        In the paper's order.

    Raises
    ------
    ValueError
        For a table that the paper has not.
    """
    printed = paper.table(table)
    labels = dict.fromkeys(zip(printed["method"], printed["encoder"], strict=True))
    if table == 1:
        return _table1(labels, preset, freesolo)
    return tuple(_ROW_OF[table](label, encoder, preset) for label, encoder in labels)


def _table1(labels: Mapping[tuple[str, str], None], preset: str, freesolo: str | Path | None) -> tuple[Row, ...]:
    found = []
    for label, encoder in labels:
        if label == "TSEG":
            why = "published figures only: TSEG is weakly supervised, trained on expressions (METHOD, section 5)"
            found.append(Row(method=label, encoder=encoder, recipe=None, why=why))
        elif label.startswith("Global-Local (FreeSOLO)"):
            row = replace(_by_method("Global-Local", encoder, preset), method=label)
            if freesolo is None:
                row = replace(row, recipe=None, why="needs FreeSOLO's masks as a COCO results file: --freesolo FILE")
            elif row.recipe is not None:
                row = replace(row, recipe=replace(row.recipe, proposals=str(freesolo)))
            found.append(row)
        else:
            found.append(_by_method(label, encoder, preset))
            if label in _ALSO_VIT:
                found.append(_by_method(label, VIT, preset))
    # one run for all rows that use the same models and proposals: its methods are theirs
    together: dict[tuple[Parts, str], dict[str, None]] = {}
    recipes = [row.recipe for row in found if row.recipe is not None]
    for recipe in recipes:
        together.setdefault((recipe.parts, recipe.proposals), {"tas": None}).update(dict.fromkeys(recipe.methods))
    full = {recipe: replace(recipe, methods=tuple(together[recipe.parts, recipe.proposals])) for recipe in recipes}
    return tuple(row if row.recipe is None else replace(row, recipe=full[row.recipe]) for row in found)


def _row(label: str, encoder: str, parts: Parts, why: str, **more: Any) -> Row:
    return Row(method=label, encoder=encoder, recipe=None if why else Recipe(parts=parts), why=why, **more)


def _by_method(label: str, encoder: str, preset: str) -> Row:
    row = _row(label, encoder, *_encoder(preset, encoder or VIT), reads=_METHOD_OF[label])
    return row if row.recipe is None else replace(row, recipe=replace(row.recipe, methods=(row.reads,)))


def _encoder(preset: str, encoder: str) -> tuple[Parts, str]:
    """What to replace for an encoder of the paper, or why there is none."""
    if preset in ENCODERS:
        return ENCODERS[preset][encoder], ""
    # a folder of one's own models has one encoder, and nobody says of which kind
    return (), f"{preset} names one image-text model; it stands beside {VIT}" if encoder == RESNET else ""


def _weighted(label: str, encoder: str, preset: str) -> Row:
    return Row(method=label, encoder=encoder, weights=paper.weights_of(label))


def _modular(label: str, encoder: str, preset: str) -> Row:
    return Row(method=label, encoder=encoder, modules=ROWS[label])


def _cropped(label: str, encoder: str, preset: str) -> Row:
    """ "BLIP-2 blur, CLIP crop": what the captioner sees, then what the image-text model sees."""
    p_style, v_style = (part.split()[-1] for part in label.split(", "))
    return Row(method=label, encoder=encoder, recipe=Recipe(p_style=p_style, v_style=v_style))  # type: ignore[arg-type]


def _captioned(label: str, encoder: str, preset: str) -> Row:
    parts, why = _encoder(preset, encoder)
    own = OWN_CAPTIONER.get(preset)
    if label == "no captioner":  # CLIP-only, read off the run with the preset's own captioner
        return _row(label, encoder, parts, why, reads="clip-only")
    if label != own:
        if preset in TOY:
            why = f"the toy models have a small GIT and no {label}; ask for --models laptop or paper"
        elif own is None:
            why = why or f"{preset} names one captioner of its own; its kind is not known, so it fills no row"
        parts = (*parts, ("captioner", CAPTIONERS[label]))
    return _row(label, encoder, parts, why, captions=True)


def _matched(label: str, encoder: str, preset: str) -> Row:
    parts, why = ((("clip", MATCHERS[encoder]),), "") if encoder in MATCHERS else _encoder(preset, encoder)
    return _row(label, encoder, parts, why, reads="tas" if label.endswith("-TAS") else "clip-only")


_ROW_OF: Mapping[int, Callable[[str, str, str], Row]] = MappingProxyType(
    {2: _by_method, 3: _weighted, 4: _modular, 5: _cropped, 6: _captioned, 7: _matched}
)


class Figures(NamedTuple):
    """What one row measured: estimates by metric in per cent, n sentences, missing ones; why: nothing was measured."""

    estimates: Mapping[str, metrics.Estimate]
    n: int
    missing: int
    why: str = ""


def _figures(run: Run, row: Row) -> Figures:
    """A row's figures: a method's, or those of TAS with other weights or modules, from the stored scores."""
    total = int(run.about["dataset"]["samples"])
    units = run.units(row.reads, PAPER_PROTOCOL)
    if units.empty:  # no sample has a figure: the commonest reason among the run's errors
        errors = run.errors()
        errors = errors[errors["method"].isin(["", row.reads])]
        reason = errors["message"].mode()[0] if len(errors) else "the run holds no prediction"
        return Figures({}, 0, total, f"every sample failed: {reason}")
    if row.weights is not None or row.modules is not None:
        weights = row.weights or with_modules(Weights(**run.about["weights"]), row.modules or ())
        rectified = row.modules is None or "spatial" in row.modules
        again = rerank(run, alpha=weights.alpha, lam=weights.lam, rectified=rectified)
        units = again.assign(answered=again["chosen"] >= 0)
    found = summary_of(units, PAPER_PROTOCOL, thresholds=())
    return Figures({"mIoU": found.miou, "oIoU": found.oiou}, found.n, total - found.n)


def _cell(
    printed: Mapping[tuple[str, ...], Mapping[str, Any]], column: Column, row: Row, found: Figures, metric: str
) -> dict[str, Any]:
    nan, place = float("nan"), column.place
    figure = printed.get((row.method, row.encoder, place.dataset, place.split, metric), {"value": nan, "note": ""})
    estimate = found.estimates.get(metric, metrics.Estimate(value=nan, low=nan, high=nan))
    cell: dict[str, Any] = {
        "method": row.method,
        "encoder": row.encoder,
        "data": column.title,
        "beside": place.title,
        "metric": metric,
    }
    cell |= {"measured": estimate.value, "low": estimate.low, "high": estimate.high}
    cell |= {"n": found.n, "missing": found.missing, "published": figure["value"], "why": found.why}
    return cell | {"note": figure["note"], "contradicted": figure["note"].startswith("erratum")}


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
