"""A model is met as a protocol, never as a class of its vendor; so is whoever remembers values or watches progress."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np

from tasnb.core.brief import brief
from tasnb.core.types.arrays import Proposals

T = TypeVar("T")


class Progress(Protocol):
    """Told of every finished step of a long computation: the one callback of the library, for a progress bar."""

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Say how far it is.

        Parameters
        ----------
        done, total : int
            Steps finished, and steps in all.
        what : str
            What comes next, for people; "" at the end.
        """


def no_progress(done: int, total: int, what: str = "") -> None:
    """Tell nobody: the default of every ``progress`` argument.

    Parameters
    ----------
    done, total, what
        As in ``Progress``.
    """


class Memo(Protocol):
    """Asked for every stage of ``describe`` that runs a model, so that a known value need not be computed again.

    ``Store.memo`` is one.
    """

    def __call__(
        self, stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any], compute: Callable[[], T]
    ) -> T:
        """The value of a stage.

        Parameters
        ----------
        stage : str
            Its name, lower-case letters and underscores.
        image_key : str
            SHA-256 of the image's size and pixels; "" for what depends on no image.
        fingerprint : str
            Of the model.
        config : mapping
            All else that the value depends on, as plain values or frozen configs.
        compute : callable
            Gives the value when it is not known.

        Returns
        -------
        Any
            The known value, or what ``compute`` gave.
        """


@runtime_checkable
class MaskProposer(Protocol):
    """image -> Proposals, in the image's own pixels."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the result could: weights and every option."""

    def propose(self, image_rgb: np.ndarray) -> Proposals:
        """Class-agnostic masks of an image.

        Parameters
        ----------
        image_rgb : ndarray of uint8, shape (h, w, 3)
            The image.

        Returns
        -------
        Proposals
            In the image's own pixels.
        """


@runtime_checkable
class ImageTextEncoder(Protocol):
    """Pictures and texts -> unit rows of one space. An empty input gives (0, d).

    A matcher may see several features in a picture, float32 (n, q, d): its likeness to a text, in V and in N, is then
    the largest of the q cosines (``embeddings.cosines``). A text always is one row.
    """

    @property
    def fingerprint(self) -> str:
        """Changes whenever the result could: weights and every option."""

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """E_v of every picture.

        Parameters
        ----------
        pictures : sequence of ndarray of uint8, shape (s, t, 3)
            Of any sizes.

        Returns
        -------
        ndarray of float32, shape (n, d) or (n, q, d)
            Unit rows.
        """

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """E_t of every text.

        Parameters
        ----------
        texts : sequence of str
            Encoded as they are.

        Returns
        -------
        ndarray of float32, shape (n, d)
            Unit rows.
        """


@runtime_checkable
class DenseEncoder(Protocol):
    """image -> features of its places and of its masks, in the text's space: what heat maps are made of.

    The image is squashed to the model's own square, so every pixel belongs to a cell of the grid.
    """

    @property
    def fingerprint(self) -> str:
        """Changes whenever the result could: weights and every option."""

    def encode_grids(self, image_rgb: np.ndarray, kinds: Collection[str]) -> Mapping[str, np.ndarray]:
        """Features of the cells of a grid, all kinds from one pass of the model.

        Parameters
        ----------
        image_rgb : ndarray of uint8, shape (h, w, 3)
            The image.
        kinds : collection of str
            Of ``types.GRIDS``. score_map, clip_surgery: a unit vector a cell. grad_cam: what a cell adds to each
            dimension of the unit embedding, a derivative, so that its product with a text is Grad-CAM's map before
            the cut at 0.

        Returns
        -------
        mapping of str to ndarray of float32, shape (r, c, d)
            By kind.
        """

    def encode_regions(self, image_rgb: np.ndarray, masks: np.ndarray, kind: str) -> np.ndarray:
        """Features of masks seen inside the model.

        Parameters
        ----------
        image_rgb : ndarray of uint8, shape (h, w, 3)
            The image.
        masks : ndarray of bool, shape (n, h, w)
            In its pixels.
        kind : str
            Of ``types.REGIONS``.

        Returns
        -------
        ndarray of float32, shape (n, d)
            Unit rows, one a mask.
        """


@runtime_checkable
class Captioner(Protocol):
    """Pictures -> one text each, lower case as the model says it."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the result could: weights and every option."""

    def caption(self, pictures: Sequence[np.ndarray]) -> tuple[str, ...]:
        """A caption of every picture.

        Parameters
        ----------
        pictures : sequence of ndarray of uint8, shape (s, t, 3)
            Of any sizes.

        Returns
        -------
        tuple of str
            One each.
        """


@runtime_checkable
class Parser(Protocol):
    """text -> a spaCy Doc, or what quacks like one (tokens with lemma_, pos_, dep_, head, subtree; noun_chunks)."""

    def __call__(self, text: str) -> Any: ...


@runtime_checkable
class WordNet(Protocol):
    """NLTK's reader, or what quacks like one."""

    def synsets(self, lemma: str, pos: str | None = None) -> list[Any]:
        """The senses of a word.

        Parameters
        ----------
        lemma : str
            The word, blanks as underscores.
        pos : str or None
            "n", "v", "a" or "r"; None for any.

        Returns
        -------
        list
            NLTK's synsets, the common senses first.
        """


@dataclass(frozen=True, kw_only=True)
class Models:
    """The parts that a method needs, by role.

    Parameters
    ----------
    name : str
        The preset, for people.
    proposer : MaskProposer
        Makes the masks.
    encoder : ImageTextEncoder
        Compares pictures and texts.
    captioner : Captioner
        Says what a picture shows.
    parser : Parser
        Takes texts apart.
    wordnet : WordNet
        Says which nouns mean the same.
    weights : mapping
        The preset's own alpha and lam, {"alpha": ..., "lam": ...}, or such by variant, or by variant and data set,
        where "default" stands for every other name; empty: it has none, so those of the variant hold.
    options : mapping of str to value
        With which options of ``models.load`` proposer and captioner were made (num_beams, points_per_side ...), as far
        as it is known: artifacts record it.
    variants : mapping of str to str
        A variant's name -> the one that it stands for with these models; {"official": "official-scaled"} for models of
        small pictures.
    domain : str
        What they can be expected to read, of ``core.domain.DOMAINS``: "drawings" (of this library, and nothing else) or
        "photos".
    """

    name: str
    proposer: MaskProposer
    encoder: ImageTextEncoder
    captioner: Captioner
    parser: Parser
    wordnet: WordNet
    weights: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, str] = field(default_factory=dict)
    domain: Literal["drawings", "photos"] = "photos"

    __repr__ = brief
