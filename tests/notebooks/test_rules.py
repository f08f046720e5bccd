"""Every sentence of "For those who write lessons" in notebooks/README.md: each lesson keeps it, a breach is found."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest

from tests.notebooks.pairs import FOLDER, SLIDES, TAG, is_exercise, lessons, read, solution_of, solved

MAX_CELLS, MAX_BYTES, MAX_LINES, MAX_WIDTH, MAX_SETUP, MAX_WORDS = 50, 100_000, 15, 120, 5, 45
SWITCHES = {"models", "preset", "samples", "store"}
SECTION = (FOLDER / "README.md").read_text(encoding="utf-8").split("## For those who write lessons\n")[1]
# a figure with decimals in the prose of a lesson, and where it comes from
FIGURES = {
    "settings: alpha, lambda, thresholds of IoU, of shares and of similarity": "0.0 0.1 0.3 0.4 0.5 0.7 0.8 0.9",
    "sections of the paper": "3.3 3.4 4.5",
    "the paper's Table 4, and its seconds an image": "2.93 1.09 2.81 1.88 3.63",
    "WordNet's path similarity, held by tests/lessons/test_negatives.py": "0.33 0.50",
    "docs/method.md: ties": "52.6 16.4 98.3 97.2 37.1 41.6",
    "an example of two centres": "10.2 10.8",
    "GB, of tasnb fetch": "1.7",
}
KNOWN = {figure for figures in FIGURES.values() for figure in figures.split()}


@dataclass
class Lesson:
    """A lesson as its rules see it; a copy may be changed."""

    stem: str
    notebook: nbformat.NotebookNode
    solution: nbformat.NotebookNode
    size: int
    more_helpers: str = ""  # code behind that of the lesson's module
    contents: str = field(default_factory=lambda: (FOLDER / "README.md").read_text(encoding="utf-8"))

    @property
    def code(self) -> list[nbformat.NotebookNode]:
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    @property
    def exercises(self) -> list[nbformat.NotebookNode]:
        return [cell for cell in self.notebook.cells if is_exercise(cell)]

    @property
    def prose(self) -> str:
        return "\n\n".join(cell.source for cell in self.notebook.cells if cell.cell_type == "markdown")


def loaded(path: Path) -> Lesson:
    return Lesson(path.stem, read(path), read(solution_of(path)), path.stat().st_size)


def tree(source: str) -> ast.Module:
    return ast.parse(re.sub(r"^%.*$", "", source, flags=re.MULTILINE))


def bound(source: str) -> set[str]:
    """The names that a cell gives a value, imports or defines."""
    found: set[str] = set()
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(each.asname or each.name).split(".")[0] for each in node.names}
    return found


def imported(source: str) -> set[str]:
    nodes = [node for node in ast.walk(tree(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(each.asname or each.name).split(".")[0] for node in nodes for each in node.names}


def used(source: str) -> set[str]:
    return {n.id for n in ast.walk(tree(source)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def words_only(text: str) -> str:
    """Prose without code, formulas and blocks of commands."""
    return re.sub(r"`[^`]*`|\$[^$]*\$|^ {4}.*$", "", text, flags=re.MULTILINE)


# --- form -------------------------------------------------------------------------------------------------------------


def size(lesson: Lesson) -> Iterator[str]:
    for notebook in (lesson.notebook, lesson.solution):
        if len(notebook.cells) > MAX_CELLS:
            yield f"{len(notebook.cells)} cells"
        for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
            lines = cell.source.splitlines()
            if len(lines) > MAX_LINES or any(len(line) > MAX_WIDTH for line in lines):
                yield f"{cell.id}: {len(lines)} lines, {max(map(len, lines))} characters"
            if cell.outputs or cell.execution_count:
                yield f"{cell.id} has outputs"
        if "widgets" in notebook.metadata:
            yield "widgets are stored"
    if lesson.size > MAX_BYTES:
        yield f"{lesson.size} bytes"


def no_place(lesson: Lesson) -> Iterator[str]:
    for text in map(nbformat.writes, (lesson.notebook, lesson.solution)):
        yield from re.findall(
            r"(?:^|[\s\"'(=])/(?:home|work|tmp|usr|root|mnt|Users)\b|[A-Z]:\\\\|https?://|file:", text
        )


def set_up(lesson: Lesson) -> Iterator[str]:
    lines = [line for line in lesson.code[0].source.splitlines() if line.strip()]
    if len(lines) > MAX_SETUP:
        yield f"{len(lines)} lines of set-up"
    name = re.fullmatch(r'lesson = tn\.lesson\("(\w+)"\)', lines[1])
    if lines[0] != "import tasnb as tn" or not name:
        yield f"begins with {lines[:2]}"
    elif not lesson.stem[3:].startswith(name[1]) or not (FOLDER / "lessons" / f"{name[1]}.py").is_file():
        yield f"no module {name[1]} of this lesson"
    if not any(re.match(r'(models|preset) = .*"toy"', line) for line in lines):
        yield "no line for the models"
    if not any(line.startswith("samples = tn.datasets.load(") for line in lines):
        yield "no line for the samples"
    if any("store" in used(cell.source) for cell in lesson.code) and "store = tn.Store()" not in lines:
        yield "no line for the store"


def one_switch(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.code[1:]:
        yield from (f"{cell.id} sets {name}" for name in bound(cell.source) & SWITCHES)


# --- parts ------------------------------------------------------------------------------------------------------------


def heading(lesson: Lesson) -> Iterator[str]:
    first = lesson.notebook.cells[0].source
    if not re.match(rf"# {lesson.stem[:2]} · \w", first) or "**What you will learn**" not in first:
        yield f"begins with {first[:40]!r}"


def cycle(lesson: Lesson) -> Iterator[str]:
    cells = lesson.notebook.cells
    if not re.search(r"\*\*Predict\.\*\*", lesson.prose) or not re.search(r"\*\*Explain\.\*\*", lesson.prose):
        yield "no prediction, or no explanation"
    for before, cell, after in zip([None, *cells], cells, [*cells[1:], None], strict=False):
        if "**Predict.**" in cell.source and (after is None or after.cell_type != "code"):
            yield f"{cell.id} predicts what no cell shows"
        if "**Explain.**" in cell.source and (before is None or before.cell_type != "code"):
            yield f"{cell.id} explains what no cell has shown"


def ending(lesson: Lesson) -> Iterator[str]:
    if "## What failed, and why" not in lesson.prose:
        yield "nothing failed"
    text, *rest = lesson.prose.split("## References")
    if len(rest) != 1 or not lesson.notebook.cells[-1].source.startswith("## References"):
        yield "the references are not the end"
        return
    numbers = [int(n) for n in re.findall(r"^(\d+)\. .*\((?:19|20)\d\d\)", rest[0], flags=re.MULTILINE)]
    cited = {int(n) for group in re.findall(r"\[(\d+(?:, \d+)*)\]", text) for n in group.split(", ")}
    if len(numbers) < 2 or numbers != list(range(1, len(numbers) + 1)):
        yield f"references {numbers}"
    if not cited or not cited <= set(numbers):
        yield f"cited: {sorted(cited)}"


def plain(lesson: Lesson) -> Iterator[str]:
    text = re.sub(r"\n(?:- |\d+\. )|\n\n", ". ", words_only(lesson.prose.split("## References")[0]))
    for sentence in re.split(r"(?<=[.?:])\s", text):
        if len(sentence.split()) > MAX_WORDS:
            yield f"{len(sentence.split())} words: {sentence[:60]}"
        if "!" in sentence:
            yield sentence


# --- numbers and code -------------------------------------------------------------------------------------------------


def figures(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.notebook.cells:
        if cell.cell_type == "markdown" and not cell.source.startswith("## References"):
            found = re.findall(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)", words_only(cell.source))
            yield from (f"{cell.id}: {figure}" for figure in found if figure not in KNOWN)


def definitions(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.code:
        kinds = (ast.FunctionDef, ast.ClassDef)
        if not is_exercise(cell) and any(isinstance(node, kinds) for node in ast.walk(tree(cell.source))):
            yield f"{cell.id} defines something"


def pictures(lesson: Lesson) -> Iterator[str]:
    yield from (f"{cell.id} calls imshow" for cell in lesson.code if "imshow" in cell.source)


# --- exercises --------------------------------------------------------------------------------------------------------


def tags(lesson: Lesson) -> Iterator[str]:
    if not 2 <= len(lesson.exercises) <= 4:
        yield f"{len(lesson.exercises)} exercises"
    for cell in lesson.exercises:
        if cell.cell_type != "code" or "raises-exception" not in cell.metadata.tags:
            yield f"{cell.id}: {cell.metadata.tags}"


def asked(lesson: Lesson) -> Iterator[str]:
    """Prose asks each exercise by its number, and the next exercise cell is the one that it asks for."""
    waiting, number = "", 0
    for cell in lesson.notebook.cells:
        found = re.findall(r"\*\*Exercise (\d+)\.\*\*", cell.source) if cell.cell_type == "markdown" else []
        if waiting and found:
            yield f"exercise {waiting} has no cell"
        waiting = found[-1] if found else waiting
        if is_exercise(cell):
            number += 1
            if waiting != str(number):
                yield f"{cell.id}: exercise {number} is asked as {waiting or 'none'}"
            waiting = ""
    if waiting:
        yield f"exercise {waiting} has no cell"


def blank(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.code:
        last = cell.source.strip().splitlines()[-1]
        dots, check = re.search(r"\.\.\.,?  # your answer", cell.source) is not None, last.startswith("lesson.check_")
        if is_exercise(cell) != dots or is_exercise(cell) != check or is_exercise(cell) != ("check_" in cell.source):
            yield f"{cell.id}: {last}"


def at_hand(lesson: Lesson) -> Iterator[str]:
    answers = {cell.id: cell for cell in lesson.solution.cells}
    known: set[str] = set()
    for cell in lesson.code:
        known |= imported(cell.source)
        if is_exercise(cell):
            missing = imported(answers[cell.id].source) - known
            yield from (f"{cell.id} needs {name}" for name in sorted(missing))
            known -= imported(cell.source)  # the next one may not rest on it


def runs_on(lesson: Lesson) -> Iterator[str]:
    answers = {cell.id: cell for cell in lesson.solution.cells}
    of_exercises: set[str] = set()  # what the last to bind it was an exercise, open or solved
    for cell in lesson.code:
        if is_exercise(cell):
            of_exercises |= bound(cell.source) | bound(answers[cell.id].source)
        else:
            of_exercises -= bound(cell.source)
            yield from (f"{cell.id} uses {name}" for name in used(cell.source) & of_exercises)


def slips_in(source: str) -> Iterator[str]:
    """What a module says that wrong answers look like."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Call):
            said = [word.value for word in node.keywords if word.arg == "looks_like"]
            said += node.args[1:2] if isinstance(node.func, ast.Name) and node.func.id == "Slip" else []
            parts = [part for each in said for part in ast.walk(each) if isinstance(part, ast.Constant)]
            yield from (part.value for part in parts if isinstance(part.value, str) and len(part.value) > 12)


