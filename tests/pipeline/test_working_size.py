"""A large picture is worked on at ``max_side``; only the answer's mask comes back at the picture's own size."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import tasnb as tn
from tasnb.core.images import brought_to, working_size


@pytest.fixture(scope="module")
def large(reftoy_val) -> np.ndarray:
    return np.asarray(Image.fromarray(np.asarray(reftoy_val[12].image)).resize((1500, 1200), Image.Resampling.NEAREST))


@pytest.fixture(scope="module")
def described(large, toy_models):
    return tn.describe(large, toy_models, max_side=300)


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [
        ((3000, 4000), 1024, (768, 1024)), ((4000, 3000), 1024, (1024, 768)), ((256, 256), 1024, (256, 256)),
        ((1024, 1), 1024, (1024, 1)), ((1, 5000), 1024, (1, 1024)), ((3000, 4000), None, (3000, 4000)),
        ((1025, 1025), 1024, (1024, 1024)),
    ],
)  # fmt: skip
def test_the_longer_side_is_bounded(size, limit, expected) -> None:
    assert working_size(size, limit) == expected


@pytest.mark.parametrize("limit", [0, 15, -1, 3.5, "1024", True, float("nan")])
def test_a_limit_that_is_none_is_refused(limit, toy_models) -> None:
    with pytest.raises(ValueError, match="max_side: expected a whole number of pixels"):
        tn.describe(np.zeros((8, 8, 3), np.uint8), toy_models, max_side=limit)


def test_only_the_answers_mask_has_the_pictures_own_size(large, described, toy_models) -> None:
    assert described.size_hw == (240, 300)
    assert described.image_hw == large.shape[:2]
    assert described.proposals.size_hw == (240, 300)
    answer = tn.tas(described, "the man", toy_models)
    assert answer.mask.shape == large.shape[:2]
    again = brought_to(answer.mask, described.size_hw)
    assert tn.iou(again, described.proposals.masks[answer.index]) > 0.97
    share = described.proposals.masks[answer.index].mean()
    assert answer.mask.mean() == pytest.approx(share, abs=0.01)
    assert any("worked on at 300 x 240 pixels of 1500 x 1200" in note for note in answer.notes)
    assert "scaled from 1200 x 1500" in repr(described)


def test_a_small_picture_is_left_alone(reftoy_val, toy_models) -> None:
    artifacts = tn.describe(reftoy_val[12].image, toy_models)
    assert artifacts.scaled_from is None
    assert artifacts.notes == ()
    answer = tn.tas(artifacts, "the man", toy_models)
    assert np.array_equal(answer.mask, artifacts.proposals.masks[answer.index])


def test_none_means_no_limit(toy_models, reftoy_val) -> None:
    wide = np.ascontiguousarray(np.broadcast_to(reftoy_val[0].image[:8, :1].repeat(1100, 1), (8, 1100, 3)))
    assert tn.describe(wide, toy_models, max_side=None).size_hw == (8, 1100)
    assert tn.describe(wide, toy_models).size_hw == (7, 1024)


def test_viewers_and_plots_take_the_picture_at_either_size(large, described, toy_models) -> None:
    small = brought_to(large, described.size_hw)
    target = brought_to(described.proposals.masks[0], described.image_hw)
    answer = tn.tas(described, "the man", toy_models)
    for picture in (large, small):
        explorer = tn.viewers.explore(picture, described, "the man", toy_models, target=target)
        assert explorer.snapshot()["scene"]["size_hw"] == [240, 300]
        assert "IoU" in explorer.words()
        tn.viewers.negatives_view(picture, described, "the man", toy_models)
        tn.viewers.rectifier_view(picture, described, "the man", toy_models)
        tn.viewers.crops_view(picture, described, toy_models, 0)
        assert tn.plots.annotated(picture, answer, target=target).height < 1000
        assert tn.plots.crops(picture, described, toy_models, 0).ndim == 3
        assert tn.plots.rectifiers(picture, described, "the man", toy_models).ndim == 3
    with pytest.raises(ValueError, match="expected the image's size"):
        tn.viewers.explore(large[:-1], described, "the man", toy_models)


def test_baselines_answer_at_the_pictures_own_size_too(large, toy_models) -> None:
    artifacts = tn.describe(large, toy_models, max_side=300, features=tn.baselines.FEATURES)
    assert tn.baselines.grad_cam(artifacts, "the man", toy_models).mask.shape == large.shape[:2]
    heat = tn.baselines.heatmap(artifacts, "the man", toy_models, method="score-map")
    assert tn.plots.heat(large, heat).shape == large.shape


def test_an_annotation_has_the_pictures_own_size(large, described) -> None:
    annotator = tn.viewers.annotate(large, described)
    annotator.add("the man", 0)
    (sample,) = annotator.samples
    assert sample.target.shape == sample.image.shape[:2] == large.shape[:2]


def test_an_evaluation_has_no_limit(large, toy_models, tmp_path) -> None:
    target = np.zeros(large.shape[:2], bool)
    target[300:900, 500:1000] = True
    sample = tn.datasets.photo(large, "the man", target)
    run = tn.evaluate([sample], toy_models, methods=["clip-only"], out=tmp_path / "run", store=tn.Store(tmp_path / "s"))
    assert run.proposals()[["height", "width"]].drop_duplicates().to_numpy().tolist() == [[1200, 1500]]
    assert not len(run.errors())


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("?!", "has no letters"), ("123", "has no letters"), ("😀", "has no letters"),
        ("左边的猫", "not in Latin letters"), ("кошка слева", "not in Latin letters"),
        ("left", "no English noun found"), ("the red one please", ""), ("the cat", ""), ("der Café-Stuhl", ""),
    ],
)  # fmt: skip
def test_an_expression_with_nothing_to_work_on_says_which_part(expression, says, described, toy_models) -> None:
    answer = tn.tas(described, expression, toy_models)
    assert answer.index is not None
    said = " ".join(answer.parse.notes)
    assert says in said
    assert ("no letters" in said) == (says == "has no letters")


def test_negative_weights_are_explained(described, toy_models) -> None:
    notes = tn.tas(described, "the man", toy_models, alpha=-1, lam=-0.5).notes
    assert any("alpha is negative (-1)" in note for note in notes)
    assert any("lambda is negative (-0.5)" in note for note in notes)
    assert not any("negative (" in note for note in tn.tas(described, "the man", toy_models).notes)


def test_everybodys_first_guess_is_answered_with_the_right_line(large, described, toy_models) -> None:
    for method in (tn.tas, tn.clip_only, tn.text_only, tn.baselines.grad_cam, tn.baselines.heatmap):
        for guess in (large, "photo.jpg", toy_models, None):
            with pytest.raises(ValueError, match=r"first artifacts = tn\.describe\(image, models\)"):
                method(guess, "the man", toy_models)
    with pytest.raises(ValueError, match="the order is artifacts, expression, models"):
        tn.tas(described, toy_models, "the man")
    with pytest.raises(ValueError, match=r"first artifacts = tn\.describe"):
        tn.viewers.explore(large, large, "the man", toy_models)
