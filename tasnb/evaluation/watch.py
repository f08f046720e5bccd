"""Worker processes that never outlive their parent.

Each worker reads from a pipe that only the parent can write to, in a thread of its own. Nothing is ever written: when
the parent ends, however it ends, or wants to be rid of its workers, the pipe closes and the worker leaves at once. This
works wherever pipes do, also while the worker computes in torch, which lets other threads go on. This module loads
nothing heavy, so that a worker watches from its first moment.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

GONE = 3  # a worker's exit code when its parent is gone
MARK = "TASNB_STARTED_UNDER"  # in the environment of what a block of ``marked`` starts
# Waits until its input closes, which the end of its parent does, then ends whoever carries the mark, and looks again
# for those that were just being started. argv: mark, its value, the parent's own number.
_WATCHER = """
import sys, time, psutil
sys.stdin.read()
mark, value, parent = sys.argv[1:]
for _ in range(10):
    for process in psutil.process_iter():
        try:
            if process.pid != int(parent) and process.environ().get(mark) == value:
                process.kill()
        except psutil.Error:
            pass
    time.sleep(0.2)
"""


@contextmanager
def pool(workers: int, start: Callable[[Any], None], given: Any) -> Iterator[ProcessPoolExecutor]:
    """Several processes, each of which calls ``start(given)`` first; when the block is left, they are gone.

    An error in the block, Ctrl-C too, does not wait for what they compute.
    """
    spawn = multiprocessing.get_context("spawn")
    watched, held = spawn.Pipe(duplex=False)
    # as bytes: unpickling imports what ``start`` needs, which takes seconds, and the watch must come before it
    packed = pickle.dumps((start, given))
    executor = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_begin, initargs=(watched, packed))
    try:
        yield executor
    except BaseException:
        held.close()
        raise
    finally:
        executor.shutdown(cancel_futures=True)
        held.close()
        watched.close()


@contextmanager
def marked() -> Iterator[None]:
    """What a library starts in this block, and what that starts, is gone seconds after this process, however it ends.

    For processes that are not ours to put a thread into: they inherit a mark, by which a process of ours finds them.
    """
    value = secrets.token_hex(8)
    line = [sys.executable, "-c", _WATCHER, MARK, value, str(os.getpid())]
    # a session of its own, so that Ctrl-C does not reach it
    watcher = subprocess.Popen(line, stdin=subprocess.PIPE, start_new_session=True)
    os.environ[MARK] = value
    try:
        yield
    finally:
        os.environ.pop(MARK, None)
        if watcher.stdin is not None:
            watcher.stdin.close()
        watcher.wait()


def _begin(watched: Connection, packed: bytes) -> None:
    threading.Thread(target=_leave_with_parent, args=(watched,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says what happens then
    start, given = pickle.loads(packed)
    start(given)


def _leave_with_parent(watched: Connection) -> None:
    with suppress(EOFError, OSError):
        watched.recv_bytes()
    os._exit(GONE)
