"""Every page and notebook view: HTML from templates, with one stylesheet, without scripts and links.

Nothing is imported before it is used, because a notebook registers its views in ``import tasnb``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasnb.report.pages import answer, leaderboard, result, run

__all__ = ["answer", "leaderboard", "result", "run"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("tasnb.report.pages"), name)
    raise AttributeError(f"module 'tasnb.report' has no attribute {name!r}; public names: {', '.join(__all__)}")
