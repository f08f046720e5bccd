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
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

GONE = 3  # a worker's exit code when its parent is gone


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


def _begin(watched: Connection, packed: bytes) -> None:
    threading.Thread(target=_leave_with_parent, args=(watched,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says what happens then
    start, given = pickle.loads(packed)
    start(given)


def _leave_with_parent(watched: Connection) -> None:
    with suppress(EOFError, OSError):
        watched.recv_bytes()
    os._exit(GONE)
