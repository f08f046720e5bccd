"""Captions name what is visible, in known words."""

from __future__ import annotations

import random

import pytest
from toyworld.captions import MAX_WORDS, scene_caption, thing_caption, vocabulary
from toyworld.compose import compose
from toyworld.grammar import STYLES, expressions
from toyworld.words import plural
from toyworld.world import COLOURS, Scene, Thing


def thing(kind: str, colour: str, height: float = 50, **more: object) -> Thing:
    return Thing(kind=kind, colour=colour, x=100, y=200, height=height, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("drawn", "plain"),
    [
        (thing("man", "red", pattern="striped", hat="blue"), "a man in a red striped shirt and a blue hat"),
        (thing("woman", "orange"), "a woman in an orange dress"),
        (thing("dog", "brown", pattern="spotted", size="big"), "a spotted brown dog"),
        (thing("umbrella", "orange"), "an orange umbrella"),
    ],
)
def test_the_plain_caption_is_canonical(drawn: Thing, plain: str) -> None:
    assert thing_caption(drawn, random.Random(0), plain=True) == plain


def test_a_caption_names_no_colour_that_is_not_there() -> None:
    rng = random.Random(0)
    for seed in range(60):
        scene = compose(3_100_000 + seed)
        for t in scene.things:
            for _ in range(4):
                caption = thing_caption(t, rng, background=scene.background)
                assert (set(caption.split()) & set(COLOURS)) <= {t.colour, t.hat}, caption


def test_a_scene_caption_counts_and_orders_by_size() -> None:
    dogs = (thing("dog", "white"), thing("dog", "white"))
    scene = Scene(seed=0, background="beach", things=(*dogs, thing("man", "red", 130), thing("apple", "green", 20)))
    assert scene_caption(scene) == "a man in a red shirt, two white dogs and a green apple on the beach"


def test_scene_captions_stay_short() -> None:
    for seed in range(100):
        caption = scene_caption(compose(3_200_000 + seed))
        assert 3 < len(caption.replace(",", "").split()) <= MAX_WORDS


def test_the_vocabulary_holds_every_word() -> None:
    words, rng = set(vocabulary()), random.Random(1)
    for seed in range(40):
        scene = compose(3_300_000 + seed)
        texts = [scene_caption(scene).replace(",", "")]
        texts += [thing_caption(t, rng, background=scene.background) for t in scene.things]
        texts += [e.text for s in STYLES for e in expressions(scene, 0, style=s, rng=rng)]  # type: ignore[arg-type]
        unknown = {w for text in texts for w in text.split()} - words
        assert not unknown


@pytest.mark.parametrize(
    ("noun", "many"),
    [
        ("bunny", "bunnies"),
        ("bus", "buses"),
        ("man", "men"),
        ("sheep", "sheep"),
        ("teddy bear", "teddy bears"),
        ("toy", "toys"),
    ],
)
def test_plurals(noun: str, many: str) -> None:
    assert plural(noun) == many
