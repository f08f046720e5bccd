"""Tables 3 and 4 from a run's stored scores alone: other weights, other modules, no model.

The answer under any alpha and lambda is the argmax of V + alpha P + lambda N over the proposals that the rectifier
keeps, so a grid needs only the table ``scores`` of a run. Two things are not in there: masks, so the protocol "car" (it
merges them) cannot be swept; and other crops, captions, parses or proposals, so ``variant`` chooses the rectifier only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tasnb.core.brief import brief
from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.tables import interval_text, text_table
from tasnb.core.types import Weights
from tasnb.evaluation import metrics, paper
from tasnb.evaluation.ablation import beside_paper, beside_text
from tasnb.evaluation.headings import answering_above
from tasnb.evaluation.reranking import Ranking, sentence_protocol
from tasnb.evaluation.runs import ScoredRun, minded_of
from tasnb.pipeline.variant import Variant, weights_for

if TYPE_CHECKING:
    import pandas as pd

PAPER_ALPHAS = (0.0, 0.05, 0.1, 0.2, 0.4)  # paper, table 3
PAPER_LAMS = (0.0, 0.3, 0.5, 0.7, 0.9)  # paper, table 3
METRICS = ("miou", "oiou", "pr50")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """Figures over a grid of weights.

    Parameters
    ----------
    frame : DataFrame
        A row a grid point: alpha, lam, miou, oiou, pr50 (per cent, NaN where the protocol has no Pr@t), n (units).
    used : Weights
        Those of the run itself.
    papers : Weights
        Those that the paper chose for such data.
    data, variant, protocol : str
        What was swept.
    gain : Estimate, optional
        The best mIoU minus that of ``used``, paired, in points; None without any unit.
    notes : tuple of str
        What to bear in mind, in words.
    """

    frame: pd.DataFrame
    used: Weights
    papers: Weights
    data: str
    variant: str
    protocol: str
    gain: metrics.Estimate | None = None
    notes: tuple[str, ...] = field(default=())

    __repr__ = brief

    def best(self, metric: str = "miou") -> dict[str, float]:
        """The grid point with the highest figure.

        Parameters
        ----------
        metric : str
            "miou", "oiou" or "pr50".

        Returns
        -------
        dict of str to float
            A row of ``frame``; a tie keeps the earlier.

        Raises
        ------
        ValueError
            For an unknown metric, or one that has no figure here.
        """
        values = self._values(metric)
        if values.isna().all():
            raise UserError(f"no {metric} under protocol {self.protocol!r} with {int(self.frame['n'].max())} units")
        found: dict[str, float] = self.frame.to_dict("records")[int(values.fillna(-np.inf).argmax())]
        return found

    def pivot(self, metric: str = "miou") -> pd.DataFrame:
        """The grid as a table.

        Parameters
        ----------
        metric : str
            "miou", "oiou" or "pr50".

        Returns
        -------
        DataFrame
            A row an alpha, a column a lambda.

        Raises
        ------
        ValueError
            For an unknown metric.
        """
        self._values(metric)
        return self.frame.pivot(index="alpha", columns="lam", values=metric)

    def against_paper(self) -> pd.DataFrame:
        """The points that Table 3 has too.

        Returns
        -------
        DataFrame
            alpha, lam, miou, oiou, paper_miou, paper_oiou, in its order.
        """
        printed = paper.varied_weights().rename(columns={"miou": "paper_miou", "oiou": "paper_oiou"})
        columns = ["alpha", "lam", "miou", "oiou", "paper_miou", "paper_oiou"]
        return printed.merge(self.frame, on=["alpha", "lam"])[columns]

    @property
    def text(self) -> str:
        """For a terminal: the mIoU grid, the best point of each metric, and Table 3 beside it."""
        grid, shared = self.pivot("miou"), self.against_paper()
        if not self.frame["n"].any():
            head = f"sweep of {self.data}, rectifier {self.variant}, protocol {self.protocol}: no sample to rank, "
            head += "as that protocol leaves out those without a proposal"
            return "\n".join([head, *(f"note: {note}" for note in self.notes)])
        cells = [[f"{alpha:g}", *row] for alpha, row in zip(grid.index, grid.to_numpy().tolist(), strict=True)]
        lines = [
            f"sweep of {self.data}, rectifier {self.variant}, protocol {self.protocol}, "
            f"{int(self.frame['n'].max())} sentences; mIoU in per cent",
            text_table(["alpha / lambda", *(f"{lam:g}" for lam in grid.columns)], cells),
        ]
        bests = {name: self.best(name) for name in METRICS if not self.frame[name].isna().all()}
        for name, best in bests.items():
            lines.append(f"best {name:<5} {best[name]:6.2f} at alpha {best['alpha']:g}, lambda {best['lam']:g}")
        if self.gain is not None:
            gain = f"{self.gain.value:+.2f} {interval_text(self.gain.low, self.gain.high, signed=True)}"
            lines.append(f"best mIoU minus that of the run's weights, {self.used}: {gain}, paired")
        if len(shared):
            columns = {"alpha": "alpha", "lam": "lambda", "miou": "mIoU", "paper_miou": "paper"}
            columns |= {"oiou": "oIoU", "paper_oiou": "paper"}
            shown = shared[list(columns)].astype({"alpha": str, "lam": str}).to_numpy().tolist()
            lines.append("Table 3 (RefCOCO val, the paper's models) beside the same points here:")
            lines.append(text_table(list(columns.values()), shown))
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def __str__(self) -> str:
        return self.text

    def _values(self, metric: str) -> pd.Series:
        require_known("metric", metric, METRICS)
        return self.frame[metric]


def sweep(
    run: ScoredRun,
    *,
    alpha: Sequence[float] = PAPER_ALPHAS,
    lam: Sequence[float] = PAPER_LAMS,
    variant: str | Variant | None = None,
    protocol: str | None = None,
) -> Sweep:
    """Figures of TAS for every pair of weights, from the scores that a run stored (paper, table 3).

    Parameters
    ----------
    run : Run
        Only its about, predictions() and scores() are read.
    alpha, lam : sequence of float
        The grid; repeats count once.
    variant : str or Variant, optional
        Whose rectifier decides which proposals stay, "paper" or "official"; the run's by default.
    protocol : str, optional
        The run's by default.

    Returns
    -------
    Sweep
        The figures, the best point, and what to bear in mind.

    Raises
    ------
    ValueError
        For the protocol "car", an empty grid, a weight that is not finite, or damaged tables.
    """
    import pandas as pd

    points = [Weights(alpha=a, lam=b) for a in _grid("alpha", alpha) for b in _grid("lam", lam)]
    ranking = Ranking.of(run, variant=variant)
    name = sentence_protocol(protocol or str(run.about["protocol"]))
    rows = []
    for weights in points:
        figures = _figures(*ranking.counts(weights), ranking.answered, name)
        rows.append({"alpha": weights.alpha, "lam": weights.lam, **figures})
    frame, used, gain = pd.DataFrame(rows), Weights(**run.about["weights"]), None
    if frame["n"].any():
        best = points[int(frame["miou"].argmax())]
        first, second = (np.stack(ranking.counts(weights), axis=1) for weights in (best, used))
        gain = metrics.paired_difference(
            first, second, ranking.image_ids, metric="miou", protocol=name, answered=ranking.answered
        )
    data = run.about["dataset"]
    return Sweep(
        frame=frame,
        used=used,
        papers=weights_for(data=str(data["name"])),
        data=f"{data['name']} {data['split']}",
        variant=ranking.variant,
        protocol=name,
        gain=gain,
        notes=tuple(_notes(run, ranking, gain, beside_paper(run, variant=variant, protocol=name))),
    )


def rerank(
    run: ScoredRun,
    *,
    alpha: float | None = None,
    lam: float | None = None,
    variant: str | Variant | None = None,
    rectified: bool = True,
) -> pd.DataFrame:
    """What TAS answers with other weights.

    Parameters
    ----------
    run : Run
        Only its about, predictions() and scores() are read.
    alpha, lam : float, optional
        The run's by default.
    variant : str or Variant, optional
        Whose rectifier; the run's by default.
    rectified : bool
        False leaves the spatial rectifier out.

    Returns
    -------
    DataFrame
        A row a sample: sample, image_id, chosen (-1 for no answer), intersection, union, iou. With the run's own
        weights and variant it is the run's own answer.

    Raises
    ------
    ValueError
        For a weight that is not finite, or damaged tables.
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
        raise UserError(f"{name}: expected at least one weight, got none")
    return found


def _notes(run: ScoredRun, ranking: Ranking, gain: metrics.Estimate | None, beside: pd.DataFrame) -> Iterator[str]:
    yield from minded_of(run.about)
    if answering_above(run.about) is not None:
        yield "the run answers with all proposals above a threshold; ranked again, the best proposal is the answer"
    if len(beside):
        yield beside_text(beside)
    yield "the best point is best on this split; to report it, choose on one split and measure on another"
    if gain is not None and gain.low <= 0 <= gain.high:
        yield "the interval of the gain includes 0: the best point is not shown to beat the run's own weights"
    if ranking.variant != run.about["variant"]:
        yield (
            f"only the rectifier is that of {ranking.variant}; crops, captions, parses and proposals are those of the "
            f"run, variant {run.about['variant']}"
        )
    total = int(run.about["dataset"]["samples"])
    if missing := total - len(ranking.samples):
        yield f"{missing} of {total} samples failed and are missing"
