"""A variant is a set of named options: ``PAPER`` follows the text, ``OFFICIAL`` the authors' code, ``PLUS`` is ours.

Every row of the table in docs/method.md is one field here. Nothing else in the package asks which of them is
running: stages see only their own option. Artifacts record the options that made them, and ``require_made_for`` refuses
another variant's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.types import ImageArtifacts, Models, Weights
from tasnb.models.catalogue import VARIANT_OPTIONS
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
    noun_phrases : str
        What counts as a noun phrase of the overall caption; see ``expressions.noun_phrases``.
    negative_prompt : str
        Goes before a negative phrase when it is encoded.
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
        What ``models.load`` must be told (num_beams, min_mask_region_area ...).
    answering_above : float, optional
        What every method answers with: None, the best proposal; else all kept ones whose S (of a baseline its own
        score) is above this, as one mask, which is empty where there is none. For data with several targets or none.

    Raises
    ------
    UserError
        For a threshold that is no finite number.
    """

    name: str
    proposal_filter: proposals.ProposalFilter = proposals.PAPER_FILTER
    v_crop: CropConfig = _CROP  # paper, table 5: crop for CLIP, blur for the captioner
    p_crop: CropConfig = _BLUR
    noun_phrases: expressions.PhraseKind = "things"
    negative_prompt: str = ""
    parse: expressions.ParseRule = expressions.PAPER
    synonyms: negatives.SynonymRule = negatives.PAPER
    rectifier: spatial.RectifierRule = spatial.PAPER
    weights: Weights = field(default_factory=Weights)  # paper, section 4.2
    scale: scores.Scale = "cosine"
    model_options: Mapping[str, Any] = field(default_factory=dict)
    answering_above: float | None = None

    def __post_init__(self) -> None:
        if self.answering_above is not None and not math.isfinite(self.answering_above):
            raise UserError(f"answering_above: expected a finite number, got {self.answering_above}")

    @property
    def of_artifacts(self) -> dict[str, Any]:
        """The options with which ``describe`` works, as plain values; the others are those of every expression."""
        plain = asdict(self)
        return {name: plain[name] for name in OF_ARTIFACTS}

    def reading_as(self, other: Variant) -> Variant:
        """These artifacts, another's language: how expressions are read, negatives dropped and directions obeyed.

        Parameters
        ----------
        other : Variant
            Whose.

        Returns
        -------
        Variant
            A mix, and called so.
        """
        name = f"{self.name}{READ_AS}{other.name}"
        return replace(self, name=name, parse=other.parse, synonyms=other.synonyms, rectifier=other.rectifier)

    @property
    def made_by(self) -> str:
        """The name of the variant whose artifacts and weights these are: of a mix the first, of ``plus`` paper."""
        own = self.name.partition(READ_AS)[0]
        return PAPER.name if own == PLUS.name else own


READ_AS = " read as "  # in the name of a mix
OF_ARTIFACTS = ("proposal_filter", "v_crop", "p_crop", "noun_phrases", "negative_prompt")

PAPER = Variant(name="paper")

OFFICIAL = Variant(
    name="official",
    proposal_filter=proposals.OFFICIAL_FILTER,
    v_crop=CropConfig(style="crop", even=True),
    p_crop=CropConfig(style="blur", bleed=True, even=True),
    noun_phrases="chunks",
    negative_prompt="a photo of ",
    parse=expressions.OFFICIAL,
    synonyms=negatives.OFFICIAL,
    rectifier=spatial.OFFICIAL,
    scale="official",
    model_options=VARIANT_OPTIONS["official"],
)

# the authors' areas are for photos of 640 x 480; on a picture of 256 x 256 they would drop most things
OFFICIAL_SCALED = replace(
    OFFICIAL,
    name="official-scaled",
    proposal_filter=replace(OFFICIAL.proposal_filter, scaled=True),
    model_options=VARIANT_OPTIONS["official-scaled"],
)

# ours: training-free, on the paper's proposals, crops and captions; each part is an option that can be switched alone
PLUS = replace(PAPER, name="plus", rectifier=spatial.SOFT, synonyms=negatives.KIND)

