"""What a user may call a model: a name of the catalogue, one that its users know, a file, a folder, a mapping.

Nothing here opens a model or the network: a name becomes the arguments of the role's adapter.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tasnb.core.choices import require_known
from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.shipped import cache_root
from tasnb.models.adapters import is_fastsam, is_successor
from tasnb.models.catalogue import PARTS, Part, Role
from tasnb.models.places import folder_of, hub_cache, hub_folder, missing_files
from tasnb.models.weights import CHECKPOINTS

# a role -> the first argument of its adapter's ``load``, where it is not "folder"
FIRST: Mapping[Role, str] = {"sam": "checkpoint", "clip": "model"}
_REPOSITORY = re.compile(r"(hf-hub:)?[\w.-]+/[\w.-]+")  # of the Hugging Face hub
ON_THE_HUB: tuple[Role, ...] = ("sam", "clip", "captioner")


def canonical(role: Role, value: Any) -> str | None:
    """Tell the catalogue's name of a part.

    Parameters
    ----------
    role : str
        Of the part.
    value : object
        Its name, or another of the same thing: its repository ("microsoft/git-base-coco", with or without "hf-hub:"),
        or one that its authors or open_clip give it ("ViT-B/32", "ViT-B-32-quickgelu").

    Returns
    -------
    str or None
        None for paths, mappings and unknown names.
    """
    if not isinstance(value, str):
        return None
    if value in PARTS[role]:
        return value
    if Path(value).exists():
        return None
    plain = value.removeprefix("hf-hub:")
    return next((name for name, part in PARTS[role].items() if plain == part.repo or value in part.names), None)


def arguments_of(role: Role, value: Any) -> dict[str, Any]:
    """Tell what the role's adapter is to be called with.

    Parameters
    ----------
    role : str
        Of the model.
    value : object
        A name, a path, or a mapping of the adapter's own arguments.

    Returns
    -------
    dict of str to object
        Paths as text.

    Raises
    ------
    UserError
        For an unknown name, listing the choices, and for a path of the wrong kind.
    MissingFileError
        For a repository that is not on this machine.
    """
    first = FIRST.get(role, "folder")
    if isinstance(value, Mapping):
        given = dict(value)
        if first == "folder" and "model" in given:
            given["folder"] = given.pop("model")
        if first not in given:
            raise UserError(
                f"{role}: expected an entry {'model' if first == 'folder' else first!r}; got {sorted(map(str, given))}"
            )
        for name in ("checkpoint", "folder", "model"):
            is_one = isinstance(given.get(name, ""), str | Path) or (name != first and given[name] is None)
            if not is_one and not (role == "sam" and name == "model" and isinstance(given[name], Mapping)):
                raise UserError(f"{role}: expected {name} to be a name or a path, got {given[name]!r:.80}")
        return given
    if not isinstance(value, str | Path):
        raise UserError(f"{role}: expected a name, a path, or an object of arguments, got {value!r:.80}")
    if (found := located(role, value)) is not None:
        part, folder = found
        return {
            name: str(folder / given[2:]) if isinstance(given, str) and given.startswith("./") else given
            for name, given in part.arguments.items()
        }
    path = Path(value).expanduser()
    if not path.exists():
        return _named(role, str(value), first)
    if role == "sam":
        return _sam_at(path)
    if path.is_file() and not (role == "clip" and path.suffix in CHECKPOINTS):
        inside = f"; give the folder {path.parent}" if (path.parent / "config.json").is_file() else ""
        raise UserError(f"{role}: expected a folder, {path} is a file{inside}")
    return {first: str(path)}


def located(role: Role, value: Any) -> tuple[Part, Path] | None:
    """Find the part of the catalogue that a value names, and the folder of its files.

    Parameters
    ----------
    role : str
        Of the part.
    value : object
        Any name of it; see `canonical`.

    Returns
    -------
    (Part, Path) or None
        Our own folder, whether the files are there or not; where ours lacks some and the Hugging Face cache has them
        all, and the part was asked for by its repository's name, that one. None for what names no part, and for a spaCy
        pipeline that we lack and that is installed as a package.
    """
    name = canonical(role, value)
    if name is None:
        return None
    part = PARTS[role][name]
    folder = folder_of(part)
    if not missing_files(part):
        return part, folder
    if role == "spacy" and is_installed(str(value)):
        return None
    if value != name and part.repo is not None:
        for found in (hub_folder(part.repo, part.revision), hub_folder(part.repo)):
            if found is not None and not missing_files(part, found):
                return part, found
    return part, folder


def _named(role: Role, name: str, first: str) -> dict[str, Any]:
    """The arguments for what is no part and no path."""
    if role == "spacy" and is_installed(name):
        return {first: name}
    if role == "clip" and name in _open_clip_names():
        return {first: name}
    looks_like_a_path = Path(name).suffix in CHECKPOINTS or name.startswith((".", "/", "~"))
    if role in ON_THE_HUB and _REPOSITORY.fullmatch(name) and not looks_like_a_path:
        repo = name.removeprefix("hf-hub:")
        if (found := hub_folder(repo)) is None:
            raise MissingFileError(
                f"{role}: {repo} is not on this machine (looked in {cache_root()} and {hub_cache()}). To get it: hf "
                f"download {repo}, or give the path of its folder"
            )
        return _sam_at(found) if role == "sam" else {first: str(found)}
    if looks_like_a_path or "/" in name:
        raise UserError(
            f"{role}: no such file or folder: {name}; check the path, or choose from {', '.join(PARTS[role])}"
        )
    kinds: Mapping[Role, str] = {
        "clip": ", a name of open_clip, a Hugging Face repository, or give a path",
        "captioner": ", a Hugging Face repository, or give a path",
        "spacy": ", an installed pipeline, or give a path",
    }
    require_known(role, name, PARTS[role], hint=kinds.get(role, ", or give a path"))
    raise AssertionError(name)  # a name of the catalogue is a part


def _sam_at(path: Path) -> dict[str, Any]:
    """A file or folder of SAM or of one of its successors."""
    if is_successor(path) or is_fastsam(path):
        return {"checkpoint": str(path)}
    if path.is_dir():
        found = [p for p in sorted(path.iterdir()) if p.suffix in CHECKPOINTS]
        if len(found) != 1:
            raise UserError(f"sam: expected one .safetensors or .pth in {path}, found {len(found)}")
        path = found[0]
    beside = path.with_name("config.json")
    otherwise = str(beside) if beside.is_file() else None  # None: the tensors' own sizes tell
    named = (model for model in ("vit_b", "vit_l", "vit_h") if model in path.name)
    return {"checkpoint": str(path), "model": next(named, otherwise)}


def is_installed(pipeline: str) -> bool:
    """Tell whether a spaCy pipeline is installed as a package, without importing it.

    Parameters
    ----------
    pipeline : str
        Such as "en_core_web_md".

    Returns
    -------
    bool
        False for any text that is no name of a package.
    """
    if not re.fullmatch(r"[a-z]{2}_\w+", pipeline):
        return False
    try:
        importlib.metadata.version(pipeline)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@cache
def _open_clip_names() -> frozenset[str]:
    """The architectures of open_clip, by its files, without importing it."""
    found = importlib.util.find_spec("open_clip")
    roots = [] if found is None else found.submodule_search_locations or []
    return frozenset(path.stem for root in roots for path in Path(root, "model_configs").glob("*.json"))
