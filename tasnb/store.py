"""The artifact store: what a model said about an image, kept on disk under the hash of everything it depends on.

Models are unknown here: a stage arrives as a name, a fingerprint, a config and a function that computes. A value is one
safetensors file, ``<root>/<stage>/<first two digits>/<key>.safetensors``: arrays are tensors; texts, masks (run
lengths) and the identity are JSON in its metadata, next to a SHA-256 over all of it. Nothing is ever unpickled. A file
is written under a temporary name and renamed, so that two processes may share a store and a killed one leaves no half
entry; damage is detected on reading, reported once and computed again. What a store cannot do is a warning, never an
error, because the result itself is right without it. The root may be a link; nothing goes through one that lies in it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import os
import re
import stat
import struct
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tasnb.core.errors import UserError
from tasnb.core.masks import from_rle, to_rle
from tasnb.core.shipped import cache_root
from tasnb.core.tables import text_table
from tasnb.core.types import Proposals
from tasnb.core.writing import LEFTOVER_SECONDS, is_over, write_bytes

T = TypeVar("T")

SCHEMA = 1  # raise it when a stage's meaning or the file format changes: older entries are then never asked for
METADATA = "tasnb"  # its text: the SHA-256 in hex, a space, JSON
KINDS = ("array", "proposals", "text", "texts")
SUFFIX = ".safetensors"
KEEP_SHARE = 0.9  # a full store is pruned to this share, so that not every write prunes
STAGE_NAME = re.compile(r"[a-z][a-z_]{0,39}")  # a stage is also a folder's name
_ENTRY_NAME = re.compile(r"[0-9a-f]{64}\.safetensors")
_LEFTOVER_NAME = re.compile(r"\.[0-9a-f]{64}(\.safetensors)?\.[0-9a-f]+\.tmp")
_FAN_NAME = re.compile(r"[0-9a-f]{2}")
_MISSING: Any = object()


class DamagedEntry(ValueError):
    """An entry's bytes are not what was written; the message says how it shows."""


class StoreWarning(UserWarning):
    """The store could not do its part; the result itself is right."""


class DamagedEntryWarning(StoreWarning):
    """An entry was damaged and is computed again."""


class StoreWriteWarning(StoreWarning):
    """A result could not be kept, so it will be computed again next time."""


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, so that equal values give equal text.

    Parameters
    ----------
    value : Any
        Plain values; frozen configs become mappings.

    Returns
    -------
    str
        The text.

    Raises
    ------
    TypeError
        For what has no JSON form: a key must not depend on a memory address.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def identity(stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any]) -> str:
    """All that a value depends on; it is stored beside the value and compared on reading.

    Parameters
    ----------
    stage : str
        The stage's name.
    image_key : str
        Of size and pixels.
    fingerprint : str
        Of the model that computes.
    config : mapping
        The stage's own options, and the content of what it takes from an earlier stage.

    Returns
    -------
    str
        Canonical JSON.

    Raises
    ------
    ValueError
        For a stage name that is no folder name.
    """
    if not STAGE_NAME.fullmatch(stage):
        raise UserError(f"stage: expected lower-case letters and underscores, got {stage!r}")
    about = {"schema": SCHEMA, "stage": stage, "image": image_key, "model": fingerprint, "config": dict(config)}
    return canonical(about)


def key_of(identity: str) -> str:
    """The name under which a value is kept.

    Parameters
    ----------
    identity : str
        From ``identity``.

    Returns
    -------
    str
        Its SHA-256, 64 hex digits.
    """
    return hashlib.sha256(identity.encode("utf-8")).hexdigest()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a key needs plain values (text, numbers, lists, mappings, dataclasses), got {type(value)}")


def pack(value: Any, identity: str) -> bytes:
    """The bytes of a value.

    Parameters
    ----------
    value : ndarray, Proposals, str or tuple of str
        What a stage gave.
    identity : str
        From ``identity``.

    Returns
    -------
    bytes
        A safetensors file; equal values give equal files.

    Raises
    ------
    TypeError
        For any other value.
    """
    tensors, about = _encode(value)
    text = json.dumps({**about, "identity": identity})  # ASCII: any text survives, lone surrogates too
    # one metadata key, because safetensors writes several in random order
    return save(tensors, metadata={METADATA: f"{_digest(tensors, text)} {text}"})


