"""Lesson 02: pictures of proposals, and each check with right answers and typical wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.masks import make_proposals
from tasnb.evaluation.metrics import Estimate

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("v_score")


@pytest.fixture(scope="module")
def studied(reftoy_val, toy_models, warm_store):
    return lesson.cases(reftoy_val, toy_models, warm_store, scenes=3)


def test_cases_are_all_expressions_of_the_first_pictures(studied, reftoy_val) -> None:
    assert len({case.sample.image_id for case in studied}) == 3
    assert [case.expression for case in studied] == list(reftoy_val.expressions[: len(studied)])
    case = studied[0]
    assert case.ious[case.best] == max(tn.iou(mask, case.sample.target) for mask in case.artifacts.proposals.masks)
    assert case.is_right(case.best) == (case.ious[case.best] >= 0.5)


def test_cases_need_a_mask(reftoy_val, toy_models, tmp_path) -> None:
    with pytest.raises(ValueError, match=r"dog_mask\.png"):
        lesson.cases([tn.datasets.photo(reftoy_val[12].image, "a man")], toy_models, tn.Store(tmp_path))


def test_a_picture_without_proposals_is_left_out(toy_models, tmp_path, reftoy_val) -> None:
    flat = tn.datasets.photo(np.full((64, 64, 3), 128, np.uint8), "a dog", np.ones((64, 64), bool))
    found = tn.Store(tmp_path).recall(tn.describe, flat.image, toy_models)
    studied = [flat, reftoy_val[12]]
    cases = lesson.cases(studied, toy_models, tn.Store(tmp_path), scenes=2)
    assert len(cases) == 1 + (len(found.proposals) > 0)


def test_v_is_what_clip_only_ranks_by(studied, toy_models) -> None:
    for case in studied[:4]:
        answer = tn.clip_only(case.artifacts, case.expression, toy_models)
        assert np.allclose(lesson.v_of(case), answer.table.v, atol=1e-6)
        assert lesson.choices([case]).tolist() == [answer.index]


def test_the_three_styles_show_what_they_say() -> None:
    image = np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3)
    mask = np.zeros((1, 8, 9), bool)
    mask[0, 2:5, 3:5] = True
    found = make_proposals(mask, source="drawn")
    (crop,), (box,) = (lesson.pictures_of(image, found, style) for style in ("crop", "box"))
    assert crop.shape == (3, 3, 3)
    assert (box == image[2:5, 3:5]).all()
    empty = make_proposals(np.zeros((1, 8, 9), bool), source="drawn")
    assert [lesson.pictures_of(image, empty, style)[0].shape for style in lesson.STYLES] == [(1, 1, 3)] * 3
    with pytest.raises(ValueError, match="crop, blur, box"):
        lesson.pictures_of(image, found, "shadow")


def test_embeddings_of_the_crop_style_are_the_artifacts_own(studied, toy_models) -> None:
    rows = lesson.embed_styles(studied[:1], toy_models)
    assert list(rows) == ["crop", "blur", "box"]
    own = studied[0].artifacts.crop_embeddings["crop"]
    assert np.allclose(rows["crop"][studied[0].sample.image_id], own, atol=1e-5)
    assert str(lesson.gain(studied[:1], rows["crop"], rows["crop"])).startswith("0.00")


def test_v_score_accepts_every_way_to_it() -> None:
    def by_rows(rows, text):
        return [row @ text / (row @ row) ** 0.5 / (text @ text) ** 0.5 for row in rows]

    def by_unit(rows, text):
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)) @ (text / np.linalg.norm(text))

    for way in (by_rows, by_unit, lambda rows, text: tn.scores.v_score(rows, text)):
        assert isinstance(lesson.check_v_score(way), Right)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda r, t: r @ t, "without dividing by the lengths"),
        (lambda r, t: r @ t / np.linalg.norm(r, axis=1), "divided by the rows' lengths only"),
        (lambda r, t: r @ t / np.linalg.norm(t), "divided by the text's length only"),
        (lambda r, t: (r / np.linalg.norm(r, axis=0)) @ t / np.linalg.norm(t), "wrong axis"),
        (lambda r, t: r @ t / np.linalg.norm(r) / np.linalg.norm(t), "one length for all rows"),
        (lambda r, t: tn.scores.cosines(r, t[None]), "a column"),
        (lambda r, t: 1 - tn.scores.v_score(r, t), "cosine distance"),
        (lambda r, t: np.linalg.norm(r - t, axis=1), "distance between the points"),
        (lambda r, t: tn.scores.v_score(r, t).argmax(), "number of the best row"),
        (lambda r, t: np.exp(tn.scores.v_score(r, t)) / np.exp(tn.scores.v_score(r, t)).sum(), "softmax"),
        (lambda r, t: r[0], "resembles no slip"),
        (lambda r, t: "cosine", "'cosine'"),
        (lambda r, t: ..., "No answer yet"),
        (..., "No answer yet"),
    ],
)
def test_v_score_names_the_slip(wrong, said: str) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_v_score(wrong)


@pytest.mark.parametrize(
    ("estimate", "right", "slips"),
    [
        ((1.5, -1.0, 4.0), "not shown", {"crop": "the sign of the difference alone", "blur": "the wrong way"}),
        ((-1.5, -4.0, 1.0), "not shown", {"blur": "the sign of the difference alone", "crop": "the wrong way"}),
        ((1.5, 0.5, 4.0), "crop", {"blur": "the wrong way", "not shown": "more doubt"}),
        ((-1.5, -4.0, -0.5), "blur", {"crop": "the wrong way", "not shown": "more doubt"}),
        ((2.0, 2.0, 2.0), "not shown", {"crop": "the sign of the difference alone"}),
    ],
)
def test_a_difference_is_shown_when_its_interval_leaves_zero_out(estimate, right: str, slips: dict) -> None:
    value, low, high = estimate
    difference = Estimate(value=value, low=low, high=high)
    assert isinstance(lesson.check_style(right.upper(), difference), Right)
    for word, said in slips.items():
        with pytest.raises(NotYet, match=said):
            lesson.check_style(word, difference)
    for nothing in (..., "box", 1):
        with pytest.raises(NotYet, match="'not shown'"):
            lesson.check_style(nothing, difference)


@pytest.mark.parametrize(
    ("text", "swapped"),
    [("the left cat", "the right cat"), ("Right or LEFT", "left or right"), ("leftmost of all", "rightmost of all"),
     ("a bright cleft", "a bright cleft"), ("", "")],
)  # fmt: skip
def test_sides_are_swapped_as_words(text: str, swapped: str) -> None:
    assert lesson.swap_sides(text) == swapped


def test_a_blind_case_may_be_any_that_keeps_its_choice(studied, toy_models) -> None:
    sided = [k for k, case in enumerate(studied) if lesson.swap_sides(case.expression) != case.expression]
    keeps = {}
    for k in sided:
        texts = (studied[k].expression, lesson.swap_sides(studied[k].expression))
        before, after = (tn.clip_only(studied[k].artifacts, text, toy_models).index for text in texts)
        keeps[k] = before == after
    assert sided
    for k, same in keeps.items():
        if same:
            said = lesson.check_blind(np.int64(k), studied, toy_models).because
            assert f"{sum(keeps.values())} of the {len(sided)}" in said
        else:
            with pytest.raises(NotYet, match="enough to change the choice"):
                lesson.check_blind(k, studied, toy_models)
    assert any(keeps.values())


def test_a_blind_case_is_a_number_of_a_case_with_a_side(studied, toy_models) -> None:
    plain = next(k for k, case in enumerate(studied) if lesson.swap_sides(case.expression) == case.expression)
    with pytest.raises(NotYet, match="without left or right"):
        lesson.check_blind(plain, studied, toy_models)
    for wrong in (..., "3", 1.5, True):
        with pytest.raises(NotYet, match="the number of a case"):
            lesson.check_blind(wrong, studied, toy_models)
    for wrong in (len(studied), -1):
        with pytest.raises(NotYet, match="a number outside the list"):
            lesson.check_blind(wrong, studied, toy_models)
