"""Writes RefToy in the REFER layout, pictures, masks and expressions in three styles; draws train scenes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core.domain import marked
from tasnb.core.masks import areas, boxes_xyxy, to_rle
from tasnb.core.types import ImageRGB, Sample
from toyworld.captions import scene_caption, thing_caption
from toyworld.compose import Focus, compose
from toyworld.grammar import STYLES, Expression, Style, expressions
from toyworld.render import Picture, render
from toyworld.truth import Layout
from toyworld.world import KINDS, SCENE_SIZE, Scene

SEED = 0
COUNTS: dict[str, int] = {"val": 100, "testA": 50, "testB": 50}  # images
FOCUS: dict[str, Focus] = {"val": "any", "testA": "people", "testB": "things"}
FIRST_SEED = {"val": 0, "testA": 100_000, "testB": 200_000}  # far from one another and below the train scenes
TRAIN_START = 1_000_000
REFS = (2, 4)  # refs an image, fewest and most
SENTENCES = (2, 3)  # a ref
SPLIT_BY = "toy"
# the backdrop itself shows such things, so nobody could tell which one is meant
IN_THE_BACKDROP = {
    "street": {"house"},
    "snow": {"tree"},
    "playground": {"tree"},
    "meadow": set[str](),
    "beach": set[str](),
}
CATEGORY_IDS = {name: i for i, name in enumerate(KINDS, start=1)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Staged:
    """An image of the data set before it is written. refs: style -> thing index -> its expressions."""

    scene: Scene
    picture: Picture
    split: str
    file_name: str
    image_id: int
    refs: Mapping[str, Mapping[int, tuple[Expression, ...]]]


def build(out: Path, *, seed: int = SEED, counts: Mapping[str, int] = COUNTS) -> dict[str, dict[str, int]]:
    """Write the whole data set under ``out``; return sentences by style and split. Same arguments, same bytes.

    counts: images of each split. Raises ValueError for an unknown split.
    """
    unknown = set(counts) - set(FOCUS)
    if unknown:
        raise ValueError(f"unknown split {sorted(unknown)[0]!r}; choose from {', '.join(FOCUS)}")
    (out / "images").mkdir(parents=True, exist_ok=True)
    staged = list(_stage_all(seed, counts))
    for image in staged:
        Image.fromarray(_storable(image.picture.image_rgb)).save(out / "images" / image.file_name, optimize=True)
    written: dict[str, dict[str, int]] = {}
    annotations = [_annotations(image) for image in staged]
    for style in STYLES:
        folder = out / style
        folder.mkdir(exist_ok=True)
        refs = _refs(style, staged)
        _write(folder / "instances.json", _instances(style, staged, annotations))
        _write(folder / f"refs({SPLIT_BY}).json", refs)
        written[style] = {s: sum(len(r["sentences"]) for r in refs if r["split"] == s) for s in counts}
    _write(out / "captions.json", _captions(staged))
    return written


def train_samples(n: int, *, style: Style, start: int = TRAIN_START) -> Iterator[Sample]:
    """``n`` samples of scenes drawn on the fly, never shipped ones: for tuning. Same start, same samples.

    Raises ValueError for a start below TRAIN_START.
    """
    if start < TRAIN_START:
        raise ValueError(f"train scenes start at {TRAIN_START}, so that no shipped scene is met; got start={start}")
    return _train_samples(n, style, start)


def _train_samples(n: int, style: Style, start: int) -> Iterator[Sample]:
    made = 0
    for scene_seed in range(start, start + 50 * max(n, 1)):
        rng = random.Random(f"train {style} {scene_seed}")
        scene = compose(scene_seed)
        picture = render(scene)
        for target, said in _refer(scene, picture, style, rng, "train").items():
            for number, expression in enumerate(said):
                if made == n:
                    return
                made += 1
                ref_id = f"{scene_seed}-{target}"
                yield Sample(
                    image=picture.image_rgb, expression=expression.text, target=picture.masks[target],
                    sample_id=f"{style}-train-{ref_id}-{number}", image_id=str(scene_seed), ref_id=ref_id,
                    sent_id=f"{ref_id}-{number}", dataset=style, split="train", gold=expression.gold(),
                )  # fmt: skip


def _stage_all(seed: int, counts: Mapping[str, int]) -> Iterator[Staged]:
    image_id = 0
    for split in counts:
        made, scene_seed = 0, FIRST_SEED[split] + 1000 * seed
        while made < counts[split]:
            staged = _stage(scene_seed, split, image_id + 1, f"reftoy_{split}_{made:04d}.png")
            scene_seed += 1
            if staged is not None:
                made, image_id = made + 1, image_id + 1
                yield staged


def _stage(scene_seed: int, split: str, image_id: int, file_name: str) -> Staged | None:
    """An image with its refs in every style; None where too little can be said about it."""
    scene = compose(scene_seed, focus=FOCUS[split])
    picture = render(scene)
    refs: dict[str, Mapping[int, tuple[Expression, ...]]] = {}
    wanted: list[int] | None = None
    for style in STYLES:
        rng = random.Random(f"{split} {style} {scene_seed}")
        refs[style] = _refer(scene, picture, style, rng, split, wanted)
        if style == "reftoy":
            wanted = list(refs[style])
    if len(refs["reftoy"]) < REFS[0] or not all(refs.values()):
        return None
    return Staged(scene=scene, picture=picture, split=split, file_name=file_name, image_id=image_id, refs=refs)


def _refer(
    scene: Scene, picture: Picture, style: str, rng: random.Random, split: str, wanted: list[int] | None = None
) -> dict[int, tuple[Expression, ...]]:
    """Which things are referred to and how: those that have a double first. wanted: just these, where possible."""
    layout = Layout.of_masks(picture.masks)
    if wanted is None:
        wanted = [i for i in range(len(scene.things)) if _may_be_meant(scene, i, split)]
        kinds = [t.kind for t in scene.things]
        lonely = {i: kinds.count(kinds[i]) == 1 for i in wanted}
        wanted.sort(key=lambda i: (lonely[i], rng.random()))
        wanted = wanted[: rng.randint(*REFS)]
    refs = {}
    for target in wanted:
        said = expressions(scene, target, style=style, rng=rng, count=rng.randint(*SENTENCES), layout=layout)  # type: ignore[arg-type]
        if said:
            refs[target] = said
    return refs


def _may_be_meant(scene: Scene, index: int, split: str) -> bool:
    thing = scene.things[index]
    if thing.kind in IN_THE_BACKDROP[scene.background]:
        return False
    person = KINDS[thing.kind].family == "person"
    return {"testA": person, "testB": not person}.get(split, True)


def _annotations(image: Staged) -> list[dict[str, Any]]:
    """COCO annotations of everything in an image, referred to or not; ids are unique in the data set."""
    masks = image.picture.masks
    rows = []
    for i, (thing, area, box) in enumerate(zip(image.scene.things, areas(masks), boxes_xyxy(masks), strict=True)):
        x0, y0, x1, y1 = (int(v) for v in box)
        rows.append(
            {
                "id": _ann_id(image, i), "image_id": image.image_id, "category_id": CATEGORY_IDS[thing.kind],
                "segmentation": to_rle(masks[i]), "area": int(area), "bbox": [x0, y0, x1 - x0, y1 - y0], "iscrowd": 0,
            }
        )  # fmt: skip
    return rows


def _ann_id(image: Staged, index: int) -> int:
    return image.image_id * 10 + index  # a scene holds at most nine things


def _instances(style: str, staged: list[Staged], annotations: list[list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "info": {"description": f"{style}: cartoon parks drawn by tasnb", "version": "1.0", "year": 2026},
        "licenses": [{"id": 1, "name": "MIT", "url": "https://opensource.org/license/mit"}],
        "images": [
            {"id": s.image_id, "file_name": s.file_name, "height": SCENE_SIZE, "width": SCENE_SIZE, "license": 1}
            for s in staged
        ],
        "categories": [
            {"id": CATEGORY_IDS[k.name], "name": k.name, "supercategory": k.family} for k in KINDS.values()
        ],
        "annotations": [row for rows in annotations for row in rows],
    }  # fmt: skip


def _refs(style: str, staged: list[Staged]) -> list[dict[str, Any]]:
    """REFER's refs with ``gold`` beside every sentence."""
    refs: list[dict[str, Any]] = []
    next_sentence = 1
    for image in staged:
        for target, said in image.refs[style].items():
            sentences = [
                {
                    "sent_id": next_sentence + i,
                    "sent": e.text,
                    "raw": e.text,
                    "tokens": e.text.split(),
                    "gold": _packed(e),
                }
                for i, e in enumerate(said)
            ]
            next_sentence += len(said)
            refs.append(
                {
                    "ref_id": len(refs) + 1, "ann_id": _ann_id(image, target),
                    "category_id": CATEGORY_IDS[image.scene.things[target].kind], "image_id": image.image_id,
                    "file_name": image.file_name, "split": image.split,
                    "sent_ids": [s["sent_id"] for s in sentences], "sentences": sentences,
                }
            )  # fmt: skip
    return refs


def _packed(expression: Expression) -> dict[str, Any]:
    """The gold fields, each token as text/lemma/pos/tag/dep/head: half the bytes of a list."""
    return expression.gold() | {"tokens": " ".join("/".join(map(str, t)) for t in expression.tokens)}


def _captions(staged: Iterable[Staged]) -> list[dict[str, Any]]:
    """One gold caption an image, and the canonical one of everything in it by annotation id."""
    nothing_random = random.Random(0)
    return [
        {
            "image_id": s.image_id,
            "file_name": s.file_name,
            "caption": scene_caption(s.scene),
            "things": {
                str(_ann_id(s, i)): thing_caption(t, nothing_random, plain=True) for i, t in enumerate(s.scene.things)
            },
        }
        for s in staged
    ]


def _storable(image_rgb: ImageRGB) -> ImageRGB:
    """Values rounded to even ones, white kept: nobody sees it, and a PNG becomes an eighth smaller; marked again."""
    return marked(((image_rgb.astype(np.uint16) + 1) // 2 * 2).clip(0, 255).astype(np.uint8))


def _write(path: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")
