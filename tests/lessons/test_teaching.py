"""For teachers: the quiz's cases are what their names say, and marks are what the checks said."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

import tasnb as tn

teaching = tn.lesson("teaching")
build_up = tn.lesson("quickstart").build_up


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> tn.Store:
    return tn.Store(tmp_path_factory.mktemp("store"))


def test_each_case_is_what_its_name_says(reftoy_val, toy_models, store) -> None:
    found = teaching.cases(reftoy_val, toy_models, store=store, limit=40)
    assert len({sample.image_id for sample in found.values()}) == len(found) >= 3
    for kind, sample in found.items():
        steps = build_up(store.recall(tn.describe, sample.image, toy_models), sample.expression, toy_models)
        right = tn.iou(list(steps.values())[-1].mask, sample.target) >= 0.5
        assert right == ("right" in kind)
        chosen = [step.index for step in steps.values()]
        changed = [at for at in range(1, 4) if chosen[at] != chosen[at - 1]]
        part = ("V", "P", "N", "the spatial rectifier")[changed[-1] if changed else 0]
        assert not right or kind.startswith(f"{part} decides")


def test_the_cases_make_a_quiz(reftoy_val, toy_models, store) -> None:
    found = list(teaching.cases(reftoy_val, toy_models, store=store, limit=10).values())
    quiz = tn.viewers.predict(found, toy_models, store=store)
    assert quiz.expression == found[0].expression


def test_without_masks_there_is_no_case(reftoy_val, toy_models, store) -> None:
    own = tn.datasets.photo(reftoy_val[0].image, "the dog")
    assert teaching.cases([own], toy_models, store=store) == {}
    assert teaching.cases([], toy_models, store=store) == {}


def exercise(*outputs: nbformat.NotebookNode) -> nbformat.NotebookNode:
    cell = new_code_cell("x = ...", outputs=list(outputs))
    cell.metadata["tags"] = ["exercise"]
    return cell


RIGHT = new_output("execute_result", data={"text/plain": "Right. Because."})
OTHER = new_output("execute_result", data={"text/plain": "5"})
NOT_YET = new_output("error", ename="NotYet", evalue="Not yet.", traceback=[])
BROKEN = new_output("error", ename="NameError", evalue="x", traceback=[])


def test_marks_say_what_the_checks_said(tmp_path: Path) -> None:
    (tmp_path / "ada" / ".ipynb_checkpoints").mkdir(parents=True)
    first = new_notebook(cells=[exercise(RIGHT), new_code_cell("1", outputs=[BROKEN]), exercise(NOT_YET), exercise()])
    nbformat.write(first, tmp_path / "ada" / "00_quickstart.ipynb")
    nbformat.write(first, tmp_path / "ada" / ".ipynb_checkpoints" / "00_quickstart.ipynb")
    nbformat.write(new_notebook(cells=[exercise(BROKEN), exercise(OTHER)]), tmp_path / "emil.ipynb")
    (tmp_path / "torn.ipynb").write_text("{")
    found = teaching.marks(tmp_path)
    assert found.columns.tolist() == ["file", "1", "2", "3"]
    assert found.to_numpy().tolist() == [
        ["ada/00_quickstart.ipynb", "right", "not yet", "not run"],
        ["emil.ipynb", "error", "not run", ""],
        ["torn.ipynb", "unreadable", "", ""],
    ]


def test_an_empty_folder_has_no_marks_and_a_missing_one_is_named(tmp_path: Path) -> None:
    assert len(teaching.marks(tmp_path)) == 0
    with pytest.raises(FileNotFoundError, match="no such folder"):
        teaching.marks(tmp_path / "nowhere")
