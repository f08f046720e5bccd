"""A model is met as a protocol, never as a class of its vendor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tasnb.types.arrays import Proposals


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
