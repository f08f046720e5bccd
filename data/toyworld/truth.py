"""What a description is true of: claims checked against the scene, with margins where people would hesitate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from toyworld.render import ARTISTS
from toyworld.words import GARMENTS, SIZE_WORDS, TALL_WORDS, covers
from toyworld.world import KINDS, Scene, Thing

MARGIN = 12.0  # pixels by which an extreme must lead
CLEAR_SIZE = 0.82  # a smaller thing is at most this share of the other's height
SIDES = {"left": (0, 1), "right": (0, -1), "top": (1, 1), "bottom": (1, -1)}  # axis, sign that makes it the least
CORNERS = ("top left", "top right", "bottom left", "bottom right")
PLACES = (*SIDES, *CORNERS, "middle", "front", "back", "second left", "second right")
RELATIONS = ("left of", "right of", "next to", "behind", "in front of", "under")


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Where things appear: centres_xy float (n, 2) and boxes_xyxy float (n, 4) of what is visible, pixels."""

    centres_xy: Float[np.ndarray, "n 2"]
    boxes_xyxy: Float[np.ndarray, "n 4"]

    @classmethod
    def of_masks(cls, masks: Bool[np.ndarray, "n h w"]) -> Layout:
        """From drawn masks, exactly. Raises ValueError for an empty mask."""
        from tasnb.core.masks import boxes_xyxy, centroids_xy

        if not masks.any(axis=(1, 2)).all():
            raise ValueError("every thing of a scene must be visible; got an empty mask")
        return cls(centres_xy=centroids_xy(masks), boxes_xyxy=boxes_xyxy(masks).astype(float))

    @classmethod
    def of_scene(cls, scene: Scene) -> Layout:
        """From the plan alone, without drawing: good to a few pixels, blind to occlusion."""
        boxes = []
        for t in scene.things:
            half = ARTISTS[t.kind][1] * t.height / 100 * 0.9
            boxes.append((t.x - half, t.y - t.height, t.x + half, t.y))
        array = np.clip(np.array(boxes, float).reshape(-1, 4), 0, scene.size)
        return cls(centres_xy=(array[:, :2] + array[:, 2:]) / 2, boxes_xyxy=array)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What an expression says of its thing; an empty field says nothing.

    colour, pattern: a person's shirt or dress, else its own. garment: "shirt", "dress", or "" for "in red".
    hat: a colour, "any" or "none". size: a word of SIZE_WORDS. place: one of PLACES.
    relation: one of RELATIONS, to landmark.
    """

    noun: str
    colour: str = ""
    pattern: str = ""
    garment: str = ""
    hat: str = ""
    size: str = ""
    place: str = ""
    relation: str = ""
    landmark: Claim | None = None


def described(scene: Scene, claim: Claim, layout: Layout | None = None) -> tuple[int, ...]:
    """Indices of the things that a listener may take to be meant; one index: the claim singles it out.

    Attributes and relations select, then size, then place ranks what is left. Empty where a rank is too close to call.
    """
    layout = Layout.of_scene(scene) if layout is None else layout
    among = [i for i, t in enumerate(scene.things) if matches(t, claim)]
    if claim.relation:
        assert claim.landmark is not None
        marks = described(scene, claim.landmark, layout)
        if len(marks) != 1:
            return ()
        among = _related(scene, layout, among, claim.relation, marks[0])
    if claim.size:
        among = _sized(scene, among, claim.size)
    if claim.place:
        among = _placed(scene, layout, among, claim.place)
    return tuple(among)


def holds(scene: Scene, claim: Claim, target: int, layout: Layout | None = None) -> bool:
    """Whether the claim is true of the target and of nothing else in the scene."""
    if described(scene, claim, layout) != (target,):
        return False
    return _worn_as_said(scene.things[target], claim)


def matches(thing: Thing, claim: Claim) -> bool:
    """Whether noun, colour, pattern and hat may be said of a thing, generously: a red hat also makes "in red"."""
    if thing.kind not in covers(claim.noun):
        return False
    person = KINDS[thing.kind].family == "person"
    worn = {thing.colour} | ({thing.hat} if person and thing.hat and not claim.garment else set())
    if claim.colour and claim.colour not in worn:
        return False
    if claim.pattern and claim.pattern != thing.pattern:
        return False
    if claim.hat == "any":
        return thing.hat is not None
    if claim.hat == "none":
        return thing.hat is None
    return not claim.hat or claim.hat == thing.hat


def in_half(layout: Layout, index: int, direction: str) -> bool:
    """Whether a thing's centre lies in that half of all centres; a tie goes right or bottom, as in the rectifier."""
    axis, sign = SIDES[direction]
    values = layout.centres_xy[:, axis]
    before = bool(values[index] < np.median(values))
    return before if sign > 0 else not before


def _worn_as_said(thing: Thing, claim: Claim) -> bool:
    """Strict where ``matches`` is generous: the colour is the garment's own, the garment is what this kind wears."""
    if claim.colour and claim.colour != thing.colour:
        return False
    return not claim.garment or claim.garment == GARMENTS.get(thing.kind)