def unpack(data: bytes, *, expected: str | None = None) -> tuple[Any, str]:
    """The value that ``pack`` wrote.

    Parameters
    ----------
    data : bytes
        The file.
    expected : str or None
        The identity that it must have; None: any.

    Returns
    -------
    value : ndarray, Proposals, str or tuple of str
        As it was.
    identity : str
        What it was kept under.

    Raises
    ------
    DamagedEntry
        When the bytes are not a safetensors file of ours, do not match their checksum, or belong to another identity.
    """
    try:
        tensors = load(data)
        (length,) = struct.unpack_from("<Q", data)
        checksum, text = json.loads(data[8 : 8 + length])["__metadata__"][METADATA].split(" ", 1)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError, struct.error) as problem:
        raise DamagedEntry(f"not a readable entry of {len(data)} bytes ({problem})") from problem
    if checksum != _digest(tensors, text):
        raise DamagedEntry("its checksum does not match")
    try:
        about = json.loads(text)
        found = about["identity"]
        value = _decode(tensors, about)
    except (ValueError, KeyError, TypeError) as problem:
        raise DamagedEntry(f"its content does not add up ({problem})") from problem
    if expected is not None and found != expected:
        raise DamagedEntry("it belongs to another image, model or config")
    return value, found


def _encode(value: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    tensors: dict[str, Any] = {}
    if isinstance(value, Proposals):
        tensors = {name: getattr(value, name) for name in ("boxes_xyxy", "pred_iou", "stability_score")}
        runs = [to_rle(mask)["counts"] for mask in value.masks]
        about = {"kind": "proposals", "size_hw": list(value.size_hw), "masks": runs, "source": value.source}
    elif isinstance(value, np.ndarray):
        tensors, about = {"array": value}, {"kind": "array"}
    elif isinstance(value, str):
        about = {"kind": "text", "text": value}
    elif isinstance(value, tuple | list) and all(isinstance(text, str) for text in value):
        about = {"kind": "texts", "texts": list(value)}
    else:
        raise TypeError(f"a store keeps {', '.join(KINDS)}, got {type(value).__name__}")
    return {name: np.asarray(array, order="C") for name, array in tensors.items()}, about


def _decode(tensors: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> Any:
    kind = about["kind"]
    if kind == "array":
        return tensors["array"]
    if kind == "text":
        return about["text"]
    if kind == "texts":
        return tuple(about["texts"])
    if kind == "proposals":
        h, w = about["size_hw"]
        masks = np.zeros((len(about["masks"]), h, w), dtype=bool)
        for mask, counts in zip(masks, about["masks"], strict=True):
            mask[:] = from_rle({"size": (h, w), "counts": counts})
        masks.flags.writeable = False  # spares Proposals a copy
        return Proposals(masks=masks, **tensors, source=about["source"])
    raise UserError(f"unknown kind {kind!r}; choose from {', '.join(KINDS)}")


def _digest(tensors: Mapping[str, np.ndarray], text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(tensors):
        array = np.asarray(tensors[name], order="C")
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class StageInfo:
    """The entries of one stage.

    Parameters
    ----------
    entries, bytes : int
        On disk.
    hits, misses : int
        Of this Store object, since it was made.
    """

    entries: int = 0
    bytes: int = 0
    hits: int = 0
    misses: int = 0


@dataclass(frozen=True, kw_only=True)
class StoreInfo(StageInfo):
    """What a store holds and how it has served.

    Parameters
    ----------
    entries, bytes, hits, misses : int
        As in ``StageInfo``, of all stages.
    root : Path
        Where it is.
    max_bytes : int or None
        Its bound.
    stages : mapping of str to StageInfo
        By stage.
    """

    root: Path
    max_bytes: int | None
    stages: Mapping[str, StageInfo]

    def __str__(self) -> str:
        bound = "no bound" if self.max_bytes is None else f"at most {self.max_bytes:,} bytes"
        lines = [(name, s.entries, s.bytes, s.hits, s.misses) for name, s in [*self.stages.items(), ("total", self)]]
        return f"{self.root} ({bound})\n" + text_table(["stage", "entries", "bytes", "hits", "misses"], lines)


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A damaged entry found by ``Store.verify``.

    Parameters
    ----------
    path : Path
        The file.
    stage : str
        Its stage.
    reason : str
        How the damage shows.
    """

    path: Path
    stage: str
    reason: str


class _Entry(NamedTuple):
    """A light tuple with a plain path: a hundred thousand are made to measure a store."""

    stage: str
    path: str
    bytes: int
    used_ns: int


class Store:
    """A content-addressed store of what depends on an image alone (DESIGN section 8).

    Parameters
    ----------
    root : str, Path or None
        Created on the first write; by default ``artifacts`` in `core.shipped.cache_root`.
    max_bytes : int or None
        When the entries exceed it, the least recently used go until 90 % of it is left; None is no bound. Processes
        that share a store may together exceed the bound by a tenth for each process, for as long as they write.

    Raises
    ------
    ValueError
        For a max_bytes below 0.
    """

    def __init__(self, root: str | Path | None = None, *, max_bytes: int | None = None) -> None:
        _check_bytes(max_bytes)
        self.root = cache_root() / "artifacts" if root is None else Path(root)
        self.max_bytes = max_bytes
        self._hits: Counter[str] = Counter()
        self._misses: Counter[str] = Counter()
        self._reported: set[str] = set()
        self._room = 0  # bytes that may be written before the store is measured again

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r}, max_bytes={self.max_bytes})"

    def recall(self, fn: Callable[..., T], image: Any, models: Any, **options: Any) -> T:
        """Call a function with every stage that is already known taken from the store; what is missing is kept.

        Parameters
        ----------
        fn : callable
            A function with a ``memo`` option, such as ``tn.describe``.
        image : Any
            Its first argument.
        models : Models
            Its second one.
        **options : Any
            Its other options.

        Returns
        -------
        Any
            ``fn(image, models, **options)``.

        Raises
        ------
        TypeError
            For a function without that option.
        """
        if "memo" not in inspect.signature(fn).parameters:
            name = getattr(fn, "__name__", repr(fn))
            raise TypeError(f"recall needs a function with a memo option, such as tn.describe; {name} has none")
        return fn(image, models, memo=self.memo, **options)

    def memo(
        self, stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any], compute: Callable[[], T]
    ) -> T:
        """One stage's value: the stored one, or ``compute()``, which is then stored.

        Parameters
        ----------
        stage, image_key, fingerprint, config
            As in ``identity``.
        compute : callable
            Gives the value; what it raises comes through, and nothing is stored then.

        Returns
        -------
        Any
            The value.

        Warns
        -----
        DamagedEntryWarning
            When the entry was damaged; it is computed again and replaced.
        StoreWriteWarning
            Once, when the store cannot be written.
        """
        about = identity(stage, image_key, fingerprint, config)
        path = self._path(stage, key_of(about))
        foreign = any(map(self._is_foreign, (path.parent.parent, path.parent, path)))
        value = _MISSING if foreign else self._read(path, about)
        if value is not _MISSING:
            self._hits[stage] += 1
            return value
        self._misses[stage] += 1
        value = compute()
        if not foreign:
            self._write(path, pack(value, about))
        return value

    def info(self) -> StoreInfo:
        """Measure the store; only names and sizes are read.

        Returns
        -------
        StoreInfo
            Entries and bytes on disk, and this object's hits and misses, by stage.
        """
        entries, sizes = Counter[str](), Counter[str]()
        for entry in self._entries():
            entries[entry.stage] += 1
            sizes[entry.stage] += entry.bytes
        counts = {"entries": entries, "bytes": sizes, "hits": self._hits, "misses": self._misses}
        names = sorted(set().union(*counts.values()))
        stages = {stage: StageInfo(**{name: count[stage] for name, count in counts.items()}) for stage in names}
        totals = {name: count.total() for name, count in counts.items()}
        return StoreInfo(root=self.root, max_bytes=self.max_bytes, stages=stages, **totals)

    def prune(self, max_bytes: int) -> int:
        """Remove the least recently used entries, and temporary files of killed processes.

        Nothing but the store's own files is ever touched.

        Parameters
        ----------
        max_bytes : int
            How much may stay.

        Returns
        -------
        int
            How many entries went.

        Raises
        ------
        ValueError
            For a number below 0.
        """
        _check_bytes(max_bytes)
        entries = sorted(self._entries(clean=True), key=lambda entry: (entry.used_ns, entry.path))
        total, removed = sum(entry.bytes for entry in entries), 0
        for entry in entries:
            if total <= max_bytes:
                break
            with suppress(OSError):  # another process was faster, or the store is read-only
                Path(entry.path).unlink(missing_ok=True)
                total, removed = total - entry.bytes, removed + 1
        return removed

    def verify(self) -> list[Damage]:
        """Read every entry; nothing is changed, the next use repairs the damaged ones.

        Returns
        -------
        list of Damage
            The damaged ones.
        """
        found = []
        for entry in self._entries():
            path = Path(entry.path)
            try:
                _, about = unpack(path.read_bytes())
                if key_of(about) != path.stem:
                    raise DamagedEntry("its name is not the key of its content")
            except FileNotFoundError:
                continue  # pruned by another process meanwhile
            except (DamagedEntry, OSError) as problem:
                found.append(Damage(path=path, stage=entry.stage, reason=str(problem)))
        return found

    def _path(self, stage: str, key: str) -> Path:
        return self.root / stage / key[:2] / (key + SUFFIX)

    def _is_foreign(self, place: Path | os.DirEntry[str]) -> bool:
        """Whether this is a link, which may lead anywhere, or a pipe, a socket, a device; it is told once."""
        try:
            mode = os.lstat(place).st_mode  # asked once: another process may make or remove it at any moment
        except OSError:
            return False
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            return False
        message = f"{os.fspath(place)} is a link, or no regular file: nothing is read, kept or removed there"
        self._warn_once(os.fspath(place), message, StoreWarning)
        return True

    def _read(self, path: Path, about: str) -> Any:
        try:
            value, _ = unpack(path.read_bytes(), expected=about)
        except (FileNotFoundError, NotADirectoryError):
            return _MISSING
        except (DamagedEntry, OSError) as problem:
            message = f"store entry {path} is damaged: {problem}; it is computed again and replaced"
            self._warn_once(str(path), message, DamagedEntryWarning)
            return _MISSING
        with suppress(OSError):  # a read-only store keeps its order of use, which only pruning reads
            os.utime(path)
        return value

    def _write(self, path: Path, data: bytes) -> None:
        if self.max_bytes is not None and len(data) > self.max_bytes:
            message = f"a {path.parent.parent.name} entry of {len(data)} bytes exceeds max_bytes={self.max_bytes}"
            self._warn_once("too large", f"{message}; it is not kept, give the store more room", StoreWriteWarning)
            return
        try:
            write_bytes(path, data, lasting=False)  # an entry that a power cut damages is computed again
        except OSError as problem:
            message = (
                f"cannot write to the store {self.root} ({problem}); results are returned but not kept: "
                "make room, or choose another folder with TASNB_CACHE or Store(root)"
            )
            self._warn_once("write", message, StoreWriteWarning)
            return
        self._keep_bound(len(data))

    def _keep_bound(self, written: int) -> None:
        if self.max_bytes is None:
            return
        self._room -= written
        if self._room >= 0:
            return
        try:
            if (total := self._bytes()) > self.max_bytes:
                self.prune(int(self.max_bytes * KEEP_SHARE))
                total = self._bytes()
        except OSError as problem:
            message = f"cannot measure the store {self.root} ({problem}); it may outgrow max_bytes={self.max_bytes}"
            self._warn_once("measure", message, StoreWriteWarning)
            return
        # measured again after a tenth at the latest, because other processes write too
        self._room = max(0, min(self.max_bytes - total, self.max_bytes // 10))

    def _bytes(self) -> int:
        return sum(entry.bytes for entry in self._entries())

    def _entries(self, *, clean: bool = False) -> Iterator[_Entry]:
        """Every entry; files that are not the store's are passed over. clean: remove old temporary files."""
        for stage in self._scan(self.root, STAGE_NAME):
            for fan in self._scan(Path(stage.path), _FAN_NAME):
                for file in self._scan(Path(fan.path), _ENTRY_NAME):
                    try:
                        facts = file.stat(follow_symlinks=False)
                    except OSError:
                        continue  # pruned by another process meanwhile
                    yield _Entry(stage.name, file.path, facts.st_size, facts.st_mtime_ns)
                for file in self._scan(Path(fan.path), _LEFTOVER_NAME) if clean else ():
                    with suppress(OSError):
                        if is_over(Path(file.path), LEFTOVER_SECONDS):
                            os.unlink(file.path)

    def _scan(self, folder: Path, name: re.Pattern[str]) -> list[os.DirEntry[str]]:
        """The folder's members with such a name; none where there is no folder yet."""
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as members:
            return [member for member in members if name.fullmatch(member.name) and not self._is_foreign(member)]
        return []

    def _warn_once(self, subject: str, message: str, category: type[StoreWarning]) -> None:
        if subject not in self._reported:
            self._reported.add(subject)
            warnings.warn(message, category, stacklevel=4)


def _check_bytes(max_bytes: int | None) -> None:
    if max_bytes is not None and max_bytes < 0:
        raise UserError(f"max_bytes: expected 0 or more bytes, got {max_bytes}; None sets no bound")
