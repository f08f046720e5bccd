"""The README is true: its cells run as printed, its commands exist, its files are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasnb.report.notebook import html_of

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_cells_run_as_printed(toy_models, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path))
    cells = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    assert cells
    space: dict = {}
    for cell in cells:  # one after the other, as in a notebook
        exec(compile(cell, "README.md", "exec"), space)
    assert space["answer"].index is not None
    assert html_of(space["answer"])


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
