"""Reads from an expression's words where its subject is said to be: directions of the picture, and the other cues.

The tree of a terse expression is often wrong, so this reads patterns over the words; parts of speech help, and the tree
has only chosen the subject. docs/method.md is the rule; what is ambiguous is not claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasnb.core.types import Cue, Direction
from tasnb.stages.expressions import lexicon
from tasnb.stages.expressions.phrases import NOUNS, Words

OPENERS = frozenset("with in on at wearing holding without of by having carrying w/ has".split())  # noqa: SIM905


@dataclass(frozen=True, kw_only=True)
class _Run:
    """Direction words with what belongs to them, [start, end): "far left", "top left hand corner"."""

    start: int
    end: int
    opened: int  # the word that opens the phrase it stands in; a determiner before it is skipped


def read(w: Words, *, uncounted: str = "") -> tuple[dict[Direction, str], tuple[Cue, ...]]:
    """The directions of the subject, each with the word that says it, and the other cues, in order of appearance.

    Parameters
    ----------
    w : Words
        Without a subject, of the whole expression.
    uncounted : str
        What "from the left" counts where no count is said; "" for nothing.

    Returns
    -------
    directions : dict of str to str
        Canonical direction -> the word.
    cues : tuple of Cue
        What only the extended rectifier uses.
    """
    closed = w.of_others | {i for r in w.relations for i in range(r.start, r.named)}
    found: dict[Direction, str] = {}
    cues: list[tuple[int, Cue]] = [
        (r.start, Cue(kind="relation", value=f"{r.relation.word} {r.relation.lemma}", words=w.spelled(r.start, r.end)))
        for r in w.relations
        if r.relation.word not in lexicon.WEAK_RELATIONS and r.start not in w.negated
    ]
    for run in _runs(w):
        ordinal = _ordinal(w, run, uncounted)
        if ordinal and run.start not in w.negated:
            cues.append((run.start, ordinal))
        # "first person on the left" is on the left; "second", and whatever is "from the left", need not be
        is_there = ordinal is None or (ordinal.value.startswith("first") and w.word(run.opened) != "from")
        if is_there and w.word(run.opened) != "from":
            for k in (k for k in _claims(w, run) if k not in closed):
                found.setdefault(lexicon.DIRECTION_WORDS[w.word(k)], w.word(k))
                extreme = _extreme(w, run, k)
                cues += [(k, extreme)] if extreme else []
    cues += _other_cues(w, closed)
    return found, tuple(cue for _, cue in sorted(cues, key=lambda entry: entry[0]))


def _runs(w: Words) -> list[_Run]:
    subject = w.subject
    out: list[_Run] = []
    i = 0
    while i < len(w):
        if not w.is_direction(i):
            i += 1
            continue
        start = i
        while w.is_direction(i) or (w.word(i) in lexicon.RUN_WORDS and (i != subject or w.word(i) in lexicon.MIDDLE)):
            i += 1
        while w.word(start - 1) in lexicon.RUN_WORDS and start - 1 != subject and w.word(start - 1) != "all":
            start -= 1
        part_of_body = w.word(i - 1) == "hand" and w.word(i) not in lexicon.SIDE_NOUNS | lexicon.PICTURE
        determined = w.word(start - 1) in lexicon.DETERMINERS
        opened = start - 2 if determined else start - 1
        out.append(_Run(start=start, end=i - 1 if part_of_body else i, opened=opened))
    return out


def _claims(w: Words, run: _Run) -> list[int]:
    """The indices of the run's words that are directions of the subject."""
    opener, last = w.word(run.opened), w.word(run.end - 1)
    bare = run.opened == run.start - 1
    if w.word(run.start - 1) in lexicon.OTHERS_POSSESSIVE or (opener == "'s" and last in lexicon.SIDE_NOUNS):
        return []  # "on her left"
    if opener in lexicon.ORIENTED or (opener in lexicon.MOVING and bare):
        return []  # "facing left"
    turning = lexicon.ORIENTED | lexicon.MOVING | {"next"}
    if opener in ("to", "toward", "towards") and w.word(run.opened - 1) in turning:
        return []  # "looking to the left"
    if _of_another_thing(w, run):
        return []
    said = [k for k in range(run.start, run.end) if w.is_direction(k) and not _only_looks_like_one(w, run, k)]
    firm = [k for k in said if w.word(k) not in lexicon.WEAK]
    if not firm:
        said = [k for k in said if _weak_alone(w, run, k)]
    elif w.pos(run.start - 1) in ("VERB", "AUX") or w.word(run.start - 1) in lexicon.BODY:
        said = firm  # "sitting down left", "giraffe head up left"
    return said if said and _stands_for_the_subject(w, run, said) else []


