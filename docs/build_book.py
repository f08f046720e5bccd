"""``make book``: the lessons, frozen, and the API pages, as a folder that opens from disk and loads nothing.

    python docs/build_book.py [OUT] [--lessons [NOTEBOOK ...]]

OUT (default: book) then holds index.html (what it is, search, lessons, pictures, how to install), lessons/, api/ and
pictures/. Words come from where they are kept: README.md, notebooks/README.md, and ``tasnb/__init__.py`` with its one
list of public names.
"""

from __future__ import annotations

import argparse
import re
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pdoc
import pdoc.render
from bs4 import BeautifulSoup, Tag
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import tasnb as tn
from tasnb.core.shipped import lessons_root
from tasnb.report.rendering import policy
from tasnb.viewers import assets, freezing, maths

HERE = Path(__file__).resolve().parent
WITHIN = {"files": "'self' file:", "forms": "'self' file:"}  # the pictures of the book, and the search to its index
TEMPLATES = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the search finds: its words, where they stand, and the address from the index."""

    words: str
    place: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A page of ``lessons/``: its title, its idea in a sentence and its minutes, as notebooks/README.md has them."""

    file: str
    title: str
    idea: str
    minutes: str
    parts: tuple[tuple[str, str], ...]  # id and words of each heading
    frozen: freezing.Frozen


def build(out: Path, notebooks: Sequence[Path]) -> None:
    """Write the book into a folder: these notebooks, run first, and the API pages."""
    lessons = [lesson(path) for path in notebooks]
    (out / "lessons").mkdir(parents=True, exist_ok=True)
    for before, each, after in zip([None, *lessons[:-1]], lessons, [*lessons[1:], None], strict=True):
        top = f'<nav aria-label="Book">{bar("../", before=before, after=after)}</nav>'
        page = freezing.page(each.frozen, style=style(), top=top)
        page = re.sub(r'href="(\d\d_\w+)\.ipynb', r'href="\1.html', page)
        (out / "lessons" / each.file).write_text(page, encoding="utf-8")
    names, members = api(out / "api")
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    page = TEMPLATES.get_template("book.html.j2").render(
        version=tn.__version__,
        policy=policy,
        within=WITHIN,
        style=style(),
        lessons=lessons,
        names=names,
        pictures=pictures(readme, out / "pictures"),
        install=install(readme),
        found=assets.in_script([[each.words, each.place, each.address] for each in [*headings(lessons), *members]]),
    )
    (out / "index.html").write_text(page, encoding="utf-8")


def style() -> Markup:
    """The style sheet of all pages of the book."""
    return Markup((HERE / "book.css").read_text(encoding="utf-8"))


def bar(up: str, *, before: Lesson | None = None, after: Lesson | None = None) -> str:
    """The way back to the index, and a search; up: the address of the folder of the index."""
    return TEMPLATES.get_template("bar.html.j2").render(up=up, before=before, after=after)


