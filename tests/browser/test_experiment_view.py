"""``experiment_view`` alone in a page: the slider by keyboard, its value in words, the steps of its setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tests.browser.alone import has_a_visible_focus, serious, show
from tests.browser.lab import Lab
from tests.viewers.made_artifacts import HOSTILE
from tests.viewers.test_experiment_view import made

PATIENCE = 90_000  # ms


@pytest.fixture
def viewer():
    return tn.viewers.experiment_view(made("true", "50 % wrong", HOSTILE))


def test_the_slider_moves_through_the_settings_by_keyboard(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    slider, rows = frame.get_by_role("slider", name="Setting"), frame.locator("tbody tr")
    assert rows.count() == 4
    assert rows.nth(0).locator("td").all_inner_texts()[1:] == [
        "+4.00 [+1.00,\u00a0+7.00]\nhelps", "+3.00 [+0.00,\u00a0+6.00]\nis not shown to help",
        "+2.00 [-1.00,\u00a0+5.00]\nis not shown to help",
    ]  # fmt: skip
    assert "P helps: +4.00 [+1.00, +7.00]" in frame.locator(".tn-verdict").inner_text()
    slider.focus()
    assert has_a_visible_focus(page)
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "50 % wrong"
    assert frame.locator("output").inner_text() == "50 % wrong"
    assert rows.nth(0).locator("td").nth(1).inner_text().startswith("+0.00 [-3.00,\u00a0+3.00]")
    assert frame.locator('.tn-unseen[role="status"]').inner_text().startswith("50 % wrong, 90 samples")
    page.keyboard.press("End")
    assert frame.locator("output").inner_text() == HOSTILE
    assert slider.evaluate("n => n === document.activeElement"), "the focus is not lost"


def test_marks_lie_where_the_gains_are(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    lines = frame.locator("tbody svg:not(.tn-mark)")

    def places() -> list[float]:
        boxes = lines.locator(".tn-full").evaluate_all(
            "all => all.map(n => { const b = n.getBoundingClientRect(); return b.x + b.width / 2 })"
        )
        return [round(x) for x in boxes]

    first = places()
    assert first == sorted(first)
    assert len(set(first)) == 4, "each module gains a point more than the one above"
    assert frame.locator(".tn-light").count() == 2 * 4
    frame.get_by_role("slider").press("ArrowRight")
    zero = lines.nth(0).locator(".tn-zero").evaluate("n => n.getBoundingClientRect().x")
    assert places()[0] == pytest.approx(zero, abs=2), "P gains nothing here"
    assert places()[1] < first[1], "one scale for all settings"


def test_axe_finds_nothing_serious_and_nothing_is_cut_off(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    assert serious(page) == []
    page.set_viewport_size({"width": 420, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert frame.locator("script").count() == 0


def test_in_jupyterlab_slider_and_python_show_the_same_setting(lab: Lab, tmp_path: Path) -> None:
    made("true", "50 % wrong", "100 % wrong").save(tmp_path / "made.json")
    show_it = f"tn.viewers.experiment_view(tn.analysis.Experiment.read({str(tmp_path / 'made.json')!r}))"
    opened = lab.open(["import tasnb as tn", f"viewer = {show_it}\nviewer"])
    opened.run_all()
    frame = opened.page.locator(".tn-experiment")
    frame.wait_for(timeout=PATIENCE)
    frame.get_by_role("slider").press("ArrowRight")
    assert opened.python("print(viewer.setting)").strip() == "50 % wrong"
    opened.python("viewer.setting = '100 % wrong'")
    frame.locator(".tn-verdict", has_text="100 % wrong, 90 samples").wait_for(timeout=PATIENCE)
    assert frame.get_by_role("slider").get_attribute("aria-valuetext") == "100 % wrong"
    assert serious(opened.page, ".tn-experiment") == []
