"""Look inside: widgets over finished values, for a notebook. Nothing in the package imports them.

A viewer holds only interface state; what it shows was computed before. Each one ranks again in the browser without a
kernel, and each leaves a static picture behind for a notebook that is opened without one.
"""

from __future__ import annotations

from tasnb.viewers.annotation import Annotator, annotate
from tasnb.viewers.answers import AnswerViewer, answer_view
from tasnb.viewers.causes import CauseViewer, cause_view
from tasnb.viewers.crops import CropsViewer, crops_view
from tasnb.viewers.experiments import ExperimentViewer, experiment_view
from tasnb.viewers.explorer import Explorer, explore
from tasnb.viewers.galleries import Gallery, gallery
from tasnb.viewers.negatives import NegativesViewer, negatives_view
from tasnb.viewers.prediction import Quiz, predict
from tasnb.viewers.rectifier import RectifierViewer, rectifier_view
from tasnb.viewers.sweeping import SweepViewer, sweep_view

__all__ = [
    "Annotator", "AnswerViewer", "CauseViewer", "CropsViewer", "ExperimentViewer", "Explorer", "Gallery",
    "NegativesViewer", "Quiz", "RectifierViewer", "SweepViewer", "annotate", "answer_view", "cause_view", "crops_view",
    "experiment_view", "explore", "gallery", "negatives_view", "predict", "rectifier_view", "sweep_view",
]  # fmt: skip
