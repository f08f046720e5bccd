"""Samples -> a folder data set that ``load("folder", root=...)`` reads: ``samples.csv``, ``images``, ``masks``.

Pictures are written from their pixels as PNG: nothing is lost, and nothing else travels. A photo's own file may hold
the place and time at which it was taken; these files do not.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tasnb.core.errors import UserError
from tasnb.core.images import png_bytes
from tasnb.core.tables import csv_text
from tasnb.core.types import Sample
from tasnb.datasets import folder
from tasnb.datasets.contents import shown
from tasnb.datasets.files import is_text

IMAGES, MASKS = "images", "masks"
COLUMNS = ("image", "expression", "mask", "split", "image_id", "ref_id")
LONGEST_NAME = 60  # characters of a file's name that come from an image's id
_RESERVED = re.compile("con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)  # Windows' devices, whatever the suffix


def write(samples: Sequence[Sample], root: Path | str, *, replace: bool = False) -> Path:
    """Write samples as a folder data set.

    Parameters
    ----------
    samples : sequence of Sample
        At least one. The mask of a sample without a target stays empty. A picture is written once, however many
        samples share its image_id.
    root : path or str
        A folder that does not exist yet or is empty.
    replace : bool
        Write over a data set that is nothing but what this function writes; it is exchanged only when the new one is
        complete.

    Returns
    -------
    Path
        The folder. Read it with the samples' own split, or with split="all".

    Raises
    ------
    UserError
        For no samples, an empty expression, half a character, or two pictures with one image_id.
    FileExistsError
        Where something else lies.
    """
    if not len(samples):
        raise UserError("expected at least one sample to write, got none; annotate something first")
    place = Path(root).expanduser()
    _check_place(place, replace)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=place.parent) as made:
        home = Path(made) / "data"
        _fill(home, samples)
        folder.read(home, folder.EVERY)  # what could not be read again is an error now
        if place.is_dir():
            shutil.rmtree(place)
        home.rename(place)
    return place


def is_written(place: Path) -> bool:
    """Whether a folder is nothing but a data set as ``write`` makes it: its table, and the files that it names."""
    table = place / folder.TABLES[0]
    try:
        contents = folder.read(table, folder.EVERY)
    except (OSError, ValueError):
        return False
    pictures = {picture.name for picture in contents.pictures}
    named = {table.name, *pictures, *(annotation.segmentation for annotation in contents.annotations)}
    found = {path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir()}
    folders = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_dir()}
    return found == named and folders <= {IMAGES, MASKS}


def _check_place(place: Path, replace: bool) -> None:
    if place.exists() and not place.is_dir():
        raise FileExistsError(f"{place} is a file; expected a new or an empty folder, so choose another name")
    if not place.is_dir() or not any(place.iterdir()):
        return
    if not is_written(place):
        raise FileExistsError(
            f"{place} holds other files; expected a new or an empty folder, so choose another name "
            "(nothing was changed)"
        )
    if not replace:
        raise FileExistsError(
            f"{place} holds a data set already; choose another name, or pass replace=True to write over it "
            "(nothing was changed)"
        )


def _fill(home: Path, samples: Sequence[Sample]) -> None:
    for name in (IMAGES, MASKS):
        (home / name).mkdir(parents=True)
    pictures: dict[str, tuple[str, bytes]] = {}
    masks: dict[tuple[str, bytes], str] = {}
    rows = []
    for sample in samples:
        pixels = sample.image.tobytes()
        if sample.image_id not in pictures:
            name = f"{IMAGES}/{_file_name(sample.image_id, {known for known, _ in pictures.values()})}"
            pictures[sample.image_id] = name, pixels
            (home / name).write_bytes(png_bytes(sample.image))
        name, first = pictures[sample.image_id]
        if first != pixels:
            raise UserError(f"two different pictures have the image_id {sample.image_id!r}; give each its own")
        mask = ""
        if sample.target is not None:
            key = (sample.image_id, sample.target.tobytes())
            if key not in masks:
                masks[key] = f"{MASKS}/{len(masks) + 1:04d}.png"
                (home / masks[key]).write_bytes(png_bytes(sample.target))
            mask = masks[key]
        for said in (sample.expression, sample.split, sample.image_id, sample.ref_id):
            if not is_text(said):
                raise UserError(
                    f"expected text that can be written as UTF-8, got {shown(said)}, which has half a character"
                )
        rows.append((name, sample.expression, mask, sample.split, sample.image_id, sample.ref_id))
    (home / folder.TABLES[0]).write_bytes(csv_text([COLUMNS, *rows]).encode("utf-8"))


def _file_name(image_id: str, taken: set[str]) -> str:
    """A file name that every system takes, and that no other picture has, in whatever case."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", image_id).strip("_")[:LONGEST_NAME] or "image"
    if _RESERVED.fullmatch(stem):
        stem += "_"
    used = {Path(name).stem.lower() for name in taken}
    name, number = stem, 1
    while name.lower() in used:
        number += 1
        name = f"{stem}-{number}"
    return f"{name}.png"
