from __future__ import annotations

import json
import re
import shutil
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


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped models that a test may break."""
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path / "cache"))
    shutil.copytree(places.data_root() / "models", tmp_path / "data" / "models")
    monkeypatch.setattr(places, "data_root", lambda: tmp_path / "data")
    return tmp_path / "data" / "models" / "toy"


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def nan(path: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    name = next(key for key, value in tensors.items() if value.is_floating_point())
    save_file({**tensors, name: tensors[name] * float("nan")}, path, metadata={"format": "pt"})


# role and part, the file, what happens to it, what is said
DAMAGE = [
    ("sam", "toy", "sam/model.safetensors", half, "model.safetensors cannot be read as weights: it is damaged"),
    ("sam", "toy", "sam/model.safetensors", nan, "model.safetensors: .* holds NaN"),
    ("sam", "toy", "sam/config.json", half, "config.json is not readable JSON"),
    ("clip", "toy", "clip/tokenizer.json", half, "tokenizer.json is not readable JSON"),
    ("clip", "toy-rn", "clip-rn/open_clip_model.safetensors", nan, "holds NaN"),
    ("captioner", "toy", "git/model.safetensors", half, "model.safetensors cannot be read as weights"),
    ("captioner", "toy", "git/generation_config.json", half, "generation_config.json is not readable JSON"),
    ("spacy", "toy", "spacy/parser/model", half, "spacy.* is damaged, or no spaCy pipeline"),
]


@pytest.mark.slow
@pytest.mark.parametrize("large", [False, True], ids=["loaded", "looked into"])
@pytest.mark.parametrize(("role", "choice", "file", "damage", "said"), DAMAGE)
def test_what_is_damaged_is_not_called_ready(
    role, choice: str, file: str, damage, said: str, large: bool, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        if damage is nan or role == "spacy" or "generation" in file:
            pytest.skip("seen only when tensors are read, which for a large part takes as long as loading it")
        monkeypatch.setattr(doctor, "SMALL", 0)
    assert doctor._part(role, choice)["state"] == "present"
    damage(shipped / file)
    part = doctor._part(role, choice)
    assert part["state"] == "damaged"
    assert re.search(said, part["damaged"])


@pytest.mark.slow
def test_the_exit_code_of_doctor_tells_damage_from_absence(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tasnb import cli

    assert cli.run(["doctor"]) == 0, "laptop and paper are missing, which is no fault"
    half(shipped / "sam" / "model.safetensors")
    (shipped / "git" / "tokenizer.json").unlink()
    capsys.readouterr()
    assert cli.run(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "toy: damaged" in text
    assert re.search(r"sam +toy +damaged +.*model\.safetensors cannot be read", text)
    assert re.search(r"captioner +toy +missing +.*tokenizer\.json", text)


@pytest.mark.slow
def test_a_captioner_that_is_silent_is_damaged(shipped: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = shipped / "git" / "model.safetensors"
    tensors = load_file(path)
    tensors["output.weight"] *= 0
    tensors["output.bias"] -= 1e4
    tensors["output.bias"][json.loads((shipped / "git" / "config.json").read_text())["eos_token_id"]] = 1.0
    save_file(tensors, path, metadata={"format": "pt"})
    assert "says nothing about any picture" in doctor._part("captioner", "toy")["damaged"]
