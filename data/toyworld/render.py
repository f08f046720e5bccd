"""From a scene to its picture and the visible mask of everything in it; and portraits of single things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageFilter

from tasnb.core.domain import marked
from toyworld import animals, nature, objects, people, vehicles
from toyworld.backgrounds import VARIANTS, backdrop
from toyworld.brush import PALETTE, SUPERSAMPLE, Brush
from toyworld.world import BACKGROUNDS, KINDS, SCENE_SIZE, Scene, Thing

Draw = Callable[[Brush, Thing, np.random.Generator], None]

# who draws a kind, and how far it reaches left and right of its foot, in hundredths of its height
ARTISTS: dict[str, tuple[Draw, float]] = {
    "man": (people.man, 32),
    "woman": (people.woman, 27),
    "boy": (people.boy, 36),
    "girl": (people.girl, 35),
    "cat": (animals.cat, 52),
    "dog": (animals.dog, 76),
    "rabbit": (animals.rabbit, 50),
    "duck": (animals.duck, 84),
    "horse": (animals.horse, 68),
    "sheep": (animals.sheep, 76),
    "car": (vehicles.car, 102),
    "bus": (vehicles.bus, 96),
    "truck": (vehicles.truck, 100),
    "tree": (nature.tree, 46),
    "flower": (nature.flower, 38),
    "house": (nature.house, 60),
    "tent": (nature.tent, 74),
    "bench": (objects.bench, 97),
    "umbrella": (objects.umbrella, 63),
    "box": (objects.box, 60),
    "ball": (objects.ball, 54),
    "balloon": (objects.balloon, 38),
    "kite": (objects.kite, 38),
    "teddy": (objects.teddy, 50),
    "apple": (objects.apple, 54),
    "cake": (objects.cake, 66),
    "banana": (objects.banana, 82),
}

SHADOW = 0.30  # how much of the light a ground shadow takes, at its middle


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawn scene: image_rgb uint8 (256, 256, 3); masks bool (t, 256, 256), what is visible of each thing."""

    image_rgb: UInt8[np.ndarray, "256 256 3"]
    masks: Bool[np.ndarray, "t 256 256"]


def _paint(thing: Thing, *, height: float, foot_px: tuple[float, float] = (0.0, 0.0)) -> tuple[Image.Image, int, int]:
    """The thing's supersampled RGBA canvas, and its foot in picture pixels from the left and the top."""
    if thing.kind not in ARTISTS:
        raise ValueError(f"unknown kind {thing.kind!r}; choose from {', '.join(ARTISTS)}")
    if thing.colour not in KINDS[thing.kind].colours:
        raise ValueError(
            f"no {thing.colour!r} {thing.kind} in the toy world; choose from {', '.join(KINDS[thing.kind].colours)}"
        )
    draw, side = ARTISTS[thing.kind]
    top = 108.0 if thing.hat else 104.0
    brush = Brush(unit_px=height / 100, reach=(side, top, 2.0), flip=thing.flip, foot_px=foot_px)
    draw(brush, thing, np.random.default_rng(thing.seed))
    return brush.canvas, brush.left_px, brush.top_px


def _shade(rgba: Float[np.ndarray, "h w 4"]) -> None:
    """Light from above left: a little brighter there, a little darker at the foot; in place."""
    h, w = rgba.shape[:2]
    slope = 1.05 - 0.13 * np.linspace(0, 1, h, dtype=np.float32)[:, None] ** 1.6
    slope = slope - 0.05 * (np.linspace(0, 1, w, dtype=np.float32)[None] - 0.4)
    np.minimum(rgba[..., :3] * slope[..., None], 255, out=rgba[..., :3])


def sprite(thing: Thing) -> tuple[Float[np.ndarray, "h w 4"], int, int]:
    """A thing's layer: RGB 0..255 and alpha 0..1 in the last axis, and the scene column and row of its corner."""
    x, y = int(np.floor(thing.x)), int(np.floor(thing.y))
    canvas, left, top = _paint(thing, height=thing.height, foot_px=(thing.x - x, thing.y - y))
    rgba = np.asarray(canvas.reduce(SUPERSAMPLE)).astype(np.float32)
    _shade(rgba)
    rgba[..., 3] *= 1 / 255
    return rgba, x - left, y - top


def _shadow(image: Float[np.ndarray, "h w 3"], cx: float, cy: float, rx: float, ry: float) -> None:
    """Darken a soft ellipse on the ground, in place."""
    h, w = image.shape[:2]
    x0, x1 = max(int(cx - rx), 0), min(int(cx + rx) + 2, w)
    y0, y1 = max(int(cy - ry), 0), min(int(cy + ry) + 2, h)
    if x0 >= x1 or y0 >= y1:
        return
    dx = (np.arange(x0, x1, dtype=np.float32) + 0.5 - cx) / rx
    dy = (np.arange(y0, y1, dtype=np.float32) + 0.5 - cy) / ry
    fall = np.clip(1 - (dx[None] ** 2 + dy[:, None] ** 2), 0, 1)
    keep = 1 - SHADOW * np.sqrt(fall)[..., None] * np.array((1.0, 0.96, 0.84), np.float32)
    image[y0:y1, x0:x1] *= keep


def _lay(
    image: Float[np.ndarray, "h w 3"], rgba: Float[np.ndarray, "a b 4"], x0: int, y0: int
) -> tuple[slice, slice, Bool[np.ndarray, "c d"]]:
    """Blend a layer onto the image, in place; where it lies, and which of those pixels it owns (alpha >= 0.5)."""
    h, w = image.shape[:2]
    top, left = max(y0, 0), max(x0, 0)
    bottom, right = max(min(y0 + rgba.shape[0], h), top), max(min(x0 + rgba.shape[1], w), left)
    part = rgba[top - y0 : bottom - y0, left - x0 : right - x0]
    alpha = part[..., 3:]
    target = image[top:bottom, left:right]
    target += alpha * (part[..., :3] - target)
    return slice(top, bottom), slice(left, right), part[..., 3] >= 0.5


