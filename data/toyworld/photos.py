"""How the toy world is photographed: whole scenes, windows of them, and one thing close up with its surroundings.

These are the natural pictures of the toy models: nothing is cut out with a mask, nothing lies on black or on a plain
colour. ``cutouts`` of a ``Regime`` brings such pictures back, for the control in which CLIP has met them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageFilter

from toyworld import pairs
from toyworld.captions import alt_text, salient_caption, thing_caption
from toyworld.world import SCENE_SIZE, Thing

FRAMED = (1.05, 1.8)  # side of a close frame over the thing's longer side
WINDOW = (96, 200)  # scene pixels of a window that shows several things
MOSTLY, SOME_PIXELS = 0.6, 150  # a thing is in a picture when so much of what the scene shows of it is inside
DEFOCUS = (0.02, 0.12)  # sigma over the side of the picture
COVERED_SHARE = 0.2  # of the close-ups: something before it hides a part
_GRID = 4  # what is in a picture is counted on every fourth pixel
PLACE_SHARE = 0.4  # of the captions: the place is named


@dataclass(frozen=True, kw_only=True)
class Regime:
    """Shares of the pictures, 0..1; what is left are things drawn alone over a piece of a scene, as close-ups.

    scenes: whole ones. windows: of several things. frames: a thing of a scene with its surroundings. cutouts: things
    on black. Of the close-ups: defocused, those with the scene out of focus; coarse, small pictures that were enlarged;
    letterboxed, those in a frame of the thing's own shape, padded to a square as picture processors do.
    """

    scenes: float = 0.08
    windows: float = 0.22
    frames: float = 0.35
    cutouts: float = 0.0
    defocused: float = 0.5
    coarse: float = 0.0
    letterboxed: float = 0.0


NATURAL = Regime()
WITH_CUTOUTS = replace(NATURAL, windows=0.11, frames=0.17, cutouts=0.5)


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A picture uint8 (s, s, 3), the things in it, the most visible first, and the place ("" where it hardly shows).

    subject: a close-up's one thing, or None.
    """

    picture: UInt8[np.ndarray, "s s 3"]
    things: tuple[Thing, ...]
    place: str
    subject: Thing | None = None

    def caption(self, words: random.Random) -> str:
        """What somebody writes beside it: the subject, or some of the things; sometimes the place."""
        place = self.place if words.random() < PLACE_SHARE else ""
        if self.subject is not None and (len(self.things) < 2 or words.random() < 0.8):
            return thing_caption(self.subject, words, background=self.place)
        return alt_text(self.things, words, place=place)

    def plain_caption(self, place: bool = True) -> str:
        """The one canonical caption: of the subject, or of what stands out."""
        if self.subject is not None:
            return thing_caption(self.subject, random.Random(0), plain=True)
        return salient_caption(self.things, place=self.place if place else "")


