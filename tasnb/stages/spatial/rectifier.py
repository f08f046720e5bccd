"""``rectify``: the halves, then the extended rectifier's cues, or the soft prior, each with its sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Integer

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.types import Cue, Direction, Parse, RectifierTrace, Relation
from tasnb.stages.spatial import cues, halves
from tasnb.stages.spatial.prior import READS, soft_prior
from tasnb.stages.spatial.scene import Scene, Step


@dataclass(frozen=True, kw_only=True)
class RectifierRule:
    """How a direction becomes a set of candidates.

    Parameters
    ----------
    half : str
        "median", all centres on that side of the median of centres (paper, section 3.4); "quadrants", the one of the
        half's two quadrants that holds the best total (suoych/TAS); or "soft", no half: all stay, and S gets a prior
        that falls with the rank (``prior``, ours).
    centres : str
        "float" means, or "int" truncated (suoych/TAS).
    extended : bool
        Also middle, extremes, ordinals, sizes, clock positions, relations (ours, off by default); "soft" does not ask.
    strength : float
        Of the soft prior, in standard deviations of V from the first of a queue to the last; chosen on RefToy's train
        scenes. The hard halves do not ask.
    reads : sequence of str
        Which kinds of words the soft prior reads, of ``prior.READS``.

    Raises
    ------
    ValueError
        For another choice.
    """

    half: halves.Half | Literal["soft"] = "median"
    centres: Literal["float", "int"] = "float"
    extended: bool = False
    strength: float = 3.0
    reads: Sequence[str] = READS

    def __post_init__(self) -> None:
        require_known("half", self.half, ("median", "quadrants", "soft"))
        require_known("centres", self.centres, ("float", "int"))
        if not np.isfinite(self.strength):
            raise UserError(f"strength: expected a finite number, got {self.strength}")
        for kind in self.reads:
            require_known("reads", kind, READS)
        object.__setattr__(self, "reads", tuple(self.reads))  # JSON has lists

    @property
    def name(self) -> str:
        """The preset's name, or the options themselves where no preset has them."""
        names = {PAPER: "paper", OFFICIAL: "official", EXTENDED: "extended", SOFT: "soft"}
        more = f", strength={self.strength:g}, reads={'+'.join(self.reads)}" if self.half == "soft" else ""
        return names.get(self, f"half={self.half}, centres={self.centres}, extended={self.extended}{more}")

    def centres_of(self, masks_centroids_xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """The centres that the rule looks at: the masks' centroids, or these truncated to whole pixels.

        Parameters
        ----------
        masks_centroids_xy : ndarray of float, shape (n, 2)
            Pixels, from ``masks.centroids_xy``.

        Returns
        -------
        ndarray of float, shape (n, 2)
            Pixels.
        """
        return np.trunc(masks_centroids_xy) if self.centres == "int" else masks_centroids_xy


PAPER = RectifierRule()
OFFICIAL = RectifierRule(half="quadrants", centres="int")
EXTENDED = RectifierRule(extended=True)
SOFT = RectifierRule(half="soft")

_Narrower = tuple[Direction, ...] | Cue | Relation


def rectify(
    parse: Parse,
    masks_centroids_xy: Float[np.ndarray, "n 2"],
    *,
    rule: RectifierRule = PAPER,
    totals: Float[np.ndarray, " n"] | None = None,
    areas: Integer[np.ndarray, " n"] | None = None,
    object_scores: Mapping[str, np.ndarray] | None = None,
    boxes_xyxy: Integer[np.ndarray, "n 4"] | None = None,
    v: Float[np.ndarray, " n"] | None = None,
) -> tuple[Bool[np.ndarray, " n"], RectifierTrace]:
    """Which proposals stay candidates, and why.

    Parameters
    ----------
    parse : Parse
        The expression's.
    masks_centroids_xy : ndarray of float, shape (n, 2)
        Pixels, from ``masks.centroids_xy``.
    rule : RectifierRule
        The paper's by default.
    totals : ndarray of float, shape (n,), or None
        S; "quadrants" needs it, "extended" counts among the likely subjects with it.
    areas : ndarray of int, shape (n,), or None
        Pixels, for sizes.
    object_scores : mapping of str to ndarray of float, shape (n,), or None
        A relation's phrase -> how much each proposal looks like that thing.
    boxes_xyxy : ndarray of int, shape (n, 4), or None
        Pixels, end exclusive; "soft" reads depth and height from them.
    v : ndarray of float, shape (n,), or None
        V; "soft" takes its unit from it.

    Returns
    -------
    kept : ndarray of bool, shape (n,)
        Who stays.
    trace : RectifierTrace
        What was done, in words, and the prior of a soft rule.

    Raises
    ------
    ValueError
        For lengths that differ, or when "quadrants" lacks the totals.

    Notes
    -----
    left and top are strictly less than the median of the centres; a tie goes right or bottom. Compound directions
    ("top left") intersect their halves. If nobody is inside, all stay, and the trace says so. One proposal is the
    answer. An empty mask has no centre: it does not count in the median, and no direction leaves it in.

    Examples
    --------
    >>> parse = Parse(text="left cat", head=None, directions=("left",), direction_words=("left",))
    >>> kept, trace = rectify(parse, np.array([[10.0, 5.0], [20.0, 5.0], [30.0, 5.0]]))
    >>> kept.tolist()
    [True, False, False]
    >>> trace.sentence
    '"left": 1 of 3 proposals has its centre left of the median x = 20.0; it stays a candidate.'
    >>> trace.verdicts[1]
    'out: its centre x = 20.0 is on the median, and a tie goes right'
    """
    centres = rule.centres_of(masks_centroids_xy)
    scene = Scene(
        centres_xy=centres, totals=totals, areas=areas, object_scores=object_scores or {}, boxes_xyxy=boxes_xyxy, v=v
    )
    kept, verdicts = np.ones(len(scene), dtype=bool), ["stays"] * len(scene)
    nothing_to_do, no_direction = _nothing_to_do(scene), "Nothing says where the subject is, so all proposals stay."
    if rule.half == "soft":
        prior, sentences, verdicts = soft_prior(parse, scene, strength=rule.strength, reads=rule.reads)
        trace = _trace(parse, rule, kept, sentences or [nothing_to_do or no_direction], verdicts)
        return kept, replace(trace, prior=prior, applied=bool(np.ptp(prior) > 0) if len(prior) else False)
    narrowers = _narrowers(parse, rule)
    if nothing_to_do or not narrowers:
        return kept, _trace(parse, rule, kept, [nothing_to_do or no_direction], verdicts)
    sentences = []
    for narrower in narrowers:
        step = _narrow(narrower, kept, parse, scene, rule)
        if step.inside is not None and not (kept & step.inside).any():
            step = Step(words=step.words, inside=None, finding=f"no candidate is there ({step.finding}), so all stay")
        sentences.append(step.sentence)
        if step.inside is not None:
            for index in np.flatnonzero(kept):
                verdicts[index] = step.verdicts[index]
            kept = kept & step.inside
    return kept, _trace(parse, rule, kept, sentences, verdicts)


def candidate_regions(
    directions: Sequence[str], centres_xy: Float[np.ndarray, "n 2"], *, rule: RectifierRule = PAPER
) -> tuple[Bool[np.ndarray, " n"], ...]:
    """What ``rectify`` leaves of n proposals by their directions alone, without its words, which cost far more.

    Parameters
    ----------
    directions : sequence of str
        Of "left", "right", "top" and "bottom"; may be empty.
    centres_xy : ndarray of float, shape (n, 2)
        Pixels, from ``rule.centres_of``; NaN for an empty mask.
    rule : RectifierRule
        Whose halves; its ``extended`` is not looked at.

    Returns
    -------
    tuple of ndarray of bool, shape (n,)
        One set of candidates, all of them where the directions narrow nothing; or the half's two quadrants, one of
        which is taken when S is known (``winning_region``).
    """
    scene = Scene(centres_xy=centres_xy)
    if rule.half == "soft" or not directions or _nothing_to_do(scene):
        return (np.ones(len(scene), dtype=bool),)
    found = tuple(halves.regions(directions, scene, rule.half).values())
    return found if np.any(found) else (np.ones(len(scene), dtype=bool),)


def _nothing_to_do(scene: Scene) -> str:
    """Why no rule is asked, or "" when one is."""
    if len(scene) == 0:
        return "There is no proposal to rectify."
    if len(scene) == 1:
        return "There is one proposal: it is the answer wherever it lies."
    return "" if scene.placed.any() else "Every mask is empty and has no centre, so all stay."


def _narrowers(parse: Parse, rule: RectifierRule) -> list[_Narrower]:
    """What the rule reads in the expression, in the order in which it applies."""
    if not rule.extended:
        return [parse.directions] if parse.directions else []
    # "leftmost" and "second from left" say more than "left": the half would only spoil the counting
    counted = {cues.direction_in(cue.value) for cue in parse.cues if cue.kind in ("extreme", "ordinal")}
    directions = tuple(d for d in parse.directions if d not in counted)
    # the parser may list a relation both as a relation and as a cue: it counts once
    others = tuple(cue for cue in parse.cues if cue.kind != "relation" or not parse.relations)
    return [*([directions] if directions else []), *parse.relations, *cues.in_order(others)]


def _narrow(narrower: _Narrower, kept: np.ndarray, parse: Parse, scene: Scene, rule: RectifierRule) -> Step:
    if isinstance(narrower, Relation):
        return cues.relate(narrower, kept, scene)
    if isinstance(narrower, Cue):
        return cues.apply(narrower, kept, parse, scene)
    said = dict(zip(parse.directions, parse.direction_words, strict=False))
    words = " ".join(dict.fromkeys(said.get(direction, direction) for direction in narrower))
    half = halves.median_half if rule.half == "median" else halves.quadrant
    return half(narrower, words, scene)


def _trace(
    parse: Parse, rule: RectifierRule, kept: np.ndarray, sentences: list[str], verdicts: list[str]
) -> RectifierTrace:
    return RectifierTrace(
        rule=rule.name,
        directions=parse.directions,
        applied=not kept.all(),
        sentence=" ".join(sentences),
        verdicts=tuple(verdicts),
    )
