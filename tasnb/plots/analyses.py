"""Figures of an analysis: which causes hit which kinds of expressions, how sure S is, what makes a target hard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb import analysis
from tasnb.plots.charts import BLUE, INK, LABEL, SHORT, SKY, VERMILION, figure_of, heat_cells, worded

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MARGIN = "margin: S of the answer less the next candidate's"
CUT_NAMES = {"n-same-kind": "other things of the same kind in the picture", "target-size": "size of the target"}


def analysis_figures(found: analysis.Attribution) -> dict[str, Figure]:
    """Every figure of an analysis.

    Parameters
    ----------
    found : Attribution
        What ``analysis.attribute`` gives.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        By name; those that have nothing to show are left out.
    """
    made = {
        "causes-by-type": cause_heatmap(found) if found.frame["failed"].any() else None,
        "margins": margin_chart(found),
        "calibration": calibration_chart(found),
        "same-kind": accuracy_chart(found, "n-same-kind"),
        "target-size": accuracy_chart(found, "target-size"),
        "heads": heads_chart(found),
    }
    return {name: figure for name, figure in made.items() if figure is not None}


def cause_heatmap(found: analysis.Attribution, by: str = "type") -> Figure:
    """Cause x group as two heat maps: how many failures, and the points of mIoU that they cost.

    Parameters
    ----------
    found : Attribution
        What ``analysis.attribute`` gives. Only causes and groups that occur are drawn.
    by : str
        A cut. By type, a sample of several types counts in each row, so the rows do not add up.

    Returns
    -------
    matplotlib.figure.Figure
        To be shown or saved.
    """
    from matplotlib.figure import Figure

    cells = analysis.heat(found, by)
    tables = {name: cells.pivot(index="group", columns="cause", values=name) for name in ("failures", "recoverable")}
    rows = [name for name in analysis.groups(found, by) if tables["failures"].loc[name].sum()]
    columns = [cause for cause in found.causes if tables["failures"][cause].sum()]
    figure = Figure(figsize=(2.6 + 1.35 * len(columns), 1.5 + 0.36 * len(rows)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    titles = ("failures", "cost in points of mIoU")
    for axes, table, title, form in zip(panels, tables.values(), titles, ("{:.0f}", "{:.1f}"), strict=True):
        shown = table.loc[rows, columns]
        words = shown.map(lambda value, form=form: form.format(value) if value else "")
        heat_cells(axes, shown, words, mask=shown.to_numpy() == 0)
        axes.set_title(title, loc="left", fontsize=11)
        axes.tick_params(length=0)
        axes.set(xlabel="", ylabel="")
        axes.set_xticks(axes.get_xticks(), columns, rotation=35, ha="right")
    sizes = {name: int(mask.sum()) for name, mask in analysis.groups(found, by).items()}
    panels[0].set_yticks(
        panels[0].get_yticks(), [f"{worded(name, SHORT)} ({sizes[name]})" for name in rows], rotation=0
    )
    return figure


def leaderboard_heatmap(board: analysis.Leaderboard) -> Figure:
    """Cause x model as a heat map: failures in per cent of the sentences that all models answered.

    Parameters
    ----------
    board : Leaderboard
        What ``analysis.leaderboard`` gives. Only causes that occur are drawn.

    Returns
    -------
    matplotlib.figure.Figure
        To be shown or saved.
    """
    counts = board.causes()
    shares = 100 * counts / len(board.shared)
    figure, axes = figure_of(3.4 + 1.25 * len(counts.columns), 1.5 + 0.36 * len(counts))
    words = shares.map(lambda value: f"{value:.1f}" if value else "")
    heat_cells(axes, shares, words, mask=counts.to_numpy() == 0)
    failures = [f"{worded(name, LABEL)}\n({counts[name].sum()})" for name in counts.columns]
    slanted = {"rotation": 20, "ha": "right"} if max(map(len, counts.columns)) > 14 else {}
    axes.set_xticks(axes.get_xticks(), failures, **slanted)
    axes.tick_params(length=0)
    axes.set(xlabel="", ylabel="")
    return figure


def margin_chart(found: analysis.Attribution) -> Figure | None:
    """The margins of right and wrong answers as two distributions.

    Parameters
    ----------
    found : Attribution
        What ``analysis.attribute`` gives.

    Returns
    -------
    matplotlib.figure.Figure or None
        None without two margins.
    """
    import pandas as pd
    import seaborn

    frame = pd.DataFrame({"margin": analysis.margins(found), "failed": found.frame["failed"].to_numpy()}).dropna()
    if len(frame) < 2:
        return None
    names = {False: f"right ({int((~frame['failed']).sum())})", True: f"wrong ({int(frame['failed'].sum())})"}
    frame["answer"] = frame["failed"].map(names)
    figure, axes = figure_of(5.6, 3.2)
    hue = {"hue": "answer", "hue_order": list(names.values()), "palette": [BLUE, VERMILION]}
    look = {"bins": 24, "element": "step", "stat": "count", "common_norm": False, "alpha": 0.35}
    seaborn.histplot(frame, x="margin", ax=axes, **hue, **look)
    axes.set(xlabel=MARGIN, ylabel="answers")
    return figure


def calibration_chart(found: analysis.Attribution) -> Figure | None:
    """How often the answer is right, by its margin, with 95 % intervals.

    Parameters
    ----------
    found : Attribution
        What ``analysis.attribute`` gives.

    Returns
    -------
    matplotlib.figure.Figure or None
        None without a margin.
    """
    table = analysis.calibration(found)
    if not len(table):
        return None
    figure, axes = figure_of(5.6, 3.2)
    _with_intervals(axes, table["margin"].to_numpy(), table, "accuracy", "-o")
    axes.axhline(100 * float((~found.frame["failed"]).mean()), color=VERMILION, ls="--", lw=1.2, label="all answers")
    axes.set_ylim(0, 102)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    axes.set(xlabel=MARGIN, ylabel="right (%)")
    return figure


def accuracy_chart(found: analysis.Attribution, by: str) -> Figure:
    """mIoU of every group of a cut with its 95 % interval, the best proposals' beside it where there are any.

    Parameters
    ----------
    found : Attribution
        What ``analysis.attribute`` gives.
    by : str
        A cut, of ``analysis.CUTS``.

    Returns
    -------
    matplotlib.figure.Figure
        To be shown or saved.

    Raises
    ------
    ValueError
        For an unknown cut.
    """
    table = analysis.breakdown(found, by)
    table = table[table["group"] != "all"].reset_index(drop=True)
    figure, axes = figure_of(5.6, 3.2)
    places = np.arange(len(table))
    axes.bar(places, table["miou"], width=0.62, color=SKY, edgecolor=BLUE, label="answers")
    _with_intervals(axes, places, table, "miou", "none")
    if table["oracle_miou"].notna().any():
        axes.plot(places, table["oracle_miou"], "D", color=VERMILION, ms=6, label="best proposals")
    axes.set_xticks(places, [f"{worded(g, SHORT)}\n(n {n})" for g, n in zip(table["group"], table["n"], strict=True)])
    axes.set_ylim(0, 102)
    axes.legend(frameon=False, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=2)
    axes.set(xlabel=CUT_NAMES.get(by, worded(by)), ylabel="mIoU (%)")
    return figure


def heads_chart(found: analysis.Attribution, *, top: int = 12) -> Figure | None:
    """The noun asked for against the noun of the answer's caption, per cent of a row.

    Without scores: the category that was meant against that of what was answered.

    Parameters
    ----------
    found : Attribution
        What ``analysis.attribute`` gives.
    top : int
        How many of the most frequent nouns have a row.

    Returns
    -------
    matplotlib.figure.Figure or None
        None without any noun.
    """
    scored = found.causes is analysis.CAUSES
    table = analysis.confusion_of_heads(found, top=top) if scored else analysis.confusion(found, top=top)
    sums = table.sum(axis=1)
    table, sums = table.loc[sums > 0], sums[sums > 0]
    if not len(table):
        return None
    shares = 100 * table.div(sums, axis=0)
    figure, axes = figure_of(2.6 + 0.5 * len(table.columns), 1.6 + 0.36 * len(table))
    words = shares.map(lambda value: f"{value:.0f}" if value >= 0.5 else "")
    look = {"vmin": 0, "vmax": 100, "linewidths": 1, "annot_kws": {"fontsize": 8}}
    heat_cells(axes, shares, words, mask=shares.to_numpy() == 0, **look)
    axes.set_xticks(axes.get_xticks(), [worded(noun, SHORT) for noun in table.columns], rotation=45, ha="right")
    axes.set_yticks(axes.get_yticks(), [f"{worded(noun, SHORT)} ({sums[noun]})" for noun in table.index], rotation=0)
    axes.tick_params(length=0)
    across = "noun in the answer's caption" if scored else "category of what was answered"
    axes.set(xlabel=f"{across} (% of the row)", ylabel="asked for")
    return figure


def _with_intervals(axes: Any, places: np.ndarray, table: pd.DataFrame, name: str, form: str) -> None:
    values = table[name].to_numpy()
    spread = np.maximum([values - table[f"{name}_low"], table[f"{name}_high"] - values], 0)
    axes.errorbar(places, values, yerr=spread, fmt=form, color=BLUE, ecolor=INK, capsize=3, lw=1.6, ms=5)
