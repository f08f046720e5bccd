"""The ranking in the browser is Python's ranking: the same cases through static/ranking.js and through the package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tasnb.core.masks import boxes_xyxy
from tasnb.core.types import ImageArtifacts, NegativePhrase, Negatives, Parse, Proposals, ScoreTable
from tasnb.pipeline.variant import VARIANTS
from tasnb.viewers import assets, record
from tasnb.viewers.record import Reading, Settings

DIRECTIONS = ((), ("left",), ("right",), ("top",), ("bottom",), ("top", "left"), ("right", "bottom"), ("left", "right"))
COUNTS = (0, 1, 2, 3, 4, 7, 12, 30, 200)
SIZE_HW = (24, 32)
NEGATIVES = Negatives(caption="a dog", phrases=(NegativePhrase(text="dog", lemma="dog", kept=True, reason="it stays"),))


def artifacts_of(masks: np.ndarray) -> ImageArtifacts:
    unknown = np.full(len(masks), np.nan)
    proposals = Proposals(
        masks=masks, boxes_xyxy=boxes_xyxy(masks), pred_iou=unknown, stability_score=unknown, source="test"
    )
    return ImageArtifacts(
        image_id="test", size_hw=SIZE_HW, proposals=proposals, crop_embeddings={}, captions={},
        caption_embeddings={}, overall_caption="a dog",
    )  # fmt: skip


def masks_of(rng: np.random.Generator, count: int) -> np.ndarray:
    """Rectangles on a coarse grid, so that centres tie; some masks are empty, some one pixel, some repeated."""
    masks = np.zeros((count, *SIZE_HW), dtype=bool)
    for mask in masks:
        kind = rng.random()
        top, left = int(rng.integers(0, 5)) * 4, int(rng.integers(0, 7)) * 4
        if kind > 0.15:
            mask[
                top : top + (1 if kind < 0.25 else 4), left : left + (1 if kind < 0.25 else int(rng.integers(1, 5)))
            ] = 1
    return masks


def scores_of(rng: np.random.Generator, count: int, *, coarse: bool) -> np.ndarray:
    """coarse: sixteenths, which tie often and lie on the border between two roundings."""
    return rng.integers(-16, 17, count) / 16 if coarse else rng.uniform(-1, 1, count)


def cases() -> Iterator[tuple[Reading, ImageArtifacts, Settings]]:
    rng = np.random.default_rng(0)
    for number in range(288):
        count = COUNTS[number % len(COUNTS)]
        directions = DIRECTIONS[number % len(DIRECTIONS)]
        variant = VARIANTS[("paper", "official", "plus")[number // 8 % 3]]
        masks = masks_of(rng, count)
        if number % 17 == 0:
            masks[:] = False  # nobody has a centre
        v, p, n = (scores_of(rng, count, coarse=bool(number % 2)) for _ in range(3))
        if number % 11 == 0:
            v[:], p[:], n[:] = 0.25, 0.0, 0.0  # everything ties
        table = ScoreTable(v=v, p=p, n=n, kept=np.ones(count, dtype=bool), weights=variant.weights)
        parse = Parse(text="it", head=None, directions=directions, direction_words=tuple(d.upper() for d in directions))
        settings = Settings(
            variant=variant.name, alpha=float(rng.choice([0, 0.1, 0.25, 1, -0.5])),
            lam=float(rng.choice([0, 0.7, 1, 2])),
            use_p=bool(number % 5), use_n=bool(number % 7), spatial=bool(number % 6),
        )  # fmt: skip
        yield Reading(variant=variant, parse=parse, negatives=NEGATIVES, table=table), artifacts_of(masks), settings


def expected(reading: Reading, artifacts: ImageArtifacts, settings: Settings) -> dict[str, Any]:
    table = record.table_of(reading, artifacts, settings)
    trace = table.trace
    return {
        "order": table.ranking.tolist(),
        "totals": table.total.tolist(),
        "kept": table.kept.tolist(),
        "best": table.best,
        "sentence": trace.sentence if trace else "The spatial rectifier is off.",
        "verdicts": list(trace.verdicts) if trace else ["stays"] * len(table),
    }


@pytest.fixture(scope="module")
def rank(chromium: Any) -> Iterator[Any]:
    """``rank(records)``: [[reading, settings], ...] through static/ranking.js."""
    page = chromium.new_page()
    page.goto("about:blank")
    page.add_script_tag(content=assets.source("ranking") + "window.rank = rank; window.fixed = fixed;", type="module")
    page.wait_for_function("!!window.rank")
    yield lambda pairs: page.evaluate("pairs => pairs.map(([reading, settings]) => rank(reading, settings))", pairs)
    page.close()


def in_browser(reading: Reading, artifacts: ImageArtifacts, settings: Settings) -> list[Any]:
    sent = record.reading_record("it", {settings.variant: reading}, artifacts)
    return [json.loads(json.dumps(sent, allow_nan=False)), settings.to_json()]


def test_the_browser_ranks_as_python_does(rank: Any) -> None:
    made = list(cases())
    found = rank([in_browser(*case) for case in made])
    assert len(found) >= 200
    wrong = [number for number, (got, case) in enumerate(zip(found, made, strict=True)) if got != expected(*case)]
    assert not wrong, (wrong, found[wrong[0]], expected(*made[wrong[0]]))


def test_the_cases_hold_what_they_should() -> None:
    """A shared fixture that never met a tie, an empty half or a quadrant would prove little."""
    kinds = "none", "one", "tie", "empty mask", "empty half", "quadrant", "left out", "prior", "switched off"
    seen = dict.fromkeys(kinds, 0)
    for reading, artifacts, settings in cases():
        told = expected(reading, artifacts, settings)
        totals = told["totals"]
        seen["none"] += not totals
        seen["one"] += len(totals) == 1
        seen["tie"] += len(set(totals)) < len(totals)
        seen["empty mask"] += bool((~artifacts.proposals.masks.any(axis=(1, 2))).any())
        seen["empty half"] += "no candidate is there" in told["sentence"]
        seen["quadrant"] += "better S of the half's two" in told["sentence"]
        seen["left out"] += not all(told["kept"])
        seen["prior"] += reading.variant.name == "plus" and any(v.startswith("+0.1") for v in told["verdicts"])
        seen["switched off"] += not settings.spatial
    assert all(count >= 5 for count in seen.values()), seen


def test_the_comparison_can_fail(rank: Any) -> None:
    reading, artifacts, settings = next(case for case in cases() if len(case[0].table) > 3 and case[2].use_p)
    other = settings.model_copy(update={"alpha": settings.alpha + 1})
    assert rank([in_browser(reading, artifacts, other)])[0] != expected(reading, artifacts, settings)


def test_three_decimals_round_as_python_does(chromium: Any) -> None:
    rng = np.random.default_rng(1)
    numbers = [
        *(k / 16 for k in range(-64, 65)),
        *rng.uniform(-2, 2, 200).tolist(),
        0.0005,
        0.0015,
        1e-9,
        -1e-9,
        12345.0625,
    ]
    page = chromium.new_page()
    page.goto("about:blank")
    page.add_script_tag(content=assets.source("ranking") + "window.fixed = fixed;", type="module")
    page.wait_for_function("!!window.fixed")
    assert page.evaluate("numbers => numbers.map(fixed)", numbers) == [f"{x:.3f}" for x in numbers]
    page.close()
