"""The proposal filter: the paper's keeps everything, the authors' drops by area and containment."""

from __future__ import annotations

import numpy as np
import pytest

from tasnb.core.masks import make_proposals
from tasnb.core.types import Proposals
from tasnb.stages.proposals import OFFICIAL_FILTER, PAPER_FILTER, ProposalFilter, filter_proposals


def strips(*spans: tuple[int, int], width: int = 100) -> Proposals:
    """Proposals of one row each: pixels start to end."""
    masks = np.zeros((len(spans), 1, width), dtype=bool)
    for mask, (start, end) in zip(masks, spans, strict=True):
        mask[0, start:end] = True
    return make_proposals(masks, source="test")


@pytest.mark.parametrize(
    ("spans", "rule", "kept"),
    [
        pytest.param(
            [(0, 5), (0, 100), (3, 3)], PAPER_FILTER, [True, True, True], id="paper: all, empty and whole too"
        ),
        pytest.param([(0, 100), (0, 100)], PAPER_FILTER, [True, True], id="paper: duplicates stay"),
        pytest.param(
            [(0, 10), (20, 29)], ProposalFilter(min_area=10), [True, False], id="area: 10 is enough, 9 is not"
        ),
        pytest.param([(3, 3)], ProposalFilter(min_area=1), [False], id="area: an empty mask"),
        pytest.param(
            [(0, 10), (6, 16)], ProposalFilter(max_containment=0.4), [True, True], id="containment at the limit"
        ),
        pytest.param([(0, 10), (5, 16)], ProposalFilter(max_containment=0.4), [False, True], id="the smaller goes"),
        pytest.param(
            [(0, 10), (0, 10)], ProposalFilter(max_containment=0.4), [True, False], id="equal: the earlier stays"
        ),
        pytest.param(
            [(0, 50), (30, 60), (50, 65)],
            ProposalFilter(max_containment=0.4),
            [True, False, False],
            id="a dropped one still counts against the rest",
        ),
        pytest.param(
            [(0, 5), (0, 4), (3, 20)],
            ProposalFilter(min_area=5, max_containment=0.3),
            [False, False, True],
            id="too small comes first",
        ),
        pytest.param(
            [(4, 4), (0, 9)], ProposalFilter(max_containment=0.0), [True, True], id="an empty mask is in nothing"
        ),
        pytest.param([], OFFICIAL_FILTER, [], id="no proposals"),
        pytest.param([(0, 100)], ProposalFilter(max_containment=0.4), [True], id="one proposal"),
    ],
)
def test_filter(spans, rule, kept) -> None:
    found, mask, reasons = filter_proposals(strips(*spans), rule)
    assert mask.tolist() == kept
    assert len(found) == sum(kept)
    assert [r == "kept" for r in reasons] == kept


def test_a_mask_that_the_area_dropped_drops_no_other() -> None:
    # the second lies in the first, but the first is too small to count and the second is even smaller
    _, kept, _ = filter_proposals(strips((0, 9), (0, 8), (50, 80)), ProposalFilter(min_area=10, max_containment=0.4))
    assert kept.tolist() == [False, False, True]


def test_every_reason_says_what_and_why() -> None:
    _, _, reasons = filter_proposals(
        strips((0, 10), (5, 30), (40, 42)), ProposalFilter(min_area=5, max_containment=0.4)
    )
    assert reasons[0] == "dropped: 50% of it lies in proposal 1 (25 px against 10 px), above 40%"
    assert reasons[1] == "kept"
    assert reasons[2] == "dropped: its area 2 px is below 5 px"


def test_the_presets_are_the_papers_and_the_authors() -> None:
    assert ProposalFilter(min_area=0, max_containment=1.0) == PAPER_FILTER
    assert ProposalFilter(min_area=2000, max_containment=0.4) == OFFICIAL_FILTER


def as_the_authors_do(masks: np.ndarray, min_area: int, limit: float) -> list[int]:
    """What suoych/TAS computes, written from its description: an oracle for random masks."""
    sizes = [int(mask.sum()) for mask in masks]
    keep = {i for i, size in enumerate(sizes) if size >= min_area}
    large = sorted(keep)
    for i in large:
        for j in large:
            if i < j and (masks[i] & masks[j]).sum() / min(sizes[i], sizes[j]) > limit:
                keep.discard(j if sizes[i] >= sizes[j] else i)
    return sorted(keep)


@pytest.mark.parametrize("seed", range(8))
def test_the_official_filter_agrees_with_the_authors_on_random_boxes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks = np.zeros((14, 40, 40), dtype=bool)
    for mask in masks:
        (x0, x1), (y0, y1) = np.sort(rng.integers(0, 40, (2, 2)))
        mask[y0 : y1 + 1, x0 : x1 + 1] = True
    rule = ProposalFilter(min_area=60, max_containment=0.4)
    _, kept, _ = filter_proposals(make_proposals(masks, source="test"), rule)
    assert np.flatnonzero(kept).tolist() == as_the_authors_do(masks, 60, 0.4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_area": -1}, "min_area: expected 0 or more"),
        ({"max_containment": 1.5}, "max_containment: expected a share"),
    ],
)
def test_impossible_limits_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        ProposalFilter(**options)


@pytest.mark.parametrize(
    ("size_hw", "least"),
    [((480, 640), 2000), ((640, 480), 2000), ((256, 256), 427), ((960, 1280), 8000), ((1, 100), 1)],
    ids=str,
)
def test_scaled_areas_are_the_same_share_of_every_picture(size_hw: tuple[int, int], least: int) -> None:
    """2000 of 640 x 480 pixels; 2000 x 256 x 256 / (640 x 480) = 426.7, and 0.65 of a picture of 100 pixels."""
    pixels = np.arange(size_hw[0] * size_hw[1]).reshape(size_hw)
    found = make_proposals(np.stack([pixels < least, pixels < least - 1]), source="test")
    rule = ProposalFilter(min_area=2000, scaled=True)
    assert filter_proposals(found, rule)[1].tolist() == [True, False]
    literal = filter_proposals(found, ProposalFilter(min_area=2000))
    assert literal[1].tolist() == [least >= 2000, least - 1 >= 2000]
