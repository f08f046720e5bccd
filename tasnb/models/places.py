"""Where the files of models lie: those that ship, our own cache, and what other programs have downloaded before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tasnb.core.shipped import cache_root, data_root
from tasnb.models.catalogue import File, Part

TRAIN = "python data/toyworld/train.py"  # in a clone: what makes the shipped models


def folder_of(part: Part) -> Path:
    """Tell where a part's files are, or would be.

    Parameters
    ----------
    part : Part
        Of the catalogue.

    Returns
    -------
    Path
        Below the package's data or the cache.
    """
    return (data_root() if part.home == "shipped" else cache_root()) / part.folder


def missing_files(part: Part, folder: Path | None = None) -> list[tuple[Path, int | None]]:
    """Tell which files of a part are absent or have another size.

    Parameters
    ----------
    part : Part
        Of the catalogue.
    folder : Path or None
        Where to look; None for the part's own folder.

    Returns
    -------
    list of (Path, int or None)
        With the bytes that each should have, None if unknown.
    """
    below = folder_of(part) if folder is None else folder
    return [(below / file.path, file.size) for file in part.files if not is_there(file, below)]


def is_there(file: File, folder: Path) -> bool:
    """Tell whether a file is in a folder, and has its size where that is known.

    Parameters
    ----------
    file : File
        Its path may be a pattern, such as "model*.safetensors", which any file meets.
    folder : Path
        Where to look.

    Returns
    -------
    bool
        False for an empty file too.
    """
    if "*" in file.path:
        return any(path.is_file() and path.stat().st_size for path in folder.glob(file.path))
    path = folder / file.path
    size = path.stat().st_size if path.is_file() else 0
    return size > 0 and file.size in (None, size)


def command_for(part: Part, name: str) -> str:
    """Tell the command that makes or gets a part.

    Parameters
    ----------
    part : Part
        Of the catalogue.
    name : str
        Of the part, or of a preset that has it.

    Returns
    -------
    str
        For a terminal.
    """
    if part.home == "shipped":
        return f"{TRAIN} --only {Path(part.folder).name}"
    return f"tasnb fetch {name}"


def in_words(size: int | None) -> str:
    """Say a size for people.

    Parameters
    ----------
    size : int or None
        Bytes.

    Returns
    -------
    str
        Such as "375 MB"; "size unknown" for None.
    """
    if size is None:
        return "size unknown"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size} bytes"


def hub_cache() -> Path:
    """Tell the folder in which the Hugging Face libraries keep what they have downloaded.

    Returns
    -------
    Path
        HF_HUB_CACHE, or ``hub`` below HF_HOME, or their default; it need not be there.

    Notes
    -----
    Read now, not when huggingface_hub is imported. Source: huggingface_hub, "Environment variables".
    """
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if given := os.environ.get(name):
            return Path(given).expanduser()
    home = os.environ.get("HF_HOME")
    root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home or f"{root}/huggingface").expanduser() / "hub"


def hub_folder(repo: str, revision: str | None = None) -> Path | None:
    """Find a repository in the Hugging Face cache, without the network.

    Parameters
    ----------
    repo : str
        Such as "microsoft/git-base-coco".
    revision : str or None
        A commit or a branch; None for the main one.

    Returns
    -------
    Path or None
        Its snapshot, which need not hold every file; None where it was never downloaded.
    """
    if not hub_cache().is_dir():
        return None
    import huggingface_hub

    try:
        found: Any = huggingface_hub.snapshot_download(
            repo, revision=revision, cache_dir=hub_cache(), local_files_only=True
        )
    except (OSError, ValueError):  # never downloaded (the library's errors are of both kinds), or no repository's name
        return None
    return Path(found)


def downloaded(url: str, hub: str) -> Path | None:
    """Find a checkpoint that open_clip has downloaded before.

    Parameters
    ----------
    url : str
        Its address, "" for none: open_clip keeps it in ~/.cache/clip under its last word.
    hub : str
        A repository and perhaps a file in it, as open_clip's table has them; "" for none.

    Returns
    -------
    Path or None
        The safetensors where there is a choice; None where nothing is there.
    """
    repo, _, name = hub.rpartition("/")
    if hub and (folder := hub_folder(repo)) is not None:
        names = [name] if name else ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]
        if found := next((folder / each for each in names if (folder / each).is_file()), None):
            return found
    kept = Path("~/.cache/clip").expanduser() / url.rpartition("/")[2]
    return kept if url and kept.is_file() else None
