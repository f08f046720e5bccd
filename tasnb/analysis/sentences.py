"""A cause as one plain sentence for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sentence_of(row: Mapping[str, Any]) -> str:
    """One plain sentence that explains a case. row: of ``Attribution.frame``, or a mapping with its columns."""
    if not row["failed"]:
        return f"Right: the IoU is {row['iou']:.2f}."
    said = _SENTENCES[row["cause"]]
    text = (said[row["detail"]] if isinstance(said, dict) else said).format(words=row["words"])
    return text if row["alone"] else f"{text} Curing this alone would not be enough."


_SENTENCES: dict[str, Any] = {
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
        "excluded": 'The rectifier for "{words}" took the right proposal out, although it lies on that side.',
        "wrong way": 'The rectifier kept the side "{words}", and the target lies on the other one.',
    },
    "place": {
        "did not fire": 'The expression names a place ("{words}") that the rectifier does not read.',
        "too coarse": "The half that the rectifier keeps still holds another thing; the utmost one is meant.",
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
