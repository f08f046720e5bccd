"""Every exercise of every lesson: an open one tells the kind of answer alone, a hint is there, the recipe is last."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

import pytest

import tasnb as tn
from tests.notebooks.pairs import is_exercise, lessons, read

answers = tn.lesson("answers")


class Asked(NamedTuple):
    """An exercise cell: its lesson's module, its place and its check."""

    module: str
    number: int
    check: str


def exercises() -> list[Asked]:
    found = []
    for path in lessons():
        code = [cell for cell in read(path).cells if cell.cell_type == "code"]
        (module,) = {node.args[0].value for node in ast.walk(ast.parse(code[0].source)) if _is_call(node, "lesson")}
        for number, cell in enumerate(filter(is_exercise, code), start=1):
            found.append(Asked(module, number, ast.parse(cell.source).body[-1].value.func.attr))
    return found


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name


EXERCISES = exercises()
each = pytest.mark.parametrize("asked", EXERCISES, ids=lambda a: f"{a.module}-{a.number}")


def task_of(asked: Asked) -> Any:
    """The Exercise of a cell, found by its number."""
    kinds = vars(tn.lesson(asked.module)).values()
    (found,) = [value for value in kinds if isinstance(value, answers.Exercise) and value.number == asked.number]
    return found


@each
def test_an_open_exercise_tells_the_kind_of_answer_and_neither_hint_nor_recipe(asked: Asked) -> None:
    check = getattr(tn.lesson(asked.module), asked.check)
    wanted = check.__code__.co_argcount
    # nothing but the answer is given: an open exercise must not need the data to say that it is open
    with pytest.raises(answers.NotYet) as caught:
        check(*[...] * wanted)
    task, lines = task_of(asked), caught.value.lines
    assert caught.value.exercise == asked.number
    assert lines[0] == answers.OPEN
    assert lines[1].startswith(f"Expected: {task.expected}")
    assert len(lines) == 2
    assert f"Exercise {asked.number}:" in check.__doc__


@each
def test_the_hint_is_no_recipe_and_the_recipe_no_part_of_a_message(asked: Asked) -> None:
    task = task_of(asked)
    assert 40 <= len(task.hint) <= 260
    assert task.recipe not in task.hint
    assert task.recipe not in str(task.wrong(got="something", looks_like="a slip", mend="do this"))
    assert task.hint not in str(task.wrong(got="something"))
    assert "do this" not in str(task.wrong(got="something", mend="do this"))
    assert task.recipe not in task.expected


@each
def test_every_lesson_has_a_hint_for_each_of_its_exercises(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    task = task_of(asked)
    task.asked, task.mend = False, ""
    for begins in ("Hint: ", "Recipe: ", "Recipe: "):
        tn.lesson(asked.module).hint(asked.number)
        assert capsys.readouterr().out.startswith(begins)
    task.asked = False


def test_the_exercises_of_every_lesson_are_found() -> None:
    assert len(EXERCISES) >= 2 * len(lessons())
    assert len({asked.module for asked in EXERCISES}) == len(lessons())
