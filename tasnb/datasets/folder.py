"""One's own images: a photo and an expression, or a folder with ``samples.csv`` or ``samples.json``.

    image,expression,mask
    park.jpg,the left dog,masks/dog.png
    park.jpg,the red ball,"[[10, 10, 20, 10, 20, 20]]"

A mask is a PNG (foreground: any pixel above 0), a COCO run-length code or polygons as JSON, or nothing. Further
columns: split (a row without one is in val; the split "all" is every row), image_id, ref_id, sent_id, category.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeGuard

import numpy as np
from PIL import Image, UnidentifiedImageError

from tasnb.core.choices import require_known
from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.images import as_rgb, image_id_of
from tasnb.core.types import Sample
from tasnb.datasets.annotations import mask_of, parse_json
from tasnb.datasets.contents import Annotation, Contents, Picture, Ref, Row, Size, digest

NAME = "folder"
TABLES = ("samples.csv", "samples.json")
EVERY = "all"


def photo(picture: Any, expression: str, target: Any = None) -> Sample:
    """One expression about one picture, as a data set gives it.

    Parameters
    ----------
    picture : path, Pillow image or array
        What ``as_rgb`` takes.
    expression : str
        Such as "the left dog".
    target : bool (h, w), path, Pillow image or array, optional
        The true mask when you have it, or a picture of it, in which any pixel above 0 belongs.

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
    if target is not None and not (isinstance(target, np.ndarray) and target.dtype == bool):
        target = np.asarray(as_rgb(target).any(axis=2))
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
    if root.is_file():
        return root if root.suffix in (".csv", ".json") else None
    return next((root / name for name in TABLES if (root / name).is_file()), None)


def read(root: Path, split: str | None = None) -> Contents:
    """Read a split strictly, or all of them with every fault noted. root: the folder or its table.

    Raises FileNotFoundError without a table, ValueError with the line number for a row that cannot be understood.
    """
    table = table_in(root)
    home = root if table is None else table.parent
    found = Contents(name=NAME, strict=split is not None, draw=partial(_draw, home), shared=True)
    if table is None:
        wanted = "; expected a table with the columns image, expression and mask" if found.strict else ""
        found.tell("missing file", FileNotFoundError(f"{root} has no {' or '.join(TABLES)}{wanted}"))
        return found
    pictures: dict[str, str] = {}
    taken: set[str] = set()
    try:
        data = table.read_bytes()
        found.digests[table.name] = digest(data)
        for number, (where, fields) in enumerate(_fields(data, table, found), start=1):
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
    except (OSError, ValueError) as wrong:
        found.tell("damaged file", wrong)
    found.pictures = [Picture(image_id, home / file_name, None) for image_id, file_name in pictures.items()]
    names = [a.segmentation for a in found.annotations if _is_file_name(a.segmentation)]
    found.mask_files = {name: home / name for name in names}
    if split is not None:
        require_known("split", split, (*sorted({row.split for row in found.rows} | {"val"}), EVERY), of=str(table))
        found.rows = [row for row in found.rows if split in (row.split, EVERY)]
    return found


def _draw(home: Path, target: Any, size_hw: Size) -> list[np.ndarray]:
    """A row's mask. Raises ValueError or FileNotFoundError."""
    if _is_file_name(target):
        return [_picture_mask(home / target)]
    if isinstance(target, str):
        try:
            target = json.loads(target)
        except (ValueError, RecursionError) as wrong:
            raise UserError(f"its JSON cannot be read ({wrong})") from wrong
    if isinstance(target, list) and target and not isinstance(target[0], list):
        target = [target]  # a single polygon [x, y, x, y, ...]
    return [mask_of(target, size_hw)]


def _is_file_name(target: Any) -> TypeGuard[str]:
    return isinstance(target, str) and not target.startswith(("{", "["))


def _picture_mask(path: Path) -> np.ndarray:
    if not path.is_file():
        raise MissingFileError(f"the mask {path} is missing")
    try:
        with Image.open(path) as picture:
            values: Any = np.asarray(picture)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as wrong:
        raise UserError(f"{path} is not a readable picture ({wrong})") from wrong
    if values.ndim == 3:
        # colour: any channel; alpha: what is transparent is background
        alpha = values[:, :, -1] > 0 if values.shape[2] in (2, 4) else True
        values = values[:, :, : 3 if values.shape[2] > 2 else 1].any(axis=2) & alpha
    return values > 0


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
                found.tell("bad row", f"{table}, sample {number}: {wanted}, got {item!r:.60}")
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].count(b"\n") + 1
        raise UserError(f"{table}, line {line}: not UTF-8 ({wrong.reason}); save the table as UTF-8") from wrong
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        header = [name.strip() for name in next(reader, [])]
        if not {"image", "expression"} <= set(header):
            got = ", ".join(header)
            raise UserError(f"{table}, line 1: expected the columns image, expression and mask, got {got}")
        line = reader.line_num + 1
        for values in reader:
            if len(values) > len(header):
                found.tell(
                    "bad row", f"{table}, line {line}: more values than columns; a text with a comma needs quotes"
                )
            elif values:
                yield f"line {line}", dict(zip(header, values, strict=False))
            line = reader.line_num + 1
    except csv.Error as wrong:
        # after a broken quote nothing can be told apart
        found.tell("bad row", f"{table}, line {line}: {wrong}; is a quote missing?")


def _row(fields: Mapping[str, Any], number: int) -> tuple[Row, str, Any]:
    """A row, its image's file name and its mask as written. Raises ValueError."""
    texts = {name: str(value).strip() for name, value in fields.items() if value is not None}
    for name in ("image", "expression"):
        if not isinstance(fields.get(name), str) or not texts[name]:
            raise UserError(f"{name} is empty")
    file_name, mask = _inside(texts["image"]), fields.get("mask")
    if isinstance(mask, str):
        mask = texts["mask"] or None
    if mask is not None and not isinstance(mask, str | list | dict):
        raise UserError(f"mask: expected a file name, a run-length code or polygons, got {type(mask).__name__}")
    if _is_file_name(mask):
        mask = _inside(mask)
    sent_id, split = texts.get("sent_id") or str(number), texts.get("split") or "val"
    image_id, ref_id = texts.get("image_id") or file_name, texts.get("ref_id") or sent_id
    target = None if mask is None else sent_id
    row = Row(texts["expression"], image_id, ref_id, sent_id, split, target, texts.get("category", ""))
    return row, file_name, mask


def _inside(file_name: str) -> str:
    """The name as a relative path. Raises ValueError for one that leads out of the folder."""
    posix, windows = PurePosixPath(file_name), PureWindowsPath(file_name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in posix.parts or ".." in windows.parts:
        raise UserError(f"{file_name!r} leads out of the folder; copy the file into it and write its name")
    if "\0" in file_name:
        raise UserError(f"{file_name!r} is no file name")
    return str(posix)
