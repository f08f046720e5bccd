# ruff: noqa: E501 -- one kind a row reads as the table it is
"""The toy world's vocabulary: what can stand in a scene, and the values that describe a scene before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SCENE_SIZE = 256  # pixels a side

Size = Literal["small", "medium", "big"]
Pattern = Literal["plain", "striped", "spotted"]

COLOURS: tuple[str, ...] = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray",
)  # fmt: skip

BACKGROUNDS: tuple[str, ...] = ("meadow", "beach", "street", "snow", "playground")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of thing: its plain name, other nouns for it, broader nouns, and which attributes are drawn.

    synonyms are everyday words for the same thing; few of them share a WordNet synset with ``name`` ("car" and "auto" do,
    "cat" and "kitty" do not). hypernyms are broader. height: of a medium one in the foreground, pixels.
    """

    name: str
    family: str
    synonyms: tuple[str, ...]
    hypernyms: tuple[str, ...]
    colours: tuple[str, ...]
    height: int
    patterns: tuple[Pattern, ...] = ("plain",)
    wears: tuple[str, ...] = ()  # people: "shirt", "hat"
    flies: bool = False  # may hang in the sky


KINDS: dict[str, Kind] = {
    k.name: k
    for k in (
        # people: colour is the shirt's (or dress's); hat colour is optional
        Kind(name="man", family="person", synonyms=("guy",), hypernyms=("person", "adult"), colours=COLOURS, height=104, patterns=("plain", "striped"), wears=("shirt", "hat")),
        Kind(name="woman", family="person", synonyms=("lady",), hypernyms=("person", "adult"), colours=COLOURS, height=100, patterns=("plain", "spotted"), wears=("dress", "hat")),
        Kind(name="boy", family="person", synonyms=(), hypernyms=("child", "kid", "person"), colours=COLOURS, height=70, patterns=("plain", "striped"), wears=("shirt", "hat")),
        Kind(name="girl", family="person", synonyms=(), hypernyms=("child", "kid", "person"), colours=COLOURS, height=68, patterns=("plain", "spotted"), wears=("dress", "hat")),
        # animals
        Kind(name="cat", family="animal", synonyms=("kitty",), hypernyms=("animal",), colours=("black", "white", "gray", "orange", "brown"), height=46, patterns=("plain", "striped")),
        Kind(name="dog", family="animal", synonyms=("pup", "puppy"), hypernyms=("animal",), colours=("black", "white", "gray", "brown", "yellow"), height=52, patterns=("plain", "spotted")),
        Kind(name="rabbit", family="animal", synonyms=("bunny",), hypernyms=("animal",), colours=("white", "gray", "brown", "black"), height=46),
        Kind(name="duck", family="animal", synonyms=(), hypernyms=("bird", "animal"), colours=("yellow", "white", "brown", "green"), height=42),
        Kind(name="horse", family="animal", synonyms=(), hypernyms=("animal",), colours=("brown", "black", "white", "gray"), height=92, patterns=("plain", "spotted")),
        Kind(name="sheep", family="animal", synonyms=("lamb",), hypernyms=("animal",), colours=("white", "black", "gray"), height=58),
        # vehicles
        Kind(name="car", family="vehicle", synonyms=("auto",), hypernyms=("vehicle",), colours=COLOURS, height=52, patterns=("plain", "striped")),
        Kind(name="bus", family="vehicle", synonyms=(), hypernyms=("vehicle",), colours=("red", "yellow", "blue", "green", "white", "orange"), height=78),
        Kind(name="truck", family="vehicle", synonyms=("lorry",), hypernyms=("vehicle",), colours=COLOURS, height=68),
        # plants and buildings
        Kind(name="tree", family="plant", synonyms=(), hypernyms=("plant",), colours=("green", "orange", "yellow", "pink"), height=124),
        Kind(name="flower", family="plant", synonyms=(), hypernyms=("plant",), colours=("red", "yellow", "pink", "purple", "white", "blue", "orange"), height=50),
        Kind(name="house", family="building", synonyms=(), hypernyms=("building",), colours=("red", "yellow", "blue", "white", "pink", "brown", "gray"), height=112),
        Kind(name="tent", family="building", synonyms=(), hypernyms=("shelter",), colours=("red", "orange", "yellow", "green", "blue", "purple"), height=72, patterns=("plain", "striped")),
        # furniture and things
        Kind(name="bench", family="furniture", synonyms=(), hypernyms=("seat",), colours=("brown", "red", "green", "blue", "white", "gray"), height=48),
        Kind(name="umbrella", family="object", synonyms=("parasol",), hypernyms=(), colours=COLOURS, height=84, patterns=("plain", "striped", "spotted")),
        Kind(name="box", family="object", synonyms=(), hypernyms=("container",), colours=("brown", "red", "blue", "green", "yellow", "white", "purple"), height=46),
        # toys
        Kind(name="ball", family="toy", synonyms=(), hypernyms=("toy",), colours=COLOURS, height=36, patterns=("plain", "striped", "spotted")),
        Kind(name="balloon", family="toy", synonyms=(), hypernyms=(), colours=("red", "orange", "yellow", "green", "blue", "purple", "pink", "white"), height=54, patterns=("plain", "striped", "spotted"), flies=True),
        Kind(name="kite", family="toy", synonyms=(), hypernyms=(), colours=("red", "orange", "yellow", "green", "blue", "purple", "pink"), height=56, patterns=("plain", "striped"), flies=True),
        Kind(name="teddy", family="toy", synonyms=("teddy bear",), hypernyms=("toy",), colours=("brown", "white", "pink", "gray", "yellow"), height=48),
        # food
        Kind(name="apple", family="food", synonyms=(), hypernyms=("fruit", "food"), colours=("red", "green", "yellow"), height=34),
        Kind(name="cake", family="food", synonyms=(), hypernyms=("food",), colours=("pink", "white", "brown", "yellow"), height=46),
        Kind(name="banana", family="food", synonyms=(), hypernyms=("fruit", "food"), colours=("yellow", "green"), height=36),
    )
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One thing to draw. (x, y): the middle of its foot line (flying: of its box's bottom) in scene pixels.

    height: drawn height in pixels, depth already included. colour: a person's shirt or dress, else its own.
    hat: a colour or None, people only. flip: faces left instead of right. seed: small variations of the drawing.
    """

    kind: str
    colour: str
    x: float
    y: float
    height: float
    size: Size = "medium"
    pattern: Pattern = "plain"
    hat: str | None = None
    flip: bool = False
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A park before it is drawn: things stand in painter's order, the farthest first."""

    seed: int
    background: str
    things: tuple[Thing, ...]
    size: int = SCENE_SIZE
    tags: tuple[str, ...] = field(default=())
