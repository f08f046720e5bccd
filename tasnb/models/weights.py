"""Weights on disk: read without running code, refused where they do not fill the model, named by their content.

transformers itself only warns about keys that are missing and fills them with noise; a truncated or foreign checkpoint
would then give numbers that look like results. A trainer's checkpoint is unpacked in one place: the state dict inside
it (`tensors_in`), under the model's own names (`named_as`).
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasnb.core.errors import MissingFileError, UserError, in_one_line
from tasnb.core.file_kinds import json_of, refuse_foreign

SHOWN = 5  # keys that an error names
# where a trainer's checkpoint keeps its state dict, the likelier first
NESTS = ("state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "weights", "params")
# what torch.compile, FSDP and activation checkpointing put into the names of the tensors that they wrap
WRAPPERS = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
CHECKPOINTS = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_DEPTH = 3  # how far the state dict may lie below the checkpoint's top, and how many words may stand before its names
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
    UserError
        When it holds anything but a JSON object.
    """
    if not path.is_file():
        return {}
    found = json_of(path.read_bytes(), path)
    if not isinstance(found, dict):
        raise UserError(f"{path}: expected a JSON object, got {type(found).__name__}")
    return found


def deciding_files(
    folder: Path,
    what: str,
    weights: Sequence[str] = WEIGHTS,
    beside: Sequence[str] = ("*.json", "*.txt", "*.model"),
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
    MissingFileError
        When there are no weights, naming what was looked for.
    """
    found = next((files for pattern in weights if (files := sorted(folder.glob(pattern)))), None)
    if found is None:
        raise MissingFileError(f"{what} {folder} has no weights; expected {' or '.join(weights)}")
    return [file for pattern in beside for file in sorted(folder.glob(pattern)) if file.is_file()] + found


def read_state(path: Path, what: str) -> dict[str, Any]:
    """Read the tensors of a checkpoint: safetensors, or what torch.load reads with weights_only=True (runs no code).

    Parameters
    ----------
    path : Path
        The file; its first bytes decide for the format, whatever its name says.
    what : str
        What the file is, for errors.

    Returns
    -------
    dict of str to tensor
        On the CPU, as `tensors_in` finds them.

    Raises
    ------
    MissingFileError
        When it is not there.
    UserError
        When it cannot be read so, or holds no tensors.
    """
    import torch
    from safetensors.torch import load_file

    refuse_foreign(path, what)
    with in_our_words(f"{path} cannot be read as weights", say=why_unread):
        read = load_file(path) if _is_safetensors(path) else torch.load(path, map_location="cpu", weights_only=True)
    return tensors_in(read, path)


def require_whole(path: Path, what: str) -> None:
    """Refuse a file of weights that is cut off or something else, by its table of contents: no tensor is read.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it is, for errors.

    Raises
    ------
    MissingFileError
        When it is not there.
    UserError
        When it cannot be opened.
    """
    import torch
    from safetensors import safe_open

    refuse_foreign(path, what)
    with in_our_words(f"{path} cannot be read as weights", say=why_unread):
        if not _is_safetensors(path):
            listed = zipfile.is_zipfile(path)  # the format before torch 1.6 has no table of contents
            tensors_in(torch.load(path, map_location="cpu", weights_only=True, mmap=listed or None), path)
            return
        with safe_open(path, framework="pt") as file:
            packed = [name for name in file.keys() if _is_packed(file.get_slice(name))]  # noqa: SIM118
    if packed:
        raise _unusable(path, packed[0], "whole numbers")


def _is_packed(tensor: Any) -> bool:
    """Whether a tensor of safetensors is one of a quantised model, whose scales stand elsewhere."""
    return len(tensor.get_shape()) > 1 and tensor.get_dtype() in ("I8", "U8", "I16", "I32")


def _unusable(path: Path, name: str, holds: str) -> UserError:
    return UserError(
        f"{path}: {name} holds {holds}, expected plain floating-point numbers; get the weights as they were before "
        "they were quantised or packed"
    )


def _require_plain(state: Mapping[str, Any], path: Path) -> None:
    """Refuse tensors that no model here is made of, and one that would take more memory than its file has bytes."""
    import torch

    small = (torch.int8, torch.uint8, torch.int16, torch.int32)
    for name, value in state.items():
        if value.is_nested or value.layout != torch.strided:
            raise _unusable(path, name, "a sparse or nested tensor")
        if value.is_complex() or value.is_meta:
            raise _unusable(path, name, "complex numbers" if value.is_complex() else "no numbers at all")
        if value.is_quantized or (value.dtype in small and value.ndim > 1):
            raise _unusable(path, name, "whole numbers")
        if value.numel() * value.element_size() > path.stat().st_size:  # a view that repeats a few numbers
            raise _unusable(path, name, f"{value.numel():,} numbers, more than its file has")


def _is_safetensors(path: Path) -> bool:
    with open(path, "rb") as file:
        start = file.read(9)  # the length of the header in 8 bytes, then JSON
    return path.suffix == ".safetensors" or (len(start) == 9 and start[8:] == b"{" and not start.startswith(b"PK"))


def why_unread(error: BaseException) -> str:
    """Say why a file of weights could not be read, in words of ours where it is a known reason.

    Parameters
    ----------
    error : BaseException
        A vendor's.

    Returns
    -------
    str
        The rest of a sentence about the file.
    """
    full = str(error)
    if "TorchScript" in full:
        return "it is a TorchScript archive, which runs code when it is read; save its state dict as safetensors"
    if unsafe := sorted(set(_UNSAFE.findall(full))):
        return (
            f"it holds more than tensors ({', '.join(unsafe)[:200]}), and reading that could run code; where you trust "
            "it, save its tensors alone: torch.save(model.state_dict(), NEW_FILE)"
        )
    if _CUT_OFF.search(full):
        return f"it is damaged or cut off ({one_line(error)[:120]}); get it again"
    if _ADVICE.search(full) or not full or not isinstance(error, RuntimeError | OSError | MemoryError):
        return "it is no checkpoint of torch or safetensors, or a damaged one; get it again"
    return one_line(error)


# in what torch, zipfile and safetensors say of files
_UNSAFE = re.compile(r"GLOBAL ([\w.]+)")
_ADVICE = re.compile("[Ww]eights.only|trust_remote_code|safe_globals")  # how to let code run: never passed on
_CUT_OFF = re.compile(
    "deserializing header|central directory|PytorchStreamReader|zip archive|Ran out of input|MetadataIncomplete|EOF"
)


def tensors_in(read: Any, path: Path) -> dict[str, Any]:
    """Find the state dict in what a checkpoint holds: itself, or one below such as "model" or "state_dict".

    Parameters
    ----------
    read : object
        What was read.
    path : Path
        The file, for errors.

    Returns
    -------
    dict of str to tensor
        Numbers and texts beside the tensors (an epoch, a score) are left out.

    Raises
    ------
    UserError
        When it holds no tensors by name, or several state dicts of which none is called as one of ``NESTS``.
    """
    import torch

    def own(of: Any) -> dict[str, Any]:
        if not isinstance(of, Mapping):
            return {}
        return {key: value for key, value in of.items() if isinstance(key, str) and isinstance(value, torch.Tensor)}

    known: dict[int, dict[str, Any]] = {}  # a pickle may hold one thing in many places, and inside itself

    def find(of: Any, depth: int) -> dict[str, Any]:
        if depth > _DEPTH or not isinstance(of, Mapping):
            return {}
        if id(of) not in known:
            known[id(of)] = {}
            known[id(of)] = look(of, depth)
        return known[id(of)]

    def look(of: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        below = {key: found for key, value in of.items() if isinstance(key, str) and (found := find(value, depth + 1))}
        if named := next((below[name] for name in NESTS if name in below), None):
            return named
        if own(of):
            return own(of)
        # what an optimizer remembers is no model
        models = {key: found for key, found in below.items() if "optim" not in key and "sched" not in key}
        if len(models) > 1:
            names = ", ".join(sorted(models))[:200]
            raise UserError(
                f"{path} holds several models ({names}), none of them called {' or '.join(NESTS)}; "
                "save the one that is meant: torch.save(model.state_dict(), NEW_FILE)"
            )
        return next(iter(models.values()), {})

    if not (found := find(read, 0)):
        holds = (
            f"an object of {', '.join(map(str, list(read)[:SHOWN]))[:200]}"
            if isinstance(read, Mapping)
            else type(read).__name__
        )
        raise UserError(f"{path} holds no tensors by name; expected a state dict, or one under 'model', got {holds}")
    _require_plain(found, path)
    return found


def named_as(state: Mapping[str, Any], wanted: Collection[str]) -> dict[str, Any]:
    """Give tensors the names that a model has, where a trainer put words before or between ("module.", "_orig_mod.").

    Parameters
    ----------
    state : mapping of str to tensor
        Of a checkpoint.
    wanted : collection of str
        The model's own names.

    Returns
    -------
    dict of str to tensor
        All of them; those that do not begin as most of the others do keep their names, and so are seen to be foreign.
    """
    plain = {".".join(word for word in key.split(".") if word not in WRAPPERS): value for key, value in state.items()}
    fits: Counter[str] = Counter()
    for key in plain:
        words = key.split(".")
        for count in range(min(_DEPTH, len(words) - 1) + 1):
            if ".".join(words[count:]) in wanted:
                fits["".join(f"{word}." for word in words[:count])] += 1
    before = max(fits, key=lambda prefix: (fits[prefix], -len(prefix)), default="")
    return {key.removeprefix(before): value for key, value in plain.items()}


def require_finite(what: str, state: Mapping[str, Any]) -> None:
    """Refuse weights that hold NaN or an infinite number: a model that has one answers nothing.

    Parameters
    ----------
    what : str
        How the error begins.
    state : mapping of str to tensor
        The weights; whole numbers and tensors without data are not looked at.

    Raises
    ------
    UserError
        Naming the first such tensor.
    """
    import torch

    for name, value in state.items():
        looked_at = isinstance(value, torch.Tensor) and value.is_floating_point() and not value.is_meta
        if looked_at and not bool(torch.isfinite(value).all()):
            raise UserError(f"{what}: {name} holds NaN or infinite numbers; the file is damaged, get it again")


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
    UserError
        When there are any, naming the first of them.
    """
    if missing:
        count = "1 key is" if len(missing) == 1 else f"{len(missing)} keys are"
        more = " ..." if len(missing) > SHOWN else ""
        raise UserError(f"{problem}: {count} missing: {', '.join(missing[:SHOWN])}{more}")


def one_line(error: BaseException) -> str:
    """Say a vendor's error in one line.

    Parameters
    ----------
    error : BaseException
        Its text may have many lines.

    Returns
    -------
    str
        At most 400 characters of it, without advice to let code run.
    """
    text = in_one_line(error) if isinstance(error, OSError) else None
    text = text or " ".join(str(error).split()) or type(error).__name__
    if _ADVICE.search(text):
        return "it asks for code to be run, which no model may here"
    return text[:400] if not isinstance(error, KeyError) else f"{text[:400]} is unknown or missing"


@contextmanager
def in_our_words(
    problem: str, of: type[Exception] = Exception, *, say: Callable[[BaseException], str] = one_line
) -> Iterator[None]:
    """Raise what a vendor raises, each its own for a damaged file, as one UserError; one of ours stays as it is.

    Parameters
    ----------
    problem : str
        How the error begins.
    of : type of exception
        What is known to tell of the user's files; everything else goes through.
    say : callable
        Gives the rest of the sentence.

    Raises
    ------
    UserError
        For such an error.
    """
    try:
        yield
    except UserError:
        raise
    except BaseException as error:
        # what Rust gives up at (a tokenizer.json that contradicts itself) is no Exception, so that nobody goes on
        if not isinstance(error, of) and not (of is Exception and type(error).__name__ == "PanicException"):
            raise
        raise UserError(f"{problem}: {say(error)}") from error