def lesson(notebook: Path) -> Lesson:
    """Run a notebook, and what its page shows."""
    frozen = freezing.frozen(notebook, execute=True)
    print(f"froze {notebook.name}", flush=True)
    words = BeautifulSoup("".join(cell["words"] for cell in frozen.cells if "words" in cell), "html.parser")
    table = (lessons_root() / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| \[.*?\]\({notebook.stem}\.ipynb\) \| (.*?) \| (.*?) \|", table, re.MULTILINE)
    idea, minutes = row.groups() if row else ("", "")
    parts = tuple((str(each["id"]), _plain(each)) for each in words.select(":is(h1, h2, h3)[id]"))
    return Lesson(
        file=f"{notebook.stem}.html", title=frozen.title, idea=idea, minutes=minutes, parts=parts, frozen=frozen
    )


def headings(lessons: Sequence[Lesson]) -> list[Found]:
    """What the search finds of the lessons."""
    return [
        Found(words=words, place=each.title, address=f"lessons/{each.file}#{name}")
        for each in lessons
        for name, words in each.parts
    ]


def api(out: Path) -> tuple[list[Found], list[Found]]:
    """Write the API pages into OUT; each public name with its page and first sentence, and what the search finds."""
    public = {name: getattr(tn, name) for name in sorted(set(tn.__all__) - {"__version__"}, key=str.lower)}
    modules = {name: value.__name__ for name, value in public.items() if isinstance(value, ModuleType)}
    # pdoc looks into the package, not through its lazy door; modules that lie deeper (tn.masks) have pages of their own
    vars(tn).update({name: value for name, value in public.items() if name not in modules})
    tn.__all__ = [name for name in public if modules.get(name, f"tasnb.{name}") == f"tasnb.{name}"]
    pdoc.render.configure(docformat="numpy", show_source=False, search=False)
    with warnings.catch_warnings():
        # names in signatures that only type checkers import
        warnings.filterwarnings("ignore", category=UserWarning, module=r"pdoc\.")
        pdoc.pdoc("tasnb", output_directory=out)
    (out / "index.html").unlink()  # it only leads to tasnb.html
    members = [found for page in sorted(out.rglob("*.html")) for found in _finish(page, out)]
    pages = {
        name: f"{modules[name].replace('.', '/')}.html" if name in modules else f"tasnb.html#{name}" for name in public
    }
    names = [
        Found(words=f"tn.{name}", place=_first_sentence(value), address=f"api/{pages[name]}")
        for name, value in public.items()
    ]
    return names, members


def _finish(path: Path, out: Path) -> list[Found]:
    """Give a page of pdoc the bar and the style of the book, and what a screen reader needs; its documented names."""
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    up = "../" * len(path.relative_to(out).parents)
    for each in page.select(".attribution, #navtoggle, #togglestate, .view-value-button, .view-value-toggle-state"):
        each.decompose()
    for each in page.select(".docstring :is(h1, h2, h3, h4, h5, h6), .inherited h5"):  # once for every function
        each.name, each.attrs = "p", {"class": "part"}
    for each in page.select("section > .attr, .classattr > .attr"):
        each["role"], each["aria-level"] = "heading", "2" if each.parent.name == "section" else "3"
    for each in page.select(".headerlink"):
        each["aria-label"] = f"link to {str(each['href'])[1:]}"
    for each in page.find_all("pre"):
        each["tabindex"] = "0"  # it scrolls where it is wide
    ids = {str(each["id"]) for each in page.select("[id]")}
    for each in page.select("a[href^='#']"):
        if str(each["href"])[1:] not in ids:  # an inherited name that pdoc does not show, as "Annotator.traits"
            each.unwrap()
    page.head.append(BeautifulSoup(f"<style>{style()}</style>", "html.parser"))
    page.select_one("nav.pdoc > div").insert(0, BeautifulSoup(bar(up), "html.parser"))
    allowed = policy(styles=[each.string for each in page.select("style")], **WITHIN)
    # behind the first, which says the encoding and must come early
    page.head.meta.insert_after(
        page.new_tag("meta", attrs={"http-equiv": "Content-Security-Policy", "content": allowed})
    )
    path.write_text(str(page), encoding="utf-8")
    module = ".".join(path.relative_to(out).with_suffix("").parts)
    address = f"api/{path.relative_to(out).as_posix()}"
    return [
        Found(words=f"{module}.{each['id']}", place=_plain(told), address=f"{address}#{each['id']}")
        for each in page.select("section[id], .classattr[id]")
        if (told := each.select_one(":scope > .docstring > p"))
    ]


def pictures(readme: str, out: Path) -> list[tuple[str, str]]:
    """Copy the README's pictures; (words, file) of each."""
    out.mkdir(parents=True, exist_ok=True)
    found = re.findall(r"!\[(.+?)\]\(docs/(\w+\.png)\)", readme)
    for _, name in found:
        shutil.copy(HERE / name, out / name)
    return found


def install(readme: str) -> Markup:
    """The README's first part, which says how to install; its links lead out of the book, so only their words stay."""
    page = BeautifulSoup(maths.markdown(re.split(r"^## .*\n", readme, flags=re.MULTILINE)[1]), "html.parser")
    for link in page.find_all("a"):
        link.unwrap()
    for each in page.find_all("pre"):
        each["tabindex"] = "0"
    return Markup(str(page))


def _plain(tag: Tag) -> str:
    return re.sub(r"\s+", " ", "".join(tag.find_all(string=True))).removesuffix("¶").strip()


def _first_sentence(value: object) -> str:
    return (value.__doc__ or "").strip().split("\n")[0].replace("``", "")


def main() -> None:
    """Build the book."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", nargs="?", type=Path, default=Path("book"))
    every = sorted(lessons_root().glob("[0-9][0-9]_*.ipynb"))
    parser.add_argument("--lessons", nargs="*", type=Path, default=every, help="these notebooks; none: no lesson")
    given = parser.parse_args()
    build(given.out, given.lessons)
    print(f"wrote {given.out / 'index.html'}")


if __name__ == "__main__":
    main()
