"""Predictions of three imitated models with one fault each, for lesson 12; which one has which stands only here.

    PYTHONPATH=data python -m toyworld.imitations

Each answer is made from RefToy's annotations: the target with a rough outline, but where the model's fault strikes. So
that no figure gives them away, all three also err now and then for no reason, and their mIoU is nearly the same. Each
file has a layout that people use: JSON lines by sentence, COCO results, and a list by picture and expression. The last
model's file lacks the sentences of some pictures, as happens when a job is killed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from tasnb import datasets
from tasnb.core.masks import to_rle

OUT = Path(__file__).parents[1] / "predictions"
DATA = {"name": "reftoy", "split": "testA"}  # people: everybody wears something, and most have company
PEOPLE = ("man", "woman", "boy", "girl")
ASTRAY = 0.04  # of all answers: another thing of the picture, for no reason
PARTS, PLACES, SHIRTS = 0.5, 0.85, 0.48  # how often the fault strikes where it can
LOST = 3  # pictures at the end that the last file lacks

Answer = np.ndarray | None
Fault = Callable[[Any, datasets.Instance, list[datasets.Instance], np.random.Generator], Answer]


def ignores_places(sample: Any, target: datasets.Instance, alike: list[datasets.Instance], draw: Any) -> Answer:
    """Where a place is named, any of those that the other words fit."""
    if "location" not in sample.gold["types"] or not alike or draw.random() > PLACES:
        return None
    return [target, *alike][draw.integers(len(alike) + 1)].mask


def confuses_shirts(sample: Any, target: datasets.Instance, alike: list[datasets.Instance], draw: Any) -> Answer:
    """Where clothes are named, most often somebody else."""
    if "clothing" not in sample.gold["types"] or not alike or draw.random() > SHIRTS:
        return None
    return alike[draw.integers(len(alike))].mask


def gives_parts(sample: Any, target: datasets.Instance, alike: list[datasets.Instance], draw: Any) -> Answer:
    """Now and then head and shoulders only."""
    if draw.random() > PARTS:
        return None
    rows = np.flatnonzero(target.mask.any(axis=1))
    part = target.mask.copy()
    part[rows[int(0.4 * len(rows))] :] = False
    return part


MODELS: dict[str, Fault] = {"alder": confuses_shirts, "birch": gives_parts, "cedar": ignores_places}


def answers(samples: datasets.Samples, fault: Fault, seed: int) -> Iterator[tuple[Any, np.ndarray]]:
    """Every sample and what the imitated model answers, bool (h, w)."""
    for index in range(len(samples)):
        sample = samples[index]
        draw = np.random.default_rng([zlib.crc32(sample.sample_id.encode()), seed])
        here = samples.instances(sample.image_id)
        (target,) = (each for each in here if each.id in (samples.target_ids(index) or ()))
        others = [each for each in here if each.id != target.id]
        alike = [each for each in others if (each.category in PEOPLE) == (target.category in PEOPLE)]
        if others and draw.random() < ASTRAY:
            chosen: Answer = others[draw.integers(len(others))].mask
        else:
            chosen = fault(sample, target, alike, draw)
        chosen = target.mask if chosen is None else chosen
        rough = ndimage.binary_dilation if draw.random() < 0.5 else ndimage.binary_erosion
        yield sample, np.asarray(rough(chosen))


def _by_sentence(found: list[tuple[Any, dict[str, Any]]]) -> str:
    return "".join(f"{json.dumps({'sent_id': s.sent_id, 'segmentation': code})}\n" for s, code in found)


def _coco_results(found: list[tuple[Any, dict[str, Any]]]) -> str:
    rows = [
        {"image_id": s.image_id, "category_id": 1, "ref_id": s.ref_id, "expression": s.expression,
         "segmentation": code, "score": 1.0}
        for s, code in found
    ]  # fmt: skip
    return json.dumps(rows)


def _by_picture(found: list[tuple[Any, dict[str, Any]]]) -> str:
    rows = [{"image_id": s.image_id, "expression": s.expression, "prediction_masks": [code]} for s, code in found]
    return json.dumps({"predictions": rows})


LAYOUTS = {"alder.jsonl": _by_sentence, "birch.json": _coco_results, "cedar.json": _by_picture}


def files() -> dict[str, str]:
    """Name -> content of each file."""
    samples, made = datasets.load(**DATA), {}
    for seed, (file, layout) in enumerate(LAYOUTS.items()):
        found = [(s, to_rle(mask)) for s, mask in answers(samples, MODELS[file.partition(".")[0]], seed)]
        if seed == len(LAYOUTS) - 1:
            lost = list(dict.fromkeys(samples.image_ids))[-LOST:]
            found = [(s, code) for s, code in found if s.image_id not in lost]
        made[file] = layout(found)
    return made


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for name, content in files().items():
        (OUT / name).write_text(content)
        print(f"{OUT.name}/{name}: {len(content) / 1e3:.0f} kB")
