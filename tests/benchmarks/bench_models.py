"""How fast the adapters are, and what batching and re-use are worth: full-size architectures, random weights.

    make bench                                            # SAM ViT-B, CLIP ViT-B/32, GIT-base: minutes
    python -m tests.benchmarks.bench_models --small       # the same rows on tiny models: seconds

    python -m tests.benchmarks.bench_models --photo       # one photo by SAM ViT-B and by SAM 2.1 tiny: minutes

Each row prints both sides and their ratio. The weights are noise, so the numbers say nothing about quality.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MASKS = 40  # proposals of a photo, about what SAM gives with 8 x 8 points
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


def photo_rows(folder: Path, *, small: bool) -> Iterable[str]:
    """One photo and one expression, as `segment` answers: CPU seconds and memory of each side, in a process each."""
    from tests.models import official_checkpoints as checkpoints
    from tests.models.official_proposers import write_sam2

    if small:
        checkpoints.write_all(folder)
    else:
        clip = checkpoints.write_clip_state_dict(folder / "clip.pt", "ViT-B-32-quickgelu")
        parts: dict[str, Any] = {
            "sam": checkpoints.write_sam(folder / "sam", full=True), "clip": clip,
            "captioner": checkpoints.write_git(folder / "git", full=True),
            "spacy": str(checkpoints.write_spacy(folder / "spacy")),
            "wordnet": str(checkpoints.write_wordnet(folder / "wordnet")),
        }  # fmt: skip
        (folder / "models.json").write_text(json.dumps(parts))
    write_sam2(folder / "sam2", full=not small)
    before, after = (
        _answered(folder, *side) for side in (("", "all", str(small)), (str(folder / "sam2"), "on demand", str(small)))
    )
    for name, found in (("SAM ViT-B, every caption", before), ("SAM 2.1 tiny, captions on demand", after)):
        stages = ", ".join(f"{stage} {taken:.1f}" for stage, taken in found["stages"].items())
        yield f"{name}: {found['asked']} of {found['masks']} masks captioned; CPU seconds: {stages}"
    yield row("one photo, CPU seconds", *(("before", before["cpu"]), ("after", after["cpu"])))
    yield (
        f"{'peak memory above the loaded models':<34} before: {before['above_gb']:.2f} GB   after: "
        f"{after['above_gb']:.2f} GB;  with them {before['peak_gb']:.2f} and {after['peak_gb']:.2f} GB"
    )


def _answered(folder: Path, *side: str) -> dict[str, Any]:
    """What ``answer_once`` measures in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_models", "--side", str(folder), *side]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def answer_once(folder: str, sam: str, captions: str, small: str) -> dict[str, Any]:
    """Answer one expression about one photo and measure it. sam: another proposer's folder, "" for the folder's own."""
    import torch

    import tasnb as tn
    from tasnb.core.masks import make_proposals
    from tasnb.models.machine import peak, reset_peak

    torch.set_num_threads(1)
    models = tn.models.load(folder, device="cpu", **({"sam": sam} if sam else {}), **OPEN)
    propose = models.proposer.propose

    def made_up(image_rgb: np.ndarray) -> Any:
        propose(image_rgb)  # the masks of noise all cover the photo: of 192 one is left
        return make_proposals(_ellipses(image_rgb.shape[:2]), source="made up")

    models.proposer.propose = made_up
    stages: Counter[str] = Counter()

    def timed(stage: str, image_key: str, fingerprint: str, config: Any, compute: Callable[[], Any]) -> Any:
        began = time.process_time()
        value = compute()
        stages[stage] += time.process_time() - began
        return value

    image_rgb = photo()[0][:: 4 if small == "True" else 1, :: 4 if small == "True" else 1]
    gc.collect()
    reset_peak()
    loaded, began = peak()[0], time.process_time()
    artifacts = tn.describe(image_rgb, models, captions=captions, memo=timed)
    answer = tn.tas(artifacts, EXPRESSIONS[1], models, alpha=0.1)
    return {
        "cpu": time.process_time() - began, "peak_gb": peak()[0] / 1e9, "above_gb": (peak()[0] - loaded) / 1e9,
        "masks": len(answer.table), "asked": len(answer.table) - answer.table.not_needed, "stages": stages,
    }  # fmt: skip


def _ellipses(size_hw: tuple[int, int]) -> np.ndarray:
    """Masks of many sizes, where a photo's things may be: bool (MASKS, h, w)."""
    rng, (h, w) = np.random.default_rng(0), size_hw
    y, x = np.mgrid[:h, :w]
    sides = rng.uniform(0.05, 0.3, (MASKS, 2)) * size_hw
    centres = rng.uniform(0.2, 0.8, (MASKS, 2)) * size_hw
    return np.stack(
        [((y - cy) / a) ** 2 + ((x - cx) / b) ** 2 < 1 for (cy, cx), (a, b) in zip(centres, sides, strict=True)]
    )


def sam_files(folder: Path) -> tuple[Path, str]:
    config = folder / "sam" / "config.json"
    checkpoint = next(p for p in sorted((folder / "sam").iterdir()) if p.suffix == ".pth")
    return checkpoint, str(config) if config.is_file() else "vit_b"


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", action="store_true", help="tiny models: checks that the benchmark runs")
    options.add_argument("--threads", type=int, default=2, help="torch threads (default 2)")
    options.add_argument("--photo", action="store_true", help="one photo, by either proposer")
    options.add_argument("--side", nargs=4, help=argparse.SUPPRESS)  # what photo_rows asks of a process
    given = options.parse_args(arguments)
    if given.side:
        print(json.dumps(answer_once(*given.side)))
        return
    import torch

    from tests.models.official_checkpoints import write_all

    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as place:
        if given.photo:
            for line in photo_rows(Path(place), small=given.small):
                print(line, flush=True)
            return
        print("writing random weights in the official formats ...", flush=True)
        write_all(Path(place), full=not given.small)
        for line in rows(Path(place), crops=8 if given.small else 32, shrink=4 if given.small else 1):
            print(line, flush=True)


if __name__ == "__main__":
    main()
