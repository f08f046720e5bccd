from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasnb.models import doctor, places, presets
from tasnb.models.catalogue import PARTS


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path))
    for role, choice in (("spacy", "en_core_web_sm"), ("wordnet", "wordnet")):
        part = PARTS[role][choice]
        for file in part.files:
            path = tmp_path / part.folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")  # there, and no pipeline and no database
    return doctor.report()


def test_the_report_is_plain_json(report: dict) -> None:
    assert json.loads(json.dumps(report)) == report
    assert report["device"]["auto"] in ("cpu", "cuda", "mps")
    assert report["versions"]["torch"]


def test_it_says_what_is_present_and_what_is_missing(report: dict, tmp_path: Path) -> None:
    laptop = {preset["name"]: preset for preset in report["presets"]}["laptop"]
    missing = {part["role"]: [Path(gone["file"]).name for gone in part["missing"]] for part in laptop["parts"]}
    assert missing["sam"] == ["config.json", "preprocessor_config.json", "model.safetensors"]
    assert missing["spacy"] == missing["wordnet"] == []
    states = {part["role"]: part["state"] for part in laptop["parts"]}
    assert states == {
        "sam": "missing", "clip": "missing", "captioner": "missing", "spacy": "damaged", "wordnet": "damaged",
    }  # fmt: skip
    assert not laptop["ready"]
    assert laptop["command"] == "tasnb fetch laptop"
    assert laptop["download_bytes"] == 155_914_442 + 605_143_284 + 708_000_000 + 12_800_000 + 10_775_600


def test_it_reads_in_a_terminal(report: dict, tmp_path: Path) -> None:
    text = doctor.report_text(report)
    assert f"cache {tmp_path}" in text
    assert "laptop: damaged" in text
    assert "model.safetensors (156 MB)" in text
    assert "tasnb fetch laptop (1.5 GB)" in text
    assert "tasnb fetch paper (18.6 GB)" in text


def test_a_shipped_part_that_is_absent_is_named_with_what_makes_it(report: dict, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(places, "data_root", lambda: tmp_path / "no-data")
    found = {preset["name"]: preset for preset in doctor.report()["presets"]}["toy-cutouts"]
    assert not found["ready"]
    assert found["command"] == places.TRAIN
    assert "toy-cutouts: incomplete" in doctor.report_text(doctor.report())
    with pytest.raises(presets.MissingFileError, match=r"--only clip-cutouts"):
        presets.load("toy-cutouts")


@pytest.mark.parametrize(
    ("size", "words"),
    [(None, "size unknown"), (12, "12 bytes"), (375_042_383, "375 MB"), (2_564_550_879, "2.6 GB")],
)
def test_sizes_are_said_in_words(size: int | None, words: str) -> None:
    assert places.in_words(size) == words
