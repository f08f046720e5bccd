"""The values that cross module boundaries: frozen, validated on construction, arrays read-only.

Axes: ``n`` proposals, ``h w`` pixels, ``d`` embedding dimensions, ``k`` noun phrases.
Only numpy lives here; a model is met as a protocol, never as a class of its vendor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from tasnb.html import prediction_card

if TYPE_CHECKING:
    import pandas as pd

Direction = Literal["left", "right", "top", "bottom"]
CropStyle = Literal["crop", "blur"]
ImageRGB = UInt8[np.ndarray, "h w 3"]
DIRECTIONS: tuple[Direction, ...] = ("left", "right", "top", "bottom")


def _freeze(array: Any, dtype: Any, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return a read-only array of the given dtype, or say which shape was expected and which came."""
    frozen = np.asarray(array, dtype=dtype)
    fits = frozen.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, frozen.shape, strict=True)
    )
    if not fits:
        want = tuple("any" if s is None else s for s in shape)
        raise ValueError(f"{name}: expected shape {want}, got {frozen.shape}")
    if frozen.flags.writeable:
        frozen = frozen.copy()
        frozen.flags.writeable = False
    return frozen


@dataclass(frozen=True, kw_only=True, eq=False)
class Proposals:
    """Class-agnostic masks of one image, in the proposer's order.

    masks: bool (n, h, w). boxes_xyxy: int (n, 4), exclusive end, (0, 0, 0, 0) for an empty mask.
    pred_iou, stability_score: float (n,), SAM's own estimates; NaN where a source gives none.
    source: who made them, for people ("sam", "annotations").
    Raises ValueError when the parallel arrays disagree in length.
    """

    masks: Bool[np.ndarray, "n h w"]
    boxes_xyxy: Int[np.ndarray, "n 4"]
    pred_iou: Float[np.ndarray, " n"]
    stability_score: Float[np.ndarray, " n"]
    source: str

    def __post_init__(self) -> None:
        masks = _freeze(self.masks, bool, "masks", (None, None, None))
        n = len(masks)
        object.__setattr__(self, "masks", masks)
        object.__setattr__(self, "boxes_xyxy", _freeze(self.boxes_xyxy, np.int64, "boxes_xyxy", (n, 4)))
        object.__setattr__(self, "pred_iou", _freeze(self.pred_iou, np.float32, "pred_iou", (n,)))
        object.__setattr__(self, "stability_score", _freeze(self.stability_score, np.float32, "stability_score", (n,)))

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def size_hw(self) -> tuple[int, int]:
        return int(self.masks.shape[1]), int(self.masks.shape[2])

    def __getitem__(self, keep: Any) -> Proposals:
        """A new set: ``keep`` is a boolean (n,), integer indices, or a slice. An int gives a set of one."""
        if isinstance(keep, int | np.integer):
            keep = [int(keep)]
        keep = keep if isinstance(keep, slice) else np.asarray(keep)
        if isinstance(keep, np.ndarray) and keep.size == 0:
            keep = keep.astype(int)
        return Proposals(
            masks=self.masks[keep],
            boxes_xyxy=self.boxes_xyxy[keep],
            pred_iou=self.pred_iou[keep],
            stability_score=self.stability_score[keep],
            source=self.source,
        )


@dataclass(frozen=True, kw_only=True)
class Token:
    """One token of a parsed text. start, end: character offsets; governor: index of the token it hangs on."""

    text: str
    lemma: str
    pos: str
    dep: str
    governor: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Head:
    """The noun that the expression is about. span: character offsets in the text. rule: how it was found."""

    lemma: str
    span: tuple[int, int]
    rule: str


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A relation to another thing ("left of the bus"): word, the thing's phrase, its head lemma."""

    word: str
    phrase: str
    lemma: str
    span: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Cue:
    """What only the ``extended`` rectifier uses.

    kind: "middle" | "extreme" | "ordinal" | "relation" | "size" | "clock".
    value: the canonical reading ("middle", "left", "second from left", "biggest", "7").
    words: the text that says it.
    """

    kind: str
    value: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Parse:
    """An expression taken apart (METHOD section 3). head is None when no noun was found.

    phrase: the head's own noun chunk, lower case ("the young man"), "" without a head.
    directions: canonical, without repeats, in order of appearance; evidence for each in ``direction_words``.
    tokens: for display.
    """

    text: str
    head: Head | None
    phrase: str = ""
    modifiers: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()
    direction_words: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    cues: tuple[Cue, ...] = ()
    tokens: tuple[Token, ...] = ()

    def __post_init__(self) -> None:
        wrong = [d for d in self.directions if d not in DIRECTIONS]
        if wrong:
            raise ValueError(f"unknown direction {wrong[0]!r}; choose from {', '.join(DIRECTIONS)}")


@dataclass(frozen=True, kw_only=True)
class NounPhrase:
    """A noun phrase of a caption, lower case without its article; lemma: its head noun's lemma."""

    text: str
    lemma: str


@dataclass(frozen=True, kw_only=True)
class NegativePhrase:
    """A phrase of the overall caption with its verdict.

    kept: it becomes a negative. reason: one sentence for a reader.
    synsets, similarity: the closest pair found and its WordNet path similarity (0..1), None where none exists.
    """

    text: str
    lemma: str
    kept: bool
    reason: str
    synsets: tuple[str, str] | None = None
    similarity: float | None = None


