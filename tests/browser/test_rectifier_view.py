"""``rectifier_view`` alone in a page: a panel a rule, the mask picked by pointer and keyboard, verdicts in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tasnb as tn
from tests.browser.alone import has_a_visible_focus, serious, show
from tests.viewers.made_artifacts import HOSTILE, only, saying, with_masks


@pytest.fixture
def viewer(toy_case, toy_models):
    sample, artifacts = toy_case
    return tn.viewers.rectifier_view(sample, artifacts, "the man on the left", toy_models)


def test_every_rule_draws_its_centres_and_says_why(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    panels = frame.locator(".tn-rules figure")
    assert panels.count() == len(viewer.rules) == 4
    for at, rule in enumerate(viewer.rules.values()):
        panel = panels.nth(at)
        assert rule.sentence in panel.inner_text()
        assert panel.locator(".tn-dot").count() == len(rule.table)
        crosses = panel.locator(".tn-dot path").count()
        assert crosses == int((~rule.table.kept).sum()), "a cross, not the colour alone, says that a mask is out"
        assert panel.locator(".tn-ring").count() == 1


def test_a_soft_prior_is_a_field_with_its_scale_and_a_number_a_mask(viewer, page: Any, tmp_path: Path) -> None:
    panel = show(page, viewer, tmp_path).locator(".tn-rules figure").nth(1)
    prior, field = viewer.rules["plus"].table.prior, viewer.rules["plus"].field
    said = [text.replace("\u2212", "-") for text in panel.locator(".tn-prior").all_text_contents()]
    assert sorted(said) == sorted(f"{value:+.3f}" for value in prior)
    assert all(panel.locator(".tn-prior").nth(at).is_visible() for at in range(len(prior)))
    scale = panel.locator(".tn-ends").inner_text().replace("\u2212", "-").split()
    assert scale == [f"{field.max():+.3f}", f"{field.min():+.3f}"], "the brightest first"
    cells = panel.locator(".tn-field rect")
    assert cells.count() == field.size
    dark = cells.evaluate_all("all => all.map(n => Number(n.getAttribute('opacity')))")
    assert dark[0] == 0 < dark[-1] == 1, "left is named: dark at the right"
    assert page.locator(".tn-ends").count() == 1, "a hard half has none"


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
    assert frame.locator(".tn-marked").count() == 5, "marked in every panel, and its prior's number"


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


def crowd(artifacts: Any, count: int = 150) -> Any:
    """So many proposals, one in each corner of the photo and the others anywhere."""
    rng = np.random.default_rng(0)
    masks = np.zeros((count, 256, 256), dtype=bool)
    for i, (y, x) in enumerate([(0, 0), (0, 255), (255, 0), (255, 255), *rng.integers(0, 255, (count - 4, 2))]):
        masks[i, y : y + 2, x : x + 2] = True
    return with_masks(only(artifacts, [i % len(artifacts.proposals) for i in range(count)]), masks)


def test_with_150_proposals_the_page_is_short_and_every_dot_whole(toy_case, toy_models, page, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    few = tn.viewers.rectifier_view(sample, only(artifacts, [0, 1]), "the man on the left", toy_models)
    show(page, few, tmp_path)
    short = page.evaluate("document.documentElement.scrollHeight")
    many = tn.viewers.rectifier_view(sample, crowd(artifacts), "the man on the left", toy_models)
    frame = show(page, many, tmp_path)
    assert page.evaluate("document.documentElement.scrollHeight") < short + 500
    cut = frame.locator(".tn-rules figure").first.evaluate(
        """figure => { const box = figure.querySelector("svg").getBoundingClientRect();
             const dots = [...figure.querySelectorAll(".tn-dot circle")].map((dot) => dot.getBoundingClientRect());
             return dots.filter((b) => b.left < box.left || b.top < box.top || b.right > box.right
                                       || b.bottom > box.bottom).length }"""
    )
    assert cut == 0
    assert frame.locator(".tn-prior:visible").count() == 1, "of so many only the one that is picked says its prior"
    assert serious(page) == []


def test_a_long_list_scrolls_by_keyboard_under_its_head(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    frame = show(page, tn.viewers.rectifier_view(sample, crowd(artifacts), "the man on the left", toy_models), tmp_path)
    frame.locator(".tn-list tbody button").first.click()
    top = page.evaluate("scrollY")
    for key, wanted in (("End", 149), ("PageUp", 139), ("ArrowUp", 138), ("Home", 0)):
        page.keyboard.press(key)
        button = frame.locator(".tn-list tbody button").nth(wanted)
        assert button.evaluate("n => n === document.activeElement")
        assert button.evaluate(
            """n => { const [table, list] = [n.closest("table"), n.closest(".tn-list").getBoundingClientRect()];
                      const [row, head] = [n.closest("tr"), table.tHead.rows[0].cells[0]]
                        .map((e) => e.getBoundingClientRect());
                      return row.top >= head.bottom - 2 && row.bottom <= list.bottom + 1 && head.top < list.top + 3 }"""
        ), f"{key}: its row is in view below the head, which stays"
    assert page.evaluate("scrollY") == top, "the list scrolls, the page does not"


def test_the_dot_that_is_picked_lies_on_the_others(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    masks = np.repeat(artifacts.proposals.masks[:1], 5, axis=0)
    same = with_masks(only(artifacts, range(5)), masks)
    frame = show(page, tn.viewers.rectifier_view(sample, same, "the man on the left", toy_models), tmp_path)
    frame.locator(".tn-list tbody button").nth(2).click()
    top = frame.locator(".tn-rules svg").first.evaluate("n => n.lastElementChild.textContent")
    assert top.startswith("mask 2")
