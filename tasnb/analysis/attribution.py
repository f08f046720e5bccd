"""Why each failure failed: one primary cause a case, what curing it would regain, and where causes overlap.

Every cause is tested on its own: its stage's result is replaced by the ideal, the stored scores are ranked again, and
the cause holds when the answer is then right. The primary cause is the first that holds, in the order of ``CAUSES``.
Where no single cure suffices it is the first stage whose result is wrong in itself (``alone`` is False then, and the
cure regains little, often nothing); V is always the last resort, so the causes add up to the failures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis import counterfactuals as what_if
from tasnb.analysis.causes import CAUSES, RIGHT, THRESHOLD
from tasnb.analysis.evidence import METHOD, Case, Evidence, wordnet_of
from tasnb.analysis.types import ExpressionTypes
from tasnb.core.brief import brief
from tasnb.core.tables import interval_text, text_table
from tasnb.core.types import WordNet
from tasnb.evaluation import metrics

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Why one case failed; by default it did not. holds: every cause that holds on its own. counts: intersection and
    union once the primary cause is cured. alone: whether that makes the answer right by itself."""

    cause: str = RIGHT
    detail: str = ""
    words: str = ""
    alone: bool = False
    holds: frozenset[str] = frozenset()
    counts: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Attribution:
    """All samples of a run with their cause.

    Parameters
    ----------
    frame : DataFrame
        A row a sample, sorted: sample, sample_id, image_id, dataset, split, expression, iou, failed, cause ("": no
        failure), detail, alone, words (of the phrase or weights concerned), stage, recoverable (IoU regained if the
        cause were cured, 0..1), cured_intersection, cured_union.
    holds : DataFrame
        sample, cause: a row for every cause that holds on its own.
    evidence : Evidence
        What the run stored.
    about : mapping
        The run's run.json.
    """

    frame: pd.DataFrame
    holds: pd.DataFrame
    evidence: Evidence
    about: Mapping[str, Any] = field(default_factory=dict)

    __repr__ = brief

    @property
    def types(self) -> tuple[ExpressionTypes, ...]:
        """The types of each sample's expression."""
        return self.evidence.types

    @property
    def protocol(self) -> str:
        """The protocol that measures."""
        return self.evidence.protocol

    @cached_property
    def resamples(self) -> metrics.Resamples:
        """The draws of images that every interval of this run rests on."""
        return metrics.Resamples(self.evidence.samples["image_id"].to_numpy(object))

    @cached_property
    def measured(self) -> np.ndarray:
        """Which samples the protocol counts, bool (samples,): all, or those with a proposal."""
        answered: np.ndarray = self.evidence.samples["proposals"].to_numpy() > 0
        return answered if metrics.find(self.protocol).skips_unanswered else np.ones_like(answered)

    @property
    def failures(self) -> pd.DataFrame:
        """The rows of failed samples."""
        return self.frame[self.frame["failed"]].reset_index(drop=True)

    def gains(self, which: np.ndarray) -> dict[str, metrics.Estimate]:
        """Estimate what is regained if these cases were cured of their primary cause.

        Parameters
        ----------
        which : bool array (samples,)
            The cases.

        Returns
        -------
        dict of str to Estimate
            "miou" and "oiou" of the whole run, in points.
        """
        cured = self.frame[["cured_intersection", "cured_union"]].to_numpy(np.int64)
        after = np.where(which[:, None], cured, self.evidence.counts)
        return self.resamples.gains(after, self.evidence.counts, protocol=self.protocol, which=self.measured)


