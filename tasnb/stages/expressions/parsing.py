"""Takes an expression apart: the noun it is about, where in the picture, next to what (docs/method.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

from tasnb.core.choices import require_known
from tasnb.core.types import Head, NounPhrase, Parse, Parser, Token
from tasnb.stages.expressions import directions, lexicon, released
from tasnb.stages.expressions.phrases import NOUNS, Words
from tasnb.stages.expressions.spelling import MOST_CHARACTERS, readable, require_text

MODIFIERS = (*NOUNS, "ADJ", "NUM", "VERB")
PhraseKind = Literal["things", "chunks"]


@dataclass(frozen=True, kw_only=True)
class ParseRule:
    """How an expression is read (docs/method.md, rows "direction words" and "gate").

    Parameters
    ----------
    direction_words : str
        "tokens" reads words that describe the subject; "substrings" looks for letters anywhere in the sentence.
    gate : str
        "subject" takes what the subject's own words say. "official" reads phrase and head noun as the released code
        does and lets directions through only where it would rectify; with "substrings" they are its own (`released`).

    Raises
    ------
    ValueError
        For another choice.
    """

    direction_words: Literal["tokens", "substrings"] = "tokens"
    gate: Literal["subject", "official"] = "subject"

    def __post_init__(self) -> None:
        for name, choices in (("direction_words", ("tokens", "substrings")), ("gate", ("subject", "official"))):
            require_known(name, getattr(self, name), choices)


PAPER = ParseRule()
OFFICIAL = ParseRule(direction_words="substrings", gate="official")


def parse(text: str, nlp: Parser, *, rule: ParseRule = PAPER) -> Parse:
    """Take an expression apart.

    Parameters
    ----------
    text : str
        The expression.
    nlp : Parser
        A spaCy pipeline, or what quacks like one.
    rule : ParseRule
        How it is read; the paper's by default.

    Returns
    -------
    Parse
        Of any text that is not blank: without a noun its head is None.

    Raises
    ------
    ValueError
        For an empty or blank text.
    TypeError
        For something that is no text.

    Notes
    -----
    What is not understood is left out, never guessed. Source: docs/method.md.
    """
    line, places = readable(require_text(text))
    return _parsed(text, line, nlp(_for_parser(line, rule)), places, rule)


def parse_all(texts: Sequence[str], nlp: Parser, *, rule: ParseRule = PAPER) -> list[Parse]:
    """Take expressions apart together: a spaCy pipeline reads many in a fifth of the time that it needs one by one.

    Parameters
    ----------
    texts : sequence of str
        The expressions.
    nlp : Parser
        As for ``parse``; without a ``pipe`` of its own it is called for each.
    rule : ParseRule
        How they are read.

    Returns
    -------
    list of Parse
        ``parse`` of each.

    Raises
    ------
    ValueError, TypeError
        As ``parse`` does, for the first that is no expression.
    """
    lines = [readable(require_text(text)) for text in texts]
    read_all = getattr(nlp, "pipe", partial(map, nlp))
    docs = read_all([_for_parser(line, rule) for line, _ in lines])
    return [
        _parsed(text, line, doc, places, rule) for text, doc, (line, places) in zip(texts, docs, lines, strict=True)
    ]


def _for_parser(line: str, rule: ParseRule) -> str:
    """The authors' code reads lower case: letter by letter, as a few (the Turkish capital dotted I) become two."""
    if rule.gate != "official":
        return line
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in line)


def _parsed(text: str, line: str, doc: Any, places: Sequence[int], rule: ParseRule) -> Parse:
    """What the rule reads in an expression, whose words in one line were parsed."""
    is_official = rule.gate == "official"
    theirs = released.read(doc) if is_official else None
    head, name = (theirs.noun, theirs.rule) if theirs else _head(doc)
    parsed = Parse(text=text, head=None, tokens=_tokens(doc, line, places))
    if head is not None or theirs:
        chunk = theirs.span if theirs else _chunk(doc, head)
        parsed = replace(
            parsed,
            phrase=chunk.text.lower(),
            modifiers=tuple(t.lower_ for t in chunk if t != head and t.pos_ in MODIFIERS),
        )
    if head is not None:
        span = parsed.tokens[head.i].start, parsed.tokens[head.i].end
        parsed = replace(parsed, head=Head(lemma=head.lower_ if theirs else _lemma(head), span=span, rule=name))
    words = Words(parsed)
    said, cues = directions.read(words)
    if rule.direction_words == "substrings":
        said = theirs.said if theirs else released.letters(line.lower())
    elif theirs and not theirs.said:
        said = {}
    return replace(
        parsed,
        directions=tuple(said),
        direction_words=tuple(said.values()),
        relations=tuple(r.relation for r in words.relations if r.start not in words.negated),
        cues=cues,
    )


