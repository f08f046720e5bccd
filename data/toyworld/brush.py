"""A small paint box: smooth shapes in a thing's own units on a supersampled transparent canvas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

from toyworld.world import Pattern

RGB = tuple[int, int, int]
Points = Sequence[tuple[float, float]] | np.ndarray

SUPERSAMPLE = 3  # canvas pixels a picture pixel, each way; box-reduced at the end

PALETTE: dict[str, RGB] = {
    "red": (217, 50, 48),
    "orange": (245, 134, 32),
    "yellow": (252, 211, 48),
    "green": (52, 150, 72),
    "blue": (48, 104, 208),
    "purple": (130, 70, 176),
    "pink": (247, 143, 184),
    "brown": (134, 86, 50),
    "black": (50, 48, 55),
    "white": (247, 246, 242),
    "gray": (142, 146, 153),
}

CREAM: RGB = (252, 248, 236)
INK: RGB = (44, 36, 40)


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """``a`` with ``share`` (0..1) of ``b`` stirred in."""
    return tuple(round(p + (q - p) * share) for p, q in zip(a, b, strict=True))  # type: ignore[return-value]


def darker(colour: RGB, share: float = 0.36) -> RGB:
    """The same hue towards a warm dark, for outlines and shaded sides."""
    return mix(tuple(round(c * (1 - share)) for c in colour), (40, 20, 50), share * 0.22)  # type: ignore[arg-type]


def lighter(colour: RGB, share: float = 0.35) -> RGB:
    """The same hue towards white, for highlights."""
    return mix(colour, (255, 255, 255), share)


def luminance(colour: RGB) -> float:
    """Perceived brightness, 0..255 (Rec. 601 weights)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def accent(colour: RGB) -> RGB:
    """The second colour of a pattern: cream on dark and middling colours, a deeper shade on pale ones."""
    if luminance(colour) > 225:
        return (150, 154, 166)
    if luminance(colour) > 190:
        return mix(darker(colour, 0.3), (214, 120, 20), 0.45)
    return mix(colour, CREAM, 0.86)


def oval(cx: float, cy: float, rx: float, ry: float, angle: float = 0.0) -> Float[np.ndarray, "p 2"]:
    """A closed ellipse as points; angle in degrees, counter-clockwise."""
    turn = _CIRCLE * (rx, ry)
    if angle:
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        turn = turn @ np.array(((c, s), (-s, c)))
    return turn + np.array((cx, cy))


def smooth(points: Points, *, closed: bool = True) -> Float[np.ndarray, "p 2"]:
    """A Catmull-Rom curve through the points."""
    p = np.asarray(points, dtype=float)
    if closed:
        knots = np.stack((np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)))
    else:
        padded = np.concatenate((p[:1], p, p[-1:]))
        knots = np.stack((padded[:-3], padded[1:-2], padded[2:-1], padded[3:]))
    curve = np.einsum("sk,kpd->psd", _SPLINE, knots).reshape(-1, 2)
    return curve if closed else np.concatenate((curve, p[-1:]))


_angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
_CIRCLE = np.stack((np.cos(_angles), np.sin(_angles)), 1)
_t = np.linspace(0, 1, 8, endpoint=False)[:, None]
_SPLINE = 0.5 * np.hstack(
    (-_t + 2 * _t**2 - _t**3, 2 - 5 * _t**2 + 3 * _t**3, _t + 4 * _t**2 - 3 * _t**3, -(_t**2) + _t**3)
)


