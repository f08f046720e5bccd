"""The most memory that was in use at once: of a GPU where models run on one, else of this process."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Start to measure anew. Where the system cannot forget its peak, ``peak`` is that of the whole process."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        return
    with suppress(OSError):
        _CLEAR.write_text("5")  # Linux: forget the peak resident set size (proc(5))


def peak() -> tuple[int, str]:
    """(bytes, what they are): tensors on the GPU, or the process's resident memory, libraries and all."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated()), "GPU memory of the tensors"
    if _STATUS.is_file():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024, "resident memory of the process, libraries and all"
    import resource  # not on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024), "peak resident memory since the process began"
