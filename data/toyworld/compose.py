"""Plausible random scenes: depth by y, groups of the same kind, and nothing hidden beyond recognition."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool

from toyworld.render import sprite
from toyworld.world import BACKGROUNDS, KINDS, SCENE_SIZE, Kind, Scene, Size, Thing

Focus = Literal["any", "people", "things"]

SIZES: dict[Size, float] = {"small": 0.75, "medium": 1.0, "big": 1.3}
NEAR_Y, FAR_Y = 250.0, 125.0  # foot lines of the nearest and the farthest things
BEACH_FAR_Y = 141.0  # behind it is the sea
NEAR_FACTOR, FAR_FACTOR = 1.15, 0.70  # how depth scales a thing
GROUP_SHARE = 0.75  # scenes with 2-3 things of one kind
TWIN_SHARE = 0.30  # groups identical but for place
CUT_SHARE = 0.10  # scenes in which a thing may be cut off a little by the frame
MIN_VISIBLE_SHARE, MIN_VISIBLE_PIXELS = 0.45, 350
_GRID = 2  # visibility is checked on a grid of every second pixel
_SLACK = (0.07, 90)  # kept on top of the minima, because the check is approximate

_PEOPLE = 1.8  # people are drawn more often than other kinds: photographs of the real sets are full of them

# what a background makes more likely or rules out; kept loose on purpose
_LIKES: dict[str, tuple[str, ...]] = {
    "meadow": ("horse", "sheep", "rabbit", "flower", "tent", "kite"),
    "beach": ("umbrella", "ball", "duck", "kite", "banana", "boy", "girl"),
    "street": ("car", "bus", "truck", "house", "dog", "bench", "man", "woman"),
    "snow": ("rabbit", "house", "dog", "box", "boy", "girl"),
    "playground": ("boy", "girl", "ball", "balloon", "teddy", "bench", "cake"),
}
_RULED_OUT: dict[str, tuple[str, ...]] = {
    "meadow": (),
    "beach": ("bus", "sheep"),
    "street": ("sheep", "tent"),
    "snow": ("umbrella", "flower", "duck"),
    "playground": ("bus", "truck"),
}


def depth_factor(y: float) -> float:
    """How much smaller a thing whose feet stand on row ``y`` is drawn."""
    t = (y - FAR_Y) / (NEAR_Y - FAR_Y)
    return FAR_FACTOR + (NEAR_FACTOR - FAR_FACTOR) * float(np.clip(t, 0, 1))


@lru_cache(maxsize=256)
def _silhouette(kind: str, flip: bool) -> tuple[Bool[np.ndarray, "h w"], float, float]:
    """A kind's shape at 100 pixels high: mask, foot column and foot row."""
    thing = Thing(kind=kind, colour=KINDS[kind].colours[0], x=0, y=0, height=100, flip=flip)
    rgba, x0, y0 = sprite(thing)
    return rgba[..., 3] >= 0.5, -float(x0), -float(y0)


def _stamp(thing: Thing) -> tuple[Bool[np.ndarray, "g g"], int]:
    """Which grid cells a thing covers, and how many it would cover in a boundless frame."""
    mask, foot_x, foot_y = _silhouette(thing.kind, thing.flip)
    scale = 100 / thing.height
    centres = np.arange(_GRID / 2, SCENE_SIZE, _GRID)
    cols = np.floor((centres - thing.x) * scale + foot_x).astype(int)
    rows = np.floor((centres - thing.y) * scale + foot_y).astype(int)
    in_c, in_r = (cols >= 0) & (cols < mask.shape[1]), (rows >= 0) & (rows < mask.shape[0])
    grid = np.zeros((len(centres), len(centres)), dtype=bool)
    grid[np.ix_(in_r, in_c)] = mask[np.ix_(rows[in_r], cols[in_c])]
    return grid, int(mask.sum() / scale**2 / _GRID**2)


def _all_visible(stamps: list[tuple[Bool[np.ndarray, "g g"], int]]) -> bool:
    """Whether everything, in painter's order, still shows enough."""
    covered = np.zeros_like(stamps[0][0])
    for grid, own in reversed(stamps):
        seen = int((grid & ~covered).sum())
        if seen * _GRID**2 < MIN_VISIBLE_PIXELS + _SLACK[1] or seen < (MIN_VISIBLE_SHARE + _SLACK[0]) * own:
            return False
        covered |= grid
    return True


def _choose_kind(rng: np.random.Generator, background: str, among: list[Kind]) -> Kind:
    weights = np.array(
        [
            (k.name not in _RULED_OUT[background])
            * (2.0 if k.name in _LIKES[background] else 1.0)
            * (_PEOPLE if k.family == "person" else 1.0)
            for k in among
        ]
    )
    return among[int(rng.choice(len(among), p=weights / weights.sum()))]


def _new(rng: np.random.Generator, kind: Kind) -> Thing:
    """A thing of this kind with random looks; not yet placed (height is still without depth)."""
    size: Size = ("small", "medium", "medium", "medium", "big")[int(rng.integers(5))]  # type: ignore[assignment]
    pattern = kind.patterns[int(rng.integers(len(kind.patterns)))] if rng.random() < 0.6 else "plain"
    hat = str(rng.choice(KINDS["man"].colours)) if "hat" in kind.wears and rng.random() < 0.4 else None
    return Thing(
        kind=kind.name, colour=str(rng.choice(kind.colours)), x=0, y=0, height=kind.height, size=size,
        pattern=pattern, hat=hat, flip=bool(rng.random() < 0.5), seed=int(rng.integers(1 << 30)),
    )  # fmt: skip


