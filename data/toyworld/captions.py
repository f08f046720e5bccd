"""Captions of one thing or of a whole scene, and every word that the toy world's sentences can hold."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from toyworld.words import (
    GARMENTS,
    GROUNDS,
    NUMBERS,
    PATTERN_WORDS,
    PLACE_WORDS,
    POLKA_DOTS,
    POSES,
    SIZE_WORDS,
    article,
    nouns,
    plural,
)  # fmt: skip
from toyworld.world import BACKGROUNDS, COLOURS, KINDS, Scene, Thing

MAX_WORDS = 25
MAX_PHRASES = 4
# where a scene caption ends
ENDINGS = {
    "meadow": "in the grass",
    "beach": "on the beach",
    "street": "on the street",
    "snow": "in the snow",
    "playground": "at the playground",
}
# the rest of the grammar's closed words
_CLOSED = (
    "a", "an", "the", "and", "in", "on", "at", "to", "of", "with", "without", "no", "wearing", "is", "that",
    "which", "who", "next", "near", "beside", "by", "behind", "under", "below", "from", "hat", "picture", "image",
    "photo", "center",
)  # fmt: skip


def thing_caption(thing: Thing, rng: random.Random, *, background: str = "", plain: bool = False) -> str:
    """A caption of one thing: "a man in a red shirt and a blue hat", "kitty", "a brown horse standing in the grass".

    plain: the one canonical form, every attribute that a close-up shows, the kind's own noun, no size.
    background: one of BACKGROUNDS, so that a caption may say where; any other text says nothing.
    """
    if plain:
        return _with_article(_canonical(thing))
    noun = thing.kind
    if rng.random() < 0.3 and len(nouns(thing.kind)) > 1:
        noun = rng.choice(nouns(thing.kind)[1:])[0]
    core = _person(thing, noun, rng) if thing.kind in GARMENTS else _object(thing, noun, rng)
    short = rng.random() < 0.25
    if background in BACKGROUNDS and not short and rng.random() < 0.3:
        pose = rng.choice(POSES[thing.kind])
        where = " ".join(rng.choice(GROUNDS[background]))
        if pose in ("flying", "floating"):
            core = f"{core} {pose}"
        else:
            core = f"{core} {pose} {where}" if rng.random() < 0.6 else f"{core} {where}"
    if short:
        return core.replace(" a ", " ").replace(" an ", " ") if rng.random() < 0.7 else core
    return f"the {core}" if rng.random() < 0.06 else _with_article(core)


def scene_caption(scene: Scene) -> str:
    """One sentence naming the main things, the biggest first: "a man in a red shirt and two dogs on the beach".

    At most MAX_PHRASES noun phrases and MAX_WORDS words; deterministic.
    """
    ranked = sorted(_grouped(scene.things), key=lambda things: -sum(t.height**1.5 for t in things))
    phrases: list[str] = []
    for things in ranked[:MAX_PHRASES]:
        tried = [*phrases, _counted(things)]
        if len(_joined(tried, scene.background).replace(",", "").split()) > MAX_WORDS:
            break
        phrases = tried
    return _joined(phrases, scene.background)


def salient_caption(things: Sequence[Thing], *, place: str = "", most: int = 3) -> str:
    """The most visible things and the place: "a man in a red shirt, a tree and two dogs on the beach".

    things: the most visible first, at least one. place: one of BACKGROUNDS or "". Three and more of a kind are counted.
    """
    phrases = [_counted(group) for group in _grouped(things)[:most]]
    return _joined(phrases, place)


def alt_text(things: Sequence[Thing], rng: random.Random, *, place: str = "") -> str:
    """What somebody writes beside a picture of several things: one to three of them, each in some words.

    things: the most visible first, at least one; place: one of BACKGROUNDS or "".
    """
    count = min(rng.choice((1, 2, 2, 3)), len(things))
    named = sorted(sorted(range(len(things)), key=lambda i: rng.random() * (i + 1))[:count])
    phrases = [thing_caption(things[i], rng) for i in named]
    while len(_joined(phrases, place).replace(",", "").split()) > MAX_WORDS - 4 and len(phrases) > 1:
        phrases.pop()
    return _joined(phrases, place)


def vocabulary() -> tuple[str, ...]:
    """Every word that expressions and captions can hold, sorted; a caption's comma is not a word."""
    words = (
        set(_CLOSED) | set(COLOURS) | set(SIZE_WORDS) | set(PLACE_WORDS) | set(NUMBERS.values()) | {"dress", "shirt"}
    )
    for kind in KINDS:
        for noun, _ in nouns(kind):
            words |= set(noun.split()) | set(plural(noun).split())
        words |= set(POSES[kind])
    for spoken in PATTERN_WORDS.values():
        words |= {w for phrase in spoken for w in phrase.split()}
    for grounds in GROUNDS.values():
        words |= {w for ground in grounds for w in ground}
    for ending in ENDINGS.values():
        words |= set(ending.split())
    words |= {plural(w) for w in ("dress", "shirt", "hat")} | {"lying"}
    return tuple(sorted(words))


