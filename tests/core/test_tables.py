"""Text that neither a terminal nor a spreadsheet obeys: control characters are shown, formulas are text."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tasnb
from tasnb import datasets
from tasnb.core.brief import brief
from tasnb.core.tables import csv_cell, csv_text, from_csv_cell, printable, text_table
from tasnb.core.types import Sample

# a window's title, a screen cleared, C1's CSI, a name turned around, isolates, halves of characters, a bell, a return
OBEYED = [
    "\x1b]0;x\x07",
    "\x1b[2J",
    "\x9b31m",
    "\u202egpj.exe",
    "\u2066x\u2069",
    "\ud800",
    "\udcff",
    "\a",
    "\r",
    "\x85",
    "\x7f",
    "\u2028",
    "\u2029",
    "\x00",
    "\x0b",
    "\u200f",
    "\u061c",
    "\x1bP",
    "\x8f",
    "\ufffb",
]
FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "=cmd|' /C calc'!A0",
    "-",
    "\uff1d1+1",
    "'=1",
    "''-x",
    "-1e5x",
    "+",
]
PLAIN = ["cat", "-1.5", "+3", "1e5", "-.5", "", "'tis a cat", "a=b", " =1", "'", "\N{GRINNING FACE}", "左の猫", "a\tb"]


@pytest.mark.parametrize("text", OBEYED)
def test_what_a_terminal_obeys_is_shown(text: str) -> None:
    shown = printable(f"a {text} b\n")
    assert shown.endswith(" b\n")
    assert "\\u" in shown
    assert all(letter == "\n" or letter.isprintable() for letter in shown)
    assert json.loads(printable(json.dumps([text], ensure_ascii=False))) == [text], "JSON is the same JSON"
    table = text_table(["name", text], [[f"x{text}\ny", 1.0]])
    assert len(table.splitlines()) == 2
    assert all(letter == "\n" or letter.isprintable() for letter in table)


@pytest.mark.parametrize("text", PLAIN)
def test_words_stay_words(text: str) -> None:
    assert printable(text) == text
    assert csv_cell(text) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    kinds = pd.Categorical([text, "x"])
    frame = pd.DataFrame({text: [text, "x"], "n": [-1.5, 2], "m": [-3, 4], "mixed": [text, -2.5], "kind": kinds})
    for written in (csv_text(frame), csv_text([[text, "n"], [text, -1.5]])):
        rows = list(csv.reader(io.StringIO(written, newline="")))
        assert not [
            cell
            for row in rows
            for cell in row
            if re.match(r"[=+\-@\t\r\n\uff1d]", cell) and not re.fullmatch(r"-[\d.]+", cell)
        ]
        assert "-1.5" in {cell for row in rows for cell in row}, "a number stays one"
        assert len({len(row) for row in rows}) == 1, "and no row is broken in two"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="'=+-@\t\r\n,\" a1.e\uff1d", max_size=6))
def test_a_cell_is_read_back_as_it_was(text: str) -> None:
    assert from_csv_cell(csv_cell(text)) == text
    written = csv_text([[text, "end"]])
    assert [from_csv_cell(cell) for cell in next(csv.reader(io.StringIO(written, newline="")))] == [text, "end"]


def test_values_of_other_kinds_are_written_as_pandas_does() -> None:
    frame = pd.DataFrame(
        {
            "i": [1, -2],
            "f": [0.1 + 0.2, np.nan],
            "b": [True, False],
            "s": ["x,y", None],
            "t": pd.to_datetime(["2020-01-01", "2021-01-01"]),
        }
    )
    assert csv_text(frame) == frame.to_csv(index=False, lineterminator="\n")
    assert csv_text(frame, float_format="%.2f") == frame.to_csv(index=False, lineterminator="\n", float_format="%.2f")


def test_a_data_set_is_read_as_it_was_written(tmp_path: Path) -> None:
    words = ["=the cat", "-1 cat", "@cat", "'=cat", "+cat", "'tis a cat", "-1.5"]
    ids = {"dataset": "own", "split": "val", "target": None, "image": np.zeros((4, 4, 3), np.uint8), "image_id": "=1"}
    samples = [
        Sample(expression=text, sample_id=str(n), ref_id=f"-{n}", sent_id=str(n), **ids) for n, text in enumerate(words)
    ]
    datasets.write(samples, tmp_path / "own")
    read = datasets.load("folder", root=tmp_path / "own", split="val")
    assert [sample.expression for sample in read] == words
    assert [sample.ref_id for sample in read] == [f"-{n}" for n in range(len(words))]
    table = (tmp_path / "own" / "samples.csv").read_text(encoding="utf-8")
    assert ",'=the cat," in table


def test_every_csv_and_every_line_printed_goes_through_one_door() -> None:
    """What writes a table or prints elsewhere is found here, and is to use ``csv_text`` or ``cli.output.say``."""
    sources = {path: path.read_text(encoding="utf-8") for path in Path(tasnb.__file__).parent.rglob("*.py")}
    writes = {path.stem for path, text in sources.items() if re.search(r"\.to_csv\(|csv\.(writer|DictWriter)\(", text)}
    assert writes == {"tables"}
    prints = {
        path.stem for path, text in sources.items() if re.search(r"^\s*(print|typer\.echo)\(", text, re.MULTILINE)
    }
    assert prints == {"output"}


def test_a_value_in_one_line_shows_what_its_keys_hold() -> None:
    from dataclasses import dataclass

    @dataclass
    class Holding:
        kept: dict[str, int]

    assert brief(Holding(dict.fromkeys(OBEYED[:7], 1))).isprintable()
