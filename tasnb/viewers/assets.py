"""The viewers' files: plain ES modules and CSS in ``static/``, joined to one text where one is needed; templates."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from tasnb.core.choices import require_known

STATIC = Path(__file__).parent / "static"
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) )", re.MULTILINE)


def render(template: str, **values: Any) -> Markup:
    """A template of ``templates/`` filled in; all text is escaped but what is marked as HTML."""
    return Markup(_TEMPLATES.get_template(f"{template}.html.j2").render(values))


@cache
def source(name: str) -> str:
    """The text of ``static/<name>.js``. Raises ValueError that lists the modules."""
    require_known("module", name, _modules())
    return (STATIC / f"{name}.js").read_text(encoding="utf-8")


def stands_alone(viewer: Any) -> bool:
    """Is this the name of a viewer that ``fragment`` can run?"""
    return isinstance(viewer, str) and viewer in _modules() and "export function mount(" in source(viewer)


@cache
def module(viewer: str) -> str:
    """One ES module: the shared files that ``static/<viewer>.js`` imports, then itself; it keeps its exports.

    anywidget loads one text and there is no bundler, so the import lines between our own files are taken out, and
    the word ``export`` in the shared ones. Top-level names are therefore unique over all files.
    """
    shared = [_EXPORT.sub("", _IMPORT.sub("", source(name))) for name in _wanted(viewer)[:-1]]
    return "\n".join([*shared, _IMPORT.sub("", source(viewer))])


@cache
def style() -> str:
    """The style sheets of all viewers, the common one first."""
    return "\n".join((STATIC / f"{name}.css").read_text(encoding="utf-8") for name in ("viewer", "panels"))


def fragment(viewer: str, data: Any, *, key: str, fallback: str = "") -> Markup:
    """HTML that runs a viewer alone, without a kernel: its module, its data, its style.

    key: an id that no other fragment of the page has. fallback: HTML shown until the script runs.
    Raises ValueError for a key that is no id, and for data that JSON does not know.
    """
    if not re.fullmatch(r"[A-Za-z][\w-]*", key):
        raise ValueError(f"key: expected a letter, then letters, digits, - or _, got {key!r}")
    # text of the data must not end its script element
    safe = json.dumps(data, allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")
    texts = {"fallback": fallback, "style": style(), "data": safe, "module": module(viewer)}
    return render("alone", key=key, **{name: Markup(text) for name, text in texts.items()})


def _modules() -> list[str]:
    return sorted(path.stem for path in STATIC.glob("*.js"))


def _wanted(name: str) -> list[str]:
    """The modules that a module builds on, itself last, each once."""
    below = [each for other in _IMPORT.findall(source(name)) for each in _wanted(other)]
    return list(dict.fromkeys([*below, name]))