def _of_another_thing(w: Words, run: _Run) -> bool:
    """ "left of the bus", "right side of a truck", "left to him"; "left of the picture" is not."""
    after = w.word(run.end)
    if after == "of" or (after == "to" and w.is_direction(run.end - 1) and w.pos(run.end + 1) != "VERB"):
        first = run.end + 2 if w.word(run.end + 1) in lexicon.DETERMINERS else run.end + 1
        if after == "of" and w.word(first) in lexicon.PICTURE | lexicon.MIDDLE:
            return False  # "top left of pic white bowl"
        thing = w.thing_from(run.end + 1)
        if thing is None:  # "left of the ..." something, which the tagger took for no noun
            return after == "of" and bool(w.word(run.end + 2))
        return w.word(thing) not in lexicon.IMAGE | lexicon.MIDDLE
    return False


def _stands_for_the_subject(w: Words, run: _Run, said: Sequence[int]) -> bool:
    """Whether the phrase that the run stands in places the subject, not something beside it."""
    opener, last, subject = w.word(run.opened), w.word(run.end - 1), w.subject
    bare = run.opened == run.start - 1
    ends_on_a_side = last in lexicon.SIDE_NOUNS
    beside = opener in lexicon.SIDE_PREPOSITIONS
    if bare and not beside and run.end - 1 not in said and last in lexicon.SIDE_NOUNS | lexicon.MIDDLE | lexicon.DEPTH:
        return True  # "man left corner"
    noun = w.modified_from(run.end)
    if noun is None:
        return beside or opener not in OPENERS
    if w.word(noun) in lexicon.PICTURE:
        return True  # "in the right picture", of several in one
    if beside:
        if ends_on_a_side or noun == subject or w.word(noun) in lexicon.SIDE_NOUNS | lexicon.NUMBERED:
            return True
        # "on left white shirt" begins a new phrase; "on the left chair" is a place on another thing
        worn = w.word(noun) in lexicon.WORN
        return (bare or worn) if not w.is_noun(run.end) else (bare and worn)
    if subject is None or run.start < subject <= noun:  # "left brown cow", not "elephants left ear"
        return not (w.word(noun) in lexicon.BODY and bare and w.is_noun(run.start - 1))
    if w.word(noun) in lexicon.BODY and w.is_noun(run.end):
        return False  # "man left hand up"
    inside_another = opener in OPENERS or w.pos(run.opened) in ("ADP", "VERB", "CCONJ", "SCONJ")
    again = w.word(noun) in ("one", "ones")  # "not the left dog, the right one"
    return not inside_another and (bare or again or run.opened <= subject)


