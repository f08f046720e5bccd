"""Reads from the words of an expression where its subject is said to be: directions of the picture, and the other cues.

The tree of a terse expression is often wrong, so this reads patterns over the words; parts of speech help, and the tree
has only chosen the subject. METHOD section 3 is the rule; what is ambiguous is not claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasnb import words
from tasnb.types import Cue, Direction, Relation, Token

NOUNS = ("NOUN", "PROPN")
NOMINAL = (*NOUNS, "ADJ", "NUM", "DET")
SIDE_PREPOSITIONS = frozenset("on in at to toward towards near of towrds".split())
OPENERS = frozenset("with in on at wearing holding without of by having carrying w/ has".split())


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the words say. directions and evidence run in parallel; relations and cues in order of appearance."""

    directions: tuple[Direction, ...]
    evidence: tuple[str, ...]
    relations: tuple[Relation, ...]
    cues: tuple[Cue, ...]


class _Words:
    """The tokens without hyphens, looked at by place; beyond either end stands an empty word."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.tokens = [t for t in tokens if t.text not in ("-", "–") and t.text.strip()]
        self.lower = [t.text.lower().strip("'\"`") or t.text for t in self.tokens]
        self.lower = ["'s" if t.text in ("'s", "’s") else w for t, w in zip(self.tokens, self.lower, strict=True)]
        self.text = text

    def __len__(self) -> int:
        return len(self.lower)

    def word(self, i: int) -> str:
        return self.lower[i] if 0 <= i < len(self.lower) else ""

    def pos(self, i: int) -> str:
        return self.tokens[i].pos if 0 <= i < len(self.tokens) else ""

    def is_noun(self, i: int) -> bool:
        return self.pos(i) in NOUNS and self.word(i) not in words.DIRECTION_WORDS

    def spelled(self, start: int, end: int) -> str:
        return self.text[self.tokens[start].start : self.tokens[end - 1].end].lower() if end > start else ""

    def noun_from(self, i: int) -> tuple[int, int] | None:
        """The noun phrase that starts at ``i``: (index of its head noun, end), or None. A determiner may come first."""
        if (
            self.word(i) in words.DETERMINERS
            or self.pos(i) in ("DET", "PRON")
            or self.word(i) in words.OTHERS_POSSESSIVE
        ):
            if self.pos(i) == "PRON" and self.word(i) not in words.DETERMINERS | words.OTHERS_POSSESSIVE:
                return i, i + 1
            i += 1
        head = None
        while i < len(self):
            if self.is_noun(i) or self.word(i) in ("one", "ones"):
                head = i
            elif head is not None and self.word(i) != "'s":
                break
            elif head is None and not (
                self.pos(i) in ("ADJ", "NUM", "DET", "VERB", "ADV", "CCONJ", "PRON", "PART", "NOUN", "PROPN")
                or self.word(i) in words.RUN_WORDS
            ):
                break
            i += 1
        return None if head is None else (head, head + 1)


def read(tokens: Sequence[Token], text: str, head: Token | None) -> Reading:
    """Read directions, relations and cues of the subject ``head`` (None: of the whole expression)."""
    w = _Words(tokens, text)
    subject = w.tokens.index(head) if head in w.tokens and head is not None else None
    relations, taken = _relations(w)
    locked = _locked(w, subject, relations)
    found: list[tuple[Direction, str]] = []
    cues: list[tuple[int, Cue]] = [
        (start, Cue(kind="relation", value=f"{r.word} {r.lemma}", words=w.text[r.span[0] : r.span[1]].lower()))
        for start, _, r, _ in relations
        if r.word not in words.WEAK_RELATIONS
    ]
    i = 0
    while i < len(w):
        if not _is_place_word(w, i):
            i += 1
            continue
        start = i
        while i < len(w) and (
            _is_place_word(w, i)
            or (w.word(i) in words.RUN_WORDS and not (i == subject and w.word(i) not in words.MIDDLE))
        ):
            i += 1
        while (
            start > 0 and w.word(start - 1) in words.RUN_WORDS and start - 1 != subject and w.word(start - 1) != "all"
        ):
            start -= 1
        end = (
            i - 1 if w.word(i - 1) == "hand" and w.word(i) not in words.SIDE_NOUNS else i
        )  # "left hand" is a body part
        ordinal = _ordinal(w, start, end)
        if ordinal:
            cues.append((start, ordinal))
            continue
        claimed = () if any(k in taken or k in locked for k in range(start, end)) else _claims(w, start, end, subject)
        found += [(words.DIRECTION_WORDS[w.word(k)], w.word(k)) for k in claimed]
        cues += [(k, c) for k in claimed if (c := _extreme(w, start, end, k))]
    cues += _other_cues(w, locked, taken)
    directions: dict[Direction, str] = {}
    for direction, word in found:
        directions.setdefault(direction, word)
    return Reading(
        directions=tuple(directions),
        evidence=tuple(directions.values()),
        relations=tuple(r for _, _, r, _ in relations),
        cues=tuple(c for _, c in sorted(cues, key=lambda entry: entry[0])),
    )


def _is_place_word(w: _Words, i: int) -> bool:
    return w.word(i) in words.DIRECTION_WORDS


def _relations(w: _Words) -> tuple[list[tuple[int, int, Relation, bool]], set[int]]:
    """Relations to other things: (start, end of its object, Relation, whether it locks), and the words of their names."""
    out, taken, i = [], set(), 0
    while i < len(w):
        for name, value in words.RELATIONS:
            if tuple(w.lower[i : i + len(name)]) != name:
                continue
            after = i + len(name)
            thing = w.noun_from(after)
            if thing is None or w.word(i - 1) == "from":
                continue
            noun, end = thing
            lateral = name[-1] == "of" and any(part in words.DIRECTION_WORDS for part in name)
            if lateral and (w.word(noun) in words.IMAGE or w.word(noun) in words.MIDDLE):
                continue
            weak = value in words.WEAK_RELATIONS
            viewer = w.word(noun) in words.VIEWER
            run_object = any(
                k in words.DIRECTION_WORDS or k in words.DEPTH | words.MIDDLE | words.IMAGE for k in w.lower[after:end]
            )
            if weak and (
                run_object
                or w.word(noun) in words.CLOTHES | words.SIDE_NOUNS
                or w.pos(noun) == "PRON"
                and w.word(noun) == "it"
            ):
                continue
            if len(name) == 1 and run_object and w.word(noun) in words.SIDE_NOUNS | words.IMAGE:
                continue
            relation = Relation(
                word=value,
                phrase=_without_article(w, after, end),
                lemma=w.tokens[noun].lemma.lower(),
                span=(w.tokens[i].start, w.tokens[end - 1].end),
            )
            out.append((i, end, relation, not weak and not viewer))
            taken |= set(range(i, after))
            i = after - 1
            break
        i += 1
    return out, taken


def _without_article(w: _Words, start: int, end: int) -> str:
    if w.word(start) in ("the", "a", "an") and end - start > 1:
        start += 1
    return w.spelled(start, end)


def _locked(w: _Words, subject: int | None, relations: Sequence[tuple[int, int, Relation, bool]]) -> set[int]:
    """Indices of words that speak of another thing: from a relation, a negation or another's clause to the next break."""
    locks: dict[int, int] = {}  # where a lock begins -> where it may end at the earliest
    for start, end, _, strong in relations:
        if strong:
            locks[start] = end
    for i, word in enumerate(w.lower):
        after = w.word(i + 1)
        if word == "not" and after not in words.DIRECTION_WORDS:
            locks[i] = i + 1
        elif word in ("whose", "where") and i:
            locks[i] = i + 1
        elif (
            word in ("that", "which", "who")
            and i
            and w.pos(i + 1) in ("DET", "NOUN", "PROPN")
            and after not in words.RUN_WORDS
            and after not in words.DIRECTION_WORDS
        ):
            locks[i] = i + 1
        elif word in words.BODY and i != subject and w.word(i - 1) in words.OTHERS_POSSESSIVE:
            locks[i] = i + 1  # "with his foot on the left"
        elif word in ("the", "a") and _starts_clause(w, i, subject):
            locks[i] = i + 1
    out: set[int] = set()
    open_until: int | None = None
    for i, word in enumerate(w.lower):
        if open_until is not None and i >= open_until and _breaks(w, i):
            open_until = None
        if i in locks:
            open_until = max(locks[i], open_until or 0)
        if open_until is not None:
            out.add(i)
    return out