def _looks(thing: Thing) -> tuple[str, ...]:
    return thing.colour, thing.size, thing.pattern, thing.hat or ""


def _group(rng: np.random.Generator, kind: Kind, count: int) -> list[Thing]:
    """Things of one kind: all alike, or each with looks of its own."""
    first = _new(rng, kind)
    members = [first]
    alike = rng.random() < TWIN_SHARE
    while len(members) < count:
        if alike:
            members.append(replace(first, flip=bool(rng.random() < 0.5)))
            continue
        other = _new(rng, kind)
        aspects = ["colour", "size"] + ["hat"] * bool(kind.wears) + ["pattern"] * (len(kind.patterns) > 1)
        if rng.random() < 0.5:  # differ in one aspect only
            aspect = aspects[int(rng.integers(len(aspects)))]
            other = replace(first, **{aspect: getattr(other, aspect)}, seed=other.seed, flip=other.flip)
            if aspect == "size":
                other = replace(other, size="small" if first.size == "big" else "big")
        if _looks(other) not in {_looks(m) for m in members}:
            members.append(other)
    return members


def _place(rng: np.random.Generator, thing: Thing, slot: float, *, background: str, may_cut: bool) -> Thing | None:
    """Put a thing near a share ``slot`` (0..1) of the width; None where it does not fit the frame."""
    kind = KINDS[thing.kind]
    if kind.flies and rng.random() < 0.8:
        y = float(rng.uniform(62, 150))
        height = kind.height * SIZES[thing.size] * float(rng.uniform(0.85, 1.1))
    else:
        far = BEACH_FAR_Y if background == "beach" else FAR_Y
        y = far + (NEAR_Y - far) * float(rng.random()) ** 1.4  # more of them far: the picture's upper half fills too
        height = kind.height * SIZES[thing.size] * depth_factor(y)
    mask, foot_x, foot_y = _silhouette(thing.kind, thing.flip)
    scale = height / 100
    left, right = foot_x * scale, (mask.shape[1] - foot_x) * scale
    x = float(np.clip(slot, 0, 1)) * SCENE_SIZE + float(rng.normal(0, 14))
    overhang = 0.18 * (left + right) if may_cut else -2.0
    if left + right > SCENE_SIZE or y - foot_y * scale < 2:
        return None
    x = float(np.clip(x, left - overhang, SCENE_SIZE - right + overhang))
    return replace(thing, x=round(x, 2), y=round(y, 2), height=round(height, 2))


def compose(seed: int, *, things: tuple[int, int] = (4, 7), focus: Focus = "any") -> Scene:
    """A random but plausible scene, the same for the same arguments.

    things: fewest and most. focus: whose kind the group of distractors has: any, people, or things (everything else).
    Each thing shows at least 45 % of itself and 350 pixels. Train scenes use seeds from 1,000,000, shipped splits lower
    ones.
    Raises ValueError for an unknown focus or an impossible number of things.
    """
    if focus not in get_args(Focus):
        raise ValueError(f"unknown focus {focus!r}; choose from {', '.join(get_args(Focus))}")
    if not 1 <= things[0] <= things[1] <= 9:
        raise ValueError(f"things is (fewest, most) within 1..9, got {things}")
    rng = np.random.default_rng((seed, get_args(Focus).index(focus)))
    background = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))]
    everything = list(KINDS.values())
    pool = [k for k in everything if focus == "any" or (k.family == "person") == (focus == "people")]
    while True:
        count = int(rng.integers(things[0], things[1] + 1))
        grouped = count >= 2 and rng.random() < GROUP_SHARE
        kind = _choose_kind(rng, background, pool)
        cast = _group(rng, kind, min(int(rng.choice((2, 2, 3))), count) if grouped else 1)
        seen = {kind.name}
        while len(cast) < count:
            other = _choose_kind(rng, background, everything)
            if other.name not in seen or (not grouped and len(seen) > 20):
                seen.add(other.name)
                cast.append(_new(rng, other))
        placed = _arrange(rng, cast, background)
        if placed is not None:
            return Scene(seed=seed, background=background, things=placed, tags=("group",) if grouped else ())


def _arrange(rng: np.random.Generator, cast: list[Thing], background: str) -> tuple[Thing, ...] | None:
    """Place one thing after the other where all stay visible; None when the scene becomes too crowded."""
    may_cut = int(rng.integers(len(cast))) if rng.random() < CUT_SHARE else -1
    slots = (rng.permutation(len(cast)) + 0.5) / len(cast)
    standing: list[tuple[Thing, tuple[Bool[np.ndarray, "g g"], int]]] = []
    for i, thing in enumerate(cast):
        for attempt in range(24):
            slot = slots[i] if attempt < 6 else float(rng.random())
            candidate = _place(rng, thing, slot, background=background, may_cut=i == may_cut)
            if candidate is None:
                continue
            stamp = _stamp(candidate)
            trial = sorted([*standing, (candidate, stamp)], key=lambda entry: entry[0].y)
            if _all_visible([s for _, s in trial]):
                standing = trial
                break
        else:
            return None
    return tuple(thing for thing, _ in standing)
