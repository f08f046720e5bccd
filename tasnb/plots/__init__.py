"""Static pictures: masks laid over a photo, the annotated answer, charts, and the twins of the viewers."""

from __future__ import annotations

from tasnb.plots.analyses import (
    accuracy_chart,
    analysis_figures,
    calibration_chart,
    cause_heatmap,
    heads_chart,
    leaderboard_heatmap,
    margin_chart,
)
from tasnb.plots.answers import annotated, negatives
from tasnb.plots.charts import (
    METRIC_NAMES,
    ablation_chart,
    cost_chart,
    experiment_chart,
    pixels_of,
    reproduction,
    sweep_heatmap,
)
from tasnb.plots.geometry import rectifiers
from tasnb.plots.model_inputs import crops
from tasnb.plots.overlays import heat, numbered, outline, overlay, proposals_picture, rims, silhouette
from tasnb.plots.sheets import Panel, Strip, sheet, strip

__all__ = [
    "METRIC_NAMES", "Panel", "Strip", "ablation_chart", "accuracy_chart", "analysis_figures", "annotated",
    "calibration_chart", "cause_heatmap", "cost_chart", "crops", "experiment_chart", "heads_chart", "heat",
    "leaderboard_heatmap", "margin_chart", "negatives", "numbered", "outline", "overlay", "pixels_of",
    "proposals_picture", "rectifiers", "reproduction", "rims", "sheet", "silhouette", "strip", "sweep_heatmap",
]  # fmt: skip
