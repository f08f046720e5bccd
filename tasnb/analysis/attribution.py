"""Why each failure failed: one primary cause a case, what curing it would give, and where causes overlap.

Every cause is tested on its own: its stage's result is replaced by the ideal, the stored scores are ranked again, and
the cause holds when the answer is then right. The primary cause is the first that holds, in the order of ``CAUSES``.
Where no single cure suffices it is the first stage whose result is wrong in itself (``alone`` is False then, and the
price is what the cure gives, often nothing); V is always the last resort, so the causes add up to the failures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis import counterfactuals as what_if
from tasnb.analysis.annotation_noise import annotation_doubt
from tasnb.analysis.causes import CAUSES, GRID, RIGHT, THRESHOLD
from tasnb.analysis.evidence import METHOD, Case, Evidence
from tasnb.analysis.kinds import is_a_by, wordnet_of
from tasnb.analysis.types import ExpressionTypes, types_of
from tasnb.core.types import Weights, WordNet
from tasnb.evaluation import metrics

if TYPE_CHECKING:
    import pandas as pd

_ANNOTATION = -2  # a cured row that is the annotated mask itself
_UNCURED = -1


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Why one case failed. holds: every cause that holds on its own. cured: cause -> row chosen after its cure.

    alone: whether the primary cause's cure makes the answer right by itself.
    """

    cause: str
    detail: str
    alone: bool
    holds: frozenset[str]
    cured: dict[str, int]
    words: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Attribution:
    """All samples of a run with their cause.

    frame: a row a sample, sorted: sample, sample_id, image_id, dataset, split, expression, iou, failed, cause ("": no
    failure), detail, alone, words (of the phrase or weights concerned), stage, price (IoU gained if the cause were
    cured, 0..1), cured_intersection, cured_union. holds: sample, cause: a row for every cause that holds on its own.
    types: one a sample. about: the run's run.json.
    """

    frame: pd.DataFrame
    holds: pd.DataFrame
    evidence: Evidence
    types: tuple[ExpressionTypes, ...]
    protocol: str
    about: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def resamples(self) -> metrics.Resamples:
        """The draws of images that every interval of this run rests on."""
        return metrics.Resamples(self.evidence.samples["image_id"].to_numpy(object))

    @cached_property
    def measured(self) -> np.ndarray:
        """Which samples the protocol counts, bool (samples,): all, or those with a proposal."""
        answered: np.ndarray = self.evidence.samples["proposals"].to_numpy() > 0
        return answered if metrics.find(self.protocol).skips_unanswered else np.ones_like(answered)

    @property
    def failures(self) -> pd.DataFrame:
        """The rows of failed samples."""
        return self.frame[self.frame["failed"]].reset_index(drop=True)


def attribute(
    run: Any,
    *,
    method: str = METHOD,
    threshold: float = THRESHOLD,
    protocol: str | None = None,
    wordnet: WordNet | None = None,
) -> Attribution:
    """Find the cause of every failure of a run: an answer whose IoU is below the threshold.

    run: a ``Run``. method: "tas". protocol: for the prices; default the run's, or "tas" where that merges sentences.
    wordnet: tells persons from things beyond our list of words, and that a duck is an animal; default that of the run's
    preset, and where its files are not here the words alone.
    Raises ValueError for a method without stored stages, a threshold outside 0..1, or a run of an older tasnb.
    """
    import pandas as pd

    evidence = Evidence.of(run, method=method, threshold=threshold)
    wordnet = wordnet_of(run) if wordnet is None else wordnet
    rule = metrics.find(protocol or str(run.about["protocol"]))
    chosen = (protocol or str(run.about["protocol"])) if rule.unit == "sentence" else "tas"
    known: dict[str, ExpressionTypes] = {}
    for parse in evidence.parses:
        if parse.text not in known:
            known[parse.text] = types_of(parse, wordnet)
    types = tuple(known[parse.text] for parse in evidence.parses)
    names = [frozenset(t.names) for t in types]
    failed = evidence.is_failure
    grid = _grid(evidence)
    verdicts: dict[int, Verdict] = {}
    counts = evidence.samples[["intersection", "union"]].to_numpy(np.int64).copy()
    holds = []
    for place, case in zip(np.flatnonzero(failed), evidence.cases(failed, names, is_a_by(wordnet)), strict=True):
        verdict = verdict_of(case, grid_rows=grid[:, place], start=int(evidence.spans[place, 0]))
        verdicts[int(place)] = verdict
        counts[place] = _counts(case, verdict.cured.get(verdict.cause, _UNCURED), counts[place])
        holds += [(case.sample, name) for name in CAUSES if name in verdict.holds]
    frame = evidence.samples[["sample", "sample_id", "image_id", "dataset", "split", "expression", "iou"]].copy()
    found = [verdicts.get(place) for place in range(len(frame))]
    frame["failed"] = failed
    frame["cause"] = [v.cause if v else RIGHT for v in found]
    frame["detail"] = [v.detail if v else "" for v in found]
    frame["alone"] = [v.alone if v else False for v in found]
    frame["words"] = [v.words if v else "" for v in found]
    frame["stage"] = [CAUSES[v.cause].stage if v else "" for v in found]
    after = metrics.iou(counts[:, 0], counts[:, 1], protocol=chosen)
    frame["price"] = np.where(failed, np.maximum(after - frame["iou"], 0), 0.0)
    # an ideal stage is never worse than the real one: where its cure lowers the IoU, nothing is regained
    worse = after < frame["iou"].to_numpy()
    counts[worse] = evidence.samples[["intersection", "union"]].to_numpy(np.int64)[worse]
    frame["cured_intersection"], frame["cured_union"] = counts[:, 0], counts[:, 1]
    return Attribution(
        frame=frame.reset_index(drop=True), holds=pd.DataFrame(holds, columns=["sample", "cause"]),
        evidence=evidence, types=types, protocol=chosen, about=run.about,
    )  # fmt: skip


