"""The docstrings of the public surface are numpydoc: numpydoc's own validation says so."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from numpydoc.validate import validate

import tasnb as tn

# missing docstring; parameters not documented, or unknown; no Returns section
CHECKED = {"GL08", "PR01", "PR02", "RT01"}


def public_names(module: ModuleType) -> list[str]:
    """What a module offers: its ``__all__``, else the functions and classes that it defines itself."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__ and callable(value)
    ]


def surface() -> Iterator[str]:
    """Import paths of every public function and class, and of a class's own public methods and properties."""
    seen: set[int] = set()
    for module in [tn, *(each for each in (getattr(tn, name) for name in tn.__all__) if isinstance(each, ModuleType))]:
        for name in public_names(module):
            value = getattr(module, name)
            if (
                not callable(value)
                or not str(getattr(value, "__module__", "")).startswith("tasnb")
                or id(value) in seen
            ):
                continue
            if not (inspect.isfunction(value) or inspect.isclass(value)):
                continue  # an alias of a type, say
            seen.add(id(value))
            if not getattr(value, "_is_protocol", False):  # nobody makes one, so it has no parameters
                yield f"{value.__module__}.{value.__qualname__}"
            if inspect.isclass(value):
                yield from (
                    f"{value.__module__}.{value.__qualname__}.{member}"
                    for member, found in vars(value).items()
                    if not member.startswith("_")
                    and (inspect.isfunction(found) or isinstance(found, property | classmethod))
                )


def faults_of(path: str) -> list[str]:
    return [f"{path}: {code} {words}" for code, words in validate(path)["errors"] if code in CHECKED]


@pytest.mark.filterwarnings("ignore:Widget:DeprecationWarning")  # numpydoc looks at what ipywidgets left behind
def test_every_public_docstring_is_numpydoc() -> None:
    faults = [fault for path in surface() for fault in faults_of(path)]
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults)


def test_the_surface_holds_what_users_call() -> None:
    found = {path.split(".")[-1] for path in surface()}
    assert {"tas", "describe", "Proposals", "total", "attribute", "explore", "table"} <= found


PLANTED = """def {name}(a):
    \"\"\"Do it.

    Parameters
    ----------
    {documented} : int
        It.
    \"\"\"
    {last}
"""


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('def f(a):\n    """Do it."""\n', "PR01"),
        (PLANTED.format(name="f", documented="b", last="pass"), "PR02"),
        (PLANTED.format(name="f", documented="a", last="return a"), "RT01"),
        ("def f():\n    pass\n", "GL08"),
    ],
)
def test_the_check_can_fail(source: str, code: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted_docstrings.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    importlib.sys.modules.pop("planted_docstrings", None)  # type: ignore[attr-defined]
    assert any(f": {code} " in fault for fault in faults_of("planted_docstrings.f"))
