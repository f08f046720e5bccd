"""Takes an expression apart: the noun it is about, where in the picture, next to what (docs/method.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

from tasnb.core.choices import require_known
from tasnb.core.types import Head, NounPhrase, Parse, Parser, Token, WordNet
from tasnb.stages.expressions import directions, lexicon, released
from tasnb.stages.expressions.phrases import NOUNS, REQUEST, Words
from tasnb.stages.expressions.spelling import MOST_CHARACTERS, readable, require_text, respelt

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
        It reads the text as it stands: a request is not taken off, nothing is respelt, and no article is put before it.

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


@dataclass(frozen=True, kw_only=True)
class _Line:
    """What of an expression the parser reads.

    line, places: the text as it is read, and of each letter the place in the original. [start, end): what is left when
    a request ("segment the dog, please") is taken off. article: "the " stands before it for the parser alone.
    """

    line: str
    places: Sequence[int]
    start: int
    end: int
    article: bool

    @property
    def for_parser(self) -> str:
        said = self.line[self.start : self.end]
        if self.article:  # a capital behind "the" would be a name's
            said = said[0].lower() + said[1:] if said[1:2].islower() else said
        return _ARTICLE * self.article + said


_ARTICLE = "the "


def parse(text: str, nlp: Parser, *, rule: ParseRule = PAPER, wordnet: WordNet | None = None) -> Parse:
    """Take an expression apart.

    Parameters
    ----------
    text : str
        The expression.
    nlp : Parser
        A spaCy pipeline, or what quacks like one.
    rule : ParseRule
        How it is read; the paper's by default.
    wordnet : WordNet or None
        The last resort for the head: the first word that it knows as a noun and nothing else claims.

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
    line = _line(text, rule)
    return _parsed(text, line, nlp(line.for_parser), rule, wordnet)


def parse_all(
    texts: Sequence[str], nlp: Parser, *, rule: ParseRule = PAPER, wordnet: WordNet | None = None
) -> list[Parse]:
    """Take expressions apart together: a spaCy pipeline reads many in a fifth of the time that it needs one by one.

    Parameters
    ----------
    texts : sequence of str
        The expressions.
    nlp : Parser
        As for ``parse``; without a ``pipe`` of its own it is called for each.
    rule : ParseRule
        How they are read.
    wordnet : WordNet or None
        As for ``parse``.

    Returns
    -------
    list of Parse
        ``parse`` of each.

    Raises
    ------
    ValueError, TypeError
        As ``parse`` does, for the first that is no expression.
    """
    lines = [_line(text, rule) for text in texts]
    read_all = getattr(nlp, "pipe", partial(map, nlp))
    docs = read_all([line.for_parser for line in lines])
    return [_parsed(text, line, doc, rule, wordnet) for text, line, doc in zip(texts, lines, docs, strict=True)]


def _line(text: str, rule: ParseRule) -> _Line:
    line, places = readable(require_text(text))
    if rule.gate == "official":
        return _Line(line=_small(line), places=places, start=0, end=len(line), article=False)
    line, places = respelt(_small(line) if line.isupper() else line, places)
    start, end = _asked_for(line)
    first = line[start:end].split(maxsplit=1)[0].lower()
    return _Line(line=line, places=places, start=start, end=end, article=_takes_an_article(first))


def _small(line: str) -> str:
    """Lower case letter by letter, as a few (the Turkish capital dotted I) become two."""
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in line)


def _asked_for(line: str) -> tuple[int, int]:
    """[start, end) of the line without what only asks for the thing; the whole line where nothing would be left."""
    asked = lexicon.REQUEST.match(line)
    start = asked.end() if asked else 0
    polite = lexicon.POLITE.search(line, start)
    end = polite.start() if polite else len(line)
    return (start, end) if any(c.isalnum() for c in line[start:end]) else (0, len(line))


def _takes_an_article(first: str) -> bool:
    """Whether it begins a terse noun phrase: a parser trained on prose takes "kid standing" for a clause."""
    return first.isalpha() and first not in lexicon.OPENING


def _parsed(text: str, line: _Line, doc: Any, rule: ParseRule, wordnet: WordNet | None) -> Parse:
    """What the rule reads in an expression, whose words in one line were parsed."""
    is_official = rule.gate == "official"
    theirs = released.read(doc) if is_official else None
    tokens = _tokens(doc, line)
    own = [t for t in doc if t.i >= line.article]
    head, name = (theirs.noun, theirs.rule) if theirs else _head(doc, own)
    parsed = Parse(text=text, head=None, tokens=tokens)
    if head is None and not theirs and wordnet is not None:
        head, name = _known_noun(own, wordnet), "first noun in WordNet"
    if head is not None or theirs:
        chunk = theirs.span if theirs else _chunk(doc, head, line.article)
        parsed = replace(
            parsed,
            phrase=chunk.text.lower(),
            modifiers=tuple(t.lower_ for t in chunk if t != head and t.pos_ in MODIFIERS),
        )
    if head is not None:
        start, end = _span(head, line)
        lemma = head.lower_ if theirs else _lemma(head)
        parsed = replace(parsed, head=Head(lemma=lemma, span=(line.places[start], line.places[end - 1] + 1), rule=name))
    words = Words(parsed)
    said, cues = directions.read(words)
    if rule.direction_words == "substrings":
        said = theirs.said if theirs else released.letters(line.line.lower())
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
    if token.lower_ in lexicon.PLURAL_ALONE:
        return str(token.lower_)  # "pants" are no "pant"
    lemma: str = (token.lemma_ or token.text).lower()
    return lexicon.SINGULARS.get(lemma, lemma)


