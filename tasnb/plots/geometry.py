"""The spatial rectifier as geometry: centres, median lines, the part of the picture that stays, for several rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from tasnb.core.brief import brief
from tasnb.core.images import mask_colour, resized
from tasnb.core.masks import areas, centroids_xy
from tasnb.core.types import ImageArtifacts, Models, Parse, ScoreTable, Weights
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline.variant import PAPER, Variant, at_hand, weights_for
from tasnb.plots.sheets import INK, Panel, font_of, sheet
from tasnb.plots.sheets import PAPER as WHITE
from tasnb.stages import expressions, scores, spatial
from tasnb.stages.spatial import halves
from tasnb.stages.spatial.scene import AXIS, AXIS_NAMES, Scene

SIDE = 340  # of a rule's panel, pixels
LEGEND = (
    "Coloured dots are centres that stay, crossed gray ones are out, a ring marks the answer; dashed lines are medians "
    "of the centres, and the gray part of the photo is out; under a soft prior all stay, and a place is the grayer the "
    "less it adds to S, which the number beside a centre says."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rectified:
    """What one rule does to the proposals of an expression.

    Parameters
    ----------
    name : str
        Of the variant whose rule it is.
    parse : Parse
        As that variant reads the expression.
    table : ScoreTable
        With ``kept`` and ``trace``.
    centres_xy : ndarray of float, shape (n, 2)
        Pixels, as the rule takes them; NaN for an empty mask.
    medians : mapping of str to float
        "x" and "y": the median of the centres, only where the rule draws a line there.
    region_xyxy : tuple of float, or None
        The part of the picture that a half or quadrant leaves; None where the rule is no half, or all stay.
    field : ndarray of float, shape (rows, columns), or None
        Of a soft rule: what a further proposal would get with its centre there, to be added to S (``prior.field``);
        None where no place is said.
    """

    name: str
    parse: Parse
    table: ScoreTable
    centres_xy: np.ndarray
    medians: Mapping[str, float]
    region_xyxy: tuple[float, float, float, float] | None
    field: np.ndarray | None = None

    __repr__ = brief

    @property
    def sentence(self) -> str:
        """What the rule did, in words."""
        return self.table.trace.sentence if self.table.trace else ""

    @property
    def effect(self) -> str:
        """How many stay, or from where to where the prior reaches."""
        prior = self.table.prior
        if prior is None or not len(prior):
            return f"{int(self.table.kept.sum())} of {len(self.table)} stay"
        return f"all stay; prior {prior.min():+.3f} to {prior.max():+.3f}"


def variants_to_compare(artifacts: ImageArtifacts) -> tuple[Variant, ...]:
    """Those at hand (``pipeline.variant.at_hand``), and ``extended``: the first one with our own rectifier."""
    own = at_hand(artifacts)
    return (*own, replace(own[0], name="extended", parse=PAPER.parse, rectifier=spatial.EXTENDED))


def rectify_by_each(artifacts: ImageArtifacts, expression: str, models: Models) -> tuple[Rectified, ...]:
    """Every rule on the same expression, each with its own variant's parse; weights are those of the artifacts'.

    Parameters
    ----------
    artifacts : ImageArtifacts
        What ``tn.describe`` made of the photo.
    expression : str
        What is looked for.
    models : Models
        Its image-text model scores relations to other things, as V is scored, for the extended rule.

    Returns
    -------
    tuple of Rectified
        One a rule.

    Raises
    ------
    ValueError
        For an empty expression.
    """
    expressions.require_text(expression)
    variants = variants_to_compare(artifacts)
    weights = weights_for(variants[0], models)
    return tuple(_rectified(artifacts, expression, models, variant, weights) for variant in variants)


def rectifiers(image_rgb: np.ndarray | None, artifacts: ImageArtifacts, expression: str, models: Models) -> np.ndarray:
    """A panel a rule with centres, medians and the half that stays: the twin of ``rectifier_view``.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3), or None
        The photo; None: a gray ground.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of the photo.
    expression : str
        What is looked for.
    models : Models
        The models that described the photo.

    Returns
    -------
    ndarray of uint8, shape (h', w', 3)
        The picture.

    Raises
    ------
    ValueError
        For an empty expression.
    """
    found = rectify_by_each(artifacts, expression, models)
    ground = np.full((*artifacts.size_hw, 3), 200, np.uint8)
    if image_rgb is not None:
        ground = artifacts.at_working_size(image_rgb)
    panels = [
        Panel(title=f"{each.name}: {each.effect}", pixels=_drawn(each, ground), notes=(each.sentence,))
        for each in found
    ]
    across = 3 if len(panels) < 4 else 2
    return sheet(f"“{expression}”", panels, [LEGEND], columns=across, side=SIDE, notes=artifacts.notes)


def _rectified(
    artifacts: ImageArtifacts, expression: str, models: Models, variant: Variant, weights: Weights
) -> Rectified:
    parse = expressions.parse(expression, models.parser, rule=variant.parse, wordnet=models.wordnet)
    mined = pipeline.mine(artifacts, parse, models, variant=variant)
    table = pipeline.score(artifacts, expression, mined, models, variant=variant, weights=weights)
    masks, rule = artifacts.proposals.masks, variant.rectifier
    centroids, likeness = centroids_xy(masks), {}
    if rule.extended and parse.relations and len(masks):
        rows = pipeline.rows_of(artifacts.crop_embeddings, variant.v_crop.style, "crop_embeddings")
        phrases = list(dict.fromkeys(relation.phrase for relation in parse.relations))
        encoded = models.encoder.encode_texts([phrase.lower() for phrase in phrases])
        likeness = dict(zip(phrases, scores.cosines(rows, encoded).T, strict=True))
    if rule.half == "soft":
        table = pipeline.rectify(table, parse, artifacts, variant=variant)
    else:
        kept, trace = spatial.rectify(
            parse, centroids, rule=rule, totals=table.total, areas=areas(masks), object_scores=likeness
        )
        table = replace(table, kept=kept, trace=trace)
    scene = Scene(centres_xy=rule.centres_of(centroids))
    return Rectified(
        name=variant.name,
        parse=parse,
        table=table,
        centres_xy=scene.centres_xy,
        medians=_medians(parse, scene, rule),
        region_xyxy=_region(parse, table.kept, scene, artifacts.size_hw, rule),
        field=_field(parse, replace(scene, v=table.v), artifacts, variant) if rule.half == "soft" else None,
    )


def _field(parse: Parse, scene: Scene, artifacts: ImageArtifacts, variant: Variant) -> np.ndarray | None:
    if not len(scene):
        return None
    rule, known = variant.rectifier, replace(scene, object_scores=pipeline.located(parse, artifacts, variant))
    field = rule.strength * known.unit * spatial.prior.field(parse, known, artifacts.size_hw, reads=rule.reads)
    return field if np.ptp(field) > 0 else None


def _medians(parse: Parse, scene: Scene, rule: spatial.RectifierRule) -> dict[str, float]:
    if not scene.placed.any() or rule.half == "soft":
        return {}
    axes = sorted({AXIS[direction] for direction in parse.directions})
    if axes and rule.half == "quadrants":
        axes = [0, 1]  # a quadrant has two borders, whichever is named
    return {AXIS_NAMES[axis]: float(scene.medians_xy[axis]) for axis in axes}


def _region(
    parse: Parse, kept: np.ndarray, scene: Scene, size_hw: tuple[int, int], rule: spatial.RectifierRule
) -> tuple[float, float, float, float] | None:
    """The rectangle of the half, or of the quadrant that holds exactly the kept centres."""
    if not parse.directions or kept.all() or (rule.extended and (parse.cues or parse.relations)):
        return None
    assert rule.half != "soft"  # all are kept
    regions = halves.regions(parse.directions, scene, rule.half).items()
    borders = next((borders for borders, inside in regions if np.array_equal(inside, kept)), None)
    if borders is None:
        return None
    x0, y0, x1, y1 = 0.0, 0.0, float(size_hw[1]), float(size_hw[0])
    x, y = scene.medians_xy.tolist()
    return (
        x if "right" in borders else x0,
        y if "bottom" in borders else y0,
        x if "left" in borders else x1,
        y if "top" in borders else y1,
    )


def _drawn(each: Rectified, ground: np.ndarray) -> np.ndarray:
    scale = SIDE / max(ground.shape[:2])
    pixels = resized(ground, scale).astype(np.float32)
    if each.region_xyxy is not None:
        x0, y0, x1, y1 = (round(edge * scale) for edge in each.region_xyxy)
        outside = np.ones(pixels.shape[:2], bool)
        outside[y0:y1, x0:x1] = False
        pixels[outside] = 0.35 * pixels[outside] + 0.65 * 120
    if each.field is not None:
        height, width = pixels.shape[:2]
        less = ((each.field.max() - each.field) / np.ptp(each.field)).astype(np.float32)
        gray = np.asarray(Image.fromarray(less).resize((width, height), Image.Resampling.NEAREST))[..., None]
        pixels = ((1 - 0.65 * gray) * pixels + 0.65 * gray * 120).astype(np.float32)
    canvas = Image.fromarray(pixels.astype(np.uint8))
    draw = ImageDraw.Draw(canvas)
    for axis, median in each.medians.items():
        _dashed(draw, axis, median * scale, canvas.size)
    font = font_of(12, bold=True)
    for index, (x, y) in enumerate(each.centres_xy):
        if np.isfinite((x, y)).all():
            _centre(draw, each, index, (x * scale, y * scale), font)
    return np.asarray(canvas)


def _dashed(draw: ImageDraw.ImageDraw, axis: str, at: float, size: tuple[int, int]) -> None:
    """A dark line across the picture with white dashes on it."""
    along = size[1] if axis == "x" else size[0]
    spans = [(0, along, INK, 5), *((start, start + 8, WHITE, 2) for start in range(0, along, 14))]
    for start, end, colour, width in spans:
        ends = [(at, start), (at, end)] if axis == "x" else [(start, at), (end, at)]
        draw.line(ends, fill=colour, width=width)


def _centre(draw: ImageDraw.ImageDraw, each: Rectified, index: int, at: tuple[float, float], font: object) -> None:
    (x, y), radius = at, 10
    stays = bool(each.table.kept[index])
    if index == each.table.best:
        draw.circle(at, radius + 5, outline=INK, width=4)
        draw.circle(at, radius + 4, outline=WHITE, width=2)
    draw.circle(at, radius, fill=mask_colour(index) if stays else (208, 212, 218), outline=INK, width=2)
    draw.text(at, str(index), font=font, fill=INK, anchor="mm", stroke_width=2, stroke_fill=WHITE)
    if each.table.prior is not None:
        low = y + radius + 8 if y + radius + 18 < draw.im.size[1] else y - radius - 8
        value = f"{each.table.prior[index]:+.3f}"
        draw.text((x, low), value, font=font_of(11), fill=INK, anchor="mm", stroke_width=2, stroke_fill=WHITE)
    if not stays:
        draw.line((x - radius, y + radius, x + radius, y - radius), fill=INK, width=2)
