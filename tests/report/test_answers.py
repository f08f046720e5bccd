"""The card, the page and the pictures: they hold what they promise, and escape what they are given."""

from __future__ import annotations

import numpy as np
import pytest

import tasnb as tn
from tasnb import plots
from tasnb.core.types import Head, Parse
from tasnb.report.notebook import html_of
from tasnb.report.rendering import environment


def shown(parse: Parse) -> str:
    return str(environment().get_template("parts.html.j2").module.expression(parse))


def test_the_expression_marks_head_and_direction() -> None:
    parse = Parse(
        text="left cat",
        head=Head(lemma="cat", span=(5, 8), rule="root"),
        directions=("left",),
        direction_words=("left",),
    )
    assert shown(parse) == '“<span class="direction">left</span> <span class="head">cat</span>”'


def test_the_expression_without_a_head_is_plain_and_escaped() -> None:
    assert shown(Parse(text="<b>", head=None)) == "“&lt;b&gt;”"


def test_the_card_says_where_and_why(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    answer = tn.tas(artifacts, sample.expression, toy_models)
    card = html_of(answer)
    assert f"proposal {answer.index} of {len(answer.table)}" in card
    assert "half" in card
    assert answer.table.trace is not None
    assert card.count("<img") >= 2
    assert "http" not in card


def test_the_ranking_puts_kept_proposals_first(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    answer = tn.tas(artifacts, f"{sample.expression} on the left", toy_models)
    order = answer.table.ranking
    assert sorted(order) == list(range(len(answer.table)))
    assert order[0] == answer.index
    kept = answer.table.kept[order]
    assert not (np.diff(kept.astype(int)) > 0).any(), "no kept proposal follows one that is out"


def test_the_overlay_keeps_the_inside_and_dims_the_outside() -> None:
    image = np.full((60, 60, 3), 200, np.uint8)
    mask = np.zeros((60, 60), bool)
    mask[20:40, 20:40] = True
    shown = plots.overlay(image, mask, (0, 158, 115))
    assert shown[30, 30].tolist() == [200, 200, 200]
    assert shown[20, 30].tolist() == [0, 158, 115]
    assert shown[2, 2].tolist() != [200, 200, 200]


@pytest.mark.parametrize("mask", [np.zeros((9, 7), bool), np.ones((9, 7), bool)])
def test_empty_and_full_masks_are_drawn(mask: np.ndarray) -> None:
    assert plots.overlay(np.zeros((9, 7, 3), np.uint8), mask, (1, 2, 3)).shape == (9, 7, 3)


@pytest.mark.parametrize("shape", [(256, 256), (40, 400), (400, 40)])
def test_the_annotated_picture_takes_any_shape(shape, toy_case, toy_models) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (*shape, 3), dtype=np.uint8)
    answer = tn.tas(tn.describe(image, toy_models), "the left cat", toy_models)
    drawn = plots.annotated(image, answer, target=np.ones(shape, bool))
    assert drawn.mode == "RGB"
    assert drawn.width >= 300, "there is room for the words even beside a narrow photo"


def test_the_ablation_chart_draws_the_paper_beside_it() -> None:
    rows = [
        {"modules": m, "miou": v, "miou_low": v - 5, "miou_high": v + 5, "paper_miou": p}
        for m, v, p in (("V", 40.0, 33.01), ("V+P", 45.0, 35.94))
    ]
    figure = plots.ablation_chart(rows, title="two rows")
    (axes,) = figure.axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["V", "V+P"]
    assert len(axes.patches) == 2


def test_the_page_is_one_document_with_all_its_parts(toy_case, toy_models, tmp_path) -> None:
    sample, artifacts = toy_case
    answer = tn.tas(artifacts, sample.expression, toy_models)
    written = tn.report.answer(sample.image, answer, tmp_path / "a.html", target=sample.target, models_name="toy")
    page = written.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    for part in ("What the expression says", "What to push away from", "The rectifier", "The receipt"):
        assert part in page
    assert answer.table.trace is not None
    assert page.count("<tr") >= len(answer.table)
    assert 'src="http' not in page
    assert "<script" not in page
