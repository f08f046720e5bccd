"""PhraseCut (Wu et al., CVPR 2020): ``VGPhraseCut_v0`` with a task list a split and Visual Genome's images.

A phrase may mean several instances, and an instance may have several polygons: the target is the union of all. A phrase
is a ref of one sentence, its ids are its task id; val is without the 100 images of miniv, as published.
Source: ChenyunWu/PhraseCutDataset, README.md and utils/refvg_loader.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from tasnb.core.errors import MissingFileError, UserError
from tasnb.datasets.annotations import parse_json, parse_json_but, points_mask, read_now
from tasnb.datasets.contents import Annotation, Contents, Ref, Row, Size, id_of, shown
from tasnb.datasets.files import is_text

NAME = "phrasecut"
SPLITS = ("train", "val", "test", "miniv")
HOMES = (".", "VGPhraseCut_v0", "phrasecut/VGPhraseCut_v0", "phrasecut", "data/VGPhraseCut_v0")
SIZE_FILES = ("image_data_split.json", "image_data_split3000.json")  # the code's name, the README's
IMAGE_FOLDERS = ("images", "VG_100K", "VG_100K_2")  # the authors' download, Visual Genome's own two parts


def home(root: Path) -> Path | None:
    """The folder with the task lists: the root itself or one of the usual places in it."""
    places = (root / place for place in HOMES)
    return next((p for p in places if any(os.path.lexists(p / f"refer_{split}.json") for split in SPLITS)), None)


def read(root: Path, split: str | None = None) -> Contents:
    """Read a split strictly, or all of them with every fault noted. Raises as ``refer.read`` does."""
    found = Contents(name=NAME, strict=split is not None, draw=_draw, shared=True)
    folder = home(root)
    if found.strict and (folder is None or not os.path.lexists(folder / f"refer_{split}.json")):
        raise MissingFileError(
            f"{NAME} {split} is missing: expected VGPhraseCut_v0/ with refer_{split}.json, image_data_split.json and "
            f"images/ in {root}; pass another root or set TASNB_DATA"
        )
    if folder is None:
        found.tell("missing file", f"no refer_test.json or any other task list in {root}; expected VGPhraseCut_v0/")
        return found
    size_file = next((folder / name for name in SIZE_FILES if os.path.lexists(folder / name)), None)
    if size_file is None:
        found.note("missing file", f"{folder} has no {SIZE_FILES[0]}")  # the pictures themselves are asked
    listed = None if size_file is None else found.read_file(size_file, _parse_sizes)
    for part in SPLITS if split is None else (split,):
        path = folder / f"refer_{part}.json"
        tasks = found.read_file(path, _parse_tasks) if os.path.lexists(path) else None
        ids = [_add_task(task, part, path, found) for task in tasks or []]
        found.require_unique("annotation", [id_ for id_ in ids if id_ is not None])
    for image_id in dict.fromkeys(ref.image_id for ref in found.refs):
        name, places = f"{image_id}.jpg", [folder / images for images in IMAGE_FOLDERS]
        place = next((place for place in places if os.path.lexists(place / name)), places[0])
        found.add_picture(image_id, place, name, (listed or {}).get(image_id, {}), size_file or folder)
    return found


def _parse_tasks(data: bytes, path: Path) -> list[dict[str, Any]]:
    """The tasks of a list with their polygons unread."""
    tasks = parse_json_but("Polygons", data, path)
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and "task_id" in task for task in tasks):
        raise UserError(f"{path} is damaged: expected a list of tasks, each with task_id; download it again")
    return tasks


def _parse_sizes(data: bytes, path: Path) -> dict[str, dict[str, Any]]:
    """Image id -> its entry, with height and width."""
    entries, found = parse_json(data, path), {}
    for entry in entries if isinstance(entries, list) else [entries]:
        id_ = id_of(entry.get("image_id")) if isinstance(entry, dict) else None
        if id_ is None:
            raise UserError(f"{path} is damaged: an image lacks 'image_id': {shown(entry)}; download it again")
        if lacking := {"height", "width"} - entry.keys():
            raise UserError(f"{path} is damaged: an image lacks {sorted(lacking)[0]!r}; download it again")
        found[id_] = entry
    return found


def _add_task(task: dict[str, Any], split: str, path: Path, found: Contents) -> str | None:
    """Fill in a phrase; its id, None where it has none."""
    task_id, image_id, where = id_of(task["task_id"]), id_of(task.get("image_id")), f"a task of {path}"
    phrase, boxes = task.get("phrase"), task.get("instance_boxes")
    if task_id is None or image_id is None or not is_text(phrase):
        found.tell("damaged file", f"{where} has no phrase or no image_id, or no task_id: {shown(task)}")
        return task_id
    boxes = boxes if isinstance(boxes, list) else []
    found.annotations.append(Annotation(task_id, image_id, task.get("Polygons"), boxes))
    found.refs.append(Ref(task_id, image_id, split, [task_id], [task_id]))
    structure = task.get("phrase_structure")
    gold = MappingProxyType({"phrase_structure": structure if isinstance(structure, dict) else {}})
    name = gold["phrase_structure"].get("name")
    kind = name if is_text(name) else ""
    found.rows.append(Row(phrase, image_id, task_id, task_id, split, (task_id,), kind, gold))
    if not phrase.strip():
        found.note("empty sentence", f"task {task_id} of {path} has no phrase", "sentence", task_id)
    return task_id


def _instances(annotation: Annotation) -> list[list[Any]]:
    """Instance -> polygon -> points, a box each. Raises UserError where they are anything else."""
    polygons = read_now(annotation.segmentation)
    if not isinstance(polygons, list) or not all(isinstance(instance, list) for instance in polygons):
        raise UserError("expected Polygons as instance -> polygon -> points [x, y]")
    if len(annotation.boxes) != len(polygons):
        raise UserError(f"it has {len(annotation.boxes)} boxes for {len(polygons)} instances")
    return polygons


def _draw(annotation: Annotation, size_hw: Size) -> list[np.ndarray]:
    return [points_mask(instance, size_hw) for instance in _instances(annotation)]
