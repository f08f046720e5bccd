"""Failures whose cause is known, built into cases that were right: a bench that shares no code with the attribution.

A case is plain arrays. It may be planted into only if it is clean by the checks below, which are the bench's own: then
the fault that is built in is the only one. Everything is computed here again in a few lines of numpy: S, the median
half, the mean over the negatives. A fault that leaves the answer right is no failure and does not count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

T = 0.5


@dataclass
class Planted:
    """One sample: its proposals as arrays, and what was said of them. overlaps: pixels shared by any two proposals."""

    expression: str
    parse: dict[str, Any]
    gold: dict[str, Any]
    category: str
    v: np.ndarray
    p: np.ndarray
    cosines: np.ndarray
    phrases: list[dict[str, Any]]
    captions: list[str]
    centres: np.ndarray
    areas: np.ndarray
    inter: np.ndarray
    overlaps: np.ndarray
    target_area: int
    alpha: float
    lam: float
    cause: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def n(self) -> np.ndarray:
        kept = [phrase["kept"] for phrase in self.phrases]
        return -self.cosines[:, kept].mean(axis=1) if any(kept) else np.zeros(len(self.v))

    @property
    def total(self) -> np.ndarray:
        return self.v + self.alpha * self.p + self.lam * self.n

    @property
    def iou(self) -> np.ndarray:
        return self.inter / np.maximum(self.areas + self.target_area - self.inter, 1)

    @property
    def kept(self) -> np.ndarray:
        keep = np.ones(len(self.v), bool)
        if len(self.v) < 2:
            return keep
        for direction in self.parse["directions"]:
            axis = 0 if direction in ("left", "right") else 1
            before = self.centres[:, axis] < np.median(self.centres[:, axis])
            keep &= before if direction in ("left", "top") else ~before
        return keep if keep.any() else np.ones(len(self.v), bool)

    @property
    def chosen(self) -> int:
        return int(np.argmax(np.where(self.kept, self.total, -np.inf))) if len(self.v) else -1

    @property
    def is_right(self) -> bool:
        return self.chosen >= 0 and bool(self.iou[self.chosen] >= T)


def is_clean(case: Planted) -> bool:
    """Right with the mask well cut, by V and by P alone too, no negative nearest to it, its caption names its kind."""
    if len(case.v) < 3 or not case.is_right or case.iou[case.chosen] < 0.75:
        return False
    good = case.iou >= T
    if not (~good).any() or not case.kept[good].all():
        return False
    if any(np.where(case.kept, s, -np.inf).argmax() not in np.flatnonzero(good) for s in (case.v, case.p)):
        return False
    if case.v[good].min() <= np.where(case.kept & ~good, case.v, -np.inf).max():
        return False
    for column, phrase in enumerate(case.phrases):
        if phrase["kept"] and good[case.cosines[:, column].argmax()]:
            return False
    if case.category not in case.captions[case.chosen].split():
        return False
    head = case.parse["head"]
    same = head and head["lemma"] == case.gold.get("head", "").split()[-1]
    return bool(same) and set(case.parse["directions"]) == set(case.gold.get("directions", ()))


# the faults


def removed(case: Planted, rng: np.random.Generator) -> Planted | None:
    return _take(case, case.iou < T)


def halved(case: Planted, rng: np.random.Generator) -> Planted | None:
    good = case.iou >= T
    case.areas = np.where(good, case.areas // 2, case.areas)
    case.inter = np.where(good, np.minimum(case.inter // 2, case.areas), case.inter)
    return case


def doubled(case: Planted, rng: np.random.Generator) -> Planted | None:
    good = case.iou >= T
    grown = case.areas + np.maximum(case.areas, int(1.3 * case.target_area))
    case.areas = np.where(good, grown, case.areas)
    # twice as large all round it: the whole target is inside
    case.inter = np.where(good, case.target_area, case.inter)
    return case


def other_head(case: Planted, rng: np.random.Generator) -> Planted | None:
    own = case.parse["head"]["lemma"]
    others = sorted({p["lemma"] for p in case.phrases} - {own})
    if not others:
        return None
    new = str(rng.choice(others))
    case.parse["head"]["lemma"] = new
    for phrase in case.phrases:
        if "already counted" not in phrase["reason"]:
            phrase["kept"] = phrase["lemma"] != new
    return case


def other_direction(case: Planted, rng: np.random.Generator) -> Planted | None:
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
    named = case.parse["directions"]
    new = [opposite[named[0]], *named[1:]] if named else [str(rng.choice(list(opposite)))]
    case.parse["directions"] = new
    case.parse["direction_words"] = new
    return case


def moved(case: Planted, rng: np.random.Generator) -> Planted | None:
    """Every good proposal lies just over the median, so that the half it is said to be in leaves it out."""
    if not case.parse["directions"]:
        return None
    direction = case.parse["directions"][0]
    axis, good = 0 if direction in ("left", "right") else 1, case.iou >= T
    median = np.median(case.centres[:, axis])
    case.centres = case.centres.copy()
    case.centres[good, axis] = median + (4 if direction in ("left", "top") else -4)
    return case if not case.kept[good].any() else None


def negative(case: Planted, rng: np.random.Generator) -> Planted | None:
    """A phrase for the target becomes a negative: what the parser had dropped for the subject, or the target's own.

    The target's own phrase is nearer to its crop than the expression is, for it says what that crop shows.
    """
    good = case.iou >= T
    for column, phrase in enumerate(case.phrases):
        if not phrase["kept"] and good[case.cosines[:, column].argmax()]:
            phrase["kept"] = True
            return case
    own = case.v + np.where(good, case.notes.get("sharper", 0.0), 0.0)
    case.cosines = np.concatenate([case.cosines, own[:, None]], axis=1)
    lemma = case.parse["head"]["lemma"]
    case.phrases.append(
        {"text": case.expression, "lemma": lemma, "kept": True, "similarity": None, "reason": "planted"}
    )
    return case


def caption(case: Planted, rng: np.random.Generator) -> Planted | None:
    """Every good proposal says what another thing's caption says, and that one says theirs."""
    good, other = case.iou >= T, _distractor(case, rng)
    mine = int(np.argmax(np.where(good, case.iou, -1)))
    said, scored = case.captions[mine], case.p[mine]
    theirs, their_score = case.captions[other], case.p[other]
    case.captions = [
        theirs if g else said if i == other else c for i, (c, g) in enumerate(zip(case.captions, good, strict=True))
    ]
    case.p = np.where(good, their_score, case.p)
    case.p[other] = scored
    return case


