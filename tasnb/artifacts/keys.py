"""The name of an entry: the SHA-256 of everything that its value depends on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

SCHEMA = 1  # raise it when a stage's meaning or the file format changes: older entries are then never asked for
STAGE_NAME = re.compile(r"[a-z][a-z_]{0,39}")  # a stage is also a folder's name


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, so that equal values give equal text; frozen configs become mappings.

    Raises TypeError for what has no JSON form: a key must not depend on a memory address.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def identity(stage: str, image_key: str, fingerprint: str, config: Mapping[str, Any]) -> str:
    """All that a value depends on, as canonical JSON; it is stored beside the value and compared on reading.

    image_key: of size and pixels. fingerprint: of the model that computes. config: the stage's own options, and
    the content of what it takes from an earlier stage.
    Raises ValueError for a stage name that is no folder name.
    """
    if not STAGE_NAME.fullmatch(stage):
        raise ValueError(f"stage: expected lower-case letters and underscores, got {stage!r}")
    about = {"schema": SCHEMA, "stage": stage, "image": image_key, "model": fingerprint, "config": dict(config)}
    return canonical(about)


def key_of(identity: str) -> str:
    """SHA-256 of an identity: 64 hex digits."""
    return hashlib.sha256(identity.encode("utf-8")).hexdigest()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a key needs plain values (text, numbers, lists, mappings, dataclasses), got {type(value)}")
