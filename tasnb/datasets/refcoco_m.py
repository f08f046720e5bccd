"""RefCOCO-M (Moondream, 2025): RefCOCO's val with new masks, in Parquet files, a row an image with its picture inside.

A row has ``image`` (the bytes of a picture file, or Hugging Face's {bytes, path}), ``image_id`` and ``file_name``
(COCO's) and ``samples``, a list of annotations: ``id``, ``category``, ``sentences`` (texts, or {sent} or {raw}),
``bbox`` (x, y, width, height) and ``mask`` (a run-length code: counts, size). An annotation is a ref, and its sentences
are numbered.
Source: huggingface.co/datasets/moondream/refcoco-m, README.md.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.errors import MissingFileError, UserError, require_file
from tasnb.core.image_files import Stored
from tasnb.datasets.annotations import mask_of
from tasnb.datasets.contents import Annotation, Contents, Picture, Ref, Row, Size, digest, id_of, shown
from tasnb.datasets.files import is_text

NAME = "refcoco-m"
SPLIT = "val"
HOMES = ("refcoco-m/data", "refcoco-m", "data", ".")
COLUMNS = ("image_id", "file_name", "samples")


def tables(root: Path) -> list[Path]:
    """The Parquet files of the data set, in the first of the usual places that has any."""
    found = ([*sorted((root / home).glob("*.parquet"))] for home in HOMES)
    return next(filter(None, found), [])


def read(root: Path, split: str | None = None) -> Contents:
    """Read the split strictly, or with every fault noted. Raises as ``refer.read`` does."""
    found = Contents(name=NAME, strict=split is not None, draw=_draw, referred_only=True)
    files = tables(root)
    if not files:
        wanted = "" if split is None else "; pass another root or set TASNB_DATA"
        told = f"{NAME} is missing: expected refcoco-m/ with one or several .parquet files in {root}{wanted}"
        found.tell("missing file", MissingFileError(told))
    for path in files:
        for number, group, at, row in _rows(path, found):
            _add(row, Stored(f"{path}, row {number}", partial(_bytes_of, path, group, at)), found)
    found.require_unique("image", [picture.id for picture in found.pictures])
    found.require_unique("annotation", [annotation.id for annotation in found.annotations])
    found.require_linked({picture.id for picture in found.pictures}, {a.id: a.image_id for a in found.annotations})
    return found


def _draw(annotation: Annotation, size_hw: Size) -> list[np.ndarray]:
    return [mask_of(annotation.segmentation, size_hw)]


def _rows(path: Path, found: Contents) -> Iterator[tuple[int, int, int, dict[str, Any]]]:
    """Number in the file from 1, row group, place in it, and the fields of each row without its picture."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(require_file(path)) as file:
            if lacking := [name for name in ("image", *COLUMNS) if name not in file.schema_arrow.names]:
                raise UserError(f"{path} has no column {lacking[0]!r}; expected image, {', '.join(COLUMNS)}")
            groups = [file.read_row_group(n, columns=[*COLUMNS]).to_pylist() for n in range(file.num_row_groups)]
    except (pa.ArrowException, OSError) as wrong:
        found.tell("damaged file", f"{path} is damaged ({' '.join(str(wrong).split())[:200]}); get it again")
        return
    except UserError as wrong:  # no such column, no regular file
        found.tell("damaged file", wrong)
        return
    found.digests[path.name] = digest(json.dumps(groups, default=repr).encode())  # not the photos'
    for group, rows in enumerate(groups):
        for at, row in enumerate(rows):
            number += 1
            yield number, group, at, row


def _add(row: Mapping[str, Any], stored: Stored, found: Contents) -> None:
    """Fill in an image, its annotations and sentences."""
    image_id, name = id_of(row["image_id"]), row["file_name"]
    if image_id is None or not is_text(name):
        field = "image_id" if image_id is None else "file_name"
        found.tell("bad row", f"{stored}: {field}: expected COCO's, got {shown(row[field])}")
        return
    found.pictures.append(Picture(image_id, Path(), name, None, stored))
    for place, sample in enumerate(row["samples"] or [], start=1):
        fields = sample if isinstance(sample, dict) else {}
        id_, mask, where = id_of(fields.get("id")), fields.get("mask"), f"samples, entry {place}"
        sentences, named = fields.get("sentences"), fields.get("category")
        if id_ is None or not isinstance(mask, dict) or not isinstance(sentences, list):
            wanted = "expected id, mask (counts, size) and a list of sentences"
            found.tell("bad row", f"{stored}: {where}: {wanted}, got {shown(sample)}")
            continue
        if kind := named if is_text(named) else "":
            found.kinds[kind] = kind
        box = fields.get("bbox")
        found.annotations.append(Annotation(id_, image_id, mask, [] if box is None else [box], kind or None))
        sent_ids = []
        for number, said in enumerate(sentences):
            text = said.get("sent") or said.get("raw") if isinstance(said, dict) else said
            sent_ids.append(f"{id_}-{number}")
            if not is_text(text) or not text.strip():
                found.note("empty sentence", f"{stored}: {where}: sentence {number} is empty", "sentence", sent_ids[-1])
            found.rows.append(Row(str(text or ""), image_id, id_, sent_ids[-1], SPLIT, (id_,), kind))
        found.refs.append(Ref(id_, image_id, SPLIT, [id_], sent_ids))


def _bytes_of(path: Path, group: int, at: int) -> bytes:
    """The bytes of a picture file. Raises UserError where the row has none."""
    value = _pictures(path, os.stat(path).st_mtime_ns, group)[at].as_py()
    data = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(data, bytes) or not data:
        raise UserError(f"{path}: image: expected the bytes of a picture file, got {shown(value)}")
    return data


@lru_cache(maxsize=1)  # an evaluation meets the images of a row group in a row
def _pictures(path: Path, changed: int, group: int) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return file.read_row_group(group, columns=["image"])["image"]
    except (pa.ArrowException, OSError) as wrong:
        raise UserError(f"{path} is damaged ({' '.join(str(wrong).split())[:200]}); get it again") from wrong
