"""The artifact store: what a model said about an image, kept on disk under the hash of everything it depends on.

``keys`` names an entry, ``codecs`` turns a value into bytes and back, ``store`` keeps the bytes. Models are unknown
here: a stage arrives as a name, a fingerprint, a config and a function that computes.
"""

from __future__ import annotations

from tasnb.artifacts.codecs import DamagedEntry
from tasnb.artifacts.store import (
    Damage,
    DamagedEntryWarning,
    StageInfo,
    Store,
    StoreInfo,
    StoreWarning,
    StoreWriteWarning,
)

__all__ = [
    "Damage",
    "DamagedEntry",
    "DamagedEntryWarning",
    "StageInfo",
    "Store",
    "StoreInfo",
    "StoreWarning",
    "StoreWriteWarning",
]