class Camera:
    """Takes photos of drawn scenes and stickers, in a regime.

    size: side of the pictures, pixels.
    """

    def __init__(self, parks: pairs.SceneSet, stickers: pairs.Stickers, *, size: int, regime: Regime) -> None:
        self.parks, self.stickers, self.size, self.regime = parks, stickers, size, regime
        self._labels = np.ascontiguousarray(parks.labels[:, _GRID // 2 :: _GRID, _GRID // 2 :: _GRID])
        self._areas = [np.bincount(labels.ravel(), minlength=10) for labels in self._labels]

    def take(self, rng: np.random.Generator, count: int) -> list[Photo]:
        """Take ``count`` photos, the kinds drawn by their shares."""
        r = self.regime
        takers = (self.scene, self.window, self.frame, self.cutout, self.close_up)
        shares = [r.scenes, r.windows, r.frames, r.cutouts]
        chosen = rng.choice(len(takers), size=count, p=[*shares, 1 - sum(shares)])
        return [takers[i](rng) for i in chosen]

    def scene(self, rng: np.random.Generator) -> Photo:
        """A whole scene."""
        return self._cut(rng, int(rng.integers(len(self.parks.scenes))), 0, 0, SCENE_SIZE)

    def window(self, rng: np.random.Generator) -> Photo:
        """A piece of a scene around one of its things; empty ones are looked for elsewhere."""
        while True:
            row = int(rng.integers(len(self.parks.scenes)))
            side = int(rng.integers(*WINDOW))
            y, x = self._middle(rng, row)
            photo = self._cut(rng, row, *self._placed(y - side / 2, x - side / 2, side), side)
            if photo.things:
                return photo

    def frame(self, rng: np.random.Generator) -> Photo:
        """One thing of a scene as a photographer frames it: surroundings, neighbours half in the picture."""
        while True:
            row = int(rng.integers(len(self.parks.scenes)))
            number = int(rng.integers(len(self.parks.scenes[row].things)))
            ys, xs = (_GRID * v + _GRID // 2 for v in np.nonzero(self._labels[row] == number + 1))
            longest = max(np.ptp(ys), np.ptp(xs)) + _GRID if len(ys) else 0
            side = min(round(longest * float(rng.uniform(*FRAMED))), SCENE_SIZE)
            if side < 24:
                continue
            slack = (side - longest) / 2
            y, x = ((v.min() + v.max()) / 2 - side / 2 + float(rng.uniform(-slack, slack)) for v in (ys, xs))
            photo = self._cut(rng, row, *self._placed(y, x, side), side)
            return replace(photo, subject=self.parks.scenes[row].things[number])

    def close_up(self, rng: np.random.Generator) -> Photo:
        """A thing drawn alone before a piece of a scene, sharp or out of focus; others look in from the border."""
        i, row = int(rng.integers(len(self.stickers.things))), int(rng.integers(len(self.parks.scenes)))
        size, window = self.size, int(rng.integers(40, 150))
        if rng.random() < self.regime.coarse:
            size = int(rng.integers(20, self.size))
        y, x = (int(v) for v in rng.integers(0, SCENE_SIZE - window, 2))
        picture = _resized(self.parks.pictures[row, y : y + window, x : x + window], size).astype(np.float32)
        longest = round(size * float(rng.uniform(0.6, 0.97)))
        for _ in range(int(rng.integers(0, 3))):
            other = _scaled(self._any_layer(rng), round(longest * float(rng.uniform(0.5, 1))))
            at = rng.uniform(-0.35, 0.35) + float(rng.random() < 0.5)
            _lay(picture, other, rng.uniform(0, 1) * size, at * size)
        if rng.random() < self.regime.defocused:
            picture = _defocused(rng, picture)
        layer = _scaled(self.stickers.layers[i], longest)
        if rng.random() < COVERED_SHARE:
            layer = pairs.cover(rng, layer, _scaled(self._any_layer(rng), int(longest * rng.uniform(0.5, 1.1))))
        middle = size / 2 + rng.uniform(-0.5, 0.5, 2) * (size - longest)
        _lay(picture, layer, *middle)
        if rng.random() < self.regime.letterboxed:
            picture = _letterboxed(rng, picture, layer, middle)
        thing, place = self.stickers.things[i], self.parks.scenes[row].background
        return Photo(picture=_resized(_whole(picture), self.size), things=(thing,), place=place, subject=thing)

    def cutout(self, rng: np.random.Generator) -> Photo:
        """A thing on black, for the control."""
        i = int(rng.integers(len(self.stickers.things)))
        picture = pairs.stick(rng, self.stickers.layers[i], others=self.stickers.layers, size=self.size)
        thing = self.stickers.things[i]
        return Photo(picture=picture, things=(thing,), place="", subject=thing)

    def _any_layer(self, rng: np.random.Generator) -> np.ndarray:
        return self.stickers.layers[int(rng.integers(len(self.stickers.layers)))]

    def _middle(self, rng: np.random.Generator, row: int) -> tuple[float, float]:
        thing = self.parks.scenes[row].things[int(rng.integers(len(self.parks.scenes[row].things)))]
        return thing.y - thing.height / 2 + float(rng.normal(0, 20)), thing.x + float(rng.normal(0, 20))

    @staticmethod
    def _placed(y: float, x: float, side: int) -> tuple[int, int]:
        return tuple(int(np.clip(round(v), 0, SCENE_SIZE - side)) for v in (y, x))  # type: ignore[return-value]

    def _cut(self, rng: np.random.Generator, row: int, y: int, x: int, side: int) -> Photo:
        """A square of a scene, at times mirrored, and what is mostly inside."""
        scene = self.parks.scenes[row]
        rows, cols = (slice(at // _GRID, (at + side) // _GRID) for at in (y, x))
        seen = np.bincount(self._labels[row, rows, cols].ravel(), minlength=10)[1 : len(scene.things) + 1]
        there = (seen >= MOSTLY * self._areas[row][1 : len(seen) + 1]) & (seen * _GRID**2 >= SOME_PIXELS)
        order = [int(i) for i in np.argsort(-seen, kind="stable") if there[i]]
        picture = _resized(self.parks.pictures[row, y : y + side, x : x + side], self.size)
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        return Photo(picture=picture, things=tuple(scene.things[i] for i in order), place=scene.background)


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC))


def _scaled(layer: np.ndarray, longest: int) -> np.ndarray:
    return np.asarray(Image.fromarray(layer, "RGBa").resize((longest, longest), Image.Resampling.BICUBIC))


def _lay(picture: np.ndarray, layer: np.ndarray, y: float, x: float) -> None:
    """Lay a premultiplied layer on a picture with its middle at (y, x), in place; what is outside falls away."""
    n, size = len(layer), len(picture)
    top, left = round(y - n / 2), round(x - n / 2)
    rows, cols = (slice(max(at, 0), min(at + n, size)) for at in (top, left))
    if rows.start >= rows.stop or cols.start >= cols.stop:
        return
    part = layer[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left].astype(np.float32)
    picture[rows, cols] = part[..., :3] + picture[rows, cols] * (1 - part[..., 3:] / 255)


def _defocused(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    sigma = float(rng.uniform(*DEFOCUS)) * len(picture)
    return np.asarray(Image.fromarray(_whole(picture)).filter(ImageFilter.GaussianBlur(sigma))).astype(np.float32)


def _letterboxed(rng: np.random.Generator, picture: np.ndarray, layer: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """The part of a picture around a layer laid at ``middle`` (y, x), padded with black to a square."""
    spans = []
    for axis in (0, 1):
        shown = np.flatnonzero((layer[..., 3] > 100).any(axis=1 - axis))
        first, last = (shown[0], shown[-1]) if len(shown) else (0, len(layer) - 1)
        start = round(middle[axis] - len(layer) / 2)
        margin = rng.uniform(0, 0.06, 2) * len(picture)
        low, high = start + first - margin[0], start + last + 1 + margin[1]
        spans.append(slice(max(int(low), 0), min(int(np.ceil(high)), len(picture))))
    part = picture[spans[0], spans[1]]
    square = np.zeros((max(part.shape[:2]),) * 2 + (3,), np.float32)
    top, left = ((len(square) - side) // 2 for side in part.shape[:2])
    square[top : top + part.shape[0], left : left + part.shape[1]] = part
    return square


def _whole(picture: np.ndarray) -> UInt8[np.ndarray, "s s 3"]:
    return picture.round().clip(0, 255).astype(np.uint8)


def stacked(photos: Sequence[Photo]) -> UInt8[np.ndarray, "n s s 3"]:
    """The pictures of some photos as one array."""
    return np.stack([photo.picture for photo in photos])
