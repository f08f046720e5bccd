"""What the baselines take from an image beyond TAS: grids of features, and one feature a mask.

Axes: ``r c`` rows and columns of a model's grid, ``n`` proposals, ``d`` embedding dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from tasnb.core.types.arrays import freeze

GRIDS = ("score_map", "clip_surgery", "grad_cam")
REGIONS = ("region_token", "global_local")
FEATURES = (*GRIDS, *REGIONS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """The features of one image by the name of the baseline that reads them; any of them may be absent.

    grids: name -> float32 (r, c, d), one vector a cell, in the text's space. regions: name -> float32 (n, d), unit
    rows, one a proposal. pooling: float32 (n, r, c), how much each cell counts in the mean over a proposal's pixels.
    empty_text: float32 (d,), the embedding of the empty text (CLIP Surgery's redundant feature).
    Raises ValueError for a wrong name, for grids that differ in size, and for parallel arrays that differ in length.
    """

    grids: Mapping[str, Float[np.ndarray, "r c d"]] = field(default_factory=dict)
    regions: Mapping[str, Float[np.ndarray, "n d"]] = field(default_factory=dict)
    pooling: Float[np.ndarray, "n r c"] | None = None
    empty_text: Float[np.ndarray, " d"] | None = None

    def __post_init__(self) -> None:
        for kind, known in (("grids", GRIDS), ("regions", REGIONS)):
            if wrong := sorted(set(getattr(self, kind)) - set(known)):
                raise ValueError(f"{kind}: unknown feature {wrong[0]!r}; choose from {', '.join(known)}")
        rows, columns = next((grid.shape[:2] for grid in self.grids.values()), (None, None))
        grids = {name: freeze(grid, np.float32, name, (rows, columns, None)) for name, grid in self.grids.items()}
        regions = {name: freeze(region, np.float32, name, (None, None)) for name, region in self.regions.items()}
        object.__setattr__(self, "grids", MappingProxyType(grids))
        object.__setattr__(self, "regions", MappingProxyType(regions))
        if self.pooling is not None:
            object.__setattr__(self, "pooling", freeze(self.pooling, np.float32, "pooling", (None, rows, columns)))
        if self.empty_text is not None:
            object.__setattr__(self, "empty_text", freeze(self.empty_text, np.float32, "empty_text", (None,)))
        lengths = {len(each) for each in (*regions.values(), *([] if self.pooling is None else [self.pooling]))}
        if len(lengths) > 1:
            raise ValueError(f"features of one image have one length, got {sorted(lengths)}; run describe() again")

    @property
    def names(self) -> tuple[str, ...]:
        """Which features are here."""
        return (*self.grids, *self.regions)

    @property
    def proposals(self) -> int | None:
        """The number of proposals that these features are about; None where no feature depends on them."""
        parts = [*self.regions.values(), *([] if self.pooling is None else [self.pooling])]
        return len(parts[0]) if parts else None
