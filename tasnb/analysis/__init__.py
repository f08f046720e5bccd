"""Why did it fail: expression types, the cause of every failure and its price, and questions to a finished run.

found = tn.analysis.attribute(run)
tn.analysis.prices(found)
tn.analysis.cases(run)            # a row a sample, what the gallery takes as columns
"""

from __future__ import annotations

from tasnb.analysis.attribution import Attribution, attribute
from tasnb.analysis.causes import CAUSES, DETAILS, GRID, THRESHOLD, Cause
from tasnb.analysis.prices import overlap, prices
from tasnb.analysis.sentences import sentence_of
from tasnb.analysis.types import TYPES, ExpressionTypes, Tag, types_of

__all__ = [
    "CAUSES",
    "DETAILS",
    "GRID",
    "THRESHOLD",
    "TYPES",
    "Attribution",
    "Cause",
    "ExpressionTypes",
    "Tag",
    "attribute",
    "overlap",
    "prices",
    "sentence_of",
    "types_of",
]
