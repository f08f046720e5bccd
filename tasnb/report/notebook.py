"""What a notebook shows for each finished value. IPython finds the view by the type's name, so nothing is imported for it.

``import tasnb`` in a notebook calls ``register``; ``html_of`` gives the same HTML without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

SMALL = 100  # pixels; a picture below it is shown with hard pixel edges, because its pixels are the point


def html_of(value: Any) -> str:
    """The HTML that a notebook shows for a value.

    Parameters
    ----------
    value : Prediction, Run, Sweep, Comparison, Beside, Reproduction, Cost or Strip
        A finished value.

    Returns
    -------
    str
        A fragment with its own style, without scripts and links; all text is escaped.

    Raises
    ------
    TypeError
        For a value that has no view.
    """
    for kind in type(value).__mro__:
        if view := VIEWS.get(f"{kind.__module__}.{kind.__qualname__}"):
            return view(value)
    raise TypeError(f"{type(value).__name__} has no view; choose from {', '.join(VIEWS)}")


def register(formatter: Any) -> None:
    """Give IPython's HTML formatter a view for each type, by name.

    Parameters
    ----------
    formatter : IPython.core.formatters.HTMLFormatter
        That of a running shell: ``get_ipython().display_formatter.formatters["text/html"]``.
    """
    for name, view in VIEWS.items():
        formatter.for_type_by_name(*name.rsplit(".", 1), view)


def _render(template: str, **values: Any) -> str:
    from tasnb.report import rendering

    return rendering.render(template, **{"layout": rendering.VIEW, **values})


def _prediction(value: Any) -> str:
    rows = value.to_frame().iloc[value.table.ranking].to_dict("records")
    return _render("card", value=value, rows=rows)


def _strip(value: Any) -> str:
    pictures = []
    for picture, caption in zip(value.pictures, value.captions, strict=True):
        width = max(90, round(value.height * picture.shape[1] / picture.shape[0]))
        pictures.append((picture, caption, width, max(picture.shape[:2]) <= SMALL))
    return _render("strip", value=value, pictures=pictures)


def _run(value: Any) -> str:
    return _render("result", **_result(value.table(), said=repr(value)))


def _comparison(value: Any) -> str:
    return _render("result", **_result(value.frame, notes=value.notes))


def _beside(value: Any) -> str:
    return _render("result", **_result(value.frame, said=f"published: {value.where}", notes=value.differs))


def _sweep(value: Any) -> str:
    grid = value.pivot("miou")
    said = f"mIoU, {value.data}, rectifier {value.variant}, protocol {value.protocol}"
    if grid.notna().any(axis=None):
        best = value.best("miou")
        said += f"; best {best['miou']:.2f} at alpha {best['alpha']:g}, lambda {best['lam']:g}"
    if value.gain is not None:
        said += f", {value.gain_text}"
    return _render("result", **_result(grid, index=True, said=said, notes=value.notes))
