"""What only the extended rectifier reads: middle, extremes, ordinals, sizes, clock positions, relations.

Ours, in no paper: off by default and never mixed into the paper's numbers (docs/method.md). A cue that cannot be
read, or lacks what it needs, narrows nothing and says so.
"""

from __future__ import annotations

import re

import numpy as np

from tasnb.core.types import DIRECTIONS, Cue, Direction, Parse, Relation
from tasnb.stages.spatial.scene import AXIS, AXIS_NAMES, BEFORE, SIDES, Scene, Step, unused, verdict

ORDER = ("clock", "middle", "size", "ordinal", "extreme")  # regions first, then the one that is picked in them
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
LAST = -1
# by area, whatever is compared
SIZE_SIGN = {
    "biggest": 1, "largest": 1, "tallest": 1, "longest": 1, "widest": 1, "smallest": -1, "littlest": -1, "tiniest": -1,
    "shortest": -1, "thinnest": -1,
}  # fmt: skip
CLOCK_HALF_WIDTH = 1.5  # hours either side of the one named: a quarter of the dial
RELATION_FORMS = {
    "left": re.compile(r"\bleft\b"),
    "right": re.compile(r"\bright\b"),
    "top": re.compile(r"\b(above|over|on top)\b"),
    "bottom": re.compile(r"\b(below|under|underneath|beneath)\b"),
}


def in_order(cues: tuple[Cue, ...]) -> list[Cue]:
    """Cues as they are applied.

    Parameters
    ----------
    cues : tuple of Cue
        In any order.

    Returns
    -------
    list of Cue
        A kind that this module does not know comes last.
    """
    return sorted(cues, key=lambda cue: ORDER.index(cue.kind) if cue.kind in ORDER else len(ORDER))


def direction_in(value: str) -> Direction | None:
    """The direction that a cue's value names.

    Parameters
    ----------
    value : str
        Such as "second from left".

    Returns
    -------
    str or None
        Such as "left".
    """
    return next((d for d in DIRECTIONS if re.search(rf"\b{d}", value)), None)


def apply(cue: Cue, kept: np.ndarray, parse: Parse, scene: Scene) -> Step:
    """One cue on the candidates that are left.

    Parameters
    ----------
    cue : Cue
        What is said.
    kept : ndarray of bool, shape (n,)
        The candidates that are left.
    parse : Parse
        The expression's.
    scene : Scene
        The proposals.

    Returns
    -------
    Step
        Who is inside, with its words; or why it was not used.
    """
    here = kept & scene.placed
    if cue.kind == "middle":
        return _middle(cue, here, parse, scene)
    if cue.kind == "clock":
        return _clock(cue, here, scene)
    if cue.kind == "size":
        return _size(cue, here, scene)
    if cue.kind in ("extreme", "ordinal"):
        return _counted(cue, here, scene)
    return unused(cue.words, f'not used, "{cue.value}" is a {cue.kind} and cannot be read from the masks')


def relate(relation: Relation, kept: np.ndarray, scene: Scene) -> Step:
    """A relation to another thing: the candidate's centre against that of the proposal most like the thing.

    Parameters
    ----------
    relation : Relation
        What is said.
    kept : ndarray of bool, shape (n,)
        The candidates that are left.
    scene : Scene
        The proposals.

    Returns
    -------
    Step
        Who is inside, with its words; or why it was not used.
    """
    words = f"{relation.word} {relation.phrase}"
    side = next((d for d, form in RELATION_FORMS.items() if form.search(relation.word.lower())), None)
    if side is None:
        return unused(words, "relation not used, centres only tell left of, right of, above and below")
    anchor = scene.most_like(relation.phrase)
    if anchor is None:
        return unused(words, f'relation not used, no score says which proposal is "{relation.phrase}"')
    place = scene.centres_xy[:, AXIS[side]] - scene.centres_xy[anchor, AXIS[side]]
    inside = kept & ((place < 0) if side in BEFORE else (place > 0))
    sides = SIDES[AXIS[side]]
    where = f'{sides[side not in BEFORE]} proposal {anchor}, which is most like "{relation.phrase}"'
    return _narrowed(words, inside, where)


