"""HTML of others in a page of ours: what acts is gone, what shows something stays, whatever the HTML is."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from tasnb.viewers import cleaning, maths
from tests.viewers import payloads
from tests.viewers.test_freeze import PIXEL

ACTS = {
    "script",
    "style",
    "iframe",
    "object",
    "embed",
    "form",
    "input",
    "button",
    "base",
    "meta",
    "link",
    "template",
    "svg",
}


def cleaned(html: str) -> str:
    return str(cleaning.Cleaner().clean(html, "picture"))


def faults(html: str) -> list[str]:
    """What a page must not hold, as a parser that is not nh3's finds it."""
    found = [f"<{tag.name}>" for tag in BeautifulSoup(html, "html.parser").find_all(True) if tag.name in ACTS]
    for tag in BeautifulSoup(html, "html.parser").find_all(True):
        for name, value in tag.attrs.items():
            text = re.sub(r"[\x00-\x20]", "", " ".join(value) if isinstance(value, list) else value).lower()
            acts = name.startswith("on") or name in ("srcset", "action", "formaction", "ping", "srcdoc", "xlink:href")
            leads = name == "href" and re.match(r"(?!https?:|mailto:)[\w+.-]+:|//|\\\\", text)
            loads = (name == "src" and not text.startswith("data:")) or (
                name == "style" and re.search(r"url\(|[\\@]", text)
            )
            if acts or leads or loads or (name == "id" and text.startswith("tn-")):
                found.append(f"<{tag.name} {name}={value!r}>")
    return found + ["<!--"] * ("<!--" in html)


@pytest.mark.parametrize("html", payloads.EVERY)
def test_nothing_that_acts_is_left(html: str) -> None:
    shown = cleaned(f"<p>before</p>{html}")
    assert shown.startswith("<p>before</p>")
    assert faults(shown) == []
    assert cleaned(shown) == shown, "another parse makes nothing else of it"


def test_the_faults_are_found() -> None:
    assert all(faults(html) for html in ("<img src=x onerror=y>", "<a href='java\tscript:x'>", "<script>", "<!-- -->"))


def test_style_rules_of_others_do_not_reach_the_page() -> None:
    cleaner = cleaning.Cleaner()
    for html in payloads.EVERY:
        cleaner.clean(html, "")
    assert cleaner.rules == ["#T_a{color: red}"], "of all payloads one rule is one that pandas might write"


PIECES = [
    "<",
    ">",
    "/",
    "=",
    "'",
    '"',
    "`",
    " ",
    "\t",
    "\n",
    "\0",
    "\x0c",
    "&",
    "&lt;",
    "&#106;",
    "!--",
    "--",
    "--!",
    "[CDATA[",
    "]]>",
    "x",
    "<svg>",
    "</svg>",
    "<math>",
    "</math>",
    "<mtext>",
    "<mglyph>",
    "<style>",
    "</style>",
    "<title>",
    "<textarea>",
    "</textarea>",
    "<p>",
    "<table>",
    "<td>",
    "<form>",
    "<a href=",
    "javascript:top.ran(1)",
    " onerror=top.ran(1) ",
    "<img src=x ",
    "<annotation-xml>",
    "<noscript>",
    "</noscript>",
    "<xmp>",
    "<template>",
    "<select>",
    "<option>",
    "<b>",
    "</p>",
    "<foreignObject>",
    "style='",
    "background:url(x)",
    "\ud800",
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([*PIECES, *payloads.LOADED]), max_size=14).map("".join))
def test_nothing_that_acts_is_left_of_any_mixture(html: str) -> None:
    shown = cleaned(html)
    assert faults(shown) == []
    assert cleaned(shown) == shown


@pytest.mark.parametrize(
    "tex",
    [
        r"S_i = V_i + \alpha P_i + \lambda N_i",
        r"\frac{a}{b}",
        r"\sqrt[3]{x}",
        r"\begin{cases} a & b \\ c & d \end{cases}",
        r"\mathbf{x} \in \mathbb{R}^{n \times m}",
        r"\overline{xy} \underbrace{a+b}_{c}",
        r"\left( \sum_{i=0}^{n} x_i \right)",
        r"\text{a word} \quad \vec{v} \hat{w}",
        r"\binom{n}{k} \operatorname{argmax}_{i}",
    ],
)
def test_formulas_are_what_they_were(tex: str) -> None:
    formula = maths.mathml(tex, block=True)
    assert formula
    kept = [
        [(tag.name, {k: v for k, v in tag.attrs.items() if k != maths.TEX}) for tag in soup.find_all(True)]
        for soup in (BeautifulSoup(formula, "html.parser"), BeautifulSoup(cleaned(formula), "html.parser"))
    ]
    assert kept[0] == kept[1]


