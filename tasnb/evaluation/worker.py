"""What computes the parts of an evaluation: images described, expressions answered by every method, rows written.

One part after the other in this process, or on several processes of this machine; ``ray_engine`` does it on a cluster.
"""

from __future__ import annotations

import inspect
import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tasnb import datasets
from tasnb.core.errors import UserError
from tasnb.core.images import as_rgb
from tasnb.core.masks import to_rle
from tasnb.core.types import (
    ImageArtifacts,
    ImageTextEncoder,
    Memo,
    Models,
    Parse,
    Prediction,
    Sample,
    Weights,
    parse_from_json,
    parse_to_json,
)
from tasnb.evaluation import records, watch
from tasnb.evaluation.parts import is_done, write_part
from tasnb.evaluation.plan import Answering, Options, Plan, global_weight_for, image_id_of, proposing
from tasnb.evaluation.records import Measured, Rows
from tasnb.models.deferred import Deferred, defer
from tasnb.pipeline import baselines
from tasnb.pipeline.describe import PASSES, ImageStages, compute_always, describe, embed_texts, with_features
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


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that another process needs to compute parts of a plan; it can be pickled."""

    plan: Plan
    folder: Path
    store: Store

    def check(self) -> None:
        """Raise ValueError when another process could not do this job."""
        if self.plan.about["dataset"]["spec"] is None or self.plan.about["models"]["spec"] is None:
            raise UserError(
                "several workers or ray need a data set by name and models by preset: give datasets.load(...) and a "
                "preset's name, or run with workers=1"
            )
        try:
            pickle.dumps(self)
        except (pickle.PicklingError, AttributeError, TypeError) as problem:
            raise UserError(
                f"several workers or ray need methods that another process can import ({problem}); define them in a "
                "module, or run with workers=1"
            ) from problem

    def open(self) -> Session:
        """Load what the job names. Models are deferred: each loads when its first image needs it."""
        threads = max(1, (os.cpu_count() or 1) // self.plan.options.workers)
        os.environ["OMP_NUM_THREADS"] = str(threads)  # before torch is imported
        plan, memo = self.plan, self.store.memo
        samples = datasets.reopen(plan.about["dataset"]["spec"])
        models = defer(memo=memo, **plan.about["models"]["spec"])
        return Session(samples=samples, models=models, options=plan.options, weights=plan.weights, memo=memo)

    def compute(self, session: Session, number: int) -> None:
        """Compute and write one part, unless that is done."""
        if not is_done(self.folder, number, self.plan.key):
            write_part(self.folder, number, compute_part(session, self.plan.parts[number]), self.plan.key)


def run_here(job: Job, session: Session, numbers: Sequence[int]) -> Iterator[int]:
    """Compute and write parts in this process; each is yielded when it is done."""
    for number in numbers:
        job.compute(session, number)
        yield number


def run_on_processes(job: Job, numbers: Sequence[int]) -> Iterator[int]:
    """Compute and write parts on several processes; each is yielded when it is done.

    A process that dies takes only its own part with it: the rest go on, and that part is given out again. When this
    process is interrupted, killed, or leaves by an error, the others leave at once.
    Raises UserError when processes die three times over, and what a part raises (a full disk, say).
    """
    left = list(numbers)
    for _ in range(ATTEMPTS):
        try:
            with watch.pool(job.plan.options.workers, _open_session, job) as pool:
                waiting = {pool.submit(_compute, number): number for number in left}
                for future in as_completed(waiting):
                    future.result()
                    yield waiting[future]
        except BrokenProcessPool:
            left = [number for number in left if not is_done(job.folder, number, job.plan.key)]
        else:
            return
    raise UserError(
        f"worker processes died {ATTEMPTS} times, probably for lack of memory; {len(numbers) - len(left)} of "
        f"{len(numbers)} parts are done: run the same command with fewer workers to go on"
    )


_here: dict[str, Any] = {}  # this worker process's own session, opened once for all its parts


def _open_session(job: Job) -> None:
    _here["job"], _here["session"] = job, job.open()


def _compute(number: int) -> None:
    _here["job"].compute(_here["session"], number)


def go_stage_by_stage(session: Session, indices: Sequence[int]) -> None:
    """Let each model in turn see every image, remember what it says, and free it before the next one loads.

    An image that cannot be read or described is passed over: its part reports it.
    """
    first_of: dict[str, int] = {}
    for index in indices:
        first_of.setdefault(image_id_of(session.samples, index), index)
    for role, go in PASSES.items():
        for image_id, index in first_of.items():
            try:
                models, image_rgb = session.proposing(session.models, image_id), as_rgb(session.samples[index].image)
                common: dict[str, Any] = {
                    "variant": session.options.variant,
                    "memo": session.memo,
                    "features": session.features,
                }
                go(ImageStages(image_rgb=image_rgb, models=models, **common))
            except MemoryError:
                raise
            except Exception:
                continue
        part = getattr(session.models, role)
        if isinstance(part, Deferred):
            part.free()


def compute_part(session: Session, indices: Sequence[int]) -> Rows:
    """Every method on every sample of a part; what fails becomes an error row. Only a lack of memory is raised."""
    rows, parser = Rows(), _PartParser(session, indices)
    by_image: dict[str, list[int]] = {}
    for index in indices:
        by_image.setdefault(image_id_of(session.samples, index), []).append(index)
    for image_id, numbers in by_image.items():
        _Image(session=session, image_id=image_id, rows=rows, parser=parser).compute(numbers)
    return rows


class _PartParser:
    """Parses expressions; when the first of a part is not known, all of the part's are read together."""

    def __init__(self, session: Session, indices: Sequence[int]) -> None:
        every = getattr(session.samples, "expressions", None)  # without reading the pictures
        self._parser, self._rule, self._memo = session.models.parser, session.options.variant.parse, session.memo
        self._wordnet = session.models.wordnet
        self._coming: list[str] = [] if every is None else list(dict.fromkeys(every[index] for index in indices))
        self._found: dict[str, Parse] = {}

    def parse(self, texts: Sequence[str]) -> list[Parse]:
        """The parse of every expression. Raises what ``expressions.parse`` raises, ValueError for an empty one."""
        name = getattr(self._parser, "fingerprint", None)
        if name is None:  # a bare spaCy pipeline has no name to keep its work under
            return self._now(texts)
        config = {"texts": list(texts), "rule": self._rule, "reading": expressions.READING}
        config["wordnet"] = getattr(self._wordnet, "fingerprint", None)
        known = self._memo("parses", "", name, config, lambda: tuple(map(parse_to_json, self._now(texts))))
        return [parse_from_json(text) for text in known]

    def _now(self, texts: Sequence[str]) -> list[Parse]:
        if self._coming:
            coming, self._coming = self._coming, []
            try:
                self._found = dict(zip(coming, self._read(coming), strict=True))
            except MemoryError:
                raise
            except Exception:  # one of them is bad: it is reported with its own sample
                self._found = {}
        missing = [text for text in texts if text not in self._found]
        read = dict(zip(missing, self._read(missing), strict=True))
        return [self._found[text] if text in self._found else read[text] for text in texts]

    def _read(self, texts: Sequence[str]) -> list[Parse]:
        return expressions.parse_all(texts, self._parser, rule=self._rule, wordnet=self._wordnet)


