"""Whether the annotation can be doubted: what captions confirm of an expression, word by word."""

from __future__ import annotations

import numpy as np

from tasnb.analysis import lexicon as lists
from tasnb.analysis.causes import DISJOINT
from tasnb.analysis.evidence import Case
from tasnb.stages.expressions import lexicon

SIDES = {"left": (0, -1), "right": (0, 1), "top": (1, -1), "bottom": (1, 1)}  # axis, sign of the way out
ENOUGH = 0.6  # share of the words that a caption must say to fit; captions leave some out
# words that say nothing which a caption could confirm
_EMPTY = frozenset(["be", "have", "wear", "one", "picture", "image", "photo", "corner", "side"])


def annotation_doubt(case: Case) -> str:
    """ "several fit", "another fits", or "" where the words, V or P speak for the target.

    Only what can be checked counts: an expression with a relation, a rank or a count is never doubted. A direction
    speaks for what lies further that way, a size for what is larger or smaller.
    """
    if case.answer is None or not len(case.good) or not case.target_area:
        return ""
    if case.types & {"relation", "ordinal", "negation", "part", "no noun"}:
        return ""
    if any(cue.kind in ("middle", "clock", "ordinal") for cue in case.parse.cues):
        return ""
    smaller = max(1, min(int(case.areas[case.answer]), case.target_area))
    if case.intersections[case.answer] > DISJOINT * smaller:
        return ""
    if not all(scores[case.answer] >= scores[case.good].max() for scores in (case.v, case.p)):
        return ""
    best = int(case.good[np.argmax(case.ious[case.good])])
    if not case.kept[case.answer]:
        return ""
    said, head = _content(case), case.parse.head.lemma.lower() if case.parse.head else ""
    answer, target = confirmed(case, case.answer), confirmed(case, best)
    if len(answer) < ENOUGH * max(1, len(said)) or (head and head not in answer):
        return ""
    if len(target) >= len(answer):
        return "several fit" if len(answer) == len(said) and _further_out(case, best) else ""
    # the caption of the target says another kind of thing, or less of what was said while the answer's says all of it
    other_kind = bool(head) and head not in target and not _is_annotated_as(case, head)
    return "another fits" if other_kind or (len(answer) == len(said) and _further_out(case, best)) else ""


def confirmed(case: Case, row: int) -> set[str]:
    """The words of the expression that the caption of a proposal says too, the head also by a kind of it."""
    caption = words_of(case.captions[row])
    return {word for word in _content(case) if _confirms(case, word, caption)}


def _is_annotated_as(case: Case, head: str) -> bool:
    """Whether the data set says that its target is what the head names: then a caption that differs is the slip."""
    kind = case.category.lower()
    return bool(kind) and (kind == head or case.is_a(kind, head))


def _further_out(case: Case, best: int) -> bool:
    """Whether the answer lies at least as far as the target in every named direction, and fits a named size better."""
    directions = case.gold.get("directions", case.parse.directions)
    for axis, sign in map(SIDES.__getitem__, directions):
        if sign * (case.centres_xy[case.answer, axis] - case.centres_xy[best, axis]) < 0:
            return False
    depth = {"front", "back", "background", "foreground", "closest", "nearest", "furthest", "farthest"}
    if depth & set(case.expression.lower().split()):
        return False
    if "size" in case.types:
        said = set(case.expression.lower().split())
        small = said & {
            "small",
            "smaller",
            "smallest",
            "little",
            "littlest",
            "tiny",
            "tiniest",
            "short",
            "shorter",
            "shortest",
        }
        larger = bool(case.areas[case.answer] >= case.areas[best])
        return larger != bool(small)
    return True


def _content(case: Case) -> list[str]:
    """The lemmas of the expression that a caption can confirm: nouns and adjectives, places and sizes aside."""
    aside = (
        frozenset(lexicon.DIRECTION_WORDS) | lexicon.IMAGE | lexicon.SIDE_NOUNS | lists.SIZES | lists.SCENES | _EMPTY
    )
    return [
        token.lemma.lower()
        for token in case.parse.tokens
        if token.pos in ("NOUN", "PROPN", "ADJ") and not {token.lemma.lower(), token.text.lower()} & aside
    ]


def words_of(caption: str) -> set[str]:
    return set(caption.lower().replace(",", " ").split())


def _confirms(case: Case, word: str, caption: set[str]) -> bool:
    """Whether the caption says the word; for the head also another word for it, by the phrases' similarities."""
    if word in caption:
        return True
    if case.parse.head is None or word != case.parse.head.lemma.lower():
        return False
    return any(case.is_a(said, word) for said in caption)
