"""``tasnb freeze``: what goes into the page, what stays out, and one clear sentence for what is no notebook."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from tasnb import cli
from tasnb.evaluation.cost import Cost
from tasnb.report.notebook import html_of
from tasnb.viewers import freezing
from tasnb.viewers.viewer import SNAPSHOT, WIDGET_VIEW
from tests.viewers.made_artifacts import HOSTILE

V4 = nbformat.v4
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def shown(data: dict[str, Any], **metadata: Any) -> Any:
    return V4.new_output("display_data", data=data, metadata=metadata)


def write(folder: Path, *cells: Any) -> Path:
    path = folder / "lesson.ipynb"
    nbformat.write(V4.new_notebook(cells=list(cells)), path)
    return path


def page_of(folder: Path, *outputs: Any, source: str = "x = 1") -> str:
    return freezing.freeze(write(folder, V4.new_code_cell(source, outputs=list(outputs))))


def test_words_code_and_outputs_are_in_the_page(tmp_path: Path) -> None:
    page = freezing.freeze(
        write(
            tmp_path,
            V4.new_markdown_cell("# What you learn\n\nA **bold** word & `code`."),
            V4.new_code_cell('print("1 < 2")', outputs=[V4.new_output("stream", name="stdout", text="1 < 2\n")]),
            V4.new_raw_cell("raw <b>"),
        )
    )
    assert "<title>What you learn</title>" in page
    assert "<strong>bold</strong>" in page
    assert "<pre>1 &lt; 2\n</pre>" in page
    assert "raw &lt;b&gt;" in page
    assert "print" in page


def test_formulas_are_drawn_where_words_are_and_stay_as_written_in_code(tmp_path: Path) -> None:
    page = freezing.freeze(
        write(
            tmp_path,
            V4.new_markdown_cell("## The $V$ score\n\n$$S = V + \\alpha P$$\n\n`$a$`, <code>$b$</code>, $5 and $6"),
            V4.new_code_cell(
                "print('$c$')",
                outputs=[
                    V4.new_output("stream", name="stdout", text="$d$\n"),
                    shown({"text/html": "<p>$e$</p>"}),
                    shown({"text/markdown": "so $f$"}),
                    shown({"text/latex": "$\\displaystyle g$", "text/plain": "<Math object>"}),
                ],
            ),
            V4.new_raw_cell("$h$"),
        )
    )
    body = page[page.index("<body>") :]
    drawn = [formula.get_text() for formula in BeautifulSoup(body, "html.parser").find_all("math")]
    assert drawn == ["V", "S=V+\N{GREEK SMALL LETTER ALPHA}P", "f", "g"]
    assert 'display="block"' in body
    for code in ("<code>$a$</code>", "<code>$b$</code>", "$5 and $6", "$d$", "<p>$e$</p>", "$h$"):
        assert code in body
    assert re.search(r"\$c\$", body)


def hashes(texts: list[str]) -> list[str]:
    """As a browser writes them: CSP 3, section 2.3.1."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    return [f"'sha256-{digest}'" for digest in digests] or ["'none'"]


def policy_of(page: str) -> dict[str, list[str]]:
    head = BeautifulSoup(page, "html.parser").select_one("meta[http-equiv=Content-Security-Policy]")
    return {words[0]: words[1:] for each in str(head["content"]).split(";") if (words := each.split())}


def test_a_page_allows_its_own_scripts_and_sheets_by_their_hashes_and_no_other(tmp_path: Path) -> None:
    snapshot = {SNAPSHOT: {"viewer": "explore", "data": {}}, "text/html": "<p>the picture</p>"}
    rule = {"text/html": "<style>#T_1 td{color: red}</style><table id=T_1><td>x</table>"}
    whole = page_of(tmp_path, shown(snapshot), shown(rule), shown(snapshot))
    cost = Cost(frame=pd.DataFrame({"n": [1]}), models="toy", device="cpu", memory="", differs=())
    for page in (whole, html_of(cost, page=True)):
        soup = BeautifulSoup(page, "html.parser")
        scripts = [each.string for each in soup.find_all("script") if each.get("type") != "application/json"]
        policy = policy_of(page)
        assert policy["script-src"] == hashes(scripts)
        assert policy["style-src"] == hashes([each.string for each in soup.find_all("style")])
        assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
        assert [kind for kind, allowed in policy.items() if "'unsafe-inline'" in allowed] == ["style-src-attr"]
        assert not {"'unsafe-eval'", "'unsafe-hashes'", "*"} & {each for allowed in policy.values() for each in allowed}
    assert "#T_1 td{color: red}" in whole
    assert len(BeautifulSoup(whole, "html.parser").select("script[type=module]")) == 1, "two viewers share one script"


