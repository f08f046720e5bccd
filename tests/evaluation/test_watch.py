"""No worker outlives its parent, however that ends, also while the worker is deep in a library's own code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tasnb import cli

PARENT = """
import concurrent.futures, hashlib, os, signal, sys
from pathlib import Path
from tasnb.evaluation import watch

def start(folder):
    (Path(folder) / str(os.getpid())).touch()

def work(number):
    hashlib.pbkdf2_hmac("sha256", b"as torch does", b"this lets other threads go on", 2**31 - 1)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
    with watch.pool(2, start, sys.argv[1]) as pool:
        waiting = [pool.submit(work, number) for number in range(6)]
        if sys.argv[2] == "error":
            while len(list(Path(sys.argv[1]).iterdir())) < 2:
                concurrent.futures.wait(waiting, 0.05)
            raise ValueError("a part failed")
        concurrent.futures.wait(waiting)
"""
WAYS = ("killed", "terminated", "interrupted", "interrupted with its workers", "error")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_no_worker_outlives_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    homes, parents = {way: tmp_path / way for way in WAYS}, {}
    for way, home in homes.items():
        home.mkdir()
        parents[way] = subprocess.Popen(
            [sys.executable, script, home, way], start_new_session=True, stderr=subprocess.DEVNULL
        )
    until = time.monotonic() + 60
    while any(len(list(home.iterdir())) < 2 for home in homes.values()):
        assert time.monotonic() < until, "the workers do not start"
        time.sleep(0.05)
    parents["killed"].kill()
    parents["terminated"].terminate()
    parents["interrupted"].send_signal(signal.SIGINT)
    os.killpg(parents["interrupted with its workers"].pid, signal.SIGINT)
    codes = {way: parent.wait(60) for way, parent in parents.items()}
    assert codes["killed"] == -signal.SIGKILL
    assert codes["error"] == 1
    workers = {way: [int(path.name) for path in home.iterdir()] for way, home in homes.items()}
    until = time.monotonic() + 60
    while left := {way: [pid for pid in pids if lives(pid)] for way, pids in workers.items() if any(map(lives, pids))}:
        assert time.monotonic() < until, left
        time.sleep(0.05)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("number", "code", "how"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "ended")]
)
def test_a_command_that_is_stopped_says_what_is_kept(number, code, how, monkeypatch, capsys, tmp_path) -> None:
    """Through typer, which has a code of its own for Ctrl-C, and no word."""
    import tasnb.evaluation.engine

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored

    def stopped(*_: object, **__: object) -> None:
        os.kill(os.getpid(), number)
        time.sleep(60)

    monkeypatch.setattr(tasnb.evaluation.engine, "evaluate", stopped)
    monkeypatch.setattr(sys, "argv", ["tasnb", "evaluate", "reftoy", "--limit", "1", "--out", str(tmp_path)])
    try:
        with pytest.raises(SystemExit) as left:
            cli.main()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert left.value.code == code
    assert capsys.readouterr().err.startswith(f"tasnb: {how}; finished parts are kept in the run directory; the same")


MARKING = """
import subprocess, sys, time
from pathlib import Path
from tasnb.evaluation import watch

SLEEPER = "import sys, os, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
with watch.marked():
    subprocess.Popen([sys.executable, "-c", SLEEPER, sys.argv[1]], start_new_session=True)
    while not (Path(sys.argv[1]).exists() and Path(sys.argv[1]).read_text()):
        time.sleep(0.05)
    if sys.argv[2] == "killed":
        time.sleep(600)
print("left")
"""


@pytest.mark.parametrize("how", ["killed", "left"])
def test_what_a_library_started_is_gone_too(how: str, tmp_path: Path) -> None:
    """A process in a session of its own, as ray's agents are; the process that watches leaves the others alone."""
    script, told = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(MARKING)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    parent = subprocess.Popen([sys.executable, script, told, how], stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not (told.exists() and told.read_text()):
        assert time.monotonic() < until, "it does not start"
        time.sleep(0.05)
    if how == "killed":
        parent.kill()
    said, _ = parent.communicate(timeout=60)
    assert said == ("" if how == "killed" else "left\n")
    while lives(int(told.read_text())):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert other.poll() is None
    other.kill()
    other.wait()
