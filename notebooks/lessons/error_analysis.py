"""Lesson 09, ``notebooks/09_error_analysis_by_type.ipynb``: ask, cut, look, fix one thing, measure again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.types import Weights
from tasnb.evaluation.metrics import iou
from tasnb.evaluation.reranking import Ranking
from tasnb.evaluation.runs import RunLike
from tasnb.pipeline import variant as method
from tasnb.stages import spatial

from .answers import Exercise, Right, Slip, hints, in_words

if TYPE_CHECKING:
    import pandas as pd

# one thing changed: the rectifier also reads middles, ranks and extremes (ours, in no paper)
EXTENDED = replace(method.PAPER, name="paper with the extended rectifier", rectifier=spatial.EXTENDED)

OF_TYPE = Exercise(
    1,
    expected="a function of cases and a type's name that returns the per cent of right answers among that type",
    hint="Two steps: which rows have the name among their types, and which share of these did not fail? An "
    "expression with several types counts in each of them.",
    recipe="keep the rows whose types, split at the commas, hold the name, and take 100 x the share of them that"
    " did not fail",
)
PRICE = Exercise(
    2,
    expected="a function of cases and a cause that returns points of the whole run's mIoU",
    hint="mIoU is a mean over all cases of the run. What would the sum of all IoUs gain if only the cases of "
    "this cause were cured, and over how many cases is it shared?",
    recipe="add up recoverable (IoU regained, 0 to 1) over the cases of that cause, divide by all cases, times 100",
)
GAIN = Exercise(
    3,
    expected="one number: the mIoU after the fix less the mIoU before it, in points",
    hint="Both frames hold the same expressions, answered twice, with a column iou. Nothing that was promised "
    "enters here.",
    recipe="take 100 x the mean of the column iou of each frame, and subtract before from after",
)
hint = hints(OF_TYPE, PRICE, GAIN)


@dataclass(frozen=True)
class Reranked:
    """A run as TAS would have answered it under another rectifier: chosen anew from the stored scores, by no model."""

    run: RunLike
    variant: method.Variant

    @property
    def about(self) -> Mapping[str, Any]:
        """The run's, with the other variant."""
        told = {**self.run.about["variant_options"], "rectifier": asdict(self.variant.rectifier)}
        return {**self.run.about, "variant": self.variant.name, "variant_options": told, "methods": ["tas"]}

    @property
    def methods(self) -> tuple[str, ...]:
        """TAS alone: the rectifier is a part of no other method."""
        return ("tas",)

    def predictions(self) -> pd.DataFrame:
        """A row a sample, with the other answer."""
        ranking, weights = self._ranking()
        frame = self.run.predictions()
        frame = frame[frame["method"] == "tas"].sort_values("sample", ignore_index=True)
        inter, union = ranking.counts(weights)
        answers = {"chosen": ranking.chosen(weights), "intersection": inter, "union": union}
        return frame.assign(**answers, iou=iou(inter, union))

    def scores(self) -> pd.DataFrame:
        """The run's, with what the other rectifier keeps."""
        ranking, weights = self._ranking()
        return self.run.scores().assign(kept=np.asarray(ranking.candidates(ranking.total(weights))))

    def proposals(self) -> pd.DataFrame:
        """The run's."""
        return self.run.proposals()

    def _ranking(self) -> tuple[Ranking, Weights]:
        return Ranking.of(self.run, variant=self.variant), Weights(**self.run.about["weights"])


