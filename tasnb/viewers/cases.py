"""The cases of a run: its samples, masks, artifacts and thumbnails, each read when it is asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb import datasets
from tasnb.core.masks import from_rle, make_proposals
from tasnb.core.types import ImageArtifacts, Models, Sample
from tasnb.evaluation.plan import GivenProposals
from tasnb.evaluation.runs import Run
from tasnb.models.deferred import defer
from tasnb.pipeline import variant as variants
from tasnb.pipeline.describe import describe
from tasnb.plots import rims
from tasnb.store import Store
from tasnb.viewers import thumbs

if TYPE_CHECKING:
    import pandas as pd

THUMB = 200  # pixels of a thumbnail's longer side
REMEMBERED = 400  # thumbnails, some 10 kB each: a page that was seen comes back at once


class MissingCase(LookupError):
    """A case cannot be shown; the message says what is missing and what to do."""


@dataclass(frozen=True, kw_only=True)
class Thumb:
    """uri: a data URI, "" where the picture cannot be shown. alt: what it shows, in words, or why it is missing."""

    uri: str
    alt: str


class Cases:
    """What lies behind the rows of a run.

    samples, models: those of the run; None: what run.json says. store: where its artifacts lie, default ``Store()``.
    Nothing is opened before a case is asked for, and a thumbnail never runs a model: masks come from the run.
    """

    def __init__(
        self,
        run: Run,
        *,
        samples: Sequence[Sample] | None = None,
        models: Models | None = None,
        store: Store | None = None,
    ) -> None:
        self.run = run
        self.variant = variants.find(str(run.about["variant"]))
        self._samples, self._models, self._store = samples, models, store
        self._thumbs: OrderedDict[tuple[int, int], Thumb] = OrderedDict()
        self._ids: Mapping[int, str] | None = None
        self._proposals: pd.DataFrame | None = None  # the run's table, read once
        self._slices: dict[str, slice] = {}

    @property
    def samples(self) -> Sequence[Sample]:
        """The run's samples. Raises MissingCase where they cannot be opened."""
        if self._samples is None:
            spec = self.run.about["dataset"].get("spec")
            name = self.run.about["dataset"].get("name")
            if spec is None:
                raise MissingCase("this run was made from samples in memory; pass samples=, the same in the same order")
            try:
                self._samples = datasets.reopen(spec)
            except (OSError, ValueError) as problem:
                raise MissingCase(f"the pictures of {name} are not there ({problem}); pass samples=") from problem
        return self._samples

    @property
    def models(self) -> Models:
        """The run's models, loaded when first used. Raises MissingCase where run.json does not name them."""
        if self._models is None:
            spec = self.run.about["models"].get("spec")
            if spec is None:
                raise MissingCase("this run was made with models in memory; pass models=, those that it was made with")
            try:
                self._models = defer(memo=self.store.memo, **spec)
            except (OSError, ValueError) as problem:
                raise MissingCase(
                    f"the run's models are not there ({problem}); fetch them, or pass models="
                ) from problem
        return self._models

    @property
    def store(self) -> Store:
        """Where artifacts are kept."""
        if self._store is None:
            self._store = Store()
        return self._store

    def sample(self, number: int) -> Sample:
        """The sample of a row's number. Raises MissingCase when it is missing, unreadable, or another run's."""
        samples = self.samples
        if not 0 <= number < len(samples):
            raise MissingCase(f"sample {number} is none of the {len(samples)} samples given; are they the run's?")
        try:
            found = samples[number]
        except (OSError, ValueError, LookupError) as problem:
            raise MissingCase(f"sample {number} cannot be read: {problem}") from problem
        if self._ids is None:
            rows = self.run.predictions().drop_duplicates("sample")
            self._ids = dict(zip(rows["sample"], rows["sample_id"], strict=True))
        wanted = self._ids.get(number, found.sample_id)
        if found.sample_id != wanted:
            raise MissingCase(f"sample {number} is {found.sample_id!r}, the run has {wanted!r}; pass the run's samples")
        return found

    def masks(self, image_id: str) -> np.ndarray | None:
        """The proposals of an image as the run stored them: bool (n, h, w); None where it stored none."""
        rows = self._rows_of(image_id)
        return np.stack([_decoded(row) for row in rows.itertuples()]) if len(rows) else None

    def mask(self, image_id: str, index: int) -> np.ndarray | None:
        """One of them: bool (h, w); None where the run did not store it. Index -1 is no answer, so None."""
        rows = self._rows_of(image_id)
        rows = rows[rows["proposal"] == index]
        return _decoded(next(rows.itertuples())) if len(rows) else None

    def _rows_of(self, image_id: str) -> pd.DataFrame:
        if self._proposals is None:
            self._proposals = self.run.proposals()
            # the table is sorted by image, so an image is a slice
            names = self._proposals["image_id"].to_numpy(object)
            edges = np.flatnonzero(names[1:] != names[:-1]) + 1 if len(names) else np.zeros(0, int)
            bounds = [0, *edges.tolist(), len(names)]
            self._slices = {names[a]: slice(a, b) for a, b in pairwise(bounds) if b > a}
        return self._proposals.iloc[self._slices.get(image_id, slice(0, 0))]

    def artifacts(self, number: int) -> ImageArtifacts:
        """What depends on the image of a sample alone, for the run's own masks: from the store, or computed now."""
        sample, parts = self.sample(number), self.models
        masks = self.masks(sample.image_id)
        if masks is not None:
            parts = replace(parts, proposer=GivenProposals(make_proposals(masks, source="the run")))
        return describe(sample.image, parts, variant=self.variant, image_id=sample.image_id, memo=self.store.memo)

    def picture(self, number: int, chosen: int, *, longest: int | None = None) -> tuple[np.ndarray, str]:
        """The photo with the target dashed in white and mask ``chosen`` tinted (-1: none), and what it shows in words.

        longest: shrink everything to this many pixels before drawing, which is ten times as fast on a photo.
        Raises MissingCase where the photo is not there.
        """
        sample = self.sample(number)
        answer = self.mask(sample.image_id, chosen)
        if answer is not None and answer.shape != sample.image.shape[:2]:
            answer = None
        parts = ["target dashed" if sample.target is not None else "no target known"]
        parts += [f"mask {chosen} tinted"] if answer is not None else []
        image, target = sample.image, sample.target
        if longest is not None:
            image, target, answer = (
                thumbs.shrunk(image, longest),
                *(thumbs.shrunk(m, longest) for m in (target, answer)),
            )
        pixels = rims(image, target, answer, index=max(chosen, 0))
        return pixels, f"“{sample.expression}”: {', '.join(parts)}"

    def thumbnail(self, number: int, chosen: int) -> Thumb:
        """``picture`` as a small data URI; without the photo only the words that say what is missing."""
        key = (number, chosen)
        if key not in self._thumbs:
            try:
                pixels, words = self.picture(number, chosen, longest=THUMB)
                self._thumbs[key] = Thumb(uri=thumbs.uri(pixels, THUMB), alt=words)
            except (MissingCase, ValueError) as problem:  # a damaged mask must not take the page with it
                self._thumbs[key] = Thumb(uri="", alt=str(problem))
            if len(self._thumbs) > REMEMBERED:
                self._thumbs.popitem(last=False)
        self._thumbs.move_to_end(key)
        return self._thumbs[key]


def _decoded(row: Any) -> np.ndarray:
    """The mask of a row of the table of proposals."""
    return from_rle({"size": [int(row.height), int(row.width)], "counts": row.mask})
