"""Sheets, numbered proposals and rims: the pieces of the viewers' static twins."""

from __future__ import annotations

import numpy as np
import pytest

from tasnb import plots
from tasnb.core.images import mask_colour
from tasnb.core.masks import make_proposals
from tasnb.plots.sheets import Panel, font_of, sheet, wrap


def test_words_wrap_within_their_width_and_end_in_dots() -> None:
    font = font_of(16)
    text = "a rather long sentence about a small cat " * 8
    lines = wrap(text, font, 200, most=3)
    assert len(lines) == 3
    assert all(font.getlength(line) <= 200 for line in lines)
    assert lines[-1].endswith("…")
    assert " ".join(wrap("a small cat", font, 200)) == "a small cat"
    assert wrap("", font, 200) == []
    assert wrap("w" * 300, font, 100, most=1)[0].endswith("…"), "one long word is cut, not drawn over the border"


def test_a_sheet_holds_every_panel_in_rows() -> None:
    red = np.full((30, 60, 3), (200, 0, 0), np.uint8)
    panels = [Panel(title=f"panel {i}", pixels=red, notes=("a note",)) for i in range(5)]
    wide, narrow = sheet("title", panels, columns=5), sheet("title", panels, columns=2)
    assert wide.shape[0] < narrow.shape[0]
    for picture in (wide, narrow):
        assert (picture == (200, 0, 0)).all(axis=2).sum() == pytest.approx(5 * 260 * 130, rel=0.05)


def test_a_sheet_without_panels_has_its_words() -> None:
    assert (sheet("title", [], ["a line"]) < 128).any()
    with pytest.raises(ValueError, match="at least 1, got 0"):
        sheet("title", [], columns=0)


def test_single_pixels_stay_squares_where_asked() -> None:
    board = np.array([[[0] * 3, [255] * 3], [[255] * 3, [0] * 3]], np.uint8)
    sharp = sheet("t", [Panel(title="", pixels=board, enlarged=True)])
    smooth = sheet("t", [Panel(title="", pixels=board)])
    area = (slice(90, 340), slice(20, 270))
    assert len(np.unique(sharp[area])) == 2
    assert len(np.unique(smooth[area])) > 2


def test_the_answer_is_tinted_and_the_target_dashed() -> None:
    image = np.full((200, 200, 3), 100, np.uint8)
    target, answer = np.zeros((2, 200, 200), bool)
    target[20:90, 20:90], answer[110:180, 110:180] = True, True
    drawn = plots.rims(image, target, answer, index=2)
    assert drawn[150, 150].tolist() == [round(0.65 * 100 + 0.35 * c) for c in mask_colour(2)]
    assert drawn[50, 50].tolist() == [100] * 3, "the target is not tinted"
    rim = drawn[20, 20:90]
    assert (rim == 255).all(axis=1).any(), "white dashes"
    assert (rim < 50).all(axis=1).any(), "and dark ones between"
    assert np.array_equal(plots.rims(image), image)
    assert np.array_equal(plots.rims(image, np.zeros_like(target), np.zeros_like(answer)), image)
    assert (image == 100).all(), "the photo is left alone"


def test_numbers_stand_inside_their_masks() -> None:
    masks = np.zeros((2, 100, 100), bool)
    masks[0, :40, :40], masks[1, 60:, 60:] = True, True
    image = np.full((100, 100, 3), 90, np.uint8)
    drawn = plots.numbered(image, make_proposals(masks, source="test"), side=100)
    white = np.argwhere((drawn > 240).all(axis=2))
    assert len(white)
    assert all(masks[:, y, x].any() for y, x in white)
    empty = make_proposals(np.zeros((1, 5, 7), bool), source="test")
    assert plots.numbered(np.zeros((5, 7, 3), np.uint8), empty).shape == (371, 520, 3)
    none = make_proposals(np.zeros((0, 5, 7), bool), source="test")
    assert plots.numbered(np.zeros((5, 7, 3), np.uint8), none).max() == 0
