"""Cuts a small WordNet out of the Open English WordNet and writes it in WordNet's own database format.

It holds every noun sense of the toy world's and the treebank's words, and every synset above them, so that each shipped
word's path similarities equal the full source's. A word is indexed only when all its senses are in; the others can be
read as names of a synset but not looked up, so that no answer is ever partial.

The paper's models read Princeton's WordNet 3.0, so on the toy world's nouns (``compared``) the small one decides as
that one does: ``NAMED``, ``ABOVE`` and ``OTHER_PARTS`` are where the two would part, corrected by hand with what was
read off that one; its files and texts are not copied. Path similarities that differ without changing a decision are
listed in ``DIFFERENCES``.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

from toyworld import words as toy
from toyworld import world
from toyworld.treebank import words

LEXNAMES = tuple(
    """adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition
noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person
noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape noun.state noun.substance
noun.time verb.body verb.change verb.cognition verb.communication verb.competition verb.consumption verb.contact
verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative
verb.weather adj.ppl""".split()  # noqa: SIM905
)
LEXFILE = 3  # noun.Tops for all: the source does not say which lexicographer file a synset is from
HEADER = (
    "  1 A part of the Open English WordNet (https://en-word.net), CC-BY 4.0, cut by data/toyworld/mini_wordnet.py;",
    "  2 glosses are left out. The Open English WordNet derives from Princeton WordNet:",
    "  3 WordNet 3.1 Copyright 2011 by Princeton University.  All rights reserved.",
)
DIFFERENCES = "differences.tsv"
# what captions speak of besides the kinds of things
SPOKEN_OF = ("person", "people", "group", "bunch", "row", "couple", "pair", "lot", "park", "picture", "image", "photo")
# a synset of the source -> a word that WordNet 3.0 also counts among its names
NAMED = {"07571428-n": "food"}  # solid food
# a synset of the source -> what stands above it in WordNet 3.0
ABOVE = {
    "07989688-n": ("07991473-n",),  # building, its occupants: a gathering, not a people
    "10046971-n": ("00007846-n",),  # double, image: a person, not an actor
}
# The authors' rule counts synset pairs in any part of speech and asks whether a word can only be a noun, so it needs to
# know that "hat" is a verb too. Words, verb (v), adjective (a) or adverb (r), and the number of senses, a fact about
# WordNet 3.0 and no text of it; senses that two of the words share stand in a row of their own.
OTHER_PARTS = """
adult a 2, animal a 1, back second v 1, back v 9, back a 3, back r 6, ball v 1, balloon v 2, beach v 1, bear
stand v 1, bear v 12, behind a 1, behind r 5, bench v 2, bird v 1, black v 1, black a 14, blue v 1, blue a 8,
bottom v 3, bottom a 2, box v 3, brown v 2, brown a 2, build v 10, bunch v 2, bus v 3, cake v 1, cat v 2, center
v 3, center a 2, corner tree v 1, corner v 2, couple pair v 3, couple v 1, dog v 1, dress v 16, dress a 2, duck
v 4, flower v 1, fly v 14, flying a 2, four a 1, front v 2, front a 1, fruit v 2, grass v 6, gray v 2, gray a 4,
green v 1, green a 5, group v 2, guy v 2, hat v 2, horse v 1, house v 2, image picture v 1, image v 1, kid v 2,
kite v 4, lamb v 1, lie v 7, lot v 2, man v 2, object v 2, orange a 1, pair v 2, park v 2, people v 2, picture v
1, pink v 3, pink a 1, plant v 6, pup v 1, purple v 2, purple a 3, rabbit v 1, red a 3, right v 4, right a 14,
right r 10, row v 1, sand v 1, seat v 7, second v 1, second a 2, second r 1, shelter v 2, shirt v 1, side v 1,
side a 1, snow v 2, stand v 11, standing a 6, tent v 1, three a 1, top v 10, top a 1, toy v 3, tree v 3, truck v
1, two a 1, umbrella a 1, white v 1, white a 12, yellow v 1, yellow a 6
"""
PARTS = {"n": ("noun", 1, LEXFILE), "v": ("verb", 2, 42), "a": ("adj", 3, 0), "r": ("adv", 4, 2)}
ATTRIBUTION = """# Mini WordNet

