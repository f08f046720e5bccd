"""What lies in a data set's folder, as broken as it may be: the ground of ``check``. Nothing here stops at a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tasnb.datasets import folder, phrasecut, refer, reftoy
from tasnb.datasets.annotations import area_of, points_mask
from tasnb.datasets.published import CARDS

Size = tuple[int, int]


class Problem(NamedTuple):
    """One fault. kind: one of a few words; what: a sentence that names file or id."""

    kind: str
    what: str


class FoundPicture(NamedTuple):
    """An image that the annotations list. size_hw: as listed, None where they do not say."""

    id: Any
    path: Path
    size_hw: Size | None


class FoundMask(NamedTuple):
    """An annotation. area: pixels of its mask at a size, or ValueError. boxes: x, y, width, height."""

    id: Any
    image_id: Any
    area: Callable[[Size], int]
    boxes: Sequence[Any]


class FoundRef(NamedTuple):
    """A ref. mask_ids: the annotations that it must have; empty where a mask is optional."""

    id: Any
    image_id: Any
    split: str
    mask_ids: Sequence[Any]
    sentence_ids: Sequence[Any]


@dataclass(kw_only=True)
class Survey:
    """All that was found, and the faults met on the way."""

    pictures: list[FoundPicture] = field(default_factory=list)
    masks: list[FoundMask] = field(default_factory=list)
    refs: list[FoundRef] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def tell(self, kind: str, what: object) -> None:
        self.problems.append(Problem(kind, str(what)))


def survey(name: str, root: Path, split_by: str) -> Survey:
    """Read all splits of a data set."""
    if name == "phrasecut":
        return _phrasecut(root)
    if name == "folder":
        return _folder(root)
    images = reftoy.IMAGE_FOLDERS if name in reftoy.STYLES else refer.IMAGE_FOLDERS
    return _refer(name, root, split_by, images)


def _refer(name: str, root: Path, split_by: str, images: Sequence[str]) -> Survey:
    found = Survey()
    instances, refs_file = refer.files(name, root, split_by)
    place = refer.image_folder(root, images)
    if place is None:
        found.tell("missing file", f"no folder of images in {root}; expected {' or '.join(images)}")
    content: Any = {}
    try:
        content = refer.parse_instances(instances.read_bytes(), instances)
    except OSError:
        found.tell("missing file", f"{instances} cannot be read")
    except ValueError as wrong:
        found.tell("damaged file", wrong)
    for entry in _list(content, "images", instances, found):
        if not isinstance(entry, dict) or not _are_ids(entry.get("id")) or not isinstance(entry.get("file_name"), str):
            found.tell("damaged file", f"an image of {instances} lacks id or file_name: {entry!r:.80}")
        elif place is not None:
            found.pictures.append(FoundPicture(entry["id"], place / entry["file_name"], refer.listed_size(entry)))
    for entry in _list(content, "annotations", instances, found):
        if not isinstance(entry, refer.Annotation) or not _are_ids(entry.id, entry.image_id):
            found.tell(
                "damaged file", f"an annotation of {instances} lacks id, image_id or segmentation: {entry!r:.80}"
            )
        else:
            boxes = [] if entry.bbox is None else [entry.bbox]
            found.masks.append(FoundMask(entry.id, entry.image_id, partial(area_of, entry.segmentation), boxes))
    if refs_file is None:
        found.tell("missing file", f"{instances.parent} has no refs({split_by}).p or .json")
        return found
    try:
        refs = refer.read_refs(refs_file)[0]
    except (OSError, ValueError) as wrong:
        found.tell("damaged file", wrong)
        return found
    for ref in refs:
        missing = [key for key in ("ref_id", "image_id", "ann_id", "split") if not _are_ids(ref.get(key))]
        sentences = ref.get("sentences")
        if missing or not isinstance(sentences, list) or not all(isinstance(s, dict) for s in sentences):
            found.tell("damaged file", f"a ref of {refs_file} lacks {', '.join(missing) or 'sentences'}: {ref!r:.80}")
            continue
        for sentence in sentences:
            if "sent_id" not in sentence or not isinstance(sentence.get("sent"), str):
                found.tell("damaged file", f"a sentence of ref {ref['ref_id']} in {refs_file} lacks sent_id or sent")
        ids = [s["sent_id"] for s in sentences if _are_ids(s.get("sent_id"))]
        found.refs.append(FoundRef(ref["ref_id"], ref["image_id"], str(ref["split"]), [ref["ann_id"]], ids))
    return found


def _phrasecut(root: Path) -> Survey:
    found = Survey()
    home = phrasecut.home(root)
    if home is None:
        found.tell("missing file", f"no refer_test.json or any other task list in {root}; expected VGPhraseCut_v0/")
        return found
    sizes: dict[str, Size] = {}
    size_file = phrasecut.find_size_file(home)
    try:
        if size_file is not None:
            sizes, _ = phrasecut.read_sizes(size_file)
        else:
            found.tell("missing file", f"{home} has no {phrasecut.SIZE_FILES[0]}")
    except (OSError, ValueError) as wrong:
        found.tell("damaged file", wrong)
    images: dict[str, None] = {}
    for split in phrasecut.SPLITS:
        path = home / f"refer_{split}.json"
        if not path.is_file():
            continue
        try:
            tasks, _ = phrasecut.read_tasks(path)
        except (OSError, ValueError) as wrong:
            found.tell("damaged file", wrong)
            continue
        for task in tasks:
            image_id = str(task.image_id)
            images[image_id] = None
            boxes = task.instance_boxes if isinstance(task.instance_boxes, list) else []
            found.masks.append(FoundMask(str(task.task_id), image_id, partial(_points_area, task.polygons), boxes))
            found.refs.append(FoundRef(str(task.task_id), image_id, split, [str(task.task_id)], [str(task.task_id)]))
            if not isinstance(task.phrase, str) or not task.phrase.strip():
                found.tell("damaged file", f"task {task.task_id} of {path} has no phrase")
            _count_boxes(task, boxes, path, found)
    found.pictures = [FoundPicture(i, phrasecut.find_picture(home, i), sizes.get(i)) for i in images]
    return found


def _count_boxes(task: phrasecut.Task, boxes: Sequence[Any], path: Path, found: Survey) -> None:
    try:
        number = len(phrasecut.instances(task.polygons))
    except ValueError:
        return  # told when its area is asked for
    if len(boxes) != number:
        found.tell("damaged file", f"task {task.task_id} of {path} has {len(boxes)} boxes for {number} instances")


def _folder(root: Path) -> Survey:
    found = Survey()
    table = folder.table_in(root)
    if table is None:
        found.tell("missing file", f"{root} has no {' or '.join(folder.TABLES)}")
        return found
    try:
        rows, pictures = folder.parse(table.read_bytes(), table, partial(found.tell, "bad row"))
    except (OSError, ValueError) as wrong:
        found.tell("damaged file", wrong)
        return found
    found.pictures = [FoundPicture(i, table.parent / file_name, None) for i, file_name in pictures.items()]
    for row in rows:
        has_mask = row.target is not None
        if has_mask:
            area = partial(_folder_area, table.parent, row.target)
            found.masks.append(FoundMask(row.sent_id, row.image_id, area, []))
        found.refs.append(
            FoundRef(row.sent_id, row.image_id, row.split, [row.sent_id] if has_mask else [], [row.sent_id])
        )
    return found


def _are_ids(*values: Any) -> bool:
    return all(isinstance(value, int | str) for value in values)


def _list(content: Any, key: str, path: Path, found: Survey) -> Iterable[Any]:
    if content == {}:
        return []
    entries = content.get(key) if isinstance(content, dict) else None
    if not isinstance(entries, list):
        found.tell("damaged file", f"{path} has no list {key!r}")
        return []
    return entries


def _points_area(polygons: Any, size_hw: Size) -> int:
    return int(np.count_nonzero(points_mask(phrasecut.flat(polygons), size_hw)))


def _folder_area(home: Path, target: Any, size_hw: Size) -> int:
    mask = folder.read_mask(home, target, size_hw)
    if mask is None:
        return 0
    if mask.shape != size_hw:
        raise ValueError(f"it is {mask.shape[0]} x {mask.shape[1]} (h x w), its picture {size_hw[0]} x {size_hw[1]}")
    return int(np.count_nonzero(mask))


def split_names(name: str, split_by: str, found: Survey) -> list[str]:
    """The splits to count: the published ones that are there, and any other, in the published order."""
    known = list(CARDS[name].counts.get(split_by, {}))
    there = {ref.split for ref in found.refs}
    return [split for split in known if split in there] + sorted(there - set(known))
