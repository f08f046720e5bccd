"""REFER's pickles, read by an unpickler of our own that knows plain containers, numbers and strings, and nothing else.

Python's own would import and call whatever a file names. Even with that forbidden it can be made to hang or to fill the
memory: nested tuples as dictionary keys, a memo place of two thousand million, a byte array of any size. Here such
instructions do not exist, sizes are checked against the file, and the result is measured as it would be written out in
full, so that a few hundred bytes cannot stand for a thousand million lists.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from tasnb.datasets.pickle_machine import Machine, UnsafePickleError
from tasnb.datasets.reading import uncollected

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_VALUES", "UnsafePickleError", "load", "loads"]

# RefCOCO's own file: 50,000 refs, 142,000 sentences, about 4 million values, 5 levels
MAX_VALUES = 50_000_000
MAX_DEPTH = 64
MAX_BYTES = 500_000_000
TEXT_UNIT = 32  # characters that count as one more value, so that one long text repeated often counts too

_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})


def load(path: Path | str) -> Any:
    """The content of a pickle file of any protocol, 0 to 5, Python 2's too.

    Raises UnsafePickleError for a file that asks for anything but plain values, ValueError for damage, both naming
    the file; OSError where it cannot be read.
    """
    return loads(Path(path).read_bytes(), name=str(path))


def loads(data: bytes, *, name: str = "the pickle") -> Any:
    """The same from bytes. Python 2's ``str`` is read as UTF-8, and as Latin-1 where it is not."""
    if len(data) > MAX_BYTES:
        raise UnsafePickleError(f"{name} is refused: {len(data):,} bytes, more than {MAX_BYTES:,}")
    machine = Machine(data)
    try:
        with uncollected():
            value = machine.run()
    except UnsafePickleError as wrong:
        raise UnsafePickleError(f"{name} is refused: {wrong}, at byte {machine.at}; only plain containers, numbers "
                                "and strings are read") from None  # fmt: skip
    except (IndexError, KeyError, ValueError, TypeError, AttributeError, OverflowError, struct.error) as wrong:
        raise ValueError(
            f"{name} is no whole pickle: reading stopped at byte {machine.at} of {len(data)} ({wrong}); "
            "download it again"
        ) from None
    try:
        with uncollected():
            _measure(value)
    except UnsafePickleError as wrong:
        raise UnsafePickleError(f"{name} is refused: {wrong}") from None
    return value


def _measure(value: Any) -> None:
    """Refuse what is larger than MAX_VALUES when written out in full, deeper than MAX_DEPTH, or holds itself.

    Each container is visited once, however often it is referred to: its size is remembered.
    """
    if type(value) not in _CONTAINERS:
        return
    known: dict[int, tuple[int, int]] = {}  # id -> size and depth of a container that is done
    open_now: set[int] = set()
    pending = [value]
    while pending:
        top = pending[-1]
        key = id(top)
        if key in known:
            pending.pop()
            continue
        open_now.add(key)
        total, depth, waiting = _leaves(top), 1, False
        for child in top.values() if type(top) is dict else top:
            if type(child) not in _CONTAINERS:
                continue
            done = known.get(id(child))
            if done is None and _CONTAINERS.isdisjoint(map(type, child.values() if type(child) is dict else child)):
                done = known[id(child)] = (_leaves(child), 1)
            if done is None:
                if id(child) in open_now:
                    raise UnsafePickleError("a container holds itself")
                pending.append(child)
                waiting = True
            else:
                total, depth = total + done[0], max(depth, done[1] + 1)
        if waiting:
            continue
        if total > MAX_VALUES:
            raise UnsafePickleError(
                f"its few bytes stand for more than {MAX_VALUES:,} values, containers repeated within containers"
            )
        if depth > MAX_DEPTH:
            raise UnsafePickleError(f"its containers are nested more than {MAX_DEPTH} deep")
        known[key] = (total, depth)
        open_now.discard(key)
        pending.pop()


def _leaves(container: Any) -> int:
    """How many values a container holds itself, with one more for every TEXT_UNIT characters of text."""
    total, text = 1 + len(container), 0
    for value in container.values() if type(container) is dict else container:
        if type(value) is str or type(value) is bytes:
            text += len(value)
    if type(container) is dict:
        total += len(container)
        text += sum(len(key) for key in container if type(key) is str or type(key) is bytes)
    return total + text // TEXT_UNIT
