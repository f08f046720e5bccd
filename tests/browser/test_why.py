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


def test_a_prior_is_a_term_of_every_sum_on_screen(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    frame = show(page, tn.viewers.explore(sample, artifacts, "the man on the left", toy_models), tmp_path)
    frame.get_by_role("radio", name="plus", exact=True).check()
    assert frame.locator(".tn-controls legend").inner_text().endswith("N + prior")
    signs = set()
    for row in frame.locator(".tn-ranked tbody").all():
        cells = [text.replace("\u2212", "-") for text in row.locator("tr").first.locator("td").all_inner_texts()]
        total, *terms = map(float, cells[2:7])  # S, V, alpha P, lambda N, prior
        assert total == pytest.approx(sum(terms), abs=0.0025)
        signs.add((terms[-1] < 0, row.locator("td.tn-out").count()))
    assert signs == {(True, 1), (False, 0)}, "a number, and a colour that says its sign"
    said = frame.locator(".tn-receipt").inner_text().replace("\u2212", "-")
    assert "prior" in said
    prior = tn.tas(artifacts, "the man on the left", toy_models, variant="plus").table
    assert f"prior {abs(prior.prior[prior.best]):.3f}" in said
