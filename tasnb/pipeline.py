"""TAS end to end: ``describe`` an image once, then score, rectify and select for every expression about it.

Every model is met through its protocol, so the same lines run the toy checkpoints and the paper's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np

from tasnb import crops, expressions, negatives, proposals, scores, spatial
from tasnb.masks import areas, centroids_xy
from tasnb.method import PAPER, Method, find
from tasnb.pictures import as_rgb
from tasnb.types import (
    ImageArtifacts,
    Models,
    Negatives,
    Parse,
    Prediction,
    Proposals,
    ScoreTable,
    Weights,
)

T = TypeVar("T")

MODULES = ("v", "p", "n", "spatial")  # paper, table 4


class Memo(Protocol):
    """Asked for every stage of ``describe`` that runs a model, so that a known value need not be computed again.

    image_key: of size and pixels. fingerprint: of the model. config: all else that the value depends on, as plain
    values or frozen configs. ``Store.memo`` is one.
    """

    def __call__(
        self, stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any], compute: Callable[[], T]
    ) -> T: ...


def compute_always(
    stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any], compute: Callable[[], T]
) -> T:
    """The memo that remembers nothing."""
    return compute()


def image_key_of(image_rgb: np.ndarray) -> str:
    """The SHA-256 of an image's size and pixels: 64 hex digits."""
    digest = hashlib.sha256(str(image_rgb.shape).encode() + np.ascontiguousarray(image_rgb).tobytes())
    return digest.hexdigest()


def image_id_of(image_rgb: np.ndarray) -> str:
    """A name for an image that has none: the first 16 hex digits of its key."""
    return image_key_of(image_rgb)[:16]


def proposals_key_of(found: Proposals) -> str:
    """The SHA-256 of masks and boxes, which is all that a crop takes from a proposal: 64 hex digits."""
    digest = hashlib.sha256(str(found.masks.shape).encode() + np.packbits(found.masks).tobytes())
    digest.update(np.ascontiguousarray(found.boxes_xyxy).tobytes())
    return digest.hexdigest()


def propose(image_rgb: np.ndarray, models: Models, *, method: str | Method = PAPER) -> Proposals:
    """Class-agnostic masks of the image, after the method's own filter."""
    found = models.proposer.propose(image_rgb)
    kept, _, _ = proposals.filter_proposals(found, find(method).proposal_filter)
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
    method: str | Method = PAPER,
    image_id: str | None = None,
    memo: Memo = compute_always,
) -> ImageArtifacts:
    """Compute all that depends on the image alone, in batches.

    image: a path, a Pillow image or a uint8 array (h, w, 3). method: "paper", "official" or a Method.
    memo: who may know a stage already; ``Store.recall`` passes its own.
    Raises FileNotFoundError or ValueError for what is no picture.
    """
    chosen, image_rgb = find(method), as_rgb(image)
    image_key = image_key_of(image_rgb)
    proposer, encoder, captioner = models.proposer, models.encoder, models.captioner

    # the proposer's own masks are remembered, before the filter: another filter runs no model
    every = memo("proposals", image_key, proposer.fingerprint, {}, lambda: proposer.propose(image_rgb))
    found, _, _ = proposals.filter_proposals(every, chosen.proposal_filter)
    # what follows depends on the masks themselves, not on how they came about
    seen = {"proposals": proposals_key_of(found)}

    def embed_texts(stage: str, texts: list[str]) -> np.ndarray:
        return memo(stage, image_key, encoder.fingerprint, {"texts": texts}, lambda: encoder.encode_texts(texts))

    def embed_crops() -> np.ndarray:
        return embed(image_rgb, found, models, config=chosen.v_crop)

    def caption_crops() -> tuple[str, ...]:
        return caption(image_rgb, found, models, config=chosen.p_crop)

    embeddings = memo("crop_embeddings", image_key, encoder.fingerprint, {**seen, "crop": chosen.v_crop}, embed_crops)
    captions = memo("captions", image_key, captioner.fingerprint, {**seen, "crop": chosen.p_crop}, caption_crops)
    overall = memo("overall_caption", image_key, captioner.fingerprint, {}, lambda: caption_image(image_rgb, models))
    # a captioner that says nothing mines nothing
    phrases = expressions.noun_phrases(overall, models.parser) if overall.strip() else ()
    return ImageArtifacts(
        image_id=image_id or image_key[:16],
        size_hw=(image_rgb.shape[0], image_rgb.shape[1]),
        proposals=found,
        crop_embeddings={chosen.v_crop.style: embeddings},
        captions={chosen.p_crop.style: captions},
        caption_embeddings={chosen.p_crop.style: embed_texts("caption_embeddings", list(captions))},
        overall_caption=overall,
        phrases=phrases,
        phrase_embeddings=embed_texts(
            "phrase_embeddings", [chosen.synonyms.prompt + phrase.text for phrase in phrases]
        ),
    )


