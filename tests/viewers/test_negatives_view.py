"""``negatives_view``: the phrases that are on push, and nothing else does."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import traitlets

import tasnb as tn
from tasnb.core.types import NegativePhrase, Negatives
from tasnb.stages import scores
from tasnb.viewers.negatives import caption_pieces, mean_push
from tests.viewers.made_artifacts import HOSTILE, only


@pytest.fixture(scope="module")
def viewer(toy_case, toy_models):
    sample, artifacts = toy_case
    return tn.viewers.negatives_view(sample, artifacts, sample.expression, toy_models)


@pytest.fixture(autouse=True)
def as_mined(viewer):
    yield
    viewer.on = [phrase["kept"] for phrase in viewer.reading["phrases"]]


def test_as_mined_it_is_the_answer_of_tas(viewer, toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    answer = tn.tas(artifacts, sample.expression, toy_models)
    assert viewer.prediction.index == answer.index
    assert viewer.prediction.negatives == answer.negatives
    assert np.allclose(viewer.prediction.table.total, answer.table.total, atol=1e-12)
    assert viewer.ranking["proposal"].iloc[0] == answer.index


def test_n_is_minus_the_mean_over_the_phrases_that_stay(viewer, toy_case) -> None:
    _, artifacts = toy_case
    count = len(viewer.on)
    assert count >= 2, "the toy captioner names several things"
    viewer.on = [k == 1 for k in range(count)]
    rows = [phrase.text for phrase in artifacts.phrases].index(viewer.reading["phrases"][1]["text"])
    expected = scores.n_score(artifacts.crop_embeddings["crop"], artifacts.phrase_embeddings[[rows]])
    assert np.allclose(viewer.n, expected, atol=1e-12)
    assert np.array_equal(viewer.prediction.table.n, viewer.n)
    assert [phrase.kept for phrase in viewer.prediction.negatives.phrases] == viewer.on


def test_no_phrase_left_means_n_is_0(viewer) -> None:
    viewer.on = [False] * len(viewer.on)
    assert viewer.n.tolist() == [0.0] * len(viewer.n)
    assert "pushed away from nothing" in viewer.words()


@pytest.mark.parametrize(("on", "expected"), [([True, True], [-0.3, 0.1]), ([False, True], [-0.4, 0.2]), ([], [0, 0])])
def test_the_mean_by_hand(on: list[bool], expected: list[float]) -> None:
    likeness = np.array([[0.2, 0.4], [0.0, -0.2]])[:, : len(on)]
    assert mean_push(likeness, on) == pytest.approx(expected)


def test_a_list_of_another_length_is_an_error(viewer) -> None:
    with pytest.raises(traitlets.TraitError, match="each of"):
        viewer.on = [True] * (len(viewer.on) + 1)


@pytest.mark.parametrize(
    ("caption", "texts", "expected"),
    [
        ("a gray cat and a dog", ["gray cat", "dog"], [["a ", None], ["gray cat", 0], [" and a ", None], ["dog", 1]]),
        ("a dog and a dog", ["dog", "dog"], [["a ", None], ["dog", 0], [" and a ", None], ["dog", 1]]),
        ("A Dog", ["dog"], [["A ", None], ["Dog", 0]]),
        ("a dog", ["horse"], [["a dog", None]]),
        ("", [], []),
        ("İ dog", ["dog"], [["İ dog", None]]),
        (HOSTILE, [], [[HOSTILE, None]]),
    ],
)
def test_the_captions_pieces_are_the_caption(caption: str, texts: list[str], expected: list) -> None:
    phrases = tuple(NegativePhrase(text=t, lemma=t, kept=True, reason="r") for t in texts)
    pieces = caption_pieces(Negatives(caption=caption, phrases=phrases))
    assert pieces == expected
    assert "".join(text for text, _ in pieces) == caption


def test_nothing_mined_and_nothing_proposed(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    silent = replace(artifacts, overall_caption="", phrases=(), phrase_embeddings=artifacts.phrase_embeddings[:0])
    viewer = tn.viewers.negatives_view(None, silent, sample.expression, toy_models)
    assert viewer.on == []
    assert viewer.n.tolist() == [0.0] * len(artifacts.proposals)
    viewer = tn.viewers.negatives_view(None, only(artifacts, []), sample.expression, toy_models)
    assert viewer.prediction.index is None
    assert "no proposal was found" in viewer.words()
    assert viewer.picture().ndim == 3


def test_official_negatives_are_those_of_tas(reftoy_val, official_models) -> None:
    sample = reftoy_val[12]
    artifacts = tn.describe(sample.image, official_models, variant="official")
    viewer = tn.viewers.negatives_view(None, artifacts, sample.expression, official_models)
    answer = tn.tas(artifacts, sample.expression, official_models, variant="official")
    assert viewer.prediction.negatives == answer.negatives
    assert viewer.prediction.index == answer.index


def test_a_wrong_method_or_expression_is_an_error(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    with pytest.raises(ValueError, match="choose from paper, official"):
        tn.viewers.negatives_view(None, artifacts, "the cat", toy_models, variant="papr")
    with pytest.raises(ValueError):
        tn.viewers.negatives_view(None, artifacts, " ", toy_models)


def test_hostile_words_are_escaped_in_the_twin(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    viewer = tn.viewers.negatives_view(None, artifacts, f"cat {HOSTILE}", toy_models)
    html = viewer.twin()["text/html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    json.dumps(viewer.snapshot(), allow_nan=False)
