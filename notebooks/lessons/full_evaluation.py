"""Lesson 06, ``notebooks/06_full_evaluation.ipynb``: figures, intervals, and how not to fool oneself with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.types import Sample
from tasnb.datasets.cards import CARDS
from tasnb.evaluation.metrics import iou, is_right
from tasnb.evaluation.runs import Run, paired, summary_of
from tasnb.evaluation.sweep import Sweep
from tasnb.plots.charts import BLUE, SOFT, WASH

from .answers import ANOTHER_KIND, Exercise, Right, Slip, hints, in_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# seconds an image on one RTX 3090 (paper, section 4.5)
PAPER_SECONDS: Mapping[str, float] = MappingProxyType({"CLIP-only": 1.88, "Global-Local": 2.01, "TAS": 3.63})
# mIoU on RefCOCO val, published or run again by others; none of them measured here (docs/method.md)
FIELD: Mapping[str, float] = MappingProxyType(
    {
        "Ref-Diff": 37.21, "TAS": 39.84, "HybridGL": 49.48, "RefAM-SD": 50.1, "image-editing features (12B)": 57.6,
        "SAM 3 concept prompt": 61.0,
    }
)  # fmt: skip
DRAWS = 40  # resamples that a learner's function is asked for
FIGURES = Exercise(
    1,
    expected="a function of intersections and unions (pixels) that returns mIoU and oIoU in per cent",
    hint="Both figures divide intersections by unions. In one of them every sample has one vote, in the other "
    "every pixel has: what comes first, the division or the sum?",
    recipe="mIoU: 100 x the mean of intersection / union; oIoU: 100 x sum of intersections / sum of unions",
)
RESAMPLE = Exercise(
    2,
    expected="a function of image_ids and rng that returns the row numbers of one resample",
    hint="What is drawn are images: rng.choice draws from a list, and can draw a thing twice. Which rows come "
    "along with an image, and how often with one that was drawn twice?",
    recipe="draw as many names as there are with rng.choice(names, size=len(names)), then join "
    "np.flatnonzero(image_ids == name) of each name drawn with np.concatenate",
)
HONEST = Exercise(
    3,
    expected="three numbers: alpha and lambda chosen on val, and their mIoU on the test splits",
    hint="One set may only choose, the other only measure. The figure to report belongs to the weights of the"
    " first, whether or not they are the best of the second.",
    recipe="take choosing.best() for the weights, then find the row of measuring.frame that has them, and give "
    "its miou",
)
hint = hints(FIGURES, RESAMPLE, HONEST)


def beside(runs: Sequence[Run], first: str) -> pd.DataFrame:
    """One method and every other of the same runs: each figure with its interval, and what the one leads by, paired.

    A row a method: method, n, miou, miou_low, miou_high; overlap (with the interval of ``first``); miou_gain of
    ``first`` over it, miou_gain_low, miou_gain_high, and shown (0 is outside). The names are those of ``ablation``.
    """
    import pandas as pd

    protocol = str(runs[0].about["protocol"])
    units = {method: _together(runs, method, protocol) for method in runs[0].methods}
    own = summary_of(units[first], protocol).miou
    rows: list[dict[str, Any]] = []
    for method in (first, *(name for name in units if name != first)):
        found = summary_of(units[method], protocol)
        row: dict[str, Any] = {"method": method, "n": found.n, **found.miou.columns("miou")}
        if method != first:
            gain, _ = paired(units[first], units[method], protocol=protocol)
            row["overlap"] = found.miou.low <= own.high and own.low <= found.miou.high
            row |= {**gain.columns("miou_gain"), "shown": not gain.low <= 0 <= gain.high}
        rows.append(row)
    return pd.DataFrame(rows)


def two_views(table: pd.DataFrame) -> Figure:
    """What ``beside`` or ``ablation`` gives, drawn twice: every figure's own interval, and the paired differences'.

    A filled mark on the right: the interval leaves 0 out. A band on the left: the interval that others overlap.
    """
    from matplotlib.figure import Figure

    names, places = table.iloc[:, 0].tolist(), -np.arange(len(table))
    figure = Figure(figsize=(8.6, 0.42 * len(table) + 1.2), layout="constrained")
    for axes, name, title in zip(
        figure.subplots(1, 2, sharey=True), ("miou", "miou_gain"),
        ("each alone: mIoU (%)", "paired: points of difference"), strict=True,
    ):  # fmt: skip
        values, lows, highs = (table[f"{name}{end}"].to_numpy(float) for end in ("", "_low", "_high"))
        known, outside = np.isfinite(values), (lows > 0) | (highs < 0) | (name == "miou")
        axes.hlines(places[known], lows[known], highs[known], color=BLUE, linewidth=2)
        for which, fill in ((outside, BLUE), (~outside, "white")):
            axes.plot(values[known & which], places[known & which], "o", color=BLUE, markerfacecolor=fill)
        axes.set_title(title, loc="left", fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_yticks(places, names)
    if "overlap" in table:
        figure.axes[0].axvspan(*table.loc[0, ["miou_low", "miou_high"]], color=WASH, zorder=0)
    figure.axes[1].axvline(0, color=SOFT, linewidth=1)
    return figure


def field() -> pd.DataFrame:
    """Where the field is: mIoU on RefCOCO val as published, a row a system."""
    import pandas as pd

    return pd.DataFrame({"system": list(FIELD), "mIoU, RefCOCO val": list(FIELD.values())})


def cost() -> pd.DataFrame:
    """How long the paper's set-up takes for each RefCOCO split: its seconds an image times the published images."""
    import pandas as pd

    rows = []
    for name in ("refcoco", "refcoco+", "refcocog"):
        card = CARDS[name]
        for split, counts in card.counts[card.split_bys[0]].items():
            if split != "train" and counts.images:
                hours = {method: seconds * counts.images / 3600 for method, seconds in PAPER_SECONDS.items()}
                rows.append({"data": f"{card.title} {split}", "images": counts.images, **hours})
    return pd.DataFrame(rows)


