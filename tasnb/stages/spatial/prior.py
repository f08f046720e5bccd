"""The soft spatial prior: how well each proposal's place fits the words, as a number that is added to S (ours).

In place of a half that takes proposals out, every place in the expression gives each proposal -1/2 to 1/2 by its rank
among them all, so that the outermost gains most and nobody is lost. No weight is learned; docs/method.md says where the
strength was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tasnb.core.types import Cue, NegativePhrase, NounPhrase, Parse, Relation
from tasnb.stages.spatial import cues
from tasnb.stages.spatial.scene import AXIS, BEFORE, SIDES, Scene, Step, unused

READS = ("direction", "middle", "ordinal", "depth", "size", "relation")
# what a size is measured by, and whether more of it fits better
SIZES: Mapping[str, tuple[str, int]] = {
    "biggest": ("area", 1), "big": ("area", 1), "smallest": ("area", -1), "small": ("area", -1),
    "tallest": ("height", 1), "tall": ("height", 1), "shortest": ("height", -1), "short": ("height", -1),
    "longest": ("longer side", 1), "long": ("longer side", 1),
    "widest": ("width", 1), "wide": ("width", 1), "thinnest": ("width", -1), "thin": ("width", -1),
}  # fmt: skip
NEAR_THE_VIEWER = {"front": True, "nearest": True, "back": False, "farthest": False}
CELLS = 24  # of a map of the prior, along the picture's longer side
LOCATED = 0.5  # on the right side of a thing that was found, or not: as much as half the queue
NEARNESS = ("next to", "near", "against", "in front of", "behind")


@dataclass(frozen=True, kw_only=True, eq=False)
class Term:
    """What one phrase of the expression gives every proposal.

    Parameters
    ----------
    words : str
        The phrase.
    values : ndarray of float, shape (n,)
        -1/2 to 1/2.
    finding : str
        By what, for all proposals.
    reasons : tuple of str
        For each proposal.
    """

    words: str
    values: Float[np.ndarray, " n"]
    finding: str
    reasons: tuple[str, ...]


def soft_prior(
    parse: Parse, scene: Scene, *, strength: float, reads: Sequence[str] = READS
) -> tuple[Float[np.ndarray, " n"], list[str], list[str]]:
    """The prior of every proposal, and why in words.

    Parameters
    ----------
    parse : Parse
        The expression's.
    scene : Scene
        The proposals: centres; boxes for depth and sizes, areas for sizes, object scores for relations, V for the unit.
    strength : float
        What lies between the first and the last of a queue, in standard deviations of V over the proposals, so that
        one strength serves every encoder; without V, or where it is the same for all, in units of 1.
    reads : sequence of str
        Of ``READS``: which kinds of words count.

    Returns
    -------
    prior : ndarray of float, shape (n,)
        To be added to S; 0 for all where nothing is said, or there is one proposal.
    sentences : list of str
        One a phrase that says something, or says why it was not used.
    verdicts : list of str
        One a proposal ("+0.120: number 1 of 9 from the left").

    Examples
    --------
    >>> parse = Parse(text="left cat", head=None, directions=("left",), direction_words=("left",))
    >>> scene = Scene(centres_xy=np.array([[10.0, 5.0], [20.0, 5.0], [30.0, 5.0]]))
    >>> prior, sentences, verdicts = soft_prior(parse, scene, strength=3.0)
    >>> prior.tolist()
    [1.5, 0.0, -1.5]
    >>> verdicts[0]
    '+1.500: number 1 of 3 from the left'
    """
    found = list(_terms(parse, scene, reads)) if len(scene) > 1 and scene.placed.any() else []
    terms = [term for term in found if isinstance(term, Term)]
    prior = np.zeros(len(scene))
    for term in terms:
        prior = prior + strength * scene.unit * term.values
    sentences = [f'"{term.words}": {term.finding}.' for term in found]
    verdicts = [
        f"{value:+.3f}: {'; '.join(term.reasons[index] for term in terms)}" if terms else "+0.000"
        for index, value in enumerate(prior)
    ]
    return prior, sentences, verdicts


def _terms(parse: Parse, scene: Scene, reads: Sequence[str]) -> Iterator[Term | Step]:
    said = dict(zip(parse.directions, parse.direction_words, strict=False))
    for cue in parse.cues:  # an extreme whose direction the parser did not claim
        if cue.kind == "extreme" and (side := cues.direction_in(cue.value)):
            said.setdefault(side, cue.words)
    if "direction" in reads:
        for side, words in said.items():
            yield _queue(words, _along(side, scene), f"from the {side}", scene)
    for cue in parse.cues:
        if cue.kind not in reads:
            continue
        if cue.kind == "middle":
            across = bool({"left", "right"} & set(said))
            yield _middle(cue.words, 1 if across else 0, scene)
        elif cue.kind == "ordinal":
            yield _ordinal(cue, scene)
        elif cue.kind == "depth":
            yield _depth(cue.words, NEAR_THE_VIEWER.get(cue.value), scene)
        elif cue.kind == "size":
            yield _size(cue, scene)
    if "relation" in reads:
        said_by = {cue.value for cue in parse.cues if cue.kind == "relation"}
        relations = [relation for relation in parse.relations if f"{relation.word} {relation.lemma}" in said_by]
        if between := [relation for relation in relations if relation.word == "between"]:
            yield _between(between, scene)
        for relation in relations:
            if relation.word != "between":
                yield from _relation(relation, scene)


def _along(side: str, scene: Scene) -> np.ndarray:
    """How far each centre lies from a side of the picture, or each bottom edge from the front or the back: pixels."""
    if side in NEAR_THE_VIEWER:
        assert scene.boxes_xyxy is not None
        return scene.boxes_xyxy[:, 3].astype(np.float64) * (-1 if NEAR_THE_VIEWER[side] else 1)
    return scene.centres_xy[:, AXIS[side]] * (1 if side in BEFORE else -1)


def _queue(words: str, place: np.ndarray, where: str, scene: Scene) -> Term:
    """1/2 for the least of the places, -1/2 for the largest; equal ones share; an empty mask has none and is last."""
    here = np.where(scene.placed, place, np.inf)
    known = here[scene.placed]
    before = (known < here[:, None]).sum(axis=1)
    ties = np.where(scene.placed, (known == here[:, None]).sum(axis=1), 1)
    last = max(len(known) - 1, 1)
    rank = np.where(scene.placed, before + (ties - 1) / 2, last) if len(known) > 1 else np.full(len(here), last / 2)
    reasons = tuple(
        f"number {ahead + 1} of {len(known)} {where}" if placed else "an empty mask has no place"
        for ahead, placed in zip(before, scene.placed, strict=True)
    )
    return Term(words=words, values=0.5 - rank / last, finding=f"proposals are ranked {where}", reasons=reasons)


def _middle(words: str, axis: int, scene: Scene) -> Term:
    """By the distance from the middle of the queue along an axis, so that as many lie on either side."""
    rank = _queue(words, scene.centres_xy[:, axis], "", scene).values
    where = f"from the middle {'across' if axis == 0 else 'down'} the picture"
    return _queue(words, np.abs(rank).round(9), where, scene)


def _ordinal(cue: Cue, scene: Scene) -> Term | Step:
    """By how far the count of proposals before it is from the one said; each counts as much as it is like the text."""
    side, number = cue.value.rpartition(" ")[2], cues.number_in(cue.value)
    known = side in AXIS or (side in NEAR_THE_VIEWER and scene.boxes_xyxy is not None)
    if not known or number is None:
        return unused(cue.words, f"not used, expected a count and a side, got {cue.value!r}")
    place = np.where(scene.placed, _along(side, scene), np.inf)
    if number == cues.LAST:
        place, number = np.where(scene.placed, -_along(side, scene), np.inf), 1
    before = ((place < place[:, None]) * scene.likeness).sum(axis=1)
    apart = np.abs(before - (number - 1)).round(9)
    return _queue(cue.words, apart, f"by nearness to place {number} from the {side}", scene)


def _depth(words: str, front: bool | None, scene: Scene) -> Term | Step:
    """What is nearer stands lower in the picture: by the bottom edge of the box."""
    if scene.boxes_xyxy is None or front is None:
        return unused(words, "not used, no boxes were given" if front is not None else "not used, says no depth")
    edge = f"by the {'lowest' if front else 'highest'} bottom edge"
    return _queue(words, _along("front" if front else "back", scene), edge, scene)


def _size(cue: Cue, scene: Scene) -> Term | Step:
    """By what the word is about: the mask's area, the box's height, width or longer side."""
    if cue.value not in SIZES:
        return unused(cue.words, f"not used, {cue.value!r} is none of {', '.join(SIZES)}")
    measure, sign = SIZES[cue.value]
    if measure == "area" and scene.areas is not None:
        sizes = np.asarray(scene.areas, np.float64)
    elif measure != "area" and scene.boxes_xyxy is not None:
        width, height = (scene.boxes_xyxy[:, 2:] - scene.boxes_xyxy[:, :2]).T.astype(np.float64)
        sizes = {"height": height, "width": width, "longer side": np.maximum(width, height)}[measure]
    else:
        return unused(cue.words, f"not used, no {'areas' if measure == 'area' else 'boxes'} were given")
    return _queue(cue.words, -sign * sizes, f"by {measure}, the {'largest' if sign > 0 else 'smallest'} first", scene)


def _between(relations: Sequence[Relation], scene: Scene) -> Term:
    """By nearness to the middle of the two things where both are found, to the one that is, else to the picture's."""
    words = f"between {' and '.join(relation.phrase for relation in relations)}"
    found = {relation.phrase: scene.most_like(relation.phrase) for relation in relations}
    anchors = list(dict.fromkeys(anchor for anchor in found.values() if anchor is not None))
    if not anchors:
        return _middle(words, 0, scene)
    apart = np.hypot(*(scene.centres_xy - scene.centres_xy[anchors].mean(axis=0)).T)
    apart[anchors] = np.inf  # they are the other things themselves
    things = " and ".join(f'proposal {row}, most like "{phrase}"' for phrase, row in found.items() if row is not None)
    return _queue(words, apart, f"by nearness to {'the middle of ' if len(anchors) > 1 else ''}{things}", scene)


