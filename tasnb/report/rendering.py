"""The templates of every page and notebook view, and what they may call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from tasnb.core.images import mask_colour, png_uri
from tasnb.core.tables import NOTHING, cell_text, interval_text
from tasnb.plots import silhouette
from tasnb.report.marking import pieces

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE, VIEW = "page.html.j2", "view.html.j2"  # the layouts: a whole document, or a fragment for a notebook


def render(template: str, **values: Any) -> str:
    """A template of ``templates/`` filled in; all text is escaped."""
    return environment().get_template(f"{template}.html.j2").render(values)


@cache
def environment() -> Environment:
    """Jinja2 with our filters; a name that a template misspells raises."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("tasnb.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"colour": mask_colour, "pieces": pieces, "png": png_uri, "shown": cell_text, "silhouette": silhouette}
    made.filters |= filters | {"estimate": estimate}
    made.globals["interval_text"] = interval_text
    return made


def estimate(row: Mapping[str, Any], name: str, *, signed: bool = False) -> str:
    """ "12.34 [10.00, 15.00]", a dash where nothing was measured."""
    value, low, high = (float(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
    return NOTHING if value != value else f"{value:{'+' * signed}.2f} {interval_text(low, high, signed=signed)}"
