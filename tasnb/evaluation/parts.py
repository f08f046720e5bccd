"""The files of a run directory: written whole or not at all, bound to their plan, and refused where they are not.

A part of a run is one Parquet file in each of ``TABLES``' folders, and in one of ``OPTIONAL`` where it has such rows.
``parts/part-NNNNN.json`` binds them: it says of which plan and which part they are and the SHA-256 of each, and it is
written last, so that where it is, the part is done. A manifest and not the files' own metadata: a checksum cannot stand
in the bytes that it is of, and a finished run is bound without a byte of its tables being rewritten. The JSON files
carry a checksum of their own content.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasnb.core.errors import UserError
from tasnb.core.writing import is_temporary, write_bytes, write_text
from tasnb.evaluation.records import COLUMNS, OPTIONAL, TABLES, Rows, schema
from tasnb.store import canonical

DAMAGED = "damaged"  # the folder, in the run's, where damaged files are moved
BOUND = "parts"  # the folder of what binds the files of a part
_CHECKSUM = "checksum"


class DamagedRunError(UserError):
    """A file of a run is not what was written: says which one, how it shows and what to do."""


class _Damage(ValueError):
    """How the damage of a file shows."""


def identity_of(about: Mapping[str, Any]) -> dict[str, Any]:
    """What makes a run the same run, from its run.json.

    A restart may use other versions, another protocol for the summary, another machine's paths; this is the rest.
    """
    keys = ("schema", "methods", "variant", "variant_options", "proposals", "parts")
    found = {key: about[key] for key in keys} | {"models parts": about["models"]["parts"]}
    found["weights"] = {name: about["weights"][name] for name in ("alpha", "lam")}  # whoever chose them
    found |= {key: about[key] for key in ("own_methods",) if about.get(key)}
    data = about["dataset"]
    return found | {f"dataset {key}": data[key] for key in ("name", "split", "samples", "fingerprint")}


def key_of(about: Mapping[str, Any]) -> str:
    """The SHA-256 of a run's identity, to which its parts are bound."""
    return _sha256(canonical(identity_of(about)).encode())


# --- JSON that carries its checksum -----------------------------------------------------------------------------------


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON with a checksum of its content, whole or not at all. Raises OSError in a sentence."""
    sealed = {**content, _CHECKSUM: _sha256(canonical(content).encode())}
    with _saying_what_is_kept(path):
        write_text(path, json.dumps(sealed, indent=2) + "\n")


def read_sealed(path: Path, *, schema: int | None = None) -> dict[str, Any]:
    """What ``write_sealed`` wrote. schema: of a run directory, as which it must have been written.

    Raises DamagedRunError for what is not, UserError for another schema, OSError for what cannot be read.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise _Damage("is no file")
        content = _opened(path.read_bytes())
        checksum = content.pop(_CHECKSUM, None)
        if schema is not None and checksum is None and content.get("schema") != schema:
            raise UserError(_of_another_version(path, content, schema))
        if checksum != _sha256(canonical(content).encode()):
            raise _Damage("is not what tasnb wrote: its checksum does not match")
    except _Damage as problem:
        again = f"run the same tasnb evaluate command again with --out {path.parent}"
        raise DamagedRunError(f"{path} {problem}; {again}") from problem
    if schema is not None and content.get("schema") != schema:
        raise UserError(_of_another_version(path, content, schema))
    return content


