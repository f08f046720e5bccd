"""Small data sets written by hand into a folder, in the official layouts, whole or with the faults a test needs."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core.masks import to_rle

HEIGHT, WIDTH = 30, 40


def photo(path: Path, *, size_hw: tuple[int, int] = (HEIGHT, WIDTH), seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def rectangle(x: float, y: float, w: float, h: float) -> list[float]:
    return [x, y, x + w, y, x + w, y + h, x, y + h]


def refer_parts() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Three images; annotations 10 (two overlapping polygons), 11 (crowd code), 12 (packed code), 13 (nobody's)."""
    images = [
        {"id": i, "file_name": f"COCO_train2014_{i:012d}.jpg", "height": HEIGHT, "width": WIDTH} for i in (1, 2, 3)
    ]
    crowd = {"size": [HEIGHT, WIDTH], "counts": [60, 30, HEIGHT * WIDTH - 90]}
    block = np.zeros((HEIGHT, WIDTH), dtype=bool)
    block[5:9, 6:12] = True
    annotations = [
        {"id": 10, "image_id": 1, "category_id": 18, "iscrowd": 0, "bbox": [2, 2, 15, 10],
         "segmentation": [rectangle(2, 2, 10, 10), rectangle(7, 2, 10, 10)]},
        {"id": 11, "image_id": 2, "category_id": 1, "iscrowd": 1, "bbox": [2, 0, 1, 30], "segmentation": crowd},
        {"id": 12, "image_id": 3, "category_id": 1, "iscrowd": 1, "bbox": [6, 5, 6, 4], "segmentation": to_rle(block)},
        {"id": 13, "image_id": 1, "category_id": 1, "iscrowd": 0, "bbox": [20, 20, 5, 5],
         "segmentation": [rectangle(20, 20, 5, 5)]},
    ]  # fmt: skip
    said = {1: ["the dog", "left dog"], 2: ["the people"], 3: ["a cup"]}
    refs, sent_id = [], 0
    for ref_id, (ann_id, split) in enumerate([(10, "val"), (11, "val"), (12, "testA")], start=1):
        image_id = ref_id
        sentences = []
        for text in said[ref_id]:
            sentences.append({"sent_id": sent_id, "sent": text, "raw": text, "tokens": text.split()})
            sent_id += 1
        refs.append(
            {"ref_id": ref_id, "ann_id": ann_id, "image_id": image_id, "category_id": 18 if ann_id == 10 else 1,
             "file_name": f"COCO_train2014_{image_id:012d}_{ann_id}.jpg", "split": split,
             "sent_ids": [s["sent_id"] for s in sentences], "sentences": sentences}
        )  # fmt: skip
    kinds = [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}]
    return {"images": images, "annotations": annotations, "categories": kinds}, refs


def write_refer(
    root: Path, instances: dict[str, Any], refs: Any, *, name: str = "refcoco", split_by: str = "unc",
    images: str = "images/mscoco/images/train2014", as_json: bool = False,
) -> Path:  # fmt: skip
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "instances.json").write_text(json.dumps(instances))
    if as_json:
        (folder / f"refs({split_by}).json").write_text(json.dumps(refs))
    else:
        (folder / f"refs({split_by}).p").write_bytes(pickle.dumps(refs, protocol=2))
    for image in instances["images"]:
        photo(root / images / image["file_name"], size_hw=(HEIGHT, WIDTH), seed=image["id"])
    return root


def points(x: int, y: int, w: int, h: int) -> list[list[int]]:
    return [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]


def phrasecut_tasks() -> list[dict[str, Any]]:
    """Two images: two phrases of which one means two instances, the second of two polygons; and one more phrase."""
    dogs = [[points(2, 2, 5, 5)], [points(20, 2, 4, 4), points(22, 4, 6, 6)]]
    structure = {
        "name": "dog",
        "attributes": ["brown"],
        "relation_ids": [],
        "relation_descriptions": [],
        "type": "name",
    }
    return [
        {"task_id": "7__1_2", "image_id": 7, "ann_ids": [1, 2], "instance_boxes": [[2, 2, 6, 6], [20, 2, 9, 9]],
         "Polygons": dogs, "phrase": "brown dogs", "phrase_structure": structure},
        {"task_id": "7__1", "image_id": 7, "ann_ids": [1], "instance_boxes": [[2, 2, 6, 6]],
         "Polygons": [[points(2, 2, 5, 5)]], "phrase": "dog on the left", "phrase_structure": structure},
        {"task_id": "8__5", "image_id": 8, "ann_ids": [5], "instance_boxes": [[1, 1, 10, 10]],
         "Polygons": [[points(1, 1, 9, 9)]], "phrase": "cup", "phrase_structure": structure | {"name": "cup"}},
    ]  # fmt: skip


def write_phrasecut(root: Path, tasks: list[dict[str, Any]], *, split: str = "test") -> Path:
    home = root / "VGPhraseCut_v0"
    home.mkdir(parents=True, exist_ok=True)
    (home / f"refer_{split}.json").write_text(json.dumps(tasks))
    sizes = [
        {"image_id": i, "coco_id": None, "flickr_id": None, "width": WIDTH, "height": HEIGHT, "url": "", "split": split}
        for i in (7, 8)
    ]
    (home / "image_data_split.json").write_text(json.dumps(sizes))
    for i in (7, 8):
        photo(home / "images" / f"{i}.jpg", seed=i)
    return root
