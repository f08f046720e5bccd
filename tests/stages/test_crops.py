"""What a model sees of one proposal: black or blurred background, box, square."""

from __future__ import annotations

import time

import cv2  # an oracle for the authors' blur; the package does without it
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasnb.core.masks import make_proposals
from tasnb.stages import crops
from tasnb.stages.crops import CropConfig, cut, cut_all

CROP, BLUR, BLEED = CropConfig(style="crop"), CropConfig(style="blur"), CropConfig(style="blur", bleed=True)
STYLES = [pytest.param(c, id=n) for c, n in ((CROP, "crop"), (BLUR, "blur"), (BLEED, "bleed"))]


def picture(h: int, w: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3), dtype=np.uint8)


def disc(h: int, w: int, y: float, x: float, radius: float) -> np.ndarray:
    rows, columns = np.ogrid[:h, :w]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def straight_normalised_blur(image: np.ndarray, mask: np.ndarray, sigma: float) -> np.ndarray:
    """G(image b) / G(b) in float64, tap by tap: the definition, slow."""
    radius = int(crops.RADIUS_SIGMAS * sigma)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    background = (~mask).astype(float)
    planes = np.concatenate([image * background[..., None], background[..., None]], axis=2)
    for axis in (0, 1):
        pad = [(0, 0)] * 3
        pad[axis] = (radius, radius)
        padded, size = np.pad(planes, pad), planes.shape[axis]
        planes = sum(k * np.take(padded, np.arange(i, i + size), axis=axis) for i, k in enumerate(kernel))
    smooth = planes[..., :3] / np.where(mask, 1, planes[..., 3])[..., None]
    return np.where(mask[..., None], image, smooth)


def test_crop_is_black_outside_the_mask_and_padded_to_a_centred_square() -> None:
    image = np.full((4, 6, 3), 200, dtype=np.uint8)
    mask = np.zeros((4, 6), dtype=bool)
    mask[1, 1:5] = mask[2, 1] = True
    expected = np.array([[0, 0, 0, 0], [200, 200, 200, 200], [200, 0, 0, 0], [0, 0, 0, 0]])
    got = cut(image, mask, CROP)
    np.testing.assert_array_equal(got, np.repeat(expected[..., None], 3, axis=2))


def test_the_odd_row_of_padding_goes_to_the_bottom_and_the_odd_column_to_the_right() -> None:
    image = np.full((3, 3, 3), 9, dtype=np.uint8)
    wide, tall = np.zeros((2, 3, 3), dtype=bool)
    wide[:2] = True
    tall[:, :2] = True
    assert cut(image, wide, CROP)[..., 0].tolist() == [[9, 9, 9], [9, 9, 9], [0, 0, 0]]
    assert cut(image, tall, CROP)[..., 0].tolist() == [[9, 9, 0], [9, 9, 0], [9, 9, 0]]


@pytest.mark.parametrize("style", ["crop", "blur"])
@pytest.mark.parametrize(
    ("box_hw", "shape"),
    [
        ((9, 17), (17, 17)),
        ((9, 16), (15, 16)),
        ((16, 9), (16, 15)),
        ((5, 5), (5, 5)),
        ((4, 5), (4, 5)),
        ((1, 1), (1, 1)),
    ],
    ids=str,
)
def test_even_pads_both_sides_alike(style, box_hw: tuple[int, int], shape: tuple[int, int]) -> None:
    """suoych/TAS pads (longer - shorter) // 2 on each side, so an odd difference leaves a pixel out."""
    mask = np.zeros((20, 30), dtype=bool)
    mask[2 : 2 + box_hw[0], 3 : 3 + box_hw[1]] = True
    even, odd = (cut(picture(20, 30), mask, CropConfig(style=style, even=even)) for even in (True, False))
    assert even.shape[:2] == shape
    np.testing.assert_array_equal(even, odd[: shape[0], : shape[1]])
    assert cut(picture(20, 30), np.zeros((20, 30), bool), CropConfig(style=style, even=True)).shape == (1, 1, 3)


