"""What the features of the baselines cost an image, beside the crops that CLIP-only needs: full-size towers, noise.

    make bench                                            # CLIP ViT-B/32 and RN50, 40 masks of one photo: minutes
    python -m tests.benchmarks.bench_baselines --small    # the same rows on tiny towers: seconds

Each row prints both sides and their ratio; the last one is a text's own share: the map pooled over all masks.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.benchmarks.bench_models import photo, row, seconds

SMALL = {"resnet": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 64}, "vit": None}


def masks_of(size_hw: tuple[int, int], count: int) -> np.ndarray:
    """Discs of all sizes: bool (count, h, w)."""
    rng = np.random.default_rng(0)
    y, x = np.indices(size_hw)
    discs = []
    for _ in range(count):
        cy, cx, r = rng.random(3) * (*size_hw, min(size_hw) / 2)
        discs.append((y - cy) ** 2 + (x - cx) ** 2 <= (r + 4) ** 2)
    return np.stack(discs)


def rows(folder: Path, *, count: int, small: bool) -> Iterable[str]:
    """One line for each comparison, as it is measured."""
    from tasnb.core.types import GRIDS, REGIONS
    from tasnb.models.clip import ClipEncoder
    from tasnb.stages import heatmaps
    from tasnb.stages.crops import CropConfig, cut_all
    from tests.models.official_checkpoints import write_clip, write_clip_state_dict

    image, name = photo()
    masks = masks_of(image.shape[:2], count)
    yield f"{name}, {image.shape[1]} x {image.shape[0]}, {count} masks"
    for tower, model in (("vit", "ViT-B-32-quickgelu"), ("resnet", "RN50-quickgelu")):
        if small:
            encoder = ClipEncoder.load(**write_clip(folder / tower, vision=SMALL[tower]), device="cpu")
        else:
            encoder = ClipEncoder.load(**write_clip_state_dict(folder / f"{tower}.pt", model), device="cpu")
        pictures = cut_all(image, masks, CropConfig(style="crop"))
        crops = seconds(lambda e=encoder, p=pictures: e.encode_images(p))
        for kind in GRIDS:
            yield row(
                f"{tower} {kind}",
                ("crops", crops),
                (kind, seconds(lambda e=encoder, k=kind: e.encode_grids(image, [k]))),
            )
        yield row(
            f"{tower} all grids", ("crops", crops), ("grids", seconds(lambda e=encoder: e.encode_grids(image, GRIDS)))
        )
        for kind in REGIONS:
            yield row(
                f"{tower} {kind}", ("crops", crops),
                (kind, seconds(lambda e=encoder, k=kind: e.encode_regions(image, masks, k))),
            )  # fmt: skip
    heat = np.random.default_rng(0).random((7, 7))
    weights = heatmaps.pooling(masks, (7, 7))

    def at_full_size() -> list[float]:
        shown = heatmaps.resize(heat, image.shape[:2])
        return [shown[mask].mean() for mask in masks]

    yield row(
        "a text's scores from its map", ("resized", seconds(at_full_size, repeats=3)),
        ("weights", seconds(lambda: heatmaps.pool(heat, weights), repeats=3)),
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="tiny towers")
    parser.add_argument("--masks", type=int, default=40)
    parser.add_argument("--threads", type=int, default=None, help="torch threads; default: torch's own")
    given = parser.parse_args(arguments)
    import torch

    if given.threads:
        torch.set_num_threads(given.threads)
    print(f"features of the baselines, CPU, {torch.get_num_threads()} threads, random weights")
    with tempfile.TemporaryDirectory() as folder:
        for line in rows(Path(folder), count=given.masks, small=given.small):
            print(line, flush=True)


if __name__ == "__main__":
    main()
