"""Features of places and of masks from the image tower of a CLIP, for the baselines of Table 1.

The tower is run by our own lines (``dense_vit``, ``dense_resnet``) on the weights that are loaded, because its own
``forward`` gives one vector a picture. The picture is squashed to the model's square (see ``tasnb.stages.heatmaps``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from tasnb.core.types import GRIDS, REGIONS
from tasnb.models.clip import ClipEncoder
from tasnb.stages import heatmaps


class Tower(Protocol):
    """The image tower of one architecture. Axes: ``p`` cells row by row, ``n`` masks, ``d`` dimensions; torch tensors.

    grid_hw: rows and columns of its cells.
    """

    grid_hw: tuple[int, int]

    def grids(self, pixels: Any, kinds: Collection[str], batch_size: int) -> dict[str, Any]:
        """kind -> (p, d) for one picture, pixels (1, 3, h, w); all kinds from one pass."""
        ...

    def region_token(self, pixels: Any, inside: Any, batch_size: int) -> Any:
        """(n, d): in every layer only the cells ``inside`` (bool (n, p)) are there."""
        ...

    def global_local(self, pixels: Any, share: Any, batch_size: int) -> Any:
        """(n, d): deep features multiplied by the ``share`` of each cell (float (n, p)) that the mask covers."""
        ...


def grids(encoder: ClipEncoder, image_rgb: np.ndarray, kinds: Collection[str]) -> dict[str, np.ndarray]:
    """See ``DenseEncoder.encode_grids``."""
    import torch

    if wrong := sorted(set(kinds) - set(GRIDS)):
        raise ValueError(f"unknown grid {wrong[0]!r}; choose from {', '.join(GRIDS)}")
    tower = tower_of(encoder.model.visual)
    with torch.no_grad():
        found = tower.grids(_pixels(encoder, image_rgb), kinds, encoder.batch_size)
        if "score_map" in found:
            found["score_map"] = torch.nn.functional.normalize(found["score_map"].float(), dim=-1)
        if "clip_surgery" in found:
            # a unit vector a cell; the authors' demonstration divides by the length over the cells, channel by channel
            found["clip_surgery"] = torch.nn.functional.normalize(found["clip_surgery"].float(), dim=-1)
    rows, columns = tower.grid_hw
    return {kind: grid.float().cpu().numpy().reshape(rows, columns, -1) for kind, grid in found.items()}


def regions(encoder: ClipEncoder, image_rgb: np.ndarray, masks: np.ndarray, kind: str) -> np.ndarray:
    """See ``DenseEncoder.encode_regions``."""
    import torch

    if kind not in REGIONS:
        raise ValueError(f"unknown feature of masks {kind!r}; choose from {', '.join(REGIONS)}")
    tower = tower_of(encoder.model.visual)
    if not len(masks):
        return np.zeros((0, encoder.embed_dim), np.float32)
    share = heatmaps.coverage(masks, tower.grid_hw).reshape(len(masks), -1)
    with torch.no_grad():
        pixels = _pixels(encoder, image_rgb)
        if kind == "region_token":
            inside = torch.from_numpy(cells_inside(share)).to(encoder.device)
            found = tower.region_token(pixels, inside, encoder.batch_size)
        else:
            found = tower.global_local(
                pixels, torch.from_numpy(share).to(encoder.device, encoder.dtype), encoder.batch_size
            )
        return torch.nn.functional.normalize(found.float(), dim=-1).cpu().numpy()


def cells_inside(share: np.ndarray) -> np.ndarray:
    """Which cells a mask keeps: bool (n, p), those of which it covers at least half.

    Where it covers half of none: the one that it covers most (the first of equals), so that a small thing keeps a
    token. An empty mask keeps none.
    """
    inside = share >= 0.5
    small = ~inside.any(axis=1) & (share > 0).any(axis=1)
    inside[np.flatnonzero(small), share[small].argmax(axis=1)] = True
    return inside


def tower_of(visual: Any) -> Tower:
    """Our view of open_clip's image tower. Raises ValueError for an architecture that is none of the two."""
    from tasnb.models.dense_resnet import ResNetTower
    from tasnb.models.dense_vit import ViTTower

    name = type(visual).__name__
    if name == "VisionTransformer":
        return ViTTower(visual)
    if name == "ModifiedResNet":
        return ResNetTower(visual)
    raise ValueError(
        f"dense features need open_clip's VisionTransformer or ModifiedResNet (ViT-B-32, RN50 ...), got {name}; "
        "choose another CLIP, or leave out the methods that need a heat map or masked tokens"
    )


def derivatives(head: Any, activations: Any, batch_size: int) -> Any:
    """Grad-CAM for every dimension of the unit embedding at once: (p, d) for activations (p, k).

    Grad-CAM weighs channel k by the mean over the cells of d(similarity) / d(activation), and sums channels by weight.
    The similarity is text . e with e the unit embedding, so its map at cell i is text . (de / ds)[activations of i],
    where s is a shift common to all cells, over their number: a derivative of the head in the direction of cell i's own
    activations. That vector is what is returned; a text then needs no pass of the model.

    head: (b, p, k) -> (b, d), unnormalised.
    """
    import torch

    cells, found = len(activations), []
    for start in range(0, cells, batch_size):
        directions = activations[start : start + batch_size, None, :].expand(-1, cells, -1) / cells
        with torch.enable_grad():
            base = activations[None].repeat(len(directions), 1, 1).requires_grad_(True)
            unit = torch.nn.functional.normalize(head(base), dim=-1)
            # the gradient is linear in what it is taken of, so its own gradient is the derivative in a direction;
            # torch's forward mode gives the same, but compiles parts of itself with a warning on first use
            part = torch.zeros_like(unit, requires_grad=True)
            (gradient,) = torch.autograd.grad(unit, base, part, create_graph=True)
            (derivative,) = torch.autograd.grad(gradient, part, directions)
        found.append(derivative)
    return torch.cat(found)


def in_batches(go: Any, rows: Any, batch_size: int) -> Any:
    """``go`` on some rows at a time, the results joined."""
    import torch

    return torch.cat([go(rows[start : start + batch_size]) for start in range(0, len(rows), batch_size)])


def _pixels(encoder: ClipEncoder, image_rgb: np.ndarray) -> Any:
    import torch

    squashing = replace(encoder.preprocessing, resize_mode="squash")
    pictures: Sequence[np.ndarray] = [image_rgb]
    return torch.from_numpy(squashing(pictures)).to(encoder.device, encoder.dtype)
