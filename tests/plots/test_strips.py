"""Strips of pictures, and own photos."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tasnb.datasets import photo, photos
from tasnb.plots import strip
from tasnb.report.notebook import html_of


def test_a_strip_shows_each_picture_with_its_caption_as_alternative_text() -> None:
    html = html_of(strip([np.zeros((4, 6, 3), np.uint8), np.ones((5, 5), bool)], ["black", "white"]))
    assert html.count("<img") == html.count("data:image/png;base64,") == 2
    assert 'alt="black"' in html
    assert "<figcaption>white</figcaption>" in html


def test_captions_are_text_not_markup() -> None:
    shown = strip([np.zeros((1, 1, 3), np.uint8)], ['<script>alert(1)</script> "quoted" & 😀'])
    html = html_of(shown)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert '"quoted"' not in html.split("<figcaption>")[0].split('alt="')[1].split('"')[0]
    assert "😀" in repr(shown)


def test_pixels_of_a_small_picture_stay_hard_and_a_large_one_is_smooth() -> None:
    assert "pixelated" in html_of(strip([np.zeros((64, 64, 3), np.uint8)]))
    assert "pixelated" not in html_of(strip([np.zeros((300, 200, 3), np.uint8)]))


def test_a_strip_without_captions_is_numbered_and_an_empty_one_says_so() -> None:
    assert repr(strip([np.zeros((2, 2, 3), np.uint8)] * 2)) == "0 | 1"
    assert "no pictures" in html_of(strip([]))
    with pytest.raises(ValueError, match="1 captions for 2 pictures"):
        strip([np.zeros((2, 2, 3), np.uint8)] * 2, ["one"])


def test_a_photo_becomes_a_sample(tmp_path) -> None:
    pixels = np.full((20, 30, 3), 90, np.uint8)
    mask = np.zeros((20, 30), bool)
    mask[4:8, 5:9] = True
    Image.fromarray(pixels).save(tmp_path / "park.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    bare, masked = photos((tmp_path / "park.png", "the left dog"), (pixels, "the ball", tmp_path / "mask.png"))
    assert bare.target is None
    assert bare.expression == "the left dog"
    assert (masked.target == mask).all()
    assert (photo(pixels, "the ball", mask).target == mask).all()
    assert bare.image_id == masked.image_id, "one picture, whatever it came from"


def test_a_photo_without_words_or_with_another_size_of_mask_is_refused() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    for nothing in ("", "  ", None):
        with pytest.raises(ValueError, match="the left dog"):
            photo(pixels, nothing)
    with pytest.raises(ValueError, match=r"expected the picture's size \(4, 4\)"):
        photo(pixels, "a dog", np.ones((5, 4), bool))
    with pytest.raises(FileNotFoundError, match="no such picture"):
        photo("nowhere.jpg", "a dog")