VARIANTS: Mapping[str, Variant] = MappingProxyType({m.name: m for m in (PAPER, OFFICIAL, OFFICIAL_SCALED, PLUS)})


def find(name: str | Variant, models: Models | None = None) -> Variant:
    """A variant by name.

    Parameters
    ----------
    name : str or Variant
        "paper", "official", "official-scaled", "plus", or a variant, which is given back.
    models : Models, optional
        For which: with the toy presets "official" stands for "official-scaled" (``Models.variants``).

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
    return VARIANTS[name if models is None else models.variants.get(name, name)]


def at_hand(artifacts: ImageArtifacts) -> tuple[Variant, ...]:
    """What the same artifacts can show: the variant that made them, ours on the paper's, and the other one's language.

    Parameters
    ----------
    artifacts : ImageArtifacts
        Of any variant; unknown ones count as the paper's.

    Returns
    -------
    tuple of Variant
        Their own first, the mix last.
    """
    own = VARIANTS.get(artifacts.made.get("variant", PAPER.name), PAPER)
    return own, *((PLUS,) if own is PAPER else ()), own.reading_as(counterpart(own))


def counterpart(variant: Variant) -> Variant:
    """The variant whose language a viewer sets beside this one's.

    Parameters
    ----------
    variant : Variant
        "paper", or any other.

    Returns
    -------
    Variant
        ``OFFICIAL`` for ``PAPER``, else ``PAPER``.
    """
    return OFFICIAL if variant is PAPER else PAPER


def require_models_for(variant: Variant, models: Models) -> None:
    """Refuse models that were loaded for another variant.

    Parameters
    ----------
    variant : Variant
        What they are to be used for.
    models : Models
        Whose options count where they are known.

    Raises
    ------
    ValueError
        With the options that differ, and the line that loads the right models.
    """
    if wrong := _other_options(variant, models.options):
        raise UserError(
            f"the models were loaded for another variant than {variant.name!r}: {wrong}; "
            f"load them by {_loading(variant, models)}"
        )


def require_made_for(variant: Variant, artifacts: ImageArtifacts, models: Models) -> None:
    """Refuse artifacts that were made for another variant.

    Parameters
    ----------
    variant : Variant
        What they are to be used for.
    artifacts : ImageArtifacts
        How they were made counts where it is known.
    models : Models
        For the line that makes the right ones.

    Raises
    ------
    ValueError
        With what differs, and the line that makes the right artifacts.
    """
    made = artifacts.made
    if not made:
        return
    differ = [name for name, value in variant.of_artifacts.items() if made[name] != value]
    wrong = ", ".join(differ) + ("; " if differ else "") + _other_options(variant, made["models"])
    if not wrong:
        return
    first = "" if not _other_options(variant, models.options) else f"models = {_loading(variant, models)}; "
    name = repr(variant.name) if variant.name in VARIANTS else variant.name
    raise UserError(
        f"these artifacts were made for variant {made['variant']!r} and differ from {variant.name!r} in "
        f"{wrong.rstrip('; ')}; make the right ones by {first}artifacts = tn.describe(image, models, variant={name})"
    )


def _other_options(variant: Variant, options: Mapping[str, Any]) -> str:
    wanted = {name: value for name, value in variant.model_options.items() if options.get(name, value) != value}
    return ", ".join(f"{name} is {options[name]} and not {value}" for name, value in wanted.items())


def _loading(variant: Variant, models: Models) -> str:
    how = "".join(f", {name}={value!r}" for name, value in variant.model_options.items())
    return f"tn.models.load({models.name!r}{f', variant={variant.name!r}' if variant.name in VARIANTS else how})"


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
    chosen, preset = find(variant, models), {} if models is None else models.weights
    own = {"alpha": chosen.weights.alpha, "lam": chosen.weights.lam}
    tuned = _pair(preset, chosen.made_by, data)
    if chosen.made_by == PAPER.name and data in LONG_EXPRESSIONS:
        own["lam"] = LAM_OF_LONG_EXPRESSIONS
        if tuned and tuned is _pair(preset, chosen.made_by, ""):  # not for this data set by name
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
