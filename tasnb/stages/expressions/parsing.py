"""Takes an expression apart: the noun it is about, where in the picture, next to what (docs/method.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

from tasnb.core.choices import require_known
from tasnb.core.types import Cue, Head, NounPhrase, Parse, Parser, Token, WordNet
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
    a request ("segment the dog, please") is taken off. For the parser alone it is in lower case (small), and "the "
    stands before it (article).
    """

    line: str
    places: Sequence[int]
    start: int
    end: int
    small: bool
    article: bool

    @property
    def for_parser(self) -> str:
        said = self.line[self.start : self.end]
        if self.small:  # letter by letter, as a few (the Turkish capital dotted I) become two
            said = "".join(low if len(low := letter.lower()) == 1 else letter for letter in said)
        if self.article:  # a capital behind "the" would be a name's
            said = said[0].lower() + said[1:] if said[:2].isascii() and said[1:2].islower() else said
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
        return _Line(line=line, places=places, start=0, end=len(line), small=True, article=False)
    line, places = respelt(line, places)
    start, end = _asked_for(line)
    first = line[start:end].split(maxsplit=1)[0].lower()
    return _Line(line=line, places=places, start=start, end=end, small=line.isupper(), article=_takes_an_article(first))


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
    if line.article and not (len(doc) and doc[0].text == _ARTICLE.strip()):
        line = replace(line, article=False)  # a parser that has an answer ready, as in tests
    theirs = released.read(doc) if is_official else None
    tokens = _tokens(doc, line)
    own = [t for t in doc if t.i >= line.article]
    head, name = (theirs.noun, theirs.rule) if theirs else _head(doc, own, wordnet)
    parsed = Parse(text=text, head=None, tokens=tokens)
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
    said, cues = directions.read(words, uncounted="first" if is_official else "")
    if rule.direction_words == "substrings":
        said = theirs.said if theirs else released.letters(line.line.lower())
    elif theirs and not theirs.said:
        said = {}
    if is_official:  # it uses none; the kinds that came with `plus` are not its own
        cues = tuple(replace(cue, value=_AS_AREA.get(cue.value, cue.value)) for cue in cues if _is_of_old(cue))
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
    lemma: str = (token.lower_ if token.pos_ == "ADJ" else token.lemma_ or token.text).lower()
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


_AS_AREA = {"tallest": "biggest", "shortest": "smallest"}  # one size for all measures
_NEW_SIZES = frozenset({*lexicon.PLAIN_SIZES.values(), "longest", "widest", "thinnest"})


def _is_of_old(cue: Cue) -> bool:
    """Whether the extended rectifier of `official` has always read it: it does not change with `plus`."""
    if cue.kind == "ordinal":
        return "from" in cue.words.split() or len(cue.words.split()) == 2
    if cue.kind == "extreme":
        return "to" not in cue.words.split()
    return cue.kind not in ("depth", "coordination") and cue.value not in _NEW_SIZES


_WORDS = re.compile(r"\w+|[^\w\s]")


# the noun meant


def _head(doc: Any, own: Sequence[Any], wordnet: WordNet | None) -> tuple[Any | None, str]:
    """The subject's noun and the name of the rule that found it (docs/method.md)."""
    name, found = next(_candidates(doc, own), ("none", None))
    group = _first_group(own, wordnet)
    if not group:
        return (found, name) if found is not None or wordnet is None else (_known_noun(own, wordnet), "noun of WordNet")
    last = group[-1]
    if found is None or (found not in group and not _describes(last, found)):
        return last, "first noun group"
    if found in group and found != last and not _is_apart(found, last):
        return last, "first noun group"  # "teddy | bear", which a parser may take for a verb
    return found, name


def _is_apart(found: Any, last: Any) -> bool:
    """Whether two nouns side by side are two things: "guy | glasses", and what a verb before them governs."""
    governed = found.head.i < found.i and found.head.pos_ in ("VERB", "AUX")
    return governed or (last.pos_ in NOUNS and last.lower_ in _PARTS)


def _describes(noun: Any, head: Any) -> bool:
    """Whether a noun is only a part of the head's name: "adult gray | cat", "black shirt and white hat | guy"."""
    if head.i < noun.i or head.lower_ in _PARTS | lexicon.SIDE_NOUNS:
        return False
    doc = noun.doc if hasattr(noun, "doc") else ()
    between = [t for t in doc[noun.i + 1 : head.i] if t.pos_ in ("ADP", "AUX") or t.lower_.endswith("ing")]
    hangs_on = head in (noun.head, noun.head.head) and noun.dep_ in _PARTS_OF_NAMES
    return not between and (noun.lower_ in _PARTS or hangs_on)


_PARTS = lexicon.BODY | lexicon.CLOTHES - {"top"}
_PARTS_OF_NAMES = ("compound", "amod", "nmod", "npadvmod", "nummod", "poss")


