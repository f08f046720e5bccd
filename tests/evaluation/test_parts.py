"""What lies in a run directory is what was written for this run, or is told: damage of every kind, kills, leftovers."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import tasnb as tn
from tasnb import cli
from tasnb.core.errors import UserError
from tasnb.core.writing import LEFTOVER_SECONDS, replacing, write_text
from tasnb.evaluation import parts
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.records import TABLES
from tasnb.evaluation.runs import Run
from tasnb.report.notebook import html_of
from tests.benchmarks.bench_kills import MUTATIONS, digests, rows_of, same

CPU = {"device": "cpu"}
ONE = ["clip-only"]  # method, which keeps the summary short
FILES = ("run.json", "summary.json", "parts/part-00001.json", *(f"{name}/part-00001.parquet" for name in TABLES))
OLD, AHEAD = time.time() - 2 * LEFTOVER_SECONDS, time.time() + 365 * 86400


@pytest.fixture(scope="module")
def whole(few, warm_store, tmp_path_factory) -> Run:
    """A finished run of three parts, which nobody changes."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return evaluate(few, "toy", methods=ONE, out=folder, shards=3, store=warm_store, model_options=CPU)


@pytest.fixture(scope="module")
def others(few, warm_store, tmp_path_factory) -> Run:
    """The same samples with other proposals."""
    options = {"methods": ONE, "proposals": "annotations", "model_options": CPU}
    return evaluate(few, "toy", out=tmp_path_factory.mktemp("others") / "run", shards=3, store=warm_store, **options)


@pytest.fixture
def copy(whole: Run, tmp_path: Path) -> Path:
    return shutil.copytree(whole.folder, tmp_path / "run")


@pytest.fixture
def again(few, warm_store) -> Callable[..., Run]:
    """The same command on a folder."""
    return lambda folder, **options: evaluate(
        few, "toy", **{"methods": ONE, "out": folder, "shards": 3, "store": warm_store, "model_options": CPU} | options
    )


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_no_mutation_of_a_file_gives_other_rows(file: str, whole: Run, copy: Path) -> None:
    at, data, told = random.Random(file), (copy / file).read_bytes(), 0
    for name, mutate in MUTATIONS.items():
        for _ in range(4 if name == "a bit flipped" else 1):
            (copy / file).write_bytes(mutate(data, at))
            found = rows_of(copy)
            assert isinstance(found, str) or same(found, whole), name
            told += isinstance(found, str)
    assert told or file == "summary.json"


def swapped(folder: Path, one: str, other: str) -> None:
    kept = (folder / one).read_bytes()
    shutil.copyfile(folder / other, folder / one)
    (folder / other).write_bytes(kept)


