"""Lesson 06: each check takes every right answer and names each typical slip."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tasnb as tn
from tasnb.core.types import Weights
from tasnb.evaluation.sweep import Sweep

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("full_evaluation")


@pytest.fixture(scope="module")
def run(toy_models, reftoy_val, warm_store, tmp_path_factory):
    """Two images, three methods."""
    return tn.evaluate(reftoy_val[:12], toy_models, store=warm_store, out=tmp_path_factory.mktemp("lesson-06") / "run")


def ious(i, u):
    return np.asarray(i) / np.asarray(u)


@pytest.mark.parametrize(
    "function",
    [
        lambda i, u: (100 * ious(i, u).mean(), 100 * i.sum() / u.sum()),
        lambda i, u: [round(100 * ious(i, u).mean(), 2), round(100 * i.mean() / u.mean(), 2)],
        lambda i, u: np.array([tn.metrics.summarise(i, u, np.arange(len(i))).miou.value, 100 * sum(i) / sum(u)]),
    ],
    ids=["a tuple", "a rounded list", "the library's own"],
)
def test_any_way_to_the_figures_is_right(function, run) -> None:
    assert isinstance(lesson.check_figures(function, run), Right)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (..., "No answer yet"),
        (lambda i, u: (..., ...), "No answer yet"),
        (lambda i, u: (50.0, ...), "Still open: part 2"),
        (lambda i, u: ious(i, u).mean(), "a single number"),
        (lambda i, u: (100 * i.sum() / u.sum(), 100 * ious(i, u).mean()), "exchanged"),
        (lambda i, u: (ious(i, u).mean(), i.sum() / u.sum()), "shares from 0 to 1"),
        (lambda i, u: (100 * ious(i, u).mean(),) * 2, "the mean of the ratios twice"),
        (lambda i, u: (100 * i.sum() / u.sum(),) * 2, "the ratio of the sums twice"),
        (lambda i, u: (100 * np.median(ious(i, u)), 100 * i.sum() / u.sum()), "a median"),
        (lambda i, u: (100 * (ious(i, u) > 0.5).mean(), 100 * i.sum() / u.sum()), "above IoU 0.5"),
        (lambda i, u: (1.0, 2.0), "resembles no slip"),
    ],
)
def test_wrong_figures_are_named(function, said: str, run) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_figures(function, run)
    assert said in " ".join(caught.value.text.split())


IDS = ["a"] * 3 + ["b"] * 4 + ["c"] * 2 + ["a"]  # an image's rows need not lie together


def by_image(ids, rng, *, replace=True, size=None, keep=lambda drawn: drawn):
    names = np.unique(ids)
    drawn = keep(rng.choice(names, size=len(names) if size is None else size, replace=replace))
    return np.concatenate([np.flatnonzero(np.asarray(ids) == name) for name in drawn])


@pytest.mark.parametrize(
    "function",
    [
        by_image,
        lambda ids, rng: by_image(ids, rng).tolist(),
        lambda ids, rng: np.sort(by_image(ids, rng)),
        lambda ids, rng: np.repeat(
            np.arange(len(ids)),
            rng.multinomial(3, np.full(3, 1 / 3))[np.unique(ids, return_inverse=True)[1]],
        ),
    ],
    ids=["draw and join", "a list", "sorted", "how often each image comes"],
)
def test_any_way_to_resample_is_right(function) -> None:
    assert isinstance(lesson.check_resample(function, IDS), Right)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (..., "No answer yet"),
        (lambda ids, rng: ..., "No answer yet"),
        (lambda ids, rng: rng.integers(0, len(ids), len(ids)), "a bootstrap over expressions"),
        (lambda ids, rng: by_image(ids, rng, replace=False), "without replacement"),
        (lambda ids, rng: np.arange(len(ids)), "without replacement"),
        (lambda ids, rng: by_image(ids, rng, keep=np.unique), "kept once"),
        (lambda ids, rng: by_image(ids, rng, size=2), "2 images in a draw, for 3"),
        (lambda ids, rng: by_image(ids, np.random.default_rng(1)), "made anew in each call"),
        (lambda ids, rng: rng.choice(np.unique(ids), size=3), "names of images"),
        (lambda ids, rng: [[0, 1], [2]], "a list for each image"),
        (lambda ids, rng: [0.5, 1.5], "another kind of answer"),
        (lambda ids, rng: by_image(ids, rng) + 1, "numbers that are no rows"),
        (lambda ids, rng: 1 / 0, "stops with ZeroDivisionError"),
    ],
)
def test_a_wrong_resample_is_named(function, said: str) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_resample(function, IDS)
    assert said in " ".join(caught.value.text.split())


def test_one_image_can_only_be_drawn_whole() -> None:
    assert isinstance(lesson.check_resample(by_image, ["a", "a"]), Right)


def a_sweep(figures: dict[tuple[float, float], float]) -> Sweep:
    frame = pd.DataFrame(
        [{"alpha": a, "lam": b, "miou": m, "oiou": m - 7, "pr50": m, "n": 9} for (a, b), m in figures.items()]
    )
    return Sweep(frame=frame, used=Weights(), papers=Weights(), data="by hand", variant="paper", protocol="tas")


CHOOSING = a_sweep({(0, 0): 50, (0, 0.7): 60, (0.1, 0): 60, (0.1, 0.7): 40})
MEASURING = a_sweep({(0, 0): 58, (0, 0.7): 51, (0.1, 0): 52, (0.1, 0.7): 55})


@pytest.mark.parametrize("answer", [(0, 0.7, 51), [0.1, 0.0, 52.004], np.array([0.1, 0, 52])])
def test_every_best_choice_with_its_figure_elsewhere_is_right(answer) -> None:
    assert isinstance(lesson.check_honest(answer, CHOOSING, MEASURING), Right)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "No answer yet"),
        ((..., ..., ...), "No answer yet"),
        ((0, 0.7, ...), "Still open: part 3"),
        ((0, 0.7), "shape (3,)"),
        ((0, 0, 58), "chosen on the images on which they are measured"),
        ((0.1, 0.7, 55), "the run's own weights"),
        ((0.3, 0.3, 50), "resembles no slip"),
        ((0, 0.7, 60), "the images on which the weights were chosen"),
        ((0, 0.7, 58), "whatever its weights"),
        ((0, 0.7, 44), "oIoU"),
        ((0, 0.7, 1), "resembles no slip"),
    ],
)
def test_a_dishonest_choice_is_named(answer, said: str) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_honest(answer, CHOOSING, MEASURING)
    assert said in " ".join(caught.value.text.split())


def test_two_of_the_damaged_samples_fail_and_the_others_are_measured(
    toy_models, reftoy_val, warm_store, tmp_path
) -> None:
    samples = lesson.damaged(reftoy_val)
    found = tn.evaluate(samples, toy_models, methods=["tas"], store=warm_store, out=tmp_path / "run")
    assert found.errors()["sample"].tolist() == [1, 2]
    assert found.table().set_index("method").loc["tas", ["n", "missing"]].tolist() == [2, 2]
    with pytest.raises(IndexError):
        lesson.damaged(reftoy_val[:3])


def test_a_lead_is_the_difference_of_the_summary_and_a_figure_that_of_the_table(run) -> None:
    found = lesson.beside([run], "tas").set_index("method")
    assert found.index.tolist() == list(run.methods)
    for row in run.summary["table"][:-1]:
        assert found.loc[row["method"], "miou_low"] == pytest.approx(row["miou_low"])
    for row in run.summary["differences"]:
        if row["metric"] == "miou":
            mine = found.loc[row["second"]]
            assert mine["miou_gain"] == pytest.approx(row["difference"])
            assert mine["miou_gain_low"] == pytest.approx(row["low"])
            assert mine["shown"] == (row["low"] > 0 or row["high"] < 0)


class Fake:
    """Two methods on images that are hard for both: b is a little better on every one of them."""

    methods = ("a", "b")

    def __init__(self, split: str) -> None:
        self.about = {"protocol": "tas", "dataset": {"split": split}}

    def units(self, method: str, protocol: str) -> pd.DataFrame:
        inter = np.linspace(5, 85, 20).astype(int) + 8 * (method == "b")
        return pd.DataFrame(
            {"unit": range(20), "image_id": [f"{self.about['dataset']['split']} {i}" for i in range(20)],
             "ref_id": "", "intersection": inter, "union": 100, "answered": True}
        )  # fmt: skip


def test_intervals_overlap_where_the_paired_one_leaves_0_out() -> None:
    found = lesson.beside([Fake("val"), Fake("testA")], "b").set_index("method")
    assert found["n"].tolist() == [40, 40], "the samples of two splits are not each other's"
    assert found.loc["a", ["overlap", "shown"]].tolist() == [True, True]
    assert found.loc["a", "miou_gain_low"] == pytest.approx(8)


def test_two_views_draw_each_row_and_fill_what_is_shown() -> None:
    table = pd.DataFrame(
        {"modules": ["V", "V+P", "V+P+N"], "miou": [50, 52, 53], "miou_low": [45, 47, 48], "miou_high": [55, 57, 58],
         "miou_gain": [np.nan, 2, 1], "miou_gain_low": [np.nan, 1, -1], "miou_gain_high": [np.nan, 3, 3]}
    )  # fmt: skip
    left, right = lesson.two_views(table).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["V", "V+P", "V+P+N"]
    filled, hollow = (line.get_ydata().tolist() for line in right.lines[:2])
    assert (filled, hollow) == ([-1], [-2])
    assert left.lines[0].get_xdata().tolist() == [50, 52, 53]


def test_the_cost_is_the_papers_seconds_times_the_published_images() -> None:
    rows = lesson.cost().set_index("data")
    assert rows.loc["RefCOCO val", "TAS"] == pytest.approx(3.63 * 1500 / 3600)
    assert rows.loc["RefCOCOg test", "CLIP-only"] == pytest.approx(1.88 * 2600 / 3600)
    assert not [name for name in rows.index if name.endswith("train")]


def test_the_field_has_the_papers_own_figure() -> None:
    printed = tn.paper.table(4).query("method == 'V+P+N+spatial' and metric == 'mIoU'")["value"].item()
    assert lesson.FIELD["TAS"] == printed
    assert lesson.field().iloc[:, 1].is_monotonic_increasing
