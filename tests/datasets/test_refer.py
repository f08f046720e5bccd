"""The REFER layout: real data, hand-made sets, and each fault as one clear error while other samples still work."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasnb import datasets
from tasnb.datasets import CountWarning, UnsafePickleError
from tests.datasets.hand_made import HEIGHT, WIDTH, photo, refer_parts, write_refer

LET_IT_DIFFER = pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")
pytestmark = LET_IT_DIFFER


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_refer(tmp_path, *refer_parts())


@pytest.mark.parametrize(("split", "refs", "sentences"), [("val", 25, 29), ("testA", 11, 17), ("testB", 17, 17)])
def test_the_real_mini_set_is_read(shared_root: Path, split: str, refs: int, sentences: int) -> None:
    samples = datasets.load("refcoco", split=split, root=shared_root / "data" / "mini-refcoco")
    assert len(samples) == sentences
    assert len(set(samples.ref_ids)) == refs
    assert len(set(samples.sample_ids)) == sentences
    for sample in samples:
        assert sample.target is not None
        assert sample.target.shape == sample.image.shape[:2]
        assert sample.target.any()
        assert not sample.image.flags.writeable
        assert not sample.target.flags.writeable
        assert any((thing == sample.target).all() for thing in samples.things(sample.image_id))
    assert set(samples.captions) >= {"790"}
    assert samples.captions["790"] == "a family is sitting down at a table to have cake"


def test_a_set_that_differs_from_the_published_one_warns_once(shared_root: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        samples = datasets.load("refcoco", root=shared_root / "data" / "mini-refcoco")
        datasets.reopen(samples.spec)
    assert [w.category for w in caught] == [CountWarning]
    assert issubclass(CountWarning, UserWarning)
    said = str(caught[0].message)
    assert "3,811 refs published, 25 found" in said
    assert "10,834 sentences published, 29 found" in said
    assert caught[0].filename == __file__


def test_a_set_with_the_published_numbers_is_silent(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasnb.datasets.cards import CARDS, Counts

    its_own = {"val": Counts(images=2, refs=2, sentences=3), "testA": Counts(images=1, refs=2)}
    monkeypatch.setitem(CARDS["refcoco"].counts, "unc", its_own)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        datasets.load("refcoco", root=small)
    with pytest.warns(CountWarning, match="not the published one: 2 refs published, 1 found. Figures"):
        datasets.load("refcoco", split="testA", root=small)


def test_the_published_sentences_add_up() -> None:
    totals = {("refcoco", "unc"): 142_210, ("refcoco+", "unc"): 141_564, ("refcocog", "umd"): 95_010,
              ("refcocog", "google"): 95_010}  # fmt: skip
    refs = {("refcoco", "unc"): 50_000, ("refcoco", "google"): 50_000, ("refcoco+", "unc"): 49_856,
            ("refcocog", "umd"): 49_822, ("refcocog", "google"): 49_822}  # fmt: skip
    for (name, split_by), total in refs.items():
        assert sum(c.refs or 0 for c in datasets.CARDS[name].counts[split_by].values()) == total
    for (name, split_by), total in totals.items():
        assert sum(c.sentences or 0 for c in datasets.CARDS[name].counts[split_by].values()) == total
    assert datasets.published("refcocog", "google", "val").refs == 5000
    assert datasets.published("phrasecut", "official", "test").sentences == 14_354


def test_masks_are_unions_and_codes(small: Path) -> None:
    first, second, third = datasets.load("refcoco", root=small)
    assert first.target is not None
    assert first.target.sum() == second.target.sum() == 150
    assert third.target.sum() == 30
    assert third.target[:, 2].all()
    assert datasets.load("refcoco", split="testA", root=small)[0].target.sum() == 24


def test_ids_words_and_kinds_need_no_image(small: Path) -> None:
    for path in small.rglob("*.jpg"):
        path.unlink()
    samples = datasets.load("refcoco", root=small)
    assert samples.expressions == ("the dog", "left dog", "the people")
    assert samples.image_ids == ("1", "1", "2")
    assert samples.ref_ids == ("1", "1", "2")
    assert samples.sent_ids == ("0", "1", "2")
    assert samples.sample_ids == ("refcoco-val-0", "refcoco-val-1", "refcoco-val-2")
    assert samples.categories == ("dog", "dog", "person")
    assert samples.image_id(-1) == "2"
    assert samples.things("1").shape == (2, HEIGHT, WIDTH)
    assert not samples.captions


@pytest.mark.parametrize("images", ["images/mscoco/images/train2014", "images/train2014", "train2014"])
@pytest.mark.parametrize("as_json", [False, True])
def test_three_places_for_images_and_json_in_place_of_the_pickle(tmp_path: Path, images: str, as_json: bool) -> None:
    write_refer(tmp_path, *refer_parts(), images=images, as_json=as_json)
    samples = datasets.load("refcoco", root=tmp_path)
    assert samples[0].image.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("name", "split_by", "split"),
    [
        ("refcoco", "google", "test"),
        ("refcoco+", "unc", "testB"),
        ("refcocog", "umd", "test"),
        ("refcocog", "google", "val"),
    ],
)
def test_every_member_of_the_family_is_read(tmp_path: Path, name: str, split_by: str, split: str) -> None:
    instances, refs = refer_parts()
    refs[2]["split"] = split
    write_refer(tmp_path, instances, refs, name=name, split_by=split_by)
    samples = datasets.load(name, split=split, root=tmp_path, split_by=split_by)
    assert samples[-1].expression == "a cup"
    assert samples.spec["options"] == {"split_by": split_by}


@pytest.mark.parametrize("protocol", range(3))
def test_python_2s_pickle_of_refs_is_read(tmp_path: Path, protocol: int) -> None:
    instances, refs = refer_parts()
    write_refer(tmp_path, instances, refs)
    written = Path(__file__).parent / "python2" / f"refs-protocol{protocol}.p"
    (tmp_path / "refcoco" / "refs(unc).p").write_bytes(written.read_bytes())
    assert datasets.load("refcoco", root=tmp_path).expressions == ("left café", "naïve zebra")


def test_the_environment_names_the_root(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASNB_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r"refcoco is missing: pass root .* or set TASNB_DATA"):
        datasets.load("refcoco")
    monkeypatch.setenv("TASNB_DATA", str(small))
    assert datasets.load("refcoco").spec["root"] == str(small)
    assert datasets.load("reftoy").spec["root"] is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            {"name": "refcoc"},
            "unknown data set 'refcoc'; choose from refcoco, refcoco+, refcocog, phrasecut, grefcoco, refcoco-m",
        ),
        ({"name": "refcoco", "split": "test"}, "unknown split 'test' of refcoco; choose from train, val, testA, testB"),
        ({"name": "refcoco", "split_by": "umd"}, "unknown split_by 'umd' of refcoco; choose from unc, google"),
        ({"name": "refcocog", "split_by": "unc"}, "unknown split_by 'unc' of refcocog; choose from umd, google"),
        ({"name": "refcocog", "split": "testA"}, "unknown split 'testA' of refcocog; choose from train, val, test"),
        ({"name": "phrasecut", "split": "testA"}, "choose from train, val, test, miniv"),
    ],
)
def test_wrong_names_list_the_choices(arguments: dict, says: str, small: Path) -> None:
    with pytest.raises(ValueError) as wrong:
        datasets.load(root=small, **arguments)
    assert says in str(wrong.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected images/mscoco/images/train2014/ \(or .*refs\(umd\)\.p"):
        datasets.load("refcocog", root=tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        datasets.load("refcocog", root=tmp_path / "nowhere")


def test_one_bad_image_is_one_error_and_the_others_work(small: Path) -> None:
    folder = small / "images/mscoco/images/train2014"
    first, second = (folder / f"COCO_train2014_{i:012d}.jpg" for i in (1, 2))
    samples = datasets.load("refcoco", root=small)
    whole = first.read_bytes()
    first.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"0001\.jpg is not a readable picture"):
        samples[0]
    assert samples[2].image_id == "2"
    first.write_bytes(b"")
    with pytest.raises(ValueError, match=r"0001\.jpg is not a readable picture"):
        samples[1]
    first.write_bytes(whole)
    assert samples[0].target is not None
    second.unlink()
    with pytest.raises(FileNotFoundError, match=r"refcoco is incomplete: the image .*0002\.jpg is missing"):
        datasets.load("refcoco", root=small)[2]


def test_a_mask_of_another_size_is_one_error(tmp_path: Path) -> None:
    instances, refs = refer_parts()
    instances["annotations"][1]["segmentation"] = {"size": [5, 5], "counts": [25]}
    write_refer(tmp_path, instances, refs)
    samples = datasets.load("refcoco", root=tmp_path)
    with pytest.raises(ValueError, match=r"the mask of refcoco-val-2 is damaged: .* 5 x 5 .* the picture is 30 x 40"):
        samples[2]
    assert samples[0].target is not None


def test_a_picture_of_another_size_than_listed_is_one_error(small: Path) -> None:
    folder = small / "images/mscoco/images/train2014"
    photo(folder / f"COCO_train2014_{1:012d}.jpg", size_hw=(20, 20))
    photo(folder / f"COCO_train2014_{2:012d}.jpg", size_hw=(WIDTH, HEIGHT))
    samples = datasets.load("refcoco", root=small)
    with pytest.raises(ValueError, match=r"is 30 x 40 \(h x w\), its picture .* is 20 x 20; does it belong to another"):
        samples[0]
    with pytest.raises(ValueError, match="is it turned by its EXIF orientation"):
        samples[2]


def test_gray_and_turned_pictures_come_as_rgb_and_upright(tmp_path: Path) -> None:
    write_refer(tmp_path, *refer_parts())
    folder = tmp_path / "images/mscoco/images/train2014"
    Image.fromarray(np.full((HEIGHT, WIDTH), 90, np.uint8)).save(folder / f"COCO_train2014_{1:012d}.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    Image.fromarray(np.zeros((WIDTH, HEIGHT, 3), np.uint8)).save(folder / f"COCO_train2014_{2:012d}.jpg", exif=exif)
    samples = datasets.load("refcoco", root=tmp_path)
    assert samples[0].image.shape == (HEIGHT, WIDTH, 3)
    assert samples[2].image.shape == (HEIGHT, WIDTH, 3)


def test_a_ref_without_its_annotation_or_image_fails_alone(tmp_path: Path) -> None:
    instances, refs = refer_parts()
    refs[1]["ann_id"] = 99
    write_refer(tmp_path, instances, refs)
    samples = datasets.load("refcoco", root=tmp_path)
    with pytest.raises(ValueError, match=r"ref 2 names annotation 99, which instances\.json does not have"):
        samples[2]
    assert samples[0].target is not None
    instances["images"] = instances["images"][1:]
    write_refer(tmp_path, instances, refs)
    with pytest.raises(ValueError, match="ref 1 is about image 1, which is not listed"):
        datasets.load("refcoco", root=tmp_path)[0]


def test_damaged_files_are_one_error(small: Path) -> None:
    refs_file, instances = small / "refcoco" / "refs(unc).p", small / "refcoco" / "instances.json"
    whole = refs_file.read_bytes()
    for content, says in [
        (whole[:100], "is no whole pickle"),
        (pickle.dumps({"a": 1}), "expected a list of refs, got dict"),
        (
            pickle.dumps([{"split": "val"}]),
            r"refs\(unc\)\.p lacks ref_id, image_id, ann_id: {'split': 'val'}",
        ),
        (pickle.dumps([{"split": "val", "image_id": [1]}]), "lacks ref_id, image_id, ann_id"),
    ]:
        refs_file.write_bytes(content)
        with pytest.raises(ValueError, match=says):
            datasets.load("refcoco", root=small)
    refs_file.write_bytes(b"cos\nsystem\n.")
    with pytest.raises(UnsafePickleError, match=r"it asks for os\.system"):
        datasets.load("refcoco", root=small)
    refs_file.write_bytes(whole)
    for text, says in [
        ("{", "is not readable JSON"),
        ("[]", "expected COCO's lists"),
        ('{"images": []}', "'annotations'"),
    ]:
        instances.write_text(text)
        with pytest.raises(ValueError, match=says):
            datasets.load("refcoco", root=small)
    instances.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="is not readable JSON"):
        datasets.load("refcoco", root=small)


def test_a_caption_file_of_another_shape_is_left_alone(small: Path) -> None:
    for content in ([1, 2], "text", {"1": 5}):
        (small / "captions.json").write_text(json.dumps(content))
        assert not datasets.load("refcoco", root=small).captions
    (small / "captions.json").write_text(json.dumps({"1": "one", "2": ["first", "second"]}))
    assert datasets.load("refcoco", root=small).captions == {"1": "one", "2": "first"}
