"""The paper's Tables 1 to 7 as printed, tidy, with their errata; and a run's figures beside the published ones.

Tidy columns: table, method, encoder, dataset, split, metric ("oIoU", "mIoU"), value (per cent), note. ``method`` is the
row's own label, and where a table varies something else it says so:

1  the method; "Global-Local (FreeSOLO)" is the printed dagger, every other row has SAM's proposals.
2  the method, on PhraseCut test.
3  "alpha=0.2" (lambda stays 0.7) or "lambda=0.3" (alpha stays 0.1).
4  the modules that count: "V", "V+P", "V+P+N", "V+P+N+spatial".
5  what each model sees of a mask: "BLIP-2 blur, CLIP crop".
6  the captioner: "BLIP-2", "GIT", or "no captioner" (printed "-", the CLIP-only baseline).
7  the image-text model, alone ("BLIP-2-ITC") or inside TAS ("BLIP-2-TAS"); ``encoder`` names it too.

encoder "" is printed "-". Splits are named as in ``tasnb.datasets``, those of RefCOCOg as printed: Val(U) and Test(U)
are umd's, and Test(G) is google's val, because google's test was never released (docs/method.md). Cells printed "-"
have no row. Source: Suo, Zhu, Yang, EMNLP Findings 2023.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.shipped import data_root
from tasnb.core.tables import counted, interval_text, text_table
from tasnb.core.types import Weights
from tasnb.datasets.cards import CARDS, published
from tasnb.evaluation.plan import ANNOTATIONS, SAM
from tasnb.evaluation.runs import RunLike, minded_of, require_stages, why_nothing
from tasnb.models.catalogue import PRESETS
from tasnb.pipeline.variant import PAPER, weights_for

if TYPE_CHECKING:
    import pandas as pd

TITLES: Mapping[int, str] = MappingProxyType(
    {
        1: "Every method on RefCOCO, RefCOCO+ and RefCOCOg",
        2: "PhraseCut test",
        3: "Weights alpha and lambda, one varied at a time; RefCOCO val, ViT-B/32",
        4: "Modules; RefCOCO val, ViT-B/32",
        5: "What the captioner and CLIP see of a mask; RefCOCO val, ViT-B/32",
        6: "Captioning model; RefCOCO+ testA and RefCOCOg Val(U)",
        7: "Image-text model; RefCOCO+ testA and RefCOCOg Val(U)",
    }
)
# docs/method.md: each is the ``note`` of exactly the rows that it is about
ERRATA: tuple[str, ...] = (
    "erratum: Tables 1 and 7 print 42.66 for the same figure",
    "erratum: the mIoU is below its own oIoU, 27.20",
    "alpha and lambda were chosen on this split",
)
DATASETS: Mapping[str, str] = MappingProxyType(
    {"refcoco": "RefCOCO", "refcoco+": "RefCOCO+", "refcocog": "RefCOCOg", "phrasecut": "PhraseCut"}
)
COLUMNS = ("table", "method", "encoder", "dataset", "split", "metric", "value", "note")
# table -> what makes its rows and its columns, as printed; else ("method",) by ("dataset", "metric")
_SHAPES: Mapping[int, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        1: (("metric", "encoder", "method"), ("dataset", "split")),
        2: (("method", "encoder"), ("dataset", "metric")),
        6: (("method", "encoder"), ("dataset", "metric")),
    }
)
# a run's name of a method -> the row of Table 1
PRINTED: Mapping[str, str] = MappingProxyType(
    {
        "tas": "TAS",
        "clip-only": "CLIP-only",
        "text-only": "Text-only",
        "global-local": "Global-Local",
        "region-token": "Region Token",
        "score-map": "Score Map",
        "grad-cam": "GradCAM",
        "clip-surgery": "CLIP Surgery",
    }
)
RESNET, VIT = "ResNet-50", "ViT-B/32"  # the second is that of the paper's ablations
ENCODERS: Mapping[str, str] = MappingProxyType({"RN50": RESNET, "ViT-B-32": VIT})
PAPER_PARTS: Mapping[str, str] = MappingProxyType({"sam": "vit_h", "captioner": "blip2"})
PAPER_PROTOCOL = "tas"  # what the authors' released evaluation does (docs/method.md)
# RefToy -> the data set whose expressions are written in the same way
NEAREST: Mapping[str, str] = MappingProxyType({"reftoy": "refcoco", "reftoy+": "refcoco+", "reftoyg": "refcocog"})
FAMILY = tuple(NEAREST.values())
# the paper's column of RefCOCOg -> who split it, and the split; google's val is what the paper calls Test(G)
LONG: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"Val(U)": ("umd", "val"), "Test(U)": ("umd", "test"), "Test(G)": ("google", "val")}
)
_TOY_SPLITS = ("val", "testA", "testB")


def table(number: int) -> pd.DataFrame:
    """A table of the paper, tidy.

    Parameters
    ----------
    number : int
        1 to 7.

    Returns
    -------
    DataFrame
        A row a figure, in printed order, with ``COLUMNS``; value in per cent.

    Raises
    ------
    ValueError
        For another number.
    """
    import pandas as pd

    if isinstance(number, bool) or number not in TITLES:
        raise UserError(f"the paper has no Table {number!r}; choose from {', '.join(map(str, TITLES))}")
    path = data_root() / "paper" / f"table{number}.csv"
    text = {name: str for name in COLUMNS if name not in ("table", "value")}
    # an empty encoder or note is a text, not a missing value
    return pd.read_csv(path, dtype=text, keep_default_na=False)


def wide(number: int) -> pd.DataFrame:
    """A table in the shape in which the paper prints it.

    Parameters
    ----------
    number : int
        1 to 7.

    Returns
    -------
    DataFrame
        Rows and columns in the paper's order; per cent, NaN where it prints "-". ``attrs["title"]`` says what it holds.

    Raises
    ------
    ValueError
        For another number.
    """
    import pandas as pd

    frame = table(number)
    frame = frame.assign(
        encoder=frame["encoder"].replace("", "-"),
        dataset=frame["dataset"].map(DATASETS),
        split=frame["split"].str.replace(r"^[a-z]", lambda first: first.group().upper(), regex=True),
    )
    rows, columns = (list(names) for names in _SHAPES.get(number, (("method",), ("dataset", "metric"))))
    shaped = frame.set_index(rows + columns)["value"].unstack(columns)
    # unstack sorts; the paper does not
    shaped = shaped.reindex(index=_in_order(frame, rows), columns=_in_order(frame, columns))
    if number == 5:
        inputs = [tuple(part.split()[-1] for part in label.split(", ")) for label in shaped.index]
        shaped.index = pd.MultiIndex.from_tuples(inputs, names=["BLIP-2", "CLIP"])
    shaped.attrs["title"] = f"Table {number}. {TITLES[number]}"
    return shaped


def errata() -> pd.DataFrame:
    """The figures to read with care: misprints, and those on the split on which alpha and lambda were chosen.

    Returns
    -------
    DataFrame
        Tidy, as ``table`` gives them; ``note`` says why.
    """
    import pandas as pd

    frame = pd.concat([table(number) for number in TITLES], ignore_index=True)
    concerned = [any(erratum in note for erratum in ERRATA) for note in frame["note"]]
    return frame[concerned].reset_index(drop=True)


def varied_weights() -> pd.DataFrame:
    """Table 3 as points of a grid.

    Returns
    -------
    DataFrame
        alpha, lam, miou, oiou (per cent); the point around which it varies comes once.
    """
    import pandas as pd

    rows = []
    for label, figures in wide(3)["RefCOCO"].iterrows():
        varied = weights_of(str(label))
        rows.append({"alpha": varied.alpha, "lam": varied.lam, "miou": figures["mIoU"], "oiou": figures["oIoU"]})
    return pd.DataFrame(rows).drop_duplicates(ignore_index=True)


def weights_of(label: str) -> Weights:
    """The weights of a row of Table 3.

    Parameters
    ----------
    label : str
        "alpha=0.2" or "lambda=0.3".

    Returns
    -------
    Weights
        With the paper's own value for the other one.
    """
    which, value = label.split("=")
    return Weights(alpha=float(value)) if which == "alpha" else Weights(lam=float(value))


class Place(NamedTuple):
    """A column of the paper.

    Parameters
    ----------
    table : int
        1 to 7.
    dataset, split : str
        As printed; the data set by its name here.
    same : bool
        Whether it is what was measured.
    """

    table: int
    dataset: str
    split: str
    same: bool

    @property
    def title(self) -> str:
        """Its name for people, such as "RefCOCO val"."""
        split = self.split if "(" in self.split else self.split[0].lower() + self.split[1:]
        return f"{DATASETS[self.dataset]} {split}"


@dataclass(frozen=True, kw_only=True, eq=False)
class AgainstPaper:
    """A run's figures next to the published ones.

    Parameters
    ----------
    frame : DataFrame
        A row per method and metric: method, metric, measured, low, high (per cent, 95 % interval), published (NaN
        where the paper has no such row), row (the paper's own label), note.
    where : str
        The paper's column.
    differs : tuple of str
        How what was measured differs from what the paper measured, in words.
    """

    frame: pd.DataFrame
    where: str
    differs: tuple[str, ...]

    __repr__ = brief

    @property
    def text(self) -> str:
        """For a terminal."""
        rows = []
        for row in self.frame.to_dict("records"):
            label = f"{row['row']} ({row['note']})" if row["note"] else row["row"]
            interval = interval_text(row["low"], row["high"])
            rows.append([row["method"], row["metric"], row["measured"], interval, row["published"], label])
        shown = text_table(["method", "metric", "measured", "95 % interval", "published", "row"], rows)
        return "\n".join([shown, f"published: {self.where}", *(f"differs: {words}" for words in self.differs)])

    def __str__(self) -> str:
        return self.text


def against(run: RunLike) -> AgainstPaper:
    """What a run measured next to what the paper published, and in plain words what differs between the two.

    Parameters
    ----------
    run : Run
        On any data, with any models.

    Returns
    -------
    AgainstPaper
        The published figure is that of the same method, data, split and encoder in Table 1 or 2; where there is none,
        the nearest one (RefToy stands beside RefCOCO), which the words say.
    """
    import pandas as pd

    require_stages(run, "a place beside the paper's tables")
    place = place_of(run.about["dataset"])
    own_encoder = ENCODERS.get(_parts_of(run.about).get("clip", ""), VIT)
    # some methods have no encoder, some were published with only one of the two
    order = [own_encoder, "", *ENCODERS.values()]
    printed = table(place.table)
    printed = printed[(printed["dataset"] == place.dataset) & (printed["split"] == place.split)]
    rows = []
    for measured in run.table().to_dict("records"):
        label = PRINTED.get(measured["method"], "")
        for metric in ("mIoU", "oIoU"):
            value, low, high = (measured[metric.lower() + end] for end in ("", "_low", "_high"))
            row = {"method": measured["method"], "metric": metric, "measured": value, "low": low, "high": high}
            same = printed[(printed["method"] == label) & (printed["metric"] == metric)].to_dict("records")
            figure: dict[str, Any] = min(same, key=lambda hit: order.index(hit["encoder"]), default={})
            name = ", ".join(filter(None, (label, figure.get("encoder")))) if figure else "-"
            row |= {"published": figure.get("value", float("nan")), "row": name, "note": figure.get("note", "")}
            rows.append(row)
    frame, differs = pd.DataFrame(rows), tuple(differences(run, place))
    if frame["measured"].isna().all():
        differs = (why_nothing(run), *differs)
    return AgainstPaper(frame=frame, where=f"Table {place.table}, {place.title}", differs=differs)


def place_of(data: Mapping[str, Any]) -> Place:
    """The column of the paper that data belong to, or the nearest.

    Parameters
    ----------
    data : mapping
        As run.json has it: name, split, spec.

    Returns
    -------
    Place
        Their own; else RefToy stands beside what it is written after, and anything else beside RefCOCO val.
    """
    name, split = str(data["name"]), str(data["split"])
    who = (_split_by(data), split)
    if (name, split) == ("phrasecut", "test"):
        return Place(2, name, split, True)
    if name == "refcocog" and who in LONG.values():
        return Place(1, name, next(column for column, source in LONG.items() if source == who), True)
    if name in ("refcoco", "refcoco+") and who[0] == "unc" and split in _TOY_SPLITS:
        return Place(1, name, split, True)
    near = NEAREST.get(name, name if name in FAMILY else "refcoco")
    if near == "refcocog":
        return Place(1, near, "Val(U)", False)
    return Place(1, near, split if split in _TOY_SPLITS else "val", False)


def differences(run: RunLike, place: Place) -> Iterator[str]:
    """Each way in which a run is not what the paper measured.

    Parameters
    ----------
    run : Run
        What was measured.
    place : Place
        The column that it stands beside.

    Yields
    ------
    str
        One sentence.
    """
    about = run.about
    data = about["dataset"]
    yield from minded_of(about)
    whole = published(place.dataset, _split_by(data), str(data["split"])).sentences if place.same else None
    if not place.same:
        yield f"other data: {data['name']} {data['split']} is not {place.title}"
    elif whole is not None and data["samples"] != whole:
        yield f"other data: {data['samples']:,} of the {whole:,} sentences of {place.title}"
    yield _weights_of_models(about)
    if about["protocol"] == PAPER_PROTOCOL:
        yield f"protocol {PAPER_PROTOCOL}, that of the authors' released code"
    else:
        yield f"other protocol: {about['protocol']}, the authors' released code has {PAPER_PROTOCOL}"
    if about["variant"] != PAPER.name:
        yield f"variant {about['variant']}: options that differ from the paper's text (docs/method.md)"
    usual, own = weights_for(data=place.dataset), Weights(**about["weights"])
    if own != usual:
        yield f"{own}; the paper has {usual.alpha:g} and {usual.lam:g} here"
    if (source := about["proposals"]) == ANNOTATIONS:
        yield "proposals: annotations, not SAM's, so nothing is lost in the first stage"
    elif source != SAM:
        yield f"proposals: {source}; the paper has SAM ViT-H's"
    if missing := int(run.table()["missing"].max()):
        yield f"{counted(missing, 'sample')} failed; the measured figures are without"


def _parts_of(about: Mapping[str, Any]) -> dict[str, str]:
    """Which sam, clip and captioner a run used, by the names of the catalogue; empty for models that were passed in."""
    spec = about["models"]["spec"] or {}
    preset = PRESETS.get(str(spec.get("preset", "")))
    usual = dict(preset.choices()) if preset else {}
    return {role: str(spec.get(role, usual.get(role, ""))) for role in ("sam", "clip", "captioner")} if preset else {}


def _weights_of_models(about: Mapping[str, Any]) -> str:
    parts = _parts_of(about)
    if all(parts.get(role) == wanted for role, wanted in PAPER_PARTS.items()) and parts["clip"] in ENCODERS:
        return (
            f"weights of the same names (SAM ViT-H, CLIP {ENCODERS[parts['clip']]}, BLIP-2 OPT-2.7b); the authors' "
            "captions came from LAVIS, which words them otherwise"
        )
    own = f" ({', '.join(f'{role} {part}' for role, part in parts.items())})" if parts else ""
    name = (about["models"]["spec"] or {}).get("preset", about["models"].get("name", "given"))
    return f"other weights: {name}{own}; the paper has SAM ViT-H, CLIP and BLIP-2 OPT-2.7b"


def _split_by(data: Mapping[str, Any]) -> str:
    """Who split the data: what the run says, else the data set's first."""
    options = (data["spec"] or {}).get("options") or {}
    name = str(data["name"])
    return str(options.get("split_by") or (CARDS[name].split_bys[0] if name in CARDS else ""))


def _in_order(frame: pd.DataFrame, names: list[str]) -> Any:
    """The values of some columns in order of first appearance, as an index."""
    import pandas as pd

    seen = frame[names].drop_duplicates()
    return pd.Index(seen[names[0]]) if len(names) == 1 else pd.MultiIndex.from_frame(seen)
