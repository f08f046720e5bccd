"""One stage's result replaced by its ideal, and the stored scores ranked again: no model, only arrays.

Every function takes a ``Case`` and gives the row that would be chosen, or None where the question does not arise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tasnb.analysis.annotation_noise import SIDES, confirmed, words_of
from tasnb.analysis.causes import INSIDE, NEAR_MISS
from tasnb.analysis.evidence import Case
from tasnb.core.types import DIRECTIONS, Cue, Direction, Parse
from tasnb.stages import spatial
from tasnb.stages.spatial import EXTENDED

_IDEAL = 2.0  # more than the difference of two cosines can be, times any weight in use


def choose(total: np.ndarray, kept: np.ndarray) -> int | None:
    """The kept row with the largest S, the earlier one in a tie; None where none is kept."""
    if not kept.any():
        return None
    return int(np.argmax(np.where(kept, total, -np.inf)))


def is_right(case: Case, row: int | None) -> bool:
    """Whether this row reaches the threshold."""
    return row is not None and bool(case.ious[row] >= case.threshold)


def granularity(case: Case) -> str:
    """ "contains", "part", or "" where the answer is another thing."""
    if case.answer is None or case.target_area == 0 or case.areas[case.answer] == 0:
        return ""
    shared = case.intersections[case.answer]
    if not len(case.good) and case.ious[case.answer] < NEAR_MISS:
        return ""  # a scrap of the target where nothing good was proposed: that is the lack of a proposal
    if shared >= INSIDE * case.target_area:
        return "contains"
    return "part" if shared >= INSIDE * case.areas[case.answer] else ""


# language


def language_fault(case: Case) -> str:
    """ "no noun", "head", "direction", "head and direction"; "" where the parse is as gold, or gold is unknown."""
    if case.parse.head is None:
        return "no noun"
    if not case.gold:
        return ""
    head = str(case.gold.get("head", ""))
    lemma = case.parse.head.lemma.lower()
    wrong_head = bool(head) and lemma not in (head.lower(), head.lower().split()[-1])
    wrong_place = "directions" in case.gold and set(case.gold["directions"]) != set(case.parse.directions)
    named = [name for name, wrong in (("head", wrong_head), ("direction", wrong_place)) if wrong]
    return " and ".join(named)


def with_gold_parse(case: Case) -> int | None:
    """The answer when head and directions are the gold ones. Without gold, no phrase that names the target is kept."""
    total, parse = case.total, case.parse
    head = str(case.gold.get("head", ""))
    if head:
        kept = [p["kept"] or _dropped_for_another(p, case, head) for p in case.phrases]
        kept = [keep and p["lemma"].lower() not in _heads(head) for keep, p in zip(kept, case.phrases, strict=True)]
        total = total_with(case, np.array(kept, dtype=bool))
    elif case.parse.head is None:
        total = total_with(case, kept_phrases(case) & ~naming_the_target(case))
    if "directions" in case.gold:
        gold: tuple[Direction, ...] = tuple(d for d in DIRECTIONS if d in case.gold["directions"])
        parse = replace(parse, directions=gold, direction_words=gold)
    # what the parse and gold agree on was done already, by the run's own rectifier
    same_place = set(parse.directions) == set(case.parse.directions)
    return choose(total, case.kept if same_place else rectified(case, parse, total))


def _heads(head: str) -> set[str]:
    return {head.lower(), head.lower().split()[-1]}


def _dropped_for_another(phrase: dict[str, object], case: Case, head: str) -> bool:
    """Dropped because it names the parse's head, which is not the gold one; a repeat stays dropped."""
    if case.parse.head is None or case.parse.head.lemma.lower() in _heads(head):
        return False
    return not phrase["kept"] and "already counted" not in str(phrase.get("reason", ""))


# the rectifier


def rectified(case: Case, parse: Parse, total: np.ndarray, *, extended: bool = False) -> np.ndarray:
    """What the run's rectifier, or the extended one, keeps for this parse: bool (n,)."""
    rule = EXTENDED if extended else case.rule
    kept, _ = spatial.rectify(parse, case.centres_xy, rule=rule, totals=total, areas=case.areas)
    return np.asarray(kept)


def excludes_the_target(case: Case) -> bool:
    """Whether every good proposal was taken out."""
    return bool(len(case.good)) and not case.kept[case.good].any()


def on_the_other_side(case: Case) -> bool:
    """Whether the best good proposal lies, seen from the middle of all centres, opposite to a named direction."""
    placed = case.centres_xy[np.isfinite(case.centres_xy).all(axis=1)]
    if not len(case.good) or not len(placed) or not case.parse.directions:
        return False
    middle = (placed.min(axis=0) + placed.max(axis=0)) / 2
    best = case.centres_xy[case.good[np.argmax(case.ious[case.good])]]
    return any(sign * (best[axis] - middle[axis]) < 0 for axis, sign in map(SIDES.__getitem__, case.parse.directions))


