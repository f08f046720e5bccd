"""The image side of the baselines: what each of them takes from a picture, once for every expression about it.

``describe(image, models, features=("score_map", ...))`` adds it to the artifacts. Every feature is an entry of its own
in the memo, so a run of one baseline leaves the others' features uncomputed, and a run of all shares one pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import numpy as np

from tasnb.core.types import FEATURES, GRIDS, REGIONS, Features, Memo, Models, Proposals
from tasnb.stages import heatmaps

VERSION = 1  # raise it when a feature's meaning changes: stored ones are then never asked for


def check(names: Collection[str]) -> tuple[str, ...]:
    """The names in their usual order. Raises ValueError, listing the choices, for an unknown one."""
    if isinstance(names, str):
        names = (names,)
    if wrong := sorted(set(names) - set(FEATURES)):
        raise ValueError(f"unknown feature {wrong[0]!r}; choose from {', '.join(FEATURES)}")
    return tuple(name for name in FEATURES if name in set(names))


def compute(
    image_rgb: np.ndarray,
    found: Proposals,
    models: Models,
    names: Collection[str],
    *,
    image_key: str,
    proposals_key: str,
    memo: Memo,
) -> Features:
    """The named features of an image and its proposals.

    Raises ValueError for an unknown name, and for an encoder that has no dense features.
    """
    names = check(names)
    if not names:
        return Features()
    fingerprint = models.encoder.fingerprint
    wanted = [name for name in GRIDS if name in names]
    passed: dict[str, np.ndarray] = {}

    def grid(name: str) -> np.ndarray:
        if not passed:  # one pass of the model gives all
            passed.update(_asked(models.encoder, "encode_grids")(image_rgb, wanted))
        return passed[name]

    def region(name: str) -> np.ndarray:
        return np.asarray(_asked(models.encoder, "encode_regions")(image_rgb, found.masks, name))

    grids = {name: memo("grids", image_key, fingerprint, _config(name), partial(grid, name)) for name in wanted}
    regions = {
        name: memo(
            "regions", image_key, fingerprint, {**_config(name), "proposals": proposals_key}, partial(region, name)
        )
        for name in REGIONS if name in names
    }  # fmt: skip
    pooling, empty_text = None, None
    if grids:
        grid_hw = next(iter(grids.values())).shape[:2]
        pooling = memo(
            "pooling", "", "", {"proposals": proposals_key, "grid": list(grid_hw), "version": VERSION},
            lambda: heatmaps.pooling(found.masks, grid_hw).astype(np.float32),
        )  # fmt: skip
    if "clip_surgery" in grids:
        texts = [""]
        empty_text = memo(
            "text_embeddings", "", fingerprint, {"texts": texts}, lambda: models.encoder.encode_texts(texts)
        )[0]
    return Features(grids=grids, regions=regions, pooling=pooling, empty_text=empty_text)


def _config(name: str) -> Mapping[str, Any]:
    return {"feature": name, "version": VERSION}


def _asked(encoder: Any, name: str) -> Any:
    found = getattr(encoder, name, None)
    if found is None:
        raise ValueError(
            "heat maps and masked tokens need an encoder with dense features (an open_clip ViT or ModifiedResNet); "
            f"this one ({type(encoder).__name__}) has none: choose another, or leave these methods out"
        )
    return found