def _breaks(w: _Words, i: int) -> bool:
    word = w.word(i)
    if word in (",", ";", ".", "but", "/"):
        return True
    return word == "and" and (w.word(i + 1) in SIDE_PREPOSITIONS or w.pos(i + 1) in ("ADP", "VERB"))


def _starts_clause(w: _Words, i: int, subject: int | None) -> bool:
    """ "the chair | the bear on the right is sitting in": a second noun phrase right after the noun, and a verb later."""
    if subject is None or i != subject + 1:
        return False
    return any(
        w.pos(k) in ("AUX", "VERB") and w.word(k) not in ("left",) and (w.pos(k) == "AUX" or w.word(k).endswith("s"))
        for k in range(i + 2, len(w))
    )


def _ordinal(w: _Words, start: int, end: int) -> Cue | None:
    """ "second from the left", "2nd left": counts from a side, and says no half."""
    side = next(
        (words.DIRECTION_WORDS[w.word(k)] for k in range(start, end) if w.word(k) in words.DIRECTION_WORDS), None
    )
    k = start - 1
    if w.word(k) in words.DETERMINERS:
        k -= 1
    if w.word(k) == "from":
        for back in range(k - 1, max(k - 6, -1), -1):
            if w.word(back) in words.ORDINALS:
                return Cue(
                    kind="ordinal", value=f"{words.ORDINALS[w.word(back)]} from {side}", words=w.spelled(back, end)
                )
        return Cue(kind="ordinal", value=f"first from {side}", words=w.spelled(k, end))
    counted = w.word(k) in words.ORDINALS and w.word(k) not in ("next", "last")
    if k == start - 1 and counted and not words.SIDE_NOUNS & {w.word(start), w.word(end - 1)}:
        return Cue(kind="ordinal", value=f"{words.ORDINALS[w.word(k)]} from {side}", words=w.spelled(k, end))
    return None


