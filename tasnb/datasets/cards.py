"""What is published about each data set, from ``cards.toml``; and the warning for a set that differs from it."""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")  # a key that is misspelt in the file is an error


class CountWarning(UserWarning):
    """A split holds other numbers of refs or sentences than the published one."""


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Counts:
    """How much a split holds; None: not published."""

    images: int | None = None
    refs: int | None = None
    sentences: int | None = None

    def differences(self, found: Counts) -> tuple[str, ...]:
        """What differs from ``found``, in words; a number that is not known differs from nothing."""
        pairs = ((field, getattr(self, field), getattr(found, field)) for field in ("images", "refs", "sentences"))
        return tuple(
            f"{want:,} {field} published, {got:,} found"
            for field, want, got in pairs
            if want is not None and got is not None and want != got
        )


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Card:
    """A data set as its authors describe it. counts: split_by, the default first -> split -> numbers."""

    title: str
    counts: Mapping[str, Mapping[str, Counts]]
    licence: str
    source: str
    layout: str

    @property
    def split_bys(self) -> tuple[str, ...]:
        """Who split it, the default first."""
        return tuple(self.counts)


_WRITTEN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
CARDS: Mapping[str, Card] = MappingProxyType(TypeAdapter(dict[str, Card]).validate_python(_WRITTEN))


def published(name: str, split_by: str, split: str) -> Counts:
    """The published numbers of a split.

    Parameters
    ----------
    name : str
        The data set.
    split_by : str
        Who split it.
    split : str
        The split.

    Returns
    -------
    Counts
        All None where nothing is published.
    """
    return CARDS[name].counts.get(split_by, {}).get(split, Counts())


def warn_of(what: str, differences: Sequence[str]) -> None:
    """One CountWarning that names how a split differs from the published one; silent where nothing does."""
    if differences:
        warnings.warn(
            f"{what} is not the published one: {'; '.join(differences)}. "
            "Figures on it do not compare with published ones",
            CountWarning,
            stacklevel=4,  # the caller of datasets.load
        )
