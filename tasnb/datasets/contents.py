"""What lies in a data set's folder: pictures, annotations, refs and sentences, and the faults met on the way.

Each layout has one reader, which fills one ``Contents``. ``load`` asks it for a split and is strict: a fault without
which nothing can be shown is an error at once, any other waits for the sample that it concerns. ``check`` asks for all
splits and gets every fault. Both have them from here: a fault that is noted about an image, an annotation, a ref or a
sentence is what its samples raise.
"""

from __future__ import annotations

import hashlib
import os
import reprlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from tasnb.core.errors import MissingFileError, UserError, require_file
from tasnb.core.image_files import Stored, upright_size
from tasnb.core.limits import MAX_MASK_BYTES
from tasnb.datasets.files import file_in, is_text, read_data, require_inside

Size = tuple[int, int]
NO_GOLD: Mapping[str, Any] = MappingProxyType({})
EXACT = 1 << 53  # whole numbers below it are exact as floats

About = tuple[str, str]  # "image", "annotation", "ref" or "sentence", and its id


class Problem(NamedTuple):
    """One fault. kind: one of a few words; what: a sentence that names file or id."""

    kind: str
    what: str


class Picture(NamedTuple):
    """An image. size_hw: as the annotations list it, None where they do not; name: of its file in the folder.

    stored: the file within another one, where that is where it lies; the name is then what COCO calls it.
    """

    id: str
    folder: Path
    name: str
    size_hw: Size | None
    stored: Stored | None = None

    def path(self) -> Path | Stored:
        """Its file. Raises UserError where a link leads out of the folder."""
        return self.stored or file_in(self.folder, self.name)


class Annotation(NamedTuple):
    """An annotation with its masks undrawn. boxes: x, y, width, height; kind: its category, None where unknown."""

    id: str
    image_id: str
    segmentation: Any
    boxes: Sequence[Any]
    kind: str | None = None


class Ref(NamedTuple):
    """A ref. annotation_ids: those that it must have; empty where a mask is optional."""

    id: str
    image_id: str
    split: str
    annotation_ids: Sequence[str]
    sentence_ids: Sequence[str]


class Row(NamedTuple):
    """A sentence. targets: the ids of its annotations, none where it means nothing; None: no mask known."""

    expression: str
    image_id: str
    ref_id: str
    sent_id: str
    split: str
    targets: tuple[str, ...] | None
    category: str = ""
    gold: Mapping[str, Any] = NO_GOLD


class Instance(NamedTuple):
    """An annotated thing of a picture.

    Parameters
    ----------
    id : str
        Of its annotation, as in ``Samples.target_ids``.
    category : str
        Its kind in the data set's words, "" where the data set does not tell.
    mask : ndarray of bool, shape (h, w)
        Where it is.
    """

    id: str
    category: str
    mask: np.ndarray


