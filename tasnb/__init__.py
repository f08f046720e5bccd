"""tasnb: learn, teach and dissect zero-shot referring image segmentation.

    import tasnb as tn

The public names below are imported on first use, so that ``import tasnb`` stays light and loads no torch.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:  # the one list of public names: type checkers read it as code, the lazy loader below as text
    from tasnb import analysis as analysis
    from tasnb import core as core
    from tasnb import datasets as datasets
    from tasnb import evaluation as evaluation
    from tasnb import models as models
    from tasnb import pipeline as pipeline
    from tasnb import plots as plots
    from tasnb import report as report
    from tasnb import stages as stages
    from tasnb import store as store
    from tasnb import viewers as viewers
    from tasnb.core import images as images
    from tasnb.core import masks as masks
    from tasnb.core import shipped as shipped
    from tasnb.core import types as types
    from tasnb.core.images import as_rgb as as_rgb
    from tasnb.core.masks import iou as iou
    from tasnb.core.shipped import copy_lessons as copy_lessons
    from tasnb.core.shipped import lesson as lesson
    from tasnb.evaluation import metrics as metrics
    from tasnb.evaluation import paper as paper
    from tasnb.evaluation.ablation import ablate as ablate
    from tasnb.evaluation.compare import compare as compare
    from tasnb.evaluation.engine import evaluate as evaluate
    from tasnb.evaluation.reproduce import reproduce as reproduce
    from tasnb.evaluation.runs import Run as Run
    from tasnb.evaluation.sweep import sweep as sweep
    from tasnb.pipeline import baselines as baselines
    from tasnb.pipeline import variant as variant
    from tasnb.pipeline.baselines import clip_only as clip_only
    from tasnb.pipeline.baselines import text_only as text_only
    from tasnb.pipeline.describe import describe as describe
    from tasnb.pipeline.tas import mine as mine
    from tasnb.pipeline.tas import rectify as rectify
    from tasnb.pipeline.tas import score as score
    from tasnb.pipeline.tas import select as select
    from tasnb.pipeline.tas import tas as tas
    from tasnb.pipeline.variant import OFFICIAL as OFFICIAL
    from tasnb.pipeline.variant import PAPER as PAPER
    from tasnb.pipeline.variant import PLUS as PLUS
    from tasnb.pipeline.variant import VARIANTS as VARIANTS
    from tasnb.pipeline.variant import Variant as Variant
    from tasnb.stages import crops as crops
    from tasnb.stages import expressions as expressions
    from tasnb.stages import heatmaps as heatmaps
    from tasnb.stages import negatives as negatives
    from tasnb.stages import proposals as proposals
    from tasnb.stages import scores as scores
    from tasnb.stages import spatial as spatial
    from tasnb.stages.expressions import parse as parse
    from tasnb.store import Store as Store


def _listed() -> dict[str, tuple[str, str]]:
    """Public name -> (module, name in it), from the list above."""
    block = next(node for node in ast.parse(Path(__file__).read_text("utf-8")).body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: (str(node.module), alias.name) for node in imports for alias in node.names}


_HOMES = _listed()
__all__ = sorted({*_HOMES, "__version__"})  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tasnb' has no attribute {name!r}; public names: {', '.join(__all__)}")
    home, inner = _HOMES[name]
    if home != __name__ and hasattr(module := importlib.import_module(home), inner):
        return getattr(module, inner)
    return importlib.import_module(f"{home}.{inner}")


def __dir__() -> list[str]:
    return __all__


def _show_values_in_a_notebook() -> None:
    """In a running IPython shell, values get their views; they are known by name, so that nothing is imported."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        from tasnb.report import notebook

        notebook.register(shell.display_formatter.formatters["text/html"])


_show_values_in_a_notebook()
