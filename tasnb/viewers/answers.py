"""``answer_view``: what a method answered, beside everything that is annotated in the picture; for any run.

tn.viewers.answer_view(tn.Run("outputs/runs/..."), 12)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.choices import require_known
from tasnb.core.masks import make_proposals, pairwise_intersection
from tasnb.core.types import Sample
from tasnb.datasets import Instance
from tasnb.evaluation.records import NO_PROPOSAL
from tasnb.evaluation.runs import Run
from tasnb.evaluation.samples import MissingCase, RunSamples
from tasnb.plots.sheets import Panel
from tasnb.viewers.record import LONGEST, uri
from tasnb.viewers.viewer import Viewer


class AnswerViewer(Viewer, module="answer_view", kind="view of an answer"):
    """What ``answer_view`` returns.

    Parameters
    ----------
    panels : sequence of Panel
        The answer and, where the data tell, the annotated things.
    instances : list of dict
        number, id, category, meant, iou, covered (share of the thing), inside (share of the answer), a row a thing.
    said : str
        What the answer is, in a sentence.
    """

    record = traitlets.Dict().tag(sync=True)

    def __init__(self, panels: Sequence[Panel], instances: list[dict[str, Any]], said: str) -> None:
        self._panels, self._said = tuple(panels), said
        figures = [
            {"name": p.title, "words": " ".join(p.notes), "uri": uri(p.pixels, LONGEST), "alt": p.title} for p in panels
        ]
        super().__init__(record={"said": said, "figures": figures, "instances": instances})

    @property
    def instances(self) -> list[dict[str, Any]]:
        """A row for each annotated thing."""
        return list(self.record["instances"])

    def picture(self) -> np.ndarray:
        """The panels side by side.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            The answer, and the annotated things with their numbers.
        """
        lines = [
            f"{each['number']}{' (meant)' if each['meant'] else ''} {each['category']}: IoU {each['iou']:.2f}"
            for each in self.instances
        ]
        return plots.sheet(self._said, self._panels, lines, columns=2, side=420)

    def words(self) -> str:
        """What is on screen.

        Returns
        -------
        str
            The sentence.
        """
        return self._said


def answer_view(
    run: Run, sample: int, *, method: str | None = None, samples: Sequence[Sample] | None = None
) -> AnswerViewer:
    """Show an answer beside everything annotated in the picture; neither models nor proposals are needed.

    Parameters
    ----------
    run : Run
        Any run, of imported answers too.
    sample : int
        Its number, as in the column ``sample``.
    method : str, optional
        Whose answer; default: the run's first method.
    samples : sequence of Sample, optional
        Those of the run, in its order; default: what run.json names.

    Returns
    -------
    AnswerViewer
        The widget.

    Raises
    ------
    ValueError, LookupError
        For an unknown method or sample, and where the picture is missing.
    """
    chosen = run.methods[0] if method is None else method
    require_known("method", chosen, run.methods)
    behind, rows = RunSamples(run, samples=samples), run.predictions()
    rows = rows[(rows["sample"] == sample) & (rows["method"] == chosen)].to_dict("records")
    if not rows:
        raise MissingCase(f"sample {sample}: {chosen} has no answer to it in this run")
    row, shown, mask = rows[0], behind.sample(sample), behind.answer(sample, chosen)
    if mask is not None and mask.shape != shown.image.shape[:2]:
        raise MissingCase(
            f"sample {sample}: its answer is of another size than the picture; are the samples the run's?"
        )
    number = max(int(row["chosen"]), 0)
    panels = [
        Panel(
            title="answer",
            pixels=plots.rims(shown.image, shown.target, mask, index=number),
            notes=("the target dashed, the answer tinted" if mask is not None else "the target dashed; no answer",),
        )
    ]
    try:
        instances, meant = behind.instances(sample)
    except MissingCase:
        instances, meant = [], ()
    if instances:
        things = make_proposals(np.stack([each.mask for each in instances]), source="annotations")
        panels.append(
            Panel(title="annotated", pixels=plots.numbered(shown.image, things), notes=("with their numbers",))
        )
    answered = "nothing" if mask is None or not mask.any() else f"IoU {row['iou']:.2f}"
    said = f"“{shown.expression}”: {chosen} answered with {answered}"
    if row["chosen"] != NO_PROPOSAL:
        said += f", mask {row['chosen']}"
    return AnswerViewer(panels, _shares(instances, meant, mask), f"{said}.")


def _shares(instances: Sequence[Instance], meant: Sequence[str], mask: np.ndarray | None) -> list[dict[str, Any]]:
    """What an answer has of each thing."""
    if not instances:
        return []
    masks = np.stack([each.mask for each in instances])
    answer = np.zeros(masks.shape[1:], dtype=bool) if mask is None else mask
    shared = pairwise_intersection(masks, answer[None])[:, 0]
    areas, own = masks.sum(axis=(1, 2)), int(answer.sum())
    return [
        {
            "number": number,
            "id": each.id,
            "category": each.category,
            "meant": each.id in meant,
            "iou": float(shared[number] / max(areas[number] + own - shared[number], 1)),
            "covered": float(shared[number] / max(areas[number], 1)),
            "inside": float(shared[number] / max(own, 1)),
        }
        for number, each in enumerate(instances)
    ]