def test_tables_of_pandas_keep_their_look() -> None:
    frame = pd.DataFrame({"a": [1.5, -2.0], "b": ["x", "<y>"]})
    plain = cleaned(frame.to_html())
    assert 'class="dataframe"' in plain
    assert 'border="1"' in plain
    assert 'style="text-align: right"' in plain
    assert "&lt;y&gt;" in plain
    assert "<td></td>" in plain, "the corner heads nothing"
    cleaner = cleaning.Cleaner()
    style = frame.style.background_gradient(subset=["a"]).bar(subset=["a"]).set_caption("told").hide(axis="index")
    style = style.set_table_styles(
        [{"selector": "th", "props": "text-align: left;"}, {"selector": "tr:hover", "props": "color: red"}]
    )
    table = str(cleaner.clean(style.to_html(), ""))
    (name,) = {tag["id"] for tag in BeautifulSoup(table, "html.parser").select("table")}
    assert "<caption>told</caption>" in table
    rules = "\n".join(cleaner.rules)
    assert f"#{name} th{{text-align: left}}" in rules
    assert f"#{name} tr:hover{{color: red}}" in rules
    assert "linear-gradient(90deg" in rules
    assert f"#{name}_row0_col0" in rules


def test_drawings_are_pictures_of_themselves() -> None:
    from matplotlib.figure import Figure

    figure, file = Figure(), io.StringIO()
    figure.subplots().plot([1, 2])
    figure.savefig(file, format="svg")
    shown = cleaned(
        f"<div>{file.getvalue()}</div> "
        "<svg viewBox='0 0 9 9'><title>a dot &amp; more</title><use xlink:href='#a'/></svg>"
    )
    first, second = BeautifulSoup(shown, "html.parser").find_all("img")
    drawing = base64.b64decode(first["src"].partition(",")[2]).decode()
    assert "<path" in drawing
    assert "viewBox" in drawing
    assert second["alt"] == "a dot & more"
    assert "no well-formed SVG" in cleaned("<svg><p></svg> and more")
    assert "and more" in cleaned("<svg><p></svg> and more")


@pytest.mark.parametrize(
    "html",
    [
        f'<img alt="a cat" src="data:image/png;base64,{PIXEL}" width="40">',
        '<details open=""><summary>more</summary>text</details>',
        '<span aria-hidden="true" style="background: rgb(0,1,2)"></span>',
        '<a href="https://example.org/a?b=c#d">x</a>',
        '<audio controls="" src="data:audio/wav;base64,UklG"></audio>',
        '<figure style="max-width: 90px"><figcaption>x</figcaption></figure>',
        '<ol start="3"><li value="7">x</li></ol>',
        '<a href="01_next.ipynb#part">x</a>',
        '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
        '<div aria-label="x" class="wide" role="region" tabindex="0">x</div>',
        '<p style="color: red !important; margin-left: -1.5em">x</p>',
    ],
)
def test_what_only_shows_stays_as_it_is(html: str) -> None:
    assert cleaned(html) == html


def test_only_pictures_of_its_own_folder_travel(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    secret = tmp_path / "secret.png"
    secret.write_bytes(base64.b64decode(PIXEL))
    (home / "link.png").symlink_to(secret)
    (home / "own.png").write_bytes(base64.b64decode(PIXEL))
    cleaner = cleaning.Cleaner(home)
    assert PIXEL in cleaner.clean("<img src=own.png>", "", own=True)
    for name in ("../secret.png", str(secret), "link.png", "%2e%2e/secret.png", "a\0b.png", "x" * 5000 + ".png"):
        assert PIXEL not in cleaner.clean(f'<img src="{name}">', "", own=True)
    assert PIXEL not in cleaner.clean("<img src=own.png>", "")


@pytest.mark.parametrize(
    "html",
    ["<div>" * 20_000, "<ul><li>" * 9_000, "<table><td>" * 9_000, "<b>" * 9_000, "<a b='" * 20_000, "<!--" * 20_000,
     f"<p style='{'color:(' * 20_000}'>x", f"<style>#T_a{{{'(' * 20_000}}}</style>", f"<svg>{'<g>' * 9_000}"],
    ids=lambda html: html[:12],
)  # fmt: skip
def test_html_that_others_take_minutes_over_is_short_work(html: str) -> None:
    shown = cleaned(f"{html}<p>after</p>")
    assert faults(shown) == []
    assert len(shown) < 200, "none of it is shown, or it is named"


def test_many_tables_and_drawings_are_not_deep() -> None:
    rows = "<tr><td><p>x<td>y" * 900
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg'>{'<path/>' * 900}</svg>"
    shown = cleaned(f"<table>{rows}</table>{drawing}{'<br><img src=x>' * 900}{'<b>x</b>' * 900}")
    assert shown.count("<td>") == 1800
    assert shown.count("<b>") == 900
    assert "data:image/svg+xml" in shown
