"""Samples of one split as a lazy sequence: ids and expressions at once, a picture and its mask when asked for."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, overload

import numpy as np

from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.image_files import upright_size
from tasnb.core.images import as_rgb
from tasnb.core.tables import counted
from tasnb.core.types import ImageRGB, Sample
from tasnb.datasets.contents import Contents, Instance, Row, by

CACHED_IMAGES = 16  # an evaluation meets the sentences of one image in a row
CACHED_BYTES = 64_000_000  # a folder may hold photos of 12 megapixels: 36 MB each


class Samples(Sequence[Sample]):
    """Samples of one split, one a sentence, in the data set's own order.

    ``samples[i]`` reads a picture and a mask, and raises ValueError or OSError with one sentence where they are bad.
    A slice gives a sequence that shares the cache.

    Parameters
    ----------
    contents : Contents
        What a reader found; shared by all slices.
    whole : mapping
        What opens the whole split again: name, split, root, options.
    chosen : sequence of int, optional
        The rows that are meant; None: all.
    cache : OrderedDict, optional
        The last few pictures, by image id.
    """

    def __init__(
        self,
        contents: Contents,
        whole: Mapping[str, Any],
        chosen: Sequence[int] | None = None,
        cache: OrderedDict[str, ImageRGB] | None = None,
    ) -> None:
        self.name, self.split = str(whole["name"]), str(whole["split"])
        self.captions: Mapping[str, str] = MappingProxyType(contents.captions)  # a person's, by image; may be empty
        self._contents, self._whole = contents, whole
        self._chosen = range(len(contents.rows)) if chosen is None else chosen
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
        row, facts = self._row(index), self.facts(index)
        image = self.image(row.image_id)
        return Sample(image=image, target=self._target(row, image.shape[:2]), **facts)

    def __repr__(self) -> str:
        size = f"{counted(len(self), 'sample')} of {counted(len(set(self.image_ids)), 'image')}"
        return f"Samples({self.name!r}, split={self.split!r}, {size})"

    def take(self, indices: Sequence[int]) -> Samples:
        """The samples at these places, in this order; shares the cache.

        Parameters
        ----------
        indices : sequence of int
            Places in this sequence.

        Returns
        -------
        Samples
            As many.

        Raises
        ------
        IndexError
            For a place that is not there.
        """
        return self._part(tuple(self._chosen[i] for i in indices))

    @cached_property
    def image_ids(self) -> tuple[str, ...]:
        """The image of every sample, without reading any."""
        return tuple(row.image_id for row in self._rows)

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        """The id of every sample: data set, split and sentence."""
        return tuple(map(self._sample_id, self._rows))

    @cached_property
    def ref_ids(self) -> tuple[str, ...]:
        """The ref that every sample belongs to."""
        return tuple(row.ref_id for row in self._rows)

    @cached_property
    def sent_ids(self) -> tuple[str, ...]:
        """The sentence id of every sample."""
        return tuple(row.sent_id for row in self._rows)

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        """Every sample's expression, without reading any image."""
        return tuple(row.expression for row in self._rows)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The kind of thing that every sample is about, "" where unknown, without reading any image."""
        return tuple(row.category for row in self._rows)

    def same_kind(self, index: int) -> int | None:
        """How many other things of the target's kind the picture's annotations have.

        Parameters
        ----------
        index : int
            Place of the sample.

        Returns
        -------
        int or None
            None where the annotations do not tell.
        """
        beside = self.beside(index)
        return None if beside is None else beside[0]

    def beside(self, index: int) -> tuple[int, int] | None:
        """How many other things the picture's annotations have: of the target's kind, and of another kind.

        Parameters
        ----------
        index : int
            Place of the sample.

        Returns
        -------
        tuple of int, or None
            None where the annotations do not tell.
        """
        return self._contents.beside(self._row(index))

    def image_id(self, index: int) -> str:
        """The image of one sample, without reading it.

        Parameters
        ----------
        index : int
            Place of the sample.

        Returns
        -------
        str
            Its image id.
        """
        return self._row(index).image_id

    def image(self, image_id: str) -> ImageRGB:
        """One picture; the last few are kept.

        Parameters
        ----------
        image_id : str
            One of ``image_ids``.

        Returns
        -------
        uint8 (h, w, 3)
            RGB and upright, read-only.

        Raises
        ------
        FileNotFoundError, ValueError, OSError
            Where the picture is missing or bad.
        """
        if image_id in self._cache:
            self._cache.move_to_end(image_id)
            return self._cache[image_id]
        image = as_rgb(self._contents.picture_file(image_id))
        self._cache[image_id] = image
        while len(self._cache) > 1 and (
            len(self._cache) > CACHED_IMAGES or sum(i.nbytes for i in self._cache.values()) > CACHED_BYTES
        ):
            self._cache.popitem(last=False)
        return image

    def things(self, image_id: str) -> np.ndarray:
        """The masks of everything annotated in an image, referred to or not.

        Parameters
        ----------
        image_id : str
            One of ``image_ids``.

        Returns
        -------
        bool (n, h, w)
            Read-only.

        Raises
        ------
        KeyError
            For an unknown image.
        ValueError
            For a damaged annotation.
        """
        masks = self._contents.things(str(image_id))
        masks.flags.writeable = False
        return masks

    def facts(self, index: int) -> dict[str, Any]:
        """All of a sample but its picture and target, without reading either.

        Parameters
        ----------
        index : int
            Place of the sample.

        Returns
        -------
        dict
            sample_id, image_id, ref_id, sent_id, dataset, split, expression and gold, as ``Sample`` has them.

        Raises
        ------
        ValueError
            For a sample about which the data set's files have a fault.
        """
        row = self._row(index)
        self._contents.require_sound(row)
        ids = {key: getattr(row, key) for key in ("image_id", "ref_id", "sent_id", "split", "expression")}
        return {**ids, "sample_id": self._sample_id(row), "dataset": self.name, "gold": _readable(row.gold)}

    def target(self, index: int) -> np.ndarray | None:
        """The mask of a sample; its picture is not read, and need not be there where the annotations list its size.

        Parameters
        ----------
        index : int
            Place of the sample.

        Returns
        -------
        bool (h, w), or None
            As ``Sample.target``.

        Raises
        ------
        ValueError, OSError
            For a damaged mask, and where the picture's size is not known.
        """
        row = self._row(index)
        listed = self._contents.picture(row.image_id).size_hw
        size_hw = listed or upright_size(self._contents.picture_file(row.image_id))
        return self._target(row, size_hw)

    def target_ids(self, index: int) -> tuple[str, ...] | None:
        """The annotations that a sample means, without reading any picture.

        Parameters
        ----------
        index : int
            Place of the sample.

        Returns
        -------
        tuple of str, or None
            Their ids, none where the expression means nothing in the picture; None where the data set has no mask.
        """
        return self._row(index).targets

    def instances(self, image_id: str) -> list[Instance]:
        """Everything annotated in an image, referred to or not, with its kind; annotations with a fault are left out.

        Parameters
        ----------
        image_id : str
            One of ``image_ids``.

        Returns
        -------
        list of Instance
            id, category and mask of each.

        Raises
        ------
        ValueError, OSError
            For a damaged mask, and where the picture's size is not known.
        """
        return self._contents.instances(str(image_id))

    def names(self, image_id: str) -> tuple[str, ...]:
        """What a person would say of each of ``things``, seen alone.

        Parameters
        ----------
        image_id : str
            One of ``image_ids``.

        Returns
        -------
        tuple of str
            As many as ``things`` has masks; "" where the data set does not tell.
        """
        return self._contents.names(str(image_id))

    @property
    def spec(self) -> dict[str, Any]:
        """Plain values that open the same samples again, in another process: ``datasets.reopen(spec)``.

        "rows": [start, stop] for a slice, "indices" for any other choice; neither for a whole split.
        """
        chosen = self._chosen
        if not isinstance(chosen, range) or chosen.step != 1:
            return {**self._whole, "indices": list(chosen)}
        if len(chosen) == len(self._contents.rows):
            return dict(self._whole)
        return {**self._whole, "rows": [chosen.start, max(chosen.start, chosen.stop)]}

    @cached_property
    def fingerprint(self) -> str:
        """64 hex digits of the annotation files' content, the name, the split and the rows chosen; not the photos'."""
        parts = [self.name, self.split, self._whole["options"], self._contents.all_digests(), self.sample_ids]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def _rows(self) -> list[Row]:
        return [self._contents.rows[i] for i in self._chosen]

    def _row(self, index: int) -> Row:
        return self._contents.rows[self._chosen[index]]

    def _part(self, chosen: Sequence[int]) -> Samples:
        return Samples(self._contents, self._whole, chosen, self._cache)

    def _sample_id(self, row: Row) -> str:
        return f"{self.name}-{row.split}-{row.sent_id}"

    def _target(self, row: Row, size_hw: tuple[int, int]) -> np.ndarray | None:
        try:
            mask = self._contents.mask(row, size_hw)
        except MissingFileError:
            raise
        except ValueError as wrong:
            raise UserError(f"the mask of {self._sample_id(row)} is damaged: {wrong}") from wrong
        if mask is None:
            return None
        if mask.shape != size_hw:
            turned = mask.shape == size_hw[::-1]
            raise UserError(
                f"the mask of {self._sample_id(row)} is {by(mask.shape)} (h x w), its picture "
                f"{self._contents.picture_file(row.image_id)} is {by(size_hw)}; "
                + ("is it turned by its EXIF orientation?" if turned else "does it belong to another picture?")
            )
        mask.flags.writeable = False
        return mask


def _readable(gold: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read-only, and RefToy's packed tokens "left/left/ADJ/JJ/amod/1 cat/..." as lists [[text, lemma, ...], ...]."""
    if isinstance(gold.get("tokens"), str):
        fields = [token.split("/") for token in gold["tokens"].split(" ")]
        if all(len(token) == 6 and token[5].isdecimal() and len(token[5]) < 10 for token in fields):
            gold = {**gold, "tokens": [[*token[:5], int(token[5])] for token in fields]}
    return MappingProxyType(dict(gold))
