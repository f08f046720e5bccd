"""A folder of one's own images: ``samples.csv`` or ``samples.json`` with image, expression and, optionally, a mask.

    image,expression,mask
    park.jpg,the left dog,masks/dog.png
    park.jpg,the red ball,"[[10, 10, 20, 10, 20, 20]]"

A mask is a PNG (foreground: any pixel above 0), a COCO run-length code or polygons as JSON, or nothing. Further
columns: split (a row without one is in val; the split "all" is every row), image_id, ref_id, sent_id, category.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from tasnb.datasets.annotations import mask_of
from tasnb.datasets.published import choose
from tasnb.datasets.reading import parse_json
from tasnb.datasets.samples import Row, Samples

NAME = "folder"
TABLES = ("samples.csv", "samples.json")
COLUMNS = ("image", "expression", "mask", "split", "image_id", "ref_id", "sent_id", "category")
EVERY = "all"


class FolderSource:
    """Where a folder's pictures and masks are; implements ``samples.Source``."""

    def __init__(self, home: Path, rows: Sequence[Row], pictures: Mapping[str, str], table: tuple[str, str]) -> None:
        self.captions: Mapping[str, str] = {}
        self._home, self._rows, self._pictures, self._table = home, rows, pictures, table

    def digests(self) -> Mapping[str, str]:
        """Of the table and of every mask file, because here they are the annotations."""
        digests = dict([self._table])
        for name in {row.target for row in self._rows if is_file_name(row.target)}:
            path = self._home / name
            digests[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
        return digests

    def picture(self, image_id: str) -> Path:
        return self._home / self._pictures[image_id]

    def mask(self, row: Row, size_hw: tuple[int, int]) -> np.ndarray | None:
        return read_mask(self._home, row.target, size_hw)

    def things(self, image_id: str) -> np.ndarray:
        if image_id not in self._pictures:
            raise KeyError(f"{NAME} has no image {image_id!r}; see image_ids")
        with Image.open(self.picture(image_id)) as picture:
            size_hw = (picture.height, picture.width)
            if picture.getexif().get(0x0112, 1) >= 5:  # EXIF orientation: 5 to 8 stand on their side
                size_hw = size_hw[::-1]
        masks: dict[bytes, np.ndarray] = {}
        for row in self._rows:
            mask = self.mask(row, size_hw) if row.image_id == image_id else None
            if mask is not None:
                masks.setdefault(mask.tobytes(), mask)
        return np.stack(list(masks.values())) if masks else np.zeros((0, *size_hw), dtype=bool)


def load(root: Path, *, split: str = "val", spec_root: str | None = None) -> Samples:
    """Read a folder. root: the folder or its table. The masks and pictures are read when a sample is asked for.

    Raises FileNotFoundError without a table, ValueError with the line number for a row that cannot be understood.
    """
    table = table_in(root)
    if table is None:
        raise FileNotFoundError(
            f"{root} has no {' or '.join(TABLES)}; expected a table with the columns image, expression and mask"
        )

    def stop(problem: str) -> None:
        raise ValueError(problem)

    data = table.read_bytes()
    rows, pictures = parse(data, table, stop)
    splits = sorted({row.split for row in rows} | {"val"})
    choose("split", split, (*splits, EVERY), of=str(table))
    chosen = [row for row in rows if split in (row.split, EVERY)]
    source = FolderSource(table.parent, rows, pictures, (table.name, hashlib.sha256(data).hexdigest()))
    return Samples(chosen, source, name=NAME, split=split, root=spec_root)


def table_in(root: Path) -> Path | None:
    """The table of a folder, or the root itself where it is one."""
    if root.is_file():
        return root if root.suffix in (".csv", ".json") else None
    return next((root / name for name in TABLES if (root / name).is_file()), None)


def parse(data: bytes, table: Path, tell: Callable[[str], None]) -> tuple[list[Row], dict[str, str]]:
    """The rows of a table, and image id -> file name. tell: called with a sentence for each row that is left out."""
    rows: list[Row] = []
    pictures: dict[str, str] = {}
    sentences: set[str] = set()
    for number, (where, fields) in enumerate(_fields(data, table, tell), start=1):
        try:
            row, file_name = _row(fields, number)
            if pictures.setdefault(row.image_id, file_name) != file_name:
                raise ValueError(f"image_id {row.image_id!r} names both {pictures[row.image_id]} and {file_name}")
            if row.sent_id in sentences:
                raise ValueError(f"sent_id {row.sent_id!r} was used before")
        except ValueError as wrong:
            tell(f"{table}, {where}: {wrong}")
            continue
        sentences.add(row.sent_id)
        rows.append(row)
    return rows, pictures


def read_mask(home: Path, target: Any, size_hw: tuple[int, int]) -> np.ndarray | None:
    """A row's mask: bool (h, w), None where it has none. Raises ValueError or FileNotFoundError."""
    if target is None:
        return None
    if is_file_name(target):
        return _picture_mask(home / target)
    if isinstance(target, str):
        try:
            target = json.loads(target)
        except (ValueError, RecursionError) as wrong:
            raise ValueError(f"its JSON cannot be read ({wrong})") from wrong
    if isinstance(target, list) and target and not isinstance(target[0], list):
        target = [target]  # a single polygon [x, y, x, y, ...]
    return mask_of(target, size_hw)


def is_file_name(target: Any) -> bool:
    return isinstance(target, str) and not target.startswith(("{", "["))


def _picture_mask(path: Path) -> np.ndarray:
    if not path.is_file():
        raise FileNotFoundError(f"the mask {path} is missing")
    try:
        with Image.open(path) as picture:
            values: Any = np.asarray(picture)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as wrong:
        raise ValueError(f"{path} is not a readable picture ({wrong})") from wrong
    if values.ndim == 3:
        # colour: any channel; alpha: what is transparent is background
        alpha = values[:, :, -1] > 0 if values.shape[2] in (2, 4) else True
        values = values[:, :, : 3 if values.shape[2] > 2 else 1].any(axis=2) & alpha
    return values > 0


def _fields(data: bytes, table: Path, tell: Callable[[str], None]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where a row stands, for people, and its fields."""
    if table.suffix == ".json":
        content = parse_json(data, table)
        items = content.get("samples") if isinstance(content, dict) else content
        if not isinstance(items, list):
            raise ValueError(f'{table}: expected a list of samples, or {{"samples": [...]}}')
        for number, item in enumerate(items, start=1):
            if isinstance(item, dict):
                yield f"sample {number}", item
            else:
                tell(f"{table}, sample {number}: expected an object with image and expression, got {item!r:.60}")
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].count(b"\n") + 1
        raise ValueError(f"{table}, line {line}: not UTF-8 ({wrong.reason}); save the table as UTF-8") from wrong
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            break
        except csv.Error as wrong:
            tell(f"{table}, line {line}: {wrong}; is a quote missing?")
            return  # after a broken quote nothing can be told apart
        if not header:
            header = [name.strip() for name in values]
            if not {"image", "expression"} <= set(header):
                break
        elif len(values) > len(header):
            tell(f"{table}, line {line}: more values than columns; a text with a comma needs quotes")
        elif values:
            yield f"line {line}", dict(zip(header, values, strict=False))
    if not {"image", "expression"} <= set(header):
        raise ValueError(f"{table}, line 1: expected the columns image, expression and mask, got {', '.join(header)}")


def _row(fields: Mapping[str, Any], number: int) -> tuple[Row, str]:
    image, expression = fields.get("image"), fields.get("expression")
    for name, value in (("image", image), ("expression", expression)):
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{name} is empty")
    file_name = inside(str(image).strip())
    target = fields.get("mask")
    if isinstance(target, str):
        target = target.strip() or None
    if target is not None and not isinstance(target, str | list | dict):
        raise ValueError(f"mask: expected a file name, a run-length code or polygons, got {type(target).__name__}")
    if isinstance(target, str) and is_file_name(target):
        target = inside(target)

    def known(name: str, otherwise: str) -> str:
        value = fields.get(name)
        return otherwise if value is None or not str(value).strip() else str(value).strip()

    sent_id = known("sent_id", str(number))
    return Row(
        str(expression).strip(), known("image_id", file_name), known("ref_id", sent_id), sent_id,
        known("split", "val"), target, known("category", ""),
    ), file_name  # fmt: skip


def inside(file_name: str) -> str:
    """The name as a relative path. Raises ValueError for one that leads out of the folder."""
    posix, windows = PurePosixPath(file_name), PureWindowsPath(file_name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in posix.parts or ".." in windows.parts:
        raise ValueError(f"{file_name!r} leads out of the folder; copy the file into it and write its name")
    if "\0" in file_name:
        raise ValueError(f"{file_name!r} is no file name")
    return str(posix)
