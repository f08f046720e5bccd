"""``sweep_view``: what a cell turns is what re-ranking says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import traitlets

import tasnb as tn
from tasnb.evaluation.sweep import rerank
from tasnb.viewers.sweeping import FIRST
from tests.viewers.made_runs import of_scores

# (v, p, n, intersection, union); at alpha 0.1, lambda 0.7 sample 0 takes the third, sample 1 the second, IoU 0.6
TWO = [
    (40, [(0.9, 0.1, -0.9, 10, 50), (0.5, 0.9, -0.5, 30, 60), (0.4, 0.2, 0.0, 40, 40)]),
    (100, [(0.2, 0.0, 0.0, 0, 120), (0.3, 0.0, 0.0, 60, 100)]),
    (50, []),
]
GRID = {"alpha": [0.0, 1.0], "lam": [0.0, 1.0]}


@pytest.fixture
def run(tmp_path: Path):
    return of_scores(tmp_path / "two", TWO)


def test_flips_worked_by_hand(run) -> None:
    viewer = tn.viewers.sweep_view(run, **GRID)
    viewer.cell = [0.0, 0.0]  # sample 0 takes its first proposal, IoU 0.2
    (flip,) = viewer.flips.to_dict("records")
    assert flip == {
        "sample": 0, "sample_id": "made-val-0", "expression": "thing 0", "change": "lost", "chosen_before": 2,
        "chosen": 0, "iou_before": 1.0, "iou": 0.2,
    }  # fmt: skip
    assert viewer.shown["lost"]["total"] == 1
    assert viewer.shown["gained"]["cases"] == []
    assert viewer.shown["lost"]["cases"][0]["lines"] == ["IoU 1.00 → 0.20", "mask 2 → mask 0"]
    assert "0 samples turn right and 1 turn wrong" in viewer.words()
    viewer.cell = [0.0, 1.0]
    assert not len(viewer.flips)


def test_every_cell_agrees_with_reranking(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    samples = []
    for _ in range(300):
        proposals = []
        for _ in range(int(rng.integers(0, 7))):
            inter = int(rng.integers(0, 50))
            proposals.append((*rng.uniform(-1, 1, 3), inter, 50 + int(rng.integers(0, 30))))
        samples.append((50, proposals))
    run = of_scores(tmp_path / "many", samples, weights={"alpha": 0.3, "lam": 0.2})
    viewer = tn.viewers.sweep_view(run, threshold=0.4)
    before = rerank(run)["iou"].to_numpy() > 0.4
    turned = 0
    for row in viewer.record["rows"]:
        for cell in row:
            here = rerank(run, alpha=cell["alpha"], lam=cell["lam"])["iou"].to_numpy() > 0.4
            assert cell["gained"] == (here & ~before).sum()
            assert cell["lost"] == (before & ~here).sum()
            viewer.cell = [cell["alpha"], cell["lam"]]
            assert set(viewer.flips["sample"]) == set(np.flatnonzero(here != before))
            turned += len(viewer.flips)
    assert turned > 100


def test_the_runs_own_cell_turns_nothing(run) -> None:
    viewer = tn.viewers.sweep_view(run)
    viewer.cell = [0.1, 0.7]
    assert not len(viewer.flips)
    marks = {(c["alpha"], c["lam"]): c["marks"] for row in viewer.record["rows"] for c in row}
    assert {"run", "paper"} <= set(marks[0.1, 0.7])
    assert sum("best" in found for found in marks.values()) == 1


def test_more_are_shown_when_asked(tmp_path: Path) -> None:
    run = of_scores(tmp_path / "same", [TWO[0]] * (FIRST + 3))
    viewer = tn.viewers.sweep_view(run, **GRID)
    viewer.cell = [0.0, 0.0]
    assert viewer.shown["lost"]["total"] == FIRST + 3
    assert len(viewer.shown["lost"]["cases"]) == FIRST
    viewer.limit = 2 * FIRST
    assert len(viewer.shown["lost"]["cases"]) == FIRST + 3


def test_missing_pictures_are_said_where_the_picture_would_be(run) -> None:
    viewer = tn.viewers.sweep_view(run, **GRID)
    viewer.cell = [0.0, 0.0]
    (case,) = viewer.shown["lost"]["cases"]
    assert case["thumb"] == ""
    assert "pass samples=" in case["alt"]


def test_ink_on_every_cell_has_its_contrast(run) -> None:
    def light(colour: str) -> float:
        rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return float(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    from tasnb.viewers.sweeping import colours

    for share in np.linspace(0, 1, 101):
        found = colours(share)
        low, high = sorted([light(found["colour"]), light(found["ink"])])
        assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"metric": "iou"}, "choose from miou, oiou, pr50"),
        ({"threshold": 1.5}, "from 0 to 1, got 1.5"),
        ({"alpha": []}, "at least one weight"),
        ({"protocol": "car"}, "choose from"),
        ({"variant": "papr"}, "choose from"),
    ],
)
def test_what_cannot_be_swept_is_an_error(run, options: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        tn.viewers.sweep_view(run, **options)


def test_a_cell_off_the_grid_is_an_error(run) -> None:
    viewer = tn.viewers.sweep_view(run, **GRID)
    with pytest.raises(traitlets.TraitError, match="expected a point of the grid"):
        viewer.cell = [0.5, 0.5]
    json.dumps(viewer.snapshot(), allow_nan=False)
    assert viewer.picture().ndim == 3


def test_a_grid_of_one_point_and_one_value_is_drawn(run) -> None:
    viewer = tn.viewers.sweep_view(run, alpha=[0.1], lam=[0.7], metric="pr50")
    assert viewer.record["rows"][0][0]["value"] == "66.67"
