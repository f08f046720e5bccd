"""The causes of ``ANSWER_CAUSES``, asked of one answer: its pixels against everything that is annotated.

All shares are of pixels. An answer is *of* the thing with which its IoU is largest, the target in a tie, where that is
at least ``NEAR_MISS`` or the answer lies ``INSIDE`` it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tasnb.analysis import differences
from tasnb.analysis.causes import ANSWER_CAUSES, DISJOINT, INSIDE, NEAR_MISS, Verdict
from tasnb.analysis.differences import Difference
from tasnb.analysis.types import ExpressionTypes, IsA
from tasnb.core.brief import brief
from tasnb.core.masks import boxes_xyxy, centroids_xy
from tasnb.core.types import Parse
from tasnb.datasets import Instance
from tasnb.stages.spatial.scene import Scene

COVERED = 0.5  # a thing is answered when this share of its pixels is
SECOND = 0.1  # of the answer: what lies on further things makes several of it from this share on
POOR = 0.3  # IoU from which the answer is the target with a poor outline
# in place of a category: what was answered is no one thing
NO_CATEGORY = EMPTY, SEVERAL, BACKGROUND = "(empty)", "(several)", "(nothing annotated)"


class Things:
    """The annotated things of one picture, their masks as packed bits so that overlaps are counted fast.

    Parameters
    ----------
    instances : sequence of Instance
        n.
    size_hw : tuple of int
        Of the picture.
    as_boxes : bool
        Each mask is filled to its box, as answers are that came as boxes.
    """

    def __init__(self, instances: Sequence[Instance], size_hw: tuple[int, int], *, as_boxes: bool = False) -> None:
        self.instances, self.size_hw = instances, size_hw
        masks = [instance.mask for instance in instances]
        self.masks = [_box_of(mask) for mask in masks] if as_boxes else masks
        self.places = {instance.id: row for row, instance in enumerate(instances)}
        self.categories = [instance.category for instance in instances]
        self.bits = np.zeros((len(instances), _words(size_hw)), np.uint64)
        for row, mask in enumerate(self.masks):
            self.bits[row] = packed(mask)
        self.areas = count(self.bits)

    __repr__ = brief

    @cached_property
    def shared(self) -> np.ndarray:
        """Pixels of every pair, int (n, n)."""
        return np.stack([count(self.bits & row) for row in self.bits])

    @cached_property
    def every(self) -> np.ndarray:
        """Bits of all of them together."""
        return united(self.bits)

    def scene(self, rows: Sequence[int]) -> Scene:
        """Some of the things, as the readers of places see them."""
        masks = np.stack([self.masks[row] for row in rows])
        centres, areas = centroids_xy(masks).astype(np.float64), self.areas[list(rows)]
        return Scene(centres_xy=centres, boxes_xyxy=boxes_xyxy(masks), areas=areas)


def _box_of(mask: np.ndarray) -> np.ndarray:
    """The box of a mask, bool (h, w), as a mask."""
    ((x0, y0, x1, y1),) = boxes_xyxy(mask[None])
    box = np.zeros_like(mask)
    box[y0:y1, x0:x1] = True
    return box


def _words(shape: Sequence[int]) -> int:
    """How many words of 64 bits hold a mask."""
    return -(-shape[0] * shape[1] // 64)


def packed(mask: np.ndarray) -> np.ndarray:
    """A mask, bool (h, w), as bits: words of 64."""
    found = np.zeros(8 * _words(mask.shape), np.uint8)
    found[: -(-mask.size // 8)] = np.packbits(mask.ravel(order="F"))
    return found.view(np.uint64)


def united(bits: np.ndarray) -> np.ndarray:
    """The union of rows of bits; nothing of none."""
    found: np.ndarray = np.bitwise_or.reduce(bits, axis=0)
    return found


def count(bits: np.ndarray) -> np.ndarray:
    """Pixels of each row of bits."""
    return np.bitwise_count(bits).sum(axis=-1, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """One failed answer against the n things of its picture.

    Parameters
    ----------
    parse, types
        Of the expression.
    things : Things
        Everything annotated.
    targets : tuple of int
        Rows of what is meant; none where nothing is.
    answer : uint64 array
        Bits of the mask that was answered.
    category : str
        Of the target, "" where the data do not tell.
    is_a : callable
        (word, kind) -> whether the one names a kind of the other.
    withdrawn : bool
        Whether the target's mask was withdrawn from the data.
    """

    parse: Parse
    types: ExpressionTypes
    things: Things
    targets: tuple[int, ...]
    answer: np.ndarray
    category: str
    is_a: IsA
    withdrawn: bool = False

    __repr__ = brief

    @cached_property
    def area(self) -> int:
        """Pixels of the answer."""
        return int(count(self.answer))

    @cached_property
    def target(self) -> np.ndarray:
        """Bits of all that is meant."""
        return united(self.things.bits[list(self.targets)])

    @cached_property
    def target_area(self) -> int:
        """Pixels of all that is meant."""
        if len(self.targets) == 1:
            return int(self.things.areas[self.targets[0]])
        return int(count(self.target)) if self.targets else 0

    @cached_property
    def inside(self) -> np.ndarray:
        """Pixels of the answer in each thing, int (n,)."""
        return self._overlap(self.things.bits)

    @cached_property
    def hit(self) -> int:
        """Pixels of the answer in the target."""
        return int(self._overlap(self.target)) if self.targets else 0

    @cached_property
    def background(self) -> int:
        """Pixels of the answer on nothing annotated."""
        return self.area - int(self._overlap(self.things.every))

    @cached_property
    def ious(self) -> np.ndarray:
        """IoU of the answer with each thing, (n,)."""
        return self.inside / np.maximum(self.things.areas + self.area - self.inside, 1)

    @cached_property
    def iou(self) -> float:
        """IoU of the answer with the target."""
        return self.hit / max(self.target_area + self.area - self.hit, 1)

    @cached_property
    def others(self) -> list[int]:
        """Rows of the things that are not meant."""
        return [row for row in range(len(self.things.areas)) if row not in self.targets]

    @cached_property
    def other(self) -> int | None:
        """Row of the thing that was answered in the target's place; None where the answer is of no such thing."""
        best = max(self.others, key=lambda row: float(self.ious[row]), default=None)
        if best is None or not self.area or self.ious[best] <= self.iou:
            return None
        is_of = self.ious[best] >= NEAR_MISS or self.inside[best] >= INSIDE * self.area
        return best if is_of else None

    @cached_property
    def answered(self) -> list[int]:
        """Rows of the separate things that are answered, the largest part of the answer first."""
        found, areas = list[int](), self.things.areas
        covered = np.flatnonzero((self.inside >= COVERED * areas) & (self.inside > 0))
        for row in covered[np.argsort(-self.inside[covered], kind="stable")].tolist():
            limits = DISJOINT * np.minimum(areas[row], areas[found])
            if not found or (self.things.shared[row, found] <= limits).all():
                found.append(row)
        return found

    @cached_property
    def difference(self) -> Difference:
        """What tells the target from the other thing of its category that was answered."""
        assert self.other is not None
        peers = [row for row, kind in enumerate(self.things.categories) if kind == self.category or row in self.targets]
        places = [peers.index(row) for row in self.targets]
        scene, at = self.things.scene(peers), peers.index(self.other)
        return differences.between(self.parse, self.types, scene, places, at, self.category, self.is_a)

    def within(self, rows: Sequence[int]) -> int:
        """Pixels of the answer that lie in any of these things."""
        return int(self._overlap(united(self.things.bits[list(rows)])))

    @cached_property
    def _reach(self) -> slice:
        """The words in which the answer has pixels: a thing seldom reaches over the whole picture."""
        words = np.flatnonzero(self.answer)
        return slice(int(words[0]), int(words[-1]) + 1) if len(words) else slice(0)

    def _overlap(self, bits: np.ndarray) -> np.ndarray:
        """Pixels that rows of bits share with the answer."""
        return count(bits[..., self._reach] & self.answer[self._reach])


