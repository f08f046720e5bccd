"""Two runs side by side: every figure with its paired difference, so that what makes a sample hard cancels out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.tables import counted, interval_text, text_table
from tasnb.evaluation.headings import answering_above, headed
from tasnb.evaluation.metrics import find
from tasnb.evaluation.runs import ORACLE, RunLike, has_stages, minded_of, paired, summary_of, why_nothing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What ``compare`` found.

    Parameters
    ----------
    frame : DataFrame
        A row per method and metric: method, metric, a, b, difference (b - a) in points with its interval (low, high),
        n.
    notes : tuple of str
        What differs between the runs besides the figures, in words.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...]

    __repr__ = brief

    def __str__(self) -> str:
        rows = []
        for row in self.frame.to_dict("records"):
            verdict = "" if row["low"] <= 0 <= row["high"] else "*"
            interval = interval_text(row["low"], row["high"], signed=True)
            difference = f"{row['difference']:+.2f}"
            rows.append([row["method"], row["metric"], row["a"], row["b"], difference, interval, row["n"], verdict])
        lines = [
            text_table(["method", "metric", "A", "B", "B - A", "95 % interval", "n", ""], rows),
            "* the interval leaves 0 out: a difference at the 5 % level",
        ]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def compare(a: RunLike, b: RunLike, *, protocol: str | None = None, metric: str | None = None) -> Comparison:
    """How one run differs from another on the samples that both measured.

    Parameters
    ----------
    a, b : Run
        On the same data and split.
    protocol : str, optional
        That of ``a`` by default.
    metric : str, optional
        "miou", "oiou", "pr@0.5" (any threshold), or "nacc", "tacc" under "gres"; by default mIoU and oIoU.

    Returns
    -------
    Comparison
        b minus a for every method of both runs, and for the oracle.

    Raises
    ------
    ValueError
        When the runs are on different data, or have no method or no sample in common.
    """
    import pandas as pd

    chosen = protocol or str(a.about["protocol"])
    here, there = a.about["dataset"], b.about["dataset"]
    if (here["name"], here["split"]) != (there["name"], there["split"]):
        raise UserError(
            f"runs on different data cannot be paired: {here['name']} {here['split']} and "
            f"{there['name']} {there['split']}"
        )
    pairs = _pairs(a, b)
    for name, run in (("A", a), ("B", b)):
        if nothing := why_nothing(run):
            raise UserError(f"{name}, {run.folder}: {nothing}")
    rows, alone = [], []
    for method, (one, other) in pairs.items():
        first, second = _units(a, one, chosen), _units(b, other, chosen)
        both = first[first["unit"].isin(second["unit"])]
        if both.empty:
            alone.append(f"{method}: no sample that both measured")
            continue
        for name in (metric,) if metric else ("miou", "oiou"):
            gain, n = paired(second, first, metric=name, protocol=chosen)
            value = _value(both, name, chosen)
            row = {"method": method, "metric": name, "a": value, "b": value + gain.value, "difference": gain.value}
            rows.append({**row, "low": gain.low, "high": gain.high, "n": n})
    if not rows:
        raise UserError("the two have no sample in common; compare runs on the same data set and split")
    return Comparison(frame=pd.DataFrame(rows), notes=(*_notes(a, b), *alone))


def _pairs(a: RunLike, b: RunLike) -> dict[str, tuple[str, str]]:
    """What is compared, by its name: the methods of both, and the oracle; each with an import's one if none is shared.

    Raises UserError where there is no pair.
    """
    found = {method: (method, method) for method in a.methods if method in b.methods}
    staged = has_stages(a) and has_stages(b)
    if not found and not staged:
        found = {f"{one} / {other}": (one, other) for one in a.methods for other in b.methods}
    if not found:
        raise UserError(f"no method in common: {', '.join(a.methods)} and {', '.join(b.methods)}")
    return found | ({ORACLE: (ORACLE, ORACLE)} if staged else {})


def _units(run: RunLike, method: str, protocol: str) -> pd.DataFrame:
    """The units of a run, a sentence by its id: its number is another one where other samples were chosen."""
    units = run.units(method, protocol)
    if find(protocol).unit == "sentence":
        ids = run.predictions().drop_duplicates("sample").set_index("sample")["sample_id"]
        units["unit"] = units["unit"].map(ids)
    return units


def _value(units: pd.DataFrame, metric: str, protocol: str) -> float:
    threshold = float(metric.removeprefix("pr@")) if metric.startswith("pr@") else 0.5
    found = summary_of(units, protocol, thresholds=(threshold,), resamples=1)
    figure = {"miou": found.miou, "oiou": found.oiou, **found.answering}.get(metric)
    return figure.value if figure else found.precision[threshold].value


def _notes(a: RunLike, b: RunLike) -> Iterator[str]:
    """In words: every way in which the runs differ, and samples that only one of them measured."""
    one, two = a.about, b.about
    yield from dict.fromkeys([*minded_of(one), *minded_of(two)])
    if has_stages(a) and has_stages(b):
        for key in ("variant", "weights", "proposals"):
            if one[key] != two[key]:
                yield f"{key}: {one[key]} in A, {two[key]} in B"
        above = [answering_above(about) for about in (one, two)]
        if above[0] != above[1]:
            yield "answer threshold: {} in A, {} in B".format(*("off" if each is None else each for each in above))
        for role, name in one["models"]["parts"].items():
            if name != two["models"]["parts"].get(role):
                yield f"{role}: other weights or options"
    else:
        yield from (f"{name}: {headed(run.about)}" for name, run in (("A", a), ("B", b)))
    if one["protocol"] != two["protocol"]:
        yield f"protocol: {one['protocol']} in A, {two['protocol']} in B"
    if one["dataset"]["fingerprint"] != two["dataset"]["fingerprint"]:
        yield "the data differ in content or in the samples chosen; only shared samples are compared"
    for name, run in (("A", a), ("B", b)):
        if failed := run.errors()["sample"].nunique():
            yield f"{counted(failed, 'sample')} of {name} failed"
