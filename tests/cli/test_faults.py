"""No command ends in a traceback, whatever is wrong with what it is given: every command by every fault it can meet.

A command runs in this process; a fault is real where the system has it for a test (a file in the way, /dev/full, a
limit on the size of files), else what the system would raise is raised where files are opened.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasnb import cli
from tasnb.core.domain import marked
from tasnb.core.shipped import data_root
from tasnb.models.catalogue import PARTS, PRESETS

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple]:
    """Run a command line in an empty folder: its exit code, its standard error, which is at most one line of ours."""
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments: object) -> tuple[int, str]:
        code = cli.run([str(each) for each in arguments])  # anything that is raised fails the test: it is a traceback
        told = capsys.readouterr().err
        assert "Traceback" not in told
        assert code in (0, 1, 2)
        if code == 2:
            assert told.startswith("tasnb: "), told
            assert told.count("\n") == 1, told
            assert "[Errno" not in told or "could not be" in told or "cannot write" in told or "is no" in told, told
        return code, told

    return run


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(marked(noise)).save(path)  # it counts as a drawing, so that nothing is said of its domain
    return path


def spoil(path: Path, fault: str, good: Path | None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the fault where the path is: nothing, or a file or folder that is not what it should be."""
    content = good.read_bytes() if good is not None and good.is_file() else b"something else\n" * 40
    path.parent.mkdir(parents=True, exist_ok=True)
    if fault == "wrong type":
        path.mkdir() if good is None or good.is_file() else path.write_bytes(content)
    elif fault != "missing":
        made = {"empty": b"", "half": content[: len(content) // 2], "wrong": b"\x89PNG\r\n\x1a\n" + bytes(99)}
        path.write_bytes(made.get(fault, content))
    if fault == "unreadable":
        refuse(monkeypatch, errno.EACCES, lambda name, mode: name == path)
    return path


ODD = ("pipe", "link to a device")  # what only looks like a file


def put_odd(path: Path, kind: str) -> Path:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no such files")
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "link to a device":
        path.symlink_to("/dev/zero")
    else:
        os.mknod(path, 0o600 | {"pipe": stat.S_IFIFO, "socket": stat.S_IFSOCK}[kind])
    return path


def refuse(monkeypatch: pytest.MonkeyPatch, number: int, when: Callable[[Path, str], bool]) -> None:
    """Let the opening of some files fail as the system would fail it; root may read everything, so chmod is no test."""
    whole = io.open

    def opened(file, mode="r", *rest, **more):
        if isinstance(file, str | os.PathLike) and when(Path(file), mode):
            raise OSError(number, os.strerror(number), os.fspath(file))
        return whole(file, mode, *rest, **more)

    monkeypatch.setattr(builtins, "open", opened)
    monkeypatch.setattr(io, "open", opened)


FAULTS = ("missing", "empty", "half", "wrong", "unreadable", "wrong type")
# what a command is given to read: IN is the path; the second says what a good one would be
READS: dict[str, tuple[tuple[str, ...], str]] = {
    "segment": (("segment", "IN", "cat"), "picture"),
    "models.json": (("segment", "SCENE", "cat", "--models", "IN"), "json"),
    "captioner": (("segment", "SCENE", "cat", "--captioner", "IN"), "folder"),
    "spacy": (("segment", "SCENE", "cat", "--spacy", "IN"), "folder"),
    "wordnet": (("segment", "SCENE", "cat", "--wordnet", "IN"), "folder"),
    "evaluate folder": (("evaluate", "folder", "--root", "IN"), "folder"),
    "evaluate refcoco": (("evaluate", "refcoco", "--root", "IN"), "folder"),
    "evaluate models": (("evaluate", "reftoy", "--limit", "1", "--models", "IN"), "json"),
    "proposals file": (("evaluate", "reftoy", "--limit", "1", "--proposals", "IN"), "json"),
    "import": (("import", "IN", "--dataset", "reftoy", "--name", "mine", "--out", "NONE/run"), "json"),
    "export": (("export", "IN", "--out", "NONE/a.json"), "folder"),
    "compare": (("compare", "IN", "IN"), "folder"),
    "sweep": (("sweep", "IN", "--alpha", "0", "--lam", "0"), "folder"),
    "analyse": (("analyse", "IN"), "folder"),
    "report": (("report", "IN"), "folder"),
    "proposals": (("proposals", "IN"), "folder"),
    "reproduce": (("reproduce", "table1", "--freesolo", "IN", "--split", "none"), "json"),
    "freeze": (("freeze", "IN"), "notebook"),
    "datasets check": (("datasets", "check", "folder", "--root", "IN"), "folder"),
    "datasets check refer": (("datasets", "check", "refcoco", "--root", "IN"), "folder"),
    "datasets show": (("datasets", "show", "folder", "--root", "IN"), "folder"),
    "datasets list": (("datasets", "list", "--root", "IN"), "folder"),
    "store info": (("store", "info", "--store", "IN"), "folder"),
    "store verify": (("store", "verify", "--store", "IN"), "folder"),
    "store prune": (("store", "prune", "--max-size", "0", "--store", "IN"), "folder"),
    "fetch --from": (("fetch", "laptop", "--from", "IN"), "folder"),
}
MAY_PASS = {"datasets list", "store info", "store verify", "store prune"}  # nothing there is an answer


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", READS)
def test_a_command_that_reads_says_what_is_wrong_in_one_line(
    command: str, fault: str, ask, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, kind = READS[command]
    good = {"picture": scene, "notebook": NOTEBOOKS / "00_quickstart.ipynb", "folder": tmp_path}.get(kind)
    path = spoil(tmp_path / "given" / "in", fault, good, monkeypatch)
    code, _ = ask(*({"IN": path, "SCENE": scene}.get(word, word) for word in words))
    assert code == 2 or command in MAY_PASS or (command.startswith("datasets check") and code == 1)


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("command", READS)
def test_a_command_that_reads_waits_for_no_pipe(command: str, kind: str, ask, scene: Path, tmp_path: Path) -> None:
    path = put_odd(tmp_path / "given" / "in", kind)
    code, told = ask(*({"IN": path, "SCENE": scene}.get(word, word) for word in READS[command][0]))
    assert code == 2
    assert "expected a file or folder" in told


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("role", "file"),
    [("sam", "sam/model.safetensors"), ("clip", "clip/open_clip_model.safetensors"),
     ("captioner", "git/model.safetensors"), ("captioner", "git/tokenizer.json"), ("spacy", "spacy/config.cfg"),
     ("wordnet", "wordnet/data.noun")],
)  # fmt: skip
def test_a_model_with_a_broken_file_is_refused_in_one_line(
    role: str, file: str, fault: str, ask, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "unreadable" and file.endswith("safetensors") and os.geteuid() == 0:
        pytest.skip("safetensors opens its files itself, and root may read every one")
    folder = shutil.copytree(data_root() / "models" / "toy" / file.split("/")[0], tmp_path / "mine")
    path = folder / Path(file).name
    good = data_root() / "models" / "toy" / file
    path.unlink()
    spoil(path, fault, good, monkeypatch)
    code, told = ask("segment", scene, "cat", f"--{role}", folder)
    assert code == 2
    assert str(folder) in told or path.name in told


def limit_file_size(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    resource = pytest.importorskip("resource", reason="no such limit on this system")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)


# what a command is given to write to: OUT is the path, a file's or a folder's
WRITES: dict[str, tuple[str, ...]] = {
    "lessons": ("lessons", "OUT"),
    "datasets show": ("datasets", "show", "reftoy", "--out", "OUT"),
    "sweep": ("sweep", "RUN", "--alpha", "0,0.1", "--lam", "0.7", "--out", "OUT"),
    "freeze": ("freeze", "NOTEBOOK", "--out", "OUT"),
    "demo": ("demo", "--out", "OUT"),
    "segment": ("segment", "SCENE", "cat", "--out", "OUT"),
    "fetch": ("fetch", "vit_b"),
}
PLACES = ("a file is in the way", "a file is above", "read-only disk", "full disk", "files may not grow")
LATE = {"demo", "segment"}  # these write after they have computed: only what is found before is asked here


@pytest.fixture(scope="module")
def a_notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import nbformat

    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text="1" * 500)])
    path = tmp_path_factory.mktemp("book") / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("command", WRITES)
