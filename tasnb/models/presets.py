"""The models of a preset, by name or from a folder, with any part replaced: ``load("laptop", clip="RN50")``."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tasnb.core.choices import require_known
from tasnb.core.domain import DOMAINS, Domain
from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.shipped import data_root
from tasnb.core.types import Models
from tasnb.models.adapters import LOADERS, is_fastsam, is_successor
from tasnb.models.captioner import CaptionConfig
from tasnb.models.catalogue import PRESETS, ROLES, VARIANT_OPTIONS, Preset, Role
from tasnb.models.names import arguments_of, canonical, located
from tasnb.models.places import command_for, in_words, missing_files
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
_VENDORS = ("torch", "torchvision", "segment_anything", "open_clip", "transformers", "spacy", "nltk")


def load(
    preset: str | Path = "toy", *, variant: str = "paper", device: str = "auto", dtype: str = "float32", **parts: Any
) -> Models:
    """Load every model of a preset.

    Parameters
    ----------
    preset : str or Path
        "toy", "laptop", "paper", "toy-rn", "toy-cutouts"; or a folder with a models.json, or such a file: an object of
        ``sam``, ``clip``, ``captioner``, ``spacy``, ``wordnet``, each a name (see Notes), a path (relative to the
        file), or an object of the adapter's arguments: {"checkpoint": ..., "model": ...} for sam and clip,
        {"model": folder} for the others, with options beside; ``preset``, which gives the parts that are left out
        ({"preset": "laptop", "sam": "my_sam.pth"}); and, where you have chosen some for them, ``weights``, ``variants``
        and ``domain`` (as ``Models`` has them).
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

    Notes
    -----
    A part may be called by its name in the catalogue, by its repository on the Hugging Face hub
    ("microsoft/git-base-coco", "hf-hub:timm/ViT-B-16-SigLIP2-256"), and a CLIP as open_clip calls it ("ViT-L-14"),
    where their caches hold it; a spaCy pipeline by its package, where that is installed. A path may be a folder, or a
    checkpoint (.pth, .pt, .safetensors) of SAM or CLIP. Nothing is downloaded.
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
    name, chosen = known.name, dict(known.choices())
    require_known("variant", variant, VARIANT_OPTIONS)
    chosen |= {role: parts[role] for role in ROLES if role in parts}
    arguments: dict[Role, dict[str, Any]] = {role: arguments_of(role, chosen[role]) for role in ROLES}
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


def _chosen(preset: str | Path) -> Preset:
    if (known := PRESETS.get(str(preset))) is not None:
        return known
    path = Path(preset)
    if path.is_dir():
        path = path / "models.json"
    if not path.is_file():
        hint = ", or give a folder that holds a models.json (see tasnb.models.presets.load)"
        require_known("preset", str(preset), PRESETS, hint)
    return _read(path)


def _read(path: Path) -> Preset:
    """The preset that a models.json describes, the paths in it made absolute."""
    from pydantic import TypeAdapter, ValidationError

    try:
        written = TypeAdapter(dict[str, Any]).validate_json(path.read_bytes())
        base = written.pop("preset", None)
        if base is not None:
            require_known("preset", str(base), PRESETS, of=str(path))
        others = {"weights", "variants", "domain"}
        require_known(f"role in {path}", written.keys() - others, ROLES, hint=", preset, weights, variants, domain")
        if base is None and not written.keys() >= set(ROLES):
            got = ", ".join(sorted(written)) or "none of them"
            raise UserError(
                f"{path}: expected an object with {', '.join(ROLES)}; got {got}. Name the preset that has the others: "
                '"preset": "laptop"'
            )
        known = {} if base is None else asdict(PRESETS[str(base)])
        own = {key: _absolute(value, path.parent) if key in ROLES else value for key, value in written.items()}
        return Preset(**{**known, **own, "name": path.parent.name})
    except ValidationError as error:
        raise UserError(
            f"{path}: expected an object with {', '.join(ROLES)}, each a name, a path or an object, and perhaps preset "
            "(which gives what is left out), weights (alpha and lam, or such by variant, or by variant and data set), "
            f"variants (name: name) and domain ({' or '.join(DOMAINS)}); {error.errors()[0]['msg']}"
        ) from error


def _absolute(value: Any, base: Path) -> Any:
    """Turn a string that names a file or folder below ``base`` into its path; leave every other value alone."""
    if isinstance(value, dict):
        return {key: _absolute(entry, base) for key, entry in value.items()}
    return str(base / value) if isinstance(value, str) and value and (base / value).exists() else value


def _require(name: str, chosen: Mapping[Role, Any], arguments: Mapping[Role, Mapping[str, Any]]) -> None:
    """Raise one MissingFileError for all that is absent, before any vendor is imported."""
    absent, commands = [], []
    for role, value in chosen.items():
        found, given = located(role, value), arguments[role].get("checkpoint")
        if found is not None and (gone := missing_files(*found)):
            path, size = max(gone, key=lambda each: each[1] or 0)
            more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
            absent.append(f"{path}{more} ({in_words(size or found[0].total or None)})")
            wanted = name if name in PRESETS and getattr(PRESETS[name], role) == value else canonical(role, value)
            commands.append(command_for(found[0], str(wanted)))
        elif found is None and given and not Path(given).exists() and (role == "sam" or Path(given).suffix):
            absent.append(f"{given} (named as {role} by you)")  # a CLIP's may be the tag of a release
            commands.append("correct the path")
    if absent:
        todo = ", ".join(dict.fromkeys(commands))
        raise MissingFileError(f"files missing for {name}: {'; '.join(absent)}. To get them: {todo}")
