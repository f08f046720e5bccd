"""One scene described for all baselines, by a ViT and by a ModifiedResNet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import tasnb as tn
from tasnb.core.types import ImageArtifacts, Models, Sample


@pytest.fixture(scope="session")
def models_by_tower(toy_models: Models, toy_folder: Path) -> dict[str, Models]:
    from tasnb.models.clip import ClipEncoder

    resnet = ClipEncoder.load(toy_folder / "clip-rn", device="cpu")
    return {"vit": toy_models, "resnet": replace(toy_models, encoder=resnet)}


@pytest.fixture(scope="session")
def described(models_by_tower: dict[str, Models], toy_case) -> dict[str, ImageArtifacts]:
    sample: Sample = toy_case[0]
    return {
        tower: tn.describe(sample.image, models, features=tn.baselines.FEATURES)
        for tower, models in models_by_tower.items()
    }


@pytest.fixture(params=["vit", "resnet"])
def tower(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def models(models_by_tower: dict[str, Models], tower: str) -> Models:
    return models_by_tower[tower]


@pytest.fixture
def artifacts(described: dict[str, ImageArtifacts], tower: str) -> ImageArtifacts:
    return described[tower]


@pytest.fixture
def expression(toy_case) -> str:
    return toy_case[0].expression
