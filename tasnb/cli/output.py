"""What all commands share: how a result is printed, where its files go, how progress is shown."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import typer

from tasnb.core.choices import require_plain
from tasnb.core.errors import UserError, in_one_line
from tasnb.core.tables import csv_text, printable


def say(text: str, *, err: bool = False) -> None:
    """Print on standard output, or on standard error: the one door to the terminal, which obeys no text of ours.

    Names of files, words of a data set and of models pass here; what they hold of control characters is shown.
    """
    typer.echo(printable(text), err=err)


def in_json(record: Mapping[str, Any], **how: Any) -> str:
    """A record as JSON that any file and terminal can hold: a table is its rows, a path its text, NaN null."""
    from pydantic_core import to_jsonable_python

    plain = to_jsonable_python(record, inf_nan_mode="null", fallback=_plain)
    return printable(json.dumps(plain, ensure_ascii=False, **how))


def show(record: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print a result on standard output: the text for a person, or the record as one JSON object."""
    say(in_json(record) if as_json else text)


def _plain(value: Any) -> Any:
    """A pandas table as its rows, a numpy scalar as a number."""
    return value.to_dict("records") if hasattr(value, "to_dict") else value.item()


def ready(folder: Path) -> Path:
    """A folder that can be written to, made when it is missing; asked before anything long is computed.

    Raises UserError for one that cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as problem:
        why = "it is a file" if folder.is_file() else in_one_line(problem)
        raise UserError(f"--out: cannot write into {folder}: {why}; choose another folder") from problem


def ready_file(file: Path) -> Path:
    """A file that can be written, its folder made when it is missing; asked before anything long is computed."""
    require_plain(file, devices=True)
    if file.is_dir():
        raise UserError(f"--out: expected a file to write, got the folder {file}; give a name in it")
    ready(file.parent)
    return file


def save(folder: Path, files: Mapping[str, Any], *, dpi: int = 150) -> list[Path]:
    """Write tables (NAME.csv) and figures (NAME.png) into a folder, which is made when it is missing."""
    ready(folder)
    for name, content in files.items():
        if name.endswith(".csv"):
            (folder / name).write_text(csv_text(content), encoding="utf-8")
        else:
            content.savefig(folder / name, dpi=dpi)
    return [folder / name for name in files]


def wrote(paths: Iterable[Path | str]) -> str:
    """The line that names the files."""
    return "wrote " + ", ".join(str(path) for path in paths)


class ProgressBar:
    """A ``Progress`` on standard error; it goes when all is done.

    It is not drawn with ``quiet``, and not into a file or pipe. bar: what else ``tqdm`` is to know.
    """

    def __init__(self, *, quiet: bool, total: int = 0, **bar: Any) -> None:
        self._quiet, self._total, self._look = quiet, total, bar
        self._steps = 0
        self._bar: Any = None

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Draw how far it is, and what comes next."""
        if self._bar is None:
            from tqdm import tqdm

            # disable=None: tqdm's own word for "only on a terminal"
            hidden = True if self._quiet else None
            self._bar = tqdm(total=total, initial=done, file=sys.stderr, disable=hidden, leave=False, **self._look)
        self._bar.update(done - self._bar.n)
        if what:
            self._bar.set_description_str(printable(" ".join(what.split())), refresh=True)

    def step(self, what: str) -> None:
        """The next of ``total`` steps begins."""
        self(self._steps, self._total, what)
        self._steps += 1

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
