"""The readers of answers: patient with form, plain about what is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tasnb as tn

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
answers = tn.lesson("answers")

SAY = {"expected": "one number", "todo": "count again"}


def test_not_yet_says_what_was_expected_what_came_what_it_looks_like_and_what_to_do() -> None:
    error = NotYet(expected="one number", got="a list", looks_like="an average", todo="give the list")
    assert str(error).splitlines() == [
        "Not yet.", "Expected: one number", "You gave: a list", "It looks like an average", "Next: give the list",
    ]  # fmt: skip
    assert "looks like" not in str(NotYet(expected="one number", got="a list", todo="give the list"))


def test_jupyter_shows_the_message_alone() -> None:
    error = NotYet(got="a list", **SAY)
    assert error._render_traceback_() == ["Not yet.", "Expected: one number", "You gave: a list", "Next: count again"]


def test_ipython_uses_that_hook() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell, shown = InteractiveShell(), []
    shell._showtraceback = lambda etype, value, lines: shown.extend(lines)
    shell.user_ns["NotYet"] = NotYet
    shell.run_cell("raise NotYet(expected='a word', got='a list', todo='think')")
    assert shown == ["Not yet.", "Expected: a word", "You gave: a list", "Next: think"]


def test_long_lines_are_wrapped() -> None:
    error = NotYet(got="word " * 100, **SAY)
    assert max(len(line) for line in error._render_traceback_()) <= answers.WIDTH
    assert "word " * 99 in str(error), "a test or a log finds the words in one line"
    assert max(len(line) for line in repr(Right("word " * 100)).splitlines()) <= answers.WIDTH


@pytest.mark.parametrize("value", [0.25, np.float32(0.25), np.array(0.25), np.array([0.25]), [0.25], "0.25"])
def test_a_number_may_come_in_any_form_but_as_text(value) -> None:
    if isinstance(value, str):
        with pytest.raises(NotYet, match="str"):
            answers.number(value, **SAY)
    else:
        assert answers.number(value, **SAY) == 0.25


@pytest.mark.parametrize(
    ("value", "said"),
    [(..., "the three dots"), (None, "None"), (True, "bool"), (float("nan"), "nan"), ([1, 2], "list"), ({}, "dict"),
     (len, "the function len")],
)  # fmt: skip
def test_what_is_no_number_is_told_apart(value, said: str) -> None:
    with pytest.raises(NotYet, match=said) as caught:
        answers.number(value, **SAY)
    assert "count again" in str(caught.value)


@pytest.mark.parametrize("make", [list, tuple, np.array, pd.Series, iter], ids=lambda m: m.__name__)
def test_numbers_may_come_in_any_sequence(make) -> None:
    assert answers.numbers(make([0.5, 1.0]), 2, **SAY).tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    ("value", "said"),
    [(..., "the three dots"), ([1, 2, 3], r"shape \(3,\)"), (0.5, "a single number"), ("ab", "str"), ({"a": 1}, "dict"),
     ([1, float("nan")], "division by zero"), ([1, "x"], "more than numbers"), ([[1, 2]], "shape")],
)  # fmt: skip
def test_what_are_no_two_numbers_is_told_apart(value, said: str) -> None:
    with pytest.raises(NotYet, match=said):
        answers.numbers(value, 2, **SAY)


def test_a_choice_ignores_case_and_spaces_and_lists_the_words() -> None:
    assert answers.choice(" CROP ", ("crop", "blur"), expected="a style") == "crop"
    for wrong in ("box", 3, ..., ["crop"]):
        with pytest.raises(NotYet, match="'crop', 'blur'"):
            answers.choice(wrong, ("crop", "blur"), expected="a style")


def test_a_function_that_stops_or_gives_nothing_is_told_in_one_line() -> None:
    assert answers.called(max, 1, 2, **SAY) == 2
    with pytest.raises(NotYet, match="ZeroDivisionError: division by zero"):
        answers.called(lambda: 1 / 0, **SAY)
    with pytest.raises(NotYet, match="returns None"):
        answers.called(lambda: None, **SAY)
    with pytest.raises(NotYet, match="returns the three dots"):
        answers.called(lambda: ..., **SAY)
    with pytest.raises(NotYet, match="without brackets"):
        answers.called(3, **SAY)
    with pytest.raises(NotYet, match="the three dots"):
        answers.called(..., **SAY)


def test_a_learner_may_interrupt_the_check() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answers.called(stop, **SAY)


def test_the_first_slip_that_fits_is_named_and_a_right_answer_never() -> None:
    slips = [answers.Slip(2.0, "twice as much", "halve it"), answers.Slip(2.0, "something else", "guess")]
    answers.settle(1.0, 1.0, slips, got="1", **SAY)
    answers.settle(1.001, 1.0, slips, got="1", **SAY)
    with pytest.raises(NotYet, match="twice as much"):
        answers.settle(2.0, 1.0, slips, got="2", **SAY)
    with pytest.raises(NotYet) as caught:
        answers.settle(3.0, 1.0, slips, got="3", **SAY)
    assert caught.value.looks_like == ""
    with pytest.raises(NotYet):
        answers.settle(np.ones(2), np.ones(3), slips, got="ones", **SAY)


def test_long_values_are_shortened_and_arrays_tell_their_shape() -> None:
    assert answers.in_words(np.zeros((3, 4))) == "an array of shape (3, 4)"
    assert len(answers.in_words("x " * 500)) <= 120
