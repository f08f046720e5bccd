"""What ``tasnb doctor`` says: versions, device, and per preset what is present and what is missing."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from typing import Any

from tasnb.core.tables import text_table
from tasnb.models.catalogue import PARTS, PRESETS, Preset, Role, is_shipped
from tasnb.models.places import TRAIN, cache_root, in_words, missing_files

PACKAGES = ("tasnb", "torch", "segment-anything", "open_clip_torch", "transformers", "spacy", "nltk", "numpy")
SOURCE = {True: "verified", False: "not verified"}
OTHERS = "other parts, each with tasnb fetch NAME (proposers: --proposals NAME; matchers: tn.models.load(clip=NAME))"


def report() -> dict[str, Any]:
    """Look at this machine, the packages, and the files of every part.

    Returns
    -------
    dict
        Plain JSON values: python, versions, device, cache; presets, each with its parts, what is missing and the
        command that gets it; others, the parts that no preset names.
    """
    named = {part for preset in PRESETS.values() for part in (*preset.choices(), *preset.also)}
    others = [(role, choice) for role, choices in PARTS.items() for choice in choices if (role, choice) not in named]
    return {
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "device": _device(),
        "cache": str(cache_root()),
        "presets": [_preset(preset) for preset in PRESETS.values()],
        "others": _parts(others),
    }


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


def _preset(preset: Preset) -> dict[str, Any]:
    parts, also = _parts(preset.choices()), _parts(preset.also)
    lacking = [part for part in (*parts, *also) if part["missing"]]
    command = TRAIN if is_shipped(preset.name) else f"tasnb fetch {preset.name}"
    return {
        "name": preset.name,
        "ready": not any(part["missing"] for part in parts),
        "command": command if lacking else None,
        "download_bytes": sum(part["download_bytes"] for part in lacking),
        "parts": parts,
        "also": also,
    }


def _parts(chosen: Iterable[tuple[Role, str]]) -> list[dict[str, Any]]:
    return [
        {
            "role": role,
            "choice": choice,
            "missing": [{"file": str(path), "bytes": size} for path, size in missing_files(part)],
            "download_bytes": part.total,
            "licence": part.licence,
            "verified": part.verified,
        }
        for role, choice in chosen
        for part in [PARTS[role][choice]]
    ]


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
        rows = [
            [*_named(part), f"{file['file']} ({in_words(file['bytes'])})" if file else ""]
            for part in (*preset["parts"], *preset["also"])
            for file in part["missing"] or [None]
        ]
        state = "ready" if preset["ready"] else "incomplete"
        lines += ["", f"{preset['name']}: {state}", text_table(["role", "part", "state", "missing file"], rows)]
        if preset["command"]:
            size = f" ({in_words(preset['download_bytes'])})" if preset["download_bytes"] else ""
            lines.append(f"to get what is missing: {preset['command']}{size}")
    rows = [
        [*_named(part), in_words(part["download_bytes"] or None), part["licence"], SOURCE[part["verified"]]]
        for part in found["others"]
    ]
    lines += ["", OTHERS, text_table(["role", "part", "state", "download", "licence", "source"], rows)]
    return "\n".join(lines)


def _named(part: Mapping[str, Any]) -> list[str]:
    """The first columns of a part's row."""
    return [part["role"], part["choice"], "missing" if part["missing"] else "present"]
