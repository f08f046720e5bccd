"""One's own images: a photo and an expression, or a folder with ``samples.csv`` or ``samples.json``.

    image,expression,mask
    park.jpg,the left dog,masks/dog.png
    park.jpg,the red ball,"[[10, 10, 20, 10, 20, 20]]"

A mask is a picture (white on black, or opaque on transparent: ``core.mask_pictures``), a COCO run-length code or
polygons as JSON, or nothing, and in the coordinates of the upright photo, as its EXIF orientation turns it. Further
columns: split (a row without one is in val; the split "all" is every row), image_id, ref_id, sent_id, category.
"""

from __future__ import annotations

import csv
import io
import os
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from tasnb.core.choices import require_known
from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.images import as_rgb, image_id_of
from tasnb.core.limits import MAX_FILE_BYTES, MAX_ROWS
from tasnb.core.mask_pictures import as_mask
from tasnb.core.tables import from_csv_cell
from tasnb.core.types import Sample
from tasnb.datasets.annotations import mask_of, parse_json
from tasnb.datasets.contents import Annotation, Contents, Picture, Ref, Row, Size, digest, id_of, shown
from tasnb.datasets.files import file_in, is_text, read_data, require_inside

NAME = "folder"
TABLES = ("samples.csv", "samples.json")
TEXTS = ("image", "expression", "image_id", "ref_id", "sent_id", "split", "category")
EVERY = "all"

_CSV = threading.Lock()


def photo(picture: Any, expression: str, target: Any = None) -> Sample:
    """One expression about one picture, as a data set gives it.

    Parameters
    ----------
    picture : path, Pillow image or array
        What ``as_rgb`` takes.
    expression : str
        Such as "the left dog".
    target : bool (h, w), path, Pillow image or array, optional
        The true mask when you have it, or a picture of it, read as ``core.mask_pictures.as_mask`` says: white on black.

    Returns
    -------
    Sample
        Of the data set "photo" and the split "own".

    Raises
    ------
    FileNotFoundError, ValueError
        For what is no picture, ValueError for an empty expression or a mask of another size too.
    """
    if not isinstance(expression, str) or not expression.strip():
        raise UserError(f'expected an expression such as "the left dog", got {expression!r}')
    image_rgb = as_rgb(picture)
    if target is not None:
        target = as_mask(target)
    if target is not None and target.shape != image_rgb.shape[:2]:
        raise UserError(f"target: expected the picture's size {image_rgb.shape[:2]} (h, w), got {target.shape}")
    name = image_id_of(image_rgb)
    ids: dict[str, Any] = {"sample_id": f"photo-{name}", "image_id": name, "ref_id": name, "sent_id": "0"}
    return Sample(image=image_rgb, expression=expression, target=target, dataset="photo", split="own", **ids)


def photos(*rows: tuple) -> list[Sample]:
    """Several of them: ``photos(("park.jpg", "the left dog"), ("park.jpg", "the ball", "ball_mask.png"))``.

    Parameters
    ----------
    *rows : tuple
        The arguments of ``photo``.

    Returns
    -------
    list of Sample
        One a row.
    """
    return [photo(*row) for row in rows]


def table_in(root: Path) -> Path | None:
    """The table of a folder, or the root itself where it is one."""
    if not os.path.isdir(root):
        return root if root.suffix in (".csv", ".json") else None
    return next((root / name for name in TABLES if os.path.lexists(root / name)), None)


def read(root: Path, split: str | None = None) -> Contents:
    """Read a split strictly, or all of them with every fault noted. root: the folder or its table.

    Raises MissingFileError without a table, UserError with the line number for a row that cannot be understood.
    """
    table = table_in(root)
    home = root if table is None else table.parent
    found = Contents(name=NAME, strict=split is not None, draw=partial(_draw, home), shared=True, target_needed=False)
    if table is None:
        wanted = "; expected a table with the columns image, expression and mask" if found.strict else ""
        found.tell("missing file", MissingFileError(f"{root} has no {' or '.join(TABLES)}{wanted}"))
        return found
    pictures: dict[str, str] = {}
    taken: set[str] = set()
    try:
        data = read_data(table)
        found.digests[table.name] = digest(data)
        for number, (where, fields) in enumerate(_fields(data, table, found), start=1):
            if number > MAX_ROWS:
                raise UserError(f"{table}, {where}: expected at most {MAX_ROWS:,} rows; make several tables")
            try:
                row, file_name, mask = _row(fields, number)
                if pictures.setdefault(row.image_id, file_name) != file_name:
                    raise UserError(f"image_id {row.image_id!r} names both {pictures[row.image_id]} and {file_name}")
                if row.sent_id in taken:
                    raise UserError(f"sent_id {row.sent_id!r} was used before")
            except ValueError as wrong:
                found.tell("bad row", f"{table}, {where}: {wrong}")
                continue
            taken.add(row.sent_id)
            marked = [] if mask is None else [row.sent_id]
            found.rows.append(row)
            found.refs.append(Ref(row.sent_id, row.image_id, row.split, marked, [row.sent_id]))
            found.annotations += [Annotation(sent_id, row.image_id, mask, []) for sent_id in marked]
    except ValueError as wrong:
        found.tell("damaged file", wrong)
    found.pictures = [Picture(image_id, home, file_name, None) for image_id, file_name in pictures.items()]
    found.mask_files = home, [a.segmentation for a in found.annotations if _is_file_name(a.segmentation)]
    if split is not None:
        require_known("split", split, (*sorted({row.split for row in found.rows} | {"val"}), EVERY), of=str(table))
        found.rows = [row for row in found.rows if split in (row.split, EVERY)]
    return found


