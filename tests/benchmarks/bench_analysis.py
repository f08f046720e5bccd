"""How fast a run is analysed, and how often a planted failure is named.

    python -m tests.benchmarks.bench_analysis                    # a synthetic run of 10,000 sentences x 40 proposals
    python -m tests.benchmarks.bench_analysis --small            # 500 sentences
    python -m tests.benchmarks.bench_analysis --runs RUN ...     # also: planted into real runs, and their report

Budget: 10,000 samples in at most 10 s; the report of RefToy val, testA and testB in at most 60 s and 15 MB; planted
causes named in at least 95 of 100 cases. Planting shares no code with the attribution (tests/analysis/planting.py).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tasnb import analysis, report
from tasnb.evaluation.runs import Run
from tests.analysis.planting import Planted, PlantedRun, confusion, from_run, plant, synthetic

SAMPLES, PROPOSALS, CASES = 10_000, 40, 2000


def padded(case: Planted, rng: np.random.Generator) -> Planted:
    """The case with poor proposals of nothing in particular, to the number that SAM gives on photos.

    V is noisy, so that more than half of the answers fail, as on RefCOCO.
    """
    extra = PROPOSALS - len(case.v)
    case.v = np.concatenate([case.v, rng.normal(0.1, 0.02, extra)]) + rng.normal(0, 0.06, PROPOSALS)
    case.p = np.concatenate([case.p, rng.normal(0.2, 0.05, extra)])
    case.cosines = np.concatenate([case.cosines, rng.normal(0.15, 0.02, (extra, case.cosines.shape[1]))])
    case.captions = [*case.captions, *["a thing"] * extra]
    case.centres = np.concatenate([case.centres, rng.uniform(0, 256, (extra, 2))])
    case.areas = np.concatenate([case.areas, rng.integers(100, 2000, extra)])
    case.inter = np.concatenate([case.inter, np.zeros(extra, int)])
    return case


def speed(samples: int) -> None:
    rng = np.random.default_rng(0)
    cases = [padded(case, rng) for case in synthetic(samples, 0)]
    run = _Kept(PlantedRun(cases))
    started = time.perf_counter()
    found = analysis.attribute(run)
    attributed = time.perf_counter()
    analysis.recoverable(found)
    analysis.overlap(found)
    priced = time.perf_counter()
    analysis.breakdown(found, "type")
    analysis.cases(found)
    asked = time.perf_counter()
    failures = int(found.frame["failed"].sum())
    total = asked - started
    print(
        f"{samples} samples x {PROPOSALS} proposals, {failures} failures: {total:.1f} s in all (budget 10 s for 10,000)"
    )
    print(f"  attribute {attributed - started:.1f} s, recoverable and overlap {priced - attributed:.1f} s, "
          f"by type and cases {asked - priced:.1f} s; budget / taken {10 * samples / SAMPLES / total:.1f}")  # fmt: skip


class _Kept:
    """A run whose tables are at hand, as a run directory's are after the first look."""

    def __init__(self, run: PlantedRun) -> None:
        self.about, self.methods = run.about, run.methods
        self._tables = {name: getattr(run, name)() for name in ("predictions", "scores", "proposals")}

    def predictions(self) -> Any:
        return self._tables["predictions"].copy()

    def scores(self) -> Any:
        return self._tables["scores"].copy()

    def proposals(self) -> Any:
        return self._tables["proposals"].copy()


def accuracy(name: str, bases: list[Planted], cases: int, seed: int, wordnet: Any) -> tuple[int, int]:
    made, harmless = plant(bases, cases, seed)
    found = analysis.attribute(PlantedRun(made), wordnet=wordnet)
    named = dict(zip(found.frame["sample"], found.frame["cause"], strict=True))
    right = sum(named[i] == case.cause for i, case in enumerate(made))
    print(f"{name}: {right} of {len(made)} planted causes named ({100 * right / max(1, len(made)):.1f} %), seed {seed}")
    print(confusion(made, named).round(3).to_string())
    print(f"  left the answer right, so no failure: {', '.join(f'{k} {v}' for k, v in harmless.items() if v)}")
    return right, len(made)


def real(folders: list[Path]) -> None:
    runs = [Run(folder) for folder in folders]
    wordnet = analysis.wordnet_of(runs[0])  # planted runs name no preset
    groups: dict[tuple[float, float], list[Any]] = {}
    for run in runs:
        groups.setdefault(tuple(run.about["weights"].values()), []).append(run)
    right, total = 0, 0
    for weights, group in groups.items():
        bases = [case for run in group for case in from_run(run)]
        share = round(CASES * 1.03 * len(bases) / sum(len(run.predictions()) / len(run.methods) for run in runs))
        one, of = accuracy(f"real scenes, alpha and lambda {weights}", bases, share, 0, wordnet)
        right, total = right + one, total + of
    print(f"real scenes together: {right} of {total} ({100 * right / max(1, total):.1f} %)")
    first = next(iter(groups.values()))
    names = {run.about["dataset"]["name"] for run in first}
    splits = [run for run in first if run.about["dataset"]["name"] == sorted(names)[0]]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        path = report.run(splits, Path(folder) / "report.html")
        taken, size = time.perf_counter() - started, path.stat().st_size / 1e6
        data = ", ".join(f"{r.about['dataset']['name']} {r.about['dataset']['split']}" for r in splits)
        print(f"report of {data}: {taken:.1f} s, {size:.1f} MB (budget 60 s, 15 MB)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--runs", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    speed(500 if options.small else SAMPLES)
    accuracy("synthetic tables", list(synthetic(3000, 0)), 200 if options.small else CASES, 0, None)
    if options.runs:
        real(options.runs)


if __name__ == "__main__":
    main()
