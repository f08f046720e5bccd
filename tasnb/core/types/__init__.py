"""The values that cross module boundaries: frozen, validated on construction, arrays read-only; and the protocols.

Axes: ``n`` proposals, ``h w`` pixels, ``d`` embedding dimensions, ``k`` noun phrases. Only numpy lives here.
"""

from __future__ import annotations

from tasnb.core.types.arrays import ImageRGB, Proposals, Sample
from tasnb.core.types.features import FEATURES, GRIDS, REGIONS, Features
from tasnb.core.types.language import (
    DIRECTIONS,
    Cue,
    Direction,
    Head,
    NegativePhrase,
    Negatives,
    NounPhrase,
    Parse,
    Relation,
    Token,
    parse_from_json,
    parse_to_json,
)
from tasnb.core.types.protocols import (
    Captioner,
    DenseEncoder,
    ImageTextEncoder,
    MaskProposer,
    Memo,
    Models,
    Parser,
    WordNet,
)
from tasnb.core.types.results import (
    CropStyle,
    ImageArtifacts,
    Prediction,
    RectifierTrace,
    ScoreTable,
    Weights,
    combine,
)

__all__ = [
    "DIRECTIONS",
    "FEATURES",
    "GRIDS",
    "REGIONS",
    "Captioner",
    "CropStyle",
    "Cue",
    "DenseEncoder",
    "Direction",
    "Features",
    "Head",
    "ImageArtifacts",
    "ImageRGB",
    "ImageTextEncoder",
    "MaskProposer",
    "Memo",
    "Models",
    "NegativePhrase",
    "Negatives",
    "NounPhrase",
    "Parse",
    "Parser",
    "Prediction",
    "Proposals",
    "RectifierTrace",
    "Relation",
    "Sample",
    "ScoreTable",
    "Token",
    "Weights",
    "WordNet",
    "combine",
    "parse_from_json",
    "parse_to_json",
]
