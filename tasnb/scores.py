"""Embeddings -> the three scores of a proposal, kept apart until ``combine``.

V and P pull towards the expression, N pushes away from the other things in the picture (paper, section 3.3).
Cosines are computed in float64 from rows of any length; a row of zeros has cosine 0 with everything.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

Scale = Literal["cosine", "official"]


def v_score(crop_embeddings: Float[np.ndarray, "n *q d"], text: Float[np.ndarray, " d"]) -> Float[np.ndarray, " n"]:
    """V_m = cos(E_v(I_m), E_t(T)): float (n,), -1..1 (paper, equation 2).

    >>> v_score(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, 0.0])).tolist()
    [1.0, 0.0]
    """
    return cosines(crop_embeddings, text[None])[:, 0]


def p_score(caption_embeddings: Float[np.ndarray, "n d"], text: Float[np.ndarray, " d"]) -> Float[np.ndarray, " n"]:
    """P_m = cos(E_t(C_m), E_t(T)): float (n,), -1..1 (paper, equation 3)."""
    return cosines(caption_embeddings, text[None])[:, 0]


def n_score(
    crop_embeddings: Float[np.ndarray, "n *q d"], negative_embeddings: Float[np.ndarray, "k e"]
) -> Float[np.ndarray, " n"]:
    """N_m = -mean over the k negatives of cos(E_v(I_m), E_t(T_n)): float (n,), -1..1 (paper, equation 4).

    No negatives: 0 for every proposal, so N decides nothing. suoych/TAS takes the mean of nothing there, NaN.
    """
    if len(negative_embeddings) == 0:
        return np.zeros(len(crop_embeddings))
    return -cosines(crop_embeddings, negative_embeddings).mean(axis=1)


def combine(
    v: Float[np.ndarray, " n"],
    p: Float[np.ndarray, " n"],
    n: Float[np.ndarray, " n"],
    alpha: float,
    lam: float,
) -> Float[np.ndarray, " n"]:
    """S = V + alpha P + lam N: float (n,) (paper, equation 5). The answer is its argmax; a tie keeps the earlier.

    >>> combine(np.array([0.3, 0.3]), np.array([0.5, 0.9]), np.array([-0.1, -0.1]), 0.1, 0.7).round(2).tolist()
    [0.28, 0.32]
    """
    return v + alpha * p + lam * n


def normalise(scores: Float[np.ndarray, " n"], scale: Scale) -> Float[np.ndarray, " n"]:
    """Scores on the scale in which they are shown: "cosine" leaves them, "official" makes shares of 1.

    official (suoych/TAS): 100 x S, min-max to 0..1, softmax over the proposals. It belongs on the *sum* S, where it
    is monotone and keeps the argmax; on V, P or N alone it would change their weights. Where the authors' min-max
    divides 0 by 0 (one proposal, or all scores equal) theirs is NaN; here every proposal gets the same share.
    Raises ValueError for an unknown scale.

    >>> normalise(np.array([0.2, 0.2]), "official").tolist()
    [0.5, 0.5]
    """
    if scale not in get_args(Scale):
        raise ValueError(f"unknown scale {scale!r}; choose from {', '.join(get_args(Scale))}")
    if scale == "cosine" or len(scores) == 0:
        return scores
    logits = 100.0 * scores  # CLIP's logit scale
    spread = logits.max() - logits.min()
    unit = (logits - logits.min()) / spread if spread > 0 else np.zeros(len(logits))
    shares = np.exp(unit)
    return shares / shares.sum()


def cosines(a: Float[np.ndarray, "n *q d"], b: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "n k"]:
    """Cosine of every row of ``a`` with every row of ``b``: float64 (n, k), -1..1, 0 for a row of zeros.

    ``a`` may hold q features a picture, (n, q, d): the largest of the q cosines counts, as BLIP-2 compares its
    query features with a text (Li et al. 2023, section 3.1).

    Raises ValueError when the widths differ or a value is not finite.
    """
    if len(a) == 0 or len(b) == 0:
        return np.zeros((len(a), len(b)))
    if a.ndim not in (2, 3) or b.ndim != 2 or a.shape[-1] != b.shape[1] or 0 in a.shape[1:-1]:
        raise ValueError(
            f"embeddings of one model have one width, got {a.shape} and {b.shape}; run describe() with this encoder"
        )
    rows = [_unit(x) for x in (a, b)]
    likeness = np.clip(rows[0] @ rows[1].T, -1.0, 1.0)
    return likeness if a.ndim == 2 else likeness.max(axis=1)


def _unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    if not np.isfinite(lengths).all():
        bad = int(np.argwhere(~np.isfinite(lengths))[0, 0])
        raise ValueError(f"embedding {bad} holds NaN or infinity; try dtype float32")
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
