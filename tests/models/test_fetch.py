"""Downloads from a server on this machine's own loopback; nothing here reaches a network."""

from __future__ import annotations

import errno
import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasnb.core.errors import MissingFileError
from tasnb.models import catalogue, fetch
from tasnb.models.catalogue import File, Part
from tasnb.models.places import missing_files

CONTENT = bytes(range(256)) * 20_000  # 5 MB: several chunks


class Server(http.server.BaseHTTPRequestHandler):
    """Serves ``files``; breaks the first ``breaks`` transfers in the middle; knows ranges unless told not to."""

    files: dict[str, bytes]
    breaks: int
    ranges: bool
    asked: list[str | None]

    def do_GET(self) -> None:
        kind = type(self)
        kind.asked.append(self.headers.get("Range"))
        body = kind.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if start >= len(body) and kind.ranges:
            self.send_error(416)
            return
        start = start if kind.ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if kind.breaks:
            kind.breaks -= 1
            self.wfile.write(body[start : (start + len(body)) // 2])
            return  # the connection closes before the promised length
        self.wfile.write(body[start:])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(socket_enabled: None) -> Iterator[type[Server]]:
    kind = type("OneServer", (Server,), {"files": {}, "breaks": 0, "ranges": True, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as running:
        kind.url = f"http://127.0.0.1:{running.server_port}"  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield kind
        running.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path))
    monkeypatch.setattr(fetch.time, "sleep", lambda _: None)
    return tmp_path


def part_for(server: type[Server], content: bytes = CONTENT, *, sha256: str | None = None) -> Part:
    server.files["/weights.pth"] = content
    known = hashlib.sha256(CONTENT).hexdigest() if sha256 is None else sha256
    file = File(path="weights.pth", size=len(CONTENT), sha256=known)
    return Part(folder="sam-test", files=(file,), url=f"{server.url}/weights.pth", total=len(CONTENT))


def left_in(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_file_is_downloaded_once_and_checked(server: type[Server], cache: Path) -> None:
    part = part_for(server)
    folder = fetch.fetch_part(part, progress=False)
    assert (folder / "weights.pth").read_bytes() == CONTENT
    assert left_in(cache) == ["sam-test/weights.pth"]
    fetch.fetch_part(part, progress=False)
    assert server.asked == [None]


def test_a_broken_transfer_goes_on_where_it_stopped(server: type[Server], cache: Path) -> None:
    part = part_for(server)
    server.breaks = 2
    folder = fetch.fetch_part(part, progress=False)
    assert (folder / "weights.pth").read_bytes() == CONTENT
    assert server.asked[0] is None
    starts = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in server.asked[1:] if asked]
    assert len(starts) == 2
    assert 0 < starts[0] < starts[1] < len(CONTENT)


def test_the_next_call_goes_on_after_a_call_that_failed(server: type[Server], cache: Path) -> None:
    part = part_for(server)
    server.breaks = fetch.ATTEMPTS
    with pytest.raises(fetch.FetchError, match=r"could not be downloaded.*Run the command again: it goes on"):
        fetch.fetch_part(part, progress=False)
    assert left_in(cache) == ["sam-test/weights.pth.part"]
    server.asked.clear()
    folder = fetch.fetch_part(part, progress=False)
    assert (folder / "weights.pth").read_bytes() == CONTENT
    assert server.asked[0] is not None
    assert left_in(cache) == ["sam-test/weights.pth"]


def test_a_server_without_ranges_sends_the_whole_again(server: type[Server], cache: Path) -> None:
    part = part_for(server)
    server.breaks, server.ranges = 1, False
    assert (fetch.fetch_part(part, progress=False) / "weights.pth").read_bytes() == CONTENT


def test_a_part_file_that_is_whole_is_only_checked(server: type[Server], cache: Path) -> None:
    part = part_for(server)
    (cache / part.folder).mkdir()
    (cache / part.folder / "weights.pth.part").write_bytes(CONTENT)
    assert (fetch.fetch_part(part, progress=False) / "weights.pth").read_bytes() == CONTENT


def test_a_wrong_sha256_is_refused_and_the_file_removed(server: type[Server], cache: Path) -> None:
    part = part_for(server, CONTENT[:-1] + b"!")
    with pytest.raises(fetch.FetchError, match=r"gave something else: expected sha256 .*removed"):
        fetch.fetch_part(part, progress=False)
    assert left_in(cache) == []


def test_a_damaged_file_in_the_cache_is_replaced(server: type[Server], cache: Path) -> None:
    part = part_for(server)
    (cache / part.folder).mkdir()
    (cache / part.folder / "weights.pth").write_bytes(CONTENT[:-1] + b"!")
    assert (fetch.fetch_part(part, progress=False) / "weights.pth").read_bytes() == CONTENT


def test_what_the_server_does_not_have_is_asked_for_once(server: type[Server], cache: Path) -> None:
    part = replace(part_for(server), url=f"{server.url}/nothing.pth")
    with pytest.raises(fetch.FetchError, match="404"):
        fetch.fetch_part(part, progress=False)
    assert len(server.asked) == 1


def test_an_archive_is_unpacked_also_after_an_interruption(server: type[Server], cache: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("wordnet/data.noun", "entity")
        archive.writestr("wordnet/index.noun", "entity n")
    server.files["/wordnet.zip"] = packed.getvalue()
    part = Part(
        folder="wordnet",
        files=(File(path="wordnet/data.noun"), File(path="wordnet/index.noun")),
        url=f"{server.url}/wordnet.zip",
        archive=File(path="wordnet.zip", sha256=hashlib.sha256(packed.getvalue()).hexdigest()),
        total=len(packed.getvalue()),
    )
    for _ in range(2):
        folder = fetch.fetch_part(part, progress=False)
        assert missing_files(part) == []
        (folder / "wordnet" / "data.noun").unlink()
    assert len(server.asked) == 1


def test_progress_is_shown_on_standard_error(
    server: type[Server], cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fetch.fetch_part(part_for(server), progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "weights.pth" in err
    assert "100%" in err


def test_too_little_room_is_said_first(server: type[Server], cache: Path) -> None:
    with pytest.raises(fetch.FetchError, match="are needed; set TASNB_CACHE"):
        fetch.fetch_part(replace(part_for(server), total=10**18))
    assert server.asked == []


HUB = Part(
    folder="git-test",
    files=(File(path="config.json"), File(path="model.bin", sha256=hashlib.sha256(b"weights").hexdigest())),
    repo="someone/git",
    revision="f" * 40,
    patterns=("*.json", "model.bin"),
)


def test_a_hub_folder_is_asked_for_by_its_pinned_revision(cache: Path) -> None:
    asked = {}

    def snapshot(repo: str, *, local_dir: Path, **options: object) -> None:
        asked.update(repo=repo, **options)
        (local_dir / "config.json").write_text("{}")
        (local_dir / "model.bin").write_bytes(b"weights")

    assert fetch.fetch_part(HUB, progress=False, snapshot=snapshot) == cache / "git-test"
    assert asked == {"repo": "someone/git", "revision": "f" * 40, "allow_patterns": ["*.json", "model.bin"]}


def test_a_hub_file_with_a_wrong_sha256_is_removed(cache: Path) -> None:
    def snapshot(_: str, *, local_dir: Path, **__: object) -> None:
        (local_dir / "config.json").write_text("{}")
        (local_dir / "model.bin").write_bytes(b"other weights")

    with pytest.raises(fetch.FetchError, match=r"expected sha256 .*, got .*removed"):
        fetch.fetch_part(HUB, progress=False, snapshot=snapshot)
    assert left_in(cache) == ["git-test/config.json"]


def test_a_hub_that_fails_or_sends_too_little_is_one_error(cache: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ConnectionError("no route")

    with pytest.raises(fetch.FetchError, match=r"someone/git at revision f+ could not be downloaded: no route"):
        fetch.fetch_part(HUB, progress=False, snapshot=broken)
    with pytest.raises(fetch.FetchError, match=r"config\.json is still missing"):
        fetch.fetch_part(HUB, progress=False, snapshot=lambda *_, **__: None)


def test_what_the_hub_library_says_of_its_own_tries_is_not_told(cache: Path, caplog) -> None:
    from huggingface_hub.utils import logging

    usual = logging.get_verbosity()
    logger = logging.get_logger("huggingface_hub.utils._http")

    def retrying(*_: object, **__: object) -> None:
        logger.warning("Retrying in 1s [Retry 1/5].")
        raise ConnectionError("no route")

    with pytest.raises(fetch.FetchError, match="no route"):
        fetch.fetch_part(HUB, progress=False, snapshot=retrying)
    assert not caplog.records
    assert logging.get_verbosity() == usual
    assert logger.isEnabledFor(30), "others of the same process are told as before"


def test_the_real_hub_client_obeys_the_offline_switch(cache: Path) -> None:
    with pytest.raises(fetch.FetchError, match="someone/git at revision"):
        fetch.fetch_part(HUB, progress=False)


def test_a_preset_fetches_its_parts_and_says_so(
    server: type[Server], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = part_for(server)
    parts = {role: {"here": part} for role in catalogue.ROLES}
    preset = catalogue.Preset(name="test", sam="here", clip="here", captioner="here", spacy="here", wordnet="here")
    monkeypatch.setattr(fetch, "PARTS", parts)
    monkeypatch.setattr(fetch, "PRESETS", {"test": preset})
    lines = list(fetch.fetch("test", progress=False))
    assert lines[0] == f"here: 5 MB from {part.url}"
    assert lines[1] == f"here: complete in {cache / 'sam-test'}"
    assert lines[2:] == [f"here: present in {cache / 'sam-test'}"] * 4


def test_one_part_can_be_fetched_by_its_name() -> None:
    assert fetch._wanted("RN50") == [("clip", "RN50")]
    assert ("clip", "RN50") in fetch._wanted("paper")
    with pytest.raises(
        ValueError,
        match="nothing to fetch is called 'labtop'; choose from toy, laptop, paper, toy-rn, toy-cutouts, vit_b",
    ):
        list(fetch.fetch("labtop"))


def test_more_files_of_a_part_are_fetched_beside_the_first(server: type[Server], cache: Path) -> None:
    part = replace(
        part_for(server), folder="two", beside=((f"{server.url}/weights.pth", File(path="vocab.txt")),), verified=False
    )
    folder = fetch.fetch_part(part, progress=False)
    assert (folder / "vocab.txt").read_bytes() == (folder / "weights.pth").read_bytes() == CONTENT


def test_a_source_that_nothing_pins_is_said(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasnb.models import doctor

    monkeypatch.setattr(fetch, "fetch_part", lambda part, progress: None)
    monkeypatch.setattr(doctor, "_fault", lambda *_: None)
    assert "not pinned" in next(iter(fetch.fetch("albef")))
    assert "not pinned" not in next(iter(fetch.fetch("vit_l")))
    lines = doctor.report_text(doctor.report()).splitlines()
    rows = lines[next(place for place, line in enumerate(lines) if line.startswith("other parts")) + 2 :]
    said = {row.split()[1]: "not verified" in row for row in rows}
    assert said["albef"]
    assert said["siglip2"]
    assert not said["vit_l"]


LOGIN = b"<!DOCTYPE html><html><body>Please log in to the hotel's network</body></html>"


def unpinned(server: type[Server]) -> Part:
    """As albef and fastsam are: neither a size nor a sha256 is known."""
    return replace(part_for(server), files=(File(path="weights.pth"),), verified=False)


@pytest.mark.parametrize("make", [part_for, unpinned])
def test_a_login_page_is_refused_and_does_not_block_the_next_call(make, server: type[Server], cache: Path) -> None:
    part = make(server)
    server.files["/weights.pth"] = LOGIN
    with pytest.raises(fetch.FetchError, match=r"gave something else: .* a web page"):
        fetch.fetch_part(part, progress=False)
    assert left_in(cache) == []
    server.files["/weights.pth"] = CONTENT
    assert (fetch.fetch_part(part, progress=False) / "weights.pth").read_bytes() == CONTENT


@pytest.mark.parametrize("content", [LOGIN, b"", CONTENT[:-1]])
@pytest.mark.parametrize("make", [part_for, unpinned])
def test_what_an_earlier_call_left_wrong_is_got_again(make, content: bytes, server, cache: Path) -> None:
    part = make(server)
    (cache / part.folder).mkdir()
    (cache / part.folder / "weights.pth").write_bytes(content)
    fetch.fetch_part(part, progress=False)
    assert (cache / part.folder / "weights.pth").read_bytes() == CONTENT


def test_a_checkpoint_that_only_its_own_library_can_open_is_kept(server: type[Server], cache: Path) -> None:
    part = replace(part_for(server), files=(File(path="FastSAM-s.pt"),), verified=False)
    for _ in range(2):
        fetch.fetch_part(part, progress=False)
    assert server.asked == [None]


def test_a_file_whose_size_alone_is_known_is_measured(server: type[Server], cache: Path) -> None:
    part = replace(part_for(server), files=(File(path="weights.txt", size=len(CONTENT) + 1),))
    with pytest.raises(fetch.FetchError, match=r"expected 5,120,001 bytes, got 5,120,000; it was removed"):
        fetch.fetch_part(part, progress=False)
    assert left_in(cache) == []


def test_without_a_network_it_says_which_file_to_put_where(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = replace(HUB, url="http://127.0.0.1:9/weights.pth", repo=None, files=(File(path="weights.pth", size=9),))
    monkeypatch.setattr(fetch, "PARTS", {"sam": {"mine": part}})
    with pytest.raises(fetch.FetchError) as failed:
        fetch.fetch_part(part, progress=False)
    said = str(failed.value)
    assert "the server cannot be reached (no network" in said
    assert f"put http://127.0.0.1:9/weights.pth as {cache / 'git-test' / 'weights.pth'}" in said
    assert said.endswith("tasnb fetch mine --from FOLDER")
    with pytest.raises(fetch.FetchError, match=r"cannot be reached.*config\.json as .* and 1 more \(tasnb fetch"):
        fetch.fetch_part(HUB, progress=False)


def test_a_missing_small_file_is_repaired(cache: Path) -> None:
    def snapshot(_: str, *, local_dir: Path, **__: object) -> None:
        (local_dir / "config.json").write_text("{}")

    weights = File(path="model.bin", size=10**18, sha256=hashlib.sha256(b"weights").hexdigest())
    part = replace(HUB, files=(File(path="config.json"), replace(weights, size=7)), total=10**18)
    (cache / "git-test").mkdir()
    (cache / "git-test" / "model.bin").write_bytes(b"weights")
    small = replace(part, total=8)  # the disk need not have room for what is there already
    assert fetch._still_needed(small, cache / "git-test") == 0
    fetch.fetch_part(small, progress=False, snapshot=snapshot)
    assert missing_files(small) == []


def test_the_list_names_address_size_sha256_and_place(cache: Path) -> None:
    (sam,) = fetch.listing("vit_b")
    rows = {(row.part, row.target.name): row for row in fetch.listing("laptop")}
    tiny = rows["sam2.1-tiny", "model.safetensors"]
    assert (tiny.size, tiny.sha256[:8], tiny.present) == (155_908_064, "48c14467", False)
    assert sam.address.endswith("/segment_anything/sam_vit_b_01ec64.pth")
    assert (sam.size, sam.sha256[:8], sam.present) == (375_042_383, "ec2df627", False)
    assert sam.target == cache / "sam-vit_b" / "sam_vit_b_01ec64.pth"
    git = rows["git", "tokenizer.json"]
    assert git.address.startswith("https://huggingface.co/microsoft/git-base-coco/resolve/a13141da42abd4a8")
    assert rows["wordnet", "wordnet.zip"].size == 10_775_600
    assert {part for part, _ in rows} == {"sam2.1-tiny", "ViT-B-32", "git", "en_core_web_sm", "wordnet"}
    assert fetch.listing("toy") == []


PACKED = io.BytesIO()
with zipfile.ZipFile(PACKED, "w") as _archive:
    _archive.writestr("wordnet/data.noun", "entity")
    _archive.writestr("wordnet/index.noun", "entity n")


@pytest.fixture
def offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Part]]:
    """A preset of three parts (a file, a repository, an archive), none of which can be downloaded."""
    sha256 = hashlib.sha256(PACKED.getvalue()).hexdigest()
    parts = {
        "sam": {"one": Part(folder="one", url="http://127.0.0.1:9/one.pth",
                            files=(File(path="one.pth", size=3, sha256=hashlib.sha256(b"one").hexdigest()),))},
        "captioner": {"hub": HUB},
        "wordnet": {"words": Part(folder="words", url="http://127.0.0.1:9/wordnet.zip",
                                  files=(File(path="wordnet/data.noun"), File(path="wordnet/index.noun")),
                                  archive=File(path="wordnet.zip", sha256=sha256))},
    }  # fmt: skip
    monkeypatch.setattr(fetch, "PARTS", parts)
    chosen = [("sam", "one"), ("captioner", "hub"), ("wordnet", "words")]
    preset = type("Three", (), {"choices": lambda _: chosen, "also": ()})()
    monkeypatch.setattr(fetch, "PRESETS", {"three": preset})
    return parts


def carried(folder: Path, place: str = "") -> Path:
    """A folder that somebody filled on another machine."""
    home = folder / place
    home.mkdir(parents=True)
    (folder / "one.pth").write_bytes(b"one")
    (home / "config.json").write_text("{}")
    (home / "model.bin").write_bytes(b"weights")
    (folder / "wordnet.zip").write_bytes(PACKED.getvalue())
    return folder


@pytest.mark.parametrize("place", ["", "git", "deep/er"])
def test_files_are_taken_from_a_folder(offline, place: str, cache: Path, tmp_path_factory, socket_disabled) -> None:
    source = carried(tmp_path_factory.mktemp("stick") / "usb", place)
    lines = list(fetch.fetch("three", progress=False, source=source))
    assert [line.split(":")[0] for line in lines] == ["one", "hub", "words"]
    assert all("taken from" in line for line in lines)
    assert all(missing_files(part) == [] for parts in offline.values() for part in parts.values())
    assert (cache / "git-test" / "model.bin").read_bytes() == b"weights"
    assert [line.split(" in ")[0] for line in fetch.fetch("three", progress=False)] == [
        "one: present", "hub: present", "words: present",
    ]  # fmt: skip


def test_a_folder_that_lacks_some_or_has_others_says_which(offline, cache: Path, tmp_path_factory) -> None:
    source = carried(tmp_path_factory.mktemp("stick") / "usb")
    (source / "one.pth").write_bytes(b"two")
    (source / "config.json").unlink()
    said = r"one: .*one\.pth: expected sha256 .*hub: no config"
    with pytest.raises(fetch.FetchError, match=said):
        list(fetch.fetch("three", progress=False, source=source))
    assert (cache / "words" / "wordnet" / "data.noun").is_file(), "what was right is taken all the same"
    with pytest.raises(MissingFileError, match="--from: no such folder"):
        list(fetch.fetch("three", source=source / "gone"))


def test_an_unpacked_file_that_is_damaged_is_unpacked_again(offline, cache: Path, tmp_path_factory) -> None:
    source = carried(tmp_path_factory.mktemp("stick") / "usb")
    list(fetch.fetch("three", progress=False, source=source))
    (cache / "words" / "wordnet" / "data.noun").write_text("entitX")
    list(fetch.fetch("three", progress=False, source=source))
    assert (cache / "words" / "wordnet" / "data.noun").read_text() == "entity"


def test_what_the_hugging_face_cache_holds_is_not_downloaded(
    cache: Path, monkeypatch: pytest.MonkeyPatch, socket_disabled: None
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(cache / "hub"))
    home = cache / "hub" / "models--someone--git"
    kept, blob = home / "snapshots" / ("f" * 40), home / "blobs" / "1"
    for folder in (kept, blob.parent, home / "refs"):
        folder.mkdir(parents=True)
    blob.write_bytes(b"weights")
    (kept / "model.bin").symlink_to(blob)  # as that cache keeps its files
    (kept / "config.json").write_text("{}")
    (home / "refs" / "main").write_text("f" * 40)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("no download was needed")

    folder = fetch.fetch_part(HUB, progress=False, snapshot=refuse)
    assert left_in(folder) == ["config.json", "model.bin"]
    assert not (folder / "model.bin").is_symlink()
    (kept / "model.bin").unlink()
    blob.unlink()
    assert (folder / "model.bin").read_bytes() == b"weights"


def test_another_revision_in_that_cache_gives_only_files_whose_sha256_is_known(cache: Path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(cache / "hub"))
    home = cache / "hub" / "models--someone--git"
    kept = home / "snapshots" / ("a" * 40)
    kept.mkdir(parents=True)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("a" * 40)
    (kept / "model.bin").write_bytes(b"weights")
    (kept / "config.json").write_text('{"other": 1}')
    with pytest.raises(fetch.FetchError, match=r"config\.json is still missing"):
        fetch.fetch_part(HUB, progress=False, snapshot=lambda *_, **__: None)
    assert left_in(cache / "git-test") == ["model.bin"]


@pytest.mark.parametrize("place", [".cache/torch/hub/checkpoints", ".cache/clip"])
def test_a_file_that_torch_or_open_clip_has_downloaded_is_taken(place: str, server, cache: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(cache / "home"))
    part = part_for(server)
    kept = cache / "home" / place
    kept.mkdir(parents=True)
    (kept / "weights.pth").write_bytes(CONTENT)
    assert (fetch.fetch_part(part, progress=False) / "weights.pth").read_bytes() == CONTENT
    assert server.asked == []
    (cache / part.folder / "weights.pth").unlink()
    (kept / "weights.pth").write_bytes(CONTENT[:-1] + b"?")  # of that size, and another file
    fetch.fetch_part(part, progress=False)
    assert server.asked == [None]


def test_a_full_disk_keeps_nothing_half_written(offline, cache: Path, tmp_path_factory, monkeypatch) -> None:
    source = carried(tmp_path_factory.mktemp("stick") / "usb")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch.os, "link", full)
    monkeypatch.setattr(fetch.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        list(fetch.fetch("three", progress=False, source=source))
    assert left_in(cache) == []
