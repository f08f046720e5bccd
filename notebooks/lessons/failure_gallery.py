"""Lesson 08, ``notebooks/08_failure_gallery.ipynb``: a case of each cause, and three of the questions by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tasnb import plots
from tasnb.analysis import CAUSES, Attribution
from tasnb.analysis.causes import INSIDE
from tasnb.core.images import as_rgb
from tasnb.core.types import Sample
from tasnb.evaluation.samples import RunSamples
from tasnb.plots import Strip, strip

from .answers import Exercise, Right, Slip, hints, in_words

CASES = 60  # failures that a learner's function is asked about, at most
CUTS = ("contains", "part", "other")
WITHOUT_P = Exercise(
    1,
    expected="a function of v, p, n, kept and lam that returns the number of the chosen row",
    hint="The answer is the largest S among the rows that the rectifier left in. What remains of S without P, "
    "and how can a row that is out be kept from winning?",
    recipe="the row with the largest V + lam N among the kept ones: np.argmax of np.where(kept, s, -np.inf)",
)
CUT = Exercise(
    2,
    expected=f"a function of shared, answer and target (pixels) that returns one of {', '.join(map(repr, CUTS))}",
    hint="The same shared pixels are compared with two areas in turn. Which area says whether the target is "
    "covered, and which whether the answer stays inside?",
    recipe=f'at least {INSIDE:g} of the target shared: "contains"; else at least {INSIDE:g} of the answer: '
    '"part"; else "other"',
)
HOPELESS = Exercise(
    3,
    expected="one number: the failures whose best proposal has an IoU below the threshold",
    hint="Which column of failures does not depend on what was chosen? A comparison of a column is a column of"
    " True and False, and these can be counted.",
    recipe='count the rows of failures with an oracle_iou below 0.5: (failures["oracle_iou"] < 0.5).sum()',
)
hint = hints(WITHOUT_P, CUT, HOPELESS)


def one_of_each(found: Attribution, run: Any, samples: Sequence[Sample], *, named: bool = False) -> Strip:
    """The dearest case of every cause that occurs: the target's rim dashed in white, the answer tinted.

    named: whether the caption says the cause. Raises ValueError for a run without failures.
    """
    behind = RunSamples(run, samples=samples)
    pictures, captions = [], []
    for name in CAUSES:
        mine = found.frame[found.frame["cause"] == name].sort_values(["recoverable", "sample"], ascending=[False, True])
        if not len(mine):
            continue
        row = mine.iloc[0]
        sample, chosen = behind.sample(int(row["sample"])), int(found.evidence.samples["chosen"][mine.index[0]])
        answer = behind.mask(row["image_id"], chosen)
        pictures.append(plots.rims(as_rgb(sample.image), sample.target, answer, index=max(chosen, 0)))
        captions.append(f"{name}: {row['expression']}" if named else f"{len(pictures)}: {row['expression']}")
    if not pictures:
        raise ValueError("no answer of this run failed, so there is nothing to show; take more samples")
    return strip(pictures, captions, height=200)  # large enough to guess from


def check_without_p(function: Any, found: Attribution) -> Right:
    """Exercise 1: which proposal would be chosen if P did not count."""
    function = WITHOUT_P.given(function)
    failed = found.frame["failed"].to_numpy(bool)
    cases = [case for case in found.evidence.cases(failed) if len(case.table) > 1][:CASES]
    if not cases:
        return Right("No answer of this run failed, so there is nothing to ask about.")
    weights, tables = found.evidence.weights, [case.table for case in cases]
    lam = weights.lam
    answers = [WITHOUT_P.called(function, t.v, t.p, t.n, t.kept, lam) for t in tables]
    got = np.array([WITHOUT_P.number_of(answer) for answer in answers])

    def best(**changed: Any) -> list[int | None]:
        return [replace(table, **changed).best for table in tables]

    without = replace(weights, alpha=0.0)
    right = best(weights=without)
    rows = {
        "all": [int(np.argmax(replace(table, weights=without).total)) for table in tables],
        "v": best(weights=replace(without, lam=0.0)),
        "s": best(),
        "minus": best(weights=replace(without, lam=-lam)),
    }
    slips = [
        Slip(rows["all"], "the best of all rows, also of those that the rectifier took out", "use kept"),
        Slip(rows["v"], "the largest V alone", "N still counts: add lam times n"),
        Slip(rows["s"], "the answer with P", "leave p out"),
        Slip(rows["minus"], "N with the wrong sign", "n is negative already, as in S: add lam times n"),
    ]
    wrong = int((got != np.array(right)).sum())
    WITHOUT_P.settle(got, right, slips, got=f"{wrong} of {len(cases)} cases wrong", tolerance=0)
    cured = sum(case.is_right(row) for case, row in zip(cases, right, strict=True))
    return Right(
        f"Without P {cured} of these {len(cases)} failures would be right. They have the cause 'caption' where no "
        "earlier question in the fixed order holds."
    )


def check_cut(function: Any, found: Attribution) -> Right:
    """Exercise 2: is the answer the target and more, a part of it, or another thing?"""
    function = CUT.given(function)
    failed = found.frame["failed"].to_numpy(bool)
    asked = [(80, 300, 100), (90, 95, 400), (10, 200, 200), (0, 50, 60), (79, 300, 100), (100, 400, 100), (40, 50, 90)]
    asked += [
        (int(c.intersections[c.answer]), int(c.areas[c.answer]), c.target_area)
        for c in list(found.evidence.cases(failed))[:CASES]
        if c.answer is not None
    ]
    for shared, answer, target in asked:
        right = "contains" if shared >= INSIDE * target else "part" if shared >= INSIDE * answer else "other"
        said = CUT.choice_of(CUT.called(function, shared, answer, target), CUTS)
        if said == right:
            continue
        swapped = {"contains": "part", "part": "contains"}.get(right) == said
        edge = shared in (INSIDE * target, INSIDE * answer)
        raise CUT.wrong(
            got=f"{said!r} for {in_words((shared, answer, target))}, which is {right!r}",
            looks_like="the two shares exchanged" if swapped else "more than in place of at least" if edge else "",
            mend="divide by the target's area first, then by the answer's" if swapped else "",
        )
    return Right(
        "A share of the target says whether it is covered, a share of the answer whether the answer leaves it. IoU "
        "mixes both, so it cannot tell too large from too small."
    )


def check_hopeless(answer: Any, found: Attribution) -> Right:
    """Exercise 3: how many failures have no proposal that fits, so that no choice could have saved them."""
    got = HOPELESS.number_of(answer)
    failed = found.frame["failed"].to_numpy(bool)
    lost = failed & (found.evidence.samples["oracle_iou"].to_numpy(float) < found.evidence.threshold)
    right, failures = int(lost.sum()), int(failed.sum())
    named = int((found.frame["cause"] == "no proposal").sum())
    slips = [
        Slip(failures - right, "the failures that another choice could have saved", "count the others"),
        Slip(failures, "all failures", "keep those whose best proposal does not fit"),
        Slip(named, "the failures with the cause 'no proposal'",
             "a lost case can also have the cause 'granularity': use oracle_iou, not the cause"),
        Slip(right / max(failures, 1), "a share from 0 to 1", "give the number of failures itself"),
        Slip(100 * right / max(failures, 1), "a percentage", "give the number of failures itself"),
        Slip(int((~failed).sum()), "the right answers", "start from failures"),
    ]  # fmt: skip
    HOPELESS.settle(got, right, slips)
    both = (
        f" Of these, {right - named} have another cause than 'no proposal': the answer is the right place, badly cut."
    )
    return Right(
        f"{right} of {failures} failures are lost whatever is chosen; the other {failures - right} had a fitting "
        f"proposal that was passed over.{both if right > named else ''}"
    )
