"""Two runs side by side: every figure with its paired difference, so that what makes a sample hard cancels out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasnb.evaluation import metrics
from tasnb.evaluation.runs import ORACLE, Run, paired

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """frame: a row per method and metric: a, b, difference (b - a) in points with its interval, n.

    notes: what differs between the runs besides the figures, in words.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...]

    def __str__(self) -> str:
        width = max([len("method"), *self.frame["method"].str.len()])
        lines = [f"{'method':<{width}} {'metric':>6} {'A':>7} {'B':>7} {'B - A':>7}  {'95 % interval':<18} {'n':>6}"]
        for row in self.frame.to_dict("records"):
            verdict = "" if row["low"] <= 0 <= row["high"] else "  *"
            lines.append(
                f"{row['method']:<{width}} {row['metric']:>6} {row['a']:7.2f} {row['b']:7.2f} {row['difference']:+7.2f}"
                f"  [{row['low']:+6.2f}, {row['high']:+6.2f}]   {row['n']:>6}{verdict}"
            )
        lines.append("* the interval leaves 0 out: a difference at the 5 % level")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def compare(a: Run, b: Run, *, protocol: str | None = None, metric: str | None = None) -> Comparison:
    """b minus a on the samples that both measured, for every method of both runs and for the oracle.

    protocol: that of ``a`` by default. metric: "miou", "oiou" or "pr@0.5" (any threshold); default: mIoU and oIoU.
    Raises ValueError when the runs are on different data, or have no method or no sample in common.
    """
    import pandas as pd

    chosen = protocol or str(a.about["protocol"])
    here, there = a.about["dataset"], b.about["dataset"]
    if (here["name"], here["split"]) != (there["name"], there["split"]):
        raise ValueError(
            f"runs on different data cannot be paired: {here['name']} {here['split']} and "
            f"{there['name']} {there['split']}"
        )
    shared = [method for method in a.methods if method in b.methods]
    if not shared:
        raise ValueError(f"no method in common: {', '.join(a.methods)} and {', '.join(b.methods)}")
    rows = []
    for method in [*shared, ORACLE]:
        pair = a.units(method, chosen), b.units(method, chosen)
        both = sorted(set(pair[0]["unit"]) & set(pair[1]["unit"]))
        first, second = (frame[frame["unit"].isin(both)] for frame in pair)
        for name in (metric,) if metric else ("miou", "oiou"):
            gain, n = paired(second, first, metric=name, protocol=chosen)
            value = _value(first, name, chosen)
            rows.append(
                {"method": method, "metric": name, "a": value, "b": value + gain.value, "difference": gain.value,
                 "low": gain.low, "high": gain.high, "n": n}
            )  # fmt: skip
    return Comparison(frame=pd.DataFrame(rows), notes=tuple(_notes(a, b)))


def _value(units: pd.DataFrame, metric: str, protocol: str) -> float:
    thresholds = (float(metric.removeprefix("pr@")),) if metric.startswith("pr@") else (0.5,)
    summary = metrics.summarise(
        units["intersection"].to_numpy(), units["union"].to_numpy(), units["image_id"].to_numpy(), protocol=protocol,
        answered=units["answered"].to_numpy(dtype=bool), thresholds=thresholds, resamples=1,
        ref_ids=units["unit"].tolist() if metrics.find(protocol).unit == "ref" else None,
    )  # fmt: skip
    figure = {"miou": summary.miou, "oiou": summary.oiou}.get(metric)
    return figure.value if figure else summary.precision[thresholds[0]].value


def _notes(a: Run, b: Run) -> list[str]:
    """In words: every way in which the runs differ, and samples that only one of them measured."""
    found = []
    sides: tuple[dict[str, Any], dict[str, Any]] = (a.about, b.about)
    for key in ("variant", "weights", "proposals", "protocol"):
        if sides[0][key] != sides[1][key]:
            found.append(f"{key}: {sides[0][key]} in A, {sides[1][key]} in B")
    for role, name in sides[0]["models"]["parts"].items():
        if name != sides[1]["models"]["parts"].get(role):
            found.append(f"{role}: other weights or options")
    if sides[0]["dataset"]["fingerprint"] != sides[1]["dataset"]["fingerprint"]:
        found.append("the data differ in content or in the samples chosen; only shared samples are compared")
    for name, run in (("A", a), ("B", b)):
        if failed := run.errors()["sample"].nunique():
            found.append(f"{failed} samples of {name} failed")
    return found
