"""What a learner hands in: read with patience, and answered step by step.

Each exercise of a lesson is an ``Exercise``; its check reads the answer with it. No answer: what kind of answer is
expected, and nothing else. A wrong one: the slip that it resembles. ``lesson.hint(2)``: the hint of exercise 2, and
asked once more, what mends the slip, and the recipe.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

WIDTH = 80  # of a line in a notebook's error block, so that JupyterLab need not wrap it again
TOLERANCE = 5e-3  # a learner may round to two decimals
OPEN, WRONG = "No answer yet.", "Not yet."  # how a message begins; ``teaching.marks`` reads it
NO_SLIP = "It resembles no slip that this check knows."
ANOTHER_KIND = "another kind of answer than the expected one"


@dataclass(frozen=True)
class Right:
    """An exercise is solved. because: what the answer shows, for the notebook."""

    because: str

    def __repr__(self) -> str:
        return textwrap.fill(f"Right. {self.because}", WIDTH)


class NotYet(Exception):
    """An exercise is open or wrong. Jupyter shows the message alone, without a traceback. lines: its parts, in order.

    exercise: its number.
    """

    def __init__(self, exercise: int, lines: Sequence[str]) -> None:
        self.exercise, self.lines = exercise, list(lines)
        super().__init__("\n".join(lines))

    @property
    def text(self) -> str:
        """The message, a line for each part."""
        return str(self)

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: the lines to show instead of a traceback, wrapped for a notebook."""
        return [line for part in self.lines for line in textwrap.wrap(part, WIDTH, subsequent_indent="    ")]


@dataclass(frozen=True)
class Slip:
    """A typical mistake: the value that it gives, what to say about it, and what mends it, told with the recipe."""

    value: Any
    looks_like: str
    mend: str


