"""The image side of TAS: all that depends on an image alone, computed once, in batches, for every expression about it.

Each stage that runs a model asks a ``Memo`` first, so a store can answer in its place. ``describe`` runs them all;
``PASSES`` runs those of one model only, so that an evaluation can hold one model in memory at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from tasnb.core.images import as_rgb, image_key_of
from tasnb.core.types import ImageArtifacts, Memo, Models, NounPhrase, Proposals
from tasnb.pipeline import features as dense
from tasnb.pipeline.variant import PAPER, Variant, find
from tasnb.stages import crops, expressions, proposals

T = TypeVar("T")


def compute_always(
    stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any], compute: Callable[[], T]
) -> T:
    """The memo that remembers nothing."""
    return compute()


def proposals_key_of(found: Proposals) -> str:
    """The SHA-256 of masks and boxes, which is all that a crop takes from a proposal: 64 hex digits."""
    digest = hashlib.sha256(str(found.masks.shape).encode() + np.packbits(found.masks).tobytes())
    digest.update(np.ascontiguousarray(found.boxes_xyxy).tobytes())
    return digest.hexdigest()


def propose(image_rgb: np.ndarray, models: Models, *, variant: str | Variant = PAPER) -> Proposals:
    """Class-agnostic masks of the image, after the variant's own filter."""
    found = models.proposer.propose(image_rgb)
    kept, _, _ = proposals.filter_proposals(found, find(variant).proposal_filter)
    return kept


def embed(
    image_rgb: np.ndarray, found: Proposals, models: Models, *, config: crops.CropConfig = PAPER.v_crop
) -> np.ndarray:
    """E_v of every proposal's picture: float32 (n, d), unit rows."""
    return models.encoder.encode_images(crops.cut_all(image_rgb, found, config))


def caption(
    image_rgb: np.ndarray, found: Proposals, models: Models, *, config: crops.CropConfig = PAPER.p_crop
) -> tuple[str, ...]:
    """C_m: a caption of every proposal's picture, n texts."""
    return models.captioner.caption(crops.cut_all(image_rgb, found, config))


def caption_image(image_rgb: np.ndarray, models: Models) -> str:
    """One caption of the whole image."""
    return models.captioner.caption([image_rgb])[0]


def describe(
    image: Any,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    image_id: str | None = None,
    features: Collection[str] = (),
    memo: Memo = compute_always,
) -> ImageArtifacts:
    """Compute all that depends on the image alone, in batches.

    image: a path, a Pillow image or a uint8 array (h, w, 3). variant: "paper", "official" or a Variant.
    features: what baselines need beyond TAS, of ``tn.types.FEATURES`` ("score_map", "grad_cam" ...); TAS needs none.
    memo: who may know a stage already; ``Store.recall`` passes its own.
    Raises FileNotFoundError or ValueError for what is no picture, ValueError for an unknown feature.
    """
    chosen, image_rgb = find(variant), as_rgb(image)
    dense.check(features)
    image_key = image_key_of(image_rgb)
    found = _proposals(image_rgb, image_key, models, chosen, memo)
    embeddings = _crop_embeddings(image_rgb, image_key, found, models, chosen, memo)
    captions = _captions(image_rgb, image_key, found, models, chosen, memo)
    overall = _overall_caption(image_rgb, image_key, models, memo)
    phrases = _phrases(overall, models, memo)
    artifacts = ImageArtifacts(
        image_id=image_id or image_key[:16],
        size_hw=(image_rgb.shape[0], image_rgb.shape[1]),
        proposals=found,
        crop_embeddings={chosen.v_crop.style: embeddings},
        captions={chosen.p_crop.style: captions},
        caption_embeddings={
            chosen.p_crop.style: embed_texts(list(captions), models, memo=memo, stage="caption_embeddings")
        },
        overall_caption=overall,
        phrases=phrases,
        phrase_embeddings=embed_texts(
            [chosen.synonyms.prompt + phrase.text for phrase in phrases], models, memo=memo, stage="phrase_embeddings"
        ),
    )
    return with_features(artifacts, image_rgb, models, features, memo=memo) if features else artifacts


