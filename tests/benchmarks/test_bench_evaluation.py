"""The benchmark of evaluations runs, on a small scale: both sides of the ratio are printed, and they agree."""

from __future__ import annotations

import re

import pytest

from tests.benchmarks import bench_evaluation


@pytest.mark.slow
def test_both_sides_are_printed_and_agree(capsys: pytest.CaptureFixture[str]) -> None:
    bench_evaluation.main(["--scenes", "1", "--entries", "20", "--small"])
    printed = capsys.readouterr().out
    assert "literal loop" in printed
    same, of = re.search(r"same answers: (\d+) of (\d+)", printed).groups()  # type: ignore[union-attr]
    assert same == of == "2"
    assert "run directory: 216 predictions" in printed
    assert "store of 21 entries" in printed