def verdict_of(case: Case, *, grid_rows: np.ndarray, start: int = 0) -> Verdict:
    """The cause of one failed case. grid_rows: for every point of GRID the flat row chosen, -1 for none; start: the
    case's first flat row."""
    cured: dict[str, int] = {}
    detail: dict[str, str] = {}
    words: dict[str, str] = {}
    faulty = []  # wrong in itself, whether or not the cure suffices

    def try_(name: str, row: int | None, said: str, about: str = "") -> None:
        if row is not None:
            cured[name], detail[name], words[name] = row, said, about

    if not len(case.good) and not what_if.granularity(case):
        try_("no proposal", _ANNOTATION, "all wrong" if len(case.ious) else "nothing")
    if said := what_if.granularity(case):
        best = int(np.argmax(case.ious))
        try_("granularity", best if len(case.good) else _ANNOTATION, said)
    if fault := what_if.language_fault(case):
        faulty.append("language")
        try_("language", what_if.with_gold_parse(case), fault)
    if doubt := annotation_doubt(case):
        try_("annotation", _ANNOTATION, doubt, _caption(case))
    _try_rectifier(case, try_, faulty)
    if (row := what_if.without_naming_negatives(case)) is not None:
        bad = what_if.kept_phrases(case) & what_if.naming_the_target(case)
        named = ", ".join(p["text"] for p, is_bad in zip(case.phrases, bad, strict=True) if is_bad)
        try_("negative", row, "", named)
    if case.answer is not None:
        row = what_if.without_captions(case)
        exchanged = None if what_if.is_right(case, row) else what_if.with_captions_exchanged(case)
        try_("caption", row if exchanged is None else exchanged, "", _caption(case))
        _try_weights(case, grid_rows - start, try_)
        lost = "same kind" if what_if.same_kind(case) else "other kind"
        try_("appearance", what_if.with_ideal_v(case), lost, _caption(case))
    holds = frozenset(name for name, row in cured.items() if row == _ANNOTATION or what_if.is_right(case, row))
    # weights that would happen to choose right are no cause where V, P and N speak against the target
    counted = holds if what_if.for_the_target(case) >= 2 else holds - {"weights"}
    alone = next((name for name in CAUSES if name in counted), None)
    cause = alone or next((name for name in CAUSES if name in faulty), "appearance")
    return Verdict(
        cause=cause, detail=detail.get(cause, ""), alone=alone is not None, holds=holds, cured=cured,
        words=words.get(cause, ""),
    )  # fmt: skip


def _try_rectifier(case: Case, try_: Any, faulty: list[str]) -> None:
    if what_if.excludes_the_target(case):
        faulty.append("rectifier")
        said = "wrong way" if what_if.on_the_other_side(case) else "excluded"
        try_("rectifier", what_if.with_the_target_kept(case), said, " ".join(case.parse.directions))
        return
    row = what_if.with_the_place_read(case)
    fired = not case.kept.all()
    said = " ".join(c.words for c in case.parse.cues) or " ".join(case.parse.directions)
    try_("place", row, "too coarse" if fired else "did not fire", said)


def nearest_right(case: Case, rows: np.ndarray) -> tuple[tuple[float, float], int] | None:
    """The point of GRID nearest to the weights in use that chooses right, and its row; None where none does.

    rows: the row of the case that every point chooses, -1 for none.
    """
    right = [
        (point, int(row))
        for point, row in zip(GRID, rows, strict=True)
        if 0 <= row < len(case.ious) and what_if.is_right(case, int(row))
    ]
    used = (case.weights.alpha, case.weights.lam)
    return min(right, key=lambda r: (abs(r[0][0] - used[0]) + abs(r[0][1] - used[1]), r[0]), default=None)


def _try_weights(case: Case, rows: np.ndarray, try_: Any) -> None:
    if (found := nearest_right(case, rows)) is not None:
        point, row = found
        try_("weights", row, "", f"alpha {point[0]:g}, lambda {point[1]:g}")


def _caption(case: Case) -> str:
    return case.captions[case.answer] if case.answer is not None else ""


def _grid(evidence: Evidence) -> np.ndarray:
    """The flat row that every sample chooses at every point of GRID: (points, samples), -1 for none."""
    answered = evidence.ranking.answered
    rows = np.full((len(GRID), len(answered)), _UNCURED)
    for point, (alpha, lam) in enumerate(GRID):
        rows[point, answered] = evidence.ranking.rows(Weights(alpha=alpha, lam=lam))
    return rows


def _counts(case: Case, row: int, before: np.ndarray) -> np.ndarray:
    """Intersection and union once cured."""
    if row == _ANNOTATION:
        return np.array([case.target_area, case.target_area])
    if row < 0:
        return before
    return np.array([case.intersections[row], case.unions()[row]])
