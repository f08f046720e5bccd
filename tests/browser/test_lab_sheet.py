"""The lab sheet is printed on two pages, loads nothing and can be read in both schemes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import guarded_context
from tests.notebooks.pairs import FOLDER

SHEET = FOLDER / "lab_sheet.html"

pytestmark = pytest.mark.slow


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, chromium: Any) -> Iterator[Any]:
    context, problems = guarded_context(chromium, request.param)
    page = context.new_page()
    page.goto(SHEET.as_uri())
    yield page
    context.close()
    assert problems == []


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_it_is_printed_on_two_pages(page: Any, paper: str) -> None:
    margin = dict.fromkeys(("top", "bottom"), "13mm") | dict.fromkeys(("left", "right"), "14mm")
    assert pages_of(page.pdf(format=paper, margin=margin)) == 2
    assert pages_of(page.pdf(prefer_css_page_size=True)) == 2
    page.evaluate("document.querySelector('.page').style.paddingTop = '40mm'")
    assert pages_of(page.pdf(format=paper, margin=margin)) == 3, "a sheet that is too long would be found"


def test_it_is_accessible(page: Any) -> None:
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found] == []
