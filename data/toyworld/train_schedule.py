"""What the trainings of SAM, CLIP and GIT share: the optimisers, their schedule, the clock and the log lines."""

from __future__ import annotations

import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Log = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A linear warm-up, then a cosine to nearly zero.

    lr: of AdamW, for embeddings, heads, norms and biases. matrix_lr: of Muon, for the matrices inside the
    transformers (its update has spectral norm 1 before scaling), which halves the steps that these small models need.
    """

    steps: int
    lr: float = 1e-3
    matrix_lr: float = 1e-2
    warm_up: int = 60
    weight_decay: float = 0.02
    clip_norm: float = 1.0

    def factor(self, step: int) -> float:
        """Share of the full rate in a step (0-based): rises to 1, falls to 0.01."""
        rise = min(1.0, (step + 1) / max(min(self.warm_up, self.steps // 4), 1))
        return rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / self.steps)))


class Optimisers:
    """Muon for the matrices of transformer layers, AdamW for the rest, under one schedule."""

    def __init__(self, model: Any, schedule: Schedule, *, is_layer: Callable[[str], bool]) -> None:
        import torch

        from toyworld.muon import Muon

        self.schedule, self.parameters = schedule, [p for p in model.parameters() if p.requires_grad]
        named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        matrices = [p for name, p in named if p.ndim == 2 and is_layer(name)]
        chosen = {id(p) for p in matrices}
        rest = [p for _, p in named if id(p) not in chosen]
        decay = schedule.weight_decay
        self.each = [
            Muon(matrices, lr=schedule.matrix_lr, weight_decay=decay),
            torch.optim.AdamW(rest, lr=schedule.lr, weight_decay=decay, betas=(0.9, 0.98)),
        ]
        self._base = [[group["lr"] for group in o.param_groups] for o in self.each]

    def step(self, loss: Any, step: int) -> None:
        """Take one step down ``loss``; ``step`` (0-based) sets the rates."""
        import torch

        factor = self.schedule.factor(step)
        for optimiser, base in zip(self.each, self._base, strict=True):
            for group, lr in zip(optimiser.param_groups, base, strict=True):
                group["lr"] = lr * factor
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.schedule.clip_norm)
        for optimiser in self.each:
            optimiser.step()


class Checkpoint:
    """Where a training, or one phase of it, is taken up again after an interruption: a file in the cache.

    folder: None keeps nothing. name: of the part and phase; settings: what must be the same to go on. The file has the
    parameters of ``learners`` (modules and optimisers), the draws of numpy, torch and ``words``, and the minutes.
    """

    def __init__(
        self,
        folder: Path | None,
        name: str,
        settings: Any,
        *,
        learners: Sequence[Any],
        meter: Meter,
        rng: np.random.Generator,
        words: random.Random | None = None,
        every: int = 100,
    ) -> None:
        digest = hashlib.sha256(repr(settings).encode()).hexdigest()[:8]
        self.file = None if folder is None else folder / "checkpoints" / f"{name.replace(' ', '-')}-{digest}.pt"
        self.learners, self.meter, self.rng, self.words, self.every = learners, meter, rng, words, every

    def steps(self) -> Iterator[int]:
        """The steps that are left, 0-based; the state is kept after every hundredth and the last."""
        for step in range(self._take_up(), self.meter.steps):
            yield step
            if (step + 1) % self.every == 0 or step + 1 == self.meter.steps:
                self._keep(step + 1)

    def _take_up(self) -> int:
        import torch

        if self.file is None or not self.file.is_file():
            return 0
        kept = torch.load(self.file, weights_only=True)
        for learner, state in zip(self.learners, kept["learners"], strict=True):
            learner.load_state_dict(state)
        draws = json.loads(kept["draws"])
        self.rng.bit_generator.state = draws["numpy"]
        torch.set_rng_state(kept["torch"])
        if self.words is not None:
            version, numbers, gauss = draws["words"]
            self.words.setstate((version, tuple(numbers), gauss))
        self.meter.began = time.perf_counter() - 60 * float(kept["minutes"])
        self.meter.log(f"{self.meter.name}  taken up after step {kept['step']}")
        return int(kept["step"])

    def _keep(self, step: int) -> None:
        import torch

        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draws = {"numpy": self.rng.bit_generator.state, "words": self.words and self.words.getstate()}
        part = self.file.with_suffix(".part")
        state = {
            "step": step,
            "minutes": self.meter.minutes,
            "learners": [learner.state_dict() for learner in self.learners],
            "draws": json.dumps(draws),
            "torch": torch.get_rng_state(),
        }
        torch.save(state, part)
        part.replace(self.file)


@dataclass
class Meter:
    """Running means of named losses, told every ``every`` steps, and the clock of a training."""

    name: str
    steps: int
    log: Log
    every: int = 100
    began: float = field(default_factory=time.perf_counter)
    _sums: dict[str, float] = field(default_factory=dict)
    _count: int = 0

    @property
    def minutes(self) -> float:
        """Minutes of wall clock since the training began."""
        return (time.perf_counter() - self.began) / 60

    def tell(self, step: int, **values: float) -> None:
        """Add a step's values (step is 0-based); write a line when it is time."""
        for key, value in values.items():
            self._sums[key] = self._sums.get(key, 0.0) + float(value)
        self._count += 1
        if (step + 1) % self.every == 0 or step + 1 == self.steps:
            means = "  ".join(f"{key} {total / self._count:.4f}" for key, total in self._sums.items())
            self.log(f"{self.name}  step {step + 1:5d}/{self.steps}  {means}  {self.minutes:5.1f} min")
            self._sums, self._count = {}, 0


def begin(seed: int, device: str) -> tuple[Any, str]:
    """Seed torch and numpy; return numpy's generator and the device's name ("auto": cuda, mps or cpu)."""
    import torch

    from tasnb.models.machine import resolve_device

    torch.manual_seed(seed)
    return np.random.default_rng(seed), resolve_device(device)


def count_parameters(model: Any) -> int:
    """How many numbers a model has learned."""
    return sum(p.numel() for p in model.parameters())


def halved(model: Any) -> dict[str, Any]:
    """A model's state for a file: name -> tensor on the CPU, floats in half precision, which loaders widen again.

    It halves what every clone downloads; three decimal digits are enough here, and scores are taken after it.
    """
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    return {name: (t.half() if t.is_floating_point() else t).contiguous() for name, t in state.items()}
