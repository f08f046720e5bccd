"""Every row of the paper's tables as something to run: which models, which method, and how to read the figure off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from tasnb.core.types import CropStyle, Weights
from tasnb.evaluation import paper
from tasnb.evaluation.ablation import ROWS as MODULES
from tasnb.evaluation.beside import PRINTED, USUAL_ENCODER
from tasnb.pipeline.variant import PAPER, Variant
from tasnb.stages.crops import CropConfig

RESNET = "ResNet-50"
# preset -> the paper's encoder -> the clip part that stands for it; None keeps the preset's own
ENCODERS: Mapping[str, Mapping[str, str | None]] = MappingProxyType(
    {
        "toy": {USUAL_ENCODER: None, RESNET: "toy-rn"},
        "toy-rn": {USUAL_ENCODER: "toy", RESNET: None},
        "laptop": {USUAL_ENCODER: None, RESNET: "RN50"},
        "paper": {USUAL_ENCODER: None, RESNET: "RN50"},
    }
)
TOY = ("toy", "toy-rn")
CAPTIONERS: Mapping[str, str] = MappingProxyType({"BLIP-2": "blip2", "GIT": "git"})
MATCHERS: Mapping[str, str] = MappingProxyType({"BLIP-2 ITC": "blip2-itc", "ALBEF ITC": "albef"})
# methods that Table 1 has with one encoder only, and that run on the other as well
_ALSO_VIT = ("Score Map", "GradCAM", "CLIP Surgery")
_METHOD_OF: Mapping[str, str] = MappingProxyType({label: name for name, label in PRINTED.items()})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to run for a row. parts: replaced parts of the models. methods: names of ``evaluation.engine.METHODS``.

    proposals: as ``evaluate`` takes them.
    """

    parts: tuple[tuple[str, str], ...] = ()
    methods: tuple[str, ...]
    p_style: CropStyle = "blur"  # paper, Table 5: what the captioner sees
    v_style: CropStyle = "crop"  # and what the image-text model sees
    proposals: str = "sam"

    @property
    def variant(self) -> Variant:
        """The paper's method with these crop styles."""
        return replace(PAPER, p_crop=CropConfig(style=self.p_style), v_crop=CropConfig(style=self.v_style))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table. method, encoder: the paper's own labels. recipe: None where it cannot be run, see ``why``.

    reads: how the figure comes off the run: ("method", name), ("weights", Weights, rectified).
    captions: whether the quality of the captions belongs beside it.
    """

    method: str
    encoder: str
    recipe: Recipe | None
    reads: tuple[Any, ...] = ()
    why: str = ""
    captions: bool = False


def stand_ins(table: int, preset: str) -> str:
    """Which encoder stands for each of the paper's, in words; "" where no other one stands for it."""
    if preset not in TOY or table not in (1, 2, 6):
        return ""
    return (
        f"encoders: the toy ViT stands for {USUAL_ENCODER} (and reads the texts of Text-only), the toy ResNet (toy-rn) "
        f"for {RESNET}"
    )


def rows(table: int, preset: str, *, freesolo: str | None = None) -> tuple[Row, ...]:
    """The rows of a table for a preset (or a folder of models), in the paper's order.

    freesolo: a COCO results file with FreeSOLO's masks. Raises ValueError for a table that the paper has not.
    """
    if table == 1:
        return _table1(preset, freesolo)
    if table == 2:
        return tuple(_by_method(label, encoder, preset) for label, encoder in _printed(2))
    if table in (3, 4):
        return _reweighed(table)
    if table == 5:
        return tuple(_crops(label, encoder) for label, encoder in _printed(5))
    if table == 6:
        return tuple(_captioned(label, encoder, preset) for label, encoder in _printed(6))
    if table == 7:
        return tuple(_matched(label, encoder, preset) for label, encoder in _printed(7))
    raise ValueError(f"the paper has no Table {table!r}; choose from {', '.join(map(str, paper.TITLES))}")


def _printed(table: int) -> list[tuple[str, str]]:
    frame = paper.table(table)
    return list(dict.fromkeys(zip(frame["method"], frame["encoder"], strict=True)))


def _table1(preset: str, freesolo: str | None) -> tuple[Row, ...]:
    found = []
    for label, encoder in _printed(1):
        if label == "TSEG":
            why = "published figures only: TSEG is weakly supervised, trained on expressions (METHOD, section 5)"
            found.append(Row(method=label, encoder=encoder, recipe=None, why=why))
        elif label.startswith("Global-Local (FreeSOLO)"):
            found.append(_free_solo(label, encoder, preset, freesolo))
        else:
            found.append(_by_method(label, encoder, preset))
            if label in _ALSO_VIT:  # the paper has it with the ResNet only
                found.append(_by_method(label, USUAL_ENCODER, preset))
    return tuple(_together(found))


