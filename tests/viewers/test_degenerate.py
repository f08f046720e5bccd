"""Every viewer beside ``explore`` with the smallest picture and the longest expression: it is built, drawn and told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import tasnb as tn
from tests.viewers.made_artifacts import only, with_masks

LONG = "the left cat " + 'and a small dog 🐶 "near" the <b>tree</b> & O\'Brien ' * 19


def viewers_of(sample: Any, artifacts: Any, models: Any) -> list[Any]:
    quiz = tn.viewers.predict(sample, models, artifacts=artifacts)
    told = tn.viewers.predict(sample, models, artifacts=artifacts)
    told.reveal()
    return [
        tn.viewers.crops_view(sample, artifacts, models),
        tn.viewers.negatives_view(sample, artifacts, sample.expression, models),
        tn.viewers.rectifier_view(sample, artifacts, sample.expression, models),
        quiz,
        told,
    ]


@pytest.mark.parametrize("full", [True, False])
def test_a_picture_of_one_pixel(full: bool, toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    image = np.full((1, 1, 3), 120, np.uint8)
    tiny = replace(sample, image=image, target=np.array([[True]]), expression="left man")
    one = with_masks(replace(only(artifacts, [0]), size_hw=(1, 1)), [[[full]]])
    for viewer in viewers_of(tiny, one, toy_models):
        assert viewer.picture().dtype == np.uint8
        json.dumps(viewer.snapshot(), allow_nan=False)
        assert viewer.words()


def test_the_longest_expression_with_emoji_and_quotes(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    assert 900 < len(LONG) <= 1000
    for viewer in viewers_of(replace(sample, expression=LONG), artifacts, toy_models):
        assert viewer.picture().shape[1] < 2000
        assert "<b>" not in viewer.twin()["text/html"]
        json.dumps(viewer.snapshot(), allow_nan=False)


@pytest.mark.parametrize("expression", ["to the left", "🦒", "左边的猫"])
def test_an_expression_without_a_noun(expression: str, toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    for viewer in viewers_of(replace(sample, expression=expression), artifacts, toy_models):
        assert expression in viewer.words() or viewer.kind == "view of the crops"


def test_a_score_that_is_no_number_is_one_clear_error(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    rows = artifacts.crop_embeddings["crop"].copy()
    rows[0] = np.nan
    broken = replace(artifacts, crop_embeddings={"crop": rows})
    with pytest.raises(ValueError, match="NaN"):
        tn.viewers.negatives_view(None, broken, sample.expression, toy_models)
    with pytest.raises(ValueError, match="NaN"):
        tn.viewers.rectifier_view(None, broken, sample.expression, toy_models)
    with pytest.raises(ValueError, match="NaN"):
        tn.viewers.predict(sample, toy_models, artifacts=broken)
