"""The Parquet files of a run: their columns, and how a part is written so that a kill leaves it whole or absent."""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tasnb.evaluation.parts import Rows
from tasnb.evaluation.records import SCORED

_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "predictions": {
        "sample": "int64", "sample_id": "string", "image_id": "string", "ref_id": "string", "sent_id": "string",
        "dataset": "string", "split": "string", "method": "string", "expression": "string", "chosen": "int64",
        "proposals": "int64", "intersection": "int64", "union": "int64", "iou": "float64", "target_area": "int64",
        "oracle": "int64", "oracle_intersection": "int64", "oracle_union": "int64", "oracle_iou": "float64",
        "head": "string", "phrase": "string", "directions": "string", "relations": "string", "negatives": "string",
        "caption": "string", "rectified": "bool", "parse": "string",
        "phrases": "string", "gold": "string", "category": "string", "same_kind": "int64",
    },
    "proposals": {
        "image_id": "string", "proposal": "int64", "caption": "string", "x0": "int64", "y0": "int64", "x1": "int64",
        "y1": "int64", "height": "int64", "width": "int64", "mask": "string", "phrase_cosines": "float64 list",
    },
    "scores": {
        "sample": "int64", "sample_id": "string", "image_id": "string", "proposal": "int64", "v": "float64",
        "p": "float64", "n": "float64", "kept": "bool", "cx": "float64", "cy": "float64", "area": "int64",
        "intersection": "int64", "union": "int64", "iou": "float64",
        # the baselines' own scores, NaN where the run has no such method; CLIP-only's is v, Text-only's p
        **dict.fromkeys(SCORED, "float64"),
    },
    "refs": {
        "image_id": "string", "ref_id": "string", "method": "string", "sentences": "int64", "intersection": "int64",
        "union": "int64", "answered": "bool",
    },
    "errors": {
        "sample": "int64", "sample_id": "string", "image_id": "string", "method": "string", "stage": "string",
        "error": "string", "message": "string",
    },
}  # fmt: skip
TABLES = tuple(_COLUMNS)
LEFTOVER_SECONDS = 3600  # a temporary file this old belongs to a process that was killed
# predictions last: where that file is, the part is done
_WRITTEN_IN_ORDER = ("proposals", "scores", "refs", "errors", "predictions")


def schema(table: str) -> Any:
    """The pyarrow schema of a table, the same for every part, empty ones too."""
    import pyarrow as pa

    types = {
        "int64": pa.int64(), "float64": pa.float64(), "string": pa.string(), "bool": pa.bool_(),
        "float64 list": pa.list_(pa.float64()),
    }  # fmt: skip
    return pa.schema([(name, types[kind]) for name, kind in _COLUMNS[table].items()])


def part_path(folder: Path, table: str, number: int) -> Path:
    """Where a part of a table lies."""
    return folder / table / f"part-{number:05d}.parquet"


def write_part(folder: Path, number: int, rows: Rows) -> None:
    """Write the five files of a part, each under a temporary name and renamed, the one that says "done" last.

    Raises OSError with one sentence when the disk is full or the folder cannot be written; nothing half-written stays.
    """
    import pyarrow as pa

    made = {
        "proposals": pa.table(_columns(rows.proposals, "proposals"), schema=schema("proposals")),
        "scores": pa.table(_columns(rows.scores, "scores"), schema=schema("scores")),
        "refs": pa.Table.from_pylist(rows.refs, schema=schema("refs")),
        "errors": pa.Table.from_pylist(rows.errors, schema=schema("errors")),
        "predictions": pa.Table.from_pylist(rows.predictions, schema=schema("predictions")),
    }
    for table in _WRITTEN_IN_ORDER:
        write_table(part_path(folder, table, number), made[table])


def write_table(path: Path, table: Any) -> None:
    """Write one Parquet file, whole or not at all."""
    import pyarrow.parquet as pq

    _whole_or_not(path, lambda temporary: pq.write_table(table, temporary, compression="zstd"))


def write_text(path: Path, text: str) -> None:
    """Write one text file, whole or not at all."""
    _whole_or_not(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def is_done(folder: Path, number: int) -> bool:
    """Whether all five files of a part are there and readable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for table in reversed(_WRITTEN_IN_ORDER):
        path = part_path(folder, table, number)
        try:
            if not path.is_file() or not pq.read_schema(path).equals(schema(table)):
                return False
        except (pa.ArrowException, OSError):
            return False  # cut short by a power cut, say: computed again
    return True


def read(folder: Path, table: str) -> Any:
    """All parts of a table as one DataFrame, in the order of the parts; columns too where there is no row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = sorted((folder / table).glob("part-*.parquet"))
    parts = [schema(table).empty_table(), *(pq.read_table(path) for path in paths)]
    # a run of an older schema lacks columns: they are read as null, and who needs them says so
    return pa.concat_tables(parts, promote_options="default").to_pandas()


def _columns(blocks: Sequence[Mapping[str, Any]], table: str) -> dict[str, list[Any]]:
    return {name: [value for block in blocks for value in block[name]] for name in _COLUMNS[table]}


def _whole_or_not(path: Path, write: Any) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid():x}{secrets.token_hex(3)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temporary)
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            for leftover in path.parent.glob(f".{path.name}.*.tmp"):
                with suppress(OSError):
                    if time.time() - leftover.stat().st_mtime > LEFTOVER_SECONDS:
                        leftover.unlink(missing_ok=True)
    except OSError as problem:
        why = "no space left on the disk" if problem.errno == errno.ENOSPC else str(problem)
        raise OSError(
            f"cannot write {path} ({why}); finished parts are kept: make room or choose another folder, and run the "
            "same command again to go on"
        ) from problem
