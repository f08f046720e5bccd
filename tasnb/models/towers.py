"""The image towers of open_clip taken apart: features of cells and of masks, on the tower's own weights.

A tower has ``grid_hw`` (rows and columns of its cells) and three methods over torch tensors, whose axes are ``p`` cells
row by row, ``n`` masks, ``d`` dimensions:

- ``grids``: (kind, (p, d)) for one picture, all kinds from one pass.
- ``region_token``: (n, d), in every layer only the cells inside a mask are there.
- ``global_local``: (n, d), deep features multiplied by the share of each cell that the mask covers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from tasnb.core.errors import UserError

# CLIP Surgery: with a single attention, unit values and a scale eight times as large do better
SURGERY_SCALE = 8.0


class ViTTower:
    """open_clip's VisionTransformer, block by block.

    The embedding is read from token 0 (or from the mean of the cells, where the tower pools so); the other tokens are
    the cells of the picture, row by row.

    Parameters
    ----------
    visual : open_clip.transformer.VisionTransformer
        The tower.

    Raises
    ------
    ValueError
        For variants whose blocks or pooling are not CLIP's.
    """

    def __init__(self, visual: Any) -> None:
        blocks = list(visual.transformer.resblocks)
        plain = all(isinstance(getattr(block, "attn", None), torch.nn.MultiheadAttention) for block in blocks)
        if not plain or visual.attn_pool is not None or visual.pool_type not in ("tok", "avg"):
            raise UserError(
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

    def grids(self, pixels: Tensor, kinds: Collection[str], batch_size: int) -> Iterator[tuple[str, Tensor]]:
        """Describe the cells of a picture.

        Parameters
        ----------
        pixels : Tensor, shape (1, 3, h, w)
            The picture.
        kinds : collection of str
            Of ``types.GRIDS``.
        batch_size : int
            Cells whose derivatives are taken at once.

        Yields
        ------
        kind : str
            One of ``kinds``.
        grid : Tensor, shape (p, d)
            Its features.
        """
        x, second = self._embed(pixels), None
        last = self.blocks[-1]
        for number, block in enumerate(self.blocks):
            if "clip_surgery" in kinds and number >= self.surgery_start:
                # the second path takes what tokens with like values say, and no MLP; the first goes on as trained
                step = block.ls_1(attend(block.attn, block.ln_1(x), by_value=True))
                second = step + (x if second is None else second)
            if block is not last:
                x = _through(block, x)
        if second is not None:
            yield "clip_surgery", self._project(second[0, 1:])
        normed = last.ln_1(x)
        if "score_map" in kinds:
            # MaskCLIP: each token attends to itself alone, the rest of the block as trained
            width = last.attn.embed_dim
            values = functional.linear(normed, last.attn.in_proj_weight, last.attn.in_proj_bias)[..., 2 * width :]
            yield "score_map", self._project(_mlp(last, x + last.ls_1(last.attn.out_proj(values)))[0, 1:])
        if "grad_cam" in kinds:
            rows = slice(0, 1) if self.visual.pool_type == "tok" else slice(None)

            def head(cells: Tensor) -> Tensor:
                tokens = torch.cat([normed[:, :1].expand(len(cells), -1, -1), cells], dim=1)
                return self._pool(_mlp(last, x[:, rows] + last.ls_1(attend(last.attn, tokens, rows=rows))))

            yield "grad_cam", derivatives(head, normed[0, 1:], batch_size)

    def region_token(self, pixels: Tensor, inside: Tensor, batch_size: int) -> Tensor:
        """Describe masks by the cells inside them; token 0 stays with every mask, an empty mask leaves it alone.

        Parameters
        ----------
        pixels : Tensor, shape (1, 3, h, w)
            The picture.
        inside : Tensor of bool, shape (n, p)
            The cells of each mask.
        batch_size : int
            Masks at once.

        Returns
        -------
        Tensor, shape (n, d)
            Unnormalised embeddings.
        """
        embedded = self._embed(pixels)

        def encode(some: Tensor) -> Tensor:
            visible = functional.pad(some, (1, 0), value=True)
            x = embedded.expand(len(some), -1, -1)
            for block in self.blocks:
                x = _through(block, x, visible)
            return self._pool(x, some)

        return in_batches(encode, inside, batch_size)

    def global_local(self, pixels: Tensor, share: Tensor, batch_size: int) -> Tensor:
        """Describe masks: from ``masking_start`` on, what goes into a block is multiplied by the share.

        Parameters
        ----------
        pixels : Tensor, shape (1, 3, h, w)
            The picture.
        share : Tensor, shape (n, p)
            How much of each cell each mask covers, 0..1.
        batch_size : int
            Masks at once.

        Returns
        -------
        Tensor, shape (n, d)
            Unnormalised embeddings.
        """
        x = self._embed(pixels)
        for block in self.blocks[: self.masking_start]:
            x = _through(block, x)

        def encode(some: Tensor) -> Tensor:
            factor = functional.pad(some, (1, 0), value=1.0)[..., None]
            y = x.expand(len(some), -1, -1)
            for block in self.blocks[self.masking_start :]:
                y = _through(block, y * factor)
            return self._pool(y)

        return in_batches(encode, share, batch_size)

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
            pooled = (cells * inside[..., None]).sum(dim=1) / inside.sum(dim=1, keepdim=True).clamp(min=1)
        return (self.visual.ln_post(pooled) if self.visual.final_ln_after_pool else pooled) @ self.visual.proj

    def _project(self, tokens: Tensor) -> Tensor:
        return self.visual.ln_post(tokens) @ self.visual.proj


class ResNetTower:
    """CLIP's ModifiedResNet: layer4's map, and its attention pool taken apart.

    The attention pool is the tower's only attention: token 0 is the mean of the map's cells, and asks all of them.
    "clip_surgery" follows the branch of CLIP Surgery's code for residual networks (``settings='resnet'``: unit values,
    a scale eight times as large), which their released demonstration never takes.

    Parameters
    ----------
    visual : open_clip.modified_resnet.ModifiedResNet
        The tower.
    """

    def __init__(self, visual: Any) -> None:
        self.visual, self.pool = visual, visual.attnpool
        side = round((len(self.pool.positional_embedding) - 1) ** 0.5)
        self.grid_hw: tuple[int, int] = (side, side)

    def grids(self, pixels: Tensor, kinds: Collection[str], batch_size: int) -> Iterator[tuple[str, Tensor]]:
        """Describe the cells of a picture.

        Parameters
        ----------
        pixels : Tensor, shape (1, 3, h, w)
            The picture.
        kinds : collection of str
            Of ``types.GRIDS``.
        batch_size : int
            Cells whose derivatives are taken at once.

        Yields
        ------
        kind : str
            One of ``kinds``.
        grid : Tensor, shape (p, d)
            Its features.
        """
        cells, pool = self._map(pixels), self.pool
        if "score_map" in kinds:
            # MaskCLIP: the values of the attention pool, cell by cell, without a position
            yield "score_map", pool.c_proj(pool.v_proj(cells[0]))
        if "clip_surgery" in kinds:
            # values for queries and keys, every token asking
            value = self._split(pool.v_proj(self._placed(cells, cells.mean(dim=1, keepdim=True))))
            unit = functional.normalize(value, dim=-1)
            scale = SURGERY_SCALE * value.shape[-1] ** -0.5
            yield "clip_surgery", pool.c_proj(_mixed(unit, unit, value, scale))[0, 1:]
        if "grad_cam" in kinds:
            yield "grad_cam", derivatives(self._embed, cells[0], batch_size)

    def region_token(self, pixels: Tensor, inside: Tensor, batch_size: int) -> Tensor:
        """Describe masks: the pool sees, and averages, the mask's cells alone.

        Parameters
        ----------
        pixels : Tensor, shape (1, 3, h, w)
            The picture.
        inside : Tensor of bool, shape (n, p)
            The cells of each mask.
        batch_size : int
            Masks at once.

        Returns
        -------
        Tensor, shape (n, d)
            Unnormalised embeddings.

        Notes
        -----
        The paper has no such row. An empty mask has a mean of zero and sees nothing but it.
        """
        cells = self._map(pixels)

        def encode(some: Tensor) -> Tensor:
            kept = cells * some[..., None]
            mean = kept.sum(dim=1, keepdim=True) / some.sum(dim=1)[:, None, None].clamp(min=1)
            return self._ask(self._placed(cells.expand(len(some), -1, -1), mean), some)

        return in_batches(encode, inside, batch_size)

    def global_local(self, pixels: Tensor, share: Tensor, batch_size: int) -> Tensor:
        """Describe masks: the map times the share goes into the pool (Yu et al., CVPR 2023, section 3.2).

        Parameters
        ----------
        pixels : Tensor, shape (1, 3, h, w)
            The picture.
        share : Tensor, shape (n, p)
            How much of each cell each mask covers, 0..1.
        batch_size : int
            Masks at once.

        Returns
        -------
        Tensor, shape (n, d)
            Unnormalised embeddings.

        Notes
        -----
        Their code divides each cell of the map by its length first, which the paper does not say and the pool was not
        trained for: not copied.
        """
        cells = self._map(pixels)
        return in_batches(lambda some: self._embed(cells * some[..., None]), share, batch_size)

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

    def _ask(self, tokens: Tensor, inside: Tensor | None = None) -> Tensor:
        """What token 0 hears from the cells inside (bool (b, p)) and from itself: (b, d)."""
        pool = self.pool
        query = self._split(pool.q_proj(tokens[:, :1]))
        key, value = self._split(pool.k_proj(tokens)), self._split(pool.v_proj(tokens))
        visible = None if inside is None else functional.pad(inside, (1, 0), value=True)
        return pool.c_proj(_mixed(query, key, value, query.shape[-1] ** -0.5, visible))[:, 0]

    def _split(self, tokens: Tensor) -> Tensor:
        """(b, t, k) -> (b, heads, t, k / heads)."""
        batch, count, width = tokens.shape
        return tokens.reshape(batch, count, self.pool.num_heads, width // self.pool.num_heads).transpose(1, 2)


def tower_of(visual: Any) -> ViTTower | ResNetTower:
    """Take open_clip's image tower apart.

    Parameters
    ----------
    visual : torch.nn.Module
        The tower.

    Returns
    -------
    ViTTower or ResNetTower
        Our view of it.

    Raises
    ------
    ValueError
        For an architecture that is none of the two.
    """
    name = type(visual).__name__
    if name == "VisionTransformer":
        return ViTTower(visual)
    if name == "ModifiedResNet":
        return ResNetTower(visual)
    raise UserError(
        f"dense features need open_clip's VisionTransformer or ModifiedResNet (ViT-B-32, RN50 ...), got {name}; "
        "choose another CLIP, or leave out the methods that need a heat map or masked tokens"
    )


def derivatives(head: Callable[[Tensor], Tensor], activations: Tensor, batch_size: int) -> Tensor:
    """Take Grad-CAM for every dimension of the unit embedding at once.

    Parameters
    ----------
    head : callable
        (b, p, k) -> (b, d), unnormalised.
    activations : Tensor, shape (p, k)
        What the head gets for a picture.
    batch_size : int
        Cells at once.

    Returns
    -------
    Tensor, shape (p, d)
        What each cell adds to each dimension.

    Notes
    -----
    Grad-CAM weighs channel k by the mean over the cells of d(similarity) / d(activation), and sums channels by weight.
    The similarity is text . e with e the unit embedding, so its map at cell i is text . (de / ds)[activations of i],
    where s is a shift common to all cells, over their number: a derivative of the head in the direction of cell i's own
    activations. That vector is what is returned; a text then needs no pass of the model.
    """
    cells = len(activations)

    def derivative(some: Tensor) -> Tensor:
        directions = some[:, None, :].expand(-1, cells, -1) / cells
        with torch.enable_grad():
            base = activations[None].repeat(len(directions), 1, 1).requires_grad_(True)
            unit = functional.normalize(head(base), dim=-1)
            # the gradient is linear in what it is taken of, so its own gradient is the derivative in a direction;
            # torch's forward mode gives the same, but compiles parts of itself with a warning on first use
            part = torch.zeros_like(unit, requires_grad=True)
            (gradient,) = torch.autograd.grad(unit, base, part, create_graph=True)
            return torch.autograd.grad(gradient, part, directions)[0]

    return in_batches(derivative, activations, batch_size)


def in_batches(go: Callable[[Tensor], Tensor], rows: Tensor, batch_size: int) -> Tensor:
    """Work on some rows at a time.

    Parameters
    ----------
    go : callable
        (b, ...) -> (b, ...).
    rows : Tensor, shape (n, ...)
        All of them.
    batch_size : int
        Rows at once.

    Returns
    -------
    Tensor, shape (n, ...)
        The results joined.
    """
    return torch.cat([go(some) for some in rows.split(batch_size)])


def attend(
    attention: Any, tokens: Tensor, *, rows: slice = slice(None), visible: Tensor | None = None, by_value: bool = False
) -> Tensor:
    """Attend to oneself with a module's weights.

    Parameters
    ----------
    attention : torch.nn.MultiheadAttention
        The module.
    tokens : Tensor, shape (b, t, w)
        What is attended to.
    rows : slice
        Which tokens ask.
    visible : Tensor of bool, shape (b, t), or None
        Which tokens are seen.
    by_value : bool
        Whether queries and keys are the values, so that a token listens to those that say the same (CLIP Surgery's
        consistent attention).

    Returns
    -------
    Tensor, shape (b, rows, w)
        What the tokens hear.
    """
    batch, count, width = tokens.shape
    heads = attention.num_heads
    projected = functional.linear(tokens, attention.in_proj_weight, attention.in_proj_bias)
    # (b, t, 3 w) -> three times (b, heads, t, w / heads)
    query, key, value = projected.reshape(batch, count, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    if by_value:
        query = key = value
    return attention.out_proj(_mixed(query[:, :, rows], key, value, (width // heads) ** -0.5, visible))


def _mixed(query: Tensor, key: Tensor, value: Tensor, scale: float, visible: Tensor | None = None) -> Tensor:
    """What queries (b, heads, t, w / heads) hear from the visible tokens (bool (b, t)): (b, t, w)."""
    logits = query @ key.transpose(-1, -2) * scale
    if visible is not None:
        logits = logits.masked_fill(~visible[:, None, None, :], float("-inf"))
    return (logits.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)


def _through(block: Any, x: Tensor, visible: Tensor | None = None) -> Tensor:
    return _mlp(block, x + block.ls_1(attend(block.attn, block.ln_1(x), visible=visible)))


def _mlp(block: Any, x: Tensor) -> Tensor:
    return x + block.ls_2(block.mlp(block.ln_2(x)))