def _sized(scene: Scene, among: Sequence[int], word: str) -> list[int]:
    end, degree = SIZE_WORDS[word]
    if len(among) < 2:
        fits = degree == "positive" and among and scene.things[among[0]].size == end
        # nobody calls the one man of a picture tall or tiny: there is nothing to judge it by
        return list(among) if fits and word not in (*TALL_WORDS, "tiny") else []
    if degree == "comparative" and len(among) != 2:
        return []
    order = sorted(among, key=lambda i: scene.things[i].height, reverse=end == "big")
    first, second = (scene.things[i] for i in order[:2])
    small, large = (first, second) if end == "small" else (second, first)
    opposite = "big" if end == "small" else "small"
    clear = small.height <= CLEAR_SIZE * large.height and first.size != opposite
    return [order[0]] if clear else []


def _placed(scene: Scene, layout: Layout, among: Sequence[int], place: str) -> list[int]:
    if not among:
        return []
    if place in SIDES:
        return _extreme(layout, among, place)
    if place in CORNERS:
        return _cornered(layout, among, place)
    if place in ("front", "back"):
        return _by_depth(scene, among, nearest=place == "front")
    return _in_order(layout, among, place)


def _extreme(layout: Layout, among: Sequence[int], side: str) -> list[int]:
    axis, sign = SIDES[side]
    values = sign * layout.centres_xy[:, axis]
    order = sorted(among, key=lambda i: values[i])
    if len(order) > 1:
        return order[:1] if values[order[1]] - values[order[0]] >= MARGIN else []
    # alone of its sort: it must really be there
    limit = (118 if axis == 0 else 128) if sign > 0 else -(138 if axis == 0 else 165)
    return order if values[order[0]] < limit and in_half(layout, order[0], side) else []


def _cornered(layout: Layout, among: Sequence[int], corner: str) -> list[int]:
    vertical, across = corner.split()
    inside = [i for i in among if in_half(layout, i, vertical) and in_half(layout, i, across)]
    if len(inside) != 1:
        return []
    x, y = layout.centres_xy[inside[0]]
    there = (x < 112 if across == "left" else x > 144) and (y < 125 if vertical == "top" else y > 165)
    return inside if there else []


def _by_depth(scene: Scene, among: Sequence[int], *, nearest: bool) -> list[int]:
    if len(among) < 2 or any(KINDS[scene.things[i].kind].flies for i in among):
        return []
    order = sorted(among, key=lambda i: scene.things[i].y, reverse=nearest)
    return order[:1] if abs(scene.things[order[0]].y - scene.things[order[1]].y) >= 2 * MARGIN else []


def _in_order(layout: Layout, among: Sequence[int], place: str) -> list[int]:
    xs = layout.centres_xy[:, 0]
    order = sorted(among, key=lambda i: xs[i])
    if len(order) == 1:
        i = order[0]
        flanked = (xs < xs[i] - MARGIN).any() and (xs > xs[i] + MARGIN).any()
        return order if place == "middle" and flanked and abs(xs[i] - 128) < 26 else []
    if len(order) < 3 or min(xs[b] - xs[a] for a, b in pairwise(order)) < MARGIN:
        return []
    if place == "middle":
        return [order[len(order) // 2]] if len(order) % 2 else []
    return [order[1] if place == "second left" else order[-2]]


def _related(scene: Scene, layout: Layout, among: Sequence[int], relation: str, mark: int) -> list[int]:
    """The candidates in that relation to the landmark: clearly so, and nobody else even loosely."""
    others = [i for i in among if i != mark]
    clear = [i for i in others if relates(scene, layout, i, relation, mark, loose=False)]
    loose = [i for i in others if relates(scene, layout, i, relation, mark, loose=True)]
    return clear if clear == loose else []


def relates(scene: Scene, layout: Layout, i: int, relation: str, mark: int, *, loose: bool = False) -> bool:
    """Whether thing i stands in that relation to thing ``mark``: clearly so, or loosely, so that one might say it."""
    (x, _), (mark_x, _) = layout.centres_xy[i], layout.centres_xy[mark]
    a, b = layout.boxes_xyxy[i], layout.boxes_xyxy[mark]
    gap = max(a[0], b[0]) - min(a[2], b[2])  # negative: they overlap from left to right
    nearer = scene.things[i].y - scene.things[mark].y
    if relation in ("left of", "right of"):
        lead = (mark_x - x) if relation == "left of" else (x - mark_x)
        return bool(lead > 0) if loose else bool(lead > 28 and gap > -14 and gap < 90 and abs(nearer) < 60)
    if relation == "next to":
        away = float(np.hypot(max(gap, 0), nearer))
        return away < 62 if loose else away < 26 and gap > -16
    if relation in ("behind", "in front of"):
        if any(KINDS[scene.things[j].kind].flies for j in (i, mark)):
            return False
        lead = -nearer if relation == "behind" else nearer
        touching = min(a[3], b[3]) - max(a[1], b[1])
        share = -gap / max(min(a[2] - a[0], b[2] - b[0]), 1)
        return lead > 0 and gap < 20 if loose else bool(6 < lead < 60 and share > 0.3 and touching > 4)
    if relation == "under":
        if not KINDS[scene.things[mark].kind].flies:
            return False
        below = a[1] - b[3]
        return bool(gap < 25 and below > -30) if loose else bool(abs(x - mark_x) < 26 and 0 < below < 100)
    raise ValueError(f"unknown relation {relation!r}; choose from {', '.join(RELATIONS)}")
