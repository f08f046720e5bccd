"""``tasnb segment``: one picture and one expression; the answer, and why, on the terminal and in a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasnb.cli.options import (
    Alpha,
    Captioner,
    Clip,
    Device,
    Json,
    Lam,
    Models,
    Sam,
    Spacy,
    Variant,
    Wordnet,
    parts_of,
)
from tasnb.cli.output import ProgressBar, show, wrote

if TYPE_CHECKING:
    import numpy as np

    from tasnb.core import types
    from tasnb.pipeline.describe import Captioning

STAGES = {
    "proposals": "proposing masks",
    "crop_embeddings": "embedding the crops",
    "captions": "captioning the crops",
    "overall_caption": "captioning the whole image",
    "caption_embeddings": "embedding the captions",
    "phrase_embeddings": "embedding the mined phrases",
}
STEPS = 2 + len(STAGES) + 2
FILES = ("mask.png", "picture.png", "receipt.csv", "report.html", "answer.json")
BAR = "{desc:<50} {bar:20} {n_fmt}/{total_fmt} {elapsed}"


def segment(
    image: Annotated[Path, typer.Argument(help="A photo: JPEG, PNG, WebP ...")],
    expression: Annotated[str, typer.Argument(help='What to find, in quotes: "the left cat".')],
    models: Models = "toy",
    sam: Sam = None,
    clip: Clip = None,
    captioner: Captioner = None,
    spacy: Spacy = None,
    wordnet: Wordnet = None,
    variant: Variant = "paper",
    alpha: Alpha = None,
    lam: Lam = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default outputs/segment/NAME.")] = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Find the one object that EXPRESSION means in IMAGE."""
    from tasnb.core.images import as_rgb
    from tasnb.models import import_vendors, load, plan
    from tasnb.models.presets import variant_of
    from tasnb.pipeline import variant as variants
    from tasnb.stages import expressions

    expressions.require_text(expression)
    chosen = variants.find(variant_of(models, variant))
    image_rgb = as_rgb(image)
    folder = out or Path("outputs", "segment", image.stem)
    folder.mkdir(parents=True, exist_ok=True)
    parts = parts_of(sam=sam, clip=clip, captioner=captioner, spacy=spacy, wordnet=wordnet)
    plan(models, variant=chosen.name, device=device, **parts)  # a missing file is said before the long wait
    with ProgressBar(quiet=json_, total=STEPS, bar_format=BAR) as progress:
        progress.step("importing the libraries")
        started = time.perf_counter()
        import_vendors()
        imported = time.perf_counter()
        progress.step(f"loading the {models} models")
        loaded = load(models, variant=chosen.name, device=device, **parts)
        seconds = {"imports": imported - started, "load": time.perf_counter() - imported}
        weighed: dict[str, Any] = {"variant": chosen, "alpha": alpha, "lam": lam, "captions": "on demand"}
        record = answer(image_rgb, expression, loaded, folder, step=progress.step, seconds=seconds, **weighed)
    show({**record, "image": image}, in_words(record), as_json=json_)


def answer(
    image_rgb: np.ndarray,
    expression: str,
    loaded: types.Models,
    folder: Path,
    *,
    step: Callable[[str], None],
    seconds: dict[str, float],
    target: np.ndarray | None = None,
    captions: Captioning = "all",
    **weighed: Any,
) -> dict[str, Any]:
    """Segment a picture with models at hand, write FILES into the folder, and return what ``--json`` prints.

    step: called with what is done next. seconds: what was measured before. target: the true mask, when known. captions:
    as for ``describe``. weighed: options of ``tas``.
    """
    from tasnb.pipeline.describe import describe
    from tasnb.pipeline.tas import tas

    begun: set[str] = set()

    def announce(stage: str, image_key: str, fingerprint: str, config: Any, compute: Callable[[], Any]) -> Any:
        if stage not in begun:  # captions on demand come several times
            begun.add(stage)
            step(STAGES.get(stage, stage))
        return compute()

    started = time.perf_counter()
    artifacts = describe(image_rgb, loaded, variant=weighed.get("variant", "paper"), captions=captions, memo=announce)
    described = time.perf_counter()
    step("choosing the mask")
    prediction = tas(artifacts, expression, loaded, **weighed)
    chosen = time.perf_counter()
    step("writing the report")
    files = write(prediction, image_rgb, folder, target=target, models_name=loaded.name)
    seconds = {**seconds, "describe": described - started, "choose": chosen - described}
    record = {
        **facts(prediction, target),
        "models": loaded.name,
        "files": files,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }
    Path(files["answer"]).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return record


