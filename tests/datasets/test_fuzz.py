"""Whatever a data file holds: a value or a ``UserError``, never anything else."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasnb import datasets
from tasnb.core.errors import UserError
from tasnb.core.masks import to_rle
from tests.datasets.hand_made import HEIGHT, WIDTH, photo, phrasecut_tasks, refer_parts, write_phrasecut, write_refer

pytestmark = pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")

NASTY: list[Any] = [
    None, True, False, 0, -1, 1, 7, 10, 1.0, 1.5, -0.0, 1e308, float("nan"), float("inf"), 2**31, 2**63, 2**64, 10**400,
    "", " ", "1", "010", "../x", "/etc/passwd", "C:\\x", "a\0b", "\ud800", "\udcff", "\u202e", "=1+1", "\x1b[2J",
    "x" * 999,
    [], [[]], [[[]]], {}, {"id": 1}, [None], [True], ["a"], [[1, 1, 9, 1, 9, 9]], [1, 1, 9, 1, 9, 9], [[1e300, 0] * 3],
    [[2**63, 0] * 3], {"size": [HEIGHT, WIDTH], "counts": [1]}, {"size": [2**62, 2], "counts": "0"},
    {"size": [HEIGHT, WIDTH], "counts": [2**62] * 4}, {"size": [HEIGHT, WIDTH], "counts": "\udc80"},
]  # fmt: skip
BYTES = [b"", b"\0", b"\xff", b"[", b"{", b'"', b",", b"\n", b"\\", b"\xef\xbb\xbf", b"1e999", b"9" * 5000, b"[" * 2000]


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key of a document."""
    for key, held in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from nodes(held)


@st.composite
def documents(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to three of its values replaced, taken out or said twice."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        places = list(nodes(changed))
        if not places:
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        how = draw(st.integers(0, 9))
        if how == 0:
            del holder[key]
        elif how == 1 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif how == 2:
            other, at = places[draw(st.integers(0, len(places) - 1))]
            with suppress(LookupError):
                holder[key] = copy.deepcopy(other[at])
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(NASTY)))
    return changed


@st.composite
def spoilt(draw: st.DrawFn, whole: bytes) -> bytes:
    """The bytes cut, or with one to three places written over or put in between."""
    data = bytearray(whole)
    if draw(st.integers(0, 4)) == 0:
        return bytes(data[: draw(st.integers(0, len(data)))])
    for _ in range(draw(st.integers(1, 3))):
        at, new = draw(st.integers(0, len(data))), draw(st.sampled_from(BYTES) | st.binary(min_size=1, max_size=3))
        data[at : at + draw(st.sampled_from((0, len(new), 20)))] = new
    return bytes(data)


def use(name: str, root: Path, splits: tuple[str, ...]) -> None:
    """Everything that reads a data set."""
    for split in splits:
        try:
            samples = datasets.load(name, split=split, root=root)
        except UserError:
            continue
        assert len(samples.fingerprint) == 64
        for index in range(len(samples)):
            with suppress(UserError):
                target = samples[index].target
                assert target is None or target.dtype == bool
            with suppress(UserError):
                samples.things(samples.image_id(index))
            samples.beside(index)
    assert datasets.check(name, root=root, open_images=True).text()


def use_results(path: Path) -> None:
    with suppress(UserError):
        found = datasets.ResultsFile.read(path)
        for image_id in found.of_image:
            with suppress(UserError):
                assert found.proposals(image_id, (HEIGHT, WIDTH)).masks.shape[1:] == (HEIGHT, WIDTH)


BLOCK = np.zeros((HEIGHT, WIDTH), dtype=bool)
BLOCK[5:9, 6:12] = True
INSTANCES, REFS = refer_parts()
TASKS = phrasecut_tasks()
RESULTS = [{"image_id": i, "segmentation": to_rle(BLOCK), "score": 0.5} for i in (1, 2)]
ROWS = [
    {"image": "a.png", "expression": "the dog", "mask": [[6, 5, 12, 5, 12, 9]], "image_id": 5, "split": "val"},
    {"image": "a.png", "expression": "the cup", "mask": to_rle(BLOCK), "sent_id": "x", "ref_id": 9, "category": "cup"},
    {"image": "a.png", "expression": "the mask", "mask": "a.png"},
]
TABLE = (
    'image,expression,mask,sent_id\na.png,"the dog, left","[[6, 5, 12, 5, 12, 9]]",1\n'
    f'a.png,the cup,"{json.dumps(to_rle(BLOCK)).replace(chr(34), chr(34) * 2)}",\na.png,the mask,a.png,3\n'
)
SPLITS = ("val", "testA")
Kind = tuple[str, Callable[[Path], Any], str, Any, Callable[[Path], None]]


def folder(root: Path) -> None:
    photo(root / "a.png")