def checked(lesson: Lesson) -> Iterator[str]:
    module = re.search(r'tn\.lesson\("(\w+)"\)', lesson.code[0].source)[1]
    tests = tree((FOLDER.parent / "tests" / "lessons" / f"test_{module}.py").read_text(encoding="utf-8"))
    bodies = [ast.unparse(node) for node in ast.walk(tests) if isinstance(node, ast.FunctionDef)]
    for check in re.findall(r"lesson\.(check_\w+)", "\n".join(cell.source for cell in lesson.exercises)):
        mine = [body for body in bodies if f"lesson.{check}(" in body]
        if not any(re.search(r", Right\)|\.because|repr\(", body) for body in mine):
            yield f"no right answer for {check}"
        if not any("NotYet" in body for body in mine):
            yield f"no wrong answer for {check}"
    texts = [node.value for node in ast.walk(tests) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for slip in slips_in((FOLDER / "lessons" / f"{module}.py").read_text(encoding="utf-8") + lesson.more_helpers):
        if not any(len(text) > 4 and text in slip for text in texts):
            yield f"no test of the slip {slip!r}"


# --- solutions, slides, contents --------------------------------------------------------------------------------------


def pair(lesson: Lesson) -> Iterator[str]:
    if solved(lesson.notebook, lesson.solution) != lesson.solution:
        yield f"run: python -m tests.notebooks.pairs {lesson.stem}"
    for ours, theirs in zip(lesson.notebook.cells, lesson.solution.cells, strict=False):
        if is_exercise(ours) and ours.source == theirs.source:
            yield f"{ours.id} is not solved"


def slides(lesson: Lesson) -> Iterator[str]:
    if lesson.stem not in SLIDES:
        return
    for cell in lesson.notebook.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if cell.cell_type == "code":
            fits = kind in {"-", "subslide", "fragment"}
        elif cell.source.startswith("## References"):
            fits = kind == "skip"
        elif cell.source.startswith("#"):
            fits = kind == "slide"
        else:
            fits = kind == ("fragment" if cell.source.startswith("**Explain.**") else "subslide")
        if not fits:
            yield f"{cell.id}: {kind}"


def listed(lesson: Lesson) -> Iterator[str]:
    rows = [line for line in lesson.contents.splitlines() if f"({lesson.stem}.ipynb)" in line]
    if len(rows) != 1 or not re.search(r"\| *\d+ min *\| *\d+ s *\|", rows[0]):
        yield f"rows: {rows}"


# --- breaches ---------------------------------------------------------------------------------------------------------


def cell_of(lesson: Lesson, kind: Callable[[Any], bool]) -> Any:
    return next(cell for cell in lesson.notebook.cells if kind(cell))


def is_code(cell: Any) -> bool:
    return cell.cell_type == "code"


def add(source: str, *, after: int | None = None) -> Callable[[Lesson], None]:
    """A code cell more: behind the last exercise, or in another place."""

    def change(lesson: Lesson) -> None:
        last = max(place for place, cell in enumerate(lesson.notebook.cells) if is_exercise(cell))
        place = last + 1 if after is None else after
        lesson.notebook.cells.insert(place, nbformat.v4.new_code_cell(source, id="added"))

    return change


def say(text: str) -> Callable[[Lesson], None]:
    def change(lesson: Lesson) -> None:
        lesson.notebook.cells[0].source += f"\n\n{text}"

    return change


def swap(kind: Callable[[Any], bool], old: str, new: str) -> Callable[[Lesson], None]:
    def change(lesson: Lesson) -> None:
        cell = cell_of(lesson, lambda cell: kind(cell) and old in cell.source)
        cell.source = cell.source.replace(old, new)

    return change


def anywhere(cell: Any) -> bool:
    return True


def put(name: str, value: Any) -> Callable[[Lesson], None]:
    return lambda lesson: setattr(lesson, name, value)


def tag(*tags: str) -> Callable[[Lesson], None]:
    return lambda lesson: cell_of(lesson, is_exercise).metadata.update(tags=list(tags))


def leave_one(lesson: Lesson) -> None:
    for cell in lesson.exercises[1:]:
        cell.metadata.tags = []


def no_slide(lesson: Lesson) -> None:
    del lesson.notebook.cells[1].metadata["slideshow"]


def solve_nothing(lesson: Lesson) -> None:
    lesson.solution = deepcopy(lesson.notebook)


def store_an_output(lesson: Lesson) -> None:
    cell_of(lesson, is_code).outputs = [nbformat.v4.new_output("stream", text="5")]


def import_in_solution(lesson: Lesson) -> None:
    next(cell for cell in lesson.solution.cells if is_exercise(cell)).source = "import scipy\n"


def rest_on_open(lesson: Lesson) -> None:
    add(f"print({min(bound(cell_of(lesson, is_exercise).source))})")(lesson)


def rest_on_what_it_overwrote(lesson: Lesson) -> None:
    add(f"{min(bound(cell_of(lesson, is_exercise).source))} = 1", after=0)(lesson)
    rest_on_open(lesson)


def rest_on_solved(lesson: Lesson) -> None:
    next(cell for cell in lesson.solution.cells if is_exercise(cell)).source += "\nby_the_way = 1"
    add("print(by_the_way)")(lesson)


class Rule(NamedTuple):
    """How a sentence of the README begins, what finds a breach of it, and breaches."""

    begins: str
    problems: Callable[[Lesson], Iterator[str]]
    breaches: Sequence[Callable[[Lesson], None]]


RULES = [
    Rule("At most 50 cells", size, [
        lambda lesson: [add("1")(lesson) for _ in range(MAX_CELLS)] and None, add("\n".join(["1"] * 16)),
        add(f"x = '{'x' * 120}'"), put("size", MAX_BYTES + 1), store_an_output,
        lambda lesson: lesson.notebook.metadata.update(widgets={}),
    ]),
    Rule("No absolute path", no_place, [say("See https://example.org."), add('open("/home/ada/x.png")')]),
    Rule("The first code cell", set_up, [
        swap(is_code, "import tasnb as tn", "import tasnb"), swap(is_code, 'tn.lesson("', 'tn.lesson("x'),
        swap(is_code, "models = ", "toys = "), swap(is_code, "samples = ", "sample = "),
        swap(is_code, "store = ", "shop = "), swap(is_code, "import tasnb as tn", "import tasnb as tn\n1\n2\n3"),
    ]),
    Rule("No other cell gives", one_switch, [add("samples = samples[:3]")]),
    Rule("The heading", heading, [swap(anywhere, " · ", ": "), swap(anywhere, "What you will learn", "Aims")]),
    Rule("`**Predict.**`", cycle, [
        lambda lesson: lesson.notebook.cells.insert(1, nbformat.v4.new_markdown_cell("**Predict.** x")),
        lambda lesson: lesson.notebook.cells.insert(1, nbformat.v4.new_markdown_cell("**Explain.** x")),
    ]),
    Rule("`## What failed", ending, [
        swap(anywhere, "## What failed, and why", "## The end"), add("1", after=1000), say("So they say [9]."),
        swap(anywhere, "(2021)", "(no year)"),
    ]),
    Rule("Plain English", plain, [say("Great!"), say("word " * 46)]),
    Rule("The toy weights", figures, [say("Here it gains 4.83 points.")]),
    Rule("A figure with decimals", figures, [say("The gap is 0.23.")]),
    Rule("A definition", definitions, [add("def f():\n    return 1")]),
    Rule("`tn.plots.strip", pictures, [add("import matplotlib.pyplot as plt\nplt.imshow(image)")]),
    Rule("Two to four", tags, [tag("exercise"), leave_one]),
    Rule("Prose asks", asked, [
        swap(anywhere, "**Exercise 2.**", "**Exercise 3.**"), swap(anywhere, "**Exercise 1.**", "So"),
        say("**Exercise 1.** Nothing."),
    ]),
    Rule("It holds", blank, [
        swap(is_exercise, "# your answer", "# here"), add("x = ...  # your answer"), add("lesson.check_all(3)"),
    ]),
    Rule("What its solution", at_hand, [import_in_solution]),
    Rule("No later cell", runs_on, [rest_on_open, rest_on_what_it_overwrote, rest_on_solved]),
    Rule("`tests/lessons` gives", checked, [
        swap(is_exercise, "lesson.check_", "lesson.check_un"),
        put("more_helpers", '\nSlip(1, "a slip of which no test knows", "")'),
    ]),
    Rule("The same notebook", pair, [say("One more."), solve_nothing]),
    Rule("In the lessons of `SLIDES`", slides, [no_slide]),
    Rule("The table above", listed, [put("contents", ""), put("contents", "(00_quickstart.ipynb) | soon |")]),
]  # fmt: skip
# sentences about checks and about a command, and the test that holds them
ELSEWHERE = {
    "Each exercise is an `Exercise`": "lessons/test_exercises.py::test_every_lesson_has_a_hint_for_each",
    "An open exercise is told": "lessons/test_exercises.py::test_an_open_exercise_tells_the_kind_of_answer",
    "A wrong answer is told": "lessons/test_answers.py::test_a_wrong_answer_is_told_with_its_slip",
    "The check computes": "notebooks/test_notebooks.py::test_a_solution_runs_clean_and_every_check_says_right",
    "After an edit": "notebooks/test_rules.py::test_a_solution_takes_every_other_cell_from_its_lesson",
}
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.begins.strip('`*# ')[:24]}")


