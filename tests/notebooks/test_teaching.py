"""The teacher's guide is true: every lesson, heading, exercise, file, function, viewer and command in it exists."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from typer.main import get_command

import tasnb as tn
from tasnb.cli import app
from tests.notebooks.pairs import FOLDER, SLIDES, lessons, read

teaching = tn.lesson("teaching")

GUIDE = (FOLDER / "TEACHING.md").read_text(encoding="utf-8")
PROSE = re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL)
LINKS = re.findall(r"\[([^\]]+)\]\(([^)]+)\)", PROSE)
SPANS = re.findall(r"`([^`]+)`", PROSE)
NAMES: dict[str, Any] = {"tn": tn, "teaching": teaching, "quiz": tn.viewers.predict.__globals__["Quiz"]}


def headings_and_exercises(path: Path) -> set[str]:
    texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    found = {line.lstrip("# ").strip() for text in texts for line in text.splitlines() if line.startswith("## ")}
    return found | {name for text in texts for name in re.findall(r"\*\*(Exercise \d)\.\*\*", text)}


def problems_of(links: list[tuple[str, str]]) -> Iterator[str]:
    """What is wrong with links: a file that is missing, or a heading or exercise that the lesson does not have."""
    for text, target in links:
        path = FOLDER / target
        if not path.exists():
            yield f"{target} does not exist"
        elif " · " in text:
            number, _, part = text.partition(" · ")
            if not target.startswith(f"{number}_"):
                yield f"{text!r} leads to {target}"
            elif part not in headings_and_exercises(path):
                yield f"{target} has no {part!r}"


def resolve(dotted: str) -> Any:
    first, *rest = dotted.split(".")
    found = NAMES[first]
    for name in rest:
        found = getattr(found, name)
    return found


def test_every_link_leads_to_a_lesson_a_heading_or_an_exercise() -> None:
    assert len([text for text, _ in LINKS if " · " in text]) > 40
    assert list(problems_of(LINKS)) == []


def test_a_wrong_link_would_be_found() -> None:
    wrong = [("05 · No such heading", "05_spatial_rectifier.ipynb"), ("01 · A run", "06_full_evaluation.ipynb"),
             ("x", "none.md"), ("02 · Exercise 9", "02_v_score.ipynb")]  # fmt: skip
    assert len(list(problems_of(wrong))) == len(wrong)


def test_the_lessons_of_the_plans_are_linked() -> None:
    targets = {target for _, target in LINKS}
    assert {path.name for path in lessons()} <= targets


@pytest.mark.parametrize("span", [span for span in SPANS if re.match(r"(tn|teaching|quiz)\.", span)])
def test_every_function_that_it_names_exists(span: str) -> None:
    call = ast.parse(span, mode="eval").body
    assert callable(resolve(ast.unparse(call.func if isinstance(call, ast.Call) else call)))


@pytest.mark.parametrize("span", [span for span in SPANS if re.fullmatch(r"explore|[a-z]+_view", span)])
def test_every_viewer_that_it_names_exists_and_works_in_a_frozen_page(span: str) -> None:
    assert callable(getattr(tn.viewers, span))
    assert "export function mount" in tn.viewers.assets.source(span)


@pytest.mark.parametrize("span", [span for span in SPANS if span.startswith(("tasnb ", "make "))])
def test_every_command_that_it_names_exists(span: str) -> None:
    program, command, *rest = shlex.split(span)
    if program == "make":
        assert re.search(rf"^{command}:", (FOLDER.parent / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
        return
    commands = get_command(app).commands
    assert command in commands
    options = {name for parameter in commands[command].params for name in parameter.opts}
    assert {part for part in rest if part.startswith("--")} <= options
    assert all((FOLDER.parent / part).exists() for part in rest if part.endswith(".ipynb"))


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL))
def test_its_code_runs(block: str, toy_models, monkeypatch, warm_cache: Path) -> None:
    monkeypatch.setenv("TASNB_CACHE", str(warm_cache))
    space: dict[str, Any] = {}
    exec(block, space)
    assert space["quiz"].case["of"] == len(space["cases"]) >= 3
    assert str(space["quiz"].check(0))
    space["quiz"].vote(0, 12)
    assert space["quiz"].reveal()


def test_the_minutes_of_each_plan_add_up() -> None:
    plans = dict(re.findall(r"## Plan \w: ([^\n]+)\n(.*?)(?=\n## )", GUIDE, re.DOTALL))
    assert len(plans) == 5
    for title, body in plans.items():
        wanted = int(re.search(r"(\d+) minutes", title)[1]) * (3 if "three sessions" in title else 1)
        rows = [line.split("|") for line in body.splitlines() if line.startswith("|")]
        minutes = [int(cell) for row in rows for cell in row if cell.strip().isdigit()]
        assert sum(minutes) == wanted, title


def test_the_lab_sheet_asks_what_the_lesson_asks_and_the_guide_has_its_answers() -> None:
    sheet = BeautifulSoup((FOLDER / "lab_sheet.html").read_text(encoding="utf-8"), "html.parser")
    expressions = [cell.get_text() for cell in sheet.select(".readings tbody th")]
    assert expressions == list(tn.lesson("spatial_rectifier").READINGS)
    assert [tick.get_text() for tick in sheet.select(".causes .tick")] == list(tn.analysis.CAUSES)
    centres = np.array([(float(dot["data-x"]), float(dot["data-y"])) for dot in sheet.select("g.centre")])
    assert [dot.get_text() for dot in sheet.select("g.centre")] == [str(k + 1) for k in range(len(centres))]
    assert all(f"{k} at x {x:g}, y {y:g}" in sheet.svg["aria-label"] for k, (x, y) in enumerate(centres, start=1))
    said = tn.lesson("spatial_rectifier").said

    def stay(direction: str, points: np.ndarray = centres) -> str:
        numbers = [str(place + 1) for place in np.flatnonzero(tn.spatial.rectify(said(direction), points)[0])]
        return " and ".join([", ".join(numbers[:-1]), numbers[-1]])

    x, y = np.median(centres, axis=0)
    both = np.flatnonzero((centres < (x, y)).all(axis=1)) + 1
    assert f"the medians are x = {x:g} and y = {y:g}, left are {stay('left')}, right {stay('right')}" in GUIDE
    assert f"top {stay('top')}, top left is {both.item()}" in GUIDE
    grass = np.vstack([centres, [[2.0, 40.0], [2.0, 60.0], [3.0, 80.0]]])
    assert f"to {np.median(grass[:, 0]):g}: then 3 is a right one" in GUIDE
    assert stay("left", grass) == "1, 2, 8, 9 and 10"


def test_it_has_every_verdict_of_the_marks_and_the_command_for_slides() -> None:
    rows = re.findall(r"^\| ([a-z ]+) \| (?!it means)", GUIDE, flags=re.MULTILINE)
    assert set(teaching.VERDICTS) <= set(rows)
    (command,) = [line.split() for line in GUIDE.splitlines() if "nbconvert" in line and line.startswith("    ")]
    assert command[:4] == ["jupyter", "nbconvert", "--to", "slides"]
    assert Path(command[-1]).stem in SLIDES


def test_it_is_in_the_style_of_the_lessons() -> None:
    assert "!" not in GUIDE.replace("!=", "")
    assert re.findall(r"https?://|(?:^|[\s(=])/(?:home|work|tmp|usr|root|mnt)\b", GUIDE) == []
    assert "TEACHING.md" in (FOLDER / "README.md").read_text(encoding="utf-8")
