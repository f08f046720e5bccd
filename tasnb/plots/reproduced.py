"""A reproduced table as a picture: measured beside published, a row a method, a panel a column of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tasnb.evaluation.cost import Cost
    from tasnb.evaluation.reproduce import Reproduction

MEASURED, PUBLISHED, INK, SOFT = "#0072b2", "#d55e00", "#1d2129", "#5b6472"  # Okabe-Ito blue and vermilion
COLUMNS = 3  # panels side by side


def reproduction(result: Reproduction, metric: str = "mIoU") -> Any:
    """Measured with its 95 % interval (a dot) and published (a diamond) of every row. Returns a Figure.

    metric: "mIoU" or "oIoU". A row that was not run says so, and a published figure that the paper itself contradicts
    is an empty diamond. Raises ValueError for another metric.
    """
    from matplotlib.figure import Figure

    frame = result.frame[result.frame["metric"] == metric]
    if frame.empty:
        raise ValueError(f"unknown metric {metric!r}; choose from {', '.join(dict.fromkeys(result.frame['metric']))}")
    panels = list(frame.groupby(["data", "beside"], sort=False))
    across = min(COLUMNS, len(panels))
    down = -(-len(panels) // across)
    rows = max(len(block) for _, block in panels)
    figure = Figure(figsize=(2.4 + 3.6 * across, 1.5 + down * (0.3 * rows + 0.9)), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True)
    for number, ((data, beside), block) in enumerate(panels):
        axes = grid[number // across][number % across]
        _panel(axes, block, names=number % across == 0)
        axes.set_title(f"{_plain(str(data))}\nbeside {_plain(str(beside))}", loc="left", fontsize=9.5)
        axes.set_xlabel(f"{metric} (%)")
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_axis_off()
    handles, labels = _legend(doubts=bool(frame["contradicted"].any()))
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.suptitle(f"{result.title}\nmeasured with the {_plain(result.models)} models", fontsize=11)
    return figure


def cost_chart(result: Cost) -> Any:
    """Seconds an image of each method, measured and published. Returns a Figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    axes = figure.subplots()
    rows = result.frame.to_dict("records")
    places = np.arange(len(rows))[::-1]
    axes.plot([r["seconds"] for r in rows], places, "o", color=MEASURED, label=f"measured, {_plain(result.device)}")
    axes.plot([r["published_seconds"] for r in rows], places, "D", color=PUBLISHED, label="published, RTX 3090")
    for row, place in zip(rows, places, strict=True):
        axes.annotate(
            f"{row['seconds']:.2f} s, {row['peak_gb']:.1f} GB", (row["seconds"], place), (0, 7),
            textcoords="offset points", fontsize=9, color=INK,
        )  # fmt: skip
    axes.set_yticks(places, [row["method"] for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.3)
    axes.set_xlim(0, 1.3 * max(max(r["seconds"], r["published_seconds"]) for r in rows))  # room for the words
    axes.set_xlabel("seconds an image")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    figure.suptitle(f"{result.title}; models {_plain(result.models)}", fontsize=11)
    return figure


def _panel(axes: Any, block: Any, *, names: bool) -> None:
    cells = block.to_dict("records")
    places = np.arange(len(cells))[::-1]
    for cell, place in zip(cells, places, strict=True):
        if cell["why"]:
            axes.text(0.99, place, "not run", transform=axes.get_yaxis_transform(), ha="right", va="center",
                      fontsize=8, color=SOFT)  # fmt: skip
        else:
            axes.plot([cell["low"], cell["high"]], [place, place], "-", color=MEASURED, linewidth=2, alpha=0.55)
            axes.plot(cell["measured"], place, "o", color=MEASURED, markersize=6)
        if cell["published"] == cell["published"]:  # not NaN
            face = "none" if cell["contradicted"] else PUBLISHED
            axes.plot(cell["published"], place, "D", color=PUBLISHED, markerfacecolor=face, markersize=5.5)
    labels = [f"{cell['method']}, {cell['encoder']}" if cell["encoder"] else cell["method"] for cell in cells]
    axes.set_yticks(places, labels if names else [""] * len(cells), fontsize=8.5)
    axes.set_ylim(-0.6, len(cells) - 0.4)
    axes.set_xlim(0, 100)
    axes.grid(axis="y", color="#eceff3")
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _legend(*, doubts: bool) -> tuple[list[Any], list[str]]:
    from matplotlib.lines import Line2D

    measured = Line2D([], [], color=MEASURED, marker="o", linewidth=2)
    published = Line2D([], [], color=PUBLISHED, marker="D", linestyle="")
    doubtful = Line2D([], [], color=PUBLISHED, marker="D", markerfacecolor="none", linestyle="")
    handles, labels = [measured, published], ["measured, 95 % interval", "published"]
    if doubts:
        return [*handles, doubtful], [*labels, "published, contradicted by the paper itself"]
    return handles, labels


def _plain(text: str) -> str:
    """Names come from data and folders; matplotlib takes a pair of dollar signs for mathematics."""
    return text.replace("$", r"\$")
