"""Breakdowns of an attributed run, and of one run against another: a tidy frame each, every figure with its interval.

``cases`` is a row a sample and what every other table is cut from; the gallery takes it as columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis.answer_causes import NO_CATEGORY
from tasnb.analysis.attribution import Attribution, attribute
from tasnb.analysis.causes import sentence_of
from tasnb.analysis.evidence import Evidence, caption_words
from tasnb.analysis.types import LENGTH_NAMES, STYLES, TYPES
from tasnb.core.brief import brief
from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.tables import counted, interval_text, text_table
from tasnb.evaluation import metrics
from tasnb.evaluation.runs import has_stages

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
SIZE_LIMITS = (0.01, 0.03, 0.10)  # of the picture, each below the next name
SIZE_NAMES = ("below 1 %", "1 to 3 %", "3 to 10 %", "above 10 %", "unknown")
KIND_NAMES = ("0", "1", "2", "3", "4 or more", "unknown")
HEADS = 15  # most frequent head nouns with a row of their own
OTHER, NOTHING = "(other)", "(nothing)"
SHOWN_FLIPS = 10


def cases(run: Any, **options: Any) -> pd.DataFrame:
    """Tell of each sample what it is, how it was answered, and why it failed.

    Parameters
    ----------
    run : Run or Attribution
        A finished run, or what ``attribute`` found in it.
    **options
        Of ``attribute``.

    Returns
    -------
    DataFrame
        A row a sample: sample, sample_id, image_id, dataset, split, expression, iou, failed, cause, detail, alone,
        words, stage, recoverable (IoU, 0..1), why (a sentence), types (names joined by a comma and a blank), style,
        length (words), head, category, same_kind (others of the target's kind, -1 unknown), target_size (share of the
        picture, NaN unknown), margin (S of the answer less the best other candidate's, NaN without one), proposals,
        oracle_iou (NaN without proposals).
    """
    found = run if isinstance(run, Attribution) else attribute(run, **options)
    samples, frame = found.evidence.samples, found.frame.copy()
    frame["why"] = [sentence_of(row) for row in frame.to_dict("records")]
    frame["types"] = [", ".join(t.names) for t in found.types]
    frame["style"] = [t.style for t in found.types]
    frame["length"] = [t.length for t in found.types]
    frame["head"] = samples["head"]
    frame["category"] = samples["category"].fillna("")
    frame["same_kind"] = samples["same_kind"].fillna(-1).astype(int)
    frame["target_size"] = found.evidence.target_sizes
    frame["margin"] = margins(found)
    frame["proposals"] = samples["proposals"]
    frame["oracle_iou"] = samples["oracle_iou"] if has_stages(found) else np.nan
    return frame.drop(columns=["cured_intersection", "cured_union"])


def margins(found: Attribution) -> np.ndarray:
    """Measure how sure each answer was: S of the best candidate less that of the second.

    Parameters
    ----------
    found : Attribution
        From ``attribute``.

    Returns
    -------
    float array (samples,)
        0 or more; NaN with fewer than two candidates, and for causes without scores.

    Notes
    -----
    Two proposals of one thing leave a small margin although either is right: read it with the accuracy beside it.
    """
    evidence, out = found.evidence, np.full(len(found.frame), np.nan)
    if not isinstance(evidence, Evidence):
        return out
    total = np.where(evidence.kept, evidence.ranking.total(evidence.weights), -np.inf)
    for place, (start, end) in enumerate(evidence.spans):
        if end - start > 1:
            second, first = np.partition(total[start:end], -2)[-2:]
            out[place] = first - second if np.isfinite(second) else np.nan
    return out


def check_cut(by: str) -> None:
    """Refuse an unknown cut.

    Parameters
    ----------
    by : str
        A key of ``CUTS``.

    Raises
    ------
    ValueError
        For any other, listing the choices.
    """
    require_known("cut", by, CUTS)


def groups(found: Attribution, by: str) -> dict[str, np.ndarray]:
    """Cut a run into groups.

    Parameters
    ----------
    found : Attribution
        From ``attribute``.
    by : str
        A key of ``CUTS``.

    Returns
    -------
    dict of str to bool array (samples,)
        Name -> which samples, in the order of a table; empty groups are left out.

    Raises
    ------
    ValueError
        For an unknown cut.
    """
    check_cut(by)
    if by == "type":
        names = [frozenset(t.names) for t in found.types]
        made = {name: np.array([name in each for each in names], dtype=bool) for name in TYPES}
    else:
        labels, order = _labels(found, by)
        made = {name: labels == name for name in order}
    return {name: mask for name, mask in made.items() if mask.any()}


def breakdown(found: Attribution, by: str) -> pd.DataFrame:
    """Break a run down by one cut.

    Parameters
    ----------
    found : Attribution
        From ``attribute``.
    by : str
        A key of ``CUTS``.

    Returns
    -------
    DataFrame
        A row a group, and the row "all": group, n, failures, accuracy (per cent not failed), miou and oiou in per cent,
        each with _low and _high, oracle_miou (of the best proposals, NaN without any), recoverable (points of the
        whole run's mIoU that these failures cost by their primary causes) with _low and _high, main_cause (the most
        frequent, "" without a failure).

    Raises
    ------
    ValueError
        For an unknown cut.
    """
    import pandas as pd

    samples, failed = found.evidence.samples, found.frame["failed"].to_numpy(bool)
    oracle = [samples[f"oracle_{name}"].to_numpy(np.int64) for name in ("intersection", "union")]
    best = metrics.iou(oracle[0], oracle[1], protocol=found.protocol)
    rows = []
    for name, mask in (groups(found, by) | {"all": np.ones(len(failed), dtype=bool)}).items():
        counted, mine = mask & found.measured, mask & failed
        row: dict[str, Any] = {"group": name, "n": int(mask.sum()), "failures": int(mine.sum())}
        row["accuracy"] = 100 * float((~failed[mask]).mean())
        for metric, figure in found.resamples.figures(
            found.evidence.counts, protocol=found.protocol, which=counted
        ).items():
            row |= figure.columns(metric)
        row["oracle_miou"] = 100 * float(best[counted].mean()) if counted.any() and has_stages(found) else np.nan
        row |= found.gains(mine)["miou"].columns("recoverable")
        causes = Counter(found.frame["cause"][mine])
        # of equally frequent causes the earlier in their order
        row["main_cause"] = max(found.causes, key=lambda cause: causes[cause]) if causes else ""
        rows.append(row)
    return pd.DataFrame(rows)


def breakdown_text(table: pd.DataFrame, by: str) -> str:
    """Print what ``breakdown`` gave for a terminal.

    Parameters
    ----------
    table : DataFrame
        From ``breakdown``.
    by : str
        The cut.

    Returns
    -------
    str
        The question, and a line a group.
    """
    has_best = table["oracle_miou"].notna().any()
    best, legend = (("best",), "best: mIoU of the best proposals; ") if has_best else ((), "")
    headers = (by, "n", "right %", "mIoU", "interval", *best, "failed", "costs", "interval", "main cause")
    rows = [
        (
            row["group"], row["n"], row["accuracy"], row["miou"], interval_text(row["miou_low"], row["miou_high"]),
            *((row["oracle_miou"],) if has_best else ()), row["failures"], row["recoverable"],
            interval_text(row["recoverable_low"], row["recoverable_high"]), row["main_cause"],
        )
        for row in table.to_dict("records")
    ]  # fmt: skip
    legend += "costs: points of the whole run's mIoU that these failures cost"
    return f"{CUTS[by]}\n{text_table(headers, rows)}\n{legend}"


def heat(found: Attribution, by: str = "type") -> pd.DataFrame:
    """Count causes in the groups of a cut.

    Parameters
    ----------
    found : Attribution
        From ``attribute``.
    by : str
        A key of ``CUTS``.

    Returns
    -------
    DataFrame
        A row a group and cause: group, cause, failures, share (per cent of the group), recoverable (points of the run's
        mIoU).
    """
    import pandas as pd

    cause, regained = found.frame["cause"].to_numpy(object), found.frame["recoverable"].to_numpy(np.float64)
    rows = []
    for name, mask in groups(found, by).items():
        for each in found.causes:
            mine = mask & (cause == each)
            count, points = int(mine.sum()), 100 * float(regained[mine].sum()) / len(found.frame)
            rows.append((name, each, count, 100 * float(count / mask.sum()), points))
    return pd.DataFrame(rows, columns=["group", "cause", "failures", "share", "recoverable"])


def calibration(found: Attribution, *, bins: int = 8) -> pd.DataFrame:
    """Ask how sure S is: samples in bins of equal size by their margin, and how often they are right.

    Parameters
    ----------
    found : Attribution
        From ``attribute``.
    bins : int
        At least 1; with fewer samples there is a bin a sample.

    Returns
    -------
    DataFrame
        A row a bin: low, high, margin (mean), n, accuracy (per cent) with accuracy_low and accuracy_high. Samples
        without a margin are left out.

    Raises
    ------
    ValueError
        For less than one bin.
    """
    import pandas as pd

    if bins < 1:
        raise UserError(f"bins: expected at least 1, got {bins}")
    margin, right = margins(found), ~found.frame["failed"].to_numpy(bool)
    known = np.flatnonzero(np.isfinite(margin))
    order = known[np.argsort(margin[known], kind="stable")]
    rows = []
    for part in np.array_split(order, min(bins, len(order))) if len(order) else []:
        inside = np.isin(np.arange(len(margin)), part)
        low, high, mean = margin[part[0]], margin[part[-1]], float(margin[part].mean())
        share = found.resamples.ratio(right & inside, inside).columns("accuracy")
        rows.append({"low": low, "high": high, "margin": mean, "n": len(part), **share})
    columns = ["low", "high", "margin", "n", "accuracy", "accuracy_low", "accuracy_high"]
    return pd.DataFrame(rows, columns=columns)


def trust(found: Attribution, *, bins: int = 4) -> dict[str, Any] | None:
    """Ask whether a large margin is a sign of a right answer: the bin with the largest against that with the smallest.

    Parameters
    ----------
    found : Attribution
        From ``attribute``.
    bins : int
        Of equal size, as in ``calibration``.

    Returns
    -------
    dict or None
        small and large, each with n and accuracy (per cent); gain, gain_low and gain_high, in points. The sign is shown
        where the interval leaves 0 out. None with fewer samples than bins.
    """
    table = calibration(found, bins=bins)
    if len(table) < bins:
        return None
    margin, right = margins(found), ~found.frame["failed"].to_numpy(bool)
    order = np.argsort(margin, kind="stable")[: int(table["n"].sum())]  # NaN is sorted last
    ends = [
        np.isin(np.arange(len(margin)), part) for part in (order[: table["n"].iloc[0]], order[-table["n"].iloc[-1] :])
    ]
    gain = found.resamples.ratio_gain((right & ends[1], ends[1]), (right & ends[0], ends[0]))
    small, large = ({"n": int(row["n"]), "accuracy": row["accuracy"]} for _, row in table.iloc[[0, -1]].iterrows())
    return {"small": small, "large": large, **gain.columns("gain")}


def confusion_of_heads(found: Attribution, *, top: int = 12) -> pd.DataFrame:
    """Count which noun was asked for and which one the answer's caption names.

    Parameters
    ----------
    found : Attribution
        From ``attribute``.
    top : int
        How many of the most frequent nouns; the rest are "(other)".

    Returns
    -------
    DataFrame
        Counts, asked down, answered across.

    Raises
    ------
    ValueError
        For causes without scores.

    Notes
    -----
    Asked is the kind of the target where the data set tells, else the head noun. Captions are the captioner's, so a row
    also shows what it misnames. Of several known nouns in a caption the first counts.
    """
    import pandas as pd

    samples, evidence = found.evidence.samples, found.evidence
    if not isinstance(evidence, Evidence):
        raise UserError("the captions of answers come with causes of scores; without them see analysis.confusion")
    kinds = samples["category"].fillna("").to_numpy(object)
    asked = np.where(kinds == "", samples["head"].to_numpy(object), kinds)
    known = {str(noun) for noun in asked if noun}
    answered = []
    for (start, _), chosen in zip(evidence.spans, samples["chosen"], strict=True):
        words = caption_words(evidence.captions[start + chosen]) if chosen >= 0 else []
        answered.append(next((word for word in words if word in known), OTHER))
    order = [*pd.Series(asked[asked != ""]).value_counts().index[:top], OTHER]
    down, across = (pd.Series(each).where(pd.Series(each).isin(order), OTHER) for each in (asked, answered))
    table = pd.crosstab(down.rename("asked"), across.rename("answered"))
    return table.reindex(index=order, columns=order, fill_value=0)


def confusion(found: Attribution, *, top: int = 12) -> pd.DataFrame:
    """Count which category was meant and of which category the thing is that was answered, by the annotations.

    Parameters
    ----------
    found : Attribution
        From ``attribute(run, causes="answers")``.
    top : int
        How many of the most frequent categories; the rest are "(other)".

    Returns
    -------
    DataFrame
        Counts, meant down, answered across. A right answer stands for its target's category, on the diagonal, as does a
        failure that is of the target or of another thing of its category. "(empty)", "(several)" and "(nothing
        annotated)" across are no category; nor is "(nothing)" down, where nothing is meant.

    Raises
    ------
    ValueError
        For causes of scores.
    """
    import pandas as pd

    if "answered" not in found.frame:
        raise UserError('which category was answered is known of attribute(run, causes="answers"); these are of scores')
    samples = found.evidence.samples
    meant = samples["category"].fillna("").where(samples["target_area"] > 0, NOTHING).to_numpy(object)
    answered = found.frame["answered"].where(found.frame["answered"] != "", "(unknown)")
    meant = pd.Series(np.where(meant == "", "(unknown)", meant))
    order = [*meant.value_counts().index[:top], OTHER]
    across = [*(name for name in order if name != NOTHING), *NO_CATEGORY]
    table = pd.crosstab(
        meant.where(meant.isin(order), OTHER).rename("meant"),
        answered.where(answered.isin(across), OTHER).rename("answered"),
    )
    return table.reindex(index=order, columns=across, fill_value=0)


def _labels(found: Attribution, by: str) -> tuple[np.ndarray, Sequence[str]]:
    """The group of every sample, and the groups in order."""
    samples, frame = found.evidence.samples, found.frame
    if by == "stage":
        return frame[by].to_numpy(object), list(dict.fromkeys(cause.stage for cause in found.causes.values()))
    if by == "cause":
        return frame[by].to_numpy(object), list(found.causes)
    if by == "length":
        return np.array([t.length_group for t in found.types], object), LENGTH_NAMES
    if by == "style":
        return np.array([t.style for t in found.types], object), STYLES
    if by == "n-same-kind":
        counts = samples["same_kind"].fillna(-1).astype(int).clip(-1, 4)
        return np.array(KIND_NAMES, object)[counts], KIND_NAMES  # -1 is the last, unknown
    if by == "target-size":
        sizes = found.evidence.target_sizes
        known = np.array(SIZE_NAMES, object)[np.digitize(sizes, SIZE_LIMITS)]
        return np.where(np.isnan(sizes), SIZE_NAMES[-1], known), SIZE_NAMES
    if by == "split":
        labels = (samples["dataset"] + " " + samples["split"]).to_numpy(object)
        return labels, sorted(set(labels))
    heads = samples["head"].replace("", "(no noun)")
    frequent = list(heads.value_counts().index[:HEADS])
    return np.where(heads.isin(frequent), heads, OTHER), [*frequent, OTHER]


@dataclass(frozen=True, kw_only=True, eq=False)
class Flips:
    """Run B against run A on the samples of both.

    Parameters
    ----------
    frame : DataFrame
        A row a group and the row "all": group, n, a_miou, b_miou (per cent), miou (B - A, points) with miou_low and
        miou_high, oiou likewise, fixed (failed in A, right in B), broken (right in A, failed in B). The groups are A's.
    flipped : DataFrame
        A row a sample whose answer went from right to wrong or back: sample_id, expression, a_iou, b_iou, flip
        ("fixed" or "broken"), cause and why (A's where it was fixed, B's where it was broken), types.
    by : str
        The cut.
    notes : tuple of str
        In what the runs differ, and samples that only one of them measured, in words.
    """

    frame: pd.DataFrame
    flipped: pd.DataFrame
    by: str
    notes: tuple[str, ...] = ()

    __repr__ = brief


def compare_by(a: Attribution, b: Attribution, by: str = "type") -> Flips:
    """Compare two runs group by group, paired by sample id, with intervals of an image-cluster bootstrap.

    Parameters
    ----------
    a, b : Attribution
        From ``attribute``.
    by : str
        A key of ``CUTS``; "stage" and "cause" are A's.

    Returns
    -------
    Flips
        What flipped from A to B, and where.

    Raises
    ------
    ValueError
        For an unknown cut, or when the runs have no sample in common.
    """
    import pandas as pd

    ids = [pd.Index(found.frame["sample_id"]) for found in (a, b)]
    place = ids[1].get_indexer(ids[0])
    first, second = np.flatnonzero(place >= 0), place[place >= 0]
    if not len(first):
        raise UserError("the runs have no sample in common; compare runs of the same data set and split")
    before, after = a.evidence.counts[first], b.evidence.counts[second]
    was, now = a.frame["failed"].to_numpy(bool)[first], b.frame["failed"].to_numpy(bool)[second]
    drawn = metrics.Resamples(a.evidence.samples["image_id"].to_numpy(object)[first])
    both = a.measured[first] & b.measured[second]
    rows = []
    for name, mask in (groups(a, by) | {"all": np.ones(len(a.frame), dtype=bool)}).items():
        inside = mask[first] & both
        if not inside.any():
            continue
        row: dict[str, Any] = {"group": name, "n": int(inside.sum())}
        for side, counts in (("a_miou", before[inside]), ("b_miou", after[inside])):
            row[side] = 100 * float(metrics.iou(counts[:, 0], counts[:, 1], protocol=a.protocol).mean())
        for metric, gain in drawn.gains(after, before, protocol=a.protocol, which=inside).items():
            row |= gain.columns(metric)
        row |= {"fixed": int((inside & was & ~now).sum()), "broken": int((inside & ~was & now).sum())}
        rows.append(row)
    notes = _differences(a.about, b.about)
    for name, found in (("A", a), ("B", b)):
        if alone := len(found.frame) - len(first):
            notes.append(f"{counted(alone, 'sample')} of {name}, not in the other run")
    flipped = [
        _flip(a, b, int(one), int(other)) for one, other in zip(first[was != now], second[was != now], strict=True)
    ]
    columns = ["sample_id", "expression", "a_iou", "b_iou", "flip", "cause", "why", "types"]
    return Flips(frame=pd.DataFrame(rows), flipped=pd.DataFrame(flipped, columns=columns), by=by, notes=tuple(notes))


def flips_text(flips: Flips) -> str:
    """Print what ``compare_by`` gave for a terminal.

    Parameters
    ----------
    flips : Flips
        From ``compare_by``.

    Returns
    -------
    str
        B - A group by group, and the first flips.
    """
    headers = (flips.by, "n", "A", "B", "B - A", "95 % interval", "fixed", "broken", "")
    rows = []
    for row in flips.frame.to_dict("records"):
        low, high = row["miou_low"], row["miou_high"]
        mark, interval = "" if low <= 0 <= high else "*", interval_text(low, high, signed=True)
        figures = [row[name] for name in ("group", "n", "a_miou", "b_miou", "miou")]
        rows.append((*figures, interval, row["fixed"], row["broken"], mark))
    lines = [
        text_table(headers, rows),
        "mIoU; fixed: failed in A, right in B; * the interval leaves 0 out, before any correction for many rows",
    ]
    for row in flips.flipped.head(SHOWN_FLIPS).to_dict("records"):
        lines.append(f'{row["flip"]:<6} {row["sample_id"]} "{row["expression"]}": {row["cause"]}. {row["why"]}')
    if len(flips.flipped) > SHOWN_FLIPS:
        lines.append(f"... and {len(flips.flipped) - SHOWN_FLIPS} more; --json lists them all")
    return "\n".join([*lines, *(f"note: {note}" for note in flips.notes)])


def _differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """In what two runs differ, from their run.json."""
    found = [
        f"{key}: {a[key]} in A, {b[key]} in B"
        for key in ("variant", "weights", "proposals", "protocol")
        if key in a and key in b and a[key] != b[key]
    ]
    parts = [about.get("models", {}).get("parts", {}) for about in (a, b)]
    return found + [f"{role}: other weights or options" for role in parts[0] if parts[0][role] != parts[1].get(role)]


def _flip(a: Attribution, b: Attribution, place: int, other: int) -> dict[str, Any]:
    was, now = a.frame.iloc[place], b.frame.iloc[other]
    flip, blamed = ("fixed", was) if was["failed"] else ("broken", now)
    row = {"sample_id": was["sample_id"], "expression": was["expression"], "a_iou": was["iou"], "b_iou": now["iou"]}
    told = {"cause": blamed["cause"], "why": sentence_of(blamed.to_dict()), "types": ", ".join(a.types[place].names)}
    return {**row, "flip": flip, **told}
