"""``tasnb demo``: a toy scene taken apart, and the module ablation on 30 scenes, with nothing but what is shipped."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tasnb.cli import segmenting
from tasnb.cli.options import Device, Json, writes
from tasnb.cli.output import ProgressBar, ready, save, show, wrote

if TYPE_CHECKING:
    from tasnb.core.types import Sample

SCENES = 30  # the first 30 images of RefToy val, in the data set's own order
SHOWN = 227  # two apples alike: V alone takes the wrong one, the rectifier the right one


def scenes() -> list[Sample]:
    """Every expression of the first SCENES images of RefToy val, whose order goes image by image."""
    from tasnb import datasets

    split = datasets.load("reftoy", split="val")
    first = list(dict.fromkeys(split.image_ids))[:SCENES]
    return [split[number] for number, image_id in enumerate(split.image_ids) if image_id in first]


def demo(
    out: Annotated[Path, writes(help="Folder to write to.")] = Path("outputs/demo"),
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Segment a toy scene, show why, and print the module ablation on 30 scenes."""
    import pandas as pd

    from tasnb import datasets, models, plots
    from tasnb.evaluation.ablation import ablate

    ready(out)
    with ProgressBar(quiet=json_, total=segmenting.STEPS + SCENES, bar_format=segmenting.BAR) as progress:
        progress.step("loading the toy models (their libraries take most of it)")
        started = time.perf_counter()
        loaded = models.load("toy", device=device)
        seconds = {"load": time.perf_counter() - started}
        sample = datasets.load("reftoy", split="val")[SHOWN]
        answer = segmenting.answer(
            sample.image, sample.expression, loaded, out, target=sample.target, step=progress.step, seconds=seconds
        )
        progress.step("module ablation")
        started, numbers = time.perf_counter(), count(1)
        result = ablate(
            scenes(), loaded, tick=lambda _: progress.step(f"module ablation, scene {next(numbers)} of {SCENES}")
        )
        ablating = time.perf_counter() - started
    chart = plots.ablation_chart(result.rows, title=f"{result.data}: {result.n} expressions, 95 % intervals")
    written = wrote(save(out, {"ablation.csv": pd.DataFrame(result.rows), "ablation.png": chart}))
    measured = ("rows", "n", "images", "oracle_miou", "chance_miou", "protocol", "used", "papers", "beside")
    record = {
        **answer,
        "sample_id": sample.sample_id,
        "ablation": {name: getattr(result, name) for name in measured},
        "seconds": {**answer["seconds"], "ablation": round(ablating, 3)},
    }
    lines = [
        segmenting.in_words(answer),
        "",
        result.text,
        f"{written}; {ablating / result.images:.2f} s a scene",
        f"open {out / 'report.html'} in a browser",
    ]
    show(record, "\n".join(lines), as_json=json_)
