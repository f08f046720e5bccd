"""What a run is of and was made with, in words, from its run.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tasnb.core.tables import counted
from tasnb.core.types import Weights


def coverage_of(about: Mapping[str, Any]) -> str:
    """The share of samples that an imported file answers, rounded down, so that only all of them are 100 %."""
    return f"{math.floor(1000 * about['imported']['coverage']) / 10:.1f} %"


def answering_above(about: Mapping[str, Any]) -> float | None:
    """``Variant.answering_above`` of a run, from its run.json; None where it is off, and for imported answers."""
    return (about.get("variant_options") or {}).get("answering_above")


def headed(about: Mapping[str, Any]) -> str:
    """What a run is of and was made with, from its run.json, in a line."""
    data, models = about["dataset"], about["models"]["name"]
    what = f"{data['name']} {data['split']}: {counted(data['samples'], 'sentence')} of "
    what += counted(data["images"], "image")
    if found := about.get("imported"):
        kind = "box IoU, " if found["box"] else ""
        rows = f"{found['format']}, {counted(found['rows'], 'row')}, coverage {coverage_of(about)}"
        return f"{what}, imported answers of {models} ({kind}{rows})"
    weights = Weights(**about["weights"])
    made = f"{what}, models {models}, variant {about['variant']}, {weights}, proposals {about['proposals']}"
    above = answering_above(about)
    return made if above is None else f"{made}, answers above {above:g}"
