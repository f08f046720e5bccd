"""Rows of one embedding space compared: unit rows and cosines. Axes: ``n k`` rows, ``d`` dimensions."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tasnb.core.errors import UserError


def cosines(a: Float[np.ndarray, "n *q d"], b: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "n k"]:
    """Cosine of every row of ``a`` with every row of ``b``.

    Parameters
    ----------
    a : ndarray of float, shape (n, d) or (n, q, d)
        Of q features a picture the largest of the q cosines counts, as BLIP-2 compares its query features with a text
        (Li et al. 2023, section 3.1).
    b : ndarray of float, shape (k, d)
        Of the same space.

    Returns
    -------
    ndarray of float64, shape (n, k)
        -1..1; 0 for a row of zeros. Equal rows have equal cosines to the last bit, so that a tie is one.

    Raises
    ------
    ValueError
        When the widths differ or a value is not finite.
    """
    if len(a) == 0 or len(b) == 0:
        return np.zeros((len(a), len(b)))
    if a.ndim not in (2, 3) or b.ndim != 2 or a.shape[-1] != b.shape[1] or 0 in a.shape[1:-1]:
        raise UserError(
            f"embeddings of one model have one width, got {a.shape} and {b.shape}; run describe() with this encoder"
        )
    rows = [unit_rows(x) for x in (a, b)]
    # not by BLAS: its last bits depend on where a row stands, and equal captions would not tie
    likeness = np.clip(np.einsum("...d,kd->...k", *rows), -1.0, 1.0)
    return likeness if a.ndim == 2 else likeness.max(axis=1)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1.

    Parameters
    ----------
    rows : ndarray of float, shape (..., d)
        Of any lengths.

    Returns
    -------
    ndarray of float64, shape (..., d)
        A row of zeros stays one.

    Raises
    ------
    ValueError
        When a value is not finite.
    """
    rows = rows.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    if not np.isfinite(lengths).all():
        bad = int(np.argwhere(~np.isfinite(lengths))[0, 0])
        raise UserError(f"embedding {bad} holds NaN or infinity; try dtype float32")
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
