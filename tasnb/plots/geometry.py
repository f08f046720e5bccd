"""The spatial rectifier as geometry: centres, median lines, the part of the picture that stays, for several rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from tasnb.core.images import mask_colour
from tasnb.core.masks import areas, centroids_xy
from tasnb.core.types import ImageArtifacts, Models, Parse, ScoreTable
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline.variant import PAPER, VARIANTS, Variant
from tasnb.plots.lettering import INK, font_of
from tasnb.plots.lettering import PAPER as WHITE
from tasnb.plots.sheets import Panel, sheet
from tasnb.stages import expressions, scores, spatial
from tasnb.stages.spatial.scene import AXIS, AXIS_NAMES, BEFORE, Scene


@dataclass(frozen=True, kw_only=True, eq=False)
class Rectified:
    """What one rule does to the proposals of an expression.

    table: with ``kept`` and ``trace``. centres_xy: float (n, 2) as the rule takes them, NaN for an empty mask.
    medians: "x" and "y" -> the median of the centres, only where the rule draws a line there.
    region_xyxy: the part of the picture that a half or quadrant leaves; None where the rule is no half, or all stay.
    """

    name: str
    parse: Parse
    table: ScoreTable
    centres_xy: np.ndarray
    medians: Mapping[str, float]
    region_xyxy: tuple[float, float, float, float] | None

    @property
    def sentence(self) -> str:
        return self.table.trace.sentence if self.table.trace else ""


def variants_to_compare() -> tuple[Variant, ...]:
    """``paper``, ``official`` and ``extended``, which is ``paper`` with another rectifier where no preset has it."""
    extended = VARIANTS.get("extended") or replace(PAPER, name="extended", rectifier=spatial.EXTENDED)
    return (VARIANTS["paper"], VARIANTS["official"], extended)


def rectify_by_each(
    artifacts: ImageArtifacts, expression: str, models: Models
) -> tuple[tuple[Rectified, ...], dict[str, str]]:
    """Every rule on the same expression, each with its own variant's parse and scores; and why a rule is missing.

    A rule is missing when the artifacts lack what its variant needs. Relations to other things are scored by the
    image-text model, as V is, for the extended rule. Raises ValueError for an empty expression.
    """
    expressions.require_text(expression)
    found, missing = [], {}
    for variant in variants_to_compare():
        try:
            found.append(_rectified(artifacts, expression, models, variant))
        except ValueError as problem:
            missing[variant.name] = str(problem)
    if not found:
        raise ValueError(next(iter(missing.values())))
    return tuple(found), missing


def rectifiers(image_rgb: np.ndarray | None, artifacts: ImageArtifacts, expression: str, models: Models) -> np.ndarray:
    """The twin of ``rectifier_view``: a panel a rule with centres, medians and the half that stays: uint8 (h, w, 3).

    image_rgb: the photo; None: a gray ground.
    """
    found, _ = rectify_by_each(artifacts, expression, models)
    ground = np.full((*artifacts.size_hw, 3), 200, np.uint8) if image_rgb is None else image_rgb
    panels = [Panel(title=each.name, pixels=_drawn(each, ground), notes=(each.sentence,)) for each in found]
    return sheet(f"“{expression}”", panels, [LEGEND], columns=3, side=340)


LEGEND = (
    "Coloured dots are centres that stay, crossed gray ones are out, a ring marks the answer; dashed lines are medians "
    "of the centres, and the gray part of the photo is out."
)


def _rectified(artifacts: ImageArtifacts, expression: str, models: Models, variant: Variant) -> Rectified:
    parse = expressions.parse(expression, models.parser, rule=variant.parse)
    mined = pipeline.mine(artifacts, parse, models, variant=variant)
    table = pipeline.score(artifacts, expression, mined, models, variant=variant)
    masks, rule = artifacts.proposals.masks, variant.rectifier
    likeness = {}
    if rule.extended and parse.relations and len(masks):
        rows = pipeline.rows_of(artifacts.crop_embeddings, variant.v_crop.style, "crop_embeddings")
        phrases = list(dict.fromkeys(relation.phrase for relation in parse.relations))
        encoded = models.encoder.encode_texts([phrase.lower() for phrase in phrases])
        likeness = dict(zip(phrases, scores.cosines(rows, encoded).T, strict=True))
    kept, trace = spatial.rectify(
        parse, centroids_xy(masks), rule=rule, totals=table.total, areas=areas(masks), object_scores=likeness
    )
    table = replace(table, kept=kept, trace=trace)
    centres = centroids_xy(masks)
    centres = np.trunc(centres) if rule.centres == "int" else centres
    return Rectified(
        name=variant.name, parse=parse, table=table, centres_xy=centres,
        medians=_medians(parse, centres, rule), region_xyxy=_region(parse, table, centres, artifacts.size_hw, rule),
    )  # fmt: skip


def _medians(parse: Parse, centres_xy: np.ndarray, rule: spatial.RectifierRule) -> dict[str, float]:
    scene = Scene(centres_xy=centres_xy)
    if not scene.placed.any():
        return {}
    axes = sorted({AXIS[direction] for direction in parse.directions})
    if axes and rule.half == "quadrants":
        axes = [0, 1]  # a quadrant has two borders, whichever is named
    return {AXIS_NAMES[axis]: float(scene.medians_xy[axis]) for axis in axes}


def _region(
    parse: Parse, table: ScoreTable, centres_xy: np.ndarray, size_hw: tuple[int, int], rule: spatial.RectifierRule
) -> tuple[float, float, float, float] | None:
    """The rectangle of the half, or of the quadrant that holds exactly the kept centres."""
    if not parse.directions or table.kept.all() or (rule.extended and (parse.cues or parse.relations)):
        return None
    scene = Scene(centres_xy=centres_xy)
    named: tuple[str, ...] = parse.directions
    if rule.half == "quadrants":
        corners = [(v, h) for v in ("top", "bottom") for h in ("left", "right")]
        exact = [c for c in corners if np.array_equal(scene.half(c[0]) & scene.half(c[1]), table.kept)]
        if not exact:
            return None
        named = exact[0]
    bounds = [0.0, 0.0, float(size_hw[1]), float(size_hw[0])]
    for direction in named:
        axis = AXIS[direction]
        median = float(scene.medians_xy[axis])
        edge = axis + 2 if direction in BEFORE else axis
        bounds[edge] = min(bounds[edge], median) if direction in BEFORE else max(bounds[edge], median)
    return bounds[0], bounds[1], bounds[2], bounds[3]


def _drawn(each: Rectified, ground: np.ndarray) -> np.ndarray:
    height, width = ground.shape[:2]
    scale = 340 / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    pixels = np.asarray(Image.fromarray(ground).resize(size, Image.Resampling.LANCZOS)).astype(np.float32)
    if each.region_xyxy is not None:
        x0, y0, x1, y1 = (round(edge * scale) for edge in each.region_xyxy)
        outside = np.ones(pixels.shape[:2], bool)
        outside[y0:y1, x0:x1] = False
        pixels[outside] = 0.35 * pixels[outside] + 0.65 * 120
    canvas = Image.fromarray(pixels.astype(np.uint8))
    draw = ImageDraw.Draw(canvas)
    for axis, median in each.medians.items():
        _dashed(draw, axis, median * scale, size)
    font = font_of(12, bold=True)
    for index, (x, y) in enumerate(each.centres_xy):
        if np.isfinite((x, y)).all():
            _centre(draw, each, index, (x * scale, y * scale), font)
    return np.asarray(canvas)


def _dashed(draw: ImageDraw.ImageDraw, axis: str, at: float, size: tuple[int, int]) -> None:
    along = size[1] if axis == "x" else size[0]
    for colour, width, step in ((INK, 5, 1), (WHITE, 2, 14)):
        for start in range(0, along, step):
            end = start + (1 if step == 1 else 8)
            draw.line((at, start, at, end) if axis == "x" else (start, at, end, at), fill=colour, width=width)


def _centre(draw: ImageDraw.ImageDraw, each: Rectified, index: int, at: tuple[float, float], font: object) -> None:
    (x, y), radius = at, 10
    stays = bool(each.table.kept[index])
    if index == each.table.best:
        draw.ellipse((x - radius - 5, y - radius - 5, x + radius + 5, y + radius + 5), outline=INK, width=4)
        draw.ellipse((x - radius - 4, y - radius - 4, x + radius + 4, y + radius + 4), outline=WHITE, width=2)
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(box, fill=mask_colour(index) if stays else (208, 212, 218), outline=INK, width=2)
    draw.text((x, y), str(index), font=font, fill=INK, anchor="mm", stroke_width=2, stroke_fill=WHITE)
    if not stays:
        draw.line((x - radius, y + radius, x + radius, y - radius), fill=INK, width=2)
