"""Where the shipped data lie: ``data/`` beside the package in a clone, ``tasnb/data`` in an installed wheel."""

from __future__ import annotations

from pathlib import Path


def data_root() -> Path:
    """The folder that holds ``models/``, ``reftoy/`` and ``paper/``.

    Raises FileNotFoundError naming both places when neither is there.
    """
    package = Path(__file__).resolve().parent
    installed, clone = package / "data", package.parent / "data"
    for candidate in (installed, clone):
        if (candidate / "paper").is_dir():
            return candidate
    raise FileNotFoundError(
        f"the shipped data are missing: expected {installed} (installed) or {clone} (clone); reinstall tasnb"
    )
