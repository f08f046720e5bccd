"""Whether the annotation is to blame: what captions confirm of an expression, word by word."""

from __future__ import annotations

from tasnb.analysis import lexicon as lists
from tasnb.analysis.causes import DISJOINT
from tasnb.analysis.evidence import Case
from tasnb.core.types import Parse
from tasnb.stages.expressions import lexicon

ENOUGH = 0.6  # share of the words that a caption must say to fit; captions leave some out
# words that say nothing which a caption could confirm
_EMPTY = frozenset(["be", "have", "wear", "one", "picture", "image", "photo", "corner", "side"])
_ASIDE = frozenset(lexicon.DIRECTION_WORDS) | lexicon.IMAGE | lexicon.SIDE_NOUNS | lists.SIZE_WORDS | lists.SCENES
_DEPTH = frozenset("front back background foreground closest nearest furthest farthest".split())  # noqa: SIM905


def suspected(case: Case) -> str:
    """ "several fit", "another fits", or "" where the words, V or P speak for the target.

    Only what can be checked counts: an expression with a relation, a rank or a count never does. A direction speaks for
    what lies further that way, a size for what is larger or smaller.
    """
    best, table = case.best, case.table
    if case.answer is None or best is None or not case.target_area or not table.kept[case.answer]:
        return ""
    if case.types & {"relation", "ordinal", "negation", "part", "no noun"}:
        return ""
    if any(cue.kind in ("middle", "clock", "ordinal") for cue in case.parse.cues):
        return ""
    smaller = max(1, min(int(case.areas[case.answer]), case.target_area))
    if case.intersections[case.answer] > DISJOINT * smaller:
        return ""
    if not all(scores[case.answer] >= scores[case.good].max() for scores in (table.v, table.p)):
        return ""
    said, head = content_of(case.parse), case.parse.head.lemma.lower() if case.parse.head else ""
    answer, target = confirmed(case, case.answer), confirmed(case, best)
    if len(answer) < ENOUGH * max(1, len(said)) or (head and head not in answer):
        return ""
    fits_better = len(answer) == len(said) and _further_out(case, case.answer, best)
    if len(target) >= len(answer):
        return "several fit" if fits_better else ""
    # the caption of the target says another kind of thing, or less of what was said while the answer's says all of it
    other_kind = bool(head) and head not in target and not _is_annotated_as(case, head)
    return "another fits" if other_kind or fits_better else ""


def confirmed(case: Case, row: int) -> set[str]:
    """The words of the expression that the caption of a proposal says too, the head also by a kind of it."""
    caption = set(case.words(row))
    head = case.parse.head.lemma.lower() if case.parse.head else None
    return {
        word
        for word in content_of(case.parse)
        if word in caption or (word == head and any(case.is_a(said, word) for said in caption))
    }


def _is_annotated_as(case: Case, head: str) -> bool:
    """Whether the data set says that its target is what the head names: then a caption that differs is the slip."""
    kind = case.category.lower()
    return bool(kind) and (kind == head or case.is_a(kind, head))


def _further_out(case: Case, answer: int, best: int) -> bool:
    """Whether the answer lies at least as far as the target in every named direction, and fits a named size better."""
    places = [case.towards(direction) for direction in case.gold.get("directions", case.parse.directions)]
    if any(place[answer] < place[best] for place in places):
        return False
    said = set(case.parse.text.lower().split())
    if said & _DEPTH:
        return False
    if "size" in case.types:
        return bool(case.areas[answer] >= case.areas[best]) != bool(said & lists.SMALL)
    return True


def content_of(parse: Parse) -> list[str]:
    """The lemmas of the expression that a caption can confirm: nouns and adjectives, places and sizes aside."""
    return [
        token.lemma.lower()
        for token in parse.tokens
        if token.pos in ("NOUN", "PROPN", "ADJ") and not {token.lemma.lower(), token.text.lower()} & (_ASIDE | _EMPTY)
    ]
