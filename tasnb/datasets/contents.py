"""What lies in a data set's folder: pictures, annotations, refs and sentences, and the faults met on the way.

Each layout has one reader, which fills one ``Contents``. ``load`` asks it for a split and is strict: a fault without
which nothing can be shown is an error at once, any other waits for the sample that it concerns. ``check`` asks for all
splits and gets every fault.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tasnb.core.errors import UserError

Size = tuple[int, int]
NO_GOLD: Mapping[str, Any] = MappingProxyType({})
SIDEWAYS = 5  # EXIF orientations from here to 8 stand on their side


class Problem(NamedTuple):
    """One fault. kind: one of a few words; what: a sentence that names file or id."""

    kind: str
    what: str


class Picture(NamedTuple):
    """An image. size_hw: as the annotations list it, None where they do not."""

    id: Any
    path: Path
    size_hw: Size | None


class Annotation(NamedTuple):
    """An annotation with its masks undrawn. boxes: x, y, width, height; kind: its category, None where unknown."""

    id: Any
    image_id: Any
    segmentation: Any
    boxes: Sequence[Any]
    kind: Any = None


class Ref(NamedTuple):
    """A ref. annotation_ids: those that it must have; empty where a mask is optional."""

    id: Any
    image_id: Any
    split: str
    annotation_ids: Sequence[Any]
    sentence_ids: Sequence[Any]


class Row(NamedTuple):
    """A sentence. target: the id of its annotation, None: no mask known."""

    expression: str
    image_id: str
    ref_id: str
    sent_id: str
    split: str
    target: Any
    category: str = ""
    gold: Mapping[str, Any] = NO_GOLD


@dataclass(kw_only=True, eq=False)
class Contents:
    """All that was found.

    draw: the masks of a segmentation at a size, one a thing. area: the pixels of their union, where there is a faster
    way than to draw them. shared: annotations may repeat a thing. captions: a person's, by image; named: what a person
    would say of a thing alone, by annotation. digests: SHA-256 by file name. mask_files: files to be digested too, once
    that is asked for.
    """

    name: str
    strict: bool
    draw: Callable[[Any, Size], list[np.ndarray]]
    area: Callable[[Any, Size], int] | None = None
    shared: bool = False
    pictures: list[Picture] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    refs: list[Ref] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    captions: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    mask_files: dict[str, Path] = field(default_factory=dict)

    def tell(self, kind: str, what: str | Exception) -> None:
        """Note a fault of the whole, or raise it where the reading is strict."""
        if self.strict:
            raise what if isinstance(what, Exception) else ValueError(what)
        self.note(kind, what)

    def note(self, kind: str, what: str | Exception) -> None:
        """Note a fault of one thing, which its own sample raises when it is asked for."""
        self.problems.append(Problem(kind, str(what)))

    def read_file(self, path: Path, parse: Callable[[bytes, Path], Any]) -> Any:
        """What ``parse`` makes of a file, whose digest is kept; None where it is damaged, which is told."""
        try:
            data = path.read_bytes()
            value = parse(data, path)
        except (OSError, ValueError) as wrong:
            self.tell("damaged file", wrong)
            return None
        self.digests[path.name] = digest(data)
        return value

    def picture(self, image_id: str) -> Picture:
        """The image of this id, as text. Raises ValueError where it is not listed."""
        picture = self._picture_of.get(image_id)
        if picture is None:
            raise UserError(f"instances.json of {self.name} does not list image {image_id}")
        return picture

    def mask(self, row: Row, size_hw: Size) -> np.ndarray | None:
        """The target of a sentence, bool (h, w), None where it has none. Raises ValueError or OSError."""
        if row.target is None:
            return None
        annotation = self._annotation_of.get(row.target)
        if annotation is None:
            raise UserError(f"ref {row.ref_id} names annotation {row.target}, which instances.json does not have")
        # polygons are drawn at the size they were made for; the picture's own is compared with it afterwards
        size_hw = self.picture(row.image_id).size_hw or size_hw
        return self._union(annotation, size_hw)

    def area_of(self, annotation: Annotation, size_hw: Size) -> int:
        """Pixels of an annotation in a picture of this size. Raises ValueError or OSError."""
        if self.area is not None:
            return self.area(annotation.segmentation, size_hw)
        mask = self._union(annotation, size_hw)
        if mask.shape != size_hw:
            raise UserError(f"it is {by(mask.shape)} (h x w), its picture {by(size_hw)}")
        return int(np.count_nonzero(mask))

    def things(self, image_id: str) -> np.ndarray:
        """The masks of everything annotated in an image: bool (n, h, w). Raises KeyError, ValueError or OSError."""
        if image_id not in self._picture_of:
            raise KeyError(f"{self.name} has no image {image_id!r} in this split; see image_ids")
        picture = self.picture(image_id)
        size_hw = picture.size_hw or size_of(picture.path)
        masks = [m for a in self._annotations_in.get(image_id, ()) for m in self.draw(a.segmentation, size_hw)]
        if self.shared:
            masks = list({mask.tobytes(): mask for mask in masks}.values())
        return np.stack(masks) if masks else np.zeros((0, *size_hw), dtype=bool)

    def names(self, image_id: str) -> tuple[str, ...]:
        """What a person would say of each of ``things``, "" where the data set does not tell."""
        return tuple(self.named.get(str(each.id), "") for each in self._annotations_in.get(image_id, ()))

    def beside(self, row: Row) -> tuple[int, int] | None:
        """How many other annotations of the picture are of the target's kind, and of another; None: they don't tell."""
        own = self._annotation_of.get(row.target)
        if own is None or own.kind is None:
            return None
        every = self._annotations_in[str(own.image_id)]
        same = sum(other.kind == own.kind for other in every)
        return same - 1, len(every) - same

    def all_digests(self) -> dict[str, str]:
        """SHA-256 of every file that holds annotations, by name."""
        of_masks = {name: digest(p.read_bytes()) if p.is_file() else "missing" for name, p in self.mask_files.items()}
        return self.digests | of_masks

    def _union(self, annotation: Annotation, size_hw: Size) -> np.ndarray:
        masks = self.draw(annotation.segmentation, size_hw)
        if len(masks) == 1:
            return masks[0]
        return np.any(masks, axis=0) if masks else np.zeros(size_hw, dtype=bool)

    @cached_property
    def _picture_of(self) -> dict[str, Picture]:
        return {str(picture.id): picture for picture in self.pictures}

    @cached_property
    def _annotation_of(self) -> dict[Any, Annotation]:
        return {annotation.id: annotation for annotation in self.annotations}

    @cached_property
    def _annotations_in(self) -> dict[str, list[Annotation]]:
        found: dict[str, list[Annotation]] = {}
        for annotation in self.annotations:
            found.setdefault(str(annotation.image_id), []).append(annotation)
        return found


def are_ids(*values: Any) -> bool:
    """Whether all of them are numbers or texts, as ids are."""
    return all(isinstance(value, int | str) for value in values)


def digest(data: bytes) -> str:
    """SHA-256, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def by(size_hw: Sequence[int]) -> str:
    """A size for people, such as "480 x 640"."""
    return " x ".join(map(str, size_hw))


def size_of(path: Path) -> Size:
    """Height and width of a picture held upright, from its header. Raises ValueError, FileNotFoundError."""
    try:
        with Image.open(path) as picture:
            turned = picture.getexif().get(0x0112, 1) >= SIDEWAYS
            return (picture.width, picture.height) if turned else (picture.height, picture.width)
    except (OSError, SyntaxError, Image.DecompressionBombError) as wrong:
        raise UserError(f"{path} is not a readable picture ({wrong})") from wrong
