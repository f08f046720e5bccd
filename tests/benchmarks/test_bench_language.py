from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tasnb.core.types import Head, Parse
from tests.benchmarks import bench_language, refexp


def an_expression(target: int, *centres_x: float, image: int = 1) -> refexp.Expression:
    boxes = np.array([[x - 1, 0, 2, 2] for x in centres_x], dtype=float)
    return refexp.Expression(dataset="refcoco", text="x", image=image, boxes_xywh=boxes, categories=None, target=target)


def test_gain_is_what_a_random_choice_wins_by_what_is_kept() -> None:
    row = an_expression(0, 10, 20, 30, 40)
    half = np.array([True, True, False, False])
    assert refexp.gain([row], [half]).value == pytest.approx(100 * (1 / 2 - 1 / 4))
    assert refexp.gain([row], [~half]).value == pytest.approx(-25), "the target is out"
    assert refexp.target_kept([row, row], [half, ~half]).value == 50


def test_the_halves_are_the_papers() -> None:
    rows = [an_expression(0, 10, 20, 30, image=k) for k in range(4)]
    parses = [Parse(text="x", head=None, directions=("left",))] * 2 + [Parse(text="x", head=None)] * 2
    acted, kept, gained = bench_language.halves(rows, parses)["RefCOCO"]
    assert (acted, kept.value) == (50, 100)
    assert gained.value == pytest.approx(100 * (1 - 1 / 3))


def test_labels_count_what_is_claimed_and_what_is_said() -> None:
    head = Head(lemma="cat", span=(0, 3), rule="root")
    labels = [("cat", frozenset({"left"})), ("dog", frozenset()), (None, None)]
    parses = [Parse(text="cat", head=head, directions=("left", "top")), Parse(text="x", head=None)] * 1
    judged = bench_language.judge(labels, [*parses, Parse(text="x", head=head, directions=("right",))])
    assert (judged.heads, judged.claimed, judged.found) == ((1, 2), (1, 2), (1, 1))


@pytest.mark.slow
def test_the_bench_prints_every_figure_beside_that_of_0_1_0(
    shared_root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASNB_SHARED", str(shared_root))
    bench_language.main(["--small"])
    said = capsys.readouterr().out
    for name in ("toy", "real"):
        assert f"{name} parser: odd picture ids" in said
    assert said.count("paper, RefCOCO ") == said.count("official, RefCOCOg ") == 2
    assert "(136 of 139)" in said, "0.1.0's of the toy parser"
    assert "heads of the two parsers agree in" in said.splitlines()[-1]