def _opened(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise _Damage(f"is not readable JSON ({problem})") from problem
    if not isinstance(content, dict):
        raise _Damage("is not readable JSON (expected an object)")
    return content


def _of_another_version(path: Path, content: Mapping[str, Any], schema: int) -> str:
    return (
        f"{path} was written by another version of tasnb (run directory {content.get('schema')}, this one reads "
        f"{schema}); evaluate again into another folder, which the artifact store keeps short"
    )


# --- parts ------------------------------------------------------------------------------------------------------------


def is_fresh(folder: Path) -> bool:
    """Whether a folder is not there, or holds nothing but temporary files of ours."""
    return not folder.is_dir() or all(is_temporary(path) for path in folder.iterdir())


def is_ours(folder: Path, files: AbstractSet[str]) -> bool:
    """Whether a folder whose run.json is missing or damaged is a run's: it has parts, or nothing but these files."""
    ours = {*files, *COLUMNS, BOUND, DAMAGED}
    return (folder / BOUND).is_dir() or all(path.name in ours or is_temporary(path) for path in folder.iterdir())


def part_path(folder: Path, table: str, number: int) -> Path:
    """Where a part of a table lies."""
    return folder / table / f"part-{number:05d}.parquet"


def write_table(path: Path, table: Any) -> str:
    """Write one Parquet file, whole or not at all; returns its SHA-256. Raises OSError in a sentence."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.BufferOutputStream()
    pq.write_table(table, made, compression="zstd")
    data = made.getvalue().to_pybytes()
    with _saying_what_is_kept(path):
        write_bytes(path, data)
    return _sha256(data)


def write_part(folder: Path, number: int, rows: Rows, key: str) -> None:
    """Write the files of a part of the run with this key, and then what binds them.

    Raises OSError with one sentence when the disk is full or the folder cannot be written; nothing half-written stays.
    """
    made = {table: rows.table(table) for table in (*TABLES, *(name for name in OPTIONAL if getattr(rows, name)))}
    _bind(folder, number, key, {name: write_table(part_path(folder, name, number), made[name]) for name in made})


def bind(folder: Path, number: int, key: str) -> None:
    """Bind the files of a part as they lie there, made otherwise than by ``write_part``."""
    files = {name: part_path(folder, name, number) for name in COLUMNS}
    there = {name: path for name, path in files.items() if name in TABLES or path.exists()}
    _bind(folder, number, key, {name: _sha256(path.read_bytes()) for name, path in there.items()})


def fault_of(folder: Path, number: int, key: str) -> str | None:
    """Why a part of the run with this key is not done; None where it is, and "" where it is not there.

    What was written without being bound, by a process that was killed, is not there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        sums = _bound(folder, number, key)
        if sums is None:
            return ""
        for table in (*TABLES, *(name for name in OPTIONAL if name in sums)):
            data = _checked(folder, table, number, sums)
            if not pq.read_schema(pa.BufferReader(data)).equals(schema(table)):
                return f"{table} was written by another version of tasnb"
    except (_Damage, OSError) as problem:
        return str(problem)
    return None


def is_done(folder: Path, number: int, key: str) -> bool:
    """Whether all files of a part are there and are what was written for the run with this key."""
    return fault_of(folder, number, key) is None


def read_part(folder: Path, table: str, number: int, key: str) -> Any:
    """One table of a part, a pyarrow.Table; None where the part is not done or has no such table.

    Raises DamagedRunError for a file that is not what was written for the run with this key.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        sums = _bound(folder, number, key)
        if sums is None or (table in OPTIONAL and table not in sums):
            return None
        return pq.read_table(pa.BufferReader(_checked(folder, table, number, sums)))
    except (_Damage, OSError) as problem:
        raise DamagedRunError(
            f"part {number} of {folder} is damaged ({problem}); run the same tasnb evaluate command again with --out "
            f"{folder}: it computes that part again and keeps the others"
        ) from problem


def set_aside(folder: Path, number: int) -> Path:
    """Move the files of a part into ``damaged/``, and return where to."""
    files = {table: part_path(folder, table, number) for table in COLUMNS} | {BOUND: bound_path(folder, number)}
    return _move([(path, name + path.suffix) for name, path in files.items()], folder, f"part-{number:05d}")


def set_strays_aside(folder: Path, parts: int) -> list[Path]:
    """Move files that lie among the parts and are none of them into ``damaged/``; returns where they were."""
    ours = {bound_path(folder, n) for n in range(parts)}
    ours |= {part_path(folder, table, n) for table in COLUMNS for n in range(parts)}
    homes = [folder / name for name in (*COLUMNS, BOUND) if (folder / name).is_dir()]
    strays = [path for home in homes for path in sorted(home.glob("part-*")) if path not in ours]
    if strays:
        _move([(path, f"{path.parent.name}-{path.name}") for path in strays], folder, "stray")
    return strays


def keep_copy(path: Path) -> Path | None:
    """Copy a file of the run's folder into ``damaged/``, and return where to; None where it is not there."""
    if not path.is_file():
        return None
    place = _new_place(path.parent, path.stem) / path.name
    shutil.copyfile(path, place)  # a copy: a kill before it is written again leaves a folder that is still ours
    return place


def is_of_another_run(folder: Path, key: str) -> bool:
    """Whether a part in the folder is whole and of another plan than that with this key."""
    for path in (folder / BOUND).glob("part-*.json"):
        try:
            if read_sealed(path).get("plan") != key:
                return True
        except (DamagedRunError, OSError):
            continue
    return False


def bound_path(folder: Path, number: int) -> Path:
    """Where what binds a part lies."""
    return folder / BOUND / f"part-{number:05d}.json"


def _bind(folder: Path, number: int, key: str, sums: Mapping[str, str]) -> None:
    write_sealed(bound_path(folder, number), {"plan": key, "part": number, "sha256": dict(sums)})


def _bound(folder: Path, number: int, key: str) -> Mapping[str, str] | None:
    """The checksums of a part's files; None where nothing binds them. Raises _Damage, OSError."""
    path = bound_path(folder, number)
    if not path.exists():
        return None
    try:
        found = read_sealed(path)
    except DamagedRunError as problem:
        raise _Damage(f"{path.relative_to(folder)} {problem.__cause__}") from problem
    if found.get("plan") != key:
        raise _Damage(f"{path.relative_to(folder)} is of another run")
    if found.get("part") != number:
        raise _Damage(f"{path.relative_to(folder)} is that of part {found.get('part')}")
    return found["sha256"]  # type: ignore[no-any-return]


def _checked(folder: Path, table: str, number: int, sums: Mapping[str, str]) -> bytes:
    """The bytes of a part's file. Raises _Damage where they are not those that were bound, OSError."""
    path = part_path(folder, table, number)
    if not path.is_file():  # a pipe would be waited for
        raise _Damage(f"{path.relative_to(folder)} is {'no file' if path.exists() else 'missing'}")
    data = path.read_bytes()
    if _sha256(data) != sums.get(table):
        raise _Damage(f"{path.relative_to(folder)} is not what was written: its checksum does not match")
    return data


def _move(files: list[tuple[Path, str]], folder: Path, name: str) -> Path:
    place = _new_place(folder, name)
    for path, new in files:
        if path.exists() or path.is_symlink():
            os.replace(path, place / new)
    return place


def _new_place(folder: Path, name: str) -> Path:
    place, turn = folder / DAMAGED / name, 0
    while place.exists():
        turn += 1
        place = folder / DAMAGED / f"{name}.{turn}"
    place.mkdir(parents=True)
    return place


@contextmanager
def _saying_what_is_kept(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        why = "no space left on the disk" if problem.errno == errno.ENOSPC else str(problem)
        raise OSError(
            f"cannot write {path} ({why}); finished parts are kept: make room or choose another folder, and run the "
            "same command again to go on"
        ) from problem


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
