"""Why each failure failed: one primary cause a case, what curing it would regain, and where causes overlap.

With scores every cause is tested on its own: its stage's result is replaced by the ideal, the stored scores are ranked
again, and the cause holds when the answer is then right. ``answers`` asks the annotations instead and needs no scores.
The primary cause is the first that holds, in the order of ``CAUSES`` or ``ANSWER_CAUSES``. With scores and
where no single cure suffices it is the first stage whose result is wrong in itself (``alone`` is False then, and the
cure regains little, often nothing); V is always the last resort, so the causes add up to the failures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tasnb.analysis import answers
from tasnb.analysis import counterfactuals as what_if
from tasnb.analysis.causes import ANSWER_CAUSES, CAUSES, THRESHOLD, Cause, Verdict
from tasnb.analysis.evidence import METHOD, Answered, Case, Evidence, wordnet_of
from tasnb.analysis.types import ExpressionTypes
from tasnb.core.brief import brief
from tasnb.core.choices import require_known
from tasnb.core.tables import interval_text, text_table
from tasnb.core.types import Sample, WordNet
from tasnb.datasets.annotations import uncollected
from tasnb.evaluation import metrics
from tasnb.evaluation.runs import has_stages, require_stages

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Attribution:
    """All samples of a run with their cause.

    Parameters
    ----------
    frame : DataFrame
        A row a sample, sorted: sample, sample_id, image_id, dataset, split, expression, iou, failed, cause ("": no
        failure), detail, alone, words (of the phrase or weights concerned), stage, recoverable (IoU regained if the
        cause were cured, 0..1), cured_intersection, cured_union; without scores also answered (the category of what was
        answered).
    holds : DataFrame
        sample, cause: a row for every cause that holds on its own.
    evidence : Answered
        What the run stored; an ``Evidence``, with scores, where the causes need them.
    causes : mapping
        The causes that were asked for, in their order: ``CAUSES`` or ``ANSWER_CAUSES``.
    about : mapping
        The run's run.json.
    """

    frame: pd.DataFrame
    holds: pd.DataFrame
    evidence: Answered
    causes: Mapping[str, Cause] = field(default_factory=lambda: CAUSES)
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
    method: str | None = None,
    threshold: float = THRESHOLD,
    protocol: str | None = None,
    wordnet: WordNet | None = None,
    causes: Literal["scores", "answers"] | None = None,
    samples: Sequence[Sample] | None = None,
    withdrawn: Collection[str] = (),
) -> Attribution:
    """Find the cause of every failure of a run: an answer that Pr@t does not count.

    Parameters
    ----------
    run : Run
        A finished one, or a ``Pool``.
    method : str, optional
        Whose answers; default "tas" where the run has it, else its first.
    threshold : float
        t, an IoU above 0 and at most 1.
    protocol : str, optional
        That measures; default the run's, or "tas" where that merges sentences.
    wordnet : WordNet, optional
        Tells persons from things beyond our list of words, and that a duck is an animal. Default that of the run's
        preset, and where its files are not here the words alone.
    causes : {"scores", "answers"}, optional
        "scores": which stage of TAS failed, from the stored scores (``CAUSES``). "answers": what is wrong with the
        answer, from the answer and all that is annotated (``ANSWER_CAUSES``), for any method and for imported answers.
        Default "scores" where the run has them and the method is "tas".
    samples : sequence of Sample, optional
        "answers" alone: those that the run was made from; default what its run.json names.
    withdrawn : collection of str
        "answers" alone: ids of samples whose mask was withdrawn from the data, as RefCOCO-M did with some of RefCOCO.

    Returns
    -------
    Attribution
        A row a sample.

    Raises
    ------
    ValueError
        For a method without stored stages, a threshold outside 0..1, a run without any answer, or a run of an older
        tasnb, which lacks captions and phrases; for data that are not here, where the annotations are asked.
    """
    wanted = protocol or str(run.about["protocol"])
    if method is None:
        method = METHOD if METHOD in run.about["methods"] else str(run.about["methods"][0])
    if causes is None:
        causes = "scores" if has_stages(run) and method == METHOD else "answers"
    require_known("causes", causes, ("scores", "answers"))
    options: dict[str, Any] = {"method": method, "threshold": threshold}
    options["protocol"] = wanted if metrics.find(wanted).unit == "sentence" else "tas"
    options["wordnet"] = wordnet_of(run) if wordnet is None else wordnet
    evidence: Answered
    if causes == "scores":
        require_stages(run, "attribution by scores")
        evidence = scored = Evidence.of(run, **options)
        verdicts = [verdict_of(case) for case in scored.cases(scored.is_failure)]
        return _attributed(run, evidence, verdicts, CAUSES)
    with uncollected():  # thousands of parses and verdicts
        evidence = Answered.of(run, **options)
        verdicts, evidence = answers.verdicts(run, evidence, method, samples=samples, withdrawn=withdrawn)
    return _attributed(run, evidence, verdicts, ANSWER_CAUSES)


def _attributed(run: Any, evidence: Answered, found: Sequence[Verdict], causes: Mapping[str, Cause]) -> Attribution:
    """The frame of a run; found: a verdict of every failure, in order."""
    import pandas as pd

    failed, samples = evidence.is_failure, evidence.samples
    verdicts = [Verdict()] * len(samples)
    for place, verdict in zip(np.flatnonzero(failed), found, strict=True):
        verdicts[place] = verdict
    frame = samples[["sample", "sample_id", "image_id", "dataset", "split", "expression"]].copy()
    frame["iou"], frame["failed"] = evidence.ious, failed
    for name in ("cause", "detail", "alone", "words"):
        frame[name] = [getattr(verdict, name) for verdict in verdicts]
    frame["stage"] = [causes[v.cause].stage if v.cause else "" for v in verdicts]
    told = [verdict.counts or before for verdict, before in zip(verdicts, evidence.counts, strict=True)]
    counts = np.array(told, dtype=np.int64).reshape(-1, 2)
    after, before = metrics.iou(counts[:, 0], counts[:, 1], protocol=evidence.protocol), frame["iou"].to_numpy()
    frame["recoverable"] = np.where(failed, np.maximum(after - before, 0), 0.0)
    # an ideal stage is never worse than the real one: where its cure lowers the IoU, nothing is regained
    cured = np.where((after < before)[:, None], evidence.counts, counts)
    frame["cured_intersection"], frame["cured_union"] = cured.T
    if causes is ANSWER_CAUSES:
        frame["answered"] = np.where(failed, [v.answered for v in verdicts], samples["category"].fillna(""))
    holding = zip(frame["sample"], verdicts, strict=True)
    holds = [(sample, name) for sample, verdict in holding for name in causes if name in verdict.holds]
    return Attribution(
        frame=frame,
        holds=pd.DataFrame(holds, columns=["sample", "cause"]),
        evidence=evidence,
        causes=causes,
        about=run.about,
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
        A row a cause, in the order of ``found.causes``, and the row "all" for every failure. Columns: cause, stage,
        failures, share (per cent of the failures), alone (cures that suffice by themselves), and in points miou and
        oiou, each with the interval _low, _high of an image-cluster bootstrap. A run without failures has zeros.
    """
    import pandas as pd

    frame, rows = found.frame, []
    total = int(frame["failed"].sum())
    for name in (*found.causes, "all"):
        mine = (frame["failed"] if name == "all" else frame["cause"] == name).to_numpy(bool)
        count = int(mine.sum())
        row: dict[str, Any] = {
            "cause": name,
            "stage": found.causes[name].stage if name in found.causes else "",
            "failures": count,
        }
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
    absent = [name for name in table["cause"] if name not in {row["cause"] for row in rows}]
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

    names = pd.Index(found.causes, name="cause")
    held = pd.crosstab(found.holds["sample"], found.holds["cause"]).reindex(columns=names, fill_value=0)
    values = held.to_numpy(np.int64)
    table = pd.DataFrame(values.T @ values, index=names, columns=list(names))
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
    names = [name for name in table.index if table.at[name, name] or table.at[name, "primary"]]
    shown = table.loc[names, [*names, "only", "primary"]].reset_index()
    head = "Causes counted independently (both would explain a failure; on the diagonal: how often at all):"
    rows = shown.itertuples(index=False, name=None)
    return f"{head}\n{text_table(list(shown.columns), list(rows))}" if names else "No failure, so no overlap."
