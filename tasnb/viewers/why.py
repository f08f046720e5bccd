"""The ``why`` panel of ``explore``: the cause of a failure and its cures, as a record that the browser ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tasnb.analysis.attribution import Why, why
from tasnb.analysis.causes import THRESHOLD
from tasnb.analysis.counterfactuals import Switch
from tasnb.analysis.evidence import case_of
from tasnb.core.types import ImageArtifacts, WordNet
from tasnb.viewers.record import Reading, Settings, table_of


def why_record(
    readings: Mapping[str, Reading], artifacts: ImageArtifacts, target: np.ndarray | None, settings: Settings,
    *, gold: Mapping[str, Any] | None = None, wordnet: WordNet | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Variant -> its record at the settings' weights with all parts on; {} without a target.

    A cure says what it replaces in the scores ("n", "kept") or the settings; the rest stays as it is on screen.
    """
    if target is None or not target.any():
        return {}
    found = {}
    for name, reading in readings.items():
        now = replace(settings, variant=name, use_p=True, use_n=True, spatial=True)
        table = table_of(reading, artifacts, now)
        case = case_of(artifacts, table, reading.parse, reading.negatives, target, reading.variant,
                       gold=gold, wordnet=wordnet)  # fmt: skip
        found[name] = _of_method(why(case), now)
    return found


def _of_method(told: Why, now: Settings) -> dict[str, Any]:
    return {
        "base": f"With \u03b1 {now.alpha:g}, \u03bb {now.lam:g} and all parts on", "sentence": told.sentence,
        "threshold": THRESHOLD, "cures": [_cure(switch) for switch in told.switches],
        "oracle": "" if not told.hopeless else (
            f"No proposal fits (the best has IoU {told.oracle:.2f}). With the target's own mask as a proposal the best "
            "possible answer would have IoU 1.00; its V, P and N are not known, so it is not ranked here."
        ),
    }  # fmt: skip


def _cure(switch: Switch) -> dict[str, Any]:
    weights = switch.changed.get("weights")
    return {
        "name": switch.name, "words": switch.words, "row": switch.row,
        "scores": {key: switch.changed[key].tolist() for key in ("n", "kept") if key in switch.changed},
        "settings": {} if weights is None else {"alpha": weights.alpha, "lam": weights.lam},
    }  # fmt: skip
