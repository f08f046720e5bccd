"""A matcher's features: in batches, unit length, each text once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def unit_features(
    items: Sequence[Any], features: Callable[[Sequence[Any]], Any], *, shape: tuple[int, ...], batch_size: int
) -> np.ndarray:
    """Run ``features`` over the items in batches; unit vectors along the last axis, float32 (n, *shape).

    features: a batch -> a tensor (b, *shape) of any float type, on any device. No item gives (0, *shape).
    """
    import torch

    rows = np.zeros((len(items), *shape), np.float32)
    with torch.inference_mode():
        for start in range(0, len(items), batch_size):
            batch = items[start : start + batch_size]
            unit = torch.nn.functional.normalize(features(batch).float(), dim=-1)
            rows[start : start + len(batch)] = unit.cpu().numpy()
    return rows


def each_once(texts: Sequence[str], encode: Callable[[list[str]], np.ndarray]) -> np.ndarray:
    """Encode every different text once; rows in the order of ``texts``, repeats included."""
    once = list(dict.fromkeys(texts))
    rows = encode(once)
    place = {text: index for index, text in enumerate(once)}
    return rows[[place[text] for text in texts]]