# what happens to files as a whole: another folder of a run -> what is done to the folder
MOVES: dict[str, Callable[[Path, Path], object]] = {
    "a part of another run": lambda run, other: shutil.copyfile(
        other / "predictions/part-00001.parquet", run / "predictions/part-00001.parquet"
    ),
    "a whole part of another run": lambda run, other: [
        shutil.copyfile(other / file, run / file) for file in FILES if "part-" in file
    ],
    "the run.json of another run": lambda run, other: shutil.copyfile(other / "run.json", run / "run.json"),
    "a part under another's name": lambda run, other: shutil.copyfile(
        run / "scores/part-00000.parquet", run / "scores/part-00001.parquet"
    ),
    "a whole part under another's name": lambda run, other: [
        shutil.copyfile(run / file.replace("1.", "0."), run / file) for file in FILES if "part-" in file
    ],
    "two parts exchanged": lambda run, other: swapped(run, "refs/part-00000.parquet", "refs/part-00001.parquet"),
    "two tables exchanged": lambda run, other: swapped(run, "refs/part-00001.parquet", "errors/part-00001.parquet"),
    "a table away": lambda run, other: (run / "proposals/part-00001.parquet").unlink(),
    "what binds a part away": lambda run, other: (run / "parts/part-00001.json").unlink(),
    "a part away": lambda run, other: [(run / file).unlink() for file in FILES if "part-" in file],
    "a folder of parts away": lambda run, other: shutil.rmtree(run / "errors"),
    "a stray part": lambda run, other: shutil.copyfile(
        run / "predictions/part-00001.parquet", run / "predictions/part-00099.parquet"
    ),
    "a stray part, bound": lambda run, other: [
        shutil.copyfile(run / file, run / file.replace("01.", "99.")) for file in FILES if "part-" in file
    ],
    "a copy beside it": lambda run, other: shutil.copyfile(
        run / "scores/part-00001.parquet", run / "scores/part-00001 (1).parquet"
    ),
    "a folder of that name": lambda run, other: (
        (run / "refs/part-00001.parquet").unlink(), (run / "refs/part-00001.parquet").mkdir()
    ),
    "a pipe of that name": lambda run, other: (
        (run / "scores/part-00001.parquet").unlink(), os.mkfifo(run / "scores/part-00001.parquet")
    ),
    "what binds it is a pipe": lambda run, other: (
        (run / "parts/part-00001.json").unlink(), os.mkfifo(run / "parts/part-00001.json")
    ),
    "the summary of another run": lambda run, other: shutil.copyfile(other / "summary.json", run / "summary.json"),
    "no summary": lambda run, other: (run / "summary.json").unlink(),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("move", MOVES)
def test_no_exchange_of_files_gives_other_rows_and_a_restart_mends_it(
    move: str, whole: Run, others: Run, copy: Path, again, caplog
) -> None:
    MOVES[move](copy, others.folder)
    found = rows_of(copy)
    assert isinstance(found, str) or same(found, whole)
    if move == "the run.json of another run":
        with pytest.raises(UserError, match="holds another run"):
            again(copy)
        return
    assert isinstance(found, str) == (not any(word in move for word in ("stray", "beside", "summary")))
    assert not isinstance(found, str) or "run the same tasnb evaluate command again" in found
    with caplog.at_level(logging.WARNING, logger="tasnb"):
        assert same(again(copy), whole)
    away = move.endswith("away") and move in ("what binds a part away", "a part away")  # as a kill leaves it
    assert len(caplog.records) >= (0 if away or "summary" in move else 1)
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert not list(copy.glob("*/part-00099*"))


@pytest.mark.slow
@pytest.mark.parametrize("file", ["run.json", "parts/part-00001.json", "errors/part-00001.parquet"])
def test_what_is_damaged_is_moved_aside_and_computed_again(file: str, whole: Run, copy: Path, again, caplog) -> None:
    (copy / file).write_bytes(wrong := (copy / file).read_bytes()[:-9] + b"something")
    told: list[tuple[int, int]] = []
    with caplog.at_level(logging.WARNING, logger="tasnb"):
        run = again(copy, tick=lambda *step: told.append(step))
    assert same(run, whole)
    assert told[0] == ((3, 3) if file == "run.json" else (2, 3)), "the other parts are kept"
    assert len(caplog.records) == 1
    assert [path.read_bytes() for path in (copy / "damaged").rglob("*") if path.is_file()].count(wrong) == 1


@pytest.mark.slow
def test_a_damaged_run_json_is_written_again_and_another_runs_is_not(copy: Path, whole: Run, again) -> None:
    (copy / "run.json").write_bytes(b"")
    with pytest.raises(UserError, match=r"holds another run, and its run\.json is missing or damaged"):
        again(copy, lam=0.3)
    assert same(again(copy), whole)
    (copy / "run.json").unlink()
    assert same(again(copy), whole)


@pytest.mark.slow
def test_every_command_that_reads_a_damaged_run_says_so_in_one_line(toy_run, tmp_path: Path, capsys) -> None:
    copy = shutil.copytree(toy_run.folder, tmp_path / "run")
    for name in TABLES:
        path = parts.part_path(copy, name, 0)
        path.write_bytes(path.read_bytes()[:-1])
    for words in (["compare", copy, toy_run.folder], ["analyse", copy], ["sweep", copy], ["report", copy],
                  ["proposals", copy]):  # fmt: skip
        assert cli.run([str(word) for word in words]) == 2
        told = capsys.readouterr().err
        assert "is damaged" in told
        assert "run the same tasnb evaluate command again" in told
        assert told.count("\n") == 1
    with pytest.raises(UserError, match="is damaged"):
        tn.viewers.gallery(Run(copy))


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "{", "[]", "x" * 99])
def test_a_folder_of_other_things_is_left_alone_whatever_its_run_json(content: str, again, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="not empty"):
        again(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.json", "thesis.txt"]
    (tmp_path / "thesis.txt").unlink()
    (tmp_path / "predictions").mkdir()  # as a power cut may leave it
    assert again(tmp_path).is_finished


def test_a_run_of_an_older_tasnb_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"schema": 3, "methods": ["tas"]}))
    with pytest.raises(UserError, match=r"another version of tasnb \(run directory 3, this one reads 4\)"):
        Run(tmp_path)
    parts.write_sealed(tmp_path / "run.json", {"schema": 5})
    with pytest.raises(UserError, match=r"run directory 5, this one reads 4"):
        Run(tmp_path)


