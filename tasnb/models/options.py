"""Options of adapters: a word that is unknown and a number out of range are errors that say what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


def require_known(what: str, given: str | Iterable[str], choices: Iterable[str], hint: str = "") -> None:
    """Refuse a word that is not among the choices.

    Parameters
    ----------
    what : str
        What the word stands for, such as "device".
    given : str or iterable of str
        One word, or several that are all to be known.
    choices : iterable of str
        The words that are known.
    hint : str
        What else could be given, after the choices.

    Raises
    ------
    ValueError
        For the first unknown word, listing the choices.
    """
    words, known = [given] if isinstance(given, str) else sorted(given), list(choices)
    if unknown := [word for word in words if word not in known]:
        raise ValueError(f"unknown {what} {unknown[0]!r}; choose from {', '.join(known)}{hint}")


def require_positive(**numbers: int | None) -> None:
    """Refuse a number below 1; None passes.

    Parameters
    ----------
    **numbers : int or None
        By the names that an error gives them.

    Raises
    ------
    ValueError
        For the first number below 1.
    """
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name}: expected at least 1, got {number}")


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
                if not 0 <= value <= 1:
                    raise ValueError(f"{field.name}: expected a number in [0, 1], got {value}")
            elif not isinstance(value, int) or value < least:
                raise ValueError(f"{field.name}: expected an integer of at least {least}, got {value!r}")

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