def _only_looks_like_one(w: Words, run: _Run, k: int) -> bool:
    """Words that are no directions here: a verb, an adverb, a garment, a culture, a side of one's own body."""
    word, before, after = w.word(k), w.word(k - 1), w.word(k + 1)
    led = before in lexicon.SIDE_PREPOSITIONS | lexicon.DETERMINERS | lexicon.FAR | {"way"} or w.is_direction(k - 1)
    if word in ("left", "right") and (_is_of_a_body(w, run, k) or _is_turned(w, run, k)):
        return True
    if word == "right":
        in_front = after == "in" and w.word(k + 2) in ("front", "between")
        adverb = k == run.end - 1 and not led and (after in lexicon.AFTER_ADVERB_RIGHT or in_front)
        return adverb or after in lexicon.RIGHT_THINGS or before == "all"
    if word == "left":
        return k == run.end - 1 and not led and _is_verb_left(w, run, k)
    if word in ("top", "bottom"):
        return _is_top_of_something(w, run, k)
    if word in lexicon.POINTS_OF_COMPASS:
        return after in lexicon.WESTERN_THINGS
    return word in lexicon.LEVELS and (after in lexicon.BODY or after in lexicon.AFTER_LEVEL)


def _is_of_a_body(w: Words, run: _Run, k: int) -> bool:
    """ "bat in left hand", "left foot", "right arm of the man": a side of one's own, which says none of the picture.

    "left hand side" and "top left hand" are places.
    """
    after, subject = w.word(k + 1), w.subject
    if after not in lexicon.BODY or k != run.end - 1 or w.word(k + 2) in lexicon.SIDE_NOUNS | lexicon.PICTURE:
        return False
    if subject == k + 1:
        return run.end - run.start == 1 and (after in lexicon.PAIRED or w.word(k + 2) == "of")
    on_a_side = after == "hand" and w.word(run.opened) in ("on", "to", "at")  # "on the left hand"
    return subject is not None and subject < k and not on_a_side


def _is_turned(w: Words, run: _Run, k: int) -> bool:
    """ "right facing train", "bird left facing"; "zebra left facing us", "man on left facing the wall" are places."""
    ends = k == run.end - 1 and w.word(k + 1) in lexicon.TURNED
    placed = w.word(run.opened) in lexicon.SIDE_PREPOSITIONS or w.word(k + 2) in lexicon.AHEAD or w.is_direction(k + 2)
    return ends and not placed


def _is_verb_left(w: Words, run: _Run, k: int) -> bool:
    """ "cake left on plate", "the only one left", "what is left": what remains."""
    before, after, subject = w.word(k - 1), w.word(k + 1), w.word(w.subject if w.subject is not None else -1)
    if after == "of":
        return False
    if before in lexicon.BEFORE_VERB_LEFT and not (before in ("is", "are") and not after):
        return True
    if after in lexicon.REMAINS:
        return True
    if not after and "only" in w.lower[:k] and before in lexicon.EATEN | {subject}:
        return True
    if after == "behind" and w.thing_from(k + 2) is None:
        return True
    eaten = before in lexicon.EATEN or (subject in lexicon.EATEN and w.subject is not None and w.subject < k)
    if not after:
        return before in ("some", "much", "any")
    return eaten and after in lexicon.AFTER_VERB_LEFT


def _is_top_of_something(w: Words, run: _Run, k: int) -> bool:
    """A garment ("red top"), a lid, a table top; what lies on another thing ("cake with a cherry on top")."""
    word, before, after, opener = w.word(k), w.word(k - 1), w.word(k + 1), w.word(run.opened)
    alone = w.modified_from(k + 1) is None
    short = run.end - run.start == 1 or (run.start == k and run.end == k + 2 and w.word(k + 1) in ("half", "part"))
    if short and opener in ("on", "at", "near") and _is_on_a_part(w, run):
        return True
    if before in ("a", "an"):
        return alone
    if word == "bottom":
        return False
    topped = before in lexicon.TOPPED and run.start == k and k - 1 != w.subject
    if after in lexicon.AFTER_TOP or before in lexicon.TOP_OF_SOMETHING or topped:
        return True
    made_of = lexicon.COLOURS | lexicon.MATERIALS
    coloured = before in made_of and run.start == k  # "red top", "red top woman"; "red top left" is a place
    return (alone and _is_a_garment(w, run, k)) or (coloured and run.end == k + 1)


