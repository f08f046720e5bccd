"""``evaluate``: methods on a split, part by part, into a run directory that survives crashes and restarts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasnb.core.errors import UserError
from tasnb.core.types import Models, Sample
from tasnb.core.writing import remove_leftovers
from tasnb.evaluation import parts
from tasnb.evaluation.plan import Options, Plan, default_folder, differences, proposer_named, proposing
from tasnb.evaluation.records import COLUMNS
from tasnb.evaluation.runs import ABOUT, SUMMARY, Run, finish
from tasnb.evaluation.worker import Job, Session, go_stage_by_stage, run_here, run_on_processes
from tasnb.models.catalogue import is_shipped
from tasnb.models.deferred import defer
from tasnb.models.presets import variant_of
from tasnb.pipeline.variant import VARIANTS, require_models_for
from tasnb.store import Store

_log = logging.getLogger(__name__)


def evaluate(
    samples: Sequence[Sample],
    models: str | Path | Models = "toy",
    *,
    out: str | Path | None = None,
    store: Store | None = None,
    tick: Callable[[int, int], None] = lambda done, total: None,
    **options: Any,
) -> Run:
    """Run every method on every sample and return the run directory, opened.

    Parameters
    ----------
    samples : sequence of Sample
        From ``datasets.load``, or any sequence of samples; those of one image are done together.
    models : str, path or Models
        A preset's name or folder (its parts load when needed, and not at all when the store knows their answers), or
        loaded models.
    out : path, optional
        The run directory, by default outputs/runs/<name>; one that holds the same run is taken up where it stopped.
    store : Store, optional
        Where artifacts are kept; by default ``Store()``.
    tick : callable
        Called with parts done and parts in all.
    **options : Any
        As ``evaluation.plan.Options.of`` takes them. ``methods``: names ("tas", "clip-only", "text-only" by default),
        or name -> function (artifacts, expression, models, **options) -> Prediction. ``variant``: "paper" or
        "official". ``alpha``, ``lam``: the weights. ``answering_above``: a threshold, see ``Variant``.
        ``protocol``: of the summary; it changes no table.
        ``proposals``: "sam", another proposer, a COCO results file, or "annotations". ``shards``: number of parts.
        ``engine``: "local" or "ray". ``workers``: processes or actors. ``stagewise``: one model at a time.
        ``model_options``: for ``models.load``.

    Returns
    -------
    Run
        With the same tables for any number of shards, workers or engine. A sample that fails becomes a row of
        ``Run.errors`` and counts as missing.

    Raises
    ------
    ValueError
        For a wrong name, for no samples, for models that were loaded for another variant, or for a folder that holds
        another run.
    """
    if isinstance(name := options.get("variant"), str):  # with the toy presets "official" stands for another
        known = models.variants.get(name, name) if isinstance(models, Models) else variant_of(models, name)
        options["variant"] = known
    given = Options.of(**options)
    if not len(samples):
        raise UserError("expected at least one sample, got none; check the data set, the split and the limit")
    proposing(given.proposals, samples)  # a file that does not fit is an error before any folder is made
    store = Store() if store is None else store
    spec = None if isinstance(models, Models) else _spec_of(str(models), given)
    if spec is None and proposer_named(given.proposals):
        raise UserError(
            f"proposals={given.proposals!r} loads a proposer, so give models as a preset's name, not loaded"
        )
    loaded = models if isinstance(models, Models) else defer(memo=store.memo, **(spec or {}))
    require_models_for(given.variant, loaded)
    plan = Plan.of(samples, loaded, spec, given)
    folder = Path(out) if out is not None else default_folder(plan)
    whole = Store(store.root.resolve(), max_bytes=store.max_bytes)  # another process may stand in another folder
    job = Job(plan=plan, folder=folder.resolve(), store=whole)
    if given.engine == "ray" or given.workers > 1:
        job.check()
    left = _prepare(folder, plan)
    done, total = len(plan.parts) - len(left), len(plan.parts)
    tick(done, total)
    finished: Iterable[int] = ()
    if left and given.engine == "ray":
        from tasnb.evaluation import ray_engine

        finished = ray_engine.run(job, left)
    elif left and given.workers > 1:
        finished = run_on_processes(job, left)
    elif left:
        session = Session(samples=samples, models=loaded, options=given, weights=plan.weights, memo=store.memo)
        if _on_gpu(spec) if given.stagewise is None else given.stagewise:
            go_stage_by_stage(session, [index for number in left for index in plan.parts[number]])
        finished = run_here(job, session, left)
    for _ in finished:
        done += 1
        tick(done, total)
    return finish(folder)


def _spec_of(preset: str, options: Options) -> dict[str, Any]:
    """What ``models.defer`` makes the models of."""
    chosen = options.variant
    is_named = chosen.model_options and VARIANTS.get(chosen.name) == chosen
    asked = {"variant": chosen.name} if is_named else chosen.model_options
    spec = {**asked, "preset": preset, **options.model_options}
    return spec | ({"sam": proposer} if (proposer := proposer_named(options.proposals)) else {})


def _prepare(folder: Path, plan: Plan) -> list[int]:
    """Make the folder ready for a plan: a new one, or one in which the same run was begun; returns the parts to do.

    What is damaged there is moved aside and told. Raises UserError when the folder holds something else.
    """
    for place in (folder, *(folder / name for name in (*COLUMNS, parts.BOUND))):
        remove_leftovers(place)
    if (there := _begun(folder, plan)) is None:
        parts.write_sealed(folder / ABOUT, plan.about)
    elif plan.options.protocol not in (None, there["protocol"]):
        _log.warning(
            "%s: the protocol is %s now, it was %s; the tables are the same, the summary is made again",
            folder, plan.options.protocol, there["protocol"],
        )  # fmt: skip
        parts.write_sealed(folder / ABOUT, {**there, "protocol": plan.options.protocol})
    left = []
    for number in range(len(plan.parts)):
        if (fault := parts.fault_of(folder, number, plan.key)) is not None:
            left.append(number)
        if fault:
            place = parts.set_aside(folder, number)
            _log.warning("part %d of %s: %s; moved to %s and computed again", number, folder, fault, place)
    for stray in parts.set_strays_aside(folder, len(plan.parts)):
        _log.warning("%s is no part of this run; moved to %s", stray, folder / parts.DAMAGED)
    if left and (folder / SUMMARY).exists():  # of a run that is not whole any more
        (folder / SUMMARY).unlink()
    return left


def _begun(folder: Path, plan: Plan) -> dict[str, Any] | None:
    """The run.json of the same run; None where there is none yet, or none any more that can be read.

    Raises UserError when the folder holds another run, or other things.
    """
    try:
        there = Run(folder).about
    except (FileNotFoundError, parts.DamagedRunError) as problem:
        if parts.is_fresh(folder):
            return None
        if not parts.is_ours(folder, {ABOUT, SUMMARY}):
            told = f"{folder} is not empty and holds no {ABOUT} of a run; choose another folder (--out)"
            raise UserError(told) from problem
        if parts.is_of_another_run(folder, plan.key):
            raise UserError(
                f"{folder} holds another run, and its {ABOUT} is missing or damaged; choose another folder (--out), or "
                "delete this one"
            ) from problem
        place = parts.keep_copy(folder / ABOUT)
        _log.warning("%s was missing or damaged; it is written again (what was there: %s)", folder / ABOUT, place)
        return None
    if differ := differences(there, plan.about):
        raise UserError(
            f"{folder} holds another run ({'; '.join(differ)}); choose another folder (--out), or delete this one"
        )
    return there


def _on_gpu(spec: Mapping[str, Any] | None) -> bool:
    """Whether models of this spec will run on a GPU, where memory is short; asks torch only where that is open."""
    device = str((spec or {}).get("device", "auto"))
    if device != "auto":
        return device != "cpu"
    if spec is None or is_shipped(str(spec.get("preset"))):
        return False  # models that are loaded already, or small enough to ship: together they fit in any memory
    from tasnb.models.machine import resolve_device

    return resolve_device("auto") != "cpu"
