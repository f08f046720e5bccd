"""Men, women, boys and girls: told apart by build, hair, clothes and the size of the head."""

# ruff: noqa: E501
# an outline reads as one row of points; a point a row would be pages:
# fmt: off

from __future__ import annotations

import numpy as np

from toyworld.brush import INK, PALETTE, RGB, Brush, darker, lighter, mix
from toyworld.world import Thing

SKINS: tuple[RGB, ...] = ((255, 221, 190), (246, 200, 160), (226, 170, 122), (176, 118, 78), (124, 80, 54))
HAIRS: tuple[RGB, ...] = ((62, 42, 34), (104, 66, 38), (38, 34, 40), (222, 176, 84), (176, 86, 42))
TROUSERS: tuple[RGB, ...] = ((62, 78, 116), (92, 84, 80), (150, 128, 96), (70, 96, 104))
SHOES: tuple[RGB, ...] = ((78, 54, 44), (60, 60, 72), (150, 60, 56))
LIPS: RGB = (206, 74, 88)


def _tone(thing: Thing, rng: np.random.Generator) -> tuple[RGB, RGB, RGB, RGB]:
    """Skin, hair, trousers and shoes of this one; pale hair only with pale skin."""
    skin_index = int(rng.integers(len(SKINS)))
    hair = HAIRS[int(rng.integers(len(HAIRS) if skin_index < 2 else 3))]
    return SKINS[skin_index], hair, TROUSERS[int(rng.integers(len(TROUSERS)))], SHOES[int(rng.integers(len(SHOES)))]


def _face(b: Brush, cx: float, cy: float, r: float, skin: RGB, *, lashes: bool = False, big_eyes: bool = False) -> None:
    """Eyes, cheeks, nose and smile on a head of radius r; looks a little to the thing's right."""
    x = cx + 0.1 * r
    eye = 0.17 * r if big_eyes else 0.14 * r
    for side in (-1, 1):
        b.dot(x + side * 0.38 * r, cy + 0.06 * r, eye, INK)
        b.dot(x + side * 0.38 * r - 0.05 * r * b.sign, cy + 0.12 * r, eye * 0.38, (255, 255, 255))
        b.oval(x + side * 0.62 * r, cy - 0.28 * r, 0.19 * r, 0.13 * r, mix(skin, (240, 110, 110), 0.45), line=False)
        if lashes:
            for lift in (0.06, 0.17):
                b.stroke(((x + side * 0.5 * r, cy + lift * r), (x + side * 0.63 * r, cy + (lift + 0.06) * r)), INK, 0.07 * r)
            b.stroke(
                ((x + side * 0.24 * r, cy + 0.36 * r), (x + side * 0.4 * r, cy + 0.41 * r), (x + side * 0.56 * r, cy + 0.35 * r)),
                darker(skin, 0.5), 0.07 * r, curved=True,
            )  # fmt: skip
    b.stroke(((x + 0.02 * r, cy - 0.1 * r), (x + 0.1 * r, cy - 0.2 * r)), darker(skin, 0.25), 0.09 * r)


def _smile(b: Brush, cx: float, cy: float, r: float, colour: RGB = (150, 52, 52)) -> None:
    x = cx + 0.1 * r
    b.stroke(((x - 0.28 * r, cy - 0.38 * r), (x, cy - 0.54 * r), (x + 0.28 * r, cy - 0.38 * r)), colour, 0.13 * r, curved=True)


def _arm(b: Brush, points: tuple[tuple[float, float], ...], width: float, skin: RGB, sleeve: RGB, *, long: bool) -> None:
    """An arm from shoulder over elbow to hand; a long sleeve leaves only the hand bare."""
    shoulder, elbow, hand = points
    b.stroke((shoulder, elbow, hand), skin, width * 0.86, line=True)
    b.dot(*hand, width * 0.5, skin)
    if long:
        near = (elbow[0] + 0.62 * (hand[0] - elbow[0]), elbow[1] + 0.62 * (hand[1] - elbow[1]))
        b.stroke((shoulder, elbow, near), sleeve, width, line=True)
    else:
        near = (shoulder[0] + 0.7 * (elbow[0] - shoulder[0]), shoulder[1] + 0.7 * (elbow[1] - shoulder[1]))
        b.stroke((shoulder, near), sleeve, width * 1.05, line=True)


