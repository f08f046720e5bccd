"""``tasnb demo``: a toy scene taken apart, and the module ablation on 30 scenes, with nothing but what is shipped."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tasnb import datasets, models
from tasnb.cli import segmenting as story
from tasnb.core.types import Sample
from tasnb.evaluation.ablation import ablate
from tasnb.plots import ablation_chart

SCENES = 30  # the first 30 images of RefToy val, in the data set's own order
SHOWN = 159  # two boys alike: V alone takes the wrong one, the rectifier the right one
STEPS = story.STEPS + SCENES


@dataclass(frozen=True, kw_only=True)
class Shown:
    """record: JSON-ready facts. text: the same for a terminal."""

    record: dict[str, Any]
    text: str


def scenes(count: int = SCENES) -> list[Sample]:
    """Every expression of the first ``count`` images of RefToy val, image by image."""
    split = datasets.load("reftoy", split="val")
    by_image: dict[str, list[int]] = {}
    for number in range(len(split)):
        by_image.setdefault(split.image_id(number), []).append(number)
    return [split[number] for group in islice(by_image.values(), count) for number in group]


def run(out: Path, *, device: str = "auto", step: Callable[[str], None] = lambda _: None) -> Shown:
    """Write the demo to ``out`` and return what to print."""
    out.mkdir(parents=True, exist_ok=True)
    step("loading the toy models (their libraries take most of it)")
    started = time.perf_counter()
    loaded = models.load("toy", device=device)
    loading = time.perf_counter() - started
    sample = datasets.load("reftoy", split="val")[SHOWN]
    told = story.tell(sample.image, sample.expression, loaded, out=out, target=sample.target, step=step)
    started = time.perf_counter()
    done = 0

    def tick(_: str) -> None:
        nonlocal done
        done += 1
        step(f"module ablation, scene {done} of {SCENES}")

    step("module ablation")
    result = ablate(scenes(), loaded, tick=tick)
    seconds = time.perf_counter() - started
    with (out / "ablation.csv").open("w", encoding="utf-8", newline="") as lines:
        fields = list(dict.fromkeys(key for row in result.rows for key in row))
        writer = csv.DictWriter(lines, fields)
        writer.writeheader()
        writer.writerows(result.rows)
    ablation_chart(result.rows, title=f"{result.data}: {result.n} expressions, 95 % intervals").savefig(
        out / "ablation.png", dpi=150
    )
    record = {
        **told.record,
        "sample_id": sample.sample_id,
        "ablation": {
            "rows": list(result.rows),
            "n": result.n,
            "images": result.images,
            "oracle_miou": result.oracle_miou,
            "chance_miou": result.chance_miou,
            "protocol": result.protocol,
        },
        "seconds": {**told.record["seconds"], "load": round(loading, 3), "ablation": round(seconds, 3)},
    }
    text = "\n".join(
        [
            told.text,
            "",
            result.text,
            f"wrote {out / 'ablation.csv'}, {out / 'ablation.png'}; {seconds / result.images:.2f} s a scene",
            f"open {out / 'report.html'} in a browser",
        ]
    )
    return Shown(record=record, text=text)
