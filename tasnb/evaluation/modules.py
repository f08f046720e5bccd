"""Table 4 from a run's stored scores: what each module adds, with paired intervals and no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.types import Weights
from tasnb.evaluation import metrics, paper
from tasnb.evaluation.ablation import ROWS
from tasnb.evaluation.reranking import Ranking, sentence_protocol
from tasnb.pipeline.variant import Variant

if TYPE_CHECKING:
    import pandas as pd

_NOTHING = metrics.Estimate(value=np.nan, low=np.nan, high=np.nan)


def ablation(run: Any, *, variant: str | Variant | None = None, protocol: str | None = None) -> pd.DataFrame:
    """The paper's Table 4 from stored scores: V; V+P; V+P+N; V+P+N+spatial, with the run's own alpha and lambda.

    Columns: modules, n, and in per cent miou, oiou, pr50, each with _low and _high; miou_gain and oiou_gain over the
    row above, in points, with their paired intervals (NaN in the first row); paper_miou, paper_oiou.
    Raises what ``sweep`` raises.
    """
    import pandas as pd

    ranking = Ranking.of(run, variant=variant)
    name = sentence_protocol(protocol or str(run.about["protocol"]))
    own, printed = run.about["weights"], paper.wide(4)["RefCOCO"]
    rows: list[dict[str, Any]] = []
    before: np.ndarray | None = None
    for modules, parts in ROWS:
        weights = Weights(alpha=own["alpha"] if "p" in parts else 0.0, lam=own["lam"] if "n" in parts else 0.0)
        counts = np.stack(ranking.counts(weights, rectified="spatial" in parts), axis=1)
        found = metrics.summarise(
            counts[:, 0], counts[:, 1], ranking.image_ids, protocol=name, answered=ranking.answered, thresholds=(0.5,)
        )
        row: dict[str, Any] = {"modules": modules, "n": found.n}
        for metric, figure in (
            ("miou", found.miou),
            ("oiou", found.oiou),
            ("pr50", found.precision.get(0.5, _NOTHING)),
        ):
            row |= _columns(metric, figure)
        for metric in ("miou", "oiou"):
            gain = _NOTHING if before is None else metrics.paired_difference(
                counts, before, ranking.image_ids, metric=metric, protocol=name, answered=ranking.answered
            )  # fmt: skip
            row |= _columns(f"{metric}_gain", gain)
        rows.append(row | {"paper_miou": printed.at[modules, "mIoU"], "paper_oiou": printed.at[modules, "oIoU"]})
        before = counts
    return pd.DataFrame(rows)


def as_text(table: pd.DataFrame) -> str:
    """What ``ablation`` gave, for a terminal, the paper's Table 4 beside it."""
    lines = [
        f"{'modules':<15} {'mIoU':>6} {'interval':>15}  {'gain':>6} {'interval':>16}  {'oIoU':>6}   paper: mIoU   oIoU"
    ]
    for row in table.to_dict("records"):
        interval = f"[{row['miou_low']:.2f}, {row['miou_high']:.2f}]"
        gain, between = "", ""
        if row["miou_gain"] == row["miou_gain"]:  # not NaN
            gain = f"{row['miou_gain']:+.2f}"
            between = f"[{row['miou_gain_low']:+.2f}, {row['miou_gain_high']:+.2f}]"
        lines.append(
            f"{row['modules']:<15} {row['miou']:6.2f} {interval:>15}  {gain:>6} {between:>16}  {row['oiou']:6.2f}   "
            f"{row['paper_miou']:11.2f} {row['paper_oiou']:6.2f}"
        )
    return "\n".join(lines)


def _columns(name: str, figure: metrics.Estimate) -> dict[str, float]:
    return {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
