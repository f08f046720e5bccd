"""Reading large annotation files: JSON with one clear error, and no garbage collection in between."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def uncollected() -> Iterator[None]:
    """Switch the cycle collector off: it would walk millions of new values again and again and find nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def parse_json(data: bytes, path: Path, **how: Any) -> Any:
    """The content of a JSON file, or one ValueError that names it. how: for ``json.loads``."""
    try:
        with uncollected():
            return json.loads(data, **how)
    except (ValueError, RecursionError) as wrong:
        raise ValueError(f"{path} is not readable JSON ({wrong}); download it again") from wrong
