"""How well real expressions are read: heads, directions and types, for the toy parser and the real one.

    python -m tests.benchmarks.bench_language              # all of shared/data/refexp, reported on odd picture ids
    python -m tests.benchmarks.bench_language --small      # 100 expressions: checks that the benchmark runs

Rules are chosen on pictures with an even id. "Kept": the target's box is in the half that is kept. "Gain": by how many
points a random choice among the boxes kept is the target more often than one among all. Beside each figure stands that
of 0.1.0, measured in the same way with its rules and today's parsers. Both ways of reading, `paper` and `official`,
are judged with the paper's halves, so that only the reading differs.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.analysis.types import TYPES, types_of
from tasnb.core.shipped import data_root
from tasnb.core.types import Parse
from tasnb.evaluation.metrics import Estimate
from tasnb.models.language import load_parser, load_wordnet
from tasnb.stages import spatial
from tasnb.stages.expressions import OFFICIAL, PAPER, parse_all
from tests.benchmarks.refexp import DATASETS, Expression, gain, load, shared_root, target_kept

# head noun and directions of expressions with odd picture ids, labelled by hand before any rule had read them: the row
# of the file, the lemma or -, the directions, - or ? (not judged)
LABELS = Path(__file__).parent / "refexp_labels.tsv"
SIDES = {"paper": PAPER, "official": OFFICIAL}


@dataclass(frozen=True, kw_only=True)
class Language:
    """A parser with its WordNet."""

    name: str
    parser: Any
    wordnet: Any

    def read(self, texts: Sequence[str], reading: str = "paper") -> list[Parse]:
        return parse_all(texts, self.parser, rule=SIDES[reading], wordnet=self.wordnet)


def languages(root: Path) -> Iterator[Language]:
    """The toy parser, and the real one where it is at hand."""
    toy = data_root() / "models" / "toy"
    yield Language(name="toy", parser=load_parser(toy / "spacy"), wordnet=load_wordnet(toy / "wordnet"))
    real = sorted(root.glob("models/en_core_web_sm-*"))
    if real:
        wordnet = load_wordnet(root / "models" / "wordnet-3.0")
        yield Language(name="real", parser=load_parser(real[-1]), wordnet=wordnet)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Labels against parses: how many heads, claimed directions and said directions were right, of how many."""

    heads: tuple[int, int]
    claimed: tuple[int, int]
    found: tuple[int, int]


def judge(labels: Sequence[tuple[str | None, frozenset[str] | None]], parses: Sequence[Parse]) -> Judged:
    """Count what agrees; None is not judged."""
    heads = [(head, p.head and p.head.lemma) for (head, _), p in zip(labels, parses, strict=True) if head is not None]
    said = [(sides, set(p.directions)) for (_, sides), p in zip(labels, parses, strict=True) if sides is not None]
    right = sum(len(sides & claimed) for sides, claimed in said)
    return Judged(
        heads=(sum(head == found for head, found in heads), len(heads)),
        claimed=(right, sum(len(claimed) for _, claimed in said)),
        found=(right, sum(len(sides) for sides, _ in said)),
    )


def halves(expressions: Sequence[Expression], parses: Sequence[Parse]) -> dict[str, tuple[float, Estimate, Estimate]]:
    """By data set: per cent acted on, target kept, and gain over chance, of those acted on."""
    found = {}
    for dataset, name in DATASETS.items():
        mine = [(e, p) for e, p in zip(expressions, parses, strict=True) if e.dataset == dataset]
        acted = [(e, p) for e, p in mine if p.directions]
        kept = [spatial.candidate_regions(p.directions, e.centres_xy)[0] for e, p in acted]
        chosen = [e for e, _ in acted]
        share = 100 * len(acted) / len(mine) if mine else np.nan
        found[name] = share, target_kept(chosen, kept), gain(chosen, kept)
    return found


def gold(root: Path) -> list[tuple[str, str | None, frozenset[str] | None]]:
    """The 150 expressions with gold heads and directions."""
    lines = (root / "data/expressions/gold.jsonl").read_text(encoding="utf-8").splitlines()
    rows = map(json.loads, lines)
    return [(r["expression"], r["head"], None if r["directions"] is None else frozenset(r["directions"])) for r in rows]


def labelled(expressions: Sequence[Expression]) -> list[tuple[str, str | None, frozenset[str] | None]]:
    """Our own labels of expressions with odd picture ids."""
    with LABELS.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    none: frozenset[str] = frozenset()
    sides = {"-": none, "?": None}
    return [
        (
            expressions[int(row["row"])].text,
            None if row["head"] == "-" else row["head"],
            sides.get(row["directions"], frozenset(row["directions"].split())),
        )
        for row in rows
    ]


