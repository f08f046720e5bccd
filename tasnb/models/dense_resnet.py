"""Dense features of CLIP's ModifiedResNet: layer4's map, and its attention pool taken apart.

The attention pool is the tower's only attention: token 0 is the mean of the map's cells, and asks all of them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from tasnb.models import dense

# CLIP Surgery: with a single attention, unit values and a scale eight times as large do better
SURGERY_SCALE = 8.0


class ResNetTower:
    """See ``dense.Tower``."""

    def __init__(self, visual: Any) -> None:
        self.visual, self.pool = visual, visual.attnpool
        side = round((len(self.pool.positional_embedding) - 1) ** 0.5)
        self.grid_hw: tuple[int, int] = (side, side)

    def grids(self, pixels: Tensor, kinds: Collection[str], batch_size: int) -> dict[str, Tensor]:
        """See ``dense.Tower``."""
        cells, found = self._map(pixels), {}
        if "score_map" in kinds:
            # MaskCLIP: the values of the attention pool, cell by cell, without a position
            found["score_map"] = self.pool.c_proj(self.pool.v_proj(cells[0]))
        if "clip_surgery" in kinds:
            found["clip_surgery"] = self._surgery(cells)
        if "grad_cam" in kinds:
            found["grad_cam"] = dense.derivatives(self._embed, cells[0], batch_size)
        return found

    def region_token(self, pixels: Tensor, inside: Tensor, batch_size: int) -> Tensor:
        """See ``dense.Tower``. The paper has no such row: here the pool sees, and averages, the mask's cells alone.

        An empty mask has a mean of zero and sees nothing but it.
        """
        cells = self._map(pixels)

        def go(some: Tensor) -> Tensor:
            kept = cells * some[..., None]
            mean = kept.sum(dim=1, keepdim=True) / some.sum(dim=1)[:, None, None].clamp(min=1)
            return self._ask(self._placed(cells.expand(len(some), -1, -1), mean), visible=some)

        return dense.in_batches(go, inside, batch_size)

    def global_local(self, pixels: Tensor, share: Tensor, batch_size: int) -> Tensor:
        """See ``dense.Tower``. The map times the share goes into the pool (Yu et al., CVPR 2023, section 3.2).

        Their code divides each cell of the map by its length first, which the paper does not say and the pool was not
        trained for: not copied.
        """
        cells = self._map(pixels)
        return dense.in_batches(lambda some: self._embed(cells * some[..., None]), share, batch_size)

    def _map(self, pixels: Tensor) -> Tensor:
        """layer4's output, row by row: (1, p, k)."""
        visual = self.visual
        x = visual.stem(pixels)
        for layer in (visual.layer1, visual.layer2, visual.layer3, visual.layer4):
            x = layer(x)
        return x.flatten(2).transpose(1, 2)

    def _embed(self, cells: Tensor) -> Tensor:
        """The unnormalised embedding of maps (b, p, k): (b, d)."""
        return self._ask(self._placed(cells, cells.mean(dim=1, keepdim=True)))

    def _placed(self, cells: Tensor, mean: Tensor) -> Tensor:
        """Mean and cells with their positions: (b, 1 + p, k)."""
        return torch.cat([mean, cells], dim=1) + self.pool.positional_embedding.to(cells.dtype)

    def _ask(self, tokens: Tensor, visible: Tensor | None = None) -> Tensor:
        """What token 0 hears from the visible cells (bool (b, p)) and from itself: (b, d)."""
        pool = self.pool
        query = self._split(pool.q_proj(tokens[:, :1]))
        key, value = self._split(pool.k_proj(tokens)), self._split(pool.v_proj(tokens))
        logits = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        if visible is not None:
            seen = functional.pad(visible, (1, 0), value=True)
            logits = logits.masked_fill(~seen[:, None, None, :], float("-inf"))
        return pool.c_proj((logits.softmax(dim=-1) @ value).transpose(1, 2).flatten(2))[:, 0]

    def _surgery(self, cells: Tensor) -> Tensor:
        """The pool with values for queries and keys, every token asking; the cells' answers (p, d)."""
        value = self._split(self.pool.v_proj(self._placed(cells, cells.mean(dim=1, keepdim=True))))
        unit = functional.normalize(value, dim=-1)
        logits = unit @ unit.transpose(-1, -2) * (SURGERY_SCALE * value.shape[-1] ** -0.5)
        return self.pool.c_proj((logits.softmax(dim=-1) @ value).transpose(1, 2).flatten(2))[0, 1:]

    def _split(self, tokens: Tensor) -> Tensor:
        """(b, t, k) -> (b, heads, t, k / heads)."""
        batch, count, width = tokens.shape
        return tokens.reshape(batch, count, self.pool.num_heads, width // self.pool.num_heads).transpose(1, 2)
