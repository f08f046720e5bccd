"""Maps, their way back to the picture, and their mean over masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasnb.stages import heatmaps


def masks_of(seed: int, n: int, h: int, w: int) -> np.ndarray:
    return np.random.default_rng(seed).random((n, h, w)) < 0.4


sizes = st.tuples(st.integers(1, 23), st.integers(1, 17))


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, st.integers(0, 99))
def test_the_mean_over_a_mask_is_the_mean_of_the_resized_map(size_hw, grid_hw, seed) -> None:
    masks = masks_of(seed, 3, *size_hw)
    heat = np.random.default_rng(seed).normal(size=grid_hw)
    shown = heatmaps.resize(heat, size_hw)
    got = heatmaps.pool(heat, heatmaps.pooling(masks, grid_hw))
    for mask, mean in zip(masks, got, strict=True):
        assert mean == pytest.approx(shown[mask].mean() if mask.any() else heat.min(), abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, st.integers(0, 99))
def test_a_union_of_disjoint_masks_has_the_area_weighted_mean(size_hw, grid_hw, seed) -> None:
    one, two = masks_of(seed, 2, *size_hw)
    two &= ~one
    heat = np.random.default_rng(seed).normal(size=grid_hw)
    areas = np.array([one.sum(), two.sum()])
    if not areas.all():
        return
    apart = heatmaps.pool(heat, heatmaps.pooling(np.stack([one, two]), grid_hw))
    together = heatmaps.pool(heat, heatmaps.pooling((one | two)[None], grid_hw))[0]
    assert together == pytest.approx((apart * areas).sum() / areas.sum(), abs=1e-5)


@pytest.mark.parametrize("size_hw", [(16, 16), (37, 20), (8, 64), (1, 1), (3, 5)])
def test_a_map_is_resized_as_torch_does(size_hw: tuple[int, int]) -> None:
    import torch

    heat = np.random.default_rng(0).normal(size=(8, 5))
    theirs = torch.nn.functional.interpolate(torch.from_numpy(heat)[None, None], size_hw, mode="bilinear")[0, 0]
    np.testing.assert_allclose(heatmaps.resize(heat, size_hw), theirs.numpy(), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(sizes, sizes, st.integers(0, 99))
def test_coverage_is_the_share_of_each_cell(size_hw, grid_hw, seed) -> None:
    masks = masks_of(seed, 2, *size_hw)
    # every pixel as rows x columns of small equal pieces, every cell as h x w of them
    fine = np.repeat(np.repeat(masks, grid_hw[0], axis=1), grid_hw[1], axis=2)
    pieces = fine.reshape(2, grid_hw[0], size_hw[0], grid_hw[1], size_hw[1])
    np.testing.assert_allclose(heatmaps.coverage(masks, grid_hw), pieces.mean(axis=(2, 4)), atol=1e-5)


def test_a_full_mask_covers_every_cell_and_weighs_them_to_one() -> None:
    full = np.ones((1, 30, 47), dtype=bool)
    np.testing.assert_allclose(heatmaps.coverage(full, (7, 7)), 1, atol=1e-5)
    assert heatmaps.pooling(full, (7, 7)).sum() == pytest.approx(1, abs=1e-5)


def test_more_masks_than_fit_at_once_are_the_same_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    masks = masks_of(3, 9, 12, 10)
    whole = heatmaps.pooling(masks, (4, 4))
    monkeypatch.setattr(heatmaps, "MASKS_AT_ONCE", 2)
    np.testing.assert_array_equal(heatmaps.pooling(masks, (4, 4)), whole)


def test_an_empty_mask_gets_the_least_value_and_no_masks_get_no_score() -> None:
    heat = np.array([[1.0, -2.0], [0.5, 3.0]])
    masks = np.zeros((2, 4, 4), dtype=bool)
    masks[1, :2, 2:] = True
    scores = heatmaps.pool(heat, heatmaps.pooling(masks, (2, 2)))
    assert scores[0] == -2
    assert scores[1] > -2
    assert heatmaps.pool(heat, heatmaps.pooling(masks[:0], (2, 2))).shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_map_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        heatmaps.pool(np.array([[bad]]), np.ones((1, 1, 1)))


def test_a_score_map_is_a_cosine_a_cell() -> None:
    features = np.array([[[2.0, 0.0], [3.0, 4.0]], [[0.0, -1.0], [0.0, 0.0]]])
    np.testing.assert_allclose(heatmaps.score_map(features, np.array([0.0, 9.0])), [[0, 0.8], [-1, 0]])


def test_surgery_sees_only_what_text_and_redundant_feature_do_not_share() -> None:
    rng = np.random.default_rng(1)
    features, text, redundant, shared = rng.normal(size=(3, 4, 8)), *rng.normal(size=(3, 8))
    plain = heatmaps.surgery_map(features, text, redundant)
    np.testing.assert_allclose(heatmaps.surgery_map(features, text + shared, redundant + shared), plain, atol=1e-12)
    np.testing.assert_allclose(heatmaps.surgery_map(features, text + 5.0, redundant + 5.0), plain, atol=1e-12)
    assert not np.allclose(heatmaps.surgery_map(features, text, redundant + shared), plain), "and it does see the rest"


def test_surgery_of_the_redundant_text_itself_is_zero_everywhere() -> None:
    features, text = np.random.default_rng(1).normal(size=(3, 4, 8)), np.random.default_rng(2).normal(size=8)
    assert (heatmaps.surgery_map(features, text, text) == 0).all()


def test_surgery_worked_by_hand() -> None:
    features = np.array([[[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]]])  # unit vectors, and a cell without a direction
    text, redundant = np.array([0.6, 0.8]), np.array([1.0, 0.0])
    np.testing.assert_allclose(heatmaps.surgery_map(features, text, redundant), [[0.8, -0.4, 0.0]])


def test_grad_cam_is_never_negative_and_linear_where_positive() -> None:
    activations = np.random.default_rng(0).normal(size=(4, 4, 6))
    weights = np.random.default_rng(1).normal(size=6)
    heat = heatmaps.grad_cam(activations, weights)
    assert heat.min() == 0
    np.testing.assert_allclose(heatmaps.grad_cam(activations, 3 * weights), 3 * heat)
    np.testing.assert_allclose(heat - heatmaps.grad_cam(activations, -weights), activations @ weights)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("area", [[0.75, 0.0]]),
        ("bilinear", [[1.0, 0.0]]),  # the cells' centres lie between pixels 1 and 2, and 5 and 6
        ("nearest", [[0.0, 0.0]]),  # the pixels at 0 and 4
    ],
)
def test_how_a_mask_comes_to_the_grid(how: str, expected: list[list[float]]) -> None:
    mask = np.array([[[False, True, True, True, False, False, False, False]]])
    np.testing.assert_allclose(heatmaps.coverage(mask, (1, 2), how)[0], expected, atol=1e-6)


@pytest.mark.parametrize(("how", "mode"), [("bilinear", "bilinear"), ("nearest", "nearest")])
@pytest.mark.parametrize("grid", [(7, 7), (4, 9), (1, 1), (33, 70)], ids=str)
def test_bilinear_and_nearest_are_torchs(how: str, mode: str, grid: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    masks = np.random.default_rng(0).random((3, 33, 70)) < 0.4
    aligned = {"align_corners": False} if mode == "bilinear" else {}
    wanted = torch.nn.functional.interpolate(
        torch.from_numpy(masks[None].astype(np.float32)), grid, mode=mode, **aligned
    )
    np.testing.assert_allclose(heatmaps.coverage(masks, grid, how), wanted[0].numpy(), atol=1e-5)


@pytest.mark.usefixtures("no_shape_checks")
def test_another_way_to_the_grid_lists_the_ways() -> None:
    with pytest.raises(ValueError, match="unknown resize of masks 'max'; choose from area, bilinear, nearest"):
        heatmaps.coverage(np.ones((1, 2, 2), bool), (1, 1), "max")