def test_a_command_that_writes_says_what_is_wrong_in_one_line(
    command: str, place: str, ask, scene: Path, a_notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command in LATE and place in ("full disk", "files may not grow"):
        pytest.skip("computes for a minute first; see test_segment_on_a_full_disk")
    out, undo = tmp_path / "given" / "out", lambda: None
    out.parent.mkdir()
    if command == "fetch":
        monkeypatch.setenv("TASNB_CACHE", str(out))
        no_network(monkeypatch)
    if place == "a file is in the way":
        out.write_text("here already")
        if command in ("freeze", "datasets show"):  # these write a file, and here is a folder
            out.unlink()
            out.mkdir()
    elif place == "a file is above":
        (tmp_path / "given" / "file").write_text("x")
        out = tmp_path / "given" / "file" / "out"
        monkeypatch.setenv("TASNB_CACHE", str(out))
    elif place == "files may not grow":
        undo = limit_file_size(monkeypatch)
    else:
        number = errno.EROFS if place == "read-only disk" else errno.ENOSPC

        def made(path, *rest, **more):
            if number == errno.EROFS and Path(path).is_relative_to(tmp_path / "given"):
                raise OSError(number, os.strerror(number), os.fspath(path))
            return whole(path, *rest, **more)

        whole = os.mkdir
        monkeypatch.setattr(os, "mkdir", made)
        refuse(
            monkeypatch, number, lambda name, mode: name.is_relative_to(tmp_path / "given") and set(mode) & set("wax")
        )
    named = {"OUT": out, "SCENE": scene, "NOTEBOOK": a_notebook, "RUN": data_root() / "runs" / "toy" / "reftoyg-val"}
    try:
        code, _ = ask(*(named.get(word, word) for word in WRITES[command]))
    finally:
        undo()
    assert code == 2


@pytest.mark.parametrize("kind", ["pipe", "socket"])
@pytest.mark.parametrize("command", [name for name in WRITES if name != "fetch"])  # its place is a variable
def test_a_command_that_writes_waits_for_no_pipe(command: str, kind: str, ask, scene, a_notebook, tmp_path) -> None:
    named = {"OUT": put_odd(tmp_path / "given" / "out", kind), "SCENE": scene, "NOTEBOOK": a_notebook}
    named["RUN"] = data_root() / "runs" / "toy" / "reftoyg-val"
    code, told = ask(*(named.get(word, word) for word in WRITES[command]))
    assert code == 2
    assert "expected a file or folder" in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("command", ["freeze", "datasets show"])
def test_a_disk_that_is_really_full(command: str, ask, a_notebook: Path) -> None:
    words = {"OUT": "/dev/full", "NOTEBOOK": a_notebook}
    code, told = ask(*(words.get(word, word) for word in WRITES[command]))
    assert code == 2
    assert "no space left" in told


@pytest.mark.slow
def test_segment_on_a_full_disk(ask, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, errno.ENOSPC, lambda name, mode: name.is_relative_to(tmp_path / "o") and set(mode) & set("wax"))
    code, told = ask("segment", scene, "the cat", "--out", tmp_path / "o")
    assert code == 2
    assert "no space left on the disk of" in told


def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    def refuse_all(*_: object, **__: object) -> None:
        raise requests.ConnectionError("Failed to resolve 'host' ([Errno -2] Name or service not known)")

    monkeypatch.setattr(requests, "get", refuse_all)
    monkeypatch.setattr("tasnb.models.fetch.time.sleep", lambda _: None)


EVERY = [name for parts in PARTS.values() for name, part in parts.items() if part.home == "cache"]


@pytest.mark.parametrize("name", [*(name for name in PRESETS if not name.startswith("toy")), *EVERY])
def test_without_a_network_fetch_says_what_to_put_where(name: str, ask, tmp_path: Path, monkeypatch) -> None:
    """Hugging Face's client obeys HF_HUB_OFFLINE, which the tests set."""
    no_network(monkeypatch)
    code, told = ask("fetch", name)
    assert code == 2
    assert "the server cannot be reached" in told
    assert f" as {tmp_path / 'cache'}" in told
    assert "--from FOLDER" in told
    assert ask("fetch", name, "--list")[0] == 0


@pytest.mark.parametrize("library", ["ray", "ultralytics"])
@pytest.mark.slow
def test_a_library_that_is_not_installed_is_one_line(
    library: str, ask, scene: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / "FastSAM-s.pt").write_bytes(b"PK")
    command = {
        "ray": ("evaluate", "reftoy", "--limit", "1", "--engine", "ray", "--out", tmp_path / "run"),
        "ultralytics": ("segment", scene, "cat", "--sam", tmp_path / "FastSAM-s.pt"),
    }[library]
    code, told = ask(*command)
    assert code == 2
    assert f"pip install 'tasnb[{'ray' if library == 'ray' else 'fastsam'}]'" in told


def test_every_command_is_asked() -> None:
    """A command that takes a path and is in none of the tables above is missing here."""
    groups = {"datasets": 3, "store": 3}
    asked = {words[0] for words, _ in READS.values()} | {words[0] for words in WRITES.values()}
    names = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    assert names - asked == {"doctor"}, "doctor reads what fetch wrote: tests/models/test_doctor.py"
    assert set(groups) <= asked
