"""REFER pickles of every kind are read; what asks for more than plain values is refused at once, with its reason."""

from __future__ import annotations

import collections
import contextlib
import copyreg
import io
import os
import pickle
import pickletools
import random
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tasnb.core import limits
from tasnb.datasets import UnsafePickleError, pickles

PYTHON2 = Path(__file__).parent / "python2"
PLAIN = [
    {"ref_id": 1, "sent": "the café", "box": (1.5, -2, 70_000, 1 << 70), "ok": True, "no": False, "none": None},
    ["", "emoji 🦓", "new\nline 'quoted' \\", "\ud800"],
    {7: [], 2.5: {}, None: (), True: ((),)},
    [(1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    list(range(-300, 300, 7)),
    [float("inf"), -0.0, 1e-300],
    "x" * 300,
]


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_come_back_as_pythons_own_unpickler_gives_them(protocol: int) -> None:
    data = pickle.dumps(PLAIN, protocol=protocol)
    assert pickles.loads(data) == PLAIN
    assert repr(pickles.loads(data)) == repr(pickle.loads(data))


def test_bytes_and_sets_are_plain_where_they_need_no_class() -> None:
    value = [b"raw", b"r" * 300, {1, 2}, frozenset({"a"})]
    assert pickles.loads(pickle.dumps(value, protocol=4)) == value
    with pytest.raises(UnsafePickleError, match=r"it asks for __builtin__\.set"):
        pickles.loads(pickle.dumps({1}, protocol=2))


def test_shared_values_stay_shared() -> None:
    tokens = ["left", "dog"]
    first, second = pickles.loads(pickle.dumps([tokens, tokens]))
    assert first is second


@pytest.mark.parametrize("protocol", range(3))
def test_python_2s_own_files_are_read(protocol: int) -> None:
    # written by Python 2.7.18: str in Latin-1 and in UTF-8, unicode, long
    first, second = pickles.loads((PYTHON2 / f"refs-protocol{protocol}.p").read_bytes())
    assert first["ann_id"] == 10
    assert first["sentences"][0]["tokens"] == ["left", "café"]
    assert first["sentences"][0]["sent"] == "left café"
    assert first["sentences"][1]["tokens"] == ["naïve", "zebra"]
    assert first["sentences"][1]["raw"] == "naïve zebra\n'quoted'"
    assert first["sentences"][1]["sent"] == "naïve zebra"
    assert second["ann_id"] == 123456789012345678901234567890
    assert second["box"] == (1.5, -2, True, None)
    assert second["sent_ids"] == ()


def test_the_real_file_is_read(shared_root: Path) -> None:
    path = shared_root / "data" / "mini-refcoco" / "refcoco" / "refs(unc).p"
    refs = pickles.loads(path.read_bytes())
    assert len(refs) == 53
    assert sum(len(ref["sentences"]) for ref in refs) == 63
    assert refs == pickle.loads(path.read_bytes())


class Calls:
    def __init__(self, what: Any, *arguments: Any) -> None:
        self.what, self.arguments = what, arguments

    def __reduce__(self) -> Any:
        return self.what, self.arguments


class Plain:
    pass


def with_persistent_id(protocol: int) -> bytes:
    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            return "elsewhere" if value == "out" else None

    buffer = io.BytesIO()
    Pickler(buffer, protocol=protocol).dump(["out"])
    return buffer.getvalue()


def with_extension_code() -> bytes:
    copyreg.add_extension(Plain.__module__, "Plain", 240)
    try:
        return pickle.dumps([Plain], protocol=2)
    finally:
        copyreg.remove_extension(Plain.__module__, "Plain", 240)


def laughs(levels: int, *, of: type = list) -> bytes:
    """Ten references to ten references to ...: a few hundred bytes that stand for 10 ** levels values."""
    value: Any = of(["ha"] * 10)
    for _ in range(levels):
        value = of([value] * 10)
    return pickle.dumps(value, protocol=2)


def laughs_as_a_key(levels: int) -> bytes:
    value: Any = ("ha",)
    for _ in range(levels):
        value = (value, value)
    inner = pickle.dumps(value, protocol=2)[2:-1]
    return b"\x80\x02}" + inner + b"K\x01s."


def itself() -> bytes:
    value: list[Any] = []
    value.append([value])
    return pickle.dumps(value)


EVIL = [
    ("os.system", pickle.dumps(Calls(os.system, "touch /tmp/owned"), protocol=0), r"it asks for posix\.system"),
    ("os.system, protocol 4", pickle.dumps(Calls(os.system, "true"), protocol=4), r"it asks for posix\.system"),
    ("builtins.eval", pickle.dumps([Calls(eval, "1 + 1")], protocol=2), r"it asks for __builtin__\.eval"),
    ("INST of Python 2", b"(S'echo owned'\nios\nsystem\n.", r"it asks for os\.system"),
    ("a class", pickle.dumps(Plain, protocol=2), r"test_pickles\.Plain"),
    ("an object", pickle.dumps(Plain(), protocol=2), r"copyreg\._reconstructor|copy_reg|test_pickles\.Plain"),
    ("an ordered dictionary", pickle.dumps(collections.OrderedDict(a=1)), r"it asks for collections\.OrderedDict"),
    ("OBJ", b"(]oK\x01.", r"it asks for an object or a call \(OBJ\)"),
    ("REDUCE", b"K\x01)R.", r"it asks for an object or a call \(REDUCE\)"),
    ("BUILD", b"]}b.", r"it asks for an object or a call \(BUILD\)"),
    ("a persistent id, as text", with_persistent_id(0), "persistent id"),
    ("a persistent id, binary", with_persistent_id(2), "persistent id"),
    ("an extension code", with_extension_code(), "extension code"),
    ("a byte array", pickle.dumps(bytearray(b"x"), protocol=5), "BYTEARRAY8"),
    ("a byte array of any size", b"\x80\x05\x96" + (1 << 40).to_bytes(8, "little") + b".", "BYTEARRAY8"),
    ("a buffer outside the file", b"\x80\x05\x97.", "NEXT_BUFFER"),
    ("billion laughs, lists", laughs(12), "stand for more than 50,000,000 values"),
    ("billion laughs, tuples", laughs(12, of=tuple), "stand for more than 50,000,000 values"),
    ("a trillion laughs", laughs(60), "stand for more than 50,000,000 values"),
    ("laughs as a key, whose hash never ends", laughs_as_a_key(200), "uses a tuple as a key"),
    ("one long text repeated", pickle.dumps(["x" * 1_000_000] * 100_000), "stand for more than 50,000,000 values"),
    ("a list that holds itself", itself(), "holds itself"),
    ("a list among many that holds itself", b"]q\x00(" + b"]" * 9000 + b"h\x00h\x00e.", "holds itself"),
    ("hundreds of thousands in two places", b"(" + b"]2" * 101_000 + b"l.", "more than 100,000 of its containers"),
    ("lists a thousand deep", b"]" * 1000 + b"a" * 999 + b".", "nested more than 64 deep"),
    ("sets by the million", b"\x8f" * 90_000_000 + b".", "may make 90,000,000 containers, more than 5,000,000"),
    ("containers and places by the million", b"](l}\x94(t\x85" * 10_000_000, "may make 60,000,000 containers"),
    ("a file of 100 MB", b"N" * (limits.MAX_FILE_BYTES[".p"] + 1), "100,000,001 bytes, more than 100,000,000"),
    ("a long number as a key", b"}" + pickle.dumps(1 << 200, protocol=2)[2:-1] + b"K\x01s.", "a long number as a key"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), [row[1:] for row in EVIL], ids=[row[0] for row in EVIL])
def test_a_malicious_pickle_is_refused_with_its_reason_and_at_once(data: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "refs(unc).p"
    path.write_bytes(data)
    started = time.perf_counter()
    with pytest.raises(UnsafePickleError, match=reason) as refused:
        pickles.loads(path.read_bytes(), name=str(path))
    assert time.perf_counter() - started < 5
    assert str(refused.value).startswith(f"{path} is refused: ")
    assert "\n" not in str(refused.value)
    assert isinstance(refused.value, ValueError)
    assert not Path("/tmp/owned").exists()


def test_only_the_instructions_of_plain_values_exist() -> None:
    reaching = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD", "PERSID",
                "BINPERSID", "EXT1", "EXT2", "EXT4", "BYTEARRAY8", "NEXT_BUFFER", "READONLY_BUFFER"}  # fmt: skip
    plain = set(pickles.PLAIN.split())
    assert plain | reaching == {op.name for op in pickletools.opcodes}
    assert not plain & reaching
    steps = pickles._Unpickler.dispatch
    assert sorted(steps) == list(range(256))
    own = {ord(op.code) for op in pickletools.opcodes if op.name in plain or op.name in pickles.ASKING.split()}
    assert {code for code, step in steps.items() if step is pickle._Unpickler.dispatch.get(code)} < own


FILLERS = [
    b"\x8f", b"]", b"}", b"(", b"N\x94", b"]\x85", b"\x8c\x02\xc4\x80", b"\x8c\x04\xf0\x9f\xa6\x93", b"U\x02ab",
    b"C\x01a", b"G@\t!\xfbTD-\x18", b"\x8a\x02\xff\x7f", b"J\xff\xff\xff\x7f", b"K\x01", b"N", b"F1.5\n", b"I300\n",
    b"(l", b"(t", b"(d", b"(\x91", b"]}\x86", b"2", b"h\x00",
]  # fmt: skip


@pytest.mark.parametrize("filler", FILLERS)
def test_memory_stays_within_the_bound_that_the_module_states(filler: bytes) -> None:
    data = b"\x80\x04(Nq\x00" + filler * (40_000 // len(filler)) + (b"" if filler == b"(" else b"l.")
    tracemalloc.start()
    try:
        with contextlib.suppress(ValueError):
            pickles.loads(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 25 * len(data) + pickles.memory_of(data) + 100_000
    assert (25 + limits.PICKLE_DENSITY) * 5_000_000 + limits.PICKLE_FREE < 330e6
    assert 25 * limits.MAX_FILE_BYTES[".p"] + limits.PICKLE_CONTAINERS * max(pickles.MAKERS.values()) <= 4e9


@pytest.mark.parametrize("maker", [*pickles.MAKERS, b"]l}\x8f", b"N\x94"])
def test_a_few_megabytes_of_containers_are_refused_before_they_are_made(maker: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(
            UnsafePickleError, match=r"containers, more than 5,000,000 or than its [\d,]+ bytes can hold"
        ):
            pickles.loads(maker * (4_900_000 // len(maker)) + b".")
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("protocol", range(6))
def test_honest_refs_are_far_from_the_bound(protocol: int, shared_root: Path) -> None:
    refs = pickles.loads((shared_root / "data" / "mini-refcoco" / "refcoco" / "refs(unc).p").read_bytes())
    data = pickle.dumps(refs, protocol=protocol)
    assert pickles.memory_of(data) < limits.PICKLE_DENSITY * len(data) / 2


def test_memo_places_of_any_number_take_their_share_alone() -> None:
    places = b"N" + b"".join(b"r" + place.to_bytes(4, "little") for place in range(1 << 31, (1 << 31) + 20_000))
    tracemalloc.start()
    try:
        assert pickles.loads(places + b".") is None
        assert tracemalloc.get_traced_memory()[1] < 25 * len(places) + 100_000
    finally:
        tracemalloc.stop()


def test_what_stands_for_little_is_no_bomb() -> None:
    assert len(pickles.loads(laughs(3))) == 10


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it ends too early"),
        (b"not a pickle", "is no whole pickle"),
        (b"\xff\xd8\xff\xe0 a JPEG", "reading stopped at byte 1 of 11 .a byte that is no pickle instruction"),
        (b"<html>", "is no whole pickle"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "reading stopped at byte 11 of 11 .it ends too early"),
        (b"\x80\x05\x8d" + b"\xff" * 8 + b".", "exceeds system's maximum size"),
        (b"\x80\x05\x8d" + b"\xff" * 7 + b"\x00.", "it ends too early"),
        (b"\x80\x02\x8b\xff\xff\xff\x7f.", "it ends too early"),
        (b"\x80\x05\x95" + b"\xff" * 8 + b"N", "it ends too early"),
        (b"I" + b"9" * 1_000_000 + b"\n.", "limit .4300 digits"),
        (b"(" * 20_000, "it ends too early"),
        (b"\x80\x02h\x05.", "is no whole pickle"),
        (b"\x80\x09N.", "unsupported pickle protocol: 9"),
        (b"]r\xff\xff\xff\x7f" * 2 + b".", "it ends with 2 values"),
        (b"(]K\x01.", "it ends with 2 values and 1 containers still open"),
        (b"}K\x01a.", "'dict' object has no attribute 'append'"),
        (b"e.", "is no whole pickle"),
        (b"S'no end", "must be quoted"),
        (b"Sno quotes\n.", "must be quoted"),
        (b"Iseven\n.", "is no whole pickle"),
        (b"}(K\x01u.", "list index out of range"),
    ],
)  # fmt: skip
def test_damage_is_one_clear_error(data: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "refs(unc).p"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=says) as wrong:
        pickles.loads(path.read_bytes(), name=str(path))
    assert not isinstance(wrong.value, UnsafePickleError)
    assert str(path) in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_every_cut_and_every_flipped_byte_is_an_error_or_plain(shared_root: Path) -> None:
    whole = (shared_root / "data" / "mini-refcoco" / "refcoco" / "refs(unc).p").read_bytes()
    for stop in range(0, len(whole) - 1, 37):
        with pytest.raises(ValueError, match="is no whole pickle"):
            pickles.loads(whole[:stop])
    chance = random.Random(0)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            pickles.loads(bytes(data))
        except ValueError as wrong:
            assert "\n" not in str(wrong)  # noqa: PT017
