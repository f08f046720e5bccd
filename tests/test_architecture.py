"""The house rules that a machine can check, each with a test that the check can fail."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tasnb"

# layer of each room; a module imports only rooms of lower layers
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
ENTRIES = {*LAYERS} - {"store"} | {"store.py", "__init__.py", "py.typed"}
HOMES: dict[str, set[str] | None] = {
    "torch": {"models"},
    "segment_anything": {"models.sam"},
    "open_clip": {"models.clip"},
    "transformers": {"models.albef", "models.captioner", "models.folders", "models.sam_hf"},
    "timm": {"models.albef"},
    "ultralytics": {"models.fastsam"},
    "spacy": {"models.language"},
    "nltk": {"models.language"},
    "pandas": None,  # anywhere, but lazily, inside a function
}
HEAVY = ("torch", "transformers", "spacy", "matplotlib", "ipywidgets", "pandas", "open_clip", "segment_anything")
MAX_LINES = 600
FORMAT_SKIPS = 39
NO_SUBJECTS = {"utils", "util", "helpers", "misc", "common"}


def name_of(path: Path, package: Path) -> str:
    """The dotted name below the package; "" for the package itself."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of(package: Path) -> dict[str, str]:
    """Dotted name -> source of every module."""
    return {name_of(path, package): path.read_text("utf-8") for path in sorted(package.rglob("*.py"))}


def imports_of(source: str) -> Iterator[tuple[str, bool]]:
    """(dotted name, whether it is imported when the module is) of every import that runs, lazy ones too."""

    def walk(node: ast.AST, eager: bool) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, eager) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", eager) for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return  # never runs
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, eager and not lazy)

    return walk(ast.parse(source), True)


def ours_of(source: str, known: dict[str, str]) -> set[str]:
    """The modules of tasnb that a source imports, as dotted names below the package."""
    found = set()
    for imported, _ in imports_of(source):
        if imported.startswith("tasnb."):
            name = imported.removeprefix("tasnb.")
            while name and name not in known:  # a name in a module: the module
                name = name.rpartition(".")[0]
            found.add(name)
    return found - {""}


def layer_breaks(package: Path) -> list[str]:
    breaks = []
    for name, source in modules_of(package).items():
        room = name.split(".")[0]
        if room not in LAYERS:
            continue  # the package's own lazy front door
        for imported, _ in imports_of(source):
            other = imported.split(".")[1] if imported.startswith("tasnb.") else ""
            if other in LAYERS and other != room and LAYERS[other] >= LAYERS[room]:
                breaks.append(f"{name} (layer {LAYERS[room]}) imports {other} (layer {LAYERS[other]})")
    return breaks


def stage_breaks(package: Path) -> list[str]:
    known = modules_of(package)
    stages = {name: source for name, source in known.items() if name.startswith("stages.")}
    return [
        f"{name} imports {other}"
        for name, source in stages.items()
        for other in ours_of(source, known)
        if other.startswith("stages.") and other.split(".")[1] != name.split(".")[1]
    ]


