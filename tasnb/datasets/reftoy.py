"""RefToy, the embedded data set, read from the REFER layout: ``instances.json``, ``refs(toy).json``, ``images/``."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, overload

import numpy as np
from PIL import Image

from tasnb.masks import from_rle
from tasnb.shipped import data_root
from tasnb.types import ImageRGB, Sample

STYLES = ("reftoy", "reftoy+", "reftoyg")
SPLITS = ("val", "testA", "testB")
CACHED_IMAGES = 16  # 200 kB each; an evaluation meets the sentences of one image in a row


class _Row(NamedTuple):
    """A sentence with the ref it belongs to."""

    ref: dict[str, Any]
    sentence: dict[str, Any]


class RefSamples(Sequence[Sample]):
    """Samples of one split, one a sentence; an image is read when one of its samples is asked for.

    A slice gives a sequence that shares the cache. ``captions``: image id -> the gold caption of the whole scene.
    """

    def __init__(
        self, rows: Sequence[_Row], *, name: str, split: str, images: Path, annotations: dict[int, Any],
        kinds: dict[int, str], captions: dict[str, str], cache: OrderedDict[str, ImageRGB] | None = None,
    ) -> None:  # fmt: skip
        self.name, self.split, self.captions = name, split, MappingProxyType(captions)
        self._rows, self._images, self._annotations = rows, images, annotations
        self._kinds = kinds
        self._cache: OrderedDict[str, ImageRGB] = OrderedDict() if cache is None else cache

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> RefSamples: ...

    def __getitem__(self, index: int | slice) -> Sample | RefSamples:
        if isinstance(index, slice):
            return RefSamples(
                self._rows[index], name=self.name, split=self.split, images=self._images,
                annotations=self._annotations, kinds=self._kinds, captions=dict(self.captions), cache=self._cache,
            )  # fmt: skip
        ref, sentence = self._rows[index]
        mask = from_rle(self._annotations[ref["ann_id"]]["segmentation"])
        mask.flags.writeable = False
        return Sample(
            image=self._image(ref["file_name"]), expression=sentence["sent"], target=mask,
            sample_id=f"{self.name}-{self.split}-{sentence['sent_id']}", image_id=str(ref["image_id"]),
            ref_id=str(ref["ref_id"]), sent_id=str(sentence["sent_id"]), dataset=self.name, split=self.split,
            gold=MappingProxyType(sentence["gold"] | {"tokens": _tokens(sentence["gold"]["tokens"])}),
        )  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"RefSamples({self.name!r}, split={self.split!r}, {len(self)} samples of {len(set(self.image_ids))} images)"
        )

    @property
    def image_ids(self) -> tuple[str, ...]:
        """The image of every sample, without reading any."""
        return tuple(str(row.ref["image_id"]) for row in self._rows)

    def image_id(self, index: int) -> str:
        """The image of one sample, without reading it."""
        return str(self._rows[index].ref["image_id"])

    @property
    def expressions(self) -> tuple[str, ...]:
        """Every sample's expression, without reading any image."""
        return tuple(str(row.sentence["sent"]) for row in self._rows)

    @property
    def categories(self) -> tuple[str, ...]:
        """The kind of thing that every sample is about, without reading any image."""
        return tuple(self._kinds[row.ref["category_id"]] for row in self._rows)

    def things(self, image_id: str) -> np.ndarray:
        """The masks of everything in an image, referred to or not: bool (n, h, w), read-only. Raises KeyError."""
        found = [a for a in self._annotations.values() if str(a["image_id"]) == image_id]
        if not found:
            raise KeyError(f"{self.name} has no image {image_id!r}; see image_ids")
        masks = np.stack([from_rle(a["segmentation"]) for a in found])
        masks.flags.writeable = False
        return masks

    def _image(self, file_name: str) -> ImageRGB:
        if file_name in self._cache:
            self._cache.move_to_end(file_name)
            return self._cache[file_name]
        path = self._images / file_name
        if not path.is_file():
            raise FileNotFoundError(f"{self.name} is incomplete: the image {path} is missing; reinstall tasnb")
        with Image.open(path) as picture:
            image = np.asarray(picture.convert("RGB")).copy()
        image.flags.writeable = False
        self._cache[file_name] = image
        while len(self._cache) > CACHED_IMAGES:
            self._cache.popitem(last=False)
        return image


def load(name: str, *, split: str = "val", root: Path | str | None = None) -> RefSamples:
    """Read a style of RefToy. root: the folder holding ``images/`` and the three styles; None: the shipped one.

    Raises ValueError for an unknown style or split, FileNotFoundError where the folder is missing.
    """
    if name not in STYLES:
        raise ValueError(f"unknown style {name!r}; choose from {', '.join(STYLES)}")
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r} of {name}; choose from {', '.join(SPLITS)}")
    folder = data_root() / "reftoy" if root is None else Path(root)
    instances, refs = folder / name / "instances.json", folder / name / "refs(toy).json"
    if not (instances.is_file() and refs.is_file() and (folder / "images").is_dir()):
        raise FileNotFoundError(
            f"{name} is missing: expected images/ and {name}/ with instances.json and refs(toy).json in {folder}; "
            "reinstall tasnb or pass root"
        )
    catalogue = _read(instances)
    annotations = {a["id"]: a for a in catalogue["annotations"]}
    kinds = {c["id"]: c["name"] for c in catalogue["categories"]}
    rows = [_Row(ref, s) for ref in _read(refs) if ref["split"] == split for s in ref["sentences"]]
    captions = {str(c["image_id"]): c["caption"] for c in _read(folder / "captions.json")}
    return RefSamples(
        rows, name=name, split=split, images=folder / "images", annotations=annotations, kinds=kinds, captions=captions
    )


def _tokens(packed: str) -> list[list[Any]]:
    """ "left/left/ADJ/JJ/amod/1 cat/..." -> [[text, lemma, pos, tag, dep, head], ...]."""
    fields = (token.split("/") for token in packed.split(" "))
    return [[text, lemma, pos, tag, dep, int(head)] for text, lemma, pos, tag, dep, head in fields]


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
