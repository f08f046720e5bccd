"""``make book``: the lessons, frozen, beside the API pages, as a folder that opens from disk and loads nothing.

    python docs/build_book.py [OUT] [--no-lessons]

OUT (default: book) then holds index.html, lessons/ and api/. The API pages follow the one list of public names in
``tasnb/__init__.py``.
"""

from __future__ import annotations

import argparse
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pdoc
import pdoc.render
from jinja2 import Environment, FileSystemLoader

import tasnb as tn
from tasnb.core.shipped import lessons_root
from tasnb.viewers.freezing import freeze

HERE = Path(__file__).resolve().parent


def lessons(out: Path) -> Iterator[tuple[str, str]]:
    """Freeze every lesson into OUT; (file name, title) of each."""
    out.mkdir(parents=True, exist_ok=True)
    for notebook in sorted(lessons_root().glob("[0-9][0-9]_*.ipynb")):
        page = freeze(notebook, execute=True)
        (out / f"{notebook.stem}.html").write_text(page, encoding="utf-8")
        print(f"froze {notebook.name}")
        yield f"{notebook.stem}.html", re.findall(r"<title>(.*?)</title>", page)[0]


def api(out: Path) -> list[tuple[str, str, str]]:
    """Write the API pages into OUT; (public name, page with anchor, first sentence) of each public name."""
    public = {name: getattr(tn, name) for name in sorted(set(tn.__all__) - {"__version__"}, key=str.lower)}
    modules = {name: value.__name__ for name, value in public.items() if isinstance(value, ModuleType)}
    # pdoc looks into the package, not through its lazy door; modules that lie deeper (tn.masks) have pages of their own
    vars(tn).update({name: value for name, value in public.items() if name not in modules})
    tn.__all__ = [name for name in public if modules.get(name, f"tasnb.{name}") == f"tasnb.{name}"]
    pdoc.render.configure(docformat="numpy", show_source=False)
    with warnings.catch_warnings():
        # names in signatures that only type checkers import
        warnings.filterwarnings("ignore", category=UserWarning, module=r"pdoc\.")
        pdoc.pdoc("tasnb", output_directory=out)
    pages = {
        name: f"{modules[name].replace('.', '/')}.html" if name in modules else f"tasnb.html#{name}" for name in public
    }
    return [(name, pages[name], _first_sentence(value)) for name, value in public.items()]


def _first_sentence(value: object) -> str:
    return (value.__doc__ or "").strip().split("\n")[0].replace("``", "")


def main() -> None:
    """Build the book."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", nargs="?", type=Path, default=Path("book"))
    parser.add_argument("--no-lessons", action="store_true", help="the API pages alone")
    given = parser.parse_args()
    frozen = [] if given.no_lessons else list(lessons(given.out / "lessons"))
    page = Environment(loader=FileSystemLoader(HERE), autoescape=True).get_template("book.html.j2")
    text = page.render(version=tn.__version__, lessons=frozen, names=api(given.out / "api"))
    (given.out / "index.html").write_text(text, encoding="utf-8")
    print(f"wrote {given.out / 'index.html'}")


if __name__ == "__main__":
    main()
