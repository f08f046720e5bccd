"""The REFER layout: ``instances.json``, ``refs(unc).p`` or ``refs(unc).json``, and a folder of images.

RefCOCO, RefCOCO+ and RefCOCOg come in it (github.com/lichengunc/refer), and RefToy is written in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tasnb.datasets import pickles
from tasnb.datasets.annotations import mask_of
from tasnb.datasets.published import CARDS, Counts, choose, warn_of_differences
from tasnb.datasets.reading import parse_json, parse_json_but
from tasnb.datasets.samples import NO_GOLD, Row, Samples

NAMES = ("refcoco", "refcoco+", "refcocog")
IMAGE_FOLDERS = ("images/mscoco/images/train2014", "images/train2014", "train2014")


class Picture(NamedTuple):
    """An image as ``instances.json`` lists it. size_hw: None where it gives no size."""

    file_name: str
    size_hw: tuple[int, int] | None


class Annotation(NamedTuple):
    """An annotation as ``instances.json`` lists it; its polygons are bytes still to be read."""

    id: Any
    image_id: Any
    category_id: Any
    segmentation: Any
    bbox: Any


class Catalogue(NamedTuple):
    """``instances.json``, read. digest: SHA-256 of the file."""

    pictures: dict[Any, Picture]
    annotations: dict[Any, Annotation]
    kinds: dict[Any, str]
    digest: str


class ReferSource:
    """Where a REFER set's pictures and masks are; implements ``samples.Source``."""

    def __init__(
        self, name: str, catalogue: Catalogue, images: Path, *, captions: Mapping[str, str], digests: Mapping[str, str]
    ) -> None:
        self.name, self.captions = name, captions
        self._catalogue, self._images, self._digests = catalogue, images, digests
        self._annotations_of: dict[Any, list[Annotation]] = {}
        for annotation in catalogue.annotations.values():
            self._annotations_of.setdefault(annotation.image_id, []).append(annotation)

    def digests(self) -> Mapping[str, str]:
        return self._digests

    def picture(self, image_id: str) -> Path:
        return self._images / self._listed(image_id).file_name

    def mask(self, row: Row, size_hw: tuple[int, int]) -> np.ndarray:
        annotation = self._catalogue.annotations.get(row.target)
        if annotation is None:
            raise ValueError(f"ref {row.ref_id} names annotation {row.target}, which instances.json does not have")
        # polygons are drawn at the size they were made for; the picture's own is compared with it afterwards
        return mask_of(annotation.segmentation, self._listed(row.image_id).size_hw or size_hw)

    def things(self, image_id: str) -> np.ndarray:
        found = self._annotations_of.get(_as_key(image_id))
        if not found:
            raise KeyError(f"{self.name} has no image {image_id!r}; see image_ids")
        size_hw = self._listed(image_id).size_hw
        if size_hw is None:
            raise ValueError(f"instances.json of {self.name} gives no width and height for image {image_id}")
        return np.stack([mask_of(annotation.segmentation, size_hw) for annotation in found])

    def same_kind(self, row: Row) -> int | None:
        own = self._catalogue.annotations.get(row.target)
        if own is None:
            return None
        return sum(other.category_id == own.category_id for other in self._annotations_of[own.image_id]) - 1

    def _listed(self, image_id: str) -> Picture:
        picture = self._catalogue.pictures.get(_as_key(image_id))
        if picture is None:
            raise ValueError(f"instances.json of {self.name} does not list image {image_id}")
        return picture


def load(
    name: str, *, split: str, root: Path, split_by: str | None = None, images: Sequence[str] = IMAGE_FOLDERS,
    checked: bool = True, spec_root: str | None = None,
) -> Samples:  # fmt: skip
    """Read one split. root: the folder that holds ``NAME/`` and the images, in one of the folders ``images``.

    checked: warn where the numbers differ from the published ones. Raises ValueError for an unknown split or split_by
    and for damaged files, FileNotFoundError naming the files that are missing, UnsafePickleError for a pickle that
    holds anything but plain values.
    """
    card = CARDS[name]
    split_by = choose("split_by", split_by or card.split_bys[0], card.split_bys, of=name)
    choose("split", split, card.counts[split_by], of=name)
    instances, refs_file = files(name, root, split_by)
    folder = image_folder(root, images)
    if not instances.is_file() or refs_file is None or folder is None:
        refs_names = f"refs({split_by}).json" if split_by == "toy" else f"refs({split_by}).p"
        raise FileNotFoundError(
            f"{name} is missing: expected {_alternatives(images)} and {name}/ with instances.json and {refs_names} "
            f"in {root}; pass another root" + ("" if split_by == "toy" else " or set TASNB_DATA")
        )
    refs, refs_digest = read_refs(refs_file)
    wanted = [ref for ref in refs if ref.get("split") == split]
    try:
        catalogue = read_instances(instances, only={ref["image_id"] for ref in wanted})
        rows = list(_rows(wanted, catalogue.kinds, split))
    except (KeyError, TypeError) as wrong:
        raise ValueError(
            f"{refs_file} is damaged: a ref or a sentence lacks or mangles {wrong}; download it again"
        ) from wrong
    if checked:
        found = Counts(images=len({row.image_id for row in rows}), refs=len(wanted), sentences=len(rows))
        warn_of_differences(name, split_by, split, found)
    captions, captions_digest = read_captions(root / "captions.json")
    digests = {"instances.json": catalogue.digest, refs_file.name: refs_digest} | captions_digest
    source = ReferSource(name, catalogue, folder, captions=captions, digests=digests)
    options = {} if split_by == "toy" else {"split_by": split_by}
    return Samples(rows, source, name=name, split=split, root=spec_root, options=options)