# 0.1.0 (4f7cb22^), measured with the functions above on the odd picture ids and today's parsers
BEFORE: dict[str, Any] = {
    "toy": {
        "paper, RefCOCO": {"acted": 33.1, "kept": 96.9, "gain": 34.1},
        "paper, RefCOCO+": {"acted": 0.2, "kept": 100.0, "gain": 0.0},
        "paper, RefCOCOg": {"acted": 7.4, "kept": 94.9, "gain": 32.0},
        "headless": [34, 3116],
        "official, RefCOCO": {"acted": 21.7, "kept": 95.3, "gain": 33.9},
        "official, RefCOCO+": {"acted": 0.4, "kept": 100.0, "gain": 66.7},
        "official, RefCOCOg": {"acted": 4.6, "kept": 82.7, "gain": 23.1},
        "gold": {"heads": [136, 139], "claimed": [77, 77], "found": [77, 77]},
        "labels": {"heads": [110, 115], "claimed": [20, 20], "found": [20, 20]},
    },
    "real": {
        "paper, RefCOCO": {"acted": 32.5, "kept": 96.9, "gain": 33.9},
        "paper, RefCOCO+": {"acted": 0.2, "kept": 100.0, "gain": 0.0},
        "paper, RefCOCOg": {"acted": 7.4, "kept": 95.5, "gain": 32.6},
        "headless": [53, 3116],
        "official, RefCOCO": {"acted": 14.5, "kept": 98.6, "gain": 38.3},
        "official, RefCOCO+": {"acted": 0.4, "kept": 100.0, "gain": 66.7},
        "official, RefCOCOg": {"acted": 3.8, "kept": 75.0, "gain": 15.9},
        "gold": {"heads": [134, 139], "claimed": [77, 77], "found": [77, 77]},
        "labels": {"heads": [107, 115], "claimed": [20, 20], "found": [20, 20]},
    },
}  # fmt: skip
AGREED_BEFORE = (2876, 3116)  # heads of the two parsers


def measured(language: Language, root: Path, limit: int | None = None) -> dict[str, Any]:
    """All figures of one parser as plain values: those of the odd picture ids, and of the gold expressions."""
    every = load(root=root)
    expressions = [e for e in every if e.image % 2]
    expressions = expressions[:: max(1, len(expressions) // limit)] if limit else expressions
    found: dict[str, Any] = {}
    for reading in SIDES:
        parses = language.read([e.text for e in expressions], reading)
        for name, (acted, kept, gained) in halves(expressions, parses).items():
            found[f"{reading}, {name}"] = {"acted": acted, "kept": kept.value, "gain": gained.value}
            found[f"{reading}, {name}"] |= {"kept_ci": [kept.low, kept.high], "gain_ci": [gained.low, gained.high]}
        if reading == "paper":
            found["headless"] = [sum(p.head is None for p in parses), len(parses)]
            found["several"] = [sum(p.is_plural or bool(p.further) for p in parses), len(parses)]
            tags = Counter(tag for p in parses for tag in types_of(p, language.wordnet).names)
            found["types"] = {name: 100 * tags[name] / len(parses) for name in TYPES}
            found["heads"] = [p.head.lemma if p.head else None for p in parses]
    for name, rows in (("gold", gold(root)), ("labels", labelled(every))):
        judged = judge([row[1:] for row in rows], language.read([row[0] for row in rows]))
        found[name] = {key: list(getattr(judged, key)) for key in ("heads", "claimed", "found")}
    return found


def lines(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The tables, one line each."""
    for name, figures in found.items():
        before = BEFORE.get(name, {})

        def beside(text: str, *keys: str, before: dict[str, Any] = before) -> str:
            value: Any = before
            for key in keys:
                value = value.get(key) if isinstance(value, dict) else None
            return "-" if value is None else text.format(*(value if isinstance(value, list) else [value]))

        yield f"{name} parser: odd picture ids of refexp; in brackets 0.1.0"
        yield "  reading, data set        acted on           target kept                   gain over chance"
        for key in (f"{reading}, {dataset}" for reading in SIDES for dataset in DATASETS.values()):
            row = figures[key]
            acted = f"{row['acted']:5.1f} % ({beside('{:.1f}', key, 'acted')})"
            kept = f"{row['kept']:5.1f} [{row['kept_ci'][0]:.1f}, {row['kept_ci'][1]:.1f}]"
            gained = f"{row['gain']:5.1f} [{row['gain_ci'][0]:.1f}, {row['gain_ci'][1]:.1f}]"
            kept += f" ({beside('{:.1f}', key, 'kept')})"
            yield f"  {key:<22} {acted:<18} {kept:<29} {gained} ({beside('{:.1f}', key, 'gain')})"
        yield "  {} of {} without a head noun ({})".format(*figures["headless"], beside("{} of {}", "headless"))
        for key, said in (("gold", "150 gold expressions"), ("labels", "118 labelled ones, odd ids")):
            row = [
                "{} {} of {} ({})".format(what, *figures[key][name], beside("{} of {}", key, name))
                for name, what in (("heads", "heads"), ("claimed", "directions claimed right"), ("found", "found"))
            ]
            yield f"  {said}: {', '.join(row)}"
        yield "  {} of {} are said to mean several things".format(*figures["several"])
        shares = ", ".join(f"{tag} {share:.1f}" for tag, share in figures["types"].items())
        yield f"  types, per cent of expressions: {shares}"
    if len(found) == 2:
        one, two = (figures["heads"] for figures in found.values())
        same = sum(a == b for a, b in zip(one, two, strict=True))
        before = 100 * AGREED_BEFORE[0] / AGREED_BEFORE[1]
        yield f"heads of the two parsers agree in {same} of {len(one)}: {100 * same / len(one):.1f} % ({before:.1f})"


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", action="store_true", help="100 expressions: checks that the benchmark runs")
    given = options.parse_args(arguments)
    root = shared_root()
    if not (root / "data/refexp").is_dir():
        print(f"no {root / 'data/refexp'}, so nothing is measured; TASNB_SHARED says where the shared data lies")
        return
    found = {each.name: measured(each, root, 100 if given.small else None) for each in languages(root)}
    for line in lines(found):
        print(line, flush=True)


if __name__ == "__main__":
    main()