def _draw(home: Path, annotation: Annotation, size_hw: Size) -> list[np.ndarray]:
    """A row's mask. Raises ValueError or FileNotFoundError."""
    target = annotation.segmentation
    if _is_file_name(target):
        path = file_in(home, target)
        if not os.path.exists(path):
            raise MissingFileError(f"the mask {path} is missing")
        return [as_mask(path)]
    if isinstance(target, str):
        target = target.encode("utf-8", "surrogatepass")  # JSON that is read when it is drawn
    return [mask_of(target, size_hw)]


def _is_file_name(target: Any) -> TypeGuard[str]:
    return isinstance(target, str) and not target.startswith(("{", "["))


def _fields(data: bytes, table: Path, found: Contents) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where a row stands, for people, and its fields."""
    if table.suffix == ".json":
        content = parse_json(data, table)
        items = content.get("samples") if isinstance(content, dict) else content
        if not isinstance(items, list):
            raise UserError(f'{table}: expected a list of samples, or {{"samples": [...]}}')
        for number, item in enumerate(items, start=1):
            if isinstance(item, dict):
                yield f"sample {number}", item
            else:
                wanted = "expected an object with image and expression"
                found.tell("bad row", f"{table}, sample {number}: {wanted}, got {shown(item)}")
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].count(b"\n") + 1
        raise UserError(f"{table}, line {line}: not UTF-8 ({wrong.reason}); save the table as UTF-8") from wrong
    rows, stop = _rows(text)
    _, header = rows[0] if rows else (1, [])
    names = [name.strip() for name in header]
    if not {"image", "expression"} <= set(names):
        got = ", ".join(names)[:200]
        raise UserError(f"{table}, line 1: expected the columns image, expression and mask, got {got}")
    if twice := [name for name in (*TEXTS, "mask") if names.count(name) > 1]:
        raise UserError(f"{table}, line 1: expected each column once, got {twice[0]} {names.count(twice[0])} times")
    for line, values in rows[1:]:
        if len(values) > len(names):
            found.tell("bad row", f"{table}, line {line}: more values than columns; a text with a comma needs quotes")
        elif values:
            yield f"line {line}", dict(zip(names, values, strict=False))
    if stop:
        found.tell("bad row", f"{table}, {stop}")


def _rows(text: str) -> tuple[list[tuple[int, list[str]]], str]:
    """The line number and the values of each row, and why no more could be read."""
    rows: list[tuple[int, list[str]]] = []
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    # a polygon of 9,000 points is longer than the module allows; what it allows belongs to the whole process
    with _CSV:
        before = csv.field_size_limit(MAX_FILE_BYTES[".csv"])
        try:
            for values in reader:
                rows.append((line, list(map(from_csv_cell, values))))
                line = reader.line_num + 1
                if len(rows) > MAX_ROWS + 1:
                    return rows, f"line {line}: expected at most {MAX_ROWS:,} rows; make several tables"
        except csv.Error as wrong:
            # after a broken quote nothing can be told apart
            return rows, f"line {line}: {wrong}; is a quote missing?"
        finally:
            csv.field_size_limit(before)
    return rows, ""


def _row(fields: Mapping[str, Any], number: int) -> tuple[Row, str, Any]:
    """A row, its image's file name and its mask as written. Raises UserError."""
    texts = {name: _text(name, fields.get(name)) for name in TEXTS}
    for name in ("image", "expression"):
        if not isinstance(fields.get(name), str) or not texts[name]:
            raise UserError(f"{name} is empty")
    file_name, mask = require_inside(texts["image"]), fields.get("mask")
    if isinstance(mask, str):
        mask = mask.strip() or None
    if mask is not None and not isinstance(mask, str | list | dict):
        raise UserError(f"mask: expected a file name, a run-length code or polygons, got {type(mask).__name__}")
    if _is_file_name(mask):
        mask = require_inside(mask)
    sent_id, split = texts["sent_id"] or str(number), texts["split"] or "val"
    image_id, ref_id = texts["image_id"] or file_name, texts["ref_id"] or sent_id
    targets = None if mask is None else (sent_id,)
    row = Row(texts["expression"], image_id, ref_id, sent_id, split, targets, texts["category"])
    return row, file_name, mask


def _text(name: str, value: Any) -> str:
    """The text of a field, "" where it is empty. Raises UserError."""
    text = "" if value is None else value.strip() if isinstance(value, str) else id_of(value)
    if not is_text(text):
        raise UserError(f"{name}: expected a text, got {shown(value)}")
    return text