def embedding(case: Planted, rng: np.random.Generator) -> Planted | None:
    """Every good proposal looks as another thing does, and that one as they do: V and N follow the crop."""
    good, other = case.iou >= T, _distractor(case, rng)
    mine = int(np.argmax(np.where(good, case.iou, -1)))
    v, cosines = case.v.copy(), case.cosines.copy()
    case.v, case.cosines = v.copy(), cosines.copy()
    case.v[good], case.cosines[good] = v[other], cosines[other]
    case.v[other], case.cosines[other] = v[mine], cosines[mine]
    return case


def annotation(case: Planted, rng: np.random.Generator) -> Planted | None:
    """Another thing is annotated. Only where the words can be checked against a caption: no relation, rank or count."""
    if {"relation", "ordinal", "middle", "depth", "negation", "size"} & set(case.gold["types"]):
        return None
    good = case.iou >= T
    apart = ~good & (case.overlaps[good].sum(axis=0) == 0) & (case.areas > 100)
    if not apart.any():
        return None
    other = int(rng.choice(np.flatnonzero(apart)))
    case.inter, case.target_area = case.overlaps[other].copy(), int(case.areas[other])
    case.category = ""
    return case


FAULTS: dict[str, tuple[str, Callable[[Planted, np.random.Generator], Planted | None]]] = {
    "removed": ("no proposal", removed),
    "halved": ("granularity", halved),
    "doubled": ("granularity", doubled),
    "head": ("language", other_head),
    "direction": ("language", other_direction),
    "moved": ("rectifier", moved),
    "negative": ("negative", negative),
    "caption": ("caption", caption),
    "embedding": ("appearance", embedding),
    "annotation": ("annotation", annotation),
}


