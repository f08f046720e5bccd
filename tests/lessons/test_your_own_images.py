"""Lesson 10: photos come in, each check takes every right answer and names each typical slip."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tasnb as tn
from tests.viewers.made_artifacts import only

NotYet = tn.lesson("answers").NotYet
Right = tn.lesson("answers").Right
lesson = tn.lesson("your_own_images")


def uploaded(*files: tuple[str, bytes]) -> Any:
    """What a FileUpload holds after files were chosen."""
    return SimpleNamespace(value=tuple({"name": name, "content": memoryview(data)} for name, data in files))


def jpeg(size: tuple[int, int] = (40, 30), orientation: int = 1) -> bytes:
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    Image.new("RGB", size, (200, 30, 30)).save(buffer, format="JPEG", exif=exif)
    return buffer.getvalue()


def test_without_an_upload_the_shipped_scenes_stand_in(reftoy_val) -> None:
    found = lesson.pictures(lesson.upload(), reftoy_val)
    assert list(found) == list(dict.fromkeys(reftoy_val.image_ids))[: lesson.SCENES]
    assert all(picture.dtype == np.uint8 for picture in found.values())


def test_uploaded_photos_are_upright_small_and_named(reftoy_val) -> None:
    files = (("park.jpg", jpeg((1600, 800))), ("held.jpeg", jpeg((40, 30), 6)), ("park.png", jpeg()), ("", jpeg()))
    found = lesson.pictures(uploaded(*files), reftoy_val)
    assert {name: picture.shape[:2] for name, picture in found.items()} == {
        "park": (512, 1024), "held": (40, 30), "park (2)": (30, 40), "photo": (30, 40),
    }  # fmt: skip
    twice = lesson.pictures(uploaded(("a (2).png", jpeg()), ("a.png", jpeg()), ("a.jpg", jpeg())), reftoy_val)
    assert list(twice) == ["a (2)", "a", "a (3)"]


@pytest.mark.parametrize("data", [b"", b"no picture", jpeg()[:200]])
def test_a_file_that_is_no_picture_is_named(data: bytes, reftoy_val) -> None:
    with pytest.raises(ValueError, match=r"IMG_1\.heic is not a readable picture; .*export the photo as JPEG"):
        lesson.pictures(uploaded(("IMG_1.heic", data)), reftoy_val)


def test_a_real_photo_is_on_this_computer() -> None:
    assert lesson.real_photo().shape == (600, 512, 3)


@pytest.fixture(scope="module")
def scene(toy_case) -> Any:
    return toy_case


@pytest.fixture
def annotator(scene) -> Any:
    sample, artifacts = scene
    return tn.viewers.annotate(sample, artifacts)


def test_examples_name_the_proposals_that_fit(annotator, reftoy_val, scene) -> None:
    assert lesson.examples(annotator, reftoy_val)
    assert 1 <= len(annotator.entries) <= lesson.EXAMPLES
    targets = {s.expression: s.target for s in reftoy_val[:40] if s.image_id == scene[0].image_id}
    assert all(tn.iou(s.target, targets[s.expression]) >= 0.5 for s in annotator.samples)
    assert not lesson.examples(annotator, reftoy_val), "what a person annotated stays alone"
    assert lesson.first_named(annotator).proposal == annotator.entries[0]["proposal"]


def test_own_photos_need_an_annotation_of_ones_own(scene, reftoy_val) -> None:
    own = tn.viewers.annotate(scene[0].image, scene[1], names="my dog")
    with pytest.raises(ValueError, match="there is no annotation of your photos yet"):
        lesson.examples(own, reftoy_val)
    own.add("the moon", None)
    assert not lesson.examples(own, reftoy_val)
    with pytest.raises(ValueError, match="no annotation has a mask"):
        lesson.first_named(own)


def test_no_proposals_no_examples(scene, reftoy_val) -> None:
    empty = tn.viewers.annotate(scene[0], only(scene[1], []))
    assert lesson.examples(empty, reftoy_val)
    assert empty.entries == []


@pytest.fixture(scope="module")
def named(scene) -> Any:
    """A mask whose centre is well in the left half of all centres."""
    sample, artifacts = scene
    x = tn.masks.centroids_xy(artifacts.proposals.masks)[:, 0]
    return lesson.Named(image=sample.image, artifacts=artifacts, expression="it", proposal=int(np.nanargmin(x)))


@pytest.mark.parametrize(
    ("place", "looks"),
    [("the duck on the left", "the brown duck"), ("left man", "cake"), (" LEFTMOST THING ", " the red ball ")],
)
def test_any_two_ways_are_right(place: str, looks: str, named, toy_models) -> None:
    assert isinstance(lesson.check_two_ways(place, looks, named, toy_models), Right)


@pytest.mark.parametrize(
    ("place", "looks", "said"),
    [
        (..., ..., "No answer yet"),
        ("the left duck", ..., "No answer yet"),
        (None, "the duck", "place = None"),
        (3, "the duck", "place = 3 (int)"),
        ("  ", "the duck", "place = ' '"),
        ("the duck", "the duck", "in which no direction was found"),
        ("the man left of the duck", "the duck", "a relation to another thing"),
        ("the duck on the right", "the brown duck", "the wrong half of the picture"),
        ("the left duck", "the duck on the left", "an expression for RefCOCO"),
        ("the left duck", "brown", "a description of nothing in particular"),
    ],
)
def test_wrong_ways_are_named(place, looks, said: str, named, toy_models) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_two_ways(place, looks, named, toy_models)
    assert said in " ".join(str(caught.value).split())


@pytest.fixture(scope="module")
def run(scene, toy_models, tmp_path_factory) -> Any:
    """Two pictures with different numbers of proposals, three expressions; every target is a proposal."""
    sample, artifacts = scene
    viewer = tn.viewers.annotate(sample, artifacts)
    viewer.add("the cake", 1)
    shared = tn.masks.pairwise_iou(artifacts.proposals.masks, artifacts.proposals.masks).sum(axis=1)
    viewer.add("the man", int(shared.argmax()))  # others overlap with it, so blind choice gets a part of it
    out = tmp_path_factory.mktemp("own")
    small = sample.image[:140, :140]
    other = tn.viewers.annotate(small, tn.describe(small, toy_models), names="small")
    other.add("a man", 0)
    samples = tn.datasets.load("folder", root=tn.datasets.write([*viewer.samples, *other.samples], out / "data"))
    return tn.evaluate(
        samples, toy_models, methods=["tas", "clip-only"], store=tn.Store(out / "store"), out=out / "run"
    )


def test_the_pictures_of_the_run_differ_in_their_number_of_proposals(run) -> None:
    assert run.scores().groupby("sample").size().nunique() == 2, "else a slip of exercise 3 could not be told apart"


@pytest.mark.parametrize("value", [100, 100.0, np.float32(100)])
def test_the_upper_bound_of_clicked_targets_is_100(value, run) -> None:
    said = lesson.check_upper_bound(value, run)
    assert "measures the choice alone" in said.because


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (..., "No answer yet"),
        ("all", "'all'"),
        (1, "a share of 1"),
        (81.3, "an upper bound as in lesson 01"),
        (120, "resembles no slip"),
        (float("nan"), "nan"),
    ],
)
def test_a_wrong_upper_bound_is_named(value, said: str, run) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_upper_bound(value, run)
    assert said in " ".join(str(caught.value).split())


def test_the_bound_of_drawn_masks_is_not_explained_away(scene, toy_models, tmp_path: Path) -> None:
    sample, artifacts = scene
    drawn = tn.datasets.photo(sample.image, "the cake", np.roll(artifacts.proposals.masks[1], 3, axis=1))
    found = tn.evaluate([drawn], toy_models, methods=["tas"], store=tn.Store(tmp_path / "s"), out=tmp_path / "run")
    bound = found.table().set_index("method").loc["oracle", "miou"]
    assert bound < 100
    assert "how well SAM found them" in lesson.check_upper_bound(bound, found).because


def chance(run: Any, how: Any) -> float:
    return 100 * float(how(run.scores()))


def test_any_way_to_chance_is_right(run) -> None:
    right = chance(run, lambda s: s.groupby("sample")["iou"].mean().mean())
    by_hand = [part["iou"].sum() / len(part) for _, part in run.scores().groupby("sample_id")]
    for value in (right, round(right, 1), 100 * np.mean(by_hand)):
        assert f"Blind choice has {right:.1f}" in lesson.check_chance(value, run).because


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda s: s["iou"].mean(), "a picture with many masks counts more"),
        (lambda s: s.groupby("sample")["iou"].max().mean(), "the best proposal: the oracle"),
        (lambda s: s.groupby("sample")["iou"].mean().mean() / 100, "a share of 1"),
        (lambda s: (1 / s.groupby("sample").size()).mean(), "the chance to hit exactly"),
        (lambda s: s["iou"].median(), "the median over all rows"),
        (lambda s: -1.0, "resembles no slip"),
    ],
)
def test_a_wrong_chance_is_named(how, said: str, run) -> None:
    with pytest.raises(NotYet) as caught:
        lesson.check_chance(chance(run, how), run)
    assert said in " ".join(str(caught.value).split())


def test_pictures_of_samples_with_and_without_a_mask(annotator) -> None:
    annotator.add("the cake", 1)
    annotator.add("the moon", None)
    drawn, words = lesson.rims_of(annotator.samples)
    assert words == ["the cake", "the moon (no mask)"]
    assert not np.array_equal(drawn[0], annotator.pictures[0])
    assert np.array_equal(drawn[1], annotator.pictures[0])
