"""Figures about proposals and captions, on tables written by hand and on a real run."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tasnb.core.masks import iou, to_rle
from tasnb.core.types import Parse, Token, parse_to_json
from tasnb.evaluation.quality import as_text, caption_quality, names, proposal_quality, redundancy


def mask(left: int, right: int) -> np.ndarray:
    found = np.zeros((4, 20), dtype=bool)
    found[:, left:right] = True
    return found


def parse_of(*nouns: str) -> str:
    tokens = tuple(
        Token(text=n, lemma=n.rstrip("s"), pos="NOUN", dep="ROOT", governor=0, start=0, end=len(n)) for n in nouns
    )
    return parse_to_json(Parse(text=" ".join(nouns), head=None, tokens=tokens))


def run_of(images: dict[str, tuple[list[np.ndarray], list[str]]], samples: list[tuple[str, np.ndarray, str]]):
    """A stand-in with a run's tables. images: id -> masks, captions. samples: image, target, parse."""
    proposals = [
        {"image_id": i, "proposal": k, "caption": c, "height": 4, "width": 20, "mask": to_rle(m)["counts"]}
        for i, (masks, captions) in images.items()
        for k, (m, c) in enumerate(zip(masks, captions, strict=True))
    ]
    rows = []
    for number, (image_id, target, parse) in enumerate(samples):
        masks = images[image_id][0]
        best = int(np.argmax([iou(m, target) for m in masks])) if masks else -1
        inter = int((masks[best] & target).sum()) if masks else 0
        union = int((masks[best] | target).sum()) if masks else int(target.sum())
        rows.append(
            {"sample": number, "image_id": image_id, "proposals": len(masks), "oracle": best, "parse": parse,
             "oracle_intersection": inter, "oracle_union": union}
        )  # fmt: skip
    columns = ["image_id", "proposal", "caption", "height", "width", "mask"]
    frames = {"proposals": pd.DataFrame(proposals, columns=columns), "predictions": pd.DataFrame(rows)}
    return SimpleNamespace(
        folder="hand-made", about={}, proposals=lambda: frames["proposals"], predictions=lambda: frames["predictions"]
    )


def test_recall_counts_an_iou_of_exactly_a_half() -> None:
    images = {"a": ([mask(0, 5), mask(10, 20)], ["x", "y"]), "b": ([], [])}
    samples = [("a", mask(0, 10), ""), ("a", mask(10, 20), ""), ("b", mask(0, 4), "")]
    table = proposal_quality({"hand": run_of(images, samples)})
    row = table.iloc[0]
    assert row["masks"] == 1.0  # two and none
    assert row["oracle_miou"] == pytest.approx(50)  # (0.5 + 1 + 0) / 3
    assert row["recall50"] == pytest.approx(200 / 3)
    assert row["recall75"] == pytest.approx(100 / 3)
    assert (row["images"], row["sentences"]) == (2, 3)
    assert row["redundancy"] == 0
    assert "hand" in as_text(table)


@pytest.mark.parametrize(
    ("caption", "masks", "expected"),
    [
        ("one mask repeats nothing", [mask(0, 5)], 0.0),
        ("two of three are the same", [mask(0, 10), mask(0, 10), mask(10, 20)], 1 / 3),
        ("an overlap of 0.8 is not above 0.8", [mask(0, 10), mask(0, 8)], 0.0),
        ("an overlap of 0.9 is", [mask(0, 10), mask(0, 9)], 0.5),
        ("two empty masks are no repeats", [mask(0, 0), mask(0, 0)], 0.0),
    ],
)
def test_redundancy_is_the_share_of_repeats(caption, masks, expected) -> None:
    assert redundancy(np.stack(masks)) == pytest.approx(expected), caption


def test_without_any_mask_redundancy_is_unknown() -> None:
    assert np.isnan(redundancy(np.zeros((0, 2, 2), bool)))
    row = proposal_quality({"none": run_of({"a": ([], [])}, [("a", mask(0, 4), "")])}).iloc[0]
    assert np.isnan(row["redundancy"])
    assert row["recall50"] == 0


def test_an_empty_run_is_refused() -> None:
    about = {"dataset": {"samples": 3}}
    empty = SimpleNamespace(folder="r", about=about, predictions=lambda: pd.DataFrame({"sample": [], "image_id": []}))
    with pytest.raises(ValueError, match="no sample was measured: none of"):
        proposal_quality({"r": empty})


def test_captions_are_judged_by_the_target_and_by_the_others() -> None:
    images = {"a": ([mask(0, 5), mask(5, 10), mask(10, 20)], ["two Dogs run", "a cat", "a cat"])}
    samples = [("a", mask(0, 5), parse_of("dog")), ("a", mask(5, 10), parse_of("cat")), ("a", mask(0, 5), parse_of())]
    found = caption_quality(run_of(images, samples))
    assert found.length == pytest.approx(7 / 3)
    assert found.distinct == pytest.approx(200 / 3)
    assert found.names_target == 100
    assert found.names_others == pytest.approx(25)  # none of two for the dog, one of two for the cat
    assert (found.captions, found.sentences) == (3, 2)


def test_no_captions_and_empty_captions_are_said() -> None:
    nothing = caption_quality(run_of({"a": ([], [])}, [("a", mask(0, 5), parse_of("dog"))]))
    assert nothing.text == "no captions"
    silent = caption_quality(run_of({"a": ([mask(0, 5)], [""])}, [("a", mask(0, 5), parse_of("dog"))]))
    assert (silent.length, silent.names_target) == (0, 0)
    assert np.isnan(silent.names_others)
    assert silent.text == "0.0 words, 100 % distinct, 0 % name a noun of the expression"


def test_a_word_inside_another_is_not_the_noun() -> None:
    assert not names(frozenset({"catalogue"}), frozenset({"cat"}))


def test_a_real_run_gives_both_tables(toy_run) -> None:
    table = proposal_quality({"toy": toy_run})
    oracle = toy_run.table().set_index("method").loc["oracle"]
    assert table["oracle_miou"][0] == pytest.approx(oracle["miou"])
    assert table["recall50"][0] >= table["recall75"][0] > 0
    found = caption_quality(toy_run)
    assert found.captions == len(toy_run.proposals())
    assert 1 < found.length < 20
    assert found.names_target > found.names_others