def circles(package: Path) -> list[str]:
    """Every circle of imports that a search finds, lazy imports too; a package's front door imports its rooms."""
    known = modules_of(package)
    graph = {name: ours_of(source, known) - {name} for name, source in known.items()}
    done: set[str] = set()
    found: list[str] = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            found.append(" -> ".join((*way[way.index(name) :], name)))
        elif name not in done:
            for other in sorted(graph[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())
    return found


def vendor_breaks(package: Path) -> list[str]:
    breaks = []
    for name, source in modules_of(package).items():
        for imported, eager in imports_of(source):
            vendor = imported.split(".")[0]
            homes = HOMES.get(vendor, set())
            if homes is None and eager:
                breaks.append(f"{name} imports {vendor} at the top")
            elif homes and not any(name == home or name.startswith(home + ".") for home in homes):
                breaks.append(f"{name} imports {vendor}; only {', '.join(sorted(homes))} may")
    return breaks


def long_modules(package: Path) -> list[str]:
    lengths = {name: len(source.splitlines()) for name, source in modules_of(package).items()}
    return [
        f"{name} has {length} lines, more than {MAX_LINES}" for name, length in lengths.items() if length > MAX_LINES
    ]


def nameless_modules(package: Path) -> set[str]:
    return {name for name in modules_of(package) if name.split(".")[-1] in NO_SUBJECTS}


def format_skips(package: Path) -> int:
    return sum(source.count("# fmt: skip") + source.count("# fmt: off") for source in modules_of(package).values())


def shadowed(package: ModuleType) -> list[str]:
    """Modules that are hidden behind another thing of the same name in their package."""
    hidden = []
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        parent, _, name = info.name.rpartition(".")
        if getattr(importlib.import_module(parent), name) is not module:
            hidden.append(info.name)
    return hidden


def seen_by_type_checkers(source: str) -> set[str]:
    """The names that a package's source imports as public (``from a import b as b``) for type checkers."""
    blocks = [node for node in ast.parse(source).body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports for alias in node.names if alias.asname == alias.name}


def loaded_by(statement: str) -> set[str]:
    """The heavy modules that a bare interpreter holds after the statement."""
    code = f"import sys\n{statement}\nprint(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., Path]:
    def write(**sources: str) -> Path:
        for name, source in sources.items():
            path = tmp_path / "tasnb" / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        return tmp_path / "tasnb"

    return write


def test_the_package_has_these_rooms_and_no_other() -> None:
    listed = subprocess.run(["git", "ls-files", "."], cwd=PACKAGE, capture_output=True, text=True, check=False).stdout
    if not listed:
        pytest.skip("not a git checkout")
    assert {line.split("/")[0] for line in listed.splitlines()} == ENTRIES
    assert len(set(LAYERS.values())) == 10


def test_a_module_imports_only_rooms_of_lower_layers() -> None:
    assert layer_breaks(PACKAGE) == []


def test_the_layer_test_can_fail(plant: Callable[..., Path]) -> None:
    package = plant(core__masks="from tasnb import pipeline", store="from tasnb.models import load")
    assert len(layer_breaks(package)) == 2
    assert layer_breaks(plant(store="def f():\n    import tasnb.cli")), "a lazy import upwards is one too"


def test_no_stage_imports_another() -> None:
    assert stage_breaks(PACKAGE) == []


def test_the_stage_test_can_fail(plant: Callable[..., Path]) -> None:
    package = plant(stages__crops="from tasnb.stages.scores import v_score", stages__scores="")
    assert stage_breaks(package) == ["stages.crops imports stages.scores"]


def test_no_circle() -> None:
    assert circles(PACKAGE) == []


def test_the_circle_test_can_fail(plant: Callable[..., Path]) -> None:
    lazy = "def f():\n    from tasnb.models import c"
    package = plant(models__a="from tasnb.models.b import x", models__b=lazy, models__c="import tasnb.models.a")
    assert circles(package) == ["models.a -> models.b -> models.c -> models.a"]


def test_each_vendor_has_one_home() -> None:
    assert vendor_breaks(PACKAGE) == []


def test_the_vendor_test_can_fail(plant: Callable[..., Path]) -> None:
    package = plant(store="import torch", models__clip="import transformers", plots="import pandas as pd")
    assert len(vendor_breaks(package)) == 3


def test_modules_are_of_a_readable_length() -> None:
    assert long_modules(PACKAGE) == []


def test_the_length_test_can_fail(plant: Callable[..., Path]) -> None:
    assert long_modules(plant(store="x = 1\n" * (MAX_LINES + 1)))


def test_modules_are_named_after_a_subject() -> None:
    assert nameless_modules(PACKAGE) == set()


def test_the_subject_test_can_fail(plant: Callable[..., Path]) -> None:
    assert nameless_modules(plant(models__utils="")) == {"models.utils"}


def test_the_formatter_is_seldom_switched_off() -> None:
    assert format_skips(PACKAGE) <= FORMAT_SKIPS


def test_the_formatter_test_can_fail(plant: Callable[..., Path]) -> None:
    assert format_skips(plant(store="x = [1]  # fmt: skip\n" * 40)) > FORMAT_SKIPS


def test_no_name_shadows_a_module() -> None:
    import tasnb

    assert shadowed(tasnb) == []


def test_the_shadow_test_can_fail(plant: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    package = plant(load="def load(): ...")
    (package / "__init__.py").write_text("from shadowing.load import load\n")
    package.rename(package.parent / "shadowing")
    monkeypatch.syspath_prepend(package.parent)
    assert shadowed(importlib.import_module("shadowing")) == ["shadowing.load"]


def test_import_tasnb_loads_nothing_heavy() -> None:
    assert loaded_by("import tasnb") == set()


def test_the_import_test_can_fail() -> None:
    assert loaded_by("import pandas") == {"pandas"}


@pytest.mark.parametrize(
    "module",
    ["pipeline.tas", "pipeline.baselines", "evaluation.engine", "models.sam", "models.clip",
     "models.captioner", "models.presets", "models.deferred"],
)  # fmt: skip
def test_the_stages_and_adapters_import_without_torch(module: str) -> None:
    assert "torch" not in loaded_by(f"import tasnb.{module}")


def test_type_checkers_see_what_dir_lists() -> None:
    import tasnb as tn

    source = (PACKAGE / "__init__.py").read_text("utf-8")
    assert seen_by_type_checkers(source) | {"__version__"} == set(dir(tn)) == set(tn.__all__)


def test_the_type_checker_test_can_fail() -> None:
    assert seen_by_type_checkers("if TYPE_CHECKING:\n    from a import b as b\n    from a import c\n") == {"b"}


def test_every_public_name_resolves() -> None:
    import tasnb as tn

    for name in tn.__all__:
        assert getattr(tn, name) is not None


def test_an_unknown_name_lists_the_choices() -> None:
    import tasnb as tn

    with pytest.raises(AttributeError, match="describe"):
        _ = tn.descirbe
