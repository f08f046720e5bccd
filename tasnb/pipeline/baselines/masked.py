"""Similarity of the text with masks seen inside the model: Region Token, Global-Local (paper, section 4.3)."""

from __future__ import annotations

import numpy as np

from tasnb.core.types import ImageArtifacts, Models, Parse, Prediction
from tasnb.pipeline.baselines.maps import missing
from tasnb.pipeline.baselines.single import by_score, text_row
from tasnb.pipeline.tas import rows_of
from tasnb.pipeline.variant import PAPER, Variant, find
from tasnb.stages import expressions, scores

# Yu et al., CVPR 2023, section 4.2, and their code: the share of the masked features
GLOBAL_WEIGHT = 0.95
GLOBAL_WEIGHT_LONG = 0.85  # for RefCOCOg
SENTENCE_WEIGHT = 0.5


def region_token(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """Region Token: the picture's embedding when only the mask's tokens are there, in every layer, against the text.

    A token is the mask's when the mask covers at least half of it, or most of all where it covers half of none.
    Here other tokens are gone for all; in "Adapting CLIP for Phrase Localization" (Li et al., 2022) only the class
    token stops seeing them. Raises ValueError for artifacts without the feature, or for an empty expression.
    """
    rows = _rows(artifacts, "region_token", "Region Token")
    v = scores.v_score(rows, text_row(expression, models))
    return by_score(artifacts, expression, models, find(variant), parse, "Region Token", v=v)


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

    visual: global_weight x masked features + (1 - global_weight) x crop. text: sentence_weight x sentence +
    (1 - sentence_weight) x the head's noun phrase; the sentence alone where there is no noun. global_weight: 0.95,
    for RefCOCOg 0.85 (an evaluation passes it). All four are unit vectors before they are added, and the crop is that
    of CLIP-only: the authors' code adds a ViT's vectors as they come, and fills the crop with 0.485 after normalising
    its pixels, which is meant as gray and is none (Seonghoon-Yu/Zero-shot-RIS).
    Raises ValueError for a weight outside 0..1, artifacts without the feature, or an empty expression.
    """
    for name, value in (("global_weight", global_weight), ("sentence_weight", sentence_weight)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name}: expected 0 to 1, got {value}")
    chosen = find(variant)
    parse = parse or expressions.parse(expression, models.parser, rule=chosen.parse)
    masked = _rows(artifacts, "global_local", "Global-Local")
    crops = rows_of(artifacts.crop_embeddings, chosen.v_crop.style, "crop_embeddings")
    text = text_row(expression, models)
    phrase = text_row(parse.phrase, models) if parse.phrase else text
    v = scores.v_score(
        global_weight * masked + (1 - global_weight) * crops, sentence_weight * text + (1 - sentence_weight) * phrase
    )
    return by_score(artifacts, expression, models, chosen, parse, "Global-Local", v=v)


def _rows(artifacts: ImageArtifacts, feature: str, name: str) -> np.ndarray:
    if feature not in artifacts.features.regions:
        raise ValueError(missing(feature, name))
    return artifacts.features.regions[feature]
