"""The README is true: its cells run as printed, its commands exist, its files are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from tasnb.report.notebook import register
from tasnb.viewers.viewer import Viewer

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_cells_run_as_printed(toy_models, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path))
    cells = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    assert cells
    space: dict = {}
    shown = {}
    for cell in cells:  # one after the other, as in a notebook, which shows the value of a last line
        tree = ast.parse(cell)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "README.md", "exec"), space)
        if last is not None:
            shown[ast.unparse(last)] = eval(ast.unparse(last), space)
    assert space["answer"].index is not None
    kinds = [type(each).__name__ for each in shown.values()]
    assert kinds == ["Prediction", "Explorer", "str", "Strip"]
    for name, value in shown.items():
        rich = value._repr_mimebundle_()[0] if isinstance(value, Viewer) else formatted(value)
        assert isinstance(value, str) or rich["text/html"], name


def formatted(value: Any) -> dict[str, Any]:
    """What IPython shows for a value in a notebook that has imported tasnb."""
    formatter = DisplayFormatter()
    register(formatter.formatters["text/html"])
    return formatter.format(value)[0]


def test_a_cell_shows_its_last_line_only() -> None:
    for cell in re.findall(r"```python\n(.*?)```", README, flags=re.S):
        assert not [ast.unparse(node) for node in ast.parse(cell).body[:-1] if isinstance(node, ast.Expr)]


def test_links_and_pictures_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


@pytest.mark.parametrize("target", ["demo", "test", "lab", "lock", "bench"])
def test_every_make_target_that_is_named_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.M)


def test_every_command_that_is_named_exists(capsys) -> None:
    from tasnb import cli

    for name in sorted(set(re.findall(r"`tasnb (\w+)", README))):
        assert cli.run([name, "--help"]) == 0
        capsys.readouterr()
