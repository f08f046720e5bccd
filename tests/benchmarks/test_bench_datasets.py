from __future__ import annotations

import pytest

from tests.benchmarks import bench_datasets

pytestmark = pytest.mark.slow


def test_the_benchmark_reads_what_it_wrote_and_states_time_and_memory(capsys: pytest.CaptureFixture[str]) -> None:
    bench_datasets.main(["--small"])
    lines = capsys.readouterr().out.splitlines()
    parsed = [line for line in lines if "1,960 annotations" in line]
    assert [line.split("  ")[0] for line in parsed] == ["pydantic", "own checks"]
    loads = [line for line in lines if line.startswith("load ")]
    assert len(loads) == 2
    assert all(line.endswith("30 s and 3 GB") for line in loads)  # whether within it says the machine
    assert "1,422 sentences" in lines[-1]
