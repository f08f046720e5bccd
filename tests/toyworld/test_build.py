"""The data set is written in the REFER layout, byte for byte the same, and train scenes are others."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from toyworld.build import build, train_samples
from toyworld.grammar import STYLES
from toyworld.world import KINDS

from tasnb import datasets
from tasnb.core.masks import from_rle

COUNTS = {"val": 2, "testA": 1, "testB": 1}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("reftoy")
    build(out, counts=COUNTS)
    return out


def test_the_same_arguments_give_the_same_bytes(small: Path, tmp_path: Path) -> None:
    build(tmp_path, counts=COUNTS)
    files = sorted(p.relative_to(small) for p in small.rglob("*") if p.is_file())
    assert len(files) == sum(COUNTS.values()) + 2 * len(STYLES) + 1
    for file in files:
        assert (small / file).read_bytes() == (tmp_path / file).read_bytes(), file


@pytest.mark.parametrize("style", STYLES)
def test_refs_have_refers_fields(small: Path, style: str) -> None:
    instances = json.loads((small / style / "instances.json").read_text())
    refs = json.loads((small / style / "refs(toy).json").read_text())
    assert {"info", "licenses", "images", "annotations", "categories"} == set(instances)
    annotations = {a["id"]: a for a in instances["annotations"]}
    images = {i["id"]: i for i in instances["images"]}
    fields = {"ref_id", "ann_id", "category_id", "image_id", "file_name", "split", "sent_ids", "sentences"}
    for ref in refs:
        assert set(ref) == fields
        annotation = annotations[ref["ann_id"]]
        assert annotation["image_id"] == ref["image_id"]
        assert annotation["category_id"] == ref["category_id"]
        assert images[ref["image_id"]]["file_name"] == ref["file_name"]
        assert ref["sent_ids"] == [s["sent_id"] for s in ref["sentences"]]
        assert all(s["sent"] == s["raw"] == " ".join(s["tokens"]) for s in ref["sentences"])
    assert all(b["ref_id"] - a["ref_id"] == 1 for a, b in pairwise(refs))
    assert len({s for r in refs for s in r["sent_ids"]}) == sum(len(r["sentences"]) for r in refs)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools' own, under numpy 2
def test_masks_boxes_and_areas_agree_with_cocos_own_code(small: Path) -> None:
    from pycocotools import mask as coco

    for a in json.loads((small / "reftoy" / "instances.json").read_text())["annotations"]:
        mask = from_rle(a["segmentation"])
        assert (coco.decode(a["segmentation"]).astype(bool) == mask).all()
        assert a["area"] == mask.sum()
        assert a["bbox"] == coco.toBbox(a["segmentation"]).tolist()


def test_things_nobody_refers_to_are_annotated_too(small: Path) -> None:
    instances = json.loads((small / "reftoy" / "instances.json").read_text())
    refs = json.loads((small / "reftoy" / "refs(toy).json").read_text())
    assert len(instances["annotations"]) > len({r["ann_id"] for r in refs})


def test_a_caption_an_image(small: Path) -> None:
    captions = json.loads((small / "captions.json").read_text())
    assert len(captions) == sum(COUNTS.values())
    assert all(c["caption"] and c["things"] for c in captions)


def test_the_shipped_data_are_what_the_code_builds(small: Path) -> None:
    built, shipped = (datasets.load("reftoy", split="val", root=root) for root in (small, None))
    assert built.expressions == shipped.expressions[: len(built)]
    assert (built[0].target == shipped[0].target).all()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("split", "people"), [("testA", True), ("testB", False)])
def test_test_a_is_about_people_and_test_b_is_not(style: str, split: str, people: bool) -> None:
    samples = datasets.load(style, split=split)
    families = {KINDS[name].family for name in samples.categories}
    assert families == {"person"} if people else "person" not in families


def test_train_samples_repeat_and_differ_from_the_shipped(small: Path) -> None:
    first, second = (list(train_samples(5, style="reftoy")) for _ in range(2))
    assert [s.expression for s in first] == [s.expression for s in second]
    assert len(first) == 5
    for s in first:
        assert s.split == "train"
        assert s.target is not None
        assert s.target.any()
        assert s.gold["head"] in s.expression
    assert np.array_equal(first[0].image, second[0].image)


def test_train_scenes_never_reach_the_shipped_seeds() -> None:
    with pytest.raises(ValueError, match="train scenes start at 1000000"):
        train_samples(1, style="reftoy", start=10)


def test_an_unknown_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown split 'dev'; choose from val, testA, testB"):
        build(tmp_path, counts={"dev": 1})