def render(scene: Scene) -> Picture:
    """Draw a scene in painter's order; a mask is what its thing still shows: alpha >= 0.5, not covered, no shadows.

    Raises ValueError for an unknown background, kind or colour.
    """
    image = backdrop(scene.background, scene.seed % VARIANTS).astype(np.float32)
    owner = np.full(image.shape[:2], -1, dtype=np.int16)
    for i, thing in enumerate(scene.things):
        rgba, x0, y0 = sprite(thing)
        if not KINDS[thing.kind].flies:
            reach = _footprint(thing) * thing.height / 100
            _shadow(image, thing.x + 0.12 * reach, thing.y - 0.02 * thing.height, reach, max(0.26 * reach, 2.5))
        rows, cols, mine = _lay(image, rgba, x0, y0)
        owner[rows, cols][mine] = i
    masks = owner[None] == np.arange(len(scene.things), dtype=np.int16)[:, None, None]
    return Picture(image_rgb=marked((image + 0.5).clip(0, 255).astype(np.uint8)), masks=masks)


def _footprint(thing: Thing) -> float:
    """Half the width of the ground shadow in hundredths of the height."""
    family = KINDS[thing.kind].family
    if family == "person":
        return 24.0
    narrow = {"tree": 30.0, "umbrella": 34.0, "flower": 22.0, "apple": 40.0, "duck": 50.0, "ball": 44.0}
    return narrow.get(thing.kind, ARTISTS[thing.kind][1] * 0.88)


def _setting(background: str, size: int, rng: np.random.Generator) -> Float[np.ndarray, "s s 3"]:
    """A plain colour with a breath of light, or a random window of a background."""
    if background in BACKGROUNDS:
        scene = backdrop(background, int(rng.integers(VARIANTS)))
        window = int(rng.integers(SCENE_SIZE * 5 // 16, SCENE_SIZE * 3 // 4))
        x = int(rng.integers(SCENE_SIZE - window + 1))
        y = int(rng.integers(max(0, SCENE_SIZE // 2 - window), SCENE_SIZE - window + 1))
        cut = Image.fromarray(scene[y : y + window, x : x + window]).resize((size, size), Image.Resampling.BILINEAR)
        return np.asarray(cut).astype(np.float32)
    if background not in PALETTE:
        places = ", ".join(BACKGROUNDS)
        raise ValueError(f"unknown background {background!r}; choose a colour ({', '.join(PALETTE)}) or {places}")
    colour = {"black": (0, 0, 0), "white": (255, 255, 255)}.get(background, PALETTE[background])
    return np.broadcast_to(np.array(colour, np.float32), (size, size, 3)).copy()


def _fitted(thing: Thing, longest: float) -> Float[np.ndarray, "h w 4"]:
    """The thing's layer cut to what is drawn, its longer side ``longest`` pixels."""
    side = ARTISTS[thing.kind][1] if thing.kind in ARTISTS else 50.0
    canvas, _, _ = _paint(thing, height=longest * 100 / max(1.8 * side, 100.0))
    box = canvas.getbbox() or (0, 0, *canvas.size)
    w, h = box[2] - box[0], box[3] - box[1]
    scale = longest / max(w, h)
    fitted = (max(round(w * scale), 2), max(round(h * scale), 2))
    rgba = np.asarray(canvas.resize(fitted, Image.Resampling.BOX, box=box)).astype(np.float32)
    _shade(rgba)
    rgba[..., 3] *= 1 / 255
    return rgba


def portrait(
    thing: Thing,
    *,
    background: str,
    size: int = 64,
    seed: int,
    neighbours: Sequence[Thing] = (),
    blur_background: float = 0,
) -> UInt8[np.ndarray, "s s 3"]:
    """One thing large in a square frame: uint8 (size, size, 3); its longer side fills 70 to 95 % of the frame.

    background: a colour of the palette (black and white are pure) or one of BACKGROUNDS. neighbours: things that
    look in from the border, behind. blur_background: sigma in pixels, blurs all but the thing. Thing.x, y and height
    play no part.
    Raises ValueError for an unknown background, kind or colour.
    """
    rng = np.random.default_rng(seed)
    image = _setting(background, size, rng)
    for other in neighbours:
        rgba = _fitted(other, size * float(rng.uniform(0.6, 1.0)))
        h, w = rgba.shape[:2]
        on_left = rng.random() < 0.5
        x = int(rng.uniform(-0.8, -0.45) * w) if on_left else size - int(rng.uniform(0.2, 0.55) * w)
        _lay(image, rgba, x, int(rng.uniform(0.1, 0.95) * size - 0.5 * h))
    if blur_background > 0:
        soft = Image.fromarray(image.astype(np.uint8)).filter(ImageFilter.GaussianBlur(blur_background))
        image = np.asarray(soft).astype(np.float32)
    rgba = _fitted(thing, size * float(rng.uniform(0.70, 0.95)))
    h, w = rgba.shape[:2]
    x, y = (round((size - s) * float(rng.uniform(0.3, 0.7))) for s in (w, h))
    if background in BACKGROUNDS and blur_background == 0 and not KINDS[thing.kind].flies:
        _shadow(image, x + 0.53 * w, y + h - 0.02 * h, 0.48 * w, max(0.11 * w, 2.0))
    _lay(image, rgba, x, y)
    return marked((image + 0.5).clip(0, 255).astype(np.uint8))
