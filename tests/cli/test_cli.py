"""The command line as a person meets it: exit codes, one-line errors, JSON, files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasnb import cli
from tasnb.core.errors import UserError


@pytest.fixture(scope="module")
def scene(tmp_path_factory, reftoy_val) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    Image.fromarray(np.asarray(reftoy_val[12].image)).save(path)
    return path


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory) -> Iterator[Path]:
    """A store of these tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("cache")
        patch.setenv("TASNB_CACHE", str(root))
        yield root


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    """Not a drawing of ours."""
    path = tmp_path_factory.mktemp("photo") / "my photo.png"
    noise = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((120, 90)).save(path)
    return path


@pytest.mark.slow
def test_a_photo_with_the_toy_models_says_its_domain_first(photo: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["segment", str(photo), "The \nleft\x1b[2J cat!", "--max-side", "60"]) == 0
    printed = capsys.readouterr()
    assert "“The left\\u001b[2J cat!”" in printed.out, "a line's end is a blank, and the terminal obeys nothing"
    first = printed.err.splitlines()[0]
    assert first.startswith("tasnb: outside the models' domain: toy knows drawings of this library only")
    assert "! outside the models' domain" in printed.out
    (answer,) = (tmp_path / "outputs" / "segment").glob("my-photo*/the-left-2j-cat-*/answer.json")
    record = json.loads(answer.read_text())
    assert record["domain_note"].startswith("outside")
    assert record["size_hw"] == [90, 120]
    assert record["worked_on_hw"] == [45, 60]
    assert any("worked on at 60 x 45 pixels of 120 x 90" in note for note in record["notes"])
    assert "neither its masks nor its answer mean anything" in (answer.parent / "report.html").read_text()
    assert np.asarray(Image.open(answer.parent / "mask.png")).shape == (90, 120)


@pytest.mark.slow
def test_a_second_expression_asks_no_model_about_the_picture_again(scene: Path, tmp_path: Path, capsys) -> None:
    from tasnb.store import Store

    store = tmp_path / "store"
    for number, expression in enumerate(("the man", "the hat")):
        assert cli.run(["segment", str(scene), expression, "--out", str(tmp_path / "o"), "--store", str(store)]) == 0
        stages = Store(store).info().stages
        assert stages["proposals"].entries == 1
        assert stages["crop_embeddings"].entries == 1, number
    assert "outside" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("one", "other"),
    [("the cat", "the cat!"), ("a/b", "a b"), ("左", "右"), ("x" * 80, "x" * 81), ("the cat", "the dog"), ("..", ".")],
)
def test_every_expression_has_a_folder_of_its_own(one: str, other: str) -> None:
    from tasnb.cli.segmenting import _names_of

    first, second = (_names_of("photos/a photo.jpg", each)[1] for each in (one, other))
    assert first != second
    for name in (first, second):
        assert name
        assert not set(name) & set('/\\:*?"<>|')
        assert name not in (".", "..")
        assert len(name) <= 70


def test_an_output_that_cannot_be_written_is_said_before_anything_is_computed(
    scene: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    from tasnb.models import presets

    monkeypatch.setattr(presets, "plan", lambda *a, **k: pytest.fail("computed first"))
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert cli.run(["segment", str(scene), "cat", "--out", str(out)]) == 2
        assert f"--out: cannot write into {out}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [["demo"], ["reproduce", "table1"], ["analyse", "RUN"], ["sweep", "RUN"], ["report", "RUN"], ["freeze", "LESSON"],
     ["export", "RUN"]],
)  # fmt: skip
def test_every_command_checks_its_output_first(command: list[str], tmp_path: Path, capsys) -> None:
    from tasnb.core.shipped import finished, lessons_root

    (tmp_path / "file").write_text("")
    places = {"RUN": str(finished("toy/reftoy-val").parent), "LESSON": str(lessons_root() / "00_quickstart.ipynb")}
    names = {"report": "page.html", "freeze": "page.html", "export": "answers.json"}
    out = tmp_path / "file" / names.get(command[0], "below")
    assert cli.run([*(places.get(word, word) for word in command), "--out", str(out)]) == 2
    assert "--out: cannot write into" in capsys.readouterr().err
    assert not (tmp_path / "outputs").exists()


