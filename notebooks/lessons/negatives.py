"""Lesson 04, ``notebooks/04_negatives_and_n_score.ipynb``: what is pushed away from, and whether that helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tasnb.core.types import (
    Head,
    ImageArtifacts,
    Models,
    NegativePhrase,
    Negatives,
    NounPhrase,
    Parse,
    WordNet,
)
from tasnb.stages import negatives, scores
from tasnb.stages.expressions import noun_phrases

from .answers import NotYet, Right, Slip, called, choice, in_words, number, settle

PAIRS = (("car", "auto"), ("cat", "kitty"), ("man", "boy"), ("zebra", "horse"), ("dog", "banana"), ("kite", "balloon"))
UNKNOWN = "glorpfish"  # in no WordNet
VERDICTS = ("helps", "hurts", "not shown")


def path(wordnet: WordNet, one: str, two: str) -> tuple[str, ...]:
    """The shortest way between two words in WordNet, synset by synset over what both are kinds of; () without a way.

    Its length is what path similarity measures: 1 / (number of synsets on the way).
    """
    ways = [_way(ours, theirs) for ours in wordnet.synsets(one, pos="n") for theirs in wordnet.synsets(two, pos="n")]
    return min((way for way in ways if way), key=len, default=())


def by_hand(
    subject: str, phrases: Sequence[str], wordnet: WordNet, rule: negatives.SynonymRule
) -> tuple[NegativePhrase, ...]:
    """The verdict on phrases of one word each for a subject of one word: no picture, no parser, only the rule."""
    parse = Parse(text=subject, head=Head(lemma=subject, span=(0, len(subject)), rule="root"), phrase=subject)
    said = [NounPhrase(text=word, lemma=word) for word in phrases]
    return negatives.mine(", ".join(phrases), said, parse, wordnet, rule=rule).phrases


def with_caption(artifacts: ImageArtifacts, caption: str, models: Models) -> ImageArtifacts:
    """The same picture, told by another overall caption: its phrases and their embeddings are made anew."""
    phrases = noun_phrases(caption, models.parser)
    rows = models.encoder.encode_texts([phrase.text for phrase in phrases])
    return replace(artifacts, overall_caption=caption, phrases=phrases, phrase_embeddings=rows)


def check_similarity(function: Any, wordnet: WordNet) -> Right:
    """Exercise 1: the path similarity of two words, the largest of any pair of their noun synsets, 0 without one."""
    expected = "a function of two words that returns their similarity, a number from 0 to 1"
    todo = "take the maximum of one.path_similarity(two) over all pairs of noun synsets"
    values = np.array([
        number(called(function, *pair, expected=expected, todo=todo), expected=expected, todo=todo) for pair in PAIRS
    ])  # fmt: skip
    slips = [
        Slip(_of_pairs(wordnet, lambda grid: grid[0, 0]), "the first synset of each word only",
             'look at all synsets: the animal is the first sense of "cat", but not of "kitty"'),
        Slip(_of_pairs(wordnet, np.mean), "the mean over all pairs of synsets",
             "take the largest: one shared meaning is enough to be a synonym"),
        Slip(_of_pairs(wordnet, np.min), "the smallest of all pairs", "take the largest instead"),
        Slip(_of_pairs(wordnet, np.sum), "the sum over all pairs", "take the largest instead"),
        Slip(_of_pairs(wordnet, lambda grid: 1 / max(np.max(grid), 1e-9)), "the length of the way, not the similarity",
             "return the similarity itself: 1 divided by the number of synsets on the way"),
    ]  # fmt: skip
    right = _of_pairs(wordnet, np.max)
    wrong = int(np.argmax(np.abs(values - right)))
    got = f"{values[wrong]:.2f} for {' and '.join(PAIRS[wrong])}"
    settle(values, right, slips, expected=expected, got=got, todo=todo)
    todo = f'return 0.0 when a word has no synset: WordNet does not know "{UNKNOWN}"'
    missing = number(called(function, "car", UNKNOWN, expected=expected, todo=todo), expected=expected, todo=todo)
    settle(missing, 0.0, [], expected=expected, got=f'{missing:.2f} for car and "{UNKNOWN}"', todo=todo)
    near = ", ".join(f"{one} and {two} {value:.2f}" for (one, two), value in zip(PAIRS, right, strict=True))
    return Right(f"{near}. Only words that share a synset reach the paper's 0.9: below 1 comes 0.50.")


def check_n_score(function: Any, artifacts: ImageArtifacts, mined: Negatives) -> Right:
    """Exercise 2: N of every proposal, from the rows of the crops and the rows of the negatives."""
    expected = "a function of crops (n, d) and negatives (k, d), unit rows both, that returns n numbers"
    todo = "crops @ negatives.T holds all cosines (n, k); take the mean of each row and change its sign"
    rng = np.random.default_rng(0)
    cases = [(_unit(rng.normal(size=(4, 8))), _unit(rng.normal(size=(3, 8))))]
    place = {phrase.text: row for row, phrase in enumerate(artifacts.phrases)}
    rows = artifacts.phrase_embeddings[[place[text] for text in mined.kept]]
    crops = next(iter(artifacts.crop_embeddings.values()))
    cases += [(crops, rows)] if len(rows) and len(crops) else []
    for ours, theirs in cases:
        value = _column(called(function, ours, theirs, expected=expected, todo=todo), len(ours), expected, todo)
        cosines = scores.cosines(ours, theirs)
        slips = [
            Slip(cosines.mean(axis=1), "the right size with the wrong sign", "N is a penalty: put a minus before it"),
            Slip(-cosines.sum(axis=1), "a sum over the negatives", "divide by their number: equation 4 has a mean"),
            Slip(-cosines.max(axis=1), "only the most similar negative", "take the mean over all negatives"),
            Slip(-cosines.min(axis=1), "only the least similar negative", "take the mean over all negatives"),
            Slip(1 - cosines.mean(axis=1), "1 minus the mean", "only change the sign; there is no 1 in equation 4"),
        ]
        settle(value, -cosines.mean(axis=1), slips, expected=expected, got=in_words(value), todo=todo, tolerance=1e-4)
    ours = cases[0][0]
    todo = "return np.zeros(len(crops)) when there are no negatives, so that N decides nothing"
    value = _column(
        called(function, ours, np.zeros((0, ours.shape[1])), expected=expected, todo=todo), len(ours), expected, todo
    )
    if not np.array_equal(value, np.zeros(len(ours))):
        looks_like = "the mean of no numbers; the authors' code has NaN here too" if np.isnan(value).any() else ""
        raise NotYet(
            expected="0 for every proposal when there are no negatives", got=in_words(value), looks_like=looks_like,
            todo=todo,
        )  # fmt: skip
    return Right(
        f"N is the same mean for every expression that keeps the same phrases: here {len(mined.kept)} of "
        f"{len(mined.phrases)}. The larger lambda, the more a mask gains by looking like nothing in the caption."
    )


def check_verdict(word: Any, rows: Sequence[Mapping[str, Any]]) -> Right:
    """Exercise 3: what a measurement says about N. rows: of ``tn.ablate``, whose step to V+P+N is judged."""
    expected = "what the interval of the step to V+P+N says about N on these samples"
    word = choice(word, VERDICTS, expected=expected)
    row = next(row for row in rows if row["modules"] == "V+P+N")
    low, high, gain = row["gain_low"], row["gain_high"], row["gain"]
    right = "helps" if low > 0 else "hurts" if high < 0 else "not shown"
    interval = f"[{low:+.2f}, {high:+.2f}]"
    if word != right:
        by_sign = "helps" if gain > 0 else "hurts"
        if right == "not shown":
            looks_like = f"the sign of the step, {gain:+.2f}, without its interval" if word == by_sign else ""
            todo = f"the interval {interval} holds 0, so gains and losses are both possible"
        else:
            looks_like = "too much care" if word == "not shown" else "the interval read the wrong way round"
            todo = f"the interval {interval} lies wholly on one side of 0: say which"
        raise NotYet(expected=expected, got=repr(word), looks_like=looks_like, todo=todo)
    more = {
        "not shown": "More images make the interval smaller. It does not say that N is useless.",
        "helps": "That is a statement about these scenes, these models and these captions.",
        "hurts": "That is a statement about these scenes, these models and these captions.",
    }
    return Right(f"The step is {gain:+.2f} points, interval {interval}. {more[right]}")


def _way(one: Any, two: Any) -> tuple[str, ...]:
    """Synset names from one up to the nearest common ancestor and down to two; () without a common one."""
    ups, downs = _ways_up(one), _ways_up(two)
    shared = [node for node in ups if node in downs]
    if not shared:
        return ()
    top = min(shared, key=lambda node: len(ups[node]) + len(downs[node]))
    return (*ups[top], *reversed(downs[top][:-1]))


def _ways_up(synset: Any) -> dict[str, tuple[str, ...]]:
    """Every ancestor's name -> the shortest way up to it, both ends included."""
    ways: dict[str, tuple[str, ...]] = {synset.name(): (synset.name(),)}
    level = [synset]
    while level:
        above = [(node, parent) for node in level for parent in node.hypernyms() + node.instance_hypernyms()]
        level = []
        for node, parent in above:
            if parent.name() not in ways:
                ways[parent.name()] = (*ways[node.name()], parent.name())
                level.append(parent)
    return ways


def _of_pairs(wordnet: WordNet, take: Callable[[np.ndarray], Any]) -> np.ndarray:
    """One number a pair of words from the grid of its synsets' similarities; no path counts as 0."""
    found = []
    for one, two in PAIRS:
        theirs = wordnet.synsets(two, pos="n")
        grid = np.array([[a.path_similarity(b) or 0.0 for b in theirs] for a in wordnet.synsets(one, pos="n")])
        found.append(float(take(grid)) if grid.size else 0.0)
    return np.array(found)


def _column(value: Any, count: int, expected: str, todo: str) -> np.ndarray:
    """count numbers; NaN may pass, because what it comes from is told by the caller."""
    try:
        column = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise NotYet(expected=expected, got=in_words(value), todo=todo) from None
    if column.shape != (count,):
        looks_like = "a mean over the wrong axis" if column.ndim == 1 else ""
        looks_like = "one number for all proposals" if column.ndim == 0 else looks_like
        got = f"shape {column.shape} for {count} crops"
        raise NotYet(expected=expected, got=got, looks_like=looks_like, todo=todo)
    return column


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
