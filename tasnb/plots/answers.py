"""One answer as a picture: the annotated answer, and what its negatives push away."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tasnb.core.images import mask_colour, shrunk
from tasnb.core.masks import iou
from tasnb.core.tables import stay_in
from tasnb.core.types import Prediction
from tasnb.plots.overlays import DRAWN, outline, overlay, proposals_picture, silhouette, stripes, to_draw
from tasnb.plots.sheets import Panel, sheet

BEST = 3  # masks shown beside the phrases


def annotated(
    image_rgb: np.ndarray, prediction: Prediction, *, target: np.ndarray | None = None, panel: int = 420
) -> Image.Image:
    """The annotated answer: the photo, the proposals with the rectifier's verdict, the answer; below, why.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The photo.
    prediction : Prediction
        The answer.
    target : ndarray of bool, shape (h, w), optional
        The true mask, when known: drawn as a dashed white rim, and its IoU stated.
    panel : int
        Height of a panel, pixels.

    Returns
    -------
    PIL.Image.Image
        RGB.
    """
    artifacts, table = prediction.artifacts, prediction.table
    why = _why(prediction, target)
    image_rgb = shrunk(artifacts.at_working_size(image_rgb), DRAWN)
    height, width = image_rgb.shape[:2]
    mask = shrunk(artifacts.at_working_size(prediction.mask), DRAWN)
    answer = overlay(image_rgb, mask, mask_colour(prediction.index or 0))
    if target is not None:
        rim = outline(shrunk(artifacts.at_working_size(target), DRAWN), max(1, round(min(height, width) / 160)))
        answer[rim & stripes(image_rgb, max(3, min(height, width) // 50))] = 255
    masks = proposals_picture(image_rgb, to_draw(artifacts.proposals), table.kept)
    panels = [
        Panel(title="the image", pixels=image_rgb),
        Panel(title=stay_in(len(table), int(table.kept.sum())), pixels=masks),
        Panel(title="the answer", pixels=answer),
    ]
    # a panorama is bounded by its width, so that three panels still make one picture
    scale = min(panel / height, 1.5 * panel / width)
    side = round(scale * max(height, width))
    title = f"“{prediction.expression}”"
    return Image.fromarray(sheet(title, panels, why, columns=3, side=side, notes=prediction.notes))


def _why(prediction: Prediction, target: np.ndarray | None) -> list[str]:
    table, index = prediction.table, prediction.index
    if index is None:
        return []  # the notes say it
    alpha, lam = table.weights.alpha, table.weights.lam
    terms = f"{table.v[index]:.3f} {alpha * table.p[index]:+.3f} {lam * table.n[index]:+.3f}"
    prior, more = (" + prior", f" {table.prior[index]:+.3f}") if table.prior is not None else ("", "")
    terms += more
    lines = [f"S = V + {alpha:g} P + {lam:g} N{prior}: mask {index} has {terms} = {table.total[index]:.3f}"]
    order = table.ranking
    if len(order) > 1 and table.kept[order[1]] and not np.isnan(table.p[table.kept]).any():
        lines[0] += f"; next is mask {order[1]} with {table.total[order[1]]:.3f}"
    if table.trace is not None:
        lines.append(table.trace.sentence)
    if prediction.negatives.phrases:
        kept = ", ".join(f"“{text}”" for text in prediction.negatives.kept)
        lines.append(f"pushed away from: {kept or 'nothing (every phrase was dropped)'}")
    if target is not None:
        lines.append(f"IoU with the true mask (dashed): {iou(prediction.mask, target):.2f}")
    return lines


def negatives(image_rgb: np.ndarray | None, prediction: Prediction) -> np.ndarray:
    """The best masks with their N, and every mined phrase with its verdict: the twin of ``negatives_view``.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3), or None
        The photo; None: silhouettes.
    prediction : Prediction
        The answer.

    Returns
    -------
    ndarray of uint8, shape (h', w', 3)
        The picture.
    """
    table, masks, found = prediction.table, prediction.artifacts.proposals.masks, prediction.negatives
    image_rgb = None if image_rgb is None else shrunk(prediction.artifacts.at_working_size(image_rgb), DRAWN)
    panels = []
    for rank, index in enumerate(table.ranking[:BEST].tolist(), 1):
        mask, colour = shrunk(masks[index], DRAWN), mask_colour(index)
        pixels = silhouette(mask, colour, height=260) if image_rgb is None else overlay(image_rgb, mask, colour)
        notes = f"S {table.total[index]:.3f}, N {table.n[index]:+.3f}" + ("" if table.kept[index] else ", out")
        panels.append(Panel(title=f"rank {rank}: mask {index}", pixels=pixels, notes=(notes,)))
    lines = [f"Overall caption: “{found.caption}”"]
    lines += [f"{'kept' if p.kept else 'dropped'}: {p.reason}" for p in found.phrases]
    if not found.kept:
        lines.append("No phrase is left to push away from, so N is 0 for every mask.")
    return sheet(f"“{prediction.expression}”", panels, lines, columns=BEST, notes=prediction.notes)