def _first_group(own: Sequence[Any], wordnet: WordNet | None) -> list[Any]:
    """The nouns side by side that the expression says first; [] without any, and where a preposition leads them.

    The tree of a terse expression often hangs on a later noun ("girl | white pants", "man | touching dog").
    """
    first: list[Any] = []
    group: list[Any] = []
    for i, token in enumerate(own):
        after = own[i + 1] if i + 1 < len(own) else None
        if _is_named(own, i, group, wordnet):
            group.append(token)
            if after is not None:
                continue
        if not group:
            if token.pos_ in ("ADP", "SCONJ") and token.lower_ not in ("up", "down", "out", "like"):
                return first
            continue
        follows = token.lower_ if token != group[-1] else ""
        is_made = follows.endswith("ed") and after is not None and after.pos_ in NOUNS
        if follows in _JOINING or group[-1].dep_ == "poss" or is_made:
            group = []  # "man's | left shoe", "heart-shaped | cookie", "metal backed | chair"
            continue
        if follows in ("up", "down", "out") and group[-1].lower_ in lexicon.BODY:
            group = group[:-1]  # "giraffe head up", "trunk up | elephant"
        before = own[i - len(group) - 1] if i > len(group) else None
        aside = group and group[-1].lower_ in lexicon.SIDE_NOUNS and before is not None and before.lower_ in _PLACING
        if group and not aside:
            return group
        first = first or group  # "second row left | guy"
        group = []
        if token.pos_ == "ADP" and follows not in ("up", "down", "out"):
            return first
    return first


_PLACING = frozenset({*lexicon.DIRECTION_WORDS, *lexicon.RUN_WORDS, *lexicon.ORDINALS})
_JOINING = ("'s", "'", "-", "colored", "coloured", "color", "colour", "print", "style", "shaped")
_NAMELESS = ("ADP", "AUX", "DET", "PRON", "NUM", "CCONJ", "PUNCT", "PART", "SCONJ")
_ENDS = ("ADP", "SCONJ", "PUNCT", "AUX")


def _is_named(own: Sequence[Any], i: int, group: Sequence[Any], wordnet: WordNet | None) -> bool:
    """Whether a token is the next noun of a group: no new attribute behind it ("lady | pink", "zebra | standing")."""
    token, lower = own[i], own[i].lower_
    after = own[i + 1] if i + 1 < len(own) else None
    goes_on = after is not None and (after.pos_ in (*NOUNS, "ADJ", "NUM") or after.lower_ in lexicon.DIRECTION_WORDS)
    ends = after is None or after.pos_ in _ENDS
    if lower in ("one", "ones"):
        return not group and not goes_on
    before = own[i - 1].lower_ if i else ""
    if lower in ("top", "tops") and not goes_on and before not in lexicon.DIRECTION_WORDS:
        looks = lexicon.TOP_OF_SOMETHING | lexicon.COLOURS | lexicon.MATERIALS
        if before in looks or before.endswith(lexicon.ADJECTIVAL):
            return True  # "green top", "table top", "ruffled top"
    if _can_be_meant(own, i):
        return True
    if lower in lexicon.PEOPLE_TOO:
        return not goes_on
    if token.pos_ in _NAMELESS:
        return False
    if group:  # whatever the tagger says: "guys head", "teddy bear"
        part = lower in _PARTS or (before == "teddy" and lower in ("bear", "bears"))
        return part or (before in lexicon.OWNERS and ends and not lower.endswith("ing") and _is_free(lower))
    return ends and wordnet is not None and _knows(wordnet, lower)


def _is_free(word: str) -> bool:
    """Whether a word says nothing else: no place, colour or size, and nothing that a thing does."""
    return word.isalpha() and word not in lexicon.CLAIMED and not word.endswith(("ing", "ed", "ly"))


def _knows(wordnet: WordNet, word: str) -> bool:
    """Whether WordNet has a word as a noun before all: "kid", but not "old"."""
    if not _is_free(word):
        return False
    nouns, others = (sum(len(wordnet.synsets(word, pos)) for pos in poses) for poses in ("n", "avr"))
    return nouns >= max(others, 1)


def _candidates(doc: Any, own: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    meant = [t for i, t in enumerate(own) if _can_be_meant(own, i)]
    for root in [t for t in doc if t.head.i == t.i][:1]:
        if root in meant:
            yield "root", root
        for child in root.children:
            if child in meant:
                yield "first noun child of the root", child
    for chunk in doc.noun_chunks:
        if chunk.root in meant:
            yield "first noun chunk", chunk.root
    for token in reversed(meant):
        yield "last noun", token


def _can_be_meant(own: Sequence[Any], i: int) -> bool:
    """A noun that is no place in the picture: neither "left", "corner" nor "image" of "left corner of image"."""
    token, lower = own[i], own[i].lower_
    if token.pos_ not in NOUNS or not any(c.isalpha() for c in token.text) or lower in lexicon.NO_NOUNS:
        return False
    if lexicon.is_doing(lower):
        return False  # "zebra standing"
    before, after = (own[k].lower_ if 0 <= k < len(own) else "" for k in (i - 1, i + 1))
    if lower in lexicon.DIRECTION_WORDS or lower in lexicon.MIDDLE or lower in lexicon.DEPTH - {"back", "front"}:
        return False
    if lower in ("side", "corner", "back", "front"):
        return after == "of" and not any(t.lower_ in lexicon.IMAGE for t in own[i + 2 : i + 4])
    if lower in lexicon.IMAGE and before in ("of", "the", "this", "in"):
        return not any(t.lower_ in ("of", "in") for t in own[max(0, i - 2) : i])
    return lower not in ("o'clock", "oclock", "clock") or not any(c.isdigit() for c in before)


def _chunk(doc: Any, head: Any, first: int) -> Any:
    """The head's own noun chunk; without one, the head and what stands before it in its subtree."""
    for chunk in doc.noun_chunks:
        if chunk.start <= head.i < chunk.end:
            return doc[max(chunk.start, first) : chunk.end]
    return doc[max(head.left_edge.i, first) : head.i + 1]


def _known_noun(own: Sequence[Any], wordnet: WordNet) -> Any | None:
    """The first word that WordNet knows as a noun, where no rule above found one, and that says nothing else."""
    return next((t for t in own if t.pos_ not in _NAMELESS and _knows(wordnet, t.lower_)), None)
