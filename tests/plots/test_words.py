"""Whatever the words: they are drawn as text, in bounded room and work, and no library warns of them."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasnb import analysis
from tasnb.plots import analyses
from tasnb.plots.charts import ablation_chart, figure_of, heat_cells, pixels_of, worded
from tasnb.plots.sheets import LONGEST, Panel, fit, font_of, sheet, wrap

WORDS = {
    "lines": "cat\nleft\r\nof\tit",
    "formula": "$\\frac{a}{$ _b_ ^ \\",
    "dollars": "$5 and $6",
    "one dollar": "a $ b \\$ c",
    "escape": "\x1b]0;x\x07\x9b",
    "half": "a\ud800b",
    "nul": "a\0b",
    "long": "word " * 50_000,
    "wide": "W" * 200_000,
    "no width": "\u0301" * 100_000,
    "no glyph": "左の猫 \N{GRINNING FACE}\U000f0000\U0010ffff",
    "turned": "\u202eabc",
    "right": "קוף " * 50,
    "percent": "100 % {x} %s",
    "blank": " ",
    "nothing": "",
    "ligature": "\N{ARABIC LIGATURE BISMILLAH AR-RAHMAN AR-RAHEEM}" * 99,
}


@pytest.fixture(autouse=True)
def no_warning() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


class Counting:
    """A font that counts the letters that it measures."""

    def __init__(self) -> None:
        self.letters = 0
        self._font = font_of(16)

    def getlength(self, text: str) -> float:
        self.letters += len(text)
        return float(self._font.getlength(text))


@pytest.mark.parametrize("name", WORDS)
def test_a_sheet_holds_any_words(name: str) -> None:
    text, red = WORDS[name], np.full((9, 9, 3), 200, np.uint8)
    drawn = sheet(text, [Panel(title=text, pixels=red, notes=(text,) * 2)] * 2, [text], notes=[text])
    assert drawn.shape[0] < 1000
    font = Counting()
    for lines in ([fit(text, font, 200)], wrap(text, font, 200)):
        assert all(font.getlength(line) <= 200 or line == "…" for line in lines)
        assert len(lines) <= 4
        assert "\n" not in "".join(lines)
    assert font.letters < 200 * LONGEST


def test_words_are_cut_where_the_room_ends() -> None:
    font = font_of(16)
    text = "".join(chr(97 + number % 26) for number in range(300))
    cut = fit(text, font, 100)
    assert text.startswith(cut.removesuffix("…"))
    assert font.getlength(cut) <= 100 < font.getlength(f"{text[: len(cut)]}…"), "one letter more would not fit"
    assert fit("a cat", font, 100) == "a cat"
    assert fit(text, font, 1) == "…"


def test_charts_hold_any_words(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"miou": 50.0, "miou_low": 40.0, "miou_high": 60.0}
    plain = ablation_chart([{"modules": "x", **row}] * len(WORDS), title="x")
    chart = ablation_chart([{"modules": text, **row} for text in WORDS.values()], title=WORDS["formula"])
    for text in WORDS.values():
        chart.axes[0].text(0, 0, worded(text)).set_in_layout(False)
    assert pixels_of(chart, dpi=40).shape == pixels_of(plain, dpi=40).shape
    names = [text for name, text in WORDS.items() if name != "half"][:7]  # pandas takes no half of a letter
    table = pd.DataFrame(np.arange(float(len(names) ** 2)).reshape(len(names), -1), index=names, columns=names)
    monkeypatch.setattr(analysis, "confusion_of_heads", lambda *_, **__: table)
    found: Any = SimpleNamespace(causes=analysis.CAUSES)
    assert (pixels_of(analyses.heads_chart(found), dpi=50) < 100).any()
    _, axes = figure_of(5, 4)
    heat_cells(axes, table.iloc[:3, -3:], table.iloc[:3, -3:].map(str))
    pixels_of(axes.figure, dpi=50)


def test_dollars_are_dollars_and_missing_letters_are_marked() -> None:
    assert worded("$5 and $6") == r"\$5 and \$6"
    assert worded("左") == "\N{REPLACEMENT CHARACTER}"
    assert worded("ä … “é” ж") == "ä … “é” ж"
    assert len(worded("x" * 10**6)) <= 100
