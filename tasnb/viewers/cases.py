"""The cases of a run, to be looked at: artifacts, pictures and thumbnails, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import Any

import numpy as np

from tasnb.core.images import shrunk
from tasnb.core.masks import make_proposals
from tasnb.core.types import ImageArtifacts, Models, Sample
from tasnb.evaluation.plan import GivenProposals
from tasnb.evaluation.records import NO_PROPOSAL
from tasnb.evaluation.runs import Run, require_stages
from tasnb.evaluation.samples import MissingCase, RunSamples
from tasnb.models.deferred import defer
from tasnb.pipeline.describe import describe
from tasnb.pipeline.variant import Variant, find
from tasnb.plots import rims
from tasnb.store import Store
from tasnb.viewers.record import uri

THUMB = 200  # pixels of a thumbnail's longer side
REMEMBERED = 400  # thumbnails, some 10 kB each: a page that was seen comes back at once


class Cases(RunSamples):
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
        super().__init__(run, samples=samples)
        self.store = Store() if store is None else store
        self._models = models
        self._thumbnail = lru_cache(REMEMBERED)(self._make_thumbnail)

    @property
    def variant(self) -> Variant:
        """The run's. Raises UserError for imported answers, which have none."""
        require_stages(self.run, "a case in explore")
        return find(str(self.run.about["variant"]))

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
                told = f"the run's models are not there ({problem}); fetch them, or pass models="
                raise MissingCase(told) from problem
        return self._models

    def artifacts(self, number: int) -> ImageArtifacts:
        """What depends on the image of a sample alone, for the run's own masks: from the store, or computed now."""
        variant, sample, parts = self.variant, self.sample(number), self.models
        masks = self.masks(sample.image_id)
        if masks is not None:
            parts = replace(parts, proposer=GivenProposals(make_proposals(masks, source="the run")))
        return describe(
            sample.image, parts, variant=variant, image_id=sample.image_id, max_side=None, memo=self.store.memo
        )

    def picture(self, number: int, chosen: int, method: str = "", *, longest: float = inf) -> tuple[np.ndarray, str]:
        """The photo with the target dashed in white and mask ``chosen`` tinted (-1: none), and what it shows in words.

        method: whose answer, where it may be a mask that is none of the proposals. longest: shrink everything to this
        many pixels before drawing, which is ten times as fast on a photo.
        Raises MissingCase where the photo is not there.
        """
        sample = self.sample(number)
        image, target = sample.image, sample.target
        answer = self.answer(number, method) if method else self.mask(sample.image_id, chosen)
        if answer is not None and answer.shape != image.shape[:2]:
            answer = None
        parts = ["target dashed" if target is not None else "no target known"]
        name = "the answer" if chosen == NO_PROPOSAL else f"mask {chosen}"
        parts += [f"{name} tinted"] if answer is not None else []
        target, answer = (None if mask is None else shrunk(mask, longest) for mask in (target, answer))
        pixels = rims(shrunk(image, longest), target, answer, index=max(chosen, 0))
        return pixels, f"“{sample.expression}”: {', '.join(parts)}"

    def card(self, row: dict[str, Any], lines: list[str], method: str = "") -> dict[str, Any]:
        """A case as the browser draws it: its thumbnail, its expression and a few lines.

        row: of the run's predictions; method: as for ``picture``. Without the photo the words say what is missing.
        """
        sample = int(row["sample"])
        thumb, alt = self._thumbnail(sample, int(row["chosen"]), method)
        return {"sample": sample, "expression": str(row["expression"]), "thumb": thumb, "alt": alt, "lines": lines}

    def _make_thumbnail(self, number: int, chosen: int, method: str) -> tuple[str, str]:
        """``picture`` as a small data URI with its words; "" and what is missing where there is none."""
        try:
            pixels, words = self.picture(number, chosen, method, longest=THUMB)
        except (MissingCase, ValueError) as problem:  # a damaged mask must not take the page with it
            return "", str(problem)
        return uri(pixels, THUMB), words
