"""An expression taken apart, and the phrases mined against it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from tasnb.core.brief import brief
from tasnb.core.errors import UserError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Direction = Literal["left", "right", "top", "bottom"]
DIRECTIONS: tuple[Direction, ...] = ("left", "right", "top", "bottom")
CUE_KINDS = ("middle", "extreme", "ordinal", "depth", "size", "clock", "relation", "coordination")


@dataclass(frozen=True, kw_only=True)
class Token:
    """One token of a parsed text.

    Parameters
    ----------
    text, lemma : str
        As typed; its dictionary form, in lower case.
    pos, dep : str
        Universal part of speech ("NOUN") and dependency ("nsubj").
    governor : int
        Index of the token it hangs on; its own for a root.
    start, end : int
        Character offsets in the text, end exclusive.
    """

    text: str
    lemma: str
    pos: str
    dep: str
    governor: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Head:
    """The noun that the expression is about.

    Parameters
    ----------
    lemma : str
        Its dictionary form, in lower case.
    span : tuple of int
        Character offsets in the text, end exclusive.
    rule : str
        How it was found.
    """

    lemma: str
    span: tuple[int, int]
    rule: str


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A relation to another thing ("left of the bus").

    Parameters
    ----------
    word : str
        The canonical relation ("left of").
    phrase, lemma : str
        The other thing's noun phrase, and its head's lemma.
    span : tuple of int
        Character offsets of relation and thing in the text, end exclusive.
    """

    word: str
    phrase: str
    lemma: str
    span: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Cue:
    """What is said beyond the four directions; ``paper`` does not use it, the extended rectifier and ``plus`` may.

    Parameters
    ----------
    kind : str
        One of ``CUE_KINDS``; the notes have the values of each.
    value : str
        The canonical reading ("middle", "second from left", "tallest").
    words : str
        The text that says it.

    Notes
    -----
    All are about the subject itself, never negated, and never about another thing.

    - "middle": "middle".
    - "extreme": a direction, of the one that lies furthest that way ("leftmost", "far left", "very top").
    - "ordinal": "COUNT from SIDE"; COUNT is "first" to "tenth" or "last", SIDE a direction, "front" or "back".
    - "depth": "front", "back" (a place: "in front", "in the background"), "nearest", "farthest" (the one of all:
      "closest to us", "furthest back").
    - "size": of all or of two, "biggest", "smallest" (by area), "tallest", "shortest" (by height), "longest"
      (by the longer side), "widest", "thinnest" (by width); of one alone, "big", "small", "tall", "short", "long",
      "wide", "thin".
    - "clock": an hour, "1" to "12".
    - "relation": "WORD LEMMA", the same as an entry of ``Parse.relations``; "between X and Y" makes one of each.
    - "coordination": the lemma of a further thing that is asked for ("the cat and the dog": "dog").
    """

    kind: str
    value: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Parse:
    """An expression taken apart (docs/method.md).

    Parameters
    ----------
    text : str
        The expression as typed.
    head : Head or None
        The noun that it is about; None when none was found.
    phrase : str
        The head's own noun chunk, lower case ("the young man"); "" without a head.
    modifiers : tuple of str
        The other content words of that chunk.
    directions : tuple of str
        Canonical ("left", "right", "top", "bottom"), without repeats, in order of appearance.
    direction_words : tuple of str
        The evidence for each of them.
    relations : tuple of Relation
        To other things, in order of appearance.
    cues : tuple of Cue
        What only the extended rectifier uses, in order of appearance.
    tokens : tuple of Token
        All of the text's.

    Raises
    ------
    ValueError
        For an unknown direction.
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
            raise UserError(f"unknown direction {wrong[0]!r}; choose from {', '.join(DIRECTIONS)}")

    @property
    def is_plural(self) -> bool:
        """Whether the head noun says several things ("zebras", "two men"), as far as its form tells."""
        if self.head is None:
            return False
        one_of = any(t.text.lower() == "of" for t in self.tokens if t.start < self.head.span[0])  # "the taller of two"
        words = [t for t in self.tokens if t.start == self.head.span[0]]
        return not one_of and any(t.text.lower() != t.lemma.lower() for t in words)

    @property
    def further(self) -> tuple[str, ...]:
        """The lemmas of the further things that are asked for: "dog" of "the cat and the dog"."""
        return tuple(cue.value for cue in self.cues if cue.kind == "coordination")

    @property
    def notes(self) -> tuple[str, ...]:
        """What to mind in this expression, and what to try; a sentence each, most often none."""
        letters = [character for character in self.text if character.isalpha()]
        latin = sum("LATIN" in unicodedata.name(letter, "") for letter in letters)
        found = []
        if not letters:
            found.append("the expression has no letters, so no part can read it; name the thing in English words")
        elif 2 * latin < len(letters):
            found.append(
                "the expression is not in Latin letters, and parser, WordNet, captions and CLIP are English; "
                "say it in English"
            )
        if self.head is None:
            found.append(
                "no English noun found, so no mined phrase is known to be about the thing itself; V and N rank as they "
                "can; name the thing, as in “the cat on the left”"
            )
        elif self.further:
            things = " and ".join([self.head.lemma, *self.further])
            found.append(f"several things are asked for ({things}), and one mask is returned; ask for each by itself")
        elif self.is_plural:
            found.append(
                f"“{self.text[slice(*self.head.span)]}” are several, and one mask is returned, of one of them or of a "
                "group that is one proposal"
            )
        return tuple(found)


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
    """A noun phrase of a caption.

    Parameters
    ----------
    text : str
        Lower case, without its article.
    lemma : str
        Its head noun's lemma.
    """

    text: str
    lemma: str


@dataclass(frozen=True, kw_only=True)
class NegativePhrase:
    """A phrase of the overall caption with its verdict.

    Parameters
    ----------
    text, lemma : str
        As in ``NounPhrase``.
    kept : bool
        Whether it becomes a negative.
    reason : str
        Why, one sentence for a reader.
    synsets : tuple of str, or None
        The closest pair found; None where none exists.
    similarity : float or None
        The pair's WordNet path similarity, 0..1.
    """

    text: str
    lemma: str
    kept: bool
    reason: str
    synsets: tuple[str, str] | None = None
    similarity: float | None = None


@dataclass(frozen=True, kw_only=True)
class Negatives:
    """T_n with its evidence.

    Parameters
    ----------
    caption : str
        The overall caption.
    phrases : tuple of NegativePhrase
        Every phrase of it, kept or dropped and why.
    """

    caption: str
    phrases: tuple[NegativePhrase, ...]

    __repr__ = brief

    @property
    def kept(self) -> tuple[str, ...]:
        """The texts of the phrases that are negatives."""
        return tuple(p.text for p in self.phrases if p.kept)
