"""What the presets are made of: the parts of ``catalogue.toml``, their files, where they come from, what pins them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, FiniteFloat, TypeAdapter
from pydantic.dataclasses import dataclass

from tasnb.core.domain import Domain

Role = Literal["sam", "clip", "captioner", "spacy", "wordnet"]
ROLES: tuple[Role, ...] = get_args(Role)
Choice = str | dict[str, Any]
_STRICT = ConfigDict(extra="forbid")  # a key that is misspelt in the file is an error
_Pair = Annotated[dict[Annotated[str, Field(pattern="^(alpha|lam)$")], FiniteFloat], Field(min_length=2)]
PresetWeights = _Pair | dict[str, _Pair | dict[str, _Pair]]  # for all; by variant; by variant and data set


@dataclass(frozen=True, config=_STRICT)
class File:
    """A file that must be there.

    Parameters
    ----------
    path : str
        Below the part's folder; in a repository whose file names are not known for sure a pattern ("model*.bin").
    size : int or None
        Bytes; None where not verified.
    sha256 : str or None
        Of its content; None where none is known.
    """

    path: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Part:
    """One choice for a role: its files, where they come from, and what pins them.

    Parameters
    ----------
    home : str
        "shipped" (the package's data) or "cache".
    folder : str
        Below it.
    files : tuple of File
        What must be there before loading.
    arguments : mapping of str to str, int or float
        What the adapter's ``load`` gets; a value that starts with "./" is a path below the folder.
    url : str or None
        Address of a single file over HTTP.
    archive : File or None
        What is at that address when it is an archive, which is unpacked into the folder.
    beside : tuple of (str, File)
        More single files, each with its address.
    repo, revision : str or None
        A Hugging Face repository and its git commit.
    patterns : tuple of str
        Which of the repository's files are needed.
    total : int
        Bytes to download, for people; approximate where a file's size is not verified.
    licence : str
        Of the weights, for people.
    names : tuple of str
        What else people call it, beside its name here and its repository.
    verified : bool
        False where nothing pins the content: no sha256 and no commit.
    """

    home: Literal["shipped", "cache"] = "cache"
    folder: str
    files: tuple[File, ...]
    arguments: Mapping[str, str | int | float] = field(default_factory=dict)
    url: str | None = None
    archive: File | None = None
    beside: tuple[tuple[str, File], ...] = ()
    repo: str | None = None
    revision: str | None = None
    patterns: tuple[str, ...] = ()
    total: int = 0
    licence: str = ""
    names: tuple[str, ...] = ()
    verified: bool = True


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Preset:
    """One choice for each role (DESIGN section 6).

    Parameters
    ----------
    name : str
        Of the preset.
    sam, clip, captioner, spacy, wordnet : str or dict
        Names of parts; in a models.json also a path, or the arguments of the adapter's ``load``.
    also : tuple of (role, str)
        Parts that its experiments need beside.
    weights : mapping
        Its own alpha and lam, as ``core.types.Models`` has them.
    variants : mapping of str to str
        A variant's name -> the one that it stands for here, as ``core.types.Models`` has it.
    domain : "drawings", "photos" or None
        What its models can be expected to read; None: its parts tell.
    """

    name: str
    sam: Choice
    clip: Choice
    captioner: Choice
    spacy: Choice = "en_core_web_sm"
    wordnet: Choice = "wordnet"
    also: tuple[tuple[Role, str], ...] = ()
    weights: PresetWeights = field(default_factory=dict)
    variants: Mapping[str, str] = field(default_factory=dict)
    domain: Domain | None = None

    def choices(self) -> list[tuple[Role, Any]]:
        """List its parts.

        Returns
        -------
        list of (role, str or dict)
            One a role.
        """
        return [(role, getattr(self, role)) for role in ROLES]


_WRITTEN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
PARTS: Mapping[Role, Mapping[str, Part]] = TypeAdapter(dict[Role, dict[str, Part]]).validate_python(_WRITTEN["parts"])
# variant -> options of ``load`` that it asks for
VARIANT_OPTIONS: Mapping[str, Mapping[str, int | bool]] = _WRITTEN["variants"]
# published SAM -> what of ``sam.SamConfig`` differs from its defaults
SAM_SIZES: Mapping[str, Mapping[str, Any]] = _WRITTEN["sam_sizes"]
PRESETS: Mapping[str, Preset] = {name: Preset(name=name, **choices) for name, choices in _WRITTEN["presets"].items()}


def is_shipped(preset: str) -> bool:
    """Tell whether every part of a preset comes with the package.

    Parameters
    ----------
    preset : str
        Its name.

    Returns
    -------
    bool
        False for a name that is no preset.
    """
    return preset in PRESETS and all(PARTS[role][name].home == "shipped" for role, name in PRESETS[preset].choices())
