"""Artifacts changed by hand: fewer proposals, other captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tasnb.core.masks import make_proposals
from tasnb.core.types import ImageArtifacts

HOSTILE = "<script>alert('x')</script> \"quotes\" & 🦒"


def only(artifacts: ImageArtifacts, keep: Sequence[int]) -> ImageArtifacts:
    """The artifacts with these proposals alone."""
    rows = list(keep)
    return replace(
        artifacts,
        proposals=artifacts.proposals[rows],
        crop_embeddings={style: found[rows] for style, found in artifacts.crop_embeddings.items()},
        caption_embeddings={style: found[rows] for style, found in artifacts.caption_embeddings.items()},
        captions={style: tuple(texts[i] for i in rows) for style, texts in artifacts.captions.items()},
    )


def with_masks(artifacts: ImageArtifacts, masks: Any) -> ImageArtifacts:
    """The artifacts with other masks, as many as before."""
    return replace(artifacts, proposals=make_proposals(np.asarray(masks), source="by hand"))


def saying(artifacts: ImageArtifacts, text: str) -> ImageArtifacts:
    """The artifacts with every caption replaced by a text."""
    return replace(artifacts, captions={style: (text,) * len(artifacts.proposals) for style in artifacts.captions})