def attribute(
    run: Any,
    *,
    method: str = METHOD,
    threshold: float = THRESHOLD,
    protocol: str | None = None,
    wordnet: WordNet | None = None,
) -> Attribution:
    """Find the cause of every failure of a run: an answer that Pr@t does not count.

    Parameters
    ----------
    run : Run
        A finished one, or a ``Pool``.
    method : str
        "tas", whose stages the stored scores are.
    threshold : float
        t, an IoU above 0 and at most 1.
    protocol : str, optional
        That measures; default the run's, or "tas" where that merges sentences.
    wordnet : WordNet, optional
        Tells persons from things beyond our list of words, and that a duck is an animal. Default that of the run's
        preset, and where its files are not here the words alone.

    Returns
    -------
    Attribution
        A row a sample.

    Raises
    ------
    ValueError
        For a method without stored stages, a threshold outside 0..1, a run without any answer, or a run of an older
        tasnb, which lacks captions and phrases.
    """
    import pandas as pd

    wanted = protocol or str(run.about["protocol"])
    evidence = Evidence.of(
        run,
        method=method,
        threshold=threshold,
        protocol=wanted if metrics.find(wanted).unit == "sentence" else "tas",
        wordnet=wordnet_of(run) if wordnet is None else wordnet,
    )
    failed, samples = evidence.is_failure, evidence.samples
    verdicts = [Verdict()] * len(samples)
    for place, case in zip(np.flatnonzero(failed), evidence.cases(failed), strict=True):
        verdicts[place] = verdict_of(case)
    frame = samples[["sample", "sample_id", "image_id", "dataset", "split", "expression", "iou"]].copy()
    frame["failed"] = failed
    for name in ("cause", "detail", "alone", "words"):
        frame[name] = [getattr(verdict, name) for verdict in verdicts]
    frame["stage"] = [CAUSES[v.cause].stage if v.cause else "" for v in verdicts]
    told = [verdict.counts or before for verdict, before in zip(verdicts, evidence.counts, strict=True)]
    counts = np.array(told, dtype=np.int64).reshape(-1, 2)
    after, before = metrics.iou(counts[:, 0], counts[:, 1], protocol=evidence.protocol), frame["iou"].to_numpy()
    frame["recoverable"] = np.where(failed, np.maximum(after - before, 0), 0.0)
    # an ideal stage is never worse than the real one: where its cure lowers the IoU, nothing is regained
    cured = np.where((after < before)[:, None], evidence.counts, counts)
    frame["cured_intersection"], frame["cured_union"] = cured.T
    holding = zip(frame["sample"], verdicts, strict=True)
    holds = [(sample, name) for sample, verdict in holding for name in CAUSES if name in verdict.holds]
    return Attribution(
        frame=frame, holds=pd.DataFrame(holds, columns=["sample", "cause"]), evidence=evidence, about=run.about
    )


def verdict_of(case: Case) -> Verdict:
    """The cause of one case; none where its answer is right."""
    if case.is_right(case.answer):
        return Verdict()
    found = {name: cured for name, cure in what_if.CURES.items() if (cured := cure(case)) is not None}
    holds = {name for name, cured in found.items() if cured.row == what_if.ANNOTATED or case.is_right(cured.row)}
    # weights that would happen to choose right are no cause where V, P and N speak against the target
    counted = holds if what_if.for_the_target(case) >= 2 else holds - {"weights"}
    alone = next((name for name in CAUSES if name in counted), None)
    cause = alone or next((name for name in found if found[name].faulty), "appearance")
    cured = found.get(cause, what_if.Cured(row=None))
    counts: tuple[int, int] | None = None
    if cured.row == what_if.ANNOTATED:
        counts = (case.target_area, case.target_area)
    elif cured.row is not None:
        counts = (int(case.intersections[cured.row]), int(case.unions[cured.row]))
    return Verdict(
        cause=cause,
        detail=cured.detail,
        words=cured.words,
        alone=alone is not None,
        holds=frozenset(holds),
        counts=counts,
    )


