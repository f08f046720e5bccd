"""What each model gets of one proposal: cut out, as the encoder's own input, blurred around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.images import mask_colour, shrunk
from tasnb.core.types import ImageArtifacts, ImageTextEncoder, Models
from tasnb.pipeline.variant import PAPER, Variant, find, require_made_for
from tasnb.plots.overlays import DRAWN, overlay
from tasnb.plots.sheets import Panel, sheet
from tasnb.stages.crops import cut


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelInput:
    """One picture on the way of a proposal into a model.

    Parameters
    ----------
    name : str
        For people.
    pixels : ndarray of uint8, shape (h, w, 3)
        The picture.
    words : str
        What was done to it, in a sentence.
    enlarged : bool
        Whether it is so small that single pixels should be shown as squares.
    """

    name: str
    pixels: np.ndarray
    words: str
    enlarged: bool = False

    __repr__ = brief


def encoder_input(encoder: ImageTextEncoder, picture: np.ndarray) -> np.ndarray | None:
    """The pixels that an encoder gets for a picture, as they look.

    Parameters
    ----------
    encoder : ImageTextEncoder
        Its own preprocessing is run and its normalisation undone.
    picture : ndarray of uint8, shape (h, w, 3)
        The picture.

    Returns
    -------
    ndarray of uint8, shape (h', w', 3), or None
        In the encoder's own input size; None for one that does not show its ``preprocessing``.
    """
    preprocessing: Any = getattr(encoder, "preprocessing", None)
    if preprocessing is None or not hasattr(preprocessing, "mean"):
        return None
    planes = np.asarray(preprocessing([picture])[0], dtype=np.float64)  # (3, h, w)
    rgb = planes.transpose(1, 2, 0) * np.asarray(preprocessing.std) + np.asarray(preprocessing.mean)
    return np.clip(np.rint(255 * rgb), 0, 255).astype(np.uint8)


def inputs_of(
    image_rgb: np.ndarray, artifacts: ImageArtifacts, models: Models, index: int, *, variant: str | Variant = PAPER
) -> tuple[ModelInput, ...]:
    """One proposal as every model of a variant sees it (paper, table 5), in the order of the work.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The photo of the artifacts.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of it.
    models : Models
        Those that see the proposal.
    index : int
        The proposal's number. An empty mask is one black pixel, as everywhere.
    variant : str or Variant
        Whose crop styles.

    Returns
    -------
    tuple of ModelInput
        Cut out; the encoder's input, where it shows its preprocessing; for the captioner.

    Raises
    ------
    IndexError
        For a number that no proposal has.
    ValueError
        For a photo of another size.
    """
    chosen, masks, image_rgb = find(variant, models), artifacts.proposals.masks, artifacts.at_working_size(image_rgb)
    if not 0 <= index < len(masks):
        raise IndexError(f"index: expected a mask number from 0 to {len(masks) - 1}, got {index}")
    seen, told = (cut(image_rgb, masks[index], crop) for crop in (chosen.v_crop, chosen.p_crop))
    found = [ModelInput(name="cut out", pixels=seen, words=f"{_STYLES[chosen.v_crop.style]} {_size(seen)}.")]
    if (given := encoder_input(models.encoder, seen)) is not None:
        words = f"All that the image-text model gets: {_size(given)}, its own resizing and cropping included."
        is_small = max(given.shape) <= 128
        found.append(ModelInput(name="the encoder's input", pixels=given, words=words, enlarged=is_small))
    words = f"{_STYLES[chosen.p_crop.style]} {_size(told)}."
    found.append(ModelInput(name="for the captioner", pixels=told, words=words))
    return tuple(found)


def caption_of(artifacts: ImageArtifacts, index: int, *, variant: str | Variant = PAPER) -> str:
    """The caption of a proposal in a variant's crop style.

    Parameters
    ----------
    artifacts : ImageArtifacts
        What ``tn.describe`` made of the photo.
    index : int
        The proposal's number.
    variant : str or Variant
        Whose crop style for captions.

    Returns
    -------
    str
        The caption.

    Raises
    ------
    ValueError
        Lists the styles at hand where this one is not there.
    """
    style = find(variant).p_crop.style
    if style not in artifacts.captions:
        styles = sorted(artifacts.captions)
        raise UserError(f"captions holds the styles {styles}, not {style!r}; run describe() with the same variant")
    return artifacts.captions[style][index]


def crops(
    image_rgb: np.ndarray, artifacts: ImageArtifacts, models: Models, index: int, *, variant: str | Variant = PAPER
) -> np.ndarray:
    """The proposal in the photo, and as every model sees it: the twin of ``crops_view``.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The photo of the artifacts.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of it.
    models : Models
        Those that see the proposal.
    index : int
        The proposal's number.
    variant : str or Variant
        Whose crop styles.

    Returns
    -------
    ndarray of uint8, shape (h', w', 3)
        The picture.

    Raises
    ------
    IndexError
        For a number that no proposal has.
    ValueError
        For a photo of another size, and for artifacts that were made for another variant.
    """
    require_made_for(find(variant, models), artifacts, models)
    seen = inputs_of(image_rgb, artifacts, models, index, variant=variant)
    mask = shrunk(artifacts.proposals.masks[index], DRAWN)
    photo = shrunk(artifacts.at_working_size(image_rgb), DRAWN)
    panels = [Panel(title="in the photo", pixels=overlay(photo, mask, mask_colour(index)))]
    panels += [Panel(title=s.name, pixels=s.pixels, notes=(s.words,), enlarged=s.enlarged) for s in seen]
    title, caption = f"mask {index} of {len(artifacts.proposals)}", caption_of(artifacts, index, variant=variant)
    return sheet(title, panels, [f"Its caption: “{caption}”"], side=280, notes=artifacts.notes)


_STYLES = {"crop": "Everything else is black:", "blur": "Everything else is blurred:"}


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]} pixels"
