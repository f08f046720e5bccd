"""Answers with a known fault, made from annotations: a bench that shares no code with the rules that name the fault.

A kind of fault is a function from a picture's things to (targets, answer, expression), or None where the picture has no
room for it. Each decides in its own few lines of numpy what it means by "inside", "beside" or "left"; an outline that a
model would draw is imitated by some pixels more or less. A fault that leaves the answer right does not count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import ndimage

from tasnb.core.masks import to_rle
from tasnb.core.types import parse_to_json
from tasnb.datasets import Instance, Samples
from tasnb.datasets.contents import Row
from tasnb.evaluation.parts import bind, key_of, part_path, write_sealed, write_table
from tasnb.evaluation.records import COLUMNS, answer_row, schema
from tasnb.evaluation.runs import SCHEMA, Run

SMALLEST = 150  # pixels: a fault of less is a matter of single pixels
COLOURS = ("red", "blue", "green", "white", "black", "yellow")
CLOTHES = ("in a blue shirt", "wearing a hat", "in a red jacket", "wearing glasses")
ACTIONS = ("sitting", "standing", "running", "eating", "sleeping")


@dataclass
class Scene:
    """A picture's things. rng: of the case."""

    image_id: str
    things: list[Instance]
    rng: np.random.Generator
    areas: np.ndarray = field(init=False)
    centres: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.things = [thing for thing in self.things if thing.mask.sum() >= SMALLEST]
        self.areas = np.array([thing.mask.sum() for thing in self.things])
        spots = [np.argwhere(thing.mask).mean(axis=0)[::-1] for thing in self.things]
        self.centres = np.array(spots).reshape(-1, 2)

    @property
    def size_xy(self) -> np.ndarray:
        return np.array(self.things[0].mask.shape[::-1])

    def apart(self, a: int, b: int) -> bool:
        """Whether two things share next to nothing."""
        return bool((self.things[a].mask & self.things[b].mask).sum() <= 0.03 * min(self.areas[a], self.areas[b]))

    def pairs(self, same: bool) -> list[tuple[int, int]]:
        """Two things apart, of one category or of two, in a drawn order."""
        found = [
            (a, b)
            for a in range(len(self.things))
            for b in range(len(self.things))
            if a != b and (self.things[a].category == self.things[b].category) == same and self.apart(a, b)
        ]
        return [found[i] for i in self.rng.permutation(len(found))]

    def elsewhere(self, *rows: int) -> np.ndarray:
        """Pixels of all things but these."""
        masks = [thing.mask for row, thing in enumerate(self.things) if row not in rows]
        return np.any(masks, axis=0) if masks else np.zeros(self.things[0].mask.shape, bool)

    def drawn(self, mask: np.ndarray) -> np.ndarray:
        """As a model would draw it: some pixels more or less all round, up to a quarter of it."""
        how = self.rng.integers(3)
        if how == 0:
            return mask.copy()
        times = int(self.rng.integers(1, 4))
        changed = (ndimage.binary_dilation if how == 1 else ndimage.binary_erosion)(mask, iterations=times)
        return changed if 0.75 < changed.sum() / mask.sum() < 1.25 else mask.copy()


Fault = tuple[tuple[int, ...], np.ndarray | None, str]


def empty(s: Scene) -> Fault | None:
    row = int(s.rng.integers(len(s.things)))
    return (row,), None, f"the {s.things[row].category}"


def nothing_meant(s: Scene) -> Fault | None:
    row = int(s.rng.integers(len(s.things)))
    return (), s.drawn(s.things[row].mask), "the purple submarine"


def one_of_two(s: Scene) -> Fault | None:
    for a, b in s.pairs(same=True):
        if s.areas[b] >= 0.4 * s.areas[a]:
            return (a, b), s.drawn((s.things[a] if s.areas[a] < s.areas[b] else s.things[b]).mask), "both of them"
    return None


def same_words(s: Scene) -> Fault | None:
    """Nothing is said but the category."""
    for a, b in s.pairs(same=True):
        return (a,), s.drawn(s.things[b].mask), f"the {s.things[a].category}"
    return None


def with_another(s: Scene) -> Fault | None:
    for a, b in s.pairs(same=bool(s.rng.integers(2))):
        if 0.3 < s.areas[a] / s.areas[b] < 3:
            return (a,), s.drawn(s.things[a].mask | s.things[b].mask), f"the {s.things[a].category}"
    return None


