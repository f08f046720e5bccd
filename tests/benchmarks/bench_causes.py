"""How often a planted fault of an answer is named without scores, and how fast 10,834 answers are analysed.

    python -m tests.benchmarks.bench_causes               # 3,000 faults in mini-refcoco and RefToy
    python -m tests.benchmarks.bench_causes --small       # 300
    python -m tests.benchmarks.bench_causes --speed       # also answers of RefCOCO val's size

Faults are made from annotations, each by its own definition, and share no code with the rules
(tests/analysis/answering.py). Budget: at least 95 of 100 named; 10,834 answers in at most 10 s on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasnb import analysis, datasets, report
from tasnb.core.shipped import data_root
from tasnb.models.language import load_parser, load_wordnet
from tasnb.stages import expressions
from tests.analysis.answering import AnsweredRun, Faulty, confusion, plant
from tests.benchmarks import bench_datasets


def sets() -> Iterator[tuple[str, datasets.Samples]]:
    root = Path(os.environ.get("TASNB_SHARED", "../shared")) / "data" / "mini-refcoco"
    if root.is_dir():
        for split in ("val", "testA", "testB"):
            yield f"mini-refcoco {split}", datasets.load("refcoco", split=split, root=root)
    for split in ("val", "testA", "testB"):
        yield f"RefToy {split}", datasets.load("reftoy", split=split)


def parser(texts: Sequence[str] = ()) -> tuple[Callable[[str], Any], Any]:
    toy = data_root() / "models" / "toy"
    nlp, wordnet = load_parser(toy / "spacy"), load_wordnet(toy / "wordnet")
    known = dict(zip(texts, expressions.parse_all(texts, nlp, wordnet=wordnet), strict=True))
    return lambda text: known.get(text) or expressions.parse(text, nlp, wordnet=wordnet), wordnet


def accuracy(count: int, seed: int = 0) -> tuple[Any, Any]:
    """The tables of all sets together: planted faults and what they were called."""
    import pandas as pd

    found, (parse, wordnet), cases = [], parser(), []
    chosen = list(sets())
    for name, samples in chosen:
        made = list(plant(samples, -(-count // len(chosen)), seed))
        run = AnsweredRun(samples, made, parse)
        told = analysis.attribute(run, samples=run.samples, withdrawn=run.withdrawn, wordnet=wordnet)
        frame = told.frame.assign(set=name)
        found.append(frame)
        cases += made
    frame = pd.concat(found, ignore_index=True)
    return confusion(cases, frame), frame


def write_val(root: Path) -> datasets.Samples:
    """A set of RefCOCO val's size: 1,500 pictures of 480 x 640, 10,500 polygons of ten kinds, 10,834 sentences."""
    sizes = {"IMAGES": 1500, "REFS": 3811, "SENTENCES": 10_834, "ANNOTATIONS": 10_500}
    usual = {name: getattr(bench_datasets, name) for name in sizes}
    try:
        for name, size in sizes.items():
            setattr(bench_datasets, name, size)
        bench_datasets.write(root)
    finally:
        for name, size in usual.items():
            setattr(bench_datasets, name, size)
    rng, path = np.random.default_rng(0), root / "refcoco" / "instances.json"
    content = json.loads(path.read_text())
    content["categories"] = [{"supercategory": "", "id": i, "name": f"kind {i}"} for i in range(10)]
    content["categories"][1]["name"] = "person"
    for thing in content["annotations"]:
        thing["category_id"] = int(rng.choice([1, 1, 1, *range(10)]))
        scale, at = rng.uniform(0.15, 0.7), rng.uniform([60, 60], [580, 420])
        thing["segmentation"] = [
            np.clip((np.reshape(rim, (-1, 2)) - [320, 240]) * scale + at, 0, [640, 480]).ravel().tolist()
            for rim in thing["segmentation"]
        ]
    path.write_text(json.dumps(content))
    kinds = {thing["id"]: thing["category_id"] for thing in content["annotations"]}
    path = root / "refcoco" / "refs(unc).p"
    refs = [{**ref, "split": "val", "category_id": kinds[ref["ann_id"]]} for ref in pickle.loads(path.read_bytes())]
    path.write_bytes(pickle.dumps(refs, protocol=2))
    for image in content["images"]:  # the report shows some of the pictures
        grey = Image.new("RGB", (640, 480), (120, 120, 120))
        grey.save(root / "images" / "train2014" / image["file_name"], quality=30)
    return datasets.load("refcoco", split="val", root=root)


def answered(samples: datasets.Samples) -> list[Faulty]:
    """Answers as a model gives them: half of them the target, the others another thing, a part, or nothing."""
    rng, cases = np.random.default_rng(0), []
    things: dict[str, list[Any]] = {}
    for i, text in enumerate(samples.expressions):
        image_id, targets = samples.image_id(i), samples.target_ids(i)
        if image_id not in things:
            things[image_id] = samples.instances(image_id)
        every = things[image_id]
        target = next(thing for thing in every if thing.id in targets)
        mask = target.mask
        how = rng.random()
        given = (
            mask if how < 0.5 else every[int(rng.integers(len(every)))].mask if how < 0.9 else mask & (rng.random() > 2)
        )
        if 0.9 <= how < 0.97:
            given = mask.copy()
            given[: int(np.argwhere(mask)[:, 0].mean()) + 1] = False
        counts = int((mask & given).sum()), int((mask | given).sum())
        answer = given if given.any() else None
        cases.append(Faulty("", image_id, targets, target.category, int(mask.sum()), counts, answer, text))
    return cases


def speed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        samples = write_val(Path(folder))
        run = AnsweredRun(
            samples, answered(samples), parser(list(dict.fromkeys(samples.expressions)))[0], planted=False
        ).write(Path(folder) / "run")
        run.predictions(), run.answers()
        started = time.perf_counter()
        found = analysis.attribute(run)
        attributed = time.perf_counter()
        analysis.recoverable(found), analysis.overlap(found), analysis.breakdown(found, "type"), analysis.cases(found)
        asked = time.perf_counter()
        print(f"{len(found.frame)} answers, {len(found.failures)} failures: "
              f"{asked - started:.1f} s (budget 10 s); attribute {attributed - started:.1f} s")  # fmt: skip
        report.run([run], Path(folder) / "report.html")
        print(f"report: {time.perf_counter() - asked:.1f} s (budget 60 s)")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--small", action="store_true")
    options.add_argument("--speed", action="store_true")
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    started = time.perf_counter()
    table, frame = accuracy(300 if given.small else 3000, given.seed)
    print(table.to_string(index=False))
    total, named, exact = (int(table[name].sum()) for name in ("cases", "named", "with its detail"))
    print(f"{named} of {total} named ({100 * named / total:.1f} %, budget 95), {exact} with the detail too "
          f"({100 * exact / total:.1f} %), seed {given.seed}; {time.perf_counter() - started:.0f} s")  # fmt: skip
    if given.speed:
        speed()
    by_set = frame.groupby("set")["failed"].agg(["size", "sum"])
    print(by_set.rename(columns={"size": "cases", "sum": "failures"}).to_string())


if __name__ == "__main__":
    main()
