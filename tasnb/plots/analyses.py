"""Figures of an analysis: which causes hit which kinds of expressions, how sure S is, what makes a target hard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb import analysis

if TYPE_CHECKING:
    import pandas as pd

_RIGHT, _WRONG, _INK, _WASH = "#0072b2", "#d55e00", "#1d2129", "#eceff3"


def analysis_figures(found: analysis.Attribution) -> dict[str, Any]:
    """Every figure of an analysis by its name, those left out that have nothing to show."""
    made = {
        "causes-by-type": cause_heatmap(found) if found.frame["failed"].any() else None,
        "margins": margin_chart(found),
        "calibration": calibration_chart(found),
        "same-kind": accuracy_chart(found, "n-same-kind"),
        "target-size": accuracy_chart(found, "target-size"),
        "heads": heads_chart(found),
    }
    return {name: figure for name, figure in made.items() if figure is not None}


def cause_heatmap(found: analysis.Attribution, by: str = "type") -> Any:
    """Cause x type as two heat maps: how many failures, and the points of mIoU that they cost. Returns a Figure.

    A sample of several types counts in each row, so the rows do not add up. Only causes and types that occur are drawn.
    """
    import seaborn
    from matplotlib.figure import Figure

    cells = analysis.heat(found, by)
    tables = {name: cells.pivot(index="group", columns="cause", values=name) for name in ("failures", "recoverable")}
    rows = [name for name in analysis.groups(found, by) if tables["failures"].loc[name].sum()]
    columns = [cause for cause in analysis.CAUSES if tables["failures"][cause].sum()]
    sizes = {name: int(mask.sum()) for name, mask in analysis.groups(found, by).items()}
    figure = Figure(figsize=(2.6 + 1.35 * len(columns), 1.5 + 0.36 * len(rows)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, table, title, form in zip(
        panels, tables.values(), ("failures", "cost in points of mIoU"), ("d", ".1f"), strict=True
    ):
        shown = table.loc[rows, columns]
        words = shown.map(lambda value, form=form: format(int(value) if form == "d" else value, form) if value else "")
        seaborn.heatmap(
            shown, ax=axes, annot=words, fmt="", cmap="cividis", cbar=False, linewidths=1.5, linecolor="white",
            annot_kws={"fontsize": 9}, mask=shown == 0,
        )  # fmt: skip
        axes.set_facecolor(_WASH)
        axes.set_title(title, loc="left", fontsize=11)
        axes.set_xlabel("")
        axes.set_ylabel("")
        axes.tick_params(length=0)
        axes.set_xticks(axes.get_xticks(), columns, rotation=35, ha="right")
    panels[0].set_yticks(panels[0].get_yticks(), [f"{name} ({sizes[name]})" for name in rows], rotation=0)
    return figure


def margin_chart(found: analysis.Attribution) -> Any:
    """The margins of right and wrong answers as two distributions; None without a margin. Returns a Figure."""
    import pandas as pd
    import seaborn
    from matplotlib.figure import Figure

    frame = pd.DataFrame({"margin": analysis.margins(found), "failed": found.frame["failed"].to_numpy()}).dropna()
    if len(frame) < 2:
        return None
    names = {False: f"right ({int((~frame['failed']).sum())})", True: f"wrong ({int(frame['failed'].sum())})"}
    frame["answer"] = frame["failed"].map(names)
    figure = Figure(figsize=(5.6, 3.2), layout="constrained")
    axes = figure.subplots()
    seaborn.histplot(
        frame, x="margin", hue="answer", hue_order=list(names.values()), palette=[_RIGHT, _WRONG], bins=24,
        element="step", stat="count", common_norm=False, alpha=0.35, ax=axes,
    )  # fmt: skip
    _name(axes, "margin: S of the answer less the next candidate's", "answers")
    return figure


def calibration_chart(found: analysis.Attribution) -> Any:
    """How often the answer is right, by its margin, with 95 % intervals; None without a margin. Returns a Figure."""
    from matplotlib.figure import Figure

    table = analysis.calibration(found)
    if not len(table):
        return None
    figure = Figure(figsize=(5.6, 3.2), layout="constrained")
    axes = figure.subplots()
    _with_intervals(axes, table["margin"].to_numpy(), table, "accuracy", "-o")
    axes.axhline(100 * float((~found.frame["failed"]).mean()), color=_WRONG, ls="--", lw=1.2, label="all answers")
    axes.set_ylim(0, 102)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    _name(axes, "margin: S of the answer less the next candidate's", "right (%)")
    return figure


def accuracy_chart(found: analysis.Attribution, by: str) -> Any:
    """mIoU of every group of a cut with its 95 % interval, the best proposals' beside it. Returns a Figure."""
    from matplotlib.figure import Figure

    table = analysis.breakdown(found, by)
    table = table[table["group"] != "all"].reset_index(drop=True)
    figure = Figure(figsize=(5.6, 3.2), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(table))
    axes.bar(places, table["miou"], width=0.62, color="#56b4e9", edgecolor=_RIGHT, label="answers")
    _with_intervals(axes, places, table, "miou", "none")
    axes.plot(places, table["oracle_miou"], "D", color=_WRONG, ms=6, label="best proposals")
    axes.set_xticks(places, [f"{g}\n(n {n})" for g, n in zip(table["group"], table["n"], strict=True)])
    axes.set_ylim(0, 102)
    axes.legend(frameon=False, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=2)
    names = {"n-same-kind": "other things of the same kind in the picture", "target-size": "size of the target"}
    _name(axes, names.get(by, by), "mIoU (%)")
    return figure


def heads_chart(found: analysis.Attribution, *, top: int = 12) -> Any:
    """The noun asked for against the noun of the answer's caption, per cent of a row; None without any noun."""
    import seaborn
    from matplotlib.figure import Figure

    table = analysis.confusion_of_heads(found, top=top)
    table = table.loc[table.sum(axis=1) > 0]
    if not len(table):
        return None
    shares = 100 * table.div(table.sum(axis=1), axis=0)
    figure = Figure(figsize=(2.6 + 0.5 * len(table.columns), 1.6 + 0.36 * len(table)), layout="constrained")
    axes = figure.subplots()
    words = shares.map(lambda value: f"{value:.0f}" if value >= 0.5 else "")
    seaborn.heatmap(
        shares, ax=axes, annot=words, fmt="", cmap="cividis", vmin=0, vmax=100, cbar=False, linewidths=1,
        linecolor="white", annot_kws={"fontsize": 8}, mask=shares == 0,
    )  # fmt: skip
    axes.set_facecolor(_WASH)
    axes.set_xticks(axes.get_xticks(), list(table.columns), rotation=45, ha="right")
    sums = table.sum(axis=1)
    axes.set_yticks(axes.get_yticks(), [f"{noun} ({sums[noun]})" for noun in table.index], rotation=0)
    axes.tick_params(length=0)
    _name(axes, "noun in the answer's caption (% of the row)", "asked for")
    return figure


def _with_intervals(axes: Any, places: np.ndarray, table: pd.DataFrame, name: str, form: str) -> None:
    values = table[name].to_numpy()
    spread = [values - table[f"{name}_low"], table[f"{name}_high"] - values]
    axes.errorbar(
        places, values, yerr=np.maximum(spread, 0), fmt=form, color=_RIGHT, ecolor=_INK, capsize=3, lw=1.6, ms=5
    )


def _name(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