def _is_a_garment(w: Words, run: _Run, k: int) -> bool:
    """ "turquoise top", "in a striped top", "convertible top": the last noun of a phrase with a word of its own."""
    before = w.word(k - 1)
    if run.start != k or run.end != k + 1 or w.is_direction(k - 1) or before in lexicon.RUN_WORDS | lexicon.DETERMINERS:
        return False
    start = k - before.endswith(lexicon.ADJECTIVAL)
    while w.pos(start - 1) in ("ADJ", "NOUN", "PROPN", "VERB", "CCONJ", "NUM", "ADV") and start - 1 != w.subject:
        start -= 1
    if start == k:
        return False
    worn = w.word(start - 1) in lexicon.BEFORE_A_GARMENT  # "in a light purple top"
    return worn or w.pos(k - 1) == "ADJ" or before.endswith(lexicon.ADJECTIVAL)


def _is_on_a_part(w: Words, run: _Run) -> bool:
    """ "cake with strawberries on top", "truck that is yellow on the top": a place on the subject, not of it."""
    before = run.opened - 1
    carried = {"with", "has", "having", "says", "saying"} & set(w.lower[:before]) and w.word(before) not in lexicon.WORN
    is_so = w.word(before) in lexicon.COLOURS and w.word(before - 1) in ("is", "are", "and", "that")
    return bool(carried) or is_so


def _weak_alone(w: Words, run: _Run, k: int) -> bool:
    """ "up", "down", "low" by themselves: right after the noun meant and last of all; "low" before it."""
    if w.word(k) == "low":
        return w.subject is not None and w.modified_from(run.end) == w.subject
    if lexicon.FAR & set(w.lower[run.start : k]):
        return not w.word(run.end) and w.pos(run.start - 1) != "VERB"
    if w.subject is None or k != w.subject + 1 or w.word(k + 1) not in ("", ",", "."):
        return False
    return w.word(w.subject) not in lexicon.BODY and w.pos(w.subject) in NOUNS


# cues: what only the extended rectifier uses


def _ordinal(w: Words, run: _Run, uncounted: str) -> Cue | None:
    """ "second from the left", "2nd left", "second giraffe on the left": counts from a side, and says no half."""
    side = next(lexicon.DIRECTION_WORDS[w.word(k)] for k in range(run.start, run.end) if w.is_direction(k))
    is_from = w.word(run.opened) == "from"
    start = _count_from(w, run.opened) if is_from else _count_on(w, run)
    if start is None and is_from and uncounted:
        return Cue(kind="ordinal", value=f"{uncounted} from {side}", words=w.spelled(run.opened, run.end))
    if start is None:
        return None
    nth = lexicon.COUNTS.get(w.word(start)) or lexicon.ORDINALS[w.word(start)]
    return Cue(kind="ordinal", value=f"{nth} from {side}", words=w.spelled(start, run.end))


def _count_from(w: Words, opened: int) -> int | None:
    """Where the count of "second from", "2 person from", "third in line from" stands; None without one."""
    for i in range(opened - 1, max(opened - 6, -1), -1):
        word = w.word(i)
        if word in lexicon.ORDINALS:
            return i
        several = any(w.is_noun(k) and w.tokens[k].lemma.lower() != w.word(k) for k in range(i + 1, opened))
        if word in lexicon.COUNTS and word != "one" and not several:
            return i
    return None


def _count_on(w: Words, run: _Run) -> int | None:
    """Where the count of "2nd left", "second banana left", "second giraffe on the left" stands; None without one.

    The thing counted lies between, or nothing does; "second row left" and "top left second shelf" count no such thing.
    """
    if lexicon.SIDE_NOUNS - {"side"} & {w.word(run.start), w.word(run.end - 1)}:
        return None
    k = run.start - 1
    if w.word(k) in lexicon.ORDINALS and w.word(k) != "last":
        return None if w.word(run.end - 1) == "side" else k
    if w.word(run.opened) in lexicon.SIDE_PREPOSITIONS and w.word(run.opened - 1) in lexicon.ORDINALS.keys() - {"last"}:
        return run.opened - 1  # "2nd to the left"
    subject = w.subject
    if subject is None or not (subject < run.start <= subject + 4) or w.word(subject) in lexicon.SIDE_NOUNS:
        return None
    if subject < run.opened and w.word(run.opened) not in lexicon.SIDE_PREPOSITIONS and w.pos(run.opened) != "VERB":
        return None
    for i in range(subject - 1, max(subject - 4, -1), -1):
        if w.word(i) in lexicon.ORDINALS and w.word(i) != "last":
            return i
        if w.pos(i) not in ("ADJ", "NOUN", "PROPN", "NUM"):
            return None
    return None


