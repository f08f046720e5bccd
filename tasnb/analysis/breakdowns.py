"""Questions to an attributed run: a tidy frame per question, every figure with its interval.

``cases`` is a row a sample and what every other table is cut from; the gallery takes it as columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis.attribution import Attribution, attribute
from tasnb.analysis.causes import CAUSES
from tasnb.analysis.recovery import gain_of
from tasnb.analysis.sentences import sentence_of
from tasnb.analysis.types import LENGTHS, STYLES, TYPES
from tasnb.evaluation import metrics

if TYPE_CHECKING:
    import pandas as pd

# name of a cut -> what it asks
CUTS: dict[str, str] = {
    "type": "Which kinds of expressions fail? An expression of several types counts in each.",
    "stage": "Which stage fails? Only failures have one.",
    "cause": "Which cause fails them? Only failures have one.",
    "head": "Which head nouns fail? The most frequent ones, the rest together.",
    "length": "Do long expressions fail more? Words.",
    "style": "Do terse expressions fail more than sentences?",
    "n-same-kind": "Do others of the same kind in the picture mislead? From the annotations.",
    "target-size": "Do small targets fail more? Share of the picture's pixels.",
    "split": "Do the splits differ?",
}
SIZES = ((0.01, "below 1 %"), (0.03, "1 to 3 %"), (0.10, "3 to 10 %"))  # of the picture, up to here; then "above 10 %"
SIZE_NAMES = (*(name for _, name in SIZES), "above 10 %", "unknown")
KIND_NAMES = ("0", "1", "2", "3", "4 or more", "unknown")
HEADS = 15  # most frequent head nouns with a row of their own
OTHER = "(other)"


def cases(run: Any, **options: Any) -> pd.DataFrame:
    """A row a sample: what it is, how it was answered, and why it failed.

    run: a ``Run``, or an ``Attribution`` at hand. options: of ``attribute``. Columns: sample, sample_id, image_id,
    dataset, split, expression, iou, failed, cause, detail, alone, words, stage, price (IoU, 0..1), why (a sentence),
    types (names joined by a comma and a blank), style, length (words), head, category, same_kind (others of the
    target's kind, -1 unknown), target_size (share of the picture, NaN unknown), margin (S of the answer less the best
    other candidate's, NaN without one), proposals, oracle_iou.
    """
    found = run if isinstance(run, Attribution) else attribute(run, **options)
    samples, frame = found.evidence.samples, found.frame.copy()
    frame["why"] = [sentence_of(row) for row in frame.to_dict("records")]
    frame["types"] = [", ".join(t.names) for t in found.types]
    frame["style"] = [t.style for t in found.types]
    frame["length"] = [t.length for t in found.types]
    frame["head"] = samples["head"].to_numpy(object)
    frame["category"] = samples["category"].fillna("").to_numpy(object)
    frame["same_kind"] = samples["same_kind"].fillna(-1).astype(int).to_numpy()
    frame["target_size"] = _target_sizes(found)
    frame["margin"] = margins(found)
    frame["proposals"] = samples["proposals"].to_numpy()
    frame["oracle_iou"] = samples["oracle_iou"].to_numpy()
    return frame.drop(columns=["cured_intersection", "cured_union"])


def margins(found: Attribution) -> np.ndarray:
    """S of the best candidate less that of the second, (samples,), 0 or more; NaN with fewer than two candidates.

    Two proposals of one thing leave a small margin although either is right: read it with the accuracy beside it.
    """
    ranking, out = found.evidence.ranking, np.full(len(found.frame), np.nan)
    total = ranking.total(found.evidence.weights)
    total = np.where(ranking.candidates(total), total, -np.inf)
    for place, (start, end) in enumerate(found.evidence.spans):
        if end - start > 1:
            second, first = np.partition(total[start:end], -2)[-2:]
            out[place] = first - second if np.isfinite(second) else np.nan
    return out


def check_cut(by: str) -> None:
    """Raise ValueError, listing the choices, for an unknown cut."""
    if by not in CUTS:
        raise ValueError(f"unknown cut {by!r}; choose from {', '.join(CUTS)}")


def groups(found: Attribution, by: str) -> dict[str, np.ndarray]:
    """Name -> which samples, bool (samples,), in the order of a table; empty groups are left out.

    Raises ValueError for an unknown cut.
    """
    check_cut(by)
    if by == "type":
        names = [frozenset(t.names) for t in found.types]
        made = {name: np.array([name in each for each in names], dtype=bool) for name in TYPES}
    else:
        labels, order = _labels(found, by)
        made = {name: labels == name for name in order}
    return {name: mask for name, mask in made.items() if mask.any()}


def ask(found: Attribution, by: str) -> pd.DataFrame:
    """One cut of a run: a row a group, and the row "all".

    Columns: group, n, failures, accuracy (per cent not failed), miou and oiou in per cent, each with _low and _high,
    oracle_miou (of the best proposals), price (points of the whole run's mIoU that these failures cost by their primary
    causes), price_low, price_high, main_cause (the most frequent, "" without a failure).
    Raises ValueError for an unknown cut.
    """
    import pandas as pd

    failed = found.frame["failed"].to_numpy(bool)
    every = groups(found, by) | {"all": np.ones(len(found.frame), dtype=bool)}
    rows = []
    for name, mask in every.items():
        row: dict[str, Any] = {"group": name, "n": int(mask.sum()), "failures": int((mask & failed).sum())}
        row |= _figures(found, mask)
        price = gain_of(found, mask & failed, "miou")
        row |= {"price": price.value, "price_low": price.low, "price_high": price.high}
        causes = found.frame["cause"][mask & failed]
        # of equally frequent causes the earlier in the order of CAUSES
        row["main_cause"] = max(CAUSES, key=lambda c: int((causes == c).sum())) if len(causes) else ""
        rows.append(row)
    return pd.DataFrame(rows)


def heat(found: Attribution, by: str = "type") -> pd.DataFrame:
    """Cause x group, long: group, cause, failures, share (per cent of the group), price (points of the run's mIoU)."""
    import pandas as pd

    cause, price = found.frame["cause"].to_numpy(object), found.frame["price"].to_numpy(np.float64)
    rows = [
        {
            "group": name, "cause": c, "failures": int((mask & (cause == c)).sum()),
            "share": 100 * float((mask & (cause == c)).sum() / mask.sum()),
            "price": 100 * float(price[mask & (cause == c)].sum()) / len(found.frame),
        }
        for name, mask in groups(found, by).items()
        for c in CAUSES
    ]  # fmt: skip
    return pd.DataFrame(rows)


def calibration(found: Attribution, *, bins: int = 8) -> pd.DataFrame:
    """How sure is S: samples in bins of equal size by their margin, and how often they are right.

    Columns: low, high, margin (mean), n, accuracy (per cent) with accuracy_low and accuracy_high. Samples without a
    margin are left out; with fewer samples than bins there is a bin a sample. Raises ValueError for less than one bin.
    """
    import pandas as pd

    if bins < 1:
        raise ValueError(f"bins: expected at least 1, got {bins}")
    margin, right = margins(found), ~found.frame["failed"].to_numpy(bool)
    known = np.flatnonzero(np.isfinite(margin))
    order = known[np.argsort(margin[known], kind="stable")]
    rows = []
    for part in np.array_split(order, min(bins, len(order))) if len(order) else []:
        inside = np.zeros(len(margin), dtype=bool)
        inside[part] = True
        share = found.resamples.ratio(right & inside, inside)
        rows.append(
            {"low": margin[part[0]], "high": margin[part[-1]], "margin": float(margin[part].mean()), "n": len(part),
             "accuracy": share.value, "accuracy_low": share.low, "accuracy_high": share.high}
        )  # fmt: skip
    columns = ["low", "high", "margin", "n", "accuracy", "accuracy_low", "accuracy_high"]
    return pd.DataFrame(rows, columns=columns)


def confusion_of_heads(found: Attribution, *, top: int = 12) -> pd.DataFrame:
    """Which noun was asked for and which one the answer's caption names: counts, asked down, answered across.

    asked: the kind of the target where the data set tells, else the head noun. Captions are the captioner's, so a
    row also shows what it misnames. The ``top`` most frequent nouns; the rest are "(other)". Of several known nouns in
    a caption the first counts.
    """
    import pandas as pd

    samples, e = found.evidence.samples, found.evidence
    kinds = samples["category"].fillna("").to_numpy(object)
    asked = np.where(kinds == "", samples["head"].to_numpy(object), kinds)
    known = {str(noun) for noun in asked if noun}
    answered = []
    for (start, _), chosen in zip(e.spans, samples["chosen"], strict=True):
        words = e.captions[start + chosen].lower().replace(",", " ").split() if chosen >= 0 else []
        answered.append(next((word for word in words if word in known), OTHER))
    frequent = list(pd.Series(asked[asked != ""]).value_counts().index[:top])
    down = [noun if noun in frequent else OTHER for noun in asked]
    across = [noun if noun in frequent else OTHER for noun in answered]
    order = [*frequent, OTHER]
    table = pd.crosstab(pd.Series(down, name="asked"), pd.Series(across, name="answered"))
    return table.reindex(index=order, columns=order, fill_value=0)


def _figures(found: Attribution, mask: np.ndarray) -> dict[str, float]:
    samples, counted = found.evidence.samples, mask & found.measured
    counts = samples[["intersection", "union"]].to_numpy(np.int64)
    best = metrics.iou(
        samples["oracle_intersection"].to_numpy(np.int64), samples["oracle_union"].to_numpy(np.int64),
        protocol=found.protocol,
    )  # fmt: skip
    row = {"accuracy": 100 * float((~found.frame["failed"][mask]).mean())}
    for metric in ("miou", "oiou"):
        row |= found.resamples.figure(counts, metric=metric, protocol=found.protocol, which=counted).columns(metric)
    return row | {"oracle_miou": 100 * float(best[counted].mean()) if counted.any() else np.nan}


def _labels(found: Attribution, by: str) -> tuple[np.ndarray, Sequence[str]]:
    """The group of every sample, and the groups in order."""
    samples, frame = found.evidence.samples, found.frame
    if by in ("stage", "cause"):
        stages = dict.fromkeys(cause.stage for cause in CAUSES.values())
        return frame[by].to_numpy(object), list(stages if by == "stage" else CAUSES)
    if by == "length":
        return np.array([t.length_group for t in found.types], object), [*(name for _, name in LENGTHS), "9+"]
    if by == "style":
        return np.array([t.style for t in found.types], object), STYLES
    if by == "n-same-kind":
        counts = samples["same_kind"].fillna(-1).astype(int)
        return np.array([KIND_NAMES[min(c, 4)] if c >= 0 else "unknown" for c in counts], object), KIND_NAMES
    if by == "target-size":
        sizes = [next((n for most, n in SIZES if s < most), "above 10 %") if s == s else "unknown"
                 for s in _target_sizes(found)]  # fmt: skip
        return np.array(sizes, object), SIZE_NAMES
    if by == "split":
        labels = (samples["dataset"] + " " + samples["split"]).to_numpy(object)
        return labels, sorted(set(labels))
    heads = samples["head"].replace("", "(no noun)")
    frequent = list(heads.value_counts().index[:HEADS])
    return np.where(heads.isin(frequent), heads, OTHER), [*frequent, OTHER]


def _target_sizes(found: Attribution) -> np.ndarray:
    areas = found.evidence.samples["target_area"].to_numpy(np.float64)
    pixels = found.evidence.pixels.astype(np.float64)
    return np.divide(areas, pixels, out=np.full(len(areas), np.nan), where=pixels > 0)