def test_headings_of_the_same_words_have_ids_of_their_own(tmp_path: Path) -> None:
    cells = [V4.new_markdown_cell("## Try it"), V4.new_markdown_cell("## Try it\n\n### Try it")]
    page = freezing.freeze(write(tmp_path, *cells))
    assert re.findall(r'<h\d id="([^"]*)"', page) == ["Try-it", "Try-it-2", "Try-it-3"]
    assert re.findall(r'href="#([^"]*)"', page) == ["Try-it", "Try-it-2", "Try-it-3"]


def test_every_picture_has_a_text(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        shown({"image/png": PIXEL, "text/plain": "<Figure size 640x480>"}),
        shown({"image/png": PIXEL, "text/plain": 'a "cat" on the left'}),
        shown({"image/png": PIXEL}, alt="a chart of mIoU"),
        shown({"text/html": f'<img src="data:image/png;base64,{PIXEL}">', "text/plain": "a table"}),
        shown({"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"}),
    )
    told = [unescape(alt) for alt in re.findall(r'<img (?:src="[^"]*" )?alt="([^"]*)"', page)]
    assert len(re.findall("<img", page)) == 5
    assert "picture, output of cell 1" in told
    assert 'a "cat" on the left' in told
    assert "a chart of mIoU" in told
    assert 'alt="a table"' in page


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>", '<script src="https://example.org/x.js"></script>', "<img src=x onerror=alert(1)>",
        '<link rel=stylesheet href="https://example.org/x.css">', '<iframe src="https://example.org"></iframe>',
        '<a href="javascript:alert(1)">a</a>', "<style>@import url(https://example.org/x.css);</style>",
        '<img srcset="https://example.org/x.png 2x" src="https://example.org/x.png">',
        '<div style="color:red" onclick="alert(1)">a</div>', "<object data='https://example.org'></object>",
        '<meta http-equiv="refresh" content="0;url=https://example.org">',
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["output", "markdown"])
def test_nothing_of_a_cell_runs_or_loads(tmp_path: Path, html: str, where: str) -> None:
    if where == "output":
        page = page_of(tmp_path, shown({"text/html": f"<p>before</p>{html}<p>after</p>"}))
    else:
        page = freezing.freeze(write(tmp_path, V4.new_markdown_cell(f"before\n\n{html}\n\nafter")))
    body = page[page.index("<body>") :]
    assert "before" in body
    assert "after" in body
    assert not re.search(r"<(script|link|iframe|object|meta)\b", body)
    assert not re.search(r"\son\w+\s*=", re.sub(r"&[lg]t;.*", "", body))
    assert not re.search(r'(src|srcset|href)="(https?:|javascript:)', body)
    assert "@import" not in body


def test_a_picture_from_elsewhere_is_named_in_its_place(tmp_path: Path) -> None:
    page = freezing.freeze(write(tmp_path, V4.new_markdown_cell("![the plan](https://example.org/plan.png)")))
    assert "[the plan: not in this page, it lies at https://example.org/plan.png]" in page


def test_pictures_beside_the_notebook_travel_in_the_page(tmp_path: Path) -> None:
    (tmp_path / "a plan.png").write_bytes(base64.b64decode(PIXEL))
    cell = V4.new_markdown_cell("![near](a%20plan.png) ![inside](attachment:b.png) ![gone](c.png)")
    cell["attachments"] = {"b.png": {"image/png": PIXEL}}
    page = freezing.freeze(write(tmp_path, cell))
    assert page.count(f"data:image/png;base64,{PIXEL}") == 2
    assert "[gone: not in this page" in page


