"""The methods that TAS is compared with, each with the signature of ``tas``."""

from __future__ import annotations

import numpy as np

from tasnb import expressions, scores
from tasnb.method import PAPER, Method, find
from tasnb.pipeline import answer
from tasnb.types import ImageArtifacts, Models, Negatives, Prediction, ScoreTable, Weights


def clip_only(
    artifacts: ImageArtifacts, expression: str, models: Models, *, method: str | Method = PAPER
) -> Prediction:
    """V-score alone: the crop closest to the expression (paper, section 4.3, "CLIP-only")."""
    chosen = find(method)
    text = models.encoder.encode_texts([expression.strip().lower()])[0]
    v = scores.v_score(artifacts.crop_embeddings[chosen.v_crop.style], text)
    return _unrectified(artifacts, expression, models, chosen, "CLIP-only", v=v)


def text_only(
    artifacts: ImageArtifacts, expression: str, models: Models, *, method: str | Method = PAPER
) -> Prediction:
    """P-score alone: the caption closest to the expression (paper, section 4.3, "Text-only").

    The table's v is zero and alpha is 1, so ``total`` is P.
    """
    chosen = find(method)
    text = models.encoder.encode_texts([expression.strip().lower()])[0]
    p = scores.p_score(artifacts.caption_embeddings[chosen.p_crop.style], text)
    return _unrectified(artifacts, expression, models, chosen, "Text-only", p=p)


def _unrectified(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    chosen: Method,
    name: str,
    *,
    v: np.ndarray | None = None,
    p: np.ndarray | None = None,
) -> Prediction:
    count = len(artifacts.proposals)
    zeros = np.zeros(count)
    table = ScoreTable(
        v=zeros if v is None else v,
        p=zeros if p is None else p,
        n=zeros,
        kept=np.ones(count, dtype=bool),
        weights=Weights(alpha=1.0 if v is None else 0.0, lam=0.0),
    )
    parse = expressions.parse(expression, models.parser, rule=chosen.parse)
    mined = Negatives(caption=artifacts.overall_caption, phrases=())
    return answer(artifacts, expression, table, parse, mined, method_name=name)
