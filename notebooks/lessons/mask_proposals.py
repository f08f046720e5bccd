"""Lesson 01, ``notebooks/01_mask_proposals.ipynb``: where masks come from, and the most that any score can reach."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.images import brought_to, mask_colour, working_size
from tasnb.core.masks import areas, pairwise_intersection, pairwise_iou
from tasnb.core.types import MaskProposer, Proposals, Sample
from tasnb.datasets.samples import Samples
from tasnb.models import presets
from tasnb.pipeline.describe import MAX_SIDE
from tasnb.plots import outline, overlay

from .answers import ANOTHER_KIND, Exercise, Right, Slip, hints, in_words

if TYPE_CHECKING:
    import pandas as pd

FOUND_IOU = 0.5  # the field's Pr@0.5
MOSTLY = 0.8  # of a target covered, or of a mask on its target
REASONS = ("no point", "dropped", "part", "merged", "inexact")
STABILITY = Exercise(
    1,
    expected="a function (logits, offset) that returns one number from 0 to 1",
    hint="Cut the logits twice, once above and once below 0. Each cut gives a mask; count its pixels. Which of"
    " the two is the smaller one?",
    recipe="divide the pixels above +offset by the pixels above -offset; return 0.0 before you divide where the larger "
    "mask is empty",
)
UPPER_BOUND = Exercise(
    2,
    expected="numbers from 0 to 1, one for each target, scene by scene",
    hint="Two loops: over the scenes, each with its own masks, and over the targets of a scene. What does somebody who "
    "knows the truth take for one target?",
    recipe="for each target take the largest tn.iou(mask, target) over the masks of its own scene, 0 without a mask",
)
WHY_MISSED = Exercise(
    3,
    expected="a list of words, one for each row, each one of " + ", ".join(REASONS),
    hint="Write a function of one row that follows the five rules, with an if and a return for each. The columns of a "
    'row are read as row["iou"].',
    recipe="go through table.iterrows(), test the rules in their order for each row, return the word of the first that "
    'holds, and "inexact" at the end',
)
hint = hints(STABILITY, UPPER_BOUND, WHY_MISSED)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """One picture, uint8 (h, w, 3), and the true masks of things in it, bool (k, h, w)."""

    image: np.ndarray
    targets: np.ndarray


def proposer(preset: str, **options: Any) -> MaskProposer:
    """The mask proposer of a preset alone, so that nothing else has to load. options: as in ``tn.models.load``."""
    _, loaders, arguments = presets.plan(preset, **options)
    return loaders["sam"](**arguments["sam"])


def scenes(samples: Sequence[Sample], count: int) -> list[Scene]:
    """The first ``count`` pictures that have true masks: of everything annotated in it, else of what is referred to.

    Raises ValueError when no sample has a mask.
    """
    images: dict[str, np.ndarray] = {}
    targets: dict[str, dict[bytes, np.ndarray]] = {}
    for sample in samples:
        if sample.image_id not in images and len(images) == count:
            break
        if sample.target is not None and sample.target.any():
            images.setdefault(sample.image_id, sample.image)
            targets.setdefault(sample.image_id, {}).setdefault(sample.target.tobytes(), sample.target)
    if not images:
        raise ValueError(
            "no sample has a true mask, and this lesson measures against masks; give some, for example "
            'tn.datasets.photos(("park.jpg", "the left dog", "dog_mask.png"))'
        )
    if isinstance(samples, Samples):
        return [_scene(image, _not_empty(samples.things(name))) for name, image in images.items()]
    return [_scene(image, np.stack(list(targets[name].values()))) for name, image in images.items()]


def _scene(image: np.ndarray, targets: np.ndarray) -> Scene:
    """A large photo at the size at which ``describe`` works on it."""
    size = working_size((image.shape[0], image.shape[1]), MAX_SIDE)
    return Scene(image=brought_to(image, size), targets=np.stack([brought_to(target, size) for target in targets]))


def grid_xy(size_hw: tuple[int, int], points_per_side: int) -> np.ndarray:
    """SAM's grid of points: float (points_per_side ** 2, 2), x and y in pixels, each in the middle of its cell."""
    middles = (np.arange(points_per_side) + 0.5) / points_per_side
    x, y = np.meshgrid(middles * size_hw[1], middles * size_hw[0])
    return np.stack([x.ravel(), y.ravel()], axis=1)


