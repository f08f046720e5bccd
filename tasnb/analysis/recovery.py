"""What each cause costs, with intervals, and how causes overlap when they are counted independently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis.attribution import Attribution
from tasnb.analysis.causes import CAUSES
from tasnb.evaluation import metrics

if TYPE_CHECKING:
    import pandas as pd


def prices(found: Attribution) -> pd.DataFrame:
    """What each cause costs: a row a cause, in the order of CAUSES, and the row "all" for every failure.

    Columns: cause, stage, failures, share (per cent of the failures), alone (cures that suffice by themselves), and in
    points miou and oiou, what is regained if that cause alone were cured in every case where it is primary, each with
    the interval _low, _high of an image-cluster bootstrap. A run without failures has zeros.
    """
    import pandas as pd

    frame, rows = found.frame, []
    total = int(frame["failed"].sum())
    for name in (*CAUSES, "all"):
        mine = frame["failed"] if name == "all" else frame["cause"] == name
        row: dict[str, Any] = {
            "cause": name, "stage": CAUSES[name].stage if name in CAUSES else "", "failures": int(mine.sum()),
            "share": 100 * float(mine.sum()) / total if total else 0.0, "alone": int((mine & frame["alone"]).sum()),
        }  # fmt: skip
        for metric in ("miou", "oiou"):
            gain = gain_of(found, mine.to_numpy(bool), metric)
            row |= {metric: gain.value, f"{metric}_low": gain.low, f"{metric}_high": gain.high}
        rows.append(row)
    return pd.DataFrame(rows)


def gain_of(found: Attribution, which: np.ndarray, metric: str) -> metrics.Estimate:
    """Points of a metric regained if these cases were cured of their primary cause, with the interval."""
    before = found.evidence.samples[["intersection", "union"]].to_numpy(np.int64)
    cured = found.frame[["cured_intersection", "cured_union"]].to_numpy(np.int64)
    after = np.where(which[:, None], cured, before)
    return found.resamples.gain(after, before, metric=metric, protocol=found.protocol, which=found.measured)


def overlap(found: Attribution) -> pd.DataFrame:
    """Causes counted independently: a row and a column a cause, how many failures both would explain.

    The diagonal holds how often a cause holds at all. The column "only" counts failures that nothing else explains, and
    "primary" those that the fixed order gives to it. A failure that no single cure explains is in "primary" alone.
    """
    import pandas as pd

    names = list(CAUSES)
    samples = found.failures["sample"].tolist()
    place = {sample: i for i, sample in enumerate(samples)}
    held = np.zeros((len(samples), len(names)), dtype=np.int64)
    for sample, cause in found.holds.itertuples(index=False):
        held[place[sample], names.index(cause)] = 1
    table = pd.DataFrame(held.T @ held, index=pd.Index(names, name="cause"), columns=names)
    table["only"] = held[held.sum(axis=1) == 1].sum(axis=0)
    table["primary"] = [int((found.frame["cause"] == name).sum()) for name in names]
    return table
