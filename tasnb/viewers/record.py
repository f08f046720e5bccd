"""Finished values -> the JSON record that ``explore`` ranks in the browser.

The *scene* depends on the image alone and travels once: photo, masks, captions. A *reading* depends on the expression:
V, P, N and the rectifier's rule, for each variant. ``static/ranking.js`` does with them what ``table_of`` does here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from tasnb.analysis.attribution import verdict_of
from tasnb.analysis.causes import THRESHOLD, sentence_of
from tasnb.analysis.counterfactuals import Switch, switches
from tasnb.analysis.evidence import Case, case_of
from tasnb.core.errors import UserError
from tasnb.core.images import jpeg_uri, png_uri, shrunk
from tasnb.core.masks import areas, centroids_xy, pairwise_iou
from tasnb.core.types import ImageArtifacts, Models, Negatives, Parse, ScoreTable, Weights, WordNet
from tasnb.pipeline.tas import MODULES, mine, rectify, score
from tasnb.pipeline.variant import Variant, at_hand, counterpart, find, require_made_for
from tasnb.report.marking import pieces
from tasnb.stages import expressions, spatial
from tasnb.stages.spatial.scene import Scene

LONGEST = 1024  # pixels of the photo that travels; areas, centres and IoU are those of the full one
SCENE_PNG_PIXELS, PNG_PIXELS = 320 * 320, 160 * 160  # a larger picture travels as JPEG
JPEG_QUALITY = 90


class Settings(BaseModel):
    """What is switched on, under the same names as in the browser, there in camel case.

    Parameters
    ----------
    variant : str
        Name of a variant at hand.
    alpha, lam : float
        The weights of P and N, finite.
    use_p, use_n, spatial : bool
        Whether P, N and the rectifier count.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, alias_generator=to_camel, populate_by_name=True
    )

    variant: str = "paper"
    alpha: float = 0.1
    lam: float = 0.7
    use_p: bool = True
    use_n: bool = True
    spatial: bool = True

    @property
    def weights(self) -> Weights:
        """The weights that count: 0 for a part that is switched off."""
        return Weights(alpha=self.alpha if self.use_p else 0.0, lam=self.lam if self.use_n else 0.0)

    @property
    def use(self) -> tuple[str, ...]:
        """As ``tn.tas`` takes it."""
        return tuple(compress(MODULES, (True, self.use_p, self.use_n, self.spatial)))

    def to_json(self) -> dict[str, Any]:
        """As the browser has it."""
        return self.model_dump(by_alias=True)


