"""Run directories made by hand: only the columns that matter are given, the rest is filled with blanks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tasnb.core.masks import to_rle
from tasnb.evaluation.parts import bind, key_of, part_path, write_sealed, write_table
from tasnb.evaluation.records import TABLES, schema
from tasnb.evaluation.runs import SCHEMA, Run

BLANKS = {"int64": 0, "float64": 0.0, "string": "", "bool": False}


def write_run(
    folder: Path,
    predictions: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    masks: Mapping[str, np.ndarray] | None = None,
    **about: Any,
) -> Run:
    """A run of one part. masks: image id -> bool (n, h, w), what the table of proposals holds."""
    rows = [
        {"image_id": image_id, "proposal": i, "height": mask.shape[0], "width": mask.shape[1],
         "mask": to_rle(mask)["counts"]}
        for image_id, found in sorted((masks or {}).items())
        for i, mask in enumerate(found)
    ]  # fmt: skip
    given = {"predictions": predictions, "scores": scores, "proposals": pd.DataFrame(rows)}
    for name in TABLES:
        frame = given.get(name, pd.DataFrame())
        columns = {}
        for field in schema(name):
            if field.name in frame.columns:
                columns[field.name] = frame[field.name].to_list()
            else:
                columns[field.name] = [BLANKS.get(str(field.type).replace("double", "float64"))] * len(frame)
        write_table(part_path(folder, name, 0), pa.table(columns, schema=schema(name)))
    count = int(predictions["sample"].nunique())
    described = {
        "schema": SCHEMA, "versions": {}, "variant_options": {},
        "dataset": {
            "name": "made", "split": "val", "samples": count, "images": count, "fingerprint": "made", "spec": None,
        },
        "models": {"name": "none", "spec": None, "parts": {}}, "methods": ["tas"], "variant": "paper",
        "weights": {"alpha": 0.1, "lam": 0.7}, "protocol": "tas", "proposals": "sam", "parts": 1, **about,
    }  # fmt: skip
    bind(folder, 0, key_of(described))
    write_sealed(folder / "run.json", described)
    return Run.open(folder)


def of_cases(folder: Path, cases: Sequence[Mapping[str, Any]], **about: Any) -> Run:
    """cases: each with ``iou`` and whatever columns of ``predictions`` matter; ids are made from the place."""
    rows = [
        {"sample": i, "sample_id": f"made-val-{i}", "image_id": f"image-{i:05d}", "method": "tas", "split": "val",
         "expression": f"thing {i}", "chosen": 0, "proposals": 1, "oracle_iou": case.get("iou", 0.0), **case}
        for i, case in enumerate(cases)
    ]  # fmt: skip
    return write_run(folder, pd.DataFrame(rows), pd.DataFrame(columns=["sample"]), **about)


def of_scores(
    folder: Path, samples: Sequence[tuple[int, Sequence[tuple[float, float, float, int, int]]]], **about: Any
) -> Run:
    """samples: (target area, proposals), a proposal being (v, p, n, intersection, union); all of them stay in."""
    weights = about.get("weights", {"alpha": 0.1, "lam": 0.7})
    predicted, scored = [], []
    for i, (area, proposals) in enumerate(samples):
        totals = [v + weights["alpha"] * p + weights["lam"] * n for v, p, n, _, _ in proposals]
        chosen = int(np.argmax(totals)) if proposals else -1
        inter, union = proposals[chosen][3:] if proposals else (0, area)
        predicted.append(
            {"sample": i, "sample_id": f"made-val-{i}", "image_id": f"image-{i}", "ref_id": str(i), "method": "tas",
             "expression": f"thing {i}", "chosen": chosen, "proposals": len(proposals), "intersection": inter,
             "union": union, "iou": inter / union if union else 0.0, "target_area": area, "directions": "", "parse": ""}
        )  # fmt: skip
        scored += [
            {"sample": i, "sample_id": f"made-val-{i}", "image_id": f"image-{i}", "proposal": k, "v": v, "p": p, "n": n,
             "kept": True, "intersection": inter, "union": union, "iou": inter / union if union else 0.0}
            for k, (v, p, n, inter, union) in enumerate(proposals)
        ]  # fmt: skip
    return write_run(folder, pd.DataFrame(predicted), pd.DataFrame(scored), **about)