def test_without_square_the_picture_has_the_shape_of_its_box() -> None:
    mask = disc(20, 30, 8, 12, 4)
    mask[8, 3:20] = True
    assert cut(picture(20, 30), mask, CropConfig(style="crop", square=False)).shape == (9, 17, 3)
    assert cut(picture(20, 30), mask, CropConfig(style="blur", square=False)).shape == (9, 17, 3)


def test_the_box_keeps_its_last_row_and_column() -> None:
    image = picture(8, 8)
    mask = np.zeros((8, 8), dtype=bool)
    mask[2:5, 2:5] = True
    np.testing.assert_array_equal(cut(image, mask, CROP), image[2:5, 2:5])  # suoych/TAS would give 2 x 2


@pytest.mark.parametrize("config", STYLES)
def test_an_empty_mask_gives_one_black_pixel(config) -> None:
    got = cut(picture(8, 8), np.zeros((8, 8), dtype=bool), config)
    assert got.tolist() == [[[0, 0, 0]]]


@pytest.mark.parametrize("config", STYLES)
def test_a_whole_image_mask_gives_the_image_padded(config) -> None:
    image = picture(6, 8)
    got = cut(image, np.ones((6, 8), dtype=bool), config)
    np.testing.assert_array_equal(got[1:7], image)
    assert not got[0].any()
    assert not got[7].any()


@pytest.mark.parametrize("config", STYLES)
def test_a_picture_of_one_pixel(config) -> None:
    image = np.array([[[1, 2, 3]]], dtype=np.uint8)
    assert cut(image, np.ones((1, 1), dtype=bool), config).tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize("config", STYLES)
def test_the_foreground_is_untouched(config) -> None:
    image, mask = picture(50, 60), disc(50, 60, 20, 30, 12)
    got = cut(image, mask, config)
    np.testing.assert_array_equal(got[mask[8:33, 18:43]], image[mask])


def test_blur_lets_no_foreground_into_the_background_and_bleed_does() -> None:
    image = np.full((80, 80, 3), 50, dtype=np.uint8)
    mask = disc(80, 80, 40, 40, 20)
    image[mask] = 250
    background = ~mask[20:61, 20:61]
    clean, bled = cut(image, mask, BLUR), cut(image, mask, BLEED)
    assert (clean[background] == 50).all()
    assert (bled[background] > 60).all()