def recoverable(found: Attribution) -> pd.DataFrame:
    """Estimate what each cause costs: what is regained if that cause alone were cured wherever it is primary.

    Parameters
    ----------
    found : Attribution
        From ``attribute``.

    Returns
    -------
    DataFrame
        A row a cause, in the order of ``CAUSES``, and the row "all" for every failure. Columns: cause, stage, failures,
        share (per cent of the failures), alone (cures that suffice by themselves), and in points miou and oiou, each
        with the interval _low, _high of an image-cluster bootstrap. A run without failures has zeros.
    """
    import pandas as pd

    frame, rows = found.frame, []
    total = int(frame["failed"].sum())
    for name in (*CAUSES, "all"):
        mine = (frame["failed"] if name == "all" else frame["cause"] == name).to_numpy(bool)
        count = int(mine.sum())
        row: dict[str, Any] = {"cause": name, "stage": CAUSES[name].stage if name in CAUSES else "", "failures": count}
        row |= {"share": 100 * count / total if total else 0.0, "alone": int((mine & frame["alone"]).sum())}
        for metric, gain in found.gains(mine).items():
            row |= gain.columns(metric)
        rows.append(row)
    return pd.DataFrame(rows)


def recoverable_text(table: pd.DataFrame, samples: int) -> str:
    """Print what ``recoverable`` gave for a terminal.

    Parameters
    ----------
    table : DataFrame
        From ``recoverable``.
    samples : int
        Of the run.

    Returns
    -------
    str
        Causes by failures, with what curing each alone would regain.
    """
    rows = [row for row in table.to_dict("records") if row["cause"] == "all" or row["failures"]]
    total = rows[-1]["failures"]
    shown = [
        (row["cause"], row["stage"], row["failures"], row["share"], *_gain(row, "miou"), *_gain(row, "oiou"))
        for row in rows
    ]
    lines = [
        f"{total} of {samples} answers failed" + (f" ({100 * total / samples:.1f} %)." if samples else "."),
        "Points regained if that cause alone were cured, with 95 % intervals:",
        text_table(("cause", "stage", "failures", "share %", "mIoU", "interval", "oIoU", "interval"), shown),
    ]
    absent = [name for name in CAUSES if name not in {row["cause"] for row in rows}]
    if absent and total:
        lines.append(f"no failure by: {', '.join(absent)}")
    return "\n".join(lines)


def _gain(row: Mapping[str, Any], metric: str) -> tuple[float, str]:
    return row[metric], interval_text(row[f"{metric}_low"], row[f"{metric}_high"], signed=True)


def overlap(found: Attribution) -> pd.DataFrame:
    """Count causes independently: how many failures two of them would both explain.

    Parameters
    ----------
    found : Attribution
        From ``attribute``.

    Returns
    -------
    DataFrame
        A row and a column a cause; the diagonal holds how often a cause holds at all. The column "only" counts failures
        that nothing else explains, and "primary" those that the fixed order gives to it. A failure that no single cure
        explains is in "primary" alone.
    """
    import pandas as pd

    names = pd.Index(CAUSES, name="cause")
    held = pd.crosstab(found.holds["sample"], found.holds["cause"]).reindex(columns=names, fill_value=0)
    values = held.to_numpy(np.int64)
    table = pd.DataFrame(values.T @ values, index=names, columns=list(CAUSES))
    table["only"] = values[values.sum(axis=1) == 1].sum(axis=0)
    table["primary"] = found.frame["cause"].value_counts().reindex(names, fill_value=0)
    return table


def overlap_text(table: pd.DataFrame) -> str:
    """Print what ``overlap`` gave for a terminal.

    Parameters
    ----------
    table : DataFrame
        From ``overlap``.

    Returns
    -------
    str
        The causes that occur.
    """
    names = [name for name in CAUSES if table.at[name, name] or table.at[name, "primary"]]
    shown = table.loc[names, [*names, "only", "primary"]].reset_index()
    head = "Causes counted independently (both would explain a failure; on the diagonal: how often at all):"
    rows = shown.itertuples(index=False, name=None)
    return f"{head}\n{text_table(list(shown.columns), list(rows))}" if names else "No failure, so no overlap."
