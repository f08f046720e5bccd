"""The module ablation: its rows, its references, its figures on the shipped data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tasnb as tn
from tasnb.core.types import Weights
from tasnb.evaluation import ablation, paper
from tasnb.evaluation.records import Measured
from tests.pipeline.test_pipeline import empty_artifacts


def test_the_papers_table_4_is_as_printed() -> None:
    table = paper.wide(4)["RefCOCO"]
    assert table.loc["V"].to_dict() == {"oIoU": 23.01, "mIoU": 33.01}
    assert table.loc["V+P+N+spatial"].to_dict() == {"oIoU": 29.53, "mIoU": 39.84}
    assert list(table.index) == list(ablation.ROWS)


def test_overlaps_are_counted_by_hand() -> None:
    artifacts = empty_artifacts(size_hw=(2, 4), n=2)
    target = np.array([[1, 1, 0, 0], [0, 0, 0, 0]], dtype=bool)
    measured = Measured(artifacts, target)
    assert measured.ious.tolist() == [0.25, 0.25]
    assert [measured.of(index) for index in (0, 1)] == [(2, 8), (2, 8)]


def test_without_proposals_the_whole_target_is_missed() -> None:
    measured = Measured(empty_artifacts(), np.ones((20, 30), bool))
    assert measured.ious.size == 0
    assert measured.of(None) == (0, 600)


@pytest.fixture(scope="module")
def small(toy_models, reftoy_val) -> ablation.Ablation:
    first = [reftoy_val[i] for i in range(len(reftoy_val)) if i < 12]
    return ablation.ablate(first, toy_models)


def test_the_rows_are_table_4s(small: ablation.Ablation) -> None:
    assert [row["modules"] for row in small.rows] == ["V", "V+P", "V+P+N", "V+P+N+spatial"]
    assert small.n == 12
    for row in small.rows:
        assert row["miou_low"] <= row["miou"] <= row["miou_high"]
        assert row["miou"] <= small.oracle_miou + 1e-9, "no method beats the best proposal"
    assert "gain" not in small.rows[0]
    gain = small.rows[3]["miou"] - small.rows[2]["miou"]
    assert small.rows[3]["gain"] == pytest.approx(gain)


def test_the_text_holds_both_sides(small: ablation.Ablation) -> None:
    text = small.text
    assert "33.01" in text
    assert f"{small.rows[0]['miou']:.2f}" in text
    assert "oracle" in text


def test_a_step_that_hurts_is_said_to_hurt(small: ablation.Ablation) -> None:
    frame = small.frame.copy()
    gains = ["miou_gain", "miou_gain_low", "miou_gain_high"]
    frame.loc[1, gains], frame.loc[2, gains] = [-3.0, -5.0, -1.0], [1.0, -1.0, 3.0]
    text = replace(small, frame=frame).text
    assert "the step to V+P makes it worse here" in text
    assert "the step to V+P+N includes 0" in text


def test_a_sample_without_a_target_is_refused(toy_models, reftoy_val) -> None:
    with pytest.raises(ValueError, match="no target mask"):
        ablation.ablate([replace(reftoy_val[0], target=None)], toy_models)


def test_no_samples_are_refused(toy_models) -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        ablation.ablate([], toy_models)


def test_artifacts_at_hand_are_used(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    described: list[str] = []
    result = ablation.ablate([sample], toy_models, artifacts={sample.image_id: artifacts}, tick=described.append)
    assert described == []
    assert result.images == 1
    assert result.rows[3]["miou"] == pytest.approx(
        100 * tn.iou(tn.tas(artifacts, sample.expression, toy_models).mask, sample.target)
    )


def test_the_papers_weights_stand_beside_a_presets_own(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    tuned = replace(toy_models, name="tuned", weights={"paper": {sample.dataset: {"alpha": 2.0, "lam": 0.0}}})
    found, usual = (
        ablation.ablate([sample], models, artifacts={sample.image_id: artifacts})
        for models in (tuned, replace(toy_models, weights={}))
    )
    assert (found.used, found.papers) == (Weights(alpha=2.0, lam=0.0), Weights(alpha=0.1, lam=0.7))
    assert found.beside is not None
    assert usual.beside is None
    pd.testing.assert_frame_equal(found.beside, usual.frame)
    assert found.rows[2]["miou"] == found.rows[1]["miou"], "lambda is 0"
    assert "alpha 2, lambda 0 (preset tuned), protocol tas" in found.text
    assert "the same with the paper's weights, alpha 0.1, lambda 0.7 (variant paper):" in found.text
    assert "the same with" not in usual.text
