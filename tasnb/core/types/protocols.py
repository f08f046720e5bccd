"""A model is met as a protocol, never as a class of its vendor."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from tasnb.core.types.arrays import Proposals

T = TypeVar("T")


class Memo(Protocol):
    """Asked for every stage of ``describe`` that runs a model, so that a known value need not be computed again.

    image_key: of size and pixels. fingerprint: of the model. config: all else that the value depends on, as plain
    values or frozen configs. ``Store.memo`` is one.
    """

    def __call__(
        self, stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any], compute: Callable[[], T]
    ) -> T: ...


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
    """Pictures and texts -> unit rows of one space, float32 (n, d). An empty input gives (0, d).

    A matcher may see several features in a picture, float32 (n, q, d): its likeness to a text, in V and in N, is then
    the largest of the q cosines (``scores.cosines``). A text always is one row.
    """

    @property
    def fingerprint(self) -> str: ...

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray: ...

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray: ...


@runtime_checkable
class DenseEncoder(Protocol):
    """image -> features of its places and of its masks, in the text's space: what heat maps are made of.

    The image is squashed to the model's own square, so every pixel belongs to a cell of the grid.
    """

    @property
    def fingerprint(self) -> str: ...

    def encode_grids(self, image_rgb: np.ndarray, kinds: Collection[str]) -> Mapping[str, np.ndarray]:
        """kind -> float32 (rows, columns, d), all kinds (of ``types.GRIDS``) from one pass of the model.

        score_map, clip_surgery: a unit vector a cell. grad_cam: what a cell adds to each dimension of the unit
        embedding, a derivative, so that its product with a text is Grad-CAM's map before the cut at 0.
        """
        ...

    def encode_regions(self, image_rgb: np.ndarray, masks: np.ndarray, kind: str) -> np.ndarray:
        """Unit rows, float32 (n, d), one a mask (bool (n, h, w)); kind: of ``types.REGIONS``."""
        ...


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
