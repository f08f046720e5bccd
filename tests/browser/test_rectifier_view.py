"""``rectifier_view`` alone in a page: a panel a rule, the mask picked by pointer and keyboard, verdicts in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tests.browser.alone import has_a_visible_focus, serious, show
from tests.viewers.made_artifacts import HOSTILE, only, saying


@pytest.fixture
def viewer(toy_case, toy_models):
    sample, artifacts = toy_case
    return tn.viewers.rectifier_view(sample, artifacts, "the man on the left", toy_models)


def test_every_rule_draws_its_centres_and_says_why(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    panels = frame.locator(".tn-rules figure")
    assert panels.count() == len(viewer.rules) == 3
    for at, rule in enumerate(viewer.rules.values()):
        panel = panels.nth(at)
        assert rule.sentence in panel.inner_text()
        assert panel.locator(".tn-dot").count() == len(rule.table)
        crosses = panel.locator(".tn-dot path").count()
        assert crosses == int((~rule.table.kept).sum()), "a cross, not the colour alone, says that a mask is out"
        assert panel.locator(".tn-ring").count() == 1


def test_a_dot_and_the_arrow_keys_pick_a_mask(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    frame.locator(".tn-list button").nth(2).click()
    assert f"mask 2: paper {viewer.verdicts['paper'][2]}" in frame.locator(".tn-verdict").inner_text()
    page.keyboard.press("ArrowDown")
    assert frame.locator(".tn-list button").nth(3).evaluate("n => n === document.activeElement")
    assert has_a_visible_focus(page)
    assert "mask 3:" in frame.locator(".tn-verdict").inner_text()
    assert frame.locator(".tn-list button").nth(3).get_attribute("aria-pressed") == "true"
    frame.locator(".tn-rules figure").nth(1).locator(".tn-dot").nth(0).hover(force=True)
    assert frame.locator(".tn-marked").count() == 3, "marked in every panel"


def test_axe_finds_nothing_serious(viewer, page: Any, tmp_path: Path) -> None:
    show(page, viewer, tmp_path)
    assert serious(page) == []


def test_no_proposals_and_hostile_text(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    _, artifacts = toy_case
    frame = show(page, tn.viewers.rectifier_view(None, only(artifacts, []), "left cat", toy_models), tmp_path)
    assert "nothing to rectify" in frame.inner_text()
    nasty = tn.viewers.rectifier_view(None, saying(artifacts, HOSTILE), f"left cat {HOSTILE}", toy_models)
    frame = show(page, nasty, tmp_path)
    assert frame.locator("script").count() == 0
    assert HOSTILE in frame.locator(".tn-list").inner_text()
