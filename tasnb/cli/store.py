"""``tasnb store info|prune|verify``: the artifact store seen from outside."""

from __future__ import annotations

from typing import Annotated

import typer

from tasnb.cli.options import Json, StoreFolder
from tasnb.cli.output import show
from tasnb.core.errors import UserError

app = typer.Typer(help="The artifact store: what the models said about images, kept on disk.", no_args_is_help=True)


@app.command()
def info(store: StoreFolder = None, json_: Json = False) -> None:
    """Show entries and bytes, stage by stage."""
    from tasnb.store import Store

    found = Store(store).info()
    stages = {name: {"entries": stage.entries, "bytes": stage.bytes} for name, stage in found.stages.items()}
    record = {"root": found.root, "entries": found.entries, "bytes": found.bytes, "stages": stages}
    show(record, str(found), as_json=json_)


@app.command()
def prune(
    max_size: Annotated[str, typer.Option(help="What may stay: bytes, or 500MB, 2GB; 0 empties it.")],
    store: StoreFolder = None,
    json_: Json = False,
) -> None:
    """Remove the least recently used entries until the store is no larger than --max-size."""
    from tasnb.store import Store

    target = Store(store)
    removed = target.prune(bytes_of(max_size))
    left = target.info()
    text = f"{left.root}: removed {removed:,} entries; {left.entries:,} are left, {left.bytes:,} bytes"
    record = {"root": left.root, "removed": removed, "entries": left.entries, "bytes": left.bytes}
    show(record, text, as_json=json_)


@app.command()
def verify(store: StoreFolder = None, json_: Json = False) -> None:
    """Read every entry and list the damaged ones; exits 1 when there are any. The next use repairs them."""
    from tasnb.store import Store

    target = Store(store)
    damaged = target.verify()
    lines = [f"{one.path}: {one.reason}" for one in damaged]
    lines.append(f"{target.root}: {target.info().entries:,} entries, {len(damaged)} damaged")
    show({"root": target.root, "damaged": damaged}, "\n".join(lines), as_json=json_)
    if damaged:
        raise typer.Exit(1)


def bytes_of(text: str) -> int:
    """ "500MB" -> 500000000. Raises ValueError for what is no size."""
    from pydantic import ByteSize, TypeAdapter

    try:
        return TypeAdapter(ByteSize).validate_python(text)
    except (ValueError, OverflowError):
        raise UserError(f"--max-size: expected a number of bytes such as 0, 500MB or 2GB, got {text!r}") from None
