"""PhraseCut in the official layout, with several polygons an instance and several instances a phrase."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasnb import datasets
from tasnb.datasets import CountWarning
from tests.datasets.hand_made import HEIGHT, WIDTH, phrasecut_tasks, points, write_phrasecut

pytestmark = pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_phrasecut(tmp_path, phrasecut_tasks())


def test_a_phrase_is_a_sample_with_the_union_of_its_instances(small: Path) -> None:
    samples = datasets.load("phrasecut", split="test", root=small)
    assert samples.expressions == ("brown dogs", "dog on the left", "cup")
    assert samples.sent_ids == samples.ref_ids == ("7__1_2", "7__1", "8__5")
    assert samples.sample_ids[0] == "phrasecut-test-7__1_2"
    assert samples.image_ids == ("7", "7", "8")
    assert samples.categories == ("dog", "dog", "cup")
    both, left, cup = samples
    assert both.image.shape == (HEIGHT, WIDTH, 3)
    assert left.target.sum() == 36  # rim included, as PhraseCut's own evaluation draws
    # second instance: 5 x 5 and 7 x 7 that share 3 x 3
    assert both.target.sum() == 36 + 25 + 49 - 9
    assert (both.target & left.target).sum() == 36
    assert cup.gold["phrase_structure"]["attributes"] == ["brown"]


def test_things_are_the_instances_each_once(small: Path) -> None:
    samples = datasets.load("phrasecut", split="test", root=small)
    things = samples.things("7")
    assert things.shape == (2, HEIGHT, WIDTH), "two phrases share the left dog"
    assert sorted(things.sum(axis=(1, 2))) == [36, 65]
    assert not things.flags.writeable
    with pytest.raises(KeyError, match="no image '9'"):
        samples.things("9")


@pytest.mark.parametrize("inside", ["", "VGPhraseCut_v0"])
def test_the_root_may_be_the_folder_or_above_it(small: Path, inside: str) -> None:
    assert len(datasets.load("phrasecut", split="test", root=small / inside)) == 3


def test_visual_genomes_own_folders_and_no_size_file_will_do(small: Path) -> None:
    home = small / "VGPhraseCut_v0"
    (home / "images").rename(home / "VG_100K_2")
    (home / "image_data_split.json").unlink()
    samples = datasets.load("phrasecut", split="test", root=small)
    assert samples[0].target is not None
    assert samples.things("7").shape == (2, HEIGHT, WIDTH)


def test_the_published_test_split_is_expected(small: Path) -> None:
    with pytest.warns(CountWarning, match="2,545 images published, 2 found; .*14,354 sentences published, 3 found"):
        datasets.load("phrasecut", split="test", root=small)


def test_it_opens_again(small: Path) -> None:
    part = datasets.load("phrasecut", split="test", root=small)[1:]
    again = datasets.reopen(part.spec)
    assert again.sample_ids == part.sample_ids
    assert again.fingerprint == part.fingerprint


def test_bad_regions_fail_alone(tmp_path: Path) -> None:
    tasks = phrasecut_tasks()
    tasks[0]["Polygons"] = None
    tasks[1]["Polygons"] = [[[[1, "x"], [2, 3]]]]
    samples = datasets.load("phrasecut", split="test", root=write_phrasecut(tmp_path, tasks))
    for index in (0, 1):
        with pytest.raises(ValueError, match=r"the mask of phrasecut-test-7__1.* is damaged"):
            samples[index]
    assert samples[2].target.sum() == 100


def test_a_picture_of_another_size_is_one_error(small: Path) -> None:
    path = small / "VGPhraseCut_v0" / "image_data_split.json"
    path.write_text(path.read_text().replace(f'"width": {WIDTH}', '"width": 99'))
    with pytest.raises(ValueError, match=r"is 30 x 99 \(h x w\), its picture .* is 30 x 40"):
        datasets.load("phrasecut", split="test", root=small)[0]


def test_missing_and_damaged_files_are_one_error(small: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"phrasecut val is missing: expected VGPhraseCut_v0/ with refer_val\.json"
    ):
        datasets.load("phrasecut", split="val", root=small)
    path = small / "VGPhraseCut_v0" / "refer_test.json"
    for content, says in [
        ("[{", "is not readable JSON"),
        ('[{"phrase": "dog"}]', "expected a list of tasks"),
        ('[{"task_id": "1", "phrase": "dog"}]', "has no phrase or no image_id"),
    ]:
        path.write_text(content)
        with pytest.raises(ValueError, match=says):
            datasets.load("phrasecut", split="test", root=small)
    write_phrasecut(small, phrasecut_tasks())
    (small / "VGPhraseCut_v0" / "image_data_split.json").write_text(json.dumps([{"image_id": 7}]))
    with pytest.raises(ValueError, match="an image lacks 'height'"):
        datasets.load("phrasecut", split="test", root=small)


def test_an_instance_of_many_polygons_is_one_thing(tmp_path: Path) -> None:
    tasks = phrasecut_tasks()[2:]
    tasks[0]["Polygons"] = [[points(1, 1, 3, 3), points(10, 10, 3, 3), points(20, 20, 3, 3)]]
    samples = datasets.load("phrasecut", split="test", root=write_phrasecut(tmp_path, tasks))
    assert samples.things("8").shape[0] == 1
    assert samples[0].target.sum() == 48