def grid_picture(image_rgb: np.ndarray, points_per_side: int) -> np.ndarray:
    """The picture with SAM's grid of points on it, white with a dark rim: uint8 (h, w, 3)."""
    pixels, (height, width) = image_rgb.copy(), image_rgb.shape[:2]
    for x, y in grid_xy((height, width), points_per_side).astype(int):
        pixels[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3] = (29, 33, 41)
        pixels[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2] = 255
    return pixels


def best_ious(found: Proposals, scene: Scene) -> np.ndarray:
    """For every target of a scene the IoU of the proposal that fits it best: float (k,), 0 without proposals."""
    return pairwise_iou(scene.targets, found.masks).max(axis=1, initial=0.0)


def measure(pictures: Sequence[Scene], preset: str, **options: Any) -> dict[str, Any]:
    """One setting of the proposer on some scenes: a row for a table.

    proposals: mean number a picture. upper bound: mean IoU of each target's best proposal. found: share of the targets
    whose best proposal has IoU 0.5. seconds: a picture, without loading.
    """
    made = proposer(preset, **options)
    started = time.perf_counter()
    found = [made.propose(scene.image) for scene in pictures]
    seconds = (time.perf_counter() - started) / len(pictures)
    ious = np.concatenate([best_ious(f, scene) for f, scene in zip(found, pictures, strict=True)])
    return {
        **options,
        "proposals": float(np.mean([len(f) for f in found])),
        "upper bound": float(ious.mean()),
        "found": float((ious >= FOUND_IOU).mean()),
        "seconds": seconds,
    }


def estimates(found: Proposals, scene: Scene) -> pd.DataFrame:
    """SAM's own two estimates of each proposal, beside its IoU with the target that it fits best."""
    import pandas as pd

    truth = pairwise_iou(found.masks, scene.targets).max(axis=1, initial=0.0)
    return pd.DataFrame(
        {"pred_iou": found.pred_iou, "stability": found.stability_score, "true_iou": truth, "area": areas(found.masks)}
    )


