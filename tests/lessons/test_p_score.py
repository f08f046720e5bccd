"""Lesson 03: each check with right answers and typical wrong ones, on cases whose V and P are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.masks import make_proposals
from tasnb.core.types import ImageArtifacts, Parse

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("p_score")
Case = tn.lesson("cases").Case


def rows_with(cosines: Sequence[float]) -> np.ndarray:
    """Unit rows (n, 2) with these cosines to the text (1, 0)."""
    c = np.asarray(cosines, np.float64)
    return np.stack([c, np.sqrt(1 - c**2)], axis=1)


def case_with(
    v: Sequence[float], p: Sequence[float], ious: Sequence[float], *, captions: Sequence[str] = (), parse=None,
    name: str = "one",
) -> Case:  # fmt: skip
    n = len(v)
    masks = np.zeros((n, 4, 4), bool)
    for k in range(n):
        masks[k, k % 4, k // 4] = True
    sample = tn.datasets.photo(np.zeros((4, 4, 3), np.uint8), "the man", masks[int(np.argmax(ious))])
    artifacts = ImageArtifacts(
        image_id=name, size_hw=(4, 4), proposals=make_proposals(masks, source="drawn"),
        crop_embeddings={"crop": rows_with(v)}, captions={"blur": tuple(captions) or ("",) * n},
        caption_embeddings={"blur": rows_with(p)}, overall_caption="",
    )  # fmt: skip
    return Case(
        sample=sample, artifacts=artifacts, parse=parse, ious=np.asarray(ious, float), text=np.array([1.0, 0.0])
    )


# V's favourite is 0, P's is 2, and 1 is ahead of both for a while: the duel of the favourites ends at 0.5, all at 1
DUEL = case_with([0.50, 0.45, 0.30], [0.10, 0.35, 0.50], [0, 0, 1])


def test_choose_goes_from_v_to_p() -> None:
    assert [lesson.choose(DUEL, alpha) for alpha in (0.0, 0.6, 1.1, np.inf)] == [0, 1, 2, 2]
    tie = case_with([0.2, 0.3], [0.4, 0.4], [1, 0])
    assert lesson.choose(tie, np.inf) == 1, "V breaks a tie of P"


def test_alpha_is_where_the_last_rival_is_overtaken() -> None:
    assert lesson.smallest_alpha(DUEL) == pytest.approx(1.0)
    for right in (1.0, 1.01, np.float32(1.005), [1.0]):
        assert isinstance(lesson.check_alpha(right, DUEL), Right)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (0.5, "a third mask is still ahead"),
        (2.0, "the ratio upside down"),
        (-0.5, "the wrong sign"),
        (0.2, "the lead in V alone"),
        (1.5, "more than is needed"),
        (0.7, "with which mask 1 is chosen"),
        (..., "No answer yet"),
        ("1.0", "str"),
    ],
)
def test_alpha_names_the_slip(wrong, said: str) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_alpha(wrong, DUEL)
    assert said in " ".join(str(caught.value).split())


def test_a_disagreement_prefers_one_that_p_puts_right_above_the_papers_alpha() -> None:
    agree = case_with([0.9, 0.1], [0.9, 0.1], [1, 0])
    hurts = case_with([0.5, 0.1], [0.1, 0.5], [1, 0])
    small = case_with([0.31, 0.30], [0.1, 0.5], [0, 1])
    assert lesson.disagreement([agree, hurts, small, DUEL]) is DUEL
    assert lesson.disagreement([agree, small]) is small
    assert lesson.disagreement([agree, hurts]) is hurts
    with pytest.raises(ValueError, match="study more scenes"):
        lesson.disagreement([agree])


def test_lines_start_at_v_and_climb_by_p() -> None:
    frame = lesson.alpha_lines(DUEL)
    assert frame.columns[:2].tolist() == ["mask 0", "mask 2"]
    assert frame["mask 0"].iloc[0] == pytest.approx(0.5)
    slope = (frame["mask 2"].iloc[-1] - frame["mask 2"].iloc[0]) / frame.index[-1]
    assert slope == pytest.approx(0.5)
    assert frame.index[-1] > lesson.smallest_alpha(DUEL), "the turn is on the picture"


def test_opinions_count_every_case_in_a_table_of_four() -> None:
    table = lesson.opinions([DUEL, DUEL, case_with([0.9, 0.1], [0.1, 0.9], [1, 0])])
    assert table.to_numpy().tolist() == [[0, 1], [2, 0]]
    assert lesson.opinions([DUEL]).shape == (2, 2)


def test_gain_compares_with_v_alone() -> None:
    found = lesson.gain([DUEL], alpha=2.0)
    assert found.value == pytest.approx(100.0)
    assert lesson.gain([DUEL], alpha=0.0).value == 0


def test_clouds_hold_each_row_once_and_the_plane_keeps_their_spread() -> None:
    found = lesson.clouds([DUEL, DUEL])
    assert {name: len(rows) for name, rows in found.items()} == {"crops": 3, "captions": 3, "expressions": 1}
    flat = lesson.plane(found)
    assert flat["crops"].shape == (3, 2)
    step = found["crops"][0] - found["crops"][1], flat["crops"][0] - flat["crops"][1]
    assert np.linalg.norm(step[0]) == pytest.approx(np.linalg.norm(step[1])), "two dimensions lose nothing of two"


def test_gap_accepts_every_way_to_it() -> None:
    for way in (
        lambda a, b: np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)),
        lambda a, b: ((a.mean(0) - b.mean(0)) ** 2).sum() ** 0.5,
        lambda a, b: float(np.linalg.norm(np.subtract(*(sum(x) / len(x) for x in (a, b))))),
    ):
        assert isinstance(lesson.check_gap(way), Right)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda a, b: ((a.mean(0) - b.mean(0)) ** 2).sum(), "the square of the distance"),
        (lambda a, b: np.linalg.norm(a[:, None] - b[None], axis=2).mean(), "the mean distance of all pairs"),
        (lambda a, b: abs(a.mean() - b.mean()), "a mean over rows and columns"),
        (lambda a, b: tn.scores.cosines(a.mean(0)[None], b.mean(0)[None]), "the cosine of the means"),
        (lambda a, b: abs(np.linalg.norm(a.mean(0)) - np.linalg.norm(b.mean(0))), "the difference of two lengths"),
        (lambda a, b: np.abs(a.mean(0) - b.mean(0)).sum(), "sum of the absolute differences"),
        (lambda a, b: a.mean(0) - b.mean(0), "still a row"),
        (lambda a, b: a - b, "ValueError"),
        (lambda a, b: ..., "No answer yet"),
        (..., "No answer yet"),
    ],
)
def test_gap_names_the_slip(wrong, said: str) -> None:
    with pytest.raises(NotYet, match=said):
        lesson.check_gap(wrong)


@pytest.fixture(scope="module")
def told(toy_models):
    """Three captions of one man, and an expression without a noun."""
    captions = ("a man in a blue shirt", "a green banana", "a red ball")
    man, nothing = tn.parse("the left man", toy_models.parser), Parse(text="left", head=None)
    ious = [0.9, 0.8, 0.2]
    return [case_with([0.3] * 3, [0.5, 0.1, 0.2], ious, captions=captions, parse=parse) for parse in (man, nothing)]


def test_a_lie_is_a_fitting_mask_whose_caption_names_another_thing(told, toy_models) -> None:
    said = lesson.check_lie((0, 1), told, toy_models)
    assert "rank 3 of 3" in said.because
    assert isinstance(lesson.check_lie([np.int64(0), 1], told, toy_models), Right)


def test_a_lie_is_told_from_a_true_caption_and_from_another_mask(told, toy_models) -> None:
    with pytest.raises(NotYet, match="names the subject"):
        lesson.check_lie((0, 0), told, toy_models)
    with pytest.raises(NotYet, match="a mask of something else"):
        lesson.check_lie((0, 2), told, toy_models)
    for wrong in (..., None, 3, (0,), "ab", (0, 1, 2)):
        with pytest.raises(NotYet, match=r"two numbers \(case, mask\)"):
            lesson.check_lie(wrong, told, toy_models)
    for wrong in ((0, 9), (9, 0), (-1, 0), (0, -1)):
        with pytest.raises(NotYet, match="a number outside the list"):
            lesson.check_lie(wrong, told, toy_models)


def test_an_expression_without_a_noun_cannot_be_lied_about(told, toy_models) -> None:
    with pytest.raises(NotYet, match="without a noun"):
        lesson.check_lie((1, 1), told, toy_models)


def test_an_empty_caption_names_nothing(toy_models) -> None:
    parse = tn.parse("the left man", toy_models.parser)
    silent = case_with([0.3], [0.3], [1.0], captions=("",), parse=parse)
    assert lesson.naming(silent, 0, toy_models) == ()
    assert isinstance(lesson.check_lie((0, 0), [silent], toy_models), Right)


def test_text_cosines_are_clips(toy_models) -> None:
    same, other = lesson.text_cosines(toy_models, [("a red ball", "a red ball"), ("a red ball", "a green tree")])
    assert same == pytest.approx(1.0, abs=1e-5)
    assert other < same
