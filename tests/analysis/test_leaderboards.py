"""Several models on one split: every table against one counted here from the runs' own rows."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasnb import analysis, report
from tasnb.analysis.leaderboards import Leaderboard, leaderboard
from tasnb.core.errors import UserError
from tasnb.evaluation.compare import compare
from tasnb.evaluation.runs import Run

PRESETS = ("toy", "toy-rn", "toy-cutouts")


@cache
def runs(split: str = "testB") -> tuple[Run, ...]:
    return tuple(Run.shipped(preset, "reftoy", split) for preset in PRESETS)


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return leaderboard(runs())


@pytest.fixture(scope="module")
def right() -> pd.DataFrame:
    """A row a sentence, a column a preset: whether TAS is right."""
    columns = {}
    for preset, run in zip(PRESETS, runs(), strict=True):
        rows = run.predictions()
        columns[f"tas, {preset}"] = rows[rows["method"] == "tas"].set_index("sample_id")["iou"] > 0.5
    return pd.DataFrame(columns)


def test_the_best_comes_first_with_the_figures_of_its_run(board: Leaderboard) -> None:
    assert sorted(board.names) == sorted(f"tas, {preset}" for preset in PRESETS)
    assert list(board.table["miou"]) == sorted(board.table["miou"], reverse=True)
    for entry, row in zip(board.entries, board.table.to_dict("records"), strict=True):
        own = entry.run.table(None, ["tas"]).iloc[0]
        assert (row["miou"], row["oiou_low"], row["n"]) == (own["miou"], own["oiou_low"], own["n"])


def test_the_distance_from_the_first_is_the_paired_difference(board: Leaderboard) -> None:
    assert board.table["behind"][0] == 0
    for place in (1, 2):
        found = compare(board.entries[0].run, board.entries[place].run, metric="miou").frame
        wanted = found[found["method"] == "tas"].iloc[0]
        row = board.table.iloc[place]
        assert (row["behind"], row["behind_low"], row["behind_high"]) == pytest.approx(
            (wanted["difference"], wanted["low"], wanted["high"])
        )


def test_what_one_alone_gets_right_and_what_all_miss(board: Leaderboard, right: pd.DataFrame) -> None:
    for name in board.names:
        others = right.drop(columns=name).any(axis=1)
        assert set(board.only(name)) == set(right.index[right[name] & ~others]) != set()
    assert set(board.missed_by_all()) == set(right.index[~right.any(axis=1)]) != set()
    assert len(board.shared) == len(right)


def test_each_failure_of_each_entry_has_one_cause(board: Leaderboard, right: pd.DataFrame) -> None:
    assert board.causes().sum().to_dict() == (~right).sum().to_dict()


def test_by_type_is_the_breakdown_of_each_run(board: Leaderboard) -> None:
    table = board.by_type().set_index("type")
    for entry in board.entries:
        own = analysis.breakdown(entry.found, "type").set_index("group")
        assert table[entry.name].to_dict() == pytest.approx(own["miou"].to_dict())
        assert table["n"].to_dict() == own["n"].to_dict()
    assert table.loc["all", "missed"] == pytest.approx(100 * len(board.missed_by_all()) / len(board.shared))


def test_methods_of_one_run_are_entries_too() -> None:
    board = leaderboard(runs()[:1], methods=["tas", "clip-only"])
    assert board.names == ("tas", "clip-only")
    assert "behind the first" in str(board)


@pytest.mark.parametrize(
    ("protocol", "says"), [("gres", "N-acc"), ("car", "! car merges sentences"), ("global-local", "Pr@0.5")]
)
def test_every_protocol_has_its_own_columns_and_says_what_it_merges(protocol: str, says: str, tmp_path: Path) -> None:
    board = leaderboard(runs()[:2], protocol=protocol)
    assert says in str(board)
    assert ("merges sentences" in str(board)) == (protocol == "car")
    own = {entry.name: entry.run.table(protocol, ["tas"])["miou"][0] for entry in board.entries}
    assert dict(zip(board.table["name"], board.table["miou"], strict=True)) == own
    page = report.leaderboard(board, tmp_path / "board.html").read_text()
    assert ("gIoU" in page) == (protocol == "gres")


def test_only_sentences_of_all_are_compared(right: pd.DataFrame) -> None:
    class Part:
        """A run that measured every second sentence."""

        def __init__(self, run: Run) -> None:
            self._run = run

        def predictions(self) -> pd.DataFrame:
            rows = self._run.predictions()
            return rows[rows["sample"] % 2 == 0].reset_index(drop=True)

        def __getattr__(self, name: str) -> object:
            return getattr(self._run, name)

    board = leaderboard([runs()[0], Part(runs()[1])])
    assert len(board.shared) == (len(right) + 1) // 2
    assert any("beyond" in note for note in board.notes())


@pytest.mark.parametrize(
    ("given", "methods", "says"),
    [
        (lambda: runs()[:1], (), "2 to 8 entries, got 1"),
        (lambda: runs() * 3, (), "2 to 8 entries, got 9"),
        (lambda: (runs()[0], runs()[0]), (), "comes twice"),
        (lambda: (runs()[0], Run.shipped("toy", "reftoyg", "testB")), (), "reftoy testB and reftoyg testB"),
        (lambda: runs(), ("lavt",), "no run has the method 'lavt'"),
    ],
)
def test_what_is_no_leaderboard_is_refused_in_one_line(given, methods, says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)) as refused:
        leaderboard(given(), methods=methods)
    assert "\n" not in str(refused.value)


def test_the_page_stands_alone(tmp_path: Path, board: Leaderboard) -> None:
    page = report.leaderboard(board, tmp_path / "board.html").read_text()
    for name in board.names:
        assert name in page
    assert "What all of them miss" in page
    assert "<script" not in page
    assert not re.findall(r"https?://", page)
    assert page.count("<img") > 10
    assert np.isfinite(board.table["miou"]).all()
