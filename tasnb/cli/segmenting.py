"""``tasnb segment``: one picture and one expression; the answer, and why, on the terminal and in a folder."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasnb.cli import options
from tasnb.cli.options import to_read, writes
from tasnb.cli.output import ProgressBar, in_json, ready, say, show, wrote

if TYPE_CHECKING:
    import numpy as np

    from tasnb.core import types
    from tasnb.pipeline.describe import Captioning

STAGES = {
    "proposals": "proposing masks",
    "crop_embeddings": "embedding the crops",
    "captions": "captioning the crops",
    "overall_caption": "captioning the whole image",
    "noun_phrases": "reading the caption",
    "caption_embeddings": "embedding the captions",
    "phrase_embeddings": "embedding the mined phrases",
}
STEPS = 2 + len(STAGES) + 2
FILES = ("mask.png", "picture.png", "receipt.csv", "report.html", "answer.json")
LONGEST_NAME = 60  # characters of a folder's name
BAR = "{desc:<50} {bar:20} {n_fmt}/{total_fmt} {elapsed}"


def _in_words(expression: str) -> str:
    """Words that came as other bytes than UTF-8 are no words: refused before any model is loaded."""
    try:
        expression.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter(f"expected text in UTF-8, got {expression!r}") from None
    return expression


def segment(
    image: Annotated[str, typer.Argument(callback=to_read, help="A picture file: JPEG, PNG, WebP ...")],
    expression: Annotated[str, typer.Argument(callback=_in_words, help='What to find, in quotes: "the left cat".')],
    models: options.Models = "toy",
    sam: options.Sam = None,
    clip: options.Clip = None,
    captioner: options.Captioner = None,
    spacy: options.Spacy = None,
    wordnet: options.Wordnet = None,
    variant: options.Variant = "paper",
    alpha: options.Alpha = None,
    lam: options.Lam = None,
    max_side: options.MaxSide = 1024,
    out: Annotated[Path | None, writes(help="Folder to write to; default outputs/segment/PICTURE/EXPRESSION.")] = None,
    store: options.StoreFolder = None,
    device: options.Device = "auto",
    json_: options.Json = False,
) -> None:
    """Find the one object that EXPRESSION means in IMAGE.

    The default models, toy, know drawings of this library only: for photos get larger ones by tasnb fetch laptop, then
    --models laptop. What the models say about a picture is kept in the store, for the next expression about it.
    """
    from tasnb.core.domain import domain_note
    from tasnb.core.images import as_rgb, working_size
    from tasnb.models import deferred, import_vendors
    from tasnb.models.presets import variant_of
    from tasnb.pipeline import variant as variants
    from tasnb.stages import expressions
    from tasnb.store import Store

    expressions.require_text(expression)
    chosen = variants.find(variant_of(models, variant))
    image_rgb = as_rgb(image)
    longest = max_side or None
    working_size((image_rgb.shape[0], image_rgb.shape[1]), longest)
    folder = ready(out or Path("outputs", "segment", *_names_of(image, expression)))
    parts = options.parts_of(sam=sam, clip=clip, captioner=captioner, spacy=spacy, wordnet=wordnet)
    memo = Store(store).memo
    # a missing file is said now
    loaded = deferred.defer(models, memo=memo, variant=chosen.name, device=device, **parts)
    with ProgressBar(quiet=json_, total=STEPS, bar_format=BAR) as progress:
        progress.step("importing the libraries")
        started = time.perf_counter()
        import_vendors()
        imported = time.perf_counter()
        progress.step("loading the language models")
        deferred.load_language(loaded)  # small, and needed last: a fault in it is said before the wait
        seconds = {"imports": imported - started}  # each model loads when a stage needs it
        record = answer(
            image_rgb, expression, loaded, folder, step=progress.step, seconds=seconds, max_side=longest, memo=memo,
            captions="on demand", variant=chosen, alpha=alpha, lam=lam,
        )  # fmt: skip
    if note := domain_note(loaded.name, loaded.domain, image_rgb):  # where it fails, one line says why
        say(f"tasnb: {note}", err=True)
    show({**record, "image": image}, in_words(record), as_json=json_)


def _names_of(image: str, expression: str) -> tuple[str, str]:
    """Names of folders for a picture and an expression; what a name cannot hold becomes a dash and a few digits."""
    names = []
    for text in (Path(image).stem, " ".join(expression.lower().split())):
        plain = re.sub(r"[^\w.+]+", "-", text).strip("-.")[:LONGEST_NAME]
        differs = plain.replace("-", " ") != text.replace("-", " ")
        digits = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:6]
        names.append(f"{plain}-{digits}".strip("-") if differs else plain)
    return names[0], names[1]


def answer(
    image_rgb: np.ndarray,
    expression: str,
    loaded: types.Models,
    folder: Path,
    *,
    step: Callable[[str], None],
    seconds: dict[str, float],
    target: np.ndarray | None = None,
    max_side: int | None = None,
    memo: types.Memo | None = None,
    captions: Captioning = "all",
    **weighed: Any,
) -> dict[str, Any]:
    """Segment a picture with models at hand, write FILES into the folder, and return what ``--json`` prints.

    step: called with what is done next. seconds: what was measured before. target: the true mask, when known.
    max_side, memo, captions: as for ``describe``. weighed: options of ``tas``.
    """
    from tasnb.pipeline.describe import describe
    from tasnb.pipeline.tas import tas

    begun: set[str] = set()

    def announce(stage: str, image_key: str, fingerprint: str, config: Any, compute: Callable[[], Any]) -> Any:
        if stage not in begun:  # captions on demand come several times
            begun.add(stage)
            step(STAGES.get(stage, stage))
        return compute() if memo is None else memo(stage, image_key, fingerprint, config, compute)

    started = time.perf_counter()
    artifacts = describe(
        image_rgb, loaded, variant=weighed.get("variant", "paper"), captions=captions, max_side=max_side, memo=announce
    )
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
    Path(files["answer"]).write_text(in_json(record, indent=1) + "\n", encoding="utf-8")
    return record


def write(
    prediction: types.Prediction, image_rgb: np.ndarray, folder: Path, *, target: np.ndarray | None, models_name: str
) -> dict[str, str]:
    """Write the answer's files, but for answer.json; returns the path of each of FILES by its stem."""
    from tasnb import plots, report
    from tasnb.core.images import png_bytes
    from tasnb.core.tables import csv_text

    paths = {Path(name).stem: folder / name for name in FILES}
    paths["mask"].write_bytes(png_bytes(prediction.mask))
    plots.annotated(image_rgb, prediction, target=target).save(paths["picture"], optimize=True)
    paths["receipt"].write_text(csv_text(prediction.to_frame(), float_format="%.6f"), encoding="utf-8")
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
            **({} if table.prior is None else {"prior": float(table.prior[index])}),
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
        "size_hw": list(prediction.artifacts.image_hw),
        "worked_on_hw": list(prediction.artifacts.size_hw),
        "domain_note": prediction.artifacts.domain_note,
        "notes": list(prediction.notes),
        "overall_caption": prediction.negatives.caption,
        "negatives": list(prediction.negatives.kept),
    }


