"""What models can be expected to read: the toy ones know the drawings of this library only, and how those are known.

The renderer of RefToy marks each picture that it draws, in the lowest bit of a few pixels; a lossless file keeps the
mark. The pictures that ship were drawn before there was one and are known by their keys. Every other picture is "not a
drawing of this library", whatever it shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np

from tasnb.core.images import image_key_of
from tasnb.core.shipped import data_root

Domain = Literal["drawings", "photos"]
DOMAINS: tuple[Domain, ...] = ("drawings", "photos")
KNOWS = {"drawings": "drawings of this library only", "photos": "photos"}
_MARK = np.unpackbits(np.frombuffer(hashlib.sha256(b"drawn by tasnb").digest()[:8], np.uint8))


def marked(image_rgb: np.ndarray) -> np.ndarray:
    """A drawing with the mark, which no eye sees.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        Of at least 64 pixels.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        A copy; the blue values of its first 64 pixels are changed by at most 1.
    """
    image = np.array(image_rgb)
    blue = image.reshape(-1, 3)[: len(_MARK), 2]
    blue[:] = blue & 0xFE | _MARK[: len(blue)]
    return image


def is_drawing(image_rgb: np.ndarray) -> bool:
    """Whether our renderer drew a picture: it has the mark, or it is one of those that ship.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        Any picture, as ``as_rgb`` gives it.

    Returns
    -------
    bool
        False for a drawing that was scaled, cut or saved as a JPEG since: nobody can tell then.
    """
    lowest = image_rgb.reshape(-1, 3)[: len(_MARK), 2] & 1
    return bool(np.array_equal(lowest, _MARK)) or image_key_of(image_rgb)[:16] in _shipped()


@cache
def _shipped() -> frozenset[str]:
    return frozenset((data_root() / "reftoy" / "drawings.txt").read_text(encoding="ascii").split())


def domain_note(models: str, domain: Domain, image_rgb: np.ndarray) -> str:
    """What to say of an answer of these models about this picture, before anything else.

    Parameters
    ----------
    models : str
        Their name, for people.
    domain : str
        What they know, of ``DOMAINS``. Those of photos are taken to read drawings too.
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The picture.

    Returns
    -------
    str
        A sentence; empty where the picture is of the models' domain.
    """
    if domain == "photos" or is_drawing(image_rgb):
        return ""
    return (
        f"outside the models' domain: {models} knows {KNOWS[domain]}, and this picture is not one, so neither its "
        "masks nor its answer mean anything; models of photos (laptop: tasnb fetch laptop) can read it"
    )


def data_note(models: str, domain: Domain, images_rgb: Sequence[np.ndarray]) -> str:
    """What to say of figures of these models on a data set, from some of its pictures.

    Parameters
    ----------
    models, domain
        As in ``domain_note``.
    images_rgb : sequence of ndarray of uint8, shape (h, w, 3)
        The pictures that were looked at.

    Returns
    -------
    str
        A sentence; empty where all of them are of the models' domain.
    """
    strange = 0 if domain == "photos" else sum(not is_drawing(image) for image in images_rgb)
    if not strange:
        return ""
    return (
        f"outside the models' domain: {models} knows {KNOWS[domain]}, and {strange} of {len(images_rgb)} pictures that "
        f"were looked at {'is' if strange == 1 else 'are'} not such, so no figure here says anything about the "
        "methods; use models of photos"
    )
