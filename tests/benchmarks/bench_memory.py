"""Peak memory and seconds of the `paper` preset and of the matchers, stage by stage: full size, random weights.

    make bench                                           # on a GPU where there is one, else on the CPU
    python -m tests.benchmarks.bench_memory --small      # the same rows on tiny models: seconds

The paper's figure is 22 GB for the whole method. Each model is made, used once to warm up and once measured, and freed
before the next one. A stage that needs more memory than is free says so and is left out. The weights are noise, so
captions run to their full length and nothing here is about quality.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

PAPER_GB = 22.0
CROPS = 32  # proposals of a photo, about what SAM gives with 8 x 8 points
# parameters in billions: what a stage needs before its activations
STAGES = {
    "SAM ViT-H": (0.64, ("float32",)),
    "CLIP ViT-B/32": (0.15, ("float32",)),
    "BLIP-2 OPT-2.7b": (3.74, ("float32", "bfloat16", "int8")),
    "BLIP-2 ITC": (1.17, ("float32", "bfloat16")),
    "ALBEF ITC": (0.15, ("float32",)),
}
BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}


def rows(device: str, *, small: bool, only: str | None = None) -> Iterator[str]:
    """A line for each stage and number format, as it is measured."""
    from tasnb.models.machine import peak, reset_peak

    pictures = [np.random.default_rng(i).integers(0, 256, (200, 150, 3), dtype=np.uint8) for i in range(CROPS)]
    pictures = pictures[:2] if small else pictures
    photo = np.random.default_rng(0).integers(0, 256, (96, 128, 3) if small else (480, 640, 3), dtype=np.uint8)
    most, started = 0.0, "float32"
    for name, (billions, formats) in STAGES.items():
        if only not in (None, name):
            continue
        for dtype in formats:
            needs = 0.0 if small else billions * BYTES[dtype] * 1.25
            if (free := free_gb(device)) < needs:
                yield f"{name:<17} {dtype:<9} left out: needs about {needs:.1f} GB, {free:.1f} GB are free"
                continue
            with tempfile.TemporaryDirectory() as place:
                load = WRITERS[name](Path(place), small)
                gc.collect()
                reset_peak()
                try:
                    use = load(device, dtype, pictures, photo)
                except ValueError as problem:  # int8 without CUDA or bitsandbytes
                    yield f"{name:<17} {dtype:<9} left out: {problem}"
                    continue
                use()
                began = time.perf_counter()
                use()
                taken = time.perf_counter() - began
            used, what = peak()
            yield f"{name:<17} {dtype:<9} {taken:8.3f} s an image   peak {used / 1e9:6.2f} GB ({what})"
            if dtype == started:
                most = max(most, used / 1e9)
            del use
            gc.collect()
    ratio = most / PAPER_GB
    yield f"one model at a time, float32: peak {most:.2f} GB   paper, all at once: {PAPER_GB:.2f} GB   {ratio:.2f}x"


def free_gb(device: str) -> float:
    """Memory that is free where the models go."""
    import torch

    if device == "cuda":
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info()[0] / 1e9
    status = Path("/proc/meminfo")
    if not status.is_file():
        return float("inf")
    line = next(line for line in status.read_text().splitlines() if line.startswith("MemAvailable"))
    return int(line.split()[1]) * 1024 / 1e9


Load = Callable[[str, str, list[np.ndarray], np.ndarray], Callable[[], Any]]


def _sam(folder: Path, small: bool) -> Load:
    import torch

    from tasnb.models.sam import SamProposer, build_sam
    from tests.models.official_checkpoints import write_sam

    given = write_sam(folder) if small else {"checkpoint": str(folder / "sam.pth"), "model": "vit_h"}
    if not small:
        torch.save(build_sam("vit_h").state_dict(), folder / "sam.pth")

    def load(device: str, dtype: str, pictures: list[np.ndarray], photo: np.ndarray) -> Callable[[], Any]:
        sam = SamProposer.load(**given, device=device, pred_iou_thresh=0.0, stability_score_thresh=0.0)
        return lambda: sam.propose(photo)

    return load


def _clip(folder: Path, small: bool) -> Load:
    from tests.models.official_checkpoints import write_clip, write_clip_state_dict

    given = (
        write_clip(folder)
        if small
        else write_clip_state_dict(folder / "ViT-B-32-openai-random.pt", "ViT-B-32-quickgelu")
    )

    def load(device: str, dtype: str, pictures: list[np.ndarray], photo: np.ndarray) -> Callable[[], Any]:
        from tasnb.models.clip import ClipEncoder

        clip = ClipEncoder.load(**given, device=device)
        return lambda: clip.encode_images(pictures)

    return load


def _blip2(folder: Path, small: bool) -> Load:
    from tests.models.official_checkpoints import write_blip2

    write_blip2(folder, full=not small)

    def load(device: str, dtype: str, pictures: list[np.ndarray], photo: np.ndarray) -> Callable[[], Any]:
        from tasnb.models.captioner import HFCaptioner

        captioner = HFCaptioner.load(folder, device=device, dtype=dtype)
        return lambda: captioner.caption(pictures)

    return load


def _matcher(write: Callable[..., Any]) -> Callable[[Path, bool], Load]:
    def written(folder: Path, small: bool) -> Load:
        write(folder, full=not small)

        def load(device: str, dtype: str, pictures: list[np.ndarray], photo: np.ndarray) -> Callable[[], Any]:
            from tasnb.models.adapters import load_matcher

            matcher = load_matcher(folder, device=device, dtype=dtype)
            return lambda: matcher.encode_images(pictures)

        return load

    return written


def _blip2_itc(folder: Path, small: bool) -> Load:
    from tests.models.official_matchers import write_blip2_itc

    return _matcher(write_blip2_itc)(folder, small)


def _albef(folder: Path, small: bool) -> Load:
    from tests.models.official_matchers import write_albef

    return _matcher(write_albef)(folder, small)


# a stage -> what writes its checkpoint and returns its loader: writing must not count as memory of the stage
WRITERS: dict[str, Callable[[Path, bool], Load]] = {
    "SAM ViT-H": _sam, "CLIP ViT-B/32": _clip, "BLIP-2 OPT-2.7b": _blip2, "BLIP-2 ITC": _blip2_itc, "ALBEF ITC": _albef,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", action="store_true", help="tiny models: checks that the benchmark runs")
    options.add_argument("--device", default="auto")
    options.add_argument("--only", choices=list(STAGES))
    given = options.parse_args(arguments)
    from tasnb.models.machine import resolve_device

    device = resolve_device(given.device)
    print(f"device {device}, {2 if given.small else CROPS} crops of a photo", flush=True)
    for line in rows(device, small=given.small, only=given.only):
        print(line, flush=True)


if __name__ == "__main__":
    main()
