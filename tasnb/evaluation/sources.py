"""Where the proposals of an evaluation come from: the models' own proposer, another one, a file, the annotations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.masks import make_proposals
from tasnb.core.types import Models, Proposals, Sample
from tasnb.datasets import ResultsFile, results
from tasnb.models.catalogue import PARTS
from tasnb.pipeline.describe import proposals_key_of

SAM = "sam"  # whatever proposer the models have
ANNOTATIONS = "annotations"
FILE_ENDINGS = (".json",)


def names() -> tuple[str, ...]:
    """Every source that has a name: the models' own, the annotations, and each proposer of the catalogue."""
    return (SAM, ANNOTATIONS, *(name for name in PARTS["sam"] if name != "toy"))


def is_file(source: str) -> bool:
    """Whether a source is the path of a COCO results file."""
    return Path(source).suffix.lower() in FILE_ENDINGS


def check(source: str) -> None:
    """Raise ValueError, listing the choices, for an unknown source; FileNotFoundError for a file that is not there."""
    if is_file(source):
        if not Path(source).is_file():
            raise FileNotFoundError(f"no such file of proposals: {source}")
    elif source not in names():
        raise ValueError(
            f"unknown proposals {source!r}; choose from {', '.join(names())}, or give a COCO results file (.json)"
        )


def resolved(source: str) -> str:
    """A source that means the same in another process: a file by its whole path."""
    return str(Path(source).absolute()) if is_file(source) else source


def model_of(source: str) -> str | None:
    """The proposer of the catalogue that a source names; None where the models keep their own or need none."""
    return None if source in (SAM, ANNOTATIONS) or is_file(source) else source


def for_run(source: str) -> str:
    """A source as a run directory names it: the name, or the file's name without its folder."""
    return Path(source).name if is_file(source) else source


class GivenProposals:
    """A proposer that has its masks already: those of one image."""

    def __init__(self, found: Proposals) -> None:
        self._found = found
        self.fingerprint = f"given {proposals_key_of(found)}"

    def propose(self, image_rgb: Any) -> Proposals:
        """The masks. Raises ValueError when they are not of the image's size."""
        if len(self._found) and self._found.size_hw != image_rgb.shape[:2]:
            raise ValueError(f"annotations of size {self._found.size_hw} (h, w) for an image of {image_rgb.shape[:2]}")
        if not len(self._found):
            empty = np.zeros((0, *image_rgb.shape[:2]), dtype=bool)
            return make_proposals(empty, source=ANNOTATIONS)
        return self._found


class FileProposals:
    """A proposer that reads the masks of one image from a results file."""

    def __init__(self, found: ResultsFile, image_id: str) -> None:
        self._found, self._image_id = found, image_id
        self.fingerprint = f"{found.fingerprint} {image_id}"

    def propose(self, image_rgb: Any) -> Proposals:
        """The file's masks of this image; none where the file does not name it."""
        return self._found.proposals(self._image_id, (image_rgb.shape[0], image_rgb.shape[1]))


def proposing(source: str, samples: Sequence[Sample]) -> Callable[[Models, str], Models]:
    """A function (models, image id) -> the models with the source's proposer for that image; a file is read now.

    Raises ValueError for annotations of samples that have none, and for a file about other images.
    """
    if source == ANNOTATIONS:
        if not hasattr(samples, "things"):
            raise ValueError(
                "proposals='annotations' needs a data set with annotations (datasets.load), got bare samples"
            )
        return lambda models, image_id: replace(
            models, proposer=GivenProposals(make_proposals(samples.things(image_id), source=ANNOTATIONS))
        )
    if is_file(source):
        found = ResultsFile.read(source)
        found.check(getattr(samples, "image_ids", None) or [sample.image_id for sample in samples])
        return lambda models, image_id: replace(models, proposer=FileProposals(found, image_id))
    return lambda models, _: models


def fingerprint(source: str, own: Callable[[], str]) -> str:
    """What names the proposals of a run. own: asked for the fingerprint of the models' proposer where that is used."""
    if source == ANNOTATIONS:
        return ANNOTATIONS
    return results.fingerprint_of(source) if is_file(source) else own()
