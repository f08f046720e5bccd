"""``tasnb freeze``: a notebook as one HTML page that works without a kernel and without the network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def freeze(
    notebook: Annotated[Path, typer.Argument(help="A notebook: NAME.ipynb.")],
    out: Annotated[Path | None, typer.Option("--out", help="File to write; default: NAME.html beside it.")] = None,
    execute: Annotated[bool, typer.Option("--execute", help="Run it first; its file stays as it is.")] = False,
) -> None:
    """Write NOTEBOOK as one HTML page: pictures inside, explore still ranks, nothing is loaded."""
    from tasnb.viewers import freezing

    page = freezing.freeze(notebook, execute=execute)
    target = notebook.with_suffix(".html") if out is None else out
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")
    typer.echo(f"wrote {target} ({len(page.encode()) / 1e6:.1f} MB)")
