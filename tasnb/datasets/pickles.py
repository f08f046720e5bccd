"""REFER's pickles, read by the standard library's unpickler without what could name, import or call anything.

Python's own would import and call whatever a file names. Even with that forbidden it can be made to hang or to fill
the memory: nested tuples as dictionary keys, a memo place of two thousand million, millions of one-byte sets. Here only
the instructions of plain values exist, a key is looked at before it is hashed, containers are counted in the file
before anything is read, and the result is measured as it would be written out in full, so that a few hundred bytes
cannot stand for a thousand million lists. The memory is at most 25 bytes for each byte of the file, and for its
containers 40 more: 325 MB for a file of 5 MB, 4 GB for the worst of files.

The Python half of the standard library's unpickler is the one whose steps can be left out and looked into; joblib
stands on it too. Its memo is a dictionary, so that a far place takes no memory.
"""

from __future__ import annotations

import io
import itertools
import pickle
import pickletools
import struct
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

from tasnb.core import limits
from tasnb.core.errors import UserError
from tasnb.datasets.annotations import uncollected

TEXT_UNIT = 32  # characters that count as one more value, so that one long text repeated often counts too

# the instructions of plain values; those that ask for something by its name are refused with the name
PLAIN = (
    "PROTO FRAME STOP MARK PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET POP POP_MARK DUP NONE NEWTRUE "
    "NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE "
    "BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 EMPTY_LIST LIST APPEND APPENDS "
    "EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS EMPTY_SET ADDITEMS FROZENSET"
)
ASKING = "GLOBAL STACK_GLOBAL INST PERSID BINPERSID EXT1 EXT2 EXT4"
CALLING = "OBJ NEWOBJ NEWOBJ_EX REDUCE BUILD"
AGAIN = "GET BINGET LONG_BINGET DUP"
# where the keys lie when one of these runs, among the values since the mark or all that are open
KEYS = {
    "SETITEM": slice(-2, -1),
    "SETITEMS": slice(None, None, 2),
    "DICT": slice(None, None, 2),
    "ADDITEMS": slice(None),
    "FROZENSET": slice(None),
}
# every container takes one of these bytes, as does every MEMOIZE; LIST, DICT, TUPLE and FROZENSET take a MARK each.
# Bytes of memory for each, as CPython 3.11 to 3.14 need them on 64 bits: a dictionary of one entry, a place in the memo
MAKERS: dict[bytes, int] = {pickle.EMPTY_DICT: 240, pickle.EMPTY_SET: 232, pickle.MEMOIZE: 136, pickle.EMPTY_LIST: 96}
MAKERS |= {pickle.MARK: 240, pickle.TUPLE1: 64, pickle.TUPLE2: 72, pickle.TUPLE3: 80}
# what the steps raise over a damaged file
DAMAGE: tuple[type[Exception], ...] = (ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError)
DAMAGE += (pickle.UnpicklingError, struct.error)

BUSY = (0, 0)  # the size of a container while its parts are being measured
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})
_Step = Callable[[Any], None]


class UnsafePickleError(UserError):
    """The file asks for more than plain containers, numbers and strings; the message says for what."""


