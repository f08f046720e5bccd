"""The examples in docstrings are run, so that they stay true; every module that has one is found."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil
from pathlib import Path

import pytest

import tasnb

MODULES = [
    info.name
    for info in pkgutil.walk_packages(tasnb.__path__, "tasnb.")
    if ">>> " in Path(str(importlib.util.find_spec(info.name).origin)).read_text()
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    tried = doctest.testmod(importlib.import_module(name))
    assert tried.attempted > 0
    assert tried.failed == 0


def test_the_modules_with_examples_are_found() -> None:
    assert {"tasnb.core.masks", "tasnb.stages.spatial.rectifier"} <= set(MODULES)
