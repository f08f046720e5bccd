"""What each model sees of one proposal: cut out, as the encoder's own input, blurred around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasnb.core.images import mask_colour
from tasnb.core.types import ImageArtifacts, ImageTextEncoder, Models
from tasnb.pipeline.variant import PAPER, Variant, find
from tasnb.plots.overlays import overlay
from tasnb.plots.sheets import Panel, sheet
from tasnb.stages.crops import cut


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """One picture on the way of a proposal into a model.

    name: for people. pixels: uint8 (h, w, 3). words: what was done to it, in a sentence. enlarged: it is so small
    that single pixels should be shown as squares.
    """

    name: str
    pixels: np.ndarray
    words: str
    enlarged: bool = False


def encoder_input(encoder: ImageTextEncoder, picture: np.ndarray) -> np.ndarray | None:
    """The pixels that an encoder gets for a picture, as they look: uint8 (h, w, 3), in its own input size.

    The encoder's own preprocessing is run and its normalisation undone. None for an encoder that does not show its
    ``preprocessing``.
    """
    preprocessing: Any = getattr(encoder, "preprocessing", None)
    if preprocessing is None or not hasattr(preprocessing, "mean"):
        return None
    planes = np.asarray(preprocessing([picture])[0], dtype=np.float64)  # (3, h, w)
    rgb = planes.transpose(1, 2, 0) * np.asarray(preprocessing.std) + np.asarray(preprocessing.mean)
    return np.clip(np.rint(255 * rgb), 0, 255).astype(np.uint8)


def sights(
    image_rgb: np.ndarray, artifacts: ImageArtifacts, models: Models, index: int, *, variant: str | Variant = PAPER
) -> tuple[Sight, ...]:
    """One proposal as every model of a variant sees it (paper, table 5), in the order of the work.

    image_rgb: uint8 (h, w, 3), the image of the artifacts. index: the proposal's number. An empty mask is one black
    pixel, as everywhere. Raises IndexError for a number that no proposal has, ValueError for another image's size.
    """
    chosen, masks = find(variant), artifacts.proposals.masks
    if not 0 <= index < len(masks):
        raise IndexError(f"index: expected a mask number from 0 to {len(masks) - 1}, got {index}")
    seen = cut(image_rgb, masks[index], chosen.v_crop)
    told = cut(image_rgb, masks[index], chosen.p_crop)
    found = [Sight(name="cut out", pixels=seen, words=f"{_STYLES[chosen.v_crop.style]} {_size(seen)}.")]
    if (given := encoder_input(models.encoder, seen)) is not None:
        words = f"All that the image-text model gets: {_size(given)}, its own resizing and cropping included."
        found.append(Sight(name="the encoder's input", pixels=given, words=words, enlarged=max(given.shape) <= 128))
    found.append(Sight(name="for the captioner", pixels=told, words=f"{_STYLES[chosen.p_crop.style]} {_size(told)}."))
    return tuple(found)


def caption_of(artifacts: ImageArtifacts, index: int, *, variant: str | Variant = PAPER) -> str:
    """The caption of a proposal in a variant's crop style. Raises ValueError that lists the styles at hand."""
    style = find(variant).p_crop.style
    if style not in artifacts.captions:
        styles = sorted(artifacts.captions)
        raise ValueError(f"captions holds the styles {styles}, not {style!r}; run describe() with the same variant")
    return artifacts.captions[style][index]


def crops(
    image_rgb: np.ndarray, artifacts: ImageArtifacts, models: Models, index: int, *, variant: str | Variant = PAPER
) -> np.ndarray:
    """The twin of ``crops_view``: the proposal in the photo, and as every model sees it: uint8 (h, w, 3)."""
    seen = sights(image_rgb, artifacts, models, index, variant=variant)
    mask = artifacts.proposals.masks[index]
    panels = [Panel(title="in the photo", pixels=overlay(image_rgb, mask, mask_colour(index)))]
    panels += [Panel(title=s.name, pixels=s.pixels, notes=(s.words,), enlarged=s.enlarged) for s in seen]
    caption = caption_of(artifacts, index, variant=variant)
    return sheet(f"mask {index} of {len(artifacts.proposals)}", panels, [f"Its caption: “{caption}”"], side=280)


_STYLES = {"crop": "Everything else is black:", "blur": "Everything else is blurred:"}


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]} pixels"
