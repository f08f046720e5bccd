"""What a run stored, sample by sample: the scores, captions, phrases and gold that an analysis ranks again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis.kinds import IsA, same_word
from tasnb.core.types import Parse, Weights, combine, parse_from_json
from tasnb.evaluation.reranking import Ranking
from tasnb.pipeline import variant as variants
from tasnb.stages.spatial import RectifierRule

if TYPE_CHECKING:
    import pandas as pd

METHOD = "tas"  # whose stages the stored scores are
_OF_A_CASE = ("sample", "chosen", "expression", "gold", "category", "target_area", "phrases")


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One sample with its n proposals. answer, good: rows of these arrays, not numbers of proposals.

    v, p, n, ious, areas, intersections: (n,). kept: bool (n,). centres_xy: (n, 2). cosines: (n, k) with the k phrases;
    phrases: text, lemma, kept, reason of each. answer: None without proposals. gold: {} where it is unknown.
    """

    sample: int
    expression: str
    parse: Parse
    gold: dict[str, Any]
    category: str
    weights: Weights
    rule: RectifierRule
    threshold: float
    target_area: int
    answer: int | None
    v: np.ndarray
    p: np.ndarray
    n: np.ndarray
    kept: np.ndarray
    centres_xy: np.ndarray
    areas: np.ndarray
    intersections: np.ndarray
    ious: np.ndarray
    captions: tuple[str, ...]
    cosines: np.ndarray
    phrases: tuple[dict[str, Any], ...]
    types: frozenset[str] = field(default_factory=frozenset)
    is_a: IsA = same_word

    @cached_property
    def good(self) -> np.ndarray:
        """Rows of the proposals that reach the threshold."""
        return np.flatnonzero(self.ious >= self.threshold)

    @cached_property
    def total(self) -> np.ndarray:
        """S of every proposal."""
        return combine(self.v, self.p, self.n, self.weights)

    def unions(self) -> np.ndarray:
        """Union of every proposal with the target, pixels."""
        return self.areas + self.target_area - self.intersections


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """The samples of a run as one method answered them, and their proposals as flat arrays (``ranking``).

    samples: a row a sample, sorted. parses: one a sample.
    """

    samples: pd.DataFrame
    scores: pd.DataFrame
    ranking: Ranking
    weights: Weights
    parses: tuple[Parse, ...]
    captions: np.ndarray
    cosines: np.ndarray
    sizes_hw: np.ndarray
    threshold: float

    @classmethod
    def of(cls, run: Any, *, method: str = METHOD, threshold: float = 0.5) -> Evidence:
        """Read a run. method: "tas", whose stages the scores are.

        Raises ValueError for another method, for a threshold outside 0..1, for a run without any answer, and for a run
        of an older tasnb, which lacks captions and phrases.
        """
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold: expected an IoU above 0 and at most 1, got {threshold:g}")
        if method not in run.about["methods"]:
            raise ValueError(f"this run has no method {method!r}; choose from {', '.join(run.about['methods'])}")
        if method != METHOD:
            raise ValueError(f"stages are attributed for {METHOD!r}, whose scores a run keeps; got {method!r}")
        predictions, proposals = run.predictions(), run.proposals()
        samples = predictions[predictions["method"] == method].sort_values("sample", ignore_index=True)
        if not len(samples):
            raise ValueError("the run holds no prediction yet; finish it with tasnb evaluate")
        if samples["phrases"].isna().any() or (samples["proposals"].sum() and not len(proposals)):
            raise ValueError(
                "this run was written by an older tasnb and lacks captions and phrases; evaluate again into another "
                "folder (the artifact store keeps that short)"
            )
        scores = run.scores()
        scores = scores[scores["sample"].isin(samples["sample"])].reset_index(drop=True)
        joined = scores[["image_id", "proposal"]].merge(
            proposals[["image_id", "proposal", "caption", "phrase_cosines", "height", "width"]],
            on=["image_id", "proposal"], how="left",
        )  # fmt: skip
        if joined["caption"].isna().any():
            raise ValueError("proposals and scores do not fit; evaluate again into another folder")
        return cls(
            samples=samples, scores=scores, ranking=_ranking(run, samples, scores),
            weights=Weights(**run.about["weights"]), parses=tuple(parse_from_json(text) for text in samples["parse"]),
            captions=joined["caption"].to_numpy(object), cosines=joined["phrase_cosines"].to_numpy(object),
            sizes_hw=joined[["height", "width"]].to_numpy(np.int64), threshold=threshold,
        )  # fmt: skip

    @cached_property
    def spans(self) -> np.ndarray:
        """(first row, end) of every sample in the flat arrays, (samples, 2)."""
        sizes = self.samples["proposals"].to_numpy(np.int64)
        ends = np.cumsum(sizes)
        return np.stack([ends - sizes, ends], axis=1)

    @cached_property
    def pixels(self) -> np.ndarray:
        """The picture's pixels, (samples,), 0 where an image without proposals leaves its size unknown."""
        out = np.zeros(len(self.samples), np.int64)
        some = self.spans[:, 1] > self.spans[:, 0]
        out[some] = self.sizes_hw[self.spans[some, 0]].prod(axis=1)
        return out

    @cached_property
    def is_failure(self) -> np.ndarray:
        """Whether the answer's IoU is below the threshold, bool (samples,)."""
        failed: np.ndarray = self.samples["iou"].to_numpy(np.float64) < self.threshold
        return failed

    def cases(
        self, which: np.ndarray, types: list[frozenset[str]] | None = None, is_a: IsA = same_word
    ) -> Iterator[Case]:
        """The samples at these places, one by one. types: the names of the types of every sample."""
        r, rule = self.ranking, self.ranking.rule
        # plain lists and arrays: a look into a frame for every case costs more than the case
        columns = {name: self.samples[name].tolist() for name in _OF_A_CASE}
        kept, ious = self.scores["kept"].to_numpy(bool), self.scores["iou"].to_numpy(np.float64)
        for place in np.flatnonzero(which):
            row = {name: values[place] for name, values in columns.items()}
            start, end = self.spans[place]
            rows = slice(start, end)
            chosen = np.flatnonzero(r.proposals[rows] == row["chosen"])
            cosines = [np.asarray(c, np.float64) for c in self.cosines[rows]]
            yield Case(
                sample=int(row["sample"]), expression=str(row["expression"]), parse=self.parses[place],
                gold=json.loads(row["gold"]) if row["gold"] else {}, category=str(row["category"] or ""),
                weights=self.weights, rule=rule, threshold=self.threshold, target_area=int(row["target_area"]),
                answer=int(chosen[0]) if len(chosen) else None,
                v=r.v[rows], p=r.p[rows], n=r.n[rows], kept=kept[rows],
                centres_xy=r.centres_xy[rows], areas=r.areas[rows], intersections=r.intersections[rows],
                ious=ious[rows], captions=tuple(self.captions[rows]),
                cosines=np.stack(cosines) if cosines else np.zeros((0, 0)),
                phrases=tuple(json.loads(row["phrases"])), types=types[place] if types else frozenset(),
                is_a=is_a,
            )  # fmt: skip


class _Only:
    """A run seen through the rows of one method, for ``Ranking.of``."""

    def __init__(self, run: Any, samples: pd.DataFrame, scores: pd.DataFrame) -> None:
        self.about = run.about
        self._samples, self._scores = samples, scores

    def predictions(self) -> pd.DataFrame:
        return self._samples

    def scores(self) -> pd.DataFrame:
        return self._scores


def variant_of(run: Any) -> variants.Variant:
    """The variant of a run: a named one, or one of its own with the rectifier that run.json tells."""
    name = str(run.about["variant"])
    if name in variants.VARIANTS:
        return variants.find(name)
    rule = RectifierRule(**run.about["variant_options"]["rectifier"])
    return replace(variants.PAPER, name=name, rectifier=rule)


def _ranking(run: Any, samples: pd.DataFrame, scores: pd.DataFrame) -> Ranking:
    found = Ranking.of(_Only(run, samples, scores), variant=variant_of(run))
    if found.parses is None:
        return found
    # the extended rectifier looks at every sample anew for every S; what it kept with the run's own S stands for all
    return replace(found, parses=None, kept=scores["kept"].to_numpy(bool))