@dataclass(kw_only=True, eq=False)
class Contents:
    """All that was found. Ids are texts, as they are written: "000101" is not "101".

    draw: the masks of an annotation at a size, one a thing. area: the pixels of their union, where there is a faster
    way than to draw them. shared: annotations may repeat a thing. target_needed: a mask without pixels is a fault.
    referred_only: things that no sentence is about have no annotation, so nobody can tell what else is there.
    faults: what samples of a thing raise. kinds: category id -> name. captions: a person's, by image; named: what a
    person would say of a thing alone, by annotation. digests: SHA-256 by file name. mask_files: files to be digested
    too, once that is asked for, by name in the first of the pair.
    """

    name: str
    strict: bool
    draw: Callable[[Annotation, Size], list[np.ndarray]]
    area: Callable[[Annotation, Size], int] | None = None
    shared: bool = False
    target_needed: bool = True
    referred_only: bool = False
    pictures: list[Picture] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    refs: list[Ref] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    faults: dict[About, Problem] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    mask_files: tuple[Path, Sequence[str]] = (Path(), ())

    def tell(self, kind: str, what: str | Exception) -> None:
        """Note a fault of the whole, or raise it where the reading is strict."""
        if self.strict:
            raise what if isinstance(what, UserError) else UserError(str(what))
        self.problems.append(Problem(kind, str(what)))

    def note(self, kind: str, what: str | Exception, *about: str) -> None:
        """Note a fault; about: "image", "annotation", "ref" or "sentence" and the id whose samples raise it."""
        self.problems.append(Problem(kind, str(what)))
        if len(about) == 2:
            self.faults.setdefault(about, self.problems[-1])

    def require_unique(self, what: str, ids: Collection[str]) -> None:
        """Note every id of these that is used more than once. what: as in ``note``."""
        if len(set(ids)) < len(ids):
            for id_, times in Counter(ids).items():
                if times > 1:
                    self.note("duplicate id", f"{what} id {id_} is used {times} times", what, id_)

    def require_linked(self, images: Collection[str], image_of: Mapping[str, str]) -> None:
        """Note every ref and annotation without its own. image_of: annotation -> image, of all splits."""
        for ref in self.refs:
            about = f"ref {ref.id} is about image {ref.image_id}"
            if not ref.sentence_ids:
                self.note("ref without sentences", f"ref {ref.id} has no sentences", "ref", ref.id)
            if ref.image_id not in images:
                self.note("unlisted image", f"{about}, which is not listed", "ref", ref.id)
            for id_ in ref.annotation_ids:
                if id_ not in image_of:
                    lacks = f"ref {ref.id} names annotation {id_}, which instances.json does not have"
                    self.note("ref without annotation", lacks, "ref", ref.id)
                elif image_of[id_] != ref.image_id:
                    other = f"{about}, its annotation {id_} of {image_of[id_]}"
                    self.note("ref without annotation", other, "ref", ref.id)
        for annotation in self.annotations:
            if annotation.image_id not in images:
                loose = f"annotation {annotation.id} is of image {annotation.image_id}, which is not listed"
                self.note("unlisted image", loose, "annotation", annotation.id)

    def require_sound(self, row: Row) -> None:
        """Raise what was noted about a sentence, its ref, image or annotation."""
        about = ("image", row.image_id), ("ref", row.ref_id), ("sentence", row.sent_id)
        self._raise(*about, *(("annotation", id_) for id_ in row.targets or ()))

    def read_file(self, path: Path, parse: Callable[[bytes, Path], Any]) -> Any:
        """What ``parse`` makes of a file, whose digest is kept; None where it is damaged, which is told."""
        try:
            data = read_data(path)
            value = parse(data, path)
        except ValueError as wrong:
            self.tell("damaged file", wrong)
            return None
        self.digests[path.name] = digest(data)
        return value

    def add_picture(self, id_: str, folder: Path | None, name: str, entry: Mapping[str, Any], where: Path) -> None:
        """Note an image that ``where`` lists, or why there can be none. folder: None where it is not asked for."""
        size_hw = None
        try:
            name = require_inside(name)
        except UserError as wrong:
            self.tell("outside the folder", f"image {id_} of {where}: {wrong}")
            return
        if folder is None:
            return
        try:
            size_hw = size_hw_of(entry)
        except UserError as wrong:
            self.note("damaged file", f"image {id_} of {where}: {wrong}", "image", id_)
        self.pictures.append(Picture(id_, folder, name, size_hw))

    def picture(self, image_id: str) -> Picture:
        """The image of this id. Raises UserError where it is not listed, or listed with a fault."""
        self._raise(("image", image_id))
        picture = self._picture_of.get(image_id)
        if picture is None:
            raise UserError(f"instances.json of {self.name} does not list image {image_id}")
        return picture

    def picture_file(self, image_id: str) -> Path | Stored:
        """The file of an image, which is there. Raises UserError, MissingFileError."""
        path = self.picture(image_id).path()
        if isinstance(path, Stored):
            return path
        if not os.path.exists(path):
            raise MissingFileError(f"{self.name} is incomplete: the image {path} is missing")
        return require_file(path, "picture")

    def mask(self, row: Row, size_hw: Size) -> np.ndarray | None:
        """All that a sentence means, bool (h, w), None where that is not known. Raises ValueError or OSError."""
        if row.targets is None:
            return None
        # polygons are drawn at the size they were made for; the picture's own is compared with it afterwards
        drawn_at = self.picture(row.image_id).size_hw or size_hw
        if not row.targets:
            return np.zeros(drawn_at, dtype=bool)
        mask, *others = (self._union(self._annotation_of[id_], drawn_at) for id_ in row.targets)
        for other in others:
            mask = mask | other
        if self.target_needed and not mask.any():
            raise UserError("it has no pixels")
        return mask

    def area_of(self, annotation: Annotation, size_hw: Size) -> int:
        """Pixels of an annotation in a picture of this size. Raises ValueError or OSError."""
        if self.area is not None:
            return self.area(annotation, size_hw)
        mask = self._union(annotation, size_hw)
        if mask.shape != size_hw:
            raise UserError(f"it is {by(mask.shape)} (h x w), its picture {by(size_hw)}")
        return int(np.count_nonzero(mask))

    def things(self, image_id: str) -> np.ndarray:
        """The masks of everything annotated in an image: bool (n, h, w). Raises KeyError, ValueError or OSError."""
        if image_id not in self._picture_of and all(row.image_id != image_id for row in self.rows):
            raise KeyError(f"{self.name} has no image {image_id!r} in this split; see image_ids")
        size_hw = self.picture(image_id).size_hw or upright_size(self.picture_file(image_id))
        own = self._annotations_in.get(image_id, ())
        self._raise(*(("annotation", annotation.id) for annotation in own))
        require_room(len(own), size_hw, f"image {image_id} of {self.name}")
        masks = [mask for annotation in own for mask in self.draw(annotation, size_hw)]
        if self.shared:
            masks = list({mask.tobytes(): mask for mask in masks}.values())
        return np.stack(masks) if masks else np.zeros((0, *size_hw), dtype=bool)

    def instances(self, image_id: str, size_hw: Size | None = None) -> list[Instance]:
        """Every annotation of an image that can be drawn, as one mask. Raises ValueError or OSError."""
        size_hw = self.picture(image_id).size_hw or size_hw or upright_size(self.picture_file(image_id))
        own = self._annotations_in.get(image_id, ())
        require_room(len(own), size_hw, f"image {image_id} of {self.name}")
        sound = [each for each in own if ("annotation", each.id) not in self.faults]
        return [Instance(each.id, self.kinds.get(each.kind or "", ""), self._union(each, size_hw)) for each in sound]

    def names(self, image_id: str) -> tuple[str, ...]:
        """What a person would say of each of ``things``, "" where the data set does not tell."""
        return tuple(self.named.get(each.id, "") for each in self._annotations_in.get(image_id, ()))

    def beside(self, row: Row) -> tuple[int, int] | None:
        """How many other annotations of the picture are of the targets' kind, and of another; None: they don't tell."""
        targets = [self._annotation_of[id_] for id_ in row.targets or () if id_ in self._annotation_of]
        kinds = {own.kind for own in targets}
        if not targets or None in kinds or self.referred_only:
            return None
        others = [each for each in self._annotations_in[row.image_id] if each.id not in set(row.targets or ())]
        same = sum(other.kind in kinds for other in others)
        return same, len(others) - same

    def all_digests(self) -> dict[str, str]:
        """SHA-256 of every file that holds annotations, by name."""
        home, names = self.mask_files
        return self.digests | {name: _digest_of(home, name) for name in dict.fromkeys(names)}

    def _union(self, annotation: Annotation, size_hw: Size) -> np.ndarray:
        masks = self.draw(annotation, size_hw)
        if len(masks) == 1:
            return masks[0]
        return np.any(masks, axis=0) if masks else np.zeros(size_hw, dtype=bool)

    def _raise(self, *abouts: tuple[str, str | None]) -> None:
        for about in abouts if self.faults else ():
            if about in self.faults:
                raise UserError(f"{self.name}: {self.faults[about].what}")

    @cached_property
    def _picture_of(self) -> dict[str, Picture]:
        return {picture.id: picture for picture in self.pictures}

    @cached_property
    def _annotation_of(self) -> dict[str, Annotation]:
        return {annotation.id: annotation for annotation in self.annotations}

    @cached_property
    def _annotations_in(self) -> dict[str, list[Annotation]]:
        found: dict[str, list[Annotation]] = {}
        for annotation in self.annotations:
            found.setdefault(annotation.image_id, []).append(annotation)
        return found