class Brush:
    """Draws in units of a hundredth of the thing's height: (0, 0) is the middle of its foot line, y goes up.

    unit_px: picture pixels a unit. reach: (left and right, top, bottom) of the canvas in units. flip: mirror x.
    foot_px: fraction of a pixel by which the foot is moved right and down, 0..1.
    """

    def __init__(
        self,
        *,
        unit_px: float,
        reach: tuple[float, float, float],
        flip: bool = False,
        foot_px: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        side, top, bottom = reach
        self.left_px = math.ceil(side * unit_px) + 2
        self.top_px = math.ceil(top * unit_px) + 2
        width = 2 * self.left_px + 1
        height = self.top_px + math.ceil(bottom * unit_px) + 3
        self.unit = unit_px * SUPERSAMPLE
        self.sign = -1.0 if flip else 1.0
        self.x0 = (self.left_px + foot_px[0]) * SUPERSAMPLE
        self.y0 = (self.top_px + foot_px[1]) * SUPERSAMPLE
        self.canvas = Image.new("RGBA", (width * SUPERSAMPLE, height * SUPERSAMPLE), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.canvas)
        # an outline of about a pixel and a bit, whatever the size
        self.line = SUPERSAMPLE * (0.75 + 0.0045 * 100 * unit_px)

    def _pixels(self, points: Points) -> np.ndarray:
        p = np.array(points, dtype=float)
        p[:, 0] = self.x0 + self.sign * self.unit * p[:, 0]
        p[:, 1] = self.y0 - self.unit * p[:, 1]
        return p

    def shape(
        self,
        points: Points,
        fill: RGB,
        *,
        line: RGB | bool | None = True,
        width: float = 1.0,
        pattern: Pattern = "plain",
        second: RGB | None = None,
        stripes: tuple[float, float] = (14.0, 0.0),
    ) -> None:
        """Fill a closed shape and outline it in a darker shade (line=False: none); width in outline widths.

        stripes: (period in units, angle in degrees; 0 is horizontal); spots use the same period.
        """
        p = self._pixels(points)
        flat = p.ravel().tolist()
        if pattern == "plain":
            self.draw.polygon(flat, fill=fill)
        else:
            self._patterned(p, fill, second or accent(fill), pattern, stripes)
        if line is not False and line is not None:
            colour = darker(fill) if line is True else line
            self._trace(flat + flat[:2], colour, self.line * width, corners=len(p) < 14)

    def _patterned(self, p: np.ndarray, fill: RGB, second: RGB, pattern: Pattern, stripes: tuple[float, float]) -> None:
        x0, y0 = np.floor(p.min(0)).astype(int).tolist()
        x1, y1 = np.ceil(p.max(0)).astype(int).tolist()
        w, h = max(x1 - x0, 1), max(y1 - y0, 1)
        mask = Image.new("L", (w, h))
        ImageDraw.Draw(mask).polygon((p - (x0, y0)).ravel().tolist(), fill=255)
        tile = Image.new("RGB", (w, h), fill)
        draw = ImageDraw.Draw(tile)
        period = stripes[0] * self.unit
        if pattern == "striped":
            reach, angle = w + h, math.radians(stripes[1]) * self.sign
            along = (math.cos(angle) * reach, -math.sin(angle) * reach)
            across = (math.sin(angle), math.cos(angle))
            for k in range(-int(reach / period) - 1, int(reach / period) + 2):
                cx, cy = w / 2 + across[0] * k * period, h / 2 + across[1] * k * period
                draw.line(
                    (cx - along[0], cy - along[1], cx + along[0], cy + along[1]),
                    fill=second,
                    width=max(round(period * 0.4), 2),
                )
        else:
            r = period * 0.25
            for row in range(int(h / (period * 0.8)) + 2):
                for col in range(int(w / period) + 2):
                    cx, cy = (col + 0.5 * (row % 2)) * period, (row + 0.15) * period * 0.8
                    draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=second)
        self.canvas.paste(tile, (x0, y0), mask)

    def outline(self, points: Points, colour: RGB) -> None:
        """Only the outline of a closed, smooth shape."""
        flat = self._pixels(points).ravel().tolist()
        self._trace(flat + flat[:2], colour, self.line, corners=False)

    def _trace(self, flat: list[float], colour: RGB | tuple[int, ...], width: float, *, corners: bool) -> None:
        self.draw.line(flat, fill=colour, width=max(round(width), 1))
        if corners:
            r = width / 2 - 0.3
            if r >= 0.8:
                for x, y in zip(flat[::2], flat[1::2], strict=True):
                    self.draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def oval(
        self, cx: float, cy: float, rx: float, ry: float, fill: RGB, *, angle: float = 0.0, **options: object
    ) -> None:
        """An ellipse; options as in `shape`."""
        self.shape(oval(cx, cy, rx, ry, angle), fill, **options)  # type: ignore[arg-type]

    def blob(self, points: Points, fill: RGB, **options: object) -> None:
        """A smooth closed curve through the points; options as in `shape`."""
        self.shape(smooth(points), fill, **options)  # type: ignore[arg-type]

    def box(
        self, x0: float, y0: float, x1: float, y1: float, fill: RGB, *, radius: float = 0.0, **options: object
    ) -> None:
        """An upright rectangle, corners rounded by ``radius`` units; options as in `shape`."""
        if radius <= 0:
            points: Points = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        else:
            q = _CIRCLE[:9] * radius  # a quarter turn
            points = np.concatenate(
                (
                    q + np.array((x1 - radius, y1 - radius)),
                    (q @ np.array(((0, 1), (-1, 0)))) + np.array((x0 + radius, y1 - radius)),
                    -q + np.array((x0 + radius, y0 + radius)),
                    (q @ np.array(((0, -1), (1, 0)))) + np.array((x1 - radius, y0 + radius)),
                )
            )
        self.shape(points, fill, **options)  # type: ignore[arg-type]

    def stroke(
        self, points: Points, colour: RGB, width: float, *, line: RGB | bool | None = False, curved: bool = False
    ) -> None:
        """A line with round ends, ``width`` units wide, optionally outlined; a limb, a string, a smile."""
        p = self._pixels(smooth(points, closed=False) if curved else points)
        flat = p.ravel().tolist()
        w = width * self.unit
        if line is not False and line is not None:
            self._limb(flat, darker(colour) if line is True else line, w + self.line)
            w -= self.line
        self._limb(flat, colour, max(w, 1.5))

    def _limb(self, flat: list[float], colour: RGB, width: float) -> None:
        self._trace(flat, colour, width, corners=True)

    def thread(self, points: Points, colour: RGB, *, alpha: int = 120) -> None:
        """A thin see-through string: drawn, but too faint to count in a mask."""
        p = self._pixels(smooth(points, closed=False))
        self.draw.line(p.ravel().tolist(), fill=(*colour, alpha), width=max(round(self.line * 0.7), 2))

    def dot(self, x: float, y: float, r: float, colour: RGB) -> None:
        """A filled disc without an outline."""
        cx, cy, rp = self.x0 + self.sign * self.unit * x, self.y0 - self.unit * y, max(r * self.unit, 1.2)
        self.draw.ellipse((cx - rp, cy - rp, cx + rp, cy + rp), fill=colour)

    def gloss(
        self, cx: float, cy: float, rx: float, ry: float, base: RGB, *, angle: float = 0.0, share: float = 0.5
    ) -> None:
        """A soft highlight, always on the lit (left) side of the picture whichever way the thing faces."""
        self.shape(oval(cx * self.sign, cy, rx, ry, angle * self.sign), lighter(base, share), line=False)
