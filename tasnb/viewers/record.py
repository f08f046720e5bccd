"""Finished values -> the JSON record that ``explore`` ranks in the browser.

The *scene* depends on the image alone and travels once: photo, masks, captions. A *reading* depends on the expression:
V, P, N and the rectifier's rule, for each variant. ``static/ranking.js`` does with them what ``table_of`` does here.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core.images import png_uri
from tasnb.core.masks import areas, centroids_xy, pairwise_iou
from tasnb.core.types import ImageArtifacts, Models, Negatives, Parse, ScoreTable, Weights
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline.variant import VARIANTS, Variant
from tasnb.stages import expressions, spatial
from tasnb.stages.spatial.scene import Scene
from tasnb.viewers.words import pieces

LONGEST = 1024  # pixels of the photo that travels; areas, centres and IoU are those of the full one
PNG_PIXELS = 320 * 320  # a larger picture travels as JPEG
METHOD_NOTE = (
    "Both variants rank the artifacts at hand: the proposals, crops and captions stay as describe() made them. "
    "How the expression is read, which phrases are mined and the rectifier's rule follow the switch, as in "
    'tn.tas(artifacts, ..., variant="official"); for the rest of a variant run describe(..., variant="official").'
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is switched on. variant: "paper" or "official"; the same names as in the browser, in Python's spelling."""

    variant: str = "paper"
    alpha: float = 0.1
    lam: float = 0.7
    use_p: bool = True
    use_n: bool = True
    spatial: bool = True

    @property
    def weights(self) -> Weights:
        return Weights(alpha=self.alpha if self.use_p else 0.0, lam=self.lam if self.use_n else 0.0)

    @property
    def use(self) -> tuple[str, ...]:
        """As ``tn.tas`` takes it."""
        return ("v", *(m for m, on in (("p", self.use_p), ("n", self.use_n), ("spatial", self.spatial)) if on))

    def checked(self) -> Settings:
        """Itself. Raises ValueError for a weight that is not finite."""
        Weights(alpha=self.alpha, lam=self.lam)
        return self

    def to_json(self) -> dict[str, Any]:
        return {"variant": self.variant, "alpha": self.alpha, "lam": self.lam, "useP": self.use_p, "useN": self.use_n,
                "spatial": self.spatial}  # fmt: skip

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        return cls(
            variant=str(values["variant"]), alpha=float(values["alpha"]), lam=float(values["lam"]),
            use_p=bool(values["useP"]), use_n=bool(values["useN"]), spatial=bool(values["spatial"]),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """One expression read by one variant: its parse, its negatives and the scores before any rule."""

    variant: Variant
    parse: Parse
    negatives: Negatives
    table: ScoreTable


def read(artifacts: ImageArtifacts, expression: str, models: Models) -> tuple[dict[str, Reading], dict[str, str]]:
    """What each variant makes of an expression, and for the others why they cannot say.

    Raises ValueError or TypeError for what is no expression, and ValueError when no variant can read it.
    """
    expressions.require_text(expression)
    readings: dict[str, Reading] = {}
    missing: dict[str, str] = {}
    for name, variant in VARIANTS.items():
        try:
            parse = expressions.parse(expression, models.parser, rule=variant.parse)
            mined = pipeline.mine(artifacts, parse, models, variant=variant)
            table = pipeline.score(artifacts, expression, mined, models, variant=variant)
        except ValueError as problem:  # the artifacts lack the variant's crop style, say
            missing[name] = str(problem)
        else:
            readings[name] = Reading(variant=variant, parse=parse, negatives=mined, table=table)
    if not readings:
        raise ValueError(next(iter(missing.values())))
    return readings, missing


def table_of(reading: Reading, artifacts: ImageArtifacts, settings: Settings) -> ScoreTable:
    """The ranking under the settings, by the package's own functions."""
    scores = reading.table
    table = ScoreTable(v=scores.v, p=scores.p, n=scores.n, kept=scores.kept, weights=settings.weights)
    return pipeline.rectify(table, reading.parse, artifacts, variant=reading.variant) if settings.spatial else table


def scene_record(
    image_rgb: np.ndarray, artifacts: ImageArtifacts, target: np.ndarray | None, models_name: str
) -> dict[str, Any]:
    """All that no expression changes. masks: COCO runs at the size shown; an IoU list only when the target is known."""
    masks = artifacts.proposals.masks
    height, width = artifacts.size_hw
    shrink = min(1.0, LONGEST / max(height, width, 1))
    shown_hw = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    overlap = None if target is None else pairwise_iou(masks, target[None])[:, 0]
    captions = next(iter(artifacts.captions.values()), ("",) * len(masks))
    found = overlap is not None and overlap.max(initial=0) > 0
    return {
        "image": _picture_uri(image_rgb, shown_hw),
        "size_hw": list(shown_hw),
        "masks": [_runs(_shown(mask, shown_hw)) for mask in masks],
        "areas": areas(masks).tolist(),
        "captions": list(captions),
        "caption": artifacts.overall_caption,
        "target": None if target is None else _runs(_shown(target, shown_hw)),
        "iou": None if overlap is None else overlap.tolist(),
        "oracle": int(overlap.argmax()) if overlap is not None and found else None,
        "models": models_name,
        "note": METHOD_NOTE,
    }


def reading_record(
    expression: str, readings: Mapping[str, Reading], missing: Mapping[str, str], artifacts: ImageArtifacts
) -> dict[str, Any]:
    """All that an expression changes, for every variant that could read it.

    Raises ValueError for a score that is not finite: neither side could rank it.
    """
    for name, reading in readings.items():
        for score in ("v", "p", "n"):
            wrong = np.flatnonzero(~np.isfinite(getattr(reading.table, score)))
            if wrong.size:
                got = getattr(reading.table, score)[wrong[0]]
                raise ValueError(f"{score} of proposal {wrong[0]} ({name}): expected a finite number, got {got}; "
                                 "run describe() again")  # fmt: skip
    centres = centroids_xy(artifacts.proposals.masks)
    variants = {name: _method_record(reading, centres, artifacts) for name, reading in readings.items()}
    return {"expression": expression, "variants": variants, "missing": dict(missing)}


def _method_record(reading: Reading, centres_xy: np.ndarray, artifacts: ImageArtifacts) -> dict[str, Any]:
    table, parse, rule = reading.table, reading.parse, reading.variant.rectifier
    centres = np.trunc(centres_xy) if rule.centres == "int" else centres_xy
    said = dict(zip(parse.directions, parse.direction_words, strict=False))
    trace = table_of(reading, artifacts, Settings(variant=reading.variant.name)).trace
    assert trace is not None
    # a verdict's reason stays true when another quadrant wins; "stays" and "out" are the browser's to say
    reasons = _quadrant_reasons(centres) if rule.half == "quadrants" else None
    return {
        "v": table.v.tolist(),
        "p": table.p.tolist(),
        "n": table.n.tolist(),
        "negatives": list(reading.negatives.kept),
        "pieces": pieces(parse),
        "head": parse.head.lemma if parse.head else None,
        "rule": {
            "half": rule.half,
            "directions": list(parse.directions),
            "words": " ".join(dict.fromkeys(said.get(d, d) for d in parse.directions)),
            "centres": [c.tolist() if np.isfinite(c).all() else None for c in centres],
            "texts": {"sentence": trace.sentence, "verdicts": list(trace.verdicts), "reasons": reasons},
        },
    }


def _quadrant_reasons(centres_xy: np.ndarray) -> list[str]:
    """Where each centre lies, in the rectifier's own words: its verdict, less "stays" or "out"."""
    scene = Scene(centres_xy=centres_xy)
    if not scene.placed.any():
        return [""] * len(scene)
    step = spatial.halves.quadrant(("left", "top"), "", scene)  # any quadrant: the reasons are the same
    return [verdict.split(": ", 1)[1] for verdict in step.verdicts]


def _shown(mask: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """The mask at the size shown; a mask that has pixels keeps at least one."""
    if mask.shape == size_hw:
        return mask
    rows = ((np.arange(size_hw[0]) + 0.5) * mask.shape[0] / size_hw[0]).astype(int)
    columns = ((np.arange(size_hw[1]) + 0.5) * mask.shape[1] / size_hw[1]).astype(int)
    small = mask[np.ix_(rows, columns)]
    if mask.any() and not small.any():
        y, x = (int(places[0]) for places in np.nonzero(mask))
        small[y * size_hw[0] // mask.shape[0], x * size_hw[1] // mask.shape[1]] = True
    return small


def _runs(mask: np.ndarray) -> list[int]:
    """COCO's uncompressed run lengths, in column order, background first."""
    pixels = mask.ravel(order="F")
    edges = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs = np.diff(np.concatenate([[0], edges, [pixels.size]])).tolist()
    return [0, *runs] if pixels.size and pixels[0] else runs


def _picture_uri(image_rgb: np.ndarray, size_hw: tuple[int, int]) -> str:
    picture = Image.fromarray(image_rgb)
    if image_rgb.shape[:2] != size_hw:
        picture = picture.resize((size_hw[1], size_hw[0]), Image.Resampling.LANCZOS)
    if size_hw[0] * size_hw[1] <= PNG_PIXELS:
        return png_uri(np.asarray(picture))
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
