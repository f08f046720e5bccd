"""``evaluate``: methods on a split, part by part, into a run directory that survives crashes and restarts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from tasnb.core.types import Models, Sample
from tasnb.evaluation import local, plans, runs, sources, tables
from tasnb.evaluation.parts import Answering, Session, image_id_of
from tasnb.models.catalogue import is_shipped
from tasnb.models.deferred import defer
from tasnb.pipeline import baselines
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline import variant as variants
from tasnb.store import Store

Engine = Literal["local", "ray"]
ENGINES = ("local", "ray")
# the names of the command line; a dict of your own goes to ``evaluate`` just as well
METHODS: Mapping[str, Answering] = MappingProxyType(
    {
        "tas": pipeline.tas,
        "clip-only": baselines.clip_only,
        "text-only": baselines.text_only,
        "score-map": baselines.score_map,
        "grad-cam": baselines.grad_cam,
        "clip-surgery": baselines.clip_surgery,
        "region-token": baselines.region_token,
        "global-local": baselines.global_local,
    }
)
USUAL_METHODS = ("tas", "clip-only", "text-only")  # need nothing beyond what TAS needs


def find_methods(names: Sequence[str] | Mapping[str, Answering]) -> dict[str, Answering]:
    """Methods by name, in the order given. Raises ValueError that lists the names, and for none at all."""
    if isinstance(names, Mapping):
        found = dict(names)
    else:
        for name in names:
            if name not in METHODS:
                raise ValueError(f"unknown method {name!r}; choose from {', '.join(METHODS)}")
        found = {name: METHODS[name] for name in names}
    if not found:
        raise ValueError(f"expected at least one method, got none; choose from {', '.join(METHODS)}")
    if runs.ORACLE in found:
        raise ValueError(f"{runs.ORACLE!r} is the row of the best proposal; give your method another name")
    return found


def evaluate(
    samples: Sequence[Sample],
    models: str | Path | Models = "toy",
    *,
    methods: Sequence[str] | Mapping[str, Answering] = USUAL_METHODS,
    variant: str | variants.Variant = "paper",
    alpha: float | None = None,
    lam: float | None = None,
    protocol: str = "tas",
    proposals: str = "sam",
    out: str | Path | None = None,
    shards: int | None = None,
    engine: Engine = "local",
    workers: int = 1,
    store: Store | None = None,
    model_options: Mapping[str, Any] | None = None,
    stagewise: bool | None = None,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> runs.Run:
    """Run every method on every sample and return the run directory, opened.

    samples: from ``datasets.load``, or any sequence of samples; those of one image are done together. models: a
    preset's name or folder (its parts load when needed, and not at all when the store knows their answers), or loaded
    Models. methods: names, or name -> function (artifacts, expression, models, **options) -> Prediction; the first is
    compared with the others. alpha, lam: default to the paper's for this data set. proposals: "sam", the models'
    own; another proposer of the catalogue ("vit_b", "sam2", "fastsam" ...); the path of a COCO results file (.json); or
    "annotations", the data set's own masks, an oracle for the proposal stage. out: the run directory, default
    outputs/runs/<name>; one that holds the same run is taken up where it stopped. shards: number of parts (default: of
    10 images each); it changes no figure. workers: processes of this machine, or actors of ray. store: default
    ``Store()``. model_options: for ``models.load`` (device, points_per_side ...). stagewise: each model alone over all
    images, then freed; default: on a GPU. tick: called with parts done and parts in all.

    A sample that fails becomes a row of ``Run.errors`` and counts as missing. Raises ValueError for a wrong name, for
    no samples, or for a folder that holds another run.
    """
    if engine not in ENGINES:
        raise ValueError(f"unknown engine {engine!r}; choose from {', '.join(ENGINES)}")
    if workers < 1:
        raise ValueError(f"workers: expected at least 1, got {workers}")
    plans.check_names(protocol, proposals)
    proposals = sources.resolved(proposals)
    answering, chosen = find_methods(methods), variants.find(variant)
    if not len(samples):
        raise ValueError("expected at least one sample, got none; check the data set, the split and the limit")
    sources.proposing(proposals, samples)  # a file that does not fit is an error before any folder is made
    store = Store() if store is None else store
    spec = None if isinstance(models, Models) else {"preset": str(models), **dict(model_options or {})}
    if (proposer := sources.model_of(proposals)) is not None:
        if spec is None:
            raise ValueError(f"proposals={proposals!r} loads a proposer, so give models as a preset's name, not loaded")
        spec["sam"] = proposer
    loaded = models if isinstance(models, Models) else _deferred(spec or {}, chosen, store)
    plan = _plan(samples, loaded, spec, chosen, answering, alpha, lam, protocol, proposals, shards)
    folder = Path(out) if out is not None else default_folder(plan)
    job = local.Job(
        plan=plan, answering=answering, folder=folder.resolve(), store_root=store.root.resolve(),
        store_bytes=store.max_bytes, threads=max(1, (os.cpu_count() or 1) // workers),
    )  # fmt: skip
    if engine == "ray" or workers > 1:
        job.check()
    prepare(folder, plan)
    left = local.pending_parts(folder, plan)
    done = len(plan.parts) - len(left)
    tick(done, len(plan.parts))
    if left:

        def tell(_: int) -> None:
            nonlocal done
            done += 1
            tick(done, len(plan.parts))

        if engine == "ray":
            from tasnb.evaluation import ray_engine

            ray_engine.run(job, left, workers, tick=tell)
        elif workers > 1:
            local.run_on_processes(job, left, workers, tick=tell)
        else:
            session = Session(
                samples=samples, models=loaded, answering=answering, variant=chosen, weights=plan.weights,
                proposals=proposals, memo=store.memo,
            )  # fmt: skip
            if on_gpu(spec) if stagewise is None else stagewise:
                local.go_stage_by_stage(session, [index for number in left for index in plan.parts[number]])
            for number in left:
                local.run_here(session, plan, folder, [number])
                tell(number)
    return runs.finish(folder)


def prepare(folder: Path, plan: plans.Plan) -> None:
    """Write run.json into a new folder, or see that the folder holds the same run.

    Raises ValueError, naming the differences, when it holds another one.
    """
    about = plan.about()
    if (folder / "run.json").is_file():
        differ = plans.differences(runs.Run(folder).about, about)
        if differ:
            raise ValueError(
                f"{folder} holds another run ({'; '.join(differ)}); choose another folder (--out), or delete this one"
            )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty and holds no run.json; choose another folder (--out)")
    tables.write_text(folder / "run.json", json.dumps(about, indent=2) + "\n")


def default_folder(plan: plans.Plan) -> Path:
    """outputs/runs/<data set>-<split>-<models>-<method>, with what else sets this run apart."""
    preset = Path(plan.preset).name
    name = f"{plan.data_name}-{plan.data_split}-{preset}-{plan.variant.name}"
    usual = plans.weights_for(plan.data_name, plan.variant, None, None)
    if plan.weights != usual:
        name += f"-alpha{plan.weights.alpha:g}-lam{plan.weights.lam:g}"
    if plan.proposals != "sam":
        name += f"-{Path(sources.for_run(plan.proposals)).stem}"
    if plan.methods != USUAL_METHODS:
        name += "-" + "+".join(plan.methods)
    return Path("outputs") / "runs" / f"{name}-{plan.samples}"


def on_gpu(spec: Mapping[str, Any] | None) -> bool:
    """Whether models of this spec will run on a GPU, where memory is short; asks torch only where that is open."""
    device = str((spec or {}).get("device", "auto"))
    if device != "auto":
        return device != "cpu"
    if spec is None or is_shipped(str(spec.get("preset"))):
        return False  # models that are loaded already, or small enough to ship: together they fit in any memory
    from tasnb.models.machine import resolve_device

    return resolve_device("auto") != "cpu"


def _deferred(spec: Mapping[str, Any], chosen: variants.Variant, store: Store) -> Models:
    return defer(memo=store.memo, **{**chosen.model_options, **spec})


def _plan(
    samples: Sequence[Sample], models: Models, spec: dict[str, Any] | None, chosen: variants.Variant,
    answering: Mapping[str, Answering], alpha: float | None, lam: float | None, protocol: str, proposals: str,
    shards: int | None,
) -> plans.Plan:  # fmt: skip
    image_ids = [image_id_of(samples, index) for index in range(len(samples))]
    name, split = (str(getattr(samples, key, "") or getattr(samples[0], other, "")) for key, other in _NAMES)
    return plans.Plan(
        dataset=getattr(samples, "spec", None),
        data_name=name,
        data_split=split,
        data_fingerprint=plans.data_fingerprint(samples),
        samples=len(samples),
        images=len(set(image_ids)),
        methods=tuple(answering),
        variant=chosen,
        weights=plans.weights_for(name, chosen, alpha, lam),
        protocol=protocol,
        proposals=proposals,
        models=None if spec is None else {**chosen.model_options, **spec},
        fingerprints={
            "proposer": sources.fingerprint(proposals, lambda: _name_of(models.proposer)),
            **{role: _name_of(getattr(models, role)) for role in ("encoder", "captioner", "parser", "wordnet")},
        },
        parts=plans.split_into_parts(image_ids, shards),
    )


_NAMES = (("name", "dataset"), ("split", "split"))


def _name_of(part: Any) -> str:
    return str(getattr(part, "fingerprint", type(part).__name__))