A part of the Open English WordNet (https://en-word.net), (c) the Open English WordNet team, licensed under the Creative
Commons Attribution 4.0 International licence (https://creativecommons.org/licenses/by/4.0/).
It derives from Princeton WordNet, Copyright 2011 by Princeton University, used under the WordNet licence:

> This software and database is being provided to you, the LICENSEE, by Princeton University under the following
> license. Permission to use, copy, modify and distribute this software and database and its documentation for any
> purpose and without fee or royalty is hereby granted, provided that you agree to comply with the copyright notice and
> statements, including the disclaimer, and that the same appear on ALL copies. THIS SOFTWARE AND DATABASE IS PROVIDED
> "AS IS" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES, EXPRESS OR IMPLIED.

Changes: only the words of the toy world and of its treebank with everything above them; glosses and other
relations than hypernym and hyponym are left out; every noun synset is filed under noun.Tops. Written in WordNet's
database format by `python data/toyworld/train.py --only wordnet`.

## Against WordNet 3.0

On every pair of nouns of the toy world and its captions, the synonym rules of `paper` and `official` decide here as
they do with Princeton's WordNet 3.0, at 0.9 and at 0.5. For that `data/toyworld/mini_wordnet.py` corrects, by hand:

- "food" is also a name of the synset solid food; a building's occupants are a gathering, and a double (an image) is a
  person.
- Words that are also verbs, adjectives or adverbs have empty synsets of that part of speech, without a gloss and with
  nothing above them: only their number is meant.
- "people" is no irregular plural in noun.exc, as WordNet 3.0 has none; that it is the plural of "person" is a rule of
  tasnb's (`tasnb.stages.expressions`), outside any WordNet.

These corrections (a name, what stands above two synsets, how many senses of other parts of speech a word has) were
read off WordNet 3.0; they are facts about it, and no file or text of it is copied. The shortest paths themselves
still differ, as the Open English WordNet's hierarchy does: `differences.tsv` lists every pair of words whose path
similarity is another one there ({differences} of {pairs} pairs; the largest similarity of a listed pair is
{largest:.2f}).
"""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The Open English WordNet's nouns: synset id -> (lemmas, hypernym ids), word -> synset ids in sense order."""

    synsets: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    senses: dict[str, tuple[str, ...]]  # keyed by the lower-case word: WordNet's index has no capitals

    @staticmethod
    def read(path: Path) -> Source:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            raw = json.load(file)
        merged: dict[str, list[str]] = defaultdict(list)
        for word in sorted(raw["lemmas"], key=lambda w: (w.lower(), w != w.lower(), w)):
            merged[word.lower()] += [s for s in raw["lemmas"][word] if s not in merged[word.lower()]]
        listed = set(merged)
        for synset, (lemmas, _) in raw["synsets"].items():  # a few words ("bass", "mole") have synsets but no entry
            for word in (lemma.lower() for lemma in lemmas):
                if word not in listed and synset not in merged[word]:
                    merged[word].append(synset)
        for synset, word in NAMED.items():
            raw["synsets"][synset][0].append(word)
            merged[word].append(synset)
        return Source(
            synsets={k: (tuple(names), tuple(ABOVE.get(k, up))) for k, (names, up) in raw["synsets"].items()},
            senses={w: tuple(s) for w, s in merged.items()},
        )

    def closure(self, synsets: Iterable[str]) -> set[str]:
        """The synsets and everything above them."""
        found: set[str] = set()
        waiting = list(synsets)
        while waiting:
            synset = waiting.pop()
            if synset not in found:
                found.add(synset)
                waiting += self.synsets[synset][1]
        return found


def compared() -> tuple[str, ...]:
    """The nouns of the toy world and its captions, on which the small WordNet decides as WordNet 3.0; alphabetical."""
    found = {*world.BACKGROUNDS, *SPOKEN_OF, *(noun for said in toy.GROUNDS.values() for *_, noun in said)}
    for kind in world.KINDS.values():
        found |= {kind.family, *kind.wears, *(noun for noun, _ in toy.nouns(kind.name))}
    return tuple(sorted(found))


def vocabulary() -> tuple[str, ...]:
    """The words that the small WordNet answers for: the toy world's and the treebank's nouns, in alphabetical order."""
    # plurals because some are words of their own ("roads", where ships ride)
    wanted: set[str] = {*world.COLOURS, *compared(), *map(toy.plural, compared())}
    pools = (words.PEOPLE, words.ANIMALS, words.VEHICLES, words.FURNITURE, words.FOOD, words.DISHES, words.DEVICES,
             words.THINGS, words.PLANTS, words.PLACES, words.CLOTHES, words.HAIR, words.BODY)  # fmt: skip
    for pool in pools:
        for entry in pool:
            wanted |= {entry, entry.split()[-1]}
    return tuple(sorted(wanted))


def select(source: Source, wanted: Iterable[str]) -> set[str]:
    """Synset ids: all senses of the words, all above them, and all senses of each synset's first name.

    The last because NLTK names a synset by its first word and that word's sense number.
    """
    chosen = source.closure(s for w in wanted for s in source.senses.get(w, ()))
    while True:
        names = {source.synsets[s][0][0].lower() for s in chosen}
        grown = chosen | source.closure(s for n in names for s in source.senses[n])
        if grown == chosen:
            return chosen
        chosen = grown


def write(source: Source, chosen: set[str], out: Path) -> dict[str, int]:
    """Write the database folder of the chosen synsets; return counts of synsets and words."""
    order = sorted(chosen)
    below: dict[str, list[str]] = defaultdict(list)
    for synset in order:
        for above in source.synsets[synset][1]:
            below[above].append(synset)
    indexed = {w: s for w, s in source.senses.items() if s and chosen.issuperset(s)}
    sense_ids: dict[tuple[str, str], int] = {(w, s): i for w, ids in source.senses.items() for i, s in enumerate(ids)}
    nouns = {
        s: _Synset(
            names=tuple((n, sense_ids.get((n.lower(), s), 0)) for n in source.synsets[s][0]),
            above=source.synsets[s][1],
            below=tuple(below[s]),
        )
        for s in order
    }
    out.mkdir(parents=True, exist_ok=True)
    senses = _write_part(out, "n", nouns, indexed)
    for letter in "var":
        synsets, words_of = _other_part(letter)
        senses += _write_part(out, letter, synsets, words_of)
    _put(out / "index.sense", "".join(sorted(senses)))
    # WordNet 3.0 has no irregular plural for "person"; that "people" is one is a rule outside WordNet
    exceptions = sorted((p, s) for s, p in words.IRREGULAR_PLURALS.items() if s not in (p, "person") and s in indexed)
    _put(out / "noun.exc", "".join(f"{p} {s}\n" for p, s in exceptions))
    _put(out / "verb.exc", "lying lie\n")
    for name in ("adj.exc", "adv.exc", "cntlist.rev"):
        _put(out / name, "")
    kind = {part: number for part, number, _ in PARTS.values()}
    _put(out / "lexnames", "".join(f"{i:02d}\t{n}\t{kind[n.split('.')[0]]}\n" for i, n in enumerate(LEXNAMES)))
    return {"synsets": len(order), "words": len(indexed)}


@dataclass(frozen=True, kw_only=True)
class _Synset:
    names: tuple[tuple[str, int], ...]  # each with its place among the word's senses
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


def _other_part(letter: str) -> tuple[dict[str, _Synset], dict[str, list[str]]]:
    """The synsets that ``OTHER_PARTS`` counts in a part of speech, and each word's."""
    synsets: dict[str, _Synset] = {}
    words_of: dict[str, list[str]] = defaultdict(list)
    for row in OTHER_PARTS.split(","):
        *names, part, count = row.split()
        for _ in range(int(count) if part == letter else 0):
            key = f"{len(synsets):08d}-{letter}"
            synsets[key] = _Synset(names=tuple((n, len(words_of[n])) for n in names))
            for name in names:
                words_of[name].append(key)
    return synsets, words_of


def _write_part(out: Path, letter: str, synsets: dict[str, _Synset], indexed: Mapping[str, Sequence[str]]) -> list[str]:
    """Write data.PART and index.PART; return the lines of index.sense. indexed: a word -> its synsets."""
    part, number, lexfile = PARTS[letter]
    tail = " 00" if letter == "v" else ""  # no sentence frames

    def line(key: str, offsets: dict[str, int]) -> str:
        synset = synsets[key]
        names = " ".join(f"{n.replace(' ', '_')} {i:x}" for n, i in synset.names)
        pointers = [("@", s) for s in synset.above] + [("~", s) for s in synset.below]
        shown = "".join(f" {symbol} {offsets.get(s, 0):08d} n 0000" for symbol, s in pointers)
        head = f"{offsets.get(key, 0):08d} {lexfile:02d} {letter} {len(synset.names):02x}"
        return f"{head} {names} {len(pointers):03d}{shown}{tail} | \n"

    header = "".join(f"{row}\n" for row in HEADER)
    offsets: dict[str, int] = {}
    position = len(header.encode())
    for key in synsets:  # an offset has eight digits whatever it is, so lengths are known before offsets are
        offsets[key] = position
        position += len(line(key, {}).encode())
    _put(out / f"data.{part}", header + "".join(line(key, offsets) for key in synsets))
    rows, senses = [], []
    for word, ids in sorted(indexed.items()):
        name = word.replace(" ", "_")
        has = (("@", any(synsets[s].above for s in ids)), ("~", any(synsets[s].below for s in ids)))
        symbols = [symbol for symbol, there in has if there]
        places = " ".join(f"{offsets[s]:08d}" for s in ids)
        shown = "".join(f" {symbol}" for symbol in symbols)
        rows.append(f"{name} {letter} {len(ids)} {len(symbols)}{shown} {len(ids)} 0 {places}  \n")
        senses += [f"{name}%{number}:{lexfile:02d}:{i:02d}:: {offsets[s]:08d} {i + 1} 0\n" for i, s in enumerate(ids)]
    _put(out / f"index.{part}", header + "".join(sorted(rows)))
    return senses


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def load_princeton(folder: Path, lexnames: Path, scratch: Path) -> Any:
    """NLTK's reader of a WordNet as Debian ships it: without lexnames, which is the same for all and taken from ours.

    scratch: an empty folder that is there as long as the reader; NLTK follows no link out of its own.
    """
    from tasnb.models.language import load_wordnet

    shutil.copytree(folder, scratch, copy_function=shutil.copyfile, dirs_exist_ok=True)
    (scratch / "lexnames").write_bytes(lexnames.read_bytes())
    return load_wordnet(scratch)


def differences(here: Any, there: Any) -> Iterator[tuple[str, str, float, float]]:
    """Pairs of ``compared`` words whose largest noun path similarity differs: the words, here, there.

    here, there: NLTK's readers.
    """

    @cache
    def distances(name: str, which: Any) -> dict[Any, int]:
        found: dict[Any, int] = {}
        for synset in which.synsets(name.replace(" ", "_"), "n"):
            for above, steps in synset.hypernym_distances():
                found[above] = min(steps, found.get(above, steps))
        return found

    def similarity(one: str, two: str, which: Any) -> float:
        # the nearest senses are the ones that the shortest way over an ancestor joins
        first, second = distances(one, which), distances(two, which)
        return max((1 / (1 + first[s] + second[s]) for s in first.keys() & second.keys()), default=0.0)

    for one, two in combinations_with_replacement(compared(), 2):
        values = similarity(one, two, here), similarity(one, two, there)
        if values[0] != values[1]:
            yield one, two, *values


def build(out: Path, *, source: Path | None = None, princeton: Path | None = None) -> dict[str, int]:
    """Write the mini WordNet folder ``out``; return {"synsets", "words", "asked", "unknown", "differences"}.

    source: the Open English WordNet's nouns as JSON; by default data/wordnet/oewn_nouns.json.gz under TASNB_SHARED.
    princeton: WordNet 3.0's folder, to list the differences; by default models/wordnet-3.0 there.
    Raises FileNotFoundError when one is not there.
    """
    from tasnb.models.language import load_wordnet

    shared = Path(os.environ.get("TASNB_SHARED", "../shared"))
    source = shared / "data/wordnet/oewn_nouns.json.gz" if source is None else source
    princeton = shared / "models/wordnet-3.0" if princeton is None else princeton
    for path, what in ((source, "the Open English WordNet's nouns"), (princeton, "Princeton's WordNet 3.0")):
        if not path.exists():
            raise FileNotFoundError(
                f"expected {what} at {path}; "
                "set TASNB_SHARED to the folder that has data/wordnet and models/wordnet-3.0"
            )
    wordnet = Source.read(source)
    asked = vocabulary()
    known = [w for w in asked if w in wordnet.senses]
    counts = write(wordnet, select(wordnet, known), out)
    with tempfile.TemporaryDirectory() as scratch:
        listed = list(differences(load_wordnet(out), load_princeton(princeton, out / "lexnames", Path(scratch))))
    rows = ["word\tother\there\twordnet_3.0\n"] + [f"{a}\t{b}\t{x:.4f}\t{y:.4f}\n" for a, b, x, y in listed]
    _put(out / DIFFERENCES, "".join(rows))
    pairs = len(compared()) * (len(compared()) + 1) // 2
    largest = max((max(here, there) for *_, here, there in listed), default=0.0)
    _put(out / "README.md", ATTRIBUTION.format(differences=len(listed), pairs=pairs, largest=largest))
    return counts | {"asked": len(asked), "unknown": len(asked) - len(known), "differences": len(listed)}
