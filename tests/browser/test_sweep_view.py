"""``sweep_view`` alone in a page: cells by pointer and keyboard, the flips of the one that was picked last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tasnb as tn
from tests.browser.alone import has_a_visible_focus, serious, show
from tests.browser.lab import Lab
from tests.viewers.made_runs import of_scores
from tests.viewers.test_sweep_view import TWO

PATIENCE = 90_000  # ms


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


@pytest.mark.slow
def test_in_jupyterlab_a_cell_brings_its_samples_with_thumbnails(lab: Lab, reftoy_val, tmp_path: Path) -> None:
    """The run's own answers are wrong in two samples that V alone gets right."""
    from PIL import Image

    from tasnb.core.images import png_bytes

    targets = []
    for i in range(2):
        Image.fromarray(reftoy_val[i].image).save(tmp_path / f"{i}.png")
        (tmp_path / f"{i}-target.png").write_bytes(png_bytes(reftoy_val[i].target))
        targets.append(reftoy_val[i].target)
    rows = [(int(t.sum()), [(0.9, 0.0, -0.9, int(t.sum()), int(t.sum())), (0.5, 0.0, 0.0, 0, 9)]) for t in targets]
    masks = {f"image-{i}": np.stack([t, ~t]) for i, t in enumerate(targets)}
    run = of_scores(tmp_path / "run", rows, masks=masks)
    opened = lab.open(
        [
            "import numpy as np, tasnb as tn\nfrom PIL import Image",
            f"""folder = {str(tmp_path)!r}
samples = [tn.types.Sample(image=np.asarray(Image.open(f"{{folder}}/{{i}}.png")), expression=f"thing {{i}}",
                           target=np.asarray(Image.open(f"{{folder}}/{{i}}-target.png")) > 0,
                           sample_id=f"made-val-{{i}}", image_id=f"image-{{i}}", ref_id=str(i), sent_id=str(i),
                           dataset="made", split="val") for i in range(2)]""",
            f"viewer = tn.viewers.sweep_view(tn.Run.open({str(run.folder)!r}), samples=samples)\nviewer",
        ]
    )
    opened.run_all()
    frame = opened.page.locator(".tn-sweep")
    frame.wait_for(timeout=PATIENCE)
    opened.python("viewer.cell = [0.1, 0.7]")
    frame.get_by_text("Turned right: 0").wait_for(timeout=PATIENCE)
    frame.locator(".tn-grid button").first.click()
    frame.get_by_text("Turned right: 2").wait_for(timeout=PATIENCE)
    assert frame.locator(".tn-case img").count() == 2
    alts = frame.locator(".tn-case img").evaluate_all("all => all.map(i => i.alt)")
    assert alts == [f"“thing {i}”: target dashed, mask 0 tinted" for i in range(2)]
    assert opened.python("print(list(viewer.flips['sample']))").strip() == "[0, 1]"
    assert serious(opened.page, ".tn-sweep") == []