@pytest.fixture(scope="module")
def every() -> list[Lesson]:
    return [loaded(path) for path in lessons()]


def sentences() -> list[str]:
    """The sentences of the README's list, without the bold name of each bullet."""
    bullets = re.findall(r"^- \*\*\w+\.\*\* (.*?)(?=^- |\Z)", SECTION, flags=re.MULTILINE | re.DOTALL)
    hidden = [
        re.sub(r"`[^`]*`|\*\*[^*]*\*\*", lambda m: m[0].replace(". ", ".\0"), " ".join(b.split())) for b in bullets
    ]
    return [part.replace("\0", " ") for text in hidden for part in re.split(r"(?<=\.) (?=[A-Z`*])", text)]


@each_rule
def test_every_lesson_keeps(rule: Rule, every: list[Lesson]) -> None:
    assert {lesson.stem: found for lesson in every if (found := list(rule.problems(lesson)))} == {}


@pytest.mark.parametrize(
    ("rule", "breach"),
    [pytest.param(rule, breach, id=f"{rule.begins.strip('`*# ')[:24]}-{number}")
     for rule in RULES for number, breach in enumerate(rule.breaches)],
)  # fmt: skip
def test_a_lesson_that_breaks_it_is_found(rule: Rule, breach: Callable[[Lesson], None], every: list[Lesson]) -> None:
    lesson = deepcopy(every[0])
    assert list(rule.problems(lesson)) == []
    breach(lesson)
    assert list(rule.problems(lesson))


