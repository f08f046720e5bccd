"""What computes the parts of an evaluation: images described, expressions answered by every method, rows written.

One part after the other in this process, or on several processes of this machine; ``ray_engine`` does it on a cluster.
"""

from __future__ import annotations

import inspect
import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from tasnb import datasets
from tasnb.core.images import as_rgb, image_key_of
from tasnb.core.types import (
    ImageArtifacts,
    ImageTextEncoder,
    Models,
    Parse,
    Prediction,
    Sample,
    Weights,
    parse_from_json,
    parse_to_json,
)
from tasnb.evaluation.plan import Answering, Options, Plan, global_weight_for, image_id_of, proposing
from tasnb.evaluation.records import (
    Measured,
    Rows,
    error_row,
    prediction_row,
    proposal_columns,
    ref_rows,
    score_columns,
)
from tasnb.evaluation.runs import is_done, write_part
from tasnb.models.deferred import Deferred, defer
from tasnb.pipeline import baselines
from tasnb.pipeline.describe import PASSES, Memo, compute_always, describe, embed_texts, with_features
from tasnb.pipeline.tas import tas
from tasnb.pipeline.variant import Variant
from tasnb.stages import expressions
from tasnb.store import Store

ATTEMPTS = 3  # times that a pool of processes may lose one before the run stops


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a process needs to compute any part. memo: who remembers."""

    samples: Sequence[Sample]
    models: Models
    options: Options
    weights: Weights
    memo: Memo = compute_always

    @cached_property
    def proposing(self) -> Callable[[Models, str], Models]:
        """See ``plan.proposing``; a file of proposals is read once a process."""
        return proposing(self.options.proposals, self.samples)

    @property
    def features(self) -> tuple[str, ...]:
        """What the methods read of an image beyond what TAS reads."""
        return baselines.features_of(self.options.methods.values())

    def models_for(self, image_id: str) -> Models:
        """The models with the proposer for this image: their own, a file's masks, or the annotations."""
        return self.proposing(self.models, image_id)


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that another process needs to compute parts of a plan; it can be pickled."""

    plan: Plan
    folder: Path
    store_root: Path
    store_bytes: int | None
    threads: int

    def check(self) -> None:
        """Raise ValueError when another process could not do this job."""
        if self.plan.about["dataset"]["spec"] is None or self.plan.about["models"]["spec"] is None:
            raise ValueError(
                "several workers or ray need a data set by name and models by preset: give datasets.load(...) and a "
                "preset's name, or run with workers=1"
            )
        try:
            pickle.dumps(self)
        except (pickle.PicklingError, AttributeError, TypeError) as problem:
            raise ValueError(
                f"several workers or ray need methods that another process can import ({problem}); define them in a "
                "module, or run with workers=1"
            ) from problem

    def open(self) -> Session:
        """Load what the job names. Models are deferred: each loads when its first image needs it."""
        os.environ["OMP_NUM_THREADS"] = str(self.threads)  # before torch is imported
        store, plan = Store(self.store_root, max_bytes=self.store_bytes), self.plan
        return Session(
            samples=datasets.reopen(plan.about["dataset"]["spec"]),
            models=defer(memo=store.memo, **plan.about["models"]["spec"]),
            options=plan.options,
            weights=plan.weights,
            memo=store.memo,
        )

    def compute(self, session: Session, number: int) -> None:
        """Compute and write one part, unless that is done."""
        if not is_done(self.folder, number):
            write_part(self.folder, number, compute_part(session, self.plan.parts[number]))


def run_on_processes(job: Job, numbers: Sequence[int], *, tick: Callable[[int], None]) -> None:
    """Compute and write parts on several processes. tick: called with the number of each part that is done.

    A process that dies takes only its own part with it: the rest go on, and that part is given out again.
    Raises RuntimeError when processes die three times over, and what a part raises (a full disk, say).
    """
    import multiprocessing

    spawn, left = multiprocessing.get_context("spawn"), list(numbers)
    for _ in range(ATTEMPTS):
        try:
            with ProcessPoolExecutor(
                job.plan.options.workers, mp_context=spawn, initializer=_open_session, initargs=(job,)
            ) as pool:
                waiting = {pool.submit(_compute, number): number for number in left}
                for future in as_completed(waiting):
                    future.result()
                    tick(waiting[future])
        except BrokenProcessPool:
            left = [number for number in left if not is_done(job.folder, number)]
        else:
            return
    raise RuntimeError(
        f"worker processes died {ATTEMPTS} times, probably for lack of memory; {len(numbers) - len(left)} of "
        f"{len(numbers)} parts are done: run the same command with fewer workers to go on"
    )


_here: dict[str, Any] = {}  # this worker process's own session, opened once for all its parts


def _open_session(job: Job) -> None:
    _here["job"], _here["session"] = job, job.open()


def _compute(number: int) -> None:
    _here["job"].compute(_here["session"], number)


def go_stage_by_stage(
    session: Session, indices: Sequence[int], *, tick: Callable[[str], None] = lambda _: None
) -> None:
    """Let each model in turn see every image, remember what it says, and free it before the next one loads.

    An image that cannot be read or described is passed over: its part reports it.
    """
    first_of: dict[str, int] = {}
    for index in indices:
        first_of.setdefault(image_id_of(session.samples, index), index)
    for role, go in PASSES.items():
        for image_id, index in first_of.items():
            try:
                models, image_rgb = session.models_for(image_id), as_rgb(session.samples[index].image)
                go(image_rgb, image_key_of(image_rgb), models, session.options.variant, session.memo, session.features)
            except MemoryError:
                raise
            except Exception:
                continue
            tick(f"{role} {image_id}")
        part = getattr(session.models, role)
        if isinstance(part, Deferred):
            part.free()


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


Numbered = list[tuple[int, Sample]]  # samples with their number in the split


class _Attempt:
    """A block whose error becomes a row of each sample concerned, after which the rest goes on.

    failed: whether it did. samples: their numbers and ids. A lack of memory is raised.
    """

    def __init__(
        self, rows: Rows, stage: str, image_id: str, samples: Sequence[tuple[int, str]], method: str = ""
    ) -> None:
        self._rows, self._stage, self._image_id, self._samples, self._method = rows, stage, image_id, samples, method
        self.failed = False

    def __enter__(self) -> _Attempt:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if isinstance(error, Exception) and not isinstance(error, MemoryError):
            self.failed = True
            self._rows.errors += [
                error_row(number, sample_id, self._image_id, self._method, self._stage, error)
                for number, sample_id in self._samples
            ]
        return self.failed


def _compute_image(session: Session, image_id: str, numbers: Sequence[int], rows: Rows) -> None:
    variant, memo, features = session.options.variant, session.memo, session.features
    usable = _read(session, image_id, numbers, rows)
    if not usable:
        return
    names = [(number, sample.sample_id) for number, sample in usable]
    with _Attempt(rows, "describe", image_id, names) as attempt:
        models = session.models_for(image_id)
        image_rgb = as_rgb(usable[0][1].image)
        artifacts = describe(image_rgb, models, variant=variant, image_id=image_id, memo=memo)
    if attempt.failed:
        return
    rows.proposals.append(proposal_columns(image_id, artifacts, variant))
    methods = dict(session.options.methods)
    if features:
        try:
            artifacts = with_features(artifacts, image_rgb, models, features, memo=memo)
        except MemoryError:
            raise
        except Exception as error:  # an encoder without dense features, say: the other methods go on
            for method in [name for name, function in methods.items() if baselines.features_of([function])]:
                del methods[method]
                rows.errors += [error_row(n, name, image_id, method, "features", error) for n, name in names]
    parses = _parse(session, models, image_id, usable, rows)
    answerable = [(number, sample) for number, sample in usable if number in parses]
    with _Attempt(rows, "encode", image_id, [(n, sample.sample_id) for n, sample in answerable]) as attempt:
        texts = [sample.expression for _, sample in answerable]
        phrases = [parse.phrase for parse in parses.values() if parse.phrase] if "global_local" in features else []
        models = replace(models, encoder=_encode(texts, models, memo, more=phrases))
    if attempt.failed:
        return
    answers: dict[str, list[tuple[Sample, Prediction]]] = {name: [] for name in methods}
    for number, sample in answerable:
        found = _compute_sample(session, methods, models, artifacts, number, sample, parses[number], rows)
        for name, answer in found.items():
            answers[name].append((sample, answer))
    for name, pairs in answers.items():
        if pairs:
            rows.refs += ref_rows([sample for sample, _ in pairs], [answer for _, answer in pairs], name)


def _compute_sample(
    session: Session,
    methods: Mapping[str, Answering],
    models: Models,
    artifacts: ImageArtifacts,
    number: int,
    sample: Sample,
    parse: Parse,
    rows: Rows,
) -> dict[str, Prediction]:
    """The rows of a sample, and its answers by method."""
    names, (alpha, lam) = [(number, sample.sample_id)], (session.weights.alpha, session.weights.lam)
    variant, answers, own_scores = session.options.variant, dict[str, Prediction](), dict[str, np.ndarray]()
    with _Attempt(rows, "score", sample.image_id, names) as attempt:
        assert sample.target is not None  # _read keeps such samples out
        measured = Measured(artifacts, sample.target)
        evidence = tas(artifacts, sample.expression, models, variant=variant, parse=parse, alpha=alpha, lam=lam)
    if attempt.failed:
        return {}
    for name, method in methods.items():
        with _Attempt(rows, "answer", sample.image_id, names, name):
            answer = evidence
            if method is not tas:
                answer = method(artifacts, sample.expression, models, **_options(method, variant, parse, sample))
            if answer.mask.shape != artifacts.size_hw:
                raise ValueError(f"expected a mask of size {artifacts.size_hw} (h, w), got {answer.mask.shape}")
            known = _known_of(session.samples, number)
            rows.predictions.append(prediction_row(number, sample, name, answer, measured, evidence) | known)
            answers[name] = answer
            if method in baselines.READS:
                own_scores[baselines.READS[method]] = answer.table.total
    rows.scores.append(score_columns(number, sample, evidence.table, artifacts, measured, own_scores))
    return answers


def _options(method: Answering, variant: Variant, parse: Parse, sample: Sample) -> dict[str, Any]:
    """Those of the run's options that the method takes; a user's own function may take none, or have its own."""
    takes = inspect.signature(method).parameters
    every = any(p.kind is p.VAR_KEYWORD for p in takes.values())
    known = {"variant": variant, "parse": parse, "global_weight": global_weight_for(sample.dataset)}
    fixed = getattr(method, "keywords", {})  # of functools.partial
    return {name: value for name, value in known.items() if (every or name in takes) and name not in fixed}


def _known_of(samples: Sequence[Sample], index: int) -> dict[str, Any]:
    """What the data set says of a target beyond its sample: its kind and how many others of it the picture has."""
    categories, same_kind = getattr(samples, "categories", None), getattr(samples, "same_kind", None)
    return {
        "category": str(categories[index]) if categories is not None else "",
        "same_kind": same_kind(index) if same_kind is not None else None,
    }


def _read(session: Session, image_id: str, numbers: Sequence[int], rows: Rows) -> Numbered:
    usable = []
    known = getattr(session.samples, "sample_ids", None)  # a sample that cannot be read has an id all the same
    for number in numbers:
        with _Attempt(rows, "read", image_id, [(number, str(number if known is None else known[number]))]):
            sample = session.samples[number]
            if sample.target is None:
                raise ValueError("no target mask; an evaluation needs one")
            usable.append((number, sample))
    return usable


def _parse(session: Session, models: Models, image_id: str, usable: Numbered, rows: Rows) -> dict[int, Parse]:
    """The parse of every sample by its number, of those that have one."""
    variant, memo = session.options.variant, session.memo
    try:
        found = _parse_all([sample.expression for _, sample in usable], models, variant, memo)
        return dict(zip((number for number, _ in usable), found, strict=True))
    except MemoryError:
        raise
    except Exception:
        parses = {}  # one of them is bad: each alone, so that the others are not lost
        for number, sample in usable:
            with _Attempt(rows, "parse", image_id, [(number, sample.sample_id)]):
                (parses[number],) = _parse_all([sample.expression], models, variant, memo)
        return parses


def _parse_all(texts: Sequence[str], models: Models, variant: Variant, memo: Memo) -> list[Parse]:
    """The parse of every expression. Raises what ``expressions.parse`` raises, ValueError for an empty one."""

    def parse_now() -> list[Parse]:
        return [expressions.parse(text, models.parser, rule=variant.parse) for text in texts]

    name = getattr(models.parser, "fingerprint", None)
    if name is None:  # a bare spaCy pipeline has no name to keep its work under
        return parse_now()
    config = {"texts": list(texts), "rule": variant.parse}
    return [
        parse_from_json(text)
        for text in memo("parses", "", name, config, lambda: tuple(map(parse_to_json, parse_now())))
    ]


class _KnownTexts:
    """An encoder that has some texts at hand and asks the real one for the others; all else is the real one's."""

    def __init__(self, encoder: ImageTextEncoder, rows: Mapping[str, np.ndarray]) -> None:
        self._encoder, self._rows = encoder, rows

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        return self._encoder.encode_images(pictures)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        if texts and all(text in self._rows for text in texts):
            return np.stack([self._rows[text] for text in texts])
        return self._encoder.encode_texts(texts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._encoder, name)


def _encode(texts: Sequence[str], models: Models, memo: Memo, *, more: Sequence[str]) -> _KnownTexts:
    """The models' encoder, knowing these expressions as methods ask for them: stripped, in lower case.

    more: what only some methods ask for; kept apart in the memo, so that a run without them finds the rest there.
    """
    known: dict[str, np.ndarray] = {}
    for group in (texts, more):
        if missing := [text for text in dict.fromkeys(text.strip().lower() for text in group) if text not in known]:
            known |= dict(zip(missing, embed_texts(missing, models, memo=memo), strict=True))
    return _KnownTexts(models.encoder, known)
