"""What no one means to type: numbers that no machine counts to, bytes that are no text, names that no disk takes.

Each is one line and exit code 2, or is understood; never a traceback, and never a character that a terminal obeys.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import nbformat
import pytest

from tasnb import cli
from tasnb.cli import segmenting
from tasnb.cli.output import in_json, say, show
from tasnb.core.shipped import data_root
from tests.cli.test_faults import ask, scene  # noqa: F401

RUN = str(data_root() / "runs" / "toy" / "reftoyg-val")
HUGE, VAST, HALF, LONG, TITLE = "9" * 20, "9" * 5000, "\udcff", "x" * 300, "\x1b]0;x\x07\x9b\u202e"
LINES = [
    ("segment", "SCENE", "cat" + HALF),
    ("segment", "SCENE", "c\0t"),
    ("segment", "a\0.png", "cat"),
    ("segment", LONG, "cat"),
    ("segment", HALF + ".png", "cat"),
    ("segment", TITLE, "cat"),
    ("segment", "SCENE", "cat", "--max-side", "1e99"),
    ("segment", "SCENE", "cat", "--max-side", VAST),
    ("segment", "SCENE", "cat", "--max-side", "nan"),
    ("segment", "SCENE", "cat", "--lam=-1e999"),
    ("segment", "SCENE", "cat", "--models", LONG),
    ("segment", "SCENE", "cat", "--models", "a\nb"),
    ("segment", "SCENE", "cat", "--models", HALF),
    ("segment", "SCENE", "cat", "--variant", TITLE),
    ("segment", "SCENE", "cat", "--out", LONG),
    ("segment", "SCENE", "cat", "--out", "a\0b"),
    ("segment", "SCENE", "\n \t"),
    ("datasets", "show", "reftoy", "--index", HUGE),
    ("datasets", "show", "reftoy", "--index", VAST),
    ("datasets", "show", TITLE),
    ("datasets", "show", HALF),
    ("datasets", "check", "reftoy", "--split", "x\ny"),
    ("datasets", "show", "reftoy", "--out", LONG),
    ("evaluate", "folder", "--limit", HUGE),
    ("evaluate", "reftoy", "--limit", VAST),
    ("evaluate", "reftoy", "--limit", "-" + HUGE),
    ("evaluate", "reftoy", "--limit", "1", "--workers", "0"),
    ("evaluate", "reftoy", "--limit", "1", "--methods", HALF),
    ("evaluate", "reftoy", "--limit", "1", "--proposals", LONG),
    ("evaluate", "reftoy", "--limit", "1", "--proposals", TITLE),
    ("import", LONG, "--dataset", "reftoy", "--name", "a", "--out", "b"),
    ("import", "a\0b", "--dataset", "reftoy", "--name", "a", "--out", "b"),
    ("export", RUN, "--out", LONG),
    ("export", RUN, "--out", TITLE),
    ("compare", HALF, TITLE),
    ("compare", RUN, RUN, "--metric", HALF),
    ("compare", RUN, RUN, "--by", TITLE),
    ("sweep", RUN, "--alpha", "nan"),
    ("sweep", RUN, "--alpha", VAST),
    ("sweep", RUN, "--lam", HALF),
    ("sweep", RUN, "--lam", ",,"),
    ("analyse", RUN, "--threshold", "nan"),
    ("analyse", RUN, "--threshold", "1e999"),
    ("report", RUN, "--threshold", "-inf"),
    ("report", LONG),
    ("report", RUN, "--out", LONG),
    ("reproduce", HALF),
    ("reproduce", "cost", "--limit", "-" + HUGE),
    ("proposals", TITLE),
    ("freeze", LONG),
    ("freeze", HALF + ".ipynb"),
    ("fetch", LONG * 20),
    ("fetch", "a\nb" + TITLE),
    ("store", "info", "--store", LONG),
    ("store", "prune", "--max-size", "1e400"),
    ("store", "prune", "--max-size", VAST),
    ("store", "prune", "--max-size", HALF),
    ("lessons", LONG),
    ("demo", "--out", LONG),
    (TITLE,),
    ("--" + HALF,),
    ("segment", "-" + TITLE),
]


@pytest.mark.parametrize("words", LINES, ids=lambda words: " ".join(words)[:60].encode("unicode_escape").decode())
def test_odd_words_are_one_line(words: tuple[str, ...], ask, scene: Path) -> None:  # noqa: F811
    code, told = ask(*(scene if word == "SCENE" else word for word in words))
    assert code == 2
    assert all(letter == "\n" or letter.isprintable() for letter in told)
    assert len(told) < 4100


def test_nothing_printed_is_obeyed(capsys, tmp_path: Path) -> None:
    say(f"a {TITLE} {HALF}\tb")
    say(f"a {TITLE}", err=True)
    show({"path": Path(f"a{HALF}{TITLE}"), "text": TITLE}, f"x {TITLE}\ny", as_json=False)
    printed = capsys.readouterr()
    assert all(letter in "\n\t" or letter.isprintable() for letter in printed.out + printed.err)
    show({"path": Path(f"a{HALF}{TITLE}"), "text": TITLE}, "", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"path": f"a{HALF}{TITLE}", "text": TITLE}
    (tmp_path / "answer.json").write_text(in_json({"a": HALF}), encoding="utf-8")
    assert json.loads((tmp_path / "answer.json").read_text()) == {"a": HALF}


def test_a_terminal_without_unicode_shows_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="latin-1", write_through=True))
    monkeypatch.setattr("sys.argv", ["tasnb", "--version"])
    with pytest.raises(SystemExit):
        cli.main()
    say("“left”")
    assert written.getvalue().endswith(b"\\u201cleft\\u201d\n")


def test_warnings_of_libraries_are_not_obeyed_either(ask, monkeypatch) -> None:  # noqa: F811
    import warnings

    from tasnb import datasets

    def warn(*_: object) -> list:
        warnings.warn(f"about {TITLE}{HALF}", FutureWarning, stacklevel=1)
        return []

    monkeypatch.setattr(datasets, "overview", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        code, told = ask("datasets", "list")
    assert code == 0
    assert "FutureWarning: about \\u001b" in told
    assert all(letter == "\n" or letter.isprintable() for letter in told)


def test_names_that_are_other_bytes_than_utf_8_make_folders() -> None:
    picture, words = segmenting._names_of(f"caf{HALF}.png", "the\n left\tcat")
    assert picture.isascii()
    assert words.startswith("the-left-cat")


def test_every_path_that_a_command_takes_is_no_pipe() -> None:
    """A parameter that takes a path, of whatever command, has a callback that refuses pipes, sockets and devices."""
    import typing

    from tasnb.cli.options import to_read, to_write

    named = {"image", "models", "sam", "clip", "captioner", "spacy", "wordnet", "proposals"}  # paths, or names
    seen = set()
    for app in (cli.app, *(group.typer_instance for group in cli.app.registered_groups)):
        for command in app.registered_commands:
            for name, kind in typing.get_type_hints(command.callback, include_extras=True).items():
                if typing.get_origin(kind) is not typing.Annotated:
                    continue
                if "Path" in str(kind.__origin__) or (name in named and kind.__origin__ in (str, str | None)):
                    callbacks = [info.callback for info in kind.__metadata__]
                    if command.callback.__name__ == "reproduce" and name == "models":
                        continue  # a preset's name
                    assert callbacks[0] in (to_read, to_write), f"{command.callback.__name__} {name}"
                    seen.add(name)
    assert named <= seen


DEEP = '{"a":' * 90_000 + "1" + "}" * 90_000
CELL = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "cell_type": "code",
                "id": "a",
                "metadata": {},
                "execution_count": None,
                "source": "x",
                "outputs": [
                    {
                        "output_type": "display_data",
                        "metadata": {},
                        "data": {
                            "application/vnd.tasnb.viewer+json": {"viewer": "explore", "data": "DATA"},
                            "text/html": "<p>x</p>",
                        },
                    }
                ],
            }
        ],
    }
).replace('"DATA"', "%s")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (DEEP, "no Jupyter notebook"),
        ("[" * 90_000, "no Jupyter notebook"),
        (CELL % ('{"a":' * 600 + "1" + "}" * 600), "nested"),
        (VAST, "no Jupyter notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [null]}', "no Jupyter notebook"),
        ('{"nbformat": 3, "worksheets": [1]}', "no Jupyter notebook"),
        ('{"nbformat": 1e999}', "no Jupyter notebook"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_deep_and_strange_notebooks_are_one_line(content: str, says: str, ask, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "deep.ipynb"
    path.write_text(content)
    code, told = ask("freeze", path)
    assert code == 2
    assert says in told


@pytest.mark.parametrize(
    "content", [DEEP, "[" * 90_000, VAST, '{"a": 1e999}', "\\ud800", "null"], ids=lambda text: text[:9]
)
def test_deep_and_strange_records_are_one_error(content: str, tmp_path: Path) -> None:
    """What is read back: notes of a run, a draft of annotations, a measured experiment, a models.json."""
    from tasnb.analysis.experiments import Experiment
    from tasnb.evaluation.notes import notes
    from tasnb.models import presets
    from tasnb.viewers import drafts

    for name in ("notes.json", "own.draft.json", "models.json", "run.json"):
        (tmp_path / name).write_text(content)
    for read in (
        lambda: notes(tmp_path).all(),
        lambda: drafts.read(tmp_path / "own"),
        lambda: Experiment.read(tmp_path / "notes.json"),
        lambda: presets.plan(tmp_path),
    ):
        with pytest.raises(ValueError):
            read()


def test_a_notebook_of_fifty_megabytes_is_one_line(ask, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "large.ipynb"
    with path.open("wb") as file:
        file.truncate(50_000_001)
    code, told = ask("freeze", path)
    assert code == 2
    assert "expected at most 50,000,000 bytes, got 50,000,001" in told


def test_halves_of_characters_in_a_notebook_are_shown(ask, tmp_path: Path) -> None:  # noqa: F811
    made = nbformat.v4
    outputs = [
        made.new_output("stream", text="s\\ud800"),
        made.new_output("display_data", data={"text/html": "<p>h\\ud800</p>"}),
        made.new_output(
            "display_data", data={"image/svg+xml": "<svg>\\ud800</svg>"}, metadata={"image/svg+xml": 3, "alt": [1]}
        ),
    ]
    cells = [
        made.new_markdown_cell("# Title \\ud800 \\u0000", attachments={"a.png": {}}),
        made.new_code_cell("x\\ud800", outputs=outputs),
    ]
    cells[0].source += "![x](attachment:a.png)"
    path = tmp_path / "halves.ipynb"
    path.write_text(nbformat.writes(made.new_notebook(cells=cells)).replace("\\\\u", "\\u"), encoding="utf-8")
    assert ask("freeze", path)[0] == 0
    assert path.with_suffix(".html").read_text(encoding="utf-8").count("\N{REPLACEMENT CHARACTER}") >= 4
