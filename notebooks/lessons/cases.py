"""What lessons 02 and 03 measure on: every expression about the first pictures, with its artifacts and true IoUs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tasnb.core.images import mask_colour
from tasnb.core.masks import pairwise_iou
from tasnb.core.types import ImageArtifacts, Models, Parse, Sample
from tasnb.evaluation.metrics import intersection_union, is_right
from tasnb.pipeline.describe import describe, embed_texts
from tasnb.plots import overlay
from tasnb.stages.expressions import parse
from tasnb.store import Store


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One expression about one described picture. ious: of every proposal with the target, float (n,), n > 0.

    text: the expression's embedding, float (d,).
    """

    sample: Sample
    artifacts: ImageArtifacts
    parse: Parse
    ious: np.ndarray
    text: np.ndarray

    @property
    def expression(self) -> str:
        return self.sample.expression

    @property
    def best(self) -> int:
        """The oracle's choice: the proposal with the largest IoU."""
        return int(self.ious.argmax())

    def is_right(self, index: int) -> bool:
        """Whether a proposal fits the target: an IoU above 0.5."""
        return bool(is_right(self.ious[index]))

    def picture(self, index: int) -> np.ndarray:
        """The photo with one proposal bright and the rest dim: uint8 (h, w, 3)."""
        return overlay(self.sample.image, self.artifacts.proposals.masks[index], mask_colour(index))


def cases(samples: Sequence[Sample], models: Models, store: Store, *, scenes: int = 12) -> list[Case]:
    """Every expression with a known mask about the first ``scenes`` pictures; a picture without proposals is left out.

    Raises ValueError when nothing is left.
    """
    chosen: list[Sample] = []
    described: dict[str, ImageArtifacts] = {}
    for sample in samples:
        if sample.image_id not in described:
            if len(described) == scenes:
                break
            described[sample.image_id] = store.recall(describe, sample.image, models)
        if sample.target is not None and len(described[sample.image_id].proposals):
            chosen.append(sample)
    if not chosen:
        raise ValueError(
            "no sample has both a true mask and a proposal, and this lesson measures against masks; give some, for "
            'example tn.datasets.photos(("park.jpg", "the left dog", "dog_mask.png"))'
        )
    texts = embed_texts([sample.expression.strip().lower() for sample in chosen], models, memo=store.memo)
    return [
        Case(
            sample=sample,
            artifacts=described[sample.image_id],
            parse=parse(sample.expression, models.parser),
            ious=_ious(described[sample.image_id], sample.target),
            text=text,
        )
        for sample, text in zip(chosen, texts, strict=True)
        if sample.target is not None
    ]


def _ious(artifacts: ImageArtifacts, target: np.ndarray) -> np.ndarray:
    return pairwise_iou(artifacts.proposals.masks, artifacts.at_working_size(target)[None])[:, 0]


def overlaps(studied: Sequence[Case], chosen: Iterable[int]) -> np.ndarray:
    """Intersection and union, in pixels, of the proposal chosen in each case with its target: int (k, 2)."""
    pairs = []
    for case, index in zip(studied, chosen, strict=True):
        target = case.sample.target
        assert target is not None  # ``cases`` takes no other
        chosen_mask = case.artifacts.proposals.masks[index]
        pairs.append(intersection_union(chosen_mask, case.artifacts.at_working_size(target)))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def image_ids(studied: Iterable[Case]) -> list[str]:
    """The picture of each case, for intervals that draw whole pictures."""
    return [case.sample.image_id for case in studied]
