"""The five evaluation protocols of METHOD section 4, and the IoU of a unit under each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from jaxtyping import Float, Integer


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How units become figures.

    unit: "sentence", or "ref" (all sentences of one object merged). skips_unanswered: a unit without any proposal
    leaves both metrics; otherwise it is an empty mask. iou_of_nothing: the IoU where the union is 0.
    passes: how an IoU meets the threshold t of Pr@t, None where the protocol has no Pr@t.
    """

    unit: Literal["sentence", "ref"] = "sentence"
    skips_unanswered: bool = False
    iou_of_nothing: float = 0.0
    passes: Literal[">", ">="] | None = ">"


# each is what that system's released evaluation code does (METHOD, section 4)
PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        "tas": Protocol(),
        "global-local": Protocol(skips_unanswered=True, passes=None),
        "lavt": Protocol(passes=">="),
        "iterprime": Protocol(iou_of_nothing=1.0),
        "car": Protocol(unit="ref", passes=">="),
    }
)


def find(protocol: str) -> Protocol:
    """The protocol of that name. Raises ValueError that lists the names."""
    if protocol not in PROTOCOLS:
        raise ValueError(f"unknown protocol {protocol!r}; choose from {', '.join(PROTOCOLS)}")
    return PROTOCOLS[protocol]


def iou(
    intersections: Integer[np.ndarray, " n"], unions: Integer[np.ndarray, " n"], *, protocol: str = "tas"
) -> Float[np.ndarray, " n"]:
    """IoU of each unit, 0..1; where the union is 0 the protocol says 0 or 1.

    >>> iou(np.array([1, 0]), np.array([4, 0])).tolist()
    [0.25, 0.0]
    >>> iou(np.array([1, 0]), np.array([4, 0]), protocol="iterprime").tolist()
    [0.25, 1.0]
    """
    nothing = np.full(len(unions), find(protocol).iou_of_nothing)
    return np.divide(intersections, unions, out=nothing, where=unions > 0)