KINDS: dict[str, Kind] = {
    "instances.json": (
        "refcoco/instances.json", lambda root: write_refer(root, INSTANCES, REFS), "json", INSTANCES,
        lambda root: use("refcoco", root, SPLITS),
    ),
    "refs(unc).json": (
        "refcoco/refs(unc).json", lambda root: write_refer(root, INSTANCES, REFS, as_json=True), "json", REFS,
        lambda root: use("refcoco", root, SPLITS),
    ),
    "refs(unc).p": (
        "refcoco/refs(unc).p", lambda root: write_refer(root, INSTANCES, REFS), "pickle", REFS,
        lambda root: use("refcoco", root, SPLITS),
    ),
    "captions.json": (
        "captions.json", lambda root: write_refer(root, INSTANCES, REFS), "json",
        [{"image_id": 1, "caption": "a dog", "things": {"10": "a dog"}}], lambda root: use("refcoco", root, SPLITS),
    ),
    "refer_test.json": (
        "VGPhraseCut_v0/refer_test.json", lambda root: write_phrasecut(root, TASKS), "json", TASKS,
        lambda root: use("phrasecut", root, ("test",)),
    ),
    "image_data_split.json": (
        "VGPhraseCut_v0/image_data_split.json", lambda root: write_phrasecut(root, TASKS), "json",
        [{"image_id": i, "width": WIDTH, "height": HEIGHT} for i in (7, 8)],
        lambda root: use("phrasecut", root, ("test",)),
    ),
    "samples.json": ("samples.json", folder, "json", ROWS, lambda root: use("folder", root, ("all",))),
    "samples.csv": ("samples.csv", folder, "text", TABLE, lambda root: use("folder", root, ("all",))),
    "results": ("found.json", folder, "json", RESULTS, lambda root: use_results(root / "found.json")),
}  # fmt: skip
WRITE: dict[str, Callable[[Any], bytes]] = {
    "json": lambda document: json.dumps(document).encode(),
    "pickle": lambda document: pickle.dumps(document, protocol=2),
    "text": lambda text: text.encode(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_or_a_users_error_whatever_a_file_holds(kind: str, tmp_path: Path) -> None:
    file, prepare, form, document, use_it = KINDS[kind]
    write = WRITE[form]
    prepare(tmp_path)
    (tmp_path / file).write_bytes(write(document))
    use_it(tmp_path)
    changed = spoilt(write(document)) if form == "text" else documents(document).map(write) | spoilt(write(document))

    @settings(
        max_examples=40, deadline=None, database=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(changed)
    def holds(data: bytes) -> None:
        (tmp_path / file).write_bytes(data)
        use_it(tmp_path)

    holds()


WRONG: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \n\n",
    "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614\nsize 12345\n",
    "a web page": b"<!DOCTYPE html>\n<html><body>404: Not Found</body></html>",
    "another web page": b"\n<HTML><head></head></HTML>",
    "a ZIP archive": b"PK\x03\x04" + bytes(30),
    "a compressed file": b"\x1f\x8b\x08" + bytes(30),
    "a photo": b"\xff\xd8\xff\xe0" + bytes(30),
    "zeros": bytes(1000),
    "UTF-16": "image,expression\na.png,it\n".encode("utf-16"),
    "text": b"Not Found",
}


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_another_kind_and_what_is_no_file_are_one_line(kind: str, tmp_path: Path) -> None:
    import os

    file, prepare, form, document, _ = KINDS[kind]
    prepare(tmp_path)
    path = tmp_path / file
    whole = WRITE[form](document)
    name, split = (
        ("phrasecut", "test") if "VG" in file else ("refcoco", "val") if form == "pickle" else ("folder", "val")
    )
    name, split = ("refcoco", "val") if "refcoco" in file or file == "captions.json" else (name, split)

    def opened() -> Any:
        if kind == "results":
            return datasets.ResultsFile.read(path)
        return datasets.load(name, split=split, root=tmp_path)

    def refused() -> str:
        with pytest.raises(UserError) as wrong:
            opened()
        assert "\n" not in str(wrong.value)
        if kind != "results":
            assert not datasets.check(name, root=tmp_path).ok
        return str(wrong.value)

    for what, data in WRONG.items():
        path.write_bytes(data)
        told = refused()
        assert path.name in told, what
        if what.startswith(("nothing", "blanks")):
            assert "is empty" in told
    path.write_bytes(WRONG["a pointer"])
    assert "git lfs pull" in refused()
    path.write_bytes(WRONG["a web page"])
    assert "is a web page" in refused()
    path.write_bytes(whole[: len(whole) // 2])
    if form != "text":
        refused()
    path.unlink()
    path.mkdir()
    assert "is a folder" in refused()
    shutil.rmtree(path)
    os.mkfifo(path)
    assert "pipe" in refused()  # and is never waited for
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "device" in refused()
    path.unlink()
    path.symlink_to(path)
    refused()
