"""For teachers: cases for the quiz ``predict``, which exercises of a class are solved, and lessons for nbgrader.

teaching = tn.lesson("teaching")
quiz = tn.viewers.predict(list(teaching.cases(samples, models).values()), models)
teaching.marks("handed_in")
teaching.for_nbgrader("my_course")
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasnb.core.masks import iou
from tasnb.core.shipped import lessons_root
from tasnb.core.types import Models, Sample
from tasnb.evaluation.metrics import is_right
from tasnb.pipeline.describe import describe
from tasnb.pipeline.variant import PAPER, weights_for
from tasnb.store import Store
from tasnb.viewers.deciding import NAMES, PARTS, decide

from .answers import OPEN

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = ("right", "not yet", "open", "error", "not run")


def cases(
    samples: Sequence[Sample], models: Models, *, store: Store | None = None, limit: int = 80
) -> dict[str, Sample]:
    """Cases that a class can discuss: for each part one that it decided and that is right, and one that is wrong.

    The first of each kind among the first ``limit`` samples with a known mask, each about another picture, in the order
    V, P, N, rectifier, wrong; a kind that does not occur is left out. The keys say what the case is about. Described
    pictures come from ``store`` (default ``Store()``).
    """
    store = Store() if store is None else store
    kinds = {part: f"{NAMES[part]} decides, and TAS is right" for part in PARTS} | {"wrong": "TAS is wrong"}
    found: dict[str, Sample] = {}
    for sample in samples[:limit]:
        if sample.target is None or sample.image_id in {known.image_id for known in found.values()}:
            continue
        artifacts = store.recall(describe, sample.image, models)
        decision = decide(artifacts, sample.expression, models, PAPER, weights_for(PAPER, models, sample.dataset))
        right = is_right(iou(decision.answer.mask, sample.target))
        found.setdefault(kinds[decision.part if right else "wrong"], sample)
        if len(found) == len(kinds):
            break
    return {kind: found[kind] for kind in kinds.values() if kind in found}


def marks(folder: Path | str) -> pd.DataFrame:
    """What the checks said in notebooks that were handed in: a row a notebook, below ``folder`` at any depth.

    file, then "1", "2", "3" for its exercises in order: one of VERDICTS, "" where the notebook has fewer. It reads what
    was saved and runs nothing, so a student must save after Run All, and an answer can be copied. A file that is no
    notebook has "unreadable" in its first place. Raises FileNotFoundError for a missing folder.
    """
    import nbformat
    import pandas as pd

    home = Path(folder)
    if not home.is_dir():
        raise FileNotFoundError(f"no such folder: {home}; expected one with the notebooks that were handed in")
    rows: list[dict[str, str]] = []
    for path in sorted(home.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        try:
            cells = nbformat.read(path, as_version=4).cells
        except Exception:  # a broken file fails in many ways, and the others must still be marked
            rows.append({"file": path.relative_to(home).as_posix(), "1": "unreadable"})
            continue
        said = [_verdict(cell) for cell in cells if "exercise" in cell.metadata.get("tags", [])]
        row = {str(place): verdict for place, verdict in enumerate(said, start=1)}
        rows.append({"file": path.relative_to(home).as_posix(), **row})
    columns = ["file", *(str(place) for place in range(1, max((len(row) for row in rows), default=1)))]
    return pd.DataFrame(rows, columns=columns).fillna("")


def _verdict(cell: Any) -> str:
    outputs = cell.get("outputs", [])
    errors = [output for output in outputs if output.output_type == "error"]
    if errors:
        if errors[-1].ename != "NotYet":
            return "error"
        return "open" if errors[-1].evalue.startswith(OPEN) else "not yet"
    said = [output.data.get("text/plain", "") for output in outputs if output.output_type == "execute_result"]
    said += [output.text for output in outputs if output.output_type == "stream"]  # as ``for_nbgrader`` writes it
    return "right" if said and said[-1].startswith("Right.") else "not run"


def for_nbgrader(folder: Path | str, *, points: float = 1, why: float = 2) -> list[Path]:
    """Write every lesson as the source of an nbgrader assignment: ``folder/source/LESSON/LESSON.ipynb``.

    Each exercise becomes an autograded answer (the open exercise, with the solution in a region that nbgrader takes
    out), a locked test with its check, worth ``points``, and a manually graded answer to "why?", worth ``why``
    (0: none). The metadata are nbgrader's schema version 3. Raises ValueError for points below 0, and
    FileExistsError for a notebook that is there already.
    """
    import nbformat

    if points < 0 or why < 0:
        raise ValueError(f"expected points of 0 or more, got {points:g} and {why:g}")
    written = []
    for path in sorted(lessons_root().glob("[0-9][0-9]_*.ipynb")):
        target = Path(folder) / "source" / path.stem / path.name
        if target.exists():
            raise FileExistsError(f"{target} is there already; choose another folder, or remove it")
        lesson, solution = (nbformat.read(each, as_version=4) for each in (path, path.parent / "solutions" / path.name))
        answers = {cell.id: cell.source for cell in solution.cells}
        cells, number = [], 0
        for cell in lesson.cells:
            if "exercise" not in cell.metadata.get("tags", []):
                cells.append(cell)
                continue
            number += 1
            cells += _graded(cell, answers[cell.id], f"{path.stem[:2]}-exercise-{number}", points, why)
        lesson.cells = cells
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(lesson, target)
        written.append(target)
    return written


def _graded(cell: Any, solved: str, name: str, points: float, why: float) -> Iterator[Any]:
    """An exercise cell as nbgrader's cells: answer, test, and the question why."""
    import nbformat

    def region(text: str) -> str:
        return f"### BEGIN SOLUTION\n{text}\n### END SOLUTION"

    def about(grade_id: str, *, solution: bool, worth: float | None) -> dict[str, Any]:
        graded = {} if worth is None else {"points": worth}
        return {"schema_version": 3, "grade_id": grade_id, "grade": worth is not None, "solution": solution,
                "locked": not solution, "task": False, **graded}  # fmt: skip

    (opened, check), (answer, _) = (source.rsplit("lesson.check_", 1) for source in (cell.source, solved))
    made = deepcopy(cell)
    made.source = f"{opened.strip()}\n\n{region(answer.strip())}"
    made.metadata = {"tags": ["raises-exception"], "nbgrader": about(name, solution=True, worth=None)}
    yield nbformat.from_dict(made)
    # printed, because nbgrader reads the value of a test as part of the points
    yield nbformat.v4.new_code_cell(
        f"print(lesson.check_{check.strip()})", id=f"{cell.id}-check",
        metadata={"tags": cell.metadata.tags, "nbgrader": about(f"{name}-check", solution=False, worth=points)},
    )  # fmt: skip
    if why:
        yield nbformat.v4.new_markdown_cell(
            f"**Why?** Explain your answer in one or two sentences.\n\n{region('Compare what the check says.')}",
            id=f"{cell.id}-why", metadata={"nbgrader": about(f"{name}-why", solution=True, worth=why)},
        )  # fmt: skip
