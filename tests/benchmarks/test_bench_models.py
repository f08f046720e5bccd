from __future__ import annotations

import re

import pytest

from tests.benchmarks import bench_models

pytestmark = pytest.mark.slow


def test_the_benchmark_prints_both_sides_and_a_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    bench_models.main(["--small", "--threads", "1"])
    lines = capsys.readouterr().out.splitlines()
    compared = [line for line in lines if re.search(r": +\d+\.\d{3} s .*: +\d+\.\d{3} s +\d+\.\d\dx$", line)]
    assert len(compared) == 6


@pytest.mark.bench  # two processes that import everything
def test_one_photo_is_measured_by_both_proposers(capsys: pytest.CaptureFixture[str]) -> None:
    bench_models.main(["--photo", "--small", "--threads", "1"])
    before, after, cpu, memory = capsys.readouterr().out.splitlines()
    assert re.match(r"SAM ViT-B, every caption: (\d+) of \1 masks captioned; CPU seconds: proposals", before)
    assert re.match(r"SAM 2\.1 tiny, captions on demand: \d+ of \d+ masks captioned; CPU seconds: proposals", after)
    assert re.search(r"before: +\d+\.\d{3} s +after: +\d+\.\d{3} s +\d+\.\d\dx$", cpu)
    assert memory.startswith("peak memory above the loaded models before: ")
