"""The why panel of ``explore`` alone in a page: a switch re-ranks without a kernel, as Python says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tests.browser.alone import serious, show


@pytest.fixture(scope="module")
def viewer(toy_case, toy_models):
    sample, artifacts = toy_case
    return tn.viewers.explore(sample, artifacts, "the man on the left", toy_models)


def test_a_switch_ranks_again_at_once(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    told = viewer.why["paper"]
    panel = frame.get_by_role("group", name="Why: what would have helped")
    assert told["sentence"] in panel.inner_text()
    lines = panel.get_by_role("listitem")
    before = frame.locator(".tn-verdict").first.inner_text()
    assert lines.count() == len(told["cures"]) > 1
    for line, cure in zip(lines.all(), told["cures"], strict=True):
        iou = viewer.scene["iou"][cure["row"]]
        assert f"mask {cure['row']}, IoU {iou:.2f}" in line.inner_text()
        line.get_by_role("checkbox").check()
        assert frame.locator(".tn-verdict").first.inner_text().startswith(f"Answer: mask {cure['row']}, ")
        line.get_by_role("checkbox").uncheck()
        assert frame.locator(".tn-verdict").first.inner_text() == before
    page.screenshot(path=tmp_path / "why.png", full_page=True)
    assert serious(page) == []


def test_two_cures_of_one_part_exclude_each_other(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    first, second = (frame.get_by_label(words) for words in ("ignore the rectifier", "only the masks that the rect"))
    first.check()
    second.check()
    assert not first.is_checked()
    assert second.is_checked()