def _free_solo(label: str, encoder: str, preset: str, freesolo: str | None) -> Row:
    if freesolo is None:
        why = "needs FreeSOLO's masks as a COCO results file: --freesolo FILE"
        return Row(method=label, encoder=encoder, recipe=None, why=why)
    row = _by_method("Global-Local", encoder, preset)
    recipe = None if row.recipe is None else replace(row.recipe, proposals=freesolo)
    return replace(row, method=label, recipe=recipe)


def _together(found: list[Row]) -> list[Row]:
    """One run for all rows that use the same models and proposals: its methods are theirs."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for row in found:
        if row.recipe is not None:
            names = groups.setdefault((row.recipe.parts, row.recipe.proposals), ["tas"])
            names += [name for name in row.recipe.methods if name not in names]
    return [
        row if row.recipe is None else
        replace(row, recipe=replace(row.recipe, methods=tuple(groups[row.recipe.parts, row.recipe.proposals])))
        for row in found
    ]  # fmt: skip


def _by_method(label: str, encoder: str, preset: str) -> Row:
    name = _METHOD_OF[label]
    parts, why = _encoder(preset, encoder or USUAL_ENCODER)
    recipe = None if why else Recipe(parts=parts, methods=(name,))
    return Row(method=label, encoder=encoder, recipe=recipe, reads=("method", name), why=why)


def _encoder(preset: str, encoder: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The part to replace for an encoder of the paper, or why there is none."""
    known = ENCODERS.get(preset)
    if known is None:  # a folder of one's own models has one encoder, and nobody says of which kind
        return (
            ((), "") if encoder != RESNET else ((), f"{preset} names one image-text model; it stands beside ViT-B/32")
        )
    part = known[encoder]
    return (() if part is None else (("clip", part),)), ""


def _reweighed(table: int) -> tuple[Row, ...]:
    recipe, found = Recipe(methods=("tas", "clip-only")), []
    modules = dict(MODULES)
    for label, encoder in _printed(table):
        if table == 3:
            which, value = label.split("=")
            reads: tuple[Any, ...] = (
                "weights",
                Weights(**{"alpha" if which == "alpha" else "lam": float(value)}),
                True,
            )
        else:
            used = modules[label]
            reads = ("modules", "p" in used, "n" in used, "spatial" in used)
        found.append(Row(method=label, encoder=encoder, recipe=recipe, reads=reads))
    return tuple(found)


def _crops(label: str, encoder: str) -> Row:
    """ "BLIP-2 blur, CLIP crop": what the captioner sees, then what the image-text model sees."""
    p_style, v_style = (part.split()[-1] for part in label.split(", "))
    recipe = Recipe(methods=("tas", "clip-only"), p_style=p_style, v_style=v_style)  # type: ignore[arg-type]
    return Row(method=label, encoder=encoder, recipe=recipe, reads=("method", "tas"))


def _captioned(label: str, encoder: str, preset: str) -> Row:
    parts, why = _encoder(preset, encoder)
    own = {"toy": "GIT", "toy-rn": "GIT", "laptop": "GIT", "paper": "BLIP-2"}.get(preset)
    if label == "no captioner":  # CLIP-only, read off the run with the preset's own captioner
        reads: tuple[Any, ...] = ("method", "clip-only")
        return Row(method=label, encoder=encoder, recipe=None if why else Recipe(
            parts=parts, methods=("tas", "clip-only")), reads=reads, why=why)  # fmt: skip
    if label != own:
        if preset in TOY:
            why = f"the toy models have a small GIT and no {label}; ask for --models laptop or paper"
        elif own is None:
            why = why or f"{preset} names one captioner of its own; its kind is not known, so it fills no row"
        parts = (*parts, ("captioner", CAPTIONERS[label]))
    recipe = None if why else Recipe(parts=parts, methods=("tas", "clip-only"))
    return Row(method=label, encoder=encoder, recipe=recipe, reads=("method", "tas"), why=why, captions=True)


def _matched(label: str, encoder: str, preset: str) -> Row:
    parts, why = ((("clip", MATCHERS[encoder]),), "") if encoder in MATCHERS else _encoder(preset, encoder)
    name = "tas" if label.endswith("-TAS") else "clip-only"
    recipe = None if why else Recipe(parts=parts, methods=("tas", "clip-only"))
    return Row(method=label, encoder=encoder, recipe=recipe, reads=("method", name), why=why)
