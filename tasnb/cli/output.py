"""What all commands share: how a result is printed, where its files go, how progress is shown."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import typer

from tasnb.core.errors import UserError, in_one_line


def show(record: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print a result on standard output: the text for a person, or the record as one JSON object.

    In JSON a table becomes its rows, a path its text, NaN null.
    """
    if as_json:
        from pydantic_core import to_jsonable_python

        text = json.dumps(to_jsonable_python(record, inf_nan_mode="null", fallback=_plain), ensure_ascii=False)
    typer.echo(text)


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
    if file.is_dir():
        raise UserError(f"--out: expected a file to write, got the folder {file}; give a name in it")
    ready(file.parent)
    return file


def save(folder: Path, files: Mapping[str, Any], *, dpi: int = 150) -> list[Path]:
    """Write tables (NAME.csv) and figures (NAME.png) into a folder, which is made when it is missing."""
    ready(folder)
    for name, content in files.items():
        if name.endswith(".csv"):
            content.to_csv(folder / name, index=False)
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
            self._bar.set_description_str(what, refresh=True)

    def step(self, what: str) -> None:
        """The next of ``total`` steps begins."""
        self(self._steps, self._total, what)
        self._steps += 1

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
