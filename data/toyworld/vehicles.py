"""Cars, buses and trucks seen from the side, driving to the right."""

# ruff: noqa: E501
# an outline reads as one row of points; a point a row would be pages:
# fmt: off

from __future__ import annotations

import numpy as np

from toyworld.brush import CREAM, PALETTE, RGB, Brush, darker, lighter, luminance
from toyworld.world import Thing

GLASS: RGB = (186, 224, 240)
TYRE: RGB = (52, 50, 58)
METAL: RGB = (206, 210, 216)


def _wheel(b: Brush, x: float, r: float) -> None:
    b.oval(x, r, r, r, TYRE, line=(30, 28, 34))
    b.oval(x, r, r * 0.56, r * 0.56, METAL, line=(120, 124, 132))
    b.dot(x, r, r * 0.2, (120, 124, 132))
    b.gloss(x * b.sign - r * 0.2, r * 1.2, r * 0.16, r * 0.1, METAL, angle=35, share=0.8)


def _pane(b: Brush, points: tuple[tuple[float, float], ...]) -> None:
    """A window with a slanting reflection."""
    b.shape(points, GLASS, line=(70, 84, 100), width=0.9)
    p = np.array(points)
    x, y, w, h = p[:, 0].mean(), p[:, 1].mean(), np.ptp(p[:, 0]), np.ptp(p[:, 1])
    b.stroke(((x - 0.16 * w, y - 0.22 * h), (x + 0.04 * w, y + 0.24 * h)), (226, 244, 250), min(w, h) * 0.14)


def _lamps(b: Brush, front: float, back: float, y: float, r: float) -> None:
    b.oval(front, y, r, r * 1.25, (255, 236, 150), line=(190, 150, 60))
    b.oval(back, y, r * 0.8, r * 1.15, (226, 60, 56), line=(140, 30, 34))


