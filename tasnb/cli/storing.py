"""``tasnb store info|prune|verify``: the artifact store seen from outside."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The artifact store: what the models said about images, kept on disk.", no_args_is_help=True)

Where = Annotated[Path | None, typer.Option("--store", help="Folder of the store; default: the user's cache.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command()
def info(store: Where = None, json_: Json = False) -> None:
    """Show entries and bytes, stage by stage."""
    from tasnb.store import Store

    found = Store(store).info()
    if json_:
        stages = {name: {"entries": s.entries, "bytes": s.bytes} for name, s in found.stages.items()}
        record = {"root": str(found.root), "entries": found.entries, "bytes": found.bytes, "stages": stages}
        typer.echo(json.dumps(record))
    else:
        typer.echo(str(found))


@app.command()
def prune(
    max_size: Annotated[str, typer.Option("--max-size", help="What may stay: bytes, or 500MB, 2GB; 0 empties it.")],
    store: Where = None,
    json_: Json = False,
) -> None:
    """Remove the least recently used entries until the store is no larger than --max-size."""
    from tasnb.store import Store

    target = Store(store)
    removed = target.prune(bytes_of(max_size))
    left = target.info()
    if json_:
        typer.echo(
            json.dumps({"root": str(left.root), "removed": removed, "entries": left.entries, "bytes": left.bytes})
        )
    else:
        typer.echo(f"{left.root}: removed {removed:,} entries; {left.entries:,} are left, {left.bytes:,} bytes")


@app.command()
def verify(store: Where = None, json_: Json = False) -> None:
    """Read every entry and list the damaged ones; exits 1 when there are any. The next use repairs them."""
    from tasnb.store import Store

    target = Store(store)
    damaged = target.verify()
    if json_:
        rows = [{**asdict(d), "path": str(d.path)} for d in damaged]
        typer.echo(json.dumps({"root": str(target.root), "damaged": rows}))
    else:
        for one in damaged:
            typer.echo(f"{one.path}: {one.reason}")
        typer.echo(f"{target.root}: {target.info().entries:,} entries, {len(damaged)} damaged")
    if damaged:
        raise typer.Exit(1)


_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def bytes_of(text: str) -> int:
    """ "500MB" -> 500000000. Raises ValueError for what is no size."""
    plain = text.strip().upper().replace(" ", "")
    number = plain.rstrip("KMGTB")
    try:
        return int(float(number) * _UNITS[plain[len(number) :]])
    except (ValueError, KeyError, OverflowError):
        raise ValueError(f"--max-size: expected a number of bytes such as 0, 500MB or 2GB, got {text!r}") from None
