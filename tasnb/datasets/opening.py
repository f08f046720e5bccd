"""Opening a data set by its name, in this process or, from a spec, in another one; and what there is to open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tasnb.datasets import folder, phrasecut, refer, reftoy
from tasnb.datasets.published import CARDS, choose
from tasnb.datasets.samples import Samples

ROOT_VARIABLE = "TASNB_DATA"


def names() -> tuple[str, ...]:
    """The data sets that ``load`` knows."""
    return tuple(CARDS)


def load(name: str, *, split: str = "val", root: Path | str | None = None, split_by: str | None = None) -> Samples:
    """One sample a sentence, in the data set's own order.

    root: the folder that holds the data set; None: the folder that the environment variable TASNB_DATA names, for
    RefToy the shipped one. split_by: who split RefCOCO ("unc", "google") or RefCOCOg ("umd", "google"); None: the
    first. Warns once where a split differs from the published one. Raises ValueError for an unknown name, split or
    split_by, listing the choices, and for damaged files; FileNotFoundError naming the folder where data are missing.
    """
    return _open(name, split=split, root=root, split_by=split_by, checked=True)


def reopen(spec: Mapping[str, Any]) -> Samples:
    """The samples of ``Samples.spec``, slice and all; without the warning, which was given when they were opened."""
    samples = _open(
        spec["name"], split=spec["split"], root=spec.get("root"), checked=False, **dict(spec.get("options") or {})
    )
    if spec.get("rows") is not None:
        start, stop = spec["rows"]
        return samples[start:stop]
    if spec.get("indices") is not None:
        return samples.take(spec["indices"])
    return samples


def find_root(name: str, root: Path | str | None) -> Path:
    """The folder to look in: the one given, else TASNB_DATA's, for RefToy the shipped one. Raises FileNotFoundError."""
    if root is None and name in reftoy.STYLES:
        return reftoy.shipped_root()
    chosen = root if root is not None else os.environ.get(ROOT_VARIABLE)
    if not chosen:
        raise FileNotFoundError(
            f"{name} is missing: pass root (--root), the folder that holds it, or set {ROOT_VARIABLE}; "
            f"expected there: {CARDS[name].layout}"
        )
    if not Path(chosen).exists():
        raise FileNotFoundError(f"no such folder: {chosen}; expected the root of {name}: {CARDS[name].layout}")
    return Path(chosen)


def is_there(name: str, root: Path | str | None = None) -> Path | None:
    """The folder in which the annotations of a data set were found, None where they were not."""
    try:
        place = find_root(name, root)
    except FileNotFoundError:
        return None
    if name == "folder":
        return place if folder.table_in(place) is not None else None
    if name == "phrasecut":
        return phrasecut.home(place)
    here = any(refer.files(name, place, split_by)[1] is not None for split_by in CARDS[name].split_bys)
    return place if here and (place / name / "instances.json").is_file() else None


def overview(root: Path | str | None = None) -> list[dict[str, Any]]:
    """Every data set as plain values: name, title, splits with published counts, licence, source, layout, found."""
    entries = []
    for name, card in CARDS.items():
        place = is_there(name, root)
        if place is None and name in reftoy.STYLES:
            place = is_there(name)  # the shipped one needs no root
        splits = {by: {split: asdict(counts) for split, counts in card.counts[by].items()} for by in card.split_bys}
        entries.append(
            {"name": name, "title": card.title, "splits": splits, "licence": card.licence, "source": card.source,
             "layout": card.layout, "found": None if place is None else str(place)}
        )  # fmt: skip
    return entries


def _open(name: str, *, split: str, root: Path | str | None, split_by: str | None = None, checked: bool) -> Samples:
    choose("data set", name, names())
    choose("split_by", split_by or CARDS[name].split_bys[0], CARDS[name].split_bys, of=name)
    if name in reftoy.STYLES:
        return reftoy.load(name, split=split, root=root)
    if name != "folder":
        choose("split", split, CARDS[name].counts[split_by or CARDS[name].split_bys[0]], of=name)
    place = find_root(name, root)
    kept = str(place.absolute())
    if name == "folder":
        return folder.load(place, split=split, spec_root=kept)
    if name == "phrasecut":
        return phrasecut.load(place, split=split, spec_root=kept, checked=checked)
    return refer.load(name, split=split, root=place, split_by=split_by, spec_root=kept, checked=checked)
