"""PhraseCut (Wu et al., CVPR 2020): ``VGPhraseCut_v0`` with a task list a split and Visual Genome's images.

A phrase may mean several instances, and an instance may have several polygons: the target is the union of all.
Source: ChenyunWu/PhraseCutDataset, README.md and utils/refvg_loader.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tasnb.datasets.annotations import points_mask
from tasnb.datasets.published import Counts, choose, warn_of_differences
from tasnb.datasets.reading import parse_json, parse_json_but, read_now
from tasnb.datasets.samples import Row, Samples

NAME = "phrasecut"
SPLITS = ("train", "val", "test", "miniv")
HOMES = (".", "VGPhraseCut_v0", "phrasecut/VGPhraseCut_v0", "phrasecut", "data/VGPhraseCut_v0")
SIZE_FILES = ("image_data_split.json", "image_data_split3000.json")  # the code's name, the README's
IMAGE_FOLDERS = ("images", "VG_100K", "VG_100K_2")  # the authors' download, Visual Genome's own two parts


class Task(NamedTuple):
    """A phrase with its region. polygons: instance -> polygon -> points [x, y]."""

    task_id: Any
    image_id: Any
    ann_ids: Any
    instance_boxes: Any
    polygons: Any
    phrase: Any
    structure: Any


class PhraseCutSource:
    """Where PhraseCut's pictures and masks are; implements ``samples.Source``."""

    def __init__(
        self, tasks: Sequence[Task], folder: Path, sizes_hw: Mapping[str, tuple[int, int]], digests: Mapping[str, str]
    ) -> None:
        self.captions: Mapping[str, str] = {}
        self._tasks, self._folder, self._sizes, self._digests = tasks, folder, sizes_hw, digests
        self._tasks_of: dict[str, list[Task]] = {}
        for task in tasks:
            self._tasks_of.setdefault(str(task.image_id), []).append(task)

    def digests(self) -> Mapping[str, str]:
        return self._digests

    def picture(self, image_id: str) -> Path:
        return find_picture(self._folder, image_id)

    def mask(self, row: Row, size_hw: tuple[int, int]) -> np.ndarray:
        polygons = self._tasks[row.target].polygons
        return points_mask(flat(polygons), self._sizes.get(row.image_id, size_hw))

    def things(self, image_id: str) -> np.ndarray:
        if image_id not in self._tasks_of:
            raise KeyError(f"{NAME} has no image {image_id!r} in this split; see image_ids")
        size_hw = self._sizes.get(image_id)
        if size_hw is None:
            with Image.open(self.picture(image_id)) as picture:
                size_hw = (picture.height, picture.width)
        # phrases share instances, and each brings its own copy
        masks: dict[bytes, np.ndarray] = {}
        for task in self._tasks_of[image_id]:
            for polygons in instances(task.polygons):
                mask = points_mask(polygons, size_hw)
                masks.setdefault(mask.tobytes(), mask)
        return np.stack(list(masks.values())) if masks else np.zeros((0, *size_hw), dtype=bool)


def load(root: Path, *, split: str, spec_root: str | None = None, checked: bool = True) -> Samples:
    """Read one split; val is without the 100 images of miniv, as published.

    root: ``VGPhraseCut_v0`` or a folder that holds it. A sample's ref and sentence ids are its task id, ``gold`` its
    phrase structure, its category the structure's name. Raises as ``refer.load`` does.
    """
    choose("split", split, SPLITS, of=NAME)
    folder = home(root)
    if folder is None or not (folder / f"refer_{split}.json").is_file():
        raise FileNotFoundError(
            f"{NAME} {split} is missing: expected VGPhraseCut_v0/ with refer_{split}.json, image_data_split.json and "
            f"images/ in {root}; pass another root or set TASNB_DATA"
        )
    tasks, digest = read_tasks(folder / f"refer_{split}.json")
    digests = {f"refer_{split}.json": digest}
    sizes: dict[str, tuple[int, int]] = {}
    size_file = find_size_file(folder)
    if size_file is not None:
        sizes, digests[size_file.name] = read_sizes(size_file, only={str(task.image_id) for task in tasks})
    rows = [_row(task, place, split) for place, task in enumerate(tasks)]
    if checked:
        found = Counts(images=len({row.image_id for row in rows}), refs=len(rows), sentences=len(rows))
        warn_of_differences(NAME, "official", split, found)
    source = PhraseCutSource(tasks, folder, sizes, digests)
    return Samples(rows, source, name=NAME, split=split, root=spec_root)


def home(root: Path) -> Path | None:
    """The folder with the task lists: the root itself or one of the usual places in it."""
    places = (root / place for place in HOMES)
    return next((p for p in places if any((p / f"refer_{split}.json").is_file() for split in SPLITS)), None)


def find_size_file(folder: Path) -> Path | None:
    return next((folder / name for name in SIZE_FILES if (folder / name).is_file()), None)


def find_picture(folder: Path, image_id: str) -> Path:
    """The first place where the picture is; where it is nowhere, the one where it should be."""
    places = [folder / part / f"{image_id}.jpg" for part in IMAGE_FOLDERS]
    return next((place for place in places if place.is_file()), places[0])


def read_tasks(path: Path) -> tuple[list[Task], str]:
    """The tasks of a list with their polygons unread, and the file's SHA-256."""
    data = path.read_bytes()

    def pack(found: dict[str, Any]) -> Any:
        if "task_id" not in found:
            return found
        return Task(
            found["task_id"], found.get("image_id"), found.get("ann_ids"), found.get("instance_boxes"),
            found.get("Polygons"),
            found.get("phrase"), found.get("phrase_structure"),
        )  # fmt: skip

    tasks = parse_json_but("Polygons", data, path, pack)
    if not isinstance(tasks, list) or not all(isinstance(task, Task) for task in tasks):
        raise ValueError(f"{path} is damaged: expected a list of tasks, each with task_id; download it again")
    return tasks, hashlib.sha256(data).hexdigest()


def read_sizes(path: Path, *, only: set[str] | None = None) -> tuple[dict[str, tuple[int, int]], str]:
    """Image id -> (h, w), and the file's SHA-256."""
    data = path.read_bytes()
    try:
        sizes = {str(i["image_id"]): (int(i["height"]), int(i["width"])) for i in parse_json(data, path)}
    except (KeyError, TypeError) as wrong:
        raise ValueError(f"{path} is damaged: an image lacks {wrong}; download it again") from wrong
    kept = sizes if only is None else {image_id: size for image_id, size in sizes.items() if image_id in only}
    return kept, hashlib.sha256(data).hexdigest()


def _row(task: Task, place: int, split: str) -> Row:
    if not isinstance(task.phrase, str) or task.image_id is None:
        raise ValueError(f"task {task.task_id} of PhraseCut's {split} has no phrase or no image_id; download it again")
    structure = task.structure if isinstance(task.structure, dict) else {}
    return Row(
        task.phrase, str(task.image_id), str(task.task_id), str(task.task_id), split, place,
        str(structure.get("name", "")), MappingProxyType({"phrase_structure": structure}),
    )  # fmt: skip


def instances(polygons: Any) -> list[list[Any]]:
    """Instance -> polygon -> points. Raises ValueError where they are anything else."""
    polygons = read_now(polygons)
    if not isinstance(polygons, list) or not all(isinstance(instance, list) for instance in polygons):
        raise ValueError("expected Polygons as instance -> polygon -> points [x, y]")
    return polygons


def flat(polygons: Any) -> list[Any]:
    """All polygons of all instances."""
    return [polygon for instance in instances(polygons) for polygon in instance]
