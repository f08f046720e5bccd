"""``tasnb lessons``: the notebooks to learn from, copied out; ``tasnb freeze``: a notebook as one HTML page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tasnb.cli.options import Json, to_read, to_write, writes
from tasnb.cli.output import ready_file, say, show


def lessons(
    folder: Annotated[Path, typer.Argument(callback=to_write, help="Where to; it is made when it is missing.")] = Path(
        "lessons"
    ),
    solutions: Annotated[bool, typer.Option("--solutions", help="Also the notebooks with solved exercises.")] = False,
    json_: Json = False,
) -> None:
    """Copy the lessons to FOLDER, to be opened there.

    They may be changed: a file that is there already is kept as it is.
    """
    from tasnb.core.shipped import copy_lessons

    copied = copy_lessons(folder, solutions=solutions)
    opening = f"jupyter lab {shlex.quote(str(folder / '00_quickstart.ipynb'))}"
    lines = [f"wrote {len(copied.written)} files to {folder}"]
    if copied.kept:
        names = ", ".join(str(path.relative_to(folder)) for path in copied.kept)
        lines.append(f"kept {len(copied.kept)} that were there already: {names}")
    lines.append(f"open: {opening}")
    record = {"folder": folder, "written": copied.written, "kept": copied.kept, "open": opening}
    show(record, "\n".join(lines), as_json=json_)


def freeze(
    notebook: Annotated[Path, typer.Argument(callback=to_read, help="A notebook: NAME.ipynb.")],
    out: Annotated[Path | None, writes("--out", help="File to write; default: NAME.html beside it.")] = None,
    execute: Annotated[bool, typer.Option("--execute", help="Run it first; its file stays as it is.")] = False,
) -> None:
    """Write NOTEBOOK as one HTML page: pictures inside, explore still ranks, nothing is loaded."""
    from tasnb.viewers import freezing

    target = notebook.with_suffix(".html") if out is None else out
    if notebook.is_file():  # what is no notebook is said below, and no folder is made for it
        ready_file(target)
    page = freezing.freeze(notebook, execute=execute)
    target.write_text(page, encoding="utf-8")
    say(f"wrote {target} ({len(page.encode()) / 1e6:.1f} MB)")
