"""What to measure for a table of the paper: the data of each column, and for each row what to run and to read off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.types import CropStyle, Weights
from tasnb.datasets import CARDS
from tasnb.evaluation import paper
from tasnb.evaluation.ablation import ROWS
from tasnb.evaluation.paper import FAMILY, LONG, NEAREST, RESNET, VIT, Place
from tasnb.pipeline.variant import PAPER, Variant
from tasnb.stages.crops import CropConfig

Parts = tuple[tuple[str, str], ...]  # role -> part, what is replaced of a preset
TOY = ("toy", "toy-rn", "toy-cutouts")
# preset -> the paper's encoder -> what is replaced for the clip part that stands for it
ENCODERS: Mapping[str, Mapping[str, Parts]] = MappingProxyType(
    {
        "toy": {VIT: (), RESNET: (("clip", "toy-rn"),)},
        "toy-rn": {VIT: (("clip", "toy"),), RESNET: ()},
        "toy-cutouts": {VIT: (), RESNET: (("clip", "toy-rn"),)},
        "laptop": {VIT: (), RESNET: (("clip", "RN50"),)},
        "paper": {VIT: (), RESNET: (("clip", "RN50"),)},
    }
)
CAPTIONERS: Mapping[str, str] = MappingProxyType({"BLIP-2": "blip2", "GIT": "git"})
OWN_CAPTIONER: Mapping[str, str] = MappingProxyType({**dict.fromkeys((*TOY, "laptop"), "GIT"), "paper": "BLIP-2"})
MATCHERS: Mapping[str, str] = MappingProxyType({"BLIP-2 ITC": "blip2-itc", "ALBEF ITC": "albef"})
# methods that Table 1 has with the ResNet only, and that run on the other encoder as well
_ALSO_VIT = ("Score Map", "GradCAM", "CLIP Surgery")
_METHOD_OF: Mapping[str, str] = MappingProxyType({label: name for name, label in paper.PRINTED.items()})
_TOY_OF: Mapping[str, str] = MappingProxyType({paper_name: toy for toy, paper_name in NEAREST.items()})


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
    require_known("data set", dataset, CARDS)
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
        raise UserError(f"{dataset} has no split {wanted!r}; choose from {', '.join(splits)}")
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
            why = "published figures only: TSEG is weakly supervised, trained on expressions"
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
