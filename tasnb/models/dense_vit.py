"""Dense features of open_clip's VisionTransformer, block by block on its own weights.

The embedding is read from token 0 (or from the mean of the cells, where the tower pools so); the other tokens are the
cells of the picture, row by row.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from tasnb.models import dense


class ViTTower:
    """See ``dense.Tower``. Raises ValueError for variants whose blocks or pooling are not CLIP's."""

    def __init__(self, visual: Any) -> None:
        blocks = list(visual.transformer.resblocks)
        plain = all(isinstance(getattr(block, "attn", None), torch.nn.MultiheadAttention) for block in blocks)
        if not plain or visual.attn_pool is not None or visual.pool_type not in ("tok", "avg"):
            raise ValueError(
                "dense features need CLIP's own vision transformer; this one has another attention or pools with "
                "attention (CoCa); choose another CLIP"
            )
        self.visual, self.blocks = visual, blocks
        self.grid_hw: tuple[int, int] = tuple(visual.grid_size)

    @property
    def surgery_start(self) -> int:
        """The first block with a second path: the last six have one (CLIP Surgery), or half of a shallow ViT's."""
        return len(self.blocks) - min(6, max(1, len(self.blocks) // 2))

    @property
    def masking_start(self) -> int:
        """The first block with masked tokens: 9 (Global-Local's code), or three quarters down a shallow ViT."""
        return min(9, 3 * len(self.blocks) // 4)

    def grids(self, pixels: Tensor, kinds: Collection[str], batch_size: int) -> dict[str, Tensor]:
        """See ``dense.Tower``."""
        x, second = self._embed(pixels), None
        last = self.blocks[-1]
        found = {}
        for number, block in enumerate(self.blocks):
            if block is last:
                found = self._of_last_block(x, kinds, batch_size)
            if "clip_surgery" in kinds and number >= self.surgery_start:
                # the second path takes what tokens with like values say, and no MLP; the first goes on as trained
                step = block.ls_1(attend(block.attn, block.ln_1(x), by_value=True))
                second = step + (x if second is None else second)
            if block is not last:
                x = _through(block, x)
        if second is not None:
            found["clip_surgery"] = self._project(second[0, 1:])
        return found

    def _of_last_block(self, x: Tensor, kinds: Collection[str], batch_size: int) -> dict[str, Tensor]:
        block, found = self.blocks[-1], {}
        normed = block.ln_1(x)
        if "score_map" in kinds:
            # MaskCLIP: each token attends to itself alone, the rest of the block as trained
            width = block.attn.embed_dim
            values = functional.linear(normed, block.attn.in_proj_weight, block.attn.in_proj_bias)[..., 2 * width :]
            found["score_map"] = self._project(_mlp(block, x + block.ls_1(block.attn.out_proj(values)))[0, 1:])
        if "grad_cam" in kinds:
            rows = slice(0, 1) if self.visual.pool_type == "tok" else slice(None)

            def head(cells: Tensor) -> Tensor:
                tokens = torch.cat([normed[:, :1].expand(len(cells), -1, -1), cells], dim=1)
                out = x[:, rows] + block.ls_1(attend(block.attn, tokens, rows=rows))
                return self._pool(_mlp(block, out))

            found["grad_cam"] = dense.derivatives(head, normed[0, 1:], batch_size)
        return found

    def region_token(self, pixels: Tensor, inside: Tensor, batch_size: int) -> Tensor:
        """See ``dense.Tower``. Token 0 stays with every mask; an empty mask leaves it alone."""
        embedded = self._embed(pixels)

        def go(some: Tensor) -> Tensor:
            visible = functional.pad(some, (1, 0), value=True)
            x = embedded.expand(len(some), -1, -1)
            for block in self.blocks:
                x = _mlp(block, x + block.ls_1(attend(block.attn, block.ln_1(x), visible=visible)))
            return self._pool(x, some)

        return dense.in_batches(go, inside, batch_size)

    def global_local(self, pixels: Tensor, share: Tensor, batch_size: int) -> Tensor:
        """See ``dense.Tower``. From ``masking_start`` on, what goes into a block is multiplied by the share."""
        x = self._embed(pixels)
        for block in self.blocks[: self.masking_start]:
            x = _through(block, x)

        def go(some: Tensor) -> Tensor:
            factor = functional.pad(some, (1, 0), value=1.0)[..., None]
            y = x.expand(len(some), -1, -1)
            for block in self.blocks[self.masking_start :]:
                y = _through(block, y * factor)
            return self._pool(y)

        return dense.in_batches(go, share, batch_size)

    def _embed(self, pixels: Tensor) -> Tensor:
        """Tokens before the first block: (1, 1 + p, w)."""
        visual = self.visual
        cells = visual.conv1(pixels).flatten(2).transpose(1, 2)  # (1, w, r, c) -> (1, p, w)
        first = visual.class_embedding.to(cells.dtype).expand(len(cells), 1, -1)
        return visual.ln_pre(torch.cat([first, cells], dim=1) + visual.positional_embedding.to(cells.dtype))

    def _pool(self, x: Tensor, inside: Tensor | None = None) -> Tensor:
        """The unnormalised embedding of tokens (b, 1 + p, w): (b, d). inside: which cells a mean takes."""
        if self.visual.pool_type == "tok":
            return self._project(x[:, 0])
        if not self.visual.final_ln_after_pool:
            x = self.visual.ln_post(x)
        cells = x[:, 1:]
        if inside is None:
            pooled = cells.mean(dim=1)
        else:
            count = inside.sum(dim=1, keepdim=True).clamp(min=1)
            pooled = (cells * inside[..., None]).sum(dim=1) / count
        return (self.visual.ln_post(pooled) if self.visual.final_ln_after_pool else pooled) @ self.visual.proj

    def _project(self, tokens: Tensor) -> Tensor:
        return self.visual.ln_post(tokens) @ self.visual.proj


def attend(
    attention: Any, tokens: Tensor, *, rows: slice = slice(None), visible: Tensor | None = None, by_value: bool = False
) -> Tensor:
    """Self-attention of tokens (b, t, w) with the module's weights: (b, rows, w).

    rows: which tokens ask. visible: bool (b, t), which tokens are seen. by_value: queries and keys are the values, so
    that a token listens to those that say the same (CLIP Surgery's consistent attention).
    """
    batch, count, width = tokens.shape
    heads = attention.num_heads
    projected = functional.linear(tokens, attention.in_proj_weight, attention.in_proj_bias)
    # (b, t, 3 w) -> three times (b, heads, t, w / heads)
    query, key, value = projected.reshape(batch, count, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    if by_value:
        query = key = value
    logits = query[:, :, rows] @ key.transpose(-1, -2) * (width // heads) ** -0.5
    if visible is not None:
        logits = logits.masked_fill(~visible[:, None, None, :], float("-inf"))
    mixed = logits.softmax(dim=-1) @ value
    return attention.out_proj(mixed.transpose(1, 2).flatten(2))


def _through(block: Any, x: Tensor) -> Tensor:
    return _mlp(block, x + block.ls_1(attend(block.attn, block.ln_1(x))))


def _mlp(block: Any, x: Tensor) -> Tensor:
    return x + block.ls_2(block.mlp(block.ln_2(x)))
