"""``crops_view`` alone in a page: the pictures of one mask, and what it says without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tasnb as tn
from tests.browser.alone import serious, show
from tests.viewers.made_artifacts import HOSTILE, only, saying


def test_the_encoders_input_is_shown_pixel_by_pixel(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    frame = show(page, tn.viewers.crops_view(sample, artifacts, toy_models, 1), tmp_path)
    sizes = frame.locator(".tn-figures img").evaluate_all("all => all.map(i => [i.naturalWidth, i.naturalHeight])")
    assert sizes[1] == [64, 64], "the toy CLIP's own input"
    assert frame.locator(".tn-figures img").nth(1).evaluate("n => getComputedStyle(n).imageRendering") == "pixelated"
    assert frame.locator("q").inner_text().strip("“”") == artifacts.captions["blur"][1]
    assert all(frame.locator(".tn-figures img").evaluate_all("all => all.map(i => i.alt)"))
    assert "no kernel" in frame.inner_text()
    assert serious(page) == []


def test_no_proposals_and_hostile_text(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    frame = show(page, tn.viewers.crops_view(sample, only(artifacts, []), toy_models), tmp_path)
    assert "nothing to cut out" in frame.inner_text()
    frame = show(page, tn.viewers.crops_view(sample, saying(artifacts, HOSTILE), toy_models), tmp_path)
    assert frame.locator("script").count() == 0
    assert HOSTILE in frame.locator("q").inner_text()