def write(
    prediction: types.Prediction, image_rgb: np.ndarray, folder: Path, *, target: np.ndarray | None, models_name: str
) -> dict[str, str]:
    """Write the answer's files, but for answer.json; returns the path of each of FILES by its stem."""
    from tasnb import plots, report
    from tasnb.core.images import png_bytes

    paths = {Path(name).stem: folder / name for name in FILES}
    paths["mask"].write_bytes(png_bytes(prediction.mask))
    plots.annotated(image_rgb, prediction, target=target).save(paths["picture"], optimize=True)
    prediction.to_frame().to_csv(paths["receipt"], index=False, float_format="%.6f")
    report.answer(image_rgb, prediction, paths["report"], target=target, models_name=models_name)
    return {name: str(path) for name, path in paths.items()}


def facts(prediction: types.Prediction, target: np.ndarray | None) -> dict[str, Any]:
    """What ``--json`` prints about the answer; the mask as COCO RLE."""
    from tasnb.core.masks import iou, to_rle

    table, index = prediction.table, prediction.index
    chosen = None
    if index is not None:
        chosen = {
            **{name: float(getattr(table, name)[index]) for name in ("v", "p", "n", "total")},
            "box_xyxy": prediction.artifacts.proposals.boxes_xyxy[index].tolist(),
            "caption": next(iter(prediction.artifacts.captions.values()))[index],
        }
    return {
        "expression": prediction.expression,
        "method": prediction.method,
        "weights": asdict(table.weights),
        "index": index,
        "chosen": chosen,
        "proposals": len(table),
        "kept": int(table.kept.sum()),
        "p_not_needed": table.not_needed,
        "area": int(prediction.mask.sum()),
        "mask": to_rle(prediction.mask),
        "iou": None if target is None else iou(prediction.mask, target),
        "head": prediction.parse.head.lemma if prediction.parse.head else None,
        "directions": list(prediction.parse.directions),
        "rectifier": table.trace.sentence if table.trace else None,
        "overall_caption": prediction.negatives.caption,
        "negatives": list(prediction.negatives.kept),
    }


def in_words(record: dict[str, Any]) -> str:
    """The record for a person, in a few lines."""
    chosen, weights = record["chosen"], record["weights"]
    lines = [f"“{record['expression']}”  ({record['method']}, models: {record['models']})"]
    if chosen is None:
        lines.append("  no proposal was found, so there is no answer")
    else:
        pushed = ", ".join(f"“{text}”" for text in record["negatives"]) or "nothing"
        lines += [
            f"  mask {record['index']} of {record['proposals']}, {record['area']} px: “{chosen['caption']}”",
            f"  S = V {chosen['v']:.3f} + {weights['alpha']:g} x P {chosen['p']:.3f}"
            f" + {weights['lam']:g} x N {chosen['n']:.3f} = {chosen['total']:.3f}"
            f" (weights: {weights['source']})",
            f"  {record['rectifier']}",
            f"  pushed away from: {pushed}",
        ]
        if unasked := record["p_not_needed"]:
            lines.append(f"  P was not needed for {unasked} of {record['proposals']} masks: they could not win")
    if record["iou"] is not None:
        lines.append(f"  IoU with the true mask: {record['iou']:.2f}")
    return "\n".join([*lines, "  " + wrote(sorted(record["files"].values()))])