def damaged(samples: Sequence[Sample]) -> list[Sample]:
    """Four samples, of which two are broken on purpose: one has no words, one has a mask of another size.

    Raises IndexError for fewer than four samples.
    """
    good, no_words, wrong_size, last = (samples[index] for index in range(4))
    assert wrong_size.target is not None
    return [
        good,
        replace(no_words, expression="   "),
        replace(wrong_size, target=np.ones((3, 5), dtype=bool)),
        last,
    ]


def check_figures(function: Any, run: Run) -> Right:
    """Exercise 1: mIoU and oIoU in per cent from the intersections and unions of the run's first method."""
    function = FIGURES.given(function)
    units = run.units(run.methods[0])
    cases = [(np.array([10, 900, 0]), np.array([100, 1000, 50]))]
    cases += [(units["intersection"].to_numpy(), units["union"].to_numpy())] if (units["union"] > 0).all() else []
    for inter, union in cases:
        got = FIGURES.numbers_of(FIGURES.called(function, inter, union), 2)
        each, all_ = 100 * iou(inter, union).mean(), 100 * inter.sum() / union.sum()
        passed = 100 * is_right(iou(inter, union)).mean()
        slips = [
            Slip([all_, each], "the two figures exchanged", "return mIoU first, then oIoU"),
            Slip([each / 100, all_ / 100], "shares from 0 to 1", "multiply both by 100: the tables are in per cent"),
            Slip([each, each], "the mean of the ratios twice", "for oIoU add up first, then divide once"),
            Slip([all_, all_], "the ratio of the sums twice", "for mIoU divide first, sample by sample, then average"),
            Slip([100 * np.median(iou(inter, union)), all_], "a median in place of the mean", "take the mean"),
            Slip([passed, all_], "the share of samples above IoU 0.5", "that is Pr@0.5; mIoU is the mean IoU itself"),
        ]
        FIGURES.settle(got, [each, all_], slips)
    larger = "higher" if each > all_ else "lower"
    return Right(
        f"mIoU {each:.2f}, oIoU {all_:.2f}. In mIoU every sample has one vote; in oIoU a large thing has more "
        f"than a small one. mIoU is {larger} here."
    )


