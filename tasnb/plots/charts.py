"""Charts over the figures of evaluations: the ablation, experiments, the grid of weights, a reproduced table, cost."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis.experiments import EVERY, Experiment
from tasnb.core.errors import UserError
from tasnb.core.types import Weights
from tasnb.plots.sheets import fit, font_of, one_line

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from tasnb.evaluation.cost import Cost
    from tasnb.evaluation.reproduce import Reproduction
    from tasnb.evaluation.sweep import Sweep

# of Okabe and Ito: measured in blue, published or wrong in vermilion, whatever the chart
BLUE, SKY, VERMILION, GREEN = "#0072b2", "#56b4e9", "#d55e00", "#009e73"
INK, SOFT, WASH = "#1d2129", "#5b6472", "#eceff3"
# a module -> its colour and its mark, in the order of Table 4; the viewer of experiments has the same
MODULE_LOOKS = {"P": (BLUE, "o"), "N": (VERMILION, "s"), "rectifier": (GREEN, "^"), "TAS": (INK, "D")}
METRIC_NAMES = {"miou": "mIoU", "oiou": "oIoU", "pr50": "Pr@0.5"}
ACROSS = 3  # panels of a reproduced table side by side
# points of a line of words that are set in 10 points; with longer ones there would be no room left for the figure
TITLE, LABEL, SHORT = 500, 260, 100


def figure_of(width: float, height: float) -> tuple[Figure, Any]:
    """A new figure of this size, inches, and its one axes without a box."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def heat_cells(axes: Any, cells: pd.DataFrame, words: pd.DataFrame, **options: Any) -> None:
    """A table as coloured cells with their words; a cell without a value shows the ground."""
    import seaborn

    axes.set_facecolor(WASH)
    look = {"annot_kws": {"fontsize": 9}, "cmap": "cividis", "cbar": False, "linewidths": 1.5, "linecolor": "white"}
    # seaborn measures the labels that it takes from a frame, before anyone can give it others
    names = {
        f"{axis}ticklabels": [worded(name, SHORT) for name in of] for axis, of in zip("yx", cells.axes, strict=True)
    }
    seaborn.heatmap(cells.to_numpy(), ax=axes, annot=words.to_numpy(), fmt="", **look | names | options)