def two_others(s: Scene) -> Fault | None:
    for a, b in s.pairs(same=bool(s.rng.integers(2))):
        rest = [c for c in range(len(s.things)) if c not in (a, b) and s.apart(a, c) and s.apart(b, c)]
        if rest and 0.3 < s.areas[a] / s.areas[b] < 3:
            target = int(s.rng.choice(rest))
            return (target,), s.drawn(s.things[a].mask | s.things[b].mask), f"the {s.things[target].category}"
    return None


def a_part(s: Scene) -> Fault | None:
    """What lies on one side of a line through the target: a fifth to nearly half of it."""
    row = int(s.rng.integers(len(s.things)))
    mask, angle = s.things[row].mask, s.rng.uniform(0, 2 * np.pi)
    y, x = np.nonzero(mask)
    along = np.cos(angle) * x + np.sin(angle) * y
    cut = np.quantile(along, s.rng.uniform(0.2, 0.46))
    part = np.zeros_like(mask)
    part[y[along <= cut], x[along <= cut]] = True
    # what is itself annotated as a thing is no mere part
    if any((part & other.mask).sum() > 0.3 * part.sum() for i, other in enumerate(s.things) if i != row):
        return None
    return (row,), part, f"the {s.things[row].category}"


def too_much(s: Scene) -> Fault | None:
    """The target and all within a distance of it that belongs to nothing else: 2.2 to 6 times as much."""
    row = int(s.rng.integers(len(s.things)))
    mask = s.things[row].mask
    free = ~s.elsewhere(row) | mask
    near = np.where(free, ndimage.distance_transform_edt(~mask), np.inf)
    wanted = int(s.rng.uniform(2.2, 6) * s.areas[row])
    if wanted > 0.8 * free.sum() or (s.elsewhere(row) & mask).sum() > 0.2 * s.areas[row]:
        return None
    return (row,), near <= np.sort(near, axis=None)[wanted], f"the {s.things[row].category}"


def other_side(s: Scene) -> Fault | None:
    """The target is the outermost of its category on the named side, by a tenth of the picture at least."""
    for a, b in s.pairs(same=True):
        axis = int(s.rng.integers(2))
        peers = [i for i, t in enumerate(s.things) if t.category == s.things[a].category and i != a]
        ahead = (s.centres[peers, axis] - s.centres[a, axis]) / s.size_xy[axis]
        sides = ("left", "right") if axis == 0 else ("top", "bottom")
        side = sides[0] if (ahead > 0.1).all() else sides[1] if (ahead < -0.1).all() else ""
        if side:
            kind = s.things[a].category
            says = [f"{side} {kind}", f"{kind} on the {side}", f"the {kind} at the {side}", f"{side}most {kind}"]
            text = str(s.rng.choice(says[:3] if axis else says))
            return (a,), s.drawn(s.things[b].mask), text
    return None


def ranked(s: Scene) -> Fault | None:
    """The target is the second of its category from a side, in a row of three at least, well apart."""
    for a, b in s.pairs(same=True):
        peers = [i for i, t in enumerate(s.things) if t.category == s.things[a].category]
        order = sorted(peers, key=lambda i: s.centres[i, 0])
        gaps = np.diff(s.centres[order, 0]) / s.size_xy[0]
        if len(peers) >= 3 and (gaps > 0.02).all() and a in (order[1], order[-2]):
            side = "left" if a == order[1] else "right"
            return (a,), s.drawn(s.things[b].mask), f"the second {s.things[a].category} from the {side}"
    return None


def sized(s: Scene) -> Fault | None:
    for a, b in s.pairs(same=True):
        peers = [i for i, t in enumerate(s.things) if t.category == s.things[a].category and i != a]
        if (s.areas[peers] < 0.75 * s.areas[a]).all():
            return (a,), s.drawn(s.things[b].mask), f"the biggest {s.things[a].category}"
        if (s.areas[peers] > 1.35 * s.areas[a]).all():
            return (a,), s.drawn(s.things[b].mask), f"the smallest {s.things[a].category}"
    return None


def _said(words: Callable[[Scene, str, int, int], str | None]) -> Callable[[Scene], Fault | None]:
    def fault(s: Scene) -> Fault | None:
        for a, b in s.pairs(same=True):
            if text := words(s, s.things[a].category, a, b):
                return (a,), s.drawn(s.things[b].mask), text
        return None

    return fault


def _beside(s: Scene, kind: str, a: int, b: int) -> str | None:
    others = sorted({t.category for t in s.things} - {kind})
    how = str(s.rng.choice(["next to", "behind", "near"]))
    return f"the {kind} {how} the {s.rng.choice(others)}" if others else None


def another_kind(s: Scene) -> Fault | None:
    for a, b in s.pairs(same=False):
        return (a,), s.drawn(s.things[b].mask), f"the {s.things[a].category}"
    return None