@dataclass(frozen=True, kw_only=True)
class _Image:
    """One image of a part. What is found about it goes to ``rows``, what fails too, and the rest goes on."""

    session: Session
    image_id: str
    rows: Rows
    parser: _PartParser

    @contextmanager
    def attempt(
        self, stage: str, samples: Iterable[tuple[int, str]], methods: Sequence[str] = ("",)
    ) -> Iterator[SimpleNamespace]:
        """A block whose error becomes a row of each sample (number, id) and method; a lack of memory is raised."""
        attempt = SimpleNamespace(failed=False)
        try:
            yield attempt
        except MemoryError:
            raise
        except Exception as error:
            attempt.failed = True
            concerned = [(*sample, self.image_id, method) for method in methods for sample in samples]
            self.rows.errors += [records.error_row(*each, stage, error) for each in concerned]

    def compute(self, numbers: Sequence[int]) -> None:
        """Describe the image and answer every sample about it."""
        session, options = self.session, self.session.options
        usable = self._read(numbers)
        if not usable:
            return
        names = [(number, sample.sample_id) for number, sample in usable.items()]
        with self.attempt("describe", names) as attempt:
            models = session.proposing(session.models, self.image_id)
            image_rgb = as_rgb(next(iter(usable.values())).image)
            artifacts = describe(
                image_rgb, models, variant=options.variant, image_id=self.image_id, max_side=None, memo=session.memo
            )
        if attempt.failed:
            return
        self.rows.proposals.append(records.proposal_columns(self.image_id, artifacts, options.variant))
        methods = dict(options.methods)
        if dense := [name for name, method in methods.items() if baselines.features_of([method])]:
            with self.attempt("features", names, dense) as attempt:
                artifacts = with_features(artifacts, image_rgb, models, session.features, memo=session.memo)
            if attempt.failed:  # an encoder without dense features, say: the other methods go on
                methods = {name: method for name, method in methods.items() if name not in dense}
        parses = self._parse(usable)
        with self.attempt("encode", [(n, usable[n].sample_id) for n in parses]) as attempt:
            texts = [usable[number].expression for number in parses]
            heads = [parse.phrase for parse in parses.values() if parse.phrase]
            more = heads if "global_local" in session.features else []
            models = replace(models, encoder=_encode(texts, models, session.memo, more=more))
        if attempt.failed:
            return
        answers: dict[str, list[records.Answered]] = {name: [] for name in methods}
        for number, parse in parses.items():
            sample = usable[number]
            assert sample.target is not None  # _read keeps such samples out
            about, any_proposal = (self.image_id, sample.ref_id, sample.target), bool(len(artifacts.proposals))
            for name, answer in self._answer(methods, models, artifacts, number, sample, parse).items():
                answers[name].append(records.Answered(*about, answer.mask, any_proposal))
        for name, own in answers.items():
            if own:
                self.rows.refs += records.ref_rows(own, name)

    def _read(self, numbers: Sequence[int]) -> dict[int, Sample]:
        """The samples that can be read and have a target, by number."""
        samples, usable = self.session.samples, {}
        ids = getattr(samples, "sample_ids", None)  # a sample that cannot be read has an id all the same
        for number in numbers:
            with self.attempt("read", [(number, str(number if ids is None else ids[number]))]):
                sample = samples[number]
                if sample.target is None:
                    raise UserError("no target mask; an evaluation needs one")
                usable[number] = sample
        return usable

    def _parse(self, usable: Mapping[int, Sample]) -> dict[int, Parse]:
        """The parses of the samples that have one, by number."""
        parses = dict[int, Parse]()
        try:
            found = self.parser.parse([sample.expression for sample in usable.values()])
            return dict(zip(usable, found, strict=True))
        except MemoryError:
            raise
        except Exception:  # one of them is bad: each alone, so that the others are not lost
            for number, sample in usable.items():
                with self.attempt("parse", [(number, sample.sample_id)]):
                    (parses[number],) = self.parser.parse([sample.expression])
        return parses

    def _answer(
        self,
        methods: Mapping[str, Answering],
        models: Models,
        artifacts: ImageArtifacts,
        number: int,
        sample: Sample,
        parse: Parse,
    ) -> dict[str, Prediction]:
        """The answers to a sample by method."""
        variant, weights = self.session.options.variant, self.session.weights
        names, answers, own_scores = [(number, sample.sample_id)], dict[str, Prediction](), dict[str, np.ndarray]()
        with self.attempt("score", names) as attempt:
            assert sample.target is not None  # _read keeps such samples out
            measured = Measured(artifacts, sample.target)
            alpha, lam = weights.alpha, weights.lam
            evidence = tas(artifacts, sample.expression, models, variant=variant, parse=parse, alpha=alpha, lam=lam)
        if attempt.failed:
            return {}
        for name, method in methods.items():
            with self.attempt("answer", names, (name,)):
                answer = evidence
                if method is not tas:
                    answer = method(artifacts, sample.expression, models, **_options(method, variant, parse, sample))
                if answer.mask.shape != artifacts.size_hw:
                    raise UserError(f"expected a mask of size {artifacts.size_hw} (h, w), got {answer.mask.shape}")
                row = records.prediction_row(number, sample, name, answer, measured, evidence)
                self.rows.predictions.append(row | records.known_of(self.session.samples, number))
                # no answer at all needs no mask, but one without pixels in place of a proposal does
                if not records.is_a_proposal(answer) and (answer.mask.any() or answer.index is not None):
                    self.rows.answers.append(records.answer_row(number, sample, name, to_rle(answer.mask)))
                answers[name] = answer
                if method in baselines.READS:
                    own_scores[baselines.READS[method]] = answer.table.total
        columns = records.score_columns(number, sample, evidence.table, artifacts, measured, own_scores)
        self.rows.scores.append(columns)
        return answers


def _options(method: Answering, variant: Variant, parse: Parse, sample: Sample) -> dict[str, Any]:
    """Those of the run's options that the method takes; a user's own function may take none, or have its own."""
    takes = inspect.signature(method).parameters
    every = any(p.kind is p.VAR_KEYWORD for p in takes.values())
    known = {"variant": variant, "parse": parse, "global_weight": global_weight_for(sample.dataset)}
    fixed = getattr(method, "keywords", {})  # of functools.partial
    return {name: value for name, value in known.items() if (every or name in takes) and name not in fixed}


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
        asked = dict.fromkeys(expressions.readable(text)[0].lower() for text in group)
        if missing := [text for text in asked if text not in known]:
            known |= dict(zip(missing, embed_texts(missing, models, memo=memo), strict=True))
    return _KnownTexts(models.encoder, known)
