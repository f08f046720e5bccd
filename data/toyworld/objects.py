"""Furniture, toys and food."""

# ruff: noqa: E501
# an outline reads as one row of points; a point a row would be pages:
# fmt: off

from __future__ import annotations

from itertools import pairwise

import numpy as np

from toyworld.brush import (
    CREAM,
    INK,
    PALETTE,
    RGB,
    Brush,
    accent,
    darker,
    lighter,
    luminance,
    mix,
    oval,
    smooth,
)
from toyworld.world import Thing

WOOD: RGB = (156, 104, 64)


def bench(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Slats on iron legs."""
    slat = PALETTE[thing.colour]
    iron: RGB = (78, 76, 86)
    for x in (-72, 72):
        b.stroke(((x, 98), (x * 0.97, 46)), iron, 7.5, line=True)
        b.stroke(((x * 0.99, 44), (x * 1.05, 2)), iron, 8, line=True)
        b.stroke(((x * 0.86, 40), (x * 0.84, 6)), darker(iron, 0.2), 7)
    for y in (62, 76, 90):
        b.box(-86, y - 1, 86, y + 10, slat, radius=3)
        b.stroke(((-80, y + 6.4), (70, y + 6.4)), lighter(slat, 0.28), 1.8)
    for y, w in ((38, 92), (48, 88)):
        b.box(-w, y - 4.6, w, y + 5, darker(slat, 0.08), radius=3)
        b.stroke(((-w + 6, y + 1.6), (w - 12, y + 1.6)), lighter(slat, 0.24), 1.8)
    for x in (-80, 80):
        b.stroke(((x, 60), (x * 1.04, 56), (x * 1.05, 38)), iron, 6.5, line=True)
        for y in (67, 81, 95):
            b.dot(x * 0.94, y, 1.7, (60, 56, 60))


def umbrella(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A parasol planted in the ground: a scalloped dome on a pole."""
    cloth = PALETTE[thing.colour]
    b.stroke(((0, 0), (0, 92)), WOOD, 5.4, line=True)
    b.blob(((-16, 0), (-11, 5), (0, 7), (11, 5), (16, 0), (0, -1)), (186, 168, 138))
    rim = np.linspace(-58, 58, 7)
    dome = [(58 * np.cos(a), 52 + 43 * np.sin(a)) for a in np.linspace(0, np.pi, 22)]
    scallops: list[tuple[float, float]] = []
    for x0, x1 in pairwise(rim):
        scallops += [(x0 + (x1 - x0) * t, 52 + 6.5 * np.sin(np.pi * t)) for t in (0.0, 0.25, 0.5, 0.75)]
    edge = [*dome, *scallops]
    if thing.pattern == "striped":
        b.shape(edge, cloth, line=False)
        second = accent(cloth)
        for k in (0, 2, 4):
            left, right = rim[k], rim[k + 1]
            side = [(left * np.sqrt(max(0.0, 1 - t * t)), 52 + 43 * t) for t in np.linspace(0, 1, 9)]
            back = [(right * np.sqrt(max(0.0, 1 - t * t)), 52 + 43 * t) for t in np.linspace(1, 0, 9)]
            bottom = [(right + (left - right) * t, 52 + 6.5 * np.sin(np.pi * t)) for t in (0.0, 0.25, 0.5, 0.75)]
            b.shape([*side, *back, *bottom], second, line=False)
        b.outline(edge, darker(cloth))
    else:
        b.shape(edge, cloth, pattern=thing.pattern, stripes=(19, 0))
    for x in rim[1:-1]:
        ridge = [(x * np.sqrt(max(0.0, 1 - t * t)), 52 + 43 * t) for t in np.linspace(0, 1, 10)]
        b.stroke(ridge, darker(cloth, 0.24), 1.7)
    if thing.pattern == "plain":
        b.gloss(-29, 80, 10, 3.8, cloth, angle=38, share=0.4)
    b.oval(0, 97, 2.6, 4, WOOD)


def box(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A closed parcel seen from a little above, with tape."""
    card = PALETTE[thing.colour] if thing.colour != "brown" else (178, 122, 72)
    tape = lighter(card, 0.45) if luminance(card) < 215 else (196, 170, 130)
    b.shape(((-52, 0), (28, 0), (28, 72), (-52, 72)), card)
    b.shape(((28, 0), (54, 18), (54, 90), (28, 72)), darker(card, 0.26))
    b.shape(((-52, 72), (28, 72), (54, 90), (-26, 99 - 9)), lighter(card, 0.24))
    b.shape(((-18, 72), (-6, 72), (20, 90), (8, 90)), tape, line=False)
    b.shape(((-18, 72), (-6, 72), (-6, 52), (-18, 52)), tape, line=False)
    b.stroke(((-52, 72), (28, 72)), darker(card, 0.4), 1.9)
    if rng.random() < 0.5:
        b.box(-4, 10, 18, 28, CREAM, line=darker(card, 0.3), width=0.7)
        b.stroke(((0, 22), (14, 22)), (130, 120, 116), 2)
        b.stroke(((0, 16), (9, 16)), (130, 120, 116), 2)
    else:
        for x in (-42, -30):
            b.stroke(((x, 12), (x, 30)), darker(card, 0.45), 2.6)
            b.stroke(((x - 5, 24), (x, 31), (x + 5, 24)), darker(card, 0.45), 2.6)


def ball(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A rubber ball."""
    paint = PALETTE[thing.colour]
    if thing.pattern == "spotted":
        b.oval(0, 50, 49, 49, paint, line=False)
        second = accent(paint)
        for x, y, r in ((-4, 54, 11.5), (-30, 64, 8), (22, 74, 8.5), (30, 40, 9.5), (-22, 28, 9.5), (8, 18, 8), (-8, 86, 7)):
            b.oval(x, y, r, r * 0.94, second, line=False)
        b.outline(oval(0, 50, 49, 49), darker(paint))
    else:
        b.shape(oval(0, 50, 49, 49), paint, pattern=thing.pattern, stripes=(31, float(rng.uniform(10, 40))))
    if thing.pattern == "plain":
        b.stroke(((-47, 44), (-14, 32), (20, 34), (47, 46)), darker(paint, 0.2), 4, curved=True)
        b.stroke(((-38, 22), (0, 12), (32, 17)), darker(paint, 0.12), 3, curved=True)
    b.gloss(-19, 74, 11.5, 7, paint, angle=34, share=0.72)


def balloon(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A party balloon; its string is too thin to count."""
    skin = PALETTE[thing.colour]
    sway = float(rng.uniform(-7, 7))
    b.thread(((0, 24), (sway, 16), (-sway, 8), (0, 0)), (70, 70, 80), alpha=126)
    body = smooth(((0, 27), (-21, 39), (-33, 62), (-27, 87), (0, 99), (27, 87), (33, 62), (21, 39)))
    b.shape(((-6, 22), (6, 22), (1.6, 29), (-1.6, 29)), darker(skin, 0.14))
    b.shape(body, skin, pattern=thing.pattern, stripes=(19, 0))
    b.gloss(-15, 82, 5.6, 9.5, skin, angle=-26, share=0.7)


def kite(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A diamond with a tail of bows."""
    cloth = PALETTE[thing.colour]
    tail = darker(cloth, 0.1)
    s = float(rng.uniform(-6, 6))
    b.stroke(((0, 36), (8 + s, 25), (-5 + s, 14), (4 + s, 3)), darker(cloth, 0.3), 2.4, curved=True)
    for x, y in ((7 + s, 24.5), (-4 + s, 13), (4 + s, 3.5)):
        b.shape(((x - 9, y + 4.5), (x, y), (x - 9, y - 4.5)), tail)
        b.shape(((x + 9, y + 4.5), (x, y), (x + 9, y - 4.5)), tail)
    b.shape(((0, 100), (33, 72), (0, 34), (-33, 72)), cloth, pattern=thing.pattern, stripes=(16, 24))
    if thing.pattern == "plain":
        b.shape(((0, 99), (32, 72), (0, 72)), lighter(cloth, 0.28), line=False)
        b.shape(((0, 35.5), (-32, 72), (0, 72)), lighter(cloth, 0.14), line=False)
    b.stroke(((0, 98), (0, 37)), darker(cloth, 0.4), 2.2)
    b.stroke(((-31, 72), (31, 72)), darker(cloth, 0.4), 2.2)


def teddy(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A sitting plush bear with a bow tie."""
    plush = PALETTE[thing.colour] if thing.colour != "brown" else (168, 112, 66)
    pale = lighter(plush, 0.48) if thing.colour != "white" else (244, 222, 196)
    bow = PALETTE[("red", "blue", "green")[int(rng.integers(3))]]
    for side in (-1, 1):
        b.oval(side * 24, 91, 12, 11.5, plush)
        b.oval(side * 24, 90.5, 6.4, 6.2, pale, line=False)
    b.oval(0, 28, 28, 29, plush)
    b.oval(0, 26, 17.5, 19, pale, line=False)
    for side in (-1, 1):
        b.oval(side * 29, 37, 10, 17, plush, angle=side * 32)
        b.oval(side * 25, 11.5, 16.5, 12, plush, angle=side * 14)
        b.oval(side * 29.5, 12, 8.4, 8, pale, line=False)
    b.blob(((-33, 70), (-27, 89), (0, 96), (27, 89), (33, 70), (25, 54), (0, 48), (-25, 54)), plush)
    b.oval(0, 62, 15.5, 11.5, pale, line=False)
    for side in (-1, 1):
        b.dot(side * 13.5, 76, 4.2, INK)
        b.dot(side * 13.5 - 1.3 * b.sign, 77.6, 1.5, (255, 255, 255))
        b.oval(side * 21.5, 64, 4.4, 3, mix(plush, (244, 110, 120), 0.4), line=False)
    b.oval(0, 67.5, 5.4, 4, (70, 44, 40), line=False)
    b.stroke(((-6, 58.5), (0, 55.5), (6, 58.5)), (70, 44, 40), 2.2, curved=True)
    b.stroke(((0, 65), (0, 57)), (70, 44, 40), 1.9)
    b.blob(((-13, 53), (0, 48), (13, 53), (13, 41), (0, 46), (-13, 41)), bow)
    b.dot(0, 47, 3.2, darker(bow, 0.3))


def apple(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """With stem and leaf."""
    skin = PALETTE[thing.colour] if thing.colour != "green" else (122, 190, 64)
    b.stroke(((0, 70), (2, 84), (8, 95)), (110, 72, 46), 7, line=True, curved=True)
    b.blob(((6, 82), (18, 95), (38, 94), (30, 82), (16, 78)), (86, 168, 72))
    b.blob(((0, 74), (-16, 83), (-38, 76), (-47, 54), (-40, 26), (-22, 3), (-6, 2), (0, 5), (6, 2), (22, 3), (40, 26), (47, 54), (38, 76), (16, 83)), skin)
    b.stroke(((-11, 75), (0, 70), (11, 75)), darker(skin, 0.36), 3.4, curved=True)
    b.gloss(-25, 58, 7, 13, skin, angle=-16, share=0.62)


def cake(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Two tiers with icing, cherries and a candle, on a plate."""
    sponge = PALETTE[thing.colour]
    icing = lighter(sponge, 0.62) if luminance(sponge) < 225 else (255, 205, 220)
    b.oval(0, 7, 62, 7.5, (214, 226, 236))
    for x0, y0, half, top in ((0, 8, 50, 42), (0, 42, 33, 70)):
        b.box(x0 - half, y0, x0 + half, top, sponge, radius=5)
        b.shape(((-half + 1.5, y0 + 11), (half - 1.5, y0 + 11), (half - 1.5, y0 + 16.5), (-half + 1.5, y0 + 16.5)), darker(sponge, 0.16), line=False)
        drip: list[tuple[float, float]] = [(-half, top - 8)]
        n = 5 if half > 40 else 4
        for k in range(n):
            left = -half + 2 * half * k / n
            w = 2 * half / n
            depth = 15 if (k + thing.seed) % 2 else 10
            drip += [(left + w * 0.2, top - depth), (left + w * 0.65, top - depth), (left + w * 0.92, top - 6.5)]
        drip += [(half, top - 8), (half, top + 1), (0, top + 3.5), (-half, top + 1)]
        b.blob(drip, icing)
    for x in (-20, 20):
        b.oval(x, 75, 6, 6, (222, 50, 62))
        b.dot(x - 1.8 * b.sign, 77, 1.6, (255, 220, 220))
    b.box(-3.4, 71, 3.4, 90, (112, 180, 226), radius=1)
    b.blob(((0, 101), (-4.4, 93), (0, 89), (4.4, 93)), (255, 180, 50), line=(230, 120, 40), width=0.7)


def banana(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A fat crescent with dark tips."""
    peel = PALETTE[thing.colour] if thing.colour != "green" else (140, 196, 66)
    b.blob(((-66, 78), (-60, 88), (-52, 84), (-36, 58), (-6, 46), (28, 52), (56, 74), (64, 92), (76, 96), (78, 84), (72, 50), (44, 16), (4, 2), (-36, 12), (-60, 44)), peel)
    b.stroke(((-54, 62), (-32, 32), (2, 20), (38, 32), (66, 66)), darker(peel, 0.2), 4.6, curved=True)
    b.stroke(((-36, 46), (-6, 33), (24, 38), (46, 52)), lighter(peel, 0.5), 5, curved=True)
    b.blob(((64, 90), (68, 101), (78, 100), (78, 87), (71, 84)), (112, 84, 50))
    b.blob(((-67, 77), (-62, 89), (-53, 86), (-58, 76)), (112, 84, 50))
    if rng.random() < 0.5:
        for x, y in ((-20, 26), (12, 12), (40, 40)):
            b.oval(x, y, 3, 2, darker(peel, 0.4), line=False)
