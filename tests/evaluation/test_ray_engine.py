"""The ray engine: the same tables as the local one, an actor killed in the middle too.

Ray talks over sockets of its own, so each run is a process of its own; it stays on 127.0.0.1.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasnb.evaluation.runs import Run
from tests.evaluation.test_evaluate import assert_same_tables

pytest.importorskip("ray", reason="pip install 'tasnb[ray]'")

RUN = """
import os, signal, sys, tasnb as tn
from tasnb.evaluation import engine, ray_engine
folder, store, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
class Mortal(ray_engine.PartWorker):
    def __call__(self, batch):
        flag = os.path.join(folder, "died")
        if 2 in batch["part"].tolist() and not os.path.exists(flag):
            open(flag, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(batch)
ray_engine.PartWorker = Mortal
samples = tn.datasets.load("reftoy", split="val")[:count]
options = {"shards": 4, "engine": "ray", "workers": 2, "model_options": {"device": "cpu"}}
engine.evaluate(samples, "toy", out=folder, store=tn.Store(store), **options)
"""

SLOW_START = "node timed out during startup"  # ray gives its own daemon 30 s, which a busy machine may not keep to


@pytest.mark.slow
def test_ray_gives_the_tables_of_the_local_engine_though_an_actor_dies(
    toy_run, few, warm_store, tmp_path: Path
) -> None:
    script = tmp_path / "run.py"
    script.write_text(RUN)
    folder = tmp_path / "r"
    command = [sys.executable, str(script), str(folder), str(warm_store.root), str(len(few))]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if SLOW_START not in done.stderr:
            break
    assert done.returncode == 0, done.stderr[-3000:]
    assert (folder / "died").exists()
    assert_same_tables(Run(folder), toy_run)


def test_without_ray_the_error_says_how_to_get_it(few, warm_store, tmp_path, monkeypatch) -> None:
    from tasnb.evaluation.engine import evaluate

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"pip install 'tasnb\[ray\]'"):
        evaluate(few, "toy", engine="ray", out=tmp_path / "r", store=warm_store, model_options={"device": "cpu"})