def check_right(function: Any, cases: pd.DataFrame) -> Right:
    """Exercise 1: the per cent of right answers among the expressions of a type, from the frame of cases."""
    function = OF_TYPE.given(function)
    said: dict[str, float] = {}
    for name in ("location", "colour", "thing"):
        inside = cases["types"].str.split(", ").map(lambda names, name=name: name in names).astype(bool)
        if not inside.any():
            continue
        failed = cases["failed"].astype(bool)
        right = 100 * float((~failed[inside]).mean())
        got = OF_TYPE.number_of(OF_TYPE.called(function, cases.copy(), name))
        alone = cases["types"] == name
        slips = [
            Slip(right / 100, "a share from 0 to 1", "multiply by 100"),
            Slip(100 - right, "the per cent of wrong answers", "failed is True for a wrong answer: take the others"),
            Slip(100 * float((~failed & inside).mean()), "a share of all expressions",
                 "divide by the number of expressions of this type"),
            Slip(100 * float((~failed).mean()), "the figure of all expressions", "keep the rows of the type first"),
            Slip(100 * float(cases["iou"][inside].mean()), "the mean IoU", "count the answers that did not fail"),
        ]  # fmt: skip
        if alone.any():
            slips.append(
                Slip(100 * float((~failed[alone]).mean()), "only expressions that have no other type",
                     "an expression of several types counts in each: ask whether the name is among them")
            )  # fmt: skip
        OF_TYPE.settle(got, right, slips, got=f"{in_words(got)} for {name!r}")
        said[name] = right
    return Right(", ".join(f"{name} {value:.1f} %" for name, value in said.items()) + " are right.")


def check_price(function: Any, cases: pd.DataFrame) -> Right:
    """Exercise 2: the points of the run's mIoU that one cause costs, from the column ``recoverable`` of the cases."""
    function = PRICE.given(function)
    causes = [name for name in cases["cause"].unique() if name]
    dearest, most = "", -1.0
    for name in causes:
        mine = cases["recoverable"][cases["cause"] == name]
        right = 100 * float(mine.sum()) / len(cases)
        got = PRICE.number_of(PRICE.called(function, cases.copy(), name))
        failures = int(cases["failed"].sum())
        slips = [
            Slip(right / 100, "a mean from 0 to 1", "multiply by 100: points are per cent"),
            Slip(100 * float(mine.mean()), "the mean over the cases of this cause alone",
                 "divide by the number of all cases: mIoU is a mean over the whole run"),
            Slip(float(mine.sum()), "a sum", "divide by the number of all cases, and multiply by 100"),
            Slip(100 * float(mine.sum()) / failures, "the mean over all failures",
                 "divide by the number of all cases, the right ones too"),
            Slip(100 * len(mine) / len(cases), "how often the cause occurs",
                 "a case counts by what its cure regains: what is recoverable"),
        ]  # fmt: skip
        PRICE.settle(got, right, slips, got=f"{in_words(got)} for {name!r}")
        if right > most:
            dearest, most = name, right
    return Right(
        f"The dearest cause is {dearest!r}: {most:.2f} points. It need not be the most frequent one, because a case "
        "that was half right regains less."
        if dearest
        else "No answer failed, so nothing costs anything."
    )


def check_gain(answer: Any, before: pd.DataFrame, after: pd.DataFrame) -> Right:
    """Exercise 3: what the fix gained, in points of mIoU, the two runs paired by sample_id."""
    got = GAIN.number_of(answer)
    gain = 100 * float(after["iou"].mean() - before["iou"].mean())
    passed = 100 * float(before["failed"].mean() - after["failed"].mean())
    promised = 100 * float(before["recoverable"][before["cause"] == "place"].sum()) / len(before)
    slips = [
        Slip(gain / 100, "a difference from 0 to 1", "multiply by 100"),
        Slip(-gain, "before less after", "subtract the other way round"),
        Slip(promised, "what was promised, what is recoverable", "measure it: compare the column iou of the two runs"),
        Slip(passed, "the change of how many are right", "take the mean IoU, not the number of failures"),
    ]
    GAIN.settle(got, gain, slips, tolerance=6e-3)
    return Right(
        f"The fix was promised {promised:+.2f} points and gave {gain:+.2f}. What is recoverable is what an ideal "
        "stage would give in these cases alone; a real fix mends some of them, spoils others, and may mend cases of "
        "another cause."
    )
