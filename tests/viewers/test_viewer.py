"""What every viewer must say of itself."""

from __future__ import annotations

import numpy as np
import pytest

from tasnb.viewers.viewer import Viewer


class WithoutWords(Viewer):
    def picture(self) -> np.ndarray:
        return np.zeros((2, 2, 3), np.uint8)


class Whole(WithoutWords):
    def words(self) -> str:
        return "a black square <b>"


def test_a_viewer_without_words_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="words"):
        WithoutWords()


def test_a_viewer_with_both_gives_a_picture_and_escaped_words() -> None:
    twin = Whole().twin()
    assert twin["text/plain"] == "a black square <b>"
    assert "<b>" not in twin["text/html"]
    assert "&lt;b&gt;" in twin["text/html"]
