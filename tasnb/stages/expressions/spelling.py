"""What counts as an expression, and its characters as the parser and every model read them.

The one place through which all expressions and captions pass: what is no text or too long is refused here, and
typographic characters mean what a keyboard has for them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache

from tasnb.core.errors import UserError
from tasnb.stages.expressions import lexicon

# characters, several times the longest that people write; the time that spaCy takes over brackets grows with its square
MOST_CHARACTERS = 1000
READING = 3  # raise it when a text is read otherwise: parses that a store holds are then never asked for
_KEYS = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2035\u02bc\u00b4\u2039\u203a", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2043\u2212\ufe58\ufe63", "-"),
    **dict.fromkeys("\u2014\u2015\ufe31", " - "),  # a dash that sets words apart, where a hyphen joins them
    **dict.fromkeys("\u200b\ufeff\u2060\u2061\u2062\u2063\u2064", " "),  # of no width: where words would run together
    **dict.fromkeys("\u3001\u060c", ", "),
    "\u3002": ". ",
}
# decompositions of Unicode that are another look of the same letters: full width, no break, mathematical, ligatures
_LOOKS = ("<wide>", "<narrow>", "<noBreak>", "<font>", "<compat>")


def require_text(text: str) -> str:
    """Refuse what is no expression.

    Parameters
    ----------
    text : str
        What a person gave.

    Returns
    -------
    str
        The text itself.

    Raises
    ------
    TypeError
        For something that is no text.
    UserError
        For an empty or blank text, one of more than ``MOST_CHARACTERS``, and one with half of a character (a lone
        surrogate, as names in another encoding become).
    """
    if not isinstance(text, str):
        raise TypeError(
            f"expected an expression as text, got {type(text).__name__}; pass a string such as 'the left cat'"
        )
    length = len(text) if len(text) > MOST_CHARACTERS else len(readable(text)[0])  # some characters become several
    if length > MOST_CHARACTERS:
        raise UserError(
            f"expected an expression of at most {MOST_CHARACTERS:,} characters, got {length:,}; say in a few words "
            "which thing is meant"
        )
    halves = (place for place, letter in enumerate(text) if "\ud800" <= letter <= "\udfff")
    if (half := next(halves, None)) is not None:
        raise UserError(f"expected an expression in Unicode, got half of a character at place {half}; give it in UTF-8")
    if not length:
        raise UserError(
            f"expected an expression such as 'the left cat', got {text[:80]!r}; say in words which thing is meant"
        )
    return text


def readable(text: str, *, most: int | None = None) -> tuple[str, Sequence[int]]:
    """The text as it is read: one blank for each run of them and none at its ends, keyboard characters for typographic.

    Parameters
    ----------
    text : str
        Any.
    most : int or None
        Characters after which the rest is left out, at a blank where there is one; None for none.

    Returns
    -------
    line : str
        Blanks stand for tabs, ends of lines, control characters and characters without width; marks that only join,
        break or turn letters are left out; an em dash sets apart (" - ").
    places : sequence of int
        Of each of its letters the place in the original.

    Notes
    -----
    A parser takes a second blank, a tab or a line's end for a word, and a word can become a head.

    Examples
    --------
    >>> readable("\\u201cleft\\u2011hand\\u201d\\n man\\u2026")[0]
    '"left-hand" man...'
    """
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for letter in character if "!" <= character <= "~" else _keys(character):
            if letter != " " or (letters and letters[-1] != " "):
                letters.append(letter)
                places.append(place)
    if letters and letters[-1] == " ":
        del letters[-1], places[-1]
    line = "".join(letters)
    if most is not None and len(line) > most:
        line = line[: max(line.rfind(" ", 0, most + 1), 0) or most]
    return line, places[: len(line)]


def respelt(line: str, places: Sequence[int]) -> tuple[str, Sequence[int]]:
    """The line with misspelt and joined words of place as they are meant; what may be another word stays.

    Parameters
    ----------
    line : str
        From ``readable``.
    places : sequence of int
        Of each of its letters the place in the original.

    Returns
    -------
    line : str
        Lower case where it differs.
    places : sequence of int
        Of each of its letters the place in the original: those of a word span what was typed.

    Examples
    --------
    >>> respelt("dog on theleft", range(14))[0], respelt("the rigt lift", range(13))[0]
    ('dog on the left', 'the right lift')
    """
    letters, found, end = [], [], 0
    for word in re.finditer(r"\bw/(?:o(?:ut)?)?(?=\s)|[A-Za-z]+", line):
        meant = _meant(word.group().lower())
        if meant is None:
            continue
        start, last = word.start(), word.end() - 1
        letters += [line[end:start], meant]
        found += [*places[end:start], *(places[min(start + i, last)] for i in range(len(meant) - 1)), places[last]]
        end = word.end()
    return ("".join([*letters, line[end:]]), [*found, *places[end:]]) if end else (line, places)


@lru_cache(maxsize=1 << 12)
def _meant(word: str) -> str | None:
    """What a misspelt or joined word of place says; None for any other word."""
    if joined := lexicon.JOINED.fullmatch(word):
        parts = [part for part in joined.groups() if part]
        return " ".join(parts) if len(parts) > 1 else None
    return lexicon.RESPELT.get(word) or _misspelt().get(word)


@cache
def _misspelt() -> dict[str, str]:
    """One letter left out, doubled, added, wrong or changed with the next one, but the first -> the word."""
    found: dict[str, str] = {}
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    for word in lexicon.MISSPELT:
        for i in range(1, len(word) + 1):
            head, tail = word[:i], word[i:]
            near = [head + letter + tail for letter in alphabet] + [head + letter + tail[1:] for letter in alphabet]
            near += [head + tail[1:], head + tail[1:2] + tail[:1] + tail[2:]]
            found |= {each: word for each in near if len(each) > 2}
    known = {*lexicon.MISSPELT, *lexicon.NOT_MISSPELT, *lexicon.DIRECTION_WORDS}
    return {misspelt: word for misspelt, word in found.items() if misspelt not in known}


@lru_cache(maxsize=1 << 12)
def _keys(character: str) -> str:
    """What a keyboard has for a character; the character itself where it has nothing."""
    if character in _KEYS:
        return _KEYS[character]
    kind = unicodedata.category(character)
    if kind in ("Cc", "Zs", "Zl", "Zp") or character.isspace():
        return " "
    if kind == "Cf" or "\ufe00" <= character <= "\ufe0f":  # joiners, soft hyphens, directions of writing; variants
        return ""
    if unicodedata.decomposition(character).startswith(_LOOKS):
        plain = unicodedata.normalize("NFKC", character)
        return character if plain.startswith(" ") or len(plain) > 4 else plain
    return character