def _relation(relation: Relation, scene: Scene) -> Iterator[Term | Step]:
    """A side of another thing as that side of the picture, and, where the thing is found, whether it is that side."""
    words, word = f"{relation.word} {relation.phrase}", relation.word.lower()
    side = next((d for d, form in cues.RELATION_FORMS.items() if form.search(word)), None)
    anchor = scene.most_like(relation.phrase)
    if side is not None:
        yield _queue(words, _along(side, scene), f"from the {side}", scene)
        if anchor is not None:
            yield _beside(words, side, anchor, relation, scene)
    if word in ("in front of", "behind"):
        yield _depth(words, word == "in front of", scene)
    if word in NEARNESS and anchor is not None:
        apart = np.hypot(*(scene.centres_xy - scene.centres_xy[anchor]).T)
        apart[anchor] = np.inf  # it is the other thing itself
        yield _queue(words, apart, f'by nearness to proposal {anchor}, which is most like "{relation.phrase}"', scene)
    elif side is None and word not in ("in front of", "behind"):
        why = "centres tell no such relation" if word not in NEARNESS else f'nothing says which is "{relation.phrase}"'
        yield unused(words, f"not used, {why}")


def _beside(words: str, side: str, anchor: int, relation: Relation, scene: Scene) -> Term:
    place = _along(side, scene)
    inside = scene.placed & (place < place[anchor])
    where = f'{SIDES[AXIS[side]][side not in BEFORE]} proposal {anchor}, which is most like "{relation.phrase}"'
    return Term(
        words=words,
        values=np.where(inside, LOCATED, -LOCATED),
        finding=f"{int(inside.sum())} of {len(inside)} proposals are {where}",
        reasons=tuple(f"{'' if yes else 'not '}{where.split(',')[0]}" for yes in inside),
    )


