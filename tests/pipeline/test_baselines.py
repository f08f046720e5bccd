"""The methods of Table 1 on one scene: what they score, how they choose, and what they do with little or odd input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.masks import make_proposals
from tasnb.core.types import FEATURES, Features, ImageArtifacts, Models
from tasnb.evaluation.plan import METHODS
from tasnb.pipeline import baselines
from tasnb.pipeline.describe import with_features
from tasnb.report.notebook import html_of
from tasnb.store import Store

MAPS = ("score-map", "grad-cam", "clip-surgery")
NAMED = tuple(METHODS)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def shuffled(artifacts: ImageArtifacts, order: np.ndarray) -> ImageArtifacts:
    features = artifacts.features
    return replace(
        artifacts,
        proposals=artifacts.proposals[order],
        crop_embeddings={k: v[order] for k, v in artifacts.crop_embeddings.items()},
        captions={k: tuple(v[i] for i in order) for k, v in artifacts.captions.items()},
        caption_embeddings={k: v[order] for k, v in artifacts.caption_embeddings.items()},
        features=Features(
            grids=features.grids, empty_text=features.empty_text, pooling=features.pooling[order],
            regions={k: v[order] for k, v in features.regions.items()},
        ),
    )  # fmt: skip


def with_masks(image: np.ndarray, masks: np.ndarray, models: Models) -> ImageArtifacts:
    """Artifacts of given masks."""
    found = make_proposals(masks, source="test")
    models = replace(models, proposer=type("Given", (), {"fingerprint": "x", "propose": lambda self, _: found})())
    return tn.describe(image, models, features=FEATURES)


# --- what is scored ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", MAPS)
def test_the_score_is_the_mean_of_the_shown_map_over_each_mask(method, artifacts, models, expression) -> None:
    heat = baselines.heatmap(artifacts, expression, models, method=method)
    answer = METHODS[method](artifacts, expression, models)
    assert heat.shape == artifacts.size_hw
    means = [heat[mask].mean() for mask in artifacts.proposals.masks]
    np.testing.assert_allclose(answer.table.total, means, atol=1e-5)
    assert answer.index == int(np.argmax(means))
    assert heat.max() > heat.min(), "a flat map would pass everything above"


def test_region_token_is_a_cosine_with_the_text(artifacts, models, expression) -> None:
    text = models.encoder.encode_texts([expression.lower()])[0]
    answer = baselines.region_token(artifacts, expression, models)
    rows = artifacts.features.regions["region_token"]
    np.testing.assert_allclose(answer.table.total, [cosine(row, text) for row in rows], atol=1e-6)


def test_global_local_with_global_weight_0_is_the_crops_score(artifacts, models) -> None:
    expression = "the man in the blue hat"
    answer = baselines.global_local(artifacts, expression, models, global_weight=0.0, sentence_weight=1.0)
    alone = tn.clip_only(artifacts, expression, models)
    np.testing.assert_allclose(answer.table.total, alone.table.total, atol=1e-6)
    assert answer.index == alone.index
    phrase = tn.parse(expression, models.parser).phrase
    assert phrase not in ("", expression)
    texts = models.encoder.encode_texts([expression, phrase])
    both = baselines.global_local(artifacts, expression, models, global_weight=0.0)
    crops = artifacts.crop_embeddings["crop"]
    np.testing.assert_allclose(both.table.total, [cosine(crop, texts.sum(axis=0)) for crop in crops], atol=1e-6)


def test_global_local_adds_masked_feature_and_crop_by_their_weights(artifacts, models) -> None:
    expression = "the man in the blue hat"
    phrase = tn.parse(expression, models.parser).phrase
    sentence, noun = models.encoder.encode_texts([expression, phrase])
    masked, crops = artifacts.features.regions["global_local"], artifacts.crop_embeddings["crop"]
    expected = [cosine(0.95 * m + 0.05 * c, 0.5 * sentence + 0.5 * noun) for m, c in zip(masked, crops, strict=True)]
    answer = baselines.global_local(artifacts, expression, models)
    np.testing.assert_allclose(answer.table.total, expected, atol=1e-6)


def test_without_a_noun_global_local_takes_the_sentence_alone(artifacts, models) -> None:
    expression = "?!"
    assert tn.parse(expression, models.parser).phrase == ""
    one, other = (baselines.global_local(artifacts, expression, models, sentence_weight=w) for w in (0.5, 1.0))
    np.testing.assert_allclose(one.table.total, other.table.total, atol=1e-7)


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_a_weight_outside_0_to_1_is_refused(weight: float, artifacts, models) -> None:
    with pytest.raises(ValueError, match="global_weight: expected 0 to 1"):
        baselines.global_local(artifacts, "the cat", models, global_weight=weight)


def test_surgery_of_the_empty_text_would_be_zero_everywhere(artifacts, models) -> None:
    empty = artifacts.features.empty_text
    np.testing.assert_allclose(empty, models.encoder.encode_texts([""])[0], atol=1e-6)
    assert np.abs(tn.heatmaps.surgery_map(artifacts.features.grids["clip_surgery"], empty, empty)).max() == 0


# --- how all of them choose -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", NAMED)
def test_the_order_of_the_proposals_plays_no_part(method: str, artifacts, models, expression) -> None:
    order = np.random.default_rng(5).permutation(len(artifacts.proposals))
    one = METHODS[method](artifacts, expression, models)
    two = METHODS[method](shuffled(artifacts, order), expression, models)
    np.testing.assert_allclose(two.table.total, one.table.total[order], atol=1e-6)
    # a tie, as of two masks with the same cells, keeps the earlier
    if (one.table.total == one.table.total.max()).sum() == 1:
        assert np.array_equal(one.mask, two.mask)


@pytest.mark.parametrize("method", NAMED)
def test_upper_case_and_blanks_change_nothing(method: str, artifacts, models) -> None:
    one, two = (METHODS[method](artifacts, text, models) for text in ("the man", "  The MAN "))
    np.testing.assert_allclose(one.table.total, two.table.total, atol=1e-6)


@pytest.mark.parametrize("method", [name for name in NAMED if name != "tas"])
def test_no_baseline_is_rectified(method: str, artifacts, models) -> None:
    answer = METHODS[method](artifacts, "the man on the left", models)
    assert answer.table.trace is None
    assert answer.table.kept.all()
    assert answer.method.lower().replace(" ", "-") == method


@pytest.mark.parametrize("method", NAMED)
@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "🐈‍⬛", "left " * 200, 'a "quoted" thing', "左边的猫"])
def test_odd_expressions_get_an_answer_and_a_safe_card(method: str, text: str, artifacts, models, tower) -> None:
    if tower == "resnet":  # texts are the same business for both
        text = text[:40]
    answer = METHODS[method](artifacts, text, models)
    assert answer.index is not None
    assert "<script>" not in html_of(answer)


@pytest.mark.parametrize("method", NAMED)
@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_expression_is_refused(method: str, text: str, artifacts, models) -> None:
    with pytest.raises(ValueError, match="expression"):
        METHODS[method](artifacts, text, models)


# --- little input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", NAMED)
def test_no_proposal_gives_no_answer(method: str, models) -> None:
    image = np.full((20, 30, 3), 200, np.uint8)
    answer = METHODS[method](with_masks(image, np.zeros((0, 20, 30), bool), models), "the cat", models)
    assert answer.index is None
    assert not answer.mask.any()


@pytest.mark.parametrize("size", [(1, 1), (24, 60)])
def test_one_proposal_is_the_answer_even_of_one_pixel(size: tuple[int, int], models) -> None:
    artifacts = with_masks(np.full((*size, 3), 90, np.uint8), np.ones((1, *size), bool), models)
    for name, method in METHODS.items():
        assert method(artifacts, "the left cat", models).index == 0, name
    for method in MAPS:
        assert baselines.heatmap(artifacts, "the left cat", models, method=method).shape == size


def test_an_empty_mask_has_a_score_and_does_not_beat_a_thing_on_a_map(models, toy_case) -> None:
    sample, _ = toy_case
    masks = np.stack([np.zeros_like(sample.target), sample.target, np.ones_like(sample.target)])
    artifacts = with_masks(sample.image, masks, models)
    for name, method in METHODS.items():
        answer = method(artifacts, sample.expression, models)
        assert np.isfinite(answer.table.total).all(), name
        if name in MAPS:
            assert answer.index != 0, name


# --- features ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [*MAPS, "region-token", "global-local"])
def test_artifacts_without_the_feature_say_what_to_do(method: str, toy_case, toy_models) -> None:
    _, bare = toy_case
    feature = method.replace("-", "_")
    with pytest.raises(ValueError, match=rf"describe the image with features=\('{feature}',\)"):
        METHODS[method](bare, "the cat", toy_models)


def test_a_map_without_its_pooling_or_empty_text_says_what_to_do(artifacts, models) -> None:
    grids = artifacts.features.grids
    for features, method in (
        (Features(grids=grids, empty_text=artifacts.features.empty_text), "score-map"),
        (Features(grids=grids, pooling=artifacts.features.pooling), "clip-surgery"),
    ):
        with pytest.raises(ValueError, match="describe the image with"):
            METHODS[method](replace(artifacts, features=features), "the cat", models)


def test_describe_computes_only_the_features_that_are_asked_for(toy_case, toy_models) -> None:
    sample, bare = toy_case
    assert bare.features.names == ()
    asked = with_features(bare, sample.image, toy_models, ("region_token",))
    assert asked.features.names == ("region_token",)
    assert asked.features.pooling is None
    with pytest.raises(ValueError, match=r"unknown feature 'heat'; choose from score_map, clip_surgery, grad_cam"):
        tn.describe(sample.image, toy_models, features=("heat",))


def test_features_come_back_from_the_store_bit_for_bit(toy_case, toy_models, tmp_path) -> None:
    sample, bare = toy_case
    store = Store(tmp_path)

    def recall() -> Features:
        return with_features(bare, sample.image, toy_models, FEATURES, memo=store.memo).features

    one, two = recall(), recall()
    stages = store.info().stages
    assert (stages["grids"].misses, stages["grids"].hits) == (3, 3)
    assert (stages["regions"].misses, stages["regions"].hits) == (2, 2)
    for name in FEATURES:
        assert np.array_equal({**one.grids, **one.regions}[name], {**two.grids, **two.regions}[name])
    assert np.array_equal(one.pooling, two.pooling)
    assert np.array_equal(one.empty_text, two.empty_text)


def test_all_grids_of_an_image_take_one_pass(toy_case, toy_models) -> None:
    sample, bare = toy_case
    asked = []

    class Counting:
        fingerprint = "counting"

        def __getattr__(self, name: str):
            found = getattr(toy_models.encoder, name)
            if name != "encode_grids":
                return found
            return lambda image, kinds: asked.append(list(kinds)) or found(image, kinds)

    with_features(bare, sample.image, replace(toy_models, encoder=Counting()), FEATURES)
    assert asked == [["score_map", "clip_surgery", "grad_cam"]]


def test_an_encoder_without_dense_features_is_named(toy_case, toy_models) -> None:
    sample, bare = toy_case

    class Plain:
        fingerprint = "plain"

    with pytest.raises(ValueError, match=r"need an encoder with dense features .* this one \(Plain\) has none"):
        with_features(bare, sample.image, replace(toy_models, encoder=Plain()), ("score_map",))


def test_an_unknown_map_lists_the_choices(artifacts, models) -> None:
    with pytest.raises(ValueError, match=r"no heat map of 'tas'; choose from score-map, grad-cam, clip-surgery"):
        baselines.heatmap(artifacts, "the cat", models, method="tas")
    with pytest.raises(ValueError, match="expected an expression"):
        baselines.heatmap(artifacts, " ", models)


WRONG = [
    ("another name", {"grids": {"cam": np.zeros((2, 2, 3))}}, "unknown feature 'cam'"),
    ("grids of two sizes", {"grids": {"score_map": np.zeros((2, 2, 3)), "grad_cam": np.zeros((3, 2, 3))}}, "grad_cam"),
    ("pooling of another grid", {"grids": {"score_map": np.zeros((2, 2, 3))}, "pooling": np.zeros((1, 3, 3))}, "pool"),
    (
        "rows of another length",
        {"regions": {"region_token": np.zeros((2, 3)), "global_local": np.zeros((1, 3))}},
        "one length",
    ),
]


@pytest.mark.parametrize(("case", "parts", "words"), WRONG)
def test_features_that_do_not_fit_are_refused(case: str, parts: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Features(**parts)


def test_features_of_other_proposals_are_refused(toy_case, artifacts) -> None:
    with pytest.raises(ValueError, match=r"features of \d+ proposals for 1"):
        replace(shuffled(artifacts, np.array([0])), features=artifacts.features)


def test_a_heat_map_over_a_photo_is_a_picture(artifacts, models, toy_case) -> None:
    sample, _ = toy_case
    heat = baselines.heatmap(artifacts, sample.expression, models)
    picture = tn.plots.heat(sample.image, heat, mask=sample.target)
    assert picture.shape == sample.image.shape
    assert picture.dtype == np.uint8
    flat = tn.plots.heat(np.full((4, 4, 3), 9, np.uint8), np.zeros((4, 4)))
    assert len(np.unique(flat.reshape(-1, 3), axis=0)) == 1
    with pytest.raises(ValueError, match="expected a heat map of the photo's size"):
        tn.plots.heat(sample.image, heat[:5])
    with pytest.raises(ValueError, match="NaN or infinity"):
        tn.plots.heat(sample.image, np.full_like(heat, np.nan))
