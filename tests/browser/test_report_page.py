"""The report page in a real browser: alone, in light and dark, with hostile text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tests.browser.alone import in_both_schemes


@pytest.fixture(scope="module")
def report_file(toy_case, toy_models, tmp_path_factory) -> Path:
    sample, artifacts = toy_case
    answer = tn.tas(artifacts, sample.expression, toy_models)
    path = tmp_path_factory.mktemp("report") / "report.html"
    return tn.report.answer(sample.image, answer, path, target=sample.target, models_name="toy")


def test_the_page_stands_alone(report_file: Path, page: Any) -> None:
    page.goto(report_file.as_uri())
    assert page.locator("h1").count() == 1
    broken = page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length")
    assert broken == 0
    assert page.evaluate("[...document.images].every(i => i.alt)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off sideways"


def test_text_keeps_its_contrast(report_file: Path, page: Any) -> None:
    """WCAG AA: body text has at least 4.5 : 1 against its background in both colour schemes."""
    page.goto(report_file.as_uri())
    for scheme in in_both_schemes(page):
        ratio = page.evaluate(
            """() => {
              const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
                  .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
                return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2] };
              const main = getComputedStyle(document.querySelector('.tn'));
              const back = light(main.backgroundColor);
              return Math.min(...['p', 'td', 'th', '.soft', '.in'].map(s => {
                const node = document.querySelector('.tn ' + s);
                const ink = light(getComputedStyle(node).color);
                return (Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05) })) }"""
        )
        assert ratio >= 4.5, scheme


def test_hostile_text_stays_text(toy_case, toy_models, page: Any, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    nasty = "<img src=x onerror=console.error('ran')><script>console.error('ran')</script>"
    poisoned = replace(artifacts, captions={"blur": (nasty,) * len(artifacts.proposals)}, overall_caption=nasty)
    answer = tn.tas(poisoned, f"cat {nasty}", toy_models)
    tn.report.answer(sample.image, answer, tmp_path / "nasty.html")
    page.goto((tmp_path / "nasty.html").as_uri())
    assert page.locator("script").count() == 0
    assert "<script>" in page.locator("h1").inner_text()
