"""``load`` and ``check`` agree: what one names the other refuses, and no damage gives another picture's mask."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasnb import datasets
from tasnb.core.errors import UserError
from tasnb.core.masks import to_rle
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

pytestmark = pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")
IMAGES = "images/mscoco/images/train2014"
# what ``check`` tells of things that no sample uses: boxes, how a photo was held, what no ref is about
ADVICE = {"box off the image", "turned photo"}
FIRST = "COCO_train2014_000000000001.jpg"

Parts = tuple[dict[str, Any], list[dict[str, Any]]]
Damage = Callable[[dict[str, Any], list[dict[str, Any]]], Any]


def every(root: Path, name: str = "refcoco", splits: tuple[str, ...] = ("val", "testA")) -> dict[str, Any]:
    """What each expression gives: its mask, or the error; the error of a split under the split's name."""
    found: dict[str, Any] = {}
    for split in splits:
        try:
            samples = datasets.load(name, split=split, root=root)
        except UserError as wrong:
            found[split] = wrong
            continue
        for index, expression in enumerate(samples.expressions):
            try:
                found[f"{split} {expression}"] = samples[index].target
            except UserError as wrong:
                found[f"{split} {expression}"] = wrong
    return found


def each(entries: list[dict[str, Any]], *keys: str, to: Callable[[Any], Any]) -> None:
    for entry in entries:
        entry.update({key: to(entry[key]) for key in keys})


def every_id(instances: dict[str, Any], refs: list[dict[str, Any]], to: Callable[[Any], Any]) -> None:
    each(instances["images"], "id", to=to)
    each(instances["annotations"], "id", "image_id", to=to)
    each(refs, "ann_id", "image_id", "ref_id", to=to)


MASK = np.zeros((HEIGHT, WIDTH), dtype=bool)
MASK[2:12, 2:17] = True  # annotation 10

READ: list[tuple[str, Damage]] = [
    ("nothing", lambda i, r: None),
    ("ids of digits", lambda i, r: every_id(i, r, "{:06d}".format)),
    ("ids of words", lambda i, r: every_id(i, r, "a{}".format)),
    ("ids as pandas writes them", lambda i, r: every_id(i, r, float)),
    ("ids as text in one of the files", lambda i, r: each(r, "ann_id", "image_id", to=str)),
    ("large ids", lambda i, r: every_id(i, r, lambda id_: id_ + 2**60)),
    ("sizes 30.0", lambda i, r: each(i["images"], "width", "height", to=float)),
    ('sizes "30"', lambda i, r: each(i["images"], "width", "height", to=str)),
    ("sizes null", lambda i, r: each(i["images"], "width", "height", to=lambda _: None)),
    ("one size null", lambda i, r: each(i["images"], "width", to=lambda _: None)),
    ("no sizes", lambda i, r: [image.pop("width") for image in i["images"]]),
    ("no categories", lambda i, r: i.pop("categories")),
    ("categories null", lambda i, r: i.update(categories=None)),
    ("no boxes", lambda i, r: [a.pop("bbox") for a in i["annotations"]]),
    ("numbers in texts", lambda i, r: i["annotations"][0].update(segmentation=[[*map(str, rectangle(2, 2, 15, 10))]])),
    ("a flat polygon", lambda i, r: i["annotations"][0].update(segmentation=rectangle(2, 2, 15, 10))),
    ("a list of codes", lambda i, r: i["annotations"][0].update(segmentation=[to_rle(MASK)])),
    ("two codes", lambda i, r: i["annotations"][0].update(segmentation=[to_rle(MASK), to_rle(MASK & False)])),
    ("polygons and codes", lambda i, r: i["annotations"][0].update(segmentation=[rectangle(2, 2, 9, 9), to_rle(MASK)])),
    ("the folder's name repeated", lambda i, r: i["images"][0].update(file_name=f"train2014/{FIRST}")),
    ("the folders' names repeated", lambda i, r: i["images"][0].update(file_name=f"mscoco/images/train2014/{FIRST}")),
    ("from here", lambda i, r: i["images"][0].update(file_name=f"./{FIRST}")),
    ("an address's spelling", lambda i, r: i["images"][0].update(file_name=FIRST.replace("_", "%5F"))),
    ("Windows", lambda i, r: i["images"][0].update(file_name=f"train2014\\{FIRST}")),
]  # fmt: skip


