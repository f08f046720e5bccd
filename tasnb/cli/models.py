"""``tasnb doctor`` and ``tasnb fetch``: which models are there, and how to get the others."""

from __future__ import annotations

from typing import Annotated

import typer

from tasnb.cli.options import Json
from tasnb.cli.output import show


def doctor(json_: Json = False) -> None:
    """Show per preset what is present and what is missing, the device and the versions."""
    from tasnb.models.doctor import report, report_text

    found = report()
    show(found, report_text(found), as_json=json_)


def fetch(preset: Annotated[str, typer.Argument(help="laptop or paper.")]) -> None:
    """Download the checkpoints of PRESET: pinned, checked, resumable."""
    from tasnb.models.fetch import fetch as fetch_preset

    for line in fetch_preset(preset):
        typer.echo(line)
