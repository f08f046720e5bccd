"""The annotated answer: photo, proposals, the mask chosen, and why."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tasnb.core.images import mask_colour
from tasnb.core.types import Prediction
from tasnb.plots.lettering import INK, PAPER, SOFT, fit, font_of
from tasnb.plots.overlays import outline, overlay, proposals_picture


def annotated(
    prediction: Prediction, image_rgb: np.ndarray, *, target: np.ndarray | None = None, panel: int = 420
) -> Image.Image:
    """The annotated picture: photo, proposals with the rectifier's verdict, answer; below, why.

    target: the true mask when known, drawn as a dashed white rim and its IoU stated. panel: height of a panel, pixels.
    """
    height, width = image_rgb.shape[:2]
    # a panorama is bounded by its width, so that three panels still make one picture
    scale = min(panel / height, 1.5 * panel / width)
    shown_w, shown_h = max(1, round(width * scale)), max(1, round(height * scale))
    column = max(shown_w, panel // 2)  # room for the words beside a narrow photo
    index = prediction.index
    colour = mask_colour(index or 0)
    answer = overlay(image_rgb, prediction.mask, colour)
    if target is not None:
        rim = outline(target, max(1, round(min(height, width) / 160)))
        dashes = (np.add.outer(np.arange(height), np.arange(width)) // max(3, min(height, width) // 50)) % 2 == 0
        answer[rim & dashes] = 255
    panels = [
        ("the image", image_rgb),
        (f"{len(prediction.table)} proposals, {int(prediction.table.kept.sum())} stay in",
         proposals_picture(image_rgb, prediction.artifacts.proposals, prediction.table.kept)),
        ("the answer", answer),
    ]  # fmt: skip
    gap, top = 18, 92
    lines = _why(prediction, target)
    canvas = Image.new("RGB", (3 * column + 4 * gap, top + shown_h + 26 + 30 * len(lines) + gap), PAPER)
    draw = ImageDraw.Draw(canvas)
    room = canvas.width - 2 * gap
    title = font_of(30, bold=True)
    draw.text((gap, 14), fit(f"“{prediction.expression}”", title, room), font=title, fill=INK)
    for number, (caption, pixels) in enumerate(panels):
        left = gap + number * (column + gap)
        draw.text((left, 60), fit(caption, font_of(19), column), font=font_of(19), fill=SOFT)
        canvas.paste(Image.fromarray(pixels).resize((shown_w, shown_h), Image.Resampling.LANCZOS), (left, top))
    body = font_of(18)
    for number, line in enumerate(lines):
        draw.text((gap, top + shown_h + 18 + 30 * number), fit(line, body, room), font=body, fill=INK)
    return canvas


def _why(prediction: Prediction, target: np.ndarray | None) -> list[str]:
    table = prediction.table
    if prediction.index is None:
        return ["No proposal was found, so there is no answer."]
    order = table.ranking
    index = prediction.index
    lines = [
        f"S = V + {table.weights.alpha:g} P + {table.weights.lam:g} N: mask {index} has "
        f"{table.v[index]:.3f} {table.weights.alpha * table.p[index]:+.3f} {table.weights.lam * table.n[index]:+.3f}"
        f" = {table.total[index]:.3f}"
        + (
            f"; next is mask {order[1]} with {table.total[order[1]]:.3f}"
            if len(order) > 1 and table.kept[order[1]]
            else ""
        )
    ]
    if table.trace is not None:
        lines.append(table.trace.sentence)
    kept = prediction.negatives.kept
    if prediction.negatives.phrases:
        lines.append(
            "pushed away from: " + (", ".join(f"“{t}”" for t in kept) if kept else "nothing (every phrase was dropped)")
        )
    if target is not None:
        union = int((prediction.mask | target).sum())
        value = (prediction.mask & target).sum() / union if union else 0.0
        lines.append(f"IoU with the true mask (dashed): {value:.2f}")
    return lines
