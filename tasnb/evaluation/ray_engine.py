"""The ray engine: parts as a Ray Data set, one model-holding actor a device (``pip install tasnb[ray]``).

Actors write the same part files as the local engine, into a run directory and a store that every machine sees (a shared
file system on a cluster). Ray restarts an actor that dies and gives its part out again.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from typing import Any

from tasnb.evaluation import watch
from tasnb.evaluation.worker import Job
from tasnb.models.machine import MissingExtraError


class PartWorker:
    """An actor of the pool: opens the session once and then computes parts."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._session = job.open()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Compute and write the parts in the batch, those that are already done excepted."""
        for number in batch["part"].tolist():
            self._job.compute(self._session, number)
        return batch


def run(job: Job, numbers: Sequence[int]) -> Iterator[int]:
    """Compute and write parts on the job's number of actors; each is yielded when it is done.

    Uses the cluster that RAY_ADDRESS names or that is already connected, else starts ray on this machine alone. Each
    actor takes a GPU where the cluster has as many, else CPU cores. Raises MissingExtraError without ray, and what a
    part raises.
    """
    try:
        import ray
        import ray.data
    except ImportError as missing:
        raise MissingExtraError(
            "the ray engine needs ray: pip install 'tasnb[ray]', or use --engine local"
        ) from missing
    ours = not ray.is_initialized()
    # ray's own agents, while they start, do not notice for ten seconds that it is gone
    with watch.marked() if ours and not os.environ.get("RAY_ADDRESS") else nullcontext():
        yield from _run(ray, job, numbers, ours)


def _run(ray: Any, job: Job, numbers: Sequence[int], ours: bool) -> Iterator[int]:
    workers = job.plan.options.workers
    if ours:
        _start(ray, workers)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False  # the caller draws its own
        context.execution_options.verbose_progress = False
        parts = ray.data.from_items([{"part": number} for number in numbers], override_num_blocks=len(numbers))
        done = parts.map_batches(
            PartWorker,
            fn_constructor_args=(job,),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
            **_share(ray.cluster_resources(), workers),
        )
        for row in done.iter_rows():
            yield int(row["part"])
    finally:
        if ours:
            ray.shutdown()


def _start(ray: Any, workers: int) -> None:
    options: dict[str, Any] = {}
    if not os.environ.get("RAY_ADDRESS"):
        # 127.0.0.1: a run on one machine stays on it
        options = {"_node_ip_address": "127.0.0.1", "num_cpus": max(workers, os.cpu_count() or 1)}
    before = signal.getsignal(signal.SIGTERM)
    ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **options)
    if callable(before):  # ray takes SIGTERM for itself, and leaves without a word
        with suppress(ValueError):  # only the main thread may
            signal.signal(signal.SIGTERM, before)
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _share(resources: dict[str, float], workers: int) -> dict[str, Any]:
    """What one actor asks for: a GPU if there is one for each, else its share of half the cores."""
    if resources.get("GPU", 0) >= workers:
        return {"num_gpus": 1}
    return {"num_cpus": max(0.5, resources.get("CPU", 1) / 2 / workers)}