def _extreme(w: Words, run: _Run, k: int) -> Cue | None:
    """ "leftmost", "far left", "very top", "furthest to the right", "all the way left"."""
    word, direction = w.word(k), lexicon.DIRECTION_WORDS[w.word(k)]
    if word in lexicon.EXTREMES:
        return Cue(kind="extreme", value=direction, words=word)
    far = [x for x in range(run.start, run.end) if w.word(x) in lexicon.FAR and abs(x - k) <= 2]
    opened = run.opened - 1
    if w.word(run.opened) == "to" and w.word(opened) in lexicon.FAR | lexicon.NEAREST.keys() | {"way"}:
        far.append(opened)
    if not far:
        return None
    return Cue(kind="extreme", value=direction, words=w.spelled(min(k, *far), max(k, *far) + 1))


def _other_cues(w: Words, closed: frozenset[int]) -> list[tuple[int, Cue]]:
    """Middle, depth, sizes, clock positions, of the subject alone; further things that are asked for."""
    out = depth_cues(w)
    for i, noun in w.coordinated:
        out.append((i, Cue(kind="coordination", value=w.lemma(noun), words=w.spelled(i, noun + 1))))
    for i, word in enumerate(w.lower):
        if i in closed:
            continue
        if word in lexicon.MIDDLE and w.word(i + 1) not in ("aged", "sized", "age", "size", "finger"):
            out.append((i, Cue(kind="middle", value="middle", words=word)))
        elif word in lexicon.SIZES and w.word(i - 1) != "not":
            out.append((i, Cue(kind="size", value=lexicon.SIZES[word], words=word)))
        elif word in lexicon.PLAIN_SIZES and _is_of_the_thing(w, i):
            out.append((i, Cue(kind="size", value=lexicon.PLAIN_SIZES[word], words=word)))
        elif word in lexicon.HOURS and (end := _clock_end(w, i)):
            out.append((i, Cue(kind="clock", value=lexicon.HOURS[word], words=w.spelled(i, end))))
    return out


def _is_of_the_thing(w: Words, i: int) -> bool:
    """An adjective of the subject: "tall man", not "short hair woman"."""
    others = lexicon.BODY | lexicon.CLOTHES | {"sleeve", "sleeves", "sleeved", "haired"}
    return w.subject is not None and w.modified_from(i + 1) == w.subject and w.word(i + 1) not in others


def depth_cues(w: Words) -> list[tuple[int, Cue]]:
    """How far from the viewer the subject is said to be, and what is counted from the front or the back.

    Parameters
    ----------
    w : Words
        Of an expression.

    Returns
    -------
    list of (int, Cue)
        Each with the place of its word, in order.
    """
    found: list[tuple[int, Cue]] = []
    for i in range(len(w)):
        cue = None if i in w.of_others else _depth(w, i)
        if cue and not (found and i == found[-1][0] + 1 and w.word(i) in found[-1][1].words):  # "furthest back" is one
            found.append((i, cue))
    return found


