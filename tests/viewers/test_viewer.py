"""What every viewer must say of itself."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.images import png_bytes
from tasnb.viewers.record import LONGEST
from tasnb.viewers.viewer import Viewer
from tests.viewers.made_artifacts import with_masks


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


def test_it_answers_what_the_browser_tells_and_says_what_failed() -> None:
    viewer = Whole()
    viewer.set_state({"said": 3})
    assert viewer.heard == {"number": 3, "problem": ""}
    viewer.set_state({"said": "many"})
    assert viewer.heard["problem"].startswith("This did not work: The 'said' trait")
    assert not {"said", "heard"} & set(viewer.snapshot()), "a page without a kernel has no use for them"


def test_a_photo_of_12_megapixels_travels_small(toy_case, toy_models) -> None:
    """What goes to the browser, and into the notebook, is bounded whatever the photo's size."""
    sample, artifacts = toy_case
    rng = np.random.default_rng(0)
    photo = np.kron(sample.image, np.ones((12, 16, 1), np.uint8)) // 2 + rng.integers(0, 100, (3072, 4096, 3), np.uint8)
    masks = np.stack([np.kron(mask, np.ones((12, 16), bool)) for mask in artifacts.proposals.masks])
    masks[0] = False
    masks[0, 1501, 2002] = True  # a pixel: it must not vanish
    large = replace(with_masks(artifacts, masks), size_hw=(3072, 4096))
    sentence = "the man on the left"
    made = {
        "explore": tn.viewers.explore(photo, large, sentence, toy_models, target=masks[4]),
        "predict": tn.viewers.predict(replace(sample, image=photo, target=masks[4]), toy_models, artifacts=large),
        "annotate": tn.viewers.annotate(photo, large),
        "negatives_view": tn.viewers.negatives_view(photo, large, sentence, toy_models),
        "rectifier_view": tn.viewers.rectifier_view(photo, large, sentence, toy_models),
        "crops_view": tn.viewers.crops_view(photo, large, toy_models, 4),
    }
    for name, viewer in made.items():
        snapshot = viewer.snapshot()
        scene = snapshot.get("scene") or snapshot["record"]
        assert len(json.dumps(snapshot)) < 1_000_000, name
        assert scene["full_hw"] == [3072, 4096], name
        assert max(scene["size_hw"]) <= LONGEST, name
        assert len(png_bytes(viewer.picture())) < 3_000_000, name
    assert sum(made["explore"].scene["masks"][0][1::2]) == 1
    made["annotate"].add("a dot", 0)
    assert np.array_equal(made["annotate"].samples[0].target, masks[0]), "the data set gets the mask at full size"
