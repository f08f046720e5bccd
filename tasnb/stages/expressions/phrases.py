"""The words of a parsed expression to look along: its noun phrases, its relations, whose words are whose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from tasnb.core.types import Parse, Relation
from tasnb.stages.expressions import lexicon
from tasnb.stages.expressions.spelling import readable

NOUNS = ("NOUN", "PROPN")
BEFORE_A_NOUN = (*NOUNS, "ADJ", "NUM", "DET", "VERB", "ADV", "CCONJ", "PRON", "PART")
NO_NOUN_PHRASE = ("ADP", "AUX", "PUNCT", "SCONJ", "PART")
DASHES = ("-", "\u2013")
REQUEST = "request"  # the dependency of words that only ask for the thing ("segment the dog")
_SIDES = lexicon.SIDE_NOUNS | lexicon.IMAGE
POSSESSIVES = ("'s", "\u2019s")
# first word -> the relations that begin with it, longest first
_BY_FIRST_WORD = {
    first: tuple(entry for entry in lexicon.RELATIONS if entry[0][0] == first)
    for first in {name[0] for name, _ in lexicon.RELATIONS}
}


@dataclass(frozen=True, kw_only=True)
class Related:
    """A relation to another thing and where its words stand.

    Parameters
    ----------
    relation : Relation
        What is said.
    start, named, end : int
        Places of words: [start, named) names the relation, [named, end) is its thing.
    locks : bool
        Whether what follows may be about the thing ("behind the car on the left"), so that it is not the subject's.
    """

    relation: Relation
    start: int
    named: int
    end: int
    locks: bool


class Words:
    """The words of an expression by place, lower case, without hyphens and blanks; an empty word beyond either end.

    Parameters
    ----------
    parse : Parse
        Its text, tokens and head are read; nothing else is, so a parse that is still being made will do.
    """

    def __init__(self, parse: Parse) -> None:
        self.text, self._head = parse.text, parse.head
        self.tokens = [t for t in parse.tokens if t.text not in DASHES and t.text.strip() and t.dep != REQUEST]
        self.lower = ["'s" if t.text in POSSESSIVES else t.text.lower().strip("'\"`") or t.text for t in self.tokens]

    def __len__(self) -> int:
        return len(self.lower)

    @cached_property
    def subject(self) -> int | None:
        """The place of the head noun; None without one."""
        start, end = self._head.span if self._head is not None else (0, 0)
        return next((i for i in reversed(range(len(self))) if start <= self.tokens[i].start < end), None)

    def word(self, i: int) -> str:
        """The word at a place.

        Parameters
        ----------
        i : int
            Any place.

        Returns
        -------
        str
            "" beyond either end.
        """
        return self.lower[i] if 0 <= i < len(self.lower) else ""

    def pos(self, i: int) -> str:
        """The part of speech at a place.

        Parameters
        ----------
        i : int
            Any place.

        Returns
        -------
        str
            Universal ("NOUN"), "" beyond either end.
        """
        return self.tokens[i].pos if 0 <= i < len(self.tokens) else ""

    def lemma(self, i: int) -> str:
        """The dictionary form of a word.

        Parameters
        ----------
        i : int
            The place of a word.

        Returns
        -------
        str
            Lower case.
        """
        return self.tokens[i].lemma.lower()

    def is_direction(self, i: int) -> bool:
        """Whether a word can be a direction.

        Parameters
        ----------
        i : int
            Its place.

        Returns
        -------
        bool
            Whether it is in the lexicon.
        """
        return self.word(i) in lexicon.DIRECTION_WORDS

    def is_noun(self, i: int) -> bool:
        """Whether a word names a thing: a noun that is no direction, or "one".

        Parameters
        ----------
        i : int
            Its place.

        Returns
        -------
        bool
            False beyond either end.
        """
        is_thing = self.pos(i) in NOUNS and not self.is_direction(i) and not lexicon.is_doing(self.word(i))
        return is_thing or self.word(i) in ("one", "ones")

    def spelled(self, start: int, end: int) -> str:
        """The text of some words as it is read, in lower case.

        Parameters
        ----------
        start, end : int
            Their places, [start, end).

        Returns
        -------
        str
            What lies between them comes along.
        """
        return readable(self.text[self.tokens[start].start : self.tokens[end - 1].end])[0].lower()

    def thing_from(self, i: int) -> int | None:
        """The head noun of the noun phrase that starts at a place, a determiner first or not.

        Parameters
        ----------
        i : int
            The place.

        Returns
        -------
        int or None
            Its place; None without one.
        """
        if self.word(i) in lexicon.DETERMINERS | lexicon.OTHERS_POSSESSIVE or self.pos(i) == "DET":
            i += 1
        elif self.pos(i) == "PRON":
            return i
        return self._last_noun(i, lambda k: self.pos(k) in BEFORE_A_NOUN or self.word(k) in lexicon.RUN_WORDS)

    def modified_from(self, i: int) -> int | None:
        """The noun that an adjective just before a place would modify.

        Parameters
        ----------
        i : int
            The place.

        Returns
        -------
        int or None
            Its place; None when no noun phrase goes on there.
        """
        if self.word(i) in lexicon.DETERMINERS or self.pos(i) in NO_NOUN_PHRASE:
            return None
        return self._last_noun(
            i,
            lambda k: (
                self.pos(k) in ("ADJ", "NUM", "CCONJ", *NOUNS)
                or (self.pos(k) == "VERB" and self.word(k).endswith("ed"))
            ),
        )

    def _last_noun(self, i: int, leads_up: Callable[[int], bool]) -> int | None:
        """The last of the nouns in a row from ``i`` on, after words that lead up to the first of them."""
        noun = None
        for k in range(i, len(self)):
            if self.is_noun(k):
                noun = k
            elif not (leads_up(k) if noun is None else self.word(k) == "'s"):
                break
        return noun

    @cached_property
    def relations(self) -> tuple[Related, ...]:
        """The relations to other things, in order of appearance."""
        out: list[Related] = []
        i = 0
        while i < len(self):
            beginning = _BY_FIRST_WORD.get(self.lower[i], ())
            found = next((r for name, value in beginning if (r := self._relation(i, name, value))), None)
            if found:
                out.append(found)
                if found.relation.word == "between" and self.word(found.end) in ("and", "&"):
                    other = self._relation(found.end, (self.word(found.end),), "between")
                    out += [other] if other else []
            i = found.named if found else i + 1
        return tuple(out)

    @cached_property
    def of_others(self) -> frozenset[int]:
        """Places of words about another thing: from a relation or another's clause to the next break, or negated."""
        locks = {r.start: r.end for r in self.relations if r.locks}  # where it begins -> before where it cannot end
        locks |= {i: i + 1 for i in range(len(self)) if self._turns_away(i)}
        # "the cat on the left and the dog | on the right"; "the cat and the dog on the left" are both there
        locks |= {i: noun + 1 for i, noun in self.coordinated if any(map(self._is_place, range(i)))}
        out = set(self.negated)
        open_until: int | None = None
        for i in range(len(self)):
            if open_until is not None and i >= open_until and self._breaks(i):
                open_until = None
            if i in locks:
                open_until = max(locks[i], open_until or 0)
            if open_until is not None:
                out.add(i)
        return frozenset(out)

    @cached_property
    def negated(self) -> frozenset[int]:
        """Places of words that a negation reaches: what, or where, the subject is said not to be."""
        return frozenset(k for i in range(len(self)) if self._negates(i) for k in range(i, self._reach(i)))

    @cached_property
    def coordinated(self) -> tuple[tuple[int, int], ...]:
        """Of each further thing that is asked for ("the cat and the dog") the place of the "and" and of its noun."""
        if self.subject is None:
            return ()
        places = lexicon.SIDE_PREPOSITIONS | lexicon.DETERMINERS | lexicon.RUN_WORDS | {",", "both"}
        found: list[tuple[int, int]] = []
        i = self.subject + 1
        while i < len(self):
            if self.word(i) in ("and", "&", "plus") or (self.word(i) == "," and self._lists(i)):
                noun = self.thing_from(i + 1)
                if noun is None or self.pos(noun) == "PRON" or not self._is_another(noun):
                    break
                found.append((i, noun))
                i = noun
            elif not (self.is_direction(i) or self.word(i) in places):
                break
            i += 1
        return tuple(found)

    def _lists(self, i: int) -> bool:
        """Whether the comma at ``i`` is one of "the cat, the dog and the bird"."""
        noun = self.thing_from(i + 1)
        return noun is not None and self.word(noun + 1) in ("and", "&", ",")

    def _is_another(self, noun: int) -> bool:
        """Whether a noun is a thing of its own, and nothing that the subject has, wears or is."""
        told = lexicon.NO_THINGS | lexicon.WORN | lexicon.BODY | lexicon.SIDE_NOUNS | lexicon.MIDDLE
        return self.word(noun) not in told and noun not in self.negated

    def _negates(self, i: int) -> bool:
        word = self.word(i)
        if word == "no":  # "no left, the right one"; "no hat on the left" and "no, the left one" deny no place
            return self._is_place(i + 2 if self.word(i + 1) in lexicon.DETERMINERS else i + 1)
        said = word in lexicon.NEGATORS or word.endswith("n't")
        return said or (self.word(i - 1), word) in lexicon.NEGATING_PAIRS

    def _is_place(self, i: int) -> bool:
        return self.is_direction(i) or self.word(i) in lexicon.MIDDLE

    def _reach(self, i: int) -> int:
        """Where the words that the negation at ``i`` reaches end."""
        k = i + 1
        while self.word(k) in lexicon.BEFORE_A_PLACE:
            k += 1
        doing = self.pos(k) == "VERB" and not self._is_place(k)
        led = k + 1 if doing or self.pos(k) == "ADP" else k
        thing = self.thing_from(led + 1 if doing and self.pos(led) == "ADP" else led)
        if thing is not None and not any(map(self._is_place, range(k, thing + 1))):
            # "not wearing a hat | on the left", "not in red | on the left"; but "not the chair on the left"
            if doing or (led > k and self.word(thing) in lexicon.WORN):
                return thing + 1
        elif thing is None and self.pos(led) == "ADJ" and not self._is_place(led):
            return led + 1  # "not black | on the left"
        ends = (j for j in range(k, len(self)) if self._breaks(j) or self._begins_anew(k, j))
        return next(ends, len(self))

    def _begins_anew(self, start: int, i: int) -> bool:
        """ "not the left one | the right one": a noun phrase behind the place that is denied."""
        behind = any(map(self._is_place, range(start, i))) and (self.is_noun(i - 1) or self._is_place(i - 1))
        return behind and self.word(i) in lexicon.DETERMINERS

    def _relation(self, start: int, name: tuple[str, ...], value: str) -> Related | None:
        named = start + len(name)
        if tuple(self.lower[start:named]) != name or self.word(start - 1) == "from":
            return None
        thing = self.thing_from(named)
        if thing is None or (name in (("nearest",), ("closest",)) and not self.is_noun(start - 1)):
            return None  # "the nearest cow" is no relation, "cow nearest the fence" is one
        end, noun = thing + 1, self.word(thing)
        inside = set(self.lower[named:end])
        weak = value in lexicon.WEAK_RELATIONS
        if name[-1] == "of" and set(name) & lexicon.DIRECTION_WORDS.keys() and noun in lexicon.IMAGE | lexicon.MIDDLE:
            return None  # "left of the picture" is a place
        if name[-1] == "of" and set(name) & lexicon.DEPTH and noun in lexicon.PICTURE | lexicon.GROUPS:
            return None  # "in front of the picture" is one too
        if weak and (inside & lexicon.NO_THINGS or noun in lexicon.WORN | lexicon.SIDE_NOUNS or noun == "it"):
            return None  # "in red", "on the left", "in the background"
        if (len(name) == 1 or value == "near") and inside & lexicon.NO_THINGS and noun in _SIDES:
            return None  # "near the right edge", "closer to the left side"
        if noun.endswith(("self", "selves")):
            return None  # "by himself"
        article = 1 if self.word(named) in ("the", "a", "an") and end - named > 1 else 0
        relation = Relation(
            word=value,
            phrase=self.spelled(named + article, end),
            lemma=self.tokens[thing].lemma.lower(),
            span=(self.tokens[start].start, self.tokens[thing].end),
        )
        # what lies on or in a thing is where the thing is: "bag on top of suitcase | on right"
        locks = not weak and noun not in lexicon.VIEWER and " ".join(name) not in lexicon.SAME_PLACE
        return Related(relation=relation, start=start, named=named, end=end, locks=locks)

    def _turns_away(self, i: int) -> bool:
        word, after = self.word(i), self.word(i + 1)
        if word in ("whose", "where"):
            return i > 0
        if word in ("that", "which", "who"):  # "that the boy is riding"; "that is on the left" is the subject's
            another = self.pos(i + 1) in ("DET", *NOUNS) and after not in lexicon.RUN_WORDS
            return i > 0 and another and not self.is_direction(i + 1)
        if word in lexicon.BODY:  # "with his foot on the left"
            return i != self.subject and self.word(i - 1) in lexicon.OTHERS_POSSESSIVE
        if word in ("the", "a") and self.subject is not None and i == self.subject + 1:
            # "the chair | the bear is sitting in"
            return any(self._is_finite(k) for k in range(i + 2, len(self)))
        return False

    def _is_finite(self, i: int) -> bool:
        return self.pos(i) == "AUX" or (self.pos(i) == "VERB" and self.word(i).endswith("s"))

    def _breaks(self, i: int) -> bool:
        if self.word(i) in (",", ";", ".", "but", "/"):
            return True
        leads_on = self.word(i + 1) in lexicon.SIDE_PREPOSITIONS or self.pos(i + 1) in ("ADP", "VERB")
        return self.word(i) == "and" and leads_on
