"""Random scenes keep their promises."""

from __future__ import annotations

import numpy as np
import pytest
from toyworld.compose import GROUP_SHARE, compose
from toyworld.render import render, sprite
from toyworld.world import BACKGROUNDS, KINDS, Scene

pytestmark = pytest.mark.slow

SEEDS = 200


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [compose(seed) for seed in range(SEEDS)]


def _largest_group(scene: Scene) -> int:
    kinds = [thing.kind for thing in scene.things]
    return max(kinds.count(k) for k in kinds)


def test_the_same_seed_gives_the_same_scene(scenes: list[Scene]) -> None:
    assert compose(7) == scenes[7]
    assert compose(7) != compose(8)
    assert compose(7, focus="people") == compose(7, focus="people")


def test_every_thing_shows_enough_of_itself(scenes: list[Scene]) -> None:
    for scene in scenes:
        visible = render(scene).masks.sum((1, 2))
        for thing, seen in zip(scene.things, visible, strict=True):
            own = (sprite(thing)[0][..., 3] >= 0.5).sum()
            assert seen >= 350, (scene.seed, thing)
            assert seen >= 0.45 * own, (scene.seed, thing)


def test_things_occlude_each_other(scenes: list[Scene]) -> None:
    shares = []
    for scene in scenes[:80]:
        visible = render(scene).masks.sum((1, 2))
        shares += [s / (sprite(t)[0][..., 3] >= 0.5).sum() for t, s in zip(scene.things, visible, strict=True)]
    assert 0.08 < np.mean(np.array(shares) < 0.95) < 0.6


def test_most_scenes_hold_a_group_and_some_groups_are_twins(scenes: list[Scene]) -> None:
    grouped = [s for s in scenes if s.tags == ("group",)]
    assert abs(len(grouped) / SEEDS - GROUP_SHARE) < 0.1
    assert all(2 <= _largest_group(s) <= 3 for s in grouped)
    assert all(_largest_group(s) == 1 for s in scenes if s.tags == ())
    alike = 0
    for scene in grouped:
        kinds = [t.kind for t in scene.things]
        kind = max(kinds, key=kinds.count)
        looks = [(t.colour, t.size, t.pattern, t.hat) for t in scene.things if t.kind == kind]
        assert len(set(looks)) in (1, len(looks)), "members are all alike or all different"
        alike += len(set(looks)) == 1
    assert 0.18 < alike / len(grouped) < 0.42


def test_things_are_in_painters_order_and_spread(scenes: list[Scene]) -> None:
    things = [t for s in scenes for t in s.things]
    for scene in scenes:
        assert 4 <= len(scene.things) <= 7
        ys = [t.y for t in scene.things]
        assert ys == sorted(ys)
    x = np.array([t.x for t in things])
    middle = np.array([t.y - t.height / 2 for t in things])
    assert 0.4 < np.mean(x < 128) < 0.6
    assert np.mean(middle < 128) > 0.25
    assert np.mean(middle > 128) > 0.4
    assert {t.kind for t in things} == set(KINDS)
    assert {s.background for s in scenes} == set(BACKGROUNDS)


def test_sizes_show_when_the_depth_is_the_same(scenes: list[Scene]) -> None:
    by_size: dict[str, list[float]] = {"small": [], "medium": [], "big": []}
    for scene in scenes:
        for t in scene.things:
            if not KINDS[t.kind].flies:
                by_size[t.size].append(t.height / KINDS[t.kind].height)
    small, medium, big = (np.mean(by_size[s]) for s in ("small", "medium", "big"))
    assert small < 0.85 * medium
    assert medium < 0.85 * big


@pytest.mark.parametrize(("focus", "is_person"), [("people", True), ("things", False)])
def test_focus_decides_the_kind_of_the_group(focus: str, is_person: bool) -> None:
    for seed in range(40):
        scene = compose(seed, focus=focus)  # type: ignore[arg-type]
        if scene.tags == ("group",):
            kinds = [t.kind for t in scene.things]
            assert (KINDS[max(kinds, key=kinds.count)].family == "person") == is_person


@pytest.mark.parametrize(
    ("options", "words"),
    [({"focus": "cats"}, "choose from any"), ({"things": (5, 3)}, "fewest"), ({"things": (0, 3)}, "within 1..9")],
)
def test_impossible_options_are_refused(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compose(0, **options)