def test_every_sentence_of_the_list_has_a_rule_and_every_rule_its_sentence() -> None:
    begins = [*(rule.begins for rule in RULES), *ELSEWHERE]
    assert [said for said in sentences() if not any(said.startswith(begin) for begin in begins)] == []
    assert [begin for begin in begins if not any(said.startswith(begin) for said in sentences())] == []


@pytest.mark.parametrize("place", ELSEWHERE.values())
def test_what_is_held_elsewhere_is_held(place: str) -> None:
    file, name = place.split("::")
    assert f"\ndef {name}" in (FOLDER.parent / "tests" / file).read_text(encoding="utf-8")


def test_every_figure_that_is_allowed_stands_in_a_lesson(every: list[Lesson]) -> None:
    prose = " ".join(words_only(lesson.prose) for lesson in every)
    assert [figure for figure in sorted(KNOWN) if not re.search(rf"(?<!\d){re.escape(figure)}(?!\d)", prose)] == []


def test_every_lesson_has_a_solution_and_every_solution_its_lesson() -> None:
    assert lessons()
    assert all(solution_of(path).is_file() for path in lessons())
    assert len(list((FOLDER / "solutions").glob("*.ipynb"))) == len(lessons())
    assert len({path.name[:2] for path in lessons()}) == len(lessons()), "a number names one lesson"


def test_the_lessons_with_slides_are_lessons() -> None:
    assert {path.stem for path in lessons()} >= SLIDES


def test_a_solution_takes_every_other_cell_from_its_lesson() -> None:
    def cell(name: str, source: str, *, exercise: bool = False) -> nbformat.NotebookNode:
        return nbformat.v4.new_code_cell(source, id=name, metadata={"tags": [TAG]} if exercise else {})

    lesson = nbformat.v4.new_notebook(cells=[cell("a", "x = 2"), cell("b", "y = ...", exercise=True)])
    old = nbformat.v4.new_notebook(cells=[cell("a", "x = 1"), cell("b", "y = 7", exercise=True)])
    assert [c.source for c in solved(lesson, old).cells] == ["x = 2", "y = 7"]
    with pytest.raises(KeyError):
        solved(lesson, nbformat.v4.new_notebook())
