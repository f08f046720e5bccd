"""What a learner hands in: read with patience, and refused with what was expected, what it looks like, what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

WIDTH = 80  # of a line in a notebook's error block, so that JupyterLab need not wrap it again
TOLERANCE = 5e-3  # a learner may round to two decimals


@dataclass(frozen=True)
class Right:
    """An exercise is solved. because: what the answer shows, for the notebook."""

    because: str

    def __repr__(self) -> str:
        return textwrap.fill(f"Right. {self.because}", WIDTH)


class NotYet(Exception):
    """An exercise is open or wrong. Jupyter shows the message alone, without a traceback.

    expected: the kind of answer. got: what came, in words. looks_like: the slip that it resembles, "" when it
    resembles none. todo: what to do next.
    """

    def __init__(self, *, expected: str, got: str, todo: str, looks_like: str = "") -> None:
        self.expected, self.got, self.looks_like, self.todo = expected, got, looks_like, todo
        super().__init__("\n".join(self._lines(wrap=False)))

    @property
    def text(self) -> str:
        """The message, a line for each part."""
        return str(self)

    def _lines(self, *, wrap: bool) -> list[str]:
        parts = [("Expected: ", self.expected), ("You gave: ", self.got)]
        parts += [("It looks like ", self.looks_like)] if self.looks_like else []
        said = [name + what for name, what in (*parts, ("Next: ", self.todo))]
        if wrap:
            said = [line for part in said for line in textwrap.wrap(part, WIDTH, subsequent_indent="    ")]
        return ["Not yet.", *said]

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: the lines to show instead of a traceback, wrapped for a notebook."""
        return self._lines(wrap=True)


@dataclass(frozen=True)
class Slip:
    """A typical mistake: the value that it gives, and what to say about it."""

    value: Any
    looks_like: str
    todo: str


def in_words(value: Any) -> str:
    """A value as a reader wants it: short, and of arrays the shape."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.size > 6 else f"the array {np.round(value, 4).tolist()}"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    if callable(value):
        return f"the function {getattr(value, '__name__', 'without a name')}"
    return textwrap.shorten(repr(value), 120, placeholder=" ...")


def given(answer: Any, *, expected: str, todo: str) -> Any:
    """The answer, unless there is none yet: the three dots of an open exercise, or None."""
    if answer is ... or answer is None:
        got = "the three dots, so there is no answer yet" if answer is ... else "None, which is no answer"
        raise NotYet(expected=expected, got=got, todo=todo)
    return answer


def number(answer: Any, *, expected: str, todo: str) -> float:
    """One finite number, from a plain number or an array that holds exactly one."""
    answer = given(answer, expected=expected, todo=todo)
    wrong = NotYet(expected=expected, got=f"{in_words(answer)} ({type(answer).__name__})", todo=todo)
    if isinstance(answer, bool | np.bool_ | str | bytes):
        raise wrong
    try:
        values = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        raise wrong from None
    if values.size != 1 or not np.isfinite(values).all():
        raise wrong
    return float(values.reshape(()))


def numbers(answer: Any, count: int, *, expected: str, todo: str) -> np.ndarray:
    """``count`` finite numbers in their order: float (count,). Lists, tuples, arrays and columns of a table will do."""
    answer = given(answer, expected=expected, todo=todo)
    if isinstance(answer, str | bytes | dict) or callable(answer):
        raise NotYet(expected=expected, got=f"{in_words(answer)} ({type(answer).__name__})", todo=todo)
    try:
        values = np.asarray(list(answer) if np.ndim(answer) != 0 or hasattr(answer, "__iter__") else answer, np.float64)
    except (TypeError, ValueError):
        raise NotYet(expected=expected, got=f"{in_words(answer)}, which holds more than numbers", todo=todo) from None
    if values.shape != (count,):
        got = "a single number" if values.ndim == 0 else f"numbers of shape {values.shape}"
        raise NotYet(expected=f"{expected} (shape ({count},))", got=got, todo=todo)
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise NotYet(
            expected=expected, got=f"{values[place]} at place {place}", todo=todo, looks_like="a division by zero"
        )
    return values


def choice(answer: Any, choices: Sequence[str], *, expected: str) -> str:
    """One of the words, in any case, spaces around it ignored."""
    todo = f"choose one of {', '.join(repr(word) for word in choices)}"
    answer = given(answer, expected=expected, todo=todo)
    word = answer.strip().lower() if isinstance(answer, str) else answer
    if word not in choices:
        raise NotYet(expected=expected, got=in_words(answer), todo=todo)
    return str(word)


def called(function: Any, *arguments: Any, expected: str, todo: str) -> Any:
    """What the learner's function returns; what stops it is told in one line."""
    function = given(function, expected=expected, todo=todo)
    if not callable(function):
        hint = "give the function itself, without brackets behind its name"
        raise NotYet(expected=expected, got=f"{in_words(function)} ({type(function).__name__})", todo=hint)
    try:
        result = function(*arguments)
    except Exception as error:  # whatever a learner's code raises belongs in the message
        got = f"a function that stops with {type(error).__name__}: {error}"
        raise NotYet(expected=expected, got=got, todo=f"mend that line first; then {todo}") from None
    if result is None or result is ...:
        got = f"a function that returns {'None' if result is None else 'the three dots'}"
        raise NotYet(expected=expected, got=got, todo=f"end the function with return; {todo}")
    return result


def settle(
    value: Any, right: Any, slips: Sequence[Slip], *, expected: str, got: str, todo: str, tolerance: float = TOLERANCE
) -> None:
    """Raise NotYet unless value is close to right everywhere; a known slip is named, the first that fits.

    value, right: numbers or arrays. tolerance: absolute.
    """
    if not _close(value, right, tolerance):
        refuse(value, slips, expected=expected, got=got, todo=todo, tolerance=tolerance)


def refuse(
    value: Any, slips: Sequence[Slip], *, expected: str, got: str, todo: str, tolerance: float = TOLERANCE
) -> NoReturn:
    """Raise NotYet for a wrong value, with the first slip that gives the same value."""
    for slip in slips:
        if _close(value, slip.value, tolerance):
            raise NotYet(expected=expected, got=got, looks_like=slip.looks_like, todo=slip.todo)
    raise NotYet(expected=expected, got=got, todo=todo)


def _close(a: Any, b: Any, tolerance: float) -> bool:
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=False))
