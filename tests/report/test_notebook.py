"""A notebook finds the view of a value by the name of its type, without an import; each view is a safe fragment."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from tasnb.report import notebook

SHELL = """
from IPython.core.interactiveshell import InteractiveShell
import sys
shell = InteractiveShell.instance()
import tasnb as tn
heavy = [name for name in ("jinja2", "matplotlib", "pandas", "scipy", "torch") if name in sys.modules]
import numpy as np
data, _ = shell.display_formatter.format(tn.plots.strip([np.zeros((4, 4, 3), np.uint8)], ["<b>"]))
print(heavy, "tn-strip" in data["text/html"], "<b>" in data["text/html"])
"""


@pytest.mark.parametrize("name", notebook.VIEWS)
def test_every_view_is_of_a_class_that_exists(name: str) -> None:
    module, kind = name.rsplit(".", 1)
    found = getattr(importlib.import_module(module), kind)
    assert (found.__module__, found.__qualname__) == (module, kind)
    assert not hasattr(found, "_repr_html_"), "values know no HTML"


def test_a_value_without_a_view_is_refused() -> None:
    with pytest.raises(TypeError, match=r"int has no notebook view; choose from .*Prediction"):
        notebook.html_of(3)


def test_a_notebook_shows_views_and_importing_stays_light() -> None:
    run = subprocess.run([sys.executable, "-c", SHELL], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[-2] == "[] True False", run.stdout
