"""The causes of a failure, in the fixed order in which they are tried, and the plain sentence for each.

The order follows the pipeline: what a later stage cannot repair is asked first. A case has one primary cause, the first
whose cure alone makes the answer right; what else would have cured it stands in the table of overlaps.
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
class Cause:
    """A cause of failures.

    Parameters
    ----------
    name : str
        A key of ``CAUSES``.
    stage : str
        Where it arises.
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
CAUSES: Mapping[str, Cause] = {cause.name: cause for cause in _ALL}
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
