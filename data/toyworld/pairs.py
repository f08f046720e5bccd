"""Training pictures drawn ahead of time: whole scenes, stickers (one thing alone), and what is made of them.

Nothing here looks at the shipped data set, and no picture is cut out with a mask of a scene: a sticker is drawn
alone and laid on black, on a colour or on a piece of a picture. Arrays are kept in a cache folder, named by what
they were drawn with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from toyworld.compose import SIZES, compose
from toyworld.render import render, sprite
from toyworld.world import KINDS, SCENE_SIZE, Scene, Size, Thing

TRAIN_SEED = 1_000_000  # train scenes have seeds from here on; the shipped splits lie below
HELD_OUT_SEED = 2_000_000  # scenes and stickers that score a training run, never trained on
STICKER_SIZE = 96  # pixels of a sticker's longer side
DEFOCUS_SIGMA = 11.6  # scene pixels; the blur of the captioner's pictures (docs/method.md)

_HAT_SHARE = 0.4  # as compose draws people
_DRAWN_BY = ("animals", "backgrounds", "brush", "compose", "nature", "objects", "people", "render", "vehicles", "world")


@dataclass(frozen=True, kw_only=True)
class SceneSet:
    """Scenes with pictures uint8 (n, 256, 256, 3) and labels uint8 (n, 256, 256): 0 background, k the k-th thing."""

    scenes: tuple[Scene, ...]
    pictures: UInt8[np.ndarray, "n 256 256 3"]
    labels: UInt8[np.ndarray, "n 256 256"]


@dataclass(frozen=True, kw_only=True)
class Stickers:
    """Things drawn alone: premultiplied RGBA uint8 (n, 96, 96, 4), centred, the longer side fills the frame."""

    things: tuple[Thing, ...]
    layers: UInt8[np.ndarray, "n 96 96 4"]


def drawing_fingerprint() -> str:
    """Eight hex digits that change with any line of the drawing code, so that a cache never serves old art."""
    digest = hashlib.sha256()
    for name in _DRAWN_BY:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()[:8]


def random_thing(rng: np.random.Generator) -> Thing:
    """A thing of any kind, every kind alike, drawn as large as it would stand in a scene."""
    kind = list(KINDS.values())[int(rng.integers(len(KINDS)))]
    size: Size = ("small", "medium", "medium", "medium", "big")[int(rng.integers(5))]  # type: ignore[assignment]
    pattern = kind.patterns[int(rng.integers(len(kind.patterns)))] if rng.random() < 0.6 else "plain"
    hat = str(rng.choice(KINDS["man"].colours)) if "hat" in kind.wears and rng.random() < _HAT_SHARE else None
    return Thing(
        kind=kind.name, colour=str(rng.choice(kind.colours)), x=0, y=0,
        height=round(kind.height * SIZES[size] * float(rng.uniform(0.7, 1.15)), 2),
        size=size, pattern=pattern, hat=hat, flip=bool(rng.random() < 0.5), seed=int(rng.integers(1 << 30)),
    )  # fmt: skip


def draw_sticker(thing: Thing) -> UInt8[np.ndarray, "96 96 4"]:
    """Draw a thing alone at its own height, cut to what is drawn, scaled to the sticker's frame."""
    rgba, _, _ = sprite(thing)
    rows, cols = (np.flatnonzero((rgba[..., 3] > 0.1).any(axis=axis)) for axis in (1, 0))
    rgba = rgba[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    premultiplied = np.dstack([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:] * 255])
    layer = Image.fromarray(premultiplied.round().clip(0, 255).astype(np.uint8), "RGBa")
    scale = STICKER_SIZE / max(layer.size)
    w, h = (max(round(side * scale), 2) for side in layer.size)
    frame = np.zeros((STICKER_SIZE, STICKER_SIZE, 4), np.uint8)
    top, left = (STICKER_SIZE - h) // 2, (STICKER_SIZE - w) // 2
    frame[top : top + h, left : left + w] = np.asarray(layer.resize((w, h), Image.Resampling.BICUBIC))
    return frame


def draw_scenes(count: int, *, first_seed: int = TRAIN_SEED, cache: Path | None = None) -> SceneSet:
    """Draw scenes of consecutive seeds, or take them from the cache."""
    scenes = tuple(compose(first_seed + i) for i in range(count)) if cache is None else ()
    stem = None if cache is None else cache / f"scenes-{drawing_fingerprint()}-{first_seed}-{count}"

    def draw() -> tuple[list[Any], dict[str, np.ndarray]]:
        drawn = scenes or tuple(compose(first_seed + i) for i in range(count))
        pictures = np.zeros((count, SCENE_SIZE, SCENE_SIZE, 3), np.uint8)
        labels = np.zeros((count, SCENE_SIZE, SCENE_SIZE), np.uint8)
        for i, scene in enumerate(drawn):
            picture = render(scene)
            pictures[i] = picture.image_rgb
            for k, mask in enumerate(picture.masks, start=1):
                labels[i][mask] = k
        return [asdict(scene) for scene in drawn], {"pictures": pictures, "labels": labels}

    records, arrays = _cached(stem, ("pictures", "labels"), draw)
    found = tuple(_scene(record) for record in records)
    return SceneSet(scenes=found, pictures=arrays["pictures"], labels=arrays["labels"])