def _depth(w: Words, i: int) -> Cue | None:
    """ "in front", "closest to us", "background": how far from the viewer the subject is; None where not said."""
    word = w.word(i)
    if word in lexicon.NEAREST:
        end = _nearest_end(w, i)
        return Cue(kind="depth", value=lexicon.NEAREST[word], words=w.spelled(i, end)) if end else None
    if word in ("close", "near") and (viewer := _viewer_from(w, i + 1)):
        return Cue(kind="depth", value="front", words=w.spelled(i, viewer + 1))
    if word == "behind" and w.subject is not None and w.subject < i and w.word(i + 1) in ("", ",", "."):
        return Cue(kind="depth", value="back", words=word)
    if word not in lexicon.DEPTHS or not _is_in_depth(w, i):
        return None
    k = i - 1
    while w.word(k) in lexicon.DETERMINERS:
        k -= 1
    if w.word(k) == "from":
        count = _count_from(w, k)
        value = None if count is None else lexicon.COUNTS.get(w.word(count)) or lexicon.ORDINALS[w.word(count)]
        if count is None:
            return None
        return Cue(kind="ordinal", value=f"{value} from {lexicon.DEPTHS[word]}", words=w.spelled(count, i + 1))
    return Cue(kind="depth", value=lexicon.DEPTHS[word], words=word)


def _viewer_from(w: Words, i: int) -> int | None:
    """The viewer of "to us", "the camera", "from the photographer" that starts at ``i``."""
    return next((k for k in range(i, i + 3) if w.word(k) in lexicon.VIEWER), None)


def _nearest_end(w: Words, i: int) -> int | None:
    """Where "closest to us", "nearest" or "furthest away" ends, or None: nearest to a thing or a side."""
    after = w.word(i + 1)
    if w.is_direction(i + 1) or w.is_direction(i - 1):
        return None
    if after in ("to", "from") or w.word(i + 1) in lexicon.VIEWER | lexicon.DETERMINERS:
        viewer = _viewer_from(w, i + 1)
        return viewer + 1 if viewer else None
    if after in ("away", "back", "up", "behind", "front"):
        return None if w.word(i + 2) == "from" and _viewer_from(w, i + 3) is None else i + 2
    noun = w.modified_from(i + 1)
    if noun is not None:
        is_it = noun == w.subject or (w.subject is None and w.word(noun) in ("one", "ones"))
        return i + 1 if is_it else None
    return i + 1


def _is_in_depth(w: Words, i: int) -> bool:
    """Whether "front", "back", "background" places the subject, and is no part, side or posture of a thing."""
    word, after, subject = w.word(i), w.word(i + 1), w.subject
    k = i - 1
    among = lexicon.FAR | lexicon.MIDDLE | {"way", "up", "far", "all", "immediate"}
    while k != subject and (w.word(k) in lexicon.DETERMINERS | among or w.is_direction(k)):
        k -= 1
    opener = w.word(k)
    beside_a_side = w.is_direction(i + 1) or w.is_direction(i - 1)
    if i == subject or w.word(i - 1) in lexicon.OTHERS_POSSESSIVE or opener in lexicon.NOT_IN_DEPTH | {"with", "has"}:
        return False
    if opener == "on" and not beside_a_side and after not in lexicon.SIDE_NOUNS:
        return False  # "a B on the front"
    if after in lexicon.NOT_IN_DEPTH or (word == "back" and after in ("to", "pack", "towards", "toward")):
        return False
    if after == "of":
        thing = w.thing_from(i + 2)
        return thing is not None and w.word(thing) in lexicon.IMAGE | lexicon.GROUPS | lexicon.VIEWER
    noun = w.modified_from(i + 1)
    if noun is None:
        return opener in ("in", "at", "to", "toward", "towards", "near", "from", "") or subject is None or subject < i
    if noun == subject or w.word(noun) in lexicon.SIDE_NOUNS:
        return True
    return (subject is None or subject < i) and w.word(noun) in lexicon.WORN  # "man in back gray shorts"


def _clock_end(w: Words, i: int) -> int | None:
    """Where "7 o clock", "7 o'clock" that starts at ``i`` ends, or None."""
    if w.word(i + 1).endswith("clock"):
        return i + 2
    return i + 3 if w.word(i + 1).startswith("o") and w.word(i + 2) == "clock" else None
