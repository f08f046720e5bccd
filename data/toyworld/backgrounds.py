"""Five places for the park to be: painted once per variant, then remembered."""

# ruff: noqa: E501
# an outline reads as one row of points; a point a row would be pages:
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFilter

from toyworld.brush import RGB, darker, lighter, mix
from toyworld.world import BACKGROUNDS, SCENE_SIZE

VARIANTS = 12  # of each background; every second one is mirrored
HORIZON = 112  # picture row where the ground begins, give or take a few
SCALE = 2  # supersampling


class _Panel:
    """A canvas in scene pixels."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.image = Image.new("RGB", (SCENE_SIZE * SCALE, SCENE_SIZE * SCALE))
        self.draw = ImageDraw.Draw(self.image)

    def gradient(self, y0: float, y1: float, top: RGB, bottom: RGB) -> None:
        rows = np.linspace(0, 1, int((y1 - y0) * SCALE))
        ramp = np.array(top)[None] + rows[:, None] * (np.array(bottom) - np.array(top))[None]
        strip = np.repeat(ramp[:, None].round().astype(np.uint8), SCENE_SIZE * SCALE, 1)
        self.image.paste(Image.fromarray(strip), (0, int(y0 * SCALE)))

    def oval(self, cx: float, cy: float, rx: float, ry: float, fill: RGB) -> None:
        self.draw.ellipse(((cx - rx) * SCALE, (cy - ry) * SCALE, (cx + rx) * SCALE, (cy + ry) * SCALE), fill=fill)

    def shape(self, points: list[tuple[float, float]], fill: RGB) -> None:
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def line(self, points: list[tuple[float, float]], fill: RGB, width: float) -> None:
        self.draw.line([(x * SCALE, y * SCALE) for x, y in points], fill=fill, width=max(round(width * SCALE), 1))

    def hills(self, base: float, height: float, fill: RGB, *, waves: float, bottom: float | None = None) -> None:
        """A rolling skyline from edge to edge."""
        x = np.linspace(-4, SCENE_SIZE + 4, 90)
        a, b, c = self.rng.uniform(0, 2 * np.pi, 3)
        y = base - height * (0.5 + 0.32 * np.sin(x / 256 * waves * 2 * np.pi + a) + 0.18 * np.sin(x / 256 * waves * 4.4 * np.pi + b) + 0.06 * np.sin(x / 9 + c) * (waves > 3))
        low = bottom if bottom is not None else base + 6
        self.shape([*zip(x.tolist(), y.tolist(), strict=True), (SCENE_SIZE + 4, low), (-4, low)], fill)

    def cloud(self, cx: float, cy: float, size: float, fill: RGB = (255, 255, 255), under: RGB = (226, 238, 248)) -> None:
        puffs = ((-1.1, 0.1, 0.55), (-0.45, -0.25, 0.72), (0.35, -0.15, 0.66), (1.05, 0.12, 0.5), (0, 0.12, 0.6))
        for colour, dy in ((under, 0.14), (fill, 0.0)):
            for dx, py, r in puffs:
                self.oval(cx + dx * size, cy + (py + dy) * size * 0.62, r * size, r * size * 0.6, colour)

    def sky(self, top: RGB, bottom: RGB, *, clouds: int, sun: bool) -> None:
        self.gradient(0, HORIZON + 20, top, bottom)
        if sun:
            x, y = self.rng.uniform(24, 232), self.rng.uniform(18, 34)
            for r, share in ((25, 0.22), (20, 0.4), (14.5, 1.0)):
                self.oval(x, y, r, r, mix(mix(top, bottom, y / HORIZON), (255, 240, 176), share))
        for k in range(clouds):
            x = (k + self.rng.uniform(0.1, 0.9)) * SCENE_SIZE / clouds
            self.cloud(x, self.rng.uniform(14, 66), self.rng.uniform(9, 18))

    def specks(self, count: int, y0: float, colours: tuple[RGB, ...], *, r: tuple[float, float]) -> None:
        """Small dots, larger towards the viewer."""
        for _ in range(count):
            t = self.rng.random()
            x, y = self.rng.uniform(0, SCENE_SIZE), y0 + t * (SCENE_SIZE - y0)
            size = r[0] + t * (r[1] - r[0])
            self.oval(x, y, size, size * 0.6, colours[int(self.rng.integers(len(colours)))])

    def tufts(self, count: int, y0: float, colour: RGB) -> None:
        for _ in range(count):
            t = self.rng.random()
            x, y, h = self.rng.uniform(0, SCENE_SIZE), y0 + t * (SCENE_SIZE - y0), 2.0 + 3.6 * t
            for lean in (-0.55, 0.0, 0.55):
                self.line([(x + lean * 1.6, y), (x + lean * h, y - h)], colour, 0.7 + 0.5 * t)

    def trees(self, y: float, count: int, colour: RGB, size: tuple[float, float]) -> None:
        """A far tree line."""
        for _ in range(count):
            x, r = self.rng.uniform(-5, SCENE_SIZE + 5), self.rng.uniform(*size)
            shade = mix(colour, (255, 255, 255), float(self.rng.uniform(0, 0.12)))
            self.line([(x, y - r * 0.6), (x, y + 1.5)], darker(shade, 0.3), 1.4)
            self.oval(x, y - r * 1.3, r, r * 1.15, shade)
            self.oval(x - r * 0.25, y - r * 1.6, r * 0.5, r * 0.5, lighter(shade, 0.14))


def _meadow(p: _Panel) -> None:
    p.sky((122, 190, 238), (222, 241, 250), clouds=int(p.rng.integers(3, 5)), sun=True)
    p.hills(HORIZON + 2, 46, (178, 210, 206), waves=1.3)
    p.hills(HORIZON + 3, 26, (156, 204, 160), waves=2.2)
    p.trees(HORIZON + 2, 16, (112, 174, 112), (4, 8))
    p.gradient(HORIZON, SCENE_SIZE, (184, 220, 128), (134, 192, 86))
    p.hills(HORIZON + 26, 15, (172, 214, 116), waves=1.1, bottom=HORIZON + 30)
    p.gradient(HORIZON + 26, SCENE_SIZE, (172, 214, 116), (134, 194, 88))
    if p.rng.random() < 0.6:  # a path to the viewer
        a, b = p.rng.uniform(60, 200), p.rng.uniform(40, 210)
        left = [(a + (b - a) * t**1.4 - 2 - 24 * t**1.5 + 14 * np.sin(3 * t), HORIZON + 20 + t * 126) for t in np.linspace(0, 1, 24)]
        right = [(a + (b - a) * t**1.4 + 2 + 24 * t**1.5 + 14 * np.sin(3 * t), HORIZON + 20 + t * 126) for t in np.linspace(1, 0, 24)]
        p.shape([*left, *right], (226, 208, 164))
        p.line(left, (206, 190, 138), 1.2)
        p.line(right, (206, 190, 138), 1.2)
    p.tufts(46, HORIZON + 22, (114, 174, 74))
    p.specks(26, HORIZON + 26, ((255, 255, 250), (255, 236, 150), (250, 206, 222)), r=(0.8, 1.7))


def _beach(p: _Panel) -> None:
    p.sky((108, 188, 240), (218, 242, 250), clouds=3, sun=True)
    sea = HORIZON - 22
    p.gradient(sea, HORIZON + 26, (58, 150, 206), (134, 214, 222))
    for _ in range(30):
        y = p.rng.uniform(sea + 3, HORIZON + 14)
        x, w = p.rng.uniform(0, SCENE_SIZE), 3 + (y - sea) * 0.28
        p.line([(x - w, y), (x + w, y)], (176, 226, 238), 0.9)
    x = p.rng.uniform(30, 226)  # a far sail
    p.shape([(x, sea - 15), (x, sea + 1), (x + 10, sea + 1)], (252, 250, 246))
    p.shape([(x - 1, sea - 11), (x - 1, sea + 1), (x - 7, sea + 1)], (246, 222, 200))
    p.shape([(x - 8, sea + 2), (x + 11, sea + 2), (x + 8, sea + 5), (x - 5, sea + 5)], (170, 112, 84))
    p.hills(HORIZON + 23, 9, (255, 255, 255), waves=2.6, bottom=HORIZON + 40)
    p.hills(HORIZON + 26, 9, (222, 198, 150), waves=2.6, bottom=HORIZON + 40)
    p.hills(HORIZON + 31, 9, (244, 222, 172), waves=2.2, bottom=HORIZON + 40)
    p.gradient(HORIZON + 34, SCENE_SIZE, (245, 224, 174), (234, 204, 146))
    for _ in range(9):  # ripples in the sand
        y, x = p.rng.uniform(HORIZON + 44, 250), p.rng.uniform(0, SCENE_SIZE)
        curve = [(x + dx, y + 1.6 * np.sin(dx / 9)) for dx in np.linspace(-24, 24, 16)]
        p.line(curve, (226, 198, 142), 1.5)
    p.specks(70, HORIZON + 36, ((222, 194, 140), (250, 236, 200), (214, 184, 132)), r=(0.4, 1.0))
    for _ in range(5):
        x, y = p.rng.uniform(8, 248), p.rng.uniform(HORIZON + 46, 248)
        p.oval(x, y, 3.0, 2.2, (248, 214, 204))
        p.line([(x, y + 1.6), (x, y - 1.8)], (226, 176, 168), 0.7)


def _street(p: _Panel) -> None:
    p.sky((158, 206, 238), (234, 243, 248), clouds=3, sun=False)
    p.trees(HORIZON + 8, 14, (150, 190, 152), (6, 11))
    walls: tuple[RGB, ...] = ((232, 204, 184), (214, 216, 222), (238, 224, 186), (206, 220, 208), (226, 198, 200), (202, 212, 230))
    roofs: tuple[RGB, ...] = ((176, 128, 116), (142, 146, 160), (166, 138, 122))
    x, k = -float(p.rng.uniform(4, 26)), int(p.rng.integers(6))
    while x < SCENE_SIZE:
        w, h = float(p.rng.uniform(34, 48)), float(p.rng.uniform(46, 72))
        base = HORIZON + 12
        wall, roof = walls[k % 6], roofs[int(p.rng.integers(3))]
        if p.rng.random() < 0.6:
            p.shape([(x - 2, base - h), (x + w / 2, base - h - w * 0.42), (x + w + 2, base - h)], roof)
        else:
            p.shape([(x - 2, base - h), (x - 2, base - h - 5), (x + w + 2, base - h - 5), (x + w + 2, base - h)], roof)
        p.shape([(x, base), (x, base - h), (x + w, base - h), (x + w, base)], wall)
        p.line([(x, base), (x, base - h)], darker(wall, 0.14), 1.0)
        for row in range(int(h // 22)):
            for col in range(2):
                wx, wy = x + w * (0.18 + 0.4 * col), base - h + 7 + row * 21
                p.shape([(wx - 1, wy - 1), (wx + w * 0.24 + 1, wy - 1), (wx + w * 0.24 + 1, wy + 13), (wx - 1, wy + 13)], lighter(wall, 0.5))
                p.shape([(wx, wy), (wx + w * 0.24, wy), (wx + w * 0.24, wy + 12), (wx, wy + 12)], (166, 196, 214))
        x, k = x + w + float(p.rng.choice((0.0, 0.0, 7.0))), k + 1
    p.gradient(HORIZON + 11, HORIZON + 32, (222, 216, 208), (208, 202, 196))  # the pavement
    for x in range(-40, 300, 22):
        p.line([(x, HORIZON + 11), (x + (x - 128) * 0.12, HORIZON + 31)], (196, 190, 184), 0.8)
    p.gradient(HORIZON + 32, HORIZON + 36, (172, 168, 166), (156, 152, 152))
    p.gradient(HORIZON + 36, SCENE_SIZE - 20, (164, 164, 172), (148, 148, 158))
    offset = float(p.rng.uniform(0, 40))
    for x in np.arange(-60 + offset, 300, 52):
        p.shape([(x, 196), (x + 26, 196), (x + 27, 200.5), (x - 1, 200.5)], (236, 232, 214))
    p.specks(60, HORIZON + 40, ((140, 140, 150), (174, 174, 182)), r=(0.4, 0.9))
    p.gradient(SCENE_SIZE - 20, SCENE_SIZE - 16, (182, 178, 174), (196, 190, 184))
    p.gradient(SCENE_SIZE - 16, SCENE_SIZE, (216, 210, 202), (222, 216, 208))


def _pine(p: _Panel, x: float, y: float, h: float, colour: RGB) -> None:
    p.line([(x, y), (x, y - h * 0.2)], (120, 98, 88), h * 0.07)
    for k, w in enumerate((0.32, 0.25, 0.17)):
        top, low = y - h * (0.5 + 0.25 * k), y - h * (0.12 + 0.23 * k)
        p.shape([(x - w * h, low), (x, top), (x + w * h, low)], colour)
        p.shape([(x - w * h * 0.52, low - (low - top) * 0.48), (x, top), (x + w * h * 0.52, low - (low - top) * 0.48), (x + w * h * 0.16, low - (low - top) * 0.36), (x - w * h * 0.2, low - (low - top) * 0.42)], (244, 248, 252))


def _snow(p: _Panel) -> None:
    p.sky((158, 196, 228), (232, 240, 248), clouds=3, sun=p.rng.random() < 0.5)
    for dx in (-10, 78, 168, 236):
        x, h, w = dx + p.rng.uniform(-18, 18), p.rng.uniform(40, 66), p.rng.uniform(52, 78)
        base = HORIZON + 4
        p.shape([(x - w, base), (x, base - h), (x + w, base)], (170, 190, 214))
        p.shape([(x, base - h), (x + w, base), (x + w * 0.2, base)], (154, 176, 204))
        p.shape([(x - w * 0.36, base - h * 0.64), (x, base - h), (x + w * 0.36, base - h * 0.64), (x + w * 0.16, base - h * 0.7), (x, base - h * 0.58), (x - w * 0.18, base - h * 0.72)], (246, 250, 253))
    p.hills(HORIZON + 6, 20, (216, 228, 240), waves=1.7)
    for _ in range(12):
        x = p.rng.uniform(0, SCENE_SIZE)
        _pine(p, x, HORIZON + p.rng.uniform(-4, 8), p.rng.uniform(18, 34), mix((92, 140, 128), (190, 208, 224), float(p.rng.uniform(0.1, 0.5))))
    p.gradient(HORIZON + 4, SCENE_SIZE, (232, 240, 248), (206, 222, 238))
    for y, tone in ((HORIZON + 30, (226, 236, 246)), (HORIZON + 66, (219, 231, 243)), (HORIZON + 104, (213, 227, 241))):
        p.hills(y, 20, lighter(tone, 0.45), waves=1.2, bottom=y + 4)
        p.gradient(y, SCENE_SIZE, lighter(tone, 0.45), darker(tone, 0.03))
    p.specks(36, HORIZON + 14, ((196, 214, 234), (255, 255, 255)), r=(0.6, 2.2))
    for _ in range(46):
        p.oval(p.rng.uniform(0, 256), p.rng.uniform(0, HORIZON + 10), 1.0, 1.0, (252, 254, 255))


def _playground(p: _Panel) -> None:
    p.sky((140, 202, 240), (230, 244, 250), clouds=3, sun=p.rng.random() < 0.7)
    p.trees(HORIZON - 2, 26, (136, 188, 128), (9, 16))
    p.gradient(HORIZON - 4, SCENE_SIZE, (190, 220, 134), (150, 202, 98))
    for x in np.arange(-2, SCENE_SIZE + 8, 8.5):  # a picket fence
        top = HORIZON - 18
        p.shape([(x, HORIZON + 4), (x, top), (x + 2.7, top - 4), (x + 5.4, top), (x + 5.4, HORIZON + 4)], (244, 238, 226))
        p.line([(x + 5.4, HORIZON + 4), (x + 5.4, top)], (208, 200, 186), 0.8)
    for y in (HORIZON - 12, HORIZON - 2):
        p.line([(0, y), (256, y)], (222, 214, 200), 2.2)
    x = p.rng.uniform(26, 96)  # swings and a slide, pale with distance
    frame: RGB = (184, 150, 150)
    for dx in (-22, 22):
        p.line([(x + dx, HORIZON - 32), (x + dx - 7, HORIZON + 14)], frame, 2.2)
        p.line([(x + dx, HORIZON - 32), (x + dx + 7, HORIZON + 14)], frame, 2.2)
    p.line([(x - 24, HORIZON - 32), (x + 24, HORIZON - 32)], frame, 2.6)
    for dx in (-10, 10):
        for s in (-3.4, 3.4):
            p.line([(x + dx + s, HORIZON - 31), (x + dx + s, HORIZON + 1)], (156, 150, 150), 0.8)
        p.line([(x + dx - 5, HORIZON + 1), (x + dx + 5, HORIZON + 1)], (176, 132, 100), 2.2)
    x = p.rng.uniform(158, 216)
    p.shape([(x + 6, HORIZON - 28), (x + 13, HORIZON - 28), (x + 44, HORIZON + 14), (x + 34, HORIZON + 14)], (160, 186, 206))
    p.line([(x - 9, HORIZON + 14), (x - 5, HORIZON - 36)], frame, 2.0)
    p.line([(x + 9, HORIZON + 14), (x + 6, HORIZON - 36)], frame, 2.0)
    for k in range(5):
        p.line([(x - 8, HORIZON + 8 - 9 * k), (x + 8, HORIZON + 8 - 9 * k)], frame, 1.6)
    sx, sy = p.rng.uniform(70, 186), p.rng.uniform(178, 214)  # the sandbox
    p.oval(sx, sy, 78, 25, (196, 160, 112))
    p.oval(sx, sy - 1.5, 74, 22.5, (240, 220, 168))
    p.oval(sx - 14, sy - 2, 46, 13, (246, 228, 180))
    p.tufts(40, HORIZON + 14, (122, 180, 80))
    p.specks(14, HORIZON + 16, ((255, 255, 250), (255, 238, 160)), r=(0.8, 1.5))


_PAINTERS: dict[str, Callable[[_Panel], None]] = {
    "meadow": _meadow,
    "beach": _beach,
    "street": _street,
    "snow": _snow,
    "playground": _playground,
}


@lru_cache(maxsize=len(BACKGROUNDS) * VARIANTS)
def backdrop(name: str, variant: int) -> UInt8[np.ndarray, "256 256 3"]:
    """The empty scene: image_rgb of a background (one of BACKGROUNDS), in one of VARIANTS versions; read-only."""
    if name not in _PAINTERS:
        raise ValueError(f"unknown background {name!r}; choose from {', '.join(BACKGROUNDS)}")
    panel = _Panel(np.random.default_rng((BACKGROUNDS.index(name), variant % VARIANTS)))
    _PAINTERS[name](panel)
    picture = panel.image.filter(ImageFilter.GaussianBlur(0.6)).reduce(SCALE)
    image = np.array(picture)[:, :: -1 if variant % 2 else 1].copy()
    image.setflags(write=False)
    return image
