"""Fixtures that many tests share: loaded once a session, because the vendors' imports alone take 20 s."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# shapes in signatures are promises: under test every call of the stages is checked against them
_CHECKED = ["core.masks", "core.embeddings", "stages", "evaluation.metrics"]
install_import_hook([f"tasnb.{name}" for name in _CHECKED], "beartype.beartype")

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def pytest_configure(config: pytest.Config) -> None:
    # one thread: two of them crawl on a machine that does other work too, and the last bits of sums then vary
    os.environ.setdefault("OMP_NUM_THREADS", "1")


# fixtures that load the toy models, or evaluate with them: who uses one is slow, so that ``make quick`` needs no torch
_WITH_MODELS = {
    "toy_models",
    "official_models",
    "toy_case",
    "toy_run",
    "real_run",
    "real",
    "models_by_tower",
    "planted",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _WITH_MODELS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def shared_root() -> Path:
    """The real data for tests. CI sets TASNB_REQUIRE_SHARED=1, so that nothing is silently skipped there."""
    root = Path(os.environ.get("TASNB_SHARED", "../shared"))
    if not (root / "data").is_dir():
        if os.environ.get("TASNB_REQUIRE_SHARED") == "1":
            pytest.fail(f"TASNB_REQUIRE_SHARED=1, but there is no {root / 'data'}")
        pytest.skip(f"no shared test data at {root}; set TASNB_SHARED")
    return root


@pytest.fixture(scope="session")
def toy_folder() -> Path:
    from tasnb.core.shipped import data_root

    return data_root() / "models" / "toy"


@pytest.fixture(scope="session")
def toy_models():
    """The shipped toy models, all of them, on the CPU."""
    import tasnb as tn

    return tn.models.load("toy", device="cpu")


@pytest.fixture(scope="session")
def official_models():
    """The same, loaded for the authors' variant."""
    import tasnb as tn

    return tn.models.load("toy", variant="official", device="cpu")


@pytest.fixture(scope="session")
def nlp(toy_folder: Path):
    from tasnb.models.language import load_parser

    return load_parser(toy_folder / "spacy")


@pytest.fixture(scope="session")
def wordnet(toy_folder: Path):
    from tasnb.models.language import load_wordnet

    return load_wordnet(toy_folder / "wordnet")


@pytest.fixture(scope="session")
def reftoy_val():
    import tasnb as tn

    return tn.datasets.load("reftoy", split="val")


@pytest.fixture(scope="session")
def toy_case(toy_models, reftoy_val):
    """One RefToy sample with its artifacts, described once for all tests."""
    import tasnb as tn

    sample = reftoy_val[12]
    return sample, tn.describe(sample.image, toy_models)


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TASNB_CACHE for tests to which it does not matter who describes a picture: once for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "warm-cache"


@pytest.fixture(scope="session")
def warm_store(warm_cache: Path):
    """The store of ``warm_cache``."""
    from tasnb.store import Store

    return Store(warm_cache / "artifacts")


@pytest.fixture
def no_shape_checks():
    """What a user meets: the package's own sentence about a wrong argument, not jaxtyping's."""
    from jaxtyping import config

    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)
