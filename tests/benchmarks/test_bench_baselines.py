from __future__ import annotations

import re

import pytest

from tests.benchmarks import bench_baselines


@pytest.mark.slow
def test_the_benchmark_prints_both_sides_and_a_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    bench_baselines.main(["--small", "--threads", "1", "--masks", "3"])
    lines = capsys.readouterr().out.splitlines()
    compared = [line for line in lines if re.search(r": +\d+\.\d{3} s .*: +\d+\.\d{3} s +\d+\.\d\dx$", line)]
    assert len(compared) == 13
