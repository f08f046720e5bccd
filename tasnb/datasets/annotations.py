"""Annotation files of hundreds of megabytes: JSON whose polygons stay unread, and the masks that they stand for.

COCO polygons by union, run-length codes, PhraseCut's points.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tasnb.core.errors import UserError
from tasnb.core.file_kinds import json_of
from tasnb.core.limits import FARTHEST, MAX_PIXELS, MAX_RIM
from tasnb.core.masks import from_rle

MERGED = 64  # codes that pycocotools joins at once: its time grows with the square of their number


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
    """The content of a JSON file, or one UserError that names it. how: for ``json.loads``."""
    with uncollected():
        return json_of(data, path, **how)


def parse_json_but(key: str, data: bytes, path: Path, build: Callable[[dict[str, Any]], Any] | None = None) -> Any:
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
        return found if build is None else build(found)

    return parse_json(short, path, object_hook=put_back)


def read_now(value: Any) -> Any:
    """The value of JSON that is unread, as ``parse_json_but`` leaves it; any other as it is. Raises ValueError."""
    return json_of(value, "it") if isinstance(value, bytes) else value


def mask_of(segmentation: Any, size_hw: tuple[int, int]) -> np.ndarray:
    """The mask of a COCO segmentation: bool (h, w), where any of its polygons or run-length codes is.

    segmentation: as in COCO's JSON, or the bytes of it: a list of polygons, one polygon, a run-length code, or a list
    of codes. A polygon of fewer than three points encloses nothing. REFER's own reader sums polygons and codes instead,
    which gives 2 where two overlap. Rasterised by pycocotools, in the coordinates of the upright picture. Raises
    UserError for damage, for a code of another size, and for polygons whose rims are longer than ``limits.MAX_RIM``.
    """
    codes, polygons = _parts(segmentation, size_hw)
    union = None if not polygons else _union(polygons, size_hw)
    if union is not None:
        codes = [union, *codes]
    if not codes:
        return np.zeros(size_hw, dtype=bool)
    mask = from_rle(codes[0])
    for code in codes[1:]:
        mask |= from_rle(code)
    return mask


def area_of(segmentation: Any, size_hw: tuple[int, int]) -> int:
    """Pixels of ``mask_of``, without drawing polygons: a data set's check asks this 200,000 times."""
    codes, polygons = _parts(segmentation, size_hw)
    if codes:
        return int(np.count_nonzero(mask_of(segmentation, size_hw)))
    union = _union(polygons, size_hw)
    if union is None:
        return 0
    from pycocotools import mask as coco

    return int(coco.area(union))


def points_mask(polygons: Sequence[Any], size_hw: tuple[int, int]) -> np.ndarray:
    """The union of polygons given as [[x, y], ...]: bool (h, w), points cut to whole pixels, rim included.

    As PhraseCut's own evaluation draws them, so that scores compare. Source: ChenyunWu/PhraseCutDataset,
    utils/data_transfer.py, ``polygons_to_mask``.
    """
    _check_size(size_hw)
    rims = []
    for polygon in polygons:
        points = _numbers(polygon)
        if points.shape != (0,) and (points.ndim != 2 or points.shape[1] != 2):
            raise UserError(f"expected a polygon of points [x, y], got an array of shape {points.shape}")
        if len(points) >= 2:
            rims.append(points)
    _check_rims(rims)
    canvas = Image.new("1", (size_hw[1], size_hw[0]), 0)
    pen = ImageDraw.Draw(canvas)
    for points in rims:
        pen.polygon([(int(x), int(y)) for x, y in points], outline=1, fill=1)
    return np.asarray(canvas).copy()


def _parts(segmentation: Any, size_hw: tuple[int, int]) -> tuple[list[Mapping[str, Any]], list[Any]]:
    """The run-length codes of a segmentation, of this size, and its polygons."""
    _check_size(size_hw)
    segmentation = read_now(segmentation)
    parts = [segmentation] if isinstance(segmentation, Mapping) else segmentation
    if not isinstance(parts, Sequence) or isinstance(parts, str):
        raise UserError(f"expected a list of polygons or a run-length code, got {type(segmentation).__name__}")
    kinds = set(map(type, parts))
    if kinds == {list}:
        return [], list(parts)  # nearly all
    if kinds and kinds <= {int, float}:
        return [], [parts]  # [x, y, x, y, ...] without the list around it
    codes = [part for part in parts if isinstance(part, Mapping)]
    for code in codes:
        _check_code(code, size_hw)
    return codes, [part for part in parts if not isinstance(part, Mapping)]


def _union(polygons: Sequence[Any], size_hw: tuple[int, int]) -> Any:
    """pycocotools' run-length code of all polygons together, None where they enclose nothing."""
    rims = []
    for polygon in polygons:
        numbers = _numbers(polygon)
        if numbers.ndim == 2 and numbers.shape[1] == 2:
            numbers = numbers.ravel()  # [[x, y], ...] says the same
        if numbers.ndim != 1 or len(numbers) % 2:
            raise UserError(f"expected a polygon [x, y, x, y, ...], got an array of shape {numbers.shape}")
        # pycocotools takes four numbers for a box
        if len(numbers) >= 6:
            rims.append(numbers)
    if not rims:
        return None
    _check_rims(rims)
    from pycocotools import mask as coco

    codes = coco.frPyObjects(rims, *size_hw)
    while len(codes) > 1:
        codes = [coco.merge(codes[start : start + MERGED]) for start in range(0, len(codes), MERGED)]
    return codes[0]


def _check_rims(rims: Sequence[np.ndarray]) -> None:
    """Refuse polygons, of points or of x, y, x, y, ..., that take memory and time without end: they are walked."""
    # no rim is longer than this, and nearly all polygons pass by it
    if sum(map(np.size, rims)) * max((float(max(rim.max(), -rim.min())) + 1 for rim in rims), default=0) <= MAX_RIM:
        return
    length = 0.0
    for rim in rims:
        points = rim.reshape(-1, 2)
        length += np.abs(points - np.roll(points, -1, axis=0)).max(axis=1).sum() + len(points)
    if length > MAX_RIM:
        raise UserError(f"its rims have {length:,.0f} pixels, expected at most {MAX_RIM:,}; damaged polygon?")


def _numbers(polygon: Any) -> np.ndarray:
    try:
        numbers = np.asarray(polygon, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as wrong:
        raise UserError(f"expected a polygon of numbers, got {str(polygon)[:60]!r}") from wrong
    # a comparison with nan is False, so this refuses it too
    if numbers.size and not np.abs(numbers).max() <= FARTHEST:
        raise UserError(f"a polygon has a point farther than {FARTHEST:,.0f} pixels away, or not a number")
    return numbers


def _check_code(code: Mapping[str, Any], size_hw: tuple[int, int]) -> None:
    try:
        given = tuple(int(side) for side in code["size"])
    except (KeyError, TypeError, ValueError, OverflowError) as wrong:
        raise UserError("expected a run-length code with 'size': [h, w] and 'counts'") from wrong
    # before decoding: a wrong size may ask for any amount of memory
    if given != tuple(size_hw):
        raise UserError(
            f"its run-length code is {' x '.join(map(str, given))} (h x w), the picture is {size_hw[0]} x {size_hw[1]}"
        )


def _check_size(size_hw: tuple[int, int]) -> None:
    h, w = size_hw
    if min(h, w) < 1 or h * w > MAX_PIXELS:
        raise UserError(f"expected a picture of 1 to {MAX_PIXELS:,} pixels, got {h} x {w} (h x w)")
