"""A direction as a set of candidates: the half of all centres (paper) or the better of its quadrants (suoych/TAS)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tasnb.stages.spatial.scene import AXIS, AXIS_NAMES, BEFORE, SIDES, Scene, Step, verdict

EMPTY_MASK = "an empty mask has no centre"


def median_half(directions: Sequence[str], words: str, scene: Scene) -> Step:
    """The paper's rule: the intersection of the named halves of all centres (section 3.4)."""
    inside = scene.placed.copy()
    for direction in directions:
        inside &= scene.half(direction)
    where = " and ".join(_side(direction, scene) for direction in directions)
    count = int(inside.sum())
    has, stay = (
        ("has its centre", "it stays a candidate") if count == 1 else ("have their centre", "they stay candidates")
    )
    return Step(
        words=words,
        inside=inside,
        finding=f"{count} of {len(scene)} proposals {has} {where}" + (f"; {stay}" if count else ""),
        verdicts=tuple(_half_verdict(index, directions, scene) for index in range(len(scene))),
    )


def quadrant(directions: Sequence[str], words: str, scene: Scene) -> Step:
    """The authors' rule: of the half's two quadrants the one that holds the best total, the later one in a tie.

    Two directions name the quadrant. Where a sentence says both, left goes before right and top before bottom.
    Raises ValueError when a half has to be decided and there are no totals.
    """
    across = next((d for d in ("left", "right") if d in directions), None)
    down = next((d for d in ("top", "bottom") if d in directions), None)
    options = [(v, h) for h in ("left", "right") for v in ("top", "bottom") if h == (across or h) and v == (down or v)]
    members = [scene.half(v) & scene.half(h) for v, h in options]
    chosen, why = 0, ""
    if len(options) == 2:
        if scene.totals is None:
            raise ValueError('half="quadrants" picks the better of two quadrants; pass totals, the S of each proposal')
        best = [scene.totals[inside].max(initial=-np.inf) for inside in members]
        chosen = 0 if best[0] > best[1] else 1
        if best[chosen] > -np.inf:
            why = f", as it holds the better S of the half's two ({best[chosen]:.3f})"
    inside = members[chosen]
    return Step(
        words=words,
        inside=inside,
        finding=f"{inside.sum()} of {len(scene)} proposals lie in the {' '.join(options[chosen])} quadrant{why}",
        verdicts=tuple(_quadrant_verdict(index, bool(inside[index]), scene) for index in range(len(scene))),
    )


def _side(direction: str, scene: Scene) -> str:
    axis = AXIS[direction]
    side = SIDES[axis][0] if direction in BEFORE else f"{SIDES[axis][1]} or on"
    return f"{side} the median {AXIS_NAMES[axis]} = {scene.medians_xy[axis]:.1f}"


def _half_verdict(index: int, directions: Sequence[str], scene: Scene) -> str:
    if not scene.placed[index]:
        return verdict(False, EMPTY_MASK)
    missed = [d for d in directions if not scene.half(d)[index]]
    facts = dict.fromkeys(_place(index, AXIS[d], scene) for d in (missed or directions))
    return verdict(not missed, f"its centre {' and '.join(facts)}")


def _place(index: int, axis: int, scene: Scene) -> str:
    value, median = scene.centres_xy[index, axis], scene.medians_xy[axis]
    if value == median:
        return f"{AXIS_NAMES[axis]} = {value:.1f} is on the median, and a tie goes {('right', 'to the bottom')[axis]}"
    return f"{AXIS_NAMES[axis]} = {value:.1f} is {SIDES[axis][int(value > median)]} the median {median:.1f}"


def _quadrant_verdict(index: int, inside: bool, scene: Scene) -> str:
    if not scene.placed[index]:
        return verdict(False, EMPTY_MASK)
    x, y = scene.centres_xy[index]
    own = " ".join(d for d in ("top", "bottom", "left", "right") if scene.half(d)[index])
    return verdict(inside, f"its centre ({x:.1f}, {y:.1f}) lies in the {own} quadrant")