def nowhere(s: Scene) -> Fault | None:
    """A disc or a box on pixels that hardly anything annotated has."""
    every, row = s.elsewhere(), int(s.rng.integers(len(s.things)))
    y, x = np.mgrid[: every.shape[0], : every.shape[1]]
    for _ in range(20):
        radius = s.rng.uniform(0.05, 0.2) * min(every.shape)
        at = s.rng.uniform([0, 0], every.shape)
        far = np.hypot(y - at[0], x - at[1]) if s.rng.integers(2) else np.maximum(abs(y - at[0]), abs(x - at[1]))
        blob = far <= radius
        if blob.sum() >= SMALLEST and (blob & every).sum() < 0.05 * blob.sum():
            return (row,), blob, f"the {s.things[row].category}"
    return None


def shifted(s: Scene) -> Fault | None:
    """The target moved until its IoU with itself is between 0.32 and 0.48, hardly onto anything else."""
    row = int(s.rng.integers(len(s.things)))
    mask, angle = s.things[row].mask, s.rng.uniform(0, 2 * np.pi)
    for step in range(1, 400):
        moved = np.zeros_like(mask)
        dx, dy = round(float(step * np.cos(angle))), round(float(step * np.sin(angle)))
        y, x = np.nonzero(mask)
        stays = (y + dy >= 0) & (y + dy < mask.shape[0]) & (x + dx >= 0) & (x + dx < mask.shape[1])
        moved[y[stays] + dy, x[stays] + dx] = True
        iou = (moved & mask).sum() / (moved | mask).sum()
        if iou < 0.48:
            clear = moved.sum() > 0.9 * mask.sum() and (moved & s.elsewhere(row)).sum() < 0.15 * moved.sum()
            return ((row,), moved, f"the {s.things[row].category}") if iou > 0.32 and clear else None
    return None


# kind -> cause, detail ("": any), fault
FAULTS: dict[str, tuple[str, str, Callable[[Scene], Fault | None]]] = {
    "empty": ("empty answer", "", empty),
    "nothing meant": ("no target", "", nothing_meant),
    "one of two": ("partly answered", "", one_of_two),
    "same words": ("doubtful annotation", "several fit", same_words),
    "withdrawn": ("doubtful annotation", "withdrawn", another_kind),
    "with another": ("merged", "with the target", with_another),
    "two others": ("merged", "others alone", two_others),
    "a part": ("part", "", a_part),
    "too much": ("surroundings", "", too_much),
    "other side": ("same category", "place", other_side),
    "ranked": ("same category", "ordinal", ranked),
    "sized": ("same category", "size", sized),
    "coloured": ("same category", "colour", _said(lambda s, kind, a, b: f"the {s.rng.choice(COLOURS)} {kind}")),
    "clothed": ("same category", "clothing", _said(lambda s, kind, a, b: f"the {kind} {s.rng.choice(CLOTHES)}")),
    "doing": ("same category", "action", _said(lambda s, kind, a, b: f"the {kind} {s.rng.choice(ACTIONS)}")),
    "related": ("same category", "relation", _said(_beside)),
    "another kind": ("other category", "", another_kind),
    "nowhere": ("nothing there", "background", nowhere),
    "shifted": ("poor outline", "", shifted),
}


@dataclass
class Faulty:
    """A planted case."""

    kind: str
    image_id: str
    targets: tuple[str, ...]
    category: str
    target_area: int
    counts: tuple[int, int]
    answer: np.ndarray | None
    expression: str


