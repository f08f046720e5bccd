"""Options that several commands share, each with one name and one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Models = Annotated[str, typer.Option("--models", help="Preset (tasnb doctor lists them) or a folder with models.json.")]
Sam = Annotated[
    str | None,
    typer.Option(
        "--sam", help="Instead of the preset's proposer: vit_b, sam2 ..., a repository, a .pth file, a folder."
    ),
]
Clip = Annotated[
    str | None,
    typer.Option(
        "--clip", help="Instead of its matcher: RN50, ViT-L-14 (open_clip), hf-hub:..., a .pt file, a folder."
    ),
]
Captioner = Annotated[
    str | None, typer.Option("--captioner", help="Instead of its captioner: git, blip, a repository, a folder.")
]
Spacy = Annotated[str | None, typer.Option("--spacy", help="Instead of its parser: an installed pipeline, a folder.")]
Wordnet = Annotated[str | None, typer.Option("--wordnet", help="Instead of its WordNet: a folder.")]
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


def parts_of(**given: str | None) -> dict[str, str]:
    """The parts that are given instead of the preset's, by their role, for ``models.load``."""
    return {role: value for role, value in given.items() if value is not None}
