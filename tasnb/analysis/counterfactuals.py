"""One stage's result replaced by its ideal, and the stored scores ranked again: no model, only arrays.

``CURES`` has a function a cause, in the order of ``causes.CAUSES``: from a failed ``Case`` to what the cure gives, or
None where its question does not arise. ``switches`` are the changes that a reader of one case can try.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tasnb.analysis import annotation_noise
from tasnb.analysis.causes import CAUSES, GRID, INSIDE, NEAR_MISS
from tasnb.analysis.evidence import Case
from tasnb.core.types import DIRECTIONS, Cue, Parse, Weights, combine
from tasnb.stages import spatial
from tasnb.stages.spatial import EXTENDED

ANNOTATED = -1  # in place of a row: the annotated mask itself is the answer
_IDEAL = 2.0  # more than the difference of two cosines can be, times any weight in use
_POINTS = [Weights(alpha=alpha, lam=lam) for alpha, lam in GRID]
_PLACES = ("middle", "extreme", "ordinal", "clock")


@dataclass(frozen=True, kw_only=True)
class Cured:
    """What a cure gives. row: chosen then, None for none, or ANNOTATED. detail: a key of ``causes.DETAILS``, or "".

    words: of the phrase, caption or weights concerned. faulty: wrong in itself, whether or not the cure suffices.
    """

    row: int | None
    detail: str = ""
    words: str = ""
    faulty: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Switch:
    """One change that can be tried. row: the proposal that it chooses, None for none. changed: field of the score
    table ("n", "kept", "prior", "weights") -> its new value."""

    name: str
    words: str
    row: int | None
    changed: Mapping[str, Any] = field(default_factory=dict)


def chosen(case: Case, **changed: Any) -> int | None:
    """The row with the largest S once these fields of the score table are replaced."""
    return replace(case.table, **changed).best


def no_proposal(case: Case) -> Cured | None:
    if len(case.good) or _cut(case):
        return None
    return Cured(row=ANNOTATED, detail="all wrong" if len(case.ious) else "nothing")


def granularity(case: Case) -> Cured | None:
    said = _cut(case)
    return Cured(row=ANNOTATED if case.best is None else case.best, detail=said) if said else None


def language(case: Case) -> Cured | None:
    fault = _language_fault(case)
    return Cured(row=_with_gold_parse(case), detail=fault, faulty=True) if fault else None


def annotation(case: Case) -> Cured | None:
    noise = annotation_noise.suspected(case)
    return Cured(row=ANNOTATED, detail=noise, words=_caption(case)) if noise else None


def rectifier(case: Case) -> Cured | None:
    """The good proposals stay as well; of a soft rectifier, its prior does not count."""
    table = case.table
    if _excludes_the_target(case):
        row = chosen(case, kept=table.kept | case.right)
        said = "wrong way" if _on_the_other_side(case) else "excluded"
    elif _prior_against_the_target(case):
        row, said = chosen(case, prior=None), "wrong way" if _on_the_other_side(case) else "outweighed"
    else:
        return None
    parse = case.parse  # the extended rectifier has more to read than directions
    read = parse.directions or [cue.words for cue in parse.cues] or [f"{r.word} {r.phrase}" for r in parse.relations]
    return Cured(row=row, detail=said, words=" ".join(read), faulty=said != "outweighed")


def negative(case: Case) -> Cured | None:
    """No negative names the target."""
    bad = _bad_negatives(case)
    if not bad.any():
        return None
    return Cured(row=chosen(case, n=_n_of(case, _kept_phrases(case) & ~bad)), words=_named(case, bad))


def caption(case: Case) -> Cured | None:
    """P does not count; where that does not help, the captions of answer and target change places.

    They do where the answer's caption says more of the expression than the target's, and P follows it.
    """
    if case.answer is None:
        return None
    row = chosen(case, weights=replace(case.table.weights, alpha=0.0))
    if not case.is_right(row) and (p := _captions_exchanged(case, case.answer)) is not None:
        row = chosen(case, p=p)
    return Cured(row=row, words=_caption(case))


def place(case: Case) -> Cured | None:
    """The extended rectifier, a plain direction read as the utmost of the likely subjects."""
    cues = tuple(cue for cue in case.parse.cues if cue.kind in _PLACES)
    if {cue.kind for cue in cues}.isdisjoint(("ordinal", "extreme")):
        cues += tuple(Cue(kind="extreme", value=d, words=d) for d in case.parse.directions)
    if not cues or _excludes_the_target(case):
        return None
    parse, total = replace(case.parse, cues=cues, relations=()), case.table.total
    kept, _ = spatial.rectify(parse, case.centres_xy, rule=EXTENDED, totals=total, areas=case.areas)
    said = " ".join(cue.words for cue in case.parse.cues) or " ".join(case.parse.directions)
    detail = "did not fire" if case.table.kept.all() else "too coarse"
    if case.table.prior_decides:
        detail = "too weak"
    return Cured(row=chosen(case, kept=kept), detail=detail, words=said)


def weights(case: Case) -> Cured | None:
    """The point of the grid nearest to the weights used that chooses right."""
    if (found := nearest_right(case)) is None:
        return None
    point, row = found
    return Cured(row=row, words=f"alpha {point.alpha:g}, lambda {point.lam:g}")


def appearance(case: Case) -> Cured | None:
    """The crop of the best good proposal looks more like the expression than any other."""
    if case.answer is None or case.best is None:
        return None
    row = chosen(case, v=case.table.v + _IDEAL * (np.arange(len(case.table)) == case.best))
    same_kind = not case.heads.isdisjoint(case.words(case.answer))
    return Cured(row=row, detail="same kind" if same_kind else "other kind", words=_caption(case))


_IN_ORDER = (no_proposal, granularity, language, annotation, rectifier, negative, caption, place, weights, appearance)
CURES: Mapping[str, Callable[[Case], Cured | None]] = dict(zip(CAUSES, _IN_ORDER, strict=True))


def for_the_target(case: Case) -> int:
    """How many of V, P and N put a kept good proposal above the answer."""
    good = np.flatnonzero(case.right & case.table.kept)
    if case.answer is None or not len(good):
        return 0
    return sum(bool(s[good].max() > s[case.answer]) for s in (case.table.v, case.table.p, case.table.n))


def nearest_right(case: Case) -> tuple[Weights, int] | None:
    """The point of GRID nearest to the weights in use that chooses right, and its row; None where none does."""
    table, used = case.table, case.table.weights
    if case.answer is None or not len(case.good):
        return None
    totals = combine(table.v, table.p, table.n, _POINTS, table.prior)
    kept = table.kept
    if case.rule.half == "quadrants":  # S decides which of them is left
        kept = np.stack([_rectified(case, case.parse, total)["kept"] for total in totals])
    rows = np.where(kept, totals, -np.inf).argmax(axis=1)
    right = [(point, int(row)) for point, row in zip(_POINTS, rows, strict=True) if case.right[row]]
    return min(right, key=lambda it: abs(it[0].alpha - used.alpha) + abs(it[0].lam - used.lam), default=None)


def switches(case: Case) -> list[Switch]:
    """What a reader of one case can try, right or wrong; what changes nothing in question is left out."""
    if case.answer is None:
        return []
    table, found = case.table, list[Switch]()

    def add(name: str, words: str, **changed: Any) -> None:
        found.append(Switch(name=name, words=words, row=chosen(case, **changed), changed=changed))

    if not table.kept.all():
        add("no rectifier", "ignore the rectifier", kept=np.ones(len(table), dtype=bool))
        add("thrown out", "only the masks that the rectifier threw out", kept=~table.kept)
    if table.prior_decides:
        add("no rectifier", "ignore the rectifier's prior", prior=None)
    if _is_another_direction(case):
        said = " ".join(case.gold["directions"]) or "none"
        changed = _rectified(case, _gold_directions(case), table.total)
        add("gold direction", f"the direction that people mean: {said}", **changed)
    if (bad := _bad_negatives(case)).any():
        n = _n_of(case, _kept_phrases(case) & ~bad)
        add("negative", f"without the negative that names the target: {_named(case, bad)}", n=n)
    add("no P", "P off: captions do not count", weights=replace(table.weights, alpha=0.0))
    if (best := nearest_right(case)) is not None and not case.is_right(case.answer):
        point = best[0]
        said = f"weights that choose right: alpha {point.alpha:g}, lambda {point.lam:g}"
        found.append(Switch(name="weights", words=said, row=best[1], changed={"weights": point}))
    return found


def _caption(case: Case) -> str:
    return case.captions[case.answer] if case.answer is not None else ""


def _captions_exchanged(case: Case, answer: int) -> np.ndarray | None:
    """P once the captions of answer and target change places; None where the words give no reason to."""
    best, p = case.best, case.table.p.copy()
    if best is None or p[answer] <= p[best]:
        return None
    if not annotation_noise.confirmed(case, answer) > annotation_noise.confirmed(case, best):
        return None
    p[[answer, best]] = p[[best, answer]]
    return p


def _cut(case: Case) -> str:
    """ "contains", "part", or "" where the answer is another thing."""
    if case.answer is None or case.target_area == 0 or case.areas[case.answer] == 0:
        return ""
    shared = case.intersections[case.answer]
    if not len(case.good) and case.ious[case.answer] < NEAR_MISS:
        return ""  # a scrap of the target where nothing good was proposed: that is the lack of a proposal
    if shared >= INSIDE * case.target_area:
        return "contains"
    return "part" if shared >= INSIDE * case.areas[case.answer] else ""


def _language_fault(case: Case) -> str:
    """ "no noun", "head", "direction", "head and direction"; "" where the parse is as gold, or gold is unknown."""
    if case.parse.head is None:
        return "no noun"
    wrong_head = bool(case.gold_head) and case.parse.head.lemma.lower() not in _heads(case.gold_head)
    named = [name for name, wrong in (("head", wrong_head), ("direction", _is_another_direction(case))) if wrong]
    return " and ".join(named)


def _with_gold_parse(case: Case) -> int | None:
    """The answer when head and directions are the gold ones. Without gold, no phrase that names the target is kept."""
    table, kept = case.table, _kept_phrases(case)
    if case.gold_head:
        heads = _heads(case.gold_head)
        wrong_head = case.parse.head is not None and case.parse.head.lemma.lower() not in heads
        # dropped because it names the parse's head, which is not the gold one; a repeat stays dropped
        again = [wrong_head and "already counted" not in phrase.reason for phrase in case.phrases]
        others = [phrase.lemma.lower() not in heads for phrase in case.phrases]
        kept = (kept | np.array(again, dtype=bool)) & np.array(others, dtype=bool)
    elif case.parse.head is None:
        kept &= ~_naming_the_target(case)
    table = replace(table, n=_n_of(case, kept))
    # what the parse and gold agree on was done already, by the run's own rectifier
    if _is_another_direction(case):
        table = replace(table, **_rectified(case, _gold_directions(case), table.total))
    return table.best


def _heads(head: str) -> set[str]:
    return {head, head.split()[-1]}


def _is_another_direction(case: Case) -> bool:
    return "directions" in case.gold and set(case.gold["directions"]) != set(case.parse.directions)


def _gold_directions(case: Case) -> Parse:
    gold = tuple(direction for direction in DIRECTIONS if direction in case.gold["directions"])
    return replace(case.parse, directions=gold, direction_words=gold)


def _rectified(case: Case, parse: Parse, total: np.ndarray) -> dict[str, Any]:
    """What the run's rectifier keeps for this parse and this S, bool (n,), or the prior that it adds, float (n,)."""
    is_soft, phrases = case.rule.half == "soft", case.phrases
    located = is_soft and case.cosines.shape[1] == len(phrases)
    kept, trace = spatial.rectify(
        parse,
        case.centres_xy,
        rule=case.rule,
        totals=total,
        areas=case.areas,
        boxes_xyxy=case.boxes_xyxy,
        v=case.table.v,
        object_scores=spatial.object_scores(parse, phrases, case.cosines) if located else None,
    )
    return {"prior": trace.prior} if is_soft else {"kept": np.asarray(kept)}


