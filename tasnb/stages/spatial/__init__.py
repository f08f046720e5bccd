"""The spatial rectifier: ``Parse`` + centres -> which proposals stay candidates, and why in words (paper, section 3.4).

``halves`` holds the paper's rule and the authors', ``cues`` what only the extended rectifier reads, ``prior`` the soft
prior of ``plus``, which takes nothing out.
The picture's axes: x grows to the right, y grows downwards, so "top" is small y.
"""

from __future__ import annotations

from tasnb.stages.spatial.halves import winning_region
from tasnb.stages.spatial.prior import object_scores
from tasnb.stages.spatial.rectifier import EXTENDED, OFFICIAL, PAPER, SOFT, RectifierRule, candidate_regions, rectify

__all__ = [
    "EXTENDED", "OFFICIAL", "PAPER", "SOFT", "RectifierRule", "candidate_regions", "object_scores", "rectify",
    "winning_region",
]  # fmt: skip
