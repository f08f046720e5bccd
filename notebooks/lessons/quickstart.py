"""Lesson 00, ``notebooks/00_quickstart.ipynb``: an answer, and the evidence for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from tasnb.core.masks import iou, pairwise_iou
from tasnb.core.types import ImageArtifacts, Models, Prediction, Sample
from tasnb.datasets import Samples
from tasnb.evaluation.metrics import is_right
from tasnb.pipeline.describe import describe
from tasnb.pipeline.tas import MODULES, tas
from tasnb.store import Store

from .answers import Exercise, Right, Slip, hints

FITS, CLOSELY = 0.5, 0.75  # IoU from which on a mask is one of a thing, and from which on it is a good one
TOTAL = Exercise(
    1,
    expected="one number, the S of the chosen mask, to three decimals",
    hint="The formula stands above the receipt, with its two weights. Take all three scores from one row: the "
    "marked one.",
    recipe="compute V + alpha * P + lam * N with the numbers of the chosen row; answer.table.weights has both weights",
)
DECIDER = Exercise(
    2,
    expected="the module after which the chosen mask does not change any more",
    hint="Read the list of the cell above from the top, and note where the number of the mask changes. A mask "
    "may change, and change back.",
    recipe="find the last line whose mask differs from the line above it, and name the module that this line adds",
)
OTHER_CHOICE = Exercise(
    3,
    expected="a text, for which TAS chooses another mask of the same picture",
    hint="What would you say if another thing of the picture were meant? The captions in the receipt are the "
    "captioner's own words for each mask.",
    recipe='name another thing by its kind and colour, such as "the yellow ball", or take the caption of a mask with a '
    "low S",
)
hint = hints(TOTAL, DECIDER, OTHER_CHOICE)


def telling(samples: Sequence[Sample], models: Models, store: Store) -> Sample:
    """The first sample that shows each part of the method at its work, so that there is much to explain.

    That is one whose captions are all true, in which P and N each put the target before the others (above their mean),
    in which the rectifier decides (without it another mask is chosen), and whose answer fits closely. Where no sample
    is like that, or nobody tells what is true of a picture: the first with a direction that TAS gets right and V alone
    gets wrong; else the first that TAS gets right; without a known mask, or when all are wrong, the first of all.
    Raises ValueError for no samples.
    """
    if not len(samples):
        raise ValueError("expected at least one sample, got none; is the split empty?")
    found: dict[int, Sample] = {}
    for sample in samples:
        if sample.target is None:
            continue
        artifacts = store.recall(describe, sample.image, models)
        answers = list(build_up(artifacts, sample.expression, models).values())
        fits = [iou(answer.mask, sample.target) for answer in answers]
        alone, _, unrectified, whole = (bool(is_right(each)) for each in fits)
        if not whole:
            continue
        decided = bool(answers[-1].parse.directions) and not unrectified and fits[-1] >= CLOSELY
        if decided and isinstance(samples, Samples) and are_true(artifacts, sample, samples):
            table = answers[-1].table
            if all(lead(scores, artifacts, sample.target) > 0 for scores in (table.p, table.n)):
                return sample
        found.setdefault(1 if answers[-1].parse.directions and not alone else 2, sample)
    return found[min(found)] if found else samples[0]


def lead(scores: np.ndarray, artifacts: ImageArtifacts, target: np.ndarray) -> float:
    """A score of the best mask that fits the target (Pr@0.5) less its mean over the others; -inf where none fits."""
    fits = is_right(pairwise_iou(artifacts.proposals.masks, artifacts.at_working_size(target)[None])[:, 0])
    return float(scores[fits].max(initial=-np.inf) - (scores[~fits].mean() if not fits.all() else 0))


def are_true(artifacts: ImageArtifacts, sample: Sample, samples: Samples) -> bool:
    """Whether a person would agree with every caption of a picture: of each mask and of the whole.

    Every word of a mask's caption is in what a person says of the thing that it fits (IoU 0.5 or more), and every
    phrase of the overall caption is in what is said of one thing, or of the place. False where nobody tells.
    """
    names = [_words(name) for name in samples.names(sample.image_id)]
    if not all(names) or sample.image_id not in samples.captions or not len(artifacts.proposals):
        return False
    overlap = pairwise_iou(artifacts.proposals.masks, samples.things(sample.image_id))
    said = [_words(caption) for caption in next(iter(artifacts.captions.values()))]
    place = _words(samples.captions[sample.image_id]) - set().union(*names)
    phrases = [_words(phrase.text) for phrase in artifacts.phrases]
    return all(
        row.max() >= 0.5 and words <= names[row.argmax()] for words, row in zip(said, overlap, strict=True)
    ) and (all(phrase <= place or any(phrase <= name for name in names) for phrase in phrases))


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower())) - {"a", "an", "and", "the", "in", "on", "at"}


def build_up(artifacts: ImageArtifacts, expression: str, models: Models) -> dict[str, Prediction]:
    """The answers of V, V + P, V + P + N and all with the rectifier, in the order of the paper's Table 4."""
    return {
        " + ".join(MODULES[: count + 1]): tas(artifacts, expression, models, use=MODULES[: count + 1])
        for count in range(len(MODULES))
    }


