"""How fast a run is ranked again: synthetic scores of the size of RefCOCO val, 10,834 sentences x 60 proposals.

    python -m tests.benchmarks.bench_sweep                # the full size: seconds
    python -m tests.benchmarks.bench_sweep --small        # the same rows on 300 sentences

Every line prints time and, where there is another way, that way in the same run, its answers compared, and the ratio.
Peak memory is that of a process of its own, libraries included. Budget: a 6 x 5 grid in at most 2 s and 1 GB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.types import Parse, Weights
from tasnb.evaluation import sweep as sweeping
from tasnb.evaluation.ablation import ablation
from tasnb.evaluation.parts import bind, key_of, part_path, write_sealed, write_table
from tasnb.evaluation.records import SCORED, TABLES, schema
from tasnb.evaluation.runs import SCHEMA, Run
from tasnb.pipeline.variant import VARIANTS
from tasnb.stages import spatial

SENTENCES, IMAGES, PROPOSALS = 10_834, 1_500, 60  # RefCOCO val; SAM, 8 x 8 points
ALPHAS, LAMS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8), (0.0, 0.3, 0.5, 0.7, 0.9)
LOOPED = ((0.1, 0.7), (0.4, 0.3))  # grid points that the plain loop does too
IMAGES_A_PART = 10


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """A run in memory: what ``sweep`` needs of a ``Run``."""

    about: dict[str, Any]
    predicted: Any
    scored: Any

    def predictions(self) -> Any:
        return self.predicted

    def scores(self) -> Any:
        return self.scored


def synthetic(sentences: int, images: int, proposals: int, *, variant: str = "paper", seed: int = 0) -> Synthetic:
    """Scores of the right size and shape; every 500th image has no proposal, and 4 sentences in 10 name a direction."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    image = np.arange(sentences) * images // sentences
    sizes = np.where(image % 500 == 499, 0, proposals)
    rows = int(sizes.sum())
    sample = np.repeat(np.arange(sentences), sizes)
    proposal = np.concatenate([np.arange(n) for n in sizes])
    first = np.flatnonzero(np.r_[True, image[1:] != image[:-1]])
    centres = {k: rng.uniform(0, 480, (2, n)) for k, n in zip(image[first], sizes[first], strict=True)}
    centres_xy = np.concatenate([centres[k] for k in image], axis=1)
    area, target = rng.integers(100, 40_000, rows), rng.integers(500, 40_000, sentences)
    shared = (rng.beta(0.3, 1.2, rows) * np.minimum(area, np.repeat(target, sizes))).astype(np.int64)
    union = area + np.repeat(target, sizes) - shared
    names = ("left", "right", "top", "bottom")
    said = [" ".join({*rng.choice(names, rng.integers(1, 3))}) if rng.random() < 0.4 else "" for _ in range(sentences)]
    ids = [f"refcoco-val-{i}" for i in range(sentences)]
    image_ids = [str(k) for k in image]
    scored = pd.DataFrame({
        "sample": sample, "sample_id": np.repeat(np.array(ids, object), sizes),
        "image_id": np.repeat(np.array(image_ids, object), sizes), "proposal": proposal,
        "v": rng.normal(0.24, 0.02, rows), "p": rng.uniform(0.3, 0.9, rows), "n": -rng.normal(0.22, 0.02, rows),
        "prior": 0.0, "kept": kept_by_the_paper(said, centres_xy, sizes), "cx": centres_xy[0], "cy": centres_xy[1],
        "area": area, "intersection": shared, "union": union, "iou": shared / union, **dict.fromkeys(SCORED, np.nan),
    })  # fmt: skip
    predicted = pd.DataFrame({
        "sample": np.arange(sentences), "sample_id": ids, "image_id": image_ids, "ref_id": ids, "sent_id": ids,
        "dataset": "refcoco", "split": "val", "method": "tas", "expression": "the thing", "chosen": -1,
        "proposals": sizes, "intersection": 0, "union": target, "iou": 0.0, "target_area": target, "oracle": -1,
        "oracle_intersection": 0, "oracle_union": target, "oracle_iou": 0.0, "head": "thing", "phrase": "the thing",
        "directions": said, "relations": "[]", "negatives": "[]", "caption": "things", "rectified": False,
        "parse": "{}", "phrases": "[]", "gold": "", "category": "thing", "same_kind": 0,
    })  # fmt: skip
    about = {
        "schema": SCHEMA, "versions": {}, "variant": variant, "variant_options": {},
        "dataset": {
            "name": "refcoco", "split": "val", "samples": sentences, "images": images, "fingerprint": "", "spec": None,
        },
        "methods": ["tas"], "weights": {"alpha": 0.1, "lam": 0.7}, "protocol": "tas", "proposals": "sam",
        "models": {"name": "none", "spec": None, "parts": {}}, "parts": -(-images // IMAGES_A_PART),
    }  # fmt: skip
    return Synthetic(about=about, predicted=predicted, scored=scored)


def kept_by_the_paper(said: list[str], centres_xy: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    kept, at = [np.zeros(0, bool)], 0
    for words, n in zip(said, sizes, strict=True):
        keep = np.ones(n, bool)
        if words:
            parse = Parse(text=words, head=None, directions=tuple(words.split()))  # type: ignore[arg-type]
            keep, _ = spatial.rectify(parse, centres_xy[:, at : at + n].T)
        kept.append(keep)
        at += n
    return np.concatenate(kept)


def write(run: Synthetic, folder: Path) -> None:
    """As a run directory: Parquet parts of 10 images each."""
    import pyarrow as pa

    write_sealed(folder / "run.json", run.about)
    frames = {"predictions": run.predicted, "scores": run.scored}
    for name in TABLES:
        frame = frames.get(name)
        if frame is None:
            table, part = schema(name).empty_table(), np.zeros(0)
        else:
            table = pa.Table.from_pandas(frame, schema=schema(name), preserve_index=False)
            part = frame["image_id"].astype(int).to_numpy() // IMAGES_A_PART
        bounds = np.searchsorted(part, np.arange(run.about["parts"] + 1))
        for number, (low, high) in enumerate(pairwise(bounds)):
            write_table(part_path(folder, name, number), table.slice(low, high - low))
    for number in range(run.about["parts"]):
        bind(folder, number, key_of(run.about))


def looped(run: Synthetic, weights: Weights) -> list[tuple[int, int]]:
    """(intersection, union) of every sentence for one grid point, as one would write it first."""
    rule = VARIANTS[run.about["variant"]].rectifier
    names = ("sample", "v", "p", "n", "kept", "intersection", "union")
    of_sample: dict[int, list[Any]] = {}
    for row in zip(*(run.scored[name].tolist() for name in names), strict=True):
        of_sample.setdefault(row[0], []).append(row[1:])
    centres, at, answers = run.scored[["cx", "cy"]].to_numpy(), 0, []
    columns = (run.predicted[name].tolist() for name in ("sample", "target_area", "directions"))
    for sample, target_area, directions in zip(*columns, strict=True):
        rows = of_sample.get(sample, [])
        totals = [v + weights.alpha * p + weights.lam * n for v, p, n, *_ in rows]
        stays = [row[3] for row in rows]
        if rule.half == "quadrants":  # the paper's rule does not look at the totals, so its verdict is stored
            parse = Parse(text="thing", head=None, directions=tuple(directions.split()))
            here = centres[at : at + len(rows)]
            stays = spatial.rectify(parse, here, rule=rule, totals=np.array(totals))[0].tolist()
        best, answer = -np.inf, (0, target_area)
        for total, stay, row in zip(totals, stays, rows, strict=True):
            if stay and total > best:
                best, answer = total, (row[4], row[5])
        answers.append(answer)
        at += len(rows)
    return answers


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def lines(size: tuple[int, int, int]) -> Iterator[str]:
    """One line for each measurement, as it is made."""
    grid = {"alpha": ALPHAS, "lam": LAMS}
    points = len(ALPHAS) * len(LAMS)
    for variant in ("paper", "official"):
        run = synthetic(*size, variant=variant)
        if variant == "paper":
            yield f"{len(run.predicted):,} sentences, {len(run.scored):,} scores, grid {len(ALPHAS)} x {len(LAMS)}"
        fast, found = timed(lambda run=run: sweeping.sweep(run, **grid))  # type: ignore[misc]
        yield f"sweep in memory, {variant:<8} {fast:8.2f} s"
        slow = 0.0
        for alpha, lam in LOOPED:
            took, answers = timed(lambda run=run, a=alpha, b=lam: looped(run, Weights(alpha=a, lam=b)))  # type: ignore[misc]
            slow += took * points / len(LOOPED)
            frame = sweeping.rerank(run, alpha=alpha, lam=lam)
            same = answers == list(zip(frame["intersection"], frame["union"], strict=True))
            at = found.frame[(found.frame["alpha"] == alpha) & (found.frame["lam"] == lam)].iloc[0]
            mean = 100 * float(np.mean([i / u if u else 0.0 for i, u in answers]))
            if not same or abs(mean - at["miou"]) > 1e-9:
                raise AssertionError(f"the loop and the sweep differ at alpha {alpha}, lambda {lam}")
        yield (
            f"  a plain loop, {variant:<8} {slow:8.2f} s for the grid (from {len(LOOPED)} points, same answers)   "
            f"{slow / fast:6.0f}x"
        )
    run = synthetic(*size)
    yield f"Table 4 with intervals     {timed(lambda: ablation(run))[0]:8.2f} s"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        yield f"write the run directory    {timed(lambda: write(run, folder))[0]:8.2f} s"
        megabytes = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6
        took, again = timed(lambda: sweeping.sweep(Run.open(folder), **grid))
        if not again.frame.equals(sweeping.sweep(run, **grid).frame):
            raise AssertionError("the sweep from disk differs from the sweep in memory")
        yield f"sweep from disk            {took:8.2f} s, {megabytes:.0f} MB of Parquet read"
        if Path("/proc/self/status").is_file():  # Linux
            base, peak = (in_a_process(folder, step) for step in ("import", "sweep"))
            yield f"peak memory, own process   {peak:8.0f} MB, of which {base:.0f} MB are the imported libraries"


def in_a_process(folder: Path, step: str) -> float:
    """Peak resident memory in MB of a fresh process that imports, or imports and sweeps."""
    work = f"sweep.sweep(Run.open({str(folder)!r}), alpha={ALPHAS}, lam={LAMS})" if step == "sweep" else "pass"
    code = (
        "import pandas, pyarrow.parquet\nfrom tasnb.evaluation import sweep\nfrom tasnb.evaluation.runs import Run\n"
        # getrusage would count what the parent held when it started this process
        f"{work}\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout) / 1e3


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", action="store_true", help="300 sentences: checks that the benchmark runs")
    given = options.parse_args(arguments)
    for line in lines((300, 501, 7) if given.small else (SENTENCES, IMAGES, PROPOSALS)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