def _with_article(core: str) -> str:
    return f"{article(core)} {core}"


def _canonical(thing: Thing) -> str:
    pattern = "" if thing.pattern == "plain" else thing.pattern
    if thing.kind in GARMENTS:
        shirt = " ".join(w for w in (thing.colour, pattern, GARMENTS[thing.kind]) if w)
        hat = f" and {_with_article(thing.hat + ' hat')}" if thing.hat else ""
        return f"{thing.kind} in {_with_article(shirt)}{hat}"
    return " ".join(w for w in (pattern, thing.colour, thing.kind) if w)


def _person(thing: Thing, noun: str, rng: random.Random) -> str:
    pattern = _spoken(thing, rng) if rng.random() < 0.85 else ""
    colour = thing.colour if rng.random() < 0.9 else ""
    garment = " ".join(w for w in (colour, pattern, GARMENTS[thing.kind]) if w)
    hat = (
        _with_article(f"{thing.hat} hat" if rng.random() < 0.8 else "hat") if thing.hat and rng.random() < 0.85 else ""
    )
    roll = rng.random()
    if roll < 0.08:
        return noun
    if roll < 0.20:
        return f"{noun} in {thing.colour}"
    if roll < 0.28 and hat:
        return f"{noun} {rng.choice(('in', 'with', 'wearing'))} {hat}"
    if roll < 0.34 and not thing.hat:
        hat = ""
        return f"{noun} {rng.choice(('in', 'with'))} {_with_article(garment)} and no hat"
    if not colour and not pattern:
        garment = f"{thing.colour} {garment}"
    return f"{noun} {rng.choice(('in', 'in', 'wearing', 'with'))} {_with_article(garment)}" + (
        f" and {hat}" if hat else ""
    )


def _object(thing: Thing, noun: str, rng: random.Random) -> str:
    colour = thing.colour if rng.random() < 0.85 else ""
    pattern = _spoken(thing, rng) if rng.random() < 0.85 else ""
    looks = [w for w in (pattern, colour) if w]
    if rng.random() < 0.35 or pattern == "polka dot":
        looks.reverse()
    size = ""
    if rng.random() < 0.12 and thing.size != "medium":
        size = rng.choice(("small", "little") if thing.size == "small" else ("big", "large"))
    return " ".join(w for w in (size, *looks, noun) if w)


def _spoken(thing: Thing, rng: random.Random) -> str:
    words = PATTERN_WORDS[thing.pattern]
    if not words:
        return ""
    return rng.choice(words) if thing.kind in POLKA_DOTS else words[0]


def _grouped(things: Sequence[Thing]) -> list[list[Thing]]:
    """Things that are named together, in the order of the first of each."""
    groups: dict[str, list[Thing]] = {}
    for thing in things:
        # two that look different are told apart, three and more are counted
        many = sum(t.kind == thing.kind for t in things) > 2
        groups.setdefault(thing.kind if many else _canonical(thing), []).append(thing)
    return list(groups.values())


def _counted(things: list[Thing]) -> str:
    """ "a spotted dog", "two black cats", "three women in red dresses", "three dogs"."""
    first = things[0]
    if len(things) == 1:
        return _with_article(_canonical(first))
    number = NUMBERS[len(things)]
    if len({_canonical(t) for t in things}) > 1:
        return f"{number} {plural(first.kind)}"
    if first.kind not in GARMENTS:
        return f"{number} {plural(_canonical(first))}"
    bare = _canonical(replace(first, hat=None)).removeprefix(f"{first.kind} in ").split(" ", 1)[1]
    hat = f" and {first.hat} hats" if first.hat else ""
    return f"{number} {plural(first.kind)} in {plural(bare)}{hat}"


def _joined(phrases: list[str], background: str) -> str:
    *most, last = phrases
    listed = f"{', '.join(most)} and {last}" if most else last
    return f"{listed} {ENDINGS[background]}" if background else listed
