"""Heat map, then the mean over each mask: Score Map, Grad-CAM, CLIP Surgery (paper, section 4.3).

The score of a proposal is the mean of the map over its pixels, the answer the largest; it stands in column v of the
prediction's table. Raises ValueError for artifacts without the feature, or for an empty expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from tasnb.core.types import ImageArtifacts, Models, Parse, Prediction
from tasnb.pipeline.baselines.single import by_score, text_row
from tasnb.pipeline.variant import PAPER, Variant, find
from tasnb.stages import heatmaps


def score_map(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """Score Map: every cell's value vector, projected as the picture's embedding is, against the text (MaskCLIP)."""
    return _by_map(artifacts, expression, models, find(variant), parse, "score-map")


def grad_cam(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """Grad-CAM of the picture's similarity with the text: at layer4 of a ResNet, at the last block of a ViT.

    ViT: the cells after the last block's first normalisation, because nothing later in a cell reaches the embedding.
    A map that is 0 everywhere (no cell speaks for the text) leaves a tie, which keeps the earlier proposal.
    """
    return _by_map(artifacts, expression, models, find(variant), parse, "grad-cam")


def clip_surgery(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """CLIP Surgery: attention of values to values in the last blocks, and the empty text taken out of the text.

    xmed-lab/CLIP_Surgery averages 85 templates a text; here, as for every method, there is none.
    """
    return _by_map(artifacts, expression, models, find(variant), parse, "clip-surgery")


def heatmap(
    artifacts: ImageArtifacts, expression: str, models: Models, *, method: str = "score-map"
) -> Float[np.ndarray, "h w"]:
    """The map that a method pools, at the picture's size: float (h, w), on the method's own scale.

    method: "score-map", "grad-cam" or "clip-surgery". Raises ValueError for another one, for artifacts without its
    feature, and for an empty expression.
    """
    if method not in MAPS:
        raise ValueError(f"no heat map of {method!r}; choose from {', '.join(MAPS)}")
    if not expression.strip():
        raise ValueError("the expression is empty; say in a few words which thing is meant")
    return heatmaps.resize(_grid(artifacts, expression, models, method), artifacts.size_hw)


# method -> (the feature that it reads, its name in the paper)
MAPS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "score-map": ("score_map", "Score Map"),
        "grad-cam": ("grad_cam", "Grad-CAM"),
        "clip-surgery": ("clip_surgery", "CLIP Surgery"),
    }
)


def _by_map(
    artifacts: ImageArtifacts, expression: str, models: Models, chosen: Variant, parse: Parse | None, method: str
) -> Prediction:
    heat, weights = _grid(artifacts, expression, models, method), artifacts.features.pooling
    if weights is None:
        raise ValueError(missing(*MAPS[method]))
    pooled = heatmaps.pool(heat, weights)
    return by_score(artifacts, expression, models, chosen, parse, MAPS[method][1], v=pooled)


def _grid(artifacts: ImageArtifacts, expression: str, models: Models, method: str) -> np.ndarray:
    feature, name = MAPS[method]
    grids, redundant = artifacts.features.grids, artifacts.features.empty_text
    if feature not in grids or (feature == "clip_surgery" and redundant is None):
        raise ValueError(missing(feature, name))
    text = text_row(expression, models)
    if feature == "grad_cam":
        return heatmaps.grad_cam(grids[feature], text)
    if feature == "clip_surgery" and redundant is not None:
        return heatmaps.surgery_map(grids[feature], text, redundant)
    return heatmaps.score_map(grids[feature], text)


def missing(feature: str, name: str) -> str:
    """What to do when artifacts lack a method's feature."""
    return (
        f"{name} needs the feature {feature!r}, which these artifacts do not hold; describe the image with "
        f"features=({feature!r},), or with all of them: features=tn.baselines.FEATURES"
    )
