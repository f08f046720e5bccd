"""One evaluation that many tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.runs import Run

SENTENCES = 24  # of the first few scenes


@pytest.fixture(scope="session")
def few(reftoy_val):
    return reftoy_val[:SENTENCES]


@pytest.fixture(scope="session")
def toy_run(few, warm_store, tmp_path_factory) -> Run:
    """The three methods on a few sentences, in one part."""
    folder: Path = tmp_path_factory.mktemp("runs") / "one"
    return evaluate(few, "toy", out=folder, shards=1, store=warm_store, model_options={"device": "cpu"})
