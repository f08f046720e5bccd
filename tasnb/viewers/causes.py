"""``cause_view``: cause x type (or another cut) as a table of counts and points; a cell filters the gallery below it.

tn.viewers.cause_view(tn.Run("outputs/runs/..."), by="target-size")
"""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from tasnb import analysis, plots
from tasnb.core.tables import counted
from tasnb.evaluation.runs import Run, minded_of
from tasnb.viewers.galleries import EXPLAINED, Gallery, gallery
from tasnb.viewers.sweeping import colours
from tasnb.viewers.viewer import Viewer


class CauseViewer(Viewer, module="cause_view", kind="table of causes"):
    """What ``cause_view`` returns.

    Parameters
    ----------
    found : Attribution
        The causes of the run's failures.
    shown : Gallery
        The gallery of the run's cases, below the table.
    by : str
        The cut that makes the rows, one of ``tn.analysis.CUTS``.

    Attributes
    ----------
    picked : list of str
        [cause, group], [] for all cases; setting it filters ``gallery``. A group is a type, or whatever ``by`` cuts
        into.
    gallery : Gallery
        The cases below the table.
    """

    record = traitlets.Dict().tag(sync=True)
    picked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    child = traitlets.Unicode("").tag(sync=True)  # the gallery's model, for the browser

    def __init__(self, found: analysis.Attribution, shown: Gallery, by: str = "type") -> None:
        self.found, self.gallery, self.by = found, shown, by
        super().__init__(record=_record(found, by), child=shown.model_id or "")
        self.observe(self._filter, names="picked")

    @traitlets.validate("picked")
    def _is_a_cell(self, proposal: dict[str, Any]) -> list[str]:
        picked, known = proposal["value"], {(c["cause"], r["type"]) for r in self.record["rows"] for c in r["cells"]}
        if picked and tuple(picked) not in known:
            expected = f"[cause, {self.by}] of a cell of the table, or []"
            raise traitlets.TraitError(f"picked: expected {expected}, got {picked}")
        return list(picked)

    def picture(self) -> np.ndarray:
        """The two heat maps, counts and what is recoverable.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            As ``tn.plots.cause_heatmap`` draws them; the gallery's page where no case failed.
        """
        if not self.record["rows"]:
            return self.gallery.picture()
        return plots.pixels_of(plots.cause_heatmap(self.found, self.by), dpi=90)

    def words(self) -> str:
        """What is on screen.

        Returns
        -------
        str
            How many failures by which cut, and the cell picked, in a sentence or two.
        """
        chosen = f" Picked: {self.picked[0]}, {self.picked[1]}." if self.picked else ""
        return f"Causes of failure by {_said(self.by)}: {counted(self.record['failures'], 'failure')}.{chosen}"

    def _filter(self, change: Any) -> None:
        cause, group = change["new"] or (None, None)
        self.gallery.filter(cause=cause, **{_column(self.by): group})


def cause_view(run: Run, *, by: str = "type", **options: Any) -> CauseViewer:
    """Cause x type, how many failures and what they cost; a click on a cell shows its cases in a gallery below.

    Parameters
    ----------
    run : Run
        A finished run.
    by : str
        The cut that makes the rows, one of ``tn.analysis.CUTS`` ("head", "target-size", "n-same-kind" ...).
    **options : Any
        Of ``gallery``: samples, models, store, show.

    Returns
    -------
    CauseViewer
        The widget. A sample of several types counts in each row.

    Raises
    ------
    ValueError
        For an unknown cut, listing the choices, and for a run that the analysis cannot read.
    """
    found = analysis.attribute(run)
    columns = analysis.cases(found)[["sample_id", *EXPLAINED]]
    if by != "type":
        columns[_column(by)] = _names(found, by)
    return CauseViewer(found, gallery(run, method="tas", columns=columns, **options), by)


def _column(by: str) -> str:
    """The gallery's filter for a group of the cut."""
    return "types" if by == "type" else f"by {by}"


def _said(by: str) -> str:
    return "type of expression" if by == "type" else by


def _names(found: analysis.Attribution, by: str) -> list[str]:
    """The group of every sample, "" where the cut has none for it."""
    names = np.full(len(found.frame), "", object)
    for name, inside in analysis.groups(found, by).items():
        names[inside] = str(name)
    return names.tolist()


def _record(found: analysis.Attribution, by: str) -> dict[str, Any]:
    cells = analysis.heat(found, by)
    cells = cells[cells["failures"] > 0]
    causes = [cause for cause in found.causes if (cells["cause"] == cause).any()]
    most, rows = max(1, int(cells["failures"].max())) if len(cells) else 1, []
    for kind, inside in cells.groupby("group", sort=False):
        told = inside.set_index("cause")[["failures", "recoverable"]].reindex(causes, fill_value=0)
        row = [
            {"cause": cause, "failures": int(failures), "recoverable": f"{points:.2f}", **colours(failures / most)}
            for cause, failures, points in told.itertuples()
        ]
        rows.append({"type": str(kind), "cells": row})
    return {
        "by": by,
        "causes": causes,
        "rows": rows,
        "failures": int(found.frame["failed"].sum()),
        "of": len(found.frame),
        "minded": minded_of(found.about),
    }