@pytest.mark.parametrize("spoil", [row[1] for row in READ], ids=[row[0] for row in READ])
def test_what_can_be_understood_is_read_by_both(tmp_path: Path, spoil: Damage) -> None:
    sound = every(write_refer(tmp_path / "sound", *refer_parts()))
    root = write_refer(tmp_path / "other", *refer_parts())
    report = rewrite(root, spoil)
    assert report.ok, report.text()
    found = every(root)
    assert found.keys() == sound.keys()
    for expression, mask in found.items():
        assert np.array_equal(mask, sound[expression]), (expression, mask)
    assert len(datasets.load("refcoco", root=root).things(datasets.load("refcoco", root=root).image_id(0))) == 2


def rewrite(root: Path, spoil: Damage) -> datasets.Report:
    instances, refs = refer_parts()
    spoil(instances, refs)
    (root / "refcoco" / "instances.json").write_text(json.dumps(instances))
    (root / "refcoco" / "refs(unc).p").unlink(missing_ok=True)
    (root / "refcoco" / "refs(unc).json").write_text(json.dumps(refs))
    return datasets.check("refcoco", root=root, open_images=True)


def named(name: Any) -> Damage:
    return lambda i, r: i["images"][0].update(file_name=name)


def segmented(value: Any) -> Damage:
    return lambda i, r: i["annotations"][0].update(segmentation=value)


def sized(value: Any) -> Damage:
    return lambda i, r: i["images"][0].update(width=value)


def said(value: Any) -> Damage:
    return lambda i, r: r[0]["sentences"][0].update(sent=value)