def draw_stickers(count: int, *, seed: int = TRAIN_SEED, cache: Path | None = None) -> Stickers:
    """Draw random things alone, or take them from the cache."""
    stem = None if cache is None else cache / f"stickers-{drawing_fingerprint()}-{seed}-{count}"

    def draw() -> tuple[list[Any], dict[str, np.ndarray]]:
        rng = np.random.default_rng(seed)
        things = [random_thing(rng) for _ in range(count)]
        layers = np.stack([draw_sticker(thing) for thing in things])
        return [asdict(thing) for thing in things], {"layers": layers}

    records, arrays = _cached(stem, ("layers",), draw)
    return Stickers(things=tuple(Thing(**record) for record in records), layers=arrays["layers"])


def _scene(record: dict[str, Any]) -> Scene:
    fields = dict(record, things=tuple(Thing(**thing) for thing in record["things"]), tags=tuple(record["tags"]))
    return Scene(**fields)


def _cached(
    stem: Path | None, names: Sequence[str], draw: Callable[[], tuple[list[Any], dict[str, np.ndarray]]]
) -> tuple[list[Any], dict[str, np.ndarray]]:
    """The records and arrays under a name, drawn when missing; records are written last, so half a cache is none."""
    if stem is None:
        return draw()
    record_file = stem.with_name(stem.name + ".json")
    files = {name: stem.with_name(f"{stem.name}-{name}.npy") for name in names}
    if not record_file.is_file():
        records, arrays = draw()
        stem.parent.mkdir(parents=True, exist_ok=True)
        for name, file in files.items():
            np.save(file, arrays[name])
        part = record_file.with_suffix(".part")
        part.write_text(json.dumps(records), encoding="utf-8")
        part.replace(record_file)
    return json.loads(record_file.read_text(encoding="utf-8")), {n: np.load(f, mmap_mode="r") for n, f in files.items()}


COVERED_SHARE = 0.3  # of the cut-outs: partly hidden by another thing, as in a scene


def stick(
    rng: np.random.Generator,
    layer: UInt8[np.ndarray, "96 96 4"],
    *,
    others: UInt8[np.ndarray, "m 96 96 4"],
    size: int,
    covered: float = COVERED_SHARE,
) -> UInt8[np.ndarray, "s s 3"]:
    """A cut-out: a sticker on black, padded to a square, as the encoders meet a proposal's box."""
    longest = round(size * float(rng.uniform(0.82, 1.0)))
    paint = _scaled(layer, longest)
    if rng.random() < covered:
        paint = cover(rng, paint, _scaled(others[int(rng.integers(len(others)))], int(longest * rng.uniform(0.5, 1.1))))
    alpha = paint[..., 3]
    rows, cols = (np.flatnonzero((alpha > 100).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        rows, cols = np.arange(longest), np.arange(longest)
    margin = rng.integers(0, 3, 4)  # a mask is seldom exact
    top, bottom = max(rows[0] - margin[0], 0), min(rows[-1] + 1 + margin[1], longest)
    left, right = max(cols[0] - margin[2], 0), min(cols[-1] + 1 + margin[3], longest)
    box = paint[top:bottom, left:right, :3]
    picture = np.zeros((size, size, 3), np.uint8)
    h, w = box.shape[:2]
    y, x = (int(np.clip((size - side) // 2 + rng.integers(-2, 3), 0, size - side)) for side in (h, w))
    picture[y : y + h, x : x + w] = box
    return picture


def _scaled(layer: np.ndarray, longest: int) -> np.ndarray:
    return np.asarray(Image.fromarray(layer, "RGBa").resize((longest, longest), Image.Resampling.BICUBIC))


def cover(rng: np.random.Generator, paint: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Take away what another sticker at the border hides; leave it as it was when too little would stay."""
    n, m = len(paint), len(other)
    y, x = (
        int(rng.integers(-m // 4, n - m // 4)),
        int(rng.choice((-0.6 * m, n - 0.4 * m)) + rng.integers(-m // 6, m // 6 + 1)),
    )
    hidden = np.zeros((n, n), np.float32)
    top, left, bottom, right = max(y, 0), max(x, 0), min(y + m, n), min(x + m, n)
    if top < bottom and left < right:
        hidden[top:bottom, left:right] = other[top - y : bottom - y, left - x : right - x, 3] / 255
    kept = (paint * (1 - hidden[..., None])).astype(np.uint8)
    return kept if (kept[..., 3] > 127).sum() > 0.55 * (paint[..., 3] > 127).sum() else paint


def shrink(pictures: UInt8[np.ndarray, "n h w 3"], size: int) -> UInt8[np.ndarray, "n s s 3"]:
    """Whole pictures scaled to a side, bicubic as the encoders do."""
    resized = [np.asarray(Image.fromarray(p).resize((size, size), Image.Resampling.BICUBIC)) for p in pictures]
    return np.stack(resized)


def mirrored(thing: Thing) -> Thing:
    """The same thing facing the other way (captions never say which way)."""
    return replace(thing, flip=not thing.flip)
