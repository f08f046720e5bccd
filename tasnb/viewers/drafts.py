"""What ``annotate`` keeps while a person clicks: a JSON file beside the folder of the data set.

A picture's record is found again by the picture's pixels and its masks, as a mask's number means nothing with others.
``static/draft.js`` keeps the same records in the browser; the newer one of a picture counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasnb.core.errors import UserError
from tasnb.core.images import image_key_of
from tasnb.core.types import ImageArtifacts
from tasnb.evaluation.runs import write_text
from tasnb.pipeline.describe import proposals_key_of

ENDING, BEFORE = ".draft.json", ".before.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Entry(_Part):
    """An expression with the number of its mask; None where no mask fits."""

    expression: str = Field(pattern=r"\S")
    proposal: int | None = Field(ge=0)


class Half(_Part):
    """What was not added yet: the words typed, and the mask chosen: its number, "none" where none fits, or ""."""

    expression: str
    choice: str


class Kept(_Part):
    """What was made of one picture. time: of the last change, milliseconds since 1970."""

    time: int
    entries: list[Entry]
    half: Half | None = None

    def says(self, other: Kept) -> bool:
        """Whether both say the same, whenever they were made."""
        return (self.entries, self.half) == (other.entries, other.half)


NOTHING = Kept(time=0, entries=[])


class Draft(_Part):
    """The file. written: the digest of the data set that the viewer saved beside it, "" before."""

    pictures: dict[str, Kept] = {}
    written: str = ""

    def about(self) -> set[str]:
        """The pictures that something is kept of."""
        return {key for key, kept in self.pictures.items() if kept.entries or kept.half}

    def with_records(self, records: Mapping[str, Kept], written: str) -> Draft:
        """With other records of some pictures; one that says the same keeps its time, an empty one is not begun."""
        changed = {key: new for key, new in records.items() if not new.says(self.pictures.get(key, NOTHING))}
        return Draft(pictures={**self.pictures, **changed}, written=written)


def place_of(folder: Path) -> Path:
    """The draft of a data set's folder: beside it, as the folder itself is exchanged whole when it is saved."""
    if folder.name in ("", ".."):
        raise UserError(f"expected the name of a folder, got {str(folder)!r}")
    return folder.with_name(folder.name + ENDING)


def read(folder: Path) -> Draft:
    """The draft beside a folder; an empty one where there is none. Raises ValueError, OSError for what is no draft."""
    place = place_of(folder)
    if not place.exists():
        return Draft()
    try:
        return Draft.model_validate_json(place.read_bytes())
    except ValidationError:
        told = f"{place} is not what annotate wrote, and is not written over: move it away"
        raise UserError(told) from None


def write(folder: Path, draft: Draft) -> None:
    """Write the draft beside a folder, whole or not at all. Raises OSError."""
    write_text(place_of(folder), draft.model_dump_json(indent=1) + "\n")


def set_aside(folder: Path) -> None:
    """Copy the draft beside a folder, so that nothing of it is lost when its reader starts again. Raises OSError."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}{BEFORE}")).exists():
        number += 1
    if place_of(folder).exists():
        write_text(aside, place_of(folder).read_text(encoding="utf-8"))


def keys_of(pictures: Sequence[np.ndarray], artifacts: Sequence[ImageArtifacts]) -> list[str]:
    """A key for each picture with its masks: 32 hex digits; the same one twice is told apart by its turn."""
    found, seen = [], Counter[str]()
    for image_rgb, described in zip(pictures, artifacts, strict=True):
        key = f"{image_key_of(image_rgb)[:16]}{proposals_key_of(described.proposals)[:16]}"
        seen[key] += 1
        found.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return found