REFUSED: list[tuple[str, Damage]] = [
    ("another image's annotation", lambda i, r: r[0].update(ann_id=11)),
    ("an annotation of another split's image", lambda i, r: r[0].update(ann_id=12)),
    ("no such annotation", lambda i, r: r[0].update(ann_id=99)),
    ("no such image", lambda i, r: r[0].update(image_id=99)),
    ("another image", lambda i, r: r[0].update(image_id=2)),
    ("an annotation of another image", lambda i, r: i["annotations"][0].update(image_id=3)),
    ("an annotation of no image", lambda i, r: i["annotations"][0].update(image_id=77)),
    ("an annotation twice", lambda i, r: i["annotations"].append({**i["annotations"][0]})),
    ("an annotation's id in another split's image", lambda i, r: i["annotations"][2].update(id=10)),
    ("an annotation's id in the same image", lambda i, r: i["annotations"][3].update(id=10)),
    ("an id as number and as text", lambda i, r: i["annotations"][3].update(id="10")),
    ("an image twice", lambda i, r: i["images"].append({**i["images"][0]})),
    ("an image's id twice", lambda i, r: i["images"][2].update(id=1)),
    ("a ref's id twice", lambda i, r: r[1].update(ref_id=1)),
    ("a ref's id twice in other splits", lambda i, r: r[2].update(ref_id=1)),
    ("a sentence's id twice", lambda i, r: r[1]["sentences"][0].update(sent_id=0)),
    ("a sentence's id twice in other splits", lambda i, r: r[2]["sentences"][0].update(sent_id=0)),
    ("true for 1", lambda i, r: r[0].update(image_id=True)),
    ("an image called true", lambda i, r: i["images"][0].update(id=True)),
    ("an annotation called true", lambda i, r: i["annotations"][0].update(id=True)),
    ("an id of 1.5", lambda i, r: i["images"][0].update(id=1.5)),
    ("an id that floats cannot tell", lambda i, r: i["images"][0].update(id=1e300)),
    ("01 for 1", lambda i, r: r[0].update(image_id="01")),
    ("a list of ids", lambda i, r: r[0].update(image_id=[1])),
    ("gRefCOCO", lambda i, r: [ref.update(ann_id=[ref["ann_id"]]) for ref in r]),
    ("gRefCOCO without a target", lambda i, r: r[0].update(ann_id=[-1], no_target=True)),
    ("an id of half a character", lambda i, r: r[0].update(image_id="\ud800")),
    ("an id of 400 digits", lambda i, r: r[0].update(image_id=10**400)),
    ("no ann_id", lambda i, r: r[0].pop("ann_id")),
    ("no sentences", lambda i, r: r[0].update(sentences=None)),
    ("a sentence of another kind", lambda i, r: r[0].update(sentences=["the dog"])),
    ("a number said", said(5)),
    ("nothing said", said("  ")),
    ("half a character said", said("\udc80")),
    ("gold of another kind", lambda i, r: r[0]["sentences"][0].update(gold=[1])),
    ("segmentation null", segmented(None)),
    ("no segmentation", lambda i, r: i["annotations"][0].pop("segmentation")),
    ("no polygons", segmented([])),
    ("an empty polygon", segmented([[]])),
    ("a point", segmented([[1, 1]])),
    ("a text", segmented("abc")),
    ("an odd number of numbers", segmented([[1, 2, 3, 4, 5, 6, 7]])),
    ("not a number", segmented([[1, 2, float("nan"), 4, 5, 6]])),
    ("a number of 400 digits", segmented([[10**400, 2, 3, 4, 5, 6]])),
    ("a list within a polygon", segmented([[1, 2, [3], 4, 5, 6]])),
    ("a code of another size", segmented({"size": [5, 5], "counts": [25]})),
    ("a list of codes of another size", segmented([{"size": [5, 5], "counts": [25]}])),
    ("a code that ends early", segmented({"size": [HEIGHT, WIDTH], "counts": [7]})),
    ("a code that wraps", segmented({"size": [HEIGHT, WIDTH], "counts": [2**62] * 3 + [2**62 + HEIGHT * WIDTH]})),
    ("a code of no size", segmented({"counts": [7]})),
    ("a code of half a character", segmented({"size": [HEIGHT, WIDTH], "counts": "\ud800"})),
    ("sixty", sized("sixty")),
    ("a width of 40.5", sized(40.5)),
    ("a width of -40", sized(-40)),
    ("a width of 0", sized(0)),
    ("a width of true", sized(True)),
    ("a width of 30 digits", sized(10**30)),
    ("another width", sized(41)),
    ("width and height exchanged", lambda i, r: i["images"][0].update(width=HEIGHT, height=WIDTH)),
    ("no file name", named(None)),
    ("an empty file name", named("")),
    ("the folder", named(".")),
    ("up", named(f"../{FIRST}")),
    ("up and down again", named(f"../train2014/{FIRST}")),
    ("up as Windows writes it", named("..\\..\\secret.jpg")),
    ("up in an address's spelling", named("%2e%2e/secret.jpg")),
    ("up twice disguised", named("%2e%2e%5csecret.jpg")),
    ("a place of this machine", named("/etc/hostname")),
    ("a place of Windows", named("C:\\Users\\me\\secret.jpg")),
    ("a drive alone", named("C:secret.jpg")),
    ("a share", named("\\\\server\\share\\secret.jpg")),
    ("a share in slashes", named("//server/share/secret.jpg")),
    ("a device of Windows", named("\\\\?\\C:\\secret.jpg")),
    ("NUL in a name", named("a\0.jpg")),
    ("half a character in a name", named("\ud800.jpg")),
    ("a long name", named("x" * 300)),
    ("a very long name", named("x/" * 5000 + "x")),
    ("a file that is not there", named("gone.jpg")),
    ("a folder in place of a file", named("folder.jpg")),
    ("a link that leads out", named("link.jpg")),
    ("a link that leads nowhere", named("nowhere.jpg")),
    ("a link that leads to itself", named("loop.jpg")),
    ("a folder that leads out", named("out/secret.jpg")),
    ("a pipe", named("pipe.jpg")),
    ("a socket", named("socket.jpg")),
    ("a category twice", lambda i, r: i["categories"].append({"id": 1, "name": "cat"})),
    ("a category without a name", lambda i, r: i["categories"].append({"id": 7})),
    ("categories of another kind", lambda i, r: i.update(categories={"1": "person"})),
    ("no images", lambda i, r: i.pop("images")),
    ("annotations null", lambda i, r: i.update(annotations=None)),
]  # fmt: skip


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A sound set, beside it a picture that is none of its business, and ways that lead there."""
    base = tmp_path_factory.mktemp("trap")
    root = write_refer(base / "root", *refer_parts())
    sound = every(root)
    folder, secret = root / IMAGES, base / "secret"
    for place in (secret / "secret.jpg", folder.parent / "secret.jpg", folder.parent.parent / "secret.jpg"):
        photo(place, seed=5)
    (folder / "folder.jpg").mkdir()
    (folder / "link.jpg").symlink_to(secret / "secret.jpg")
    (folder / "nowhere.jpg").symlink_to(secret / "gone.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "out").symlink_to(secret)
    os.mkfifo(folder / "pipe.jpg")
    here = Path.cwd()
    os.chdir(folder)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.jpg")
    os.chdir(here)
    return root, sound


@pytest.mark.parametrize("spoil", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_by_both_and_never_another_mask(
    trap: tuple[Path, dict[str, Any]], spoil: Damage
) -> None:
    root, sound = trap
    report = rewrite(root, spoil)
    json.dumps(report.to_dict())
    assert set(report.kinds) - ADVICE, report.text()
    found = every(root)
    wrong = {what: value for what, value in found.items() if isinstance(value, UserError)}
    assert wrong, report.text()
    assert all(str(value) and "\n" not in str(value) and len(str(value)) < 700 for value in wrong.values())
    for expression in found.keys() - wrong.keys():
        if expression in sound:
            assert np.array_equal(found[expression], sound[expression]), expression


def test_what_no_sample_uses_is_told_alone(tmp_path: Path) -> None:
    root = write_refer(tmp_path, *refer_parts())
    upside_down = Image.Exif()
    upside_down[0x0112] = 3
    Image.new("RGB", (WIDTH, HEIGHT)).save(root / IMAGES / FIRST, exif=upside_down)
    report = rewrite(root, lambda i, r: i["annotations"][0].update(bbox=[30, 2, 60, 10**400]))
    assert set(report.kinds) == ADVICE
    assert f"{FIRST} has EXIF orientation 3" in report.text()
    assert not any(isinstance(value, UserError) for value in every(root).values())
    assert datasets.check("refcoco", root=root).kinds == report.kinds, "the header is enough"


@pytest.mark.parametrize("orientation", [*range(1, 9), 0, 9, 77])
def test_every_orientation_other_than_1_is_named(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", exif=exif)
    (tmp_path / "samples.csv").write_text("image,expression\na.jpg,it\n")
    turned = orientation in range(2, 9)
    assert datasets.check("folder", root=tmp_path, open_images=True).kinds == ({"turned photo": 1} if turned else {})


@pytest.mark.parametrize("damage", [b"", b"MM", b"MM\0*\0\0\0\x08\xff\xff", b"II*\0\xff\xff\xff\xff", b"garbage" * 9])
def test_broken_exif_stops_neither_load_nor_check(tmp_path: Path, damage: bytes) -> None:
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + damage)
    (tmp_path / "samples.csv").write_text('image,expression,mask\na.jpg,it,"[0, 0, 3, 0, 3, 3, 0, 3]"\n')
    samples = datasets.load("folder", root=tmp_path)
    assert samples[0].image.shape == (4, 6, 3)
    assert samples.things("a.jpg").shape == (1, 4, 6)
    assert datasets.check("folder", root=tmp_path, open_images=True).ok


def phrased(**changes: Any) -> Callable[[list[dict[str, Any]]], Any]:
    return lambda tasks: tasks[0].update(changes)


PHRASES: list[tuple[str, Callable[[list[dict[str, Any]]], Any]]] = [
    ("up", phrased(image_id="../../secret")),
    ("up from a folder", phrased(image_id="8/../../../secret")),
    ("a place of this machine", phrased(image_id="/etc/hostname")),
    ("a place of Windows", phrased(image_id="C:\\secret")),
    ("true", phrased(image_id=True)),
    ("a list", phrased(image_id=[7])),
    ("NUL", phrased(image_id="7\0")),
    ("another image", phrased(image_id=9)),
    ("a task's id twice", phrased(task_id="8__5")),
    ("a task's id null", phrased(task_id=None)),
    ("polygons null", phrased(Polygons=None)),
    ("polygons of another kind", phrased(Polygons=[[[[1, "x"], [2, 3]]]])),
    ("flat polygons", phrased(Polygons=[[[2, 2, 7, 2, 7, 7, 2, 7]]])),
    ("a number of 400 digits", phrased(Polygons=[[[[10**400, 2], [3, 3], [4, 5]]]])),
    ("no polygons", phrased(Polygons=[], instance_boxes=[])),
    ("a box too few", phrased(instance_boxes=[[2, 2, 6, 6]])),
    ("boxes null", phrased(instance_boxes=None)),
    ("no phrase", phrased(phrase=" ")),
    ("a number as phrase", phrased(phrase=7)),
    ("half a character", phrased(phrase="\ud800")),
]


@pytest.mark.parametrize("spoil", [row[1] for row in PHRASES], ids=[row[0] for row in PHRASES])
def test_the_same_holds_for_phrasecut(tmp_path: Path, spoil: Callable[[list[dict[str, Any]]], Any]) -> None:
    root = write_phrasecut(tmp_path, phrasecut_tasks())
    sound = every(root, "phrasecut", ("test",))
    assert len(sound) == 3
    photo(tmp_path / "secret.jpg")
    photo(root / "VGPhraseCut_v0" / "secret.jpg")
    tasks = phrasecut_tasks()
    spoil(tasks)
    (root / "VGPhraseCut_v0" / "refer_test.json").write_text(json.dumps(tasks))
    assert set(datasets.check("phrasecut", root=root, open_images=True).kinds) - ADVICE
    found = every(root, "phrasecut", ("test",))
    assert any(isinstance(value, UserError) for value in found.values()), found
    for expression, mask in found.items():
        assert isinstance(mask, UserError) or np.array_equal(mask, sound[expression])


def test_a_link_to_the_data_or_to_the_images_is_no_way_out(tmp_path: Path) -> None:
    real = write_refer(tmp_path / "real", *refer_parts())
    (tmp_path / "named").symlink_to(real)
    linked = write_refer(tmp_path / "linked", *refer_parts())
    photos = linked / IMAGES
    photos.rename(tmp_path / "elsewhere")
    photos.symlink_to(tmp_path / "elsewhere")
    (photos / "again.jpg").symlink_to(FIRST)  # from within to within
    rewrite(linked, named("again.jpg"))
    for root in (tmp_path / "named", linked):
        assert datasets.check("refcoco", root=root, open_images=True).ok
        assert not any(isinstance(value, UserError) for value in every(root).values())


FOLDER: list[tuple[str, dict[str, Any]]] = [
    ("no such image", {"image": "gone.png"}),
    ("no picture", {"image": "text.png"}),
    ("an empty picture", {"image": "empty.png"}),
    ("a folder", {"image": "folder.png"}),
    ("a pipe", {"image": "pipe.png"}),
    ("a link out", {"image": "link.png"}),
    ("up", {"image": "../secret.png"}),
    ("a place of this machine", {"image": "/etc/hostname"}),
    ("a share", {"image": "\\\\server\\x.png"}),
    ("NUL", {"image": "a\0.png"}),
    ("no name", {"image": "."}),
    ("a list as image", {"image": ["a.png"]}),
    ("nothing said", {"expression": " "}),
    ("half a character said", {"expression": "\ud800"}),
    ("a list said", {"expression": ["it"]}),
    ("an id of true", {"image_id": True}),
    ("an id of 1.5", {"sent_id": 1.5}),
    ("an id twice", {"sent_id": "1"}),
    ("an image's id for two images", {"image_id": "a.png", "image": "b.png"}),
    ("a list as split", {"split": ["val"]}),
    ("an object as category", {"category": {}}),
    ("no such mask", {"mask": "gone.png"}),
    ("a mask that is no picture", {"mask": "text.png"}),
    ("an empty mask file", {"mask": "empty.png"}),
    ("a folder as mask", {"mask": "folder.png"}),
    ("a pipe as mask", {"mask": "pipe.png"}),
    ("a link out as mask", {"mask": "link.png"}),
    ("up to a mask", {"mask": "../secret.png"}),
    ("a mask of another size", {"mask": "small.png"}),
    ("a code of another size", {"mask": {"size": [1, 2], "counts": [2]}}),
    ("a text that is no code", {"mask": "{nothing"}),
    ("a deep text", {"mask": "[" * 5000}),
    ("a number as mask", {"mask": 7}),
    ("true as mask", {"mask": True}),
    ("a number of 400 digits", {"mask": [[10**400, 1, 2, 3, 4, 5]]}),
    ("an odd polygon", {"mask": [[1, 2, 3]]}),
]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_the_same_holds_for_a_folder(tmp_path: Path, form: str) -> None:
    home = tmp_path / "home"
    for name in ("a.png", "b.png"):
        photo(home / name)
    photo(home / "small.png", size_hw=(5, 5))
    photo(tmp_path / "secret.png")
    (home / "text.png").write_text("no picture")
    (home / "empty.png").touch()
    (home / "folder.png").mkdir()
    os.mkfifo(home / "pipe.png")
    (home / "link.png").symlink_to(tmp_path / "secret.png")
    sound = {"image": "a.png", "expression": "it", "mask": json.dumps([rectangle(2, 2, 5, 5)]), "sent_id": "1"}
    for what, change in FOLDER:
        rows = [sound, sound | {"sent_id": "2"} | change]
        if form == "json":
            (home / "samples.json").write_text(json.dumps(rows))
        elif all(isinstance(value, str) and "\ud800" not in value for value in change.values()):
            columns = list(dict.fromkeys(key for row in rows for key in row))
            cells = [columns, *([str(row.get(key, "")) for key in columns] for row in rows)]
            lines = [",".join('"{}"'.format(cell.replace('"', '""')) for cell in line) for line in cells]
            (home / "samples.csv").write_text("\n".join(lines))
        else:
            continue
        report = datasets.check("folder", root=home, open_images=True)
        assert set(report.kinds) - ADVICE, what
        try:
            samples = datasets.load("folder", root=home)
        except UserError:
            continue
        assert np.array_equal(samples[0].target.sum(), 25), what
        with pytest.raises(UserError):
            pytest.fail(f"{what}: {samples[1]}")
