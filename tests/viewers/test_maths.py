r"""Formulas of a notebook's words: drawn where they are formulas, text where they are prices, code or broken."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from tasnb.viewers import maths
from tests.notebooks.pairs import lessons, read


def drawn(source: str) -> list[str]:
    return [formula.get_text() for formula in BeautifulSoup(maths.markdown(source), "html.parser").find_all("math")]


@pytest.mark.parametrize(
    ("source", "formulas"),
    [
        ("$x$", ["x"]), ("$S_m = V_m$, ($n$), **$y$**, $n$-th, $S$'s", ["Sm=Vm", "n", "y", "n", "S"]),
        ("$$x$$", ["x"]), ("a line\n\n$$x\n\n= y$$\n\nanother", ["x=y"]), ("mid $$x$$ line", ["x"]),
        (r"\\(x\\) and \\[y\\]", ["x", "y"]), (r"\begin{equation}x\end{equation}", ["x"]),
        (r"$$\begin{aligned}a &= b\\ c &= d\end{aligned}$$", ["a=bc=d"]), (r"$\begin{cases}1 & x\end{cases}$", ["{1x"]),
        (r"3$\times$3 and 2$\pi$", ["\N{MULTIPLICATION SIGN}", "π"]),
        ("| a |\n|---|\n| $x$ |", ["x"]), ("## The $V$ score", ["V"]),
        ("[$x$](a.html)", ["x"]), ("- $x$\n- $y$", ["x", "y"]), ("$a_1$ and $a_2$ *b*", ["a1", "a2"]),
        (r"costs \$5 and $x$", ["x"]), (r"$\text{a<b>}$", ["a<b>"]), (r"$x < y \& z > 1$", ["x<y&z>1"]),
        ("`$x$` and $y$", ["y"]), ("$x$ costs $5", ["x"]),
    ],
)  # fmt: skip
def test_formulas_are_drawn(source: str, formulas: list[str]) -> None:
    assert drawn(source) == formulas


@pytest.mark.parametrize(
    "source",
    ["$5 and $6", "from $5-$6 to $7/$8", "($5) or ($6)", "US$5 and 6US$", "5$ or 6$", "$5", "a $ b $ c", "$", "$$",
     "\\$x\\$", "`$x$`", "`$$x$$` is code", "```\n$x$ and $$y$$\n```", "    $x$\n    $$y$$", "~~~tex\n$$y$$\n~~~",
     "$5 and `$x`", "https://example.org/?a=$x$"],
)  # fmt: skip
def test_prices_and_code_stay_as_they_are(source: str) -> None:
    assert drawn(source) == []
    text = BeautifulSoup(maths.markdown(source), "html.parser").get_text()
    assert text.count("$") == source.count("$")


def test_the_words_between_two_prices_are_still_markdown() -> None:
    assert maths.markdown("$5 **and** $6").strip() == "<p>$5 <strong>and</strong> $6</p>"


@pytest.mark.parametrize(
    "tex",
    [r"\frac{1}", "x^", "x_1_2", r"\nonsense", r"\nonsense{x} + 1", "a}b", "{a", r"\frac{a}{b", r"\left( x", r"\right)",
     r"\sqrt", r"\begin{matrix}a", "a & b", r"\def\x{\x}\x", "<b>x}</b>"],
)  # fmt: skip
@pytest.mark.parametrize("dollars", ["$", "$$"])
def test_broken_tex_stays_as_it_is_written_and_is_escaped(tex: str, dollars: str) -> None:
    html = maths.markdown(f"so {dollars}{tex}{dollars} is")
    assert "<math" not in html
    assert BeautifulSoup(html, "html.parser").get_text().strip() == f"so {dollars}{tex}{dollars} is"


@pytest.mark.parametrize("path", lessons(), ids=lambda p: p.stem)
def test_every_formula_of_the_lessons_is_drawn(path) -> None:
    words = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    soup = BeautifulSoup(maths.markdown(words), "html.parser")
    for code in soup.find_all(["code", "pre"]):
        code.decompose()
    assert not re.findall(r"[^\s]*\$[^\s]*", soup.get_text())
