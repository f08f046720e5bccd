"""An expression taken apart, and the phrases mined against it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Direction = Literal["left", "right", "top", "bottom"]
DIRECTIONS: tuple[Direction, ...] = ("left", "right", "top", "bottom")


@dataclass(frozen=True, kw_only=True)
class Token:
    """One token of a parsed text. start, end: character offsets; governor: index of the token it hangs on."""

    text: str
    lemma: str
    pos: str
    dep: str
    governor: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Head:
    """The noun that the expression is about. span: character offsets in the text. rule: how it was found."""

    lemma: str
    span: tuple[int, int]
    rule: str


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A relation to another thing ("left of the bus"): word, the thing's phrase, its head lemma."""

    word: str
    phrase: str
    lemma: str
    span: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Cue:
    """What only the ``extended`` rectifier uses.

    kind: "middle" | "extreme" | "ordinal" | "relation" | "size" | "clock".
    value: the canonical reading ("middle", "left", "second from left", "biggest", "7").
    words: the text that says it.
    """

    kind: str
    value: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Parse:
    """An expression taken apart (METHOD section 3). head is None when no noun was found.

    phrase: the head's own noun chunk, lower case ("the young man"), "" without a head.
    directions: canonical, without repeats, in order of appearance; evidence for each in ``direction_words``.
    tokens: for display.
    """

    text: str
    head: Head | None
    phrase: str = ""
    modifiers: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()
    direction_words: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    cues: tuple[Cue, ...] = ()
    tokens: tuple[Token, ...] = ()

    def __post_init__(self) -> None:
        wrong = [d for d in self.directions if d not in DIRECTIONS]
        if wrong:
            raise ValueError(f"unknown direction {wrong[0]!r}; choose from {', '.join(DIRECTIONS)}")


def parse_to_json(parse: Parse) -> str:
    """A parse as JSON text, for tables and stores.

    Parameters
    ----------
    parse : Parse
        Any parse.

    Returns
    -------
    str
        One line, every field in its order, letters beyond ASCII as they are.
    """
    return _json_form().dump_json(parse).decode()


def parse_from_json(text: str) -> Parse:
    """The parse that ``parse_to_json`` wrote.

    Parameters
    ----------
    text : str
        JSON of a parse.

    Returns
    -------
    Parse
        Equal to the one that was written.

    Raises
    ------
    ValueError
        For text that is no JSON, or JSON that is no parse.
    """
    return _json_form().validate_json(text)


@cache  # building it takes longer than reading a hundred parses
def _json_form() -> TypeAdapter[Parse]:
    from pydantic import TypeAdapter

    return TypeAdapter(Parse)


@dataclass(frozen=True, kw_only=True)
class NounPhrase:
    """A noun phrase of a caption, lower case without its article; lemma: its head noun's lemma."""

    text: str
    lemma: str


@dataclass(frozen=True, kw_only=True)
class NegativePhrase:
    """A phrase of the overall caption with its verdict.

    kept: it becomes a negative. reason: one sentence for a reader.
    synsets, similarity: the closest pair found and its WordNet path similarity (0..1), None where none exists.
    """

    text: str
    lemma: str
    kept: bool
    reason: str
    synsets: tuple[str, str] | None = None
    similarity: float | None = None


@dataclass(frozen=True, kw_only=True)
class Negatives:
    """T_n with its evidence: every phrase of the overall caption, kept or dropped and why."""

    caption: str
    phrases: tuple[NegativePhrase, ...]

    @property
    def kept(self) -> tuple[str, ...]:
        return tuple(p.text for p in self.phrases if p.kept)