def _span(token: Any, line: _Line) -> tuple[int, int]:
    """Where a token of the parser's stands in the line, [start, end)."""
    start = token.idx + line.start - len(_ARTICLE) * line.article
    return start, start + len(token.text)


def _tokens(doc: Any, line: _Line) -> tuple[Token, ...]:
    """Every word of the line in order: the parser's, and before and behind them those of a request."""

    def token(start: int, end: int, **read: Any) -> Token:
        place = line.places
        return Token(text=line.line[start:end], start=place[start], end=place[end - 1] + 1, **read)

    def asking(start: int, end: int) -> list[Token]:
        spans = [(start + word.start(), start + word.end()) for word in _WORDS.finditer(line.line[start:end])]
        return [token(*s, lemma=line.line[slice(*s)].lower(), pos="X", dep=REQUEST, governor=0) for s in spans]

    before, behind = asking(0, line.start), asking(line.end, len(line.line))
    own = [t for t in doc if t.i >= line.article]
    shift = len(before) - line.article
    parsed = [
        token(
            *_span(t, line), lemma=_lemma(t), pos=t.pos_, dep=t.dep_,
            governor=(t.head.i if t.head.i >= line.article else t.i) + shift,
        )
        for t in own
    ]  # fmt: skip
    return tuple(replace(t, governor=i) if t.dep == REQUEST else t for i, t in enumerate([*before, *parsed, *behind]))


_WORDS = re.compile(r"\w+|[^\w\s]")


# the noun meant


def _head(doc: Any, own: Sequence[Any]) -> tuple[Any | None, str]:
    """The subject's noun and the name of the rule that found it (docs/method.md)."""
    name, found = next(_candidates(doc, own), ("none", None))
    group = _first_group(doc, own)
    if not group or found in group:
        return found, name
    worn = lexicon.BODY | lexicon.CLOTHES
    if found is not None and group[-1].lower_ in worn and found.lower_ not in worn and found.i > group[-1].i:
        return found, name  # "black shirt and white hat | guy"
    return group[-1], "first noun group"


def _first_group(doc: Any, own: Sequence[Any]) -> list[Any]:
    """The nouns side by side that the expression says first, of no preposition; [] without any.

    The tree of a terse expression often hangs on a later noun ("girl | white pants", "man | touching dog"). A row, a
    half or a hand is passed over where another such group follows ("second row left | guy", "trunk up | elephant").
    """
    first: list[Any] = []
    group: list[Any] = []
    led = False  # by a preposition
    for token in [*own, None]:
        if token is not None and _is_named(doc, token, group):
            group.append(token)
            continue
        if group and not led:
            passed = group[-1].lower_ in lexicon.SIDE_NOUNS or (
                token is not None and token.lower_ in ("up", "down", "out") and group[-1].lower_ in lexicon.BODY
            )
            if not passed:
                return group
            first = first or group
        if token is not None and (group or token.pos_ == "ADP" or token.lower_ in ("to", "of")):
            led = token.pos_ in ("ADP", "SCONJ", "AUX") and token.lower_ not in ("up", "down", "out")
            led |= token.lower_ in ("to", "of", "with", "w/")
        group = []
    return first


def _is_named(doc: Any, token: Any, group: Sequence[Any]) -> bool:
    """Whether a token is the next noun of a group: no new attribute behind it ("lady | pink", "zebra | standing")."""
    lower = token.lower_
    if lower in ("one", "ones"):
        after = doc[token.i + 1] if token.i + 1 < len(doc) else None
        return not group and (after is None or after.pos_ not in (*NOUNS, "ADJ", "NUM"))
    # a part of the body or a garment behind a noun is one, whatever the tagger says: "guys head", "teddy bear"
    is_part = bool(group) and (lower in lexicon.BODY | lexicon.CLOTHES or (lower[:4], group[-1].lower_) == ("bear", "teddy"))
    return _can_be_meant(doc, token) or (is_part and token.pos_ in ("VERB", "ADJ", "AUX", "ADV"))


def _candidates(doc: Any, own: Sequence[Any]) -> Iterator[tuple[str, Any]]:
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
    for token in reversed(own):
        if _can_be_meant(doc, token):
            yield "last noun", token


def _can_be_meant(doc: Any, token: Any) -> bool:
    """A noun that is no place in the picture: neither "left", "corner" nor "image" of "left corner of image"."""
    lower = token.lower_
    if token.pos_ not in NOUNS or not any(c.isalpha() for c in token.text) or lower in lexicon.NO_NOUNS:
        return False
    if lower.endswith("ing") and len(lower) > 5 and lower not in lexicon.NOUNS_IN_ING:
        return False  # what it does: "zebra standing"
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


def _chunk(doc: Any, head: Any, first: int) -> Any:
    """The head's own noun chunk; without one, the head and what stands before it in its subtree."""
    for chunk in doc.noun_chunks:
        if chunk.start <= head.i < chunk.end:
            return doc[max(chunk.start, first) : chunk.end]
    return doc[max(head.left_edge.i, first) : head.i + 1]


def _known_noun(own: Sequence[Any], wordnet: WordNet) -> Any | None:
    """The first word that WordNet knows as a noun, where no rule above found one, and that says nothing else."""
    for token in own:
        said = token.lower_
        claimed = said in lexicon.CLAIMED or token.pos_ in ("ADP", "AUX", "DET", "PRON", "NUM", "CCONJ", "PUNCT")
        if claimed or not said.isalpha() or said.endswith(("ing", "ed")):
            continue
        nouns, others = (sum(len(wordnet.synsets(said, pos)) for pos in poses) for poses in ("n", "avr"))
        if nouns >= max(others, 1):  # "kid", but not "old"
            return token
    return None
