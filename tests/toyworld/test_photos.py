"""Photos of the toy world: what is named is in the picture, and nothing is cut out unless the regime says so."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from toyworld import pairs
from toyworld.captions import alt_text, salient_caption
from toyworld.photos import NATURAL, WITH_CUTOUTS, Camera, Regime
from toyworld.world import Thing


@pytest.fixture(scope="module")
def drawn() -> tuple[pairs.SceneSet, pairs.Stickers]:
    return pairs.draw_scenes(6, first_seed=pairs.HELD_OUT_SEED), pairs.draw_stickers(12, seed=3)


def camera(drawn: tuple[pairs.SceneSet, pairs.Stickers], regime: Regime = NATURAL, size: int = 64) -> Camera:
    return Camera(*drawn, size=size, regime=regime)


def black(picture: np.ndarray) -> float:
    return float((picture == 0).all(axis=-1).mean())


def test_natural_pictures_hold_no_cutout_and_the_controls_do(drawn: tuple[pairs.SceneSet, pairs.Stickers]) -> None:
    natural = camera(drawn).take(np.random.default_rng(0), 150)
    assert max(black(photo.picture) for photo in natural) < 0.2
    control = camera(drawn, WITH_CUTOUTS).take(np.random.default_rng(0), 150)
    assert 0.35 < np.mean([black(photo.picture) > 0.2 for photo in control]) < 0.6


def test_a_window_names_what_is_mostly_inside(drawn: tuple[pairs.SceneSet, pairs.Stickers]) -> None:
    parks, rng = drawn[0], np.random.default_rng(1)
    for _ in range(30):
        photo = camera(drawn).window(rng)
        scene = next(scene for scene in parks.scenes if set(photo.things) <= set(scene.things))
        assert photo.place == scene.background
        assert 1 <= len(photo.things) <= len(scene.things)
    whole = camera(drawn).scene(rng)
    assert any(set(whole.things) == set(scene.things) for scene in parks.scenes)


def test_a_frame_holds_its_subject(drawn: tuple[pairs.SceneSet, pairs.Stickers]) -> None:
    rng = np.random.default_rng(2)
    for _ in range(30):
        photo = camera(drawn).frame(rng)
        assert photo.subject is not None
        assert photo.subject.kind in photo.plain_caption()


@pytest.mark.parametrize("letterboxed", [0.0, 1.0])
def test_close_ups_are_square_and_padded_only_where_asked(
    letterboxed: float, drawn: tuple[pairs.SceneSet, pairs.Stickers]
) -> None:
    taker = camera(drawn, replace(NATURAL, letterboxed=letterboxed, coarse=0.5))
    rng = np.random.default_rng(3)
    padded = [black(taker.close_up(rng).picture) > 0.1 for _ in range(40)]
    assert any(padded) == bool(letterboxed)


def test_what_stands_out_is_named_first_and_not_everything() -> None:
    things = [
        Thing(kind=k, colour=c, x=0, y=0, height=50) for k, c in (("dog", "white"), ("car", "red"), ("dog", "white"))
    ]
    more = [
        *things,
        Thing(kind="apple", colour="green", x=0, y=0, height=20),
        Thing(kind="cake", colour="pink", x=0, y=0, height=20),
    ]
    assert salient_caption(things, place="beach") == "two white dogs and a red car on the beach"
    assert salient_caption(more) == "two white dogs, a red car and a green apple"


def test_an_alt_text_names_one_to_three_of_the_things() -> None:
    rng = random.Random(0)
    things = [Thing(kind=k, colour="red", x=0, y=0, height=50) for k in ("ball", "umbrella", "flower", "bench")]
    counts = {alt_text(things, rng).count(" and ") + alt_text(things, rng).count(",") for _ in range(60)}
    assert counts <= {0, 1, 2}
    assert {alt_text(things[:1], rng, place="beach").endswith("on the beach") for _ in range(5)} == {True}
