"""``export_answers``: what a method answered, as files that other tools open and ``import_predictions`` reads again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.masks import boxes_xyxy, from_rle, to_rle
from tasnb.core.writing import write_text
from tasnb.evaluation.runs import RunLike, why_nothing

CATEGORY = 1  # of every row of COCO results: what is referred to has no category of its own
KEY = ["image_id", "proposal"]


def export_answers(run: RunLike, out: str | Path, method: str | None = None) -> Path:
    """Write what a method answered, a row a sentence that was measured.

    Parameters
    ----------
    run : Run
        Any run.
    out : path or str
        ``.json``: COCO results, a list of image_id, category_id (always 1), segmentation (run lengths; [] for no
        answer), bbox (x, y, width, height in pixels), score (1 where none is known), and sent_id, ref_id, expression.
        ``.jsonl``: JSON lines of sent_id and segmentation (null for no answer), and score where one is known.
    method : str, optional
        One of the run's; its first by default.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        For another suffix, an unknown method, nothing measured, and for a run that did not store its masks.

    Notes
    -----
    A mask without pixels is written as such: it was an answer, as protocols that skip what has none tell them apart. A
    run of boxes is written as boxes, without segmentation. Importing the file gives the same tables.
    """
    out, chosen = Path(out), run.methods[0] if method is None else method
    if out.suffix not in (".json", ".jsonl"):
        raise UserError(f"{out}: expected a name that ends in .json (COCO results) or .jsonl (JSON lines)")
    require_known("method", chosen, run.methods)
    if nothing := why_nothing(run, chosen):
        raise UserError(nothing)
    boxes, coco = bool(run.about.get("imported", {}).get("box")), out.suffix == ".json"
    rows = []
    for row, mask, code in _answers(run, chosen):
        name = "sent_id" if row.alone else "sample_id"
        content: dict[str, Any] = {name: _number(getattr(row, name))}
        x0, y0, x1, y1 = (0, 0, 0, 0) if mask is None else boxes_xyxy(mask[None])[0].tolist()
        xywh = [x0, y0, x1 - x0, y1 - y0]
        if boxes:
            content["bbox" if coco else "bbox_xywh"] = [] if mask is None else xywh
        else:
            content |= {"segmentation": ([] if coco else None) if code is None else code}
            content |= {"bbox": xywh} if coco else {}
        if coco or not math.isnan(row.score):
            content["score"] = 1.0 if math.isnan(row.score) else row.score
        if coco:
            content |= {"image_id": _number(row.image_id), "category_id": CATEGORY}
            content |= {"ref_id": _number(row.ref_id), "expression": row.expression}
        rows.append(json.dumps(content))
    write_text(out, "[" + ",\n".join(rows) + "]\n" if coco else "\n".join(rows) + "\n")
    return out


def _answers(run: RunLike, method: str) -> Iterator[tuple[Any, np.ndarray | None, dict[str, Any] | None]]:
    """Row of ``predictions``, mask, run lengths; the last two None for no answer."""
    found = run.predictions()
    found = found[found["method"] == method].assign(alone=lambda each: ~each["sent_id"].duplicated(keep=False))
    stored = run.proposals()[[*KEY, "height", "width", "mask"]]
    own = run.answers()
    own = own[own["method"] == method].set_index("sample")[["height", "width", "mask", "score"]]
    sizes = stored.groupby("image_id")[["height", "width"]].first()
    joined = found.merge(stored, left_on=["image_id", "chosen"], right_on=KEY, how="left").assign(score=math.nan)
    for row in joined.itertuples():
        if row.sample in own.index:
            mine = own.loc[row.sample]
            code = {"size": [int(mine.height), int(mine.width)], "counts": mine["mask"]}
            yield row._replace(score=float(mine.score)), from_rle(code), code
        elif row.chosen >= 0 and isinstance(row.mask, str):
            code = {"size": [int(row.height), int(row.width)], "counts": row.mask}
            yield row, from_rle(code), code
        elif row.chosen >= 0 or row.union != row.target_area:
            raise UserError(f"{run.folder} holds no mask of the answer to {row.sample_id}; evaluate again")
        elif row.proposals > 0:  # it answered with nothing
            nothing = np.zeros(sizes.loc[row.image_id], dtype=bool)
            yield row, nothing, to_rle(nothing)
        else:
            yield row, None, None


def _number(text: str) -> int | str:
    """An id as most tools have it: a whole number where it is written as one."""
    return int(text) if text.isascii() and text.isdecimal() and str(int(text)) == text else text