def _excludes_the_target(case: Case) -> bool:
    """Whether every good proposal was taken out."""
    return bool(len(case.good)) and not (case.table.kept & case.right).any()


def _prior_against_the_target(case: Case) -> bool:
    """Whether the prior of the answer is larger than that of every good proposal."""
    prior, answer = case.table.prior, case.answer
    return prior is not None and answer is not None and len(case.good) > 0 and prior[answer] > prior[case.good].max()


def _on_the_other_side(case: Case) -> bool:
    """Whether the best good proposal lies, seen from the middle of all centres, opposite to a named direction."""
    places = [case.towards(direction) for direction in case.parse.directions]
    return any(at[case.best] < (np.nanmin(at) + np.nanmax(at)) / 2 for at in places)


def _kept_phrases(case: Case) -> np.ndarray:
    """Which phrases are negatives: bool (k,)."""
    return np.array([phrase.kept for phrase in case.phrases], dtype=bool)


def _naming_the_target(case: Case) -> np.ndarray:
    """Which phrases name the target: bool (k,).

    The good proposals hold the crop that is nearest to the phrase, and either the phrase's noun is the head or the
    kind of the target, or a good proposal's caption says that noun.
    """
    if not len(case.good) or case.cosines.shape[1] != len(case.phrases):
        return np.zeros(len(case.phrases), dtype=bool)
    said = case.heads.union({case.gold_head} - {""}, *(case.words(row) for row in case.good))
    ours = case.cosines[case.good].max(axis=0) >= case.cosines.max(axis=0)
    return ours & np.array([phrase.lemma.lower() in said for phrase in case.phrases], dtype=bool)


def _bad_negatives(case: Case) -> np.ndarray:
    """Which negatives name the target: bool (k,)."""
    return _kept_phrases(case) & _naming_the_target(case)


def _named(case: Case, which: np.ndarray) -> str:
    return ", ".join(phrase.text for phrase, named in zip(case.phrases, which, strict=True) if named)


def _n_of(case: Case, kept: np.ndarray) -> np.ndarray:
    """N averaged over these phrases: (n,). No phrase: N is 0, as in ``scores.n_score``."""
    if not len(case.phrases) or case.cosines.shape[1] != len(kept) or np.array_equal(kept, _kept_phrases(case)):
        return case.table.n
    return -case.cosines[:, kept].mean(axis=1) if kept.any() else np.zeros(len(case.table))
