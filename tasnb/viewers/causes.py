"""``cause_view``: cause x type (or another cut) as a table of counts and points; a cell filters the gallery below it.

tn.viewers.cause_view(tn.Run("outputs/runs/..."), by="target-size")
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import traitlets
from PIL import Image

from tasnb import analysis, plots
from tasnb.viewers import assets
from tasnb.viewers.galleries import EXPLAINED, Gallery, gallery
from tasnb.viewers.sweeping import colours
from tasnb.viewers.viewer import Viewer

if TYPE_CHECKING:
    from tasnb.evaluation.runs import Run


class CauseViewer(Viewer):
    """What ``cause_view`` returns. picked: [cause, group], [] for all cases; setting it filters ``gallery``.

    A group is a type, or whatever ``by`` cuts into.
    """

    _esm = assets.module("cause_view")
    kind: ClassVar[str] = "table of causes"
    module: ClassVar[str] = "cause_view"

    record = traitlets.Dict().tag(sync=True)
    picked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    child = traitlets.Unicode("").tag(sync=True)  # the gallery's model, for the browser

    def __init__(self, found: analysis.Attribution, shown: Gallery, by: str = "type") -> None:
        self.found, self.gallery, self.by = found, shown, by
        super().__init__(record=_record(found, by), child=shown.model_id or "")
        self.observe(self._filter, names="picked")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.words()}>"

    @traitlets.validate("picked")
    def _is_a_cell(self, proposal: dict[str, Any]) -> list[str]:
        picked, known = proposal["value"], {(c["cause"], r["type"]) for r in self.record["rows"] for c in r["cells"]}
        if picked and tuple(picked) not in known:
            raise traitlets.TraitError(
                f"picked: expected [cause, {self.by}] of a cell of the table, or [], got {picked}"
            )
        return list(picked)

    def picture(self) -> np.ndarray:
        """The two heat maps, counts and what is recoverable: uint8 (h, w, 3)."""
        if not self.record["rows"]:
            return self.gallery.picture()
        buffer = io.BytesIO()
        plots.cause_heatmap(self.found, self.by).savefig(buffer, format="png", dpi=90)
        return np.asarray(Image.open(buffer).convert("RGB"))

    def words(self) -> str:
        """What is on screen, in a sentence or two."""
        chosen = f" Picked: {self.picked[0]}, {self.picked[1]}." if self.picked else ""
        return f"Causes of failure by {_said(self.by)}: {self.record['failures']} failures.{chosen}"

    def _filter(self, change: Any) -> None:
        cause, group = change["new"] or (None, None)
        self.gallery.filter(cause=cause, **{_column(self.by): group})


def cause_view(run: Run, *, by: str = "type", **options: Any) -> CauseViewer:
    """Cause x type, how many failures and what they cost; a click on a cell shows its cases in a gallery below.

    by: the cut that makes the rows, one of ``tn.analysis.CUTS`` ("head", "target-size", "n-same-kind" ...). options: of
    ``gallery`` (samples, models, store, show). A sample of several types counts in each row.
    Raises ValueError for an unknown cut, listing the choices, and for a run that the analysis cannot read.
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
    names = [""] * len(found.frame)
    for name, inside in analysis.groups(found, by).items():
        for place in np.flatnonzero(inside):
            names[place] = str(name)
    return names


def _record(found: analysis.Attribution, by: str) -> dict[str, Any]:
    cells = analysis.heat(found, by)
    cells = cells[cells["failures"] > 0]
    causes = [cause for cause in analysis.CAUSES if (cells["cause"] == cause).any()]
    most, rows = max(1, int(cells["failures"].max())) if len(cells) else 1, []
    for kind in cells["group"].drop_duplicates():
        row = {r["cause"]: r for r in cells[cells["group"] == kind].to_dict("records")}
        rows.append({
            "type": str(kind),
            "cells": [
                {"cause": c, "failures": int(row[c]["failures"]), "recoverable": f"{row[c]['recoverable']:.2f}",
                 **colours(row[c]["failures"] / most)} if c in row
                else {"cause": c, "failures": 0, "recoverable": "0.00", **colours(0.0)}
                for c in causes
            ],
        })  # fmt: skip
    return {
        "by": by,
        "causes": causes,
        "rows": rows,
        "failures": int(found.frame["failed"].sum()),
        "of": len(found.frame),
    }
