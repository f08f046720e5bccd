"""What the toy world's sentences are made of: nouns and the kinds they cover, words of size, pose and place."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from toyworld.world import KINDS

NounType = Literal["kind", "synonym", "hypernym"]

RARE_NOUNS = (
    "lorry",
    "auto",
    "parasol",
    "container",
    "shelter",
    "seat",
    "lamb",
    "plant",
    "food",
    "adult",
    "building",
)  # right, but few people say them

# word -> (which end of the candidates, degree); positive: "small", comparative: of two, superlative: of two or more
SIZE_WORDS: dict[str, tuple[Literal["small", "big"], Literal["positive", "comparative", "superlative"]]] = {
    "small": ("small", "positive"),
    "little": ("small", "positive"),
    "tiny": ("small", "positive"),
    "big": ("big", "positive"),
    "large": ("big", "positive"),
    "smaller": ("small", "comparative"),
    "bigger": ("big", "comparative"),
    "larger": ("big", "comparative"),
    "smallest": ("small", "superlative"),
    "biggest": ("big", "superlative"),
    "largest": ("big", "superlative"),
    "tall": ("big", "positive"),
    "taller": ("big", "comparative"),
    "shorter": ("small", "comparative"),
    "tallest": ("big", "superlative"),
    "shortest": ("small", "superlative"),
}
TALL_WORDS = ("tall", "taller", "shorter", "tallest", "shortest")
TALL_KINDS = ("man", "woman", "boy", "girl", "tree", "umbrella", "house")

PATTERN_WORDS: dict[str, tuple[str, ...]] = {"plain": (), "striped": ("striped",), "spotted": ("spotted", "polka dot")}
POLKA_DOTS = ("woman", "girl", "umbrella", "ball", "balloon")  # a dog is spotted, never polka dot

GARMENTS = {"man": "shirt", "boy": "shirt", "woman": "dress", "girl": "dress"}

# verbs of being somewhere; a participle in -ing is active, any other passive ("parked")
POSES: dict[str, tuple[str, ...]] = {
    "man": ("standing",), "woman": ("standing",), "boy": ("standing",), "girl": ("standing",),
    "cat": ("sitting",), "dog": ("standing",), "rabbit": ("sitting",), "duck": ("standing",),
    "horse": ("standing",), "sheep": ("standing",),
    "car": ("parked",), "bus": ("parked",), "truck": ("parked",),
    "tree": ("growing", "standing"), "flower": ("growing",), "house": ("standing",), "tent": ("standing", "pitched"),
    "bench": ("standing",), "umbrella": ("standing",), "box": ("sitting", "lying"), "ball": ("lying",),
    "balloon": ("floating",), "kite": ("flying",), "teddy": ("sitting",),
    "apple": ("lying",), "cake": ("sitting",), "banana": ("lying",),
}  # fmt: skip

# where the ground is: preposition, article or "", noun
GROUNDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "meadow": (("in", "the", "grass"), ("on", "the", "grass"), ("in", "the", "meadow")),
    "beach": (("on", "the", "beach"), ("on", "the", "sand"), ("in", "the", "sand")),
    "street": (("on", "the", "street"), ("on", "the", "road"), ("in", "the", "street")),
    "snow": (("in", "the", "snow"), ("on", "the", "snow")),
    "playground": (("on", "the", "playground"), ("at", "the", "playground")),
}

# what reftoy+ must not say
PLACE_WORDS = frozenset((
    "left", "right", "top", "bottom", "upper", "lower", "uppermost", "lowermost", "middle", "center", "corner",
    "side", "far", "leftmost", "rightmost", "topmost", "bottommost", "most", "front", "back", "closest", "nearest",
    "furthest", "first", "second", "third", "highest", "lowest",
))  # fmt: skip

NUMBERS = {2: "two", 3: "three", 4: "four"}

LEMMAS = {
    "is": "be", "are": "be", "standing": "stand", "sitting": "sit", "parked": "park", "growing": "grow",
    "pitched": "pitch", "lying": "lie", "floating": "float", "flying": "fly", "wearing": "wear",
    "smaller": "small", "bigger": "big", "larger": "large", "smallest": "small", "biggest": "big", "largest": "large",
    "taller": "tall", "tallest": "tall", "shorter": "short", "shortest": "short",
    "closest": "close", "nearest": "near", "furthest": "far",
}  # fmt: skip

IRREGULAR_PLURALS = {"man": "men", "woman": "women", "child": "children", "sheep": "sheep", "person": "people"}


@lru_cache(maxsize=128)
def covers(noun: str) -> frozenset[str]:
    """The kinds that a noun may name ("kid": boy and girl).

    >>> sorted(covers("kid"))
    ['boy', 'girl']
    """
    return frozenset(k.name for k in KINDS.values() if noun == k.name or noun in k.synonyms or noun in k.hypernyms)


def nouns(kind: str) -> tuple[tuple[str, NounType], ...]:
    """Every noun for a kind, its plain name first, with how it stands to that name."""
    k = KINDS[kind]
    own: list[tuple[str, NounType]] = [(k.name, "kind")]
    own += [(n, "synonym") for n in k.synonyms]
    own += [(n, "hypernym") for n in k.hypernyms]
    return tuple(own)


def plural(noun: str) -> str:
    """The plural of a toy noun ("teddy bear" -> "teddy bears", "bunny" -> "bunnies")."""
    first, _, last = noun.rpartition(" ")
    if last in IRREGULAR_PLURALS:
        form = IRREGULAR_PLURALS[last]
    elif last.endswith(("s", "x", "ch", "sh")):
        form = last + "es"
    elif last.endswith("y") and last[-2] not in "aeiou":
        form = last[:-1] + "ies"
    else:
        form = last + "s"
    return f"{first} {form}".strip()


def article(word: str) -> str:
    """ "an" before a vowel, else "a"."""
    return "an" if word[0] in "aeiou" else "a"
