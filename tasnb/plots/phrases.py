"""The negatives of one answer: the overall caption's phrases, kept or dropped, and what they push away."""

from __future__ import annotations

import numpy as np

from tasnb.core.images import mask_colour
from tasnb.core.types import Prediction
from tasnb.plots.overlays import overlay, silhouette
from tasnb.plots.sheets import Panel, sheet

BEST = 3  # masks shown beside the phrases


def negatives(prediction: Prediction, image_rgb: np.ndarray | None = None) -> np.ndarray:
    """The twin of ``negatives_view``: the best masks with their N, and every phrase with its verdict: uint8 (h, w, 3).

    image_rgb: the photo; silhouettes without it.
    """
    table, masks = prediction.table, prediction.artifacts.proposals.masks
    panels = []
    for rank, index in enumerate(int(i) for i in table.ranking[:BEST]):
        colour = mask_colour(index)
        mask = masks[index]
        pixels = silhouette(mask, colour, height=260) if image_rgb is None else overlay(image_rgb, mask, colour)
        notes = f"S {table.total[index]:.3f}, N {table.n[index]:+.3f}" + ("" if table.kept[index] else ", out")
        panels.append(Panel(title=f"rank {rank + 1}: mask {index}", pixels=pixels, notes=(notes,)))
    found = prediction.negatives
    lines = [f"Overall caption: “{found.caption}”"]
    lines += [f"{'kept' if p.kept else 'dropped'}: {p.reason}" for p in found.phrases]
    if not found.kept:
        lines.append("No phrase is left to push away from, so N is 0 for every mask.")
    return sheet(f"“{prediction.expression}”", panels, lines, columns=BEST)
