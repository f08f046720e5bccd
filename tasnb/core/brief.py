"""How finished values show themselves in one line: what they hold, by kind and size, and never a page of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from tasnb.core.tables import printable

LONGEST = 60  # characters of a text, items of a short sequence's repr


def brief(value: Any) -> str:
    """A dataclass in one line; arrays and tables by their kind and shape. For ``__repr__ = brief`` in its body.

    Parameters
    ----------
    value : dataclass instance
        Any.

    Returns
    -------
    str
        Such as "Proposals(masks=bool (15, 256, 256), ..., source='sam')".
    """
    shown = ", ".join(f"{field.name}={_shown(getattr(value, field.name))}" for field in fields(value) if field.repr)
    return printable(" ".join(f"{type(value).__name__}({shown})".splitlines()))


def _shown(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "columns"):
        return f"{value.shape[0]} rows of {value.shape[1]}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype} {value.shape}" if value.shape else str(value)
    if hasattr(type(value), "__dataclass_fields__"):
        return type(value).__name__
    if isinstance(value, Mapping):
        keys = ", ".join(str(key)[:LONGEST] for key in list(value)[:8])
        return f"{{{keys}{', ...' if len(value) > 8 else ''}}}"
    plain = repr(value)
    if " object at 0x" in plain:
        return type(value).__name__
    if len(plain) <= LONGEST:
        return plain
    if isinstance(value, str):
        return f"{plain[: LONGEST - 3]}...'"
    if isinstance(value, tuple | list | frozenset | set):
        return f"{len(value)} items"
    return type(value).__name__
