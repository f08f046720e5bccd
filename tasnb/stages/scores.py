"""Embeddings -> the three scores of a proposal, kept apart until ``combine``.

V and P pull towards the expression, N pushes away from the other things in the picture (paper, section 3.3).
Cosines are computed in float64 from rows of any length; a row of zeros has cosine 0 with everything.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from tasnb.core.choices import require_known
from tasnb.core.embeddings import cosines
from tasnb.core.types import combine

__all__ = ["Scale", "combine", "n_score", "normalise", "p_score", "v_score"]

Scale = Literal["cosine", "official"]


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
