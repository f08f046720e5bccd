"""``load``: any mask proposer; the files tell which one it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasnb.models import sam_hf


def load(
    checkpoint: str | Path, *, model: Any = "vit_b", device: str = "auto", dtype: str = "float32", **options: Any
) -> Any:
    """Load SAM, one of its successors in transformers, or FastSAM.

    checkpoint: a folder with transformers' config.json (SAM 2, SAM 3 ...), FastSAM-s.pt or FastSAM-x.pt, or a
    checkpoint of SAM with its ``model``. Raises what the chosen adapter's ``load`` raises.
    """
    path = Path(checkpoint)
    if is_successor(path):
        return sam_hf.HFMaskProposer.load(path, device=device, dtype=dtype, **options)
    if is_fastsam(path):
        from tasnb.models.fastsam import FastSamProposer

        return FastSamProposer.load(path, device=device, dtype=dtype, **options)
    from tasnb.models.sam import SamProposer

    return SamProposer.load(path, model=model, device=device, dtype=dtype, **options)


def is_successor(path: Path) -> bool:
    """Whether a folder's config.json names a model of transformers; SAM's own configuration has no model_type."""
    return path.is_dir() and sam_hf.model_type(path) is not None


def is_fastsam(path: Path) -> bool:
    """Whether a file is called as FastSAM's are."""
    return path.name.lower().startswith("fastsam") and path.suffix == ".pt"
