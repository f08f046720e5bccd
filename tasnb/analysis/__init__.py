"""Why did it fail: expression types, the cause of every failure and what curing it regains, breakdowns of a run.

found = tn.analysis.attribute(run)
tn.analysis.recoverable(found)
tn.analysis.breakdown(found, "type")
tn.analysis.attribute(run, method="clip-only")        # without scores: any method, and imported answers
tn.analysis.cases(found)          # a row a sample, what the gallery takes as columns
tn.analysis.experiments.captions([samples], models)   # when does a module help
"""

from __future__ import annotations

from tasnb.analysis import experiments
from tasnb.analysis.attribution import (
    Attribution,
    attribute,
    overlap,
    overlap_text,
    recoverable,
    recoverable_text,
)
from tasnb.analysis.breakdowns import (
    CUTS,
    Flips,
    breakdown,
    breakdown_text,
    calibration,
    cases,
    check_cut,
    compare_by,
    confusion,
    confusion_of_heads,
    flips_text,
    groups,
    heat,
    margins,
    trust,
)
from tasnb.analysis.causes import ANSWER_CAUSES, CAUSES, DETAILS, GRID, THRESHOLD, Cause, sentence_of
from tasnb.analysis.correspondence import Agreement, agreement
from tasnb.analysis.evidence import Pool, pool, wordnet_of
from tasnb.analysis.experiments import Experiment
from tasnb.analysis.leaderboards import Leaderboard, is_leaderboard, leaderboard
from tasnb.analysis.types import TYPES, ExpressionTypes, Tag, types_of
from tasnb.evaluation.notes import Note, Notes, notes

__all__ = [
    "ANSWER_CAUSES", "CAUSES", "CUTS", "DETAILS", "GRID", "THRESHOLD", "TYPES", "Agreement", "Attribution", "Cause",
    "Experiment", "ExpressionTypes", "Flips", "Leaderboard", "Note", "Notes", "Pool", "Tag", "agreement", "attribute",
    "breakdown", "breakdown_text", "calibration", "cases", "check_cut", "compare_by", "confusion", "confusion_of_heads",
    "experiments", "flips_text", "groups", "heat", "is_leaderboard", "leaderboard", "margins", "notes", "overlap",
    "overlap_text", "pool", "recoverable", "recoverable_text", "sentence_of", "trust", "types_of", "wordnet_of",
]  # fmt: skip
