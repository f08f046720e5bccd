"""Takes an expression apart: the noun it is about, where in the picture, next to what (METHOD section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from tasnb.core.choices import require_known
from tasnb.core.types import Direction, Head, NounPhrase, Parse, Parser, Token
from tasnb.stages.expressions import directions, lexicon
from tasnb.stages.expressions.phrases import NOUNS, Words

MODIFIERS = (*NOUNS, "ADJ", "NUM", "VERB")


@dataclass(frozen=True, kw_only=True)
class ParseRule:
    """How an expression is read (METHOD section 2, rows "direction words" and "gate").

    Parameters
    ----------
    direction_words : str
        "tokens" reads words that describe the subject; "substrings" looks for letters anywhere in the sentence.
    gate : str
        "subject" takes what the subject's own words say; "official" lets directions through only when the head's noun
        chunk equals its expansion, and either superlatives or relations were found, not both.

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
    What is not understood is left out, never guessed. Source: METHOD section 3.
    """
    doc = nlp(require_text(text))
    head, name = _official_head(doc) if rule.gate == "official" else _head(doc)
    parsed = Parse(text=text, head=None, tokens=_tokens(doc))
    if head is not None:
        chunk = _chunk(doc, head)
        parsed = replace(
            parsed,
            head=Head(lemma=_lemma(head), span=(head.idx, head.idx + len(head.text)), rule=name),
            phrase=chunk.text.lower(),
            modifiers=tuple(t.lower_ for t in chunk if t.i != head.i and t.pos_ in MODIFIERS),
        )
    words = Words(parsed)
    said, cues = directions.read(words)
    if rule.direction_words == "substrings":
        said = _substrings(text)
    if rule.gate == "official" and not _official_gate(doc, head):
        said = {}
    return replace(
        parsed,
        directions=tuple(said),
        direction_words=tuple(said.values()),
        relations=tuple(r.relation for r in words.relations),
        cues=cues,
    )


def noun_phrases(text: str, nlp: Parser) -> tuple[NounPhrase, ...]:
    """The noun phrases of a caption.

    Parameters
    ----------
    text : str
        The caption.
    nlp : Parser
        A spaCy pipeline, or what quacks like one.

    Returns
    -------
    tuple of NounPhrase
        In order, lower case, without article or possessive; () for a text without any. Pronouns are left out, and so
        is a bare place ("front" in "in front of a bus"), which names no thing.

    Raises
    ------
    ValueError, TypeError
        As ``parse`` does.
    """
    doc = nlp(require_text(text))
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
            phrases.append(NounPhrase(text=" ".join(text[start:end].lower().split()), lemma=_lemma(chunk.root)))
    return tuple(phrases)


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
    ValueError
        For an empty or blank text.
    """
    if not isinstance(text, str):
        raise TypeError(
            f"expected an expression as text, got {type(text).__name__}; pass a string such as 'the left cat'"
        )
    if not text.strip():
        raise ValueError(
            f"expected an expression such as 'the left cat', got {text!r}; say in words which thing is meant"
        )
    return text


def _lemma(token: Any) -> str:
    lemma: str = (token.lemma_ or token.text).lower()
    return lexicon.SINGULARS.get(lemma, lemma)


def _tokens(doc: Any) -> tuple[Token, ...]:
    return tuple(
        Token(
            text=t.text,
            lemma=_lemma(t),
            pos=t.pos_,
            dep=t.dep_,
            governor=t.head.i,
            start=t.idx,
            end=t.idx + len(t.text),
        )
        for t in doc
    )


# the noun meant


def _head(doc: Any) -> tuple[Any | None, str]:
    """The subject's noun and the name of the rule that found it (METHOD section 3, in this order)."""
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


# the authors' released rules, by intent (METHOD section 2)


def _substrings(text: str) -> dict[Direction, str]:
    """Letters anywhere: "bright" contains right. Top is tried before bottom, left before right; the first wins."""
    lower = text.lower()
    hits = {d: word for d, listed in lexicon.OFFICIAL_WORDS for word in reversed(listed) if word in lower}
    axes: tuple[tuple[Direction, Direction], ...] = (("top", "bottom"), ("left", "right"))
    first = [next((d for d in axis if d in hits), None) for axis in axes]
    return {d: hits[d] for d in first if d is not None}


def _official_head(doc: Any) -> tuple[Any | None, str]:
    """The root if a noun chunk holds it, else its first child if one does, else the first chunk's root."""
    held = {i for chunk in doc.noun_chunks for i in range(chunk.start, chunk.end)}
    root = next((t for t in doc if t.head.i == t.i), None)
    if root is not None and root.i in held:
        return root, "root"
    first = next(iter(root.children), None) if root is not None else None
    if first is not None and first.i in held:
        return first, "first noun child of the root"
    chunk = next(iter(doc.noun_chunks), None)
    return (None, "none") if chunk is None else (chunk.root, "first noun chunk")


def _official_gate(doc: Any, head: Any | None) -> bool:
    """Whether the released code would rectify at all: head chunk equals its expansion, superlatives XOR relations."""
    if head is None:
        return False
    chunks = {i: chunk for chunk in doc.noun_chunks for i in range(chunk.start, chunk.end)}
    own = chunks.get(head.i)
    if own is None:
        return False
    # words before or after the chunk that hang on it and lead to no other chunk would belong to the expanded chunk
    others = [c for c in doc.noun_chunks if c.start != own.start]
    for token in doc:
        hangs_on = any(a.i in range(own.start, own.end) for a in token.ancestors)
        leads = any(
            token.i in range(c.start, c.end) or any(a.i == token.i for t in c for a in t.ancestors) for c in others
        )
        if not own.start <= token.i < own.end and hangs_on and not leads:
            return False
    superlative = relation = False
    waiting: list[tuple[Any, tuple[str, ...]]] = [(child, ()) for child in head.children]
    keywords = {word for _, listed in lexicon.OFFICIAL_WORDS for word in listed} | lexicon.OFFICIAL_COMPARED
    while waiting:
        token, path = waiting.pop()
        word = token.lower_
        chunk = chunks.get(token.i)
        named = word in lexicon.OFFICIAL_RELATIONS | lexicon.OFFICIAL_NULLS
        if chunk is not None and chunk.start != own.start and not named:
            relation = True  # another thing: what is said of it is not followed further
            continue
        path = (*path, word)
        children = list(token.children)
        if not children:
            superlative = superlative or any(part in keywords for part in path)
        waiting += [(child, path) for child in children]
    return superlative != relation
