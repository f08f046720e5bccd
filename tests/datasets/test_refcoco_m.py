"""RefCOCO-M: Parquet with the pictures inside, as Hugging Face writes it, and each damage with its row and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasnb import datasets
from tests.datasets.real_layouts import CUPS, refcoco_m_rows, write_parquet, write_refcoco_m

pytestmark = pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")


def test_real_photos_and_masks_come_back(tmp_path: Path, shared_root: Path) -> None:
    before = datasets.load("refcoco", root=shared_root / "data" / "mini-refcoco")
    samples = datasets.load("refcoco-m", root=write_refcoco_m(tmp_path, shared_root))
    assert samples.expressions == (
        "zebra in the middle", "giraffe in the middle", "middle zebra", "closest zebra", "clear glass",
        "coffee with white leaf design",
    )  # fmt: skip
    assert samples.sent_ids == ("9-0", "9-1", "9-2", "10-0", "31-0", "32-0")
    assert samples.ref_ids == ("9", "9", "9", "10", "31", "32")
    assert samples.image_ids == ("154",) * 4 + ("605",) * 2, "COCO's, by which a run on RefCOCO is paired"
    assert samples.categories == ("zebra",) * 4 + ("cup",) * 2
    by_text = {text: index for index, text in enumerate(before.expressions)}
    for sample in samples:
        same = before[by_text[sample.expression]]
        assert np.array_equal(sample.image, same.image)
        assert np.array_equal(sample.target, same.target)
    assert [each.id for each in samples.instances("605")] == ["31", "32"]
    assert samples.same_kind(0) is None, "only what a sentence is about is annotated"
    again = datasets.reopen(samples[4:].spec)
    assert again.sample_ids == samples.sample_ids[4:]
    assert datasets.reopen(samples.spec).fingerprint == samples.fingerprint
    assert not list(tmp_path.rglob("*.jpg")), "no picture is unpacked"


def test_sentences_as_objects_bytes_alone_and_row_groups_are_read_too(tmp_path: Path, shared_root: Path) -> None:
    rows = refcoco_m_rows(shared_root)
    for row in rows:
        row["image"] = row["image"]["bytes"]
        for sample in row["samples"]:
            sample["sentences"] = [{"raw": text.upper(), "sent": text} for text in sample["sentences"]]
    write_parquet(tmp_path / "own.parquet", rows, row_group_size=1)
    samples = datasets.load("refcoco-m", root=tmp_path)
    assert samples[-1].expression == "coffee with white leaf design"
    assert samples[-1].target.any()
    assert datasets.check("refcoco-m", root=tmp_path, open_images=True).ok


def test_check_counts_it_beside_what_is_published(tmp_path: Path, shared_root: Path) -> None:
    report = datasets.check("refcoco-m", root=write_refcoco_m(tmp_path, shared_root), open_images=True)
    assert report.ok, report.text()
    assert "4 / 2,080" in report.text()
    assert "6 / 5,598" in report.text()
    assert datasets.is_there("refcoco-m", tmp_path) == tmp_path


def cups(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(row for row in rows if row["image_id"] == CUPS)


@pytest.mark.parametrize(
    ("spoil", "kind", "says"),
    [
        (lambda rows: cups(rows).update(image_id=None), "bad row", "row 2: image_id: expected COCO's, got None"),
        (lambda rows: cups(rows)["samples"][1].update(mask=None), "bad row", "row 2: samples, entry 2: expected id"),
        (lambda rows: cups(rows)["samples"][0].update(sentences=[" "]), "empty sentence",
         "row 2: samples, entry 1: sentence 0 is empty"),
        (lambda rows: cups(rows)["samples"][0].update(id=32), "duplicate id", "annotation id 32 is used 2 times"),
        (lambda rows: cups(rows)["samples"][0]["mask"].update(size=[3, 3]), "damaged mask",
         "annotation 31 (image 605): its run-length code is 3 x 3"),
        (lambda rows: cups(rows)["samples"][0].update(bbox=[0.0, 0.0, 9999.0, 1.0]), "box off the image",
         "annotation 31"),
        (lambda rows: cups(rows)["image"].update(bytes=b"no picture"), "unreadable image",
         "row 2 is not a readable picture"),
        (lambda rows: cups(rows)["image"].update(bytes=None), "unreadable image", "image: expected the bytes"),
    ],
)  # fmt: skip
def test_each_damage_is_named_with_its_row(tmp_path: Path, shared_root: Path, spoil, kind: str, says: str) -> None:
    rows = refcoco_m_rows(shared_root)
    spoil(rows)
    write_parquet(tmp_path / "data.parquet", rows)
    report = datasets.check("refcoco-m", root=tmp_path)
    assert any(says in problem.what for problem in report.problems if problem.kind == kind), report.text()
    if kind == "box off the image":
        return
    with pytest.raises(ValueError) as refused:
        list(datasets.load("refcoco-m", root=tmp_path))
    assert says.split(": ", 1)[-1][:20] in str(refused.value)


def test_no_parquet_and_another_table_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected refcoco-m/ with one or several \.parquet files in"):
        datasets.load("refcoco-m", root=tmp_path)
    write_parquet(tmp_path / "data.parquet", [{"image_id": 1}])
    with pytest.raises(ValueError, match=r"data.parquet has no column 'image'; expected image, image_id"):
        datasets.load("refcoco-m", root=tmp_path)
    (tmp_path / "data.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(ValueError, match=r"data.parquet is damaged"):
        datasets.load("refcoco-m", root=tmp_path)
    assert set(datasets.check("refcoco-m", root=tmp_path).kinds) == {"damaged file"}
