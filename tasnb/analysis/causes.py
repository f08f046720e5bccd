"""The causes of a failure, in the fixed order in which they are tried, and the plain sentence for each.

``CAUSES`` needs a run's scores. The order follows the pipeline: what a later stage cannot repair is asked first. A case
has one primary cause, the first whose cure alone makes the answer right; what else would have cured it stands in the
table of overlaps. ``ANSWER_CAUSES`` needs the answer and the annotations alone; the first whose question is answered
with yes is the cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasnb.evaluation import metrics
from tasnb.evaluation.sweep import PAPER_ALPHAS, PAPER_LAMS

THRESHOLD = metrics.THRESHOLDS[0]  # an answer with a lower IoU is a failure; Pr@0.5 is the field's usual cut
INSIDE = 0.8  # a mask lies in another when this share of its pixels does
NEAR_MISS = 0.25  # IoU from which a mask is the right thing badly cut rather than another thing
DISJOINT = 0.2  # two masks are two things when at most this share of the smaller is shared
GRID = tuple((alpha, lam) for alpha in PAPER_ALPHAS for lam in (*PAPER_LAMS, 1.0))  # paper, table 3; 1: RefCOCOg


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Why one case failed; by default it did not. holds: every cause that holds on its own. counts: intersection and
    union once the primary cause is cured. alone: whether that makes the answer right by itself. answered: the category
    of what was answered, where the annotations tell."""

    cause: str = ""
    detail: str = ""
    words: str = ""
    alone: bool = False
    holds: frozenset[str] = frozenset()
    counts: tuple[int, int] | None = None
    answered: str = ""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A cause of failures.

    Parameters
    ----------
    name : str
        A key of ``CAUSES`` or of ``ANSWER_CAUSES``.
    stage : str
        Where it arises; without scores, what is wrong with the answer.
    question : str
        What is asked.
    cure : str
        The ideal that replaces the stage's result.
    """

    name: str
    stage: str
    question: str
    cure: str


_ALL = (
    Cause(
        name="no proposal",
        stage="proposals",
        question="Is the IoU of every proposal below the threshold?",
        cure="the annotated mask is the answer",
    ),
    Cause(
        name="granularity",
        stage="proposals",
        question="Does the answer contain the target, or is it a part of it?",
        cure="the best proposal is the answer, or the annotated mask where no proposal is good",
    ),
    Cause(
        name="language",
        stage="language",
        question="Is there no noun, or is the head or a direction another than the gold parse says?",
        cure="gold head and directions: negatives mined and rectifier run again",
    ),
    Cause(
        name="annotation",
        stage="data",
        question="Does the answer fit the words at least as well as the target, by V, P and caption?",
        cure="the answer counts as right",
    ),
    Cause(
        name="rectifier",
        stage="rectifier",
        question="Did the rectifier take out every right proposal, or its prior put another one first?",
        cure="the right proposals stay, or the prior does not count",
    ),
    Cause(
        name="negative",
        stage="negatives",
        question="Does a negative phrase name the target, and does dropping it make the answer right?",
        cure="T_n without the phrases that name the target",
    ),
    Cause(
        name="caption",
        stage="captions",
        question="Would the answer be right without P, or do the captions of answer and target say each other's words?",
        cure="alpha 0, or the two captions exchanged",
    ),
    Cause(
        name="place",
        stage="rectifier",
        question="Does the expression name a place that the rectifier does not read, or reads as a half only?",
        cure="the extended rectifier, a plain direction read as the utmost of the likely subjects",
    ),
    Cause(
        name="weights",
        stage="weights",
        question="Do two of V, P and N prefer the target, and would a point of the grid choose it?",
        cure="the point of the grid nearest to the weights used",
    ),
    Cause(
        name="appearance",
        stage="appearance",
        question="What is left: V ranks another proposal above the target.",
        cure="V of the target is the best of all",
    ),
)
_FULLY = "the target is answered fully"
_OF_ANSWERS = (
    Cause(
        name="empty answer", stage="presence", question="Is there no answer, though something is meant?", cure=_FULLY
    ),
    Cause(
        name="no target",
        stage="presence",
        question="Is something answered, though nothing is meant?",
        cure="the answer is empty",
    ),
    Cause(
        name="partly answered",
        stage="number",
        question="Are several things meant, and some of them answered and some not, with little beside them?",
        cure=_FULLY,
    ),
    Cause(
        name="doubtful annotation",
        stage="data",
        question="Is another thing of the category answered, and does no word tell the two apart; or was the target's "
        "mask withdrawn?",
        cure="the answer counts as right",
    ),
    Cause(
        name="merged",
        stage="number",
        question="Are several separate things answered as one, not only those that are meant?",
        cure=_FULLY,
    ),
    Cause(name="part", stage="outline", question="Does the answer lie in the target and leave much out?", cure=_FULLY),
    Cause(
        name="surroundings",
        stage="outline",
        question="Does the answer contain the target and much more?",
        cure=_FULLY,
    ),
    Cause(
        name="same category",
        stage="choice",
        question="Is another thing of the target's category answered?",
        cure=_FULLY,
    ),
    Cause(name="other category", stage="choice", question="Is a thing of another category answered?", cure=_FULLY),
    Cause(
        name="poor outline",
        stage="outline",
        question="Is it the target, with an IoU from 0.3 to the threshold?",
        cure=_FULLY,
    ),
    Cause(
        name="nothing there",
        stage="choice",
        question="What is left: nothing is annotated where the answer lies, or a scrap of another thing.",
        cure=_FULLY,
    ),
)
CAUSES: Mapping[str, Cause] = {cause.name: cause for cause in _ALL}
ANSWER_CAUSES: Mapping[str, Cause] = {cause.name: cause for cause in _OF_ANSWERS}
RIGHT = ""  # the cause of a case that is no failure

DETAILS: Mapping[str, str] = {
    "nothing": "no proposal was made",
    "all wrong": "no proposal reaches the threshold",
    "contains": "the answer contains the target",
    "part": "the answer is a part of the target",
    "no noun": "no head noun was found",
    "head": "the head noun is wrong",
    "direction": "the directions are wrong",
    "head and direction": "the head noun and the directions are wrong",
    "excluded": "the right proposal was taken out",
    "outweighed": "the prior put another one first",
    "wrong way": "the rectifier kept the other side",
    "did not fire": "a place is named, and nothing was taken out",
    "too coarse": "the half still holds others of the kind",
    "too weak": "the prior says less than the place does",
    "several fit": "another thing fits the words as well",
    "another fits": "the words fit the answer and not the target",
    "same kind": "lost to another thing of the same kind",
    "other kind": "lost to a thing of another kind",
    "withdrawn": "the target's mask was withdrawn from the data",
    "with the target": "the target is one of them",
    "others alone": "the target is none of them",
    "place": "the named place contradicts the answer",
    "ordinal": "a rank or count was the only difference named",
    "size": "a size was the only difference named",
    "colour": "a colour was the only difference named",
    "pattern": "a pattern was the only difference named",
    "clothing": "clothing was the only difference named",
    "action": "an action was the only difference named",
    "relation": "a relation was the only difference named",
    "several differences": "several differences were named, no place among them",
    "noun": "the noun was the only difference named",
    "other words": "other words may tell them apart",
    "unknown": "the data set does not tell its category",
    "background": "most of it lies on nothing annotated",
    "scraps": "it lies on a scrap of one or several things",
}


_SENTENCES: Mapping[str, Any] = {
    "no proposal": {
        "nothing": "No proposal was made, so nothing could be chosen.",
        "all wrong": "None of the proposals covers the target well enough, so no score could have helped.",
    },
    "granularity": {
        "contains": "The answer contains the target and more: the right place, cut too large.",
        "part": "The answer is only a part of the target: the right place, cut too small.",
    },
    "language": {
        "no noun": "No noun was found in the expression, so every phrase of the caption became a negative.",
        "head": "The parser took another word for the head noun, and the negatives were chosen for that word.",
        "direction": "The parser read another direction than people mean, and the rectifier followed it.",
        "head and direction": "The parser read both the head noun and the direction wrongly.",
    },
    "rectifier": {
        "excluded": 'The rectifier took the right proposal out for "{words}", although it lies on no other side.',
        "wrong way": 'The rectifier kept the side "{words}", and the target lies on the other one.',
        "outweighed": 'The prior of "{words}" outweighed the scores, which favour the target.',
    },
    "place": {
        "did not fire": 'The expression names a place ("{words}") that the rectifier does not read.',
        "too coarse": "The half that the rectifier keeps still holds another thing; the utmost one is meant.",
        "too weak": 'The prior of "{words}" was too weak: the utmost one is meant.',
    },
    "annotation": {
        "several fit": 'The answer ("{words}") fits as well as the target does: the expression is not unique.',
        "another fits": "The answer fits every word and the target does not: is the annotation right?",
    },
    "negative": 'The negative "{words}" names the target itself and pushes it away.',
    "caption": 'Without P the answer would be right: the caption "{words}" misleads.',
    "weights": "The scores favour the target, and other weights ({words}) would have chosen it.",
    "appearance": {
        "same kind": 'V prefers another thing of the same kind ("{words}"): the crop does not tell them apart.',
        "other kind": 'V prefers a thing of another kind ("{words}").',
        "": "V does not rank the target first.",
    },
    "empty answer": "Nothing was answered, though something is meant.",
    "no target": "Something was answered, though the expression means nothing in this picture.",
    "partly answered": "Several things are meant, and only {words} of them were answered.",
    "doubtful annotation": {
        "several fit": "Another thing of the same category was answered, and no word tells the two apart.",
        "another fits": 'The answer is of the same category and fits "{words}" better: is the annotation right?',
        "withdrawn": "The target's mask was withdrawn from the data as wrong.",
    },
    "merged": "Several things were answered as one ({words}).",
    "part": "The answer is only a part of the target.",
    "surroundings": "The answer contains the target and much of what is around it.",
    "same category": {
        "place": 'Another thing of the same category was answered, and the place "{words}" contradicts it.',
        "several differences": 'Another thing of the same category was answered, which "{words}" should tell apart.',
        "noun": 'Another thing of the same category was answered; only the noun "{words}" may tell them apart.',
        "other words": 'Another thing of the same category was answered; "{words}" may tell them apart.',
        **{
            kind: f'Another thing of the same category was answered; only the {kind} "{{words}}" tells them apart.'
            for kind in ("ordinal", "size", "colour", "pattern", "clothing", "action", "relation")
        },
    },
    "other category": {
        "": "A thing of another category was answered ({words}).",
        "unknown": "Another thing was answered; the data set does not tell the categories.",
    },
    "poor outline": "The right thing was answered, with a poor outline.",
    "nothing there": {
        "background": "Nothing is annotated where most of the answer lies.",
        "scraps": "The answer lies on a scrap of one or several other things.",
    },
}


def sentence_of(row: Mapping[str, Any]) -> str:
    """Explain a case in one plain sentence.

    Parameters
    ----------
    row : mapping
        Of ``Attribution.frame``, or with its columns.

    Returns
    -------
    str
        For a reader.
    """
    if not row["failed"]:
        return f"Right: the IoU is {row['iou']:.2f}."
    said = _SENTENCES[row["cause"]]
    text: str = (said[row["detail"]] if isinstance(said, dict) else said).format(words=row["words"])
    return text if row["alone"] else f"{text} Curing this alone would not be enough."
