"""The house rules that a machine can check, each with a test that the check can fail."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tasnb"

# layer of each room; a module imports only layers below its own
LAYERS: dict[str, int] = {
    "core": 1,
    "stages": 2,
    "models": 3,
    "datasets": 3,
    "store": 3,
    "pipeline": 4,
    "evaluation": 5,
    "analysis": 6,
    "plots": 7,
    "report": 8,
    "viewers": 9,
    "cli": 10,
}
MAY_KNOW_VENDORS = {
    "torch": {"models"},
    "segment_anything": {"models.sam"},
    "open_clip": {"models.clip"},
    "transformers": {"models.albef", "models.captioner", "models.sam_hf", "models.weights"},
    "timm": {"models.albef"},
    "ultralytics": {"models.fastsam"},
    "spacy": {"models.language"},
    "nltk": {"models.language"},
    "pandas": None,  # lazily, inside a function
}
HEAVY = ("torch", "transformers", "spacy", "matplotlib", "ipywidgets", "pandas", "open_clip", "segment_anything")
MAX_LINES = 600


def name_of(path: Path, package: Path) -> str:
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str) -> list[tuple[str, bool]]:
    """(dotted module, at top level and not for type checking only) of every import in the source."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node  # type: ignore[attr-defined]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        eager, at = True, node
        while hasattr(at, "parent"):
            at = at.parent
            if isinstance(at, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                eager = False
            if isinstance(at, ast.If) and "TYPE_CHECKING" in ast.dump(at.test):
                eager = False
        found += [(name, eager) for name in names]
    return found


def layer_breaks(package: Path) -> list[str]:
    breaks = []
    for path in sorted(package.rglob("*.py")):
        name = name_of(path, package)
        top = name.split(".")[0]
        if name in ("", "__main__"):
            continue  # the package's own lazy front door
        for imported, _ in imports_of(path.read_text()):
            if not imported.startswith("tasnb."):
                continue
            parts = imported.split(".")
            other = parts[1]
            if other == top or other not in LAYERS:
                continue
            if LAYERS[other] >= LAYERS[top]:
                breaks.append(f"{name} (layer {LAYERS[top]:g}) imports {other} (layer {LAYERS[other]:g})")
    return breaks


def vendor_breaks(package: Path) -> list[str]:
    breaks = []
    for path in sorted(package.rglob("*.py")):
        name = name_of(path, package)
        for imported, eager in imports_of(path.read_text()):
            vendor = imported.split(".")[0]
            if vendor not in MAY_KNOW_VENDORS:
                continue
            homes = MAY_KNOW_VENDORS[vendor]
            if homes is None:
                if eager:
                    breaks.append(f"{name} imports {vendor} at the top")
            elif not any(name == home or name.startswith(home + ".") for home in homes):
                breaks.append(f"{name} imports {vendor}; only {', '.join(sorted(homes))} may")
    return breaks


def long_modules(package: Path, limit: int = MAX_LINES) -> list[str]:
    return [
        f"{name_of(p, package)} has {n} lines, more than {limit}"
        for p in sorted(package.rglob("*.py"))
        if (n := len(p.read_text().splitlines())) > limit
    ]


def loaded_by(statement: str) -> set[str]:
    """The heavy modules that a bare interpreter holds after the statement."""
    code = f"import sys\n{statement}\nprint(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.fixture
def planted(tmp_path: Path):
    def plant(**sources: str) -> Path:
        for name, source in sources.items():
            path = tmp_path / "tasnb" / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        return tmp_path / "tasnb"

    return plant


def test_every_module_has_a_layer() -> None:
    tops = {name_of(p, PACKAGE).split(".")[0] for p in PACKAGE.rglob("*.py")} - {"", "__main__"}
    assert tops <= set(LAYERS)


def test_a_module_imports_only_layers_below_its_own() -> None:
    assert layer_breaks(PACKAGE) == []


def test_the_layer_test_can_fail(planted) -> None:
    package = planted(core__masks="from tasnb import pipeline", store="from tasnb.models import load")
    assert len(layer_breaks(package)) == 2
    assert layer_breaks(planted(store="def f():\n    import tasnb.cli")), "a lazy import upwards is one too"


def test_each_vendor_has_one_home() -> None:
    assert vendor_breaks(PACKAGE) == []


def test_the_vendor_test_can_fail(planted) -> None:
    package = planted(store="import torch", models__clip="import transformers", plots="import pandas as pd")
    assert len(vendor_breaks(package)) == 3


def test_modules_are_short() -> None:
    assert long_modules(PACKAGE) == []


def test_the_length_test_can_fail(planted) -> None:
    assert long_modules(planted(store="x = 1\n" * 601))


def test_modules_are_named_after_a_subject() -> None:
    assert not {p.stem for p in PACKAGE.rglob("*.py")} & {"utils", "util", "helpers", "misc", "common"}


def test_import_tasnb_loads_nothing_heavy() -> None:
    assert loaded_by("import tasnb") == set()


def test_the_import_test_can_fail() -> None:
    assert loaded_by("import pandas") == {"pandas"}


@pytest.mark.parametrize(
    "module",
    [
        "pipeline.tas",
        "evaluation.engine",
        "models.sam",
        "models.clip",
        "pipeline.baselines",
        "models.captioner",
        "models.presets",
        "models.deferred",
    ],
)
def test_the_stages_and_adapters_import_without_torch(module: str) -> None:
    assert "torch" not in loaded_by(f"import tasnb.{module}")


def test_every_public_name_resolves() -> None:
    import tasnb as tn

    for name in set(tn.__all__):
        assert getattr(tn, name) is not None


def test_an_unknown_name_lists_the_choices() -> None:
    import tasnb as tn

    with pytest.raises(AttributeError, match="describe"):
        _ = tn.descirbe
