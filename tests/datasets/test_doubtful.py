"""Lists of doubtful sentences: left out at opening, in this process and another one, and each malformed row named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasnb import cli, datasets
from tests.datasets.hand_made import refer_parts, write_refer
from tests.datasets.real_layouts import write_parquet

ROWS = [
    {"dataset": "refcoco", "sent_id": 1, "why": "two dogs"},
    {"dataset": "refcoco+", "sent_id": 0, "why": ""},
    {"dataset": "refcoco", "sent_id": 77, "why": ""},
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_refer(tmp_path / "data", *refer_parts())


def written(path: Path, rows: list) -> Path:
    if path.suffix == ".parquet":
        return write_parquet(path, rows)
    if path.suffix == ".csv":
        path.write_text("dataset,sent_id,why\n" + "".join(f"{r['dataset']},{r['sent_id']},\n" for r in rows))
    else:
        path.write_text(json.dumps(rows) if path.suffix == ".json" else "\n".join(map(json.dumps, rows)))
    return path


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".parquet"])
def test_listed_sentences_are_left_out_and_told(root: Path, tmp_path: Path, suffix: str) -> None:
    table = written(tmp_path / f"list{suffix}", ROWS)
    with pytest.warns(datasets.CountWarning) as told:
        samples = datasets.load("refcoco", root=root, without=table)
    assert samples.expressions == ("the dog", "the people")
    assert str(told[-1].message).startswith(
        f"refcoco val (split by unc) is not the published one: 1 sentence of 3 left out by {table}, of whose sent_ids "
        "1 is not there."
    )


@pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")
def test_another_process_opens_the_same_and_it_is_another_run(root: Path, tmp_path: Path) -> None:
    table = written(tmp_path / "list.csv", ROWS)
    whole, samples = datasets.load("refcoco", root=root), datasets.load("refcoco", root=root, without=table)
    table.unlink()
    for part in (samples, samples[1:], samples.take([1])):
        again = datasets.reopen(json.loads(json.dumps(part.spec)))
        assert again.sample_ids == part.sample_ids
        assert again.fingerprint == part.fingerprint
    assert samples.fingerprint != whole.fingerprint
    nothing = written(tmp_path / "nothing.csv", ROWS[1:2])
    assert datasets.load("refcoco", root=root, without=nothing).fingerprint != whole.fingerprint
    assert samples[1].expression == "the people"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([ROWS[0], {"dataset": "refcoco"}], r"row 2: sent_id: expected a number, got None"),
        ([{"dataset": "refcocoplus", "sent_id": 1}], r"row 1: dataset: expected one of refcoco, .* got 'refcocoplus'"),
        ([ROWS[0], 5], r"row 2: dataset: expected one of"),
    ],
)
def test_a_malformed_row_is_one_line_with_row_and_field(root: Path, tmp_path: Path, rows: list, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        datasets.load("refcoco", root=root, without=written(tmp_path / "list.json", rows))


def test_only_for_the_sets_that_were_reviewed(tmp_path: Path) -> None:
    table = written(tmp_path / "list.json", ROWS)
    with pytest.raises(ValueError, match="a list of doubtful sentences is for refcoco, refcoco\\+, refcocog; got one"):
        datasets.load("reftoy", without=table)
    with pytest.raises(ValueError, match=r"unknown kind of table '\.txt'"):
        datasets.load("refcoco", root=tmp_path, without=tmp_path / "list.txt")


def test_check_names_those_that_no_split_has_and_counts_the_rest(root: Path, tmp_path: Path, capsys) -> None:
    table = written(tmp_path / "list.csv", ROWS)
    report = datasets.check("refcoco", root=root, without=table)
    assert [problem.what for problem in report.problems] == [
        f"{table} lists sent_id 77, which refcoco does not have"
    ]  # fmt: skip
    assert [(count.split, count.found.sentences) for count in report.counts] == [("val", 2), ("testA", 1)]
    assert cli.run(["datasets", "check", "refcoco", "--root", str(root), "--without", str(table)]) == 1
    assert "unknown sentence: 1" in capsys.readouterr().out
