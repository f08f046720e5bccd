"""Names for the content of weights: what a fingerprint is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_CHUNK = 4 * 2**20  # bytes read at a time, and of each sample of a large file
_WHOLE = 64 * 2**20  # files up to this size are read in full


def sha256_of(path: Path) -> str:
    """Return the sha256 of the whole file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_name(path: Path) -> str:
    """Return a name for a file's content, cached while its size and modification time stay.

    Up to 64 MB it is the sha256. Above, it is the sha256 of the size and of the first, the middle and the last
    4 MB: a 2.5 GB checkpoint is named in milliseconds, and two checkpoints of one architecture still differ
    (a zip archive, as torch writes, lists the checksum of every tensor at its end). It is a cache key and no
    proof of integrity: `fetch` checks that with the whole sha256.
    """
    stat = path.stat()
    return _content_name(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _content_name(path: Path, size: int, mtime_ns: int) -> str:
    del mtime_ns  # part of the key only
    if size <= _WHOLE:
        return sha256_of(path)
    digest = hashlib.sha256(f"{size}:".encode())
    with open(path, "rb") as file:
        for start in (0, size // 2, size - _CHUNK):
            file.seek(start)
            digest.update(file.read(_CHUNK))
    return digest.hexdigest()


def fingerprint(adapter: str, files: Iterable[Path], options: Mapping[str, Any]) -> str:
    """Return 64 hexadecimal digits that change when a file's content or name, or an option, does.

    options: plain JSON values. The folder that holds the files plays no part.
    """
    content = sorted((path.name, content_name(path)) for path in files)
    record = {"adapter": adapter, "files": content, "options": dict(options)}
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
