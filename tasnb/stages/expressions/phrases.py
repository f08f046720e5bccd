"""An expression as a row of words to look along: its noun phrases, its relations, whose words are whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasnb.core.types import Relation, Token
from tasnb.stages.expressions import lexicon

NOUNS = ("NOUN", "PROPN")
BEFORE_A_NOUN = (*NOUNS, "ADJ", "NUM", "DET", "VERB", "ADV", "CCONJ", "PRON", "PART")
NO_NOUN_PHRASE = ("ADP", "AUX", "PUNCT", "SCONJ", "PART")
DASHES = ("-", "\u2013")
POSSESSIVES = ("'s", "\u2019s")


@dataclass(frozen=True, kw_only=True)
class Related:
    """A relation and where it stands: [start, named) names it, [named, end) is its thing.

    locks: what follows may be about the thing ("behind the car on the left"), so it is not the subject's.
    """

    relation: Relation
    start: int
    named: int
    end: int
    locks: bool


class Wording:
    """The tokens without hyphens and blanks, lower case, by place; beyond either end stands an empty word."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.text = text
        self.tokens = [t for t in tokens if t.text not in DASHES and t.text.strip()]
        self.lower = ["'s" if t.text in POSSESSIVES else t.text.lower().strip("'\"`") or t.text for t in self.tokens]

    def __len__(self) -> int:
        return len(self.lower)

    def word(self, i: int) -> str:
        return self.lower[i] if 0 <= i < len(self.lower) else ""

    def pos(self, i: int) -> str:
        return self.tokens[i].pos if 0 <= i < len(self.tokens) else ""

    def is_place(self, i: int) -> bool:
        return self.word(i) in lexicon.DIRECTION_WORDS

    def is_noun(self, i: int) -> bool:
        return (self.pos(i) in NOUNS and not self.is_place(i)) or self.word(i) in ("one", "ones")

    def spelled(self, start: int, end: int) -> str:
        """The text of [start, end) as typed, in lower case."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end].lower()

    def thing_from(self, i: int) -> int | None:
        """The head noun of the noun phrase that starts at ``i``, a determiner first or not; None without one."""
        if self.word(i) in lexicon.DETERMINERS | lexicon.OTHERS_POSSESSIVE or self.pos(i) == "DET":
            i += 1
        elif self.pos(i) == "PRON":
            return i
        head = None
        while i < len(self):
            if self.is_noun(i):
                head = i
            elif (head is not None and self.word(i) != "'s") or (
                self.pos(i) not in BEFORE_A_NOUN and self.word(i) not in lexicon.RUN_WORDS and head is None
            ):
                break
            i += 1
        return head

    def modified_from(self, i: int) -> int | None:
        """The noun that an adjective just before ``i`` would modify; None when no noun phrase goes on there."""
        if self.word(i) in lexicon.DETERMINERS or self.pos(i) in NO_NOUN_PHRASE:
            return None
        head = None
        while i < len(self):
            participle = self.pos(i) == "VERB" and self.word(i).endswith("ed")
            if self.is_noun(i):
                head = i
            elif (head is not None and self.word(i) != "'s") or (
                head is None and not (self.pos(i) in ("ADJ", "NUM", "CCONJ", *NOUNS) or participle)
            ):
                break
            i += 1
        return head


def relations(w: Wording) -> list[Related]:
    """The relations to other things, in order of appearance."""
    out: list[Related] = []
    i = 0
    while i < len(w):
        found = next((r for name, value in lexicon.RELATIONS if (r := _relation(w, i, name, value))), None)
        if found:
            out.append(found)
        i = found.named if found else i + 1
    return out


def _relation(w: Wording, start: int, name: tuple[str, ...], value: str) -> Related | None:
    named = start + len(name)
    if tuple(w.lower[start:named]) != name or w.word(start - 1) == "from":
        return None
    thing = w.thing_from(named)
    if thing is None or (name in (("nearest",), ("closest",)) and not w.is_noun(start - 1)):
        return None  # "the nearest cow" is no relation, "cow nearest the fence" is one
    end, noun = thing + 1, w.word(thing)
    inside = set(w.lower[named:end])
    weak = value in lexicon.WEAK_RELATIONS
    if name[-1] == "of" and set(name) & lexicon.DIRECTION_WORDS.keys() and noun in lexicon.IMAGE | lexicon.MIDDLE:
        return None  # "left of the picture" is a place
    if weak and (inside & lexicon.NO_THINGS or noun in lexicon.CLOTHES | lexicon.SIDE_NOUNS or noun == "it"):
        return None  # "in red", "on the left", "in the background"
    if len(name) == 1 and inside & lexicon.NO_THINGS and noun in lexicon.SIDE_NOUNS | lexicon.IMAGE:
        return None  # "near the right edge"
    article = 1 if w.word(named) in ("the", "a", "an") and end - named > 1 else 0
    relation = Relation(
        word=value,
        phrase=w.spelled(named + article, end),
        lemma=w.tokens[thing].lemma.lower(),
        span=(w.tokens[start].start, w.tokens[thing].end),
    )
    locks = not weak and noun not in lexicon.VIEWER
    return Related(relation=relation, start=start, named=named, end=end, locks=locks)


def of_others(w: Wording, subject: int | None, related: Sequence[Related]) -> set[int]:
    """Indices of words about another thing: from a relation, a negation or another's clause to the next break."""
    locks = {r.start: r.end for r in related if r.locks}  # where it begins -> before where it cannot end
    locks |= {i: i + 1 for i in range(len(w)) if _turns_away(w, i, subject)}
    out: set[int] = set()
    open_until: int | None = None
    for i in range(len(w)):
        if open_until is not None and i >= open_until and _breaks(w, i):
            open_until = None
        if i in locks:
            open_until = max(locks[i], open_until or 0)
        if open_until is not None:
            out.add(i)
    return out


def _turns_away(w: Wording, i: int, subject: int | None) -> bool:
    word, after = w.word(i), w.word(i + 1)
    if word == "not":
        return not w.is_place(i + 1)
    if word in ("whose", "where"):
        return i > 0
    if word in ("that", "which", "who"):  # "that the boy is riding"; "that is on the left" is the subject's
        another = w.pos(i + 1) in ("DET", *NOUNS) and after not in lexicon.RUN_WORDS and not w.is_place(i + 1)
        return i > 0 and another
    if word in lexicon.BODY:  # "with his foot on the left"
        return i != subject and w.word(i - 1) in lexicon.OTHERS_POSSESSIVE
    if word in ("the", "a") and subject is not None and i == subject + 1:  # "the chair | the bear is sitting in"
        return any(_is_finite(w, k) for k in range(i + 2, len(w)))
    return False


def _is_finite(w: Wording, i: int) -> bool:
    return w.pos(i) == "AUX" or (w.pos(i) == "VERB" and w.word(i).endswith("s"))


def _breaks(w: Wording, i: int) -> bool:
    if w.word(i) in (",", ";", ".", "but", "/"):
        return True
    return w.word(i) == "and" and (w.word(i + 1) in lexicon.SIDE_PREPOSITIONS or w.pos(i + 1) in ("ADP", "VERB"))
