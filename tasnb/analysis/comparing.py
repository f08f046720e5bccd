"""Two attributed runs side by side: what flipped, where, and whether the difference is more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis.attribution import Attribution
from tasnb.analysis.breakdowns import groups
from tasnb.analysis.sentences import sentence_of
from tasnb.evaluation import metrics

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Flips:
    """Run B against run A on the samples of both.

    frame: a row a group and the row "all": group, n, a_miou, b_miou (per cent), miou (B - A, points) with miou_low and
    miou_high, oiou likewise, fixed (failed in A, right in B), broken (right in A, failed in B). The groups are A's.
    flipped: a row a sample whose answer went from right to wrong or back: sample_id, expression, a_iou, b_iou, flip
    ("fixed" or "broken"), cause and why (A's where it was fixed, B's where it was broken), types.
    notes: in what the runs differ, and samples that only one of them measured, in words.
    """

    frame: pd.DataFrame
    flipped: pd.DataFrame
    by: str
    notes: tuple[str, ...] = ()


def compare_by(a: Attribution, b: Attribution, by: str = "type") -> Flips:
    """Compare two runs group by group, paired by sample id, with intervals of an image-cluster bootstrap.

    by: a cut of ``questions.CUTS``; "stage" and "cause" are A's. Raises ValueError for an unknown cut, or when the runs
    have no sample in common.
    """
    import pandas as pd

    ids = [found.frame["sample_id"].to_numpy(object) for found in (a, b)]
    place_in_b = {sample: place for place, sample in enumerate(ids[1])}
    shared = [place for place, sample in enumerate(ids[0]) if sample in place_in_b]
    if not shared:
        raise ValueError("the runs have no sample in common; compare runs of the same data set and split")
    first = np.array(shared)
    second = np.array([place_in_b[ids[0][place]] for place in shared])
    failed = a.frame["failed"].to_numpy(bool)[first], b.frame["failed"].to_numpy(bool)[second]
    counts = [
        found.evidence.samples[["intersection", "union"]].to_numpy(np.int64)[places]
        for found, places in ((a, first), (b, second))
    ]
    drawn = metrics.Resamples(a.evidence.samples["image_id"].to_numpy(object)[first])
    both = a.measured[first] & b.measured[second]
    rows = []
    every = groups(a, by) | {"all": np.ones(len(a.frame), dtype=bool)}
    for name, mask in every.items():
        inside = mask[first] & both
        if not inside.any():
            continue
        row: dict[str, Any] = {"group": name, "n": int(inside.sum())}
        for side, each in zip("ab", counts, strict=True):
            row[f"{side}_miou"] = 100 * float(metrics.iou(each[inside, 0], each[inside, 1], protocol=a.protocol).mean())
        for metric in ("miou", "oiou"):
            gain = drawn.gain(counts[1], counts[0], metric=metric, protocol=a.protocol, which=inside)
            row |= {metric: gain.value, f"{metric}_low": gain.low, f"{metric}_high": gain.high}
        row["fixed"] = int((inside & failed[0] & ~failed[1]).sum())
        row["broken"] = int((inside & ~failed[0] & failed[1]).sum())
        rows.append(row)
    notes = _differences(a.about, b.about)
    notes += [
        f"{len(found.frame) - len(shared)} samples of {name} are not in the other run"
        for name, found in (("A", a), ("B", b))
        if len(found.frame) > len(shared)
    ]
    flipped = [
        _flip(a, b, place, other)
        for place, other, was, now in zip(first, second, *failed, strict=True)
        if was != now
    ]  # fmt: skip
    columns = ["sample_id", "expression", "a_iou", "b_iou", "flip", "cause", "why", "types"]
    return Flips(
        frame=pd.DataFrame(rows), flipped=pd.DataFrame(flipped, columns=columns), by=by, notes=tuple(notes)
    )  # fmt: skip


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
    blamed = was if was["failed"] else now
    return {
        "sample_id": was["sample_id"], "expression": was["expression"], "a_iou": was["iou"], "b_iou": now["iou"],
        "flip": "fixed" if was["failed"] else "broken", "cause": blamed["cause"], "why": sentence_of(blamed.to_dict()),
        "types": ", ".join(a.types[place].names),
    }  # fmt: skip
