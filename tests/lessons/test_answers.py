"""The readers of answers: patient with form, plain about what is wrong, and silent about how to do it until asked."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import tasnb as tn

answers = tn.lesson("answers")
NotYet, Right, Slip = answers.NotYet, answers.Right, answers.Slip


@pytest.fixture
def task():
    return answers.Exercise(2, expected="one number", hint="look at your fingers", recipe="count again")


def said_by(call, *arguments, **options) -> str:
    with pytest.raises(NotYet) as caught:
        call(*arguments, **options)
    return str(caught.value)


def test_an_open_exercise_says_what_is_expected_and_nothing_else(task) -> None:
    assert said_by(task.given, ...).splitlines() == ["No answer yet.", "Expected: one number"]


def test_a_wrong_answer_is_told_with_its_slip_and_where_a_hint_is(task) -> None:
    error = task.wrong(got="a list", looks_like="an average", mend="give the list")
    assert str(error).splitlines() == [
        "Not yet.", "Expected: one number", "You gave: a list", "It looks like an average",
        "lesson.hint(2) prints a hint.",
    ]  # fmt: skip
    assert error.exercise == 2
    assert "It resembles no slip that this check knows." in str(task.wrong(got="a list"))


def test_a_hint_comes_first_then_the_mend_of_the_slip_and_the_recipe(task, capsys) -> None:
    hint = answers.hints(task, answers.Exercise(3, expected="a word", hint="think", recipe="say yes"))
    said_by(task.settle, 2.0, 1.0, [Slip(2.0, "twice as much", "halve it")])
    hint(2)
    assert capsys.readouterr().out == "Hint: look at your fingers\nAsk again for the recipe.\n"
    hint(2)
    assert capsys.readouterr().out == "Your last answer: halve it\nRecipe: count again\n"
    said_by(task.settle, 3.0, 1.0, [Slip(2.0, "twice as much", "halve it")])
    hint(2)
    assert capsys.readouterr().out == "Recipe: count again\n", "the mend of an answer that was changed is not told"
    hint(3)
    assert capsys.readouterr().out.startswith("Hint: think"), "each exercise counts for itself"
    with pytest.raises(ValueError, match="no exercise 4; choose from 2, 3"):
        hint(4)


def test_jupyter_shows_the_message_alone(task) -> None:
    assert task.wrong(got="a list")._render_traceback_()[:3] == ["Not yet.", "Expected: one number", "You gave: a list"]


def test_ipython_uses_that_hook(task) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell, shown = InteractiveShell(), []
    shell._showtraceback = lambda etype, value, lines: shown.extend(lines)
    shell.user_ns["task"] = task
    shell.run_cell("task.given(...)")
    assert shown == ["No answer yet.", "Expected: one number"]


def test_long_lines_are_wrapped(task, capsys) -> None:
    error = task.wrong(got="word " * 100)
    assert max(len(line) for line in error._render_traceback_()) <= answers.WIDTH
    assert "word " * 99 in str(error), "a test or a log finds the words in one line"
    assert max(len(line) for line in repr(Right("word " * 100)).splitlines()) <= answers.WIDTH
    answers.hints(answers.Exercise(1, expected="", hint="word " * 100, recipe=""))(1)
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= answers.WIDTH


@pytest.mark.parametrize("value", [0.25, np.float32(0.25), np.array(0.25), np.array([0.25]), [0.25]])
def test_a_number_may_come_in_any_form(value, task) -> None:
    assert task.number_of(value) == 0.25


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "None"), ("0.25", "str"), (True, "bool"), (float("nan"), "a division by zero"), ([1, 2], "list"),
        ({}, "dict"), (len, "the function len"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_told_apart(value, said: str, task) -> None:
    assert said in said_by(task.number_of, value)


@pytest.mark.parametrize("make", [list, tuple, np.array, pd.Series, iter], ids=lambda m: m.__name__)
def test_numbers_may_come_in_any_sequence(make, task) -> None:
    assert task.numbers_of(make([0.5, 1.0]), 2).tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([1, 2, 3], "shape (3,)"), (0.5, "a single number"), ("ab", "str"), ({"a": 1}, "dict"),
        ([1, float("nan")], "division by zero"), ([1, "x"], "more than numbers"), ([[1, 2]], "shape"),
    ],
)  # fmt: skip
def test_what_are_no_two_numbers_is_told_apart(value, said: str, task) -> None:
    assert said in said_by(task.numbers_of, value, 2)


@pytest.mark.parametrize(
    ("value", "still"),
    [(..., ""), ((..., ...), ""), ((1, ...), "part 2"), ({"a": ..., "b": 3}, "a"), (iter([1, ...]), "part 2")],
)
def test_a_part_that_is_left_open_is_named(value, still: str, task) -> None:
    lines = said_by(task.numbers_of, value, 2).splitlines()
    assert lines[0] == "No answer yet."
    assert lines[2:] == ([f"Still open: {still}"] if still else [])


def test_a_choice_ignores_case_and_spaces_and_lists_the_words(task) -> None:
    assert task.choice_of(" CROP ", ("crop", "blur")) == "crop"
    for wrong in ("box", 3, ..., ["crop"]):
        assert "Expected: one number: one of 'crop', 'blur'" in said_by(task.choice_of, wrong, ("crop", "blur"))


def test_a_text_is_not_empty(task) -> None:
    assert task.text_of(" the cat ") == "the cat"
    assert "You gave: ' ' (str)" in said_by(task.text_of, " ")
    assert "You gave: place = 3 (int)" in said_by(task.text_of, 3, "place")


def test_a_function_that_stops_or_gives_nothing_is_told_in_one_line(task) -> None:
    assert task.called(max, 1, 2) == 2
    assert "ZeroDivisionError: division by zero" in said_by(task.called, lambda: 1 / 0)
    assert "returns None" in said_by(task.called, lambda: None)
    assert "a value, not a function" in said_by(task.called, 3)
    for nothing in (lambda: ..., lambda: (..., 2), ...):
        assert said_by(task.called, nothing).startswith("No answer yet.")


def test_a_learner_may_interrupt_the_check(task) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        task.called(stop)


def test_the_first_slip_that_fits_is_named_and_a_right_answer_never(task) -> None:
    slips = [Slip(2.0, "twice as much", "halve it"), Slip(2.0, "something else", "guess")]
    task.settle(1.0, 1.0, slips)
    task.settle(1.001, 1.0, slips)
    assert "twice as much" in said_by(task.settle, 2.0, 1.0, slips)
    assert answers.NO_SLIP in said_by(task.settle, 3.0, 1.0, slips)
    assert answers.NO_SLIP in said_by(task.settle, np.ones(2), np.ones(3), slips)


def test_long_values_are_shortened_and_arrays_tell_their_shape() -> None:
    assert answers.in_words(np.zeros((3, 4))) == "an array of shape (3, 4)"
    assert len(answers.in_words("x " * 500)) <= 120
    assert answers.in_words(SimpleNamespace(a=1)) == "namespace(a=1)"
