"""What the rectifier's rules look at, and what one rule gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Integer

from tasnb.core.errors import UserError

AXIS: Mapping[str, int] = {"left": 0, "right": 0, "top": 1, "bottom": 1}
BEFORE = ("left", "top")  # the halves strictly below the median; the other two hold the ties
SIDES = (("left of", "right of"), ("above", "below"))  # of the median, by axis
AXIS_NAMES = "xy"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What the rules know of the n proposals.

    Parameters
    ----------
    centres_xy : ndarray of float, shape (n, 2)
        Pixels; a row of NaN is an empty mask.
    totals : ndarray of float, shape (n,), or None
        S.
    areas : ndarray of int, shape (n,), or None
        Pixels.
    object_scores : mapping of str to ndarray of float, shape (n,)
        A relation's phrase -> how much each proposal looks like that thing.
    boxes_xyxy : ndarray of int, shape (n, 4), or None
        Pixels, end exclusive.
    v : ndarray of float, shape (n,), or None
        V.

    Raises
    ------
    ValueError
        When the lengths differ.
    """

    centres_xy: Float[np.ndarray, "n 2"]
    totals: Float[np.ndarray, " n"] | None = None
    areas: Integer[np.ndarray, " n"] | None = None
    object_scores: Mapping[str, np.ndarray] = field(default_factory=dict)
    boxes_xyxy: Integer[np.ndarray, "n 4"] | None = None
    v: Float[np.ndarray, " n"] | None = None

    def __post_init__(self) -> None:
        columns = {"totals": self.totals, "areas": self.areas, "boxes_xyxy": self.boxes_xyxy, "v": self.v}
        columns |= {f"object_scores[{phrase!r}]": values for phrase, values in self.object_scores.items()}
        for name, values in columns.items():
            if values is not None and len(values) != len(self):
                raise UserError(f"{name}: expected one value for each of {len(self)} proposals, got {len(values)}")

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

    @property
    def unit(self) -> float:
        """The standard deviation of V over the proposals; 1 where V is not known or the same for all."""
        spread = 0.0 if self.v is None or not len(self.v) else float(np.std(self.v))
        return spread or 1.0

    @property
    def likeness(self) -> Float[np.ndarray, " n"]:
        """How much each proposal counts as one of the subject's kind: 1 for the largest V, 1/e a unit below it."""
        return np.ones(len(self)) if self.v is None or not len(self.v) else np.exp((self.v - self.v.max()) / self.unit)

    def most_like(self, phrase: str) -> int | None:
        """The proposal that is most like another thing.

        Parameters
        ----------
        phrase : str
            A relation's.

        Returns
        -------
        int or None
            The earlier one in a tie; None where no score says it.
        """
        scores = self.object_scores.get(phrase)
        return None if scores is None else int(np.argmax(np.where(self.placed, scores, -np.inf)))

    def half(self, direction: str) -> Bool[np.ndarray, " n"]:
        """Who lies in a half of all centres.

        Parameters
        ----------
        direction : str
            left, top: strictly less than the median; right, bottom: the others.

        Returns
        -------
        ndarray of bool, shape (n,)
            An empty mask is in no half.
        """
        values, median = self.centres_xy[:, AXIS[direction]], self.medians_xy[AXIS[direction]]
        return (values < median) if direction in BEFORE else (values >= median)


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One narrowing of the candidates.

    Parameters
    ----------
    words : str
        Whose words.
    inside : ndarray of bool, shape (n,), or None
        Who is inside; None: it was not used.
    finding : str
        What was found, in words.
    verdicts : tuple of str
        One a proposal.
    """

    words: str
    inside: Bool[np.ndarray, " n"] | None
    finding: str
    verdicts: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The words and the finding."""
        return f'"{self.words}": {self.finding}.'


def unused(words: str, why: str) -> Step:
    """A step that narrows nothing and says why.

    Parameters
    ----------
    words, why : str
        Whose words, and the reason.

    Returns
    -------
    Step
        With nobody inside or outside.
    """
    return Step(words=words, inside=None, finding=why)


def verdict(inside: bool, reason: str) -> str:
    """What is said of one proposal.

    Parameters
    ----------
    inside : bool
        Whether it stays.
    reason : str
        Why.

    Returns
    -------
    str
        "stays" or "out", and why.
    """
    return f"{'stays' if inside else 'out'}: {reason}"
