"""Muon in single precision: momentum whose direction is made orthogonal, for the matrices inside transformers.

torch.optim.Muon orthogonalises in bfloat16 whatever the device. A CPU without bfloat16 units emulates it, and that took
80 % of a training step of the toy SAM; the same steps in float32 cost next to nothing at these sizes.
Method and constants: Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the odd polynomial that pushes every singular value towards 1
ITERATIONS = 5


def orthogonalise(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest matrix with singular values near 1 (0.7 to 1.2), by Newton-Schulz iteration; (r, c) -> (r, c)."""
    a, b, c = COEFFICIENTS
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    wide = wide / wide.norm().clamp(min=1e-7)
    for _ in range(ITERATIONS):
        gram = wide @ wide.T
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide.T if matrix.shape[0] > matrix.shape[1] else wide


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, with decoupled weight decay; for matrices only.

    lr: spectral norm of a step (times the square root of rows over columns, where a matrix is taller than wide).
    Raises ValueError for a parameter that is not a matrix.
    """

    def __init__(
        self, params: Iterable[torch.Tensor], *, lr: float = 1e-2, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(f"expected matrices, got a parameter of shape {tuple(p.shape)}; give it to AdamW")

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Move every matrix that has a gradient."""
        if closure is not None:
            raise ValueError("this optimiser takes no closure; call backward() before step()")
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["mean"] = torch.zeros_like(p)
                mean = state["mean"].lerp_(p.grad, 1 - momentum)
                direction = orthogonalise(p.grad.lerp(mean, momentum))
                p.mul_(1 - lr * group["weight_decay"])
                p.add_(direction, alpha=-lr * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)
