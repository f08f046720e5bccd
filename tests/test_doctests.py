"""The examples in docstrings are run, so that they stay true."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    "masks", "proposals", "crops", "negatives", "scores", "spatial.rectifier", "metrics.overlaps", "metrics.protocols",
    "expressions", "pictures", "heatmaps",
)  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"tasnb.{name}")).failed == 0
