"""Lesson 01: scenes, measurements, and each check with right answers and typical wrong ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tasnb as tn
from tasnb.core.masks import make_proposals

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("mask_proposals")


def block(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Masks of rectangles (x0, y0, x1, y1) in a picture of 40 x 60: bool (n, 40, 60)."""
    masks = np.zeros((len(boxes), 40, 60), bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
        mask[y0:y1, x0:x1] = True
    return masks


def scene(*boxes: tuple[int, int, int, int]) -> lesson.Scene:
    return lesson.Scene(image=np.zeros((40, 60, 3), np.uint8), targets=block(*boxes))


def proposed(*boxes: tuple[int, int, int, int]):
    return make_proposals(block(*boxes), source="drawn")


@pytest.fixture
def two_scenes():
    pictures = [scene((0, 0, 10, 10), (20, 0, 40, 10)), scene((5, 5, 25, 35))]
    found = [proposed((30, 30, 50, 40), (0, 0, 10, 8), (18, 0, 30, 10)), proposed((5, 5, 20, 35), (0, 0, 60, 40))]
    return pictures, found


def test_scenes_hold_everything_annotated_and_stop_at_the_count(reftoy_val) -> None:
    found = lesson.scenes(reftoy_val, 2)
    assert len(found) == 2
    assert [len(each.targets) for each in found] == [
        len(reftoy_val.things(i)) for i in dict.fromkeys(reftoy_val.image_ids[:9])
    ][:2]


def test_scenes_of_photos_hold_each_mask_once_and_need_one() -> None:
    pixels, (mask, other) = np.zeros((40, 60, 3), np.uint8), block((0, 0, 9, 9), (20, 20, 30, 30))
    rows = tn.datasets.photos((pixels, "a", mask), (pixels, "b", mask), (pixels, "c", other), (pixels, "d"))
    assert len(lesson.scenes(rows, 5)[0].targets) == 2
    with pytest.raises(ValueError, match=r"dog_mask\.png"):
        lesson.scenes(tn.datasets.photos((pixels, "a")), 5)


def test_the_grid_is_segment_anythings_own() -> None:
    from segment_anything.utils.amg import build_point_grid

    for side in (1, 4, 9):
        assert np.allclose(lesson.grid_xy((40, 60), side), build_point_grid(side) * [60, 40])


def test_the_grid_picture_marks_each_point_and_leaves_the_original_alone() -> None:
    plain = np.full((40, 60, 3), 9, np.uint8)
    assert (lesson.grid_picture(plain, 2)[[10, 10, 30, 30], [15, 45, 15, 45]] == 255).all()
    assert (plain == 9).all()
    assert lesson.grid_picture(np.zeros((1, 1, 3), np.uint8), 3).shape == (1, 1, 3)


def test_no_proposals_give_an_upper_bound_of_zero(two_scenes) -> None:
    (first, _), _ = two_scenes
    none = make_proposals(np.zeros((0, 40, 60), bool), source="none")
    assert lesson.best_ious(none, first).tolist() == [0, 0]
    row = lesson.misses([first], [none], [none], side=4).iloc[0]
    assert (row["best"], row["iou"], row["covered"], row["on_target"]) == (-1, 0, 0, 0)
    assert lesson.miss_picture(first, none, 0, -1).shape == (40, 60, 3)


def test_stability_accepts_every_way_to_it() -> None:
    def by_intersection(logits, offset):
        inner, outer = logits > offset, logits > -offset
        union = np.logical_or(inner, outer).sum()
        return np.logical_and(inner, outer).sum() / union if union else 0

    def by_counting(logits, offset):
        outer = sum(value > -offset for value in logits.ravel())
        return [0.0 if outer == 0 else sum(value > offset for value in logits.ravel()) / outer]

    for way in (by_intersection, by_counting):
        assert isinstance(lesson.check_stability(way), Right)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda x, o: (x > -o).sum() / (x > o).sum(), "upside down"),
        (lambda x, o: (x > o).sum() / (x > 0).sum(), "over the mask above 0"),
        (lambda x, o: (x > 0).sum() / (x > -o).sum(), "the mask above 0 over"),
        (lambda x, o: 1 - (x > o).sum() / (x > -o).sum(), "the share that is lost"),
        (lambda x, o: (x > o).mean(), "over the whole picture"),
        (lambda x, o: ((x > o).sum() / (x > -o).sum()) ** 0.5, "a square root of the ratio"),
        (lambda x, o: 100 * (x > o).sum() / (x > -o).sum(), "per cent"),
        (lambda x, o: (x > o).sum() / max((x > -o).sum(), 1e-9) + 0.5, "resembles no slip"),
        (lambda x, o: (x > o) / (x > -o), "an array of shape"),
        (lambda x, o: ..., "No answer yet"),
        (lambda x: 1, "TypeError"),
        (..., "No answer yet"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_stability_names_the_slip(wrong, said: str) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_stability(wrong)


def test_stability_of_nothing_is_zero() -> None:
    def careless(logits, offset):
        return np.float64((logits > offset).sum()) / (logits > -offset).sum()

    with pytest.raises(NotYet, match="division by zero"), np.errstate(all="ignore"):
        lesson.check_stability(careless)


def test_the_upper_bound_accepts_a_list_an_array_and_a_column(two_scenes) -> None:
    pictures, found = two_scenes
    right = [max(tn.iou(m, t) for m in f.masks) for s, f in zip(pictures, found, strict=True) for t in s.targets]
    assert len(right) == 3
    for value in (right, np.array(right), pd.Series(right), [round(x, 3) for x in right]):
        said = lesson.check_upper_bound(value, pictures, found)
        assert f"{np.mean(right):.3f}" in said.because


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda m, t: tn.iou(m[0], t), "SAM's first proposal"),
        (lambda m, t: max((x & t).sum() / t.sum() for x in m), "how much of the target is covered"),
        (lambda m, t: max((x & t).sum() / x.sum() for x in m), "how much of a mask is on the target"),
        (lambda m, t: np.mean([tn.iou(x, t) for x in m]), "the mean over the masks"),
        (lambda m, t: np.argmax([tn.iou(x, t) for x in m]), "the number of the best mask"),
        (lambda m, t: 100 * max(tn.iou(x, t) for x in m), "per cent"),
    ],
)
def test_the_upper_bound_names_the_slip(wrong, said: str, two_scenes) -> None:
    pictures, found = two_scenes
    value = [wrong(f.masks, t) for s, f in zip(pictures, found, strict=True) for t in s.targets]
    with pytest.raises(NotYet, match=said):
        lesson.check_upper_bound(value, pictures, found)


