"""gRefCOCO's and RefCOCO-M's layouts as published, small: photos, masks and sentences of shared/data/mini-refcoco."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

from tasnb.core.masks import to_rle
from tasnb.datasets.annotations import mask_of

PHOTOS = "images/mscoco/images/train2014"
ZEBRAS, CUPS = 154, 605  # COCO images


def mini(shared_root: Path) -> tuple[dict[str, Any], list[dict[str, Any]], Path]:
    """instances.json, the refs and the folder of photos."""
    root = shared_root / "data" / "mini-refcoco"
    instances = json.loads((root / "refcoco" / "instances.json").read_text())
    return instances, pickle.loads((root / "refcoco" / "refs(unc).p").read_bytes()), root / PHOTOS


def gref(ref_id: int, image_id: int, ann_id: Any, category_id: Any, *said: str, **more: Any) -> dict[str, Any]:
    """A ref as grefs(unc).json has it; ids of sentences are 10 x ref_id + place."""
    sentences = [
        {"sent_id": 10 * ref_id + place, "sent": text, "raw": text, "tokens": text.split(), "exist": True}
        for place, text in enumerate(said)
    ]
    name = f"COCO_train2014_{image_id:012d}.jpg"
    ref = {"ref_id": ref_id, "image_id": image_id, "ann_id": ann_id, "category_id": category_id, "split": "val"}
    return ref | {"file_name": name, "no_target": ann_id == [-1], "sentences": sentences} | more


GREFS = [
    gref(1, ZEBRAS, [590410, 590623], [24, 24], "the two zebras in front", "two closest zebras"),
    gref(2, ZEBRAS, [590410], [24], "closest zebra"),
    gref(3, ZEBRAS, [-1], [-1], "the elephant on the left"),
    gref(4, CUPS, 670466, 47, "coffee with white leaf design"),  # a plain id, as RefCOCO has it
    gref(5, CUPS, [1513172, 670466], [47, 47], "both drinks"),
]


def write_grefcoco(root: Path, shared_root: Path, refs: list[dict[str, Any]] = GREFS) -> Path:
    """Two photos with all their annotations, and five refs: two, one, none, one, two targets."""
    instances, _, photos = mini(shared_root)
    wanted = {ref["image_id"] for ref in GREFS}
    kept = {
        "images": [image for image in instances["images"] if image["id"] in wanted],
        "annotations": [each for each in instances["annotations"] if each["image_id"] in wanted],
        "categories": instances["categories"],
    }
    for folder in (root / "grefcoco", root / PHOTOS):
        folder.mkdir(parents=True, exist_ok=True)
    for image in kept["images"]:
        shutil.copy(photos / image["file_name"], root / PHOTOS)
    (root / "grefcoco" / "instances.json").write_text(json.dumps(kept))
    (root / "grefcoco" / "grefs(unc).json").write_text(json.dumps(refs))
    return root


def refcoco_m_rows(shared_root: Path, images: tuple[int, ...] = (ZEBRAS, CUPS), grown: int = 0) -> list[dict[str, Any]]:
    """A row an image: val's refs with their masks, ``grown`` columns of each taken off at the left."""
    instances, refs, photos = mini(shared_root)
    names = {each["id"]: each["name"] for each in instances["categories"]}
    annotations = {each["id"]: each for each in instances["annotations"]}
    rows = []
    for image in (each for each in instances["images"] if each["id"] in images):
        samples = []
        for ref in (each for each in refs if each["image_id"] == image["id"] and each["split"] == "val"):
            annotation = annotations[ref["ann_id"]]
            mask = mask_of(annotation["segmentation"], (image["height"], image["width"])).copy()
            mask[:, : grown + int(mask.any(axis=0).argmax())] = False
            kind = names[annotation["category_id"]]
            samples.append(
                {"id": ref["ref_id"], "image_id": image["id"], "category": kind, "supercategory": "", "label": kind,
                 "sentences": [each["sent"] for each in ref["sentences"]], "bbox": annotation["bbox"],
                 "mask": to_rle(mask)}
            )  # fmt: skip
        picture = {"bytes": (photos / image["file_name"]).read_bytes(), "path": image["file_name"]}
        rows.append({"image": picture, "image_id": image["id"], "file_name": image["file_name"], "samples": samples})
    return rows


def write_parquet(path: Path, rows: list[dict[str, Any]], **how: Any) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, **how)
    return path


def write_refcoco_m(root: Path, shared_root: Path, **how: Any) -> Path:
    """Two files of one photo each, as Hugging Face shards them."""
    for number, row in enumerate(refcoco_m_rows(shared_root, **how)):
        write_parquet(root / "refcoco-m" / "data" / f"validation-{number:05d}-of-00002.parquet", [row])
    return root
