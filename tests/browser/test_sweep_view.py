"""``sweep_view`` alone in a page: cells by pointer and keyboard, the flips of the one that was picked last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tests.browser.alone import has_a_visible_focus, serious, show
from tests.viewers.made_runs import of_scores
from tests.viewers.test_sweep_view import TWO


@pytest.fixture
def viewer(tmp_path: Path):
    found = tn.viewers.sweep_view(of_scores(tmp_path / "run", TWO))
    found.cell = [0.0, 0.0]
    return found


def test_a_click_on_a_cell_says_what_it_turns(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    cells = frame.locator(".tn-grid button")
    assert cells.count() == 25
    assert "Turned wrong: 1" in frame.inner_text()
    assert "IoU 1.00 → 0.20" in frame.inner_text()
    cells.nth(24).click()
    cell = viewer.record["rows"][4][4]
    words = frame.locator(".tn-verdict").inner_text()
    assert f"{cell['value']}. {cell['gained']} samples turn right and {cell['lost']} turn wrong" in words
    assert not frame.get_by_text("Turned wrong").is_visible(), "the samples of another cell need the kernel"
    cells.nth(0).click()
    assert "Turned wrong: 1" in frame.inner_text()


def test_arrow_keys_walk_the_grid(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    cells = frame.locator(".tn-grid button")
    cells.nth(0).focus()
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    assert cells.nth(6).evaluate("n => n === document.activeElement")
    assert has_a_visible_focus(page)
    page.keyboard.press("Enter")
    assert cells.nth(6).get_attribute("aria-pressed") == "true"
    assert "alpha 0.05, lambda 0.3" in cells.nth(6).get_attribute("aria-label")


def test_axe_finds_nothing_serious(viewer, page: Any, tmp_path: Path) -> None:
    show(page, viewer, tmp_path)
    assert serious(page) == []
