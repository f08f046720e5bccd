"""gRefCOCO: any number of targets a ref, as grefs(unc).json has them, real photos and masks, and every damage named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasnb import datasets
from tests.datasets.hand_made import refer_parts, write_refer
from tests.datasets.real_layouts import CUPS, GREFS, gref, write_grefcoco


@pytest.fixture
def root(tmp_path: Path, shared_root: Path) -> Path:
    return write_grefcoco(tmp_path, shared_root)


def test_several_one_or_no_target_is_read(root: Path) -> None:
    samples = datasets.load("grefcoco", root=root)
    zebras = ("590410", "590623")
    assert [samples.target_ids(i) for i in range(6)] == [
        zebras, zebras, zebras[:1], (), ("670466",), ("1513172", "670466")
    ]  # fmt: skip
    assert samples.categories == ("zebra", "zebra", "zebra", "", "cup", "cup")
    masks = {each.id: each.mask for each in samples.instances(samples.image_id(0))}
    assert np.array_equal(samples[0].target, masks["590410"] | masks["590623"])
    assert np.array_equal(samples[2].target, masks["590410"])
    assert samples[3].target.shape == samples[3].image.shape[:2]
    assert not samples[3].target.any()
    assert samples.same_kind(3) is None
    assert samples.same_kind(2) == 2, "of three zebras one is meant"
    again = datasets.reopen(samples[3:4].spec)
    assert again.expressions == ("the elephant on the left",)
    assert datasets.reopen(samples.spec).fingerprint == samples.fingerprint


def test_targets_of_two_kinds_have_both(tmp_path: Path, shared_root: Path) -> None:
    other = gref(6, CUPS, [670466, 1], [47, 1], "the coffee and whoever")
    root = write_grefcoco(tmp_path, shared_root, [other])
    assert datasets.load("grefcoco", root=root).categories == ("cup + person",)


def test_check_knows_that_nothing_is_meant(root: Path) -> None:
    report = datasets.check("grefcoco", root=root, open_images=True)
    assert report.ok, report.text()
    assert [(c.split, c.found.images, c.found.refs, c.found.sentences) for c in report.counts] == [("val", 2, 5, 6)]
    assert report.counts[0].published == datasets.cards.Counts()


@pytest.mark.parametrize(
    ("spoil", "kind", "says"),
    [
        ({"ann_id": [590410, 99]}, "ref without annotation", "ref 1 names annotation 99"),
        ({"ann_id": [670466]}, "ref without annotation", "ref 1 is about image 154, its annotation 670466 of 605"),
        ({"no_target": True}, "damaged file", "has no_target True and the ann_id [590410, 590623]"),
        ({"ann_id": [-1]}, "damaged file", "has no_target False and the ann_id [-1]"),
        ({"ann_id": [True]}, "damaged file", "lacks ann_id"),
        ({"ann_id": None}, "damaged file", "lacks ann_id"),
    ],
)
def test_each_damage_is_named_and_refused(
    tmp_path: Path, shared_root: Path, spoil: dict[str, Any], kind: str, says: str
) -> None:
    root = write_grefcoco(tmp_path, shared_root, [GREFS[0] | spoil, *GREFS[1:]])
    report = datasets.check("grefcoco", root=root)
    assert set(report.kinds) == {kind}
    assert says in report.problems[0].what
    with pytest.raises(ValueError, match=r"names annotation|its annotation|no_target|lacks"):
        datasets.load("grefcoco", root=root)[0]


def test_other_sets_still_refuse_lists(tmp_path: Path) -> None:
    instances, refs = refer_parts()
    root = write_refer(tmp_path, instances, [ref | {"ann_id": [ref["ann_id"]]} for ref in refs])
    with pytest.raises(ValueError, match=r"has a list as ann_id .* only the data set grefcoco has"):
        datasets.load("refcoco", root=root)
    with pytest.raises(FileNotFoundError, match=r"grefcoco/ with instances.json and grefs\(unc\)\.json in"):
        datasets.load("grefcoco", root=root)