def files(name: str, root: Path, split_by: str) -> tuple[Path, Path | None]:
    """``instances.json`` and the refs file, the pickle before the JSON; None where there is neither."""
    folder = root / name
    refs = [folder / f"refs({split_by}){suffix}" for suffix in (".p", ".json")]
    return folder / "instances.json", next((path for path in refs if path.is_file()), None)


def image_folder(root: Path, choices: Sequence[str] = IMAGE_FOLDERS) -> Path | None:
    """The first of the places for images that exists."""
    return next((root / place for place in choices if (root / place).is_dir()), None)


def read_refs(path: Path) -> tuple[list[dict[str, Any]], str]:
    """The refs and the file's SHA-256."""
    data = path.read_bytes()
    refs = pickles.loads(data, name=str(path)) if path.suffix == ".p" else parse_json(data, path)
    if not isinstance(refs, list) or not all(isinstance(ref, dict) for ref in refs):
        raise ValueError(f"{path} is damaged: expected a list of refs, got {type(refs).__name__}")
    return refs, hashlib.sha256(data).hexdigest()


def parse_instances(data: bytes, path: Path, *, only: set[Any] | None = None) -> Any:
    """COCO's JSON, each annotation an Annotation with its polygons unread, or None for images other than ``only``."""

    def pack(found: dict[str, Any]) -> Any:
        if "segmentation" not in found:
            return found
        image_id = found.get("image_id")
        if only is not None and not (isinstance(image_id, int | str) and image_id in only):
            return None
        return Annotation(
            found.get("id"), image_id, found.get("category_id"), found["segmentation"], found.get("bbox"),
        )  # fmt: skip

    return parse_json_but("segmentation", data, path, pack)


def read_instances(path: Path, *, only: set[Any] | None = None) -> Catalogue:
    """``instances.json`` with its polygons unread. only: keep the annotations of these images alone.

    Raises ValueError for what is no COCO annotation file.
    """
    data = path.read_bytes()
    content = parse_instances(data, path, only=only)
    try:
        return Catalogue(
            pictures={i["id"]: Picture(str(i["file_name"]), listed_size(i)) for i in content["images"]},
            annotations={a.id: a for a in content["annotations"] if isinstance(a, Annotation)},
            kinds={c["id"]: str(c["name"]) for c in content["categories"]},
            digest=hashlib.sha256(data).hexdigest(),
        )
    except (KeyError, TypeError) as wrong:
        raise ValueError(
            f"{path} is damaged: expected COCO's lists images, annotations and categories, "
            f"{wrong} is missing or malformed; download it again"
        ) from wrong


def read_captions(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Image id -> caption, and the file's digest by its name; the first one where an image has several.

    Two shapes are known: [{"image_id", "caption"}, ...] and {image id: caption or captions}; without the file, or in
    any other shape, there are none.
    """
    if not path.is_file():
        return {}, {}
    data = path.read_bytes()
    content = parse_json(data, path)
    captions: dict[str, str] = {}
    if isinstance(content, list) and all(isinstance(c, dict) and {"image_id", "caption"} <= set(c) for c in content):
        captions = {str(c["image_id"]): str(c["caption"]) for c in content}
    elif isinstance(content, dict):
        for image_id, texts in content.items():
            text = next(iter(texts), None) if isinstance(texts, list) else texts
            if isinstance(text, str):
                captions[image_id] = text
    return captions, {path.name: hashlib.sha256(data).hexdigest()}


def _rows(refs: Sequence[dict[str, Any]], kinds: Mapping[Any, str], split: str) -> Iterator[Row]:
    for ref in refs:
        image_id, ref_id = str(ref["image_id"]), str(ref["ref_id"])
        hash(ref["ann_id"])  # TypeError here rather than when a mask is asked for
        target, category = ref["ann_id"], kinds.get(ref.get("category_id"), "")
        for sentence in ref["sentences"]:
            if not isinstance(sentence["sent"], str):
                raise TypeError("'sent'")
            yield Row(
                sentence["sent"], image_id, ref_id, str(sentence["sent_id"]), split, target, category,
                sentence.get("gold") or NO_GOLD,
            )  # fmt: skip


def listed_size(image: Mapping[str, Any]) -> tuple[int, int] | None:
    """(h, w) of an image's entry, None where it gives none."""
    height, width = image.get("height"), image.get("width")
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _as_key(image_id: str) -> Any:
    return int(image_id) if image_id.lstrip("-").isdigit() else image_id


def _alternatives(folders: Sequence[str]) -> str:
    first, *others = (f"{folder}/" for folder in folders)
    return first + (f" (or {', '.join(others)})" if others else "")
