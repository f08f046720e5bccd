"""Notes and tags on cases: in the run's folder, whole or not at all, by several writers."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

import tasnb as tn
from tests.viewers.made_artifacts import HOSTILE
from tests.viewers.made_runs import of_cases


@pytest.fixture
def notes(tmp_path: Path):
    return tn.analysis.notes(of_cases(tmp_path / "run", [{"iou": i / 9} for i in range(10)]))


def test_a_note_outlives_its_writer(notes) -> None:
    notes.write("made-val-3", note=HOSTILE, tags=["ask", "ask", " left  right "])
    again = tn.analysis.notes(notes.folder)
    assert again.of("made-val-3").note == HOSTILE
    assert again.of("made-val-3").tags == ("ask", "left right")
    assert again.of("made-val-3").time.endswith("+00:00")
    assert again.of("made-val-4").note == ""
    assert sorted(p.name for p in notes.folder.iterdir() if "notes" in p.name) == [".notes.json.lock", "notes.json"]


def test_tags_come_and_go(notes) -> None:
    notes.tag("made-val-1", "a", "b")
    assert notes.untag("made-val-1", "a", "never there").tags == ("b",)
    notes.write("made-val-1", note="why")
    assert notes.of("made-val-1").tags == ("b",), "a note leaves the tags"
    notes.remove("made-val-1")
    assert notes.all() == {}


def test_two_writers_lose_nothing(notes) -> None:
    def write(numbers: range) -> None:
        mine = tn.analysis.notes(notes.folder)
        for i in numbers:
            mine.tag(f"made-val-{i % 10}", f"tag {i}")

    threads = [Thread(target=write, args=(range(start, start + 20),)) for start in (0, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(note.tags) for note in notes.all().values()) == 40


@pytest.mark.parametrize("seconds", [-86400 * 365, -30, 0, 30, 86400 * 365])
@pytest.mark.parametrize("content", ["", "4194303\nsome-host", "\0" * 40])
def test_a_lock_that_nobody_holds_blocks_nobody_whatever_its_date(
    notes, seconds: int, content: str, monkeypatch
) -> None:
    monkeypatch.setattr("tasnb.evaluation.notes.PATIENCE", 0.0)
    lock = notes.folder / ".notes.json.lock"
    lock.write_text(content)
    os.utime(lock, (time.time() + seconds,) * 2)
    notes.write("made-val-1", note="written")
    assert notes.of("made-val-1").note == "written"


def test_a_lock_that_is_held_is_told_and_freed_when_its_holder_is_killed(notes, monkeypatch) -> None:
    monkeypatch.setattr("tasnb.evaluation.notes.PATIENCE", 0.0)
    hold = (
        "import sys, time; from filelock import FileLock\nwith FileLock(sys.argv[1]): print(flush=True); time.sleep(99)"
    )
    command = [sys.executable, "-c", hold, str(notes.folder / ".notes.json.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(TimeoutError, match="another process has been writing notes"):
            notes.write("made-val-1", note="x")
        holder.kill()
    notes.write("made-val-1", note="after it")
    assert notes.of("made-val-1").note == "after it"


def test_the_csv_runs_nothing_in_a_spreadsheet(notes, tmp_path: Path) -> None:
    notes.write("made-val-1", note='=HYPERLINK("x")')
    notes.write("made-val-2", note="two\nlines, a comma", tags=["b", "a"])
    with notes.export(tmp_path / "notes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["note"] == '\'=HYPERLINK("x")'
    assert (rows[1]["note"], rows[1]["tags"]) == ("two\nlines, a comma", "b, a")


@pytest.mark.parametrize(
    ("sample_id", "given", "problem"),
    [
        ("nobody", {"note": "x"}, "has no 'nobody'"), ("made-val-1", {"note": "x" * 10_001}, "10001"),
        ("made-val-1", {"tags": ["a,b"]}, "without a comma"), ("made-val-1", {"tags": ["x" * 61]}, "at most 60"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_told(notes, sample_id, given, problem) -> None:
    with pytest.raises(ValueError, match=problem):
        notes.write(sample_id, **given)
    assert not notes.path.exists()


def test_a_damaged_file_is_told_and_not_overwritten(notes) -> None:
    notes.path.write_text(json.dumps(["no"]))
    with pytest.raises(ValueError, match="not a notes file"):
        notes.write("made-val-1", note="x")
    assert json.loads(notes.path.read_text()) == ["no"]


def test_a_text_is_not_a_list_of_tags(notes) -> None:
    with pytest.raises(TypeError, match="list of texts"):
        notes.write("made-val-1", tags="ab")
    with pytest.raises(FileNotFoundError, match="holds no run"):
        tn.analysis.notes(notes.folder.parent)