def _claims(w: _Words, start: int, end: int, subject: int | None) -> tuple[int, ...]:
    """The indices of the run [start, end) that are directions of the subject."""
    places = [k for k in range(start, end) if _is_place_word(w, k)]
    before, after = w.word(start - 1), w.word(end)
    opened = start - 1  # what opens the phrase the run stands in, a determiner skipped
    if before in words.DETERMINERS or before in ("your", "our", "my"):
        opened = start - 2
    opener = w.word(opened)
    bare = opened == start - 1

    if before in words.OTHERS_POSSESSIVE or (before == "'s" and w.word(end - 1) in words.SIDE_NOUNS):
        return ()
    thing = w.noun_from(end + 1)
    related = after == "of" or (after == "to" and _is_place_word(w, end - 1) and w.pos(end + 1) != "VERB")
    if related and thing is not None and w.word(thing[0]) not in words.IMAGE | words.MIDDLE:
        return ()  # "left of the bus"
    if opener in words.ORIENTED or (opener in words.MOVING and bare):
        return ()
    if opener == "to" and w.word(opened - 1) in words.ORIENTED | words.MOVING | {"back", "next"}:
        return ()
    places = [k for k in places if not _is_no_direction(w, k, start, end, subject, opener)]
    if all(w.word(k) in words.WEAK for k in places):
        places = [k for k in places if _weak_alone(w, k, start, end, subject)]
    elif w.pos(start - 1) in ("VERB", "AUX") and w.word(start) in words.WEAK:
        places = [k for k in places if w.word(k) not in words.WEAK]
    if not places:
        return ()

    modified = _modified_noun(w, end)
    if (
        w.word(end - 1) in words.SIDE_NOUNS | words.MIDDLE | words.DEPTH
        and end - 1 not in places
        and bare
        and opener not in SIDE_PREPOSITIONS
    ):
        return tuple(places)
    if opener in SIDE_PREPOSITIONS:
        if modified is None or w.word(end - 1) in words.SIDE_NOUNS:
            return tuple(places)
        noun, adjacent = modified
        if subject is not None and noun == subject:
            return tuple(places)
        if w.word(noun) in words.SIDE_NOUNS:
            return tuple(places)
        # "on left white shirt", "on right bearded man": a new phrase; "on the left chair": a place on another thing
        return tuple(places) if not adjacent and (w.word(noun) in words.CLOTHES or bare) else ()
    if modified is not None:
        noun, adjacent = modified
        if subject is None or noun == subject or start < subject <= noun:
            return tuple(places)
        if w.word(noun) in words.BODY and adjacent:
            return ()
        if opener in OPENERS or w.pos(opened) in ("ADP", "VERB", "CCONJ", "SCONJ") or (not bare and opened > subject):
            return ()
    elif opener in OPENERS and opener not in SIDE_PREPOSITIONS:
        return ()
    return tuple(places)