class _Unpickler(pickle._Unpickler):
    """The standard library's unpickler, which runs no step that could reach a class, a function or another file."""

    read: Callable[[int], bytes]
    memo: dict[int, Any]
    stack: list[Any]  # the values since the last mark
    metastack: list[list[Any]]  # those before it, a list a mark

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.shared: set[int] = set()  # the ids of containers that stand in more than one place

    def find_class(self, module: str, name: str) -> NoReturn:
        raise UnsafePickleError(f"it asks for {' '.join(f'{module}.{name}'[:200].split())}")

    def get_extension(self, code: int) -> NoReturn:
        raise UnsafePickleError("it holds an extension code, which stands for a class")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise UnsafePickleError("it holds a persistent id, which names an object outside the file")

    def load_frame(self) -> None:
        self.read(8)  # a hint for readers of streams

    def _decode_string(self, value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")


def _refuse(name: str) -> _Step:
    def step(_: _Unpickler) -> NoReturn:
        if name in CALLING.split():
            raise UnsafePickleError(f"it asks for an object or a call ({name})")
        raise UnsafePickleError(f"it holds {name}, which makes no plain value")

    return step


def _stop(_: Any) -> NoReturn:
    raise UserError("a byte that is no pickle instruction")


def _look_at_keys(where: slice, fill: _Step) -> _Step:
    """``fill`` after a look at the keys: text, or a number of machine size.

    The hash of nested tuples takes a time that doubles with every level, and long integers can be made to collide.
    """

    def step(unpickler: _Unpickler) -> None:
        keys = unpickler.stack[where]
        if set(map(type, keys)) != {str}:
            for key in keys:
                if type(key) is int and not -(1 << 63) <= key < 1 << 64:
                    raise UnsafePickleError("it uses a long number as a key")
                if type(key) not in (str, int, bool, bytes, float, type(None)):
                    raise UnsafePickleError(f"it uses a {type(key).__name__} as a key")
        fill(unpickler)

    return step


def _look_at_shared(again: _Step) -> _Step:
    """``again``, which puts a value that is there already on the stack once more, after which it is noted."""

    def step(unpickler: _Unpickler) -> None:
        again(unpickler)
        if type(unpickler.stack[-1]) in _CONTAINERS:
            unpickler.shared.add(id(unpickler.stack[-1]))
            if len(unpickler.shared) > limits.PICKLE_SHARED:
                raise UnsafePickleError(f"more than {limits.PICKLE_SHARED:,} of its containers stand in several places")

    return step


def _steps() -> dict[int, _Step]:
    """What each of the 256 bytes makes the unpickler do."""
    steps: dict[int, _Step] = dict.fromkeys(range(256), _stop)
    for instruction in pickletools.opcodes:
        code, name = ord(instruction.code), instruction.name
        known: Any = pickle._Unpickler.dispatch[code]
        steps[code] = known if name in f"{PLAIN} {ASKING}".split() else _refuse(name)
        if name in KEYS:
            steps[code] = _look_at_keys(KEYS[name], known)
        elif name in AGAIN.split():
            steps[code] = _look_at_shared(known)
    steps[pickle.FRAME[0]] = _Unpickler.load_frame
    return steps


_Unpickler.dispatch = _steps()


def loads(data: bytes, *, name: str = "the pickle") -> Any:
    """The content of a pickle of any protocol, 0 to 5, Python 2's too.

    Parameters
    ----------
    data : bytes
        The pickle.
    name : str
        What the errors call it.

    Returns
    -------
    object
        Plain containers, numbers and strings. Python 2's ``str`` is read as UTF-8, and as Latin-1 where it is not.

    Raises
    ------
    UnsafePickleError
        For a pickle that asks for anything but plain values, or for more of them than a file of refs can hold.
    ValueError
        For damage; both give the name.
    """
    if len(data) > limits.MAX_FILE_BYTES[".p"]:
        raise UnsafePickleError(f"{name} is refused: {len(data):,} bytes, more than {limits.MAX_FILE_BYTES['.p']:,}")
    made = sum(map(data.count, MAKERS))
    if made > limits.PICKLE_CONTAINERS or memory_of(data) > limits.PICKLE_DENSITY * len(data) + limits.PICKLE_FREE:
        raise UnsafePickleError(
            f"{name} is refused: it may make {made:,} containers, more than {limits.PICKLE_CONTAINERS:,} or than its "
            f"{len(data):,} bytes can hold"
        )
    file = io.BytesIO(data)
    unpickler = _Unpickler(file)
    try:
        with uncollected(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an escape that Python does not know stays as it is
            value = unpickler.load()
            values, marks = len(unpickler.stack), len(unpickler.metastack)
            if values or marks:
                raise UserError(f"it ends with {1 + values} values and {marks} containers still open")
            if type(value) in _CONTAINERS:
                unpickler.memo.clear()
                _size(value, dict.fromkeys(unpickler.shared))
    except UnsafePickleError as wrong:
        raise UnsafePickleError(
            f"{name} is refused: {wrong}, at byte {file.tell()}; only plain containers, numbers and strings are read"
        ) from None
    except DAMAGE as wrong:
        raise UserError(
            f"{name} is no whole pickle: reading stopped at byte {file.tell()} of {len(data)} "
            f"({str(wrong) or 'it ends too early'}); download it again"
        ) from None
    return value


def memory_of(data: bytes) -> int:
    """Bytes of memory that the containers of a pickle may take, their values apart."""
    # too many rather than too few: some of these bytes are parts of texts and numbers
    return sum(data.count(maker) * each for maker, each in MAKERS.items())


def _size(value: Any, shared: dict[int, tuple[int, int] | None], depth: int = 1) -> tuple[int, int]:
    """How many values a container stands for when written out in full, and how many levels of containers.

    shared: the size of each container that stands in several places, by id, None until it is known: each is visited
    once, and any other one is in one place only.
    """
    key = id(value)
    if (size := shared.get(key)) is not None:
        if size is BUSY:
            raise UnsafePickleError("a container holds itself")
        return size
    if depth > limits.PICKLE_DEPTH:
        raise UnsafePickleError(f"its containers are nested more than {limits.PICKLE_DEPTH} deep")
    if key in shared:
        shared[key] = BUSY
    total, text, levels = 1 + len(value), 0, 1
    parts: Any = value
    if type(value) is dict:
        total, parts = total + len(value), itertools.chain(value, value.values())
    for part in parts:
        kind = type(part)
        if kind in _CONTAINERS:
            held, below = _size(part, shared, depth + 1)
            total, levels = total + held, max(levels, below + 1)
        elif kind is str or kind is bytes:
            text += len(part)
    total += text // TEXT_UNIT
    if total > limits.PICKLE_VALUES:
        raise UnsafePickleError(
            f"its few bytes stand for more than {limits.PICKLE_VALUES:,} values, repeated within containers"
        )
    if depth + levels > limits.PICKLE_DEPTH + 1:
        raise UnsafePickleError(f"its containers are nested more than {limits.PICKLE_DEPTH} deep")
    if key in shared:
        shared[key] = total, levels
    return total, levels
