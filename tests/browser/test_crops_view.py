"""``crops_view`` alone in a page: the pictures of one mask, and what it says without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tasnb.viewers import crops
from tests.browser.alone import serious, show
from tests.browser.lab import Lab
from tests.viewers.made_artifacts import HOSTILE, only, saying

PATIENCE = 90_000  # ms


def test_the_encoders_input_is_shown_pixel_by_pixel(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    frame = show(page, tn.viewers.crops_view(sample, artifacts, toy_models, 1), tmp_path)
    sizes = frame.locator(".tn-figures img").evaluate_all("all => all.map(i => [i.naturalWidth, i.naturalHeight])")
    assert sizes[1] == [64, 64], "the toy CLIP's own input"
    assert frame.locator(".tn-figures img").nth(1).evaluate("n => getComputedStyle(n).imageRendering") == "pixelated"
    assert frame.locator("q").inner_text().strip("“”") == artifacts.captions["blur"][1]
    assert all(frame.locator(".tn-figures img").evaluate_all("all => all.map(i => i.alt)"))
    assert "no kernel" not in frame.inner_text(), "every mask is there"
    assert serious(page) == []


def test_without_a_kernel_every_mask_is_shown(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    frame = show(page, tn.viewers.crops_view(sample, artifacts, toy_models, 1), tmp_path)
    seen = set()
    frame.get_by_role("button", name="Previous").click()
    for index in range(len(artifacts.proposals)):
        frame.get_by_role("heading", name=f"mask {index} of").wait_for()
        assert frame.locator("q").inner_text().strip("“”") == artifacts.captions["blur"][index]
        seen |= set(frame.locator(".tn-figures img").evaluate_all("all => all.map(i => i.src)"))
        frame.get_by_role("button", name="Next").click()
    assert len(seen) == 3 * len(artifacts.proposals)
    frame.get_by_label("Mask", exact=True).select_option("2")
    frame.get_by_role("heading", name="mask 2 of").wait_for()


def test_without_a_kernel_it_says_which_masks_it_cannot_show(
    toy_case, toy_models, page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample, artifacts = toy_case
    count, viewer = len(artifacts.proposals), tn.viewers.crops_view(sample, artifacts, toy_models, 5)
    monkeypatch.setattr(crops, "KEPT", len(str(viewer.snapshot()["others"])) // 5)
    kept = [int(name) for name in viewer.snapshot()["others"]]
    assert kept == list(range(len(kept)))
    assert 1 < len(kept) < 5
    frame = show(page, viewer, tmp_path)
    assert f"no kernel, and the pictures of all {count} masks would make it too large" in frame.inner_text()
    assert f"it has those of 0 to {kept[-1]} and 5. For the others, open the notebook" in frame.inner_text()
    options = frame.get_by_label("Mask", exact=True).locator("option")
    disabled = options.evaluate_all("all => all.map(o => o.disabled)")
    assert [i for i, off in enumerate(disabled) if not off] == [*kept, 5]
    for name, index in (("Previous", kept[-1]), ("Next", 5), ("Next", 5)):
        frame.get_by_role("button", name=name).click()
        frame.get_by_role("heading", name=f"mask {index} of").wait_for()
    assert serious(page) == []


def test_no_proposals_and_hostile_text(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    frame = show(page, tn.viewers.crops_view(sample, only(artifacts, []), toy_models), tmp_path)
    assert "nothing to cut out" in frame.inner_text()
    frame = show(page, tn.viewers.crops_view(sample, saying(artifacts, HOSTILE), toy_models), tmp_path)
    assert frame.locator("script").count() == 0
    assert HOSTILE in frame.locator("q").inner_text()


@pytest.mark.slow
def test_in_jupyterlab_another_mask_comes_from_the_kernel(lab: Lab) -> None:
    opened = lab.open(
        [
            "import tasnb as tn\nmodels = tn.models.load('toy', device='cpu')",
            "sample = tn.datasets.load('reftoy', split='val')[12]\n"
            "artifacts = tn.Store().recall(tn.describe, sample.image, models)",
            "viewer = tn.viewers.crops_view(sample, artifacts, models)\nviewer",
        ]
    )
    opened.run_all()
    frame = opened.page.locator(".tn-crops")
    frame.get_by_text("mask 0 of").wait_for(timeout=PATIENCE)
    frame.get_by_role("button", name="Next").click()
    frame.get_by_role("heading", name="mask 1 of").wait_for(timeout=PATIENCE)
    frame.get_by_label("Mask", exact=True).select_option("2")
    frame.get_by_role("heading", name="mask 2 of").wait_for(timeout=PATIENCE)
    caption = opened.python("print(artifacts.captions['blur'][viewer.index])").strip()
    assert frame.locator("q").inner_text().strip("“”") == caption
    for theme in ("dark", "light"):
        opened.theme(theme)
        assert serious(opened.page, ".tn-crops") == []
