"""The models of a preset, by name or from a folder, with any part replaced: ``load("laptop", clip="RN50")``."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tasnb.core.choices import require_known
from tasnb.core.domain import DOMAINS, Domain
from tasnb.core.shipped import data_root
from tasnb.core.types import Models
from tasnb.models.adapters import LOADERS, is_fastsam, is_successor
from tasnb.models.captioner import CaptionConfig
from tasnb.models.catalogue import PARTS, PRESETS, ROLES, VARIANT_OPTIONS, Part, PresetWeights, Role
from tasnb.models.sam import ProposerConfig

# which options each adapter takes from ``load``'s keywords; "batch_size" and "dtype" are told apart by a prefix
OPTIONS: Mapping[str, Role] = {
    **{field.name: "sam" for field in fields(ProposerConfig)},
    "clip_batch_size": "clip",
    "mask_resize": "clip",
    "captioner_batch_size": "captioner",
    "captioner_dtype": "captioner",  # also "int8", see HFCaptioner.load
    **{field.name: "captioner" for field in fields(CaptionConfig)},
}
# a role -> the first argument of its adapter's ``load``, where it is not "folder"
_FIRST: Mapping[Role, str] = {"sam": "checkpoint", "clip": "model"}
TRAIN = "python data/toyworld/train.py"  # in a clone: what makes the shipped models
_VENDORS = ("torch", "torchvision", "segment_anything", "open_clip", "transformers", "spacy", "nltk")


class MissingFileError(FileNotFoundError):
    """A checkpoint is not there: names the files, their sizes and the one command that gets them."""


def cache_root() -> Path:
    """Tell the folder that ``tasnb fetch`` fills.

    Returns
    -------
    Path
        TASNB_CACHE, or tasnb's folder in the platform's cache.
    """
    if chosen := os.environ.get("TASNB_CACHE"):
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("tasnb"))


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


def missing_files(part: Part) -> list[tuple[Path, int | None]]:
    """Tell which files of a part are absent or have another size.

    Parameters
    ----------
    part : Part
        Of the catalogue.

    Returns
    -------
    list of (Path, int or None)
        With the bytes that each should have, None if unknown.
    """
    files = {folder_of(part) / file.path: file.size for file in part.files}
    return [
        (path, size)
        for path, size in files.items()
        if not path.is_file() or (size is not None and path.stat().st_size != size)
    ]


def load(
    preset: str | Path = "toy", *, variant: str = "paper", device: str = "auto", dtype: str = "float32", **parts: Any
) -> Models:
    """Load every model of a preset.

    Parameters
    ----------
    preset : str or Path
        "toy", "laptop", "paper", "toy-rn", "toy-cutouts"; or a folder with a models.json, or such a file: an object of
        ``sam``, ``clip``, ``captioner``, ``spacy``, ``wordnet``, each a name of the catalogue, a path (relative to the
        file), or an object of the adapter's arguments: {"checkpoint": ..., "model": ...} for sam and clip,
        {"model": folder} for the others, with options beside; and, where you have chosen some for them, ``weights``,
        ``variants`` and ``domain`` (as ``Models`` has them).
    variant : str
        For which variant: "official" asks for five beams and more, and an option of your own goes before it.
    device : str
        "auto", "cuda", "mps", "cpu".
    dtype : str
        Of the heavy parts: "float32", "bfloat16", "float16".
    **parts : object
        The same five words to replace a part, and the options in OPTIONS (points_per_side=16, num_beams=5, ...).

    Returns
    -------
    Models
        Ready to use.

    Raises
    ------
    ValueError
        For an unknown word, listing the choices.
    MissingFileError
        For files that are not there.
    """
    _, loaders, arguments = plan(preset, variant=variant, device=device, dtype=dtype, **parts)
    return assemble(preset, {role: loader(**arguments[role]) for role, loader in loaders.items()}, arguments)


def import_vendors() -> None:
    """Import the libraries that the adapters stand on: most of the wait before a first answer, and none of our work."""
    for vendor in _VENDORS:
        importlib.import_module(vendor)


def plan(
    preset: str | Path = "toy", *, variant: str = "paper", device: str = "auto", dtype: str = "float32", **parts: Any
) -> tuple[str, Mapping[Role, Callable[..., Any]], dict[Role, dict[str, Any]]]:
    """Do everything about ``load`` but the loading.

    Parameters
    ----------
    preset, variant, device, dtype, **parts
        As for ``load``.

    Returns
    -------
    name : str
        Of the preset.
    loaders : mapping of role to callable
        What loads each part.
    arguments : dict of role to dict
        What each of them is to be called with.

    Raises
    ------
    ValueError
        For an unknown word, listing the choices.
    MissingFileError
        For files that are not there.
    """
    require_known("part", parts, [*ROLES, *OPTIONS])
    known = _chosen(preset)
    name, chosen = known.name, dict(known.roles)
    require_known("variant", variant, VARIANT_OPTIONS)
    chosen |= {role: parts[role] for role in ROLES if role in parts}
    arguments: dict[Role, dict[str, Any]] = {role: _arguments(role, chosen[role]) for role in ROLES}
    _require(name, chosen, arguments)
    asked = VARIANT_OPTIONS[known.variants.get(variant, variant)]
    if not _is_sam(arguments["sam"]):  # another proposer has no such options
        asked = {option: value for option, value in asked.items() if OPTIONS[option] != "sam"}
    parts = {**asked, **parts}
    for option, role in OPTIONS.items():
        if option in parts:
            arguments[role][option.removeprefix(f"{role}_")] = parts[option]
    for role in ("sam", "clip", "captioner"):
        arguments[role] = {"device": device, "dtype": dtype, **arguments[role]}
    for role, loader in LOADERS.items():
        takes = inspect.signature(loader).parameters
        if not any(each.kind is each.VAR_KEYWORD for each in takes.values()):
            require_known(f"entry of {role}", arguments[role], takes)
    return name, LOADERS, arguments


def assemble(
    preset: str | Path, made: Mapping[Role, Any], arguments: Mapping[Role, Mapping[str, Any]] = MappingProxyType({})
) -> Models:
    """Put five parts together.

    Parameters
    ----------
    preset : str or Path
        As for ``load``: its name, and its weights where it has some.
    made : mapping of role to object
        The parts.
    arguments : mapping of role to mapping
        With which arguments each was loaded: the models record those that decide masks and captions.

    Returns
    -------
    Models
        Of these parts.
    """
    known = _chosen(preset)
    sam, clip, captioner, spacy, wordnet = (made[role] for role in ROLES)
    return Models(
        name=known.name, proposer=sam, encoder=clip, captioner=captioner, parser=spacy, wordnet=wordnet,
        weights=known.weights, variants=known.variants, options=_deciding(arguments),
        domain=domain_of(preset, arguments),
    )  # fmt: skip


def domain_of(preset: str | Path, arguments: Mapping[Role, Mapping[str, Any]]) -> Domain:
    """Tell what the models of a preset can be expected to read.

    Parameters
    ----------
    preset : str or Path
        As for ``load``; a models.json may say ``domain``.
    arguments : mapping of role to mapping
        From ``plan``.

    Returns
    -------
    str
        "drawings" where one of the models that see pictures is a toy, which ships; else "photos".
    """
    if own := _chosen(preset).domain:
        return own
    toys = data_root() / "models"
    given = [value for role in ("sam", "clip", "captioner") for value in arguments.get(role, {}).values()]
    return "drawings" if any(isinstance(each, str) and Path(each).is_relative_to(toys) for each in given) else "photos"


def variant_of(preset: str | Path, variant: str) -> str:
    """Tell for which variant a name stands with a preset.

    Parameters
    ----------
    preset : str or Path
        As for ``load``.
    variant : str
        A name.

    Returns
    -------
    str
        Such as "official-scaled" for "official" with the toy presets; most often the name itself.

    Raises
    ------
    ValueError
        For an unknown preset.
    """
    return _chosen(preset).variants.get(variant, variant)


def _deciding(arguments: Mapping[Role, Mapping[str, Any]]) -> dict[str, Any]:
    """The options that decide masks and captions, given or by default."""
    found: dict[str, Any] = {}
    if (sam := arguments.get("sam")) and _is_sam(sam):
        found = {each.name: sam.get(each.name, each.default) for each in fields(ProposerConfig)}
        del found["points_per_batch"]  # changes no mask
    if captioner := arguments.get("captioner"):
        found |= {each.name: captioner.get(each.name, each.default) for each in fields(CaptionConfig)}
    return found


def _is_sam(arguments: Mapping[str, Any]) -> bool:
    """Whether a proposer that is loaded so is SAM itself, and none of its successors."""
    path = Path(arguments["checkpoint"])
    return not (is_successor(path) or is_fastsam(path))


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """What a preset or a models.json says: what each role is, paths made absolute; its weights; its variants."""

    name: str
    roles: Mapping[Role, Any]
    weights: PresetWeights
    variants: Mapping[str, str]
    domain: Domain | None = None


def _chosen(preset: str | Path) -> _Chosen:
    if (known := PRESETS.get(str(preset))) is not None:
        return _Chosen(name=known.name, roles=dict(known.choices()), weights=known.weights, variants=known.variants)
    path = Path(preset)
    if path.is_dir():
        path = path / "models.json"
    if not path.is_file():
        hint = ", or give a folder that holds a models.json (see tasnb.models.presets.load)"
        require_known("preset", str(preset), PRESETS, hint)
    said, weights, variants, domain = _read(path)
    roles = {role: _absolute(value, path.parent) for role, value in said.items()}
    return _Chosen(name=path.parent.name, roles=roles, weights=weights, variants=variants, domain=domain)


def _read(path: Path) -> tuple[dict[Role, str | dict[str, Any]], PresetWeights, dict[str, str], Domain | None]:
    """What a models.json says of each role, its weights, for which variants names stand, and its domain."""
    from pydantic import TypeAdapter, ValidationError

    try:
        written = TypeAdapter(dict[str, str | dict[str, Any]]).validate_json(path.read_bytes())
        weights: PresetWeights = TypeAdapter(PresetWeights).validate_python(written.pop("weights", {}))
        variants = TypeAdapter(dict[str, str]).validate_python(written.pop("variants", {}))
        domain = TypeAdapter(Domain | None).validate_python(written.pop("domain", None))
    except ValidationError as error:
        raise ValueError(
            f"{path}: expected an object with {', '.join(ROLES)}, each a name, a path or an object, and "
            f"perhaps weights (alpha and lam, or such by variant, or by variant and data set), variants (name: name) "
            f"and domain ({' or '.join(DOMAINS)}); {error.errors()[0]['msg']}"
        ) from error
    if set(written) != set(ROLES):
        got = ", ".join(sorted(written)) or "none of them"
        raise ValueError(f"{path}: expected an object with {', '.join(ROLES)}; got {got}")
    return {role: written[role] for role in ROLES}, weights, variants, domain


def _absolute(value: Any, base: Path) -> Any:
    """Turn a string that names a file or folder below ``base`` into its path; leave every other value alone."""
    if isinstance(value, dict):
        return {key: _absolute(entry, base) for key, entry in value.items()}
    return str(base / value) if isinstance(value, str) and value and (base / value).exists() else value


def _arguments(role: Role, value: Any) -> dict[str, Any]:
    """What the role's adapter is to be called with, for a name of the catalogue, a path or a mapping."""
    first = _FIRST.get(role, "folder")
    if isinstance(value, Mapping):
        given = dict(value)
        if first == "folder" and "model" in given:
            given["folder"] = given.pop("model")
        if first not in given:
            raise ValueError(
                f"{role}: expected an entry {'model' if first == 'folder' else first!r}; got {sorted(given)}"
            )
        return given
    if (part := _part_of(role, value)) is not None:
        folder = folder_of(part)
        return {
            name: str(folder / given[2:]) if isinstance(given, str) and given.startswith("./") else given
            for name, given in part.arguments.items()
        }
    path = Path(value)
    if not path.exists():
        require_known(role, str(value), PARTS[role], hint=", or give a path")
    if role != "sam" or is_successor(path) or is_fastsam(path):
        return {first: str(path)}
    if path.is_dir():
        found = [p for p in sorted(path.iterdir()) if p.suffix in (".safetensors", ".pth")]
        if len(found) != 1:
            raise ValueError(f"sam: expected one .safetensors or .pth in {path}, found {len(found)}")
        path = found[0]
    beside = path.with_name("config.json")
    otherwise = str(beside) if beside.is_file() else "vit_b"
    named = (model for model in ("vit_b", "vit_l", "vit_h") if model in path.name)
    return {"checkpoint": str(path), "model": next(named, otherwise)}


def _part_of(role: Role, value: Any) -> Part | None:
    """The part of the catalogue that a value names; None for paths and mappings."""
    return PARTS[role].get(value) if isinstance(value, str) else None


def _require(name: str, chosen: Mapping[Role, Any], arguments: Mapping[Role, Mapping[str, Any]]) -> None:
    """Raise one MissingFileError for all that is absent, before any vendor is imported."""
    absent, commands = [], []
    for role, value in chosen.items():
        part = _part_of(role, value)
        if part is not None and (gone := missing_files(part)):
            path, size = max(gone, key=lambda each: each[1] or 0)
            more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
            absent.append(f"{path}{more} ({in_words(size or part.total or None)})")
            wanted = name if name in PRESETS and getattr(PRESETS[name], role) == value else value
            commands.append(command_for(part, wanted))
        elif part is None and not Path(given := arguments[role].get("checkpoint", "/")).exists():
            absent.append(f"{given} (named as {role} by you)")
            commands.append("correct the path")
    if absent:
        todo = ", ".join(dict.fromkeys(commands))
        raise MissingFileError(f"files missing for {name}: {'; '.join(absent)}. To get them: {todo}")


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
