"""Tables 3 and 4 from a run's stored scores alone: other weights, other modules, no model.

The answer under any alpha and lambda is the argmax of V + alpha P + lambda N over the proposals that the rectifier
keeps, so a grid needs only the table ``scores`` of a run. Two things are not in there: masks, so the protocol "car" (it
merges them) cannot be swept; and other crops, captions, parses or proposals, so ``variant`` chooses the rectifier only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.types import Weights
from tasnb.evaluation import metrics, paper
from tasnb.evaluation.modules import ablation
from tasnb.evaluation.plans import weights_for
from tasnb.evaluation.reranking import Ranking, sentence_protocol
from tasnb.pipeline.variant import PAPER, Variant

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METRICS", "PAPER_ALPHAS", "PAPER_LAMS", "Sweep", "ablation", "rerank", "sweep"]

PAPER_ALPHAS = (0.0, 0.05, 0.1, 0.2, 0.4)  # paper, table 3
PAPER_LAMS = (0.0, 0.3, 0.5, 0.7, 0.9)  # paper, table 3
METRICS = ("miou", "oiou", "pr50")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """Figures over a grid of weights.

    frame: a row a grid point: alpha, lam, miou, oiou, pr50 (per cent, NaN where the protocol has no Pr@t), n (units).
    used: the weights of the run itself; papers: those that the paper chose for such data. data, variant, protocol: what
    was swept. gain: the best mIoU minus that of ``used``, paired, in points; None without any unit. notes: what to bear
    in mind, in words.
    """

    frame: pd.DataFrame
    used: Weights
    papers: Weights
    data: str
    variant: str
    protocol: str
    gain: metrics.Estimate | None = None
    notes: tuple[str, ...] = field(default=())

    def best(self, metric: str = "miou") -> dict[str, float]:
        """The grid point with the highest figure, as a row of ``frame``; a tie keeps the earlier. Raises ValueError."""
        values = self._values(metric)
        if values.isna().all():
            raise ValueError(f"no {metric} under protocol {self.protocol!r} with {int(self.frame['n'].max())} units")
        found: dict[str, float] = self.frame.to_dict("records")[int(values.fillna(-np.inf).argmax())]
        return found

    def pivot(self, metric: str = "miou") -> pd.DataFrame:
        """The grid as a table: a row an alpha, a column a lambda. Raises ValueError for an unknown metric."""
        self._values(metric)
        return self.frame.pivot(index="alpha", columns="lam", values=metric)

    def beside_paper(self) -> pd.DataFrame:
        """The points that Table 3 has too: alpha, lam, miou, oiou, paper_miou, paper_oiou, in its order."""
        printed = paper.varied_weights().rename(columns={"miou": "paper_miou", "oiou": "paper_oiou"})
        columns = ["alpha", "lam", "miou", "oiou", "paper_miou", "paper_oiou"]
        return printed.merge(self.frame, on=["alpha", "lam"])[columns]

    @property
    def text(self) -> str:
        """For a terminal: the mIoU grid, the best point of each metric, and Table 3 beside it."""
        grid = self.pivot("miou")
        lines = [
            f"sweep of {self.data}, rectifier {self.variant}, protocol {self.protocol}, "
            f"{int(self.frame['n'].max())} sentences; mIoU in per cent",
            f"{'alpha / lambda':>14} " + " ".join(f"{lam:>7g}" for lam in grid.columns),
        ]
        for a, row in zip(grid.index, grid.to_numpy(), strict=True):
            lines.append(f"{a:>14g} " + " ".join(f"{value:7.2f}" for value in row))
        for metric in METRICS:
            if not self.frame[metric].isna().all():
                best = self.best(metric)
                lines.append(f"best {metric:<5} {best[metric]:6.2f} at alpha {best['alpha']:g}, lambda {best['lam']:g}")
        if self.gain is not None:
            lines.append(
                f"best mIoU minus that of the run's weights, {_words(self.used)}: {_signed(self.gain)}, paired"
            )
        shared = self.beside_paper()
        if len(shared):
            lines.append("Table 3 (RefCOCO val, the paper's models) beside the same points here:")
            lines.append(f"{'alpha':>6} {'lambda':>6}   {'mIoU':>6} {'paper':>6}   {'oIoU':>6} {'paper':>6}")
            lines += [
                f"{row['alpha']:>6g} {row['lam']:>6g}   {row['miou']:6.2f} {row['paper_miou']:6.2f}   "
                f"{row['oiou']:6.2f} {row['paper_oiou']:6.2f}"
                for row in shared.to_dict("records")
            ]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def __str__(self) -> str:
        return self.text

    def _values(self, metric: str) -> pd.Series:
        if metric not in METRICS:
            raise ValueError(f"unknown metric {metric!r}; choose from {', '.join(METRICS)}")
        return self.frame[metric]


def sweep(
    run: Any,
    *,
    alpha: Sequence[float] = PAPER_ALPHAS,
    lam: Sequence[float] = PAPER_LAMS,
    variant: str | Variant | None = None,
    protocol: str | None = None,
) -> Sweep:
    """Figures of TAS for every pair of weights, from the scores that a run stored (paper, table 3).

    run: a ``Run``; only its about, predictions() and scores() are read. alpha, lam: the grid; repeats count once.
    variant: whose rectifier decides which proposals stay, "paper" or "official"; default: the run's. protocol: default
    the run's. Raises ValueError for the protocol "car", an empty grid, a weight that is not finite, or damaged tables.
    """
    import pandas as pd

    points = [Weights(alpha=a, lam=b) for a in _grid("alpha", alpha) for b in _grid("lam", lam)]
    ranking = Ranking.of(run, variant=variant)
    name = sentence_protocol(protocol or str(run.about["protocol"]))
    rows = []
    for weights in points:
        intersections, unions = ranking.counts(weights)
        figures = _figures(intersections, unions, ranking.answered, name)
        rows.append({"alpha": weights.alpha, "lam": weights.lam, **figures})
    frame, used = pd.DataFrame(rows), Weights(**run.about["weights"])
    gain = _gain(ranking, points[int(frame["miou"].argmax())], used, name) if frame["n"].any() else None
    data = run.about["dataset"]
    return Sweep(
        frame=frame,
        used=used,
        papers=weights_for(str(data["name"]), PAPER, None, None),
        data=f"{data['name']} {data['split']}",
        variant=ranking.variant,
        protocol=name,
        gain=gain,
        notes=tuple(_notes(run, ranking, gain)),
    )


def rerank(
    run: Any,
    *,
    alpha: float | None = None,
    lam: float | None = None,
    variant: str | Variant | None = None,
    rectified: bool = True,
) -> pd.DataFrame:
    """What TAS answers with other weights, a row a sample: sample, image_id, chosen, intersection, union, iou.

    chosen: -1 for no answer. alpha, lam: default to the run's. rectified: False leaves the spatial rectifier out. With
    the run's own weights and variant it is the run's own answer. Raises ValueError for a weight that is not finite, or
    damaged tables.
    """
    import pandas as pd

    ranking = Ranking.of(run, variant=variant)
    own = run.about["weights"]
    weights = Weights(alpha=own["alpha"] if alpha is None else alpha, lam=own["lam"] if lam is None else lam)
    intersections, unions = ranking.counts(weights, rectified=rectified)
    return pd.DataFrame(
        {
            "sample": ranking.samples,
            "image_id": ranking.image_ids,
            "chosen": ranking.chosen(weights, rectified=rectified),
            "intersection": intersections,
            "union": unions,
            "iou": metrics.iou(intersections, unions),
        }
    )


def _figures(intersections: np.ndarray, unions: np.ndarray, answered: np.ndarray, protocol: str) -> dict[str, float]:
    """mIoU, oIoU and Pr@0.5 of a grid point; the sums of ``metrics.summarise``, without its intervals."""
    rule = metrics.find(protocol)
    if rule.skips_unanswered:
        intersections, unions = intersections[answered], unions[answered]
    each = metrics.iou(intersections, unions, protocol=protocol)
    total = unions.sum()
    passed = metrics.is_right(each, protocol=protocol)
    n = len(each)
    return {
        "miou": 100 * each.mean() if n else np.nan,
        "oiou": (100 * intersections.sum() / total if total else 0.0) if n else np.nan,
        "pr50": 100 * passed.mean() if n and rule.passes else np.nan,
        "n": n,
    }


def _grid(name: str, values: Sequence[float]) -> list[float]:
    found = sorted({float(value) for value in values})
    if not found:
        raise ValueError(f"{name}: expected at least one weight, got none")
    return found


def _gain(ranking: Ranking, best: Weights, used: Weights, protocol: str) -> metrics.Estimate:
    first, second = (np.stack(ranking.counts(weights), axis=1) for weights in (best, used))
    return metrics.paired_difference(
        first, second, ranking.image_ids, metric="miou", protocol=protocol, answered=ranking.answered
    )


def _words(weights: Weights) -> str:
    return f"alpha {weights.alpha:g} and lambda {weights.lam:g}"


def _signed(figure: metrics.Estimate) -> str:
    return f"{figure.value:+.2f} [{figure.low:+.2f}, {figure.high:+.2f}]"


def _notes(run: Any, ranking: Ranking, gain: metrics.Estimate | None) -> list[str]:
    found = ["the best point is best on this split; to report it, choose on one split and measure on another"]
    if gain is not None and gain.low <= 0 <= gain.high:
        found.append("the interval of the gain includes 0: the best point is not shown to beat the run's own weights")
    if ranking.variant != run.about["variant"]:
        found.append(
            f"only the rectifier is that of {ranking.variant}; crops, captions, parses and proposals are those of the "
            f"run, variant {run.about['variant']}"
        )
    total = int(run.about["dataset"].get("samples", len(ranking.samples)))
    if missing := total - len(ranking.samples):
        found.append(f"{missing} of {total} samples failed and are missing")
    return found
