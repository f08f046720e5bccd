"""The data and the lessons that ship with the library: found in a clone and in a wheel, copied out, loaded by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import tasnb as tn
from tasnb.core import shipped


@pytest.fixture(autouse=True)
def far_from_the_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No ``lessons/`` beside the working directory or one folder up, and the helpers of the other tests come back."""
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == shipped._HELPERS}
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == shipped._HELPERS]:
        del sys.modules[name]
    sys.modules.update(before)


def helpers(folder: Path, **sources: str) -> Path:
    (folder / "lessons").mkdir(parents=True)
    for name, source in sources.items():
        (folder / "lessons" / f"{name}.py").write_text(source)
    return folder


# ---------------------------------------------------------------- lesson


def test_without_helpers_nearby_the_shipped_ones_are_loaded() -> None:
    lesson = tn.lesson("v_score")
    assert Path(lesson.__file__) == shipped.lessons_root() / "lessons" / "v_score.py"
    assert lesson.__name__ == "tasnb_lessons.v_score"
    assert lesson.Right is tn.lesson("answers").Right, "one package, so that every lesson's NotYet is the same"


@pytest.mark.parametrize("place", [".", "solutions"])
def test_helpers_beside_the_notebook_or_one_folder_up_come_first(place: str, tmp_path: Path, monkeypatch) -> None:
    helpers(tmp_path / "mine", v_score="from .answers import WIDTH\nwhose = 'mine'", answers="WIDTH = 7")
    (tmp_path / "mine" / place).mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path / "mine" / place)
    lesson = tn.lesson("v_score")
    assert (lesson.whose, lesson.WIDTH) == ("mine", 7)


def test_beside_is_before_one_folder_up(tmp_path: Path, monkeypatch) -> None:
    inner = helpers(helpers(tmp_path / "outer", v_score="whose = 'outer'") / "inner", v_score="whose = 'inner'")
    monkeypatch.chdir(inner)
    assert tn.lesson("v_score").whose == "inner"


def test_another_folder_is_read_anew_with_its_siblings(tmp_path: Path, monkeypatch) -> None:
    for name in ("one", "two"):
        helpers(tmp_path / name, v_score="from .answers import whose", answers=f"whose = {name!r}")
    seen = []
    for name in ("one", "two", "one"):
        monkeypatch.chdir(tmp_path / name)
        seen.append(tn.lesson("v_score").whose)
    assert seen == ["one", "two", "one"]


def test_in_one_folder_a_lesson_is_loaded_once(tmp_path: Path) -> None:
    assert tn.lesson("v_score") is tn.lesson("v_score")
    assert tn.lesson("p_score").Right is tn.lesson("v_score").Right


def test_a_copied_folder_that_was_changed_is_what_the_notebook_gets(tmp_path: Path, monkeypatch) -> None:
    tn.copy_lessons(tmp_path / "copy")
    path = tmp_path / "copy" / "lessons" / "answers.py"
    path.write_text(path.read_text().replace("WIDTH = 80", "WIDTH = 40"))
    assert tn.lesson("answers").WIDTH == 80
    monkeypatch.chdir(tmp_path / "copy")
    assert tn.lesson("quickstart").__file__ == str(tmp_path / "copy" / "lessons" / "quickstart.py")
    assert tn.lesson("answers").WIDTH == 40


@pytest.mark.parametrize("name", ["v_scores", "", "../secrets", "_private", "v_score.py"])
def test_an_unknown_lesson_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match=r"unknown lesson .*; choose from answers, baselines, .*, your_own_images"):
        tn.lesson(name)


def test_no_other_package_is_hidden(tmp_path: Path, monkeypatch) -> None:
    helpers(tmp_path / "mine", json="whose = 'mine'")
    monkeypatch.chdir(tmp_path / "mine")
    assert tn.lesson("json").whose == "mine"
    import json

    assert json.loads("1") == 1
    assert str(tmp_path) not in "".join(sys.path)


# ---------------------------------------------------------------- copy_lessons


def test_the_copy_holds_every_notebook_and_helper_once(tmp_path: Path) -> None:
    copied = tn.copy_lessons(tmp_path / "new" / "folder", solutions=True)
    source = shipped.lessons_root()
    kinds = {".ipynb", ".py", ".md", ".html"}
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.suffix in kinds}
    assert {path.relative_to(tmp_path / "new" / "folder") for path in copied.written} == wanted
    assert list(copied.written) == sorted(copied.written)
    assert copied.kept == ()
    for path in copied.written:
        assert path.read_bytes() == (source / path.relative_to(tmp_path / "new" / "folder")).read_bytes()


def test_what_is_there_already_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "00_quickstart.ipynb").write_text("mine")
    copied = tn.copy_lessons(tmp_path)
    assert copied.kept == (tmp_path / "00_quickstart.ipynb",)
    assert (tmp_path / "00_quickstart.ipynb").read_text() == "mine"
    again = tn.copy_lessons(tmp_path)
    assert again.written == ()
    assert set(again.kept) == {*copied.written, *copied.kept}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"file: the lessons could not be written .*choose another folder"):
        tn.copy_lessons(tmp_path / "file")


# ---------------------------------------------------------------- where things lie


@pytest.mark.parametrize("installed", [True, False], ids=["wheel", "clone"])
def test_a_wheel_has_them_inside_the_package_and_a_clone_beside_it(
    installed: bool, tmp_path: Path, monkeypatch
) -> None:
    package = tmp_path / "site" / "tasnb"
    home = package if installed else package.parent
    (home / "data" / "paper").mkdir(parents=True)
    (home / "notebooks" / "lessons").mkdir(parents=True)
    monkeypatch.setattr(shipped, "PACKAGE", package)
    assert shipped.data_root() == home / "data"
    assert shipped.lessons_root() == home / "notebooks"


def test_where_neither_is_both_places_are_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path / "site" / "tasnb")
    (tmp_path / "site" / "notebooks").mkdir(parents=True)  # another project's, without lessons
    with pytest.raises(FileNotFoundError, match=r"tasnb/notebooks \(installed\) or .*site/notebooks \(clone\)"):
        shipped.lessons_root()
    with pytest.raises(FileNotFoundError, match="reinstall tasnb"):
        shipped.data_root()
