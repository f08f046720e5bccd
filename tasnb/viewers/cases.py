"""The cases of a run: its samples, artifacts and thumbnails, each read when it is asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasnb import datasets
from tasnb import method as methods
from tasnb.artifacts import Store
from tasnb.evaluation.parts import Session, models_for
from tasnb.evaluation.runs import Run
from tasnb.imaging import Memo, describe
from tasnb.models.deferred import defer
from tasnb.plots import rims
from tasnb.types import ImageArtifacts, Models, Sample, Weights
from tasnb.viewers import thumbs

THUMB = 200  # pixels of a thumbnail's longer side
REMEMBERED = 400  # thumbnails, some 10 kB each: a page that was seen comes back at once


class MissingCase(LookupError):
    """A case cannot be shown; the message says what is missing and what to do."""


class _NotStored(Exception):
    """Asked for a stage that the store does not hold."""


@dataclass(frozen=True, kw_only=True)
class Thumb:
    """uri: a data URI, "" where the picture cannot be shown. alt: what it shows, in words, or why it is missing."""

    uri: str
    alt: str


class Cases:
    """What lies behind the rows of a run.

    samples, models: those of the run; None: what run.json says. store: where its artifacts lie, default ``Store()``.
    Nothing is opened before a case is asked for, and a thumbnail never runs a model.
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
        self.method = methods.find(str(run.about["method"]))
        self._samples, self._models = samples, models
        self._store = store
        self._thumbs: OrderedDict[tuple[int, int], Thumb] = OrderedDict()
        self._ids: Mapping[int, str] | None = None

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
            raise MissingCase(
                f"sample {number} is {wanted!r} in the run and {found.sample_id!r} in samples; pass the run's"
            )
        return found

    @property
    def models(self) -> Models:
        """The run's models, loaded when first used. Raises MissingCase where run.json does not name them."""
        if self._models is None:
            self._models = self._deferred(self.store.memo)
        return self._models

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = Store()
        return self._store

    def artifacts(self, number: int) -> ImageArtifacts:
        """What depends on the image of a sample alone: from the store, or computed now."""
        return self._describe(self.sample(number), self.models, self.store.memo)

    def known_artifacts(self, number: int) -> ImageArtifacts | None:
        """The same where the store holds all of it; None otherwise. Runs no model."""
        known = _only_known(self.store)
        try:
            parts = self._models if self._models is not None else self._deferred(known)
            return self._describe(self.sample(number), parts, known)
        except (_NotStored, MissingCase, OSError, ValueError):
            return None

    def thumbnail(self, number: int, chosen: int) -> Thumb:
        """The photo with the target dashed in white and mask ``chosen`` tinted, where the store knows it; -1: none."""
        key = (number, chosen)
        if key not in self._thumbs:
            self._thumbs[key] = self._draw(number, chosen)
            if len(self._thumbs) > REMEMBERED:
                self._thumbs.popitem(last=False)
        self._thumbs.move_to_end(key)
        return self._thumbs[key]

    def _draw(self, number: int, chosen: int) -> Thumb:
        try:
            sample = self.sample(number)
        except MissingCase as problem:
            return Thumb(uri="", alt=str(problem))
        artifacts = self.known_artifacts(number) if chosen >= 0 else None
        answer = artifacts.proposals.masks[chosen] if artifacts and chosen < len(artifacts.proposals) else None
        parts = ["target dashed" if sample.target is not None else "no target known"]
        if answer is not None:
            parts.append(f"mask {chosen} tinted")
        pixels = rims(sample.image, sample.target, answer, index=max(chosen, 0))
        return Thumb(uri=thumbs.uri(pixels, THUMB), alt=f"“{sample.expression}”: {', '.join(parts)}")

    def _deferred(self, memo: Memo) -> Models:
        spec = self.run.about["models"].get("spec")
        if spec is None:
            raise MissingCase("this run was made with models in memory; pass models=, those that it was made with")
        try:
            return defer(memo=memo, **spec)
        except (OSError, ValueError) as problem:
            raise MissingCase(
                f"the models of this run are not there ({problem}); fetch them, or pass models="
            ) from problem

    def _describe(self, sample: Sample, parts: Models, memo: Memo) -> ImageArtifacts:
        if self.run.about.get("proposals") == "annotations":
            session = Session(
                samples=self.samples, models=parts, answering={}, method=self.method, proposals="annotations",
                weights=Weights(**self.run.about["weights"]),
            )  # fmt: skip
            parts = models_for(session, sample.image_id)
        return describe(sample.image, parts, method=self.method, image_id=sample.image_id, memo=memo)


def _only_known(store: Store) -> Memo:
    """A memo that knows what the store holds and refuses to compute the rest."""

    def refuse() -> Any:
        raise _NotStored

    def memo(
        stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any], compute: Callable[[], Any]
    ) -> Any:
        return store.memo(stage, image_key, fingerprint, config, refuse)

    return memo
