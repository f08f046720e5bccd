"""One picture and one expression, told in full: segment it and write down the answer and why.

``tasnb segment`` and ``tasnb demo`` are this function; a notebook calls ``describe`` and ``tas`` itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasnb import models, plots, report
from tasnb.core.images import as_rgb, png_bytes
from tasnb.core.masks import iou, to_rle
from tasnb.core.types import Models, Prediction
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline import variant as variants
from tasnb.stages import expressions

STAGES = {
    "proposals": "proposing masks",
    "crop_embeddings": "embedding the crops",
    "captions": "captioning the crops",
    "overall_caption": "captioning the whole image",
    "caption_embeddings": "embedding the captions",
    "phrase_embeddings": "embedding the mined phrases",
}
STEPS = 2 + len(STAGES) + 2


@dataclass(frozen=True, kw_only=True)
class Told:
    """record: JSON-ready facts. text: the same for a terminal. prediction: the answer itself."""

    record: dict[str, Any]
    text: str
    prediction: Prediction


def segment(
    image: str | Path,
    expression: str,
    *,
    preset: str = "toy",
    variant: str = "paper",
    alpha: float | None = None,
    lam: float | None = None,
    out: Path,
    device: str = "auto",
    step: Callable[[str], None] = lambda _: None,
) -> Told:
    """Segment a picture file and write mask.png, picture.png, receipt.csv, report.html and answer.json to ``out``.

    Raises FileNotFoundError or ValueError for a bad picture, expression, preset, variant or missing checkpoint,
    before any model is loaded where that can be known.
    """
    chosen = variants.find(variant)
    expressions.require_text(expression)
    image_rgb = as_rgb(image)
    out.mkdir(parents=True, exist_ok=True)
    models.plan(preset, device=device, **chosen.model_options)  # a missing file is said before the long wait
    step("importing the libraries")
    started = time.perf_counter()
    models.import_vendors()
    imported = time.perf_counter()
    step(f"loading the {preset} models")
    loaded = models.load(preset, device=device, **chosen.model_options)
    seconds = {"imports": imported - started, "load": time.perf_counter() - imported}
    told = tell(
        image_rgb, expression, loaded, variant=chosen, alpha=alpha, lam=lam, out=out, step=step, seconds=seconds
    )
    told.record["image"] = str(image)
    return told


def tell(
    image_rgb: np.ndarray,
    expression: str,
    loaded: Models,
    *,
    variant: str | variants.Variant = variants.PAPER,
    alpha: float | None = None,
    lam: float | None = None,
    out: Path,
    target: np.ndarray | None = None,
    step: Callable[[str], None] = lambda _: None,
    seconds: dict[str, float] | None = None,
) -> Told:
    """The same for a picture and models at hand. target: the true mask, when known."""
    seconds = dict(seconds or {})

    def announce(stage: str, image_key: str, fingerprint: str, config: Any, compute: Callable[[], Any]) -> Any:
        step(STAGES.get(stage, stage))
        return compute()

    started = time.perf_counter()
    artifacts = pipeline.describe(image_rgb, loaded, variant=variant, memo=announce)
    seconds["describe"] = time.perf_counter() - started
    step("choosing the mask")
    started = time.perf_counter()
    prediction = pipeline.tas(artifacts, expression, loaded, variant=variant, alpha=alpha, lam=lam)
    seconds["choose"] = time.perf_counter() - started
    step("writing the report")
    files = write(prediction, image_rgb, out, target=target, models_name=loaded.name)
    record = {**facts(prediction, target), "models": loaded.name, "files": files,
              "seconds": {name: round(value, 3) for name, value in seconds.items()}}  # fmt: skip
    (out / "answer.json").write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return Told(record=record, text=in_words(prediction, record), prediction=prediction)


def write(
    prediction: Prediction, image_rgb: np.ndarray, out: Path, *, target: np.ndarray | None = None, models_name: str = ""
) -> dict[str, str]:
    """Write the answer's files; returns name -> path."""
    out.mkdir(parents=True, exist_ok=True)
    paths = {n: out / f for n, f in (("mask", "mask.png"), ("picture", "picture.png"), ("receipt", "receipt.csv"),
                                     ("report", "report.html"), ("answer", "answer.json"))}  # fmt: skip
    paths["mask"].write_bytes(png_bytes(prediction.mask))
    plots.annotated(prediction, image_rgb, target=target).save(paths["picture"], optimize=True)
    prediction.to_frame().to_csv(paths["receipt"], index=False, float_format="%.6f")
    report.answer(image_rgb, prediction, paths["report"], target=target, models_name=models_name)
    return {name: str(path) for name, path in paths.items()}


def facts(prediction: Prediction, target: np.ndarray | None = None) -> dict[str, Any]:
    """What ``--json`` prints about the answer; the mask as COCO RLE."""
    table, index = prediction.table, prediction.index
    chosen = None
    if index is not None:
        chosen = {
            "v": float(table.v[index]),
            "p": float(table.p[index]),
            "n": float(table.n[index]),
            "total": float(table.total[index]),
            "box_xyxy": [int(x) for x in prediction.artifacts.proposals.boxes_xyxy[index]],
            "caption": next(iter(prediction.artifacts.captions.values()))[index],
        }
    return {
        "expression": prediction.expression,
        "method": prediction.method,
        "weights": {"alpha": table.weights.alpha, "lam": table.weights.lam},
        "index": index,
        "chosen": chosen,
        "proposals": len(table),
        "kept": int(table.kept.sum()),
        "area": int(prediction.mask.sum()),
        "mask": to_rle(prediction.mask),
        "iou": None if target is None else iou(prediction.mask, target),
        "head": prediction.parse.head.lemma if prediction.parse.head else None,
        "directions": list(prediction.parse.directions),
        "rectifier": table.trace.sentence if table.trace else None,
        "overall_caption": prediction.negatives.caption,
        "negatives": list(prediction.negatives.kept),
    }


def in_words(prediction: Prediction, record: dict[str, Any]) -> str:
    """A few lines for a terminal."""
    chosen = record["chosen"]
    lines = [f"“{prediction.expression}”  ({prediction.method}, models: {record['models']})"]
    if chosen is None:
        lines.append("  no proposal was found, so there is no answer")
    else:
        weights = record["weights"]
        lines.append(f"  mask {record['index']} of {record['proposals']}, {record['area']} px: “{chosen['caption']}”")
        lines.append(
            f"  S = V {chosen['v']:.3f} + {weights['alpha']:g} x P {chosen['p']:.3f}"
            f" + {weights['lam']:g} x N {chosen['n']:.3f} = {chosen['total']:.3f}"
        )
        lines.append(f"  {record['rectifier']}")
        pushed = ", ".join(f"“{text}”" for text in record["negatives"]) or "nothing"
        lines.append(f"  pushed away from: {pushed}")
    if record["iou"] is not None:
        lines.append(f"  IoU with the true mask: {record['iou']:.2f}")
    lines.append(f"  wrote {', '.join(sorted(record['files'].values()))}")
    return "\n".join(lines)