def test_an_output_cannot_read_files(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    page = page_of(tmp_path, shown({"text/html": '<img alt="x" src="secret.png">'}))
    assert base64.b64encode(b"secret").decode() not in page


def test_a_live_widget_gives_way_to_its_twin(tmp_path: Path) -> None:
    live = shown({WIDGET_VIEW: {"model_id": "1"}, "text/plain": "the words"})
    twin = shown({"text/html": '<div class="tn-twin">the picture</div>', "text/plain": "the words"})
    page = page_of(tmp_path, live, twin)
    assert page.count("the picture") == 1
    assert "needs a kernel" not in page
    alone = page_of(tmp_path, live)
    assert "A control that needs a kernel: the words" in alone


def test_a_snapshot_becomes_a_viewer_that_runs(tmp_path: Path) -> None:
    data = {"caption": HOSTILE}
    page = page_of(tmp_path, shown({SNAPSHOT: {"viewer": "explore", "data": data}, "text/html": "<p>the picture</p>"}))
    assert page.count("<script") == 2
    assert "the picture" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "snapshot",
    [{"viewer": "of_tomorrow", "data": {}}, {"viewer": "../../secret", "data": {}}, {"viewer": "stage", "data": {}},
     {"viewer": ["explore"], "data": {}}, {"viewer": "explore"},
     {"viewer": "explore", "data": {"v": float("nan")}}, {}, "text"],
    ids=str,
)  # fmt: skip
def test_a_snapshot_that_cannot_run_is_its_picture(tmp_path: Path, snapshot: Any) -> None:
    page = page_of(tmp_path, shown({SNAPSHOT: snapshot, "text/html": "<p>the picture</p>"}))
    assert "<script" not in page
    assert "the picture" in page


def test_errors_are_shown_as_text(tmp_path: Path) -> None:
    error = V4.new_output("error", ename="NameError", evalue="x", traceback=["\x1b[31mNameError\x1b[0m: <x>"])
    assert "<pre>NameError: &lt;x&gt;</pre>" in page_of(tmp_path, error)


def test_a_notebook_of_words_alone_needs_no_outputs(tmp_path: Path) -> None:
    assert "only words" in freezing.freeze(write(tmp_path, V4.new_markdown_cell("only words")))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such notebook"),
        ("", "no Jupyter notebook"),
        ("hello", "no Jupyter notebook"),
        ('{"a": 1}', "no Jupyter notebook"),
        ("[1, 2]", "no Jupyter notebook"),
        ("\x00\xff", "no Jupyter notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "x"}]}', "no Jupyter notebook"),
        ("NEVER RUN", "use --execute"),
        ("FOLDER", "no Jupyter notebook"),
    ],
)
def test_what_is_no_notebook_is_one_line(tmp_path: Path, content: str | None, says: str, capsys) -> None:
    path = tmp_path / "lesson.ipynb"
    if content == "NEVER RUN":
        write(tmp_path, V4.new_code_cell("1 + 1"))
    elif content == "FOLDER":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content.encode("latin-1"))
    assert cli.run(["freeze", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = [line for line in printed.err.strip().splitlines() if line.startswith("tasnb:")]
    assert len(lines) == 1
    assert says in lines[0]
    assert "lesson.ipynb" in lines[0]
    assert not path.with_suffix(".html").exists()


def test_the_command_writes_beside_the_notebook_or_where_it_is_told(tmp_path: Path, capsys) -> None:
    path = write(tmp_path, V4.new_markdown_cell("words"))
    assert cli.run(["freeze", str(path)]) == 0
    assert (tmp_path / "lesson.html").is_file()
    assert cli.run(["freeze", str(path), "--out", str(tmp_path / "new" / "page.html")]) == 0
    assert (tmp_path / "new" / "page.html").read_text() == (tmp_path / "lesson.html").read_text()
    assert "wrote" in capsys.readouterr().out


@pytest.mark.slow
def test_execute_runs_the_notebook_and_leaves_its_file(tmp_path: Path) -> None:
    (tmp_path / "here.txt").write_text("in its own folder")
    path = write(tmp_path, V4.new_code_cell("print(open('here.txt').read().upper())"))
    before = path.read_bytes()
    assert "IN ITS OWN FOLDER" in freezing.freeze(path, execute=True)
    assert path.read_bytes() == before


@pytest.mark.slow
def test_a_cell_that_fails_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, V4.new_markdown_cell("a"), V4.new_code_cell("1"), V4.new_code_cell("1 / 0"))
    with pytest.raises(ValueError, match=r"cell 3 of .*lesson.ipynb failed: ZeroDivisionError"):
        freezing.freeze(path, execute=True)