def car(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Two doors, round roof; striped: racing bands along the side."""
    paint = PALETTE[thing.colour]
    trim = darker(paint, 0.3) if luminance(paint) > 70 else lighter(paint, 0.25)
    roof = float(rng.uniform(-4, 4))
    b.blob(((-62, 52), (-50 + roof, 78), (-36 + roof, 96), (-6, 99), (22, 96), (42, 78), (56, 54), (0, 48)), paint)
    _pane(b, ((-50 + roof * 0.6, 58), (-39 + roof, 84), (-32 + roof, 89), (-12, 90.5), (-12, 58)))
    _pane(b, ((-5, 58), (-5, 90.5), (16, 88.5), (25, 84), (40, 58)))
    b.blob(((-93, 22), (-94, 46), (-84, 58), (-50, 60), (0, 59), (52, 59), (82, 52), (94, 40), (94, 22), (80, 15), (0, 14), (-80, 15)), paint)
    if thing.pattern == "striped":
        second = CREAM if luminance(paint) < 190 else darker(paint, 0.6)
        for y in (47, 36):
            b.shape(((-92, y - 2.6), (91, y - 4.6), (90, y + 0.4), (-92, y + 3.4)), second, line=False)
    else:
        b.stroke(((-88, 26), (90, 26)), trim, 4)
        b.stroke(((-80, 53), (-30, 55), (40, 54)), lighter(paint, 0.42), 3.4, curved=True)
    b.stroke(((-8.5, 56), (-8.5, 20)), darker(paint, 0.42), 2)
    b.stroke(((34, 56), (30, 36), (26, 20)), darker(paint, 0.42), 2, curved=True)
    b.stroke(((-4, 47), (7, 47)), darker(paint, 0.5), 4)
    _lamps(b, 87, -89, 41, 6)
    b.box(-97, 14, -78, 23, METAL, radius=3)
    b.box(78, 14, 97, 23, METAL, radius=3)
    for x in (-52, 52):
        b.shape([(x + 24 * np.cos(a), 17 + 24 * np.sin(a)) for a in np.linspace(0, np.pi, 14)], darker(paint, 0.62), line=False)
        _wheel(b, x, 19)


def bus(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Long and tall with a row of windows and a door."""
    paint = PALETTE[thing.colour]
    band = CREAM if thing.colour not in ("white", "yellow") else ((200, 70, 60) if thing.colour == "white" else (70, 60, 60))
    b.box(-88, 14, 88, 100, paint, radius=11)
    b.shape(((-86, 92), (86, 92), (80, 99), (-80, 99)), lighter(paint, 0.3), line=False)
    b.shape(((-87.5, 40), (87.5, 40), (87.5, 45.5), (-87.5, 45.5)), band, line=False)
    for k in range(4):
        x = -80 + k * 33
        b.box(x, 53, x + 27, 86, GLASS, radius=4, line=(70, 84, 100))
        b.stroke(((x + 8, 60), (x + 16, 79)), (226, 244, 250), 4.4)
        if (thing.seed + k) % 3 == 0:  # a passenger
            skin = ((246, 200, 160), (176, 118, 78))[(thing.seed + k) % 2]
            b.oval(x + 14, 58, 7.5, 5.6, ((70, 110, 170), (190, 90, 90), (90, 140, 90))[(thing.seed // 2 + k) % 3], line=False)
            b.oval(x + 14, 69, 5.8, 6.6, skin, line=False)
            b.oval(x + 14, 73, 6.0, 3.6, (70, 48, 40), line=False)
    b.box(55, 18, 80, 86, darker(paint, 0.2), radius=4)
    b.box(58, 48, 66, 82, GLASS, radius=2, line=(70, 84, 100), width=0.8)
    b.box(69, 48, 77, 82, GLASS, radius=2, line=(70, 84, 100), width=0.8)
    b.stroke(((67.5, 20), (67.5, 84)), darker(paint, 0.5), 1.6)
    b.stroke(((-82, 28), (50, 28)), darker(paint, 0.25), 3)
    _lamps(b, 85.5, -86, 30, 4.6)
    b.box(-92, 13, 92, 20, (96, 98, 106), radius=3)
    for x in (-50, 34):
        b.shape([(x + 19 * np.cos(a), 14 + 19 * np.sin(a)) for a in np.linspace(0, np.pi, 14)], darker(paint, 0.62), line=False)
        _wheel(b, x, 15)


def truck(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A cab in front of a big box."""
    paint = PALETTE[thing.colour]
    b.box(-88, 14, 86, 26, (88, 88, 98), radius=3)
    b.box(-92, 24, 28, 100, lighter(paint, 0.1) if luminance(paint) < 200 else paint, radius=3)
    b.shape(((-91, 93), (27, 93), (27, 99), (-91, 99)), lighter(paint, 0.4), line=False)
    for x in (-68, -44, -20, 4):
        b.stroke(((x, 31), (x, 90)), darker(paint, 0.2), 2.4)
    emblem = CREAM if luminance(paint) < 205 else (210, 120, 70)
    if rng.random() < 0.6:
        b.oval(-32, 62, 19, 19, emblem, line=darker(paint, 0.3))
        star = [((15 if k % 2 == 0 else 6.4) * np.sin(k * np.pi / 5) - 32, (15 if k % 2 == 0 else 6.4) * np.cos(k * np.pi / 5) + 62) for k in range(10)]
        b.shape(star, paint if luminance(paint) < 205 else CREAM, line=False)
    b.blob(((34, 22), (34, 78), (38, 83), (60, 83), (70, 78), (80, 54), (90, 48), (92, 40), (92, 22), (70, 17), (44, 18)), paint)
    _pane(b, ((46, 53), (46, 75), (61, 75), (64, 72), (72, 53)))
    b.stroke(((43, 48), (43, 24), (68, 24), (70, 48)), darker(paint, 0.36), 1.9)
    b.stroke(((46, 44), (54, 44)), darker(paint, 0.55), 3.4)
    _lamps(b, 88, -90, 36, 4.8)
    b.box(76, 12, 96, 21, METAL, radius=3)
    for x in (-64, -30, 62):
        _wheel(b, x, 16)
