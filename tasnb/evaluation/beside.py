"""A run's figures beside the paper's, and everything that differs between the two said in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tasnb.core.types import Weights
from tasnb.datasets.cards import CARDS, published
from tasnb.evaluation import paper
from tasnb.evaluation.plans import weights_for
from tasnb.models.catalogue import PRESETS
from tasnb.pipeline.variant import PAPER

if TYPE_CHECKING:
    import pandas as pd

# a run's name of a method -> the row of Table 1
PRINTED: Mapping[str, str] = MappingProxyType(
    {
        "tas": "TAS", "clip-only": "CLIP-only", "text-only": "Text-only", "global-local": "Global-Local",
        "region-token": "Region Token", "score-map": "Score Map", "grad-cam": "GradCAM", "clip-surgery": "CLIP Surgery",
    }
)  # fmt: skip
ENCODERS: Mapping[str, str] = MappingProxyType({"RN50": "ResNet-50", "ViT-B-32": "ViT-B/32"})
USUAL_ENCODER = "ViT-B/32"  # that of the paper's ablations
PAPER_PARTS: Mapping[str, str] = MappingProxyType({"sam": "vit_h", "captioner": "blip2"})
PAPER_PROTOCOL = "tas"  # what the authors' released evaluation does (METHOD, section 4)
# split of a run -> the paper's column; google's val is what the paper calls Test(G)
_LONG = MappingProxyType({("umd", "val"): "Val(U)", ("umd", "test"): "Test(U)", ("google", "val"): "Test(G)"})
_NEAREST = MappingProxyType({"reftoy": "refcoco", "reftoy+": "refcoco+", "reftoyg": "refcocog"})
_TOY_SPLITS = ("val", "testA", "testB")


class Place(NamedTuple):
    """A column of the paper: table, data set, split; and whether it is what the run measured."""

    table: int
    dataset: str
    split: str
    same: bool

    @property
    def title(self) -> str:
        split = self.split if "(" in self.split else self.split[0].lower() + self.split[1:]
        return f"{paper.DATASETS[self.dataset]} {split}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Beside:
    """What ``paper.beside`` found.

    frame: a row per method and metric: method, metric, measured, low, high (per cent, 95 % interval), published (NaN
    where the paper has no such row), row (the paper's own label), note. where: the paper's column. differs: in words.
    """

    frame: pd.DataFrame
    where: str
    differs: tuple[str, ...]

    @property
    def text(self) -> str:
        """For a terminal."""
        width = max([len("method"), *self.frame["method"].str.len()])
        lines = [f"{'method':<{width}} {'metric':<6} {'measured':>8}  {'95 % interval':<16} {'published':>9}  row"]
        for row in self.frame.to_dict("records"):
            value = "-" if row["published"] != row["published"] else f"{row['published']:.2f}"
            interval = f"[{row['low']:.2f}, {row['high']:.2f}]"
            note = f" ({row['note']})" if row["note"] else ""
            lines.append(
                f"{row['method']:<{width}} {row['metric']:<6} {row['measured']:8.2f}  {interval:<16} {value:>9}  "
                f"{row['row']}{note}"
            )
        return "\n".join([*lines, f"published: {self.where}", *(f"differs: {words}" for words in self.differs)])

    def __str__(self) -> str:
        return self.text


def of_run(run: Any) -> Beside:
    """See ``paper.beside``."""
    import pandas as pd

    about = run.about
    place, encoder = place_of(about["dataset"]), ENCODERS.get(parts_of(about).get("clip", ""), USUAL_ENCODER)
    printed = paper.table(place.table)
    printed = printed[(printed["dataset"] == place.dataset) & (printed["split"] == place.split)]
    rows = []
    for measured in run.table().to_dict("records"):
        label = PRINTED.get(measured["method"], "")
        for metric in ("mIoU", "oIoU"):
            name = metric.lower()
            same = printed[(printed["method"] == label) & (printed["metric"] == metric)]
            # some methods have no encoder, some were published with only one of the two
            order = [encoder, "", *ENCODERS.values()]
            hits: list[dict[str, Any]] = same.to_dict("records")
            figure = min(hits, key=lambda row: order.index(row["encoder"]), default={})
            rows.append(
                {"method": measured["method"], "metric": metric, "measured": measured[name],
                 "low": measured[f"{name}_low"], "high": measured[f"{name}_high"],
                 "published": figure.get("value", float("nan")),
                 "row": ", ".join(filter(None, (label, figure.get("encoder")))) if figure else "-",
                 "note": figure.get("note", "")}
            )  # fmt: skip
    return Beside(
        frame=pd.DataFrame(rows), where=f"Table {place.table}, {place.title}", differs=tuple(differences(run, place))
    )


def place_of(data: Mapping[str, Any]) -> Place:
    """The column of the paper that a run's data belong to, or the nearest: RefToy beside RefCOCO, else RefCOCO val."""
    name, split = str(data["name"]), str(data["split"])
    split_by = _split_by(data)
    if (name, split) == ("phrasecut", "test"):
        return Place(2, name, split, True)
    if name == "refcocog" and (split_by, split) in _LONG:
        return Place(1, name, _LONG[split_by, split], True)
    if name in ("refcoco", "refcoco+") and split_by == "unc" and split in _TOY_SPLITS:
        return Place(1, name, split, True)
    near = _NEAREST.get(name, name if name in ("refcoco", "refcoco+", "refcocog") else "refcoco")
    if near == "refcocog":
        return Place(1, near, "Val(U)", False)
    return Place(1, near, split if split in _TOY_SPLITS else "val", False)


def parts_of(about: Mapping[str, Any]) -> dict[str, str]:
    """Which sam, clip and captioner a run used, by the names of the catalogue; empty for models that were passed in."""
    spec = about["models"].get("spec") or {}
    preset = PRESETS.get(str(spec.get("preset", about["models"].get("name", ""))))
    usual = dict(preset.choices()) if preset else {}
    return {role: str(spec.get(role, usual.get(role, ""))) for role in ("sam", "clip", "captioner")} if preset else {}


def differences(run: Any, place: Place) -> Iterator[str]:
    """One sentence for each way in which the run is not what the paper measured."""
    about = run.about
    data = about["dataset"]
    mine = f"{data['name']} {data['split']}"
    whole = published(place.dataset, _split_by(data), str(data["split"])).sentences if place.same else None
    if not place.same:
        yield f"other data: {mine} is not {place.title}"
    elif whole is not None and data.get("samples", whole) != whole:
        yield f"other data: {data['samples']:,} of the {whole:,} sentences of {place.title}"
    yield _weights_of_models(about)
    if about["protocol"] == PAPER_PROTOCOL:
        yield f"protocol {PAPER_PROTOCOL}, that of the authors' released code"
    else:
        yield f"other protocol: {about['protocol']}, the authors' released code has {PAPER_PROTOCOL}"
    if about["variant"] != "paper":
        yield f"variant {about['variant']}: options that differ from the paper's text (METHOD, section 2)"
    usual, own = weights_for(place.dataset, PAPER, None, None), Weights(**about["weights"])
    if own != usual:
        yield f"alpha {own.alpha:g} and lambda {own.lam:g}; the paper has {usual.alpha:g} and {usual.lam:g} here"
    if (source := about.get("proposals", "sam")) == "annotations":
        yield "proposals: annotations, not SAM's, so nothing is lost in the first stage"
    elif source != "sam":
        yield f"proposals: {source}; the paper has SAM ViT-H's"
    if missing := int(run.table()["missing"].max()):
        yield f"{missing} samples failed and are missing from the measured figures"


def _weights_of_models(about: Mapping[str, Any]) -> str:
    parts = parts_of(about)
    name = str((about["models"].get("spec") or {}).get("preset", about["models"].get("name", "given")))
    if all(parts.get(role) == wanted for role, wanted in PAPER_PARTS.items()) and parts["clip"] in ENCODERS:
        return (
            f"weights of the same names (SAM ViT-H, CLIP {ENCODERS[parts['clip']]}, BLIP-2 OPT-2.7b); the authors' "
            "captions came from LAVIS, which words them otherwise"
        )
    own = f" ({', '.join(f'{role} {part}' for role, part in parts.items())})" if parts else ""
    return f"other weights: {name}{own}; the paper has SAM ViT-H, CLIP and BLIP-2 OPT-2.7b"


def _split_by(data: Mapping[str, Any]) -> str:
    """Who split the data: what the run says, else the data set's first."""
    options = (data.get("spec") or {}).get("options") or {}
    name = str(data["name"])
    return str(options.get("split_by") or (CARDS[name].split_bys[0] if name in CARDS else ""))
