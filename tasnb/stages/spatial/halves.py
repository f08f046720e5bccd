"""A direction as a set of candidates: the half of all centres (paper) or the better of its quadrants (suoych/TAS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from tasnb.core.errors import UserError
from tasnb.stages.spatial.scene import AXIS, AXIS_NAMES, BEFORE, SIDES, Scene, Step, verdict

Half = Literal["median", "quadrants"]

EMPTY_MASK = "an empty mask has no centre"


def regions(directions: Sequence[str], scene: Scene, half: Half) -> dict[tuple[str, ...], Bool[np.ndarray, " n"]]:
    """The regions that directions may mean, each by its borders, and who is inside.

    Parameters
    ----------
    directions : sequence of str
        At least one of "left", "right", "top" and "bottom".
    scene : Scene
        The proposals.
    half : str
        "median": the one intersection of the named halves (paper, section 3.4). "quadrants" (suoych/TAS): the half's
        two, between which S decides (``winning_region``), or the one that two directions name; where a sentence says
        both, left goes before right and top before bottom.

    Returns
    -------
    dict of tuple of str to ndarray of bool, shape (n,)
        Borders -> who is inside.
    """
    if half == "median":
        return {tuple(directions): np.logical_and.reduce([scene.placed, *(scene.half(d) for d in directions)])}
    across = next((d for d in ("left", "right") if d in directions), None)
    down = next((d for d in ("top", "bottom") if d in directions), None)
    return {
        (v, h): scene.half(v) & scene.half(h)
        for h in ([across] if across else ["left", "right"])
        for v in ([down] if down else ["top", "bottom"])
    }


def winning_region(best: Float[np.ndarray, "k ..."]) -> Int[np.ndarray, "*s"]:
    """Which of k regions is taken: the one that holds the largest S; a tie takes the later one.

    Parameters
    ----------
    best : ndarray of float, shape (k, ...)
        The largest S in each region, -inf for an empty one; behind the first axis any number of samples.

    Returns
    -------
    ndarray of int, shape (...)
        0 to k - 1.
    """
    return np.asarray(len(best) - 1 - np.argmax(best[::-1], axis=0))


def median_half(directions: Sequence[str], words: str, scene: Scene) -> Step:
    """The paper's rule: the intersection of the named halves of all centres (section 3.4).

    Parameters
    ----------
    directions : sequence of str
        At least one.
    words : str
        What says them.
    scene : Scene
        The proposals.

    Returns
    -------
    Step
        Who is inside, with its words.
    """
    (inside,) = regions(directions, scene, "median").values()
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

    Parameters
    ----------
    directions, words, scene
        As in ``median_half``.

    Returns
    -------
    Step
        Who is inside, with its words.

    Raises
    ------
    ValueError
        When a half has to be decided and there are no totals.
    """
    found = regions(directions, scene, "quadrants")
    (borders, inside), why = next(iter(found.items())), ""
    if len(found) > 1:
        if scene.totals is None:
            raise UserError('half="quadrants" picks the better of two quadrants; pass totals, the S of each proposal')
        best = np.array([scene.totals[each].max(initial=-np.inf) for each in found.values()])
        borders, inside = list(found.items())[int(winning_region(best))]
        if inside.any():
            why = f", as it holds the better S of the half's two ({best.max():.3f})"
    return Step(
        words=words,
        inside=inside,
        finding=f"{inside.sum()} of {len(scene)} proposals lie in the {' '.join(borders)} quadrant{why}",
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
