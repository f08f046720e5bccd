"""What kind of expression it is: several tags an expression, each with the words that made it.

Tags describe the subject. The colour of another thing ("the boy next to the red car") makes no tag: what is said of
others is told apart as the parser does it (``Words.of_others``). Only words and the parse count, no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from tasnb.analysis import lexicon as lists
from tasnb.core.choices import require_known
from tasnb.core.types import Parse, WordNet
from tasnb.stages.expressions import Words, depth_cues, lexicon
from tasnb.stages.negatives import upwards

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
LENGTH_NAMES = (*(name for _, name in LENGTHS), "9+")
TERSE_WORDS = 4  # at most, and without an article
SENSES = 3  # of a word: the common ones; rarer ones join what people keep apart

# united once, not for every word of every expression
_COUNTED = lists.RANKS | lists.COUNTS
_LOOKS = lists.CLOTHING | lists.PATTERNS | lexicon.COLOURS | lists.SIZE_WORDS

IsA = Callable[[str, str], bool]


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One type of an expression and the words that made it.

    Parameters
    ----------
    name : str
        A key of ``TYPES``.
    words : tuple of str
        As typed, lower case; none where the absence of words made it.
    """

    name: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExpressionTypes:
    """What kind of expression it is.

    Parameters
    ----------
    tags : tuple of Tag
        In the order of ``TYPES``.
    length : int
        Words, punctuation aside.
    style : {"terse", "phrase", "sentence"}
        How it is put.
    """

    tags: tuple[Tag, ...]
    length: int
    style: Style

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tags."""
        return tuple(tag.name for tag in self.tags)

    @property
    def length_group(self) -> str:
        """The length as a group of ``LENGTH_NAMES``."""
        return next((name for most, name in LENGTHS if self.length <= most), LENGTH_NAMES[-1])

    def evidence(self, name: str) -> tuple[str, ...]:
        """Give the words that made a tag.

        Parameters
        ----------
        name : str
            A key of ``TYPES``.

        Returns
        -------
        tuple of str
            () where the tag is not there.

        Raises
        ------
        ValueError
            For a name that is no type.
        """
        require_known("type", name, TYPES)
        return next((tag.words for tag in self.tags if tag.name == name), ())


def types_of(parse: Parse, wordnet: WordNet | None = None) -> ExpressionTypes:
    """Find the types of a parsed expression.

    Parameters
    ----------
    parse : Parse
        Of the expression.
    wordnet : WordNet, optional
        Says who is a person beyond our list of words; None: the list alone.

    Returns
    -------
    ExpressionTypes
        An expression without a noun has "no noun" and whatever else its words say ("left": location). An empty or
        non-English one has "no noun" alone, and its length.
    """
    w = Words(parse)
    subject, related = w.subject, w.relations
    others = w.of_others | _of_other_people(w) | {i for r in related for i in range(r.start, r.end)}
    own = [i for i in range(len(w)) if i not in others]
    # "in the snow" and "by the road" say where, but of no other thing
    things = [
        r
        for r in related
        if w.word(r.end - 1) not in lexicon.VIEWER
        and (r.relation.lemma not in lists.SCENES or r.relation.word not in lexicon.WEAK_RELATIONS)
    ]

    def said(fits: Callable[[int], bool]) -> list[str]:
        return [w.word(i) for i in own if fits(i)]

    found: dict[str, list[str]] = {  # in the order of TYPES
        "location": _location(w, parse, own),
        "relation": [w.spelled(r.start, r.end) for r in things],
        "colour": said(lambda i: _is_colour(w, i, subject)),
        "size": said(lambda i: w.word(i) in lists.SIZE_WORDS and i != subject),
        "pattern": said(lambda i: _is_pattern(w, i) and i != subject),
        "clothing": _clothes(w, own),
        "action": said(lambda i: _is_action(w, i) and i != subject),
        "ordinal": said(lambda i: w.word(i) in _COUNTED),
        "comparative": said(lambda i: _is_degree(w, i, lists.COMPARATIVES, "er")),
        "superlative": said(lambda i: _is_degree(w, i, lists.SUPERLATIVES, "est")),
        "negation": _negations(w),
        "part": [w.word(subject)] if subject is not None and _is_part(w, subject) else [],
    }
    tags = [Tag(name=name, words=tuple(dict.fromkeys(words))) for name, words in found.items() if words]
    if parse.head is None:
        tags.append(Tag(name="no noun"))
    else:
        lemma = parse.head.lemma.lower()
        tags.append(Tag(name="person" if is_person(lemma, wordnet) else "thing", words=(lemma,)))
        own_phrase = {parse.head.lemma, *parse.phrase.lower().split(), *lists.ARTICLES}
        if not tags[:-1] and all(word in own_phrase or not word.isalnum() for word in w.lower):
            tags.append(Tag(name="bare noun", words=(lemma,)))
    length = sum(any(c.isalnum() for c in word) for word in w.lower)
    return ExpressionTypes(tags=tuple(tags), length=length, style=_style(w, parse))


def is_person(lemma: str, wordnet: WordNet | None = None) -> bool:
    """Whether a noun names a person: by our list, else by the hypernyms of its first sense in WordNet."""
    last = lemma.lower().split()[-1] if lemma.split() else ""
    if last in lists.PEOPLE:
        return True
    if wordnet is None or not last or last in lists.NO_PEOPLE:
        return False
    return "person.n.01" in upwards(wordnet.synsets(last, "n")[:1])


def is_a_by(wordnet: WordNet | None) -> IsA:
    """A function (word, kind) -> whether "duck" is an "animal", which remembers what it looked up.

    It is where one of the word's first senses is one of the kind's, or lies below it. Without WordNet only the same
    word is the same kind.
    """

    @cache
    def senses(word: str) -> list[Any]:
        return [] if wordnet is None else wordnet.synsets(word.replace(" ", "_"), "n")[:SENSES]

    @cache
    def above(word: str) -> set[str]:
        return upwards(senses(word))

    return lambda word, kind: word == kind or any(sense.name() in above(word) for sense in senses(kind))


def _of_other_people(w: Words) -> set[int]:
    """Places of what is said of another person than the subject: "holding a girl | in a pink dress"."""
    out: set[int] = set()
    person = False
    for i in range(len(w) if w.subject is None else w.subject + 1, len(w)):
        is_led = w.pos(i - 1) not in ("NOUN", "PROPN") and w.modified_from(i + 1) is None
        person = (person or (w.word(i) in lists.PEOPLE and is_led)) and w.word(i) not in (",", ";", ".", "and", "but")
        out |= {i} if person else set()
    return out


def _location(w: Words, parse: Parse, own: Sequence[int]) -> list[str]:
    said = list(parse.direction_words)
    said += [cue.words for cue in parse.cues if cue.kind in ("middle", "extreme", "ordinal", "clock")]
    said += [w.word(i) for i in own if w.word(i) in lexicon.MIDDLE]
    # of the words, as parses of older runs have no cues of depth
    return said + [w.word(i) for i, _ in depth_cues(w)]


def _is_colour(w: Words, i: int, subject: int | None) -> bool:
    word, noun = w.word(i), w.pos(i) in ("NOUN", "PROPN")
    if word not in lexicon.COLOURS:
        return False
    fruit = word == "orange" and noun and w.word(i - 1) in ("of", "an")
    lamp = word in lists.NOT_SHADES and (noun or w.pos(i) == "VERB")
    thing = i == subject and word in ("orange", "light", "gold", "peach", "lime")
    return not (fruit or lamp or thing)


def _is_pattern(w: Words, i: int) -> bool:
    if w.word(i) not in lists.MATERIAL_NOUNS:
        return w.word(i) in lists.PATTERNS
    return w.modified_from(i + 1) is not None or w.word(i - 1) in ("polka", "made")


def _clothes(w: Words, own: Sequence[int]) -> list[str]:
    said = []
    for i in own:
        word, before = w.word(i), w.word(i - 1)
        if word in lists.CLOTHING:  # the head too: "blue shirt" means who wears it
            place = word in lists.CLOTHING_UNLESS_PLACE and before not in lists.BEFORE_CLOTHING
            said += [word] if not place and (word != "watch" or w.pos(i) != "VERB") else []
        elif word in lexicon.COLOURS and before == "in" and w.modified_from(i + 1) is None:
            said.append(f"in {word}")  # "lady in red"
    return said


def _is_action(w: Words, i: int) -> bool:
    word, lemma = w.word(i), w.tokens[i].lemma.lower()
    verb = w.pos(i) == "VERB" and lists.NO_ACTION.isdisjoint((lemma, word)) and word not in _LOOKS
    return not w.is_direction(i) and (verb or word in lists.ACTIONS)


def _is_degree(w: Words, i: int, listed: frozenset[str], ending: str) -> bool:
    word = w.word(i)
    if word not in listed and not word.endswith(ending):
        return False
    of_a_place = w.is_direction(i) or (word in ("most", "more", "least", "less") and w.is_direction(i - 1))
    of_a_place |= word in ("most", "more") and w.is_direction(i + 1)
    ends = word.endswith(ending) and w.pos(i) == "ADJ" and w.tokens[i].lemma.lower() != word
    return word not in lists.NO_DEGREE and not of_a_place and (word in listed or ends)


def _negations(w: Words) -> list[str]:
    said = [word for word in w.lower if word in lists.NEGATIONS or word.endswith("n't")]
    return said + [" ".join(pair) for pair in pairwise(w.lower) if pair in lexicon.NEGATING_PAIRS]


def _is_part(w: Words, i: int) -> bool:
    of_a_whole = w.word(i + 1) == "of" or w.word(i - 1) in lexicon.OTHERS_POSSESSIVE  # which holds "'s"
    return w.word(i) in lists.PARTS and (of_a_whole or w.word(i) not in lists.PARTS_OF)


def _style(w: Words, parse: Parse) -> Style:
    clause = any(t.pos == "AUX" or t.dep in ("nsubj", "nsubjpass", "relcl") for t in parse.tokens)
    if clause and len(w) > TERSE_WORDS:
        return "sentence"
    return "terse" if len(w) <= TERSE_WORDS and not lists.ARTICLES & set(w.lower) else "phrase"