def plant(bases: list[Planted], count: int, seed: int) -> tuple[list[Planted], dict[str, int]]:
    """Up to ``count`` failures, as even over the faults as the bases allow, and how often each fault was harmless."""
    rng = np.random.default_rng(seed)
    clean = [base for base in bases if is_clean(base)]
    made: dict[str, list[Planted]] = {name: [] for name in FAULTS}
    harmless = dict.fromkeys(FAULTS, 0)
    for name, (cause, fault) in FAULTS.items():
        for index in rng.permutation(len(clean)).tolist():
            if len(made[name]) >= -(-count // len(FAULTS)) * 2:
                break
            case = fault(deepcopy(clean[index]), rng)
            if case is None:
                continue
            if case.is_right:
                harmless[name] += 1
                continue
            case.cause, case.notes = cause, {**case.notes, "fault": name}
            made[name].append(case)
    picked: list[Planted] = []
    while len(picked) < count and any(made.values()):
        picked += [cases.pop() for cases in made.values() if cases]
    return picked[:count], harmless


def _distractor(case: Planted, rng: np.random.Generator) -> int:
    return int(rng.choice(np.flatnonzero(case.kept & (case.iou < T)))) if (case.kept & (case.iou < T)).any() else 0


def _take(case: Planted, keep: np.ndarray) -> Planted | None:
    for name in ("v", "p", "cosines", "centres", "areas", "inter"):
        setattr(case, name, getattr(case, name)[keep])
    case.overlaps = case.overlaps[keep][:, keep]
    case.captions = [c for c, k in zip(case.captions, keep, strict=True) if k]
    return case


# bases


def from_run(run: Any) -> Iterator[Planted]:
    """Every sample of a real run, as TAS answered it."""
    from tasnb.core.masks import from_rle, pairwise_intersection

    predictions, scores, proposals = run.predictions(), run.scores(), run.proposals()
    predictions = predictions[predictions["method"] == "tas"]
    images = dict(list(proposals.groupby("image_id")))
    rows_of = dict(list(scores.groupby("sample")))
    shared: dict[str, np.ndarray] = {}
    for row in predictions.itertuples():
        if row.sample not in rows_of:
            continue
        image, s = images[row.image_id], rows_of[row.sample]
        if row.image_id not in shared:
            masks = np.stack([from_rle({"size": [r.height, r.width], "counts": r.mask}) for r in image.itertuples()])
            shared[row.image_id] = pairwise_intersection(masks, masks).astype(int)
        yield Planted(
            expression=row.expression, parse=json.loads(row.parse), gold=json.loads(row.gold), category=row.category,
            v=s["v"].to_numpy(), p=s["p"].to_numpy(), cosines=np.stack(image["phrase_cosines"].tolist()),
            phrases=json.loads(row.phrases), captions=image["caption"].tolist(), centres=s[["cx", "cy"]].to_numpy(),
            areas=s["area"].to_numpy(), inter=s["intersection"].to_numpy(), overlaps=shared[row.image_id],
            target_area=row.target_area, alpha=run.about["weights"]["alpha"], lam=run.about["weights"]["lam"],
        )  # fmt: skip


KINDS = ("man", "woman", "dog", "cat", "car", "tree", "kite", "bench", "horse", "ball")
COLOURS = ("red", "blue", "green", "white", "black", "yellow")


def synthetic(count: int, seed: int) -> Iterator[Planted]:
    """Score tables drawn from scratch: 4 to 9 disjoint things, each a caption of its colour and kind.

    Cosines as CLIP's are: V differs little (kind 0.05, colour 0.02, noise 0.003), texts differ more (0.3, 0.25).
    A phrase of the caption is 0.1 nearer to the very thing that it was said of.
    """
    rng = np.random.default_rng(seed)
    for _ in range(count):
        n = int(rng.integers(4, 10))
        kinds = rng.choice(KINDS, int(rng.integers(2, 5)), replace=False)
        things = sorted({(str(rng.choice(COLOURS)), str(rng.choice(kinds))) for _ in range(n)})
        n, target = len(things), 0
        order = rng.permutation(n)
        things = [things[i] for i in order]
        target = int(rng.integers(n))
        colour, kind = things[target]
        centres = rng.uniform(10, 246, (n, 2))
        axis = int(rng.integers(2))
        first = bool(centres[target, axis] < np.median(centres[:, axis]))
        direction = (("left", "right"), ("top", "bottom"))[axis][0 if first else 1]
        place = [direction] if rng.random() < 0.4 else []
        areas = rng.integers(400, 4000, n)
        inter = np.where(np.arange(n) == target, (areas * rng.uniform(0.88, 0.98)).astype(int), 0)

        def near(one: tuple[str, str], other: tuple[str, str]) -> float:
            return 0.2 + 0.05 * (one[1] == other[1]) + 0.02 * (one[0] == other[0])

        def alike(one: tuple[str, str], other: tuple[str, str]) -> float:
            return 0.3 + 0.3 * (one[1] == other[1]) + 0.25 * (one[0] == other[0])

        def noisy(values: list[float]) -> np.ndarray:
            return np.array(values) + rng.normal(0, 0.003, len(values))

        said = [things[i] for i in rng.permutation(n)[: int(rng.integers(1, min(n, 5) + 1))]]
        text = " ".join([*place, colour, kind])
        words = text.split()
        at = text.rindex(kind)
        tokens = [
            {"text": w, "lemma": w, "pos": "NOUN" if w == kind else "ADJ", "dep": "ROOT" if w == kind else "amod",
             "governor": len(words) - 1, "start": text.index(w), "end": text.index(w) + len(w)}
            for w in words
        ]  # fmt: skip
        yield Planted(
            expression=text,
            parse={"text": text, "head": {"lemma": kind, "span": [at, at + len(kind)], "rule": "root"}, "phrase": text,
                   "modifiers": [], "directions": place, "direction_words": place, "relations": [], "cues": [],
                   "tokens": tokens},
            gold={"head": kind, "directions": place, "types": ["kind", "colour", *(["location"] if place else [])]},
            category=kind, v=noisy([near(t, (colour, kind)) for t in things]),
            p=noisy([alike(t, (colour, kind)) for t in things]),
            cosines=np.stack([noisy([near(t, s) + 0.1 * (t == s) for t in things]) for s in said], axis=1),
            phrases=[{"text": " ".join(s), "lemma": s[1], "kept": s[1] != kind, "similarity": None, "reason": ""}
                     for s in said],
            captions=[f"a {c} {k}" for c, k in things], centres=centres, areas=areas, inter=inter,
            overlaps=np.diag(areas), target_area=int(areas[target]), alpha=0.1, lam=0.7,
            notes={"sharper": 0.1},
        )  # fmt: skip


# as a run


class PlantedRun:
    """Planted cases in the shape of ``tn.Run``: the tables that an evaluation would have written, an image a case."""

    def __init__(self, cases: list[Planted]) -> None:
        weights = {"alpha": cases[0].alpha, "lam": cases[0].lam}
        assert all((c.alpha, c.lam) == (weights["alpha"], weights["lam"]) for c in cases)
        self.about = {
            "methods": ["tas"], "variant": "paper", "weights": weights, "protocol": "tas", "parts": 1,
            "proposals": "sam", "models": {"name": "planted", "spec": None, "parts": {}},
            "dataset": {"name": "planted", "split": "val", "samples": len(cases), "images": len(cases), "spec": None},
        }  # fmt: skip
        self.methods, self.folder = ("tas",), "planted"
        self._cases = cases

    def predictions(self) -> pd.DataFrame:
        rows = []
        for i, c in enumerate(self._cases):
            at, best = c.chosen, int(np.argmax(c.iou)) if len(c.v) else -1
            inter, union = (
                (int(c.inter[at]), int(c.areas[at] + c.target_area - c.inter[at])) if at >= 0 else (0, c.target_area)
            )
            head = c.parse["head"]
            rows.append(
                {"sample": i, "sample_id": f"planted-{i}", "image_id": str(i), "ref_id": str(i), "sent_id": str(i),
                 "dataset": "planted", "split": "val", "method": "tas", "expression": c.expression, "chosen": at,
                 "proposals": len(c.v), "intersection": inter, "union": union, "iou": inter / max(union, 1),
                 "target_area": c.target_area, "oracle": best, "oracle_iou": float(c.iou[best]) if best >= 0 else 0.0,
                 "oracle_intersection": int(c.inter[best]) if best >= 0 else 0,
                 "oracle_union": int(c.areas[best] + c.target_area - c.inter[best]) if best >= 0 else c.target_area,
                 "head": head["lemma"] if head else "", "phrase": c.parse["phrase"],
                 "directions": " ".join(c.parse["directions"]), "relations": json.dumps(c.parse["relations"]),
                 "negatives": "[]", "caption": "", "rectified": not c.kept.all(), "parse": json.dumps(c.parse),
                 "phrases": json.dumps(c.phrases), "gold": json.dumps(c.gold), "category": c.category, "same_kind": 0}
            )  # fmt: skip
        return pd.DataFrame(rows)

    def scores(self) -> pd.DataFrame:
        blocks = []
        for i, c in enumerate(self._cases):
            blocks.append(pd.DataFrame(
                {"sample": i, "sample_id": f"planted-{i}", "image_id": str(i), "proposal": np.arange(len(c.v)),
                 "v": c.v, "p": c.p, "n": c.n, "kept": c.kept, "cx": c.centres[:, 0], "cy": c.centres[:, 1],
                 "area": c.areas, "intersection": c.inter, "union": c.areas + c.target_area - c.inter, "iou": c.iou}
            ))  # fmt: skip
        return pd.concat(blocks, ignore_index=True)

    def proposals(self) -> pd.DataFrame:
        blocks = []
        for i, c in enumerate(self._cases):
            blocks.append(pd.DataFrame(
                {"image_id": str(i), "proposal": np.arange(len(c.v)), "caption": c.captions, "height": 256,
                 "width": 256, "phrase_cosines": list(c.cosines), **_boxes_of(c)}
            ))  # fmt: skip
        return pd.concat(blocks, ignore_index=True)


def _boxes_of(case: Planted) -> dict[str, np.ndarray]:
    """Squares of the proposals' areas about their centres."""
    half = np.sqrt(case.areas) / 2
    ends = {"x0": (0, -half), "y0": (1, -half), "x1": (0, half), "y1": (1, half)}
    return {name: np.rint(case.centres[:, axis] + by).astype(int) for name, (axis, by) in ends.items()}


def confusion(cases: list[Planted], found: dict[int, str]) -> pd.DataFrame:
    """Faults by causes found, how many of each."""
    rows = pd.DataFrame({"planted": [c.notes["fault"] for c in cases], "found": [found[i] for i in range(len(cases))]})
    table = pd.crosstab(rows["planted"], rows["found"])
    table["right"] = [
        float(np.mean([found[i] == c.cause for i, c in enumerate(cases) if c.notes["fault"] == name]))
        for name in table.index
    ]
    return table