def in_words(record: dict[str, Any]) -> str:
    """The record for a person, in a few lines."""
    chosen, weights = record["chosen"], record["weights"]
    lines = [f"“{' '.join(record['expression'].split())}”  ({record['method']}, models: {record['models']})"]
    lines += [f"  ! {note}" for note in record["notes"]]
    if chosen is not None:
        pushed = ", ".join(f"“{text}”" for text in record["negatives"]) or "nothing"
        prior = f" + prior {chosen['prior']:.3f}" if "prior" in chosen else ""
        lines += [
            f"  mask {record['index']} of {record['proposals']}, {record['area']} px: “{chosen['caption']}”",
            f"  S = V {chosen['v']:.3f} + {weights['alpha']:g} x P {chosen['p']:.3f}"
            f" + {weights['lam']:g} x N {chosen['n']:.3f}{prior} = {chosen['total']:.3f}"
            f" (weights: {weights['source']})",
            f"  {record['rectifier']}",
            f"  pushed away from: {pushed}",
        ]
        if unasked := record["p_not_needed"]:
            lines.append(f"  P was not needed for {unasked} of {record['proposals']} masks: they could not win")
    if record["iou"] is not None:
        lines.append(f"  IoU with the true mask: {record['iou']:.2f}")
    return "\n".join([*lines, "  " + wrote(sorted(record["files"].values()))])
