"""The methods that TAS is compared with (paper, Table 1), each with the signature of ``tas``.

``text_only`` and ``clip_only`` need what TAS needs. The others read features of the image that ``describe`` computes
when it is asked to:

    artifacts = tn.describe(image, models, features=tn.baselines.FEATURES)
    tn.baselines.grad_cam(artifacts, "the left cat", models)
    tn.baselines.heatmap(artifacts, "the left cat", models, method="grad-cam")     # float (h, w), for pictures

All choose among the same proposals, none uses the spatial rectifier, and a tie keeps the earlier proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from tasnb.core.types import FEATURES
from tasnb.pipeline.baselines.maps import clip_surgery, grad_cam, heatmap, score_map
from tasnb.pipeline.baselines.masked import global_local, region_token
from tasnb.pipeline.baselines.single import clip_only, text_only

__all__ = [
    "FEATURES",
    "READS",
    "clip_only",
    "clip_surgery",
    "features_of",
    "global_local",
    "grad_cam",
    "heatmap",
    "region_token",
    "score_map",
    "text_only",
]

# method -> the feature that it reads
READS: Mapping[Callable[..., Any], str] = MappingProxyType(
    {
        score_map: "score_map", grad_cam: "grad_cam", clip_surgery: "clip_surgery", region_token: "region_token",
        global_local: "global_local",
    }
)  # fmt: skip


def features_of(methods: Iterable[Callable[..., Any]]) -> tuple[str, ...]:
    """What ``describe`` must compute for these methods; functions of ``functools.partial`` count as what they wrap."""
    read = {READS.get(_inner(method)) for method in methods}
    return tuple(name for name in FEATURES if name in read)


def _inner(method: Any) -> Any:
    while isinstance(method, partial):
        method = method.func
    return method
