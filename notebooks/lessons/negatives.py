"""Lesson 04, ``notebooks/04_negatives_and_n_score.ipynb``: what is pushed away from, and whether that helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.masks import pairwise_iou
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
from tasnb.stages.expressions import noun_phrases, parse

from .answers import ANOTHER_KIND, Exercise, Right, Slip, hints, in_words

if TYPE_CHECKING:
    import pandas as pd

    from tasnb.datasets.samples import Samples

PAIRS = (("car", "auto"), ("cat", "kitty"), ("man", "boy"), ("zebra", "horse"), ("dog", "banana"), ("kite", "balloon"))
UNKNOWN = "glorpfish"  # in no WordNet
VERDICTS = ("helps", "hurts", "not shown")
SIMILARITY = Exercise(
    1,
    expected="a function of two words that returns their similarity, a number from 0 to 1",
    hint="One word may have four synsets and the other three: how many pairs are there, and which of them "
    "counts? Think of the pair without any path, and of a word without any synset.",
    recipe="take the maximum of one.path_similarity(two) or 0.0 over all pairs of noun synsets, and 0.0 where there is "
    "no pair: max(..., default=0.0)",
)
N_SCORE = Exercise(
    2,
    expected="a function of crops (n, d) and negatives (k, d), unit rows both, that returns n numbers",
    hint="One matrix product holds the cosine of every crop with every phrase. Over which of its two axes does"
    " equation 4 take the mean, and what stands before it?",
    recipe="crops @ negatives.T holds all cosines (n, k); take the mean of each row and change its sign; return "
    "np.zeros(len(crops)) when there are no negatives",
)
VERDICT = Exercise(
    3,
    expected="what the interval of the step to V+P+N says about N on these samples",
    hint="The step is an estimate, the interval says which steps fit the data about as well. Are all of them "
    "on the same side of 0?",
    recipe="read miou_gain_low and miou_gain_high of the row V+P+N: both above 0, N helps; both below, it hurts; else "
    "not shown",
)
hint = hints(SIMILARITY, N_SCORE, VERDICT)


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


def costs(samples: Samples, models: Models, rules: Mapping[str, negatives.SynonymRule]) -> pd.DataFrame:
    """What each rule keeps of the target's own names and drops of the other things', in per cent, one row a rule.

    Of each expression the subject is judged against the head noun of what a person would say of each thing. Another
    thing that is called as the target is counts for neither.
    """
    import pandas as pd

    nouns: dict[str, NounPhrase | None] = {}
    pairs = []  # subject, noun, whether it is the target's own
    for index in range(len(samples)):
        sample = samples[index]
        names = samples.names(sample.image_id)
        for name in names:
            if name not in nouns:
                nouns[name] = next(iter(noun_phrases(name, models.parser)), None)
        said = [nouns[name] for name in names]
        own = int(pairwise_iou(samples.things(sample.image_id), sample.target[None])[:, 0].argmax())
        read = parse(sample.expression, models.parser, wordnet=models.wordnet)
        pairs += [
            (read, noun, thing == own)
            for thing, noun in enumerate(said)
            if noun and (thing == own or said[own] is None or noun.lemma != said[own].lemma)
        ]
    rows = []
    for name, rule in rules.items():
        kept = {True: [], False: []}
        for read, noun, is_own in pairs:
            kept[is_own].append(negatives.mine(noun.text, [noun], read, models.wordnet, rule=rule).phrases[0].kept)
        shares = (100 * np.mean(kept[True]), 100 - 100 * np.mean(kept[False]))
        rows.append({"rule": name, "own names kept": shares[0], "other things dropped": shares[1]})
    return pd.DataFrame(rows).set_index("rule")


def check_similarity(function: Any, wordnet: WordNet) -> Right:
    """Exercise 1: the path similarity of two words, the largest of any pair of their noun synsets, 0 without one."""
    values = np.array([SIMILARITY.number_of(SIMILARITY.called(function, *pair)) for pair in PAIRS])
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
    SIMILARITY.settle(values, right, slips, got=f"{values[wrong]:.2f} for {' and '.join(PAIRS[wrong])}")
    missing = SIMILARITY.number_of(SIMILARITY.called(function, "car", UNKNOWN))
    if missing != 0:
        raise SIMILARITY.wrong(
            got=f'{missing:.2f} for car and "{UNKNOWN}"', looks_like="a word that WordNet does not know, taken for one",
            mend="return 0.0 when a word has no synset",
        )  # fmt: skip
    near = ", ".join(f"{one} and {two} {value:.2f}" for (one, two), value in zip(PAIRS, right, strict=True))
    return Right(f"{near}. Only words that share a synset reach the paper's 0.9: below 1 comes 0.50.")


def check_n_score(function: Any, artifacts: ImageArtifacts, mined: Negatives) -> Right:
    """Exercise 2: N of every proposal, from the rows of the crops and the rows of the negatives."""
    function = N_SCORE.given(function)
    rng = np.random.default_rng(0)
    cases = [(_unit(rng.normal(size=(4, 8))), _unit(rng.normal(size=(3, 8))))]
    place = {phrase.text: row for row, phrase in enumerate(artifacts.phrases)}
    rows = artifacts.phrase_embeddings[[place[text] for text in mined.kept]]
    crops = next(iter(artifacts.crop_embeddings.values()))
    cases += [(crops, rows)] if len(rows) and len(crops) else []
    for ours, theirs in cases:
        value = _column(N_SCORE.called(function, ours, theirs), len(ours))
        cosines = scores.cosines(ours, theirs)
        slips = [
            Slip(cosines.mean(axis=1), "the right size with the wrong sign", "N is a penalty: put a minus before it"),
            Slip(-cosines.sum(axis=1), "a sum over the negatives", "divide by their number: equation 4 has a mean"),
            Slip(-cosines.max(axis=1), "only the most similar negative", "take the mean over all negatives"),
            Slip(-cosines.min(axis=1), "only the least similar negative", "take the mean over all negatives"),
            Slip(1 - cosines.mean(axis=1), "1 minus the mean", "only change the sign; there is no 1 in equation 4"),
        ]
        N_SCORE.settle(value, -cosines.mean(axis=1), slips, tolerance=1e-4)
    ours = cases[0][0]
    value = _column(N_SCORE.called(function, ours, np.zeros((0, ours.shape[1]))), len(ours))
    if not np.array_equal(value, np.zeros(len(ours))):
        looks_like = "the mean of no numbers; the authors' code has NaN here too" if np.isnan(value).any() else ""
        raise N_SCORE.wrong(
            expected="0 for every proposal when there are no negatives", got=in_words(value), looks_like=looks_like,
            mend="return np.zeros(len(crops)) when there are no negatives, so that N decides nothing",
        )  # fmt: skip
    return Right(
        f"N is the same mean for every expression that keeps the same phrases: here {len(mined.kept)} of "
        f"{len(mined.phrases)}. The larger lambda, the more a mask gains by looking like nothing in the caption."
    )


def check_verdict(word: Any, table: pd.DataFrame) -> Right:
    """Exercise 3: what a measurement says about N. table: of ``ablation``, whose step to V+P+N is judged."""
    word = VERDICT.choice_of(word, VERDICTS)
    row = table.set_index("modules").loc["V+P+N"]
    low, high, gain = row["miou_gain_low"], row["miou_gain_high"], row["miou_gain"]
    right = "helps" if low > 0 else "hurts" if high < 0 else "not shown"
    interval = f"[{low:+.2f}, {high:+.2f}]"
    if word != right:
        if right == "not shown":
            by_sign = "helps" if gain > 0 else "hurts"
            looks_like = "the sign of the step without its interval" if word == by_sign else "a sign read the wrong way"
            mend = f"the interval {interval} holds 0, so gains and losses are both possible"
        else:
            looks_like = "too much care" if word == "not shown" else "the interval read the wrong way round"
            mend = f"the interval {interval} lies wholly on one side of 0: say which"
        raise VERDICT.wrong(got=f"{word!r}, for a step of {gain:+.2f} {interval}", looks_like=looks_like, mend=mend)
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


def _column(value: Any, count: int) -> np.ndarray:
    """count numbers; NaN may pass, because what it comes from is told by the caller."""
    try:
        column = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise N_SCORE.wrong(got=in_words(value), looks_like=ANOTHER_KIND) from None
    if column.shape != (count,):
        looks_like = {0: "one number for all proposals", 1: "a mean over the wrong axis"}.get(column.ndim, ANOTHER_KIND)
        raise N_SCORE.wrong(got=f"shape {column.shape} for {count} crops", looks_like=looks_like)
    return column


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