@dataclass
class Exercise:
    """One exercise of a lesson. It reads answers, and says as much as helps at that point.

    expected: the kind of answer, told from the start. hint: told when it is asked for. recipe: told when it is asked
    for again, after the mend of the last answer's slip.
    """

    number: int
    expected: str
    hint: str
    recipe: str
    asked: bool = False
    mend: str = ""

    def next_hint(self) -> str:
        """The hint; from the second call on what mends the last answer's slip, where it was known, and the recipe."""
        if not self.asked:
            self.asked = True
            return f"Hint: {self.hint}\nAsk again for the recipe."
        return "\n".join([*([f"Your last answer: {self.mend}"] if self.mend else []), f"Recipe: {self.recipe}"])

    def wrong(self, *, got: str, looks_like: str = "", mend: str = "", expected: str = "") -> NotYet:
        """The error for a wrong answer, to be raised. got: what came, in words. looks_like: "" for no known slip."""
        self.mend = mend
        said = [f"Expected: {expected or self.expected}", f"You gave: {got}"]
        said.append(f"It looks like {looks_like}" if looks_like else NO_SLIP)
        return NotYet(self.number, [WRONG, *said, f"lesson.hint({self.number}) prints a hint."])

    def given(self, answer: Any, *, expected: str = "") -> Any:
        """The answer, unless it is open: the three dots, or a list, tuple or dict with some of them left in it."""
        parts: dict[Any, Any] = {}
        if isinstance(answer, Mapping):
            parts = dict(answer)
        elif isinstance(answer, list | tuple):
            parts = {f"part {place}": part for place, part in enumerate(answer, start=1)}
        dots = [str(name) for name, part in parts.items() if part is ...]
        if answer is ... or dots:
            some = [f"Still open: {', '.join(dots)}"] if len(dots) < len(parts) else []
            raise NotYet(self.number, [OPEN, f"Expected: {expected or self.expected}", *some])
        if answer is None:
            raise self.wrong(got="None", looks_like="the value of a call that returns nothing", expected=expected)
        return answer

    def number_of(self, answer: Any) -> float:
        """One finite number, from a plain number or an array that holds exactly one."""
        answer = self.given(answer)
        got = f"{in_words(answer)} ({type(answer).__name__})"
        if isinstance(answer, bool | np.bool_ | str | bytes):
            raise self.wrong(got=got, looks_like=ANOTHER_KIND)
        try:
            values = np.asarray(answer, dtype=np.float64)
        except (TypeError, ValueError):
            raise self.wrong(got=got, looks_like=ANOTHER_KIND) from None
        if values.size != 1:
            raise self.wrong(got=got, looks_like=ANOTHER_KIND)
        if not np.isfinite(values).all():
            raise self.wrong(got=got, looks_like="a division by zero")
        return float(values.reshape(()))

    def numbers_of(self, answer: Any, count: int) -> np.ndarray:
        """``count`` finite numbers in their order: float (count,). Any list, tuple, array or column will do."""
        answer, expected = self.given(answer), f"{self.expected} (shape ({count},))"
        if isinstance(answer, str | bytes | dict) or callable(answer):
            raise self.wrong(got=f"{in_words(answer)} ({type(answer).__name__})", looks_like=ANOTHER_KIND)
        listed = list(answer) if np.ndim(answer) != 0 or hasattr(answer, "__iter__") else answer
        try:
            values = np.asarray(self.given(listed), np.float64)
        except (TypeError, ValueError):
            got = f"{in_words(answer)}, which holds more than numbers"
            raise self.wrong(got=got, looks_like=ANOTHER_KIND) from None
        if values.shape != (count,):
            got = "a single number" if values.ndim == 0 else f"numbers of shape {values.shape}"
            raise self.wrong(got=got, looks_like="another number of numbers", expected=expected)
        if not np.isfinite(values).all():
            place = int(np.flatnonzero(~np.isfinite(values))[0])
            raise self.wrong(got=f"{values[place]} at place {place}", looks_like="a division by zero")
        return values

    def choice_of(self, answer: Any, choices: Sequence[str]) -> str:
        """One of the words, in any case, spaces around it ignored."""
        expected = f"{self.expected}: one of {', '.join(map(repr, choices))}"
        answer = self.given(answer, expected=expected)
        word = answer.strip().lower() if isinstance(answer, str) else answer
        if word not in choices:
            raise self.wrong(got=in_words(answer), looks_like=ANOTHER_KIND, expected=expected)
        return str(word)

    def text_of(self, answer: Any, name: str = "") -> str:
        """A text that is not empty, without the spaces around it. name: of one answer among several."""
        answer = answer if answer is None else self.given(answer)
        if not isinstance(answer, str) or not answer.strip():
            got = f"{name} = " * bool(name) + f"{in_words(answer)} ({type(answer).__name__})"
            raise self.wrong(got=got, looks_like=ANOTHER_KIND)
        return answer.strip()

    def called(self, function: Any, *arguments: Any) -> Any:
        """What the learner's function returns; what stops it is told in one line."""
        function = self.given(function)
        if not callable(function):
            raise self.wrong(
                got=f"{in_words(function)} ({type(function).__name__})", looks_like="a value, not a function",
                mend="give the function itself, without brackets behind its name",
            )  # fmt: skip
        try:
            result = function(*arguments)
        except Exception as error:  # whatever a learner's code raises belongs in the message
            got = f"a function that stops with {type(error).__name__}: {error}"
            raise self.wrong(got=got, looks_like="code that fails", mend="mend that line first") from None
        if result is None:
            raise self.wrong(got="a function that returns None", looks_like="a function without return",
                             mend="end the function with return")  # fmt: skip
        return self.given(result)

    def settle(
        self, value: Any, right: Any, slips: Sequence[Slip], *, got: str = "", tolerance: float = TOLERANCE
    ) -> None:
        """Raise NotYet unless value is close to right everywhere; a known slip is named, the first that fits.

        value, right: numbers or arrays. tolerance: absolute.
        """
        if not _close(value, right, tolerance):
            self.refuse(value, slips, got=got, tolerance=tolerance)

    def refuse(self, value: Any, slips: Sequence[Slip], *, got: str = "", tolerance: float = TOLERANCE) -> NoReturn:
        """Raise NotYet for a wrong value, with the first slip that gives the same value."""
        for slip in slips:
            if _close(value, slip.value, tolerance):
                raise self.wrong(got=got or in_words(value), looks_like=slip.looks_like, mend=slip.mend)
        raise self.wrong(got=got or in_words(value))


def hints(*exercises: Exercise) -> Callable[[int], None]:
    """A lesson's ``hint``, which prints the hint of an exercise by its number, and asked again its recipe."""
    known = {exercise.number: exercise for exercise in exercises}

    def hint(number: int) -> None:
        """Print the hint of an exercise; asked again, what mends the slip of your last answer, and the recipe."""
        if number not in known:
            raise ValueError(f"this lesson has no exercise {number!r}; choose from {', '.join(map(str, known))}")
        said = known[number].next_hint().splitlines()
        print("\n".join(line for part in said for line in textwrap.wrap(part, WIDTH, subsequent_indent="    ")))

    return hint


def in_words(value: Any) -> str:
    """A value as a reader wants it: short, and of arrays the shape."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.size > 6 else f"the array {np.round(value, 4).tolist()}"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    if callable(value):
        return f"the function {getattr(value, '__name__', 'without a name')}"
    return textwrap.shorten(repr(value), 120, placeholder=" ...")


def _close(a: Any, b: Any, tolerance: float) -> bool:
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=False))
