"""One run under another annotation of the same pictures: how much of its error is the annotation's.

The same answers are measured twice, on the sentences that both annotations have: once against the masks that the run
was made with, once against the others, such as RefCOCO-M's. Nothing is answered again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.tables import counted, interval_text, text_table
from tasnb.datasets import Samples
from tasnb.evaluation import metrics
from tasnb.evaluation.records import NO_PROPOSAL
from tasnb.evaluation.runs import RunLike
from tasnb.evaluation.samples import MissingCase, RunSamples

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Reannotation:
    """What ``reannotated`` found.

    Parameters
    ----------
    frame : DataFrame
        A row per method and metric: method, metric, own and other (figures under each annotation), difference (other -
        own) in points with its interval (low, high), share (of the points that own lacks to 100, how many per cent the
        other annotation gives back), n.
    names : tuple of str
        Of the run's data and of the other annotation.
    withdrawn : tuple of str
        Sample ids of the run about objects that the other annotation does not have: their mask was taken out.
        ``analysis.attribute(run, causes="answers", withdrawn=...)`` takes them.
    removed : int
        How many such objects.
    unpaired : int
        Sentences of the run that the other annotation does not have, those of such objects among them.
    ambiguous : int
        Sentences said of several objects of one picture, which are left out.
    """

    frame: pd.DataFrame
    names: tuple[str, str]
    withdrawn: tuple[str, ...]
    removed: int
    unpaired: int
    ambiguous: int

    __repr__ = brief

    def to_frame(self) -> pd.DataFrame:
        """The figures as a table.

        Returns
        -------
        DataFrame
            A copy of ``frame``.
        """
        return self.frame.copy()

    def to_dict(self) -> dict[str, Any]:
        """All of it for JSON.

        Returns
        -------
        dict
            own, other, rows, removed, unpaired, ambiguous.
        """
        counts = {name: getattr(self, name) for name in ("removed", "unpaired", "ambiguous")}
        return {"own": self.names[0], "other": self.names[1], "rows": self.frame, **counts}

    def text(self) -> str:
        """The table for a terminal, with what was left out.

        Returns
        -------
        str
            Several lines.
        """
        rows = []
        for row in self.frame.to_dict("records"):
            interval = interval_text(row["low"], row["high"], signed=True)
            figures = [row["own"], row["other"], f"{row['difference']:+.2f}", interval, row["share"], row["n"]]
            rows.append([row["method"], row["metric"], *figures])
        own, other = self.names
        headers = ["method", "metric", own, other, "difference", "95 % interval", "% of error", "n"]
        return "\n".join(
            [
                text_table(headers, rows),
                "the same answers under two annotations, paired by picture and sentence; % of error: of the points "
                "that the first lacks to 100, the share that the second gives back",
                f"{other} lacks {counted(self.removed, 'mask')} and {counted(self.unpaired, 'sentence')} of the run; "
                f"{counted(self.ambiguous, 'sentence')} left out, said of several objects of one picture",
            ]
        )


def reannotated(
    run: RunLike, samples: Samples, *, protocol: str | None = None, metric: str | None = None
) -> Reannotation:
    """Measure the answers of a run under its own annotation and under another one.

    Parameters
    ----------
    run : Run
        On RefCOCO val, say; its masks are stored, and its pictures are not read.
    samples : Samples
        The other annotation of the same pictures, with the same image ids: ``datasets.load("refcoco-m")``.
    protocol : str, optional
        One whose unit is a sentence; the run's own by default.
    metric : str, optional
        As ``compare`` has it; by default mIoU and oIoU.

    Returns
    -------
    Reannotation
        The figures of every method, paired by COCO's image id and the sentence's text.

    Raises
    ------
    UserError
        For a protocol that merges sentences, for no sentence in common, and for an answer that the run did not store.
    """
    import pandas as pd

    chosen = protocol or str(run.about["protocol"])
    if metrics.find(chosen).unit != "sentence":
        raise UserError(f"protocol {chosen!r} merges sentences, which are paired here; choose tas, lavt, gres ...")
    predictions, stored = run.predictions(), RunSamples(run)
    asked = predictions.drop_duplicates("sample")
    own = _by_sentence(zip(asked["image_id"], asked["expression"], asked["ref_id"], asked["sample"], strict=True))
    columns = samples.image_ids, samples.expressions, samples.ref_ids, range(len(samples))
    others = _by_sentence(zip(*columns, strict=True))
    shared = [key for key in others if key in own]
    plain = [key for key in shared if all(len({ref for ref, _ in there[key]}) == 1 for there in (own, others))]
    if not plain:
        raise UserError(
            f"the run on {run.about['dataset']['name']} and {samples.name} have no sentence of a picture in common; "
            "both must be annotations of the same pictures with COCO's image ids"
        )
    rows = {(row.sample, row.method): row for row in predictions.itertuples()}
    measured: dict[str, list[tuple[str, tuple[int, ...], tuple[int, ...]]]] = {name: [] for name in run.methods}
    for key in plain:
        target = samples.target(others[key][0][1])
        assert target is not None  # the annotation of every data set that has one
        for method in run.methods:
            for _, number in own[key]:
                if (row := rows.get((number, method))) is not None:
                    first = int(row.intersection), int(row.union), int(row.target_area)
                    measured[method].append((key[0], first, _counts_of(stored, row, target)))
    found = [
        _row(method, name, pairs, chosen)
        for method, pairs in measured.items()
        if pairs
        for name in ((metric,) if metric else ("miou", "oiou"))
    ]
    lost = [key for key in own if key not in others]
    kept = {(key[0], ref) for key in own if key in others for ref, _ in own[key]}
    removed = {(key[0], ref) for key in lost for ref, _ in own[key]} - kept
    id_of = dict(zip(asked["sample"], asked["sample_id"], strict=True))
    return Reannotation(
        frame=pd.DataFrame(found),
        names=(str(run.about["dataset"]["name"]), samples.name),
        withdrawn=tuple(id_of[at] for key in lost for ref, at in own[key] if (key[0], ref) in removed),
        removed=len(removed),
        unpaired=sum(len(own[key]) for key in lost),
        ambiguous=sum(len(own[key]) for key in shared) - sum(len(own[key]) for key in plain),
    )


def _by_sentence(rows: Any) -> Mapping[tuple[str, str], list[tuple[str, int]]]:
    """(image, text) -> the refs of which it is said, and where."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for image_id, text, ref_id, place in rows:
        found.setdefault((str(image_id), " ".join(str(text).split())), []).append((str(ref_id), int(place)))
    return found


def _counts_of(stored: RunSamples, row: Any, target: np.ndarray) -> tuple[int, int, int]:
    """Intersection, union and target area of an answer against another mask."""
    area, answer = int(np.count_nonzero(target)), stored.answer(row.sample, row.method)
    if answer is None:
        if row.chosen != NO_PROPOSAL:
            raise MissingCase(f"the run did not store what {row.method} answered to {row.sample_id}")
        return 0, area, area
    return *metrics.intersection_union(answer, target), area


def _row(method: str, metric: str, pairs: list[Any], protocol: str) -> dict[str, Any]:
    images, own, other = (np.array(column) for column in zip(*pairs, strict=True))
    drawn = metrics.Resamples(images)
    first = drawn.figures(own, (metric,), protocol=protocol)[metric].value
    gain = drawn.gains(other, own, (metric,), protocol=protocol)[metric]
    share = 100 * gain.value / (100 - first) if first < 100 else float("nan")
    row = {"method": method, "metric": metric, "own": first, "other": first + gain.value, "difference": gain.value}
    return {**row, "low": gain.low, "high": gain.high, "share": share, "n": len(pairs)}
