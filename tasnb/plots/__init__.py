"""Static pictures: masks laid over a photo, the annotated answer, charts, and the twins of the viewers."""

from __future__ import annotations

from tasnb.plots.answers import annotated
from tasnb.plots.charts import METRIC_NAMES, ablation_chart, sweep_heatmap
from tasnb.plots.overlays import outline, overlay, proposals_picture

__all__ = ["METRIC_NAMES", "ablation_chart", "annotated", "outline", "overlay", "proposals_picture", "sweep_heatmap"]
