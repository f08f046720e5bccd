"""Which data stand in which column of a paper's table: the same data where they are there, else the nearest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tasnb.datasets import CARDS
from tasnb.evaluation import paper
from tasnb.evaluation.beside import Place

# the data set whose expressions are written in the same way
NEAREST: Mapping[str, str] = MappingProxyType({"reftoy": "refcoco", "reftoy+": "refcoco+", "reftoyg": "refcocog"})
_TOY_OF: Mapping[str, str] = MappingProxyType({paper_name: toy for toy, paper_name in NEAREST.items()})
# the paper's column of RefCOCOg -> who split it, and the split
LONG: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"Val(U)": ("umd", "val"), "Test(U)": ("umd", "test"), "Test(G)": ("google", "val")}
)
_TOY_LONG: Mapping[str, str] = MappingProxyType({"Val(U)": "val"})  # RefToy has no second long split
_FAMILY = ("refcoco", "refcoco+", "refcocog")


@dataclass(frozen=True, kw_only=True)
class Column:
    """Data to measure (dataset, split, split_by) beside a column of the paper; place.same: whether they are its."""

    dataset: str
    split: str
    split_by: str | None = None
    place: Place

    @property
    def title(self) -> str:
        """For people: "reftoy val", "refcocog val (umd)"."""
        return f"{self.dataset} {self.split}" + (f" ({self.split_by})" if self.split_by else "")


def columns(table: int, dataset: str, split: str | None = None) -> tuple[Column, ...]:
    """The columns of a table to measure on a data set, in the paper's order.

    The data set's own columns where the table has them (RefToy's are those of the data set it is written after). A
    table about other data of the same family (Tables 6 and 7 are about RefCOCO+ and RefCOCOg) is measured on that
    family's; any other table on the data set itself beside the nearest column. split: only that one, which may be none
    of the paper's. Raises ValueError for an unknown data set, or a split that it does not have.
    """
    if dataset not in CARDS:
        raise ValueError(f"unknown data set {dataset!r}; choose from {', '.join(CARDS)}")
    printed = _printed(table)
    found = [c for place in printed if (c := _column(table, dataset, place)) is not None]
    if not found and dataset != "folder":
        family = [_sibling(dataset, name) for name, _ in printed]
        found = [c for name, place in zip(family, printed, strict=True) if name and (c := _column(table, name, place))]
    if split is not None:
        found = [c for c in found if c.split == split] or [_beside(table, dataset, split, printed)]
    return tuple(found) or (_beside(table, dataset, None, printed),)


def _printed(table: int) -> list[tuple[str, str]]:
    frame = paper.table(table)
    return list(dict.fromkeys(zip(frame["dataset"], frame["split"], strict=True)))


def _column(table: int, dataset: str, place: tuple[str, str]) -> Column | None:
    """This data set's share in the paper's column, None where it has none."""
    name, printed = place
    if NEAREST.get(dataset, dataset) != name:
        return None
    toy = dataset in NEAREST
    split_by: str | None = None
    split: str | None = printed
    if name == "refcocog":
        split_by, split = (None, _TOY_LONG.get(printed)) if toy else LONG[printed]
    if split is None:
        return None
    return Column(dataset=dataset, split=split, split_by=split_by, place=Place(table, name, printed, not toy))


def _sibling(dataset: str, paper_name: str) -> str | None:
    """The data set of the same family that stands for a data set of the paper."""
    if dataset in NEAREST:
        return _TOY_OF.get(paper_name)
    return paper_name if dataset in _FAMILY and paper_name in _FAMILY else None


def _beside(table: int, dataset: str, split: str | None, printed: list[tuple[str, str]]) -> Column:
    """A split that is no column of the table, beside the nearest one that is."""
    splits = _splits(dataset)
    wanted = split or next(name for name in ("val", *splits) if name in splits)
    if dataset != "folder" and wanted not in splits:
        raise ValueError(f"{dataset} has no split {wanted!r}; choose from {', '.join(splits)}")
    near = NEAREST.get(dataset, dataset)
    name, column = next((p for p in printed if p[0] == near), printed[0])
    return Column(dataset=dataset, split=wanted, place=Place(table, name, column, False))


def _splits(dataset: str) -> tuple[str, ...]:
    card = CARDS[dataset]
    return tuple(dict.fromkeys(_all(card.counts))) or ("val",)


def _all(counts: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for splits in counts.values():
        yield from splits
