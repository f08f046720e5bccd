"""One part of an evaluation: its images described, its expressions answered by every method, its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from tasnb.core.images import as_rgb
from tasnb.core.types import ImageArtifacts, Models, Parse, Prediction, Sample, Weights
from tasnb.evaluation import sources
from tasnb.evaluation.plans import global_weight_for
from tasnb.evaluation.records import (
    Measured,
    error_row,
    prediction_row,
    proposal_columns,
    ref_rows,
    score_columns,
)
from tasnb.evaluation.texts import encode, parse_all
from tasnb.pipeline import baselines
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline import variant as variants
from tasnb.pipeline.describe import Memo, compute_always, describe, with_features

Answering = Callable[..., Prediction]


@dataclass
class Rows:
    """The rows of a part, table by table; scores and proposals column by column."""

    predictions: list[dict[str, Any]] = field(default_factory=list)
    refs: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    proposals: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a process needs to compute any part. proposals: see ``sources``. memo: who remembers."""

    samples: Sequence[Sample]
    models: Models
    answering: Mapping[str, Answering]
    variant: variants.Variant
    weights: Weights
    proposals: str = "sam"
    memo: Memo = compute_always

    @cached_property
    def proposing(self) -> Callable[[Models, str], Models]:
        """See ``sources.proposing``; a file of proposals is read once a process."""
        return sources.proposing(self.proposals, self.samples)

    @property
    def features(self) -> tuple[str, ...]:
        """What the methods read of an image beyond what TAS reads."""
        return baselines.features_of(self.answering.values())


def models_for(session: Session, image_id: str) -> Models:
    """The session's models with the proposer for this image: their own, a file's masks, or the annotations."""
    return session.proposing(session.models, image_id)


def compute_part(session: Session, indices: Sequence[int], *, tick: Callable[[str], None] = lambda _: None) -> Rows:
    """Every method on every sample of a part; what fails becomes an error row, and the rest goes on.

    tick: called with each image id when the image is done. Only a lack of memory is raised.
    """
    rows = Rows()
    by_image: dict[str, list[int]] = {}
    for index in indices:
        by_image.setdefault(image_id_of(session.samples, index), []).append(index)
    for image_id, numbers in by_image.items():
        _compute_image(session, image_id, numbers, rows)
        tick(image_id)
    return rows


def image_id_of(samples: Sequence[Sample], index: int) -> str:
    """The image of a sample, without reading it where the data set can."""
    known = getattr(samples, "image_id", None)
    return str(known(index)) if known is not None else samples[index].image_id


def _compute_image(session: Session, image_id: str, numbers: Sequence[int], rows: Rows) -> None:
    usable = _read(session, image_id, numbers, rows)
    if not usable:
        return
    try:
        models = models_for(session, image_id)
        image_rgb = as_rgb(usable[0][1].image)
        artifacts = describe(image_rgb, models, variant=session.variant, image_id=image_id, memo=session.memo)
    except MemoryError:
        raise
    except Exception as error:
        rows.errors += [error_row(n, s.sample_id, image_id, "", "describe", error) for n, s in usable]
        return
    rows.proposals.append(proposal_columns(image_id, artifacts, session.variant))
    answering = dict(session.answering)
    try:
        if session.features:
            artifacts = with_features(artifacts, image_rgb, models, session.features, memo=session.memo)
    except MemoryError:
        raise
    except Exception as error:  # an encoder without dense features, say: the other methods go on
        for name in [name for name, method in answering.items() if baselines.features_of([method])]:
            del answering[name]
            rows.errors += [error_row(n, s.sample_id, image_id, name, "features", error) for n, s in usable]
    parsed = _parse(session, models, image_id, usable, rows)
    try:
        texts = [sample.expression for _, sample, _ in parsed]
        phrases = [parse.phrase for _, _, parse in parsed if parse.phrase] if "global_local" in session.features else []
        models = replace(models, encoder=encode(texts, models, session.memo, more=phrases))
    except MemoryError:
        raise
    except Exception as error:
        rows.errors += [error_row(n, s.sample_id, image_id, "", "encode", error) for n, s, _ in parsed]
        return
    answers: dict[str, list[tuple[Sample, Prediction]]] = {name: [] for name in answering}
    for number, sample, parse in parsed:
        _compute_sample(session, answering, models, artifacts, number, sample, parse, rows, answers)
    for name, pairs in answers.items():
        if pairs:
            rows.refs += ref_rows([sample for sample, _ in pairs], [answer for _, answer in pairs], name)


