"""Lesson 05: each check takes every right answer and names each typical slip."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

import tasnb as tn
from tasnb.stages import spatial

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("spatial_rectifier")


@pytest.fixture(scope="module")
def artifacts(toy_case):
    return toy_case[1]


def half(centres, direction, *, middle=np.median, low=np.less, high=np.greater_equal, swap=None):
    direction = (swap or {}).get(direction, direction)
    values = centres[:, 0 if direction in ("left", "right") else 1]
    line = middle(values)
    return low(values, line) if direction in ("left", "top") else high(values, line)


def slip(**options):
    return lambda centres, direction: half(centres, direction, **options)


@pytest.mark.parametrize(
    "function",
    [
        half,
        lambda centres, way: half(centres, way).tolist(),
        lambda centres, way: spatial.rectify(lesson.said(way), np.vstack([centres]))[0],
    ],
    ids=["numpy", "a list", "the library's own"],
)
def test_any_way_to_a_half_is_right(function, artifacts) -> None:
    assert isinstance(lesson.check_half(function, artifacts), Right)


def test_a_function_that_changes_its_argument_is_judged_by_what_it_returns(artifacts) -> None:
    def greedy(centres, direction):
        found = half(centres, direction)
        centres[:] = 0
        return found

    assert isinstance(lesson.check_half(greedy, artifacts), Right)


def test_a_picture_without_proposals_can_be_used(artifacts) -> None:
    none = artifacts.proposals[np.zeros(len(artifacts.proposals), dtype=bool)]
    empty = replace(artifacts, proposals=none, crop_embeddings={}, captions={}, caption_embeddings={})
    assert isinstance(lesson.check_half(half, empty), Right)
    assert "no proposal" in repr(lesson.centres_picture(empty, np.zeros((*empty.size_hw, 3), np.uint8)))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (..., "No answer yet"),
        (lambda centres, way: ..., "No answer yet"),
        (slip(low=np.less_equal, high=np.greater), "a tie that goes left or top"),
        (lambda centres, way: centres[:, 0] <= np.median(centres[:, 0]), "a tie that goes left or top"),
        (
            lambda c, way: half(c, way, low=np.less_equal) if way == "left" else half(c, way),
            "a tie that goes left or top",
        ),
        (lambda c, way: half(c, way, middle=np.mean) if way == "top" else half(c, way), "the mean of the centres"),
        (slip(high=np.greater), "belongs to no half"),
        (slip(low=np.less_equal), "belongs to both halves"),
        (slip(swap={"top": "bottom", "bottom": "top"}), "a y axis that grows upwards"),
        (slip(swap={"left": "right", "right": "left"}), "left and right exchanged"),
        (slip(swap={"left": "top", "right": "bottom", "top": "left", "bottom": "right"}), "x and y exchanged"),
        (slip(middle=np.mean), "the mean of the centres"),
        (slip(middle=lambda values: 128), "the middle of the picture"),
        (lambda centres, way: np.flatnonzero(half(centres, way)), "numbers of proposals"),
        (lambda centres, way: centres[half(centres, way)], "centres, not a verdict for each"),
        (lambda centres, way: True, "of shape ()"),
        (lambda centres, way: half(centres, "left"), "the same half for every direction"),
        (lambda centres, way: centres.nothing, "stops with AttributeError"),
    ],
)
def test_a_wrong_half_is_named(function, said: str, artifacts) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_half(function, artifacts)
    assert said in " ".join(caught.value.text.split())


SOLVED = {expression: right for expression, (right, _, _) in lesson.READINGS.items()}


def test_the_right_readings_are_taken_in_any_case_and_order() -> None:
    assert isinstance(lesson.check_readings(SOLVED), Right)
    assert isinstance(lesson.check_readings({k: f" {v.title()} " for k, v in reversed(SOLVED.items())}), Right)


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        (..., "No answer yet"),
        (["left"], "(list)"),
        ({}, "an expression that was left out"),
        (dict.fromkeys(SOLVED, ...), "No answer yet"),
        (SOLVED | {"cake left on the plate": ...}, "Still open: cake left on the plate"),
        (SOLVED | {"dog left of the bus": "leftish"}, "a word that is none of the five"),
        (SOLVED | {"dog left of the bus": 3}, "a word that is none of the five"),
        (SOLVED | {"man on the left": "none"}, "a direction overlooked"),
        (SOLVED | {"woman in a bright dress": "right"}, "letters, not words"),
        (SOLVED | {"cake left on the plate": "left"}, 'the direction "left"'),
        (SOLVED | {"dog right next to the car": "right"}, 'the direction "right"'),
        (SOLVED | {"dog left of the bus": "left"}, "a relation read as a direction"),
        (SOLVED | {"bus left of the picture": "none"}, "a place in the picture read as a relation"),
        (SOLVED | {"man next to the left bus": "left"}, "the place of another thing"),
        (SOLVED | {"man on the left": "bottom"}, "resembles no slip"),
    ],
)
def test_a_wrong_reading_is_named(readings, said: str) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_readings(readings)
    assert said in " ".join(caught.value.text.split())


def test_letters_read_what_the_prose_says(nlp) -> None:
    from tasnb.stages.expressions import ParseRule

    letters = ParseRule(direction_words="substrings")
    assert tn.parse("woman in a bright dress", nlp, rule=letters).directions == ("right",)
    assert tn.parse("laptop on the left", nlp, rule=letters).directions == ("top", "left")
    assert tn.parse("girl in a tank top", nlp, rule=letters).directions == ("top",)


@pytest.mark.parametrize(
    ("centres", "totals"),
    [
        ([[10.2, 20.0], [10.8, 80.0]], [0.1, 0.9]),
        (np.array([[10.2, 20], [10.8, 80], [10.9, 5]]), (0.1, 0.9, 0.2)),
        ([[0, 0], [1, 90], [50, 10], [60, 80]], [0.5, 0.5, 0.1, 0.1]),  # a tie in S: the later quadrant
    ],
)
def test_a_case_in_which_the_rules_differ_is_right(centres, totals) -> None:
    assert isinstance(lesson.check_disagreement(centres, totals), Right)


def test_whole_numbers_without_ties_never_make_the_rules_differ() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        n = rng.integers(1, 9)
        centres, totals = rng.integers(0, 9, size=(n, 2)).astype(float), rng.permutation(n) / 10
        with pytest.raises(NotYet):
            lesson.check_disagreement(centres, totals)


@pytest.mark.parametrize(
    ("centres", "totals", "said"),
    [
        (..., ..., "No answer yet"),
        ([[1, 2]], ..., "No answer yet"),
        ("left", [1], "'left'"),
        ([1, 2, 3], [1, 2, 3], "of shape (3,)"),
        ([[1, float("nan")]], [1], "of shape (1, 2)"),
        ([[1, 2], [3, 4]], [1], "another number of totals"),
        ([[1, 2]], [0.5], "a single proposal"),
        ([[0, 0], [1, 90], [50, 10], [60, 80]], [0.5, 0.4, 0.9, 0.1], "the quadrant keeps fewer than the half"),
        ([[0, 0], [50, 10]], [0.5, 0.4], "both rules keep the same proposals"),
    ],
)
def test_a_case_in_which_they_agree_is_explained(centres, totals, said: str) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_disagreement(centres, totals)
    assert said in " ".join(caught.value.text.split())


def prior(centres, direction, *, share=0.5, swap=None):
    direction = (swap or {}).get(direction, direction)
    values = centres[:, 0 if direction in ("left", "right") else 1] * (-1 if direction in ("right", "bottom") else 1)
    before = [(values < value).sum() + share * ((values == value).sum() - 1) for value in values]
    return 0.5 - np.array(before) / (len(values) - 1)


def by_pixels(centres, direction):
    values = centres[:, 0 if direction in ("left", "right") else 1] * (-1 if direction in ("right", "bottom") else 1)
    return 0.5 - (values - values.min()) / np.ptp(values)


def soft(centres, direction):
    return spatial.rectify(lesson.said(direction), centres, rule=tn.PLUS.rectifier)[1].prior


@pytest.mark.parametrize(
    "function",
    [
        prior,
        lambda centres, way: prior(centres, way).tolist(),
        lambda centres, way: soft(centres, way) / tn.PLUS.rectifier.strength,
    ],
    ids=["numpy", "a list", "the library's own"],
)
def test_any_way_to_a_prior_is_right(function, artifacts) -> None:
    assert isinstance(lesson.check_prior(function, artifacts), Right)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (..., "No answer yet"),
        (lambda centres, way: ..., "No answer yet"),
        (lambda c, way: -prior(c, way), "a queue that begins at the other side"),
        (lambda c, way: prior(c[:, ::-1], way), "x and y exchanged"),
        (lambda c, way: prior(c, way, swap={"top": "bottom", "bottom": "top"}), "a y axis that grows upwards"),
        (lambda c, way: prior(c, "left"), "the same queue for every direction"),
        (lambda c, way: prior(c, way) + 0.5, "numbers from 1 to 0"),
        (lambda c, way: 2 * prior(c, way), "numbers from 1 to -1"),
        (lambda c, way: prior(c, way, share=0), "centres that share a place and all take its best number"),
        (lambda c, way: np.where(half(c, way), 0.5, -0.5), "the hard half in other numbers"),
        (by_pixels, "distances in pixels, not places in a queue"),
        (lambda c, way: prior(c, way)[:2], "another number of numbers"),
        (lambda c, way: prior(c, way) + 0.1, "resembles no slip"),
    ],
)
def test_a_wrong_prior_is_named(function, said: str, artifacts) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_prior(function, artifacts)
    assert said in " ".join(caught.value.text.split())


class Queue:
    """Four proposals from left to right, and one expression for each of ``targets``: which of them is meant."""

    about: ClassVar[dict[str, Any]] = {"dataset": {"split": "val"}}

    def __init__(self, *targets: int, directions: str = "left") -> None:
        self.targets, self.directions = targets, directions

    def predictions(self) -> pd.DataFrame:
        return pd.DataFrame({"sample": range(len(self.targets)), "directions": self.directions})

    def scores(self) -> pd.DataFrame:
        return pd.DataFrame([
            {"sample": i, "image_id": f"{i}", "cx": 10.0 * k, "cy": 5.0, "iou": 0.9 * (k == target), "kept": k < 2}
            for i, target in enumerate(self.targets) for k in range(4)
        ])  # fmt: skip


def test_the_places_of_targets_are_counted_from_the_named_side() -> None:
    found = lesson.places([Queue(0, 0, 1, 3), Queue(2, 9), Queue(0, directions="left top")]).set_index("place")
    assert found["n"].to_dict() == {"first": 2, "second": 1, "third": 1, "fourth or later": 1}
    assert found.loc["first", ["share", "by chance", "the half keeps"]].tolist() == [40, 25, 100]
    assert found.loc["third", "the half keeps"] == 0
    assert (found["low"] <= found["share"]).all()
    assert lesson.places([Queue(0, directions="left top")]).empty
    assert lesson.places([Queue(0, directions="right")]).set_index("place")["n"]["fourth or later"] == 1


def test_half_and_prior_are_those_of_tas(run, toy_models, reftoy_val, tmp_path) -> None:
    found = lesson.half_and_prior([run]).set_index("expressions")
    before = lesson.gain_by_direction([run]).set_index("expressions")
    assert found["half"].tolist() == pytest.approx(before["with"].tolist())
    assert found["without"].tolist() == pytest.approx(before["without"].tolist())
    assert (found["gain"] - (found["prior"] - found["half"])).abs().max() < 1e-9
    mixed = replace(tn.PAPER, name="paper with a prior", rectifier=tn.PLUS.rectifier)
    again = tn.evaluate(reftoy_val[:20], toy_models, variant=mixed, methods=["tas"], out=tmp_path / "run")
    assert found.loc["all", "prior"] == pytest.approx(100 * again.predictions()["iou"].mean())


def test_a_target_is_thrown_out_when_no_fitting_mask_stays() -> None:
    rows = [
        (0, 0.9, False), (0, 0.6, True), (1, 0.9, False), (1, 0.5, True), (2, 0.4, False), (3, 0.8, True),
        (4, 0.7, False), (4, 0.8, False),
    ]  # fmt: skip

    class Stored:
        @staticmethod
        def scores() -> pd.DataFrame:
            return pd.DataFrame(rows, columns=["sample", "iou", "kept"])

    assert lesson.thrown_out(Stored()) == [1, 4]
    assert lesson.thrown_out(Stored(), fits=0.95) == []


@pytest.fixture(scope="module")
def run(toy_models, reftoy_val, warm_store, tmp_path_factory):
    home = tmp_path_factory.mktemp("lesson-05")
    methods = {"with": tn.tas, "without": partial(tn.tas, use=("v", "p", "n"))}
    return tn.evaluate(reftoy_val[:20], toy_models, methods=methods, store=warm_store, out=home / "run")


def test_the_gain_by_direction_is_that_of_a_run_with_and_one_without(run) -> None:
    found = lesson.gain_by_direction([run]).set_index("expressions")
    frame = run.predictions()
    ious = frame.pivot(index="sample", columns="method", values="iou") * 100
    said = frame.drop_duplicates("sample").set_index("sample")["directions"] != ""
    assert 0 < said.sum() < len(said)
    for name, which in (("a direction found", said), ("none found", ~said), ("all", said | ~said)):
        assert found.loc[name, "n"] == which.sum()
        for column in ("with", "without"):
            assert found.loc[name, column] == pytest.approx(ious.loc[which, column].mean())
    assert found.loc["none found", ["gain", "low", "high"]].tolist() == [0, 0, 0]


def test_the_picture_of_centres_says_its_medians(toy_case) -> None:
    sample, artifacts = toy_case
    x, y = np.median(tn.masks.centroids_xy(artifacts.proposals.masks), axis=0)
    shown = lesson.centres_picture(artifacts, sample.image)
    assert f"x = {x:.1f} and y = {y:.1f}" in repr(shown)
    assert max(shown.pictures[0].shape) == lesson.SIDE


@pytest.mark.parametrize("size_hw", [(1, 1), (2, 900)])
def test_the_picture_of_centres_takes_any_size(size_hw, artifacts) -> None:
    image = np.zeros((*size_hw, 3), np.uint8)
    full = tn.types.Proposals(
        masks=np.ones((1, *size_hw), bool), boxes_xyxy=np.array([[0, 0, size_hw[1], size_hw[0]]]),
        pred_iou=np.ones(1), stability_score=np.ones(1), source="hand",
    )  # fmt: skip
    tiny = replace(artifacts, size_hw=size_hw, proposals=full, crop_embeddings={}, captions={}, caption_embeddings={})
    assert max(lesson.centres_picture(tiny, image).pictures[0].shape) == lesson.SIDE
