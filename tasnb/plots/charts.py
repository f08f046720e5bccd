"""Charts over figures: the ablation, the grid of weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.types import Weights

if TYPE_CHECKING:
    import pandas as pd

    from tasnb.evaluation.sweep import Sweep


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


def pixels_of(figure: Any, *, dpi: int = 110) -> np.ndarray:
    """A figure as a picture.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What the charts of this package return.
    dpi : int
        Pixels per inch of the figure's size.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        RGB.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


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
    figure.suptitle(f"{METRIC_NAMES[metric]} (%) of TAS by its two weights, rectifier: {sweep.variant}")
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