def check_resample(function: Any, image_ids: Sequence[str]) -> Right:
    """Exercise 2: one resample of a bootstrap over images: all rows of images drawn with replacement."""
    function = RESAMPLE.given(function)
    ids, rng = np.asarray(image_ids), np.random.default_rng(0)
    rows_of = {name: np.flatnonzero(ids == name) for name in dict.fromkeys(image_ids)}
    drawn = [_rows(RESAMPLE.called(function, ids, rng), len(ids)) for _ in range(DRAWS)]
    for rows in drawn:
        times = np.bincount(rows, minlength=len(ids))
        together = all(len(set(times[own])) == 1 for own in rows_of.values())
        images = sum(times[own[0]] for own in rows_of.values())
        if not together:
            raise RESAMPLE.wrong(
                got="a draw in which some expressions of an image come more often than others",
                looks_like="a bootstrap over expressions: it takes them for independent, so its interval is too narrow",
                mend="draw names of images, then take all rows of every name drawn",
            )
        if images != len(rows_of):
            raise RESAMPLE.wrong(
                got=f"{images} images in a draw, for {len(rows_of)} images",
                looks_like="drawn images kept once, as in a set" if max(times) == 1 else "a sample of another size",
                mend="draw exactly as many as there are; one that is drawn twice counts twice",
            )
    if len(rows_of) > 1 and all(np.bincount(rows).max() == 1 for rows in drawn):
        raise RESAMPLE.wrong(
            got=f"{DRAWS} draws that all hold every image exactly once",
            looks_like="a draw without replacement, which is only another order",
            mend="draw with replacement: rng.choice(names, size=len(names))",
        )
    if len(rows_of) > 1 and len({tuple(np.sort(rows)) for rows in drawn}) == 1:
        raise RESAMPLE.wrong(
            got=f"the same draw {DRAWS} times", looks_like="a random generator made anew in each call",
            mend="use the rng that is passed in",
        )  # fmt: skip
    return Right(
        f"{len(ids)} expressions are only {len(rows_of)} images: all expressions of an image share its proposals, and "
        "a badly proposed image is bad for all of them."
    )


def check_honest(answer: Any, choosing: Sweep, measuring: Sweep) -> Right:
    """Exercise 3: alpha and lambda chosen on some images, and the mIoU that they have on others."""
    alpha, lam, miou = HONEST.numbers_of(answer, 3)
    best, peeked = choosing.best(), measuring.best()
    got = f"alpha {alpha:g}, lambda {lam:g}, mIoU {miou:.2f}"
    grid = choosing.frame
    # several grid points may share the best figure: any of them is a choice
    ties = grid[np.isclose(grid["miou"], best["miou"], rtol=0, atol=1e-9)]
    chosen = ties[np.isclose(ties["alpha"], alpha) & np.isclose(ties["lam"], lam)]
    if chosen.empty:
        if np.isclose([alpha, lam], [peeked["alpha"], peeked["lam"]]).all():
            looks_like = "weights chosen on the images on which they are measured"
        elif np.isclose([alpha, lam], [choosing.used.alpha, choosing.used.lam]).all():
            looks_like = "the run's own weights, which are not the best of the images that choose"
        else:
            looks_like = ""
        raise HONEST.wrong(got=got, looks_like=looks_like, mend="the weights are those of choosing.best()")
    point = measuring.frame
    point = point[np.isclose(point["alpha"], alpha) & np.isclose(point["lam"], lam)]
    right = float(point["miou"].iloc[0])
    slips = [
        Slip(best["miou"], "the figure of the images on which the weights were chosen",
             "these images were used up by choosing; look the same weights up in measuring.frame"),
        Slip(peeked["miou"], "the best figure of the test splits, whatever its weights",
             "take the row of the test splits that has your weights"),
        Slip(float(point["oiou"].iloc[0]), "oIoU", "take the column miou"),
    ]  # fmt: skip
    HONEST.settle(miou, right, slips, got=got, tolerance=6e-3)
    return Right(
        f"Where they were chosen these weights promised {best['miou']:.2f}; on other images they have {right:.2f}; the "
        f"best there would have been {peeked['miou']:.2f}. Only {right:.2f} may be reported."
    )


def _together(runs: Sequence[Run], method: str, protocol: str) -> pd.DataFrame:
    """The units of several splits as one frame."""
    import pandas as pd

    parts = [(str(run.about["dataset"]["split"]), run.units(method, protocol)) for run in runs]
    return pd.concat([part.assign(unit=[f"{split} {unit}" for unit in part["unit"]]) for split, part in parts])


def _rows(value: Any, count: int) -> np.ndarray:
    try:
        rows = np.asarray(value)
    except ValueError:
        rows = np.asarray(value, dtype=object)
    if rows.ndim == 1 and rows.dtype.kind in "OUS":
        raise RESAMPLE.wrong(
            got=in_words(rows.tolist()), looks_like="names of images, or a list for each image",
            mend="return one flat list of row numbers (np.concatenate joins lists)",
        )  # fmt: skip
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        raise RESAMPLE.wrong(got=f"{in_words(value)} of type {rows.dtype}", looks_like=ANOTHER_KIND)
    if rows.min() < 0 or rows.max() >= count:
        got = f"row numbers from {rows.min()} to {rows.max()}; there are rows from 0 to {count - 1}"
        raise RESAMPLE.wrong(got=got, looks_like="numbers that are no rows")
    return rows
