"""Masks of annotations: union, run-length codes, sizes, damage; agreement with pycocotools and with a count by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasnb.core.errors import UserError
from tasnb.core.limits import FARTHEST, MAX_PIXELS, MAX_RIM
from tasnb.core.masks import to_rle
from tasnb.datasets.annotations import area_of, mask_of, points_mask
from tests.datasets.hand_made import points, rectangle

SIZE = (30, 40)


def test_overlapping_polygons_are_a_union() -> None:
    # REFER's reader would give 2 in the 5 x 10 pixels that both cover
    mask = mask_of([rectangle(2, 2, 10, 10), rectangle(7, 2, 10, 10)], SIZE)
    assert mask.dtype == bool
    assert mask.sum() == 150
    assert mask[2:12, 2:17].all()


def test_polygons_still_unread_give_the_same_mask() -> None:
    polygons = [rectangle(2.5, 2.25, 10.5, 10), rectangle(20, 15, 3, 9.75)]
    unread = json.dumps(polygons).encode()
    assert (mask_of(unread, SIZE) == mask_of(polygons, SIZE)).all()
    assert area_of(unread, SIZE) == mask_of(polygons, SIZE).sum()


def test_crowd_codes_plain_and_compressed_agree() -> None:
    mask = np.zeros(SIZE, dtype=bool)
    mask[3:8, 5:20] = True
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
    runs = np.diff([0, *edges, flat.size]).tolist()
    for code in (to_rle(mask), {"size": list(SIZE), "counts": runs}):
        assert (mask_of(code, SIZE) == mask).all()
        assert area_of(code, SIZE) == 75


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools' own, under numpy 2
def test_real_masks_agree_with_pycocotools(shared_root: Path) -> None:
    from pycocotools import mask as coco

    instances = json.loads((shared_root / "data" / "mini-refcoco" / "refcoco" / "instances.json").read_text())
    sizes = {i["id"]: (i["height"], i["width"]) for i in instances["images"]}
    for annotation in instances["annotations"]:
        size_hw, segmentation = sizes[annotation["image_id"]], annotation["segmentation"]
        if isinstance(segmentation, list):
            expected = coco.decode(coco.frPyObjects(segmentation, *size_hw)).any(axis=2)
        else:
            expected = coco.decode(coco.frPyObjects(segmentation, *size_hw)).astype(bool)
        mask = mask_of(json.dumps(segmentation).encode(), size_hw)
        assert (mask == expected).all()
        assert area_of(segmentation, size_hw) == mask.sum()


@pytest.mark.parametrize(
    "nothing", [[], [[]], [[1, 1]], [[1, 1, 9, 9]], [[-20, -20, -10, -20, -10, -10]]]
)  # fmt: skip
def test_what_encloses_nothing_is_an_empty_mask(nothing: list) -> None:
    # four numbers are two points here, never pycocotools' box
    assert mask_of(nothing, SIZE).shape == SIZE
    assert not mask_of(nothing, SIZE).any()
    assert area_of(nothing, SIZE) == 0


def test_a_polygon_that_reaches_over_the_rim_is_cut() -> None:
    assert mask_of([rectangle(-10, -10, 100, 100)], SIZE).all()


def test_points_as_pairs_mean_the_same() -> None:
    assert (mask_of([points(2, 2, 10, 10)], SIZE) == mask_of([rectangle(2, 2, 10, 10)], SIZE)).all()


@pytest.mark.parametrize(
    ("segmentation", "says"),
    [
        (b"[[1, 2,, 3]]", "it is not readable JSON"),
        (b"[" * 100_000, "it is not readable JSON"),
        (None, "expected a list of polygons or a run-length code, got NoneType"),
        ("abc", "got str"),
        ([[1, 2, 3, 4, 5, 6, 7]], r"expected a polygon \[x, y, x, y, ...\]"),
        ([["a", "b", "c", "d", "e", "f"]], "expected a polygon of numbers"),
        ([[1, 2, 3, [4], 5, 6]], "expected a polygon of numbers"),
        ([[0, 0, float("nan"), 1, 1, 1]], "or not a number"),
        ([[0, 0, 1e12, 1, 1, 1]], f"farther than {FARTHEST:,.0f} pixels"),
        ({"size": [3, 4], "counts": [12]}, r"is 3 x 4 \(h x w\), the picture is 30 x 40"),
        ({"size": [10**6, 10**6], "counts": [10**12]}, "is 1000000 x 1000000"),
        ({"size": [30, 40], "counts": [7]}, "run lengths add up to 7"),
        ({"size": [30, 40], "counts": "###"}, "damaged code"),
        ({"size": [30, 40], "counts": None}, "cannot be read|run lengths"),
        ({"size": [30, 40], "counts": ["a"]}, "invalid literal|cannot be read"),
        ({"counts": [7]}, "expected a run-length code with 'size'"),
        ({"size": 5, "counts": [7]}, "expected a run-length code with 'size'"),
    ],
)
def test_damage_is_one_sentence(segmentation: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        mask_of(segmentation, SIZE)
    with pytest.raises(ValueError, match=says):
        area_of(segmentation, SIZE)


def test_a_size_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(ValueError, match=f"expected a picture of 1 to {MAX_PIXELS:,} pixels, got 1000000 x 1000000"):
        mask_of([rectangle(0, 0, 5, 5)], (10**6, 10**6))


def test_one_polygon_needs_no_list_around_it() -> None:
    flat = rectangle(2, 2, 10, 10)
    assert (mask_of(flat, SIZE) == mask_of([flat], SIZE)).all()
    assert area_of(json.dumps(flat).encode(), SIZE) == mask_of([flat], SIZE).sum()


def test_a_list_of_codes_is_their_union() -> None:
    parts = [mask_of([rectangle(2, 2, 10, 10)], SIZE), mask_of([rectangle(7, 2, 10, 10)], SIZE)]
    union = parts[0] | parts[1]
    for segmentation in ([to_rle(part) for part in parts], [to_rle(parts[0]), rectangle(7, 2, 10, 10)]):
        assert (mask_of(segmentation, SIZE) == union).all()
        assert area_of(segmentation, SIZE) == union.sum() == 150
    for says, bad in {
        "is 3 x 4": {"size": [3, 4], "counts": [12]},
        "add up to 7": {"size": [30, 40], "counts": [7]},
    }.items():
        for read in (mask_of, area_of):
            with pytest.raises(UserError, match=says):
                read([to_rle(parts[0]), bad], SIZE)


def test_many_polygons_are_joined_as_few_are() -> None:
    polygons = [rectangle(x % 37, x % 29, 1 + x % 3, 1 + x % 2) for x in range(700)]
    separately = np.any([mask_of([polygon], SIZE) for polygon in polygons], axis=0)
    assert (mask_of(polygons, SIZE) == separately).all()
    assert area_of(polygons, SIZE) == separately.sum()


def zigzag(turns: int, width: float) -> list[float]:
    return [number for i in range(turns) for number in (width * (i % 2), i / 100)]


ENDLESS = {
    "two kilobytes": [zigzag(100, 90_000)],
    "many points": [zigzag(3000, 400)],
    "many polygons": [zigzag(40, 3000)] * 10,
    "both ways": [[-FARTHEST, -FARTHEST, FARTHEST, FARTHEST] * 8],
    "points on one spot": [np.full(2 * MAX_RIM + 2, 5.0)],
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_rim_without_end_is_refused_before_it_is_walked(name: str) -> None:
    for read in (mask_of, area_of):
        with pytest.raises(UserError, match=f"expected at most {MAX_RIM:,}; damaged polygon"):
            read(ENDLESS[name], SIZE)
    pairs = [np.reshape(polygon, (-1, 2)) for polygon in ENDLESS[name]]
    with pytest.raises(UserError, match=f"expected at most {MAX_RIM:,}"):
        points_mask(pairs, SIZE)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools' own, under numpy 2
def test_an_honest_polygon_is_drawn_as_ever() -> None:
    from pycocotools import mask as coco

    angles = np.linspace(0, 2 * np.pi, 9000, endpoint=False)
    dense = np.stack([200 + 90 * np.cos(angles), 150 + 90 * np.sin(angles)], axis=1).round(4).ravel().tolist()
    fringe = [n for i in range(1500) for n in (i / 4, 10.5 if i % 2 else 280.25)]  # 400,000 pixels of rim
    around = [FARTHEST * side for side in (-1, -1, 1, -1, 1, 1, -1, 1)]
    for polygons in ([dense], [fringe], [around], [dense, fringe, [1, 2, 3, 4, 5, 6]]):
        expected = coco.decode(coco.frPyObjects(polygons, 300, 400)).any(axis=2)
        assert (mask_of(polygons, (300, 400)) == expected).all()


coordinates = st.one_of(
    st.floats(-60, 120),
    st.integers(-60, 120),
    st.floats(),
    st.integers(),
    st.none(),
    st.text(max_size=2),
    st.booleans(),
)
polygons = st.lists(coordinates, max_size=10)
segmentations = st.one_of(
    st.lists(st.one_of(polygons, st.lists(polygons, max_size=3)), max_size=4),
    polygons,
    st.lists(
        st.fixed_dictionaries({"size": st.just(list(SIZE)), "counts": st.lists(st.integers(0, 1200), max_size=4)})
    ),
    st.dictionaries(st.sampled_from(["size", "counts", "x"]), st.one_of(polygons, st.text(max_size=5), st.none())),
    st.one_of(st.none(), st.integers(), st.text(max_size=5), st.binary(max_size=12)),
)


@given(segmentation=segmentations)
@settings(max_examples=120, deadline=None)
def test_any_segmentation_is_a_mask_or_refused(segmentation) -> None:
    try:
        mask = mask_of(segmentation, SIZE)
    except UserError:
        with pytest.raises(UserError):
            area_of(segmentation, SIZE)
        return
    assert (mask.dtype, mask.shape) == (bool, SIZE)
    assert area_of(segmentation, SIZE) == mask.sum()


@given(
    points=st.lists(
        st.one_of(st.lists(st.lists(coordinates, max_size=3), max_size=5), polygons, coordinates), max_size=4
    )
)
@settings(max_examples=80, deadline=None)
def test_any_points_are_a_mask_or_refused(points) -> None:
    try:
        mask = points_mask(points, SIZE)
    except UserError:
        return
    assert (mask.dtype, mask.shape) == (bool, SIZE)


def test_phrasecuts_points_include_their_rim() -> None:
    # as PhraseCut's own evaluation draws: [2, 7] both ends included, which pycocotools would make 5 x 5
    mask = points_mask([points(2, 2, 5, 5)], SIZE)
    assert mask.sum() == 36
    assert mask[2:8, 2:8].all()
    assert points_mask([points(2, 2, 5, 5), points(4, 4, 5, 5)], SIZE).sum() == 36 + 36 - 16
    assert not points_mask([[[1, 1]], []], SIZE).any()
    with pytest.raises(ValueError, match=r"expected a polygon of points \[x, y\]"):
        points_mask([[1, 2, 3, 4]], SIZE)