def id_of(value: Any) -> str | None:
    """An id as text; None for what is none.

    A whole number or a text; never true or false, which Python takes for 1 and 0. 1234.0 is 1234, as pandas writes it.
    """
    if type(value) is int:
        return str(value) if value.bit_length() <= 64 else None
    if type(value) is str:
        return value if value and is_text(value) else None
    return str(int(value)) if type(value) is float and value.is_integer() and abs(value) < EXACT else None


def size_hw_of(entry: Mapping[str, Any]) -> Size | None:
    """Height and width as an entry gives them: 60, 60.0 or "60"; None where one is absent or null.

    Raises UserError for anything else.
    """
    sides = []
    for name in ("height", "width"):
        value = entry.get(name)
        text = value.strip() if isinstance(value, str) else id_of(value)
        if value is not None and not (text and text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
            raise UserError(f"expected a {name} in pixels, got {shown(value)}")
        sides.append(None if value is None else int(text or 0))
    return None if None in sides else (sides[0], sides[1])  # type: ignore[return-value]


def shown(value: Any) -> str:
    """A damaged value for people, cut short: it may hold anything."""
    try:
        return reprlib.repr(value)[:80]
    except ValueError:  # a number of more than 4,300 digits
        return f"a {type(value).__name__}"


def require_room(masks: int, size_hw: Size, where: str) -> None:
    """Refuse more masks of one image than memory should be taken for. Raises UserError."""
    size = masks * size_hw[0] * size_hw[1]
    if size > MAX_MASK_BYTES:
        raise UserError(
            f"{where} has {masks:,} masks of {by(size_hw)} pixels, {size:,} bytes; expected at most "
            f"{MAX_MASK_BYTES:,}: leave some out"
        )


def _digest_of(home: Path, name: str) -> str:
    try:
        return digest(read_data(file_in(home, name)))
    except ValueError:
        return "missing"


def digest(data: bytes) -> str:
    """SHA-256, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def by(size_hw: Sequence[int]) -> str:
    """A size for people, such as "480 x 640"."""
    return " x ".join(map(str, size_hw))
