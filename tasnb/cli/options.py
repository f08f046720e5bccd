"""Options that several commands share, each with one name and one sentence."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from tasnb.core.choices import require_plain

Given = TypeVar("Given", str | None, Path | None, list[Path] | None)


def to_read(value: Given) -> Given:
    """A path that is read: never a pipe, a socket or a device, which may not end. For every option that takes one."""
    for path in value if isinstance(value, list) else [value]:
        if path is not None:
            require_plain(path)
    return value


def to_write(value: Path | None) -> Path | None:
    """A path that is written to; as ``to_read``, but a device such as /dev/null takes what it is given."""
    if value is not None:
        require_plain(value, devices=True)
    return value


reads = partial(typer.Option, callback=to_read)  # an option that takes such a path
writes = partial(typer.Option, callback=to_write)

TOY = "toy: drawings of this library only; for photos laptop or paper (tasnb fetch laptop; tasnb doctor lists all)"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Models = Annotated[str, reads("--models", help=f"Preset or a folder with models.json. {TOY}.")]
Sam = Annotated[
    str | None,
    reads("--sam", help="Instead of the preset's proposer: vit_b, sam2 ..., a repository, a .pth file, a folder."),
]
Clip = Annotated[
    str | None,
    reads("--clip", help="Instead of its matcher: RN50, ViT-L-14 (open_clip), hf-hub:..., a .pt file, a folder."),
]
Captioner = Annotated[
    str | None, reads("--captioner", help="Instead of its captioner: git, blip, a repository, a folder.")
]
Spacy = Annotated[str | None, reads("--spacy", help="Instead of its parser: an installed pipeline, a folder.")]
Wordnet = Annotated[str | None, reads("--wordnet", help="Instead of its WordNet: a folder.")]
Variant = Annotated[
    str,
    typer.Option(
        help="paper: the paper's text; official: the authors' code (toy presets: official-scaled); plus: ours, "
        "paper with a soft rectifier."
    ),
]


def _weight(value: float | None) -> float | None:
    """Refused before any model is loaded."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"expected a finite number, got {value}")
    return value


Alpha = Annotated[float | None, typer.Option(callback=_weight, help="Weight of P; default: the preset's, else 0.1.")]
Lam = Annotated[
    float | None, typer.Option(callback=_weight, help="Weight of N; default: the preset's, else 0.7 (RefCOCOg: 1).")
]
MaxSide = Annotated[
    int, typer.Option(help="Pixels of the longer side at which the picture is worked on; 0: its own size.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Root = Annotated[Path | None, reads(help="Folder of the data; default: TASNB_DATA, RefToy: shipped.")]
SplitBy = Annotated[str | None, typer.Option(help="unc or google (RefCOCO), umd or google (RefCOCOg).")]
Without = Annotated[
    Path | None, reads("--without", help="Table of doubtful sentences (dataset, sent_id) that are left out of RefCOCO.")
]
StoreFolder = Annotated[Path | None, reads("--store", help="Folder of the artifact store; default: the user's cache.")]
RunFolder = Annotated[Path, typer.Argument(callback=to_read, help="A run directory, from tasnb evaluate.")]


def parts_of(**given: str | None) -> dict[str, str]:
    """The parts that are given instead of the preset's, by their role, for ``models.load``."""
    return {role: value for role, value in given.items() if value is not None}
