"""Reading large annotation files: JSON with one clear error, polygons left unread, no garbage collection in between."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Iterator
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


def parse_json_but(key: str, data: bytes, path: Path, build: Callable[[dict[str, Any]], Any]) -> Any:
    """The same, where the lists of numbers under ``key`` stay the bytes that they are written as, until ``read_now``.

    They are nine tenths of an annotation file, and a split needs few of them. build: called for each JSON object.
    """
    spans: list[tuple[int, int]] = []

    def stand_in(match: re.Match[bytes]) -> bytes:
        if match[2].count(b"[") != match[2].count(b"]"):
            return match[0]  # the first part of a list that holds other things too
        spans.append(match.span(2))
        return b"%b[%d]" % (match[1], len(spans) - 1)

    # a quote within a text has a backslash before it, so this meets keys only
    lists = re.compile(rb'((?<!\\)"%b"\s*:\s*)(\[[][\d\s.,eE+-]*\])' % re.escape(key.encode()))
    short = lists.sub(stand_in, data)

    def put_back(found: dict[str, Any]) -> Any:
        kept = found.get(key)
        # every list of numbers was taken out, so one that is left is a stand-in
        if isinstance(kept, list) and len(kept) == 1 and type(kept[0]) is int and kept[0] < len(spans):
            start, stop = spans[kept[0]]
            found[key] = data[start:stop]
        return build(found)

    return parse_json(short, path, object_hook=put_back)


def read_now(value: Any) -> Any:
    """The value of what ``parse_json_but`` left unread; any other value as it is. Raises ValueError for damage."""
    if not isinstance(value, bytes):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as wrong:
        raise ValueError(f"its list of numbers cannot be read ({wrong})") from wrong
