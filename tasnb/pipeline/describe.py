"""The image side of every method: all that depends on an image alone, computed once, for every expression about it.

Each stage that runs a model asks a ``Memo`` first, so a store can answer in its place, and a model that is loaded on
first use is then not even touched. ``describe`` runs them all; ``PASSES`` runs those of one model only, so that an
evaluation can hold one model in memory at a time. What baselines take beyond TAS (``features``) are entries of their
own in the memo, so a run of one baseline leaves the others' features uncomputed, and a run of all shares one pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from tasnb.core.choices import require_known
from tasnb.core.domain import domain_note
from tasnb.core.errors import UserError
from tasnb.core.images import as_rgb, brought_to, image_key_of, working_size
from tasnb.core.types import (
    FEATURES,
    GRIDS,
    REGIONS,
    CaptionsOnDemand,
    Features,
    ImageArtifacts,
    Memo,
    Models,
    NounPhrase,
    Proposals,
)
from tasnb.pipeline.variant import PAPER, Variant, find, require_models_for
from tasnb.stages import crops, expressions, heatmaps, proposals

T = TypeVar("T")
Captioning = Literal["all", "on demand"]

MAX_SIDE = 1024  # pixels; SAM itself works at this size, and captioners and CLIP at less
PACKED_AT_ONCE = 1 << 24  # pixels, a multiple of 8, so that the bits are those of all masks packed together
FEATURE_VERSION = 1  # raise it when a feature's meaning changes: stored ones are then never asked for


def compute_always(
    stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any], compute: Callable[[], T]
) -> T:
    """The memo that remembers nothing.

    Parameters
    ----------
    stage, image_key, fingerprint, config
        Not looked at.
    compute : callable
        Gives the value.

    Returns
    -------
    Any
        What ``compute`` gave.
    """
    return compute()


def proposals_key_of(found: Proposals) -> str:
    """The SHA-256 of masks and boxes, which is all that a crop takes from a proposal.

    Parameters
    ----------
    found : Proposals
        Of one image.

    Returns
    -------
    str
        64 hex digits.
    """
    digest = hashlib.sha256(str(found.masks.shape).encode())
    pixels = found.masks.reshape(-1)
    for start in range(0, len(pixels), PACKED_AT_ONCE):
        digest.update(np.packbits(pixels[start : start + PACKED_AT_ONCE]).tobytes())
    digest.update(np.ascontiguousarray(found.boxes_xyxy).tobytes())
    return digest.hexdigest()


def describe(
    image: Any,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    image_id: str | None = None,
    features: Collection[str] = (),
    max_side: int | None = MAX_SIDE,
    captions: Captioning = "all",
    memo: Memo = compute_always,
) -> ImageArtifacts:
    """Compute all that depends on the image alone, in batches.

    Parameters
    ----------
    image : str, Path, PIL.Image.Image or ndarray of uint8
        As ``as_rgb`` takes it.
    models : Models
        Their proposer, encoder, captioner and parser are used.
    variant : str or Variant
        "paper", "official" or one of your own.
    image_id : str or None
        The image's name; by default the first 16 digits of its key.
    features : collection of str
        What baselines need beyond TAS, of ``tn.types.FEATURES`` ("score_map", "grad_cam" ...); TAS needs none.
    max_side : int or None
        An image whose longer side has more pixels is scaled down to it first; None for none. Only a prediction's mask
        comes back at the image's own size: masks, boxes, areas and the blur's sigma are in working pixels.
        ``evaluate`` has no limit.
    captions : str
        "all", or "on demand": each is asked for when it is first read, and ``tas`` reads only those that it needs.
    memo : Memo
        Who may know a stage already; ``Store.recall`` passes its own.

    Returns
    -------
    ImageArtifacts
        What every method reads.

    Raises
    ------
    FileNotFoundError
        For a path where no file is.
    ValueError
        For what is no picture, for an unknown word, and for models that were loaded for another variant.
    """
    chosen, full = find(variant, models), as_rgb(image)
    image_rgb = brought_to(full, working_size((full.shape[0], full.shape[1]), max_side))
    stages = ImageStages(
        image_rgb=image_rgb, models=models, variant=chosen, image_id=image_id, features=features,
        captioning=captions, memo=memo,
    )  # fmt: skip
    scaled_from = None if image_rgb is full else (full.shape[0], full.shape[1])
    note = domain_note(models.name, models.domain, full)
    return replace(stages.artifacts, scaled_from=scaled_from, domain_note=note)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageStages:
    """One image on its way through the stages of ``describe``: each is computed, or remembered, when it is asked for.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The image.
    models : Models
        What the stages run.
    variant : Variant
        With which options.
    image_id : str or None
        As in ``describe``.
    features : collection of str
        As in ``describe``.
    captioning : str
        As ``captions`` in ``describe``.
    memo : Memo
        Asked before a model runs.

    Raises
    ------
    ValueError
        For an unknown word, and for models that were loaded for another variant.
    """

    image_rgb: np.ndarray
    models: Models
    variant: Variant = PAPER
    image_id: str | None = None
    features: Collection[str] = ()
    captioning: Captioning = "all"
    memo: Memo = compute_always

    def __post_init__(self) -> None:
        _in_order(self.features)
        require_known("way of captioning", self.captioning, get_args(Captioning))
        require_models_for(self.variant, self.models)

    @cached_property
    def image_key(self) -> str:
        """The SHA-256 of size and pixels."""
        return image_key_of(self.image_rgb)

    @cached_property
    def proposals(self) -> Proposals:
        """Class-agnostic masks of the image, after the variant's own filter."""
        proposer = self.models.proposer
        # the proposer's own masks are remembered, before the filter: another filter runs no model
        every = self.memo(
            "proposals", self.image_key, proposer.fingerprint, {}, lambda: proposer.propose(self.image_rgb)
        )
        return proposals.filter_proposals(every, self.variant.proposal_filter)[0]

    @cached_property
    def crop_embeddings(self) -> np.ndarray:
        """E_v of every proposal's picture: float32 (n, d), unit rows."""
        encoder, config = self.models.encoder, self.variant.v_crop
        pictures = crops.Crops(self.image_rgb, self.proposals, config)
        return self._of_crops("crop_embeddings", encoder, config, lambda: encoder.encode_images(pictures))

    @cached_property
    def captions(self) -> tuple[str, ...]:
        """C_m: a caption of every proposal's picture, n texts."""
        captioner, config = self.models.captioner, self.variant.p_crop
        pictures = crops.Crops(self.image_rgb, self.proposals, config)
        return self._of_crops("captions", captioner, config, lambda: captioner.caption(pictures))

    @cached_property
    def captions_on_demand(self) -> CaptionsOnDemand:
        """C_m of a proposal, and its embedding, when it is asked for; each is remembered by its own mask."""
        captioner, config = self.models.captioner, self.variant.p_crop
        pictures = crops.Crops(self.image_rgb, self.proposals, config)

        def caption(rows: Sequence[int]) -> list[str]:
            said: dict[int, str] = {}

            def now(place: int) -> tuple[str]:
                if (row := rows[place]) not in said:  # with it all that are left, as one batch
                    said.update(zip(rows[place:], captioner.caption(pictures[rows[place:]]), strict=True))
                return (said[row],)

            return [self._of_crops("captions", captioner, config, partial(now, k), [r])[0] for k, r in enumerate(rows)]

        return CaptionsOnDemand(len(self.proposals), caption, lambda texts: self._embed(texts, "caption_embeddings"))

    @cached_property
    def overall_caption(self) -> str:
        """One caption of the whole image."""
        captioner = self.models.captioner
        return self.memo(
            "overall_caption", self.image_key, captioner.fingerprint, {}, lambda: captioner.caption([self.image_rgb])[0]
        )

    @cached_property
    def phrases(self) -> tuple[NounPhrase, ...]:
        """The noun phrases of the overall caption; a captioner that says nothing mines nothing."""
        text, parser, kind = self.overall_caption, self.models.parser, self.variant.noun_phrases
        if not text.strip():
            return ()
        parser_name = getattr(parser, "fingerprint", None)
        if parser_name is None:  # a bare spaCy pipeline has no name to keep its work under
            return expressions.noun_phrases(text, parser, kind=kind)

        def mine() -> tuple[str, ...]:
            found = expressions.noun_phrases(text, parser, kind=kind)
            return tuple(word for phrase in found for word in (phrase.text, phrase.lemma))

        config = {"text": text, "kind": kind, "reading": expressions.READING}
        words = self.memo("noun_phrases", "", parser_name, config, mine)
        return tuple(NounPhrase(text=text, lemma=lemma) for text, lemma in zip(words[::2], words[1::2], strict=True))

    @cached_property
    def artifacts(self) -> ImageArtifacts:
        """All of them, with the features of the baselines."""
        # in the order in which the stages run, which a memo may tell
        style, is_lazy = self.variant.p_crop.style, self.captioning == "on demand"
        found = ImageArtifacts(
            image_id=self.image_id or self.image_key[:16],
            size_hw=(self.image_rgb.shape[0], self.image_rgb.shape[1]),
            proposals=self.proposals,
            crop_embeddings={self.variant.v_crop.style: self.crop_embeddings},
            captions={style: self.captions_on_demand if is_lazy else self.captions},
            overall_caption=self.overall_caption,
            phrases=self.phrases,
            caption_embeddings={} if is_lazy else {style: self._embed(self.captions, "caption_embeddings")},
            phrase_embeddings=self._embed(
                [self.variant.negative_prompt + phrase.text for phrase in self.phrases], "phrase_embeddings"
            ),
            made={
                "variant": self.variant.made_by,
                **self.variant.of_artifacts,
                "models": dict(self.models.options),
            },
        )
        if not self.features:
            return found
        return with_features(found, self.image_rgb, self.models, self.features, memo=self.memo)

    def _of_crops(
        self, stage: str, model: Any, config: crops.CropConfig, say: Callable[[], Any], rows: Any = slice(None)
    ) -> Any:
        """What a model says of every proposal's picture; it depends on the masks, not on how they came about."""
        about = {"proposals": proposals_key_of(self.proposals[rows]), "crop": config}
        return self.memo(stage, self.image_key, model.fingerprint, about, say)

    def _embed(self, texts: Sequence[str], stage: str) -> np.ndarray:
        return embed_texts(list(texts), self.models, memo=self.memo, stage=stage)


