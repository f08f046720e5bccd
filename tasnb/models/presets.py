"""The models of a preset, by name or from a folder, with any part replaced: ``load("laptop", clip="RN50")``."""

from __future__ import annotations

import importlib
import inspect
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasnb.core.shipped import data_root
from tasnb.core.types import Models
from tasnb.models.catalogue import PARTS, PRESETS, ROLES, Part, Role
from tasnb.models.proposers import is_fastsam, is_successor

__all__ = ["PRESETS", "MissingFileError", "cache_root", "load", "missing_files"]

# which options each adapter takes from ``load``'s keywords; "batch_size" is told apart by a prefix
OPTIONS: Mapping[str, Role] = {
    "points_per_side": "sam",
    "pred_iou_thresh": "sam",
    "stability_score_thresh": "sam",
    "box_nms_thresh": "sam",
    "crop_n_layers": "sam",
    "min_mask_region_area": "sam",
    "points_per_batch": "sam",
    "clip_batch_size": "clip",
    "captioner_batch_size": "captioner",
    "captioner_dtype": "captioner",  # also "int8", see HFCaptioner.load
    "num_beams": "captioner",
    "max_new_tokens": "captioner",
    "prompt": "captioner",
}


_VENDORS = ("torch", "torchvision", "segment_anything", "open_clip", "transformers", "spacy", "nltk")


class MissingFileError(FileNotFoundError):
    """A checkpoint is not there: names the files, their sizes and the one command that gets them."""


def cache_root() -> Path:
    """Return the folder that ``tasnb fetch`` fills: TASNB_CACHE, or the platform's cache folder."""
    if chosen := os.environ.get("TASNB_CACHE"):
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("tasnb"))


def folder_of(part: Part) -> Path:
    return (data_root() if part.home == "shipped" else cache_root()) / part.folder


def missing_files(part: Part) -> list[tuple[Path, int | None]]:
    """Return path and size (bytes, None if unknown) of each needed file that is absent or has another size."""
    folder, missing = folder_of(part), []
    for file in part.files:
        path = folder / file.path
        if not path.is_file() or (file.size is not None and path.stat().st_size != file.size):
            missing.append((path, file.size))
    return missing


def load(preset: str | Path = "toy", *, device: str = "auto", dtype: str = "float32", **parts: Any) -> Models:
    """Load every model of a preset.

    preset: "toy", "laptop", "paper", "toy-rn"; or a folder with a models.json, or such a file: an object of ``sam``,
    ``clip``, ``captioner``, ``spacy``, ``wordnet``, each a name of the catalogue, a path (relative to the file), or an
    object of the adapter's arguments: {"checkpoint": ..., "model": ...} for sam and clip, {"model": folder} for the
    others, with options beside.
    device: "auto", "cuda", "mps", "cpu". dtype: of the heavy parts, "float32", "bfloat16", "float16".
    parts: the same five words to replace a part, and the options in OPTIONS (points_per_side=16, num_beams=5, ...).
    Raises ValueError for an unknown word, listing the choices; MissingFileError for files that are not there.
    """
    name, loaders, arguments = plan(preset, device=device, dtype=dtype, **parts)
    return assemble(name, {role: loader(**arguments[role]) for role, loader in loaders.items()})


def import_vendors() -> None:
    """Import the libraries that the adapters stand on: most of the wait before a first answer, and none of our work."""
    for vendor in _VENDORS:
        importlib.import_module(vendor)


def plan(
    preset: str | Path = "toy", *, device: str = "auto", dtype: str = "float32", **parts: Any
) -> tuple[str, dict[Role, Callable[..., Any]], dict[Role, dict[str, Any]]]:
    """Name, loaders and their arguments by role: everything about ``load`` but the loading. Raises what it raises."""
    known = [*ROLES, *OPTIONS]
    if unknown := sorted(set(parts) - set(known)):
        raise ValueError(f"unknown part {unknown[0]!r}; choose from {', '.join(known)}")
    name, chosen = _chosen(preset)
    chosen |= {role: parts[role] for role in ROLES if role in parts}
    arguments: dict[Role, dict[str, Any]] = {role: _arguments(role, chosen[role]) for role in ROLES}
    _require(name, chosen, arguments)
    for option, role in OPTIONS.items():
        if option in parts:
            arguments[role][option.removeprefix(f"{role}_")] = parts[option]
    for role in ("sam", "clip", "captioner"):
        arguments[role] = {"device": device, "dtype": dtype, **arguments[role]}
    loaders = _loaders()
    for role, loader in loaders.items():
        _check_arguments(role, loader, arguments[role])
    return name, loaders, arguments


def assemble(name: str, made: Mapping[Role, Any]) -> Models:
    """The Models of five parts by role."""
    return Models(
        name=name,
        proposer=made["sam"],
        encoder=made["clip"],
        captioner=made["captioner"],
        parser=made["spacy"],
        wordnet=made["wordnet"],
    )


