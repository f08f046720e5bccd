"""The tables of the report, section by section: summary, causes, cuts, the paper, the other run, how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from tasnb import analysis
from tasnb.evaluation import paper
from tasnb.report.page import interval, table

FIRST_COLUMN = {"n-same-kind": "others", "target-size": "size", "length": "words", "head": "noun", "split": "data"}
CUT_TITLES = {
    "type": "By type of expression (an expression of several types counts in each)",
    "style": "By style",
    "length": "By length in words",
    "n-same-kind": "By the number of other things of the same kind in the picture",
    "target-size": "By the size of the target, as a share of the picture",
    "head": "By head noun",
    "split": "By data set and split",
}


def summary(runs: Sequence[Any], found: analysis.Attribution, prices: Any) -> str:
    """The figures of every run, and what the analysis found in a few sentences."""
    rows = []
    for run in runs:
        data = run.about["dataset"]
        for row in run.table().to_dict("records"):
            rows.append(
                (f"{escape(data['name'])} {escape(data['split'])}: {escape(row['method'])}", interval(row, "miou"),
                 interval(row, "oiou"), interval(row, "pr50") if "pr50" in row else "-", str(row["n"]),
                 str(row["missing"]))
            )  # fmt: skip
    figures = table(
        "Figures in per cent with 95 % intervals of an image-cluster bootstrap; oracle: the best proposals",
        ("data and method", "mIoU", "oIoU", "Pr@0.5", "n", "missing"), rows, numeric=(1, 2, 3, 4, 5),
    )  # fmt: skip
    return (
        f'<div class="key"><ul>{"".join(f"<li>{said}</li>" for said in _findings(found, prices))}</ul></div>{figures}'
    )


def _findings(found: analysis.Attribution, prices: Any) -> list[str]:
    total, samples = int(found.frame["failed"].sum()), len(found.frame)
    threshold = found.evidence.threshold
    said = [
        f"{total} of {samples} answers of TAS failed ({_percent(total, samples)}): their IoU is below {threshold:g}."
    ]
    rows = [row for row in prices.to_dict("records") if row["cause"] != "all" and row["failures"]]
    if rows:
        often = max(rows, key=lambda row: row["failures"])
        dear = max(rows, key=lambda row: row["miou"])
        said.append(
            f"The most frequent cause is <b>{escape(often['cause'])}</b>: {often['failures']} failures "
            f"({often['share']:.1f} %)."
        )
        said.append(
            f"The dearest is <b>{escape(dear['cause'])}</b>: curing it alone would regain {interval(dear, 'miou')} "
            "points of mIoU."
        )
        groups = analysis.ask(found, "type")
        groups = groups[(groups["group"] != "all") & (groups["n"] >= 20)]
        if len(groups):
            worst = groups.loc[groups["accuracy"].idxmin()]
            said.append(
                f"Of the types with at least 20 expressions, <b>{escape(worst['group'])}</b> is the hardest: "
                f"{worst['accuracy']:.1f} % right of {worst['n']}."
            )
    sure = analysis.calibration(found, bins=4)
    if len(sure) == 4:
        said.append(
            "The margin of S is a sign of trust: of the quarter with the smallest margin "
            f"{sure['accuracy'].iloc[0]:.0f} % are right, of the quarter with the largest "
            f"{sure['accuracy'].iloc[-1]:.0f} %."
        )
    return said


def causes(found: analysis.Attribution, prices: Any) -> str:
    """What each cause costs, and the overlap of causes counted independently."""
    rows = prices.to_dict("records")
    most = max((row["miou"] for row in rows if row["cause"] != "all"), default=0) or 1
    cells = []
    for row in rows:
        if row["cause"] != "all" and not row["failures"]:
            continue
        bar = (
            ""
            if row["cause"] == "all"
            else f'<span class="bar" style="width:{max(0, row["miou"]) / most * 4:.2f}em"></span>'
        )
        question = analysis.CAUSES[row["cause"]].question if row["cause"] in analysis.CAUSES else "every failure cured"
        cells.append(
            (f'{escape(row["cause"])}<br><span class="soft small">{escape(question)}</span>', escape(row["stage"]),
             str(row["failures"]), f"{row['share']:.1f} %", bar, interval(row, "miou", sign="+"),
             interval(row, "oiou", sign="+"))
        )  # fmt: skip
    first = table(
        "Each failure has one cause, the first that holds in this order. Price: points regained if that cause alone "
        "were cured, with 95 % intervals",
        ("cause", "stage", "failures", "share", "", "price in mIoU", "price in oIoU"), cells,
        numeric=(2, 3, 5, 6), total=True,
    ).replace('<th scope="col"></th>', '<td></td>')  # fmt: skip
    absent = [row["cause"] for row in rows if row["cause"] in analysis.CAUSES and not row["failures"]]
    note = f"<p class='soft'>No failure by: {escape(', '.join(absent))}.</p>" if absent else ""
    return first + note + _overlap(found)


def _overlap(found: analysis.Attribution) -> str:
    counted = analysis.overlap(found)
    names = [name for name in analysis.CAUSES if counted.at[name, name] or counted.at[name, "primary"]]
    if not names:
        return ""
    rows = [
        (escape(name), *(str(counted.at[name, other]) for other in names), str(counted.at[name, "only"]),
         str(counted.at[name, "primary"]))
        for name in names
    ]  # fmt: skip
    return table(
        "Counted independently: how many failures both causes would explain; on the diagonal how often a cause holds "
        "at all; only: nothing else would explain it; primary: what the fixed order gives it",
        ("cause", *(escape(name) for name in names), "only", "primary"), rows,
        numeric=tuple(range(1, len(names) + 3)),
    )  # fmt: skip


def cuts(found: analysis.Attribution) -> str:
    """One table a cut; those with a single group are left out."""
    parts = []
    for by, title in CUT_TITLES.items():
        answer = analysis.ask(found, by)
        if len(answer) <= 2 and by != "type":
            continue
        rows = [
            (escape(row["group"]), str(row["n"]), f"{row['accuracy']:.1f} %", interval(row, "miou"),
             f"{row['oracle_miou']:.2f}", str(row["failures"]), interval(row, "price"), escape(row["main_cause"]))
            for row in answer.to_dict("records")
        ]  # fmt: skip
        parts.append(
            table(
                title,
                (FIRST_COLUMN.get(by, by), "n", "right", "mIoU", "best proposals", "failures", "cost in points",
                 "main cause"), rows,
                numeric=(1, 2, 3, 4, 5, 6), total=True,
            )
        )  # fmt: skip
    return "".join(parts)


def papers(runs: Sequence[Any]) -> str:
    """Each run beside the paper, with all that differs."""
    parts = []
    for run in runs:
        shown = paper.against(run)
        data = run.about["dataset"]
        rows = [
            (escape(row["method"]), escape(row["metric"]),
             f"{row['measured']:.2f} [{row['low']:.2f}, {row['high']:.2f}]",
             "-" if row["published"] != row["published"] else f"{row['published']:.2f}", escape(row["row"]),
             escape(row["note"]))
            for row in shown.frame.to_dict("records")
        ]  # fmt: skip
        differs = "".join(f"<li>{escape(said)}</li>" for said in shown.differs)
        parts.append(
            table(
                f"{data['name']} {data['split']} beside the paper, {shown.where}",
                ("method", "metric", "measured here", "published", "the paper's row", "note"), rows, numeric=(2, 3),
            )
            + f"<p>What differs:</p><ul>{differs}</ul>"
        )  # fmt: skip
    return "".join(parts)


def against(flips: Any, *, names: tuple[str, str]) -> str:
    """What the other run does better and worse, group by group."""
    rows = [
        (escape(row["group"]), str(row["n"]), f"{row['a_miou']:.2f}", f"{row['b_miou']:.2f}",
         interval(row, "miou", sign="+") + ("" if row["miou_low"] <= 0 <= row["miou_high"] else " *"),
         str(row["fixed"]), str(row["broken"]))
        for row in flips.frame.to_dict("records")
    ]  # fmt: skip
    notes = "".join(f"<li>{escape(said)}</li>" for said in flips.notes)
    return (
        f"<p>A is {escape(names[0])}; B is {escape(names[1])}.</p>"
        + table(
            "mIoU by type, paired by sample; fixed: failed in A and right in B; broken: the other way round; * the "
            "interval leaves 0 out",
            ("type", "n", "A", "B", "B - A, 95 % interval", "fixed", "broken"), rows, numeric=(1, 2, 3, 4, 5, 6),
            total=True,
        )
        + (f"<ul>{notes}</ul>" if notes else "")
    )  # fmt: skip


def reading() -> str:
    """How the causes are found, for a reader who has not seen the code."""
    rows = [
        (escape(cause.name), escape(cause.stage), escape(cause.question), escape(cause.cure))
        for cause in analysis.CAUSES.values()
    ]
    grid = f"alpha {', '.join(f'{a:g}' for a in sorted({a for a, _ in analysis.GRID}))} and lambda " + ", ".join(
        f"{lam:g}" for lam in sorted({lam for _, lam in analysis.GRID})
    )
    return (
        "<p>A stage's result is replaced by its ideal, and the stored scores are ranked again; no model is run. A "
        "cause holds when the answer is then right. The primary cause of a failure is the first that holds, in the "
        "order of this table. Where no single cure suffices it is the first stage whose result is wrong in itself, and "
        "the sentence says so. V is the last resort, so the causes add up to the failures.</p>"
        + table("The questions in their order", ("cause", "stage", "question", "cure"), rows)
        + f"<p>The grid of the weights: {escape(grid)}. Weights count as the cause only where at least two of V, P and "
        "N prefer the target. Intervals: 95 % percentiles of 1,000 resamples of whole images. Many rows are compared "
        "here without a correction: read a single starred row with care.</p>"
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
