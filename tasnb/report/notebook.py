"""What a notebook shows for each finished value. IPython finds a view by the name of the type, so nothing is imported.

``import tasnb`` in a notebook calls ``register``; ``html_of`` gives the same HTML without one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

SHOWN = 12  # proposals of an image
LONGEST = 480  # pixels of a picture's longer side: a photo of 12 megapixels is not stored in a notebook
SMALL = 100  # pixels; a picture below it is shown with hard pixel edges, because its pixels are the point


def register(formatter: Any) -> None:
    """Give IPython's HTML formatter a view of each type, by its name.

    Parameters
    ----------
    formatter : IPython.core.formatters.HTMLFormatter
        That of a running shell, ``get_ipython().display_formatter.formatters["text/html"]``.
    """
    for name in VIEWS:
        formatter.for_type_by_name(*name.rsplit(".", 1), html_of)


def html_of(value: Any, *, page: bool = False) -> str:
    """The HTML that a notebook shows for a value.

    Parameters
    ----------
    value : Sample, ImageArtifacts, Prediction, Run, Sweep, Comparison, AgainstPaper, Reproduction, Cost or Strip
        A finished value.
    page : bool
        Whether it becomes a whole document; otherwise it is a fragment with its style. Only a value with a title can.

    Returns
    -------
    str
        Without scripts and links; all text is escaped.

    Raises
    ------
    TypeError
        For a value that has no view.
    """
    from tasnb.report import rendering

    for kind in type(value).__mro__:
        if view := VIEWS.get(f"{kind.__module__}.{kind.__qualname__}"):
            template, shown = view(value)
            layout = rendering.PAGE if page else rendering.VIEW
            return rendering.render(template, value=value, layout=layout, heading="h1" if page else "h3", **shown)
    raise TypeError(f"{type(value).__name__} has no notebook view; choose from {', '.join(VIEWS)}")


def receipt_rows(prediction: Any) -> list[dict[str, Any]]:
    """The score table with the captions, a row a proposal, best first."""
    rows: list[dict[str, Any]] = prediction.to_frame().iloc[prediction.table.ranking].to_dict("records")
    return rows


def _prediction(value: Any) -> tuple[str, dict[str, Any]]:
    return "card", {"rows": receipt_rows(value)}


def _sample(value: Any) -> tuple[str, dict[str, Any]]:
    from tasnb.core.images import shrunk
    from tasnb.plots import rims

    target = None if value.target is None else shrunk(value.target, LONGEST)
    return "sample", {"photo": rims(shrunk(value.image, LONGEST), target)}


def _artifacts(value: Any) -> tuple[str, dict[str, Any]]:
    import numpy as np

    from tasnb.core.images import shrunk
    from tasnb.plots import proposals_picture

    found, captions = value.proposals, next(iter(value.captions.values()), ("",) * len(value.proposals))
    columns = zip(found.masks.sum(axis=(1, 2)), found.boxes_xyxy.tolist(), captions, strict=True)
    rows = [{"proposal": k, "pixels": p, "box": box, "caption": c} for k, (p, box, c) in enumerate(columns)]
    ground = np.full((*value.size_hw, 3), 200, np.uint8)  # they do not hold the photo
    masks = shrunk(proposals_picture(ground, found), LONGEST)
    return "artifacts", {"rows": rows, "limit": SHOWN, "masks": masks}


def _strip(value: Any) -> tuple[str, dict[str, Any]]:
    pictures = []
    for picture, caption in zip(value.pictures, value.captions, strict=True):
        width = max(90, round(value.height * picture.shape[1] / picture.shape[0]))
        pictures.append((picture, caption, width, max(picture.shape[:2]) <= SMALL))
    return "strip", {"pictures": pictures}


def _run(value: Any) -> tuple[str, dict[str, Any]]:
    from tasnb.evaluation.runs import minded_of, why_nothing

    minded = [*minded_of(value.about), *filter(None, [why_nothing(value)])]
    return _figures(value.table(), said=repr(value), minded=minded)


def _comparison(value: Any) -> tuple[str, dict[str, Any]]:
    return _figures(value.frame, notes=value.notes)


def _against_paper(value: Any) -> tuple[str, dict[str, Any]]:
    return _figures(value.frame, said=f"published: {value.where}", notes=value.differs)


def _sweep(value: Any) -> tuple[str, dict[str, Any]]:
    from tasnb.core.tables import interval_text

    grid, gain, used = value.pivot("miou"), value.gain, value.used
    said = f"mIoU, {value.data}, rectifier {value.variant}, protocol {value.protocol}"
    if grid.notna().any(axis=None):
        best = value.best("miou")
        said += f"; best {best['miou']:.2f} at alpha {best['alpha']:g}, lambda {best['lam']:g}"
    if gain is not None:
        change = f"{gain.value:+.2f} {interval_text(gain.low, gain.high, signed=True)}"
        said += f", {change} to alpha {used.alpha:g}, lambda {used.lam:g}, which the run has"
    return _figures(grid, index=True, said=said, notes=value.notes)


def _cost(value: Any) -> tuple[str, dict[str, Any]]:
    names = {
        "seconds": "seconds an image",
        "cpu_seconds": "CPU seconds",
        "peak_gb": "peak GB",
        "published_seconds": "published seconds",
        "published_gb": "published GB",
    }
    notes = (f"memory: {value.memory}", *value.differs)
    return _figures(value.frame.rename(columns=names), title=value.title, digits=3, notes=notes)


def _figures(
    frame: Any,
    *,
    title: str = "",
    said: str = "",
    notes: tuple[str, ...] = (),
    minded: Sequence[str] = (),
    index: bool = False,
    digits: int = 2,
) -> tuple[str, dict[str, Any]]:
    shown = {"frame": frame, "title": title, "said": said, "notes": notes, "index": index, "digits": digits}
    return "figures", {**shown, "minded": minded}


def _reproduction(value: Any) -> tuple[str, dict[str, Any]]:
    blocks = []
    for (data, beside), block in value.frame.groupby(["data", "beside"], sort=False):
        rows = [cells.to_dict("records") for _, cells in block.groupby(["method", "encoder"], sort=False)]
        headers = [header for cell in rows[0] for header in (cell["metric"], "95 % interval", "published")]
        blocks.append({"data": data, "beside": beside, "n": int(block["n"].max()), "headers": headers, "rows": rows})
    shown = {
        "blocks": blocks,
        "captions": value.captions.to_dict("records"),
        "notes": [f"{mark} {note}" for note, mark in value.marks.items()],
        "reasons": [why for why in value.frame["why"].unique() if why],
    }
    return "reproduction", shown


VIEWS: dict[str, Callable[[Any], tuple[str, dict[str, Any]]]] = {
    "tasnb.core.types.arrays.Sample": _sample,
    "tasnb.core.types.results.ImageArtifacts": _artifacts,
    "tasnb.core.types.results.Prediction": _prediction,
    "tasnb.evaluation.paper.AgainstPaper": _against_paper,
    "tasnb.evaluation.compare.Comparison": _comparison,
    "tasnb.evaluation.cost.Cost": _cost,
    "tasnb.evaluation.reproduce.Reproduction": _reproduction,
    "tasnb.evaluation.runs.Run": _run,
    "tasnb.evaluation.sweep.Sweep": _sweep,
    "tasnb.plots.sheets.Strip": _strip,
}