Found = tuple[str, str]  # detail and words of a cause that holds


def empty_answer(case: Answer) -> Found | None:
    return None if case.area else ("", "")


def no_target(case: Answer) -> Found | None:
    return ("", "") if case.area and not case.target_area else None


def partly_answered(case: Answer) -> Found | None:
    """Some of the targets are COVERED, some are not, and the answer lies INSIDE the targets."""
    if len(case.targets) < 2 or not case.area or case.hit < INSIDE * case.area:
        return None
    rows = list(case.targets)
    got = int((case.inside[rows] >= COVERED * case.things.areas[rows]).sum())
    return ("", f"{got} of {len(rows)}") if 0 < got < len(rows) else None


def doubtful_annotation(case: Answer) -> Found | None:
    """The mask was withdrawn, or another thing of the category is answered, alone, and no word tells them apart."""
    if case.withdrawn:
        return "withdrawn", ""
    if not _is_same(case) or merged(case) is not None or case.difference.kind:
        return None
    return "another fits" if case.difference.words else "several fit", case.difference.words


def merged(case: Answer) -> Found | None:
    """Separate things are COVERED, and those beside the largest hold SECOND of the answer and half of its rest."""
    rows = case.answered
    if len(rows) < 2 or not set(rows) - set(case.targets):
        return None
    first = int(case.inside[rows[0]])
    more = case.within(rows) - first
    if more < max(SECOND * case.area, (case.area - first) / 2):
        return None
    with_target = any(row in case.targets for row in rows)
    said = ", ".join(case.things.categories[row] or "thing" for row in rows)
    return "with the target" if with_target else "others alone", said


