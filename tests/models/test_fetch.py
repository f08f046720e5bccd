"""Downloads from a server on this machine's own loopback; nothing here reaches a network."""

from __future__ import annotations

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

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
    with pytest.raises(fetch.FetchError, match=r"is not the file that tasnb knows.*removed"):
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
