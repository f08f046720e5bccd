"""Contact sheets, to look at what the toy world draws."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from toyworld.compose import compose
from toyworld.render import portrait, render
from toyworld.world import BACKGROUNDS, KINDS, Thing


def contact_sheet(pictures: Sequence[np.ndarray], columns: int, labels: Sequence[str] | None = None) -> Image.Image:
    """Lay pictures uint8 (h, w, 3) of one size out in rows of ``columns``, with an optional label under each.

    Raises ValueError when there is no picture or the labels do not match.
    """
    if not pictures:
        raise ValueError("contact_sheet needs at least one picture")
    if labels is not None and len(labels) != len(pictures):
        raise ValueError(f"{len(labels)} labels for {len(pictures)} pictures; give one label a picture")
    h, w = pictures[0].shape[:2]
    gap, strip = 6, 14 if labels is not None else 0
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (w + gap) + gap, rows * (h + gap + strip) + gap), (250, 248, 244))
    pen = ImageDraw.Draw(sheet)
    for i, picture in enumerate(pictures):
        x, y = gap + (i % columns) * (w + gap), gap + (i // columns) * (h + gap + strip)
        sheet.paste(Image.fromarray(picture), (x, y))
        if labels is not None:
            pen.text((x + 2, y + h + 1), labels[i], fill=(60, 56, 60))
    return sheet


def kinds_sheet(*, variants: int = 10, size: int = 96, background: str | None = None, seed: int = 0) -> Image.Image:
    """Every kind in a row of portraits: colours, patterns, hats and backgrounds in turn."""
    rng = np.random.default_rng(seed)
    pictures: list[np.ndarray] = []
    labels: list[str] = []
    for kind in KINDS.values():
        for k in range(variants):
            colour = kind.colours[(k + seed) % len(kind.colours)]
            hats = [c for c in ("red", "blue", "yellow", "green", "white", "black") if c != colour]
            hat = hats[int(rng.integers(len(hats)))] if "hat" in kind.wears and k % 3 == 1 else None
            pattern = kind.patterns[(k // 2) % len(kind.patterns)]
            thing = Thing(
                kind=kind.name,
                colour=colour,
                pattern=pattern,
                hat=hat,
                x=0,
                y=0,
                height=100,
                flip=k % 4 == 3,
                seed=seed + k,
            )
            place = background or BACKGROUNDS[(k + len(labels)) % len(BACKGROUNDS)]
            pictures.append(portrait(thing, background=place, size=size, seed=seed + k))
            labels.append(f"{colour} {kind.name}"[:15])
    return contact_sheet(pictures, variants, labels)


def scenes_sheet(*, count: int = 20, columns: int = 5, first_seed: int = 0) -> Image.Image:
    """Scenes of consecutive seeds."""
    seeds = range(first_seed, first_seed + count)
    return contact_sheet([render(compose(s)).image_rgb for s in seeds], columns, [str(s) for s in seeds])


def main() -> None:
    """Write OUT.png (all kinds) and OUT-scenes.png."""
    parser = argparse.ArgumentParser(description="Draw contact sheets of the toy world.")
    parser.add_argument("out", help="a file ending in .png; the scenes go to the same name with -scenes")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    kinds_sheet(seed=arguments.seed).save(arguments.out)
    scenes_sheet(first_seed=arguments.seed).save(arguments.out.removesuffix(".png") + "-scenes.png")


if __name__ == "__main__":
    main()
