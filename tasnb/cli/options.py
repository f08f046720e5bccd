"""Options that several commands share, each with one name and one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Models = Annotated[str, typer.Option("--models", help="Preset (tasnb doctor lists them) or a folder with models.json.")]
Variant = Annotated[
    str, typer.Option(help="paper: the paper's text; official: the authors' code (toy presets: official-scaled).")
]
Alpha = Annotated[float | None, typer.Option(help="Weight of P; default: the preset's, else 0.1.")]
Lam = Annotated[float | None, typer.Option(help="Weight of N; default: the preset's, else 0.7 (RefCOCOg: 1).")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Root = Annotated[Path | None, typer.Option(help="Folder of the data; default: TASNB_DATA, RefToy: shipped.")]
SplitBy = Annotated[str | None, typer.Option(help="unc or google (RefCOCO), umd or google (RefCOCOg).")]
StoreFolder = Annotated[
    Path | None, typer.Option("--store", help="Folder of the artifact store; default: the user's cache.")
]
RunFolder = Annotated[Path, typer.Argument(help="A run directory, from tasnb evaluate.")]
