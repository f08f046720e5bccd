"""The command line as a person meets it: exit codes, one-line errors, JSON, files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasnb import cli


@pytest.fixture(scope="module")
def scene(tmp_path_factory, reftoy_val) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    Image.fromarray(np.asarray(reftoy_val[12].image)).save(path)
    return path


@pytest.mark.slow
def test_segment_writes_its_files_and_says_why(scene: Path, reftoy_val, tmp_path: Path, capsys) -> None:
    assert cli.run(["segment", str(scene), reftoy_val[12].expression, "--out", str(tmp_path / "o")]) == 0
    printed = capsys.readouterr()
    assert "S = V" in printed.out
    names = {p.name for p in (tmp_path / "o").iterdir()}
    assert names == {"mask.png", "picture.png", "receipt.csv", "report.html", "answer.json"}
    mask = np.asarray(Image.open(tmp_path / "o" / "mask.png"))
    assert mask.shape == (256, 256)
    assert set(np.unique(mask)) <= {0, 255}
    page = (tmp_path / "o" / "report.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


@pytest.mark.slow
def test_json_is_one_object_and_nothing_else(scene: Path, tmp_path: Path, capfd) -> None:
    code = cli.run(
        ["segment", str(scene), "the tree", "--json", "--out", str(tmp_path), "--alpha", "0.2", "--lam", "0"]
    )
    assert code == 0
    record = json.loads(capfd.readouterr().out)
    assert record["weights"] == {"alpha": 0.2, "lam": 0.0, "source": "given"}
    assert record["expression"] == "the tree"
    from tasnb.core.masks import from_rle

    assert int(from_rle(record["mask"]).sum()) == record["area"]


@pytest.mark.slow
def test_official_is_an_option(scene: Path, tmp_path: Path, capfd) -> None:
    assert cli.run(["segment", str(scene), "the tree", "--variant", "official", "--json", "--out", str(tmp_path)]) == 0
    assert json.loads(capfd.readouterr().out)["method"] == "TAS (official-scaled)"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["segment", "nowhere.png", "cat"], "nowhere.png"),
        (["segment", "SCENE", "  "], "expression"),
        (["segment", "SCENE", "cat", "--models", "labtop"], "toy, laptop, paper"),
        (["segment", "SCENE", "cat", "--variant", "ours"], "paper, official"),
        (["segment", "SCENE", "cat", "--alpha", "nan"], "alpha"),
        (["segment", "SCENE", "cat", "--alpha", "many"], "alpha"),
        (["segment", "SCENE"], "argument 'expression'"),
        (["segment", "BROKEN", "cat"], "not a readable picture"),
        (["segment", "SCENE", "cat", "--device", "gpu9"], "gpu9"),
        (["fetch", "everything"], "everything"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_a_user_error_is_one_line_and_exit_2(arguments, says, scene: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"no")
    places = {"SCENE": str(scene), "BROKEN": str(tmp_path / "broken.png")}
    assert cli.run([places.get(a, a) for a in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    last = printed.err.strip().splitlines()
    assert len(last) == 1, printed.err
    assert says in last[0]
    assert "Traceback" not in printed.err


def test_a_missing_checkpoint_names_the_command(scene: Path, capsys, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path / "empty"))
    assert cli.run(["segment", str(scene), "cat", "--models", "laptop", "--out", str(tmp_path)]) == 2
    assert "tasnb fetch laptop" in capsys.readouterr().err


def test_doctor_prints_every_preset(capsys) -> None:
    assert cli.run(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("toy", "laptop", "paper"))
    assert cli.run(["doctor", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)


def test_the_demo_prints_the_ablation_beside_the_paper(toy_models, tmp_path: Path, capsys, monkeypatch) -> None:
    from tasnb.cli import demo

    monkeypatch.setattr(demo, "SCENES", 3)  # the full thirty run in the subprocess test below
    assert cli.run(["demo", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "V+P+N+spatial" in printed
    assert "39.84" in printed
    assert "oracle" in printed
    names = {p.name for p in tmp_path.iterdir()}
    assert {"ablation.csv", "ablation.png", "picture.png", "receipt.csv", "report.html", "mask.png"} <= names


def test_the_demo_shows_what_the_rectifier_puts_right(toy_models, reftoy_val) -> None:
    import tasnb as tn
    from tasnb.cli.demo import SHOWN

    sample = reftoy_val[SHOWN]
    artifacts = tn.describe(sample.image, toy_models)
    assert tn.iou(tn.tas(artifacts, sample.expression, toy_models).mask, sample.target) > 0.5
    assert tn.iou(tn.clip_only(artifacts, sample.expression, toy_models).mask, sample.target) < 0.5


def test_help_is_short_and_names_the_commands(capsys) -> None:
    assert cli.run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(command in printed for command in ("demo", "segment", "doctor", "fetch"))


def test_fetching_what_is_there_says_so(capsys) -> None:
    assert cli.run(["fetch", "toy"]) == 0
    assert capsys.readouterr().out.count("present") == 5
