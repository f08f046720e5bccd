"""What the rectifier's rules look at, and what one rule gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Integer

AXIS: Mapping[str, int] = {"left": 0, "right": 0, "top": 1, "bottom": 1}
BEFORE = ("left", "top")  # the halves strictly below the median; the other two hold the ties
SIDES = (("left of", "right of"), ("above", "below"))  # of the median, by axis
AXIS_NAMES = "xy"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """One row a proposal; a row of NaN in ``centres_xy`` is an empty mask.

    totals: S. areas: pixels. object_scores: relation phrase -> how much each proposal looks like that thing.
    Raises ValueError when the lengths differ.
    """

    centres_xy: Float[np.ndarray, "n 2"]
    totals: Float[np.ndarray, " n"] | None = None
    areas: Integer[np.ndarray, " n"] | None = None
    object_scores: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = {"totals": self.totals, "areas": self.areas}
        columns |= {f"object_scores[{phrase!r}]": values for phrase, values in self.object_scores.items()}
        for name, values in columns.items():
            if values is not None and len(values) != len(self):
                raise ValueError(f"{name}: expected one value for each of {len(self)} proposals, got {len(values)}")

    def __len__(self) -> int:
        return len(self.centres_xy)

    @cached_property
    def placed(self) -> Bool[np.ndarray, " n"]:
        """Which proposals have a centre at all."""
        return np.isfinite(self.centres_xy).all(axis=1)

    @cached_property
    def medians_xy(self) -> Float[np.ndarray, 2]:
        """The median of the centres, by axis; an empty mask does not count."""
        return np.median(self.centres_xy[self.placed], axis=0)

    def half(self, direction: str) -> Bool[np.ndarray, " n"]:
        """left, top: strictly less than the median; right, bottom: the others. An empty mask is in no half."""
        values, median = self.centres_xy[:, AXIS[direction]], self.medians_xy[AXIS[direction]]
        return (values < median) if direction in BEFORE else (values >= median)


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One narrowing: whose words, who is inside (None: it was not used), the finding, a verdict for each."""

    words: str
    inside: Bool[np.ndarray, " n"] | None
    finding: str
    verdicts: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return f'"{self.words}": {self.finding}.'


def unused(words: str, why: str) -> Step:
    """A step that narrows nothing and says why."""
    return Step(words=words, inside=None, finding=why)


def verdict(inside: bool, reason: str) -> str:
    return f"{'stays' if inside else 'out'}: {reason}"
