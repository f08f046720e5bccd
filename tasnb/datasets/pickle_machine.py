"""The stack machine of pickle, reduced to plain containers, numbers and strings; ``pickles`` is its front.

An instruction that has no method here and is not run in place in ``run`` does not exist.
"""

from __future__ import annotations

import codecs
import pickletools
import struct
import warnings
from typing import Any

MAX_DIGITS = 1000  # of a number written out: Python's own conversion takes a time that grows with their square
MAX_OPEN = 1000  # containers begun and not yet closed

_CALLS = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"}
_PERSISTENT = {"PERSID", "BINPERSID"}
_EXTENSIONS = {"EXT1", "EXT2", "EXT4"}
_NAMES = {ord(op.code): op.name for op in pickletools.opcodes}
_MISSING = object()
_UINT4 = struct.Struct("<I").unpack_from


class UnsafePickleError(ValueError):
    """The file asks for more than plain containers, numbers and strings; the message says for what."""


class Machine:
    """The stack machine of pickle, reduced to plain values. at: the byte of the instruction being run."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.next = data, 0, 0
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        data, end, memo, stack = self.data, len(self.data), self.memo, self.stack
        names = {code: f"_{name.lower()}" for code, name in _NAMES.items()}
        steps = {code: getattr(self, name) for code, name in names.items() if hasattr(self, name)}
        pos = at = 0
        try:
            while pos < end:
                at = pos
                code = data[pos]
                pos += 1
                # most of a REFER file is these instructions: a call for each would take twice as long
                if code == 0x72:  # LONG_BINPUT
                    memo[_UINT4(data, pos)[0]] = stack[-1]
                    pos += 4
                elif code == 0x68:  # BINGET
                    stack.append(memo[data[pos]])
                    pos += 1
                elif code == 0x58:  # BINUNICODE
                    size = _UINT4(data, pos)[0]
                    pos += 4 + size
                    if pos > end:
                        raise ValueError(f"a text of {size} bytes goes past the end")
                    stack.append(data[pos - size : pos].decode("utf-8", "surrogatepass"))
                elif code == 0x4D:  # BININT2
                    stack.append(data[pos] | data[pos + 1] << 8)
                    pos += 2
                elif code == 0x5D:  # EMPTY_LIST
                    stack.append([])
                elif code == 0x7D:  # EMPTY_DICT
                    stack.append({})
                elif code == 0x71:  # BINPUT
                    memo[data[pos]] = stack[-1]
                    pos += 1
                elif code == 0x94:  # MEMOIZE
                    memo[len(memo)] = stack[-1]
                elif code == 0x6A:  # LONG_BINGET
                    stack.append(memo[_UINT4(data, pos)[0]])
                    pos += 4
                elif code == 0x2E:  # STOP
                    if self.marks or len(stack) != 1:
                        raise ValueError(f"it ends with {len(stack)} values and {len(self.marks)} open containers")
                    return stack[0]
                else:
                    step = steps.get(code)
                    self.at, self.next = at, pos
                    if step is None:
                        self._refuse(code)
                    step()  # type: ignore[misc]
                    pos, stack = self.next, self.stack
            at = end
            raise ValueError("it ends too early")
        finally:
            self.at = at

    def _refuse(self, code: int) -> None:
        name = _NAMES.get(code)
        if name is None:
            raise ValueError(f"byte {code:#04x} is no pickle instruction")
        if name in _CALLS:
            raise UnsafePickleError(f"it asks for {self._wanted(name)}")
        if name in _PERSISTENT:
            raise UnsafePickleError("it holds a persistent id, which names an object outside the file")
        if name in _EXTENSIONS:
            raise UnsafePickleError("it holds an extension code, which stands for a class")
        raise UnsafePickleError(f"it holds {name}, which makes no plain value")

    def _wanted(self, name: str) -> str:
        """The class or function that the instruction names, for the message only."""
        if name in ("GLOBAL", "INST"):
            lines = self.data[self.at + 1 : self.at + 400].split(b"\n")[:2]
            return ".".join(line.decode("utf-8", "replace") for line in lines)
        if name == "STACK_GLOBAL" and all(isinstance(word, str) for word in self.stack[-2:]):
            return ".".join(self.stack[-2:])
        return f"an object or a call ({name})"

    # what an instruction takes from the file

    def _take(self, size: int) -> bytes:
        if size < 0 or self.next + size > len(self.data):
            raise ValueError(f"{size} bytes go past the end")
        self.next += size
        return self.data[self.next - size : self.next]

    def _number(self, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(self._take(size), "little", signed=signed)

    def _line(self) -> bytes:
        stop = self.data.find(b"\n", self.next)
        if stop < 0:
            raise ValueError("a line has no end")
        line, self.next = self.data[self.next : stop], stop + 1
        return line

    def _since_mark(self) -> list[Any]:
        values, self.stack = self.stack, self.marks.pop()
        return values

    # numbers

    def _integer(self, line: bytes) -> int:
        if len(line) > MAX_DIGITS:
            raise UnsafePickleError(f"it holds a number of {len(line)} digits")
        return int(line)

    def _int(self) -> None:
        line = self._line()
        # protocol 0 writes the two truth values so
        self.stack.append({b"00": False, b"01": True}.get(line, _MISSING))
        if self.stack[-1] is _MISSING:
            self.stack[-1] = self._integer(line)

    def _long(self) -> None:
        self.stack.append(self._integer(self._line().rstrip(b"L")))

    def _binint(self) -> None:
        self.stack.append(self._number(4, signed=True))

    def _binint1(self) -> None:
        self.stack.append(self._number(1))

    def _long1(self) -> None:
        self.stack.append(self._number(self._number(1), signed=True))

    def _long4(self) -> None:
        self.stack.append(self._number(self._number(4, signed=True), signed=True))

    def _float(self) -> None:
        self.stack.append(float(self._line()))

    def _binfloat(self) -> None:
        self.stack.append(struct.unpack(">d", self._take(8))[0])

    def _none(self) -> None:
        self.stack.append(None)

    def _newtrue(self) -> None:
        self.stack.append(True)

    def _newfalse(self) -> None:
        self.stack.append(False)

    # strings

    def _string(self) -> None:
        line = self._line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise ValueError("a string has no quotes")
        raw = line[1:-1]
        if b"\\" in raw:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an escape that Python does not know stays as it is
                raw = codecs.escape_decode(raw)[0]  # type: ignore[attr-defined]
        self.stack.append(_text(raw))

    def _binstring(self) -> None:
        self.stack.append(_text(self._take(self._number(4, signed=True))))

    def _short_binstring(self) -> None:
        self.stack.append(_text(self._take(self._number(1))))

    def _unicode(self) -> None:
        self.stack.append(self._line().decode("raw-unicode-escape"))

    def _short_binunicode(self) -> None:
        self.stack.append(self._take(self._number(1)).decode("utf-8", "surrogatepass"))

    def _binunicode8(self) -> None:
        self.stack.append(self._take(self._number(8)).decode("utf-8", "surrogatepass"))

    def _binbytes(self) -> None:
        self.stack.append(self._take(self._number(4)))

    def _short_binbytes(self) -> None:
        self.stack.append(self._take(self._number(1)))

    def _binbytes8(self) -> None:
        self.stack.append(self._take(self._number(8)))

    # containers

    def _empty_tuple(self) -> None:
        self.stack.append(())

    def _empty_set(self) -> None:
        self.stack.append(set())

    def _mark(self) -> None:
        if len(self.marks) >= MAX_OPEN:
            raise UnsafePickleError(f"more than {MAX_OPEN} containers are open at once")
        self.marks.append(self.stack)
        self.stack = []

    def _list(self) -> None:
        values = self._since_mark()
        self.stack.append(values)

    def _tuple(self) -> None:
        values = self._since_mark()
        self.stack.append(tuple(values))

    def _tuple1(self) -> None:
        self.stack[-1] = (self.stack[-1],)

    def _tuple2(self) -> None:
        self.stack[-2:] = [(self.stack[-2], self.stack[-1])]

    def _tuple3(self) -> None:
        self.stack[-3:] = [(self.stack[-3], self.stack[-2], self.stack[-1])]

    def _dict(self) -> None:
        values = self._since_mark()
        self.stack.append({})
        self._put_items(values)

    def _frozenset(self) -> None:
        values = self._since_mark()
        self.stack.append(frozenset(_key(value) for value in values))

    def _append(self) -> None:
        value = self.stack.pop()
        _plain(self.stack[-1], list).append(value)

    def _appends(self) -> None:
        values = self._since_mark()
        _plain(self.stack[-1], list).extend(values)

    def _setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _plain(self.stack[-1], dict)[_key(key)] = value

    def _setitems(self) -> None:
        values = self._since_mark()
        self._put_items(values)

    def _additems(self) -> None:
        values = self._since_mark()
        _plain(self.stack[-1], set).update(_key(value) for value in values)

    def _put_items(self, values: list[Any]) -> None:
        if len(values) % 2:
            raise ValueError("a dictionary has a key without a value")
        keys = values[::2]
        if set(map(type, keys)) != {str}:
            keys = [_key(key) for key in keys]
        _plain(self.stack[-1], dict).update(zip(keys, values[1::2], strict=True))

    # the stack and the memo

    def _pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self._since_mark()

    def _pop_mark(self) -> None:
        self._since_mark()

    def _dup(self) -> None:
        self.stack.append(self.stack[-1])

    def _get(self) -> None:
        self.stack.append(self.memo[self._integer(self._line())])

    def _put(self) -> None:
        self.memo[self._integer(self._line())] = self.stack[-1]

    def _proto(self) -> None:
        protocol = self._number(1)
        if protocol > 5:
            raise ValueError(f"protocol {protocol} is newer than 5")

    def _frame(self) -> None:
        self._number(8)  # a hint for readers of streams


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _plain(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(f"expected a {kind.__name__} to fill, got {type(value).__name__}")
    return value


def _key(value: Any) -> Any:
    """A dictionary's key or a set's member: text, or a number of machine size.

    The hash of nested tuples takes a time that doubles with every level, and long integers can be made to collide.
    """
    if type(value) is str or (type(value) is int and -(1 << 63) <= value < 1 << 64):
        return value
    if value is None or type(value) in (bool, bytes, float):
        return value
    what = "a long number" if type(value) is int else f"a {type(value).__name__}"
    raise UnsafePickleError(f"it uses {what} as a key")
