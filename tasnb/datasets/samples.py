"""Samples of one split as a lazy sequence: ids and expressions at once, a picture and its mask when asked for."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, overload

import numpy as np

from tasnb.core.images import as_rgb
from tasnb.core.types import ImageRGB, Sample

CACHED_IMAGES = 16  # an evaluation meets the sentences of one image in a row
CACHED_BYTES = 64_000_000  # a folder may hold photos of 12 megapixels: 36 MB each
NO_GOLD: Mapping[str, Any] = MappingProxyType({})


class Row(NamedTuple):
    """A sentence with what its reader needs to find the mask. target: the reader's own key, None: no mask known."""

    expression: str
    image_id: str
    ref_id: str
    sent_id: str
    split: str
    target: Any
    category: str = ""
    gold: Mapping[str, Any] = NO_GOLD


class Source(Protocol):
    """What a reader knows of its data set, shared by all slices. A fault is a ValueError or OSError of one sentence."""

    captions: Mapping[str, str]

    def picture(self, image_id: str) -> Path: ...
    def mask(self, row: Row, size_hw: tuple[int, int]) -> np.ndarray | None: ...
    def things(self, image_id: str) -> np.ndarray: ...
    def digests(self) -> Mapping[str, str]: ...


class Samples(Sequence[Sample]):
    """Samples of one split, one a sentence, in the data set's own order.

    ``samples[i]`` reads a picture and a mask, and raises ValueError or OSError with one sentence where they are bad.
    A slice gives a sequence that shares the cache. ``captions``: image id -> a person's caption, may be empty.
    """

    def __init__(
        self, rows: Sequence[Row], source: Source, *, name: str, split: str, root: str | None = None,
        options: Mapping[str, Any] = NO_GOLD, chosen: Sequence[int] | None = None,
        cache: OrderedDict[str, ImageRGB] | None = None,
    ) -> None:  # fmt: skip
        self.name, self.split = name, split
        self.captions = MappingProxyType(dict(source.captions)) if chosen is None else source.captions
        self._rows, self._source, self._root, self._options = rows, source, root, dict(options)
        self._chosen = range(len(rows)) if chosen is None else chosen
        self._cache: OrderedDict[str, ImageRGB] = OrderedDict() if cache is None else cache

    def __len__(self) -> int:
        return len(self._chosen)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Samples: ...

    def __getitem__(self, index: int | slice) -> Sample | Samples:
        if isinstance(index, slice):
            return self._part(self._chosen[index])
        row = self._rows[self._chosen[index]]
        image = self.image(row.image_id)
        return Sample(
            image=image, expression=row.expression, target=self._target(row, image),
            sample_id=self._sample_id(row), image_id=row.image_id, ref_id=row.ref_id, sent_id=row.sent_id,
            dataset=self.name, split=row.split, gold=_readable(row.gold),
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Samples({self.name!r}, split={self.split!r}, {len(self)} samples of {len(set(self.image_ids))} images)"

    def take(self, indices: Sequence[int]) -> Samples:
        """The samples at these places, in this order; shares the cache. Raises IndexError."""
        return self._part(tuple(self._chosen[i] for i in indices))

    @cached_property
    def image_ids(self) -> tuple[str, ...]:
        """The image of every sample, without reading any."""
        return tuple(row.image_id for row in self._iterate())

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        """The id of every sample: data set, split and sentence."""
        return tuple(self._sample_id(row) for row in self._iterate())

    @cached_property
    def ref_ids(self) -> tuple[str, ...]:
        """The ref that every sample belongs to."""
        return tuple(row.ref_id for row in self._iterate())

    @cached_property
    def sent_ids(self) -> tuple[str, ...]:
        """The sentence id of every sample."""
        return tuple(row.sent_id for row in self._iterate())

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        """Every sample's expression, without reading any image."""
        return tuple(row.expression for row in self._iterate())

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The kind of thing that every sample is about, "" where unknown, without reading any image."""
        return tuple(row.category for row in self._iterate())

    def same_kind(self, index: int) -> int | None:
        """How many other things of the target's kind the picture's annotations have; None where they do not tell."""
        counted = getattr(self._source, "same_kind", None)
        return None if counted is None else counted(self._rows[self._chosen[index]])

    def image_id(self, index: int) -> str:
        """The image of one sample, without reading it."""
        return self._rows[self._chosen[index]].image_id

    def image(self, image_id: str) -> ImageRGB:
        """One picture, RGB and upright, read-only; the last few are kept. Raises ValueError or OSError."""
        if image_id in self._cache:
            self._cache.move_to_end(image_id)
            return self._cache[image_id]
        path = self._source.picture(image_id)
        if not path.is_file():
            raise FileNotFoundError(f"{self.name} is incomplete: the image {path} is missing")
        image = as_rgb(path)
        self._cache[image_id] = image
        while len(self._cache) > 1 and (
            len(self._cache) > CACHED_IMAGES or sum(i.nbytes for i in self._cache.values()) > CACHED_BYTES
        ):
            self._cache.popitem(last=False)
        return image

    def things(self, image_id: str) -> np.ndarray:
        """The masks of everything annotated in an image, referred to or not: bool (n, h, w), read-only.

        Raises KeyError for an unknown image, ValueError for a damaged annotation.
        """
        masks = self._source.things(str(image_id))
        masks.flags.writeable = False
        return masks

    @property
    def spec(self) -> dict[str, Any]:
        """Plain values that open the same samples again, in another process: ``datasets.reopen(spec)``.

        "rows": [start, stop] for a slice, "indices" for any other choice; neither for a whole split.
        """
        spec: dict[str, Any] = {
            "name": self.name, "split": self.split, "root": self._root, "options": dict(self._options)
        }  # fmt: skip
        chosen = self._chosen
        if isinstance(chosen, range) and chosen.step == 1:
            if len(chosen) != len(self._rows):
                spec["rows"] = [chosen.start, max(chosen.start, chosen.stop)]
        else:
            spec["indices"] = list(chosen)
        return spec

    @cached_property
    def fingerprint(self) -> str:
        """64 hex digits of the annotation files' content, the name, the split and the rows chosen; not the photos'."""
        parts = [self.name, self.split, dict(self._options), dict(self._source.digests()), self.sample_ids]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _iterate(self) -> list[Row]:
        return [self._rows[i] for i in self._chosen]

    def _part(self, chosen: Sequence[int]) -> Samples:
        return Samples(
            self._rows, self._source, name=self.name, split=self.split, root=self._root, options=self._options,
            chosen=chosen, cache=self._cache,
        )  # fmt: skip

    def _sample_id(self, row: Row) -> str:
        return f"{self.name}-{row.split}-{row.sent_id}"

    def _target(self, row: Row, image: ImageRGB) -> np.ndarray | None:
        size_hw = (image.shape[0], image.shape[1])
        try:
            mask = self._source.mask(row, size_hw)
        except ValueError as wrong:
            raise ValueError(f"the mask of {self._sample_id(row)} is damaged: {wrong}") from wrong
        if mask is None:
            return None
        if mask.shape != size_hw:
            turned = mask.shape == size_hw[::-1]
            raise ValueError(
                f"the mask of {self._sample_id(row)} is {_by(mask.shape)} (h x w), its picture "
                f"{self._source.picture(row.image_id)} is {_by(size_hw)}; "
                + ("is it turned by its EXIF orientation?" if turned else "does it belong to another picture?")
            )
        mask.flags.writeable = False
        return mask


def _readable(gold: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read-only, and RefToy's packed tokens as lists."""
    if isinstance(gold.get("tokens"), str):
        gold = {**gold, "tokens": _tokens(gold["tokens"])}
    return MappingProxyType(dict(gold))


def _tokens(packed: str) -> list[list[Any]]:
    """ "left/left/ADJ/JJ/amod/1 cat/..." -> [[text, lemma, pos, tag, dep, head], ...]."""
    fields = (token.split("/") for token in packed.split(" "))
    return [[text, lemma, pos, tag, dep, int(head)] for text, lemma, pos, tag, dep, head in fields]


def _by(size_hw: Sequence[int]) -> str:
    return " x ".join(str(side) for side in size_hw)


RefSamples = Samples