def pixels_of(figure: Figure, *, dpi: int = 110) -> np.ndarray:
    """A chart as a picture.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What the charts of this package return.
    dpi : int
        Pixels per inch.

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


def ablation_chart(rows: Sequence[dict[str, Any]], *, title: str = "") -> Figure:
    """Table 4 as a chart: mIoU with its 95 % interval a row, the paper's value as a diamond.

    Parameters
    ----------
    rows : sequence of dict
        What ``evaluation.ablation`` gives: "modules", "miou", "miou_low", "miou_high" (per cent), "paper_miou".
    title : str
        Stands above.

    Returns
    -------
    matplotlib.figure.Figure
        To be shown or saved.
    """
    figure, axes = figure_of(7.2, 0.6 * len(rows) + 1.6)
    places = np.arange(len(rows))[::-1]
    values = np.array([row["miou"] for row in rows])
    spread = [values - [row["miou_low"] for row in rows], [row["miou_high"] for row in rows] - values]
    axes.barh(places, values, height=0.6, color=SKY, edgecolor=BLUE, label="RefToy, toy models")
    axes.errorbar(values, places, xerr=spread, fmt="none", ecolor=INK, capsize=4)
    paper = [(row["paper_miou"], y) for row, y in zip(rows, places, strict=True) if row.get("paper_miou") is not None]
    if paper:
        axes.plot(*zip(*paper, strict=True), "D", color=VERMILION, label="paper: RefCOCO, SAM-H, ViT-B/32, BLIP-2")
    axes.set_yticks(places, [worded(row["modules"], LABEL) for row in rows])
    axes.set_xlabel("mIoU (%)")
    axes.set_xlim(0, 100)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), frameon=False, fontsize=9, ncols=2)
    if title:
        axes.set_title(worded(title), loc="left", fontsize=11)
    return figure


def experiment_chart(experiment: Experiment) -> Figure:
    """What each module is worth in each setting of an experiment, with its 95 % interval; at 0 it is worth nothing.

    Parameters
    ----------
    experiment : Experiment
        What the functions of ``tn.analysis.experiments`` give.

    Returns
    -------
    matplotlib.figure.Figure
        To be shown or saved. A colour and a mark a module; the filled mark is all samples, the light ones behind it
        are the splits.
    """
    from matplotlib.lines import Line2D

    settings, modules = experiment.settings, {step.step: MODULE_LOOKS[step.step] for step in experiment.steps}
    figure, axes = figure_of(7.6, 0.22 * len(modules) * len(settings) + 1.6)
    axes.axvline(0, color=SOFT, linewidth=1)
    for step in experiment.steps:
        colour, mark = modules[step.step]
        # the modules of a setting lie below each other, and the settings apart
        place = -settings.index(step.setting) - 0.18 * (list(modules).index(step.step) - (len(modules) - 1) / 2)
        if step.split == EVERY:
            axes.plot([step.low, step.high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
            axes.plot(step.gain, place, mark, color=colour, markersize=6, zorder=3)
        else:
            axes.plot(step.gain, place, mark, color=colour, markersize=5, alpha=0.35, markeredgewidth=0, zorder=1)
    for place in range(1, len(settings)):
        axes.axhline(0.5 - place, color=WASH, linewidth=1, zorder=0)
    axes.set_yticks(-np.arange(len(settings)), [worded(setting, LABEL) for setting in settings])
    axes.set_ylim(0.5 - len(settings), 0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("points of mIoU that the module adds")
    handles = [Line2D([], [], color=c, marker=m, linewidth=2, label=name) for name, (c, m) in modules.items()]
    if len({step.split for step in experiment.steps}) > 1:
        handles.append(Line2D([], [], color=SOFT, marker="o", alpha=0.35, linestyle="", label="a split alone"))
    figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    # over the whole figure: beside the names of the settings there is no room for a question
    figure.suptitle(worded(experiment.question), x=0.01, ha="left", fontsize=11)
    return figure


def sweep_heatmap(sweep: Sweep, metric: str = "miou", beside_paper: bool = True) -> Figure:
    """A grid of weights as a heat map, the best point and the paper's choice framed and named.

    Parameters
    ----------
    sweep : Sweep
        What ``tn.sweep`` gives.
    metric : str
        "miou", "oiou" or "pr50".
    beside_paper : bool
        Whether the paper's Table 3 (RefCOCO val) is a second panel with a colour scale of its own; it has no Pr@0.5,
        and only one weight varies at a time, so most of its points are empty.

    Returns
    -------
    matplotlib.figure.Figure
        To be shown or saved.

    Raises
    ------
    ValueError
        For another metric, or where the protocol has no such figure.
    """
    from matplotlib.figure import Figure

    from tasnb.evaluation import paper

    best, grid = sweep.best(metric), sweep.pivot(metric)
    title = f"{sweep.data}: {int(best['n']):,} sentences, protocol {sweep.protocol}"
    panels = [(title, grid, (best["alpha"], best["lam"]), sweep.papers)]
    if beside_paper and metric in ("miou", "oiou"):
        printed = paper.varied_weights()
        top = printed.loc[printed[metric].idxmax()]
        printed = printed.pivot(index="alpha", columns="lam", values=metric)
        panels.append(("paper, Table 3: RefCOCO val", printed, (top["alpha"], top["lam"]), Weights()))
    widths = [max(3, len(cells.columns)) for _, cells, _, _ in panels]
    rows = max(3, *(len(cells) for _, cells, _, _ in panels))
    figure = Figure(figsize=(0.9 * sum(widths) + len(panels), 0.6 * rows + 1.8), layout="constrained")
    axes = figure.subplots(1, len(panels), width_ratios=widths, squeeze=False)[0]
    for place, (title, cells, at, papers) in zip(axes, panels, strict=True):
        _weights_panel(place, cells, at, (papers.alpha, papers.lam))
        place.set_title(worded(title), loc="left", fontsize=10)
    figure.suptitle(f"{METRIC_NAMES[metric]} (%) of TAS by its two weights, rectifier: {worded(sweep.variant)}")
    legend = "solid frame: best of its panel; dashed frame: the paper's choice"
    if len(panels) > 1:
        legend += "\nblank: not in the paper; each panel has its own colours"
    figure.supxlabel(legend, fontsize=9)
    return figure


def _weights_panel(axes: Any, cells: pd.DataFrame, best: tuple[float, float], choice: tuple[float, float]) -> None:
    """One heat map: each cell says its figure, and the framed ones why they are framed."""
    from matplotlib.patches import Rectangle

    marks = {best: "\nbest", choice: "\npaper"} if best != choice else {best: "\nbest, paper"}
    words = cells.astype(object)
    for alpha in cells.index:
        for lam in cells.columns:
            value = cells.at[alpha, lam]
            words.at[alpha, lam] = "" if value != value else f"{value:.2f}{marks.get((alpha, lam), '')}"
    heat_cells(axes, cells, words)
    for point, style, inset in ((best, "-", 0.05), (choice, (0, (3, 2)), 0.11)):
        if point[0] in cells.index and point[1] in cells.columns:
            # the dashed frame lies inside the solid one, where both are about the same cell
            corner = cells.columns.get_loc(point[1]) + inset, cells.index.get_loc(point[0]) + inset
            side = 1 - 2 * inset
            for colour, width, line in (("white", 4.0, "-"), (INK, 2.0, style)):
                axes.add_patch(Rectangle(corner, side, side, fill=False, ec=colour, lw=width, ls=line))
    axes.set_aspect(0.66)  # a cell has one shape in every panel
    axes.set_anchor("N")
    axes.set_xlabel("lambda (weight of N)")
    axes.set_ylabel("alpha (weight of P)")
    axes.set_xticklabels([f"{lam:g}" for lam in cells.columns])
    axes.set_yticklabels([f"{alpha:g}" for alpha in cells.index], rotation=0)


def reproduction(result: Reproduction, metric: str = "mIoU") -> Figure:
    """A reproduced table: measured with its 95 % interval (a dot) and published (a diamond), a panel a column.

    Parameters
    ----------
    result : Reproduction
        What ``tn.reproduce`` gives. A row that was not run says so, and a published figure that the paper itself
        contradicts is an empty diamond.
    metric : str
        "mIoU" or "oIoU".

    Returns
    -------
    matplotlib.figure.Figure
        To be shown or saved.

    Raises
    ------
    ValueError
        For another metric.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    frame = result.frame[result.frame["metric"] == metric]
    if frame.empty:
        raise UserError(f"unknown metric {metric!r}; choose from {', '.join(dict.fromkeys(result.frame['metric']))}")
    panels = list(frame.groupby(["data", "beside"], sort=False))
    across = min(ACROSS, len(panels))
    down = -(-len(panels) // across)
    rows = max(len(block) for _, block in panels)
    figure = Figure(figsize=(2.4 + 3.6 * across, 1.5 + down * (0.3 * rows + 0.9)), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True)
    for number, ((data, beside), block) in enumerate(panels):
        axes = grid.flat[number]
        _measured_panel(axes, block, names=number % across == 0)
        axes.set_title(f"{worded(data)}\nbeside {worded(beside)}", loc="left", fontsize=9.5)
        axes.set_xlabel(f"{metric} (%)")
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    handles = [
        Line2D([], [], color=BLUE, marker="o", linewidth=2, label="measured, 95 % interval"),
        Line2D([], [], color=VERMILION, marker="D", linestyle="", label="published"),
    ]
    if frame["contradicted"].any():
        handles.append(copy(handles[1]))
        handles[2].set(markerfacecolor="none", label="published, contradicted by the paper itself")
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.suptitle(f"{worded(result.title)}\nmeasured with the {worded(result.models)} models", fontsize=11)
    return figure


def _measured_panel(axes: Any, block: pd.DataFrame, *, names: bool) -> None:
    cells = block.to_dict("records")
    places = np.arange(len(cells))[::-1]
    for cell, place in zip(cells, places, strict=True):
        if cell["why"]:
            at = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
            axes.text(0.99, place, "not run", fontsize=8, color=SOFT, **at)
        else:
            axes.plot([cell["low"], cell["high"]], [place, place], "-", color=BLUE, linewidth=2, alpha=0.55)
            axes.plot(cell["measured"], place, "o", color=BLUE, markersize=6)
        if cell["published"] == cell["published"]:  # not NaN
            face = "none" if cell["contradicted"] else VERMILION
            axes.plot(cell["published"], place, "D", color=VERMILION, markerfacecolor=face, markersize=5.5)
    labels = [worded(", ".join(filter(None, (cell["method"], cell["encoder"]))), LABEL) for cell in cells]
    axes.set_yticks(places, labels if names else [""] * len(cells), fontsize=8.5)
    axes.set_ylim(-0.6, len(cells) - 0.4)
    axes.set_xlim(0, 100)
    axes.grid(axis="y", color=WASH)
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def cost_chart(result: Cost) -> Figure:
    """Seconds an image of each method, measured and published.

    Parameters
    ----------
    result : Cost
        What ``tn.reproduce("cost")`` gives.

    Returns
    -------
    matplotlib.figure.Figure
        To be shown or saved.
    """
    figure, axes = figure_of(6.4, 2.8)
    rows = result.frame.to_dict("records")
    places = np.arange(len(rows))[::-1]
    axes.plot(result.frame["seconds"], places, "o", color=BLUE, label=f"measured, {worded(result.device)}")
    axes.plot(result.frame["published_seconds"], places, "D", color=VERMILION, label="published, RTX 3090")
    for row, place in zip(rows, places, strict=True):
        words = f"{row['seconds']:.2f} s, {row['peak_gb']:.1f} GB"
        axes.annotate(words, (row["seconds"], place), (0, 7), textcoords="offset points", fontsize=9, color=INK)
    axes.set_yticks(places, [worded(name, LABEL) for name in result.frame["method"]])
    axes.set_ylim(-0.6, len(rows) - 0.3)
    axes.set_xlim(0, 1.3 * result.frame[["seconds", "published_seconds"]].max(axis=None))  # room for the words
    axes.set_xlabel("seconds an image")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    figure.suptitle(f"{worded(result.title)}; models {worded(result.models)}", fontsize=11)
    return figure


def worded(text: object, room: float = TITLE) -> str:
    """Words of data, as matplotlib draws them: a line in this room, no mathematics, nothing that its font lacks.

    room: points of a line that is set in 10 points.
    """
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties()))
    line = one_line(str(text))
    known = {letter for letter in set(line) if font.get_char_index(ord(letter))}
    line = "".join(letter if letter in known else "\N{REPLACEMENT CHARACTER}" for letter in line)
    return fit(line, font_of(10), room).replace("$", r"\$")  # a pair of dollar signs is a formula to it