def noun_phrases(text: str, nlp: Parser, *, kind: PhraseKind = "things") -> tuple[NounPhrase, ...]:
    """The noun phrases of a caption.

    Parameters
    ----------
    text : str
        The caption; of one longer than ``MOST_CHARACTERS``, as a captioner that stutters writes it, the rest is left
        out.
    nlp : Parser
        A spaCy pipeline, or what quacks like one.
    kind : str
        "things": lower case, without article or possessive; pronouns are left out, and so is a bare place ("front" in
        "in front of a bus"), which names no thing. "chunks": every noun chunk as written, pronouns and places too, and
        as its lemma the first noun in it, as written, or "" (suoych/TAS).

    Returns
    -------
    tuple of NounPhrase
        In order; () for a text without any.

    Raises
    ------
    ValueError, TypeError
        As ``parse`` does, and ValueError for another kind.
    """
    require_known("kind of noun phrases", kind, get_args(PhraseKind))
    line = require_text(readable(text, most=MOST_CHARACTERS)[0])
    doc = nlp(line)
    if kind == "chunks":
        nouns = ((chunk.text, released.first_noun(chunk)) for chunk in doc.noun_chunks)
        return tuple(NounPhrase(text=text, lemma=noun.lower_ if noun is not None else "") for text, noun in nouns)
    phrases = []
    for chunk in doc.noun_chunks:
        inside = [t for t in chunk if not t.is_punct]
        while inside and (
            inside[0].pos_ in ("DET", "PRON")
            or inside[0].tag_ in ("PRP$", "POS")
            or inside[0].lower_ in lexicon.DETERMINERS
        ):
            inside = inside[1:]
        names_a_thing = len(inside) != 1 or inside[0].lower_ not in lexicon.NO_THINGS | {"side"}
        if inside and names_a_thing and chunk.root.pos_ in NOUNS and any(c.isalpha() for c in chunk.root.text):
            start, end = inside[0].idx, chunk.root.idx + len(chunk.root.text)
            phrases.append(NounPhrase(text=line[start:end].lower(), lemma=_lemma(chunk.root)))
    return tuple(phrases)


def _lemma(token: Any) -> str:
    lemma: str = (token.lemma_ or token.text).lower()
    return lexicon.SINGULARS.get(lemma, lemma)


def _tokens(doc: Any, line: str, places: Sequence[int]) -> tuple[Token, ...]:
    spans = [(t.idx, t.idx + len(t.text)) for t in doc]
    return tuple(
        Token(
            text=line[start:end], lemma=_lemma(t), pos=t.pos_, dep=t.dep_, governor=t.head.i,
            start=places[start], end=places[end - 1] + 1,
        )
        for t, (start, end) in zip(doc, spans, strict=True)
    )  # fmt: skip


# the noun meant


def _head(doc: Any) -> tuple[Any | None, str]:
    """The subject's noun and the name of the rule that found it (docs/method.md, in this order)."""
    for name, candidate in _candidates(doc):
        return candidate, name
    return None, "none"


def _candidates(doc: Any) -> Iterator[tuple[str, Any]]:
    roots = [t for t in doc if t.head.i == t.i]
    for root in roots[:1]:
        if _can_be_meant(doc, root):
            yield "root", root
        for child in root.children:
            if _can_be_meant(doc, child):
                yield "first noun child of the root", child
    for chunk in doc.noun_chunks:
        if _can_be_meant(doc, chunk.root):
            yield "first noun chunk", chunk.root
    for token in reversed(doc):
        if _can_be_meant(doc, token):
            yield "last noun", token


def _can_be_meant(doc: Any, token: Any) -> bool:
    """A noun that is no place in the picture: neither "left", "corner" nor "image" of "left corner of image"."""
    if token.pos_ not in NOUNS or not any(c.isalpha() for c in token.text):
        return False
    lower = token.lower_
    before = doc[token.i - 1].lower_ if token.i else ""
    after = doc[token.i + 1].lower_ if token.i + 1 < len(doc) else ""
    if lower in lexicon.DIRECTION_WORDS or lower in lexicon.MIDDLE or lower in lexicon.DEPTH - {"back", "front"}:
        return False
    if lower in ("side", "corner", "back", "front"):
        if after != "of":
            return False
        rest = [t.lower_ for t in doc[token.i + 2 : token.i + 4]]
        return not any(word in lexicon.IMAGE for word in rest)
    if lower in lexicon.IMAGE and before in ("of", "the", "this", "in"):
        return not any(t.lower_ in ("of", "in") for t in doc[max(0, token.i - 2) : token.i])
    return lower not in ("o'clock", "oclock", "clock") or not any(c.isdigit() for c in before)


def _chunk(doc: Any, head: Any) -> Any:
    """The head's own noun chunk; without one, the head and what stands before it in its subtree."""
    for chunk in doc.noun_chunks:
        if chunk.start <= head.i < chunk.end:
            return doc[chunk.start : chunk.end]
    return doc[head.left_edge.i : head.i + 1]
