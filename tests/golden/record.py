"""``python -m tests.golden.record``: write expected/*.json from what the library does now. --runs: the runs anew too.

To be run only where a change of behaviour is meant; the diff of expected/ then shows what it was.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXPECTED = Path(__file__).parent / "expected"


def write(name: str, value: Any) -> None:
    """One file of the record, a value a line, so that a diff is readable."""
    EXPECTED.mkdir(exist_ok=True)
    text = json.dumps(value, indent=0, ensure_ascii=False, allow_nan=False)
    (EXPECTED / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def read(name: str) -> Any:
    return json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))


def main(arguments: list[str]) -> None:
    # as tests/conftest.py has it: the last bits of sums vary with the number of threads
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from tests.golden import observe

    print(f"recording {observe.library()}")
    if "--runs" in arguments:
        shutil.rmtree(observe.RUNS)
        observe.make_runs(observe.RUNS)
    made: dict[str, Callable[[], Any]] = {
        "ranking": observe.ranking,
        "commands": observe.commands,
        "shared": lambda: observe.shared_data(Path(os.environ.get("TASNB_SHARED", "../shared"))),
        "smoke": lambda: observe.smoke(*observe.toys()),
        "smoke-commands": observe.smoke_commands,
    }
    for name, watch in made.items():
        started = time.perf_counter()
        write(name, watch())
        print(f"{name}: {time.perf_counter() - started:.1f} s, {(EXPECTED / f'{name}.json').stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
