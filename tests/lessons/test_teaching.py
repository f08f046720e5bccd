"""For teachers: the quiz's cases are what their names say, and marks are what the checks said."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

import tasnb as tn
from tests.notebooks.pairs import is_exercise, lessons, read, solution_of

teaching = tn.lesson("teaching")
build_up = tn.lesson("quickstart").build_up


def test_each_case_is_what_its_name_says(reftoy_val, toy_models, warm_store) -> None:
    found = teaching.cases(reftoy_val, toy_models, store=warm_store, limit=40)
    assert len({sample.image_id for sample in found.values()}) == len(found) >= 3
    for kind, sample in found.items():
        steps = build_up(warm_store.recall(tn.describe, sample.image, toy_models), sample.expression, toy_models)
        right = tn.iou(list(steps.values())[-1].mask, sample.target) >= 0.5
        assert right == ("right" in kind)
        chosen = [step.index for step in steps.values()]
        changed = [at for at in range(1, 4) if chosen[at] != chosen[at - 1]]
        part = ("V", "P", "N", "the spatial rectifier")[changed[-1] if changed else 0]
        assert not right or kind.startswith(f"{part} decides")


def test_the_cases_make_a_quiz(reftoy_val, toy_models, warm_store) -> None:
    found = list(teaching.cases(reftoy_val, toy_models, store=warm_store, limit=10).values())
    quiz = tn.viewers.predict(found, toy_models, store=warm_store)
    assert quiz.expression == found[0].expression


def test_without_masks_there_is_no_case(reftoy_val, toy_models, warm_store) -> None:
    own = tn.datasets.photo(reftoy_val[0].image, "the dog")
    assert teaching.cases([own], toy_models, store=warm_store) == {}
    assert teaching.cases([], toy_models, store=warm_store) == {}


def exercise(*outputs: nbformat.NotebookNode) -> nbformat.NotebookNode:
    cell = new_code_cell("x = ...", outputs=list(outputs))
    cell.metadata["tags"] = ["exercise"]
    return cell


OPEN = new_output("error", ename="NotYet", evalue=tn.lesson("answers").OPEN + " Expected: a number", traceback=[])
PRINTED = new_output("stream", text="Right. Because.\n")
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
    nbformat.write(new_notebook(cells=[exercise(OPEN), exercise(PRINTED)]), tmp_path / "eva.ipynb")
    (tmp_path / "torn.ipynb").write_text("{")
    found = teaching.marks(tmp_path)
    assert found.columns.tolist() == ["file", "1", "2", "3"]
    assert found.to_numpy().tolist() == [
        ["ada/00_quickstart.ipynb", "right", "not yet", "not run"],
        ["emil.ipynb", "error", "not run", ""],
        ["eva.ipynb", "open", "right", ""],
        ["torn.ipynb", "unreadable", "", ""],
    ]


def test_an_empty_folder_has_no_marks_and_a_missing_one_is_named(tmp_path: Path) -> None:
    assert len(teaching.marks(tmp_path)) == 0
    with pytest.raises(FileNotFoundError, match="no such folder"):
        teaching.marks(tmp_path / "nowhere")


def test_marks_read_what_a_check_really_raises(tmp_path: Path) -> None:
    task = tn.lesson("answers").Exercise(1, expected="a number", hint="", recipe="")
    said = []
    for answer in (..., "three"):
        with pytest.raises(tn.lesson("answers").NotYet) as caught:
            task.number_of(answer)
        said.append(new_output("error", ename=type(caught.value).__name__, evalue=str(caught.value), traceback=[]))
    nbformat.write(new_notebook(cells=[exercise(each) for each in said]), tmp_path / "a.ipynb")
    assert teaching.marks(tmp_path).iloc[0].tolist() == ["a.ipynb", "open", "not yet"]


# --- nbgrader: the rules of its cell metadata, schema version 3, as its documentation and validator state them --------


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> list[Path]:
    return teaching.for_nbgrader(tmp_path_factory.mktemp("course"))


def problems_of(cell: nbformat.NotebookNode) -> list[str]:
    """What nbgrader would refuse in a cell."""
    about = cell.metadata.get("nbgrader")
    if about is None:
        return []
    found = [f"no {name}" for name in ("schema_version", "grade", "locked", "solution") if name not in about]
    allowed = {"schema_version", "grade", "locked", "solution", "task", "grade_id", "points", "checksum", "cell_type"}
    found += [f"unknown {name}" for name in set(about) - allowed]
    found += [
        f"{name} is no bool" for name in ("grade", "locked", "solution", "task") if about[name] not in (True, False)
    ]
    if about.schema_version != 3:
        found.append("another version")
    if not re.fullmatch(r"[a-zA-Z0-9_\-]+", about.get("grade_id", "")):
        found.append("no good grade_id")
    if about.grade != ("points" in about) or about.get("points", 0) < 0:
        found.append("points without a grade, a grade without points, or points below 0")
    if cell.cell_type == "markdown" and about.grade != about.solution and not about.task:
        found.append("a text that is graded has to be a solution too")
    if about.task and cell.cell_type != "markdown":
        found.append("a task that is no text")
    return found


def test_the_metadata_of_every_cell_are_what_nbgrader_asks_for(course: list[Path]) -> None:
    for path in course:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert [problem for cell in notebook.cells for problem in problems_of(cell)] == []
        ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
        assert len(set(ids)) == len(ids) == 3 * sum("exercise" in c.metadata.get("tags", []) for c in notebook.cells)


@pytest.mark.parametrize(
    "change",
    [{"points": -1}, {"grade": False}, {"grade_id": "a b"}, {"schema_version": 2}, {"task": True}, {"colour": "red"},
     {"locked": "yes"}],
)  # fmt: skip
def test_what_nbgrader_would_refuse_is_found(change: dict[str, object], course: list[Path]) -> None:
    cells = nbformat.read(course[0], as_version=4).cells
    check = next(cell for cell in cells if "nbgrader" in cell.metadata and cell.metadata.nbgrader.grade)
    assert problems_of(check) == []
    check.metadata.nbgrader.update(change)
    assert problems_of(check)


def test_the_course_lies_as_nbgrader_wants_it_and_holds_every_lesson(course: list[Path]) -> None:
    assert [path.stem for path in course] == [path.stem for path in lessons()]
    assert all(path.parts[-3:] == ("source", path.stem, path.name) for path in course)


def released(source: str) -> str:
    """What is left of a cell when nbgrader takes the solution out."""
    return re.sub(r"### BEGIN SOLUTION\n.*?\n### END SOLUTION", "# YOUR CODE HERE", source, flags=re.DOTALL)


def test_an_answer_holds_the_open_exercise_and_the_solution_and_the_check_is_locked(course: list[Path]) -> None:
    for path, lesson in zip(course, lessons(), strict=True):
        solved = {cell.id: cell.source for cell in read(solution_of(lesson)).cells}
        cells = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
        for cell in read(lesson).cells:
            if not is_exercise(cell):
                assert cells[cell.id] == cell
                continue
            made, check, why = (cells[cell.id + end] for end in ("", "-check", "-why"))
            last = cell.source.strip().splitlines()[-1]
            assert cell.source.startswith(released(made.source).split("\n\n# YOUR CODE HERE")[0])
            assert "..." in released(made.source)
            assert solved[cell.id].replace(last, "").strip() in made.source
            compile(made.source, path.name, "exec")
            assert check.source == f"print({last})"
            assert (made.metadata.nbgrader.locked, check.metadata.nbgrader.locked) == (False, True)
            assert (check.metadata.nbgrader.points, why.metadata.nbgrader.points) == (1, 2)
            assert released(why.source).startswith("**Why?**")


def test_a_course_is_never_written_over_and_points_are_checked(course: list[Path], tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="is there already"):
        teaching.for_nbgrader(course[0].parents[2])
    with pytest.raises(ValueError, match="0 or more"):
        teaching.for_nbgrader(tmp_path, points=-1)
    without = nbformat.read(teaching.for_nbgrader(tmp_path, points=3, why=0)[0], as_version=4)
    assert not [cell for cell in without.cells if cell.id.endswith("-why")]
    assert {c.metadata.nbgrader.points for c in without.cells if c.id.endswith("-check")} == {3}


def test_the_solution_of_an_answer_is_right_and_the_released_one_is_open() -> None:
    path = next(path for path in lessons() if path.stem == "02_v_score")
    source = next(cell for cell in read(path).cells if is_exercise(cell))
    solved = next(cell for cell in read(solution_of(path)).cells if is_exercise(cell)).source
    answer, check, _ = teaching._graded(source, solved, "02-exercise-1", 1, 2)
    space: dict[str, object] = {"lesson": tn.lesson("v_score")}
    exec(answer.source, space)
    exec(check.source, space)
    exec(released(answer.source), space)
    with pytest.raises(tn.lesson("answers").NotYet, match="No answer yet"):
        exec(check.source, space)
