"""The report behind ``tasnb doctor``."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

from tasnb.models.catalogue import PARTS, PRESETS, Preset, Role
from tasnb.models.presets import cache_root, in_words, missing_files

PACKAGES = (
    "tasnb",
    "torch",
    "segment-anything",
    "open_clip_torch",
    "transformers",
    "spacy",
    "nltk",
    "numpy",
)


def doctor() -> dict[str, Any]:
    """Return python, versions, device, cache; each preset's parts with what is missing and the command; other parts."""
    return {
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "device": _device(),
        "cache": str(cache_root()),
        "presets": [_preset(preset) for preset in PRESETS.values()],
        "others": [_part(role, choice) for role, choice in _others()],
    }


def _others() -> list[tuple[Role, str]]:
    """The parts that no preset names."""
    named = {part for preset in PRESETS.values() for part in (*preset.choices(), *preset.also)}
    return [(role, choice) for role, choices in PARTS.items() for choice in choices if (role, choice) not in named]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device() -> dict[str, Any]:
    import torch

    from tasnb.models.devices import resolve_device

    name = resolve_device("auto")
    return {
        "auto": name,
        "name": torch.cuda.get_device_name(0) if name == "cuda" else platform.machine(),
        "threads": torch.get_num_threads(),
    }


def _preset(preset: Preset) -> dict[str, Any]:
    parts = [_part(role, choice) for role, choice in preset.choices()]
    also = [_part(role, choice) for role, choice in preset.also]
    ready = not any(part["missing"] for part in parts)
    shipped = all(PARTS[role][choice].home == "shipped" for role, choice in preset.choices())
    command = "python -m toyworld.train" if shipped else f"tasnb fetch {preset.name}"
    return {
        "name": preset.name,
        "ready": ready,
        "command": None if ready and not any(part["missing"] for part in also) else command,
        "download_bytes": sum(part["download_bytes"] for part in (*parts, *also) if part["missing"]),
        "parts": parts,
        "also": also,
    }


def _part(role: Role, choice: str) -> dict[str, Any]:
    part = PARTS[role][choice]
    missing = [{"file": str(path), "bytes": size} for path, size in missing_files(part)]
    return {
        "role": role, "choice": choice, "missing": missing, "download_bytes": part.total, "licence": part.licence,
        "verified": part.verified,
    }  # fmt: skip


def doctor_text(report: Mapping[str, Any]) -> str:
    """Return the report as lines for a terminal."""
    versions = ", ".join(f"{name} {version or 'missing'}" for name, version in report["versions"].items())
    device = report["device"]
    lines = [
        f"python {report['python']}; {versions}",
        f"device {device['auto']} ({device['name']}), {device['threads']} threads",
        f"cache {report['cache']}",
    ]
    for preset in report["presets"]:
        lines += ["", f"{preset['name']}: {'ready' if preset['ready'] else 'incomplete'}"]
        for part in [*preset["parts"], *preset["also"]]:
            state = "missing" if part["missing"] else "present"
            lines.append(f"  {part['role']:<10} {part['choice']:<15} {state}")
            lines += [f"    {gone['file']} ({in_words(gone['bytes'])})" for gone in part["missing"]]
        if preset["command"]:
            size = f" ({in_words(preset['download_bytes'])})" if preset["download_bytes"] else ""
            lines.append(f"  to get what is missing: {preset['command']}{size}")
    lines += [
        "",
        "other parts, each with tasnb fetch NAME (proposers: --proposals NAME; matchers: tn.models.load(clip=NAME))",
    ]
    for part in report["others"]:
        state = "missing" if part["missing"] else "present"
        doubt = "" if part["verified"] else ", source not verified"
        size = in_words(part["download_bytes"] or None)
        lines.append(f"  {part['role']:<10} {part['choice']:<15} {state} ({size}, {part['licence']}{doubt})")
    return "\n".join(lines)
