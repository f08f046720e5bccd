"""Static pictures: masks laid over a photo, the annotated answer, charts, and the twins of the viewers."""

from __future__ import annotations

from tasnb.plots.analyses import (
    accuracy_chart,
    analysis_figures,
    calibration_chart,
    cause_heatmap,
    heads_chart,
    margin_chart,
)
from tasnb.plots.answers import annotated
from tasnb.plots.charts import METRIC_NAMES, ablation_chart, sweep_heatmap
from tasnb.plots.geometry import rectifiers
from tasnb.plots.heats import heat
from tasnb.plots.model_inputs import crops
from tasnb.plots.overlays import numbered, outline, overlay, proposals_picture, rims, silhouette
from tasnb.plots.phrases import negatives
from tasnb.plots.reproduced import cost_chart, reproduction
from tasnb.plots.sheets import Panel, sheet
from tasnb.plots.strips import Strip, strip

__all__ = [
    "METRIC_NAMES", "Panel", "Strip", "ablation_chart", "accuracy_chart", "analysis_figures", "annotated",
    "calibration_chart", "cause_heatmap", "cost_chart", "crops", "heads_chart", "heat", "margin_chart", "negatives",
    "numbered", "outline", "overlay", "proposals_picture", "rectifiers", "reproduction", "rims", "sheet", "silhouette",
    "strip", "sweep_heatmap",
]  # fmt: skip
