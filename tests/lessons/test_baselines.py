"""Lesson 07: maps and tables of the baselines, and each check with right answers and typical wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.types import FEATURES

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("baselines")


@pytest.fixture(scope="module")
def studied(reftoy_val, toy_models):
    sample = reftoy_val[12]
    return sample, tn.describe(sample.image, toy_models, features=FEATURES)


@pytest.fixture(scope="module")
def heat(studied, toy_models) -> np.ndarray:
    sample, artifacts = studied
    return tn.baselines.heatmap(artifacts, sample.expression, toy_models)


def test_the_strip_shows_a_map_a_method_with_its_range(studied, toy_models) -> None:
    sample, artifacts = studied
    shown = lesson.heats(sample, artifacts, toy_models)
    assert len(shown.pictures) == 3
    assert [caption.split(":")[0] for caption in shown.captions] == ["Score Map", "Grad-CAM", "CLIP Surgery"]
    assert all("IoU" in caption for caption in shown.captions)
    alone = lesson.heats(tn.datasets.photo(sample.image, "the man"), artifacts, toy_models)
    assert not any("IoU" in caption for caption in alone.captions), "a photo without a mask has no IoU"


def test_tokens_shows_the_cells_that_stay() -> None:
    image = np.full((40, 60, 3), 200, np.uint8)
    mask = np.zeros((40, 60), bool)
    mask[:12, 25:60] = True  # all of cells 3 and 2 of the first row, five sixths of cell 1's right half
    shown = lesson.tokens(image, mask, (4, 3))
    kept = shown[..., 0].reshape(4, 10, 3, 20).mean(axis=(1, 3)) == 200
    assert kept.tolist() == [[False, True, True], [False] * 3, [False] * 3, [False] * 3]
    assert not lesson.tokens(image, np.zeros((40, 60), bool), (4, 3)).any()
    assert lesson.tokens(image[:1, :1], mask[:1, 30:31], (4, 4)).shape == (1, 1, 3)


def test_every_method_has_its_choice(studied, toy_models) -> None:
    sample, artifacts = studied
    frame = lesson.choices(sample, artifacts, toy_models)
    assert frame["method"].tolist() == list(lesson.METHODS)
    row = frame[frame["method"] == "clip-only"].iloc[0]
    assert row["mask"] == tn.clip_only(artifacts, sample.expression, toy_models).index
    assert row["iou"] == pytest.approx(tn.iou(artifacts.proposals.masks[row["mask"]], sample.target))


def test_the_published_figures_are_the_papers() -> None:
    frame = lesson.published()
    assert frame.loc["score-map", "ResNet-50"] == 25.62
    assert frame.loc["region-token", "ViT-B/32"] == 17.06
    assert np.isnan(frame.loc["region-token", "ResNet-50"])
    assert frame.loc["text-only", "none"] == 26.17
    assert list(frame.index) == list(lesson.METHODS)
    assert lesson.published("oIoU").loc["tas", "ViT-B/32"] == 29.53


@pytest.mark.slow
def test_table_1_has_a_row_a_method_and_the_oracle(reftoy_val, tmp_path) -> None:
    run = tn.evaluate(
        reftoy_val[:3], "toy", methods=("tas", "score-map"), out=tmp_path / "r", store=tn.Store(tmp_path / "s"),
        model_options={"device": "cpu"},
    )  # fmt: skip
    frame = lesson.table({"ViT": run})
    assert list(frame.index) == ["tas", "score-map", "oracle"]
    assert frame.loc["tas", "ViT"].startswith(f"{run.table().iloc[0]['miou']:.1f} [")


# --- exercise 1 -------------------------------------------------------------------------------------------------------


def test_the_mean_over_each_mask_is_right_in_any_form(heat, studied) -> None:
    masks = studied[1].proposals.masks
    right = [heat[mask].mean() for mask in masks]
    for answer in (right, np.array(right), [round(value, 3) for value in right]):
        assert isinstance(lesson.check_pooled(answer, heat, masks), Right)


POOLED = [
    ("sum", lambda heat, mask: heat[mask].sum(), "the sum over each mask"),
    ("largest", lambda heat, mask: heat[mask].max(), "the largest value"),
    ("whole picture", lambda heat, mask: (heat * mask).mean(), "the mean over the whole picture"),
    ("nothing to do with it", lambda heat, mask: 7.0, "Not yet"),
]


@pytest.mark.parametrize(("case", "value", "words"), POOLED, ids=[row[0] for row in POOLED])
def test_a_wrong_mean_is_recognised(case: str, value, words: str, heat, studied) -> None:
    masks = studied[1].proposals.masks
    with pytest.raises(NotYet, match=words):
        lesson.check_pooled([value(heat, mask) for mask in masks], heat, masks)


def test_the_mean_over_boxes_is_recognised(heat, studied) -> None:
    proposals = studied[1].proposals
    means = [heat[y0:y1, x0:x1].mean() for x0, y0, x1, y1 in proposals.boxes_xyxy]
    with pytest.raises(NotYet, match="the mean over each mask's box"):
        lesson.check_pooled(means, heat, proposals.masks)


@pytest.mark.parametrize("answer", [..., None, "0.3", [1.0], 0.2])
def test_no_answer_or_another_shape_is_told(answer, heat, studied) -> None:
    with pytest.raises(NotYet, match="Expected"):
        lesson.check_pooled(answer, heat, studied[1].proposals.masks)


# --- exercise 2 -------------------------------------------------------------------------------------------------------

SURGERY = [
    ("right", lambda cells, text, empty: cells @ (text - empty), None),
    ("right, the long way", lambda cells, text, empty: (cells * text).sum(-1) - (cells * empty).sum(-1), None),
    ("nothing taken out", lambda cells, text, empty: cells @ text, "nothing taken out"),
    ("the empty text alone", lambda cells, text, empty: cells @ empty, "the empty text alone"),
    ("the other way round", lambda cells, text, empty: cells @ (empty - text), "the sign turned round"),
    ("added", lambda cells, text, empty: cells @ (text + empty), "a sum"),
    ("its own mean", lambda cells, text, empty: cells @ text - np.mean([cells @ text], axis=0), "zero everywhere"),
    ("No answer yet", lambda cells, text, empty: ..., "No answer yet"),
    ("it stops", lambda cells, text, empty: cells @ text.T[5:], "stops with ValueError"),
]


@pytest.mark.parametrize(("case", "function", "words"), SURGERY, ids=[row[0] for row in SURGERY])
def test_surgery_by_hand(case: str, function, words: str | None, studied, toy_models) -> None:
    sample, artifacts = studied
    if words is None:
        assert isinstance(lesson.check_surgery(function, artifacts, sample.expression, toy_models), Right)
        return
    with pytest.raises(NotYet, match=words):
        lesson.check_surgery(function, artifacts, sample.expression, toy_models)


def test_an_exercise_without_its_feature_says_what_to_do(toy_case, toy_models) -> None:
    bare = toy_case[1]
    with pytest.raises(ValueError, match=r"Exercise 2 needs .* features=\('clip_surgery',\)"):
        lesson.check_surgery(lambda *_: 0, bare, "the man", toy_models)
    with pytest.raises(ValueError, match=r"Exercise 3 needs .* features=\('global_local',\)"):
        lesson.check_mix(lambda *_: 0, bare, "the man", "the man", toy_models)


# --- exercise 3 -------------------------------------------------------------------------------------------------------


def cosine(views: np.ndarray, text: np.ndarray) -> np.ndarray:
    return views @ text / np.linalg.norm(views, axis=1) / np.linalg.norm(text)


MIXES = [
    ("right", lambda m, c, s, p, v: cosine(v * m + (1 - v) * c, 0.5 * s + 0.5 * p), None),
    ("right, sums instead of means", lambda m, c, s, p, v: cosine(v * m + (1 - v) * c, s + p), None),
    ("not divided", lambda m, c, s, p, v: (v * m + (1 - v) * c) @ (0.5 * s + 0.5 * p), "length 1"),
    ("swapped", lambda m, c, s, p, v: cosine((1 - v) * m + v * c, s + p), "swapped"),
    ("sentence only", lambda m, c, s, p, v: cosine(v * m + (1 - v) * c, s), "without the noun phrase"),
    ("phrase only", lambda m, c, s, p, v: cosine(v * m + (1 - v) * c, p), "without the sentence"),
    ("masked only", lambda m, c, s, p, v: cosine(m, s + p), "masked features alone"),
    ("crops only", lambda m, c, s, p, v: cosine(c, s + p), "the crops alone"),
    ("v ignored", lambda m, c, s, p, v: cosine(m + c, s + p), "a plain mean"),
    ("one number", lambda m, c, s, p, v: 0.3, "a single number"),
    ("open", lambda m, c, s, p, v: ..., "No answer yet"),
]


@pytest.mark.parametrize(("case", "function", "words"), MIXES, ids=[row[0] for row in MIXES])
def test_global_local_by_hand(case: str, function, words: str | None, studied, toy_models) -> None:
    expression, phrase = "the man in the blue hat", "the man"
    if words is None:
        assert isinstance(lesson.check_mix(function, studied[1], expression, phrase, toy_models), Right)
        return
    with pytest.raises(NotYet, match=words):
        lesson.check_mix(function, studied[1], expression, phrase, toy_models)