def _compute_sample(
    session: Session,
    methods_by_name: Mapping[str, Answering],
    models: Models,
    artifacts: ImageArtifacts,
    number: int,
    sample: Sample,
    parse: Parse,
    rows: Rows,
    answers: dict[str, list[tuple[Sample, Prediction]]],
) -> None:
    def fails(method: str, stage: str, error: Exception) -> None:
        rows.errors.append(error_row(number, sample.sample_id, sample.image_id, method, stage, error))

    try:
        assert sample.target is not None  # _read keeps such samples out
        measured = Measured(artifacts, sample.target)
        evidence = pipeline.tas(
            artifacts, sample.expression, models, variant=session.variant, parse=parse,
            alpha=session.weights.alpha, lam=session.weights.lam,
        )  # fmt: skip
    except MemoryError:
        raise
    except Exception as error:
        fails("", "score", error)
        return
    own_scores: dict[str, np.ndarray] = {}
    for name, answering in methods_by_name.items():
        try:
            if answering is pipeline.tas:
                answer = evidence
            else:
                answer = answering(artifacts, sample.expression, models, **_options(answering, session, parse, sample))
            if answer.mask.shape != artifacts.size_hw:
                raise ValueError(f"expected a mask of size {artifacts.size_hw} (h, w), got {answer.mask.shape}")
            known = known_of(session.samples, number)
            rows.predictions.append(prediction_row(number, sample, name, answer, measured, evidence, known))
        except MemoryError:
            raise
        except Exception as error:
            fails(name, "answer", error)
        else:
            answers[name].append((sample, answer))
            if answering in baselines.READS:
                own_scores[baselines.READS[answering]] = answer.table.total
    rows.scores.append(score_columns(number, sample, evidence.table, artifacts, measured, own_scores))


def _options(answering: Answering, session: Session, parse: Parse, sample: Sample) -> dict[str, Any]:
    """Those of the run's options that the method takes; a user's own function may take none, or have its own."""
    import inspect

    takes = inspect.signature(answering).parameters
    every = any(p.kind is p.VAR_KEYWORD for p in takes.values())
    known = {"variant": session.variant, "parse": parse, "global_weight": global_weight_for(sample.dataset)}
    fixed = getattr(answering, "keywords", {})  # of functools.partial
    return {name: value for name, value in known.items() if (every or name in takes) and name not in fixed}


def _read(session: Session, image_id: str, numbers: Sequence[int], rows: Rows) -> list[tuple[int, Sample]]:
    usable = []
    for number in numbers:
        name = sample_id_of(session.samples, number)
        try:
            sample = session.samples[number]
            if sample.target is None:
                raise ValueError("no target mask; an evaluation needs one")
        except MemoryError:
            raise
        except Exception as error:
            rows.errors.append(error_row(number, name, image_id, "", "read", error))
        else:
            usable.append((number, sample))
    return usable


def sample_id_of(samples: Sequence[Sample], index: int) -> str:
    """The id of a sample that may be impossible to read; its number where the data set does not tell."""
    known = getattr(samples, "sample_ids", None)
    return str(known[index]) if known is not None else str(index)


def known_of(samples: Sequence[Sample], index: int) -> dict[str, Any]:
    """What the data set says of a target beyond its sample: its kind and how many others of it the picture has."""
    categories, same_kind = getattr(samples, "categories", None), getattr(samples, "same_kind", None)
    return {
        "category": categories[index] if categories is not None else "",
        "same_kind": same_kind(index) if same_kind is not None else None,
    }


def _parse(
    session: Session, models: Models, image_id: str, usable: Sequence[tuple[int, Sample]], rows: Rows
) -> list[tuple[int, Sample, Parse]]:
    try:
        texts = [sample.expression for _, sample in usable]
        parses = parse_all(texts, models, session.variant, session.memo)
        return [(number, sample, parse) for (number, sample), parse in zip(usable, parses, strict=True)]
    except MemoryError:
        raise
    except Exception:
        found = []  # one of them is bad: each alone, so that the others are not lost
        for number, sample in usable:
            try:
                found.append((number, sample, parse_all([sample.expression], models, session.variant, session.memo)[0]))
            except Exception as error:
                rows.errors.append(error_row(number, sample.sample_id, image_id, "", "parse", error))
        return found
