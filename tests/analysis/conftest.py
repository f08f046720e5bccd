"""Planted failures, and one real run that many tests look at."""

from __future__ import annotations

import numpy as np
import pytest

from tasnb.analysis import Attribution, attribute
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.runs import Run
from tests.analysis.planting import Planted, PlantedRun, plant, synthetic

SENTENCES = 60


@pytest.fixture(scope="session")
def planted(wordnet) -> tuple[list[Planted], Attribution]:
    cases, _ = plant(list(synthetic(3000, 11)), 2000, 11)
    return cases, attribute(PlantedRun(cases), wordnet=wordnet)


@pytest.fixture(scope="session")
def real_run(reftoy_val, warm_store, tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("analysed")
    return evaluate(
        reftoy_val[:SENTENCES], "toy", methods=["tas", "clip-only"], out=folder / "run", store=warm_store,
        model_options={"device": "cpu"},
    )  # fmt: skip


@pytest.fixture(scope="session")
def real(real_run) -> Attribution:
    return attribute(real_run)


@pytest.fixture
def one() -> Planted:
    """A case that is right: the red dog at the left, of three things."""
    return next(case for case in synthetic(200, 3) if case.is_right and len(case.v) > 3)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