def mine(artifacts: ImageArtifacts, parse: Parse, models: Models, *, method: str | Method = PAPER) -> Negatives:
    """T_n: the noun phrases of the overall caption that do not name the expression's subject."""
    return negatives.mine(
        artifacts.overall_caption, artifacts.phrases, parse, models.wordnet, rule=find(method).synonyms
    )


def score(
    artifacts: ImageArtifacts,
    expression: str,
    mined: Negatives,
    models: Models,
    *,
    method: str | Method = PAPER,
    weights: Weights | None = None,
) -> ScoreTable:
    """V, P and N of every proposal for one expression; nothing is rectified yet, so all are kept.

    Text goes to the encoder in lower case and without a template (METHOD section 2).
    Raises ValueError when the artifacts lack the method's crop style.
    """
    chosen = find(method)
    text = models.encoder.encode_texts([expression.strip().lower()])[0]
    crop_rows = _style(artifacts.crop_embeddings, chosen.v_crop.style, "crop_embeddings")
    caption_rows = _style(artifacts.caption_embeddings, chosen.p_crop.style, "caption_embeddings")
    row_of = {phrase.text: row for row, phrase in enumerate(artifacts.phrases)}
    negative_rows = artifacts.phrase_embeddings[[row_of[phrase] for phrase in mined.kept]]
    v = scores.v_score(crop_rows, text)
    p = scores.p_score(caption_rows, text)
    n = scores.n_score(crop_rows, negative_rows)
    return ScoreTable(v=v, p=p, n=n, kept=np.ones(len(v), dtype=bool), weights=weights if weights else chosen.weights)


def shares(table: ScoreTable, *, method: str | Method = PAPER) -> np.ndarray:
    """S on the method's own scale: float (n,). paper: S itself; official: shares of 1. The argmax is the same."""
    return scores.normalise(table.total, find(method).scale)


def _style(rows: Any, style: str, name: str) -> np.ndarray:
    if style not in rows:
        raise ValueError(f"{name} holds the styles {sorted(rows)}, not {style!r}; run describe() with the same method")
    return rows[style]


def rectify(table: ScoreTable, parse: Parse, artifacts: ImageArtifacts, *, method: str | Method = PAPER) -> ScoreTable:
    """A new table whose ``kept`` and ``trace`` follow the directions in the expression."""
    masks = artifacts.proposals.masks
    kept, trace = spatial.rectify(
        parse,
        centroids_xy(masks),
        rule=find(method).rectifier,
        totals=table.total,
        areas=areas(masks),
    )
    return ScoreTable(v=table.v, p=table.p, n=table.n, kept=kept, weights=table.weights, trace=trace)


def select(table: ScoreTable) -> int | None:
    """argmax of S over the kept proposals; a tie keeps the earlier one; None when there is no proposal."""
    return table.best


def tas(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    method: str | Method = PAPER,
    alpha: float | None = None,
    lam: float | None = None,
    use: Collection[str] = MODULES,
) -> Prediction:
    """The mask that the expression refers to, with its evidence (paper, section 3).

    alpha, lam: override the method's weights. use: which of "v", "p", "n", "spatial" count (table 4); the scores
    that do not count are still in the table, with weight 0.
    Raises ValueError for an empty expression or an unknown module.
    """
    chosen = find(method)
    unknown = sorted(set(use) - set(MODULES))
    if unknown or "v" not in use:
        problem = f"unknown module {unknown[0]!r}" if unknown else "'v' is missing from use"
        raise ValueError(f"{problem}; choose from {', '.join(MODULES)} and keep 'v' (text_only goes without)")
    weights = Weights(
        alpha=(chosen.weights.alpha if alpha is None else alpha) if "p" in use else 0.0,
        lam=(chosen.weights.lam if lam is None else lam) if "n" in use else 0.0,
    )
    parse = expressions.parse(expression, models.parser, rule=chosen.parse)
    mined = mine(artifacts, parse, models, method=chosen)
    table = score(artifacts, expression, mined, models, method=chosen, weights=weights)
    if "spatial" in use:
        table = rectify(table, parse, artifacts, method=chosen)
    return answer(artifacts, expression, table, parse, mined, method_name=f"TAS ({chosen.name})")


def answer(
    artifacts: ImageArtifacts,
    expression: str,
    table: ScoreTable,
    parse: Parse,
    mined: Negatives,
    *,
    method_name: str,
) -> Prediction:
    """Select from a finished table. Without proposals the mask is empty and the index None."""
    index = select(table)
    mask = np.zeros(artifacts.size_hw, dtype=bool) if index is None else artifacts.proposals.masks[index]
    return Prediction(
        expression=expression,
        method=method_name,
        mask=mask,
        index=index,
        table=table,
        parse=parse,
        negatives=mined,
        artifacts=artifacts,
    )
