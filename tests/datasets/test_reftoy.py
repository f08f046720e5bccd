"""RefToy is read lazily, in a stable order, read-only; wrong names list the choices."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasnb import datasets
from tasnb.core.shipped import data_root
from tasnb.core.types import Sample
from tasnb.datasets.refer import TOY_NAMES as STYLES
from tasnb.datasets.samples import CACHED_IMAGES

SPLITS = tuple(datasets.CARDS["reftoy"].counts["toy"])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("split", SPLITS)
def test_every_sample_can_be_read(style: str, split: str) -> None:
    samples = datasets.load(style, split=split)
    assert len(samples) > 200
    assert len(set(samples.image_ids)) == (100 if split == "val" else 50)
    for sample in samples[::7]:
        assert sample.image.shape == (256, 256, 3)
        assert sample.target is not None
        assert 250 < sample.target.sum() < 40_000
        assert sample.dataset == style
        assert sample.split == split
        assert " ".join(t[0] for t in sample.gold["tokens"]) == sample.expression


@pytest.mark.parametrize("style", STYLES)
def test_ids_are_unique_and_images_stay_together(style: str) -> None:
    samples = datasets.load(style, split="val")
    ids = [s.sample_id for s in samples]
    assert len(set(ids)) == len(ids)
    runs = [a for a, b in zip(samples.image_ids, (None, *samples.image_ids), strict=False) if a != b]
    assert len(runs) == len(set(runs))


def test_the_order_is_stable() -> None:
    first, second = (datasets.load("reftoy", split="val") for _ in range(2))
    assert first.expressions == second.expressions
    assert first[12].expression == first.expressions[12]
    assert first[-1].sent_id == second[len(second) - 1].sent_id


def test_a_slice_is_a_sequence() -> None:
    samples = datasets.load("reftoy", split="val")
    part = samples[10:14]
    assert len(part) == 4
    assert isinstance(part[0], Sample)
    assert part[0].sample_id == samples[10].sample_id
    assert part.image_id(0) == samples.image_ids[10]


def test_past_the_end_is_an_index_error() -> None:
    samples = datasets.load("reftoy", split="val")
    with pytest.raises(IndexError):
        samples[len(samples)]


def test_arrays_are_read_only() -> None:
    sample = datasets.load("reftoy", split="val")[0]
    assert not sample.image.flags.writeable
    assert sample.target is not None
    assert not sample.target.flags.writeable
    with pytest.raises(TypeError):
        sample.gold["head"] = "dog"  # type: ignore[index]


def test_an_image_is_read_once_and_only_when_asked_for() -> None:
    samples = datasets.load("reftoy", split="val")
    assert not samples._cache
    assert samples[0].image is samples[1].image  # sentences of one ref
    for i in range(0, 300, 5):
        samples[i]
    assert len(samples._cache) <= CACHED_IMAGES


def test_the_targets_mask_is_one_of_the_images_things() -> None:
    samples = datasets.load("reftoy", split="val")
    things = samples.things(samples.image_id(0))
    assert any((mask == samples[0].target).all() for mask in things)
    assert things.sum(axis=0).max() == 1  # visible parts never overlap
    assert samples.image_id(0) in samples.captions
    with pytest.raises(KeyError, match="no image '999999'"):
        samples.things("999999")


def test_wrong_names_list_the_choices() -> None:
    with pytest.raises(
        ValueError, match=r"unknown data set 'refcoca'; choose from refcoco, .*reftoy, reftoy\+, reftoyg"
    ):
        datasets.load("refcoca")
    with pytest.raises(ValueError, match="unknown split 'test' of reftoy; choose from val, testA, testB"):
        datasets.load("reftoy", split="test")


def test_a_missing_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"reftoy is missing: expected images/ and reftoy/ with instances\.json"
    ):
        datasets.load("reftoy", root=tmp_path)


def test_a_missing_image_is_one_clear_error(tmp_path: Path) -> None:
    shutil.copytree(data_root() / "reftoy" / "reftoy", tmp_path / "reftoy")
    shutil.copy(data_root() / "reftoy" / "captions.json", tmp_path)
    (tmp_path / "images").mkdir()
    samples = datasets.load("reftoy", root=tmp_path)
    with pytest.raises(FileNotFoundError, match="reftoy is incomplete: the image"):
        samples[0]


def test_the_shipped_data_set_is_small() -> None:
    total = sum(p.stat().st_size for p in (data_root() / "reftoy").rglob("*") if p.is_file())
    assert total < 9_000_000
