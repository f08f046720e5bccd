"""``make book``, small: one lesson, one notebook of our own and all API pages, from disk, with nothing else to load."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import pytest
from bs4 import BeautifulSoup

from tasnb.core.shipped import lessons_root
from tests.browser.alone import violations

ROOT = Path(__file__).resolve().parents[2]
LESSON, OWN = "lessons/00_quickstart.html", "lessons/77_own.html"
SHOWN = ["index.html", LESSON, OWN, "api/tasnb/core/masks.html", "api/tasnb/store.html"]
HEADING = 'The <b>"best"</b> $x^2$'


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    words = f"# 77 · Our own\n\n## {HEADING}\n\nAfter [the first](00_quickstart.ipynb).\n\n## Twice\n\n## Twice"
    cells = [nbformat.v4.new_markdown_cell(words), nbformat.v4.new_code_cell("print('it ran')")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "77_own.ipynb")
    notebooks = [str(lessons_root() / "00_quickstart.ipynb"), str(folder / "77_own.ipynb")]
    command = [sys.executable, str(ROOT / "docs" / "build_book.py"), str(folder / "book"), "--lessons", *notebooks]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    return folder / "book"


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def broken_links(book: Path) -> list[str]:
    """Addresses that lead to no page, or to no place in it, and those that would be loaded from elsewhere."""
    pages = {path.resolve(): soup(path) for path in book.rglob("*.html")}
    ids = {path: {str(tag["id"]) for tag in page.select("[id]")} for path, page in pages.items()}
    broken = []
    for path, page in pages.items():
        aims = [
            str(tag.get("href") or tag.get("src") or tag.get("action"))
            for tag in page.select("[href], [src], [action]")
        ]
        aims += (
            re.findall(r'"((?:lessons|api)/[^"]*)"\]', page.find(id="headings").string)
            if path.name == "index.html" and page.find(id="headings")
            else []
        )
        for aim in aims:
            file, _, name = aim.partition("#")
            at = (path.parent / unquote(file)).resolve() if file else path
            if aim.startswith(("data:", "https://", "http://")):
                continue
            if not at.is_file() or (name and not {name, unquote(name)} & ids.get(at, set())):
                broken.append(f"{path.relative_to(book.resolve())}: {aim}")
    return broken


def test_every_link_leads_somewhere(book: Path) -> None:
    assert broken_links(book.resolve()) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="b.html">b</a> <a href="#c">c</a> <p id="d"></p> <a href="a.html#d">d</a>'
    )
    assert broken_links(tmp_path.resolve()) == ["a.html: b.html", "a.html: #c"]


def test_the_index_says_what_it_is_and_how_to_install(book: Path) -> None:
    page = soup(book / "index.html")
    text = re.sub(r"\s+", " ", page.get_text())
    assert "without installing" in text
    assert "make demo" in text
    assert "an answer in five cells, then the evidence for it" in text, "the idea of notebooks/README.md"
    assert len(page.select("figure img[alt]")) == 3
    assert all((book / img["src"]).is_file() for img in page.select("figure img"))
    assert "it ran" in (book / OWN).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_opens_from_disk_and_axe_finds_nothing(name: str, book: Path, page: Any) -> None:
    page.goto((book / name).as_uri() + ("?q=mask" if name == "index.html" else ""))
    if name == LESSON:
        page.locator(".tn-explorer").wait_for()
    assert violations(page) == []
    assert page.evaluate("[...document.images].every(i => i.alt && i.complete && i.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_search_finds_headings_and_names_by_keyboard(book: Path, page: Any) -> None:
    page.goto((book / "index.html").as_uri())
    page.keyboard.press("Tab")  # the link to "install it"
    page.keyboard.press("Tab")
    page.keyboard.type("EVIDENCE receipt")
    assert page.locator("#told").inner_text() == "1 found."
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "The evidence, part 2: the score receipt"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "asked"
    page.keyboard.press("Enter")
    page.wait_for_url("**/lessons/00_quickstart.html#*")
    assert page.get_by_role("heading", name="The evidence, part 2").is_visible()

    page.goto((book / "index.html").as_uri())
    page.get_by_label("Search").fill("rectifier_view")
    first = page.locator("#found a").first
    assert first.inner_text() == "tasnb.viewers.rectifier_view"
    first.click()
    page.wait_for_url("**/api/tasnb/viewers.html#rectifier_view")
    page.locator("#rectifier_view").wait_for()

    page.goto((book / "index.html").as_uri())
    page.get_by_label("Search").fill("no such thing at all")
    assert page.locator("#told").inner_text() == "Nothing found."


def test_hostile_words_are_found_as_text(book: Path, page: Any) -> None:
    page.goto((book / "index.html").as_uri())
    page.get_by_label("Search").fill('"best')
    assert page.locator("#found a").inner_text() == 'The "best" x2'
    page.locator("#found a").click()
    page.get_by_role("heading", name='The "best"').wait_for()
    page.get_by_role("link", name="Before: 00 · Quickstart").click()
    page.wait_for_url("**/00_quickstart.html")


@pytest.mark.parametrize("name", [OWN, "api/tasnb/core/masks.html"])
def test_every_page_has_the_search_and_the_way_back(name: str, book: Path, page: Any) -> None:
    page.goto((book / name).as_uri())
    page.get_by_role("searchbox").fill("half")
    page.keyboard.press("Enter")
    page.wait_for_url("**/index.html?q=half")
    assert page.locator("#found a").count() > 0
    page.goto((book / name).as_uri())
    page.get_by_role("link", name="tasnb: contents").click()
    page.wait_for_url("**/index.html")
