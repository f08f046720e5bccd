"""One case from its artifacts, without a run: the cause of its failure, and what each cure would choose.

The same functions as ``attribute`` uses, over the same ``Case``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tasnb.analysis import counterfactuals as what_if
from tasnb.analysis.attribution import nearest_right, verdict_of
from tasnb.analysis.causes import GRID, THRESHOLD
from tasnb.analysis.evidence import Case
from tasnb.analysis.kinds import is_a_by
from tasnb.analysis.sentences import sentence_of
from tasnb.analysis.types import types_of
from tasnb.core.embeddings import cosines
from tasnb.core.masks import centroids_xy
from tasnb.core.types import ImageArtifacts, Negatives, Parse, ScoreTable, Weights, WordNet
from tasnb.evaluation.records import Measured
from tasnb.pipeline.variant import Variant


@dataclass(frozen=True, kw_only=True, eq=False)
class Cure:
    """One counterfactual. row: the proposal it chooses, None for none; only what it replaces is given.

    n: N of every proposal. kept: bool (n,). weights: alpha and lambda.
    """

    name: str
    words: str
    row: int | None
    n: np.ndarray | None = None
    kept: np.ndarray | None = None
    weights: Weights | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Why:
    """Why one case is answered as it is. sentence: its cause. iou: of the answer. oracle: the best proposal's IoU."""

    sentence: str
    cause: str
    iou: float
    oracle: float
    cures: tuple[Cure, ...]


def case_of(
    artifacts: ImageArtifacts, table: ScoreTable, parse: Parse, mined: Negatives, target: np.ndarray, variant: Variant,
    *, gold: Mapping[str, Any] | None = None, wordnet: WordNet | None = None, threshold: float = THRESHOLD,
) -> Case:  # fmt: skip
    """The evidence that a run stores, from values at hand. table: rectified, whose best is the answer.

    target: bool (h, w). gold: of the sample, {} where it is unknown.
    """
    measured, count = Measured(artifacts, target), len(table)
    crops = artifacts.crop_embeddings.get(variant.v_crop.style, np.zeros((count, 0)))
    phrases = [{"text": p.text, "lemma": p.lemma, "kept": p.kept, "reason": p.reason} for p in mined.phrases]
    return Case(
        sample=0, expression=parse.text, parse=parse, gold=dict(gold or {}), category="", weights=table.weights,
        rule=variant.rectifier, threshold=threshold, target_area=measured.target_area, answer=table.best,
        v=table.v, p=table.p, n=table.n, kept=np.asarray(table.kept),
        centres_xy=centroids_xy(artifacts.proposals.masks).astype(np.float64), areas=measured.areas,
        intersections=measured.intersections, ious=measured.ious,
        captions=tuple(artifacts.captions.get(variant.p_crop.style, ("",) * count)),
        cosines=cosines(crops, artifacts.phrase_embeddings) if phrases and count else np.zeros((count, 0)),
        phrases=tuple(phrases), types=frozenset(types_of(parse, wordnet).names), is_a=is_a_by(wordnet),
    )  # fmt: skip


def why(case: Case) -> Why:
    """The cause and the cures of one case, right or wrong; a cure whose question does not arise is left out."""
    answer = case.answer
    iou = 0.0 if answer is None else float(case.ious[answer])
    failed, rows = iou < case.threshold, _grid_rows(case)
    row: dict[str, Any] = {"failed": failed, "iou": iou, "cause": "", "detail": "", "words": "", "alone": True}
    if failed:
        found = verdict_of(case, grid_rows=rows)
        row |= {"cause": found.cause, "detail": found.detail, "words": found.words, "alone": found.alone}
    return Why(
        sentence=sentence_of(row), cause=str(row["cause"]), iou=iou, oracle=float(case.ious.max(initial=0)),
        cures=tuple(_cures(case, rows)) if answer is not None else (),
    )  # fmt: skip


def _cures(case: Case, rows: np.ndarray) -> list[Cure]:
    total, everything = case.total, np.ones(len(case.v), dtype=bool)
    found = []
    if not case.kept.all():
        out = ~case.kept
        found += [
            Cure(name="no rectifier", words="ignore the rectifier", row=what_if.choose(total, everything),
                 kept=everything),
            Cure(name="thrown out", words="only the masks that the rectifier threw out",
                 row=what_if.choose(total, out), kept=out),
        ]  # fmt: skip
    gold = [str(each) for each in case.gold.get("directions", ())]
    if "directions" in case.gold and set(gold) != set(case.parse.directions):
        parse = replace(case.parse, directions=tuple(gold), direction_words=tuple(gold))  # type: ignore[arg-type]
        kept = what_if.rectified(case, parse, total)
        said = f"the direction that people mean: {' '.join(gold) or 'none'}"
        found.append(Cure(name="gold direction", words=said, row=what_if.choose(total, kept), kept=kept))
    bad = what_if.kept_phrases(case) & what_if.naming_the_target(case)
    if (row := what_if.without_naming_negatives(case)) is not None:
        named = ", ".join(p["text"] for p, is_bad in zip(case.phrases, bad, strict=True) if is_bad)
        left = what_if.kept_phrases(case) & ~bad
        n = -case.cosines[:, left].mean(axis=1) if left.any() else np.zeros(len(case.v))
        found.append(Cure(name="negative", words=f"without the negative that names the target: {named}", row=row, n=n))
    no_p = Weights(alpha=0.0, lam=case.weights.lam)
    found.append(Cure(name="no P", words="P off: captions do not count", row=what_if.without_captions(case),
                      weights=no_p))  # fmt: skip
    if (best := nearest_right(case, rows)) is not None and not what_if.is_right(case, case.answer):
        (alpha, lam), row = best
        found.append(Cure(name="weights", words=f"weights that choose right: alpha {alpha:g}, lambda {lam:g}", row=row,
                          weights=Weights(alpha=alpha, lam=lam)))  # fmt: skip
    return found


def _grid_rows(case: Case) -> np.ndarray:
    """The row that every point of GRID chooses, -1 for none; the rectifier as the case had it."""
    rows = []
    for alpha, lam in GRID:
        total = case.v + alpha * case.p + lam * case.n
        kept = case.kept if case.kept.all() else what_if.rectified(case, case.parse, total)
        row = what_if.choose(total, kept)
        rows.append(-1 if row is None else row)
    return np.array(rows)
