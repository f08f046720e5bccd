"""Where two records differ: paths with what was expected and what was got."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SURE = 1e-3  # where the best two totals are closer, the last bits of a model decide which one is chosen
LEAST = 1e-3  # the scale of a list of zeros
SHOWN = 20


def differences(expected: Any, got: Any, tolerance: float, path: str = "", scale: float = 1.0) -> Iterator[str]:
    """One line a difference. tolerance: of every number, absolute up to the scale and relative above it.

    scale: 1, in a list the largest number in it, because some scores (Grad-CAM's) are all below a thousandth.
    """
    if isinstance(expected, dict) and isinstance(got, dict):
        margin = expected.get("margin")
        for key in dict.fromkeys([*expected, *got]):
            here = f"{path}/{key}" if path else key
            if key == "choice" and margin is not None and margin <= SURE:
                continue
            if key not in got or key not in expected:
                yield f"{here}: " + ("expected, but missing" if key in expected else "not expected, but there")
            else:
                yield from differences(expected[key], got[key], tolerance, here)
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield f"{path}: expected {len(expected)} items, got {len(got)}"
        largest = max((abs(each) for each in expected if _is_number(each)), default=1.0)
        inside = min(1.0, max(LEAST, largest))
        for place, (one, other) in enumerate(zip(expected, got, strict=False)):
            yield from differences(one, other, tolerance, f"{path}/{place}", inside)
    elif _is_number(expected) and _is_number(got):
        if abs(expected - got) > tolerance * max(scale, abs(expected)):
            yield f"{path}: expected {expected!r}, got {got!r}"
    elif type(expected) is not type(got) or expected != got:
        yield f"{path}: expected {expected!r}, got {got!r}"


def report(found: list[str]) -> str:
    """The first of the differences, and how many there are."""
    more = f"\n... and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{len(found)} differences from the golden record:\n" + "\n".join(found[:SHOWN]) + more


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
