"""Every lesson and every solution runs, without a network, and fails where it should; test_rules has their form."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from PIL import Image

import tasnb as tn
from tests.notebooks.conftest import Kernel, errors_of
from tests.notebooks.pairs import FOLDER, both, is_exercise, is_solved, lessons, read, solution_of

LESSONS = lessons()
each_lesson = pytest.mark.parametrize("ran", LESSONS, ids=lambda p: p.stem, indirect=True, scope="module")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("an address", "import socket; socket.create_connection(('203.0.113.1', 80), timeout=5)"),
        ("a name", "import socket; socket.getaddrinfo('example.org', 443)"),
        ("a download", "import urllib.request; urllib.request.urlopen('http://203.0.113.1/', timeout=5)"),
    ],
)
def test_the_kernel_cannot_reach(what: str, statement: str, kernel: Kernel) -> None:
    ran = kernel.run(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(statement)]))
    (error,) = errors_of(ran.cells[0])
    assert "the network is blocked in this kernel" in error.evalue


@pytest.mark.slow
def test_the_kernel_reaches_its_own_machine(kernel: Kernel) -> None:
    statement = (
        "import socket\nwith socket.create_server(('127.0.0.1', 0)) as server:\n"
        "    socket.create_connection(server.getsockname(), timeout=5).close()"
    )
    ran = kernel.run(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(statement)]))
    assert errors_of(ran.cells[0]) == []


@pytest.mark.slow
def test_a_notebook_leaves_no_names_for_the_next_one(kernel: Kernel) -> None:
    def cells(text: str) -> nbformat.NotebookNode:
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text)])

    assert errors_of(kernel.run(cells("answer = 1")).cells[0]) == []
    (error,) = errors_of(kernel.run(cells("answer")).cells[0])
    assert error.ename == "NameError"


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest, kernel: Kernel) -> nbformat.NotebookNode:
    """A lesson as it ran, each exercise open and then solved: its solution has every other cell from it, so that one
    run is that of both. test_rules holds that no later cell rests on what an exercise binds, open or solved."""
    return kernel.run(both(read(request.param), read(solution_of(request.param))))


@pytest.mark.slow
@each_lesson
def test_a_lesson_fails_at_its_open_exercises_only_and_each_says_why(ran: nbformat.NotebookNode) -> None:
    failed = {cell.id: errors_of(cell) for cell in ran.cells if errors_of(cell)}
    wrong = {i: [f"{e.ename}: {e.evalue}" for e in found] for i, found in failed.items()}
    assert set(failed) == {cell.id for cell in ran.cells if is_exercise(cell) and not is_solved(cell)}, wrong
    for (error,) in failed.values():
        assert error.ename == "NotYet", error.evalue
        # the message alone, no frames: that the exercise is open, and the kind of answer
        assert error.traceback[0] == "No answer yet."
        assert not [line for line in error.traceback if "File " in line or "Traceback" in line]
        assert [line.split(":")[0] for line in error.traceback if not line.startswith("    ")][1:] == ["Expected"]


@pytest.mark.slow
@each_lesson
def test_a_solution_runs_clean_and_every_check_says_right(ran: nbformat.NotebookNode) -> None:
    cells = [cell for cell in ran.cells if is_solved(cell) or not is_exercise(cell)]
    assert {c.id: e[0].evalue for c in cells if (e := errors_of(c))} == {}
    answers = [cell for cell in cells if is_solved(cell)]
    assert len(answers) == len([cell for cell in ran.cells if is_exercise(cell)]) / 2
    for cell in answers:
        said = [o.data["text/plain"] for o in cell.outputs if o.output_type == "execute_result"]
        assert len(said) == 1
        assert said[0].startswith("Right."), said
    warned = [o.text for c in ran.cells for o in c.get("outputs", []) if o.get("name") == "stderr"]
    # said once on a new machine, when its first figure takes long
    assert [text for text in warned if "Matplotlib is building the font cache" not in text] == []


@pytest.fixture(scope="module")
def other_models(tmp_path_factory: pytest.TempPathFactory, toy_folder: Path) -> Path:
    """A folder with a models.json, as somebody's own checkpoints."""
    parts = {
        "sam": {"checkpoint": str(toy_folder / "sam/model.safetensors"), "model": str(toy_folder / "sam/config.json")},
        "clip": str(toy_folder / "clip"), "captioner": str(toy_folder / "git"), "spacy": str(toy_folder / "spacy"),
        "wordnet": str(toy_folder / "wordnet"),
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("models")
    (folder / "models.json").write_text(json.dumps(parts))
    return folder


@pytest.fixture(scope="module")
def own_photos(tmp_path_factory: pytest.TempPathFactory, reftoy_val) -> list[tuple[str, str, str]]:
    """Two pictures with their masks as files, and every expression about them."""
    folder, rows = tmp_path_factory.mktemp("photos"), []
    first_two = list(dict.fromkeys(reftoy_val.image_ids))[:2]
    for sample in reftoy_val[: sum(name in first_two for name in reftoy_val.image_ids)]:
        photo, mask = folder / f"{sample.image_id}.png", folder / f"{sample.sample_id}-mask.png"
        Image.fromarray(sample.image).save(photo)
        Image.fromarray(sample.target).save(mask)
        rows.append((str(photo), sample.expression, str(mask)))
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("name", ["00_quickstart", "01_mask_proposals", "02_v_score", "03_p_score"])
def test_one_line_switches_to_other_models_and_one_to_own_photos(
    name: str, kernel: Kernel, other_models: Path, own_photos: list[tuple[str, str, str]]
) -> None:
    notebook = read(FOLDER / f"{name}.ipynb")
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = first.source.replace('"toy"', repr(str(other_models)))
    lines = [
        f"samples = tn.datasets.photos(*{own_photos!r})" if line.startswith("samples = ") else line
        for line in first.source.splitlines()
    ]
    assert lines != first.source.splitlines()
    first.source = "\n".join(lines)
    ran = kernel.run(notebook)
    wrong = {c.id: errors_of(c)[0].evalue for c in ran.cells if errors_of(c) and not is_exercise(c)}
    assert wrong == {}


@pytest.mark.slow
def test_a_photo_without_a_mask_is_enough_for_the_first_lesson(kernel: Kernel, own_photos) -> None:
    notebook = read(LESSONS[0])
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    lines = first.source.splitlines()
    lines[3] = f"samples = tn.datasets.photos(({own_photos[0][0]!r}, 'the thing on the <b>left</b> \\N{{DUCK}}'))"
    first.source = "\n".join(lines)
    ran = kernel.run(notebook)
    assert [c.id for c in ran.cells if errors_of(c)] == [c.id for c in ran.cells if is_exercise(c)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("notebook", "place", "helpers"),
    [
        ("solutions/03_p_score.ipynb", "copy/solutions", "copy/lessons"),
        ("00_quickstart.ipynb", "downloads", None),
    ],
    ids=["a solution in a copy", "a single downloaded notebook"],
)
def test_a_lesson_runs_outside_the_clone(
    notebook: str, place: str, helpers: str | None, tmp_path: Path, kernel: Kernel
) -> None:
    """From what ``tasnb lessons`` copies, with the helpers of the copy; and alone, with the shipped ones."""
    copied = tn.copy_lessons(tmp_path / "copy", solutions=True)
    assert tmp_path / "copy" / notebook in copied.written
    made = read(tmp_path / "copy" / notebook)
    made.cells.append(nbformat.v4.new_code_cell("print(lesson.__file__)"))
    (tmp_path / place).mkdir(exist_ok=True)
    ran = kernel.run(made, tmp_path / place)
    open_exercises = [] if notebook.startswith("solutions") else [c.id for c in ran.cells if is_exercise(c)]
    wrong = {c.id: errors_of(c)[0].evalue for c in ran.cells if errors_of(c)}
    assert list(wrong) == open_exercises, wrong
    home = tmp_path / helpers if helpers else FOLDER / "lessons"
    assert Path(ran.cells[-1].outputs[0].text.strip()).parent == home


@pytest.mark.slow
def test_a_kernel_that_dies_is_replaced_for_the_next_notebook(tmp_path: Path) -> None:
    def cells(text: str) -> nbformat.NotebookNode:
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text)])

    kernel = Kernel(tmp_path)
    try:
        with pytest.raises(DeadKernelError):
            kernel.run(cells("import os; os._exit(1)"))
        assert kernel.run(cells("print(6 * 7)")).cells[0].outputs[0].text == "42\n"
    finally:
        kernel.close()
