"""A researcher's way in: a real photo, checkpoints in the official formats, the same command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasnb import cli
from tasnb.core.images import as_rgb
from tasnb.core.masks import from_rle
from tests.models.official_checkpoints import write_all


@pytest.fixture(scope="module")
def photo(shared_root: Path) -> Path:
    folder = shared_root / "data/mini-refcoco/images/mscoco/images/train2014"
    return folder / "COCO_train2014_000000000009.jpg"


@pytest.mark.slow
@pytest.mark.parametrize("captioner", ["git", "blip", "blip2"])
def test_segment_runs_on_a_real_photo(captioner: str, photo: Path, tmp_path: Path, capfd) -> None:
    folder = write_all(tmp_path / "models", captioner=captioner)
    out = tmp_path / "out"
    capfd.readouterr()
    code = cli.run(
        ["segment", str(photo), "the bowl on the left", "--models", str(folder), "--out", str(out), "--json"]
    )
    printed = capfd.readouterr()
    assert code == 0, printed.err
    record = json.loads(printed.out)
    height, width = as_rgb(photo).shape[:2]
    assert record["mask"]["size"] == [height, width]
    assert from_rle(record["mask"]).sum() == record["area"] > 0
    assert as_rgb(out / "mask.png").shape == (height, width, 3)
    assert record["proposals"] >= 1


@pytest.mark.slow
def test_the_toy_models_take_any_photo(photo: Path, toy_models, tmp_path: Path, capfd) -> None:
    """What it answers means nothing there, but it answers."""
    capfd.readouterr()
    assert cli.run(["segment", str(photo), "the bowl on the left", "--out", str(tmp_path), "--json"]) == 0
    record = json.loads(capfd.readouterr().out)
    assert record["directions"] == ["left"]
    assert record["head"] == "bowl"
