"""What grows and what stands: trees, flowers, houses and tents."""

# ruff: noqa: E501
# an outline reads as one row of points; a point a row would be pages:
# fmt: off

from __future__ import annotations

import numpy as np

from toyworld.brush import CREAM, PALETTE, RGB, Brush, darker, lighter, luminance, mix
from toyworld.world import Thing

BARK: RGB = (124, 84, 56)


def tree(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A trunk under a round, a tall or a wide crown."""
    leaf = PALETTE[thing.colour]
    b.blob(((-11, 0), (-6, 8), (-5.2, 30), (-7, 48), (7, 48), (5.2, 30), (6.5, 8), (12, 0), (0, 2)), BARK)
    b.stroke(((-1, 12), (-1.4, 26)), darker(BARK, 0.25), 1.4)
    b.stroke(((2.2, 18), (2, 34)), lighter(BARK, 0.2), 1.3)
    wide = float(rng.uniform(0.88, 1.1))
    puffs = ((-19, 48, 15), (19, 47, 15), (-22, 63, 15), (22, 62, 15.5), (-12, 78, 15), (13, 77, 15), (0, 85, 14.5), (0, 50, 16))
    for x, y, r in puffs:
        b.oval(x * wide, y, r, r * 0.97, leaf)
    b.oval(0, 63, 26 * wide, 24, leaf, line=False)
    for x, y in ((-16, 46), (2, 42), (20, 47)):  # the shaded underside
        b.stroke(((x * wide - 7, y - 1), (x * wide, y - 5), (x * wide + 7, y - 1)), darker(leaf, 0.24), 3.2, curved=True)
    for x, y in ((9, 58), (22, 66), (-4, 66), (12, 76), (-22, 56)):
        b.stroke(((x * wide - 5, y), (x * wide, y - 3.6), (x * wide + 5, y)), darker(leaf, 0.16), 1.9, curved=True)
    for x, y, r in ((-14, 76, 5.4), (-20, 66, 3.4), (-2, 87, 3.8), (-8, 62, 2.8)):
        b.oval((x * wide) * 1.0, y, r * 1.25, r * 0.85, lighter(leaf, 0.32), line=False, angle=25)
    if thing.colour == "green" and rng.random() < 0.4:
        for x, y in ((-12, 55), (4, 70), (16, 56), (-20, 70), (10, 84)):
            b.dot(x * wide, y, 2.6, (226, 60, 54))


def flower(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A big blossom on a leafy stem."""
    petal = PALETTE[thing.colour]
    stem: RGB = (72, 158, 76)
    centre: RGB = (252, 206, 60) if thing.colour not in ("yellow", "orange") else (150, 88, 44)
    sway = float(rng.uniform(-4, 4))
    count = int(rng.integers(6, 9))
    b.stroke(((0, 0), (sway, 28), (0, 58)), stem, 7.5, line=True, curved=True)
    for side, y in ((-1, 14), (1, 20)):
        b.blob(((0, y - 8), (side * 14, y - 4), (side * 29, y + 13), (side * 16, y + 12), (side * 3, y + 4)), stem)
        b.stroke(((side * 5, y - 2), (side * 21, y + 7)), darker(stem, 0.25), 1.8)
    turn = float(rng.uniform(0, 2 * np.pi))
    for k in range(count):
        a = turn + 2 * np.pi * k / count
        x, y = 19 * np.cos(a), 70 + 19 * np.sin(a)
        b.oval(x, y, 12.6, 9.4 * 7 / count + 1, petal, angle=float(np.degrees(a)))
        b.stroke(((x - 5 * np.cos(a), y - 5 * np.sin(a)), (x + 4 * np.cos(a), y + 4 * np.sin(a))), darker(petal, 0.14), 1.8)
    b.oval(0, 70, 11.6, 11.6, centre)
    for dx, dy in ((-3.6, 72), (3.4, 73.6), (0.4, 67), (5, 67.6), (-4.4, 66.4)):
        b.dot(dx, dy, 1.4, darker(centre, 0.3))
    b.gloss(-4, 75, 2.6, 1.8, centre, angle=30)


def house(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Walls in its colour, a tiled roof, a door, windows with flower boxes, a chimney."""
    wall = PALETTE[thing.colour] if thing.colour not in ("yellow", "pink", "blue") else mix(PALETTE[thing.colour], CREAM, 0.1)
    roofs: tuple[RGB, ...] = ((150, 74, 58), (84, 86, 104), (112, 84, 72))
    roof = roofs[int(rng.integers(3))]
    if thing.colour in ("red", "brown", "pink"):
        roof = roofs[1]
    elif thing.colour in ("gray", "blue"):
        roof = roofs[0]
    door: RGB = ((88, 128, 92), (120, 78, 54), (70, 98, 140))[int(rng.integers(3))]
    b.box(20, 66, 32, 98, (176, 112, 92))
    b.box(18, 93, 34, 99, (150, 92, 76))
    b.box(-44, 0, 44, 60, wall)
    b.shape(((-44, 0), (44, 0), (44, 6), (-44, 6)), darker(wall, 0.3), line=False)
    b.shape(((-44, 52), (44, 52), (44, 59), (-44, 59)), darker(wall, 0.14), line=False)
    b.shape(((-54, 54), (-26, 94), (26, 94), (54, 54)), roof)
    for k, y in enumerate((62, 70, 78, 86)):  # rows of tiles
        half = 54 - (y - 54) * 0.7 - 2
        b.stroke(((-half, y), (half, y)), darker(roof, 0.2), 1.1)
        for x in np.arange(-half + 4 + 5 * (k % 2), half - 1, 10):
            b.stroke(((x, y), (x, y - 6)), darker(roof, 0.16), 0.9)
    b.stroke(((-53, 54.6), (53, 54.6)), CREAM, 3.2, line=darker(CREAM, 0.3))
    at = (-9.0, 12.0)[int(rng.integers(2))] if rng.random() < 0.5 else 0.0
    b.box(at - 9.5, 0, at + 9.5, 34, CREAM, line=darker(CREAM, 0.4), width=0.7)
    b.box(at - 7, 0, at + 7, 31, door)
    b.box(at - 4, 18, at + 4, 27, (200, 230, 242), line=darker(door, 0.3), width=0.6)
    b.dot(at + 4.4, 13, 1.3, (250, 214, 90))
    for x in (-29.0, 29.0):
        b.box(x - 9.5, 21, x + 9.5, 43, CREAM, line=darker(CREAM, 0.4), width=0.7)
        b.box(x - 7.5, 23, x + 7.5, 41, (172, 214, 236), line=False)
        b.stroke(((x - 3.4, 29), (x + 1.6, 37)), (224, 242, 250), 2.2)
        b.stroke(((x, 23), (x, 41)), CREAM, 1.5)
        b.stroke(((x - 7.5, 32), (x + 7.5, 32)), CREAM, 1.5)
        b.box(x - 10.5, 15.5, x + 10.5, 20.5, (150, 98, 62))
        for dx, c in ((-7.0, (236, 92, 110)), (-2.4, (252, 214, 80)), (2.4, (236, 92, 110)), (7.0, (252, 214, 80))):
            b.dot(x + dx, 21.4, 2.2, (90, 160, 84))
            b.dot(x + dx, 22.8, 1.6, c)


def tent(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A ridge tent with an open flap and a pennant."""
    cloth = PALETTE[thing.colour]
    dark: RGB = darker(cloth, 0.66)
    lean = float(rng.uniform(-3, 3))
    b.thread(((-36, 50), (-70, 0)), (90, 80, 70), alpha=125)
    b.thread(((36, 50), (70, 0)), (90, 80, 70), alpha=125)
    b.stroke(((lean, 84), (lean, 99)), BARK, 2.4)
    flag = (252, 214, 80) if thing.colour != "yellow" else (226, 70, 60)
    b.shape(((lean, 99), (lean + 13, 95), (lean, 91)), flag)
    outline = ((-62, 0), (-48, 22), (-22, 60), (lean, 89), (22, 60), (48, 22), (62, 0))
    b.shape(outline, cloth, pattern=thing.pattern, stripes=(23, 90))
    if thing.pattern == "plain":  # the side away from the light
        b.shape(((lean, 88), (24, 56), (48, 22), (61, 0.6), (38, 0.6), (18, 34)), darker(cloth, 0.16), line=False)
    b.shape(((-22, 0), (-8, 40), (lean * 0.6, 66), (8, 40), (22, 0)), dark)
    for side in (-1, 1):
        b.blob(((side * 22, 0.5), (side * 10, 38), (lean * 0.6, 66), (side * 17, 42), (side * 31, 1)), lighter(cloth, 0.22))
    b.stroke(((-62, 1), (-23, 1)), darker(cloth, 0.4), 2.6)
    b.stroke(((23, 1), (62, 1)), darker(cloth, 0.4), 2.6)
    if luminance(cloth) < 200 and thing.pattern == "plain":
        b.stroke(((-45, 20), (-20, 58)), lighter(cloth, 0.3), 2.6)
