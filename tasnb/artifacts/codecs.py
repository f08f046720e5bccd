"""A value -> the bytes of one safetensors file, and back, bit for bit.

Arrays are tensors; texts, masks (COCO's compressed run-length code) and the identity are JSON in the file's own
metadata, next to a SHA-256 over all of it. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tasnb.masks import from_rle, to_rle
from tasnb.types import Proposals

METADATA = "tasnb"  # its text: the SHA-256 in hex, a space, JSON
KINDS = ("array", "proposals", "text", "texts")


class DamagedEntry(ValueError):
    """An entry's bytes are not what was written; the message says how it shows."""


def pack(value: Any, identity: str) -> bytes:
    """The bytes of a value: an array, Proposals, a text or a tuple of texts.

    Raises TypeError for any other value.
    """
    tensors, about = _encode(value)
    text = json.dumps({**about, "identity": identity})  # ASCII: any text survives, lone surrogates too
    # one metadata key, because safetensors writes several in random order: equal values give equal files
    return save(tensors, metadata={METADATA: f"{_digest(tensors, text)} {text}"})


def unpack(data: bytes, *, expected: str | None = None) -> tuple[Any, str]:
    """The value and its identity.

    Raises DamagedEntry when the bytes are not a safetensors file of ours, do not match their checksum, or belong to
    another identity than the expected one.
    """
    try:
        tensors = load(data)
        (length,) = struct.unpack_from("<Q", data)
        checksum, text = json.loads(data[8 : 8 + length])["__metadata__"][METADATA].split(" ", 1)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError, struct.error) as problem:
        raise DamagedEntry(f"not a readable entry of {len(data)} bytes ({problem})") from problem
    if checksum != _digest(tensors, text):
        raise DamagedEntry("its checksum does not match")
    try:
        about = json.loads(text)
        found = about["identity"]
        value = _decode(tensors, about)
    except (ValueError, KeyError, TypeError) as problem:
        raise DamagedEntry(f"its content does not add up ({problem})") from problem
    if expected is not None and found != expected:
        raise DamagedEntry("it belongs to another image, model or config")
    return value, found


def _encode(value: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    if isinstance(value, Proposals):
        tensors = {
            "boxes_xyxy": value.boxes_xyxy,
            "pred_iou": value.pred_iou,
            "stability_score": value.stability_score,
        }
        runs = [to_rle(mask)["counts"] for mask in value.masks]
        about = {"kind": "proposals", "size_hw": list(value.size_hw), "masks": runs, "source": value.source}
        return {name: np.asarray(array, order="C") for name, array in tensors.items()}, about
    if isinstance(value, np.ndarray):
        return {"array": np.asarray(value, order="C")}, {"kind": "array"}
    if isinstance(value, str):
        return {}, {"kind": "text", "text": value}
    if isinstance(value, tuple | list) and all(isinstance(text, str) for text in value):
        return {}, {"kind": "texts", "texts": list(value)}
    raise TypeError(f"a store keeps {', '.join(KINDS)}, got {type(value).__name__}")


def _decode(tensors: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> Any:
    kind = about["kind"]
    if kind == "array":
        return tensors["array"]
    if kind == "text":
        return about["text"]
    if kind == "texts":
        return tuple(about["texts"])
    if kind == "proposals":
        h, w = about["size_hw"]
        masks = np.zeros((len(about["masks"]), h, w), dtype=bool)
        for mask, counts in zip(masks, about["masks"], strict=True):
            mask[:] = from_rle({"size": (h, w), "counts": counts})
        masks.flags.writeable = False  # spares Proposals a copy
        return Proposals(masks=masks, **tensors, source=about["source"])
    raise ValueError(f"unknown kind {kind!r}; choose from {', '.join(KINDS)}")


def _digest(tensors: Mapping[str, np.ndarray], text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(tensors):
        array = np.asarray(tensors[name], order="C")
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
