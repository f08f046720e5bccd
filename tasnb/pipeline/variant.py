"""A variant is a set of named options: ``PAPER`` follows the paper's text, ``OFFICIAL`` the authors' code.

Every row of the table in METHOD section 2 is one field here. Nothing else in the package asks which of the two
is running: stages see only their own option.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tasnb.core.choices import require_known
from tasnb.core.types import Models, Weights
from tasnb.stages import expressions, negatives, proposals, scores, spatial
from tasnb.stages.crops import CropConfig

_CROP, _BLUR = CropConfig(style="crop"), CropConfig(style="blur")

# paper, section 4.2: lam is 0.7 on RefCOCO and RefCOCO+, 1 on RefCOCOg; the authors' code has 0.7 everywhere
LAM_OF_LONG_EXPRESSIONS = 1.0
LONG_EXPRESSIONS = frozenset({"refcocog", "reftoyg"})


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The options of one TAS variant, stage by stage; the defaults are the paper's.

    Parameters
    ----------
    name : str
        What it is called.
    proposal_filter : ProposalFilter
        After SAM's own filters.
    v_crop, p_crop : CropConfig
        What the image-text model sees, and what the captioner sees.
    parse : ParseRule
        How an expression is read.
    synonyms : SynonymRule
        Which phrases are no negatives.
    rectifier : RectifierRule
        How a direction becomes a set of candidates.
    weights : Weights
        alpha and lam.
    scale : str
        How S is shown, "cosine" or "official" (100 x S, min-max, softmax); the argmax is the same.
    model_options : mapping
        What the loader must be told ("num_beams", "min_mask_region_area").
    """

    name: str
    proposal_filter: proposals.ProposalFilter = proposals.PAPER_FILTER
    v_crop: CropConfig = _CROP  # paper, table 5: crop for CLIP, blur for the captioner
    p_crop: CropConfig = _BLUR
    parse: expressions.ParseRule = expressions.PAPER
    synonyms: negatives.SynonymRule = negatives.PAPER
    rectifier: spatial.RectifierRule = spatial.PAPER
    weights: Weights = field(default_factory=Weights)  # paper, section 4.2
    scale: scores.Scale = "cosine"
    model_options: Mapping[str, Any] = field(default_factory=dict)


PAPER = Variant(name="paper")

OFFICIAL = Variant(
    name="official",
    proposal_filter=proposals.OFFICIAL_FILTER,
    p_crop=CropConfig(style="blur", bleed=True),
    parse=expressions.OFFICIAL,
    synonyms=negatives.OFFICIAL,
    rectifier=spatial.OFFICIAL,
    scale="official",
    # suoych/TAS: SAM drops holes and islands under 800 px; LAVIS captions with beam 5
    model_options={"min_mask_region_area": 800, "num_beams": 5},
)

VARIANTS: Mapping[str, Variant] = MappingProxyType({m.name: m for m in (PAPER, OFFICIAL)})


def find(name: str | Variant) -> Variant:
    """A variant by name.

    Parameters
    ----------
    name : str or Variant
        "paper", "official", or a variant, which is given back.

    Returns
    -------
    Variant
        The options.

    Raises
    ------
    ValueError
        For another name; it lists the names.
    """
    if isinstance(name, Variant):
        return name
    require_known("variant", name, VARIANTS)
    return VARIANTS[name]


def weights_for(
    variant: str | Variant = PAPER,
    models: Models | None = None,
    data: str = "",
    *,
    alpha: float | None = None,
    lam: float | None = None,
) -> Weights:
    """The weights of TAS: each is the one given, else the preset's for this variant and data set, else the variant's.

    Parameters
    ----------
    variant : str or Variant
        Whose weights.
    models : Models, optional
        Whose preset may have weights of its own; without models the variant's stand, for "paper" the paper's.
    data : str
        Name of the data set, where there is one.
    alpha, lam : float, optional
        What the user says.

    Returns
    -------
    Weights
        Their source is "given", "preset NAME" or "variant NAME", or says it for each where they differ.

    Notes
    -----
    The lambda of ``paper`` on RefCOCOg is 1 unless the preset has weights for that very data set.
    """
    chosen, preset = find(variant), {} if models is None else models.weights
    own = {"alpha": chosen.weights.alpha, "lam": chosen.weights.lam}
    tuned = _pair(preset, chosen.name, data)
    if chosen.name == PAPER.name and data in LONG_EXPRESSIONS:
        own["lam"] = LAM_OF_LONG_EXPRESSIONS
        if tuned and tuned is _pair(preset, chosen.name, ""):  # not for this data set by name
            tuned = {"alpha": tuned["alpha"]}
    said = {name: value for name, value in (("alpha", alpha), ("lam", lam)) if value is not None}
    layers = {"given": said, f"preset {models.name if models else ''}": tuned, f"variant {chosen.name}": own}
    sources = [next(source for source, layer in layers.items() if name in layer) for name in own]
    values = [float(layers[source][name]) for source, name in zip(sources, own, strict=True)]
    both = sources[0] if sources[0] == sources[1] else f"alpha {sources[0]}, lambda {sources[1]}"
    return Weights(alpha=values[0], lam=values[1], source=both)


def _pair(weights: Mapping[str, Any], *names: str) -> Mapping[str, float]:
    """A preset's alpha and lam for a variant and a data set; empty where it has none."""
    for name in names:
        if "alpha" not in weights:
            weights = weights.get(name, weights.get("default", {}))
    return weights