@dataclass(frozen=True, kw_only=True)
class Negatives:
    """T_n with its evidence: every phrase of the overall caption, kept or dropped and why."""

    caption: str
    phrases: tuple[NegativePhrase, ...]

    @property
    def kept(self) -> tuple[str, ...]:
        return tuple(p.text for p in self.phrases if p.kept)


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
            object.__setattr__(self, name, _freeze(getattr(self, name), np.float64, name, (count,)))
        object.__setattr__(self, "kept", _freeze(self.kept, bool, "kept", (count,)))

    def __len__(self) -> int:
        return len(self.v)

    @property
    def total(self) -> np.ndarray:
        """S, derived and never stored: float (n,)."""
        return self.v + self.weights.alpha * self.p + self.weights.lam * self.n

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

    crop_embeddings, caption_embeddings: style -> float32 (n, d), unit rows. captions: style -> n texts.
    phrases: noun phrases of overall_caption; phrase_embeddings float32 (k, d), unit rows, row for row.
    Raises ValueError when a row count differs from the proposals'.
    """

    image_id: str
    size_hw: tuple[int, int]
    proposals: Proposals
    crop_embeddings: Mapping[str, Float[np.ndarray, "n d"]]
    captions: Mapping[str, tuple[str, ...]]
    caption_embeddings: Mapping[str, Float[np.ndarray, "n d"]]
    overall_caption: str
    phrases: tuple[NounPhrase, ...] = ()
    phrase_embeddings: Float[np.ndarray, "k d"] = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def __post_init__(self) -> None:
        n = len(self.proposals)
        for name in ("crop_embeddings", "caption_embeddings"):
            rows = {}
            for style, array in getattr(self, name).items():
                if len(array) != n:
                    raise ValueError(f"{name}[{style!r}] has {len(array)} rows for {n} proposals; run describe() again")
                rows[style] = _freeze(array, np.float32, f"{name}[{style!r}]", (n, None))
            object.__setattr__(self, name, MappingProxyType(rows))
        captions = {style: tuple(texts) for style, texts in self.captions.items()}
        for style, texts in captions.items():
            if len(texts) != n:
                raise ValueError(f"captions[{style!r}] has {len(texts)} texts for {n} proposals; run describe() again")
        object.__setattr__(self, "captions", MappingProxyType(captions))
        object.__setattr__(
            self,
            "phrase_embeddings",
            _freeze(self.phrase_embeddings, np.float32, "phrase_embeddings", (len(self.phrases), None)),
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
        object.__setattr__(self, "mask", _freeze(self.mask, bool, "mask", (None, None)))

    def to_frame(self) -> pd.DataFrame:
        """The receipt: the score table with the captions, a row a proposal."""
        frame = self.table.to_frame()
        captions = next(iter(self.artifacts.captions.values()), ("",) * len(self.table))
        frame["caption"] = list(captions)
        frame["chosen"] = frame["proposal"] == (-1 if self.index is None else self.index)
        return frame

    def _repr_html_(self) -> str:
        return prediction_card(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One expression about one image, with the answer when it is known.

    image: uint8 (h, w, 3), RGB, upright. target: bool (h, w) or None. gold: what a data set knows beyond that
    (RefToy: parse, directions, type tags), an empty mapping otherwise.
    """

    image: ImageRGB
    expression: str
    target: Bool[np.ndarray, "h w"] | None
    sample_id: str
    image_id: str
    ref_id: str
    sent_id: str
    dataset: str
    split: str
    gold: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class MaskProposer(Protocol):
    """image -> Proposals, in the image's own pixels."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the result could: weights and every option."""
        ...

    def propose(self, image_rgb: np.ndarray) -> Proposals: ...


@runtime_checkable
class ImageTextEncoder(Protocol):
    """Pictures and texts -> unit rows of one space, float32 (n, d). An empty input gives (0, d)."""

    @property
    def fingerprint(self) -> str: ...

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray: ...

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray: ...


@runtime_checkable
class DenseEncoder(Protocol):
    """image -> a grid of unit features in the text's space: float32 (rows, columns, d)."""

    @property
    def fingerprint(self) -> str: ...

    def encode_dense(self, image_rgb: np.ndarray) -> np.ndarray: ...


@runtime_checkable
class Captioner(Protocol):
    """Pictures -> one text each, lower case as the model says it."""

    @property
    def fingerprint(self) -> str: ...

    def caption(self, pictures: Sequence[np.ndarray]) -> tuple[str, ...]: ...


@runtime_checkable
class Parser(Protocol):
    """text -> a spaCy Doc, or what quacks like one (tokens with lemma_, pos_, dep_, head, subtree; noun_chunks)."""

    def __call__(self, text: str) -> Any: ...


@runtime_checkable
class WordNet(Protocol):
    """NLTK's reader, or what quacks like one."""

    def synsets(self, lemma: str, pos: str | None = None) -> list[Any]: ...


@dataclass(frozen=True, kw_only=True)
class Models:
    """The parts that a method needs, by role. name: the preset, for people."""

    name: str
    proposer: MaskProposer
    encoder: ImageTextEncoder
    captioner: Captioner
    parser: Parser
    wordnet: WordNet
