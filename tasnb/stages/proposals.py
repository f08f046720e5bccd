"""Which proposals enter the method at all: the paper takes what SAM gives, the authors' code filters it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from tasnb.core.errors import UserError
from tasnb.core.masks import areas, pairwise_containment, scaled_area
from tasnb.core.types import Proposals


@dataclass(frozen=True, kw_only=True)
class ProposalFilter:
    """What leaves the proposal set before anything is scored; the defaults drop nothing (paper, section 3.2).

    Parameters
    ----------
    min_area : int
        Pixels; a mask with fewer is dropped.
    scaled : bool
        Whether ``min_area`` is meant for a photo of 640 x 480 and scaled by the area of a picture of another size.
    max_containment : float
        0..1; of a pair whose intersection over the smaller area is above it, the smaller mask is dropped.

    Raises
    ------
    ValueError
        For a number out of range.
    """

    min_area: int = 0
    max_containment: float = 1.0
    scaled: bool = False

    def __post_init__(self) -> None:
        if self.min_area < 0:
            raise UserError(f"min_area: expected 0 or more pixels, got {self.min_area}")
        if not 0 <= self.max_containment <= 1:
            raise UserError(f"max_containment: expected a share from 0 to 1, got {self.max_containment}")


PAPER_FILTER = ProposalFilter()
OFFICIAL_FILTER = ProposalFilter(min_area=2000, max_containment=0.4)  # suoych/TAS, calculate_overlap


def filter_proposals(
    proposals: Proposals, rule: ProposalFilter = PAPER_FILTER
) -> tuple[Proposals, Bool[np.ndarray, " n"], tuple[str, ...]]:
    """The proposals that the rule keeps.

    Parameters
    ----------
    proposals : Proposals
        n of them; none give none.
    rule : ProposalFilter
        The paper's by default.

    Returns
    -------
    proposals : Proposals
        Those that stay.
    kept : ndarray of bool, shape (n,)
        Which they are.
    reasons : tuple of str
        One sentence a proposal.

    Notes
    -----
    As in suoych/TAS: the area comes first, and a mask that it dropped drops no other; a mask that containment dropped
    still counts against the rest, so the result does not depend on the order; of two equal areas the earlier stays.
    Empty and whole-image masks are judged as any other.

    Examples
    --------
    >>> from tasnb.core.masks import make_proposals
    >>> twins = make_proposals(np.ones((2, 4, 4), dtype=bool), source="example")
    >>> kept, stays, reasons = filter_proposals(twins, ProposalFilter(max_containment=0.4))
    >>> stays.tolist()
    [True, False]
    >>> reasons[1]
    'dropped: 100% of it lies in proposal 0 (16 px against 16 px), above 40%'
    """
    sizes = areas(proposals.masks)
    reasons = ["kept"] * len(proposals)
    least = scaled_area(rule.min_area, proposals.size_hw) if rule.scaled else rule.min_area
    kept = sizes >= least
    for index in np.flatnonzero(~kept):
        reasons[index] = f"dropped: its area {sizes[index]} px is below {least:.0f} px"
    large = np.flatnonzero(kept)
    if rule.max_containment < 1 and len(large) > 1:  # containment cannot exceed 1, so 1 drops nothing
        inside = pairwise_containment(proposals.masks[large], proposals.masks[large])
        for row, index in enumerate(large):
            bigger = (sizes[large] > sizes[index]) | ((sizes[large] == sizes[index]) & (large < index))
            rivals = np.flatnonzero(bigger & (inside[row] > rule.max_containment))
            if rivals.size:
                rival = rivals[np.argmax(inside[row, rivals])]
                kept[index] = False
                reasons[index] = (
                    f"dropped: {inside[row, rival]:.0%} of it lies in proposal {large[rival]} "
                    f"({sizes[large[rival]]} px against {sizes[index]} px), above {rule.max_containment:.0%}"
                )
    # all of them stay where they are: at full size a copy of the masks may take a gigabyte
    return proposals if kept.all() else proposals[kept], kept, tuple(reasons)