# --- leftovers --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", [".run.json.1a2b3c4d.tmp", ".part-00000.parquet.ff001122.tmp", ".x.0123456789.tmp"])
def test_our_own_temporary_files_are_never_foreign(name: str, few, warm_store, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{")
    evaluate(few[:2], "toy", methods=["clip-only"], out=tmp_path, store=warm_store, model_options=CPU)
    assert Run(tmp_path).is_finished
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / name.removesuffix(".tmp")).write_text("{")
    with pytest.raises(UserError, match="not empty"):
        evaluate(few[:2], "toy", out=tmp_path / "other", store=warm_store, model_options=CPU)


@pytest.mark.slow
def test_old_temporary_files_beside_finished_parts_go(copy: Path, again) -> None:
    homes = [copy, *(copy / name for name in (*TABLES, "parts"))]
    for home in homes:
        for number, when in (("1d", OLD), ("2d", AHEAD), ("3d", time.time())):
            path = home / f".part-00000.parquet.{number}.tmp"
            path.write_text("half")
            os.utime(path, (when, when))
    again(copy)
    assert sorted(path.name for path in copy.rglob("*.tmp")) == [".part-00000.parquet.3d.tmp"] * len(homes)


@pytest.mark.parametrize("length", [20, 120, 250])
def test_a_file_is_written_whole_or_not_at_all(length: int, tmp_path: Path) -> None:
    path = tmp_path / "sub" / ("n" * (length - 5) + ".json")
    write_text(path, "one")

    def stopped() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert path.read_text() == "one"
    write_text(path, "two")
    assert [(p.name, p.read_text()) for p in path.parent.iterdir()] == [(path.name, "two")]


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    with pytest.raises(OSError, match="a folder") as raised:
        write_text(tmp_path / "a folder", "x")
    assert ".tmp" not in str(raised.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "a folder"]


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(os, "fork"), reason="kills forks, so that one import serves all; make bench kills commands"
)
def test_killed_at_any_step_of_writing_and_taken_up_again_every_byte_is_the_same(
    whole: Run, few, warm_store, tmp_path: Path
) -> None:
    program = [sys.executable, "-m", "tests.benchmarks.bench_kills", "--forked", tmp_path / "run", "--kills", "8"]
    size = ["--store", warm_store.root, "--sentences", len(few), "--shards", "3"]
    done = subprocess.run([str(each) for each in (*program, *size)], capture_output=True, text=True, check=True)
    assert "'killed': 8" in done.stdout
    assert "'failed'" not in done.stdout
    assert digests(tmp_path / "run") == digests(whole.folder)


# --- options of a run that is there -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_another_protocol_is_honoured_and_told(copy: Path, whole: Run, again, caplog) -> None:
    with caplog.at_level(logging.WARNING, logger="tasnb"):
        run = again(copy, protocol="car")
    assert "the protocol is car now, it was tas" in caplog.text
    assert (run.about["protocol"], run.summary["protocol"]) == ("car", "car")
    assert run.table().equals(whole.table("car"))
    caplog.clear()
    assert again(copy).about["protocol"] == "car", "who names none keeps the run's own"
    assert not caplog.records
    assert again(copy, protocol="tas").summary == whole.summary


@pytest.mark.slow
def test_a_method_of_ones_own_that_was_changed_is_another_run(few, warm_store, tmp_path: Path) -> None:
    from functools import partial

    def answer(artifacts, expression, models):
        return tn.clip_only(artifacts, expression, models)

    def ask(method):
        return evaluate(
            few[:2], "toy", methods={"mine": method}, out=tmp_path, store=warm_store, model_options=CPU
        ).predictions()

    assert len(ask(answer)) == len(ask(answer)) == 2
    for other in (tn.text_only, partial(tn.tas, alpha=0.5), lambda *given: answer(*given)):
        with pytest.raises(UserError, match="holds another run"):
            ask(other)


# --- nothing measured -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def failed(tmp_path_factory) -> tuple[Path, list[str]]:
    """A data set of which no sample can be answered, and the command that was run on it."""
    from PIL import Image

    root = tmp_path_factory.mktemp("failed")
    lines = ["image,expression,mask"]
    for number in range(3):
        Image.new("RGB", (40, 30), (number, 99, 0)).save(root / f"{number}.png")
        Image.new("L", (20, 20), 255).save(root / f"{number}-mask.png")
        lines.append(f"{number}.png,the left cat,{number}-mask.png")
    (root / "samples.csv").write_text("\n".join(lines))
    command = ["evaluate", "folder", "--root", str(root), "--methods", "tas,clip-only", "--device", "cpu"]
    return root, [*command, "--out", str(root / "run"), "--store", str(root / "store")]


@pytest.mark.slow
def test_an_evaluation_in_which_every_sample_failed_says_why(failed, capsys, whole: Run) -> None:
    root, command = failed
    assert cli.run(command) == 1
    said = capsys.readouterr().out
    assert "no sample was measured, of 3 samples: " in said
    assert "3 x read" in said, said
    assert "nan" not in said.lower()
    assert cli.run([*command, "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["failed_samples"] == 3
    assert "no sample was measured" in record["nothing"]
    for words in (["compare", root / "run", root / "run"], ["analyse", root / "run"], ["sweep", root / "run"],
                  ["report", root / "run"], ["proposals", root / "run"]):  # fmt: skip
        assert cli.run([str(word) for word in words]) == 2
        assert "no sample was" in capsys.readouterr().err
    assert "No sample was measured" in html_of(Run(root / "run"))
