"""tasnb: learn, teach and dissect zero-shot referring image segmentation.

    import tasnb as tn

The public names below are imported on first use, so that ``import tasnb`` stays light and loads no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasnb import analysis as analysis
    from tasnb import datasets as datasets
    from tasnb import lessons as lessons
    from tasnb import metrics as metrics
    from tasnb import models as models
    from tasnb import plots as plots
    from tasnb import report as report
    from tasnb import viewers as viewers
    from tasnb.artifacts import Store as Store
    from tasnb.baselines import clip_only as clip_only
    from tasnb.baselines import text_only as text_only
    from tasnb.evaluation import paper as paper
    from tasnb.evaluation.ablation import ablate as ablate
    from tasnb.evaluation.compare import compare as compare
    from tasnb.evaluation.engine import evaluate as evaluate
    from tasnb.evaluation.reproduction import reproduce as reproduce
    from tasnb.evaluation.runs import Run as Run
    from tasnb.evaluation.sweep import sweep as sweep
    from tasnb.expressions import parse as parse
    from tasnb.imaging import describe as describe
    from tasnb.masks import iou as iou
    from tasnb.method import METHODS as METHODS
    from tasnb.method import OFFICIAL as OFFICIAL
    from tasnb.method import PAPER as PAPER
    from tasnb.method import Method as Method
    from tasnb.pictures import as_rgb as as_rgb
    from tasnb.pipeline import mine as mine
    from tasnb.pipeline import rectify as rectify
    from tasnb.pipeline import score as score
    from tasnb.pipeline import select as select
    from tasnb.pipeline import tas as tas

__version__ = "0.1.0"

_HOMES = {
    "describe": "imaging", "mine": "pipeline", "score": "pipeline", "rectify": "pipeline",
    "select": "pipeline", "tas": "pipeline",
    "clip_only": "baselines", "text_only": "baselines",
    "Store": "artifacts",
    "ablate": "evaluation.ablation",
    "evaluate": "evaluation.engine", "compare": "evaluation.compare", "Run": "evaluation.runs",
    "reproduce": "evaluation.reproduction", "sweep": "evaluation.sweep",
    "parse": "expressions",
    "iou": "masks",
    "as_rgb": "pictures",
    "Method": "method", "METHODS": "method", "PAPER": "method", "OFFICIAL": "method",
}  # fmt: skip
_MODULES = frozenset({
    "analysis", "artifacts", "baselines", "crops", "datasets", "evaluation", "expressions", "heatmaps", "imaging",
    "lessons", "masks", "method", "metrics", "models", "negatives", "pictures", "pipeline", "plots", "proposals",
    "report", "scores", "shipped", "spatial", "types", "viewers",
})  # fmt: skip

__all__ = sorted({*_HOMES, *_MODULES, "paper", "__version__"})  # pyright: ignore


def __getattr__(name: str) -> Any:
    if name == "paper":  # the paper's tables, under a name that is quick to type
        return importlib.import_module("tasnb.evaluation.paper")
    if name in _HOMES:
        return getattr(importlib.import_module(f"tasnb.{_HOMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"tasnb.{name}")
    raise AttributeError(f"module 'tasnb' has no attribute {name!r}; public names: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
