"""Models that take pictures or texts in batches: what captioners and image-text matchers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core.choices import require_positive


class Batched:
    """A model that takes some items at a time.

    Parameters
    ----------
    fingerprint : str
        Changes whenever a result could.
    device : str
        Where the model is.
    dtype : torch.dtype
        What pictures are given in.
    batch_size : int
        Items that the model takes at once.

    Raises
    ------
    ValueError
        For a batch_size below 1.
    """

    def __init__(self, *, fingerprint: str, device: str, dtype: Any, batch_size: int) -> None:
        require_positive(batch_size=batch_size)
        self.fingerprint, self.device, self.dtype, self.batch_size = fingerprint, device, dtype, batch_size

    def _batches(self, items: Sequence[Any]) -> Iterator[Sequence[Any]]:
        return (items[start : start + self.batch_size] for start in range(0, len(items), self.batch_size))


def pixels_of(pictures: Sequence[np.ndarray], processor: Any) -> Any:
    """What a model of transformers takes of a batch of pictures.

    Parameters
    ----------
    pictures : sequence of ndarray of uint8, shape (h, w, 3)
        Of any size. They are taken one after the other: a batch of large ones may fill the memory, the model's may not.
    processor : object
        With the model's ``image_processor``.

    Returns
    -------
    torch.Tensor, shape (b, 3, s, s)
        Of the model's own size.
    """
    import torch

    def prepared(picture: np.ndarray) -> Any:
        image = Image.fromarray(np.asarray(picture))
        return processor.image_processor(images=[image], return_tensors="pt")["pixel_values"]

    return torch.cat([prepared(picture) for picture in pictures])


class Matcher(Batched, ABC):
    """An `ImageTextEncoder`; an adapter says how its model sees a batch of pictures and reads a batch of texts.

    Parameters
    ----------
    embed_dim : int
        Dimensions d of a feature.
    queries : int or None
        Features q of a picture, None for one vector a picture.
    **common : object
        See `Batched`.
    """

    def __init__(self, *, embed_dim: int, queries: int | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.embed_dim, self.queries = embed_dim, queries

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """See pictures.

        Parameters
        ----------
        pictures : sequence of ndarray of uint8, shape (h, w, 3)
            Of any size.

        Returns
        -------
        ndarray of float32, shape (n, d), or (n, q, d) for a matcher with several features a picture
            Unit vectors; none for no picture.
        """
        shape = (self.embed_dim,) if self.queries is None else (self.queries, self.embed_dim)
        return self._unit(pictures, self._image_features, shape)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Read texts; one that comes twice is computed once, one beyond the model's context is cut at its end.

        Parameters
        ----------
        texts : sequence of str
            Any.

        Returns
        -------
        ndarray of float32, shape (n, d)
            Unit rows, row for row; none for no text.
        """
        place = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        rows = self._unit(list(place), self._text_features, (self.embed_dim,))
        return rows[[place[text] for text in texts]]

    def _unit(self, items: Sequence[Any], features: Callable[[Any], Any], shape: tuple[int, ...]) -> np.ndarray:
        """Unit vectors along the last axis, float32 (n, *shape), from features of batches."""
        import torch

        with torch.inference_mode():
            found = [torch.nn.functional.normalize(features(b).float(), dim=-1) for b in self._batches(items)]
            return np.concatenate([np.zeros((0, *shape), np.float32), *(each.cpu().numpy() for each in found)])

    @abstractmethod
    def _image_features(self, pictures: Sequence[np.ndarray]) -> Any:
        """A tensor (b, d) or (b, q, d) of any float type, on any device."""

    @abstractmethod
    def _text_features(self, texts: Sequence[str]) -> Any:
        """A tensor (b, d) of any float type, on any device."""
