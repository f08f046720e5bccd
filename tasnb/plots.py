"""Static pictures: masks laid over a photo, the annotated answer, the ablation chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from tasnb.html import ranking
from tasnb.pictures import mask_colour
from tasnb.types import Prediction, Proposals, Weights

if TYPE_CHECKING:
    import pandas as pd

    from tasnb.evaluation.sweep import Sweep

INK, SOFT, PAPER = (29, 33, 41), (91, 100, 114), (255, 255, 255)


def outline(mask: np.ndarray, width: int = 2) -> np.ndarray:
    """The inner rim of a mask: bool (h, w), ``width`` pixels wide."""
    if not mask.any():
        return np.zeros_like(mask)
    return mask & ~ndimage.binary_erosion(mask, iterations=width)


def overlay(image_rgb: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int], *, dim: float = 0.45) -> np.ndarray:
    """The photo with one mask kept bright inside a double rim and the rest dimmed: uint8 (h, w, 3).

    dim: how much of the outside's brightness is taken away, 0..1.
    """
    pixels = image_rgb.astype(np.float32)
    gray = pixels.mean(axis=2, keepdims=True)
    outside = (0.45 * pixels + 0.55 * gray) * (1 - dim) + 255 * dim * 0.35
    pixels = np.where(mask[:, :, None], pixels, outside)
    width = max(2, round(min(mask.shape) / 110))
    # a dark rim around a coloured one reads on any background, and without colour vision
    halo = ndimage.binary_dilation(mask, iterations=width) & ~mask if mask.any() else mask
    pixels[halo] = INK
    pixels[outline(mask, width)] = colour
    return pixels.round().astype(np.uint8)


def proposals_picture(image_rgb: np.ndarray, proposals: Proposals, kept: np.ndarray | None = None) -> np.ndarray:
    """All proposals in their fixed colours, the largest first so that small ones stay visible: uint8 (h, w, 3).

    kept: bool (n,); a proposal that the rectifier took out is hatched and gray.
    """
    pixels = image_rgb.astype(np.float32)
    stripes = (np.add.outer(np.arange(image_rgb.shape[0]), np.arange(image_rgb.shape[1])) // 3) % 3 == 0
    for index in np.argsort(-proposals.masks.sum(axis=(1, 2)), kind="stable"):
        mask = proposals.masks[index]
        stays = kept is None or kept[index]
        colour = np.asarray(mask_colour(int(index)) if stays else (120, 120, 120), np.float32)
        fill = mask if stays else mask & stripes
        pixels[fill] = 0.5 * pixels[fill] + 0.5 * colour
        pixels[outline(mask, 1)] = colour
    return pixels.round().astype(np.uint8)


def _font(size: int, *, bold: bool = False) -> Any:
    # matplotlib ships DejaVu, so the picture looks the same on every machine
    from matplotlib import font_manager

    weight = "bold" if bold else "regular"
    return ImageFont.truetype(
        font_manager.findfont(font_manager.FontProperties(family="DejaVu Sans", weight=weight)), size
    )


def _fit(text: str, font: Any, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


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
    title = _font(30, bold=True)
    draw.text((gap, 14), _fit(f"“{prediction.expression}”", title, room), font=title, fill=INK)
    for number, (caption, pixels) in enumerate(panels):
        left = gap + number * (column + gap)
        draw.text((left, 60), _fit(caption, _font(19), column), font=_font(19), fill=SOFT)
        canvas.paste(Image.fromarray(pixels).resize((shown_w, shown_h), Image.Resampling.LANCZOS), (left, top))
    body = _font(18)
    for number, line in enumerate(lines):
        draw.text((gap, top + shown_h + 18 + 30 * number), _fit(line, body, room), font=body, fill=INK)
    return canvas


def _why(prediction: Prediction, target: np.ndarray | None) -> list[str]:
    table = prediction.table
    if prediction.index is None:
        return ["No proposal was found, so there is no answer."]
    order = ranking(prediction)
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


def ablation_chart(rows: Sequence[dict[str, Any]], *, title: str = "") -> Any:
    """Table 4 as a chart: mIoU with its 95 % interval a row, the paper's value as a diamond. Returns a Figure.

    rows: what ``evaluation.ablation`` gives: "modules", "miou", "miou_low", "miou_high" (0..100), "paper_miou".
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 0.6 * len(rows) + 1.6), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(rows))[::-1]
    values = np.array([row["miou"] for row in rows])
    low = values - [row["miou_low"] for row in rows]
    high = np.array([row["miou_high"] for row in rows]) - values
    axes.barh(places, values, height=0.6, color="#56b4e9", edgecolor="#0072b2", label="RefToy, toy models")
    axes.errorbar(values, places, xerr=[low, high], fmt="none", ecolor="#1d2129", capsize=4)
    paper = [row.get("paper_miou") for row in rows]
    known = [(p, y) for p, y in zip(paper, places, strict=True) if p is not None]
    if known:
        axes.plot(
            [p for p, _ in known],
            [y for _, y in known],
            "D",
            color="#d55e00",
            label="paper: RefCOCO, SAM-H, ViT-B/32, BLIP-2",
        )
    axes.set_yticks(places, [row["modules"] for row in rows])
    axes.set_xlabel("mIoU (%)")
    axes.set_xlim(0, 100)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), frameon=False, fontsize=9, ncols=2)
    if title:
        axes.set_title(title, loc="left", fontsize=11)
    return figure


