"""Opening a data set by its name, in this process or, from a spec, in another one; and what there is to open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tasnb.core.choices import require_known
from tasnb.core.errors import MissingFileError
from tasnb.core.shipped import data_root
from tasnb.datasets import doubtful, folder, phrasecut, refcoco_m, refer
from tasnb.datasets.annotations import uncollected
from tasnb.datasets.cards import CARDS, Counts, published, warn_of
from tasnb.datasets.contents import Contents
from tasnb.datasets.samples import Samples

ROOT_VARIABLE = "TASNB_DATA"


def names() -> tuple[str, ...]:
    """The data sets that ``load`` knows.

    Returns
    -------
    tuple of str
        Their names.
    """
    return tuple(CARDS)


def load(
    name: str,
    *,
    split: str = "val",
    root: Path | str | None = None,
    split_by: str | None = None,
    without: Path | str | None = None,
) -> Samples:
    """One sample a sentence, in the data set's own order.

    Parameters
    ----------
    name : str
        One of ``names()``.
    split : str
        One of the data set's; of a folder, "all" is every row.
    root : path or str, optional
        The folder that holds the data set; None: the folder that the environment variable TASNB_DATA names, for
        RefToy the shipped one.
    split_by : str, optional
        Who split RefCOCO ("unc", "google") or RefCOCOg ("umd", "google"); None: the first.
    without : path or str, optional
        A table of sentences of RefCOCO, RefCOCO+ or RefCOCOg that are left out, CSV, JSON, JSON lines or Parquet with
        the columns dataset and sent_id, such as those that Ref-L4 holds to be wrong.

    Returns
    -------
    Samples
        A lazy sequence.

    Raises
    ------
    ValueError
        For an unknown name, split or split_by, listing the choices, and for damaged files.
    FileNotFoundError
        Naming the folder where data are missing.

    Warns
    -----
    CountWarning
        Once, where a split differs from the published one, and once where ``without`` is given.
    """
    listed = None if without is None else doubtful.read(without, name)
    return _open(name, split, root, split_by, checked=True, listed=listed)


def reopen(spec: Mapping[str, Any]) -> Samples:
    """The samples of ``Samples.spec``, slice and all; without the warning, which was given when they were opened.

    Parameters
    ----------
    spec : mapping
        What ``Samples.spec`` gave, in this process or another one.

    Returns
    -------
    Samples
        The same.

    Raises
    ------
    ValueError, FileNotFoundError
        As ``load`` does.
    """
    options = spec.get("options") or {}
    left_out = options.get("without")  # by the indices below; said, so that the fingerprint is the same
    where = spec["name"], spec["split"], spec.get("root"), options.get("split_by")
    samples = _open(*where, checked=False, left_out=left_out)
    if spec.get("rows") is not None:
        start, stop = spec["rows"]
        return samples[start:stop]
    if spec.get("indices") is not None:
        return samples.take(spec["indices"])
    return samples


def read(name: str, root: Path, split_by: str, split: str | None = None) -> Contents:
    """What lies in the folder: a split, read strictly, or all of them with every fault noted."""
    with uncollected():
        if name == folder.NAME:
            return folder.read(root, split)
        if name == phrasecut.NAME:
            return phrasecut.read(root, split)
        if name == refcoco_m.NAME:
            return refcoco_m.read(root, split)
        return refer.read(name, root, split_by, split)


def find_root(name: str, root: Path | str | None) -> Path:
    """The folder to look in: the one given, else TASNB_DATA's, for RefToy the shipped one. Raises FileNotFoundError."""
    if root is None and name in refer.TOY_NAMES:
        return data_root() / "reftoy"
    chosen = root if root is not None else os.environ.get(ROOT_VARIABLE)
    if not chosen:
        raise MissingFileError(
            f"{name} is missing: pass root (--root), the folder that holds it, or set {ROOT_VARIABLE}; "
            f"expected there: {CARDS[name].layout}"
        )
    if not os.path.exists(chosen):
        raise MissingFileError(f"no such folder: {chosen}; expected the root of {name}: {CARDS[name].layout}")
    return Path(chosen)


def is_there(name: str, root: Path | str | None = None) -> Path | None:
    """The folder in which the annotations of a data set were found.

    Parameters
    ----------
    name : str
        One of ``names()``.
    root : path or str, optional
        As for ``load``.

    Returns
    -------
    Path or None
        None where they were not found.
    """
    try:
        place = find_root(name, root)
    except FileNotFoundError:
        return None
    if name == folder.NAME:
        return place if folder.table_in(place) is not None else None
    if name == phrasecut.NAME:
        return phrasecut.home(place)
    if name == refcoco_m.NAME:
        return place if refcoco_m.tables(place) else None
    here = any(refer.files(name, place, split_by)[1] is not None for split_by in CARDS[name].split_bys)
    return place if here and os.path.isfile(place / name / "instances.json") else None


def overview(root: Path | str | None = None) -> list[dict[str, Any]]:
    """Every data set as plain values.

    Parameters
    ----------
    root : path or str, optional
        As for ``load``.

    Returns
    -------
    list of dict
        name, title, splits with published counts, licence, source, layout, found.
    """
    entries = []
    for name, card in CARDS.items():
        place = is_there(name, root)
        if place is None and name in refer.TOY_NAMES:
            place = is_there(name)  # the shipped one needs no root
        counts = {by: {split: asdict(known) for split, known in splits.items()} for by, splits in card.counts.items()}
        told = {"licence": card.licence, "source": card.source, "layout": card.layout}
        found = None if place is None else str(place)
        entries.append({"name": name, "title": card.title, "splits": counts, **told, "found": found})
    return entries


def _open(
    name: str,
    split: str,
    root: Path | str | None,
    split_by: str | None,
    *,
    checked: bool,
    listed: doubtful.Listed | None = None,
    left_out: Mapping[str, Any] | None = None,
) -> Samples:
    require_known("data set", name, names())
    card = CARDS[name]
    by = split_by or card.split_bys[0]
    require_known("split_by", by, card.split_bys, of=name)
    if name != folder.NAME:
        require_known("split", split, card.counts[by], of=name)
    place = find_root(name, root)
    contents = read(name, place, by, split)
    if checked:
        images = {row.image_id for row in contents.rows}
        found = Counts(images=len(images), refs=len(contents.refs), sentences=len(contents.rows))
        warn_of(f"{name} {split} (split by {by})", published(name, by, split).differences(found))
    shipped = root is None and name in refer.TOY_NAMES
    options: dict[str, Any] = {"split_by": by} if name in refer.NAMES else {}
    chosen = None
    if listed is not None:
        chosen = tuple(n for n, row in enumerate(contents.rows) if row.sent_id not in listed.sent_ids)
        left_out = {"sha256": listed.sha256, "sentences": len(contents.rows) - len(chosen)}
        warn_of(f"{name} {split} (split by {by})", [listed.told({row.sent_id for row in contents.rows})])
    if left_out is not None:
        options["without"] = dict(left_out)
    kept = None if shipped else str(place.absolute())
    return Samples(contents, {"name": name, "split": split, "root": kept, "options": options}, chosen)
