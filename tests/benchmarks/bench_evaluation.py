"""What describing an image once is worth, and how a run directory of the size of RefCOCO val behaves.

    python -m tests.benchmarks.bench_evaluation                 # the rows below; a few minutes on 2 cores
    python -m tests.benchmarks.bench_evaluation --scenes 2      # a quick look

The literal loop does what the authors' released code does: for each expression everything again, each proposal alone.
Both sides run in this process, on the same scenes, and must choose the same proposals.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import tasnb as tn
from tasnb.core.masks import areas, centroids_xy
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.parts import key_of, write_part, write_sealed
from tasnb.evaluation.records import SCORED, TABLES, Rows
from tasnb.evaluation.runs import SCHEMA, Run
from tasnb.stages import crops, expressions, scores, spatial
from tasnb.stages.negatives import mine
from tasnb.store import Store
from tests.benchmarks.bench_models import row

SENTENCES, PROPOSALS, IMAGES = 10_834, 60, 1_500  # RefCOCO val; proposals as SAM gives them on a photo
ABOUT = {
    "schema": SCHEMA, "versions": {}, "methods": ["tas"], "variant": "paper", "variant_options": {},
    "dataset": {
        "name": "refcoco", "split": "val", "samples": SENTENCES, "images": IMAGES, "fingerprint": "", "spec": None,
    },
    "models": {"name": "none", "spec": None, "parts": {}}, "weights": {"alpha": 0.1, "lam": 0.7}, "proposals": "sam",
    "protocol": "tas", "parts": IMAGES // 10,
}  # fmt: skip


def literal_loop(samples: Sequence[Any], models: Any) -> list[int | None]:
    """TAS, method "paper", written as one loop: the chosen proposal of every sample."""
    chosen = []
    for sample in samples:
        found = models.proposer.propose(sample.image)
        text = models.encoder.encode_texts([sample.expression.strip().lower()])[0]
        v, p, embeddings = [], [], []
        for index in range(len(found)):
            one = found[[index]]
            embedding = models.encoder.encode_images(crops.cut_all(sample.image, one, tn.PAPER.v_crop))
            caption = models.captioner.caption(crops.cut_all(sample.image, one, tn.PAPER.p_crop))
            embeddings.append(embedding[0])
            v.append(scores.v_score(embedding, text)[0])
            p.append(scores.p_score(models.encoder.encode_texts(list(caption)), text)[0])
        overall = models.captioner.caption([sample.image])[0]
        phrases = expressions.noun_phrases(overall, models.parser)
        parse = expressions.parse(sample.expression, models.parser)
        kept = mine(overall, phrases, parse, models.wordnet).kept
        negatives = np.array([models.encoder.encode_texts([phrase])[0] for phrase in kept])
        n = scores.n_score(np.array(embeddings), negatives) if len(kept) else np.zeros(len(v))
        if not v:
            chosen.append(None)
            continue
        total = scores.combine(np.array(v), np.array(p), n, tn.variant.weights_for("paper", models))
        stays, _ = spatial.rectify(parse, centroids_xy(found.masks), totals=total, areas=areas(found.masks))
        chosen.append(int(np.argmax(np.where(stays, total, -np.inf))))
    return chosen


def against_the_literal_loop(scenes: int, most: int | None = None) -> str:
    """Cold time of the evaluation against the literal loop, on the first scenes of RefToy val; same answers.

    most: no more expressions than this.
    """
    samples = tn.datasets.load("reftoy", split="val")
    count = next((i for i in range(len(samples)) if len(set(samples.image_ids[: i + 1])) > scenes), len(samples))
    count = min(count, most or count)
    few = samples[:count]
    models = tn.models.load("toy", device="cpu")
    tn.describe(few[0].image, models)  # warm the libraries for both sides
    started = time.perf_counter()
    literal = literal_loop(few, models)
    slow = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = evaluate(few, models, methods=["tas"], out=Path(folder) / "r", store=Store(Path(folder) / "s"))
        fast = time.perf_counter() - started
        ours = [None if c < 0 else c for c in run.predictions()["chosen"].tolist()]
    same = sum(a == b for a, b in zip(literal, ours, strict=True))
    line = row(f"{count} expressions, {scenes} scenes", ("literal loop", slow), ("evaluate, cold", fast))
    return f"{line}   same answers: {same} of {count}"


def run_directory(folder: Path, parts: int = IMAGES // 10) -> list[str]:
    """Writing and reading a run directory, made of random numbers; of RefCOCO val's size unless ``parts`` says less."""
    rng = np.random.default_rng(0)
    started = time.perf_counter()
    for part in range(parts):
        write_part(folder, part, _rows(rng, part, SENTENCES // (IMAGES // 10)), key_of(ABOUT))
    written = time.perf_counter() - started
    size = sum(f.stat().st_size for f in folder.rglob("*.parquet")) / 1e6
    started = time.perf_counter()
    write_sealed(folder / "run.json", ABOUT)
    run = Run(folder)
    frames = {name: getattr(run, name)() for name in TABLES}
    read = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [
        f"run directory: {len(frames['predictions']):,} predictions, {len(frames['scores']):,} scores, {parts} parts, "
        f"{size:.0f} MB: written in {written:.1f} s, read in {read:.1f} s, peak memory {peak:.1f} GB"
    ]


def _rows(rng: np.random.Generator, part: int, sentences: int) -> Rows:
    rows = Rows()
    for s in range(sentences):
        number = part * sentences + s
        ids = {"sample": number, "sample_id": f"refcoco-val-{number}", "image_id": str(part * 10 + s % 10)}
        n = PROPOSALS
        area = rng.integers(100, 50_000, n)
        shared = (area * rng.random(n)).astype(np.int64)
        rows.scores.append(
            {
                "sample": np.full(n, number), "sample_id": [ids["sample_id"]] * n, "image_id": [ids["image_id"]] * n,
                "proposal": np.arange(n), "v": rng.random(n), "p": rng.random(n), "n": -rng.random(n),
                "prior": np.zeros(n), "kept": rng.random(n) < 0.7, "cx": rng.random(n) * 640, "cy": rng.random(n) * 480,
                "area": area, "intersection": shared, "union": area + 1000, "iou": shared / (area + 1000),
                **{name: np.full(n, np.nan) for name in SCORED},
            }
        )  # fmt: skip
        if s < 10:
            rows.proposals.append(_proposals(rng, ids["image_id"], n))
        rows.predictions.append(
            {
                **ids, "ref_id": str(number // 3), "sent_id": str(number), "dataset": "refcoco", "split": "val",
                "method": "tas", "expression": "the man in the red shirt", "chosen": 3, "proposals": n,
                "intersection": int(shared[3]), "union": int(area[3] + 1000), "iou": 0.5, "target_area": 1000,
                "oracle": 3, "oracle_intersection": int(shared[3]), "oracle_union": int(area[3] + 1000),
                "oracle_iou": 0.5, "head": "man", "phrase": "the man", "directions": "", "relations": "[]",
                "negatives": '["a dog", "a tree"]', "caption": "a man, a dog and a tree", "rectified": False,
                "parse": "{}", "phrases": "[]", "gold": "", "category": "person", "same_kind": 2,
            }
        )  # fmt: skip
    return rows


def _proposals(rng: np.random.Generator, image_id: str, n: int) -> dict[str, Any]:
    """What a run keeps of an image's proposals: run lengths of some 200 letters a mask, six phrases."""
    letters = rng.integers(48, 111, (n, 200)).astype(np.uint8)
    return {
        "image_id": [image_id] * n, "proposal": np.arange(n), "caption": ["a man in a red shirt"] * n,
        "x0": np.zeros(n, int), "y0": np.zeros(n, int), "x1": np.full(n, 90), "y1": np.full(n, 90),
        "height": np.full(n, 480), "width": np.full(n, 640), "mask": [row.tobytes().decode() for row in letters],
        "phrase_cosines": list(rng.random((n, 6))),
    }  # fmt: skip


def big_store(folder: Path, entries: int) -> str:
    """A store of many entries: how long it takes to open and to recall one, and to measure it."""
    store = Store(folder)
    for number in range(entries):
        path = folder / "captions" / f"{number % 256:02x}" / f"{number:064x}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT))
    store.memo("captions", "image", "model", {}, lambda: ("a cat",))
    started = time.perf_counter()
    Store(folder).memo("captions", "image", "model", {}, lambda: ("recomputed",))
    opened = time.perf_counter() - started
    started = time.perf_counter()
    found = Store(folder).info().entries
    measured = time.perf_counter() - started
    return f"store of {found:,} entries: opened and one recalled in {opened:.4f} s; measured (info) in {measured:.2f} s"


def main(arguments: list[str] | None = None) -> None:
    """Print the rows."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--scenes", type=int, default=5)
    options.add_argument("--entries", type=int, default=100_000)
    options.add_argument("--threads", type=int)
    options.add_argument("--small", action="store_true", help="two expressions, three parts: checks that it runs")
    given = options.parse_args(arguments)
    if given.threads:
        import torch

        torch.set_num_threads(given.threads)
    print(against_the_literal_loop(given.scenes, 2 if given.small else None), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for line in run_directory(Path(folder), 3 if given.small else IMAGES // 10):
            print(line, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(big_store(Path(folder), given.entries), flush=True)


if __name__ == "__main__":
    main()