def settings_of(variant: str, weights: Weights, use: Collection[str] = MODULES) -> Settings:
    """Where the switches stand for the arguments of ``tn.tas``. Raises ValueError that lists the choices."""
    unknown = sorted(set(use) - set(MODULES))
    if unknown or "v" not in use:
        problem = f"unknown module {unknown[0]!r}" if unknown else "'v' is missing from use"
        raise UserError(f"{problem}; choose from {', '.join(MODULES)} and keep 'v'")
    parts = {"use_p": "p" in use, "use_n": "n" in use, "spatial": "spatial" in use}
    return Settings(variant=variant, alpha=weights.alpha, lam=weights.lam, **parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """One expression read by one variant: its parse, its negatives and the scores before any rule."""

    variant: Variant
    parse: Parse
    negatives: Negatives
    table: ScoreTable


def read(artifacts: ImageArtifacts, expression: str, models: Models, variant: Variant) -> Reading:
    """What a variant makes of an expression. Raises ValueError, or TypeError for what is no text."""
    parse = expressions.parse(expression, models.parser, rule=variant.parse, wordnet=models.wordnet)
    mined = mine(artifacts, parse, models, variant=variant)
    table = score(artifacts, expression, mined, models, variant=variant)
    return Reading(variant=variant, parse=parse, negatives=mined, table=table)


def read_by_each(artifacts: ImageArtifacts, expression: str, models: Models) -> dict[str, Reading]:
    """What each variant at hand makes of an expression, by its name.

    Raises ValueError for artifacts that lack something, or TypeError for what is no text.
    """
    expressions.require_text(expression)
    return {each.name: read(artifacts, expression, models, each) for each in at_hand(artifacts)}


def variant_at_hand(artifacts: ImageArtifacts, models: Models, asked: str | None) -> str:
    """The name of the variant that a viewer is asked for; None: that for which the artifacts were made.

    Raises ValueError that says how to make artifacts for another one.
    """
    names = [each.name for each in at_hand(artifacts)]
    if asked is None or asked in names:
        return asked or names[0]
    require_made_for(find(asked, models), artifacts, models)
    return find(asked, models).name


def _python(variant: Variant, artifacts: ImageArtifacts) -> str:
    """A variant at hand as Python code."""
    own, *_, mix = at_hand(artifacts)
    if variant.name == mix.name:
        return f'tn.VARIANTS["{own.name}"].reading_as(tn.VARIANTS["{counterpart(own).name}"])'
    return f'"{variant.name}"'


def _note(artifacts: ImageArtifacts) -> str:
    own, *ours, mix = at_hand(artifacts)
    other = counterpart(own).name
    plus = f"{ours[0].name!r} is ours: its rectifier takes nothing out and adds a prior to S. " if ours else ""
    return (
        f"{plus}Switched: how the expression is read, which phrases are dropped, and the rectifier's rule. Proposals, "
        f"crops, captions, the phrases themselves and the weights stay those of {own.name}, for which describe() made "
        f"these artifacts, so {mix.name!r} is a mix. For all of {other}: "
        f'tn.describe(image, tn.models.load(..., variant="{other}"), variant="{other}").'
    )


def table_of(reading: Reading, artifacts: ImageArtifacts, settings: Settings) -> ScoreTable:
    """The ranking under the settings, by the package's own functions."""
    table = replace(reading.table, weights=settings.weights)
    return rectify(table, reading.parse, artifacts, variant=reading.variant) if settings.spatial else table


def ranking_of(table: ScoreTable, columns: Collection[str], **more: Any) -> Any:
    """A frame with a row a proposal, best first: rank, these columns of ``table.to_frame()``, and more of them."""
    frame = table.to_frame()[["proposal", *columns]].assign(**more).iloc[table.ranking].reset_index(drop=True)
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    return frame


def scene_record(
    image_rgb: np.ndarray, artifacts: ImageArtifacts, target: np.ndarray | None, models_name: str
) -> dict[str, Any]:
    """All that no expression changes. masks: COCO runs at the size shown; an IoU list only when the target is known."""
    masks, small = artifacts.proposals.masks, shrunk(image_rgb, LONGEST)
    overlap = None if target is None else pairwise_iou(masks, target[None])[:, 0]
    found = overlap is not None and overlap.max(initial=0) > 0
    return {
        "image": uri(small, LONGEST, png_pixels=SCENE_PNG_PIXELS),
        "size_hw": list(small.shape[:2]),
        "full_hw": list(image_rgb.shape[:2]),
        "masks": [_runs(shrunk(mask, LONGEST)) for mask in masks],
        "areas": areas(masks).tolist(),
        "captions": captions_of(artifacts),
        "caption": artifacts.overall_caption,
        "target": None if target is None else _runs(shrunk(target, LONGEST)),
        "iou": None if overlap is None else overlap.tolist(),
        "oracle": int(overlap.argmax()) if overlap is not None and found else None,
        "models": models_name,
        "variants": [each.name for each in at_hand(artifacts)],
        "note": _note(artifacts),
        "minded": list(artifacts.notes),
    }


def captions_of(artifacts: ImageArtifacts) -> list[str]:
    """The caption of every proposal, in the first crop style that has any."""
    return list(next(iter(artifacts.captions.values()), ("",) * len(artifacts.proposals)))


def reading_record(expression: str, readings: Mapping[str, Reading], artifacts: ImageArtifacts) -> dict[str, Any]:
    """All that an expression changes, for every variant.

    Raises ValueError for a score that is not finite: neither side could rank it.
    """
    for name, reading in readings.items():
        for score_name in ("v", "p", "n"):
            values = getattr(reading.table, score_name)
            for wrong in np.flatnonzero(~np.isfinite(values)):
                what = f"{score_name} of proposal {wrong} ({name})"
                raise UserError(f"{what}: expected a finite number, got {values[wrong]}; run describe() again")
    variants = {name: _variant_record(reading, artifacts) for name, reading in readings.items()}
    return {"expression": expression, "variants": variants}


def why_record(
    readings: Mapping[str, Reading],
    artifacts: ImageArtifacts,
    target: np.ndarray | None,
    settings: Settings,
    *,
    gold: Mapping[str, Any] | None = None,
    wordnet: WordNet | None = None,
) -> dict[str, Any]:
    """The ``why`` panel: variant -> the cause of a failure and its cures, with all parts on; {} without a target.

    settings: whose weights. A cure says what it replaces in the scores ("n", "kept", "prior") or the settings; the rest
    stays as it is on screen.
    """
    if target is None or not target.any():
        return {}
    found = {}
    for name, reading in readings.items():
        now = settings.model_copy(update={"variant": name, "use_p": True, "use_n": True, "spatial": True})
        scored = table_of(reading, artifacts, now), reading.parse, reading.negatives
        case = case_of(artifacts, *scored, target, reading.variant, gold=gold, wordnet=wordnet)
        verdict = verdict_of(case)
        found[name] = {
            "base": f"With \u03b1 {now.alpha:g}, \u03bb {now.lam:g} and all parts on",
            "sentence": sentence_of({"failed": bool(verdict.cause), "iou": case.iou, **vars(verdict)}),
            "threshold": THRESHOLD,
            "cures": [_cure_record(switch) for switch in switches(case)],
            "oracle": _oracle_sentence(case),
        }
    return found


def uri(pixels: np.ndarray, longest: int, *, png_pixels: int = PNG_PIXELS) -> str:
    """A uint8 (h, w, 3) picture as a data URI, shrunk until its longer side is at most ``longest`` pixels.

    png_pixels: a larger picture travels as JPEG.
    """
    small = shrunk(pixels, longest)
    if small.shape[0] * small.shape[1] <= png_pixels:
        return png_uri(small)
    return jpeg_uri(small, quality=JPEG_QUALITY)


def _variant_record(reading: Reading, artifacts: ImageArtifacts) -> dict[str, Any]:
    table, parse, rule = reading.table, reading.parse, reading.variant.rectifier
    centres = rule.centres_of(centroids_xy(artifacts.proposals.masks))
    said = dict(zip(parse.directions, parse.direction_words, strict=False))
    trace = rectify(table, parse, artifacts, variant=reading.variant).trace
    assert trace is not None
    # a verdict's reason stays true when another quadrant wins; "stays" and "out" are the browser's to say
    reasons = _quadrant_reasons(centres) if rule.half == "quadrants" else None
    return {
        "python": _python(reading.variant, artifacts),
        "v": table.v.tolist(),
        "p": table.p.tolist(),
        "n": table.n.tolist(),
        "prior": None if trace.prior is None else trace.prior.tolist(),
        "negatives": list(reading.negatives.kept),
        "minded": list(parse.notes),
        "pieces": pieces(parse),
        "head": parse.head.lemma if parse.head else None,
        "rule": {
            "half": rule.half,
            "directions": list(parse.directions),
            "words": " ".join(dict.fromkeys(said.get(d, d) for d in parse.directions)),
            "centres": centres_record(centres),
            "texts": {"sentence": trace.sentence, "verdicts": list(trace.verdicts), "reasons": reasons},
        },
    }


def centres_record(centres_xy: np.ndarray) -> list[list[float] | None]:
    """[x, y] of every centre, None for that of an empty mask."""
    return [centre.tolist() if np.isfinite(centre).all() else None for centre in centres_xy]


def _quadrant_reasons(centres_xy: np.ndarray) -> list[str]:
    """Where each centre lies, in the rectifier's own words: its verdict, less "stays" or "out"."""
    scene = Scene(centres_xy=centres_xy)
    if not scene.placed.any():
        return [""] * len(scene)
    step = spatial.halves.quadrant(("left", "top"), "", scene)  # any quadrant: the reasons are the same
    return [verdict.split(": ", 1)[1] for verdict in step.verdicts]


def _cure_record(switch: Switch) -> dict[str, Any]:
    weights = switch.changed.get("weights")
    return {
        "name": switch.name,
        "words": switch.words,
        "row": switch.row,
        "scores": {
            key: None if (value := switch.changed[key]) is None else value.tolist()
            for key in ("n", "kept", "prior")
            if key in switch.changed
        },
        "settings": {} if weights is None else {"alpha": weights.alpha, "lam": weights.lam},
    }


def _oracle_sentence(case: Case) -> str:
    if len(case.good):
        return ""
    return (
        f"No proposal fits (the best has IoU {case.ious.max(initial=0):.2f}). With the target's own mask as a "
        "proposal the best possible answer would have IoU 1.00; its V, P and N are not known, so it is not ranked here."
    )


def _runs(mask: np.ndarray) -> list[int]:
    """COCO's uncompressed run lengths, in column order, background first."""
    pixels = mask.ravel(order="F")
    edges = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs = np.diff(np.concatenate([[0], edges, [pixels.size]])).tolist()
    return [0, *runs] if pixels.size and pixels[0] else runs