# role of the model -> its share of ``ImageStages``; in this order each finds in the memo what it needs of the others,
# and the encoder, which is last, is asked for all that is left
PASSES: Mapping[str, Callable[[ImageStages], Any]] = MappingProxyType(
    {
        "proposer": attrgetter("proposals"),
        "captioner": attrgetter("captions", "overall_caption"),
        "encoder": attrgetter("artifacts"),
    }
)


def embed_texts(
    texts: list[str], models: Models, *, memo: Memo = compute_always, stage: str = "text_embeddings"
) -> np.ndarray:
    """E_t of every text.

    Parameters
    ----------
    texts : list of str
        Encoded as they are.
    models : Models
        Their encoder is used.
    memo : Memo
        Asked first.
    stage : str
        Under which name the memo keeps it.

    Returns
    -------
    ndarray of float32, shape (n, d)
        Unit rows.
    """
    # texts do not depend on an image, so their key names none
    return memo(stage, "", models.encoder.fingerprint, {"texts": texts}, lambda: models.encoder.encode_texts(texts))


def with_features(
    artifacts: ImageArtifacts,
    image_rgb: np.ndarray,
    models: Models,
    features: Collection[str],
    *,
    memo: Memo = compute_always,
) -> ImageArtifacts:
    """The artifacts of an image with these features, and no others, beside them.

    Parameters
    ----------
    artifacts : ImageArtifacts
        What ``describe`` gave.
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The same image, at its own size or the working one.
    models : Models
        Their encoder is used.
    features : collection of str
        Of ``tn.types.FEATURES``.
    memo : Memo
        Asked first.

    Returns
    -------
    ImageArtifacts
        A copy.

    Raises
    ------
    ValueError
        For an unknown feature, and for an encoder that has no dense features.
    """
    names, image_rgb = _in_order(features), artifacts.at_working_size(image_rgb)
    encoder, masks, image_key = models.encoder, artifacts.proposals.masks, image_key_of(image_rgb)
    of_masks = {"proposals": proposals_key_of(artifacts.proposals)}
    wanted = [name for name in names if name in GRIDS]
    passed: dict[str, np.ndarray] = {}

    def grid(name: str) -> np.ndarray:
        if not passed:  # one pass of the model gives all
            passed.update(_dense(encoder, "encode_grids")(image_rgb, wanted))
        return passed[name]

    def region(name: str) -> np.ndarray:
        return np.asarray(_dense(encoder, "encode_regions")(image_rgb, masks, name))

    def remembered(
        stage: str, name: str, config: Mapping[str, str], compute: Callable[[str], np.ndarray]
    ) -> np.ndarray:
        about = {"feature": name, "version": FEATURE_VERSION, **config}
        return memo(stage, image_key, encoder.fingerprint, about, partial(compute, name))

    grids = {name: remembered("grids", name, {}, grid) for name in wanted}
    regions = {name: remembered("regions", name, of_masks, region) for name in names if name in REGIONS}
    pooling, empty_text = None, None
    if grids:
        grid_hw = next(iter(grids.values())).shape[:2]
        config = {**of_masks, "grid": list(grid_hw), "version": FEATURE_VERSION}
        pooling = memo("pooling", "", "", config, lambda: heatmaps.pooling(masks, grid_hw).astype(np.float32))
    if "clip_surgery" in grids:
        empty_text = embed_texts([""], models, memo=memo)[0]
    return replace(artifacts, features=Features(grids=grids, regions=regions, pooling=pooling, empty_text=empty_text))


def _in_order(features: Collection[str]) -> tuple[str, ...]:
    """The names in their usual order. Raises ValueError, listing the choices, for an unknown one."""
    names = {features} if isinstance(features, str) else set(features)
    require_known("feature", names, FEATURES)
    return tuple(name for name in FEATURES if name in names)


def _dense(encoder: Any, method: str) -> Any:
    found = getattr(encoder, method, None)
    if found is None:
        raise UserError(
            "heat maps and masked tokens need an encoder with dense features (an open_clip ViT or ModifiedResNet); "
            f"this one ({type(encoder).__name__}) has none: choose another, or leave these methods out"
        )
    return found
