"""Look inside: widgets over finished values, for a notebook. Nothing in the package imports them.

A viewer holds only interface state; what it shows was computed before. Each one ranks again in the browser without a
kernel, and each leaves a static picture behind for a notebook that is opened without one.
"""

from __future__ import annotations

from tasnb.viewers.explore import Explorer, explore

__all__ = ["Explorer", "explore"]
