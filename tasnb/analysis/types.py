"""What kind of expression it is: several tags an expression, each with the words that made it.

Tags describe the subject. The colour of another thing ("the boy next to the red car") makes no tag: what is said of
others is told apart as the parser does it (``Words.of_others``). Only words and the parse count, no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tasnb.analysis import lexicon as lists
from tasnb.analysis.kinds import upwards
from tasnb.core.types import Parse, WordNet
from tasnb.stages.expressions import Words, lexicon

Style = Literal["terse", "phrase", "sentence"]
# in the order of every table; what each means in one line, for people
TYPES: dict[str, str] = {
    "location": 'a place in the picture: "left", "top right", "in the middle", "in front", "closest"',
    "relation": 'a relation to another thing: "next to the bus", "behind the tree"',
    "colour": 'a colour or shade of the thing or its clothes: "red", "dark"',
    "size": 'a size: "big", "tallest"',
    "pattern": 'a pattern or material: "striped", "wooden"',
    "clothing": 'what is worn: "in a blue shirt", "wearing a hat", "in red"',
    "action": 'what it does: "standing", "eating", "parked"',
    "ordinal": 'a rank or a count: "second from left", "two"',
    "comparative": 'a comparison of two: "bigger", "more"',
    "superlative": 'the utmost of several, places aside: "biggest"',
    "negation": 'a negation or exclusion: "without hat", "not the one ..."',
    "part": 'a part of a thing: "hand", "piece of cake"',
    "person": "the head noun is a person",
    "thing": "the head noun is no person",
    "bare noun": "a noun and nothing else",
    "no noun": "no head noun was found",
}
STYLES: tuple[Style, ...] = ("terse", "phrase", "sentence")
LENGTHS = ((1, "1"), (2, "2"), (3, "3"), (5, "4-5"), (8, "6-8"))  # up to so many words: its name
TERSE_WORDS = 4  # at most, and without an article


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One type of an expression and its words as typed, lower case; no words where the absence of words made it."""

    name: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExpressionTypes:
    """tags: in the order of TYPES. length: words, punctuation aside. style: terse, phrase or sentence."""

    tags: tuple[Tag, ...]
    length: int
    style: Style

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tags."""
        return tuple(tag.name for tag in self.tags)

    @property
    def length_group(self) -> str:
        """The length as a group of LENGTHS, "9+" beyond them."""
        return length_group(self.length)

    def evidence(self, name: str) -> tuple[str, ...]:
        """The words that made a tag, () where it is not there. Raises ValueError for a name that is no type."""
        if name not in TYPES:
            raise ValueError(f"unknown type {name!r}; choose from {', '.join(TYPES)}")
        return next((tag.words for tag in self.tags if tag.name == name), ())


def length_group(length: int) -> str:
    """ "1", "2", "3", "4-5", "6-8" or "9+".

    >>> length_group(4)
    '4-5'
    """
    return next((name for most, name in LENGTHS if length <= most), "9+")


def types_of(parse: Parse, wordnet: WordNet | None = None) -> ExpressionTypes:
    """The types of a parsed expression. wordnet: says who is a person beyond our list of words; None: the list alone.

    An expression without a noun gets "no noun" and whatever else its words say ("left": location). An empty or
    non-English one gets "no noun" alone, and its length.
    """
    w = Words(parse)
    subject, related = w.subject, w.relations
    others = w.of_others | {i for r in related for i in range(r.start, r.end)}
    own = [i for i in range(len(w)) if i not in others]
    # "in the snow" and "by the road" say where, but of no other thing
    things = [
        r
        for r in related
        if w.word(r.end - 1) not in lexicon.VIEWER
        and (r.relation.lemma not in lists.SCENES or r.relation.word not in lexicon.WEAK_RELATIONS)
    ]
    found: dict[str, list[str]] = {
        "location": _location(w, parse, own),
        "relation": [w.spelled(r.start, r.end) for r in things],
        "colour": _colours(w, own, subject),
        "size": _listed(w, own, lists.SIZES, subject),
        "pattern": _patterns(w, own, subject),
        "clothing": _clothes(w, own),
        "action": _actions(w, own, subject),
        "ordinal": _ordinals(w, own),
        "comparative": _degree(w, own, lists.COMPARATIVES, "er"),
        "superlative": _degree(w, own, lists.SUPERLATIVES, "est"),
        "negation": _negations(w),
        "part": _parts(w, subject),
    }
    tags = [Tag(name=name, words=tuple(dict.fromkeys(said))) for name, said in found.items() if said]
    if parse.head is None:
        tags.append(Tag(name="no noun"))
    else:
        lemma = parse.head.lemma.lower()
        tags.append(Tag(name="person" if is_person(lemma, wordnet) else "thing", words=(lemma,)))
        own_phrase = {parse.head.lemma, *parse.phrase.lower().split(), *lists.ARTICLES}
        if not tags[:-1] and all(word in own_phrase or not word.isalnum() for word in w.lower):
            tags.append(Tag(name="bare noun", words=(lemma,)))
    order = list(TYPES)
    said_words = [i for i in range(len(w)) if any(c.isalnum() for c in w.word(i))]
    return ExpressionTypes(
        tags=tuple(sorted(tags, key=lambda tag: order.index(tag.name))), length=len(said_words), style=_style(w, parse)
    )


def is_person(lemma: str, wordnet: WordNet | None = None) -> bool:
    """Whether a noun names a person: by our list, else by the hypernyms of its first sense in WordNet."""
    last = lemma.lower().split()[-1] if lemma.split() else ""
    if last in lists.PEOPLE:
        return True
    if wordnet is None or not last or last in lists.NO_PEOPLE:
        return False
    return "person.n.01" in upwards(wordnet.synsets(last, "n")[:1])


def _listed(w: Words, own: Sequence[int], listed: frozenset[str], subject: int | None) -> list[str]:
    return [w.word(i) for i in own if w.word(i) in listed and i != subject]


def _location(w: Words, parse: Parse, own: Sequence[int]) -> list[str]:
    said = list(parse.direction_words)
    said += [cue.words for cue in parse.cues if cue.kind in ("middle", "extreme", "ordinal", "clock")]
    said += [w.word(i) for i in own if w.word(i) in lists.MIDDLE]
    for i in range(len(w)):
        word, before = w.word(i), w.word(i - 1)
        if word in lists.NEAREST and (i in own or _of_viewer(w, i)):
            said.append(word)
        if word in lists.DEPTH and i in own and not _is_of_something(w, i):
            body = before in lists.NOT_IN_DEPTH or (before == "the" and w.word(i - 2) == "from")
            if not body and w.word(i + 1) not in ("to", "turned", "towards", "toward", "pack"):
                said.append(word)
    return said


def _of_viewer(w: Words, i: int) -> bool:
    """ "closest to us", "nearest the camera": a place in the picture."""
    return any(w.word(k) in lexicon.VIEWER for k in range(i + 1, i + 4))


def _is_of_something(w: Words, i: int) -> bool:
    """ "in front of the bus", "back of the truck"; "front of the picture" and "back of the group" are places."""
    if w.word(i + 1) != "of":
        return False
    thing = w.thing_from(i + 2)
    return thing is not None and w.word(thing) not in lexicon.IMAGE | {"line", "group", "row", "pack", "us"}


def _colours(w: Words, own: Sequence[int], subject: int | None) -> list[str]:
    said = []
    for i in own:
        word = w.word(i)
        if word not in lists.COLOURS or (i == subject and word in ("orange", "light", "gold", "peach", "lime")):
            continue
        if word == "orange" and w.word(i - 1) in ("of", "an") and w.pos(i) in ("NOUN", "PROPN"):
            continue  # the fruit
        if word in lists.NOT_SHADES and w.pos(i) in ("NOUN", "PROPN", "VERB"):
            continue
        said.append(word)
    return said


def _patterns(w: Words, own: Sequence[int], subject: int | None) -> list[str]:
    said = []
    for i in own:
        word = w.word(i)
        if word not in lists.PATTERNS or i == subject:
            continue
        before_noun = w.modified_from(i + 1) is not None
        if word in lists.MATERIAL_NOUNS and not before_noun and w.word(i - 1) not in ("polka", "made"):
            continue
        said.append(word)
    return said


def _clothes(w: Words, own: Sequence[int]) -> list[str]:
    said = []
    for i in own:
        word, before = w.word(i), w.word(i - 1)
        if word in lists.CLOTHES:  # the head too: "blue shirt" means who wears it
            if word in lists.CLOTHES_UNLESS_PLACE and before not in lists.COLOURS | {"tank", "a", "halter", "crop"}:
                continue
            if word == "watch" and w.pos(i) == "VERB":
                continue
            said.append(word)
        elif word in lists.COLOURS and before == "in" and w.modified_from(i + 1) is None:
            said.append(f"in {word}")  # "lady in red"
    return said


def _actions(w: Words, own: Sequence[int], subject: int | None) -> list[str]:
    said = []
    others_places = {k for k in range(len(w)) if k not in own}
    for i in range(len(w)):
        word = w.word(i)
        if i == subject or i in others_places or w.is_direction(i):
            continue
        verb = w.pos(i) == "VERB" and w.tokens[i].lemma.lower() not in lists.NO_ACTION and word not in lists.NO_ACTION
        worn = word in lists.CLOTHES | lists.PATTERNS | lists.COLOURS | lists.SIZES
        if (verb and not worn) or word in lists.ACTIONS:
            said.append(word)
    return said


def _ordinals(w: Words, own: Sequence[int]) -> list[str]:
    return [w.word(i) for i in own if w.word(i) in lists.ORDINALS | lists.COUNTS]


def _degree(w: Words, own: Sequence[int], listed: frozenset[str], ending: str) -> list[str]:
    said = []
    for i in own:
        word = w.word(i)
        if (
            word in lists.NO_DEGREE
            or w.is_direction(i)
            or (word in ("most", "more", "least", "less") and w.is_direction(i - 1))
        ):
            continue
        if word in ("most", "more") and w.is_direction(i + 1):
            continue
        ends = word.endswith(ending) and w.pos(i) == "ADJ" and w.tokens[i].lemma.lower() != word
        if word in listed or ends:
            said.append(word)
    return said


def _negations(w: Words) -> list[str]:
    said = [word for word in w.lower if word in lists.NEGATIONS]
    return said + ["other than" for i in range(len(w)) if w.word(i) == "other" and w.word(i + 1) == "than"]


def _parts(w: Words, subject: int | None) -> list[str]:
    if subject is None or w.word(subject) not in lists.PARTS:
        return []
    word = w.word(subject)
    named_whole = w.word(subject + 1) == "of" or w.word(subject - 1) == "'s" or w.word(subject - 1) in (
        lexicon.OTHERS_POSSESSIVE
    )  # fmt: skip
    return [word] if named_whole or word not in lists.PARTS_OF else []


def _style(w: Words, parse: Parse) -> Style:
    clause = any(t.pos == "AUX" or t.dep in ("nsubj", "nsubjpass", "relcl") for t in parse.tokens)
    if clause and len(w) > TERSE_WORDS:
        return "sentence"
    return "terse" if len(w) <= TERSE_WORDS and not lists.ARTICLES & set(w.lower) else "phrase"