def _loaders() -> dict[Role, Callable[..., Any]]:
    # here, because each adapter brings its vendor when it loads, and doctor needs none of them
    from tasnb.models import itc, proposers
    from tasnb.models.captioner import HFCaptioner
    from tasnb.models.language import load_parser, load_wordnet

    return {
        "sam": proposers.load,
        "clip": itc.load,
        "captioner": HFCaptioner.load,
        "spacy": load_parser,
        "wordnet": load_wordnet,
    }


def _check_arguments(role: Role, loader: Callable[..., Any], arguments: dict[str, Any]) -> None:
    takes = inspect.signature(loader).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in takes.values()) and (unknown := sorted(set(arguments) - set(takes))):
        raise ValueError(f"{role}: unknown entry {unknown[0]!r}; choose from {', '.join(takes)}")


def _chosen(preset: str | Path) -> tuple[str, dict[Role, Any]]:
    """Return the preset's name and what it chooses for each role, paths made absolute."""
    if str(preset) in PRESETS:
        return str(preset), dict(PRESETS[str(preset)].choices())
    path = Path(preset)
    if path.is_dir():
        path = path / "models.json"
    if not path.is_file():
        raise ValueError(
            f"unknown preset {str(preset)!r}; choose from {', '.join(PRESETS)}, "
            "or give a folder that holds a models.json (see tasnb.models.presets.load)"
        )
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(written, dict) or set(written) != set(ROLES):
        got = ", ".join(sorted(written)) if isinstance(written, dict) else type(written).__name__
        raise ValueError(f"{path}: expected an object with {', '.join(ROLES)}; got {got or 'none of them'}")
    return path.parent.name, {role: _absolute(value, path.parent) for role, value in written.items()}


def _absolute(value: Any, base: Path) -> Any:
    """Turn a string that names a file or folder below ``base`` into its path; leave every other value alone."""
    if isinstance(value, dict):
        return {key: _absolute(entry, base) for key, entry in value.items()}
    return str(base / value) if isinstance(value, str) and value and (base / value).exists() else value


def _arguments(role: Role, value: Any) -> dict[str, Any]:
    """Return what the role's adapter is to be called with, for a name of the catalogue, a path or a mapping."""
    first = {"sam": "checkpoint", "clip": "model"}.get(role, "folder")
    if isinstance(value, Mapping):
        given = dict(value)
        if first == "folder" and "model" in given:
            given["folder"] = given.pop("model")
        if first not in given:
            raise ValueError(
                f"{role}: expected an entry {'model' if first == 'folder' else first!r}; got {sorted(given)}"
            )
        return given
    if isinstance(value, str) and value in PARTS[role]:
        part = PARTS[role][value]
        folder = folder_of(part)
        return {
            k: str(folder / v[2:]) if isinstance(v, str) and v.startswith("./") else v
            for k, v in part.arguments.items()
        }
    path = Path(value)
    if not path.exists():
        raise ValueError(f"unknown {role} {str(value)!r}; choose from {', '.join(PARTS[role])}, or give a path")
    if role != "sam" or is_successor(path) or is_fastsam(path):
        return {first: str(path)}
    if path.is_dir():
        found = [p for p in sorted(path.iterdir()) if p.suffix in (".safetensors", ".pth")]
        if len(found) != 1:
            raise ValueError(f"sam: expected one .safetensors or .pth in {path}, found {len(found)}")
        path = found[0]
    named = [model for model in ("vit_b", "vit_l", "vit_h") if model in path.name]
    beside = path.with_name("config.json")
    return {"checkpoint": str(path), "model": named[0] if named else str(beside) if beside.is_file() else "vit_b"}


def _require(name: str, chosen: Mapping[Role, Any], arguments: Mapping[Role, Mapping[str, Any]]) -> None:
    """Raise one MissingFileError for all that is absent, before any vendor is imported."""
    absent, commands = [], []
    for role, value in chosen.items():
        part = PARTS[role].get(value) if isinstance(value, str) else None
        if part is not None and (gone := missing_files(part)):
            path, size = max(gone, key=lambda each: each[1] or 0)
            more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
            absent.append(f"{path}{more} ({in_words(size or part.total or None)})")
            commands.append(_command(name, role, value, part))
        elif part is None and not Path(given := arguments[role].get("checkpoint", "/")).exists():
            absent.append(f"{given} (named as {role} by you)")
            commands.append("correct the path")
    if absent:
        todo = ", ".join(dict.fromkeys(commands))
        raise MissingFileError(f"files missing for {name}: {'; '.join(absent)}. To get them: {todo}")


def _command(name: str, role: Role, choice: str, part: Part) -> str:
    if part.home == "shipped":
        return f"python -m toyworld.train --only {Path(part.folder).name}"
    return f"tasnb fetch {name if name in PRESETS and getattr(PRESETS[name], role) == choice else choice}"


def in_words(size: int | None) -> str:
    """A size for people: "375 MB"; "size unknown" for None."""
    if size is None:
        return "size unknown"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size} bytes"