def first_failure(
    samples: Sequence[Sample], models: Models, store: Store
) -> tuple[tuple[Sample, Prediction] | None, str]:
    """The first sample with a known mask that TAS misses (Pr@0.5), with its answer, or None; and what was looked at."""
    known = 0
    for sample in samples:
        if sample.target is not None:
            known += 1
            answer = tas(store.recall(describe, sample.image, models), sample.expression, models)
            if not is_right(iou(answer.mask, sample.target)):
                return (sample, answer), f"Number {known} of the expressions with a known mask is missed."
    if not known:
        return None, "No true mask is known here, so nobody can tell which answers are right."
    return None, f"All {known} expressions with a known mask are answered right: take more samples."


def check_total(value: Any, answer: Prediction) -> Right:
    """Exercise 1: S of the chosen proposal, from its V, P and N and the two weights."""
    value = TOTAL.number_of(value)
    if answer.index is None:
        raise ValueError("this answer has no proposal, so there is no S to compute; choose another sample")
    table, at = answer.table, answer.index
    alpha, lam = table.weights.alpha, table.weights.lam
    v, p, n = float(table.v[at]), float(table.p[at]), float(table.n[at])
    slips = [
        Slip(v + p + n, "the plain sum, without the two weights", f"weigh P by alpha = {alpha:g} and N by {lam:g}"),
        Slip(v + lam * p + alpha * n, "alpha and lambda swapped", f"alpha = {alpha:g} belongs to P, {lam:g} to N"),
        Slip(v + alpha * p - lam * n, "a minus before N", "add lambda N: N is already a negative number"),
        Slip(v + alpha * p, "V and P without N", "add lambda times N as well"),
        Slip(v, "V alone", "add alpha P and lambda N"),
        Slip(v + lam * n, "V and N without P", "add alpha times P as well"),
    ]
    slips += [
        Slip(total, f"the S of mask {other}", f"take the row of the chosen mask, {at}")
        for other, total in enumerate(table.total)
        if other != at
    ]
    TOTAL.settle(value, table.total[at], slips, tolerance=1.5e-3)
    return Right(
        f"S = {v:.3f} + {alpha:g} x ({p:.3f}) + {lam:g} x ({n:.3f}) = {table.total[at]:.3f}. The receipt keeps the "
        "three parts apart, so that you can see which one decided."
    )


def check_decider(word: Any, answers: dict[str, Prediction]) -> Right:
    """Exercise 2: the last module of the build-up that changed the choice. answers: what ``build_up`` gave."""
    word = DECIDER.choice_of(word, MODULES)
    chosen = [answer.index for answer in answers.values()]
    changed = [step for step in range(1, len(chosen)) if chosen[step] != chosen[step - 1]]
    last, at = changed[-1] if changed else 0, MODULES.index(word)
    if at != last:
        after = ", then ".join(f"{name}: mask {index}" for name, index in zip(answers, chosen, strict=True))
        if at in changed:
            looks_like = "the first change; there is a later one"
        elif at == 0:
            looks_like = "no change at all, but the list has one"
        else:
            looks_like = f"a line whose mask, {chosen[at]}, is the one of the line above it"
        raise DECIDER.wrong(got=f"{word!r}; the list says {after}", looks_like=looks_like)
    if last == 0:
        return Right("V alone made the choice; P, N and the rectifier agreed with it.")
    return Right(
        f"Without {word!r} the choice was mask {chosen[last - 1]}, with it mask {chosen[last]}, and so it stayed. "
        "A module that changes nothing here can decide the next expression."
    )


def check_other_choice(expression: Any, artifacts: ImageArtifacts, before: Prediction, models: Models) -> Right:
    """Exercise 3: an expression about the same picture for which TAS chooses another mask than ``before``."""
    expression = OTHER_CHOICE.text_of(expression)
    if expression.lower() == before.expression.strip().lower():
        raise OTHER_CHOICE.wrong(got="the expression that you started with", looks_like="an unchanged answer")
    answer = tas(artifacts, expression, models)
    if answer.index == before.index:
        trace = answer.table.trace
        raise OTHER_CHOICE.wrong(
            got=f"{expression!r}, and TAS chose mask {answer.index} again",
            looks_like="another description of the same thing"
            + (f"; the rectifier says: {trace.sentence}" if trace else ""),
            mend="look at the captions in the receipt and describe a mask with a low S",
        )
    return Right(
        f"For {expression!r} TAS chose mask {answer.index} instead of {before.index}. The masks, the crops' embeddings "
        "and the captions were not computed again: they depend on the picture alone."
    )
