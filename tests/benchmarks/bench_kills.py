"""An evaluation killed (SIGKILL) again and again and taken up again: the same bytes, nothing locked, nothing left.
And its files damaged one by one: a reader gets the same rows or is told.

    python -m tests.benchmarks.bench_kills                  # 40 kills: one worker, two, and ray; ten minutes on 2 cores
    python -m tests.benchmarks.bench_kills --kills 8        # a quick look

Half of the kills come at an injected moment: when the n-th step of writing into the run directory is reached (half of a
temporary file is written, all of it is, it has its name), in whichever process gets there; the process that was started
is killed then, and its workers are left to themselves. The others come at a random moment. After each kill all of its
processes must be gone within 5 s, and what lies in the folder must open; once a run is done, every byte of its tables
must be that of a run that nobody disturbed. Models are not needed: the store knows their answers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SENTENCES, SHARDS = 40, 5
PATIENCE = 5.0  # seconds in which every process must be gone
LONGEST = 300.0  # of one command
SLOW_START = "timed out during startup"  # ray gives its own daemon 30 s, which a busy machine may not keep to
MARK, STEP, MAIN, HOME = "TASNB_BENCH_KILLS", "TASNB_BENCH_STEP", "TASNB_BENCH_MAIN", "TASNB_BENCH_HOME"
ENGINES = {
    "one worker": ("--workers", "1"),
    "two workers": ("--workers", "2"),
    "two ray actors": ("--engine", "ray", "--workers", "2"),
}
# Python imports a module of this name at its start, in workers and actors too
SITE = """
import os
if os.environ.get("TASNB_BENCH_STEP"):
    os.environ.setdefault("TASNB_BENCH_MAIN", str(os.getpid()))
    from tests.benchmarks.bench_kills import kill_at
    kill_at(int(os.environ["TASNB_BENCH_STEP"]))
