"""What lies behind the rows of a run: the sample of each, and the masks that the run stored."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasnb import datasets
from tasnb.core.errors import UserError
from tasnb.core.masks import from_rle
from tasnb.core.types import Sample
from tasnb.datasets import Instance


class MissingCase(UserError, LookupError):
    """A case cannot be shown; the message says what is missing and what to do."""


class RunSamples:
    """The samples and masks of a run, or of several runs as one; each is read when it is asked for.

    Parameters
    ----------
    run : Run or Pool
        The finished run.
    samples : sequence of Sample, optional
        Those that it was made from, in its order; default: what run.json names.
    """

    def __init__(self, run: Any, *, samples: Sequence[Sample] | None = None) -> None:
        self.run = run
        self.given = samples
        self._runs = tuple(getattr(run, "runs", (run,)))
        self._offsets = run.offsets() if hasattr(run, "offsets") else [0]
        self._opened: dict[int, Sequence[Sample]] = {}
        self._ids: Mapping[int, str] | None = None
        self._masks: Any = None  # the table of proposals, and the rows of each image; read once
        self._drawn: tuple[Any, str, list[Instance]] = (
            None,
            "",
            [],
        )  # the instances of one picture, the last asked for
        self._answers: Any = None  # what each (sample, method) chose, and the row of a mask of its own; read once

    def sample(self, number: int) -> Sample:
        """A sample of the run.

        Parameters
        ----------
        number : int
            As in the column ``sample``.

        Returns
        -------
        Sample
            With its picture and target.

        Raises
        ------
        MissingCase
            Where it is missing, unreadable, or another one than the run had.
        """
        samples, at = self._samples_of(number)
        if not 0 <= at < len(samples):
            raise MissingCase(f"sample {number} is none of the {len(samples)} samples given; are they the run's?")
        try:
            found = samples[at]
        except (OSError, ValueError, LookupError) as problem:
            raise MissingCase(f"sample {number} cannot be read: {problem}") from problem
        if self._ids is None:
            rows = self.run.predictions().drop_duplicates("sample")
            self._ids = dict(zip(rows["sample"], rows["sample_id"], strict=True))
        wanted = self._ids.get(number, found.sample_id)
        if found.sample_id != wanted:
            raise MissingCase(f"sample {number} is {found.sample_id!r}, the run has {wanted!r}; pass the run's samples")
        return found

    def masks(self, image_id: str) -> np.ndarray | None:
        """The proposals of an image as the run stored them.

        Parameters
        ----------
        image_id : str
            As in the column ``image_id``.

        Returns
        -------
        ndarray of bool, shape (n, h, w), or None
            None where the run stored none.

        Raises
        ------
        ValueError
            For a damaged mask.
        """
        rows = self._rows_of(image_id)
        return np.stack([_decoded(row) for row in rows.itertuples()]) if len(rows) else None

    def mask(self, image_id: str, index: int) -> np.ndarray | None:
        """One of the proposals of an image.

        Parameters
        ----------
        image_id : str
            As in the column ``image_id``.
        index : int
            As in the columns ``chosen`` and ``proposal``; -1 is no answer.

        Returns
        -------
        ndarray of bool, shape (h, w), or None
            None for no answer, and where the run did not store it.

        Raises
        ------
        ValueError
            For a damaged mask.
        """
        rows = self._rows_of(image_id)
        rows = rows[rows["proposal"] == index]
        return _decoded(next(rows.itertuples())) if len(rows) else None

    def answer(self, number: int, method: str) -> np.ndarray | None:
        """What a method answered.

        Parameters
        ----------
        number : int
            As in the column ``sample``.
        method : str
            One of the run's.

        Returns
        -------
        ndarray of bool, shape (h, w), or None
            None for no answer, and where the run did not store it.

        Raises
        ------
        ValueError
            For a damaged mask.
        """
        if self._answers is None:
            own = self.run.answers()
            rows = {(row.sample, row.method): row for row in own.itertuples()}
            chose = self.run.predictions()[["sample", "method", "image_id", "chosen"]]
            self._answers = {(c.sample, c.method): (c.image_id, int(c.chosen)) for c in chose.itertuples()}, rows
        chosen, own_rows = self._answers
        if (row := own_rows.get((number, method))) is not None:
            return _decoded(row)
        return self.mask(*chosen[number, method]) if (number, method) in chosen else None

    def instances(self, number: int) -> tuple[list[Instance], tuple[str, ...]]:
        """Everything annotated in the picture of a sample, and which of it is meant.

        Parameters
        ----------
        number : int
            As in the column ``sample``.

        Returns
        -------
        tuple
            Instances (id, category, mask), and the ids of those that are meant; neither where the data do not tell. The
            instances of a picture are drawn once while its samples follow each other.

        Raises
        ------
        MissingCase
            Where the data are missing.
        """
        samples, at = self._samples_of(number)
        if not isinstance(samples, datasets.Samples):
            return [], ()
        try:
            image_id = samples.image_id(at)
            if self._drawn[0] is not samples or self._drawn[1] != image_id:
                self._drawn = samples, image_id, samples.instances(image_id)
            return self._drawn[2], samples.target_ids(at) or ()
        except (OSError, ValueError, LookupError) as problem:
            raise MissingCase(f"the annotations of sample {number} cannot be read: {problem}") from problem

    def _samples_of(self, number: int) -> tuple[Sequence[Sample], int]:
        """The samples of the run that has this one, and its place in them."""
        if self.given is not None:
            return self.given, number
        part = max(0, bisect_right(self._offsets, number) - 1)
        if part not in self._opened:
            data = self._runs[part].about["dataset"]
            if data.get("spec") is None:
                raise MissingCase("this run was made from samples in memory; pass samples=, the same in the same order")
            try:
                self._opened[part] = datasets.reopen(data["spec"])
            except (OSError, ValueError) as problem:
                told = f"the pictures of {data.get('name')} are not there ({problem}); pass samples="
                raise MissingCase(told) from problem
        return self._opened[part], number - self._offsets[part]

    def _rows_of(self, image_id: str) -> Any:
        if self._masks is None:
            table = self.run.proposals()
            self._masks = table, table.groupby("image_id").indices
        table, rows = self._masks
        return table.iloc[rows.get(image_id, [])]


def _decoded(row: Any) -> np.ndarray:
    """The mask of a row of the table of proposals."""
    return from_rle({"size": [int(row.height), int(row.width)], "counts": row.mask})