def _middle(cue: Cue, here: np.ndarray, parse: Parse, scene: Scene) -> Step:
    """The middle third of the centres: across the picture, or of its height when a side is named ("middle left")."""
    axis = 1 if {"left", "right"} & set(parse.directions) else 0
    low, high = np.quantile(scene.centres_xy[scene.placed, axis], [1 / 3, 2 / 3])
    values = scene.centres_xy[:, axis]
    where = f"in the middle third of the centres, {AXIS_NAMES[axis]} from {low:.1f} to {high:.1f}"
    return _narrowed(cue.words, here & (values >= low) & (values <= high), where)


def _clock(cue: Cue, here: np.ndarray, scene: Scene) -> Step:
    """Within 1.5 hours of the named one, on a dial whose centre is the median of the centres."""
    if not (cue.value.isdigit() and 1 <= int(cue.value) <= 12):
        return unused(cue.words, f"not used, expected an hour from 1 to 12, got {cue.value!r}")
    right, down = (scene.centres_xy - scene.medians_xy).T
    hours = np.degrees(np.arctan2(right, -down)) / 30
    apart = np.abs((hours - int(cue.value) + 6) % 12 - 6)
    inside = here & (apart <= CLOCK_HALF_WIDTH) & (np.hypot(right, down) > 0)
    return _narrowed(cue.words, inside, f"within {CLOCK_HALF_WIDTH} hours of {cue.value} o'clock")


def _size(cue: Cue, here: np.ndarray, scene: Scene) -> Step:
    """The largest or smallest area among the likely subjects; equal ones all stay."""
    sign = SIZE_SIGN.get(cue.value)
    if sign is None or scene.areas is None:
        missing = "no areas were given" if sign else f"{cue.value!r} is none of {', '.join(SIZE_SIGN)}"
        return unused(cue.words, f"not used, {missing}")
    peers, among = _peers(here, scene)
    sizes = sign * scene.areas.astype(np.int64)
    inside = peers & (sizes == sizes[peers].max(initial=np.iinfo(np.int64).min))
    return _narrowed(cue.words, inside, f"the {cue.value} {among}")


def _counted(cue: Cue, here: np.ndarray, scene: Scene) -> Step:
    """The extreme, or the k-th from a side, among the likely subjects; those at one place all stay."""
    direction = direction_in(cue.value)
    number = 1 if cue.kind == "extreme" else number_in(cue.value)
    if direction is None or number is None:
        return unused(cue.words, f"not used, expected a count and a side, got {cue.value!r}")
    peers, among = _peers(here, scene)
    place = scene.centres_xy[:, AXIS[direction]] * (1 if direction in BEFORE else -1)
    queue = np.unique(place[peers])
    number = len(queue) if number == LAST else number
    if not 1 <= number <= len(queue):
        return unused(cue.words, f"not used, there are only {len(queue)} {among}")
    return _narrowed(cue.words, peers & (place == queue[number - 1]), f"number {number} from the {direction} {among}")


def number_in(value: str) -> int | None:
    """The count that an ordinal's value names.

    Parameters
    ----------
    value : str
        Such as "second from left".

    Returns
    -------
    int or None
        From 1; ``LAST`` for the last one.
    """
    word = value.split()[0] if value.split() else ""
    if word == "last":
        return LAST
    if word in ORDINALS:
        return ORDINALS.index(word) + 1
    digits = re.match(r"[1-9]\d*", word)
    return int(digits.group()) if digits else None


def _peers(here: np.ndarray, scene: Scene) -> tuple[np.ndarray, str]:
    """The likely subjects: candidates whose S is at least half-way from the median to the best.

    Without it "leftmost dog" would be whatever scrap lies leftmost. Without totals all candidates count.
    """
    if scene.totals is None or not here.any():
        return here, "among the candidates"
    totals = scene.totals[here]
    peers = here & (scene.totals >= (np.median(totals) + totals.max()) / 2)
    return peers, f"among the {peers.sum()} likely subjects"


def _narrowed(words: str, inside: np.ndarray, where: str) -> Step:
    count = int(inside.sum())
    return Step(
        words=words,
        inside=inside,
        finding=f"{count} of {len(inside)} proposals {'is' if count == 1 else 'are'} {where}",
        verdicts=tuple(verdict(bool(yes), f"{'' if yes else 'not '}{where}") for yes in inside),
    )
