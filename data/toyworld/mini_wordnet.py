"""Cuts a small WordNet out of the Open English WordNet and writes it in WordNet's own database format.

It holds every noun sense of the toy world's and the treebank's words, and every synset above them, so that each shipped
word's path similarities equal the full source's. A word is indexed only when all its senses are in; the others can be
read as names of a synset but not looked up, so that no answer is ever partial.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
# the module's name when the shipped files were cut: another header would move every offset in them
HEADER = (
    "  1 A part of the Open English WordNet (https://en-word.net), CC-BY 4.0, cut by tasnb.toyworld.mini_wordnet;",
    "  2 glosses are left out. The Open English WordNet derives from Princeton WordNet:",
    "  3 WordNet 3.1 Copyright 2011 by Princeton University.  All rights reserved.",
)
ATTRIBUTION = """# Mini WordNet

A part of the Open English WordNet (https://en-word.net), (c) the Open English WordNet team, licensed under the Creative
Commons Attribution 4.0 International licence (https://creativecommons.org/licenses/by/4.0/).
It derives from Princeton WordNet, Copyright 2011 by Princeton University, used under the WordNet licence:

> This software and database is being provided to you, the LICENSEE, by Princeton University under the following
> license. Permission to use, copy, modify and distribute this software and database and its documentation for any
> purpose and without fee or royalty is hereby granted, provided that you agree to comply with the copyright notice and
> statements, including the disclaimer, and that the same appear on ALL copies. THIS SOFTWARE AND DATABASE IS PROVIDED
> "AS IS" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES, EXPRESS OR IMPLIED.

Changes: only nouns, only the words of the toy world and of its treebank with everything above them; glosses and other
relations than hypernym and hyponym are left out; every synset is filed under noun.Tops. Written in WordNet's database
format by `python data/toyworld/train.py --only wordnet`.
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
        return Source(
            synsets={k: (tuple(lemmas), tuple(above)) for k, (lemmas, above) in raw["synsets"].items()},
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


def vocabulary() -> tuple[str, ...]:
    """The words that the small WordNet answers for: the toy world's and the treebank's nouns, in alphabetical order."""
    wanted: set[str] = set(world.COLOURS) | set(world.BACKGROUNDS)
    for kind in world.KINDS.values():
        wanted |= {kind.name, kind.family, *kind.synonyms, *kind.hypernyms, *kind.wears}
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

    def line(synset: str, offsets: dict[str, int]) -> str:
        lemmas, above = source.synsets[synset]
        names = " ".join(f"{n.replace(' ', '_')} {sense_ids.get((n.lower(), synset), 0):x}" for n in lemmas)
        pointers = [("@", s) for s in above] + [("~", s) for s in below[synset]]
        shown = "".join(f" {symbol} {offsets.get(s, 0):08d} n 0000" for symbol, s in pointers)
        return f"{offsets.get(synset, 0):08d} {LEXFILE:02d} n {len(lemmas):02x} {names} {len(pointers):03d}{shown} | \n"

    header = "".join(f"{row}\n" for row in HEADER)
    offsets: dict[str, int] = {}
    position = len(header.encode())
    for synset in order:  # an offset has eight digits whatever it is, so lengths are known before offsets are
        offsets[synset] = position
        position += len(line(synset, {}).encode())

    out.mkdir(parents=True, exist_ok=True)

    def put(name: str, text: str) -> None:
        (out / name).write_text(text, encoding="utf-8", newline="\n")

    put("data.noun", header + "".join(line(s, offsets) for s in order))
    rows, senses = [], []
    for word, ids in sorted(indexed.items()):
        name = word.replace(" ", "_")
        symbols = [
            symbol
            for symbol, has in (("@", any(source.synsets[s][1] for s in ids)), ("~", any(below[s] for s in ids)))
            if has
        ]
        places = " ".join(f"{offsets[s]:08d}" for s in ids)
        rows.append(f"{name} n {len(ids)} {len(symbols)}{''.join(' ' + s for s in symbols)} {len(ids)} 0 {places}  \n")
        senses += [f"{name}%1:{LEXFILE:02d}:{i:02d}:: {offsets[s]:08d} {i + 1} 0\n" for i, s in enumerate(ids)]
    put("index.noun", header + "".join(sorted(rows)))
    put("index.sense", "".join(sorted(senses)))
    exceptions = sorted((p, s) for s, p in words.IRREGULAR_PLURALS.items() if s != p and s in indexed)
    put("noun.exc", "".join(f"{p} {s}\n" for p, s in exceptions))
    for part in ("adj", "adv", "verb"):
        put(f"data.{part}", header)
        put(f"index.{part}", header)
        put(f"{part}.exc", "")
    put("cntlist.rev", "")
    kind = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}
    put("lexnames", "".join(f"{i:02d}\t{n}\t{kind[n.split('.')[0]]}\n" for i, n in enumerate(LEXNAMES)))
    put("README.md", ATTRIBUTION)
    return {"synsets": len(order), "words": len(indexed)}


def build(out: Path, *, source: Path | None = None) -> dict[str, int]:
    """Write the mini WordNet folder ``out``; return {"synsets", "words", "asked", "unknown"}.

    source: the Open English WordNet's nouns as JSON; by default data/wordnet/oewn_nouns.json.gz under TASNB_SHARED.
    Raises FileNotFoundError when it is not there.
    """
    if source is None:
        source = Path(os.environ.get("TASNB_SHARED", "../shared")) / "data/wordnet/oewn_nouns.json.gz"
    if not source.is_file():
        raise FileNotFoundError(
            f"expected the Open English WordNet's nouns at {source}; "
            "set TASNB_SHARED to the folder that has data/wordnet"
        )
    wordnet = Source.read(source)
    asked = vocabulary()
    known = [w for w in asked if w in wordnet.senses]
    counts = write(wordnet, select(wordnet, known), out)
    return counts | {"asked": len(asked), "unknown": len(asked) - len(known)}
