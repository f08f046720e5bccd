"""``negatives_view`` alone in a page: a phrase that is switched off ranks again as Python does, without a kernel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tests.browser.alone import has_a_visible_focus, serious, show
from tests.viewers.made_artifacts import HOSTILE, saying

MINUS = "\u2212"


@pytest.fixture
def viewer(toy_case, toy_models):
    sample, artifacts = toy_case
    return tn.viewers.negatives_view(sample, artifacts, sample.expression, toy_models)


def rows_of(frame: Any) -> list[list[str]]:
    """Mask and S of every row of the ranking, best first."""
    return frame.locator(".tn-ranked").evaluate(
        """n => [...n.querySelectorAll("tbody tr:first-child")].map(r => [r.querySelector("button").textContent,
             [...r.querySelectorAll("td.tn-num")][1].textContent])"""
    )


def expected(viewer: Any) -> list[list[str]]:
    frame = viewer.ranking
    return [
        [str(i), f"{MINUS if total < 0 else ''}{abs(total):.3f}"]
        for i, total in zip(frame["proposal"], frame["total"], strict=True)
    ]


def test_switching_a_phrase_off_ranks_as_python_does(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    assert rows_of(frame) == expected(viewer)
    boxes = frame.locator(".tn-phrases input")
    assert boxes.count() == len(viewer.on)
    for k in range(boxes.count()):
        boxes.nth(k).click()
        viewer.on = [yes != (at == k) for at, yes in enumerate(viewer.on)]
        assert rows_of(frame) == expected(viewer)
    assert "As mined:" in frame.inner_text()


def test_all_none_and_back(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    frame.get_by_role("button", name="None").click()
    mined, viewer.on = viewer.on, [False] * len(viewer.on)
    assert rows_of(frame) == expected(viewer)
    assert frame.locator(".tn-said-caption ins").count() == 0
    frame.get_by_role("button", name="All").click()
    viewer.on = [True] * len(viewer.on)
    assert rows_of(frame) == expected(viewer)
    frame.get_by_role("button", name="As mined").click()
    viewer.on = mined
    assert rows_of(frame) == expected(viewer)


def test_the_keyboard_switches_a_phrase(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    box = frame.locator(".tn-phrases input").first
    before = box.is_checked()
    frame.get_by_role("button", name="None").focus()
    page.keyboard.press("Tab")  # the scrolling list
    page.keyboard.press("Tab")
    assert box.evaluate("n => n === document.activeElement")
    assert has_a_visible_focus(page)
    page.keyboard.press("Space")
    assert box.is_checked() != before


def test_axe_finds_nothing_serious(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    frame.locator(".tn-phrases input").first.click()
    assert serious(page) == []


def test_hostile_text_stays_text(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    _, artifacts = toy_case
    phrase = replace(artifacts.phrases[0], text=HOSTILE)
    nasty = replace(
        saying(artifacts, HOSTILE), overall_caption=HOSTILE, phrases=(phrase,),
        phrase_embeddings=artifacts.phrase_embeddings[:1],
    )  # fmt: skip
    frame = show(page, tn.viewers.negatives_view(None, nasty, f"cat {HOSTILE}", toy_models), tmp_path)
    assert frame.locator("script").count() == 0
    assert HOSTILE in frame.locator(".tn-said-caption").inner_text()
    assert HOSTILE in frame.locator(".tn-phrases label").inner_text()
