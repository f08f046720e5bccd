"""For teachers: cases for the quiz ``predict``, and which exercises of a class are solved.

teaching = tn.lesson("teaching")
quiz = tn.viewers.predict(list(teaching.cases(samples, models).values()), models)
teaching.marks("handed_in")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasnb.core.masks import iou
from tasnb.core.types import Models, Sample
from tasnb.evaluation.metrics import is_right
from tasnb.pipeline.describe import describe
from tasnb.pipeline.variant import PAPER, weights_for
from tasnb.store import Store
from tasnb.viewers.deciding import NAMES, PARTS, decide

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = ("right", "not yet", "error", "not run")


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
    errors = [output.ename for output in outputs if output.output_type == "error"]
    if errors:
        return "not yet" if errors[-1] == "NotYet" else "error"
    said = [output.data.get("text/plain", "") for output in outputs if output.output_type == "execute_result"]
    return "right" if said and said[-1].startswith("Right.") else "not run"
