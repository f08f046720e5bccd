"""How fast the adapters are, and what batching and re-use are worth: full-size architectures, random weights.

    make bench                                            # SAM ViT-B, CLIP ViT-B/32, GIT-base: minutes
    python -m tests.benchmarks.bench_models --small       # the same rows on tiny models: seconds

Each row prints both sides and their ratio. The weights are noise, so the numbers say nothing about quality.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

EXPRESSIONS = ("the left dog", "the man on the right", "a red bus")
# noise has no confidence: every mask must pass for the rest to have something to do
OPEN = {"pred_iou_thresh": 0.0, "stability_score_thresh": 0.0}


def seconds(work: Callable[[], Any], *, repeats: int = 1) -> float:
    """The shortest of some runs, in seconds."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def photo() -> tuple[np.ndarray, str]:
    """A real photo where the shared data are, else noise of the same size."""
    folder = Path(os.environ.get("TASNB_SHARED", "../shared")) / "data" / "mini-refcoco" / "images"
    found = sorted(p for p in folder.rglob("*") if p.suffix in (".jpg", ".png")) if folder.is_dir() else []
    if found:
        with Image.open(found[0]) as image:
            return np.asarray(image.convert("RGB")), found[0].name
    return np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8), "noise"


def row(what: str, slow: tuple[str, float], fast: tuple[str, float]) -> str:
    ratio = slow[1] / fast[1]
    return f"{what:<34} {slow[0]}: {slow[1]:8.3f} s   {fast[0]}: {fast[1]:8.3f} s   {ratio:5.2f}x"


def rows(folder: Path, *, crops: int, shrink: int = 1) -> Iterable[str]:
    """One line for each comparison, as it is measured."""
    import torch
    from segment_anything import SamPredictor

    import tasnb as tn
    from tasnb.models.captioner import HFCaptioner
    from tasnb.models.clip import ClipEncoder
    from tasnb.models.sam import SamProposer, build_sam

    image_rgb, name = photo()
    image_rgb = image_rgb[::shrink, ::shrink]
    pictures = [image_rgb[i : i + 200, i : i + 150] for i in range(crops)]
    yield f"photo {name} {image_rgb.shape[1]} x {image_rgb.shape[0]}, {torch.get_num_threads()} threads"

    models: Any = tn.models.load(folder, device="cpu")
    parts = {"sam": models.proposer, "clip": models.encoder, "captioner": models.captioner}
    for role, part in parts.items():
        module = part.model.predictor.model if role == "sam" else part.model
        count = sum(p.numel() for p in module.parameters())
        yield f"{role:<10} {type(module).__name__:<34} {count / 1e6:8.1f} M parameters"

    checkpoint, config = sam_files(folder)

    def load_as_published() -> None:
        build_sam(config).load_state_dict(torch.load(checkpoint, weights_only=True))

    yield row(
        "load SAM",
        ("fill, then load", seconds(load_as_published)),
        ("load only", seconds(lambda: SamProposer.load(checkpoint, model=config, device="cpu"))),
    )

    def alone() -> None:
        predictor = SamPredictor(models.proposer.model.predictor.model)
        predictor.set_image(image_rgb)

    encoder = seconds(alone)
    gpu_like = SamProposer.load(checkpoint, model=config, device="cpu", points_per_batch=64, **OPEN)
    yield row(
        "SAM on a CPU, 64 points",
        ("64 at a time", seconds(lambda: gpu_like.propose(image_rgb))),
        ("8 at a time", seconds(lambda: models.proposer.propose(image_rgb))),
    )
    yield f"{'':<34} of this the image encoder: {encoder:.3f} s, once an image"

    one = ClipEncoder.__new__(ClipEncoder)
    one.__dict__.update(models.encoder.__dict__, batch_size=1)
    yield row(
        f"CLIP, {crops} crops",
        ("one by one", seconds(lambda: one.encode_images(pictures), repeats=2)),
        ("in a batch", seconds(lambda: models.encoder.encode_images(pictures), repeats=2)),
    )
    texts = [EXPRESSIONS[i % len(EXPRESSIONS)] for i in range(30)]
    yield row(
        "CLIP, 30 texts of which 3 differ",
        ("each", seconds(lambda: [models.encoder.encode_texts([text]) for text in texts])),
        ("each once", seconds(lambda: models.encoder.encode_texts(texts))),
    )
    single = HFCaptioner.__new__(HFCaptioner)
    single.__dict__.update(models.captioner.__dict__, batch_size=1)
    yield row(
        f"captions of {crops // 2} crops",
        ("one by one", seconds(lambda: single.caption(pictures[: crops // 2]))),
        ("in a batch", seconds(lambda: models.captioner.caption(pictures[: crops // 2]))),
    )

    def recompute() -> None:
        for expression in EXPRESSIONS:
            tn.tas(tn.describe(image_rgb, models), expression, models)

    def reuse() -> None:
        artifacts = tn.describe(image_rgb, models)
        for expression in EXPRESSIONS:
            tn.tas(artifacts, expression, models)

    yield row(
        f"TAS, {len(EXPRESSIONS)} expressions, one image",
        ("recomputed", seconds(recompute)),
        ("described once", seconds(reuse)),
    )


def sam_files(folder: Path) -> tuple[Path, str]:
    config = folder / "sam" / "config.json"
    checkpoint = next(p for p in sorted((folder / "sam").iterdir()) if p.suffix == ".pth")
    return checkpoint, str(config) if config.is_file() else "vit_b"


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", action="store_true", help="tiny models: checks that the benchmark runs")
    options.add_argument("--threads", type=int, default=2, help="torch threads (default 2)")
    given = options.parse_args(arguments)
    import torch

    from tests.models.official_checkpoints import write_all

    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as place:
        print("writing random weights in the official formats ...", flush=True)
        write_all(Path(place), full=not given.small)
        for line in rows(Path(place), crops=8 if given.small else 32, shrink=4 if given.small else 1):
            print(line, flush=True)


if __name__ == "__main__":
    main()
