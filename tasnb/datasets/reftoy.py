"""RefToy, the embedded data set: the REFER layout with ``refs(toy).json`` and drawn scenes in ``images/``."""

from __future__ import annotations

from pathlib import Path

from tasnb.core.shipped import data_root
from tasnb.datasets import refer
from tasnb.datasets.published import choose
from tasnb.datasets.samples import CACHED_IMAGES, RefSamples, Samples

__all__ = ["CACHED_IMAGES", "IMAGE_FOLDERS", "SPLITS", "STYLES", "RefSamples", "load", "shipped_root"]

STYLES = ("reftoy", "reftoy+", "reftoyg")
SPLITS = ("val", "testA", "testB")
IMAGE_FOLDERS = ("images",)


def shipped_root() -> Path:
    """The folder of the data set that comes with the package."""
    return data_root() / "reftoy"


def load(name: str, *, split: str = "val", root: Path | str | None = None) -> Samples:
    """Read a style of RefToy. root: the folder holding ``images/`` and the three styles; None: the shipped one.

    Raises ValueError for an unknown style or split, FileNotFoundError where the folder is missing.
    """
    choose("style", name, STYLES)
    folder = shipped_root() if root is None else Path(root)
    return refer.load(
        name, split=split, root=folder, images=IMAGE_FOLDERS, spec_root=None if root is None else str(folder.absolute())
    )
