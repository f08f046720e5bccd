"""PhraseCut (Wu et al., CVPR 2020): ``VGPhraseCut_v0`` with a task list a split and Visual Genome's images.

A phrase may mean several instances, and an instance may have several polygons: the target is the union of all. A phrase
is a ref of one sentence, its ids are its task id; val is without the 100 images of miniv, as published.
Source: ChenyunWu/PhraseCutDataset, README.md and utils/refvg_loader.py.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from tasnb.core.errors import MissingFileError, UserError
from tasnb.datasets.annotations import parse_json, parse_json_but, points_mask, read_now
from tasnb.datasets.contents import Annotation, Contents, Picture, Ref, Row, Size

NAME = "phrasecut"
SPLITS = ("train", "val", "test", "miniv")
HOMES = (".", "VGPhraseCut_v0", "phrasecut/VGPhraseCut_v0", "phrasecut", "data/VGPhraseCut_v0")
SIZE_FILES = ("image_data_split.json", "image_data_split3000.json")  # the code's name, the README's
IMAGE_FOLDERS = ("images", "VG_100K", "VG_100K_2")  # the authors' download, Visual Genome's own two parts


def home(root: Path) -> Path | None:
    """The folder with the task lists: the root itself or one of the usual places in it."""
    places = (root / place for place in HOMES)
    return next((p for p in places if any((p / f"refer_{split}.json").is_file() for split in SPLITS)), None)


def read(root: Path, split: str | None = None) -> Contents:
    """Read a split strictly, or all of them with every fault noted. Raises as ``refer.read`` does."""
    found = Contents(name=NAME, strict=split is not None, draw=_draw, shared=True)
    folder = home(root)
    if found.strict and (folder is None or not (folder / f"refer_{split}.json").is_file()):
        raise MissingFileError(
            f"{NAME} {split} is missing: expected VGPhraseCut_v0/ with refer_{split}.json, image_data_split.json and "
            f"images/ in {root}; pass another root or set TASNB_DATA"
        )
    if folder is None:
        found.tell("missing file", f"no refer_test.json or any other task list in {root}; expected VGPhraseCut_v0/")
        return found
    sizes: dict[str, Size] = {}
    size_file = next((folder / name for name in SIZE_FILES if (folder / name).is_file()), None)
    if size_file is None:
        found.note("missing file", f"{folder} has no {SIZE_FILES[0]}")  # the pictures themselves are asked
    else:
        sizes = found.read_file(size_file, _parse_sizes) or {}
    for part in SPLITS if split is None else (split,):
        path = folder / f"refer_{part}.json"
        for task in (found.read_file(path, _parse_tasks) or []) if path.is_file() else []:
            _add_task(task, part, path, found)
    for image_id in dict.fromkeys(row.image_id for row in found.refs):
        places = [folder / images / f"{image_id}.jpg" for images in IMAGE_FOLDERS]
        picture = next((place for place in places if place.is_file()), places[0])
        found.pictures.append(Picture(image_id, picture, sizes.get(image_id)))
    return found


def _parse_tasks(data: bytes, path: Path) -> list[dict[str, Any]]:
    """The tasks of a list with their polygons unread."""
    tasks = parse_json_but("Polygons", data, path)
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and "task_id" in task for task in tasks):
        raise UserError(f"{path} is damaged: expected a list of tasks, each with task_id; download it again")
    return tasks


def _parse_sizes(data: bytes, path: Path) -> dict[str, Size]:
    """Image id -> (h, w)."""
    try:
        return {str(i["image_id"]): (int(i["height"]), int(i["width"])) for i in parse_json(data, path)}
    except (KeyError, TypeError) as wrong:
        raise UserError(f"{path} is damaged: an image lacks {wrong}; download it again") from wrong


def _add_task(task: dict[str, Any], split: str, path: Path, found: Contents) -> None:
    task_id, image_id, where = str(task["task_id"]), str(task.get("image_id")), f"task {task['task_id']} of {path}"
    phrase, polygons, boxes = task.get("phrase"), task.get("Polygons"), task.get("instance_boxes")
    boxes = boxes if isinstance(boxes, list) else []
    found.annotations.append(Annotation(task_id, image_id, polygons, boxes))
    found.refs.append(Ref(task_id, image_id, split, [task_id], [task_id]))
    if not isinstance(phrase, str) or task.get("image_id") is None:
        found.tell("damaged file", f"{where} has no phrase or no image_id; download it again")
        return
    structure = task.get("phrase_structure")
    structure = structure if isinstance(structure, dict) else {}
    gold = MappingProxyType({"phrase_structure": structure})
    found.rows.append(Row(phrase, image_id, task_id, task_id, split, task_id, str(structure.get("name", "")), gold))
    if not phrase.strip():
        found.note("damaged file", f"{where} has no phrase")
    if found.strict:
        return  # its polygons stay unread
    try:
        number = len(_instances(polygons))
    except ValueError:
        return  # noted when its area is asked for
    if len(boxes) != number:
        found.note("damaged file", f"{where} has {len(boxes)} boxes for {number} instances")


def _instances(polygons: Any) -> list[list[Any]]:
    """Instance -> polygon -> points. Raises ValueError where they are anything else."""
    polygons = read_now(polygons)
    if not isinstance(polygons, list) or not all(isinstance(instance, list) for instance in polygons):
        raise UserError("expected Polygons as instance -> polygon -> points [x, y]")
    return polygons


def _draw(polygons: Any, size_hw: Size) -> list[np.ndarray]:
    return [points_mask(instance, size_hw) for instance in _instances(polygons)]