def _modified_noun(w: _Words, end: int) -> tuple[int, bool] | None:
    """The noun that words before it at ``end`` modify, and whether it follows at once; None when no noun phrase follows."""
    i, head = end, None
    if w.word(i) in words.DETERMINERS or w.pos(i) in ("ADP", "AUX", "PUNCT", "SCONJ", "PART"):
        return None
    while i < len(w):
        if w.is_noun(i) or w.word(i) in ("one", "ones"):
            head = i
        elif w.word(i) == "'s" and head is not None:
            pass
        elif head is not None or not (
            w.pos(i) in ("ADJ", "NUM", "CCONJ", "NOUN", "PROPN") or (w.pos(i) == "VERB" and w.word(i).endswith("ed"))
        ):
            break
        i += 1
    return None if head is None else (head, w.is_noun(end))


def _is_no_direction(w: _Words, k: int, start: int, end: int, subject: int | None, opener: str) -> bool:
    """Words that only look like directions: a verb, an adverb, a garment, a culture."""
    word, before, after = w.word(k), w.word(k - 1), w.word(k + 1)
    led = (
        before in SIDE_PREPOSITIONS or (before in words.DETERMINERS) or _is_place_word(w, k - 1) or before in words.FAR
    )
    if word == "right" and k == end - 1:
        in_front = after == "in" and w.word(k + 2) in ("front", "the", "between") and w.word(k + 2) != "the"
        if (after in words.AFTER_ADVERB_RIGHT and after != "about" or in_front) and not led:
            return True
        if after == "at" and not led:
            return True
    if word == "right" and (after in words.RIGHT_THINGS or before == "all"):
        return True
    if word == "left" and k == end - 1 and not led and after != "of":
        if (
            before in ("has", "have", "is", "are", "was", "were", "been", "being", "only", "what", "just", "food")
            and w.pos(k - 1) in ("AUX", "VERB", "PRON", "ADV", "NOUN")
            and not (before in ("is", "are") and not after)
        ):
            return True
        if after in ("over", "overs", "handed", "leaning", "out", "unattended", "uneaten", "alone"):
            return True
        if (
            before in words.EATEN | {w.word(subject) if subject is not None else ""}
            and not after
            and "only" in w.lower[:k]
        ):
            return True
        eaten = before in words.EATEN or (subject is not None and w.word(subject) in words.EATEN)
        if (
            eaten
            and k > (subject if subject is not None else -1)
            and (
                after in words.AFTER_VERB_LEFT | {"on", "in", "at", "for", "to"}
                or (before in ("one", "some", "much", "any") and not after)
            )
        ):
            return True
        if after == "behind" and before not in SIDE_PREPOSITIONS and not w.noun_from(k + 2):
            return True
    if word == "top":
        if after in words.AFTER_TOP or before in words.TOP_OF_SOMETHING:
            return True
        garment_before = (
            w.pos(k - 1) == "ADJ"
            and not _is_place_word(w, k - 1)
            and before not in words.RUN_WORDS
            and before not in words.FAR
        )
        if garment_before and _modified_noun(w, k + 1) is None:
            return True
        if (
            before in words.CLOTHES
            and opener not in SIDE_PREPOSITIONS
            and before not in ("shirt", "hat", "dress", "coat", "plaid")
            and _modified_noun(w, k + 1) is None
            and start == k
        ):
            return True
    if (
        word in ("top", "bottom")
        and end - start == 1
        and opener in ("on", "at")
        and {"with", "has", "having"} & set(w.lower[:k])
    ):
        return True  # "cake with a cherry on top"
    if word in ("bottom", "top") and before in ("a", "an") and not _modified_noun(w, k + 1):
        return True
    if word in ("western", "eastern", "north", "south", "southern", "northern") and after in words.WESTERN_THINGS:
        return True
    return word in ("lower", "upper", "low", "down", "up") and (
        after in words.BODY
        or after in ("cut", "jacket", "coat", "vest", "rise", "fat", "to", "close", "side")
        and after not in words.DIRECTION_WORDS
        and not (after == "side")
    )


