"""Libraries that are not installed by default: asked for by name, missed with the command that gets them."""

from __future__ import annotations

import importlib
from typing import Any


class MissingExtraError(ValueError):
    """An optional library is not installed: names it, what it is for, and the command that gets it."""


def require(module: str, *, extra: str, what: str, note: str = "") -> Any:
    """Import and return an optional library. extra: its name in pyproject.toml. what: that needs it.

    Raises MissingExtraError.
    """
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        raise MissingExtraError(
            f"{what} needs {module}, which is not installed: pip install 'tasnb[{extra}]'{f' ({note})' if note else ''}"
        ) from missing
