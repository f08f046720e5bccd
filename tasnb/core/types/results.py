"""What the pipeline hands from stage to stage. Axes: ``n`` proposals, ``d`` dimensions, ``k`` noun phrases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Bool, Float

from tasnb.core.html import prediction_card
from tasnb.core.types.arrays import Proposals, freeze
from tasnb.core.types.features import Features
from tasnb.core.types.language import Direction, Negatives, NounPhrase, Parse

if TYPE_CHECKING:
    import pandas as pd

CropStyle = Literal["crop", "blur"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RectifierTrace:
    """What the spatial rectifier did: one sentence for all, one verdict a proposal.

    applied: False when every proposal stays (no direction, empty half, one proposal). rule: its name.
    """

    rule: str
    directions: tuple[Direction, ...]
    applied: bool
    sentence: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Weights:
    """S = V + alpha P + lam N. Defaults: paper, section 4.2 (RefCOCO; RefCOCOg uses lam 1)."""

    alpha: float = 0.1
    lam: float = 0.7

    def __post_init__(self) -> None:
        for name, value in (("alpha", self.alpha), ("lam", self.lam)):
            if not np.isfinite(value):
                raise ValueError(f"{name}: expected a finite number, got {value}")


def combine(
    v: Float[np.ndarray, "*s"], p: Float[np.ndarray, "*s"], n: Float[np.ndarray, "*s"], weights: Weights
) -> Float[np.ndarray, "*s"]:
    """S = V + alpha P + lam N (paper, equation 5): the one sum behind every ranking.

    Parameters
    ----------
    v, p, n : ndarray of float
        The three scores, of one shape: usually (n,), one a proposal.
    weights : Weights
        alpha and lam.

    Returns
    -------
    ndarray of float
        S, of the same shape. The answer is its argmax; a tie keeps the earlier proposal.

    Examples
    --------
    >>> weights = Weights(alpha=0.1, lam=0.7)
    >>> combine(np.array([0.3, 0.3]), np.array([0.5, 0.9]), np.array([-0.1, -0.1]), weights).round(2).tolist()
    [0.28, 0.32]
    """
    return v + weights.alpha * p + weights.lam * n


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreTable:
    """The three scores of every proposal, kept apart until ``total``; which proposals the rectifier left in.

    v, p, n: float (n,). kept: bool (n,).
    """

    v: Float[np.ndarray, " n"]
    p: Float[np.ndarray, " n"]
    n: Float[np.ndarray, " n"]
    kept: Bool[np.ndarray, " n"]
    weights: Weights
    trace: RectifierTrace | None = None

    def __post_init__(self) -> None:
        count = len(np.asarray(self.v))
        for name in ("v", "p", "n"):
            object.__setattr__(self, name, freeze(getattr(self, name), np.float64, name, (count,)))
        object.__setattr__(self, "kept", freeze(self.kept, bool, "kept", (count,)))

    def __len__(self) -> int:
        return len(self.v)

    @property
    def total(self) -> np.ndarray:
        """S, derived and never stored: float (n,)."""
        return combine(self.v, self.p, self.n, self.weights)

    @property
    def best(self) -> int | None:
        """The kept proposal with the largest S; a tie keeps the earlier one; None without proposals."""
        if not self.kept.any():
            return None
        return int(np.argmax(np.where(self.kept, self.total, -np.inf)))

    def to_frame(self) -> pd.DataFrame:
        """Tidy, a row a proposal: index, v, p, n, kept, total, verdict."""
        import pandas as pd

        verdicts = self.trace.verdicts if self.trace else ("",) * len(self)
        return pd.DataFrame(
            {
                "proposal": np.arange(len(self)),
                "v": self.v,
                "p": self.p,
                "n": self.n,
                "kept": self.kept,
                "total": self.total,
                "verdict": list(verdicts),
            }
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageArtifacts:
    """All that depends on the image alone, computed once and used for every expression about it.

    crop_embeddings, caption_embeddings: style -> float32 (n, d), unit rows. captions: style -> n texts. A matcher that
    sees q features in a picture (BLIP-2 ITC) has crop_embeddings float32 (n, q, d).
    phrases: noun phrases of overall_caption; phrase_embeddings float32 (k, d), unit rows, row for row.
    features: what baselines read beyond that (``describe(..., features=...)``); none by default.
    Raises ValueError when a row count differs from the proposals'.
    """

    image_id: str
    size_hw: tuple[int, int]
    proposals: Proposals
    crop_embeddings: Mapping[str, Float[np.ndarray, "n *q d"]]
    captions: Mapping[str, tuple[str, ...]]
    caption_embeddings: Mapping[str, Float[np.ndarray, "n d"]]
    overall_caption: str
    phrases: tuple[NounPhrase, ...] = ()
    phrase_embeddings: Float[np.ndarray, "k d"] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    features: Features = field(default_factory=Features)

    def __post_init__(self) -> None:
        n = len(self.proposals)
        if self.features.proposals not in (None, n):
            raise ValueError(f"features of {self.features.proposals} proposals for {n}; run describe() again")
        for name in ("crop_embeddings", "caption_embeddings"):
            rows = {}
            for style, array in getattr(self, name).items():
                if len(array) != n:
                    raise ValueError(f"{name}[{style!r}] has {len(array)} rows for {n} proposals; run describe() again")
                several = name == "crop_embeddings" and np.ndim(array) == 3
                rows[style] = freeze(array, np.float32, f"{name}[{style!r}]", (n, *(None,) * (2 if several else 1)))
            object.__setattr__(self, name, MappingProxyType(rows))
        captions = {style: tuple(texts) for style, texts in self.captions.items()}
        for style, texts in captions.items():
            if len(texts) != n:
                raise ValueError(f"captions[{style!r}] has {len(texts)} texts for {n} proposals; run describe() again")
        object.__setattr__(self, "captions", MappingProxyType(captions))
        object.__setattr__(
            self,
            "phrase_embeddings",
            freeze(self.phrase_embeddings, np.float32, "phrase_embeddings", (len(self.phrases), None)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """A verdict that carries its evidence.

    mask: bool (h, w); all False when there was no proposal. index: the chosen proposal, None without one.
    """

    expression: str
    method: str
    mask: Bool[np.ndarray, "h w"]
    index: int | None
    table: ScoreTable
    parse: Parse
    negatives: Negatives
    artifacts: ImageArtifacts

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", freeze(self.mask, bool, "mask", (None, None)))

    def to_frame(self) -> pd.DataFrame:
        """The receipt: the score table with the captions, a row a proposal."""
        frame = self.table.to_frame()
        captions = next(iter(self.artifacts.captions.values()), ("",) * len(self.table))
        frame["caption"] = list(captions)
        frame["chosen"] = frame["proposal"] == (-1 if self.index is None else self.index)
        return frame

    def _repr_html_(self) -> str:
        return prediction_card(self)
