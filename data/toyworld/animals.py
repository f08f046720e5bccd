"""Cats, dogs, rabbits, ducks, horses and sheep, each with a face that looks to the right."""

# ruff: noqa: E501
# an outline reads as one row of points; a point a row would be pages:
# fmt: off

from __future__ import annotations

import numpy as np

from toyworld.brush import CREAM, INK, PALETTE, RGB, Brush, darker, lighter, luminance, mix
from toyworld.world import Thing

PINK: RGB = (240, 150, 160)


def _fur(thing: Thing, rng: np.random.Generator) -> tuple[RGB, RGB, RGB]:
    """Fur, a paler belly, and the colour of its markings."""
    fur = PALETTE[thing.colour]
    if thing.colour == "brown":
        fur = mix(fur, (176, 112, 60), 0.3 * float(rng.random()))
    elif thing.colour == "yellow":
        fur = mix(fur, (236, 186, 84), 0.5)
    belly = lighter(fur, 0.22 if thing.colour == "black" else 0.5)
    marks = lighter(fur, 0.45) if luminance(fur) < 70 else darker(fur, 0.45)
    return fur, belly, marks


def _eye(b: Brush, x: float, y: float, r: float, *, iris: RGB | None = None) -> None:
    if iris is not None:
        b.oval(x, y, r * 1.25, r * 1.45, iris, line=INK, width=0.7)
        b.oval(x + 0.1 * r, y, r * 0.6, r * 1.1, INK, line=False)
    else:
        b.oval(x, y, r * 1.35, r * 1.4, (250, 250, 250), line=False)  # keeps the eye visible on black fur
        b.dot(x + 0.1 * r, y, r, INK)
    b.dot(x - 0.3 * r * b.sign, y + 0.4 * r, r * 0.36, (255, 255, 255))