METRIC_NAMES = {"miou": "mIoU", "oiou": "oIoU", "pr50": "Pr@0.5"}


def sweep_heatmap(sweep: Sweep, metric: str = "miou", beside_paper: bool = True) -> Any:
    """A grid of weights as a heat map, the best point and the paper's choice framed and named. Returns a Figure.

    metric: "miou", "oiou" or "pr50". beside_paper: the paper's Table 3 (RefCOCO val) as a second panel with a colour
    scale of its own; it has no Pr@0.5, and only one weight varies at a time, so most of its points are empty.
    Raises ValueError for another metric, or where the protocol has no such figure.
    """
    from matplotlib.figure import Figure

    from tasnb.evaluation import paper

    best, grid = sweep.best(metric), sweep.pivot(metric)
    units = f"{int(best['n']):,} sentences"
    panels = [(f"{sweep.data}: {units}, protocol {sweep.protocol}", grid, (best["alpha"], best["lam"]))]
    if beside_paper and metric in ("miou", "oiou"):
        printed = paper.varied_weights()
        top = printed.loc[printed[metric].idxmax()]
        printed = printed.pivot(index="alpha", columns="lam", values=metric)
        panels.append(("paper, Table 3: RefCOCO val", printed, (top["alpha"], top["lam"])))
    widths = [max(3, len(cells.columns)) for _, cells, _ in panels]
    rows = max(3, *(len(cells) for _, cells, _ in panels))
    figure = Figure(figsize=(0.9 * sum(widths) + len(panels), 0.6 * rows + 1.8), layout="constrained")
    axes = figure.subplots(1, len(panels), width_ratios=widths, squeeze=False)[0]
    for place, (title, cells, at), papers in zip(axes, panels, (sweep.papers, Weights()), strict=False):
        _weights_panel(place, cells, at, (papers.alpha, papers.lam))
        place.set_title(title, loc="left", fontsize=10)
    figure.suptitle(f"{METRIC_NAMES[metric]} (%) of TAS by its two weights, rectifier: {sweep.method}")
    legend = ["solid frame: best of its panel", "dashed frame: the paper's choice"]
    legend += ["blank: not in the paper", "each panel has its own colours"] if len(panels) > 1 else []
    figure.supxlabel("\n".join("; ".join(legend[i : i + 2]) for i in range(0, len(legend), 2)), fontsize=9)
    return figure


def _weights_panel(axes: Any, cells: pd.DataFrame, best: tuple[float, float], choice: tuple[float, float]) -> None:
    """One heat map: each cell says its figure, and the framed ones why they are framed."""
    import seaborn
    from matplotlib.patches import Rectangle

    marks = {best: "best", choice: "paper"} if best != choice else {best: "best, paper"}
    words = cells.copy().astype(object)
    for alpha in cells.index:
        for lam in cells.columns:
            value, mark = cells.at[alpha, lam], marks.get((alpha, lam))
            words.at[alpha, lam] = "" if value != value else f"{value:.2f}" + (f"\n{mark}" if mark else "")
    axes.set_facecolor("#eceff3")  # an empty cell was not measured
    seaborn.heatmap(
        cells, ax=axes, annot=words, fmt="", cmap="cividis", cbar=False, linewidths=1.5, linecolor="white",
        annot_kws={"fontsize": 9},
    )  # fmt: skip
    for point, style, inset in ((best, "-", 0.05), (choice, (0, (3, 2)), 0.11)):
        if point[0] in cells.index and point[1] in cells.columns:
            # the dashed frame lies inside the solid one, where both are about the same cell
            corner = cells.columns.get_loc(point[1]) + inset, cells.index.get_loc(point[0]) + inset
            side = 1 - 2 * inset
            for colour, width, line in (("white", 4.0, "-"), ("#1d2129", 2.0, style)):
                axes.add_patch(Rectangle(corner, side, side, fill=False, ec=colour, lw=width, ls=line))
    axes.set_aspect(0.66)  # a cell has one shape in every panel
    axes.set_anchor("N")
    axes.set_xlabel("lambda (weight of N)")
    axes.set_ylabel("alpha (weight of P)")
    axes.set_xticklabels([f"{lam:g}" for lam in cells.columns])
    axes.set_yticklabels([f"{alpha:g}" for alpha in cells.index], rotation=0)
