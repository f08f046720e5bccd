"""The templates of every page and notebook view, and what they may call."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
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
    made.globals |= {"interval_text": interval_text, "policy": policy}
    return made


@cache
def sheet() -> str:
    """The style sheet of pages and notebook views."""
    return environment().get_template("style.css").render()


def policy(*, styles: Iterable[str] = (), scripts: Iterable[str] = (), files: str = "", forms: str = "'none'") -> str:
    """The content security policy of every page that we write: it loads nothing, and runs and looks as we wrote it.

    styles, scripts: the texts of its elements, letter for letter; each is allowed by its hash (CSP 3, section 2.3.1),
    so that whatever else came into the page does nothing. Style attributes are allowed, as tables of pandas, pictures
    and colour chips have them: with nothing to load they can do no more than colour what they stand at.
    files, forms: from where pictures, and to where forms, may go.
    """
    kinds = {
        "default-src": "'none'",
        "img-src": f"data: {files}".strip(),
        "media-src": "data:",
        "style-src": _hashes(styles),
        "style-src-attr": "'unsafe-inline'",
        "script-src": _hashes(scripts),
        "base-uri": "'none'",
        "form-action": forms,
    }
    return "; ".join(f"{kind} {allowed}" for kind, allowed in kinds.items())


def _hashes(texts: Iterable[str]) -> str:
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in dict.fromkeys(texts)]
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"


def estimate(row: Mapping[str, Any], name: str, *, signed: bool = False) -> str:
    """ "12.34 [10.00, 15.00]", a dash where nothing was measured."""
    value, low, high = (float(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
    return NOTHING if value != value else f"{value:{'+' * signed}.2f} {interval_text(low, high, signed=signed)}"
