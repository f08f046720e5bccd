"""The methods that TAS is compared with (paper, Table 1), each with the signature of ``tas``.

``text_only`` and ``clip_only`` need what TAS needs. The others read features of the image that ``describe`` computes
when it is asked to:

    artifacts = tn.describe(image, models, features=tn.baselines.FEATURES)
    tn.baselines.grad_cam(artifacts, "the left cat", models)
    tn.baselines.heatmap(artifacts, "the left cat", models, method="grad-cam")     # float (h, w), for pictures

All choose among the same proposals, none uses the spatial rectifier, and a tie keeps the earlier proposal. A method's
score stands in column v of its prediction's table (that of ``text_only`` in column p), and S is that score alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from tasnb.core.errors import UserError
from tasnb.core.types import (
    FEATURES,
    ImageArtifacts,
    Models,
    Negatives,
    Parse,
    Prediction,
    ScoreTable,
    Weights,
    on_artifacts,
)
from tasnb.pipeline.tas import answer, rows_of, text_row
from tasnb.pipeline.variant import PAPER, Variant, find, require_made_for
from tasnb.stages import expressions, heatmaps, scores

__all__ = [
    "FEATURES",
    "READS",
    "clip_only",
    "clip_surgery",
    "features_of",
    "global_local",
    "grad_cam",
    "heatmap",
    "region_token",
    "score_map",
    "text_only",
]

# Yu et al., CVPR 2023, section 4.2, and their code: the share of the masked features
GLOBAL_WEIGHT = 0.95
GLOBAL_WEIGHT_LONG = 0.85  # for RefCOCOg
SENTENCE_WEIGHT = 0.5

# method with a heat map -> (the feature that it reads, its name in the paper)
MAPS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "score-map": ("score_map", "Score Map"),
        "grad-cam": ("grad_cam", "Grad-CAM"),
        "clip-surgery": ("clip_surgery", "CLIP Surgery"),
    }
)


# one score alone


@on_artifacts
def clip_only(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """V-score alone: the crop closest to the expression (paper, section 4.3, "CLIP-only").

    Parameters
    ----------
    artifacts : ImageArtifacts
        What ``describe`` gave.
    expression : str
        Which thing is meant.
    models : Models
        Their encoder and parser are used.
    variant : str or Variant
        Whose crop and parse rule.
    parse : Parse or None
        The expression's, where it is at hand.

    Returns
    -------
    Prediction
        The mask and its evidence.

    Raises
    ------
    ValueError
        For artifacts that were made for another variant, or for an empty expression.
    """
    text = text_row(expression, models)
    rows = rows_of(artifacts.crop_embeddings, find(variant, models).v_crop.style, "crop_embeddings")
    return _by_score(scores.v_score(rows, text), "CLIP-only", artifacts, expression, models, variant, parse)


@on_artifacts
def text_only(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """P-score alone: the caption closest to the expression (paper, section 4.3, "Text-only").

    Parameters
    ----------
    artifacts, expression, models, variant, parse
        As in ``clip_only``.

    Returns
    -------
    Prediction
        The mask and its evidence. The table's v is zero and alpha is 1, so ``total`` is P.

    Raises
    ------
    ValueError
        As ``clip_only`` does.
    """
    text = text_row(expression, models)
    rows = rows_of(artifacts.caption_embeddings, find(variant, models).p_crop.style, "caption_embeddings")
    p = scores.p_score(rows, text)
    return _by_score(p, "Text-only", artifacts, expression, models, variant, parse, column="p")


# a heat map, then its mean over each mask


@on_artifacts
def score_map(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """Score Map: every cell's value vector, projected as the picture's embedding is, against the text (MaskCLIP).

    Parameters
    ----------
    artifacts : ImageArtifacts
        Described with the feature "score_map".
    expression, models, variant, parse
        As in ``clip_only``.

    Returns
    -------
    Prediction
        The mask and its evidence; the score of a proposal is the mean of the map over its pixels.

    Raises
    ------
    ValueError
        For artifacts without the feature, or for an empty expression.
    """
    v = _pooled("score-map", artifacts, expression, models)
    return _by_score(v, "Score Map", artifacts, expression, models, variant, parse)


@on_artifacts
def grad_cam(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """Grad-CAM of the picture's similarity with the text: at layer4 of a ResNet, at the last block of a ViT.

    Parameters
    ----------
    artifacts : ImageArtifacts
        Described with the feature "grad_cam".
    expression, models, variant, parse
        As in ``clip_only``.

    Returns
    -------
    Prediction
        The mask and its evidence; the score of a proposal is the mean of the map over its pixels.

    Raises
    ------
    ValueError
        For artifacts without the feature, or for an empty expression.

    Notes
    -----
    ViT: the cells after the last block's first normalisation, because nothing later in a cell reaches the embedding.
    A map that is 0 everywhere (no cell speaks for the text) leaves a tie, which keeps the earlier proposal. ReCLIP's
    Grad-CAM of a ViT is another one: its attention times the gradient of it.
    """
    v = _pooled("grad-cam", artifacts, expression, models)
    return _by_score(v, "Grad-CAM", artifacts, expression, models, variant, parse)


@on_artifacts
def clip_surgery(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """CLIP Surgery: attention of values to values in the last blocks, and the empty text taken out of the text.

    Parameters
    ----------
    artifacts : ImageArtifacts
        Described with the feature "clip_surgery".
    expression, models, variant, parse
        As in ``clip_only``.

    Returns
    -------
    Prediction
        The mask and its evidence; the score of a proposal is the mean of the map over its pixels.

    Raises
    ------
    ValueError
        For artifacts without the feature, or for an empty expression.

    Notes
    -----
    xmed-lab/CLIP_Surgery averages 85 templates a text; here, as for every method, there is none.
    """
    v = _pooled("clip-surgery", artifacts, expression, models)
    return _by_score(v, "CLIP Surgery", artifacts, expression, models, variant, parse)


@on_artifacts
def heatmap(
    artifacts: ImageArtifacts, expression: str, models: Models, *, method: str = "score-map"
) -> Float[np.ndarray, "h w"]:
    """The map that a method pools, at the picture's size.

    Parameters
    ----------
    artifacts : ImageArtifacts
        Described with the method's feature.
    expression : str
        Which thing is meant.
    models : Models
        Their encoder is used.
    method : str
        "score-map", "grad-cam" or "clip-surgery".

    Returns
    -------
    ndarray of float, shape (h, w)
        On the method's own scale.

    Raises
    ------
    ValueError
        For another method, for artifacts without its feature, and for an empty expression.
    """
    if method not in MAPS:
        raise UserError(f"no heat map of {method!r}; choose from {', '.join(MAPS)}")
    expressions.require_text(expression)
    return heatmaps.resize(_grid(method, artifacts, expression, models), artifacts.image_hw)


# masks seen inside the model


@on_artifacts
def region_token(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """Region Token: the picture's embedding when only the mask's tokens are there, in every layer, against the text.

    Parameters
    ----------
    artifacts : ImageArtifacts
        Described with the feature "region_token".
    expression, models, variant, parse
        As in ``clip_only``.

    Returns
    -------
    Prediction
        The mask and its evidence.

    Raises
    ------
    ValueError
        For artifacts without the feature, or for an empty expression.

    Notes
    -----
    A token is the mask's when the mask covers at least half of it, or most of all where it covers half of none.
    Here other tokens are gone for all; in "Adapting CLIP for Phrase Localization" (Li et al., 2022) only the class
    token stops seeing them.
    """
    v = scores.v_score(_regions(artifacts, "region_token", "Region Token"), text_row(expression, models))
    return _by_score(v, "Region Token", artifacts, expression, models, variant, parse)


@on_artifacts
def global_local(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
    global_weight: float = GLOBAL_WEIGHT,
    sentence_weight: float = SENTENCE_WEIGHT,
) -> Prediction:
    """Global-Local: the mask inside the whole picture and its crop, against the sentence and its noun phrase.

    Parameters
    ----------
    artifacts : ImageArtifacts
        Described with the feature "global_local".
    expression, models, variant, parse
        As in ``clip_only``.
    global_weight : float
        0..1: the visual side is global_weight x masked features + (1 - global_weight) x crop. 0.95 by default; 0.85
        for RefCOCOg, which an evaluation passes.
    sentence_weight : float
        0..1: the text side is sentence_weight x sentence + (1 - sentence_weight) x the head's noun phrase; the
        sentence alone where there is no noun.

    Returns
    -------
    Prediction
        The mask and its evidence.

    Raises
    ------
    ValueError
        For a weight outside 0..1, artifacts without the feature, or an empty expression.

    Notes
    -----
    All four are unit vectors before they are added, and the crop is that of CLIP-only: the authors' code adds a ViT's
    vectors as they come, and fills the crop with 0.485 after normalising its pixels, which is meant as gray and is
    none (Seonghoon-Yu/Zero-shot-RIS). The noun phrase is that of the variant's parse; ``official`` finds it as the
    authors of TAS do, who took the search from there. A mask comes to the tower's grid by area; its own code takes
    bilinear and TAS's copy of it nearest (``models.load(..., mask_resize="bilinear")``).
    """
    for name, value in (("global_weight", global_weight), ("sentence_weight", sentence_weight)):
        if not 0 <= value <= 1:
            raise UserError(f"{name}: expected 0 to 1, got {value}")
    rule = find(variant, models).parse
    parse = parse or expressions.parse(expression, models.parser, rule=rule, wordnet=models.wordnet)
    masked = _regions(artifacts, "global_local", "Global-Local")
    crops = rows_of(artifacts.crop_embeddings, find(variant, models).v_crop.style, "crop_embeddings")
    text = text_row(expression, models)
    phrase = text_row(parse.phrase, models) if parse.phrase else text
    v = scores.v_score(
        global_weight * masked + (1 - global_weight) * crops, sentence_weight * text + (1 - sentence_weight) * phrase
    )
    return _by_score(v, "Global-Local", artifacts, expression, models, variant, parse)


# method -> the feature that it reads
READS: Mapping[Callable[..., Any], str] = MappingProxyType(
    {method: method.__name__ for method in (score_map, grad_cam, clip_surgery, region_token, global_local)}
)


def features_of(methods: Iterable[Callable[..., Any]]) -> tuple[str, ...]:
    """What ``describe`` must compute for these methods.

    Parameters
    ----------
    methods : iterable of callable
        A function made by ``functools.partial`` counts as what it wraps.

    Returns
    -------
    tuple of str
        Of ``FEATURES``, in their order.
    """
    read = {READS.get(_inner(method)) for method in methods}
    return tuple(name for name in FEATURES if name in read)


def _inner(method: Any) -> Any:
    while isinstance(method, partial):
        method = method.func
    return method


def missing(feature: str, name: str) -> str:
    """What to do when artifacts lack a method's feature.

    Parameters
    ----------
    feature : str
        The feature.
    name : str
        The method's name in the paper.

    Returns
    -------
    str
        A sentence.
    """
    return (
        f"{name} needs the feature {feature!r}, which these artifacts do not hold; describe the image with "
        f"features=({feature!r},), or with all of them: features=tn.baselines.FEATURES"
    )


def _pooled(method: str, artifacts: ImageArtifacts, expression: str, models: Models) -> np.ndarray:
    """The mean of a method's heat map over each mask."""
    heat, weights = _grid(method, artifacts, expression, models), artifacts.features.pooling
    if weights is None:
        raise UserError(missing(*MAPS[method]))
    return heatmaps.pool(heat, weights)


