"""Intersections and unions -> oIoU, mIoU and Pr@t under a named protocol, with intervals.

A result without its protocol means little: papers differ in what one unit is, in what becomes of an image without
proposals, in the IoU of nothing with nothing, and in whether an IoU of exactly t passes Pr@t. All figures are per cent.
"""

from __future__ import annotations

from tasnb.evaluation.metrics.overlaps import best_proposal, intersection_union, merge_sentences
from tasnb.evaluation.metrics.protocols import PROTOCOLS, Protocol, find, iou
from tasnb.evaluation.metrics.summaries import (
    THRESHOLDS,
    Estimate,
    MetricSummary,
    paired_difference,
    summarise,
)

__all__ = [
    "PROTOCOLS",
    "THRESHOLDS",
    "Estimate",
    "MetricSummary",
    "Protocol",
    "best_proposal",
    "find",
    "intersection_union",
    "iou",
    "merge_sentences",
    "paired_difference",
    "summarise",
]
