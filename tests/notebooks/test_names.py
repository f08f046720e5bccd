"""Every name of the library that a lesson uses exists: read from the source, so nothing need run."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tests.notebooks.pairs import FOLDER, SOLUTIONS, lessons, read

NOTEBOOKS = [*lessons(), *sorted(SOLUTIONS.glob("*.ipynb"))]
GUIDES = [FOLDER / "README.md", FOLDER / "TEACHING.md"]
SPAN = re.compile(r"`((?:tn|lesson)\.[^`]+)`")


def missing(source: str, known: dict[str, Any]) -> Iterator[str]:
    """What a piece of code imports, looks up or passes by name, and is not there. known: what its first names mean."""
    tree = ast.parse(re.sub(r"^%.*$", "", source, flags=re.MULTILINE))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "tasnb":
            module = importlib.import_module(str(node.module))
            yield from (f"{node.module}.{each.name}" for each in node.names if not hasattr(module, each.name))
        elif isinstance(node, ast.Attribute) and inspect.ismodule(home := resolve(node.value, known)):
            if not hasattr(home, node.attr):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and callable(function := resolve(node.func, known)):
            try:
                taken = inspect.signature(function).parameters.values()
            except ValueError:  # written in C
                continue
            if all(each.kind is not each.VAR_KEYWORD for each in taken):
                names = {each.name for each in taken}
                yield from (f"{ast.unparse(node.func)}({word.arg}=)" for word in node.keywords
                            if word.arg is not None and word.arg not in names)  # fmt: skip


def resolve(node: ast.expr, known: dict[str, Any]) -> Any:
    """The value of a dotted name whose parts are modules, None for any other expression."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        home = resolve(node.value, known)
        return getattr(home, node.attr, None) if inspect.ismodule(home) else None
    return None


def known_of(path: Path) -> dict[str, Any]:
    name = re.search(r'tn\.lesson\("(\w+)"\)', path.read_text(encoding="utf-8").replace("\\", ""))
    return {"tn": tn} | ({"lesson": tn.lesson(name[1])} if name and path.suffix == ".ipynb" else {})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: "-".join(p.with_suffix("").parts[-2:]))
def test_the_code_of_a_notebook_uses_names_that_exist(path: Path) -> None:
    known = known_of(path)
    assert set(known) == {"tn", "lesson"}
    code = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    assert [name for source in code for name in missing(source, known)] == []


@pytest.mark.parametrize("path", [*lessons(), *GUIDES], ids=lambda p: p.stem)
def test_so_does_the_code_in_its_text(path: Path) -> None:
    texts = [path.read_text(encoding="utf-8")]
    if path.suffix == ".ipynb":
        texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    spans = [span for text in texts for span in SPAN.findall(text)]
    assert [name for span in spans for name in missing(span, known_of(path))] == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("from tasnb.stages import nonsense", "tasnb.stages.nonsense"),
        ("tn.plots.stripe([1])", "tn.plots.stripe"),
        ("tn.tas(artifacts, 'the cat', models, method='paper')", "tn.tas(method=)"),
        ("%matplotlib inline\nlesson.check(1)", "lesson.check"),
    ],
)
def test_a_name_that_is_gone_is_found(source: str, said: str) -> None:
    assert list(missing(source, {"tn": tn, "lesson": tn.lesson("quickstart")})) == [said]


def test_what_is_there_is_not_reported() -> None:
    fine = (
        "from tasnb.stages.negatives import PAPER\nx = tn.plots.strip([1], height=3)\nx.whatever(y=2)\ntn.PAPER.weights"
    )
    assert list(missing(fine, {"tn": tn})) == []
