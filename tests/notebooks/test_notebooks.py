"""Every lesson and every solution: its form, and that it runs, without a network, failing where it should."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from PIL import Image

import tasnb as tn
from tests.notebooks.conftest import Kernel, errors_of
from tests.notebooks.pairs import FOLDER, SOLUTIONS, is_exercise, lessons, read, solution_of, solved

LESSONS = lessons()
NOTEBOOKS = [*LESSONS, *sorted(SOLUTIONS.glob("*.ipynb"))]
MAX_CELLS, MAX_BYTES, MAX_LINES, MAX_SETUP = 40, 100_000, 15, 5

each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: "-".join(p.with_suffix("").parts[-2:]))


def code_lines(source: str) -> list[str]:
    return [line for line in source.splitlines() if line.strip()]


def prose(notebook: nbformat.NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_every_lesson_has_a_solution_and_every_solution_its_lesson() -> None:
    assert LESSONS
    assert [path.name for path in LESSONS] == sorted(path.name for path in SOLUTIONS.glob("*.ipynb"))


def test_each_number_names_one_lesson() -> None:
    numbers = [path.name[:2] for path in LESSONS]
    assert len(set(numbers)) == len(numbers)


@each_lesson
def test_a_solution_differs_from_its_lesson_in_exercise_cells_only(path: Path) -> None:
    lesson, solution = read(path), read(solution_of(path))
    assert solved(lesson, solution) == solution, f"run: python -m tests.notebooks.pairs {path.stem}"
    pairs = zip(lesson.cells, solution.cells, strict=True)
    assert [a.id for a, b in pairs if is_exercise(a) and a.source == b.source] == []


@each_lesson
def test_a_lesson_has_two_or_three_exercises_each_open(path: Path) -> None:
    exercises = [cell for cell in read(path).cells if is_exercise(cell)]
    assert 2 <= len(exercises) <= 3
    assert all("# your answer" in cell.source and "check_" in cell.source for cell in exercises)
    code = [cell for cell in read(path).cells if cell.cell_type == "code" and not is_exercise(cell)]
    assert not [cell.id for cell in code if "# your answer" in cell.source or "check_" in cell.source]


@each_notebook
def test_it_is_stored_without_outputs_and_small(path: Path) -> None:
    notebook = read(path)
    assert not [c.id for c in notebook.cells if c.get("outputs") or c.get("execution_count")]
    assert "widgets" not in notebook.metadata
    assert len(notebook.cells) <= MAX_CELLS
    assert path.stat().st_size <= MAX_BYTES


@each_notebook
def test_set_up_has_at_most_five_lines_and_names_the_lesson_the_models_and_the_data(path: Path) -> None:
    first = next(cell for cell in read(path).cells if cell.cell_type == "code")
    lines = code_lines(first.source)
    assert len(lines) <= MAX_SETUP
    assert lines[0] == "import tasnb as tn"
    name = re.fullmatch(r'lesson = tn\.lesson\("(\w+)"\)', lines[1])
    assert name, lines[1]
    assert path.stem[3:].startswith(name[1])
    assert (FOLDER / "lessons" / f"{name[1]}.py").is_file()
    assert [line for line in lines[2:] if re.match(r'(models|preset) = .*"toy"', line)]
    assert [line for line in lines[2:] if line.startswith("samples = tn.datasets.load(")]


@each_notebook
def test_cells_read_aloud(path: Path) -> None:
    code = [c for c in read(path).cells if c.cell_type == "code"]
    assert [c.id for c in code if len(c.source.splitlines()) > MAX_LINES] == []
    assert [c.id for c in code if any(len(line) > 120 for line in c.source.splitlines())] == []


@each_notebook
def test_it_holds_no_absolute_path_and_no_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?:^|[\s\"'(=])/(?:home|work|tmp|usr|root|mnt|Users)\b|[A-Z]:\\\\|https?://|file:", text) == []


@each_lesson
def test_a_lesson_says_what_is_learned_predicts_explains_and_tells_what_failed(path: Path) -> None:
    text = prose(read(path))
    for part in (
        "# " + path.stem[:2],
        "What you will learn",
        "**Predict.**",
        "**Explain.**",
        "## What failed, and why",
    ):
        assert part in text, part
    assert "!" not in text.replace("!=", "")


@each_lesson
def test_references_are_numbered_and_every_number_that_is_cited_is_there(path: Path) -> None:
    text, references = prose(read(path)).split("## References")
    numbers = [int(n) for n in re.findall(r"^(\d+)\. .*\((?:19|20)\d\d\)", references, flags=re.M)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 2
    cited = {int(n) for group in re.findall(r"\[(\d+(?:, \d+)*)\]", text) for n in group.split(", ")}
    assert cited <= set(numbers)
    assert cited, "a reference that the text cites"


def test_the_table_of_contents_lists_every_lesson_with_its_seconds() -> None:
    contents = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in LESSONS:
        rows = [line for line in contents.splitlines() if f"({path.name})" in line]
        assert len(rows) == 1, path.name
        assert re.search(r"\| *\d+ min *\| *\d+ s *\|", rows[0]), rows[0]


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


@pytest.mark.slow
@each_lesson
def test_a_lesson_fails_at_its_open_exercises_only_and_each_says_why(
    path: Path, kernel: Kernel, record_property
) -> None:
    started = time.perf_counter()
    ran = kernel.run(read(path))
    record_property("seconds", round(time.perf_counter() - started, 1))
    failed = {cell.id: errors_of(cell) for cell in ran.cells if errors_of(cell)}
    wrong = {i: [f"{e.ename}: {e.evalue}" for e in found] for i, found in failed.items()}
    assert set(failed) == {cell.id for cell in ran.cells if is_exercise(cell)}, wrong
    for (error,) in failed.values():
        assert error.ename == "NotYet", error.evalue
        assert error.traceback[0] == "Not yet."  # the message alone, no frames
        assert not [line for line in error.traceback if "File " in line or "Traceback" in line]
        assert [line.split(":")[0] for line in error.traceback if not line.startswith("    ")][1] == "Expected"


@pytest.mark.slow
@each_lesson
def test_a_solution_runs_clean_and_every_check_says_right(path: Path, kernel: Kernel, record_property) -> None:
    started = time.perf_counter()
    ran = kernel.run(read(solution_of(path)))
    record_property("seconds", round(time.perf_counter() - started, 1))
    assert {c.id: e[0].evalue for c in ran.cells if (e := errors_of(c))} == {}
    for cell in (cell for cell in ran.cells if is_exercise(cell)):
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
        ("00_quickstart.ipynb", "copy", "copy/lessons"),
        ("solutions/03_p_score.ipynb", "copy/solutions", "copy/lessons"),
        ("00_quickstart.ipynb", "downloads", None),
    ],
    ids=["a copy", "a solution in a copy", "a single downloaded notebook"],
)
def test_a_lesson_runs_outside_the_clone(
    notebook: str, place: str, helpers: str | None, tmp_path: Path, notebook_cache: Path
) -> None:
    """From what ``tasnb lessons`` copies, with the helpers of the copy; and alone, with the shipped ones."""
    copied = tn.copy_lessons(tmp_path / "copy", solutions=True)
    assert tmp_path / "copy" / notebook in copied.written
    made = read(tmp_path / "copy" / notebook)
    made.cells.append(nbformat.v4.new_code_cell("print(lesson.__file__)"))
    (tmp_path / place).mkdir(exist_ok=True)
    kernel = Kernel(notebook_cache, tmp_path / place)
    try:
        ran = kernel.run(made)
    finally:
        kernel.close()
    open_exercises = [] if notebook.startswith("solutions") else [c.id for c in ran.cells if is_exercise(c)]
    wrong = {c.id: errors_of(c)[0].evalue for c in ran.cells if errors_of(c)}
    assert list(wrong) == open_exercises, wrong
    home = tmp_path / helpers if helpers else FOLDER / "lessons"
    assert Path(ran.cells[-1].outputs[0].text.strip()).parent == home


def test_a_solution_takes_every_other_cell_from_its_lesson() -> None:
    def cell(name: str, source: str, *, exercise: bool = False) -> nbformat.NotebookNode:
        tags = {"tags": ["exercise"]} if exercise else {}
        return nbformat.v4.new_code_cell(source, id=name, metadata=tags)

    lesson = nbformat.v4.new_notebook(cells=[cell("a", "x = 2"), cell("b", "y = ...", exercise=True)])
    old = nbformat.v4.new_notebook(cells=[cell("a", "x = 1"), cell("b", "y = 7", exercise=True)])
    assert [c.source for c in solved(lesson, old).cells] == ["x = 2", "y = 7"]
    with pytest.raises(KeyError):
        solved(lesson, nbformat.v4.new_notebook())


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
