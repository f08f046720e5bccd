"""One of every viewer, over what ships: for what must hold of all of them."""

from __future__ import annotations

from typing import Any

import tasnb as tn

NAMES = sorted(name for name in tn.viewers.__all__ if name.islower())


def made(name: str, sample: Any, artifacts: Any, models: Any) -> Any:
    """The viewer of that name; a KeyError for one that is new here."""
    run = tn.Run.shipped("toy", "reftoy", "val")
    ways = {
        "annotate": lambda: tn.viewers.annotate([sample.image], [artifacts]),
        "answer_view": lambda: tn.viewers.answer_view(run, 0),
        "cause_view": lambda: tn.viewers.cause_view(run),
        "crops_view": lambda: tn.viewers.crops_view(sample, artifacts, models, 1),
        "experiment_view": lambda: tn.viewers.experiment_view(tn.analysis.Experiment.shipped("gap")),
        "explore": lambda: tn.viewers.explore(sample, artifacts, sample.expression, models),
        "gallery": lambda: tn.viewers.gallery(run, where="iou < 0.5"),  # two cards of its page have one picture
        "negatives_view": lambda: tn.viewers.negatives_view(sample, artifacts, sample.expression, models),
        "predict": lambda: tn.viewers.predict([sample], models),
        "rectifier_view": lambda: tn.viewers.rectifier_view(sample, artifacts, sample.expression, models),
        "sweep_view": lambda: tn.viewers.sweep_view(run),
    }
    return ways[name]()