def _hat(b: Brush, cx: float, cy: float, r: float, colour: RGB, *, style: str) -> None:
    """A hat on a head of radius r at (cx, cy)."""
    band = darker(colour, 0.45) if sum(colour) > 200 else lighter(colour, 0.5)
    if style == "cap":
        b.blob(((cx - 1.06 * r, cy + 0.3 * r), (cx - 0.8 * r, cy + 0.98 * r), (cx, cy + 1.28 * r), (cx + 0.8 * r, cy + 0.98 * r), (cx + 1.06 * r, cy + 0.3 * r), (cx, cy + 0.42 * r)), colour)
        b.blob(((cx + 0.2 * r, cy + 0.3 * r), (cx + 1.1 * r, cy + 0.5 * r), (cx + 1.75 * r, cy + 0.24 * r), (cx + 1.0 * r, cy + 0.14 * r)), darker(colour, 0.12))
        b.dot(cx, cy + 1.26 * r, 0.14 * r, band)
        b.gloss(cx * b.sign - 0.4 * r, cy + 0.92 * r, 0.24 * r, 0.14 * r, colour, angle=28)
    elif style == "brim":  # a man's hat
        b.blob(((cx - 0.86 * r, cy + 0.42 * r), (cx - 0.74 * r, cy + 1.3 * r), (cx - 0.2 * r, cy + 1.5 * r), (cx + 0.3 * r, cy + 1.42 * r), (cx + 0.76 * r, cy + 1.3 * r), (cx + 0.86 * r, cy + 0.42 * r)), colour)
        b.shape(((cx - 0.86 * r, cy + 0.5 * r), (cx + 0.86 * r, cy + 0.5 * r), (cx + 0.83 * r, cy + 0.76 * r), (cx - 0.83 * r, cy + 0.76 * r)), band, line=False)
        b.oval(cx, cy + 0.46 * r, 1.5 * r, 0.24 * r, colour)
        b.gloss(cx * b.sign - 0.36 * r, cy + 1.12 * r, 0.18 * r, 0.2 * r, colour)
    else:  # a wide sun hat
        b.oval(cx, cy + 0.96 * r, 0.84 * r, 0.58 * r, colour)
        b.blob(((cx - 0.88 * r, cy + 0.52 * r), (cx, cy + 0.66 * r), (cx + 0.88 * r, cy + 0.52 * r), (cx + 0.84 * r, cy + 0.8 * r), (cx, cy + 0.94 * r), (cx - 0.84 * r, cy + 0.8 * r)), band, line=False)
        b.blob(((cx - 1.7 * r, cy + 0.3 * r), (cx - 0.9 * r, cy + 0.6 * r), (cx, cy + 0.7 * r), (cx + 0.9 * r, cy + 0.6 * r), (cx + 1.7 * r, cy + 0.3 * r), (cx + 0.8 * r, cy + 0.32 * r), (cx, cy + 0.42 * r), (cx - 0.8 * r, cy + 0.32 * r)), colour)
        b.gloss(cx * b.sign - 0.34 * r, cy + 1.2 * r, 0.22 * r, 0.14 * r, colour, angle=20)


def _feet(b: Brush, xs: tuple[float, float], length: float, height: float, colour: RGB) -> None:
    for x in xs:
        b.blob(((x - length * 0.45, 0.4), (x + length * 0.7, 0.4), (x + length * 0.72, height * 0.5), (x + 0.1 * length, height), (x - length * 0.45, height * 0.9)), colour)