def test_no_folder_is_made_for_a_notebook_that_is_not_there(tmp_path: Path, capsys) -> None:
    assert cli.run(["freeze", str(tmp_path / "nowhere" / "a.ipynb")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("weights", [["--alpha", "nan"], ["--lam", "inf"], ["--alpha=-inf"]])
def test_a_weight_that_is_no_number_is_refused_before_the_models(weights, scene, capsys, monkeypatch) -> None:
    from tasnb.models import presets

    monkeypatch.setattr(presets, "plan", lambda *a, **k: pytest.fail("computed first"))
    assert cli.run(["segment", str(scene), "cat", *weights]) == 2
    assert "expected a finite number" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [[], ["-h"], ["--help"], ["datasets"], ["store"], ["store", "-h"], ["segment", "-h"]])
def test_help_is_printed_and_is_no_error(asked, capsys) -> None:
    assert cli.run(asked) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("Usage: tasnb")
    assert printed.err == ""


def test_the_version_is_told(capsys) -> None:
    from importlib.metadata import version

    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.split() == ["tasnb", version("tasnb")]


@pytest.mark.parametrize(
    ("command", "kept"),
    [("segment", "kept in the store"), ("evaluate", "finished parts are kept"), ("analyse", "nothing")],
)
def test_an_interrupted_command_says_what_is_kept(command: str, kept: str, capsys, monkeypatch) -> None:
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupt)
    assert cli.run([command, "x", "y"]) == 130
    said = capsys.readouterr().err
    assert said.startswith("tasnb: interrupted; ")
    assert kept in said


@pytest.mark.parametrize("command", ["segment", "evaluate"])
def test_help_names_the_domain_of_the_toy_models(command: str, capsys) -> None:
    assert cli.run([command, "--help"]) == 0
    assert "toy: drawings of this library only" in " ".join(capsys.readouterr().out.split())


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


def test_fetch_lists_what_to_get_on_another_machine(capsys, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path))
    assert cli.run(["fetch", "laptop", "--list"]) == 0
    text = capsys.readouterr().out
    assert "facebook/sam2.1-hiera-tiny/resolve/de431c4043854a71d8101e17995dfe596bf101a5/model.safetensors" in text
    assert "48c14467e5cf9e51870511feb72c89688e82dd74523142c0538b663e193ac2a7" in text
    assert str(tmp_path / "git-base-coco" / "tokenizer.json") in text
    assert cli.run(["fetch", "laptop", "--list", "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert {"part", "address", "size", "sha256", "target", "present"} == set(files[0])
    assert list(tmp_path.iterdir()) == [], "nothing is made"


def test_the_five_parts_are_options_beside_models(scene: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    """Each of them reaches ``models.load`` from every command that loads models."""
    import tasnb.evaluation.engine
    import tasnb.evaluation.reproduce
    from tasnb import models

    given = {"sam": "a", "clip": "b", "captioner": "c", "spacy": "d", "wordnet": "e"}
    words = [word for role, value in given.items() for word in (f"--{role}", value)]
    seen = []

    def stop(*_: object, **options: object) -> None:
        seen.append(options.get("model_options", options))
        raise UserError("seen")

    monkeypatch.setattr(models.presets, "plan", stop)
    monkeypatch.setattr(tasnb.evaluation.engine, "evaluate", stop)
    monkeypatch.setattr(tasnb.evaluation.reproduce, "reproduce", stop)
    segment = ["segment", str(scene), "cat", "--out", str(tmp_path)]
    for command in (segment, ["evaluate", "reftoy"], ["reproduce", "cost"]):
        assert cli.run([*command, *words]) == 2
        assert {role: seen[-1][role] for role in given} == given
        assert cli.run(command) == 2
        assert not set(given) & set(seen[-1]), "those that are not given are the preset's"


@pytest.mark.slow
def test_segment_takes_a_part_of_ones_own(scene: Path, checkpoints_of_sam: Path, tmp_path: Path, capsys) -> None:
    arguments = ["segment", str(scene), "the tree", "--json", "--out", str(tmp_path), "--sam", str(checkpoints_of_sam)]
    assert cli.run(arguments) == 0
    assert json.loads(capsys.readouterr().out)["models"] == "toy"


@pytest.fixture(scope="module")
def checkpoints_of_sam(tmp_path_factory) -> Path:
    from tests.models.official_checkpoints import write_sam

    return Path(write_sam(tmp_path_factory.mktemp("sam"))["checkpoint"])


def test_a_file_that_ends_early_is_no_interruption(scene: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    def cut_off(*_: object) -> None:
        raise EOFError("Ran out of input")

    monkeypatch.setattr("tasnb.core.images.as_rgb", cut_off)
    assert cli.run(["segment", str(scene), "cat", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip().startswith("tasnb: a file ends in the middle")
