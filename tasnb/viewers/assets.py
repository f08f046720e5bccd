"""The viewers' files: plain ES modules and CSS in ``static/``, joined to one text where one is needed; templates."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError

LONG = 1000  # characters; a text that is as long and comes again, such as a picture, is stored once
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
        raise UserError(f"key: expected a letter, then letters, digits, - or _, got {key!r}")
    texts = {"fallback": fallback, "style": style(), "data": in_script(data), "module": module(viewer)}
    return render("alone", key=key, **{name: Markup(text) for name, text in texts.items()})


def in_script(data: Any) -> Markup:
    """JSON for a script element, which no text in it can end. Raises ValueError for what JSON does not know."""
    return Markup(json.dumps(data, allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026"))


def pooled(value: Any) -> tuple[Any, list[str]]:
    """A JSON value in which each long text that comes again is {"pooled": its place in the list}, and that list."""
    found: Counter[str] = Counter()

    def count(text: Any) -> Any:
        if isinstance(text, str) and len(text) >= LONG:
            found[text] += 1
        return text

    _each(value, count)
    place = {text: at for at, text in enumerate(text for text, times in found.items() if times > 1)}
    return _each(value, lambda x: {"pooled": place[x]} if isinstance(x, str) and x in place else x), list(place)


def unpooled(value: Any, pool: list[str]) -> Any:
    """What ``pooled`` was given; ``alone.html.j2`` has its twin, for the browser."""

    def restored(part: Any) -> Any:
        at = part["pooled"] if isinstance(part, dict) and list(part) == ["pooled"] else None
        return pool[at] if type(at) is int and 0 <= at < len(pool) else part

    return _each(value, restored)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """A JSON value with every part changed, the inner ones first."""
    if isinstance(value, dict):
        value = {key: _each(part, change) for key, part in value.items()}
    elif isinstance(value, list | tuple):
        value = [_each(part, change) for part in value]
    return change(value)


def _modules() -> list[str]:
    return sorted(path.stem for path in STATIC.glob("*.js"))


def _wanted(name: str) -> list[str]:
    """The modules that a module builds on, itself last, each once."""
    below = [each for other in _IMPORT.findall(source(name)) for each in _wanted(other)]
    return list(dict.fromkeys([*below, name]))