def man(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Broad shoulders, trousers, short hair, sometimes a beard or a moustache."""
    skin, hair, trousers, shoes = _tone(thing, rng)
    shirt = PALETTE[thing.colour]
    beard = ("beard", "moustache", "none", "beard")[int(rng.integers(4))]
    wave, long = rng.random() < 0.25, rng.random() < 0.5
    _feet(b, (-7.0, 7.0), 9, 5.5, shoes)
    for side in (-1, 1):
        b.shape(((side * 1.0, 42), (side * 12.8, 42), (side * 11.2, 4), (side * 3.0, 4)), trousers)
    _arm(b, ((-14, 70), (-19.5, 56), (-19, 43)), 7.8, skin, shirt, long=long)
    torso = ((-13, 39), (-14, 55), (-17, 70), (-11, 76), (0, 77.5), (11, 76), (17, 70), (14, 55), (13, 39), (0, 38))
    b.blob(torso, shirt, pattern=thing.pattern, stripes=(9.5, 0))
    b.stroke(((9.5, 42), (10.5, 50)), darker(shirt, 0.2), 1.1)
    b.stroke(((-9.5, 42), (-10.5, 48)), darker(shirt, 0.2), 1.1)
    if wave:
        _arm(b, ((14, 70), (22.5, 76), (25, 90)), 7.8, skin, shirt, long=long)
    else:
        _arm(b, ((14, 70), (19.5, 56), (19, 43)), 7.8, skin, shirt, long=long)
    b.shape(((-4.2, 73), (4.2, 73), (4.2, 82), (-4.2, 82)), darker(skin, 0.12), line=False)
    b.blob(((-5.5, 77.5), (0, 73.4), (5.5, 77.5), (0, 75.8)), darker(shirt, 0.25), line=False)
    r, cy = 10.2, 88.0
    for side in (-1, 1):
        b.oval(side * 10.0, cy - 1, 2.2, 2.8, skin)
    b.blob(((-9.6, cy + 4), (-7, cy + 9.6), (0, cy + 11), (7, cy + 9.6), (9.6, cy + 4), (9.2, cy - 5.5), (4.5, cy - 10.5), (-4.5, cy - 10.5), (-9.2, cy - 5.5)), skin)
    if beard == "beard":
        b.blob(((-9.7, cy - 0.5), (-7.0, cy - 3.6), (0, cy - 2.6), (7.6, cy - 3.6), (9.7, cy - 0.5), (9.0, cy - 7.5), (4.6, cy - 12.6), (-4.6, cy - 12.6), (-9.0, cy - 7.5)), hair, line=darker(hair, 0.25))
    _face(b, 0, cy, r, skin)
    if beard == "moustache":
        b.blob(((-4.6, cy - 4.8), (-1, cy - 2.4), (1, cy - 3.0), (3, cy - 2.4), (6.6, cy - 4.8), (3, cy - 4.9), (1, cy - 4.2), (-1.4, cy - 4.9)), hair, line=False)
    _smile(b, 0, cy - (1.6 if beard != "none" else 0), r, (196, 84, 80) if beard == "beard" else (150, 52, 52))
    brow = darker(hair, 0.1)
    for x in (-2.9, 4.9):
        b.stroke(((x - 1.9, cy + 3.5), (x + 1.9, cy + 3.8)), brow, 1.3)
    b.blob(((-10.4, cy + 1), (-10.6, cy + 7.5), (-5, cy + 12.4), (3, cy + 12.6), (9.4, cy + 9), (10.6, cy + 1.5), (8.6, cy + 5.4), (2, cy + 7.6), (-6, cy + 6.0), (-8.8, cy + 4)), hair)
    b.stroke(((-5, cy + 10), (0, cy + 10.6), (4, cy + 9.8)), lighter(hair, 0.22), 1.4, curved=True)
    if thing.hat:
        _hat(b, 0, cy, 10.2, PALETTE[thing.hat], style="brim" if rng.random() < 0.6 else "cap")


def woman(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A slim waist and a swinging dress, long hair, lashes and red lips."""
    skin, hair, _, shoes = _tone(thing, rng)
    dress = PALETTE[thing.colour]
    wave, bun, curly = rng.random() < 0.25, rng.random() < 0.25, rng.random() < 0.35
    cy, r = 88.0, 9.8
    if bun and not thing.hat:
        b.oval(-4, cy + 12, 5.4, 5.0, hair)
    if curly:
        b.blob(((-9, cy + 8), (-15, cy + 1), (-14, cy - 8), (-17, cy - 16), (-10, cy - 22), (0, cy - 20), (10, cy - 22), (17, cy - 16), (14, cy - 8), (15, cy + 1), (9, cy + 8), (0, cy + 11)), hair)
    else:
        b.blob(((-9, cy + 8), (-13, cy - 2), (-13.5, cy - 14), (-12, cy - 24), (0, cy - 20), (12, cy - 24), (13.5, cy - 14), (13, cy - 2), (9, cy + 8), (0, cy + 11)), hair)
    _feet(b, (-5.2, 5.2), 7.5, 4.0, shoes)
    for side in (-1, 1):
        b.shape(((side * 2.4, 30), (side * 8.2, 30), (side * 6.8, 3), (side * 3.4, 3)), skin)
    _arm(b, ((-10, 70), (-15.5, 58), (-17, 46)), 5.4, skin, dress, long=False)
    b.blob(((-9.5, 74), (-11.5, 68), (-7.6, 57), (-12, 44), (-20, 26), (-10, 22.5), (0, 23.5), (10, 22.5), (20, 26), (12, 44), (7.6, 57), (11.5, 68), (9.5, 74), (0, 73)), dress, pattern=thing.pattern, stripes=(8.5, 0))
    b.stroke(((-7.4, 56.6), (0, 55.2), (7.4, 56.6)), darker(dress, 0.3), 2.6, curved=True)
    for x, sway in ((-6, -5), (6, 5), (0, 0)):
        b.stroke(((x * 0.6, 48), (x + sway, 28)), darker(dress, 0.16), 1.1)
    if wave:
        _arm(b, ((10, 70), (18, 76), (20, 90)), 5.4, skin, dress, long=False)
    else:
        _arm(b, ((10, 70), (15.5, 58), (17, 46)), 5.4, skin, dress, long=False)
    b.shape(((-3, 72), (3, 72), (3, 82), (-3, 82)), darker(skin, 0.12), line=False)
    b.blob(((-5, 74), (0, 70), (5, 74), (0, 75)), skin, line=False)
    b.blob(((-9.2, cy + 3), (-6.5, cy + 9), (0, cy + 10.4), (6.5, cy + 9), (9.2, cy + 3), (8.2, cy - 5), (3.2, cy - 10.4), (-3.2, cy - 10.4), (-8.2, cy - 5)), skin)
    _face(b, 0, cy, r, skin, lashes=True, big_eyes=True)
    b.blob(((-2.2, cy - 3.9), (0.0, cy - 3.7), (1.0, cy - 4.1), (2.0, cy - 3.7), (4.2, cy - 3.9), (3.0, cy - 5.6), (1, cy - 6.3), (-1.0, cy - 5.6)), LIPS, line=False)
    b.blob(((-10.6, cy - 4), (-10.6, cy + 6), (-5, cy + 12), (3, cy + 12.2), (9.6, cy + 8), (10.8, cy - 4), (8.4, cy + 2), (4, cy + 6.8), (-1, cy + 8.4), (-6, cy + 5), (-8.6, cy + 1)), hair)
    b.stroke(((-6.5, cy + 8.2), (-1, cy + 10.8), (4, cy + 10.2)), lighter(hair, 0.25), 1.5, curved=True)
    if thing.hat:
        _hat(b, 0, cy, 9.8, PALETTE[thing.hat], style="sun")


def boy(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A child's big head, tousled short hair, a T-shirt and shorts."""
    skin, hair, trousers, shoes = _tone(thing, rng)
    shirt = PALETTE[thing.colour]
    wave, freckles = rng.random() < 0.35, rng.random() < 0.4
    _feet(b, (-7.5, 7.5), 11, 7.5, shoes)
    for side in (-1, 1):
        b.shape(((side * 3.4, 28), (side * 11.4, 28), (side * 10.2, 6), (side * 4.6, 6)), skin)
        b.shape(((side * 0.8, 32), (side * 14.2, 32), (side * 13.6, 18), (side * 2.4, 18)), trousers)
    _arm(b, ((-13, 55), (-20, 44), (-21, 34)), 7.6, skin, shirt, long=False)
    b.blob(((-14.5, 29), (-14, 44), (-16, 55), (-9, 61), (0, 62), (9, 61), (16, 55), (14, 44), (14.5, 29), (0, 28)), shirt, pattern=thing.pattern, stripes=(10.5, 0))
    if wave:
        _arm(b, ((13, 55), (23, 58), (27, 72)), 7.6, skin, shirt, long=False)
    else:
        _arm(b, ((13, 55), (20, 44), (21, 34)), 7.6, skin, shirt, long=False)
    cy, r = 77.0, 18.0
    for side in (-1, 1):
        b.oval(side * 17.6, cy - 2, 3.6, 4.4, skin)
    b.oval(0, cy, 17.6, 17.2, skin)
    _face(b, 0, cy - 1, r, skin, big_eyes=True)
    _smile(b, 0, cy - 0.5, r)
    if freckles:
        for dx in (-9.5, -7.2, 10.6, 12.6):
            b.dot(dx, cy - 4, 0.7, darker(skin, 0.32))
    b.blob(((-18.4, cy + 1), (-18, cy + 11), (-11, cy + 19), (-5, cy + 18.5), (0, cy + 22.6), (5, cy + 19.2), (11, cy + 19.4), (17.4, cy + 11.5), (18.4, cy + 2), (15.2, cy + 7), (10, cy + 9), (5.5, cy + 7.6), (0, cy + 11), (-6, cy + 8), (-12, cy + 9.6), (-15.6, cy + 6)), hair)
    b.stroke(((-8, cy + 14.8), (-1, cy + 16.8), (6, cy + 15.4)), lighter(hair, 0.22), 2.0, curved=True)
    if thing.hat:
        _hat(b, 0, cy - 1, 18.2, PALETTE[thing.hat], style="cap")


def girl(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A child's big head with pigtails and a bow, and a short wide dress."""
    skin, hair, _, shoes = _tone(thing, rng)
    dress = PALETTE[thing.colour]
    ribbon = PALETTE[("red", "blue", "yellow", "pink")[int(rng.integers(4))]]
    wave, high = rng.random() < 0.35, rng.random() < 0.5
    cy, r = 77.0, 17.6
    for side in (-1, 1):
        if high and not thing.hat:
            b.blob(((side * 14, cy + 10), (side * 22, cy + 17), (side * 30, cy + 10), (side * 28, cy - 2), (side * 23, cy - 10), (side * 18, cy)), hair)
        else:
            b.blob(((side * 15, cy + 1), (side * 22, cy + 2), (side * 28, cy - 7), (side * 27, cy - 21), (side * 22, cy - 27), (side * 18, cy - 14)), hair)
    _feet(b, (-6.5, 6.5), 10, 6.5, shoes)
    for side in (-1, 1):
        b.shape(((side * 3.2, 26), (side * 10.0, 26), (side * 8.8, 6), (side * 4.2, 6)), skin)
        b.shape(((side * 4.0, 10), (side * 9.2, 10), (side * 9.0, 5.5), (side * 4.2, 5.5)), (250, 250, 250), line=False)
    _arm(b, ((-10, 56), (-18, 47), (-22, 37)), 6.6, skin, dress, long=False)
    b.blob(((-9, 61), (-12, 54), (-13, 44), (-23, 24), (-12, 20), (0, 21), (12, 20), (23, 24), (13, 44), (12, 54), (9, 61), (0, 61)), dress, pattern=thing.pattern, stripes=(10.5, 0))
    b.stroke(((-12.6, 45), (0, 43), (12.6, 45)), darker(dress, 0.28), 2.8, curved=True)
    b.blob(((-6.5, 61), (0, 54.5), (6.5, 61), (0, 62)), CREAM_COLLAR, line=darker(CREAM_COLLAR, 0.2))
    if wave:
        _arm(b, ((10, 56), (21, 58), (26, 71)), 6.6, skin, dress, long=False)
    else:
        _arm(b, ((10, 56), (18, 47), (22, 37)), 6.6, skin, dress, long=False)
    b.oval(0, cy, 17.0, 16.8, skin)
    _face(b, 0, cy - 1, r, skin, big_eyes=True, lashes=True)
    _smile(b, 0, cy - 0.5, r, LIPS)
    b.blob(((-17.8, cy - 3), (-18.2, cy + 9), (-10, cy + 18.6), (0, cy + 20.4), (10, cy + 18.6), (18.2, cy + 9), (17.8, cy - 3), (15, cy + 4), (8, cy + 8.4), (0, cy + 7.4), (-8, cy + 8.4), (-15, cy + 4)), hair)
    b.stroke(((-9, cy + 13.6), (-1, cy + 16.2), (7, cy + 14.8)), lighter(hair, 0.25), 2.0, curved=True)
    for side in (-1, 1):
        x, y = side * 18.5, cy + (11 if high and not thing.hat else 1)
        b.blob(((x - 4.4, y + 3.4), (x, y + 0.8), (x + 4.4, y + 3.4), (x + 4.4, y - 3.4), (x, y - 0.8), (x - 4.4, y - 3.4)), ribbon)
    if thing.hat:
        _hat(b, 0, cy - 1, 17.6, PALETTE[thing.hat], style="sun")


CREAM_COLLAR: RGB = (253, 250, 242)