@pytest.mark.parametrize(
    ("h", "w", "sigma"),
    [(60, 90, 11.6), (300, 200, 11.6), (40, 40, 2.0), (9, 200, 11.6), (150, 150, 40.0)],
    ids=["paper", "larger", "narrow kernel", "flat", "kernel wider than the picture"],
)
def test_blur_is_the_normalised_convolution_of_the_background(h, w, sigma) -> None:
    image = picture(h, w)
    mask = disc(h, w, h / 2, w / 3, min(h, w) / 3) | disc(h, w, h / 3, w / 1.5, 3)
    ys, xs = np.nonzero(mask)
    inside = np.s_[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    got = cut(image, mask, CropConfig(style="blur", sigma=sigma, square=False))
    assert np.abs(got - straight_normalised_blur(image, mask, sigma)[inside]).max() <= 1.0


def test_a_hole_deep_inside_the_mask_is_blurred_from_what_little_background_there_is() -> None:
    image = np.full((200, 200, 3), 10, dtype=np.uint8)
    mask = np.ones((200, 200), dtype=bool)
    mask[100, 100] = False
    image[100, 100] = 240
    assert cut(image, mask, BLUR)[100, 100].tolist() == [240, 240, 240], "it is all the background there is"


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_a_plain_picture_stays_plain_under_blur(h: int, w: int, seed: int) -> None:
    image = np.full((h, w, 3), 137, dtype=np.uint8)
    mask = np.random.default_rng(seed).random((h, w)) < 0.5
    mask[0, 0] = mask[-1, -1] = True
    got = cut(image, mask, CropConfig(style="blur", square=False))
    assert (got == 137).all()


@pytest.mark.parametrize(
    ("h", "w"), [(200, 300), (100, 90), (20, 25)], ids=["large", "medium", "smaller than the kernel"]
)
def test_bleed_blurs_as_opencvs_75_pixel_kernel_does(h: int, w: int) -> None:
    image = cv2.GaussianBlur(picture(h, w), (0, 0), 2)
    expected = cv2.GaussianBlur(image, (75, 75), 0, borderType=cv2.BORDER_REFLECT_101)
    assert np.abs(crops._blur_whole(image, 11.6).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("config", STYLES)
def test_cut_all_is_cut_for_each(config) -> None:
    image = picture(40, 50)
    masks = np.stack(
        [disc(40, 50, 10, 10, 6), np.zeros((40, 50), bool), np.ones((40, 50), bool), disc(40, 50, 30, 49, 9)]
    )
    together = cut_all(image, make_proposals(masks, source="test"), config)
    assert len(together) == 4
    for mask, got in zip(masks, together, strict=True):
        np.testing.assert_array_equal(got, cut(image, mask, config))
        assert got.dtype == np.uint8
        assert got.shape[0] == got.shape[1]


@pytest.mark.parametrize("config", STYLES)
def test_no_proposals_give_no_pictures(config) -> None:
    none = make_proposals(np.zeros((0, 8, 8), dtype=bool), source="test")
    assert cut_all(picture(8, 8), none, config) == []


@pytest.mark.parametrize("config", STYLES)
def test_neither_the_image_nor_the_masks_are_changed_or_shared(config) -> None:
    image, mask = picture(30, 30), disc(30, 30, 15, 15, 8)
    before = image.copy()
    for square in (True, False):
        got = cut(image, mask, CropConfig(style=config.style, bleed=config.bleed, square=square))
        got[:] = 0
    np.testing.assert_array_equal(image, before)
    whole = cut(image, np.ones((30, 30), bool), CropConfig(style=config.style, bleed=config.bleed, square=False))
    whole[:] = 0
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("image", "mask", "message"),
    [
        (np.zeros((4, 4), np.uint8), np.ones((4, 4), bool), r"expected uint8 \(h, w, 3\), got uint8 \(4, 4\)"),
        (np.zeros((4, 4, 3)), np.ones((4, 4), bool), "got float64"),
        (np.zeros((4, 4, 4), np.uint8), np.ones((4, 4), bool), r"open it with tasnb\.as_rgb"),
        (
            np.zeros((4, 4, 3), np.uint8),
            np.ones((4, 5), bool),
            r"expected bool \(4, 4\) as the image, got bool \(4, 5\)",
        ),
        (np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), np.uint8), "got uint8"),
    ],
    ids=["grayscale", "float", "alpha", "mask of another size", "mask of integers"],
)
@pytest.mark.usefixtures("no_shape_checks")
def test_wrong_arrays_are_refused_in_words(image, mask, message) -> None:
    with pytest.raises(ValueError, match=message):
        cut(image, mask, CROP)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "blurred"}, "unknown crop style 'blurred'; choose from crop, blur"),
        ({"style": "blur", "sigma": 0.0}, "sigma: expected a positive number of pixels, got 0.0"),
        ({"style": "blur", "sigma": float("nan")}, "sigma"),
    ],
)
@pytest.mark.usefixtures("no_shape_checks")
def test_impossible_options_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        CropConfig(**options)


def test_forty_proposals_are_cut_in_a_moment() -> None:
    image = picture(480, 640)
    rng = np.random.default_rng(0)
    masks = np.stack([disc(480, 640, *rng.uniform((0, 0, 10), (480, 640, 100))) for _ in range(40)])
    proposals = make_proposals(masks, source="test")
    # processor time, as others may share the machine: 0.02 s and 0.5 s on one core
    for config, seconds in ((CROP, 0.15), (BLUR, 2.0)):
        start = time.process_time()
        cut_all(image, proposals, config)
        assert time.process_time() - start < seconds, config.style
