"""``sweep_view``: the grid of weights as a heat map, and below it the samples that a cell turns right or wrong.

tn.viewers.sweep_view(tn.Run.open("outputs/runs/..."))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.errors import UserError
from tasnb.core.types import Models, Sample, Weights
from tasnb.evaluation import metrics
from tasnb.evaluation.reranking import Ranking, sentence_protocol
from tasnb.evaluation.runs import Run
from tasnb.evaluation.sweep import PAPER_ALPHAS, PAPER_LAMS, Sweep, sweep
from tasnb.store import Store
from tasnb.viewers.cases import Cases
from tasnb.viewers.viewer import Viewer

if TYPE_CHECKING:
    import pandas as pd

FIRST = 6  # flips of each kind shown at first; "more" shows as many again


class SweepViewer(Viewer, module="sweep_view", kind="sweep"):
    """What ``sweep_view`` returns.

    Parameters
    ----------
    run : Run
        The finished run.
    found : Sweep
        The figures of the grid.
    ranking : Ranking
        The run's stored scores.
    cases : Cases
        What lies behind the rows, for thumbnails.
    metric : str
        Which figure the cells show.
    threshold : float
        An answer is right above this IoU, 0..1; from it on, where the protocol says so.

    Attributes
    ----------
    cell : list of float
        [alpha, lambda] of the grid point picked; setting it picks another one.
    limit : int
        How many flips of each kind are listed at most.
    sweep : Sweep
        The figures of the grid, as ``tn.sweep`` gives them.
    """

    record = traitlets.Dict().tag(sync=True)
    cell = traitlets.List(traitlets.Float(), minlen=2, maxlen=2).tag(sync=True)
    limit = traitlets.Int(FIRST, min=1).tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)

    def __init__(self, run: Run, found: Sweep, ranking: Ranking, cases: Cases, metric: str, threshold: float) -> None:
        self.sweep = found
        self._ranking, self._cases, self._metric, self._threshold = ranking, cases, metric, threshold
        self._said = run.predictions().drop_duplicates("sample").set_index("sample")[["sample_id", "expression"]]
        self._before = self._answers(found.used)
        points = found.frame[["alpha", "lam"]].itertuples(index=False, name=None)
        self._after = {(alpha, lam): self._answers(Weights(alpha=alpha, lam=lam)) for alpha, lam in points}
        best = found.best(metric)
        super().__init__(record=self._grid(best), cell=[best["alpha"], best["lam"]])
        self.observe(self._show, names=["cell", "limit"])
        self._show(None)

    @property
    def flips(self) -> pd.DataFrame:
        """The samples that the cell turns: sample, sample_id, expression, change, and chosen and iou before and after.

        change: "gained", right here and wrong with the run's own weights, or "lost", the other way round.
        """
        (chosen, overlap), (chosen_here, overlap_here) = self._before, self._after[self._point()]
        gained, lost = self._turned(self._point())
        places = np.concatenate([np.flatnonzero(gained), np.flatnonzero(lost)])
        return (
            self._said.loc[self._ranking.samples[places]]
            .reset_index()
            .assign(
                change=np.where(gained[places], "gained", "lost"),
                chosen_before=chosen[places],
                chosen=chosen_here[places],
                iou_before=overlap[places],
                iou=overlap_here[places],
            )
        )

    def picture(self) -> np.ndarray:
        """The heat map.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            As ``tn.plots.sweep_heatmap`` draws it.
        """
        return plots.pixels_of(plots.sweep_heatmap(self.sweep, self._metric, beside_paper=False))

    def words(self) -> str:
        """What is on screen.

        Returns
        -------
        str
            The cell picked, its figure and what it turns, in a sentence or two.
        """
        (alpha, lam), used = self._point(), self.sweep.used
        gained, lost = (int(turned.sum()) for turned in self._turned((alpha, lam)))
        value = self.sweep.pivot(self._metric).at[alpha, lam]
        return (
            f"{plots.METRIC_NAMES[self._metric]} of {self.sweep.data} by alpha and lambda. At alpha {alpha:g} and "
            f"lambda {lam:g} it is {value:.2f}: {gained} samples turn right and {lost} turn wrong against the "
            f"run's own alpha {used.alpha:g} and lambda {used.lam:g}."
        )

    @traitlets.validate("cell")
    def _is_a_point(self, proposal: dict[str, Any]) -> list[float]:
        point = tuple(float(x) for x in proposal["value"])
        if point not in self._after:
            grid = self.sweep.pivot(self._metric)
            choices = f"alpha one of {list(grid.index)} and lambda one of {list(grid.columns)}"
            raise traitlets.TraitError(f"cell: expected a point of the grid, {choices}, got {list(point)}")
        return list(point)

    def _point(self) -> tuple[float, float]:
        return (self.cell[0], self.cell[1])

    def _answers(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """The proposal that each sample chooses, -1 for none, and its IoU: (samples,) each."""
        overlap = metrics.iou(*self._ranking.counts(weights), protocol=self.sweep.protocol)
        return self._ranking.chosen(weights), overlap

    def _turned(self, point: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """Which samples are right here only, and with the run's weights only: bool (samples,) each."""
        before, here = (
            metrics.is_right(overlap, protocol=self.sweep.protocol, threshold=self._threshold)
            for _, overlap in (self._before, self._after[point])
        )
        return here & ~before, before & ~here

    def _grid(self, best: dict[str, float]) -> dict[str, Any]:
        cells = self.sweep.pivot(self._metric)
        low, high = float(np.nanmin(cells.to_numpy())), float(np.nanmax(cells.to_numpy()))
        used, papers = asdict(self.sweep.used), asdict(self.sweep.papers)
        marked = {"best": best, "run": used, "paper": papers}

        def cell(alpha: float, lam: float) -> dict[str, Any]:
            value = float(cells.at[alpha, lam])
            gained, lost = (int(turned.sum()) for turned in self._turned((alpha, lam)))
            return {
                "alpha": alpha,
                "lam": lam,
                "value": f"{value:.2f}",
                "gained": gained,
                "lost": lost,
                "marks": [name for name, at in marked.items() if (at["alpha"], at["lam"]) == (alpha, lam)],
                **colours((value - low) / (high - low) if high > low else 0.5),
            }

        return {
            "metric": plots.METRIC_NAMES[self._metric],
            "data": self.sweep.data,
            "protocol": self.sweep.protocol,
            "variant": self.sweep.variant,
            "n": len(self._ranking.samples),
            "threshold": self._threshold,
            "used": used,
            "notes": list(self.sweep.notes),
            "rows": [[cell(alpha, lam) for lam in cells.columns] for alpha in cells.index],
        }

    def _show(self, change: Any) -> None:
        flips, lists = self.flips, {}
        for name in ("gained", "lost"):
            rows = flips[flips["change"] == name]
            cases = [self._case(row) for row in rows.head(self.limit).to_dict("records")]
            lists[name] = {"total": len(rows), "cases": cases}
        self.shown = {"cell": list(self.cell), "limit": self.limit, **lists}

    def _case(self, row: dict[str, Any]) -> dict[str, Any]:
        overlaps = f"IoU {row['iou_before']:.2f} \u2192 {row['iou']:.2f}"
        return self._cases.card(row, [overlaps, f"{_mask(row['chosen_before'])} \u2192 {_mask(row['chosen'])}"])


