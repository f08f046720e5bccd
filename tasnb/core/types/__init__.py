"""The values that cross module boundaries: frozen, validated on construction, arrays read-only; and the protocols.

Axes: ``n`` proposals, ``h w`` pixels, ``d`` embedding dimensions, ``k`` noun phrases. Only numpy lives here.
"""

from __future__ import annotations

from tasnb.core.types.arrays import FEATURES as FEATURES
from tasnb.core.types.arrays import GRIDS as GRIDS
from tasnb.core.types.arrays import REGIONS as REGIONS
from tasnb.core.types.arrays import Features as Features
from tasnb.core.types.arrays import ImageRGB as ImageRGB
from tasnb.core.types.arrays import Proposals as Proposals
from tasnb.core.types.arrays import Sample as Sample
from tasnb.core.types.language import DIRECTIONS as DIRECTIONS
from tasnb.core.types.language import Cue as Cue
from tasnb.core.types.language import Direction as Direction
from tasnb.core.types.language import Head as Head
from tasnb.core.types.language import NegativePhrase as NegativePhrase
from tasnb.core.types.language import Negatives as Negatives
from tasnb.core.types.language import NounPhrase as NounPhrase
from tasnb.core.types.language import Parse as Parse
from tasnb.core.types.language import Relation as Relation
from tasnb.core.types.language import Token as Token
from tasnb.core.types.language import parse_from_json as parse_from_json
from tasnb.core.types.language import parse_to_json as parse_to_json
from tasnb.core.types.protocols import Captioner as Captioner
from tasnb.core.types.protocols import DenseEncoder as DenseEncoder
from tasnb.core.types.protocols import ImageTextEncoder as ImageTextEncoder
from tasnb.core.types.protocols import MaskProposer as MaskProposer
from tasnb.core.types.protocols import Memo as Memo
from tasnb.core.types.protocols import Models as Models
from tasnb.core.types.protocols import Parser as Parser
from tasnb.core.types.protocols import Progress as Progress
from tasnb.core.types.protocols import WordNet as WordNet
from tasnb.core.types.protocols import no_progress as no_progress
from tasnb.core.types.results import NOT_NEEDED as NOT_NEEDED
from tasnb.core.types.results import CaptionsOnDemand as CaptionsOnDemand
from tasnb.core.types.results import CropStyle as CropStyle
from tasnb.core.types.results import ImageArtifacts as ImageArtifacts
from tasnb.core.types.results import Prediction as Prediction
from tasnb.core.types.results import RectifierTrace as RectifierTrace
from tasnb.core.types.results import ScoreTable as ScoreTable
from tasnb.core.types.results import Weights as Weights
from tasnb.core.types.results import combine as combine
from tasnb.core.types.results import on_artifacts as on_artifacts
from tasnb.core.types.results import require_described as require_described

__all__ = [name for name in dir() if not name.startswith("_") and name != "annotations"]