def _weak_alone(w: _Words, k: int, start: int, end: int, subject: int | None) -> bool:
    """ "up", "down", "low" by themselves: right after the noun meant, at the end; or low before it."""
    if w.word(k) == "low":
        modified = _modified_noun(w, end)
        return modified is not None and modified[0] == subject
    if any(w.word(x) in ("all", "way", "far", "most", "furthest") for x in range(start, k)):
        return not w.word(end) and w.pos(start - 1) != "VERB"
    return (
        subject is not None
        and k == subject + 1
        and w.word(k + 1) in ("", ",", ".")
        and w.word(subject) not in words.BODY
        and w.word(subject) not in ("close", "line", "thumbs", "upside", "trunk")
    )


def _extreme(w: _Words, start: int, end: int, k: int) -> Cue | None:
    word = w.word(k)
    if word in words.EXTREMES:
        return Cue(kind="extreme", value=words.EXTREMES[word], words=word)
    far = [x for x in range(start, end) if w.word(x) in words.FAR and abs(x - k) <= 2]
    if not far:
        return None
    return Cue(kind="extreme", value=words.DIRECTION_WORDS[word], words=w.spelled(min(start, *far), max(k, *far) + 1))


def _other_cues(w: _Words, locked: set[int], taken: set[int]) -> list[tuple[int, Cue]]:
    """Middle, size superlatives and clock positions of the subject."""
    out: list[tuple[int, Cue]] = []
    for i, word in enumerate(w.lower):
        if i in locked or i in taken:
            continue
        if word in words.MIDDLE and w.word(i + 1) not in ("aged", "sized", "age", "size", "finger"):
            out.append((i, Cue(kind="middle", value="middle", words=word)))
        elif word in words.SIZES and w.word(i - 1) != "not":
            out.append((i, Cue(kind="size", value=words.SIZES[word], words=word)))
        elif word in words.HOURS:
            rest = "".join(w.lower[i + 1 : i + 4]).replace("'", "").replace("’", "")
            if rest.startswith(("oclock", "clock")):
                end = next(k for k in range(i + 1, len(w)) if "clock" in w.word(k)) + 1
                out.append((i, Cue(kind="clock", value=words.HOURS[word], words=w.spelled(i, end))))
    return out
