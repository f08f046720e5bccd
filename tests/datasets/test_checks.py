"""``check`` finds every fault that was planted, all in one go, and nothing in sound data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasnb import datasets
from tests.datasets.hand_made import (
    HEIGHT,
    WIDTH,
    photo,
    phrasecut_tasks,
    rectangle,
    refer_parts,
    write_phrasecut,
    write_refer,
)  # fmt: skip

IMAGES = "images/mscoco/images/train2014"


def found(report: datasets.Report) -> dict[str, list[str]]:
    return {kind: [p.what for p in report.problems if p.kind == kind] for kind in report.kinds}


def test_the_real_mini_set_is_sound_and_counted(shared_root: Path) -> None:
    report = datasets.check("refcoco", root=shared_root / "data" / "mini-refcoco", open_images=True)
    assert report.ok, report.text()
    counts = {c.split: (c.found.images, c.found.refs, c.found.sentences) for c in report.counts}
    assert counts == {"val": (22, 25, 29), "testA": (8, 11, 17), "testB": (14, 17, 17)}
    assert report.counts[0].published.sentences == 10_834
    assert "25 / 3,811" in report.text()
    assert "no problems found" in report.text()
    json.dumps(report.to_dict())


@pytest.mark.parametrize("style", ["reftoy", "reftoy+", "reftoyg"])
def test_reftoy_is_sound(style: str) -> None:
    assert datasets.check(style, open_images=style == "reftoy").ok


def test_a_sound_hand_made_set_is_clean(tmp_path: Path) -> None:
    report = datasets.check("refcoco", root=write_refer(tmp_path, *refer_parts()), open_images=True)
    assert report.ok, report.text()
    assert report.to_frame().empty


def test_every_planted_fault_of_a_refer_set_is_found(tmp_path: Path) -> None:
    instances, refs = refer_parts()
    plain = {"category_id": 1, "iscrowd": 0}
    instances["annotations"] += [
        {"id": 20, "image_id": 1, "bbox": [0, 0, 5, 5], "segmentation": [], **plain},
        {"id": 21, "image_id": 1, "bbox": [35, 0, 10, 5], "segmentation": [rectangle(1, 1, 3, 3)], **plain},
        {"id": 21, "image_id": 1, "bbox": [1, 1, -3, 3], "segmentation": [rectangle(1, 1, 3, 3)], **plain},
        {"id": 22, "image_id": 77, "bbox": [1, 1, 3, 3], "segmentation": [rectangle(1, 1, 3, 3)], **plain},
        {"id": 23, "image_id": 2, "bbox": None, "segmentation": {"size": [2, 2], "counts": [4]}, **plain},
        {"id": 24, "image_id": 2, "bbox": ["a"], "segmentation": [rectangle(1, 1, 3, 3)], **plain},
        {"image_id": 2, "segmentation": []},
        {"id": [25], "image_id": 2, "segmentation": []},
    ]  # fmt: skip
    instances["images"] += [
        instances["images"][0],
        {"id": 4, "file_name": "gone.jpg", "height": 9, "width": 9},
        {"id": 5},
    ]
    instances["images"] += [{"id": i, "file_name": f"{i}.jpg", "height": 9, "width": 9} for i in (6, 7, 8)]
    sentence = {"sent_id": 0, "sent": "again"}
    refs += [
        {"ref_id": 4, "ann_id": 99, "image_id": 1, "split": "val", "sentences": [sentence]},
        {"ref_id": 4, "ann_id": 13, "image_id": 2, "split": "val", "sentences": []},
        {"ref_id": 5, "ann_id": 13, "image_id": 88, "split": "odd", "sentences": [{"sent_id": 50}]},
        {"ref_id": 6, "split": "val"},
    ]  # fmt: skip
    placed = [i for i in instances["images"] if i.get("file_name")]
    write_refer(tmp_path, instances | {"images": placed}, refs)
    (tmp_path / "refcoco" / "instances.json").write_text(json.dumps(instances))
    folder = tmp_path / IMAGES
    (folder / "gone.jpg").unlink()
    (folder / "6.jpg").write_bytes(b"")
    (folder / "7.jpg").write_bytes(b"\xff\xd8 no JPEG")
    faults = found(datasets.check("refcoco", root=tmp_path, open_images=True))
    assert [w.split("/")[-1] for w in faults.pop("missing image")] == ["gone.jpg is missing"]
    assert len(faults["unreadable image"]) == 2
    assert "6.jpg is not a readable picture: it is empty" in faults["unreadable image"][0]
    assert "7.jpg is not a readable picture" in faults.pop("unreadable image")[1]
    assert faults.pop("wrong size")[0].endswith(f"8.jpg is {HEIGHT} x {WIDTH} (h x w), the annotations say 9 x 9")
    assert faults.pop("empty mask") == ["the mask of annotation 20 (image 1) has no pixels"]
    assert [w[:13] for w in faults.pop("damaged mask")] == ["annotation 23"]
    assert [w[:13] for w in faults.pop("box off the image")] == ["annotation 21", "annotation 21", "annotation 24"]
    assert faults.pop("duplicate id") == [
        "ref id 4 is used 2 times", "sentence id 0 is used 2 times", "image id 1 is used 2 times",
        "annotation id 21 is used 2 times",
    ]  # fmt: skip
    assert faults.pop("ref without sentences") == ["ref 4 has no sentences", "ref 5 has no sentences"]
    assert faults.pop("ref without annotation") == [
        "ref 4 names annotation 99, which instances.json does not have",
        "ref 4 is about image 2, its annotation 13 of 1",
        "ref 5 is about image 88, its annotation 13 of 1",
    ]
    assert faults.pop("unlisted image") == [
        "ref 5 is about image 88, which is not listed", "annotation 22 is of image 77, which is not listed"
    ]  # fmt: skip
    assert len(faults.pop("damaged file")) == 5  # an image, two annotations, a sentence, a ref
    assert not faults


def test_images_are_only_decoded_when_told_to(tmp_path: Path) -> None:
    write_refer(tmp_path, *refer_parts())
    picture = next((tmp_path / IMAGES).glob("*1.jpg"))
    picture.write_bytes(picture.read_bytes()[:-40])
    assert datasets.check("refcoco", root=tmp_path).ok
    assert not datasets.check("refcoco", root=tmp_path, open_images=True).ok
    picture.write_bytes(b"no JPEG")
    assert not datasets.check("refcoco", root=tmp_path).ok


def test_one_split_can_be_checked_alone(tmp_path: Path) -> None:
    write_refer(tmp_path, *refer_parts())
    next((tmp_path / IMAGES).glob("*3.jpg")).unlink()  # of testA
    assert datasets.check("refcoco", root=tmp_path, split="val").ok
    assert not datasets.check("refcoco", root=tmp_path, split="testA").ok
    with pytest.warns(datasets.CountWarning):
        samples = datasets.load("refcoco", root=tmp_path)
    report = datasets.check(samples[1:])
    assert report.ok
    assert [c.split for c in report.counts] == ["val"]
    with pytest.raises(ValueError, match="unknown split 'test' of refcoco; choose from train, val, testA, testB"):
        datasets.check("refcoco", root=tmp_path, split="test")


@pytest.mark.parametrize(
    ("spoil", "kinds"),
    [
        (lambda root: (root / "refcoco" / "instances.json").unlink(), {"missing file"}),
        (lambda root: (root / "refcoco" / "instances.json").write_text("{"), {"damaged file"}),
        (lambda root: (root / "refcoco" / "instances.json").write_text("[1]"), {"damaged file"}),
        (lambda root: (root / "refcoco" / "refs(unc).p").unlink(), {"missing file"}),
        (lambda root: (root / "refcoco" / "refs(unc).p").write_bytes(b"cos\nsystem\n."), {"damaged file"}),
        (lambda root: (root / "images").rename(root / "pictures"), {"missing file"}),
    ],
)
def test_a_set_too_broken_to_load_is_still_reported(tmp_path: Path, spoil, kinds: set[str]) -> None:
    write_refer(tmp_path, *refer_parts())
    spoil(tmp_path)
    report = datasets.check("refcoco", root=tmp_path)
    assert kinds <= set(report.kinds)
    assert not report.ok
    assert report.text()


def test_faults_of_phrasecut_are_found(tmp_path: Path) -> None:
    tasks = phrasecut_tasks()
    assert datasets.check("phrasecut", root=write_phrasecut(tmp_path / "sound", tasks), open_images=True).ok
    tasks[0]["instance_boxes"][0] = [30, 2, 60, 6]
    tasks[1] |= {"Polygons": [[]], "phrase": " "}
    tasks[2]["instance_boxes"] = []
    tasks.append(tasks[2] | {"image_id": 9})
    write_phrasecut(tmp_path, tasks)
    faults = found(datasets.check("phrasecut", root=tmp_path))
    assert set(faults) == {"box off the image", "empty mask", "empty sentence", "damaged mask", "duplicate id",
                           "missing image"}  # fmt: skip
    assert faults["duplicate id"] == ["annotation id 8__5 is used 2 times"]
    assert faults["empty mask"] == ["the mask of annotation 7__1 (image 7) has no pixels"]
    assert faults["missing image"][0].endswith("9.jpg is missing")
    (tmp_path / "nothing").mkdir()
    assert datasets.check("phrasecut", root=tmp_path / "nothing").kinds == {"missing file": 1}


def test_faults_of_a_folder_are_found(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    photo(tmp_path / "mask.png", size_hw=(5, 5))
    rows = [
        "image,expression,mask", "a.png,fine,", "gone.png,a dog,", "../b.png,out,", "a.png,,",
        "a.png,wrong size,mask.png", "a.png,no file,nothing.png", "a.png,empty,[]",
    ]  # fmt: skip
    (tmp_path / "samples.csv").write_text("\n".join(rows))
    report = datasets.check("folder", root=tmp_path)
    faults = found(report)
    assert [w.split(", ")[1].split(":")[0] for w in faults.pop("bad row")] == ["line 4", "line 5"]
    assert faults.pop("missing image")[0].endswith("gone.png is missing")
    assert len(faults.pop("damaged mask")) == 2
    assert len(faults.pop("empty mask")) == 1
    assert not faults
    assert [(c.split, c.found.sentences) for c in report.counts] == [("val", 5)]
    (tmp_path / "samples.csv").unlink()
    assert datasets.check("folder", root=tmp_path).kinds == {"missing file": 1}


def test_many_faults_of_a_kind_are_shortened_in_the_text_alone(tmp_path: Path) -> None:
    instances, _ = refer_parts()
    instances["images"] += [{"id": i, "file_name": f"{i}.jpg"} for i in range(100, 150)]
    write_refer(tmp_path, *refer_parts())
    (tmp_path / "refcoco" / "instances.json").write_text(json.dumps(instances))
    report = datasets.check("refcoco", root=tmp_path)
    assert report.kinds == {"missing image": 50}
    assert len(report.to_frame()) == 50
    assert "... and 45 more" in report.text()


def test_no_root_is_the_users_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASNB_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="set TASNB_DATA"):
        datasets.check("refcoco")
    with pytest.raises(ValueError, match="unknown data set 'refcoc'"):
        datasets.check("refcoc", root=tmp_path)
