from __future__ import annotations

import re

import pytest

from tests.benchmarks import bench_memory


@pytest.mark.slow
def test_the_benchmark_prints_every_stage_and_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    bench_memory.main(["--small", "--device", "cpu"])
    lines = capsys.readouterr().out.splitlines()
    measured = [line.split("  ")[0] for line in lines if re.search(r"s an image +peak +\d+\.\d\d GB", line)]
    assert set(measured) == set(bench_memory.STAGES)
    assert any("int8      left out: dtype 'int8' needs a CUDA device" in line for line in lines)
    assert re.search(r"peak \d+\.\d\d GB   paper, all at once: 22\.00 GB   \d+\.\d\dx", lines[-1])
