"""``tasnb doctor`` and ``tasnb fetch``: which models are there, and how to get the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasnb.cli.options import Json, reads
from tasnb.cli.output import ProgressBar, say, show


def doctor(json_: Json = False) -> None:
    """Show per preset what is present, missing or damaged, the device and the versions.

    What is present is opened: small models load and answer, of large ones the headers, configurations and tokenizers
    are read. Exit code 1 when something is damaged; what is only missing is no fault.
    """
    from tasnb.models.doctor import damaged, report, report_text

    with ProgressBar(quiet=json_, unit="part") as parts:
        found = report(tick=parts)
    show(found, report_text(found), as_json=json_)
    if damaged(found):
        raise typer.Exit(1)


def fetch(
    preset: Annotated[
        str, typer.Argument(help="laptop or paper, or one part: vit_l, RN50, microsoft/git-base-coco ...")
    ],
    list_: Annotated[
        bool, typer.Option("--list", help="Download nothing: print each file's address, size, sha256 and place.")
    ] = False,
    from_: Annotated[
        Path | None,
        reads("--from", help="A folder that holds the files already; they are checked and taken from there."),
    ] = None,
    json_: Json = False,
) -> None:
    """Get the checkpoints of PRESET: pinned, checked, resumable; what other programs have downloaded is used."""
    from tasnb.models import fetch as fetching

    if list_:
        files = fetching.listing(preset)
        lines = [
            f"{file.part}: {file.address}\n    {file.size or 'size unknown'}  sha256 {file.sha256 or 'unknown'}  "
            f"{'present' if file.present else 'missing'}\n    {file.target}"
            for file in files
        ]
        record = {"files": [file._asdict() for file in files]}
        show(record, "\n".join(lines) or f"{preset} ships with tasnb", as_json=json_)
        return
    done = []
    for line in fetching.fetch(preset, source=from_, progress=not json_):
        done.append(line)
        if not json_:
            say(line)
    if json_:
        show({"done": done}, "", as_json=True)