def disc(size: int, softness: float) -> np.ndarray:
    """Mask logits of a disc: float (size, size), positive inside. softness: pixels in which they rise by 1."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return (size / 4 - np.hypot(x, y)) / softness


def misses(
    pictures: Sequence[Scene], found: Sequence[Proposals], loose: Sequence[Proposals], side: int
) -> pd.DataFrame:
    """The target that fits worst for each reason of REASONS that occurs, worst first, and what was measured about it.

    scene, target: their numbers. best: the number of the best proposal, -1 without one. iou: its IoU. covered: share of
    the target that it covers. on_target: share of it that lies on the target. points: grid points on the target.
    without_thresholds: the best IoU in ``loose``.
    """
    import pandas as pd

    rows = []
    for number_, (scene, kept, all_) in enumerate(zip(pictures, found, loose, strict=True)):
        shared = pairwise_intersection(scene.targets, kept.masks)
        ious, sizes = pairwise_iou(scene.targets, kept.masks), areas(kept.masks)
        x, y = grid_xy(scene.image.shape[:2], side).astype(int).T
        for target, mask in enumerate(scene.targets):
            best = int(ious[target].argmax()) if len(kept) else -1
            rows.append({
                "scene": number_, "target": target, "best": best,
                "iou": 0.0 if best < 0 else ious[target, best],
                "covered": 0.0 if best < 0 else shared[target, best] / mask.sum(),
                "on_target": 0.0 if best < 0 else shared[target, best] / sizes[best],
                "points": int(mask[y, x].sum()),
                "without_thresholds": best_ious(all_, scene)[target],
            })  # fmt: skip
    frame = pd.DataFrame(rows).sort_values("iou", kind="stable")
    reasons = [reason_of(row) for _, row in frame.iterrows()]
    return frame[~pd.Series(reasons).duplicated().to_numpy()].reset_index(drop=True)


def miss_picture(scene: Scene, found: Proposals, target: int, best: int) -> np.ndarray:
    """The picture with the best proposal bright and the target's rim dashed in white: uint8 (h, w, 3)."""
    mask = scene.targets[target]
    pixels = overlay(scene.image, found.masks[best] if best >= 0 else np.zeros_like(mask), mask_colour(0))
    dashes = (np.add.outer(*(np.arange(side) for side in mask.shape)) // 3) % 2 == 0
    pixels[outline(mask, 2) & dashes] = 255
    return pixels


def reason_of(row: Any) -> str:
    """Why a target was missed, from its row of ``misses``: the first of REASONS that holds."""
    if row["points"] == 0 and row["iou"] < FOUND_IOU:  # a point beside a thing may find it all the same
        return "no point"
    if row["without_thresholds"] >= FOUND_IOU and row["iou"] < FOUND_IOU:
        return "dropped"
    if row["on_target"] >= MOSTLY and row["covered"] < MOSTLY:
        return "part"
    if row["covered"] >= MOSTLY and row["on_target"] < MOSTLY:
        return "merged"
    return "inexact"


def check_stability(function: Any) -> Right:
    """Exercise 1: ``stability(logits, offset)``, how much of a mask stays when its threshold moves by the offset."""
    rng = np.random.default_rng(4)
    for logits, offset in ((disc(64, 3.0), 1.0), (rng.normal(size=(40, 30)), 0.5), (disc(50, 0.5), 2.0)):
        value = STABILITY.number_of(STABILITY.called(function, logits, offset))
        small, zero, large = (int((logits > t).sum()) for t in (offset, 0, -offset))
        slips = [
            Slip(large / small, "the ratio upside down: it is above 1", "divide the smaller mask by the larger one"),
            Slip(small / zero, "the mask above +offset over the mask above 0", "use -offset for the larger mask"),
            Slip(zero / large, "the mask above 0 over the mask above -offset", "use +offset for the smaller mask"),
            Slip(1 - small / large, "the share that is lost", "return the share that stays: 1 minus yours"),
            Slip(small / logits.size, "the smaller mask over the whole picture", "divide by the larger mask"),
            Slip(100 * small / large, "per cent", "return a share of 1"),
            Slip((small / large) ** 0.5, "a square root of the ratio", "return the ratio of the areas itself"),
        ]
        got = f"{value:.4g} for logits of shape {logits.shape} and offset {offset:g}"
        STABILITY.settle(value, small / large, slips, got=got)
    nothing = STABILITY.called(function, np.full((4, 4), -9.0), 1.0)
    if not np.all(np.equal(nothing, 0)):
        raise STABILITY.wrong(
            expected="0 where not a single pixel lies above -offset", got=in_words(nothing),
            looks_like="a division by zero", mend="return 0.0 before you divide when the larger mask is empty",
        )  # fmt: skip
    return Right(
        "The two masks lie inside each other, so this ratio is their IoU. It is near 1 when the logits rise steeply at "
        "the edge. It says that SAM is sure of the edge, not that the mask is a thing."
    )


def check_upper_bound(oracle: Any, pictures: Sequence[Scene], found: Sequence[Proposals]) -> Right:
    """Exercise 2: the IoU of every target's best proposal, scene by scene."""
    oracle = UPPER_BOUND.given(oracle)
    pairs = list(zip(pictures, found, strict=True))
    right = np.concatenate([best_ious(f, scene) for scene, f in pairs])
    if np.ndim(oracle) == 0 and isinstance(oracle, float | np.floating) and abs(oracle - right.mean()) < 5e-3:
        raise UPPER_BOUND.wrong(got=in_words(oracle), looks_like="their mean", mend="give all numbers as a list")
    values = UPPER_BOUND.numbers_of(oracle, len(right))
    slips = [
        Slip(_gather(pairs, _first), "the IoU of SAM's first proposal", "compare every mask, not masks[0]"),
        Slip(_gather(pairs, _covered), "how much of the target is covered", "divide by the union, as tn.iou does"),
        Slip(_gather(pairs, _on_target), "how much of a mask is on the target", "divide by the union, as tn.iou does"),
        Slip(_gather(pairs, _mean), "the mean over the masks", "take the largest value, not the mean"),
        Slip(_gather(pairs, _place), "the number of the best mask", "give its IoU, not its place"),
        Slip(100 * right, "per cent", "give shares of 1"),
        Slip(np.concatenate([best_ious(pairs[0][1], scene) if scene.image.shape == pictures[0].image.shape
                             else np.full(len(scene.targets), np.nan) for scene in pictures]),
             "the proposals of the first scene for all scenes", "pair each scene with its own proposals"),
    ]  # fmt: skip
    got = f"numbers from {values.min():.3g} to {values.max():.3g}, mean {values.mean():.3f}"
    UPPER_BOUND.settle(values, right, slips, got=got)
    return Right(
        f"Their mean, {right.mean():.3f}, is the upper bound: no score, however clever, can choose a mask that was not "
        f"proposed. A mask chosen at random gives {_gather(pairs, _mean).mean():.3f}."
    )


def check_reasons(reasons: Any, table: pd.DataFrame) -> Right:
    """Exercise 3: why each target in the table of ``misses`` was missed, one of REASONS a row."""
    reasons = WHY_MISSED.given(reasons)
    if isinstance(reasons, str) or not hasattr(reasons, "__iter__"):
        looks_like = "a single answer" if isinstance(reasons, str) else ANOTHER_KIND
        raise WHY_MISSED.wrong(got=in_words(reasons), looks_like=looks_like, mend="put them in a list")
    words = [word.strip().lower() if isinstance(word, str) else word for word in reasons]
    if len(words) != len(table):
        got = f"{len(words)} words for {len(table)} rows"
        raise WHY_MISSED.wrong(got=got, looks_like="a list that leaves rows out, or has too many")
    if any(word not in REASONS for word in words):
        raise WHY_MISSED.wrong(got=in_words(words), looks_like="a word that is none of the five")
    for place, (word, (_, row)) in enumerate(zip(words, table.iterrows(), strict=True)):
        right = reason_of(row)
        if word != right:
            facts = ", ".join(f"{name} {row[name]:.2g}" for name in ("iou", "covered", "on_target"))
            later = REASONS.index(word) > REASONS.index(right)
            raise WHY_MISSED.wrong(
                got=f"{word!r} for row {place} ({facts}, points {row['points']}, "
                f"without thresholds {row['without_thresholds']:.2g})",
                looks_like="a rule that comes too late: an earlier one holds" if later else "a rule that does not hold",
            )
    return Right(
        "A missing point asks for more points, a dropped mask for lower thresholds. A part, a merged or an inexact "
        "mask is the model's own view of what a thing is, and no setting of the grid mends it."
    )


def _not_empty(masks: np.ndarray) -> np.ndarray:
    return masks[masks.any(axis=(1, 2))]


def _first(scene: Scene, found: Proposals) -> np.ndarray:
    return pairwise_iou(scene.targets, found.masks)[:, 0] if len(found) else np.zeros(len(scene.targets))


def _covered(scene: Scene, found: Proposals) -> np.ndarray:
    shared = pairwise_intersection(scene.targets, found.masks) / areas(scene.targets)[:, None]
    return shared.max(axis=1, initial=0.0)


def _on_target(scene: Scene, found: Proposals) -> np.ndarray:
    return (pairwise_intersection(scene.targets, found.masks) / areas(found.masks)).max(axis=1, initial=0.0)


def _mean(scene: Scene, found: Proposals) -> np.ndarray:
    return pairwise_iou(scene.targets, found.masks).mean(axis=1) if len(found) else np.zeros(len(scene.targets))


def _place(scene: Scene, found: Proposals) -> np.ndarray:
    if not len(found):
        return np.zeros(len(scene.targets))
    return pairwise_iou(scene.targets, found.masks).argmax(axis=1).astype(float)


def _gather(pairs: Sequence[tuple[Scene, Proposals]], one: Any) -> np.ndarray:
    return np.concatenate([one(scene, found) for scene, found in pairs])
