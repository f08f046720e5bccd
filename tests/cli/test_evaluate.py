"""``tasnb evaluate``, ``compare`` and ``store`` as a user types them."""

from __future__ import annotations

import json

import pytest

from tasnb import cli
from tasnb.evaluation.runs import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory, warm_store_root):
    """Two runs on the same sentences, the second without P and N."""
    home = tmp_path_factory.mktemp("cli")
    for name, extra in (("a", []), ("b", ["--alpha", "0", "--lam", "0"])):
        code = cli.run(
            ["evaluate", "reftoy", "--limit", "12", "--methods", "tas,clip-only", "--device", "cpu", "--out",
             str(home / name), "--store", warm_store_root, *extra]
        )  # fmt: skip
        assert code == 0
    return home


@pytest.fixture(scope="module")
def warm_store_root(tmp_path_factory) -> str:
    return str(tmp_path_factory.mktemp("cli-store"))


def test_evaluate_prints_the_table(runs, warm_store_root, capsys) -> None:
    arguments = ["evaluate", "reftoy", "--limit", "12", "--methods", "tas,clip-only", "--device", "cpu"]
    assert cli.run([*arguments, "--out", str(runs / "a"), "--store", warm_store_root]) == 0
    out = capsys.readouterr().out
    for word in ("mIoU", "oIoU", "Pr@0.5", "oracle", "missing", "protocol tas", "tas - clip-only"):
        assert word in out


def test_evaluate_json_is_one_object(runs, warm_store_root, capsys) -> None:
    arguments = ["evaluate", "reftoy", "--limit", "12", "--methods", "tas,clip-only", "--device", "cpu", "--json"]
    assert cli.run([*arguments, "--out", str(runs / "a"), "--store", warm_store_root]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [row["method"] for row in record["table"]] == ["tas", "clip-only", "oracle"]
    assert record["errors"] == 0


def test_compare_pairs_the_runs(runs, capsys) -> None:
    assert cli.run(["compare", str(runs / "a"), str(runs / "b")]) == 0
    assert "weights" in capsys.readouterr().out
    assert cli.run(["compare", str(runs / "a"), str(runs / "b"), "--metric", "pr@0.5", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {row["metric"] for row in record["rows"]} == {"pr@0.5"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "refcocoo"], "choose from"),
        (["evaluate", "reftoy", "--split", "vall"], "choose from"),
        (["evaluate", "reftoy", "--methods", "tas,magic"], "choose from"),
        (["evaluate", "reftoy", "--limit", "0"], "at least 1"),
        (["evaluate", "reftoy", "--models", "labtop"], "unknown preset"),
        (["evaluate", "reftoy", "--engine", "spark"], "choose from"),
        (["compare", "nowhere", "nowhere"], "holds no run"),
        (["store", "prune", "--max-size", "lots"], "500MB"),
    ],
)
def test_user_errors_are_one_line_and_exit_2(arguments, message, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(arguments) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


def test_the_store_is_seen_pruned_and_verified(runs, warm_store_root, capsys) -> None:
    from pathlib import Path

    assert cli.run(["store", "info", "--store", warm_store_root]) == 0
    assert "crop_embeddings" in capsys.readouterr().out
    assert cli.run(["store", "info", "--store", warm_store_root, "--json"]) == 0
    before = json.loads(capsys.readouterr().out)
    assert before["entries"] > 0
    assert cli.run(["store", "verify", "--store", warm_store_root]) == 0
    capsys.readouterr()
    victim = next(p for p in Path(warm_store_root).rglob("*.safetensors"))
    victim.write_bytes(b"nonsense")
    assert cli.run(["store", "verify", "--store", warm_store_root, "--json"]) == 1
    assert [Path(d["path"]) for d in json.loads(capsys.readouterr().out)["damaged"]] == [victim]
    assert cli.run(["store", "prune", "--max-size", "0", "--store", warm_store_root, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == 0


def test_answers_go_out_and_come_back(tmp_path, capsys) -> None:
    run = str(Run.shipped("toy", "reftoy", "val").folder)
    file, folder = str(tmp_path / "a.jsonl"), str(tmp_path / "run")
    assert cli.run(["export", run, "--out", file, "--method", "clip-only"]) == 0
    assert capsys.readouterr().out == f"wrote {file}\n"
    asked = ["import", file, "--dataset", "reftoy", "--name", "mine", "--out", folder]
    assert cli.run(asked) == 0
    told = capsys.readouterr().out
    assert "imported answers of mine (JSON lines, 725 rows, coverage 100.0 %)" in told
    assert cli.run([*asked, "--json"]) == 0  # the same import again
    record = json.loads(capsys.readouterr().out)
    assert [row["method"] for row in record["table"]] == ["mine"]
    assert record["imported"]["missing"] == []
    assert cli.run(["compare", run, folder, "--json"]) == 0
    assert "clip-only / mine" in {row["method"] for row in json.loads(capsys.readouterr().out)["rows"]}
    assert cli.run(["sweep", folder]) == 2
    assert "imported answers only" in capsys.readouterr().err
