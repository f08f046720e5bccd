"""The lab sheet is printed on two pages, loads nothing and can be read in both schemes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.alone import violations
from tests.notebooks.pairs import FOLDER

SHEET = FOLDER / "lab_sheet.html"

pytestmark = pytest.mark.slow


@pytest.fixture
def sheet(page: Any) -> Any:
    page.goto(SHEET.as_uri())
    return page


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_it_is_printed_on_two_pages(sheet: Any, paper: str) -> None:
    margin = dict.fromkeys(("top", "bottom"), "13mm") | dict.fromkeys(("left", "right"), "14mm")
    assert pages_of(sheet.pdf(format=paper, margin=margin)) == 2
    assert pages_of(sheet.pdf(prefer_css_page_size=True)) == 2
    sheet.evaluate("document.querySelector('.page').style.paddingTop = '40mm'")
    assert pages_of(sheet.pdf(format=paper, margin=margin)) == 3, "a sheet that is too long would be found"


def test_it_is_accessible(sheet: Any) -> None:
    assert violations(sheet) == []
