"""What ``tasnb doctor`` says: versions, device, and per preset what is present, what is missing and what is damaged.

What is present is opened before it is called ready. Small parts (all that ship, spaCy, WordNet) load and answer; of
large checkpoints the tables of contents, configurations and tokenizers are read, which takes a moment for any size.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasnb.core.domain import KNOWS
from tasnb.core.errors import in_one_line
from tasnb.core.shipped import cache_root
from tasnb.core.tables import text_table
from tasnb.core.types import Progress
from tasnb.models.adapters import LOADERS, require_opens
from tasnb.models.catalogue import PARTS, PRESETS, Part, Preset, Role, is_shipped
from tasnb.models.folders import load_processor
from tasnb.models.names import arguments_of, is_installed, located
from tasnb.models.places import TRAIN, in_words, missing_files
from tasnb.models.vocabulary import require_tokenizer_files
from tasnb.models.weights import one_line, read_config

PACKAGES = ("tasnb", "torch", "segment-anything", "open_clip_torch", "transformers", "spacy", "nltk", "numpy")
SOURCE = {True: "verified", False: "not verified"}
SMALL = 64 * 2**20  # bytes up to which a part is loaded; all that ship are smaller
OTHERS = "other parts, each with tasnb fetch NAME (proposers: --proposals NAME; matchers: tn.models.load(clip=NAME))"


def report(*, tick: Progress = lambda done, total, what="": None) -> dict[str, Any]:
    """Look at this machine, the packages, and the files of every part, which are opened where they are present.

    Parameters
    ----------
    tick : callable
        Told how many parts are looked at, of how many, and the next one.

    Returns
    -------
    dict
        Plain JSON values: python, versions, device, cache; presets, each with its parts, what is missing or damaged and
        the command that gets it; others, the parts that no preset names.
    """
    named = [part for preset in PRESETS.values() for part in (*preset.choices(), *preset.also)]
    others = [(role, choice) for role, choices in PARTS.items() for choice in choices if (role, choice) not in named]
    every = list(dict.fromkeys([*named, *others]))
    seen = {}
    for number, (role, choice) in enumerate(every):
        tick(number, len(every), f"opening {choice} ({role})")
        seen[role, choice] = _part(role, choice)
    return {
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "device": _device(),
        "cache": str(cache_root()),
        "presets": [_preset(preset, seen) for preset in PRESETS.values()],
        "others": [seen[each] for each in others],
    }


def damaged(found: Mapping[str, Any]) -> list[str]:
    """List what is present and does not open.

    Parameters
    ----------
    found : mapping
        What ``report`` gave.

    Returns
    -------
    list of str
        One sentence a part.
    """
    parts = [part for preset in found["presets"] for part in (*preset["parts"], *preset["also"])] + found["others"]
    return list(dict.fromkeys(part["damaged"] for part in parts if part["damaged"]))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device() -> dict[str, Any]:
    import torch

    from tasnb.models.machine import resolve_device

    auto = resolve_device("auto")
    name = torch.cuda.get_device_name(0) if auto == "cuda" else platform.machine()
    return {"auto": auto, "name": name, "threads": torch.get_num_threads()}


def _preset(preset: Preset, seen: Mapping[tuple[Role, str], dict[str, Any]]) -> dict[str, Any]:
    parts, also = ([seen[each] for each in chosen] for chosen in (preset.choices(), preset.also))
    lacking = [part for part in (*parts, *also) if part["state"] != "present"]
    command = TRAIN if is_shipped(preset.name) else f"tasnb fetch {preset.name}"
    return {
        "name": preset.name,
        "ready": all(part["state"] == "present" for part in parts),
        "domain": KNOWS["drawings" if is_shipped(preset.name) else "photos"],
        "command": command if lacking else None,
        "download_bytes": sum(part["download_bytes"] for part in lacking),
        "parts": parts,
        "also": also,
    }


def _part(role: Role, choice: str) -> dict[str, Any]:
    part = PARTS[role][choice]
    missing = [{"file": str(path), "bytes": size} for path, size in missing_files(part)]
    if missing and role == "spacy" and is_installed(choice):
        missing = []
    why = None if missing else _fault(role, choice, part)
    return {
        "role": role,
        "choice": choice,
        "state": "missing" if missing else "damaged" if why else "present",
        "missing": missing,
        "damaged": why,
        "download_bytes": part.total,
        "licence": part.licence,
        "verified": part.verified,
    }


def _fault(role: Role, choice: str, part: Part) -> str | None:
    """Why a part that is present cannot be used, None for one that opens."""
    try:
        arguments, found = arguments_of(role, choice), located(role, choice)
        files = [] if found is None else [file for file in found[1].rglob("*") if file.is_file()]
        if sum(file.stat().st_size for file in files) <= SMALL:
            where = {} if role in ("spacy", "wordnet") else {"device": "cpu"}
            loaded = LOADERS[role](**arguments, **where)
            if role == "captioner":
                loaded.require_speech()
        elif found is not None:
            _look_into(role, part, found[1])
    except Exception as error:  # whatever it is, it is what the user would meet
        return in_one_line(error) or f"{type(error).__name__}: {one_line(error)}"
    return None


def _look_into(role: Role, part: Part, folder: Path) -> None:
    """Open every file of a large part without reading its tensors; raises what is wrong with the first that fails."""
    for file in (path for each in part.files for path in sorted(folder.glob(each.path))):
        require_opens(file, f"file of a {role}")
    if role == "captioner" or (folder / "tokenizer_config.json").is_file():
        require_tokenizer_files(folder, f"{role} folder")
    if role == "captioner" or read_config(folder / "config.json").get("model_type") == "blip-2":
        load_processor(folder, backend="pil")


def report_text(found: Mapping[str, Any]) -> str:
    """Put a report into words.

    Parameters
    ----------
    found : mapping
        What ``report`` gave.

    Returns
    -------
    str
        Lines for a terminal.
    """
    versions = ", ".join(f"{name} {version or 'missing'}" for name, version in found["versions"].items())
    device = found["device"]
    lines = [
        f"python {found['python']}; {versions}",
        f"device {device['auto']} ({device['name']}), {device['threads']} threads",
        f"cache {found['cache']}",
    ]
    for preset in found["presets"]:
        rows = [[*_named(part), _lacking(part)] for part in (*preset["parts"], *preset["also"])]
        states = {part["state"] for part in preset["parts"]}
        state = "ready" if preset["ready"] else "damaged" if "damaged" in states else "incomplete"
        about = f"{preset['name']}: {state}, for {preset['domain']}"
        lines += ["", about, text_table(["role", "part", "state", "missing or damaged"], rows)]
        if preset["command"]:
            size = f" ({in_words(preset['download_bytes'])})" if preset["download_bytes"] else ""
            lines.append(f"to get what is missing: {preset['command']}{size}")
    rows = [
        [
            *_named(part),
            in_words(part["download_bytes"] or None),
            part["licence"],
            SOURCE[part["verified"]],
            part["damaged"] or "",
        ]
        for part in found["others"]
    ]
    lines += ["", OTHERS, text_table(["role", "part", "state", "download", "licence", "source", "damaged"], rows)]
    return "\n".join(lines)


def _named(part: Mapping[str, Any]) -> list[str]:
    """The first columns of a part's row."""
    return [part["role"], part["choice"], part["state"]]


def _lacking(part: Mapping[str, Any]) -> str:
    """What is missing of a part, the largest file by name, or what is damaged."""
    if not part["missing"]:
        return str(part["damaged"] or "")
    most = max(part["missing"], key=lambda file: file["bytes"] or 0)
    more = f" and {len(part['missing']) - 1} more" if len(part["missing"]) > 1 else ""
    return f"{most['file']} ({in_words(most['bytes'])}){more}"
