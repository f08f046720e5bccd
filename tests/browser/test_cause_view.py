"""``cause_view``: a cell filters the gallery, in Python and by a click in a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import traitlets

import tasnb as tn
from tasnb.evaluation.engine import evaluate
from tests.browser.alone import serious, show


@pytest.fixture(scope="module")
def run(reftoy_val, warm_store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("causes")
    return evaluate(reftoy_val[:24], "toy", out=folder / "run", store=warm_store, model_options={"device": "cpu"})


@pytest.fixture(scope="module")
def viewer(run, reftoy_val):
    return tn.viewers.cause_view(run, samples=reftoy_val[:24])


def test_a_cell_filters_the_gallery(viewer) -> None:
    row = viewer.record["rows"][0]
    cell = next(c for c in row["cells"] if c["failures"])
    viewer.picked = [cell["cause"], row["type"]]
    assert viewer.gallery.page["total"] == cell["failures"]
    assert set(viewer.gallery.cases["cause"]) == {cell["cause"]}
    with pytest.raises(traitlets.TraitError, match="expected \\[cause, type\\]"):
        viewer.picked = ["nothing", "such"]
    viewer.picked = []
    assert viewer.gallery.page["total"] == 24
    assert viewer.picture().ndim == 3


@pytest.mark.parametrize("by", ["head", "target-size", "n-same-kind", "length"])
def test_another_cut_makes_the_rows(run, reftoy_val, by: str) -> None:
    cut = tn.viewers.cause_view(run, by=by, samples=reftoy_val[:24])
    assert {row["type"] for row in cut.record["rows"]} <= {str(name) for name in tn.analysis.groups(cut.found, by)}
    row = cut.record["rows"][-1]
    cell = next(c for c in row["cells"] if c["failures"])
    cut.picked = [cell["cause"], row["type"]]
    assert cut.gallery.page["total"] == cell["failures"]
    assert by in cut.words()
    assert cut.picture().ndim == 3


def test_an_unknown_cut_lists_the_choices(run) -> None:
    with pytest.raises(ValueError, match="target-size"):
        tn.viewers.cause_view(run, by="weather")


def test_a_click_picks_a_cell(viewer, page: Any, tmp_path: Path) -> None:
    frame = show(page, viewer, tmp_path)
    cell = frame.locator(".tn-grid button").first
    cell.click()
    assert cell.get_attribute("aria-pressed") == "true"
    assert frame.locator(".tn-verdict").inner_text() == cell.get_attribute("aria-label")
    page.screenshot(path=tmp_path / "causes.png", full_page=True)
    assert serious(page) == []
