"""Lesson 00: each check accepts a right answer and names each typical wrong one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import tasnb as tn

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("quickstart")
OPENING = 227  # where the lesson's samples begin: with its opening case


@pytest.fixture(scope="module")
def answered(toy_case, toy_models):
    sample, artifacts = toy_case
    return artifacts, tn.tas(artifacts, sample.expression, toy_models)


def test_total_takes_a_rounded_number_and_an_array_of_one(answered) -> None:
    _, answer = answered
    right = answer.table.total[answer.index]
    for value in (right, round(float(right), 3), np.array([right])):
        assert isinstance(lesson.check_total(value, answer), Right)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda v, p, n, a, b: v + p + n, "without the two weights"),
        (lambda v, p, n, a, b: v + b * p + a * n, "alpha and lambda swapped"),
        (lambda v, p, n, a, b: v + a * p - b * n, "a minus before N"),
        (lambda v, p, n, a, b: v + a * p, "without N"),
        (lambda v, p, n, a, b: v, "V alone"),
        (lambda v, p, n, a, b: v + b * n, "without P"),
    ],
)
def test_total_names_the_slip(slip, said: str, answered) -> None:
    _, answer = answered
    table, at = replace(answer.table, weights=tn.types.Weights(alpha=0.1, lam=0.7)), answer.index
    with pytest.raises(NotYet, match=said):
        lesson.check_total(slip(table.v[at], table.p[at], table.n[at], 0.1, 0.7), replace(answer, table=table))


def test_total_knows_another_mask_and_an_open_answer(answered) -> None:
    _, answer = answered
    other = int(np.argmin(answer.table.total))
    with pytest.raises(NotYet, match=f"the S of mask {other}"):
        lesson.check_total(answer.table.total[other], answer)
    for nothing, said in ((..., "No answer yet"), (None, "nothing"), ("0.5", "str"), (99.0, "resembles no slip")):
        with pytest.raises(NotYet, match=said):
            lesson.check_total(nothing, answer)


def steps(*indices: int) -> dict:
    names = ("v", "v + p", "v + p + n", "v + p + n + spatial")
    return {name: SimpleNamespace(index=index) for name, index in zip(names, indices, strict=True)}


@pytest.mark.parametrize(
    ("indices", "right"),
    [
        ((0, 0, 0, 1), "spatial"),
        ((2, 2, 2, 2), "v"),
        ((0, 1, 0, 0), "n"),
        ((0, 1, 1, 1), "p"),
        ((0, 1, 2, 0), "spatial"),
    ],
)
def test_the_decider_is_the_last_change(indices, right: str) -> None:
    assert isinstance(lesson.check_decider(right, steps(*indices)), Right)
    for wrong in {"v", "p", "n", "spatial"} - {right}:
        with pytest.raises(NotYet, match="the list says v: mask"):
            lesson.check_decider(wrong, steps(*indices))


def test_the_decider_tells_the_first_change_from_a_later_one() -> None:
    with pytest.raises(NotYet, match="the first change"):
        lesson.check_decider("p", steps(0, 1, 1, 2))
    with pytest.raises(NotYet, match="no change at all"):
        lesson.check_decider("v", steps(0, 0, 0, 2))
    with pytest.raises(NotYet, match="is the one of the line above"):
        lesson.check_decider("n", steps(0, 0, 0, 2))
    with pytest.raises(NotYet, match="'spatial'"):
        lesson.check_decider("the rectifier", steps(0, 0, 0, 2))


def test_another_choice_may_be_any_text_that_moves_the_answer(answered, toy_models) -> None:
    artifacts, answer = answered
    moved = next(
        text for text in artifacts.captions["blur"] if tn.tas(artifacts, text, toy_models).index != answer.index
    )
    assert isinstance(lesson.check_other_choice(moved, artifacts, answer, toy_models), Right)


def test_another_choice_names_what_did_not_move(answered, toy_models) -> None:
    artifacts, answer = answered
    for nothing, said in ((..., "No answer yet"), (None, "None"), ("", "''"), (3, "int")):
        with pytest.raises(NotYet, match=said):
            lesson.check_other_choice(nothing, artifacts, answer, toy_models)
    with pytest.raises(NotYet, match="unchanged answer"):
        lesson.check_other_choice(f" {answer.expression.upper()}", artifacts, answer, toy_models)
    same = artifacts.captions["blur"][answer.index]
    if tn.tas(artifacts, same, toy_models).index == answer.index:
        with pytest.raises(NotYet, match="another description of the same thing"):
            lesson.check_other_choice(same, artifacts, answer, toy_models)


def test_the_build_up_follows_table_4_and_ends_with_tas(answered, toy_models) -> None:
    artifacts, answer = answered
    made = lesson.build_up(artifacts, answer.expression, toy_models)
    assert list(made) == ["v", "v + p", "v + p + n", "v + p + n + spatial"]
    assert made["v + p + n + spatial"].index == answer.index
    assert made["v"].index == tn.clip_only(artifacts, answer.expression, toy_models).index


def test_the_first_failure_is_one_and_photos_without_a_mask_are_none(reftoy_val, toy_models, tmp_path) -> None:
    sample, store = reftoy_val[12], tn.Store(tmp_path)
    nowhere = tn.datasets.photo(sample.image, "the man", np.eye(*sample.image.shape[:2], dtype=bool))
    unknown = tn.datasets.photo(sample.image, "the man")
    found, said = lesson.first_failure([unknown, nowhere], toy_models, store)
    assert found is not None
    assert found[0] is nowhere
    assert said.startswith("Number 1 of the expressions")
    said = "No true mask is known here, so nobody can tell which answers are right."
    assert lesson.first_failure([unknown], toy_models, store) == (None, said)
    answer = tn.tas(tn.describe(sample.image, toy_models), "the man", toy_models)
    right = tn.datasets.photo(sample.image, "the man", answer.mask)
    assert lesson.first_failure([right, unknown], toy_models, store)[1].startswith("All 1 expressions")


def test_the_lesson_opens_with_the_first_case_of_val_that_shows_every_part(
    reftoy_val, toy_models, tmp_path_factory
) -> None:
    store = tn.Store(tmp_path_factory.getbasetemp() / "telling")
    first = lesson.telling(reftoy_val[OPENING : OPENING + 30], toy_models, store)
    assert first.sample_id == reftoy_val.sample_ids[OPENING]
    artifacts = store.recall(tn.describe, first.image, toy_models)
    answers = list(lesson.build_up(artifacts, first.expression, toy_models).values())
    table = answers[-1].table
    fits = np.array([tn.iou(mask, first.target) > 0.5 for mask in artifacts.proposals.masks])
    for scores in (table.p, table.n):
        assert scores[fits].max() > scores[~fits].mean()
    assert [bool(fits[answer.index]) for answer in answers[2:]] == [False, True]  # the rectifier decides
    assert tn.iou(answers[-1].mask, first.target) >= lesson.CLOSELY
    assert lesson.are_true(artifacts, first, reftoy_val)


def test_a_caption_that_says_too_much_is_not_true(reftoy_val, toy_models, tmp_path_factory) -> None:
    store = tn.Store(tmp_path_factory.getbasetemp() / "telling")
    sample = reftoy_val[OPENING]
    artifacts = store.recall(tn.describe, sample.image, toy_models)
    style, said = next(iter(artifacts.captions.items()))
    lie = replace(artifacts, captions={style: (f"{said[0]} and a dog", *said[1:])})
    phantom = (*artifacts.phrases, tn.types.NounPhrase(text="green dog", lemma="dog"))
    rows = np.concatenate([artifacts.phrase_embeddings, artifacts.phrase_embeddings[:1]])
    assert not lesson.are_true(lie, sample, reftoy_val)
    assert not lesson.are_true(replace(artifacts, phrases=phantom, phrase_embeddings=rows), sample, reftoy_val)


def test_without_such_a_case_the_telling_sample_is_one_that_tas_gets_right(reftoy_val, toy_models, tmp_path) -> None:
    store = tn.Store(tmp_path)
    photos = [tn.datasets.photo(s.image, s.expression, s.target) for s in reftoy_val[OPENING : OPENING + 2]]
    right = [
        sample
        for sample in photos
        if tn.iou(tn.tas(store.recall(tn.describe, sample.image, toy_models), sample.expression, toy_models).mask,
                  sample.target) > 0.5
    ]  # fmt: skip
    assert lesson.telling(photos, toy_models, store) is right[0]


def test_without_a_mask_the_telling_sample_is_the_first(reftoy_val, toy_models, tmp_path) -> None:
    first, other = (tn.datasets.photo(reftoy_val[k].image, "the man") for k in (12, 0))
    assert lesson.telling([first, other], toy_models, tn.Store(tmp_path)) is first
    with pytest.raises(ValueError, match="at least one sample"):
        lesson.telling([], toy_models, tn.Store(tmp_path))