def with_the_target_kept(case: Case) -> int | None:
    """The answer when the rectifier leaves the good proposals in as well."""
    kept = case.kept.copy()
    kept[case.good] = True
    return choose(case.total, kept)


def with_the_place_read(case: Case) -> int | None:
    """The answer of the extended rectifier, a plain direction read as the utmost of the likely subjects.

    None where the expression names no place.
    """
    cues = tuple(c for c in case.parse.cues if c.kind in ("middle", "extreme", "ordinal", "clock"))
    counted = {c.kind for c in cues}
    if "ordinal" not in counted and "extreme" not in counted:
        cues += tuple(Cue(kind="extreme", value=d, words=d) for d in case.parse.directions)
    if not cues:
        return None
    parse = replace(case.parse, cues=cues, relations=())
    return choose(case.total, rectified(case, parse, case.total, extended=True))


# negatives, captions, appearance


def kept_phrases(case: Case) -> np.ndarray:
    """Which phrases are negatives: bool (k,)."""
    return np.array([bool(p["kept"]) for p in case.phrases], dtype=bool)


def naming_the_target(case: Case) -> np.ndarray:
    """Which phrases name the target: bool (k,).

    The good proposals hold the crop that is nearest to the phrase, and either the phrase's noun is the head or the
    kind of the target, or a good proposal's caption says that noun.
    """
    named = np.zeros(len(case.phrases), dtype=bool)
    if not len(case.good) or case.cosines.shape[1] != len(case.phrases):
        return named
    heads = {case.category.lower(), str(case.gold.get("head", "")).lower()} - {""}
    heads |= {case.parse.head.lemma.lower()} if case.parse.head else set()
    said = set().union(*(words_of(case.captions[row]) for row in case.good))
    for column, phrase in enumerate(case.phrases):
        nearest = case.cosines[:, column].max()
        ours = case.cosines[case.good, column].max()
        named[column] = ours >= nearest and phrase["lemma"].lower() in heads | said
    return named


def total_with(case: Case, kept: np.ndarray) -> np.ndarray:
    """S with N averaged over these phrases: (n,). No phrase: N is 0, as in ``scores.n_score``."""
    if len(case.phrases) == 0 or case.cosines.shape[1] != len(kept) or np.array_equal(kept, kept_phrases(case)):
        return case.total
    n = -case.cosines[:, kept].mean(axis=1) if kept.any() else np.zeros(len(case.v))
    return case.v + case.weights.alpha * case.p + case.weights.lam * n


def without_naming_negatives(case: Case) -> int | None:
    """The answer when no negative names the target; None where none does."""
    kept = kept_phrases(case)
    bad = kept & naming_the_target(case)
    return choose(total_with(case, kept & ~bad), case.kept) if bad.any() else None


def without_captions(case: Case) -> int | None:
    """The answer when P does not count."""
    return choose(case.total - case.weights.alpha * case.p, case.kept)


def with_captions_exchanged(case: Case) -> int | None:
    """The answer when the captions of answer and target change places; None where the words give no reason to.

    The answer's caption says more of the expression than the target's, and P follows it.
    """
    if case.answer is None or not len(case.good):
        return None
    best = int(case.good[np.argmax(case.ious[case.good])])
    if case.p[case.answer] <= case.p[best] or not confirmed(case, case.answer) > confirmed(case, best):
        return None
    p = case.p.copy()
    p[[case.answer, best]] = p[[best, case.answer]]
    return choose(case.total + case.weights.alpha * (p - case.p), case.kept)


def with_ideal_v(case: Case) -> int | None:
    """The answer when the crop of the best good proposal looks more like the expression than any other."""
    if not len(case.good):
        return None
    best = int(case.good[np.argmax(case.ious[case.good])])
    total = case.total.copy()
    total[best] += _IDEAL
    return choose(total, case.kept)


def for_the_target(case: Case) -> int:
    """How many of V, P and N put a kept good proposal above the answer."""
    good = case.good[case.kept[case.good]] if len(case.good) else case.good
    if case.answer is None or not len(good):
        return 0
    return sum(bool(scores[good].max() > scores[case.answer]) for scores in (case.v, case.p, case.n))


def same_kind(case: Case) -> bool:
    """Whether the caption of what was chosen names the head of the expression, or the kind of the target."""
    if case.answer is None:
        return False
    kinds = {case.category.lower()} - {""}
    kinds |= {case.parse.head.lemma.lower()} if case.parse.head else set()
    return bool(kinds & words_of(case.captions[case.answer]))
