"""COCO results files as proposals, read against pycocotools' own encoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco

from tasnb.core.errors import UserError
from tasnb.datasets import ResultsFile, contents, results

SIZE = (20, 30)


def box(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros(SIZE, dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def as_detectors_write_it(mask: np.ndarray) -> dict:
    code = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": code["size"], "counts": code["counts"].decode()}


@pytest.fixture
def write(tmp_path: Path):
    def write(content, name: str = "freesolo.json") -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


A, B = box(2, 3, 10, 12), box(5, 15, 18, 28)


def test_masks_come_back_best_score_first(write) -> None:
    entries = [
        {"image_id": 7, "category_id": 1, "segmentation": as_detectors_write_it(A), "score": 0.25},
        {"image_id": 7, "segmentation": as_detectors_write_it(B), "score": 0.75},
        {"image_id": 8, "segmentation": as_detectors_write_it(A), "score": 0.5},
    ]
    found = ResultsFile.read(write(entries)).proposals("7", SIZE)
    assert np.array_equal(found.masks, np.stack([B, A]))
    assert found.pred_iou.tolist() == [0.75, 0.25]
    assert np.isnan(found.stability_score).all()
    assert found.source == "freesolo"
    assert found.boxes_xyxy[1].tolist() == [3, 2, 12, 10]


@pytest.mark.parametrize(
    ("caption", "segmentation", "expected"),
    [
        ("a polygon", [[3, 2, 12, 2, 12, 10, 3, 10]], A),
        ("two polygons are one mask", [[3, 2, 12, 2, 12, 10, 3, 10], [15, 5, 28, 5, 28, 18, 15, 18]], A | B),
        ("plain runs", {"size": list(SIZE), "counts": [0, 20, 580]}, box(0, 0, 20, 1)),
    ],
)
def test_every_coco_segmentation_is_read(write, caption, segmentation, expected) -> None:
    entries = [{"image_id": "x", "segmentation": segmentation, "score": 1}]
    assert np.array_equal(ResultsFile.read(write(entries)).proposals("x", SIZE).masks, expected[None]), caption


def test_equal_scores_keep_the_order_of_the_file_and_no_score_goes_last(write) -> None:
    masks = [box(0, i, 4, i + 3) for i in range(4)]
    scores = [None, 0.5, 0.5, 0.9]
    entries = [
        {"image_id": 1, "segmentation": as_detectors_write_it(m), "score": s}
        for m, s in zip(masks, scores, strict=True)
    ]
    found = ResultsFile.read(write(entries)).proposals("1", SIZE)
    assert [int(b[0]) for b in found.boxes_xyxy] == [3, 1, 2, 0]
    assert np.isnan(found.pred_iou[-1])


def test_empty_masks_and_repeats_are_left_out(write) -> None:
    entries = [
        {"image_id": 1, "segmentation": as_detectors_write_it(m), "score": s}
        for m, s in [(A, 0.3), (A, 0.8), (np.zeros(SIZE, bool), 0.9), (B, 0.1)]
    ]
    found = ResultsFile.read(write(entries)).proposals("1", SIZE)
    assert found.pred_iou == pytest.approx([0.8, 0.1])


def test_an_image_that_the_file_does_not_name_has_no_proposals(write) -> None:
    found = ResultsFile.read(write([])).proposals("1", SIZE)
    assert found.masks.shape == (0, *SIZE)


def test_whole_numbers_that_pandas_wrote_as_floats_are_ids(write) -> None:
    entries = [{"image_id": 12.0, "segmentation": as_detectors_write_it(A), "score": 1}]
    assert len(ResultsFile.read(write(entries)).proposals("12", SIZE)) == 1


def test_cocos_annotation_format_is_read_too(write) -> None:
    entries = {"annotations": [{"image_id": 1, "segmentation": as_detectors_write_it(A)}]}
    assert len(ResultsFile.read(write(entries)).proposals("1", SIZE)) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not readable JSON"),
        ({"images": []}, "expected COCO results, a list"),
        ([3], "entry 0: expected image_id, segmentation and score, got int"),
        ([{"image_id": 1, "bbox": [0, 0, 1, 1], "score": 1}], "a file of boxes holds no masks"),
        ([{"image_id": 1, "segmentation": [], "score": "high"}], "finite number as score, got 'high'"),
        ('[{"image_id": 1, "segmentation": [], "score": NaN}]', "finite number as score, got nan"),
    ],
)
def test_another_kind_of_file_is_one_clear_error(write, content, message) -> None:
    with pytest.raises(ValueError, match=message):
        ResultsFile.read(write(content))


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        (as_detectors_write_it(A) | {"size": [30, 20]}, "30 x 20"),
        ({"size": list(SIZE), "counts": "!!"}, "damaged"),
        ("mask", "expected a list of polygons"),
    ],
)
def test_a_damaged_mask_names_file_and_image(write, segmentation, message) -> None:
    entries = [{"image_id": 1, "segmentation": segmentation, "score": 1}]
    with pytest.raises(ValueError, match=rf"freesolo\.json, image 1: .*{message}"):
        ResultsFile.read(write(entries)).proposals("1", SIZE)


def test_a_file_about_other_images_is_refused(write) -> None:
    found = ResultsFile.read(write([{"image_id": 139, "segmentation": [], "score": 1}]))
    found.check(["139", "140"])
    with pytest.raises(ValueError, match="image_id there: 139, here: 1"):
        found.check(["1", "2"])


def test_the_fingerprint_follows_the_content_and_not_the_name(write) -> None:
    a, b, c = write([], "a.json"), write([], "b.json"), write("[ ]", "c.json")
    assert results.fingerprint_of(a) == results.fingerprint_of(b) != results.fingerprint_of(c)


def test_masks_that_would_fill_the_memory_are_refused_before_one_is_drawn(write, monkeypatch) -> None:
    monkeypatch.setattr(contents, "MAX_MASK_BYTES", 3 * SIZE[0] * SIZE[1])
    entries = [{"image_id": 1, "segmentation": as_detectors_write_it(A)}] * 3 + [
        {"image_id": 2, "segmentation": "bad"}
    ] * 4
    found = ResultsFile.read(write(entries))
    assert len(found.proposals("1", SIZE)) == 1
    with pytest.raises(
        UserError, match=r"freesolo\.json, image 2: has 4 masks of 20 x 30 pixels, 2,400 bytes; expected"
    ):
        found.proposals("2", SIZE)


@pytest.mark.parametrize("image_id", [True, None, [1], {"a": 1}, 1.5, float("nan"), 1e300, 2**80, "", "\ud800"])
def test_what_is_no_id_is_one_clear_error(write, image_id) -> None:
    with pytest.raises(UserError, match="entry 0: expected a number or a text as image_id"):
        ResultsFile.read(write([{"image_id": image_id, "segmentation": []}]))


def test_ids_keep_their_spelling(write) -> None:
    entries = [{"image_id": id_, "segmentation": as_detectors_write_it(A)} for id_ in ("000007", 7, "7.0", -1)]
    assert list(ResultsFile.read(write(entries)).of_image) == ["000007", "7", "7.0", "-1"]


@pytest.mark.parametrize("score", [True, 10**400, -1e301, [1], "0.5", {}])
def test_what_is_no_score_is_one_clear_error(write, score) -> None:
    with pytest.raises(UserError, match="entry 0: expected a finite number as score"):
        ResultsFile.read(write([{"image_id": 1, "segmentation": [], "score": score}]))
