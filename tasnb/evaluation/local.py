"""The local engine: the parts one after the other in this process, or on several processes of this machine."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasnb import datasets
from tasnb.core.images import as_rgb
from tasnb.evaluation import tables
from tasnb.evaluation.parts import Answering, Session, compute_part, image_id_of, models_for
from tasnb.evaluation.plans import Plan
from tasnb.models.deferred import Deferred, defer
from tasnb.pipeline.describe import PASSES, ImageStages
from tasnb.store import Store

ATTEMPTS = 3  # times that a pool of processes may lose one before the run stops


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that another process needs to compute parts of a plan; it can be pickled."""

    plan: Plan
    answering: Mapping[str, Answering]
    folder: Path
    store_root: Path | None
    store_bytes: int | None
    threads: int | None = None

    def check(self) -> None:
        """Raise ValueError when another process could not do this job."""
        if self.plan.dataset is None or self.plan.models is None:
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
        plan = self.plan
        assert plan.dataset is not None
        assert plan.models is not None  # see check
        if self.threads and self.threads > 0:
            os.environ["OMP_NUM_THREADS"] = str(self.threads)  # before torch is imported
        store = Store(self.store_root, max_bytes=self.store_bytes)
        return Session(
            samples=datasets.reopen(plan.dataset),
            models=defer(memo=store.memo, **plan.models),
            answering=self.answering,
            variant=plan.variant,
            weights=plan.weights,
            proposals=plan.proposals,
            memo=store.memo,
        )


def pending_parts(folder: Path, plan: Plan) -> list[int]:
    """Numbers of the parts that are not done."""
    return [number for number in range(len(plan.parts)) if not tables.is_done(folder, number)]


def run_here(
    session: Session, plan: Plan, folder: Path, numbers: Sequence[int], *, tick: Callable[[str], None] = lambda _: None
) -> None:
    """Compute and write parts in this process. tick: called with each image id."""
    for number in numbers:
        tables.write_part(folder, number, compute_part(session, plan.parts[number], tick=tick))


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
                models = models_for(session, image_id)
                go(
                    ImageStages(
                        image_rgb=as_rgb(session.samples[index].image),
                        models=models,
                        variant=session.variant,
                        memo=session.memo,
                        features=session.features,
                    )
                )
            except MemoryError:
                raise
            except Exception:
                continue
            tick(f"{role} {image_id}")
        part = getattr(session.models, role)
        if isinstance(part, Deferred):
            part.free()


def run_on_processes(job: Job, numbers: Sequence[int], workers: int, *, tick: Callable[[int], None]) -> None:
    """Compute and write parts on ``workers`` processes. tick: called with the number of each part that is done.

    A process that dies takes only its own part with it: the rest go on, and that part is given out again.
    Raises RuntimeError when processes die three times over, and what a part raises (a full disk, say).
    """
    import multiprocessing

    left = list(numbers)
    for _ in range(ATTEMPTS):
        try:
            with ProcessPoolExecutor(
                workers, mp_context=multiprocessing.get_context("spawn"), initializer=_open_session, initargs=(job,)
            ) as pool:
                waiting = {pool.submit(_compute, number): number for number in left}
                for future in as_completed(waiting):
                    future.result()
                    tick(waiting[future])
        except BrokenProcessPool:
            left = [number for number in left if not tables.is_done(job.folder, number)]
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
    job: Job = _here["job"]
    tables.write_part(job.folder, number, compute_part(_here["session"], job.plan.parts[number]))
