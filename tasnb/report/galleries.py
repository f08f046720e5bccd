"""Galleries of failures: one card a case, with its picture, its receipt and the sentence that explains it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb import analysis, plots
from tasnb.analysis.evidence import Evidence
from tasnb.core.images import as_rgb, jpeg_uri, resized
from tasnb.evaluation.samples import RunSamples

if TYPE_CHECKING:
    import pandas as pd

A_CAUSE, A_TYPE, A_SIDE = 6, 3, 8  # cards shown of each cause, of each type, of each kind of flip
RECEIPT = 5  # proposals in a receipt, the answer and the best one always among them
LONGEST = 320  # side of a picture, pixels: as JPEG it takes about 15 kB


class Gallery:
    """The cases of an analysed run as what a template shows; ``missing`` counts the photos that cannot be read."""

    def __init__(self, found: analysis.Attribution, run: Any) -> None:
        self._found, self._behind = found, RunSamples(run)
        self._cases = analysis.cases(found)
        self.missing = 0

    def by_cause(self) -> list[dict[str, Any]]:
        """Every cause that occurs: the cases whose cure would regain most come first."""
        groups = {name: self._cases[self._cases["cause"] == name] for name in self._found.causes}
        return [
            {"name": name, "count": len(mine), "cases": self._cards(_varied(mine, A_CAUSE))}
            for name, mine in groups.items()
            if len(mine)
        ]

    def by_type(self) -> list[dict[str, Any]]:
        """Every type of expression that has failures."""
        groups = analysis.groups(self._found, "type")
        failed = {name: self._cases[mask & self._cases["failed"].to_numpy(bool)] for name, mask in groups.items()}
        return [
            {"name": name, "count": len(mine), "of": int(groups[name].sum()), "cases": self._cards(shown)}
            for name, mine in failed.items()
            if len(shown := _varied(mine, A_TYPE, other=True))
        ]

    def of_samples(self, sample_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The first of these samples, in this order."""
        return self._cards(self._cases.set_index("sample_id", drop=False).loc[list(sample_ids)[:A_SIDE]])

    def _cards(self, rows: pd.DataFrame) -> list[dict[str, Any]]:
        places = {sample: place for place, sample in enumerate(self._found.frame["sample"])}
        return [self._card(row, places[row["sample"]]) for row in rows.to_dict("records")]

    def _card(self, row: dict[str, Any], place: int) -> dict[str, Any]:
        answered = self._found.evidence.samples.iloc[place]
        chosen, evidence = int(answered["chosen"]), self._found.evidence
        shown: dict[str, Any] = {"chosen": chosen, "photo": self._photo(row, chosen, str(answered["method"]))}
        if not isinstance(evidence, Evidence):
            return row | shown | {"receipt": None}
        kept = [phrase["text"] for phrase in json.loads(answered["phrases"]) if phrase["kept"]]
        return row | shown | {"negatives": kept, "receipt": _receipt(evidence, place, chosen, int(answered["oracle"]))}

    def _photo(self, row: dict[str, Any], chosen: int, method: str) -> str:
        """The photo of a case with the target's rim and the answer, as a data URI; "" where it cannot be read."""
        try:
            sample = self._behind.sample(int(row["sample"]))
            answer = self._behind.answer(int(row["sample"]), method)
            drawn = plots.rims(as_rgb(sample.image), sample.target, answer, index=max(chosen, 0))
        except (OSError, ValueError, LookupError):
            self.missing += 1
            return ""
        return jpeg_uri(resized(drawn, min(1, LONGEST / max(drawn.shape[:2]))))


def _receipt(e: Evidence, place: int, chosen: int, oracle: int) -> list[dict[str, Any]]:
    """The proposals with the largest S, the answer and the best one."""
    of_case = slice(*e.spans[place])
    scores = e.scores.iloc[of_case].assign(caption=e.captions[of_case])
    scores["s"] = e.ranking.total(e.weights)[of_case]
    scores["prior"] = 0.0 if e.ranking.prior is None else e.ranking.prior[of_case]
    first = scores.sort_values("s", ascending=False, kind="stable")
    must = [number for number in (chosen, oracle) if number >= 0]
    shown = first[first["proposal"].isin(must) | (np.arange(len(first)) < RECEIPT)].head(RECEIPT + len(must))
    rows = shown.to_dict("records")
    for row in rows:
        is_so = {"answer": row["proposal"] == chosen, "best": row["proposal"] == oracle, "out": not row["kept"]}
        row["marks"] = [mark for mark, holds in is_so.items() if holds]
    return rows


def _varied(frame: pd.DataFrame, count: int, *, other: bool = False) -> pd.DataFrame:
    """The dearest cases first, one a picture as far as that goes. other: begin with the second, for another gallery."""
    ordered = frame.sort_values(["recoverable", "sample"], ascending=[False, True], kind="stable")
    repeats = ordered.groupby("image_id").cumcount()
    ordered = ordered.iloc[np.argsort(repeats, kind="stable")]
    start = min(1, max(0, len(ordered) - count)) if other else 0
    return ordered.iloc[start : start + count]
