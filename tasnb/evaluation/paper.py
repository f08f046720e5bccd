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
are umd's, and Test(G) is google's val, because google's test was never released (METHOD section 4). Cells printed "-"
have no row. Source: Suo, Zhu, Yang, EMNLP Findings 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tasnb.core.shipped import data_root
from tasnb.core.types import Weights

if TYPE_CHECKING:
    import pandas as pd

    from tasnb.evaluation.beside import Beside

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
# METHOD section 5: each is the ``note`` of exactly the rows that it is about
ERRATA: tuple[str, ...] = (
    "erratum: Tables 1 and 7 print 42.66 for the same figure",
    "erratum: the mIoU is below its own oIoU, 27.20",
    "alpha and lambda were chosen on this split",
)
DATASETS: Mapping[str, str] = MappingProxyType(
    {"refcoco": "RefCOCO", "refcoco+": "RefCOCO+", "refcocog": "RefCOCOg", "phrasecut": "PhraseCut"}
)
COLUMNS = ("table", "method", "encoder", "dataset", "split", "metric", "value", "note")
_BY_METRIC = (("method",), ("dataset", "metric"))
_BY_ENCODER = (("method", "encoder"), ("dataset", "metric"))
_SHAPES: Mapping[int, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        1: (("metric", "encoder", "method"), ("dataset", "split")),
        2: _BY_ENCODER, 3: _BY_METRIC, 4: _BY_METRIC, 5: _BY_METRIC, 6: _BY_ENCODER, 7: _BY_METRIC,
    }
)  # fmt: skip


def table(number: int) -> pd.DataFrame:
    """A table of the paper, tidy, a row a figure, in printed order. Raises ValueError for a number not in 1 to 7."""
    import pandas as pd

    if isinstance(number, bool) or number not in TITLES:
        raise ValueError(f"the paper has no Table {number!r}; choose from {', '.join(map(str, TITLES))}")
    path = data_root() / "paper" / f"table{number}.csv"
    text = {name: str for name in COLUMNS if name not in ("table", "value")}
    # an empty encoder or note is a text, not a missing value
    return pd.read_csv(path, dtype=text, keep_default_na=False)


def wide(number: int) -> pd.DataFrame:
    """A table in the shape in which the paper prints it, rows and columns in its order; NaN where it prints "-".

    ``attrs["title"]`` says what it holds. Raises ValueError for a number other than 1 to 7.
    """
    import pandas as pd

    frame = table(number)
    frame = frame.assign(
        encoder=frame["encoder"].replace("", "-"),
        dataset=frame["dataset"].map(DATASETS),
        split=frame["split"].str.replace(r"^[a-z]", lambda first: first.group().upper(), regex=True),
    )
    rows, columns = (list(names) for names in _SHAPES[number])
    shaped = frame.set_index(rows + columns)["value"].unstack(columns)
    # unstack sorts; the paper does not
    shaped = shaped.reindex(index=_in_order(frame, rows), columns=_in_order(frame, columns))
    if number == 5:
        inputs = [tuple(part.split()[-1] for part in label.split(", ")) for label in shaped.index]
        shaped.index = pd.MultiIndex.from_tuples(inputs, names=["BLIP-2", "CLIP"])
    shaped.attrs["title"] = f"Table {number}. {TITLES[number]}"
    return shaped


def errata() -> pd.DataFrame:
    """The figures to read with care, tidy: misprints, and those on the split on which alpha and lambda were chosen."""
    import pandas as pd

    frame = pd.concat([table(number) for number in TITLES], ignore_index=True)
    concerned = [any(erratum in note for erratum in ERRATA) for note in frame["note"]]
    return frame[concerned].reset_index(drop=True)


def varied_weights() -> pd.DataFrame:
    """Table 3 as points of a grid: alpha, lam, miou, oiou; the point around which it varies comes once."""
    import pandas as pd

    rows = []
    for label, figures in wide(3)["RefCOCO"].iterrows():
        which, value = str(label).split("=")
        varied = Weights(**{"alpha" if which == "alpha" else "lam": float(value)})
        rows.append({"alpha": varied.alpha, "lam": varied.lam, "miou": figures["mIoU"], "oiou": figures["oIoU"]})
    return pd.DataFrame(rows).drop_duplicates(ignore_index=True)


def beside(run: Any) -> Beside:
    """What a run measured next to what the paper published, and in plain words what differs between the two.

    run: a ``Run``. The published figure is that of the same method, data, split and encoder in Table 1 or 2; where
    there is none, the nearest one (RefToy stands beside RefCOCO), which the words say.
    """
    from tasnb.evaluation import beside as comparison

    return comparison.of_run(run)


def _in_order(frame: pd.DataFrame, names: list[str]) -> Any:
    """The values of some columns in order of first appearance, as an index."""
    import pandas as pd

    seen = frame[names].drop_duplicates()
    return pd.Index(seen[names[0]]) if len(names) == 1 else pd.MultiIndex.from_frame(seen)
