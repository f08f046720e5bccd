"""``crops_view``: the real pixels, the right mask, and clear errors."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import traitlets
from PIL import Image

import tasnb as tn
from tasnb.plots import model_inputs
from tasnb.stages.crops import cut
from tasnb.viewers import crops
from tests.viewers.made_artifacts import HOSTILE, only, saying, with_masks


def test_the_encoders_input_is_what_its_own_resize_gives(toy_case, toy_models) -> None:
    from torchvision.transforms import functional

    sample, artifacts = toy_case
    picture = cut(sample.image, artifacts.proposals.masks[0], tn.PAPER.v_crop)
    seen = model_inputs.encoder_input(toy_models.encoder, picture)
    resized = functional.resize(Image.fromarray(picture), 64, functional.InterpolationMode.BICUBIC)
    assert np.array_equal(seen, np.asarray(functional.center_crop(resized, 64)))
    assert seen.shape == (64, 64, 3), "the toy CLIP's own size, not 224"


def test_every_stage_is_on_screen_with_its_caption(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.crops_view(sample, artifacts, toy_models, 1)
    assert [each.name for each in viewer.inputs] == ["cut out", "the encoder's input", "for the captioner"]
    assert np.array_equal(viewer.inputs[0].pixels, cut(sample.image, artifacts.proposals.masks[1], tn.PAPER.v_crop))
    assert np.array_equal(viewer.inputs[2].pixels, cut(sample.image, artifacts.proposals.masks[1], tn.PAPER.p_crop))
    assert viewer.shown["caption"] == artifacts.captions["blur"][1]
    assert all(each["uri"].startswith("data:image/") and each["alt"] for each in viewer.shown["pictures"])


def test_setting_the_index_shows_another_mask(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.crops_view(sample, artifacts, toy_models)
    assert viewer.index == viewer.shown["index"] == 0
    viewer.index = 2
    assert viewer.shown["index"] == 2
    assert "Mask 2" in viewer.words()


def test_a_wrong_number_is_an_error(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    count = len(artifacts.proposals)
    with pytest.raises(IndexError, match=f"0 to {count - 1}, got {count}"):
        tn.viewers.crops_view(sample, artifacts, toy_models, count)
    viewer = tn.viewers.crops_view(sample, artifacts, toy_models)
    with pytest.raises(traitlets.TraitError, match="got -1"):
        viewer.index = -1
    assert viewer.index == 0


def test_another_images_artifacts_are_an_error(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    with pytest.raises(ValueError, match=r"\(5, 4\) \(h, w\)"):
        tn.viewers.crops_view(np.zeros((5, 4, 3), np.uint8), artifacts, toy_models)


def test_without_proposals_it_says_so(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.crops_view(sample, only(artifacts, []), toy_models)
    assert viewer.index is None
    assert viewer.inputs == ()
    assert "nothing to cut out" in viewer.words()
    assert viewer.picture().dtype == np.uint8


def test_an_empty_mask_is_one_black_pixel(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    masks = artifacts.proposals.masks.copy()
    masks[0] = False
    viewer = tn.viewers.crops_view(sample, with_masks(artifacts, masks), toy_models, 0)
    assert viewer.inputs[0].pixels.tolist() == [[[0, 0, 0]]]
    assert viewer.picture().ndim == 3


def test_an_encoder_that_hides_its_preprocessing_has_no_input_picture(toy_case, toy_models) -> None:
    sample, artifacts = toy_case

    class Plain:
        fingerprint = "plain"

    viewer = tn.viewers.crops_view(sample, artifacts, replace(toy_models, encoder=Plain()))
    assert [each.name for each in viewer.inputs] == ["cut out", "for the captioner"]


def test_missing_captions_are_an_error_of_the_call(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    with pytest.raises(ValueError, match="not 'blur'"):
        tn.viewers.crops_view(sample, replace(artifacts, captions={}), toy_models)


def test_the_bundle_is_a_picture_with_escaped_words(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.crops_view(sample, saying(artifacts, HOSTILE), toy_models)
    data, _ = viewer._repr_mimebundle_()
    assert "text/html" in data
    assert "<script>" not in data["text/html"]
    assert "&lt;script&gt;" in data["text/html"]
    json.dumps(viewer.snapshot(), allow_nan=False)


def test_a_frozen_page_gets_the_pictures_of_every_mask_that_has_room(toy_case, toy_models, monkeypatch) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.crops_view(sample, artifacts, toy_models, 2)
    count, whole = len(artifacts.proposals), viewer.snapshot()
    assert sorted({*map(int, whole["others"]), 2}) == list(range(count)), "the one shown is not stored twice"
    assert [each["name"] for each in whole["others"]["0"]["pictures"]] == [i.name for i in viewer.inputs]
    assert whole["others"]["1"]["caption"] == artifacts.captions["blur"][1]
    taken = len(json.dumps(whole["others"]))
    monkeypatch.setattr(crops, "KEPT", taken // 2)
    half = viewer.snapshot()["others"]
    assert 1 < len(half) < count - 1
    assert len(json.dumps(half)) < taken * 0.6
    assert list(half) == [str(i) for i in range(count) if i != 2][: len(half)]
