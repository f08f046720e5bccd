"""``tasnb datasets`` as a person meets it: what is printed, what is written, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasnb import cli
from tests.datasets.hand_made import photo, refer_parts, write_refer

pytestmark = pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")


@pytest.fixture(autouse=True)
def no_root_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASNB_DATA", raising=False)


def test_list_names_every_set_with_counts_licence_and_whether_it_is_there(shared_root: Path, capsys) -> None:
    root = (shared_root / "data" / "mini-refcoco").resolve()
    assert cli.run(["datasets", "list", "--root", str(root)]) == 0
    printed = capsys.readouterr().out
    for words in (
        f"refcoco: RefCOCO; found in {root}", "refcocog: RefCOCOg; not found", "10,834 sentences", "14,354 sentences",
        "reftoy: RefToy, reftoy; found in", "licence", "github.com/lichengunc/refer",
    ):  # fmt: skip
        assert words in printed


def test_list_as_json(capsys) -> None:
    assert cli.run(["datasets", "list", "--json"]) == 0
    known = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["datasets"]}
    assert list(known)[:7] == ["refcoco", "refcoco+", "refcocog", "phrasecut", "grefcoco", "refcoco-m", "folder"]
    assert known["refcocog"]["splits"]["umd"]["test"] == {"images": 2600, "refs": 5023, "sentences": 9602}
    assert known["refcoco"]["found"] is None
    assert known["reftoy"]["found"]


def test_check_is_0_on_sound_data_1_on_faults_2_on_a_users_error(tmp_path: Path, capsys) -> None:
    root = write_refer(tmp_path / "data", *refer_parts())
    assert cli.run(["datasets", "check", "refcoco", "--root", str(root), "--open-images"]) == 0
    assert "no problems found" in capsys.readouterr().out
    next(root.rglob("*1.jpg")).unlink()
    assert cli.run(["datasets", "check", "refcoco", "--root", str(root)]) == 1
    assert "missing image: 1" in capsys.readouterr().out
    assert cli.run(["datasets", "check", "refcoco", "--root", str(root), "--split", "testA"]) == 0
    capsys.readouterr()
    for arguments in (["check", "refcoco"], ["check", "refcocq", "--root", str(root)]):
        assert cli.run(["datasets", *arguments]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert len(printed.err.splitlines()) == 1


def test_check_as_json_is_one_object(tmp_path: Path, capsys) -> None:
    root = write_refer(tmp_path / "data", *refer_parts())
    next(root.rglob("*1.jpg")).unlink()
    assert cli.run(["datasets", "check", "refcoco", "--root", str(root), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["kinds"] == {"missing image": 1}
    assert report["problems"][0]["kind"] == "missing image"
    assert report["counts"][0]["found"]["refs"] == 2


def test_the_environment_names_the_root(shared_root: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("TASNB_DATA", str((shared_root / "data" / "mini-refcoco").resolve()))
    assert cli.run(["datasets", "check", "refcoco"]) == 0
    assert "25 / 3,811" in capsys.readouterr().out


def test_show_prints_a_sample_and_draws_its_mask(shared_root: Path, tmp_path: Path, capsys) -> None:
    root = str((shared_root / "data" / "mini-refcoco").resolve())
    out = tmp_path / "deep" / "sample.png"
    arguments = ["datasets", "show", "refcoco", "--root", root, "--split", "testB", "--index", "3", "--out", str(out)]
    assert cli.run([*arguments, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    import tasnb as tn

    sample = tn.datasets.load("refcoco", split="testB", root=root)[3]
    assert record["expression"] == sample.expression
    assert record["sample_id"] == sample.sample_id
    assert record["area"] == int(sample.target.sum())
    drawn = np.asarray(Image.open(out))
    assert drawn.shape == sample.image.shape
    inside = sample.target.copy()
    inside[drawn.astype(int).sum(axis=2) != sample.image.astype(int).sum(axis=2)] = False
    assert inside.sum() > sample.target.sum() / 2, "the photo stays as it is inside the mask"
    assert cli.run(arguments) == 0
    printed = capsys.readouterr()
    assert sample.expression in printed.out
    assert printed.err.startswith("note: refcoco testB (split by unc) is not the published one")
    assert len(printed.err.splitlines()) == 1


def test_show_writes_to_outputs_by_default_and_needs_no_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "own" / "a.png")
    (tmp_path / "own" / "samples.csv").write_text("image,expression,sent_id\na.png,a dog,../7/x\n")
    assert cli.run(["datasets", "show", "folder", "--root", "own"]) == 0
    printed = capsys.readouterr().out
    assert "area         none" in printed
    assert [p.name for p in (tmp_path / "outputs" / "datasets").iterdir()] == ["folder-val-.._7_x.png"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["reftoy", "--index", "9999"], "reftoy val has 725 samples, 0 to 724"),
        (["reftoy", "--split", "dev"], "choose from val, testA, testB"),
        (["phrasecut"], "set TASNB_DATA"),
        (["refcoco", "--root", "nowhere"], "no such folder: nowhere"),
    ],
)
def test_a_users_error_of_show_is_one_line_and_exit_2(arguments: list[str], says: str, capsys) -> None:
    assert cli.run(["datasets", "show", *arguments]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""
