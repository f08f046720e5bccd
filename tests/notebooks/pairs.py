"""A lesson and its solution: the same notebook, but for the cells tagged ``exercise``.

    python -m tests.notebooks.pairs 02_v_score

writes the solution anew after an edit of the lesson: every cell from the lesson, the exercise cells, matched by their
id, from the solution that was there.
"""

from __future__ import annotations

import sys
from copy import deepcopy
from itertools import pairwise
from pathlib import Path

import nbformat

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
SOLUTIONS = FOLDER / "solutions"
TAG = "exercise"
SOLVED = "-solved"
SLIDES = {"00_quickstart", "05_spatial_rectifier", "11_when_does_it_help"}  # the lessons that nbconvert makes slides of


def lessons() -> list[Path]:
    """The students' notebooks, in their order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))


def solution_of(lesson: Path) -> Path:
    return SOLUTIONS / lesson.name


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def is_exercise(cell: nbformat.NotebookNode) -> bool:
    return TAG in cell.metadata.get("tags", [])


def solved(lesson: nbformat.NotebookNode, solution: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The lesson with the solution's exercise cells. Raises KeyError for an exercise that is not solved."""
    made, answers = deepcopy(lesson), {cell.id: cell for cell in solution.cells if is_exercise(cell)}
    for cell in made.cells:
        if is_exercise(cell):
            cell.source = answers[cell.id].source
    return made


def both(lesson: nbformat.NotebookNode, solution: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The lesson with each exercise cell twice: open, and behind it solved (``is_solved``)."""
    made = deepcopy(lesson)
    pairs = zip(lesson.cells, solved(lesson, solution).cells, strict=True)
    made.cells = [
        deepcopy(each) for ours, theirs in pairs for each in ([ours, theirs] if is_exercise(ours) else [ours])
    ]
    for before, cell in pairwise(made.cells):
        if cell.id == before.id:
            cell.id += SOLVED
    return made


def is_solved(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell of ``both`` is the solved one of its two."""
    return str(cell.id).endswith(SOLVED)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        place = FOLDER / f"{Path(name).stem}.ipynb"
        text = nbformat.writes(solved(read(place), read(solution_of(place))), indent=1)
        solution_of(place).write_text(text.rstrip("\n") + "\n", encoding="utf-8")
        print(f"wrote {solution_of(place)}")
