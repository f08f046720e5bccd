"""What the toy models know, and how a drawing of ours is told from every other picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toyworld.compose import compose
from toyworld.render import portrait, render

import tasnb as tn
from tasnb.core.domain import data_note, domain_note, is_drawing, marked
from tasnb.core.images import as_rgb, image_key_of
from tasnb.core.shipped import data_root


def test_every_picture_that_ships_is_known_and_no_other_is_listed() -> None:
    pictures = sorted((data_root() / "reftoy" / "images").glob("*.png"))
    keys = (data_root() / "reftoy" / "drawings.txt").read_text(encoding="ascii").split()
    assert sorted(keys) == sorted(image_key_of(as_rgb(path))[:16] for path in pictures)
    assert is_drawing(as_rgb(pictures[0]))


def test_what_the_renderer_draws_is_known_and_stays_so_in_a_file(tmp_path: Path) -> None:
    scene = compose(1_234_567)
    drawn = render(scene).image_rgb
    alone = portrait(scene.things[0], background="meadow", seed=3)
    Image.fromarray(drawn).save(tmp_path / "scene.png")
    for picture in (drawn, alone, as_rgb(tmp_path / "scene.png")):
        assert is_drawing(picture)


@pytest.mark.parametrize("seed", range(20))
def test_no_other_picture_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    side = int(rng.integers(1, 80))
    assert not is_drawing(rng.integers(0, 256, (side, side + 1, 3), dtype=np.uint8))


@pytest.mark.parametrize("value", [0, 1, 2, 127, 254, 255])
def test_a_plain_picture_is_none(value: int) -> None:
    assert not is_drawing(np.full((256, 256, 3), value, np.uint8))


def test_a_drawing_that_was_scaled_or_saved_as_a_jpeg_is_not_known(reftoy_val, tmp_path: Path) -> None:
    drawing = Image.fromarray(np.asarray(reftoy_val[0].image))
    drawing.save(tmp_path / "lossy.jpg")
    assert not is_drawing(as_rgb(tmp_path / "lossy.jpg"))
    assert not is_drawing(np.asarray(drawing.resize((128, 128))))


def test_the_mark_changes_a_bit_of_64_values() -> None:
    plain = np.full((9, 30, 3), 100, np.uint8)
    difference = marked(plain).astype(int) - plain
    assert set(np.unique(difference)) <= {0, 1}
    assert not difference.reshape(-1, 3)[64:].any()
    assert not difference[..., :2].any()


def test_models_of_photos_are_taken_to_read_everything(reftoy_val) -> None:
    photo = np.zeros((64, 64, 3), np.uint8)
    assert domain_note("laptop", "photos", photo) == domain_note("laptop", "photos", reftoy_val[0].image) == ""
    assert domain_note("toy", "drawings", reftoy_val[0].image) == ""
    assert "toy knows drawings of this library only" in domain_note("toy", "drawings", photo)
    assert "1 of 2 pictures" in data_note("toy", "drawings", [photo, reftoy_val[0].image])
    assert data_note("toy", "drawings", []) == data_note("laptop", "photos", [photo]) == ""


def test_presets_and_a_models_json_have_a_domain(toy_models, tmp_path: Path, toy_folder: Path) -> None:
    from tasnb.models.presets import domain_of, plan

    assert toy_models.domain == "drawings"
    words = {role: str(toy_folder / role) for role in ("sam", "clip", "spacy", "wordnet")} | {
        "captioner": str(toy_folder / "git")
    }
    (tmp_path / "models.json").write_text(json.dumps(words))
    assert domain_of(tmp_path, plan(tmp_path)[2]) == "drawings"  # the same files, however they are named
    (tmp_path / "models.json").write_text(json.dumps({**words, "domain": "photos"}))
    assert domain_of(tmp_path, plan(tmp_path)[2]) == "photos"
    (tmp_path / "models.json").write_text(json.dumps({**words, "domain": "x-rays"}))
    with pytest.raises(ValueError, match="domain \\(drawings or photos\\)"):
        plan(tmp_path)


def test_an_answer_about_a_photo_says_so_wherever_it_is_shown(toy_models) -> None:
    from tasnb.report.notebook import html_of

    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    artifacts = tn.describe(photo, toy_models)
    answer = tn.tas(artifacts, "the left cat", toy_models)
    note = artifacts.domain_note
    assert note.startswith("outside the models' domain")
    assert answer.notes[0] == note
    assert note in repr(artifacts)
    for page in (html_of(answer), html_of(artifacts)):
        assert "neither its masks nor its answer mean anything" in page
    viewer = tn.viewers.explore(photo, artifacts, "the left cat", toy_models)
    assert viewer.snapshot()["scene"]["minded"][0] == note
    assert (
        tn.viewers.rectifier_view(photo, artifacts, "the left cat", toy_models).snapshot()["record"]["minded"][0]
        == note
    )
    plain, warned = (
        np.asarray(tn.plots.annotated(photo, tn.tas(each, "the left cat", toy_models)))
        for each in (replace(artifacts, domain_note=""), artifacts)
    )
    assert warned.shape[0] > plain.shape[0]  # the band under the title
