"""What this machine offers a model: devices, number formats, optional libraries; and the most memory that was taken."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("float32", "bfloat16", "float16")
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class MissingExtraError(UserError, ImportError):
    """An optional library is not installed: names it, what it is for, and the command that gets it."""


def resolve_device(device: str = "auto") -> str:
    """Tell the device to use.

    Parameters
    ----------
    device : str
        One of ``DEVICES``; "auto" takes cuda, then mps, then cpu. "cuda:1" and its like pass through.

    Returns
    -------
    str
        A device of this machine, never "auto".

    Raises
    ------
    ValueError
        For an unknown word, and for a device that this machine does not have.
    """
    import torch

    kind, _, index = str(device).partition(":")
    require_known("device", kind, DEVICES, hint=" (or cuda:0, cuda:1, ...)")
    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if has[name])
    if not has[kind]:
        raise UserError(f"device {device!r} asked for, but this machine's torch has no {kind}; use device='cpu'")
    if index and (not index.isdecimal() or (kind == "cuda" and int(index) >= torch.cuda.device_count())):
        raise UserError(f"device {device!r}: this machine has {torch.cuda.device_count()} cuda device(s)")
    return device


def resolve_dtype(dtype: str = "float32") -> Any:
    """Tell the torch dtype of a name.

    Parameters
    ----------
    dtype : str
        One of ``DTYPES``.

    Returns
    -------
    torch.dtype
        The number format of that name.

    Raises
    ------
    ValueError
        For another name.
    """
    import torch

    require_known("dtype", dtype, DTYPES)
    return getattr(torch, dtype)


def require_library(module: str, *, extra: str, what: str, note: str = "") -> Any:
    """Import an optional library.

    Parameters
    ----------
    module : str
        Its name.
    extra : str
        The name in pyproject.toml of the extra that brings it.
    what : str
        What needs it, for the error.
    note : str
        What to know before installing it.

    Returns
    -------
    module
        The library.

    Raises
    ------
    MissingExtraError
        When it is not installed, with the command that gets it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        command = f"pip install 'tasnb[{extra}]'{f' ({note})' if note else ''}"
        raise MissingExtraError(f"{what} needs {module}, which is not installed: {command}") from missing


def cuda_in_use() -> Any:
    """Find the GPU without importing torch.

    Returns
    -------
    module or None
        ``torch.cuda`` where torch is loaded already and has a GPU.
    """
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None


def reset_peak() -> None:
    """Start to measure memory anew; where the system cannot forget its peak, it stays that of the whole process."""
    if cuda := cuda_in_use():
        cuda.synchronize()
        cuda.reset_peak_memory_stats()
        return
    with suppress(OSError):
        _CLEAR.write_text("5")  # Linux: forget the peak resident set size (proc(5))


def peak() -> tuple[int, str]:
    """Tell the most memory that was in use at once: of a GPU where models run on one, else of this process.

    Returns
    -------
    most : int
        Bytes.
    what : str
        What they are: tensors on the GPU, or the process's resident memory, libraries and all.
    """
    if cuda := cuda_in_use():
        return int(cuda.max_memory_allocated()), "GPU memory of the tensors"
    if _STATUS.is_file():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024, "resident memory of the process, libraries and all"
    import resource  # not on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024), "peak resident memory since the process began"