"""


# --- damage -----------------------------------------------------------------------------------------------------------


def flipped(data: bytes, at: random.Random) -> bytes:
    """One bit."""
    place = at.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << at.randrange(8)]) + data[place + 1 :]


def zeroed(data: bytes, at: random.Random) -> bytes:
    """A block of at most 64 bytes."""
    place = at.randrange(len(data))
    return data[:place] + bytes(min(64, len(data) - place)) + data[place + 64 :]


MUTATIONS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "a bit flipped": flipped,
    "a block of zeros": zeroed,
    "cut": lambda data, at: data[: at.randrange(len(data))],
    "empty": lambda data, at: b"",
    "doubled": lambda data, at: data + data,
    "more at the end": lambda data, at: data + b"\n",
    "a page of the web": lambda data, at: b"<!doctype html><title>404</title>",
}


def rows_of(folder: Path, tables: Sequence[str] | None = None) -> dict[str, Any] | str:
    """All that a run says, or the line of the error. tables: only these."""
    import pandas as pd

    from tasnb.core.errors import UserError
    from tasnb.evaluation.records import TABLES
    from tasnb.evaluation.runs import Run

    try:
        run = Run(folder)
        said = pd.DataFrame([{"summary": json.dumps(run.summary), "about": json.dumps(run.about)}])
        return {"said": said, **{name: getattr(run, name)() for name in tables or TABLES}}
    except UserError as told:
        return str(told)


def same(found: Any, run: Any) -> bool:
    """Whether rows, or another run, say what a run says."""
    wanted, rows = rows_of(run.folder), found if isinstance(found, dict) else rows_of(found.folder)
    return not isinstance(wanted, str) and all(rows[name].equals(wanted[name]) for name in rows)


def mutate(folder: Path, times: int, seed: int = 0) -> list[list[Any]]:
    """Damage one file of a finished run after the other, and count what a reader gets: a row a kind of damage."""
    from tasnb.evaluation.records import TABLES

    at, wanted = random.Random(seed), rows_of(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "errors.parquet")
    counts: dict[str, Counter[str]] = {name: Counter() for name in MUTATIONS}
    for number in range(times):
        name, path = list(MUTATIONS)[number % len(MUTATIONS)], at.choice(files)
        data = path.read_bytes()
        path.write_bytes(MUTATIONS[name](data, at))
        try:
            table = path.parent.name
            found = rows_of(folder, [table] if table in TABLES else None)
            as_it_was = not isinstance(found, str) and all(found[key].equals(wanted[key]) for key in found)
            counts[name]["told" if isinstance(found, str) else "the same rows" if as_it_was else "silent"] += 1
        except Exception as crash:
            counts[name][f"crash: {type(crash).__name__}"] += 1
        finally:
            path.write_bytes(data)
    kinds = ("told", "the same rows", "silent")
    rows = [[name, *(count[kind] for kind in kinds), count.total()] for name, count in counts.items()]
    return [[*row[:-1], row[-1] - sum(row[1:-1])] for row in rows]


# --- kills ------------------------------------------------------------------------------------------------------------


def kill_at(step: int) -> None:
    """Kill the process that was started when this one reaches the n-th step of writing into the run directory."""
    home, left = os.environ[HOME], [step]
    whole_write, whole_replace = Path.write_bytes, os.replace

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(int(os.environ[MAIN]), signal.SIGKILL)

    def write_bytes(path: Path, data: bytes) -> int:
        if not os.fspath(path).startswith(home):
            return whole_write(path, data)
        whole_write(path, data[: len(data) // 2])
        count()
        written = whole_write(path, data)
        count()
        return written

    def replace(source: Any, target: Any, **more: Any) -> None:
        whole_replace(source, target, **more)
        if os.fspath(target).startswith(home):
            count()

    Path.write_bytes, os.replace = write_bytes, replace  # type: ignore[method-assign]


def fork_and_kill(out: Path, store: Path, kills: int, seed: int, *, sentences: int, shards: int) -> Counter[str]:
    """Kill forks of this process, which has computed nothing yet, at injected steps, and let the last one finish."""
    import tasnb as tn
    from tasnb.evaluation.engine import evaluate

    samples = tn.datasets.load("reftoy", split="val")[:sentences]
    common: dict[str, Any] = {"methods": ["clip-only"], "store": tn.Store(store), "model_options": {"device": "cpu"}}
    with tempfile.TemporaryDirectory() as home:  # whatever has to be imported is, once for all forks
        evaluate(samples, "toy", out=Path(home) / "run", **common)
    at, ends = random.Random(seed), Counter[str]()
    while ends["killed"] < kills or not ends["finished"]:
        child = os.fork()
        if not child:
            if ends["killed"] < kills:
                os.environ |= {HOME: str(out), MAIN: str(os.getpid())}
                kill_at(at.randint(1, 24) if ends["killed"] else 1)
            evaluate(samples, "toy", out=out, shards=shards, **common)
            os._exit(0)
        at.random()  # forks share the generator
        _, status = os.waitpid(child, 0)
        ends["killed" if os.WIFSIGNALED(status) else "finished" if status == 0 else "failed"] += 1
        if ends["failed"]:
            break
    return ends


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a finished run that holds results."""
    from tasnb.evaluation.records import TABLES

    names = [*(f"{name}/*" for name in TABLES), "parts/*", "errors.parquet", "summary.json", "run.json"]
    files = sorted(path for name in names for path in folder.glob(name) if not path.name.startswith("."))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def alive(token: str) -> list[int]:
    """The processes with this mark in their environment."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == token and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def command(out: Path, store: Path, engine: str) -> list[str]:
    """The evaluation as a user starts it."""
    program = "from tasnb.cli import main; main()"
    return [sys.executable, "-c", program, "evaluate", "reftoy", "--limit", str(SENTENCES), "--shards", str(SHARDS),
            "--device", "cpu", "--out", str(out), "--store", str(store), *ENGINES[engine]]  # fmt: skip


def environment(site: Path, token: str, home: Path, step: int | None) -> dict[str, str]:
    """Of a command, with the n-th step of writing at which it is killed; None: it is not."""
    here = str(Path(__file__).resolve().parents[2])
    paths = [str(site), here, *filter(None, [os.environ.get("PYTHONPATH")])]
    more = {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", MARK: token, HOME: str(home)}
    return {**os.environ, **more, **({} if step is None else {STEP: str(step)})}


def kill_once(line: list[str], env: dict[str, str], after: float | None) -> tuple[str, float]:
    """Start a command and kill it after some seconds, or let it be killed; how it ended, how long workers stayed."""
    said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - no pipe: workers would hold it
    process = subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=said)
    try:
        code = process.wait(LONGEST if after is None else after)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    killed, begun = code == -signal.SIGKILL, time.monotonic()
    while (left := alive(env[MARK])) and time.monotonic() - begun < PATIENCE:
        time.sleep(0.05)
    stayed = time.monotonic() - begun
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    if not killed and code:
        said.seek(0)
        return f"exit {code}: {said.read().strip().splitlines()[-1:]}", stayed
    return ("orphans" if left else "killed" if killed else "finished"), stayed


def campaign(engine: str, kills: int, store: Path, wanted: dict[str, str], seed: int = 0) -> dict[str, Any]:
    """Kill an evaluation so many times, resume it, and look at what is left."""
    from tasnb.core.errors import UserError
    from tasnb.evaluation.runs import Run

    at, ends, longest, runs, same, opened, slow = random.Random(seed), Counter[str](), 0.0, 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as home:
        site = Path(home) / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(SITE)
        folder, took = Path(home) / "run-0", 0.0
        while True:
            number = ends["killed"] + ends["orphans"]
            last = number >= kills or not took  # the first one is not disturbed: so long does it take
            injected = not last and number % 2 == 0
            after = at.uniform(0.3, 1.0) * took if not last and not injected else None
            step = at.randint(1, 40) if injected else None
            token = f"{os.getpid()}-{time.monotonic_ns()}"
            begun = time.monotonic()
            how, stayed = kill_once(command(folder, store, engine), environment(site, token, folder, step), after)
            if SLOW_START not in how:
                ends[how] += 1
            longest = max(longest, stayed)
            print(f"  {engine}: {f'step {step}' if injected else f'after {after}'}: {how}, {stayed:.2f} s", flush=True)
            if SLOW_START in how and (slow := slow + 1) < 5:
                continue
            if how.startswith("exit"):
                break
            if how == "finished":
                took = time.monotonic() - begun  # of the latest, as a machine is busy or not
                runs, same = runs + 1, same + (digests(folder) == wanted)
                folder = Path(home) / f"run-{runs}"
                if number >= kills:
                    break
                continue
            try:
                if (folder / "run.json").exists():
                    Run(folder).predictions()
                opened += 1
            except UserError as told:
                print(f"  does not open: {told}", flush=True)
    failed = sum(number for how, number in ends.items() if how.startswith("exit"))
    return {"engine": engine, "kills": ends["killed"] + ends["orphans"], "opened after": opened, "runs": runs,
            "same bytes": same, "orphans": ends["orphans"], "longest, s": longest, "failed": failed}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 where anything is not as it must be."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=40)
    options.add_argument("--mutations", type=int, default=1000)
    options.add_argument("--engines", default=",".join(ENGINES))
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--forked", type=Path, help="only kill forks of one process, into this folder")
    options.add_argument("--store", type=Path)
    options.add_argument("--sentences", type=int, default=SENTENCES)
    options.add_argument("--shards", type=int, default=SHARDS)
    given = options.parse_args(arguments)
    if given.forked:
        size = {"sentences": given.sentences, "shards": given.shards}
        print(dict(fork_and_kill(given.forked, given.store, given.kills, given.seed, **size)))
        return 0
    from tasnb.core.tables import text_table

    rows = []
    logging.getLogger("tasnb").setLevel(logging.ERROR)  # a summary that is made again says so, each time
    with tempfile.TemporaryDirectory() as home:
        store, undisturbed = given.store or Path(home) / "store", Path(home) / "undisturbed"
        for out in (Path(home) / "warm", undisturbed):  # the first fills the store
            subprocess.run(
                command(out, store, "one worker"), check=True, stdout=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
        damage = mutate(undisturbed, given.mutations)
        print(text_table(["damage", "told", "the same rows", "silent", "crash"], damage), flush=True)
        wanted, engines = digests(undisturbed), given.engines.split(",")
        for number, engine in enumerate(engines):
            share = len(range(number, given.kills, len(engines)))
            rows.append(campaign(engine, share, store, wanted, given.seed))
    print(text_table(list(rows[0]), [list(row.values()) for row in rows]))
    bad = [row for row in damage if row[-1] or row[-2]]
    bad += [row for row in rows if row["orphans"] or row["failed"] or row["runs"] != row["same bytes"]]
    return int(bool(bad) or any(row["opened after"] != row["kills"] for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
