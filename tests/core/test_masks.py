"""Masks as arrays: geometry, overlaps, and COCO's run-length code against pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from tasnb.core import masks as m
from tasnb.core.errors import UserError
from tasnb.core.limits import MAX_PIXELS, MAX_RUNS

one_mask = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=24))
some_masks = arrays(bool, st.tuples(st.integers(0, 4), st.integers(1, 12), st.integers(1, 12)))


def drawing(*rows: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in row] for row in rows])


@pytest.mark.parametrize(
    ("mask", "area", "box", "centre"),
    [
        pytest.param(drawing("...", ".#.", "..."), 1, [1, 1, 2, 2], [1, 1], id="one pixel"),
        pytest.param(drawing("#"), 1, [0, 0, 1, 1], [0, 0], id="a picture of one pixel"),
        pytest.param(drawing("###", "###"), 6, [0, 0, 3, 2], [1, 0.5], id="the whole image"),
        pytest.param(drawing("...", "..."), 0, [0, 0, 0, 0], [np.nan, np.nan], id="empty"),
        pytest.param(drawing("#..", "..#"), 2, [0, 0, 3, 2], [1, 0.5], id="touches opposite corners"),
        pytest.param(
            drawing("#.#", "#.."), 3, [0, 0, 3, 2], [2 / 3, 1 / 3], id="the mean of pixels, not the box's middle"
        ),
    ],
)
def test_geometry(mask, area, box, centre) -> None:
    assert m.areas(mask[None]).tolist() == [area]
    assert m.boxes_xyxy(mask[None]).tolist() == [box]
    np.testing.assert_allclose(m.centroids_xy(mask[None])[0], centre)


@pytest.mark.parametrize("shape", [(0, 4, 5), (2, 0, 5), (2, 4, 0)])
def test_no_masks_and_no_pixels_give_empty_geometry(shape) -> None:
    none = np.zeros(shape, dtype=bool)
    assert m.areas(none).tolist() == [0] * shape[0]
    assert m.boxes_xyxy(none).shape == (shape[0], 4)
    assert np.isnan(m.centroids_xy(none)).all()
    assert m.pairwise_iou(none, none).shape == (shape[0], shape[0])


@given(some_masks)
def test_geometry_agrees_with_the_definition(masks) -> None:
    for mask, area, box, centre in zip(masks, m.areas(masks), m.boxes_xyxy(masks), m.centroids_xy(masks), strict=True):
        ys, xs = np.nonzero(mask)
        assert area == len(xs)
        if len(xs):
            assert box.tolist() == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
            np.testing.assert_allclose(centre, [xs.mean(), ys.mean()])


@pytest.mark.parametrize(
    ("a", "b", "shared", "iou", "inside"),
    [
        pytest.param(drawing("##.."), drawing(".##."), 1, 1 / 3, 1 / 2, id="half overlap"),
        pytest.param(drawing("####"), drawing(".#.."), 1, 1 / 4, 1, id="one inside the other"),
        pytest.param(drawing("##.."), drawing("..##"), 0, 0, 0, id="apart"),
        pytest.param(drawing("...."), drawing("##.."), 0, 0, 0, id="one empty"),
        pytest.param(drawing("...."), drawing("...."), 0, 0, 0, id="both empty: nothing was found"),
    ],
)
def test_overlaps(a, b, shared, iou, inside) -> None:
    assert m.pairwise_intersection(a[None], b[None]).tolist() == [[shared]]
    assert m.pairwise_iou(a[None], b[None]).tolist() == [[iou]]
    assert m.pairwise_containment(a[None], b[None]).tolist() == [[inside]]
    assert m.iou(a, b) == pytest.approx(iou)
    assert type(m.iou(a, b)) is float


@given(some_masks)
def test_overlaps_agree_with_pycocotools(masks) -> None:
    codes = [coco.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in masks]
    expected = np.asarray(coco.iou(codes, codes, [0] * len(codes))) if codes else np.zeros((0, 0))
    both_full = m.areas(masks)[:, None] * m.areas(masks)[None] > 0  # pycocotools' own value for two empty masks varies
    np.testing.assert_allclose(np.where(both_full, m.pairwise_iou(masks, masks), 0), np.where(both_full, expected, 0))


def test_strips_do_not_change_the_result(monkeypatch) -> None:
    masks = np.random.default_rng(0).random((5, 30, 41)) < 0.4
    whole = m.pairwise_intersection(masks, masks)
    monkeypatch.setattr(m, "STRIP_PIXELS", 7)
    np.testing.assert_array_equal(m.pairwise_intersection(masks, masks), whole)


@given(one_mask)
@settings(max_examples=200)
def test_rle_is_cocos_byte_for_byte_and_comes_back(mask) -> None:
    code = m.to_rle(mask)
    assert code["size"] == list(mask.shape)
    assert code["counts"] == coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    np.testing.assert_array_equal(m.from_rle(code), mask)


@pytest.mark.parametrize(
    "mask",
    [
        pytest.param(np.ones((480, 640), bool), id="whole image"),
        pytest.param(np.zeros((480, 640), bool), id="empty"),
        pytest.param(np.tri(300, 400, dtype=bool), id="triangle, long runs of changing length"),
        pytest.param(np.random.default_rng(1).random((211, 307)) < 0.5, id="noise"),
        pytest.param(np.ones((1, 1), bool), id="one pixel"),
    ],
)
def test_rle_of_real_sizes(mask) -> None:
    code = m.to_rle(mask)
    assert code["counts"] == coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    np.testing.assert_array_equal(m.from_rle(code), mask)


def test_rle_reads_bytes_and_plain_runs() -> None:
    mask = drawing("#.", "##")  # columns: 11, 01 -> runs 0, 2, 1, 1
    code = m.to_rle(mask)
    np.testing.assert_array_equal(m.from_rle(code | {"counts": code["counts"].encode()}), mask)
    np.testing.assert_array_equal(m.from_rle({"size": [2, 2], "counts": [0, 2, 1, 1]}), mask)


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        pytest.param({"size": [2, 2], "counts": [0, 3]}, "add up to 3 pixels, the size says 2 x 2 = 4", id="short"),
        pytest.param({"size": [2, 2], "counts": [5, -1]}, "damaged", id="negative run"),
        pytest.param({"counts": "04"}, r"expected the keys 'size' and 'counts', got \['counts'\]", id="no size"),
        pytest.param({"size": [2, 2], "counts": ""}, "not COCO's compressed", id="no text"),
        pytest.param({"size": [2, 2], "counts": "0Q"}, "not COCO's compressed", id="cut off in the middle"),
        pytest.param({"size": [2, 2], "counts": "0!"}, "not COCO's compressed", id="foreign letter"),
        pytest.param({"size": [2, 2], "counts": "o" * 13 + "0"}, "more than 30 bits", id="absurd run"),
        pytest.param({"size": [4, 4], "counts": [1 << 62] * 3 + [(1 << 62) + 16]}, "damaged", id="64 bits and round"),
        pytest.param({"size": [4, 4], "counts": [(1 << 32) + 16]}, "add up to 4294967312", id="32 bits and round"),
        pytest.param({"size": [4, 4], "counts": [1 << 70]}, "cannot be read", id="a run of 70 bits"),
        pytest.param({"size": [4, 4], "counts": [[16]]}, "damaged", id="nested runs"),
        pytest.param({"size": [4, 4], "counts": 16}, "damaged", id="one number"),
        pytest.param({"size": [4, 4], "counts": None}, "cannot be read", id="no counts"),
        pytest.param({"size": 4, "counts": [16]}, "cannot be read", id="a size of one number"),
        pytest.param({"size": [-4, -4], "counts": [16]}, "pixels, got -4 x -4", id="negative size"),
        pytest.param(
            {"size": [1 << 20, 1 << 20], "counts": [1 << 40]}, f"at most {MAX_PIXELS:,}", id="a size of terabytes"
        ),
        pytest.param({"size": [4, 4], "counts": b"0\xff"}, "not COCO's compressed", id="foreign byte"),
    ],
)
def test_a_damaged_rle_is_refused(rle, message) -> None:
    with pytest.raises(UserError, match=message):
        m.from_rle(rle)


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(np.array([1 << 63, 1 << 63, 16], np.uint64), id="a sum that wraps to the size"),
        pytest.param([1 << 63, 1 << 63, 16], id="the same in Python's numbers"),
        pytest.param([-(1 << 62), 1 << 62, 16], id="signs that cancel"),
        pytest.param(np.array([-16, 16, 16], np.int32), id="fewer than none"),
        pytest.param([(1 << 32) - 16, 32], id="32 bits and round, in two"),
        pytest.param([1e300, -1e300, 16.0], id="fractions out of range"),
        pytest.param([8.5, 7.5], id="half pixels"),
        pytest.param([float("nan"), 16], id="not a number"),
        pytest.param([float("inf")], id="infinite"),
        pytest.param(["16"], id="a text for a number"),
        pytest.param([True] * 16, id="truth values"),
        pytest.param([[8], [8, 0]], id="lists of two lengths"),
        pytest.param({"a": 16}, id="a mapping"),
        pytest.param({16}, id="a set"),
        pytest.param([0] * 100 + [16], id="more runs than pixels"),
        pytest.param("0" * 1000, id="a text of more runs than pixels"),
        pytest.param("\u0660\u0661", id="digits of another alphabet"),
        pytest.param("\ud800", id="half of a pair"),
    ],
)
def test_no_run_wraps_or_asks_for_memory(counts) -> None:
    with pytest.raises(UserError) as wrong:
        m.from_rle({"size": [4, 4], "counts": counts})
    assert "\n" not in str(wrong.value)


def test_runs_are_bounded_before_they_are_read() -> None:
    class Endless(list):
        def __len__(self) -> int:
            return 1 << 40

        def __iter__(self):
            raise AssertionError("nobody may read it")

    with pytest.raises(UserError, match=f"at most {MAX_RUNS:,} whole numbers, got {1 << 40:,}"):
        m.from_rle({"size": [1 << 13, 1 << 13], "counts": Endless()})
    with pytest.raises(UserError, match="got a text of"):
        m.from_rle({"size": [1 << 13, 1 << 13], "counts": "0" * (2 * MAX_RUNS + 1)})


def test_whole_numbers_are_runs_however_they_are_kept() -> None:
    for counts in ([0.0, 2.0, 1.0, 1.0], (0, 2, 1, 1), np.array([0, 2, 1, 1], np.uint8)):
        np.testing.assert_array_equal(m.from_rle({"size": (2.0, 2), "counts": counts}), drawing("#.", "##"))


sides = st.one_of(st.integers(-3, 40), st.integers(), st.floats(), st.text(max_size=3), st.none(), st.booleans())
runs = st.one_of(
    st.integers(0, 40),
    st.integers(-5, 5),
    st.integers(-(1 << 70), 1 << 70),
    st.sampled_from([1 << 31, 1 << 32, 1 << 63]),
)
codes = st.one_of(
    st.lists(runs, max_size=12),
    st.lists(st.one_of(runs, st.floats(), st.text(max_size=2), st.none()), max_size=6),
    st.text(st.characters(min_codepoint=44, max_codepoint=115), max_size=30),
    st.text(max_size=8),
    st.binary(max_size=30),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3), max_leaves=6
    ),
)


@given(
    size=st.one_of(st.lists(sides, max_size=3), st.tuples(st.integers(0, 12), st.integers(0, 12)), sides), counts=codes
)
@example(size=[0, 1 << 63], counts=[])
@example(size=[1 << 63, 0], counts="")
@settings(max_examples=150, deadline=None)
def test_any_code_is_a_mask_or_refused(size, counts) -> None:
    try:
        mask = m.from_rle({"size": size, "counts": counts})
    except UserError:
        return
    assert mask.dtype == bool
    assert mask.shape == tuple(int(side) for side in size)


@given(mask=one_mask, changes=st.lists(st.tuples(st.integers(0, 60), st.integers(33, 120)), min_size=1, max_size=3))
@example(mask=np.array([[False]]), changes=[(0, 49)])  # one that is still a code
@settings(max_examples=100, deadline=None)
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools' own, under numpy 2
def test_a_changed_text_never_gives_pixels_of_another_size(mask, changes) -> None:
    letters = bytearray(m.to_rle(mask)["counts"].encode())
    for place, letter in changes:
        letters[place % len(letters)] = letter
    try:
        read = m.from_rle({"size": list(mask.shape), "counts": bytes(letters)})
    except UserError:
        return
    assert read.shape == mask.shape
    again = coco.decode({"size": list(mask.shape), "counts": m.to_rle(read)["counts"]})
    np.testing.assert_array_equal(read, again.astype(bool))


def test_proposals_get_their_boxes_and_nan_for_what_the_source_lacks() -> None:
    found = m.make_proposals(drawing("...", ".##")[None], stability_score=[0.5], source="annotations")
    assert found.boxes_xyxy.tolist() == [[1, 1, 3, 2]]
    assert np.isnan(found.pred_iou).all()
    assert found.stability_score.tolist() == [0.5]
    assert found.source == "annotations"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: m.areas(np.zeros((2, 2), bool)), r"one mask is mask\[None\]", id="one mask"),
        pytest.param(lambda: m.areas(np.zeros((1, 2, 2))), "expected bool", id="floats"),
        pytest.param(lambda: m.to_rle(np.zeros((2, 2), int)), "expected bool", id="rle of integers"),
        pytest.param(lambda: m.iou(np.zeros((2, 2), bool), np.zeros((2, 3), bool)), "one size", id="two sizes"),
        pytest.param(
            lambda: m.pairwise_iou(np.zeros((1, 2, 2), bool), np.zeros((1, 2, 3), bool)), "one size", id="pairs"
        ),
    ],
)
@pytest.mark.usefixtures("no_shape_checks")
def test_wrong_arrays_are_refused_in_words(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
