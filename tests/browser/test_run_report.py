"""The report of a run in a real browser: alone, in light and dark, on paper, for everyone, with hostile text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasnb import analysis, cli, report
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.runs import Run
from tests.browser.alone import in_both_schemes, serious

NASTY = "<img src=x onerror=console.error('ran')><script>console.error('ran')</script> \"quoted\" 🙂 "
CPU = {"device": "cpu"}


@pytest.fixture(scope="module")
def run(reftoy_val, warm_store, tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("report") / "run"
    return evaluate(
        reftoy_val[:50], "toy", methods=["tas", "clip-only"], out=folder, store=warm_store, model_options=CPU
    )


@pytest.fixture(scope="module")
def other(reftoy_val, warm_store, tmp_path_factory) -> Run:
    """The same sentences without N, so that something flips."""
    folder = tmp_path_factory.mktemp("report") / "other"
    return evaluate(reftoy_val[:50], "toy", methods=["tas"], lam=0.0, out=folder, store=warm_store, model_options=CPU)


@pytest.fixture(scope="module")
def report_file(run, other) -> Path:
    return report.run([run], run.folder / "report.html", against=[other])


@pytest.fixture(scope="module")
def board_file(run, other) -> Path:
    """Both on one page, and another method of the first."""
    board = analysis.leaderboard([run, other], methods=["tas", "clip-only"])
    return report.leaderboard(board, run.folder / "leaderboard.html")


@pytest.fixture(params=["report", "leaderboard"])
def page_file(request, report_file: Path, board_file: Path) -> Path:
    return {"report": report_file, "leaderboard": board_file}[request.param]


@pytest.fixture(scope="module")
def hostile_file(reftoy_val, warm_store, tmp_path_factory) -> Path:
    """Expressions with markup, of samples that live in memory, so that their photos cannot be opened again."""
    folder = tmp_path_factory.mktemp("hostile") / "run"
    samples = [replace(reftoy_val[i], expression=NASTY + reftoy_val[i].expression) for i in range(6)]
    samples.append(replace(samples[0], expression=NASTY * 60, sample_id="long", sent_id="long"))
    made = evaluate(samples, "toy", methods=["tas"], out=folder, store=warm_store, model_options=CPU)
    assert analysis.cases(made)["failed"].any()
    return report.run([made], folder / "report.html", threshold=0.97)


def test_the_report_stands_alone(page_file: Path, page: Any) -> None:
    page.goto(page_file.as_uri())
    assert page.locator("h1").count() == 1
    assert page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length") == 0
    assert page.evaluate("[...document.images].every(i => i.alt)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off sideways"
    assert page.locator("script").count() == 0
    assert not re.search(r'(?:src|href)="(?!data:|#)', page_file.read_text())


def test_every_link_of_the_contents_has_its_section(report_file: Path, page: Any) -> None:
    page.goto(report_file.as_uri())
    targets = page.evaluate("[...document.querySelectorAll('nav a')].map(a => a.hash.slice(1))")
    assert {"summary", "causes", "against", "gallery-causes", "gallery-types", "paper", "reading"} <= set(targets)
    assert all(page.locator(f"#{target}").count() == 1 for target in targets)


@pytest.mark.slow
def test_axe_finds_nothing_serious(page_file: Path, page: Any) -> None:
    page.goto(page_file.as_uri())
    assert serious(page, None) == []


def test_a_narrow_screen_scrolls_tables_and_not_the_page(page_file: Path, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_prints_in_black_on_white(page_file: Path, page: Any) -> None:
    page.goto(page_file.as_uri())
    page.emulate_media(media="print")
    for scheme in in_both_schemes(page):
        shown = page.evaluate("getComputedStyle(document.querySelector('.tn')).backgroundColor")
        assert shown == "rgb(255, 255, 255)", scheme
    assert not page.locator("nav:visible").count()


def test_it_says_what_the_analysis_says(report_file: Path, run: Run, page: Any) -> None:
    page.goto(report_file.as_uri())
    found = analysis.attribute(run)
    failures = int(found.frame["failed"].sum())
    assert f"{failures} of 50 answers of TAS failed" in page.locator("#summary + div").inner_text()
    shown = page.locator("section[aria-labelledby=gallery-causes] h3").all_inner_texts()
    counted = found.failures.groupby("cause").size()
    assert {text.rsplit(" (", 1)[0]: int(text.rsplit("(", 1)[1][:-1]) for text in shown} == counted.to_dict()


def test_flips_are_shown_on_both_sides(report_file: Path, run: Run, other: Run, page: Any) -> None:
    page.goto(report_file.as_uri())
    found = [analysis.attribute(each) for each in (run, other)]
    flips = analysis.compare_by(found[0], found[1], "type").flipped["flip"].value_counts()
    said = page.locator("section[aria-labelledby=against] h3").all_inner_texts()
    assert f"({flips.get('fixed', 0)})" in said[0]
    assert f"({flips.get('broken', 0)})" in said[1]


def test_hostile_text_stays_text_and_missing_photos_are_said(hostile_file: Path, page: Any) -> None:
    page.goto(hostile_file.as_uri())
    assert page.locator("script").count() == 0
    assert page.locator("img[src=x]").count() == 0
    assert "<script>" in page.locator(".card h4").first.inner_text()
    assert "cannot be opened here" in page.locator(".card").first.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_command_says_where_and_how_large(run: Run, tmp_path: Path, capsys) -> None:
    out = tmp_path / "deep" / "report.html"
    assert cli.run(["report", str(run.folder), "--out", str(out)]) == 0
    assert "wrote" in capsys.readouterr().out
    assert 10_000 < out.stat().st_size < 15_000_000
    assert cli.run(["report", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_several_runs_on_one_split_make_a_leaderboard(run: Run, other: Run, tmp_path: Path, capsys) -> None:
    out, both = tmp_path / "board.html", [str(run.folder), str(other.folder)]
    assert cli.run(["report", *both, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Failures by cause:" in said
    assert "Leaderboard of reftoy val" in out.read_text()
    assert cli.run(["report", *both, "--against", both[0]]) == 2
    assert cli.run(["report", both[0], "--protocol", "lavt"]) == 2
    assert capsys.readouterr().err.count("leaderboard") == 2
