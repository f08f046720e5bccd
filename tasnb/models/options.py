"""Checked options of the mask proposers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError


@dataclass(frozen=True, kw_only=True)
class ProposerOptions:
    """Checked options of a mask proposer: a number with a default in [0, 1] stays there, an integer is not too small.

    An integer is at least 1, or what its field's metadata name as ``least``.

    Raises
    ------
    ValueError
        For a value outside its range.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            value, least = getattr(self, field.name), field.metadata.get("least", 1)
            if isinstance(field.default, float):
                if not isinstance(value, int | float) or not 0 <= value <= 1:
                    raise UserError(f"{field.name}: expected a number in [0, 1], got {value!r:.80}")
            elif not isinstance(value, int) or value < least:
                raise UserError(f"{field.name}: expected an integer of at least {least}, got {value!r:.80}")

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Make the options from words of a user.

        Parameters
        ----------
        given : mapping of str to value
            Some of the fields; the others keep their defaults.

        Returns
        -------
        ProposerOptions
            Of the class that was asked.

        Raises
        ------
        ValueError
            For an unknown field, listing the choices, and for a value outside its range.
        """
        require_known("proposer option", given, [field.name for field in fields(cls)])
        return cls(**given)
