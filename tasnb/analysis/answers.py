"""Why answers failed, without scores: each against everything that is annotated in its picture.

    found = tn.analysis.attribute(run, method="clip-only", causes="answers")

The annotations of a picture are read and packed once, and only the failures are looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tasnb.analysis.answer_causes import Answer, Things, packed, verdict_of
from tasnb.analysis.causes import Verdict
from tasnb.analysis.evidence import Answered
from tasnb.core.errors import UserError
from tasnb.core.types import Sample
from tasnb.datasets import Instance
from tasnb.datasets.contents import by
from tasnb.evaluation.samples import RunSamples


def verdicts(
    run: Any, evidence: Answered, method: str, *, samples: Sequence[Sample] | None, withdrawn: Collection[str]
) -> tuple[list[Verdict], Answered]:
    """The verdict of every failure, in order, and the evidence with the sizes of pictures that only the data tell."""
    behind, failed = RunSamples(run, samples=samples), np.flatnonzero(evidence.is_failure).tolist()
    rows = evidence.samples
    images, numbers, ids = (rows[name].tolist() for name in ("image_id", "sample", "sample_id"))
    categories, areas = rows["category"].fillna("").tolist(), rows["target_area"].tolist()
    found: dict[int, Verdict] = {}
    pixels: dict[str, int] = {}
    things: Things | None = None
    as_boxes = bool(run.about.get("imported", {}).get("box"))
    for place in sorted(failed, key=lambda place: (images[place], place)):
        things, targets = _things(behind, numbers[place], areas[place], categories[place], things, as_boxes=as_boxes)
        answer = behind.answer(numbers[place], method)
        if answer is not None and answer.shape != things.size_hw:
            raise UserError(
                f"the answer of {ids[place]} is {by(answer.shape)} (h x w), its picture's annotations are "
                f"{by(things.size_hw)}; are the data those that the run was made from?"
            )
        pixels[images[place]] = things.size_hw[0] * things.size_hw[1]
        found[place] = verdict_of(
            Answer(
                parse=evidence.parses[place],
                types=evidence.types[place],
                things=things,
                targets=targets,
                answer=np.zeros(things.bits.shape[1], np.uint64) if answer is None else packed(answer),
                category=categories[place],
                is_a=evidence.is_a,
                withdrawn=ids[place] in withdrawn,
            )
        )
    known = rows["image_id"].map(pixels).to_numpy(np.float64)
    return [found[place] for place in failed], replace(
        evidence, pixels=np.where(np.isnan(known), evidence.pixels, known)
    )


def _things(
    behind: RunSamples, number: int, area: int, category: str, known: Things | None, *, as_boxes: bool
) -> tuple[Things, tuple[int, ...]]:
    """All that is annotated in a sample's picture, and the rows of what is meant.

    area: of the target, pixels. known: of the sample before. A target that is no annotation is put to the others.
    """
    instances, ids = behind.instances(number)
    if instances and (not area or (ids and {instance.id for instance in instances}.issuperset(ids))):
        if known is None or known.instances is not instances:
            known = Things(instances, instances[0].mask.shape, as_boxes=as_boxes)
        return known, tuple(known.places[id_] for id_ in ids)
    target = behind.sample(number).target
    assert target is not None  # it was measured
    own = [Instance("", category, target)] if target.any() else []
    things = Things([*instances, *own], target.shape, as_boxes=as_boxes)
    return things, tuple(range(len(instances), len(instances) + len(own)))
