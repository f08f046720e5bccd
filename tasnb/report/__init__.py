"""The report of a finished run: one HTML file that says what failed, why, and what it costs. No script, no network."""

from __future__ import annotations

from tasnb.report.building import build, write

__all__ = ["build", "write"]
