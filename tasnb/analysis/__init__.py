"""Why did it fail: expression types, the cause of every failure and its price, and questions to a finished run.

found = tn.analysis.attribute(run)
tn.analysis.prices(found)
tn.analysis.ask(found, "type")
tn.analysis.cases(found)          # a row a sample, what the gallery takes as columns
"""

from __future__ import annotations

from tasnb.analysis.attribution import Attribution, attribute
from tasnb.analysis.breakdowns import (
    CUTS,
    ask,
    calibration,
    cases,
    check_cut,
    confusion_of_heads,
    groups,
    heat,
    margins,
)
from tasnb.analysis.causes import CAUSES, DETAILS, GRID, THRESHOLD, Cause
from tasnb.analysis.comparing import Flips, compare_by
from tasnb.analysis.kinds import wordnet_of
from tasnb.analysis.pooling import Pool, pool
from tasnb.analysis.printing import ask_text, flips_text, overlap_text, prices_text
from tasnb.analysis.recovery import overlap, prices
from tasnb.analysis.sentences import sentence_of
from tasnb.analysis.types import TYPES, ExpressionTypes, Tag, types_of
from tasnb.evaluation.notes import Note, Notes, notes

__all__ = [
    "CAUSES", "CUTS", "DETAILS", "GRID", "THRESHOLD", "TYPES", "Attribution", "Cause", "ExpressionTypes", "Flips",
    "Note", "Notes", "Pool", "Tag", "ask", "ask_text", "attribute", "calibration", "cases", "check_cut", "compare_by",
    "confusion_of_heads", "flips_text", "groups", "heat", "margins", "notes", "overlap", "overlap_text", "pool",
    "prices", "prices_text", "sentence_of", "types_of", "wordnet_of",
]  # fmt: skip