def test_the_upper_bound_wants_all_numbers_in_order(two_scenes) -> None:
    pictures, found = two_scenes
    right = np.concatenate([lesson.best_ious(f, s) for s, f in zip(pictures, found, strict=True)])
    with pytest.raises(NotYet, match="their mean"):
        lesson.check_upper_bound(float(right.mean()), pictures, found)
    said = ((right[:2], "numbers of shape"), (right[::-1], "resembles no slip"), (..., "No answer yet"), ("0.5", "str"))
    for wrong, words in said:
        with pytest.raises(NotYet, match=words):
            lesson.check_upper_bound(wrong, pictures, found)
    mixed = np.concatenate([lesson.best_ious(found[0], each) for each in pictures])
    with pytest.raises(NotYet, match="the proposals of the first scene"):
        lesson.check_upper_bound(mixed, pictures, found)


def test_each_reason_is_measured() -> None:
    # points of a grid of 4: x = 7, 22, 37, 52 and y = 5, 15, 25, 35
    targets = scene((0, 0, 10, 10), (20, 0, 30, 10), (40, 10, 60, 20), (0, 20, 5, 24), (20, 20, 40, 40))
    kept = proposed((0, 0, 6, 10), (18, 0, 34, 10), (22, 22, 44, 40))
    loose = proposed((0, 0, 6, 10), (18, 0, 34, 10), (22, 22, 44, 40), (40, 10, 60, 20))
    table = lesson.misses([targets], [kept], [loose], side=4)
    found = {int(row["target"]): lesson.reason_of(row) for _, row in table.iterrows()}
    assert found == {0: "part", 1: "merged", 2: "dropped", 3: "no point", 4: "inexact"}
    assert table["iou"].is_monotonic_increasing


def test_reasons_are_checked_row_by_row() -> None:
    rows = [
        {"iou": 0.0, "covered": 0.0, "on_target": 0.0, "points": 0, "without_thresholds": 0.9},
        {"iou": 0.1, "covered": 0.1, "on_target": 0.9, "points": 3, "without_thresholds": 0.9},
        {"iou": 0.6, "covered": 0.6, "on_target": 0.9, "points": 3, "without_thresholds": 0.6},
    ]
    table = pd.DataFrame(rows)
    right = ["no point", "dropped", "part"]
    assert isinstance(lesson.check_reasons(right, table), Right)
    assert isinstance(lesson.check_reasons((" Dropped" if w == "dropped" else w.upper() for w in right), table), Right)
    with pytest.raises(NotYet, match="an earlier one holds") as caught:
        lesson.check_reasons(["no point", "part", "part"], table)
    assert "row 1" in str(caught.value)
    with pytest.raises(NotYet, match="a rule that does not hold"):
        lesson.check_reasons(["no point", "no point", "part"], table)
    with pytest.raises(NotYet, match="a single answer"):
        lesson.check_reasons("dropped", table)
    said = (
        (right[:2], "a list that leaves rows out"), ([*right[:2], "too small"], "a word that is none of the five"),
        (..., "No answer yet"), ([..., *right[1:]], "Still open: part 1"), (3, "another kind of answer"),
    )  # fmt: skip
    for wrong, words in said:
        with pytest.raises(NotYet, match=words):
            lesson.check_reasons(wrong, table)


@pytest.mark.slow
def test_a_measurement_says_its_setting_and_more_points_propose_more(reftoy_val) -> None:
    pictures = lesson.scenes(reftoy_val, 1)
    few, many = (lesson.measure(pictures, "toy", points_per_side=side) for side in (2, 8))
    assert few["points_per_side"] == 2
    assert few["proposals"] <= many["proposals"]
    assert 0 <= few["upper bound"] <= many["upper bound"] <= 1
    with pytest.raises(ValueError, match="points_per_side"):
        lesson.proposer("toy", points=3)


def test_estimates_stand_beside_the_truth(two_scenes) -> None:
    pictures, found = two_scenes
    table = lesson.estimates(found[1], pictures[1])
    assert list(table.columns) == ["pred_iou", "stability", "true_iou", "area"]
    assert table["true_iou"].round(3).tolist() == [0.75, 0.25]