def part(case: Answer) -> Found | None:
    """The answer lies INSIDE the target, which does not lie INSIDE the answer."""
    if not case.area or case.other is not None:
        return None
    lies = case.hit >= INSIDE * case.area and case.hit < INSIDE * case.target_area
    return ("", "") if lies else None


def surroundings(case: Answer) -> Found | None:
    """The target lies INSIDE the answer, which does not lie INSIDE the target."""
    if not case.target_area or case.other is not None:
        return None
    contains = case.hit >= INSIDE * case.target_area and case.hit < INSIDE * case.area
    return ("", "") if contains else None


def same_category(case: Answer) -> Found | None:
    if not _is_same(case):
        return None
    return case.difference.kind or "other words", case.difference.words


def other_category(case: Answer) -> Found | None:
    if case.other is None or not case.target_area or _is_same(case):
        return None
    kind = case.things.categories[case.other]
    return "" if kind and case.category else "unknown", kind


def poor_outline(case: Answer) -> Found | None:
    """The answer is of the target, with an IoU from POOR."""
    return ("", "") if case.other is None and case.iou >= POOR else None


def nothing_there(case: Answer) -> Found | None:
    """Half of the answer lies on nothing annotated."""
    return ("background", "") if case.area and 2 * case.background >= case.area else None


_IN_ORDER = (
    empty_answer, no_target, partly_answered, doubtful_annotation, merged, part, surroundings, same_category,
    other_category, poor_outline, nothing_there,
)  # fmt: skip
TESTS: Mapping[str, Callable[[Answer], Found | None]] = dict(zip(ANSWER_CAUSES, _IN_ORDER, strict=True))


def verdict_of(case: Answer) -> Verdict:
    """The cause of one failed answer: the first that holds.

    Where none does, an answer of which COVERED lies in the target is a part of it, and another one is on scraps.
    Curing it gives the target's own mask, or nothing where nothing is meant.
    """
    found = {name: said for name, test in TESTS.items() if (said := test(case)) is not None}
    is_part = case.target_area and case.hit >= COVERED * case.area
    left = ("part", ("", "")) if is_part else ("nothing there", ("scraps", ""))
    cause, (detail, words) = next(iter(found.items()), left)
    return Verdict(
        cause=cause,
        detail=detail,
        words=words,
        alone=True,
        holds=frozenset(found),
        counts=(case.target_area, case.target_area),
        answered=_answered(case, cause),
    )


def _is_same(case: Answer) -> bool:
    return (
        bool(case.target_area) and case.other is not None and case.things.categories[case.other] == case.category != ""
    )


def _answered(case: Answer, cause: str) -> str:
    """The category of what was answered: of the thing that the answer is of, several, or nothing annotated."""
    if not case.area:
        return EMPTY
    if cause == "merged":
        return SEVERAL
    if case.other is not None:
        return case.things.categories[case.other]
    return BACKGROUND if cause in ("nothing there", "no target") else case.category
