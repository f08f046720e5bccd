"""Checkpoints with random weights, written once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models import official_checkpoints as official


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a models.json: small SAM, CLIP, GIT, spaCy and WordNet in the official formats."""
    return official.write_all(tmp_path_factory.mktemp("official"))
