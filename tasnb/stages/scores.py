"""Embeddings -> the three scores of a proposal, kept apart until ``combine``.

V and P pull towards the expression, N pushes away from the other things in the picture (paper, section 3.3).
Cosines are computed in float64 from rows of any length; a row of zeros has cosine 0 with everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

from tasnb.core.choices import require_known
from tasnb.core.embeddings import cosines
from tasnb.core.types import Weights, combine

__all__ = ["Scale", "combine", "n_score", "normalise", "p_score", "p_where_needed", "v_score"]

Scale = Literal["cosine", "official"]
AT_ONCE = 4  # captions asked for together where each is only asked for when it is needed: a small batch of a captioner


def v_score(crop_embeddings: Float[np.ndarray, "n *q d"], text: Float[np.ndarray, " d"]) -> Float[np.ndarray, " n"]:
    """V_m = cos(E_v(I_m), E_t(T)) (paper, equation 2).

    Parameters
    ----------
    crop_embeddings : ndarray of float, shape (n, d) or (n, q, d)
        E_v(I_m): the pictures' rows; of q features of a picture the one most like the text counts.
    text : ndarray of float, shape (d,)
        E_t(T), the expression's embedding.

    Returns
    -------
    ndarray of float, shape (n,)
        -1..1.

    Examples
    --------
    >>> v_score(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, 0.0])).tolist()
    [1.0, 0.0]
    """
    return cosines(crop_embeddings, text[None])[:, 0]


def p_score(caption_embeddings: Float[np.ndarray, "n d"], text: Float[np.ndarray, " d"]) -> Float[np.ndarray, " n"]:
    """P_m = cos(E_t(C_m), E_t(T)) (paper, equation 3).

    Parameters
    ----------
    caption_embeddings : ndarray of float, shape (n, d)
        E_t(C_m): the captions' rows.
    text : ndarray of float, shape (d,)
        E_t(T), the expression's embedding.

    Returns
    -------
    ndarray of float, shape (n,)
        -1..1.
    """
    return cosines(caption_embeddings, text[None])[:, 0]


def p_where_needed(
    v: Float[np.ndarray, " n"],
    n: Float[np.ndarray, " n"],
    weights: Weights,
    candidates: Bool[np.ndarray, " n"],
    ask: Callable[[np.ndarray], np.ndarray],
    *,
    at_once: int = AT_ONCE,
    prior: Float[np.ndarray, " n"] | None = None,
) -> Float[np.ndarray, " n"]:
    """P of the candidates that may have the largest S, without asking for the others.

    Parameters
    ----------
    v, n : ndarray of float, shape (n,)
        V and N of each proposal.
    weights : Weights
        With which S adds them.
    candidates : ndarray of bool, shape (n,)
        Among which the largest S is looked for.
    ask : callable
        Numbers of proposals -> their P, -1..1, as ``p_score`` gives it.
    at_once : int
        How many are asked for together.
    prior : ndarray of float, shape (n,), optional
        What a soft rectifier adds to S.

    Returns
    -------
    ndarray of float, shape (n,)
        NaN where it was not asked for: S of such a candidate is below the largest whatever its P, so that argmax and
        every tie are those of the whole table.

    Notes
    -----
    P enters S linearly and is a cosine, so S lies between its values for P = -1 and P = 1: branch and bound, from the
    candidate with the highest bound down. Rounding keeps the order of two sums that differ in one term, so the bound
    holds to the last bit.

    Examples
    --------
    >>> asked = []
    >>> v, n = np.array([0.5, 0.31, 0.2, 0.1]), np.zeros(4)
    >>> def ask(rows):
    ...     asked.extend(rows.tolist())
    ...     return np.array([0.2, 0.9, 0.3, 0.8])[rows]
    >>> p_where_needed(v, n, Weights(alpha=0.1), np.ones(4, bool), ask, at_once=1).tolist()
    [0.2, nan, nan, nan]
    """
    p = np.full(len(v), np.nan)
    highest = np.maximum(*(combine(v, np.full(len(v), bound), n, weights, prior) for bound in (-1.0, 1.0)))
    order, best = np.flatnonzero(candidates), -np.inf
    order = order[np.argsort(-highest[order], kind="stable")]
    for start in range(0, len(order), at_once):
        rows = order[start : start + at_once]
        rows = rows[highest[rows] >= best]  # not >: an equal one may be the earlier
        if not len(rows):
            break
        p[rows] = ask(rows)
        best = max(best, combine(v, p, n, weights, prior)[rows].max())
    return p


def n_score(
    crop_embeddings: Float[np.ndarray, "n *q d"], negative_embeddings: Float[np.ndarray, "k e"]
) -> Float[np.ndarray, " n"]:
    """N_m = -mean over the k negatives of cos(E_v(I_m), E_t(T_n)) (paper, equation 4).

    Parameters
    ----------
    crop_embeddings : ndarray of float, shape (n, d) or (n, q, d)
        As in ``v_score``.
    negative_embeddings : ndarray of float, shape (k, d)
        E_t(T_n): the negatives' rows.

    Returns
    -------
    ndarray of float, shape (n,)
        -1..1.

    Notes
    -----
    No negatives: 0 for every proposal, so N decides nothing. suoych/TAS takes the mean of nothing there, NaN.
    """
    if len(negative_embeddings) == 0:
        return np.zeros(len(crop_embeddings))
    return -cosines(crop_embeddings, negative_embeddings).mean(axis=1)


def normalise(scores: Float[np.ndarray, " n"], scale: Scale) -> Float[np.ndarray, " n"]:
    """Scores on the scale in which they are shown.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        S of each proposal.
    scale : str
        "cosine" leaves them, "official" makes shares of 1.

    Returns
    -------
    ndarray of float, shape (n,)
        With the argmax of S.

    Raises
    ------
    ValueError
        For an unknown scale.

    Notes
    -----
    official (suoych/TAS): 100 x S, min-max to 0..1, softmax over the proposals. It belongs on the *sum* S, where it
    is monotone and keeps the argmax; on V, P or N alone it would change their weights. Where the authors' min-max
    divides 0 by 0 (one proposal, or all scores equal) theirs is NaN; here every proposal gets the same share.

    Examples
    --------
    >>> normalise(np.array([0.2, 0.2]), "official").tolist()
    [0.5, 0.5]
    """
    require_known("scale", scale, get_args(Scale))
    if scale == "cosine" or len(scores) == 0:
        return scores
    logits = 100.0 * scores  # CLIP's logit scale
    spread = logits.max() - logits.min()
    unit = (logits - logits.min()) / spread if spread > 0 else np.zeros(len(logits))
    shares = np.exp(unit)
    return shares / shares.sum()
