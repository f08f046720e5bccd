"""Lists of doubtful sentences: a table of ``dataset``, ``sent_id`` that the user gives, left out of a RefCOCO set.

Ref-L4 (Chen et al., 2024) holds 14 % of RefCOCO, 24 % of RefCOCO+ and 5 % of RefCOCOg to be labelled wrongly, and
publishes which. CSV, JSON (a list of objects), JSON lines or Parquet; further columns are not read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError, require_file
from tasnb.core.limits import MAX_FILE_BYTES, MAX_ROWS
from tasnb.core.tables import counted, from_csv_cell
from tasnb.datasets.annotations import parse_json
from tasnb.datasets.contents import digest, id_of, shown
from tasnb.datasets.files import read_data
from tasnb.datasets.refer import NAMES

SUFFIXES = (".csv", ".json", ".jsonl", ".parquet")
COLUMNS = ("dataset", "sent_id")


class Listed(NamedTuple):
    """The sentences of one data set that a table lists, with the SHA-256 of the table."""

    path: Path
    sent_ids: frozenset[str]
    sha256: str

    def told(self, there: Collection[str]) -> str:
        """How many of these sentences are left out, and how many that the table lists are none of them."""
        left_out = self.sent_ids.intersection(there)
        unknown = len(self.sent_ids) - len(left_out)
        told = f"{counted(len(left_out), 'sentence')} of {len(there)} left out by {self.path}"
        return f"{told}, of whose sent_ids {unknown} {'is' if unknown == 1 else 'are'} not there" if unknown else told


def read(path: Path | str, name: str) -> Listed:
    """What a table lists of a data set.

    Raises UserError that names row and field for what is no such table, MissingFileError where there is none.
    """
    path = Path(path)
    if name not in NAMES:
        raise UserError(f"a list of doubtful sentences is for {', '.join(NAMES)}; got one for {name!r}")
    require_known("kind of table", path.suffix, SUFFIXES)
    data = read_data(path) if path.suffix != ".parquet" else _bytes_of(path)
    sent_ids = set()
    for number, (where, row) in enumerate(_rows(data, path), start=1):
        if number > MAX_ROWS:
            raise UserError(f"{path}: expected at most {MAX_ROWS:,} rows")
        fields = row if isinstance(row, dict) else {}
        of, id_ = fields.get("dataset"), id_of(fields.get("sent_id"))
        if of not in NAMES:
            raise UserError(f"{path}, {where}: dataset: expected one of {', '.join(NAMES)}, got {shown(of)}")
        if id_ is None:
            raise UserError(f"{path}, {where}: sent_id: expected a number, got {shown(fields.get('sent_id'))}")
        if of == name:
            sent_ids.add(id_)
    return Listed(path, frozenset(sent_ids), digest(data))


def _bytes_of(path: Path) -> bytes:
    """A Parquet file, whole. Raises UserError where it is too large for such a table."""
    if (size := require_file(path).stat().st_size) > MAX_FILE_BYTES[".csv"]:
        raise UserError(f"{path} has {size:,} bytes; expected at most {MAX_FILE_BYTES['.csv']:,}")
    return path.read_bytes()


def _rows(data: bytes, path: Path) -> Iterator[tuple[str, Any]]:
    """Where each row stands, for people, and the row."""
    if path.suffix == ".json":
        rows = parse_json(data, path)
        if not isinstance(rows, list):
            raise UserError(f"{path}: expected a list of objects with dataset and sent_id, got {type(rows).__name__}")
        yield from ((f"row {number}", row) for number, row in enumerate(rows, start=1))
    elif path.suffix == ".jsonl":
        for number, line in enumerate(data.splitlines(), start=1):
            if line.strip():
                yield f"line {number}", parse_json(line, Path(f"{path}, line {number}"))
    elif path.suffix == ".csv":
        try:
            reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
            for row in reader:
                fields = {key: from_csv_cell(row[key] or "") for key in COLUMNS if key in row}
                yield f"line {reader.line_num}", fields
        except (csv.Error, UnicodeDecodeError) as wrong:
            raise UserError(f"{path}: {wrong}; save the table as UTF-8 CSV") from wrong
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            rows = pq.read_table(pa.BufferReader(data)).to_pylist()
        except (pa.ArrowException, OSError) as wrong:
            raise UserError(f"{path} is damaged ({' '.join(str(wrong).split())[:200]}); get it again") from wrong
        yield from ((f"row {number}", row) for number, row in enumerate(rows, start=1))
