"""``tasnb lessons`` as a person meets it: what is copied, what is kept, how to go on; and the bare program."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tasnb import cli
from tasnb.core.shipped import lessons_root


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_copies_the_notebooks_with_their_helpers_and_says_how_to_open_them(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "my lessons" / "here"
    assert cli.run(["lessons", str(folder)]) == 0
    printed = capsys.readouterr()
    copied = names(folder)
    assert {
        "00_quickstart.ipynb",
        "README.md",
        "lab_sheet.html",
        "lessons/quickstart.py",
        "lessons/answers.py",
    } <= copied
    assert not [name for name in copied if name.startswith("solutions/") or "__pycache__" in name]
    assert f"wrote {len(copied)} files to {folder}\n" in printed.out
    program, command, notebook = shlex.split(printed.out.splitlines()[-1].removeprefix("open: "))
    assert (program, command) == ("jupyter", "lab")
    assert Path(notebook) == folder / "00_quickstart.ipynb"
    assert Path(notebook).is_file()
    assert printed.err == ""


def test_a_changed_notebook_is_kept_and_named_and_what_is_missing_comes_again(tmp_path: Path, capsys) -> None:
    assert cli.run(["lessons", str(tmp_path)]) == 0
    (tmp_path / "02_v_score.ipynb").write_text("my notes")
    (tmp_path / "README.md").unlink()
    capsys.readouterr()
    assert cli.run(["lessons", str(tmp_path)]) == 0
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first == f"wrote 1 files to {tmp_path}"
    assert second.startswith(f"kept {len(names(tmp_path)) - 1} that were there already: 00_quickstart.ipynb, ")
    assert "02_v_score.ipynb" in second
    assert (tmp_path / "02_v_score.ipynb").read_text() == "my notes"
    assert (tmp_path / "README.md").read_bytes() == (lessons_root() / "README.md").read_bytes()


def test_the_solutions_come_when_asked_for(tmp_path: Path, capsys) -> None:
    assert cli.run(["lessons", str(tmp_path), "--solutions"]) == 0
    solved = {path.name for path in (tmp_path / "solutions").iterdir()}
    assert solved == {path.name for path in tmp_path.glob("*.ipynb")}
    assert len(solved) >= 11


def test_json_names_what_was_written_and_what_was_kept(tmp_path: Path, capsys) -> None:
    (tmp_path / "README.md").write_text("mine")
    assert cli.run(["lessons", str(tmp_path), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["folder"] == str(tmp_path)
    assert record["kept"] == [str(tmp_path / "README.md")]
    assert str(tmp_path / "lessons" / "v_score.py") in record["written"]
    assert record["open"].startswith("jupyter lab ")


def test_the_default_is_a_folder_named_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["lessons"]) == 0
    assert (tmp_path / "lessons" / "00_quickstart.ipynb").is_file()
    assert "jupyter lab lessons/00_quickstart.ipynb" in capsys.readouterr().out


def test_where_nothing_can_be_written_it_is_one_line_and_exit_2(tmp_path: Path, capsys) -> None:
    (tmp_path / "taken").write_text("a file")
    for target in (tmp_path / "taken", tmp_path / "taken" / "deeper"):
        assert cli.run(["lessons", str(target)]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert len(printed.err.splitlines()) == 1
        assert str(target) in printed.err
        assert "choose another folder" in printed.err
    assert (tmp_path / "taken").read_text() == "a file"


@pytest.mark.parametrize(("bare", "first"), [([], "Usage: tasnb"), (["store"], "Usage: tasnb store")])
def test_a_program_without_a_command_prints_its_help(bare: list[str], first: str, capsys) -> None:
    assert cli.run(bare) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(first)
    assert len(printed.out.splitlines()) > 5
    assert printed.err == ""
