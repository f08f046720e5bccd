"""The record that travels to the browser: masks, sizes, the words of an expression, one text of modules."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tasnb.core.images import shrunk
from tasnb.core.types import Head, Parse
from tasnb.report.marking import pieces
from tasnb.stages import expressions
from tasnb.viewers import assets, record
from tests.viewers.made_artifacts import only, with_masks


def decode(runs: list[int], size_hw: tuple[int, int]) -> np.ndarray:
    """Runs -> mask, written independently of the encoder."""
    assert sum(runs) == size_hw[0] * size_hw[1]
    values = np.concatenate([np.full(run, k % 2, dtype=bool) for k, run in enumerate(runs)])
    return values.reshape(size_hw, order="F")


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((4, 6), bool), np.ones((4, 6), bool), np.ones((1, 1), bool), np.eye(5, dtype=bool),
        np.random.default_rng(0).random((13, 7)) > 0.5,
    ],
    ids=["empty", "full", "one pixel", "diagonal", "noise"],
)  # fmt: skip
def test_runs_give_the_mask_back(mask: np.ndarray) -> None:
    assert np.array_equal(decode(record._runs(mask), mask.shape), mask)


def test_a_tiny_mask_survives_a_large_photo() -> None:
    mask = np.zeros((3000, 4000), dtype=bool)
    mask[1501, 2002] = True
    small = shrunk(mask, record.LONGEST)
    assert small.sum() == 1
    y, x = np.argwhere(small)[0]
    assert abs(y - 1501 * 768 / 3000) <= 1
    assert abs(x - 2002 * 1024 / 4000) <= 1


def test_a_large_photo_travels_small_and_its_figures_do_not_change(toy_case) -> None:
    masks = np.zeros((1, 1536, 2048), dtype=bool)
    masks[0, 100:700, 300:900] = True
    artifacts = replace(with_masks(only(toy_case[1], [0]), masks), size_hw=(1536, 2048))
    scene = record.scene_record(np.zeros((1536, 2048, 3), np.uint8), artifacts, masks[0], "toy")
    assert scene["size_hw"] == [768, 1024]
    assert scene["image"].startswith("data:image/jpeg")
    assert scene["areas"] == [600 * 600], "pixels of the photo itself"
    assert scene["iou"] == [1.0]
    assert decode(scene["masks"][0], (768, 1024)).mean() == pytest.approx(masks.mean(), rel=0.02)


@pytest.mark.parametrize("name", ["v", "p", "n"])
def test_a_score_that_neither_side_could_rank_is_refused(toy_case, toy_models, name: str) -> None:
    readings = record.read_by_each(toy_case[1], "the dog", toy_models)
    mix = "paper read as official"
    table = readings[mix].table
    broken = replace(table, **{name: np.where(np.arange(len(table)) == 1, np.nan, getattr(table, name))})
    readings[mix] = replace(readings[mix], table=broken)
    with pytest.raises(ValueError, match=f"{name} of proposal 1 \\({mix}\\): expected a finite number, got nan"):
        record.reading_record("the dog", readings, toy_case[1])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("the left cat", [["the ", ""], ["left", "direction"], [" ", ""], ["cat", "head"]]),
        ("big red bus", [["big", "modifier"], [" ", ""], ["red", "modifier"], [" ", ""], ["bus", "head"]]),
        ("left", [["left", "direction"]]),
    ],
)
def test_words_carry_the_stage_that_used_them(nlp, text: str, wanted: list[list[str]]) -> None:
    assert pieces(expressions.parse(text, nlp)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "<script>a(1)</script> cat",
        "the \"left\" 'one'",
        "🦒 giraffe 🦒 left",
        "İ left İ cat",
        "x " * 500,
        "left left left",
    ],
)
def test_the_pieces_are_the_text(nlp, text: str) -> None:
    assert "".join(piece for piece, _ in pieces(expressions.parse(text, nlp))) == text


def test_a_word_inside_another_is_not_taken_for_it() -> None:
    parse = Parse(
        text="cleft left cat", head=Head(lemma="cat", span=(11, 14), rule="last"), directions=("left",),
        direction_words=("left",),
    )  # fmt: skip
    assert pieces(parse) == [["cleft ", ""], ["left", "direction"], [" ", ""], ["cat", "head"]]


def viewers_with_a_module() -> list[str]:
    return sorted(path.stem for path in assets.STATIC.glob("*.js") if "export default" in path.read_text())


@pytest.mark.parametrize("viewer", viewers_with_a_module())
def test_a_viewer_is_one_module_without_imports(viewer: str) -> None:
    text = assets.module(viewer)
    assert not re.search(r"^\s*import\b", text, re.MULTILINE)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg\b)", text), "no CDN; the name of SVG is no address"
    assert text.count("export default") == 1
    names = re.findall(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)


def test_data_in_a_page_cannot_end_its_script() -> None:
    text = assets.fragment("explore", {"caption": "</script><script>alert(1)</script> <!-- & ' \u2028"}, key="one")
    assert text.count("</script>") == 1
    assert "alert(1)</script>" not in text


@pytest.mark.parametrize("key", ["", "1a", 'x"y', "a b"])
def test_a_key_that_would_break_the_page_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        assets.fragment("explore", {}, key=key)


def test_an_unknown_module_lists_the_others() -> None:
    with pytest.raises(ValueError, match="explore"):
        assets.source("explroe")