def plant(samples: Samples, count: int, seed: int) -> Iterator[Faulty]:
    """About ``count`` failures in the pictures of a data set, as even over the kinds as the pictures allow."""
    images = list(dict.fromkeys(samples.image_ids))
    made, tries = dict.fromkeys(FAULTS, 0), 0
    things = {image_id: samples.instances(image_id) for image_id in images}
    while sum(made.values()) < count and tries < 60 * count:
        for kind, (_, _, fault) in FAULTS.items():
            tries += 1
            rng = np.random.default_rng([seed, tries])
            image_id = images[int(rng.integers(len(images)))]
            scene = Scene(image_id, list(things[image_id]), rng)
            if not scene.things or made[kind] > -(-count // len(FAULTS)) or (found := fault(scene)) is None:
                continue
            rows, answer, text = found
            blank = np.zeros(scene.things[0].mask.shape, bool)
            target = np.any([blank, *(scene.things[row].mask for row in rows)], axis=0)
            given = blank if answer is None else answer
            inter, union = int((target & given).sum()), int((target | given).sum())
            if inter > 0.5 * union:
                continue
            made[kind] += 1
            category = scene.things[rows[0]].category if rows else ""
            ids = tuple(scene.things[row].id for row in rows)
            yield Faulty(kind, image_id, ids, category, int(target.sum()), (inter, union), answer, text)


class AnsweredRun:
    """Planted cases in the shape of a run of imported answers, and the samples that it would have been made from."""

    def __init__(
        self, samples: Samples, cases: Sequence[Faulty], parse: Callable[[str], Any], *, planted: bool = True
    ) -> None:
        """planted: the cases' own sentences; else they are those of the samples, in order."""
        self.methods, self.cases, self.samples = ("planted",), list(cases), samples
        if planted:
            rows = [
                Row(case.expression, case.image_id, str(i), str(i), "val", case.targets, case.category)
                for i, case in enumerate(cases)
            ]
            self.samples = Samples(replace(samples._contents, rows=rows), samples._whole)
        self.about = {
            "methods": ["planted"], "variant": "none", "proposals": "none", "protocol": "tas", "parts": 1,
            "weights": {"alpha": 0.0, "lam": 0.0}, "models": {"name": "planted", "spec": None, "parts": {}},
            "dataset": {"name": samples.name, "split": "val", "samples": len(cases),
                        "images": len({case.image_id for case in cases}),
                        "spec": None if planted else samples.spec},
        }  # fmt: skip
        ids = self.samples.sample_ids
        parses = {text: parse(text) for text in dict.fromkeys(case.expression for case in cases)}
        self._predictions, self._answers = [], []
        for i, case in enumerate(cases):
            (inter, union), found = case.counts, parses[case.expression]
            self._predictions.append(
                {"sample": i, "sample_id": ids[i], "image_id": case.image_id, "ref_id": str(i), "sent_id": str(i),
                 "dataset": samples.name, "split": "val", "method": "planted", "expression": case.expression,
                 "chosen": -1, "proposals": int(case.answer is not None), "intersection": inter, "union": union,
                 "iou": inter / union if union else 0.0, "target_area": case.target_area, "oracle": -1,
                 "oracle_intersection": 0, "oracle_union": case.target_area, "oracle_iou": 0.0,
                 "head": found.head.lemma if found.head else "", "phrase": found.phrase,
                 "directions": " ".join(found.directions), "relations": "[]", "negatives": "[]", "caption": "",
                 "rectified": False, "parse": parse_to_json(found), "phrases": "[]", "gold": "",
                 "category": case.category, "same_kind": 0}
            )  # fmt: skip
            if case.answer is not None:
                self._answers.append(answer_row(i, self.samples_row(i), "planted", to_rle(case.answer)))

    def samples_row(self, i: int) -> Any:
        return type("Named", (), {"sample_id": self.samples.sample_ids[i], "image_id": self.cases[i].image_id})

    def __getattr__(self, name: str) -> Any:
        if name not in COLUMNS:
            raise AttributeError(name)
        rows = getattr(self, f"_{name}") if name in ("predictions", "answers") else []
        table = pa.Table.from_pylist(rows, schema=schema(name)).to_pandas()
        return lambda: table.copy()

    def write(self, folder: Path) -> Run:
        """The same as a run directory."""
        about = {"schema": SCHEMA, "versions": {}, "variant_options": {}, **self.about}
        about["dataset"] = {**self.about["dataset"], "fingerprint": "made"}
        for name in COLUMNS:
            table = pa.Table.from_pandas(getattr(self, name)(), schema=schema(name), preserve_index=False)
            write_table(part_path(folder, name, 0), table)
        bind(folder, 0, key_of(about))
        write_sealed(folder / "run.json", about)
        return Run.open(folder)

    @property
    def withdrawn(self) -> set[str]:
        ids = self.samples.sample_ids
        return {ids[i] for i, case in enumerate(self.cases) if case.kind == "withdrawn"}


def confusion(cases: Sequence[Faulty], frame: Any) -> Any:
    """A row a kind: cases, named as planted (the cause), its detail too, and what the others were called."""
    import pandas as pd

    rows = []
    for kind, (cause, detail, _) in FAULTS.items():
        mine = frame[[case.kind == kind for case in cases]]
        right = mine["cause"] == cause
        exact = right & ((mine["detail"] == detail) if detail else True)
        others = (mine["cause"] + " " + mine["detail"]).str.strip()[~exact].value_counts()
        said = json.dumps(others.to_dict())[1:-1].replace('"', "")
        rows.append((kind, cause, len(mine), int(right.sum()), int(exact.sum()), said))
    return pd.DataFrame(rows, columns=["planted", "cause", "cases", "named", "with its detail", "others"])
