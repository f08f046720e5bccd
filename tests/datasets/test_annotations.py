"""Masks of annotations: union, run-length codes, sizes, damage; agreement with pycocotools and with a count by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tasnb.core.limits import FARTHEST, MAX_PIXELS
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
        (b"[[1, 2,, 3]]", "its list of numbers cannot be read"),
        (b"[" * 100_000, "its list of numbers cannot be read"),
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


def test_phrasecuts_points_include_their_rim() -> None:
    # as PhraseCut's own evaluation draws: [2, 7] both ends included, which pycocotools would make 5 x 5
    mask = points_mask([points(2, 2, 5, 5)], SIZE)
    assert mask.sum() == 36
    assert mask[2:8, 2:8].all()
    assert points_mask([points(2, 2, 5, 5), points(4, 4, 5, 5)], SIZE).sum() == 36 + 36 - 16
    assert not points_mask([[[1, 1]], []], SIZE).any()
    with pytest.raises(ValueError, match=r"expected a polygon of points \[x, y\]"):
        points_mask([[1, 2, 3, 4]], SIZE)
