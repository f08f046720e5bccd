"""Where a model runs and in which number format, from the words a user gives."""

from __future__ import annotations

from typing import Any

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("float32", "bfloat16", "float16")


def resolve_device(device: str = "auto") -> str:
    """Return the device to use: "auto" takes cuda, then mps, then cpu; "cuda:1" and its like pass through.

    Raises ValueError for an unknown word, and for a device that this machine does not have.
    """
    import torch

    kind = device.split(":")[0]
    if kind not in DEVICES:
        raise ValueError(f"unknown device {device!r}; choose from {', '.join(DEVICES)} (or cuda:0, cuda:1, ...)")
    has_cuda, has_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if kind == "auto":
        return "cuda" if has_cuda else "mps" if has_mps else "cpu"
    if (kind == "cuda" and not has_cuda) or (kind == "mps" and not has_mps):
        raise ValueError(f"device {device!r} asked for, but this machine's torch has no {kind}; use device='cpu'")
    _, _, index = device.partition(":")
    if index and (not index.isdecimal() or (kind == "cuda" and int(index) >= torch.cuda.device_count())):
        raise ValueError(f"device {device!r}: this machine has {torch.cuda.device_count()} cuda device(s)")
    return device


def resolve_dtype(dtype: str = "float32") -> Any:
    """Return the torch dtype named by one of DTYPES; raises ValueError otherwise."""
    import torch

    if dtype not in DTYPES:
        raise ValueError(f"unknown dtype {dtype!r}; choose from {', '.join(DTYPES)}")
    return getattr(torch, dtype)
