"""Weights on disk: read without running code, refused where they do not fill the model, named by their content.

transformers itself only warns about keys that are missing and fills them with noise; a truncated or foreign checkpoint
would then give numbers that look like results.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

SHOWN = 5  # keys that an error names
_CHUNK = 4 * 2**20  # bytes of each sample of a large file
_WHOLE = 64 * 2**20  # files up to this size are read in full


def sha256_of(path: Path) -> str:
    """Tell the sha256 of a whole file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=256)
def _content_name(path: Path, size: int, mtime_ns: int) -> str:
    """Name a file's content, cached while its size and modification time stay.

    Up to 64 MB it is the sha256. Above, it is the sha256 of the size and of the first, the middle and the last
    4 MB: a 2.5 GB checkpoint is named in milliseconds, and two checkpoints of one architecture still differ
    (a zip archive, as torch writes, lists the checksum of every tensor at its end). It is a cache key and no
    proof of integrity: `fetch` checks that with the whole sha256.
    """
    del mtime_ns  # part of the key only
    if size <= _WHOLE:
        return sha256_of(path)
    digest = hashlib.sha256(f"{size}:".encode())
    with open(path, "rb") as file:
        for start in (0, size // 2, size - _CHUNK):
            file.seek(start)
            digest.update(file.read(_CHUNK))
    return digest.hexdigest()


def fingerprint(adapter: str, files: Iterable[Path], options: Mapping[str, Any]) -> str:
    """Name a model: the name changes when a file's content or name, or an option, does.

    Parameters
    ----------
    adapter : str
        Which adapter runs the model.
    files : iterable of Path
        What decides the result; the folder that holds them plays no part.
    options : mapping of str to plain JSON value
        What else decides it.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    stats = [(path, path.stat()) for path in files]
    content = sorted((path.name, _content_name(path, stat.st_size, stat.st_mtime_ns)) for path, stat in stats)
    record = {"adapter": adapter, "files": content, "options": dict(options)}
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def read_config(path: Path) -> dict[str, Any]:
    """Read a model's configuration.

    Parameters
    ----------
    path : Path
        A JSON file.

    Returns
    -------
    dict
        What it holds; empty where there is no such file.

    Raises
    ------
    ValueError
        When it holds anything but a JSON object.
    """
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(found).__name__}")
    return found


def deciding_files(
    folder: Path,
    what: str,
    weights: Sequence[str] = ("*.safetensors", "pytorch_model*.bin"),
    beside: Sequence[str] = ("*.json", "*.txt"),
) -> list[Path]:
    """Find the files of a model's folder that decide its results.

    Parameters
    ----------
    folder : Path
        Of the model.
    what : str
        What the folder is, for the error.
    weights : sequence of str
        Patterns of the weights; the first that fits any file counts.
    beside : sequence of str
        Patterns of configurations and vocabularies.

    Returns
    -------
    list of Path
        What stands beside the weights, then the weights.

    Raises
    ------
    FileNotFoundError
        When there are no weights, naming what was looked for.
    """
    found = next((files for pattern in weights if (files := sorted(folder.glob(pattern)))), None)
    if found is None:
        raise FileNotFoundError(f"{what} {folder} has no weights; expected {' or '.join(weights)}")
    return [file for pattern in beside for file in sorted(folder.glob(pattern)) if file.is_file()] + found


def read_state(path: Path, what: str) -> Any:
    """Read tensors: safetensors, or what torch.load reads with weights_only=True, which runs no code.

    Parameters
    ----------
    path : Path
        The file; ``.safetensors`` decides for that format.
    what : str
        What the file is, for errors.

    Returns
    -------
    object
        As a rule a dict of tensors, on the CPU.

    Raises
    ------
    FileNotFoundError
        When it is not there.
    ValueError
        When it cannot be read so.
    """
    import torch
    from safetensors.torch import load_file

    if not path.is_file():
        raise FileNotFoundError(f"{what} not found: {path}")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, zipfile, pickle and safetensors each raise their own for a damaged file
        raise ValueError(f"{path} cannot be read as weights: {one_line(error)}") from error


def load_pretrained(model_class: str, folder: Path, *, what: str, device: str | None, **options: Any) -> Any:
    """Load a model of transformers out of a local folder, never the network, frozen and ready to run.

    Parameters
    ----------
    model_class : str
        Its class in transformers.
    folder : Path
        With config.json and weights. Keys beyond those of the model are allowed: a checkpoint may hold a larger one.
    what : str
        The model's name in errors.
    device : str or None
        Where it goes; None for a model that its options place.
    **options : object
        For ``from_pretrained``.

    Returns
    -------
    torch.nn.Module
        The model in eval mode, without gradients.

    Raises
    ------
    ValueError
        Naming the keys that are missing or of another shape, and for a file that cannot be read.
    """
    import transformers

    try:
        with quiet():
            model, found = getattr(transformers, model_class).from_pretrained(
                folder, local_files_only=True, weights_only=True, output_loading_info=True, **options
            )
    except Exception as error:
        # safetensors, torch and transformers each raise their own; a shape that differs is one of them
        raise ValueError(f"{folder} does not hold the weights of {what}: {one_line(error)}") from error
    require_all(f"{folder} does not hold the weights of {what}", sorted(found["missing_keys"]))
    model.eval().requires_grad_(False)
    return model if device is None else model.to(device)


def load_processor(kind: str, folder: Path, **options: Any) -> Any:
    """Load what prepares a transformers model's input, out of a local folder.

    Parameters
    ----------
    kind : str
        The class in transformers, such as "AutoProcessor".
    folder : Path
        Of the model.
    **options : object
        For ``from_pretrained``.

    Returns
    -------
    object
        The processor.
    """
    import transformers

    with quiet():
        return getattr(transformers, kind).from_pretrained(folder, local_files_only=True, **options)


def require_all(problem: str, missing: Sequence[str]) -> None:
    """Refuse weights that lack keys.

    Parameters
    ----------
    problem : str
        How the error begins.
    missing : sequence of str
        Keys of the model that the weights lack.

    Raises
    ------
    ValueError
        When there are any, naming the first of them.
    """
    if missing:
        count = "1 key is" if len(missing) == 1 else f"{len(missing)} keys are"
        more = " ..." if len(missing) > SHOWN else ""
        raise ValueError(f"{problem}: {count} missing: {', '.join(missing[:SHOWN])}{more}")


def one_line(error: Exception) -> str:
    """Say a vendor's error in one line.

    Parameters
    ----------
    error : Exception
        Its text may have many lines.

    Returns
    -------
    str
        At most 400 characters of it.
    """
    return " ".join(str(error).split())[:400]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep away the bar that transformers draws for every load, and its report of keys that our own error says.

    Yields
    ------
    None
        While both are off.
    """
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