def cat(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Sits, tail up, pointed ears, whiskers."""
    fur, belly, marks = _fur(thing, rng)
    iris: RGB = ((150, 205, 90), (250, 205, 80), (120, 200, 220))[int(rng.integers(3))]
    curl = float(rng.uniform(-5, 5))
    b.stroke(((-16, 8), (-38, 10), (-42 + curl, 34), (-33 + curl, 52), (-40 + curl, 64)), fur, 11, line=True, curved=True)
    b.blob(((-26, 2), (-31, 18), (-22, 42), (-8, 58), (10, 58), (21, 40), (24, 14), (22, 1), (0, 0)), fur)
    if thing.pattern == "striped":
        for y, x in ((46, -17), (34, -23), (22, -27)):
            b.stroke(((x, y), (x + 8, y + 3), (x + 15, y + 0.5)), marks, 4.6, curved=True)
        for ring, level in ((-40.5 + curl, 56), (-37.5 + curl, 44), (-41 + curl, 31)):
            b.stroke(((ring - 3.6, level), (ring + 6.5, level)), marks, 4)
    b.blob(((2, 50), (-5, 32), (0, 14), (10, 8), (19, 16), (19, 36), (13, 50)), belly, line=False)
    for x in (2, 15):
        b.blob(((x - 6, 0.5), (x - 5, 20), (x, 26), (x + 5, 20), (x + 7, 0.5)), fur)
        b.oval(x + 1, 3.6, 8, 4.2, belly if thing.colour != "black" else fur)
    for side in (-1, 1):
        b.shape(((6 + side * 6, 88), (6 + side * 25, 72), (6 + side * 24, 101)), fur)
        b.shape(((6 + side * 12, 86), (6 + side * 21.5, 78), (6 + side * 21, 95)), PINK, line=False)
    b.blob(((-23, 70), (-16, 84), (6, 90), (28, 84), (35, 70), (29, 56), (6, 49), (-17, 56)), fur)
    if thing.pattern == "striped":
        for x, h in ((-3, 80), (6, 77), (15, 80)):
            b.stroke(((x, 88.5 - abs(x - 6) * 0.1), (x, h)), marks, 4)
        for side in (-1, 1):
            b.stroke(((6 + side * 27, 68), (6 + side * 19, 66)), marks, 3.4)
    b.oval(7, 58.5, 11.5, 7.5, belly, line=False)
    for x in (-5, 19):
        _eye(b, x, 71, 4.6, iris=iris)
    b.shape(((4, 64.5), (10, 64.5), (7, 60.6)), (232, 110, 126), line=False)
    b.stroke(((1, 57.5), (4, 55.5), (7, 59.5), (10, 55.5), (13, 57.5)), darker(fur, 0.55), 1.8, curved=True)
    whisker = (235, 235, 235) if luminance(fur) < 120 else (90, 80, 80)
    for side in (-1, 1):
        for dy in (-2.5, 2.5):
            b.stroke(((7 + side * 12, 60 + dy * 0.5), (7 + side * 33, 60 + dy * 2)), whisker, 1.1)


def dog(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Stands, floppy ears, long muzzle with a tongue, a collar, tail wagging."""
    fur, belly, marks = _fur(thing, rng)
    if thing.pattern == "spotted":
        marks = darker(fur, 0.5) if luminance(fur) > 70 else (225, 222, 216)
    collar = PALETTE[("red", "blue", "green")[int(rng.integers(3))]]
    if collar == fur:
        collar = PALETTE["red"]
    wag = float(rng.uniform(-7, 7))
    b.stroke(((-40, 44), (-54, 54), (-60 + wag, 74)), fur, 9.5, line=True, curved=True)
    for x in (-30, 22):  # far legs
        b.shape(((x, 32), (x + 11, 32), (x + 9, 3), (x + 1, 3)), darker(fur, 0.24))
    b.blob(((-46, 46), (-44, 30), (-24, 24), (8, 24), (32, 24), (38, 40), (34, 60), (14, 58), (-10, 57), (-34, 58)), fur)
    for x, top in ((-42, 40), (12, 38)):  # near legs
        b.blob(((x - 3, top), (x + 1, 16), (x, 1), (x + 15, 1), (x + 13.5, 8), (x + 12, 16), (x + 15, top)), fur)
        if thing.colour != "white":
            b.stroke(((x + 1, 4.6), (x + 14, 4.6)), belly, 6)
    b.blob(((-22, 26), (0, 25), (12, 28), (0, 34), (-18, 33)), belly, line=False)
    if thing.pattern == "spotted":
        for x, y, r in ((-32, 48, 8), (-10, 46, 9.5), (9, 37, 5.5), (-22, 36, 5), (-37, 16, 4), (19, 16, 3.6)):
            b.oval(x + float(rng.uniform(-2, 2)), y, r * 1.1, r * 0.85, marks, line=False, angle=25)
    b.blob(((16, 46), (22, 66), (44, 64), (40, 42), (28, 38)), fur, line=False)
    b.stroke(((18, 55), (30, 49), (44, 53)), collar, 6.5, line=True, curved=True)
    b.dot(33, 46, 3.6, (250, 205, 70))
    b.blob(((14, 78), (20, 92), (34, 97), (48, 91), (54, 80), (66, 74), (67, 64), (56, 58), (40, 56), (22, 60)), fur)
    b.blob(((46, 72), (56, 76), (67, 73), (68, 64), (58, 58), (46, 60)), belly if thing.colour != "white" else (250, 240, 228), line=False)
    if thing.pattern == "spotted":
        b.oval(44, 83, 8.5, 9.5, marks, line=False, angle=-20)
    b.blob(((50, 58), (55, 47), (60, 49), (59, 59)), (240, 110, 124))
    b.stroke(((46, 62), (54, 58.5), (66, 63)), darker(belly, 0.6), 2.0, curved=True)
    b.oval(66, 74, 5.4, 4.4, (46, 36, 38), line=False)
    b.dot(64.6 if b.sign > 0 else 67, 75.4, 1.2, (170, 160, 165))
    _eye(b, 45, 82, 4.2)
    ear = darker(fur, 0.3) if luminance(fur) > 70 else lighter(fur, 0.16)
    b.blob(((16, 93), (26, 94), (30, 82), (26, 62), (16, 54), (8, 62), (9, 80)), marks if thing.pattern == "spotted" else ear)


def rabbit(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Crouches, ears as long as its body, cotton tail, big front teeth."""
    fur, belly, _ = _fur(thing, rng)
    tilt = float(rng.uniform(-4, 5))
    b.oval(-33, 13, 10, 9.5, (252, 252, 250) if thing.colour != "white" else (255, 255, 255))
    for x, lean in ((9, -9 + tilt), (23, 7 + tilt)):
        b.blob(((x - 5, 58), (x - 8 + lean * 0.6, 80), (x + lean - 3, 99), (x + lean + 4, 99), (x + 8 + lean * 0.6, 80), (x + 6, 58)), fur)
        b.blob(((x - 2, 62), (x - 4 + lean * 0.6, 80), (x + lean + 0.5, 95), (x + 4.6 + lean * 0.6, 80), (x + 3, 62)), PINK, line=False)
    b.blob(((-32, 4), (-36, 20), (-26, 40), (-6, 46), (16, 40), (26, 22), (24, 2), (-10, 0)), fur)
    b.blob(((8, 36), (4, 20), (10, 6), (22, 8), (25, 24), (20, 36)), belly, line=False)
    b.blob(((-28, 6), (-28, 20), (-16, 28), (-3, 22), (0, 8), (-10, 2)), fur)
    b.oval(-8, 3.8, 17, 4.6, fur)
    b.oval(18, 3.8, 8.5, 4.2, fur)
    b.blob(((-5, 50), (0, 63), (16, 68), (32, 63), (38, 50), (33, 38), (16, 33), (0, 38)), fur)
    b.oval(17, 42, 12, 7, belly, line=False)
    for x in (6, 27):
        _eye(b, x, 53, 4.2)
        b.oval(x + (-3 if x < 16 else 3), 43.5, 4.4, 3, mix(fur, PINK, 0.7), line=False)
    b.box(14, 33, 20, 39, (255, 255, 255), line=(150, 140, 140), width=0.6)
    b.blob(((13, 48), (17, 49), (21, 48), (17, 44)), (232, 110, 126), line=False)
    b.stroke(((11, 40.5), (14, 39), (17, 43), (20, 39), (23, 40.5)), darker(fur, 0.55), 1.7, curved=True)


def duck(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A round boat of a body, upturned tail, orange bill and feet."""
    plumage = PALETTE[thing.colour]
    bill: RGB = (246, 140, 36) if thing.colour != "orange" else (252, 200, 50)
    for x in (-6, 12):
        b.stroke(((x, 16), (x, 4)), darker(bill, 0.15), 5)
        b.blob(((x - 5, 0.5), (x - 1, 7), (x + 6, 6), (x + 14, 0.5)), bill)
    b.blob(((-54, 54), (-46, 28), (-28, 12), (4, 9), (30, 17), (40, 36), (34, 50), (16, 47), (-8, 44), (-34, 46)), plumage)
    b.blob(((-34, 40), (-38, 30), (-22, 18), (4, 18), (16, 30), (6, 40), (-14, 42)), darker(plumage, 0.14))
    for x in (-20, -8, 4):
        b.stroke(((x - 8, 25 + abs(x) * 0.1), (x, 21), (x + 7, 25)), darker(plumage, 0.4), 2.2, curved=True)
    b.blob(((10, 44), (11, 62), (22, 66), (40, 60), (42, 42), (30, 34)), plumage, line=False)
    b.blob(((60, 76), (76, 76), (80, 69), (66, 63), (46, 66), (50, 74)), bill)
    b.stroke(((54, 69.6), (66, 69), (77, 71)), darker(bill, 0.45), 1.9, curved=True)
    b.oval(32, 77, 23, 21.5, plumage)
    b.blob(((12, 46), (13, 66), (22, 72), (40, 68), (42, 46), (30, 38)), plumage, line=False)
    if thing.colour in ("green", "brown"):
        b.stroke(((12.5, 55), (26, 51), (41, 54)), CREAM, 4.5, curved=True)
    if rng.random() < 0.5:
        b.stroke(((28, 96), (24, 103), (18, 102)), plumage, 4, line=True, curved=True)
    b.gloss(24 if b.sign > 0 else -38, 88, 7, 4.4, plumage, angle=24, share=0.45)
    _eye(b, 40, 82, 4.4)
    b.oval(34, 71, 5, 3.4, mix(plumage, (244, 120, 110), 0.4), line=False)


def horse(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """Stands tall: four long legs, an arched neck, mane and tail."""
    fur, belly, marks = _fur(thing, rng)
    mane = {"brown": (66, 42, 34), "black": (110, 108, 116), "white": (206, 188, 160), "gray": (74, 76, 86)}[thing.colour]
    hoof = (60, 50, 50) if thing.colour != "black" else (120, 112, 108)
    lift = float(rng.uniform(0, 1)) < 0.3
    for x in (-26, 22):
        b.shape(((x, 40), (x + 9, 40), (x + 7, 5), (x + 1, 5)), darker(fur, 0.26))
        b.box(x, 0.5, x + 8.5, 6, darker(hoof, 0.2))
    b.blob(((-38, 58), (-48, 52), (-53, 34), (-49, 16), (-44, 14), (-42, 32), (-36, 46)), mane)
    b.blob(((-41, 52), (-40, 38), (-30, 32), (0, 33), (26, 32), (33, 44), (30, 60), (10, 58), (-12, 57), (-32, 61)), fur)
    legs = ((-36, 44), (10, 40)) if not lift else ((-36, 44),)
    for x, top in legs:
        b.blob(((x - 3, top), (x + 1.2, 22), (x + 1.2, 5), (x + 9.6, 5), (x + 10, 22), (x + 15, top)), fur)
        b.shape(((x, 0.4), (x + 11, 0.4), (x + 9.8, 6), (x + 1.2, 6)), hoof)
    if lift:
        b.stroke(((17, 36), (31, 26), (27, 13)), fur, 9.5, line=True)
        b.stroke(((27.5, 13), (26.5, 9)), hoof, 9)
    b.blob(((-34, 54), (-30, 36), (0, 36), (20, 38), (24, 54), (0, 55)), fur, line=False)
    b.blob(((14, 44), (18, 58), (27, 76), (34, 88), (46, 86), (44, 70), (36, 54), (31, 40), (22, 38)), fur)
    b.blob(((16, 44), (20, 56), (30, 64), (33, 54), (28, 42)), fur, line=False)
    if thing.pattern == "spotted":
        for x, y, rx, ry in ((-28, 50, 8, 6.5), (-11, 44, 6.5, 5), (2, 53, 7, 3.6), (26, 52, 5, 6.5), (33, 68, 4.4, 5.5), (-18, 38, 3.6, 2.8)):
            b.oval(x, y, rx, ry, marks if luminance(fur) < 70 else mix(marks, CREAM, 0.0 if luminance(fur) > 200 else 0.75), line=False, angle=20)
    b.blob(((33, 84), (30, 96), (35, 101), (39, 92)), fur)
    b.blob(((33, 84), (37, 92), (46, 93), (53, 84), (62, 72), (64, 64), (57, 59), (50, 63), (44, 72), (36, 76)), fur)
    b.blob(((53, 72), (61, 72), (64, 64), (57, 59), (51, 63)), belly, line=False)
    b.dot(60.5, 66.6, 1.4, darker(fur, 0.6))
    b.stroke(((53, 63.6), (58, 62.6)), darker(fur, 0.5), 1.4)
    _eye(b, 45.5, 84, 2.7)
    b.blob(((39, 98), (30, 95), (22, 82), (14, 66), (9, 58), (19, 58), (27, 70), (33, 84), (41, 88), (44, 93)), mane)
    for x, y in ((22, 74), (16, 63), (28, 86)):
        b.stroke(((x, y), (x + 5, y - 3)), lighter(mane, 0.2), 1.4)


def sheep(b: Brush, thing: Thing, rng: np.random.Generator) -> None:
    """A cloud of wool on short legs."""
    wool = PALETTE[thing.colour]
    skin: RGB = (70, 62, 66) if thing.colour != "black" else (196, 176, 160)
    if thing.colour == "gray" and rng.random() < 0.5:
        skin = (236, 214, 196)
    for x in (-28, 12):
        b.box(x, 1, x + 9, 30, darker(skin, 0.3))
    for x in (-38, 24):
        b.box(x, 0, x + 10, 30, skin, radius=2)
    ring = [(60 * np.cos(a) - 4, 27.5 * np.sin(a) + 51) for a in np.linspace(0, 2 * np.pi, 13)[:-1]]
    for x, y in ring:
        b.oval(x * 0.78, y, 16, 15, wool)
    b.oval(-3, 51, 46, 28, wool, line=False)
    curl = darker(wool, 0.22) if thing.colour != "black" else lighter(wool, 0.2)
    for x, y in ((-30, 56), (-10, 66), (-14, 44), (10, 52), (-36, 40), (4, 36)):
        b.stroke(((x - 6, y), (x - 2, y - 5), (x + 4, y - 3), (x + 5, y + 3)), curl, 2.4, curved=True)
    for side, angle in ((-1, 24), (1, -24)):
        b.oval(44 + side * 19, 72, 9.5, 4.8, skin, angle=angle)
    b.blob(((30, 80), (36, 88), (52, 88), (58, 80), (56, 60), (50, 50), (40, 50), (33, 60)), skin)
    for x, y in ((32, 90), (44, 95), (56, 89)):
        b.oval(x, y, 9.5, 7.6, wool)
    b.oval(44, 88, 12, 7, wool, line=False)
    for x in (38, 51):
        _eye(b, x, 74, 3.6)
    b.stroke(((40, 59), (45, 56.4), (50, 59)), lighter(skin, 0.5) if luminance(skin) < 120 else darker(skin, 0.5), 1.8, curved=True)
    b.oval(45, 62, 3.6, 2.2, (228, 138, 150), line=False)
