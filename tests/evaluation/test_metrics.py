"""oIoU, mIoU and Pr@t: tables worked by hand, five protocols, an independent oracle, and the bootstrap."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasnb.evaluation import metrics
from tasnb.evaluation.metrics import intersection_union, merge_sentences, paired_difference, summarise
from tasnb.evaluation.records import NO_PROPOSAL, Measured

# six units of three images: (intersection, union, image); IoU 1, 1/2, 0, 0.9, 0/0, 0.25
HAND = [(4, 4, "a"), (3, 6, "a"), (0, 10, "b"), (90, 100, "b"), (0, 0, "c"), (5, 20, "c")]
SHARED = np.array([i for i, _, _ in HAND])
UNIONS = np.array([u for _, u, _ in HAND])
IMAGES = [image for _, _, image in HAND]


def figures(protocol: str, **options) -> tuple[float, ...]:
    summary = summarise(SHARED, UNIONS, IMAGES, protocol=protocol, resamples=10, **options)
    return summary.oiou.value, summary.miou.value, *(e.value for e in summary.precision.values())


OIOU = 100 * 102 / 140


@pytest.mark.parametrize(
    ("protocol", "options", "miou", "precision"),
    [
        # > : 1 and 0.9 pass 0.5 to 0.8, 1 alone passes 0.9; an IoU of exactly 1/2 does not pass 0.5
        pytest.param("tas", {}, 2.65 / 6, [2, 2, 2, 2, 1], id="tas: > and 0/0 is 0"),
        pytest.param("lavt", {}, 2.65 / 6, [3, 2, 2, 2, 2], id="lavt: >= lets 0.5 and 0.9 pass"),
        pytest.param("iterprime", {}, 3.65 / 6, [3, 3, 3, 3, 2], id="iterprime: 0/0 is 1"),
        pytest.param("global-local", {}, 2.65 / 6, [], id="global-local: no Pr@t"),
        pytest.param("car", {"ref_ids": list("uvwxyz")}, 2.65 / 6, [3, 2, 2, 2, 2], id="car: a unit is a ref"),
    ],
)
def test_each_protocol_on_the_hand_worked_table(protocol, options, miou, precision) -> None:
    expected = (OIOU, 100 * miou, *(100 * count / 6 for count in precision))
    np.testing.assert_allclose(figures(protocol, **options), expected)


ANSWERED = np.array([True, True, False, True, True, True])  # unit 2 had no proposal: intersection 0, union = target


@pytest.mark.parametrize(
    ("protocol", "oiou", "miou", "n"),
    [
        pytest.param("tas", OIOU, 100 * 2.65 / 6, 6, id="tas: no proposal is IoU 0"),
        pytest.param("lavt", OIOU, 100 * 2.65 / 6, 6, id="lavt: the same"),
        pytest.param("iterprime", OIOU, 100 * 3.65 / 6, 6, id="iterprime: the same"),
        pytest.param("global-local", 100 * 102 / 130, 100 * 2.65 / 5, 5, id="global-local: skipped in both metrics"),
    ],
)
def test_what_becomes_of_a_unit_without_proposals(protocol, oiou, miou, n) -> None:
    summary = summarise(SHARED, UNIONS, IMAGES, protocol=protocol, answered=ANSWERED, resamples=10)
    assert summary.oiou.value == pytest.approx(oiou)
    assert summary.miou.value == pytest.approx(miou)
    assert (summary.n, summary.unanswered) == (n, 1)


def test_an_image_whose_units_are_all_skipped_leaves_the_bootstrap_too() -> None:
    summary = summarise(SHARED, UNIONS, IMAGES, protocol="global-local", answered=np.array([c != "b" for c in IMAGES]))
    assert summary.images == 2


def test_the_summary_says_what_is_missing_and_where_it_comes_from() -> None:
    summary = summarise(SHARED, UNIONS, IMAGES, missing=3)
    assert (summary.protocol, summary.n, summary.images, summary.missing, summary.unanswered) == ("tas", 6, 3, 3, 0)
    assert list(summary.precision) == [0.5, 0.6, 0.7, 0.8, 0.9]
    assert str(summary.miou).startswith("44.17 [")


def test_car_wants_merged_refs() -> None:
    with pytest.raises(ValueError, match="expected 6 ref_ids, got none"):
        summarise(SHARED, UNIONS, IMAGES, protocol="car")
    with pytest.raises(ValueError, match="ref 'u' comes 2 times; merge its sentences' masks first"):
        summarise(SHARED, UNIONS, IMAGES, protocol="car", ref_ids=list("uuwxyz"))


def test_merging_sentences_takes_the_union_of_a_refs_masks() -> None:
    masks = np.array([[[1, 0, 0]], [[0, 0, 1]], [[0, 1, 0]]], dtype=bool)
    merged, refs = merge_sentences(masks, ["r", "s", "r"])
    assert refs == ("r", "s")
    assert merged.tolist() == [[[True, True, False]], [[False, False, True]]]
    assert merge_sentences(masks[:0], [])[0].shape == (0, 1, 3)
    with pytest.raises(ValueError, match="one ref id a mask, got 1 ids for 3 masks"):
        merge_sentences(masks, ["r"])


@pytest.mark.parametrize(
    ("pred", "target", "expected"),
    [
        pytest.param([1, 1, 0], [0, 1, 1], (1, 3), id="overlap"),
        pytest.param([0, 0, 0], [0, 1, 1], (0, 2), id="no answer: the union is the target"),
        pytest.param([1, 1, 1], [1, 1, 1], (3, 3), id="whole image"),
        pytest.param([0, 0, 0], [0, 0, 0], (0, 0), id="nothing asked, nothing given"),
    ],
)
def test_intersection_and_union(pred, target, expected) -> None:
    found = intersection_union(np.array([pred], dtype=bool), np.array([target], dtype=bool))
    assert found == expected
    assert all(type(count) is int for count in found)


@pytest.mark.usefixtures("no_shape_checks")
def test_masks_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(1, 2\) and \(2, 1\)"):
        intersection_union(np.ones((1, 2), bool), np.ones((2, 1), bool))


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        pytest.param([[1, 1, 0, 0], [1, 1, 1, 0]], (1, 2, 3), id="the better one"),
        pytest.param([[1, 1, 1, 0], [1, 1, 1, 0]], (0, 2, 3), id="a tie keeps the earlier"),
        pytest.param([[0, 0, 0, 0]], (0, 0, 2), id="an empty proposal"),
        pytest.param([], (NO_PROPOSAL, 0, 2), id="no proposals"),
    ],
)
def test_the_oracle(masks, expected) -> None:
    target = np.array([[0, 1, 1, 0]], dtype=bool)
    assert oracle(np.array(masks, dtype=bool).reshape(-1, 1, 4), target) == expected


def oracle(masks: np.ndarray, target: np.ndarray) -> tuple[int, int, int]:
    """The best proposal as a run measures it: its index, intersection and union."""
    described = SimpleNamespace(proposals=SimpleNamespace(masks=masks), size_hw=target.shape)
    measured = Measured(described, target)
    return measured.oracle, *measured.of(measured.oracle)


def test_the_oracle_on_an_empty_target_has_no_zero_division() -> None:
    described = np.ones((2, 1, 4), bool)
    assert oracle(described, np.zeros((1, 4), bool)) == (NO_PROPOSAL, 0, 0), "the best answer is none"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_masks_to_figures_agree_with_torchmetrics_and_pycocotools(seed: int) -> None:
    import torch
    from pycocotools import mask as coco
    from torchmetrics.functional.classification import binary_jaccard_index

    rng = np.random.default_rng(seed)
    pred, target = rng.random((2, 20, 15, 13)) < rng.uniform(0.2, 0.8, (2, 20, 1, 1))
    pairs = np.array([intersection_union(p, t) for p, t in zip(pred, target, strict=True)])
    summary = summarise(pairs[:, 0], pairs[:, 1], [str(i // 2) for i in range(20)], resamples=10)

    def index(p: np.ndarray, t: np.ndarray) -> float:
        return float(binary_jaccard_index(torch.from_numpy(p.astype(int)), torch.from_numpy(t.astype(int))))

    assert summary.miou.value == pytest.approx(
        100 * np.mean([index(p, t) for p, t in zip(pred, target, strict=True)]), rel=1e-5
    )
    assert summary.oiou.value == pytest.approx(100 * index(pred, target), rel=1e-5)
    codes = [[coco.encode(np.asfortranarray(m.astype(np.uint8))) for m in side] for side in (pred, target)]
    ious = np.diag(coco.iou(codes[0], codes[1], [0] * 20))
    np.testing.assert_allclose(metrics.iou(pairs[:, 0], pairs[:, 1]), ious)
    assert summary.precision[0.5].value == pytest.approx(100 * np.mean(ious > 0.5))


def slow_bootstrap(shared, unions, images, resamples: int, seed: int) -> np.ndarray:
    """(mIoU, oIoU) of every resample by really concatenating the drawn images."""
    names = sorted(set(images))
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    ids = np.array(images)
    rows = []
    for draw in draws:
        chosen = np.concatenate(
            [np.flatnonzero(ids == name) for name, times in zip(names, draw, strict=True) for _ in range(times)]
        )
        i, u = shared[chosen], unions[chosen]
        rows.append((100 * np.mean(i / np.maximum(u, 1)), 100 * i.sum() / u.sum()))
    return np.array(rows)


def test_the_interval_is_that_of_really_resampling_images() -> None:
    rng = np.random.default_rng(5)
    unions = rng.integers(50, 100, 60)
    shared = rng.integers(0, 50, 60)
    images = [f"{k:02d}" for k in rng.integers(0, 15, 60)]
    expected = np.percentile(slow_bootstrap(shared, unions, images, 300, 7), [2.5, 97.5], axis=0)
    summary = summarise(shared, unions, images, resamples=300, seed=7)
    np.testing.assert_allclose([summary.miou.low, summary.miou.high], expected[:, 0])
    np.testing.assert_allclose([summary.oiou.low, summary.oiou.high], expected[:, 1])


def test_images_are_resampled_not_sentences() -> None:
    """Twenty copies of each unit tell nothing new: the interval must not shrink."""
    once = summarise(SHARED, UNIONS, IMAGES)
    many = summarise(np.tile(SHARED, 20), np.tile(UNIONS, 20), IMAGES * 20)
    assert (many.miou.low, many.miou.high) == pytest.approx((once.miou.low, once.miou.high))
    apart = summarise(np.tile(SHARED, 20), np.tile(UNIONS, 20), [f"{i}{k}" for k in range(20) for i in IMAGES])
    assert apart.miou.high - apart.miou.low < 0.5 * (once.miou.high - once.miou.low)


def test_the_seed_makes_it_repeat() -> None:
    first, again = (summarise(SHARED, UNIONS, IMAGES, seed=3) for _ in range(2))
    assert first == again
    apart = [str(k) for k in range(6)]
    assert summarise(SHARED, UNIONS, apart, seed=3).oiou != summarise(SHARED, UNIONS, apart, seed=4).oiou


def test_the_order_of_the_units_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(6)
    shuffled = summarise(SHARED[order], UNIONS[order], [IMAGES[i] for i in order])
    for name in ("oiou", "miou"):
        one, other = getattr(shuffled, name), getattr(summarise(SHARED, UNIONS, IMAGES), name)
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.sampled_from("abcd")), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_figures_are_per_cent_and_lie_in_their_intervals_range(units) -> None:
    shared = np.array([i for i, _, _ in units])
    unions = np.array([i + extra for i, extra, _ in units])
    for protocol in ("tas", "global-local", "lavt", "iterprime"):
        summary = summarise(shared, unions, [image for _, _, image in units], protocol=protocol, resamples=20)
        for estimate in (summary.oiou, summary.miou, *summary.precision.values()):
            assert 0 <= estimate.low <= estimate.high <= 100 + 1e-9
            assert 0 <= estimate.value <= 100 + 1e-9


def test_no_units_give_nan_not_zero() -> None:
    none = np.zeros(0, dtype=int)
    summary = summarise(none, none, [])
    assert summary.n == summary.images == 0
    for estimate in (summary.oiou, summary.miou, *summary.precision.values()):
        assert all(math.isnan(x) for x in (estimate.value, estimate.low, estimate.high))


def test_one_image_has_an_interval_without_width() -> None:
    summary = summarise(SHARED, UNIONS, ["a"] * 6)
    assert summary.miou.low == summary.miou.high == pytest.approx(summary.miou.value)


def test_own_thresholds() -> None:
    assert list(summarise(SHARED, UNIONS, IMAGES, thresholds=[0.25]).precision) == [0.25]


SECOND = np.array([(2, 4), (3, 6), (1, 10), (80, 100), (0, 0), (5, 20)])
FIRST = np.stack([SHARED, UNIONS], axis=1)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        pytest.param("miou", 100 * (2.65 - 2.15) / 6, id="miou"),
        pytest.param("oiou", 100 * (102 - 91) / 140, id="oiou"),
        pytest.param("pr@0.5", 100 * (2 - 1) / 6, id="pr"),
        pytest.param("pr@0.85", 100 * (2 - 0) / 6, id="pr at a threshold of one's own"),
    ],
)
def test_a_paired_difference_worked_by_hand(metric, expected) -> None:
    there = paired_difference(FIRST, SECOND, IMAGES, metric=metric)
    back = paired_difference(SECOND, FIRST, IMAGES, metric=metric)
    assert there.value == pytest.approx(expected)
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))


def test_a_method_against_itself_differs_by_nothing() -> None:
    same = paired_difference(FIRST, FIRST, IMAGES)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_pairing_removes_what_both_methods_share() -> None:
    """A constant gain on images of very different difficulty: certain when paired, hidden when not."""
    rng = np.random.default_rng(0)
    base = rng.integers(0, 900, 80)
    worse = np.stack([base, np.full(80, 1000)], axis=1)
    better = worse + np.array([50, 0])
    images = [str(k) for k in range(80)]
    paired = paired_difference(better, worse, images)
    assert (paired.low, paired.high) == pytest.approx((5, 5))
    alone = [summarise(x[:, 0], x[:, 1], images).miou for x in (better, worse)]
    assert alone[0].low < alone[1].high, "side by side the intervals overlap"


def test_a_paired_difference_skips_a_unit_that_either_method_could_not_answer() -> None:
    gain = paired_difference(FIRST, SECOND, IMAGES, protocol="global-local", answered=ANSWERED)
    assert gain.value == pytest.approx(100 * (2.65 - 2.05) / 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: summarise(SHARED, UNIONS, IMAGES, protocol="coco"),
            "unknown protocol 'coco'; choose from tas, global-local",
        ),
        (lambda: summarise(SHARED, UNIONS[:3], IMAGES), "expected one entry a unit in each, got"),
        (lambda: summarise(UNIONS + 1, UNIONS, IMAGES), "unit 0: expected 0 <= intersection <= union"),
        (lambda: summarise(SHARED, UNIONS, IMAGES, resamples=0), "resamples: expected at least 1, got 0"),
        (
            lambda: paired_difference(FIRST, SECOND, IMAGES, metric="f1"),
            "unknown metric 'f1'; choose from oiou, miou, pr@0.5",
        ),
        (lambda: paired_difference(FIRST, SECOND, IMAGES, metric="pr@half"), "expected a number after pr@"),
        (
            lambda: paired_difference(FIRST, SECOND, IMAGES, metric="pr@0.5", protocol="global-local"),
            "has no Pr@t; choose from oiou, miou",
        ),
    ],
)
@pytest.mark.usefixtures("no_shape_checks")
def test_wrong_input_is_refused_in_words(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
