"""One choice for a role of a preset: its files, where they come from, and what pins them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["sam", "clip", "captioner", "spacy", "wordnet"]
ROLES: tuple[Role, ...] = ("sam", "clip", "captioner", "spacy", "wordnet")


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that must be there. path: below the part's folder. size: bytes; None where not verified."""

    path: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """One choice for a role.

    home: "shipped" (the package's data) or "cache". folder: below it. files: what must be there before loading.
    arguments: what the adapter's ``load`` gets; a value that starts with "./" is a path below the folder.
    url, archive: a single file over HTTP, and how it is checked; an archive is unpacked into the folder.
    beside: more single files, each with its address. repo, revision, patterns: a Hugging Face repository, its git
    commit, and which of its files are needed. total: bytes to download, for people; approximate where a file's size is
    not verified. verified: False where nothing pins the content: no sha256 and no commit.
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
    verified: bool = True
