"""Lesson 04: each check takes every right answer and names each typical slip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tasnb as tn
from tasnb.stages.negatives import OFFICIAL, PAPER

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("negatives")


@pytest.fixture(scope="module")
def case(toy_models, toy_case):
    sample, artifacts = toy_case
    return artifacts, tn.tas(artifacts, sample.expression, toy_models).negatives


def grid(wordnet, one: str, two: str) -> np.ndarray:
    theirs = wordnet.synsets(two, pos="n")
    return np.array([[a.path_similarity(b) or 0.0 for b in theirs] for a in wordnet.synsets(one, pos="n")])


def of(take):
    """A learner's function that takes one number from the grid of similarities, 0 for an unknown word."""

    def build(wordnet):
        def similarity(one, two):
            found = grid(wordnet, one, two)
            return float(take(found)) if found.size else 0.0

        return similarity

    return build


def test_a_path_is_as_long_as_path_similarity_says(wordnet) -> None:
    for pair in (*lesson.PAIRS, ("bus", "cake"), ("woman", "girl")):
        assert 1 / len(lesson.path(wordnet, *pair)) == pytest.approx(grid(wordnet, *pair).max())
    assert lesson.path(wordnet, "car", "auto") == ("car.n.01",)
    assert lesson.path(wordnet, "car", lesson.UNKNOWN) == ()


def test_a_path_starts_at_the_first_word_and_ends_at_the_second(wordnet) -> None:
    way = lesson.path(wordnet, "cat", "kitty")
    assert way[0] in {s.name() for s in wordnet.synsets("cat")}
    assert way[-1] in {s.name() for s in wordnet.synsets("kitty")}


def test_the_words_that_the_prose_speaks_about_are_as_it_says(wordnet) -> None:
    said = {pair: round(grid(wordnet, *pair).max(), 2) for pair in (("car", "auto"), ("cat", "kitty"), ("man", "boy"))}
    assert said == {("car", "auto"): 1.0, ("cat", "kitty"): 0.33, ("man", "boy"): 0.5}
    assert grid(wordnet, "man", "guy").max() == 0.5
    assert lesson.by_hand("giraffe", ["giraffe"], wordnet, OFFICIAL)[0].kept
    assert not lesson.by_hand("giraffe", ["giraffe"], wordnet, PAPER)[0].kept


@pytest.mark.parametrize(
    "build",
    [
        of(np.max),
        lambda wordnet: lambda one, two: np.float32(round(grid(wordnet, one, two).max(initial=0.0), 2)),
        lambda wordnet: lambda one, two: 1 / len(way) if (way := lesson.path(wordnet, one, two)) else 0,
    ],
    ids=["the largest", "rounded, another type of number", "from the way"],
)
def test_any_way_to_the_similarity_is_right(build, wordnet) -> None:
    assert isinstance(lesson.check_similarity(build(wordnet), wordnet), Right)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda wordnet: ..., "No answer yet"),
        (lambda wordnet: lambda one, two: ..., "No answer yet"),
        (lambda wordnet: lambda one, two: None, "returns None"),
        (lambda wordnet: 0.5, "a value, not a function"),
        (lambda wordnet: lambda one, two: "near", "'near' (str)"),
        (of(lambda found: found[0, 0]), "the first synset of each word only"),
        (of(np.mean), "the mean over all pairs"),
        (of(np.min), "the smallest of all pairs"),
        (of(np.sum), "the sum over all pairs"),
        (of(lambda found: 1 / found.max()), "the length of the way"),
        (of(lambda found: 1 - found.max()), "You gave: 0.00 for car and auto"),
        (lambda wordnet: lambda one, two: grid(wordnet, one, two).max(), "code that fails"),
        (
            lambda wordnet: lambda one, two: float(grid(wordnet, one, two).max(initial=0.1)),
            "does not know, taken for one",
        ),
    ],
)
def test_a_wrong_similarity_is_named(build, said: str, wordnet) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_similarity(build(wordnet), wordnet)
    assert said in " ".join(caught.value.text.split())


def cosines(crops, negatives):
    return np.asarray(crops) @ np.asarray(negatives).T


def safely(take):
    return lambda crops, negatives: take(cosines(crops, negatives)) if len(negatives) else np.zeros(len(crops))


@pytest.mark.parametrize(
    "function",
    [
        safely(lambda c: -c.mean(axis=1)),
        lambda crops, negatives: [-sum(c @ t for t in negatives) / max(len(negatives), 1) for c in crops],
    ],
    ids=["one product", "loops and a list"],
)
def test_any_way_to_n_is_right(function, case) -> None:
    assert isinstance(lesson.check_n_score(function, *case), Right)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (..., "No answer yet"),
        (lambda crops, negatives: ..., "No answer yet"),
        (safely(lambda c: c.mean(axis=1)), "the wrong sign"),
        (safely(lambda c: -c.sum(axis=1)), "a sum over the negatives"),
        (safely(lambda c: -c.max(axis=1)), "only the most similar negative"),
        (safely(lambda c: -c.min(axis=1)), "only the least similar negative"),
        (safely(lambda c: 1 - c.mean(axis=1)), "1 minus the mean"),
        (safely(lambda c: -c.mean(axis=0)), "a mean over the wrong axis"),
        (safely(lambda c: -c.mean()), "one number for all proposals"),
        (lambda crops, negatives: "many", "You gave: 'many'"),
        (safely(lambda c: c.mean(axis=1) * 5), "resembles no slip"),
        (lambda crops, negatives: crops @ negatives, "stops with ValueError"),
    ],
)
def test_a_wrong_n_is_named(function, said: str, case) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_n_score(function, *case)
    assert said in " ".join(caught.value.text.split())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_mean_of_nothing_is_named(case) -> None:
    with pytest.raises(NotYet, match="the mean of no numbers"):
        lesson.check_n_score(lambda crops, negatives: -cosines(crops, negatives).mean(axis=1), *case)


def test_n_can_be_checked_where_every_phrase_was_dropped(case) -> None:
    artifacts, mined = case
    none = replace(mined, phrases=tuple(replace(phrase, kept=False) for phrase in mined.phrases))
    assert isinstance(lesson.check_n_score(safely(lambda c: -c.mean(axis=1)), artifacts, none), Right)


def table(gain: float, low: float, high: float) -> pd.DataFrame:
    step = {"modules": "V+P+N", "miou_gain": gain, "miou_gain_low": low, "miou_gain_high": high}
    return pd.DataFrame([{"modules": "V"}, step])


HELPS, HURTS, OPEN = table(2.0, 0.5, 4.0), table(-2.0, -4.0, -0.5), table(-1.0, -3.0, 1.5)


@pytest.mark.parametrize(("word", "found"), [("helps", HELPS), (" Hurts", HURTS), ("not shown", OPEN)])
def test_the_verdict_follows_the_interval(word: str, found) -> None:
    assert isinstance(lesson.check_verdict(word, found), Right)


@pytest.mark.parametrize(
    ("word", "found", "said"),
    [
        (..., OPEN, "No answer yet"),
        ("maybe", OPEN, "one of 'helps', 'hurts', 'not shown'"),
        ("hurts", OPEN, "without its interval"),
        ("helps", OPEN, "a sign read the wrong way"),
        ("not shown", HELPS, "too much care"),
        ("hurts", HELPS, "wrong way round"),
        ("helps", HURTS, "wrong way round"),
    ],
)
def test_a_wrong_verdict_is_named(word, found, said: str) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_verdict(word, found)
    assert said in " ".join(caught.value.text.split())
