"""Rows of one embedding space compared: what a tie is."""

from __future__ import annotations

import numpy as np
import pytest

from tasnb.core.embeddings import cosines


@pytest.mark.parametrize("width", [7, 128, 512])
def test_equal_rows_tie_wherever_they_stand(width: int) -> None:
    rng = np.random.default_rng(0)
    for count in range(2, 40):
        rows = rng.normal(size=(count, width)).astype(np.float32)
        rows[count // 2] = rows[-1] = rows[0]
        found = cosines(rows, rng.normal(size=(3, width)))
        assert np.array_equal(found[0], found[-1])
        assert np.array_equal(found[0], found[count // 2])