def _mask(index: int) -> str:
    return "no answer" if index < 0 else f"mask {index}"


def colours(share: float) -> dict[str, str]:
    """Background by a colour map that reads in gray and with any colour vision, and the ink that reads on it."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    rgb = np.asarray(colormaps["cividis"](share))[:3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    light = float(linear @ [0.2126, 0.7152, 0.0722])
    return {"colour": to_hex(rgb), "ink": "#000000" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "#ffffff"}


def sweep_view(
    run: Run,
    *,
    alpha: Sequence[float] = PAPER_ALPHAS,
    lam: Sequence[float] = PAPER_LAMS,
    metric: str = "miou",
    threshold: float = 0.5,
    variant: str | None = None,
    protocol: str | None = None,
    samples: Sequence[Sample] | None = None,
    models: Models | None = None,
    store: Store | None = None,
) -> SweepViewer:
    """Alpha x lambda as a heat map; a click on a cell shows which samples it turns right or wrong.

    Parameters
    ----------
    run : Run
        A finished run.
    alpha, lam : sequence of float
        The grid, as in ``tn.sweep``; default: the paper's.
    metric : str
        "miou", "oiou" or "pr50".
    threshold : float
        An answer is right above this IoU, 0..1; from it on, where the protocol says so.
    variant : str, optional
        Whose rectifier, as in ``tn.sweep``; default: the run's.
    protocol : str, optional
        As in ``tn.sweep``; default: the run's.
    samples : sequence of Sample, optional
        Those of the run, for thumbnails; default: what run.json names. Without the pictures the list has words only.
    models : Models, optional
        Those of the run; default: what run.json names.
    store : Store, optional
        Where the run's artifacts lie; default: ``Store()``.

    Returns
    -------
    SweepViewer
        The widget; samples are turned against the run's own weights.

    Raises
    ------
    ValueError
        As ``tn.sweep`` raises it, and for an unknown metric or a threshold outside 0..1.
    """
    if not 0 <= threshold <= 1:
        raise UserError(f"threshold: expected an IoU from 0 to 1, got {threshold}")
    chosen = sentence_protocol(protocol or str(run.about["protocol"]))
    found = sweep(run, alpha=alpha, lam=lam, variant=variant, protocol=chosen)
    cases = Cases(run, samples=samples, models=models, store=store)
    return SweepViewer(run, found, Ranking.of(run, variant=variant), cases, metric, threshold)