def field(
    parse: Parse, scene: Scene, size_hw: tuple[int, int], *, reads: Sequence[str] = READS
) -> Float[np.ndarray, "rows columns"]:
    """The prior as a map of the picture: what a further proposal with its centre there would get.

    Parameters
    ----------
    parse : Parse
        The expression's.
    scene : Scene
        The proposals; centres, object scores and V count.
    size_hw : tuple of int
        Height and width of the picture.
    reads : sequence of str
        Of ``READS``; sizes and depths are no places in the picture and count nowhere.

    Returns
    -------
    ndarray of float, shape (rows, columns)
        Of ``CELLS`` cells along the longer side, each at its middle, in units of strength 1 and V's spread; 0
        everywhere where no place is said.
    """
    height, width = size_hw
    side = max(height, width, 1) / CELLS
    rows, columns = max(round(height / side), 1), max(round(width / side), 1)
    found = np.zeros((rows, columns))
    likeness = {phrase: np.append(scores, -np.inf) for phrase, scores in scene.object_scores.items()}
    # as much like the text as the best: an ordinal does not count the further one itself
    v = None if scene.v is None or not len(scene) else np.append(scene.v, scene.v.max())
    for row, column in np.ndindex(found.shape):
        here = [[(column + 0.5) * width / columns, (row + 0.5) * height / rows]]
        more = Scene(centres_xy=np.concatenate([scene.centres_xy, here]), object_scores=likeness, v=v)
        found[row, column] = sum(term.values[-1] for term in _terms(parse, more, reads) if isinstance(term, Term))
    return found


def object_scores(
    parse: Parse, phrases: Sequence[NounPhrase | NegativePhrase], cosines: Float[np.ndarray, "n k"]
) -> dict[str, Float[np.ndarray, " n"]]:
    """How much each proposal looks like the other things of the relations, where the overall caption names them.

    Parameters
    ----------
    parse : Parse
        The expression's.
    phrases : sequence of NounPhrase or NegativePhrase
        The k noun phrases of the overall caption.
    cosines : ndarray of float, shape (n, k)
        Of each crop with each phrase.

    Returns
    -------
    dict of str to ndarray of float, shape (n,)
        A relation's phrase -> the cosines with the same phrase, else the largest with any of that noun.
    """
    found = {}
    for relation in parse.relations:
        named = [k for k, phrase in enumerate(phrases) if phrase.lemma.lower() == relation.lemma]
        if named := [k for k in named if phrases[k].text == relation.phrase] or named:
            found[relation.phrase] = cosines[:, named].max(axis=1)
    return found
