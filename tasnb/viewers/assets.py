"""The viewers' JavaScript and CSS: plain ES modules in ``static/``, joined to one text where one is needed."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) )", re.MULTILINE)


@cache
def source(name: str) -> str:
    """The text of ``static/<name>.js``. Raises ValueError that lists the modules."""
    path = STATIC / f"{name}.js"
    if not path.is_file():
        raise ValueError(
            f"unknown module {name!r}; choose from {', '.join(sorted(p.stem for p in STATIC.glob('*.js')))}"
        )
    return path.read_text(encoding="utf-8")


def stands_alone(viewer: Any) -> bool:
    """Is this the name of a viewer that ``fragment`` can run?"""
    names = {path.stem for path in STATIC.glob("*.js")}
    return isinstance(viewer, str) and viewer in names and "export function mount(" in source(viewer)


@cache
def module(viewer: str) -> str:
    """One ES module: the shared files that ``static/<viewer>.js`` imports, then itself; it keeps its exports.

    anywidget loads one text and there is no bundler, so the import lines between our own files are taken out, and
    the word ``export`` in the shared ones. Top-level names are therefore unique over all files.
    """
    wanted = _wanted(viewer, [])
    shared = [_EXPORT.sub("", _IMPORT.sub("", source(name))) for name in wanted if name != viewer]
    return "\n".join([*shared, _IMPORT.sub("", source(viewer))])


@cache
def style() -> str:
    """The style sheets of all viewers, the common one first."""
    return "\n".join((STATIC / f"{name}.css").read_text(encoding="utf-8") for name in ("viewer", "panels"))


def in_script(value: Any) -> str:
    """JSON that may stand inside a ``<script>`` element, whatever text is in it."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")


def fragment(viewer: str, data: Any, *, key: str, fallback: str = "") -> str:
    """HTML that runs a viewer alone, without a kernel: its module, its data, its style.

    key: an id that no other fragment of the page has. fallback: HTML shown until the script runs.
    """
    if not re.fullmatch(r"[A-Za-z][\w-]*", key):
        raise ValueError(f"key: expected a letter, then letters, digits, - or _, got {key!r}")
    return (
        f'<div id="{key}">{fallback}</div><style>{style()}</style>'
        f'<script type="application/json" id="{key}-data">{in_script(data)}</script>'
        f'<script type="module">{module(viewer)}\n'
        f'const root = document.getElementById("{key}");\n'
        f'root.textContent = "";\n'
        f'mount(root, JSON.parse(document.getElementById("{key}-data").textContent), null);</script>'
    )


def _wanted(name: str, found: list[str]) -> list[str]:
    """The modules that a module builds on, itself last, each once."""
    for other in _IMPORT.findall(source(name)):
        if other not in found:
            _wanted(other, found)
    if name not in found:
        found.append(name)
    return found