def with_features(
    artifacts: ImageArtifacts,
    image_rgb: np.ndarray,
    models: Models,
    features: Collection[str],
    *,
    memo: Memo = compute_always,
) -> ImageArtifacts:
    """The artifacts of an image with these features, and no others, beside them. Raises what ``describe`` raises."""
    found = dense.compute(
        image_rgb, artifacts.proposals, models, features,
        image_key=image_key_of(image_rgb), proposals_key=proposals_key_of(artifacts.proposals), memo=memo,
    )  # fmt: skip
    return replace(artifacts, features=found)


def embed_texts(
    texts: list[str], models: Models, *, memo: Memo = compute_always, stage: str = "text_embeddings"
) -> np.ndarray:
    """E_t of every text: float32 (n, d), unit rows."""
    # texts do not depend on an image, so their key names none
    return memo(stage, "", models.encoder.fingerprint, {"texts": texts}, lambda: models.encoder.encode_texts(texts))


def _proposals(image_rgb: np.ndarray, image_key: str, models: Models, chosen: Variant, memo: Memo) -> Proposals:
    proposer = models.proposer
    # the proposer's own masks are remembered, before the filter: another filter runs no model
    every = memo("proposals", image_key, proposer.fingerprint, {}, lambda: proposer.propose(image_rgb))
    return proposals.filter_proposals(every, chosen.proposal_filter)[0]


def _crop_embeddings(
    image_rgb: np.ndarray, image_key: str, found: Proposals, models: Models, chosen: Variant, memo: Memo
) -> np.ndarray:
    # depends on the masks themselves, not on how they came about
    config = {"proposals": proposals_key_of(found), "crop": chosen.v_crop}
    return memo(
        "crop_embeddings", image_key, models.encoder.fingerprint, config,
        lambda: embed(image_rgb, found, models, config=chosen.v_crop),
    )  # fmt: skip


def _captions(
    image_rgb: np.ndarray, image_key: str, found: Proposals, models: Models, chosen: Variant, memo: Memo
) -> tuple[str, ...]:
    config = {"proposals": proposals_key_of(found), "crop": chosen.p_crop}
    return memo(
        "captions", image_key, models.captioner.fingerprint, config,
        lambda: caption(image_rgb, found, models, config=chosen.p_crop),
    )  # fmt: skip


def _overall_caption(image_rgb: np.ndarray, image_key: str, models: Models, memo: Memo) -> str:
    return memo(
        "overall_caption", image_key, models.captioner.fingerprint, {}, lambda: caption_image(image_rgb, models)
    )


def _phrases(overall: str, models: Models, memo: Memo) -> tuple[NounPhrase, ...]:
    if not overall.strip():
        return ()  # a captioner that says nothing mines nothing
    parser_name = getattr(models.parser, "fingerprint", None)
    if parser_name is None:  # a bare spaCy pipeline has no name to keep its work under
        return expressions.noun_phrases(overall, models.parser)
    texts = memo(
        "noun_phrases", "", parser_name, {"text": overall},
        lambda: tuple(word for p in expressions.noun_phrases(overall, models.parser) for word in (p.text, p.lemma)),
    )  # fmt: skip
    return tuple(NounPhrase(text=text, lemma=lemma) for text, lemma in zip(texts[::2], texts[1::2], strict=True))


Pass = Callable[..., None]  # (image_rgb, image_key, models, variant, memo, features)


def _sam_pass(
    image_rgb: np.ndarray, image_key: str, models: Models, chosen: Variant, memo: Memo, features: Collection[str] = ()
) -> None:
    _proposals(image_rgb, image_key, models, chosen, memo)


def _captioner_pass(
    image_rgb: np.ndarray, image_key: str, models: Models, chosen: Variant, memo: Memo, features: Collection[str] = ()
) -> None:
    _captions(image_rgb, image_key, _proposals(image_rgb, image_key, models, chosen, memo), models, chosen, memo)
    _overall_caption(image_rgb, image_key, models, memo)


def _clip_pass(
    image_rgb: np.ndarray, image_key: str, models: Models, chosen: Variant, memo: Memo, features: Collection[str] = ()
) -> None:
    # all that is left for the encoder, texts too
    describe(image_rgb, models, variant=chosen, memo=memo, features=features)


# role of the model -> its share of ``describe``; in this order each finds in the memo what it needs of the others
PASSES: Mapping[str, Pass] = MappingProxyType(
    {"proposer": _sam_pass, "captioner": _captioner_pass, "encoder": _clip_pass}
)