def _grid(method: str, artifacts: ImageArtifacts, expression: str, models: Models) -> np.ndarray:
    feature, name = MAPS[method]
    grids, redundant = artifacts.features.grids, artifacts.features.empty_text
    if feature not in grids or (feature == "clip_surgery" and redundant is None):
        raise UserError(missing(feature, name))
    text = text_row(expression, models)
    if feature == "grad_cam":
        return heatmaps.grad_cam(grids[feature], text)
    if feature == "clip_surgery" and redundant is not None:
        return heatmaps.surgery_map(grids[feature], text, redundant)
    return heatmaps.score_map(grids[feature], text)


def _regions(artifacts: ImageArtifacts, feature: str, name: str) -> np.ndarray:
    if feature not in artifacts.features.regions:
        raise UserError(missing(feature, name))
    return artifacts.features.regions[feature]


def _by_score(
    values: np.ndarray,
    name: str,
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    variant: str | Variant,
    parse: Parse | None,
    *,
    column: Literal["v", "p"] = "v",
) -> Prediction:
    """The answer of a method with one score a proposal, which stands in one column of its table, with weight 1."""
    chosen, zeros = find(variant, models), np.zeros(len(values))
    require_made_for(chosen, artifacts, models)
    table = ScoreTable(
        v=values if column == "v" else zeros,
        p=values if column == "p" else zeros,
        n=zeros,
        kept=np.ones(len(values), dtype=bool),
        weights=Weights(alpha=float(column == "p"), lam=0.0, source="the method"),
    )
    parse = parse or expressions.parse(expression, models.parser, rule=chosen.parse, wordnet=models.wordnet)
    mined = Negatives(caption=artifacts.overall_caption, phrases=())
    return answer(artifacts, expression, table, parse, mined, method_name=name, above=chosen.answering_above)
