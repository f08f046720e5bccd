"""V, P, N, their sum, and the authors' scale."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasnb.core.types import Weights
from tasnb.stages import scores

HAND = np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]], dtype=np.float32)


def test_v_and_p_are_cosines_worked_by_hand() -> None:
    text = np.array([2.0, 0.0], dtype=np.float32)  # its length does not matter
    np.testing.assert_allclose(scores.v_score(HAND, text), [1, 0, 0.6])
    np.testing.assert_allclose(scores.p_score(HAND, text), [1, 0, 0.6])


def test_n_is_minus_the_mean_over_the_negatives() -> None:
    negatives = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    np.testing.assert_allclose(scores.n_score(HAND, negatives), [-0.5, -0.5, -0.7])


@pytest.mark.parametrize("width", [0, 2])
def test_without_negatives_n_is_zero_for_all(width: int) -> None:
    assert scores.n_score(HAND, np.zeros((0, width), dtype=np.float32)).tolist() == [0, 0, 0]


def test_no_proposals_give_no_scores() -> None:
    none, text = np.zeros((0, 2), dtype=np.float32), np.ones(2, dtype=np.float32)
    assert scores.v_score(none, text).shape == scores.p_score(none, text).shape == (0,)
    assert scores.n_score(none, HAND).shape == scores.n_score(none, HAND[:0]).shape == (0,)
    assert scores.normalise(np.zeros(0), "official").shape == (0,)


def test_a_row_of_zeros_has_cosine_zero() -> None:
    assert scores.v_score(np.zeros((1, 2)), np.ones(2)).tolist() == [0]


def test_combine_is_the_papers_sum() -> None:
    v, p, n = np.array([0.3]), np.array([0.8]), np.array([-0.2])
    np.testing.assert_allclose(scores.combine(v, p, n, Weights(alpha=0.1, lam=0.7)), [0.3 + 0.08 - 0.14])


def test_combine_of_several_weights_is_each_ones_own_sum() -> None:
    rng = np.random.default_rng(0)
    points = [Weights(alpha=0.1, lam=0.7), Weights(alpha=0, lam=1), Weights(alpha=2, lam=0)]
    for shape in ((5,), (0,), (2, 3)):
        v, p, n = rng.normal(size=(3, *shape))
        at_once = scores.combine(v, p, n, points)
        np.testing.assert_array_equal(at_once, [scores.combine(v, p, n, point) for point in points])


def test_the_cosine_scale_changes_nothing() -> None:
    values = np.array([0.1, 0.3])
    assert scores.normalise(values, "cosine") is values


def test_the_official_scale_worked_by_hand() -> None:
    # 100 x, min-max -> 0, 1/2, 1; softmax -> 1, sqrt(e), e over their sum
    weights = np.exp([0, 0.5, 1])
    np.testing.assert_allclose(scores.normalise(np.array([0.1, 0.2, 0.3]), "official"), weights / weights.sum())


@given(arrays(float, st.integers(1, 8), elements=st.floats(-2, 2, allow_subnormal=False).map(lambda x: round(x, 6))))
def test_the_official_scale_keeps_the_argmax_and_sums_to_one(values) -> None:
    shares = scores.normalise(values, "official")
    assert int(np.argmax(shares)) == int(np.argmax(values))
    assert shares.sum() == pytest.approx(1)


@pytest.mark.parametrize("values", [[0.4], [0.2, 0.2, 0.2]], ids=["one proposal", "all equal"])
def test_where_the_authors_scale_is_nan_ours_is_uniform(values) -> None:
    logits = 100 * np.array(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        theirs = (logits - logits.min()) / (logits.max() - logits.min())
    assert np.isnan(theirs).all(), "the slip that the policy answers"
    np.testing.assert_allclose(scores.normalise(np.array(values), "official"), 1 / len(values))


def test_scaling_each_score_before_the_sum_would_change_the_answer() -> None:
    """Why "official" belongs on the sum: min-max gives a score that hardly differs the weight of one that does."""
    v, n = np.array([0.30, 0.20]), np.array([-0.211, -0.210])
    assert np.argmax(scores.normalise(v + 2 * n, "official")) == np.argmax(v + 2 * n) == 0
    apart = scores.normalise(v, "official") + 2 * scores.normalise(n, "official")
    assert np.argmax(apart) == 1


@pytest.mark.usefixtures("no_shape_checks")
def test_an_unknown_scale_lists_the_choices() -> None:
    with pytest.raises(ValueError, match="unknown scale 'softmax'; choose from cosine, official"):
        scores.normalise(np.zeros(2), "softmax")


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.ones((2, 3)), np.ones((1, 4)), r"one width, got \(2, 3\) and \(1, 4\)"),
        (np.array([[1.0, 0.0], [np.nan, 1.0]]), np.ones((1, 2)), "embedding 1 holds NaN"),
    ],
    ids=["two encoders", "overflow in half precision"],
)
@pytest.mark.usefixtures("no_shape_checks")
def test_embeddings_that_do_not_fit_are_refused_in_words(a, b, message) -> None:
    with pytest.raises(ValueError, match=message):
        scores.cosines(a, b)


def test_half_precision_embeddings_are_summed_in_double() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 512))
    exact = scores.v_score(rows, rows[0])
    np.testing.assert_allclose(scores.v_score(rows.astype(np.float16), rows[0].astype(np.float16)), exact, atol=1e-3)
    assert scores.v_score(rows.astype(np.float32), rows[0].astype(np.float32)).dtype == np.float64


def test_of_several_features_of_a_picture_the_most_alike_counts() -> None:
    pictures = np.array([[[1.0, 0.0], [0.0, 3.0]], [[-1.0, 0.0], [-1.0, -1.0]]])  # two pictures, two features each
    texts = np.array([[1.0, 0.0], [0.0, 1.0]])
    expected = [[max(f @ t / np.linalg.norm(f) for f in picture) for t in texts] for picture in pictures]
    assert scores.cosines(pictures, texts) == pytest.approx(np.array(expected))
    assert scores.v_score(pictures, texts[0]) == pytest.approx([1, -np.sqrt(0.5)])
    # N is the mean over the negatives of what V is for one text
    assert scores.n_score(pictures, texts) == pytest.approx(-np.mean(expected, axis=1))
    one = np.array([[0.6, 0.8], [1.0, 2.0]])
    assert np.array_equal(scores.cosines(one[:, None], texts), scores.cosines(one, texts))


def test_features_of_another_width_are_refused(no_shape_checks) -> None:
    with pytest.raises(ValueError, match=r"one width, got \(2, 3, 4\) and \(1, 8\)"):
        scores.cosines(np.ones((2, 3, 4)), np.ones((1, 8)))


COARSE = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.3, 1.0])  # so that many sums are equal


@given(
    rows=st.lists(st.tuples(COARSE, COARSE, COARSE, st.booleans()), min_size=1, max_size=12),
    alpha=st.sampled_from([0.0, 0.1, 0.7, 3.0, -0.4]),
    lam=st.sampled_from([0.0, 0.7]),
    at_once=st.integers(1, 5),
)
def test_p_where_needed_knows_every_candidate_that_is_best(rows, alpha, lam, at_once) -> None:
    v, p, n = (np.array(column, dtype=float) for column in list(zip(*rows, strict=True))[:3])
    candidates, weights = np.array([row[3] for row in rows]), Weights(alpha=alpha, lam=lam)
    asked: list[int] = []

    def ask(which: np.ndarray) -> np.ndarray:
        asked.extend(which.tolist())
        return p[which]

    found = scores.p_where_needed(v, n, weights, candidates, ask, at_once=at_once)
    assert sorted(asked) == np.flatnonzero(~np.isnan(found)).tolist(), "each once"
    assert candidates[asked].all()
    np.testing.assert_array_equal(found[asked], p[asked])
    if candidates.any():
        total = np.where(candidates, scores.combine(v, p, n, weights), -np.inf)
        assert not np.isnan(found[total == total.max()]).any(), "the best and all that tie with it"


def test_p_where_needed_stops_where_no_caption_can_win() -> None:
    v, asked = np.array([0.9, 0.5, 0.3, 0.1]), []
    found = scores.p_where_needed(
        v,
        np.zeros(4),
        Weights(alpha=0.1),
        np.ones(4, bool),
        lambda rows: asked.extend(rows) or 0.5 + 0 * rows,
        at_once=1,
    )
    assert asked == [0], "0.9 + 0.05 is more than 0.5 + 0.1"
    assert np.isnan(found).tolist() == [False, True, True, True]
