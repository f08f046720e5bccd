"""Data sets as sequences of samples, ``load("reftoy", split="val")[12]``; a picture is read when it is asked for."""

from __future__ import annotations

from pathlib import Path

from tasnb.datasets import reftoy
from tasnb.datasets.reftoy import RefSamples

__all__ = ["RefSamples", "load", "names", "reftoy"]


def names() -> tuple[str, ...]:
    """The data sets that ``load`` knows."""
    return reftoy.STYLES


def load(name: str, *, split: str = "val", root: Path | str | None = None) -> RefSamples:
    """One sample a sentence, in the data set's own order.

    root: the folder that holds the data set; None: the shipped one. Raises ValueError for an unknown name or split,
    listing the choices, FileNotFoundError naming the folder where the data are missing.
    """
    if name not in names():
        raise ValueError(f"unknown data set {name!r}; choose from {', '.join(names())}")
    return reftoy.load(name, split=split, root=root)
