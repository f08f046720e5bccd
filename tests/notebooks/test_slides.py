"""The lessons with slide metadata become slides: ``jupyter nbconvert --to slides``, and what a slide then holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from tests.notebooks.pairs import FOLDER, SLIDES, read

each = pytest.mark.parametrize("name", sorted(SLIDES))


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Tag]]:
    """The slides of each lesson, as the command of TEACHING.md makes them."""
    out = tmp_path_factory.mktemp("slides")
    command = [sys.executable, "-m", "nbconvert", "--to", "slides", "--SlidesExporter.reveal_scroll=True",
               *(str(FOLDER / f"{name}.ipynb") for name in sorted(SLIDES)), "--output-dir", str(out)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(out)})
    assert done.returncode == 0, done.stderr
    pages = {name: Path(out / f"{name}.slides.html").read_text(encoding="utf-8") for name in sorted(SLIDES)}
    return {name: BeautifulSoup(page, "html.parser").select(".slides > section") for name, page in pages.items()}


@pytest.mark.slow
@each
def test_every_heading_begins_a_slide_and_stands_on_it(name: str, decks: dict[str, list[Tag]]) -> None:
    cells = read(FOLDER / f"{name}.ipynb").cells
    headings = [cell.source.splitlines()[0].lstrip("# ") for cell in cells
                if cell.cell_type == "markdown" and cell.source.startswith("#")
                and not cell.source.startswith("## References")]  # fmt: skip
    shown = [slide.select_one("h1, h2").get_text().rstrip("¶") for slide in decks[name]]
    assert shown == headings


@pytest.mark.slow
@each
def test_a_slide_is_short_and_an_explanation_waits(name: str, decks: dict[str, list[Tag]]) -> None:
    parts = [part for slide in decks[name] for part in slide.select(":scope > section")]
    assert len(parts) > len(decks[name]), "predictions stand on slides of their own"
    assert max(len(part.select(".jp-Cell")) for part in parts) <= 5
    waiting = [fragment.get_text() for slide in decks[name] for fragment in slide.select(".fragment")]
    assert waiting
    assert all(text.strip().startswith("Explain.") for text in waiting)
    assert "Exercise 1." in "".join(slide.get_text() for slide in decks[name])
    assert "References" not in "".join(slide.get_text() for slide in decks[name])
