"""One score alone: V (CLIP-only) or P (Text-only); and the answer of a method that has a single score."""

from __future__ import annotations

import numpy as np

from tasnb.core.types import ImageArtifacts, Models, Negatives, Parse, Prediction, ScoreTable, Weights
from tasnb.pipeline.tas import answer, rows_of
from tasnb.pipeline.variant import PAPER, Variant, find
from tasnb.stages import expressions, scores


def clip_only(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """V-score alone: the crop closest to the expression (paper, section 4.3, "CLIP-only").

    Raises ValueError for artifacts of another crop style, or for an empty expression.
    """
    chosen = find(variant)
    text = text_row(expression, models)
    rows = rows_of(artifacts.crop_embeddings, chosen.v_crop.style, "crop_embeddings")
    return by_score(artifacts, expression, models, chosen, parse, "CLIP-only", v=scores.v_score(rows, text))


def text_only(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    parse: Parse | None = None,
) -> Prediction:
    """P-score alone: the caption closest to the expression (paper, section 4.3, "Text-only").

    The table's v is zero and alpha is 1, so ``total`` is P. Raises what ``clip_only`` raises.
    """
    chosen = find(variant)
    text = text_row(expression, models)
    rows = rows_of(artifacts.caption_embeddings, chosen.p_crop.style, "caption_embeddings")
    return by_score(artifacts, expression, models, chosen, parse, "Text-only", p=scores.p_score(rows, text))


def text_row(expression: str, models: Models) -> np.ndarray:
    """E_t of an expression as every method asks for it: in lower case, without a template (METHOD section 2)."""
    return models.encoder.encode_texts([expression.strip().lower()])[0]


def by_score(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    chosen: Variant,
    parse: Parse | None,
    name: str,
    *,
    v: np.ndarray | None = None,
    p: np.ndarray | None = None,
) -> Prediction:
    """The answer of a method with one score a proposal, which stands in column v (or p) of its table, weight 1."""
    count = len(artifacts.proposals)
    zeros = np.zeros(count)
    table = ScoreTable(
        v=zeros if v is None else v,
        p=zeros if p is None else p,
        n=zeros,
        kept=np.ones(count, dtype=bool),
        weights=Weights(alpha=1.0 if v is None else 0.0, lam=0.0),
    )
    parse = parse or expressions.parse(expression, models.parser, rule=chosen.parse)
    mined = Negatives(caption=artifacts.overall_caption, phrases=())
    return answer(artifacts, expression, table, parse, mined, method_name=name)
