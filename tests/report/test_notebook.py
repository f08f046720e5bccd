"""A notebook finds the view of a value by the name of its type, without an import; each view is a safe fragment."""

from __future__ import annotations

import html
import importlib
import subprocess
import sys
from dataclasses import replace

import pytest

from tasnb.report import notebook

SHELL = """
from IPython.core.interactiveshell import InteractiveShell
import sys
from dataclasses import replace
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


def test_samples_and_artifacts_show_their_pictures_and_escape_their_words(toy_case) -> None:
    sample, artifacts = toy_case
    nasty = replace(sample, expression="<b>cat</b>")
    card = notebook.html_of(nasty)
    assert "&lt;b&gt;cat" in card
    assert "target's rim" in html.unescape(card)
    assert "no target is known" in notebook.html_of(replace(sample, target=None))
    shown = notebook.html_of(replace(artifacts, overall_caption="<i>all</i>"))
    assert "&lt;i&gt;all" in shown
    assert shown.count('class="thumb"') == min(len(artifacts.proposals), notebook.SHOWN)
