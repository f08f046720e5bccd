"""``Samples``: slices, specs that open again elsewhere, fingerprints that follow the content, a bounded cache."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasnb import datasets
from tasnb.datasets.samples import CACHED_BYTES
from tests.datasets.hand_made import photo, refer_parts, write_refer

pytestmark = pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")


@pytest.mark.parametrize(
    "place", [slice(3, 9), slice(0, 0), slice(None, None, 3), slice(None, None, -1), slice(-5, None)]
)
def test_a_slice_says_how_to_open_it_again(place: slice) -> None:
    samples = datasets.load("reftoy", split="testA")
    part = samples[place]
    spec = json.loads(json.dumps(part.spec))
    again = datasets.reopen(spec)
    assert again.sample_ids == part.sample_ids == samples.sample_ids[place]
    assert again.fingerprint == part.fingerprint
    assert again.spec == spec


def test_a_slice_of_a_slice_and_a_choice_of_a_slice() -> None:
    samples = datasets.load("reftoy")
    part = samples[10:40][5:10]
    assert part.spec["rows"] == [15, 20]
    chosen = part.take([4, 0])
    assert chosen.spec["indices"] == [19, 15]
    assert chosen.sample_ids == (samples.sample_ids[19], samples.sample_ids[15])
    assert datasets.reopen(chosen.spec).sample_ids == chosen.sample_ids
    assert samples.take([0, 7]).spec["indices"] == [0, 7]
    with pytest.raises(IndexError):
        part.take([5])


def test_a_numpy_index_is_an_index() -> None:
    samples = datasets.load("reftoy")
    assert samples[np.int64(3)].sample_id == samples.sample_ids[3]


def test_the_whole_split_has_no_rows_in_its_spec() -> None:
    samples = datasets.load("reftoy", split="testB")
    assert samples.spec == {"name": "reftoy", "split": "testB", "root": None, "options": {}}
    assert samples[:].spec == samples.spec


def test_a_spec_opens_in_another_process_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_refer(tmp_path / "data", *refer_parts())
    monkeypatch.chdir(tmp_path)
    part = datasets.load("refcoco", root="data")[1:]
    code = (
        "import json, sys, tasnb.datasets as d; s = d.reopen(json.loads(sys.argv[1]));"
        "print(json.dumps([s.fingerprint, list(s.sample_ids), s[0].expression]))"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, json.dumps(part.spec)],
        capture_output=True, text=True, check=True, cwd="/",
    )  # fmt: skip
    assert json.loads(run.stdout) == [part.fingerprint, list(part.sample_ids), "left dog"]


def test_the_fingerprint_follows_content_split_and_rows(tmp_path: Path) -> None:
    instances, refs = refer_parts()
    write_refer(tmp_path / "a", instances, refs)
    write_refer(tmp_path / "b", instances, refs)
    first, second = (datasets.load("refcoco", root=tmp_path / place) for place in "ab")
    assert len(first.fingerprint) == 64
    assert first.fingerprint == second.fingerprint, "the folder does not matter"
    photo(next((tmp_path / "b").rglob("*1.jpg")), seed=9)
    assert datasets.load("refcoco", root=tmp_path / "b").fingerprint == first.fingerprint, "nor do photos"
    others = {datasets.load("refcoco", split="testA", root=tmp_path / "a").fingerprint, first[1:].fingerprint}
    refs[0]["sentences"][0]["sent"] = "a dog"
    write_refer(tmp_path / "b", instances, refs)
    others.add(datasets.load("refcoco", root=tmp_path / "b").fingerprint)
    write_refer(tmp_path / "b", instances | {"info": 1}, refer_parts()[1])
    others.add(datasets.load("refcoco", root=tmp_path / "b").fingerprint)
    assert len(others) == 4
    assert first.fingerprint not in others


def test_an_image_alone_can_be_asked_for() -> None:
    samples = datasets.load("reftoy")
    assert samples.image(samples.image_id(5)) is samples[5].image


@pytest.mark.slow
def test_large_photos_do_not_pile_up(tmp_path: Path) -> None:
    rows = ["image,expression"]
    for number in range(6):
        photo(tmp_path / f"{number}.png", size_hw=(2000, 2500), seed=number)
        rows.append(f"{number}.png,thing")
    (tmp_path / "samples.csv").write_text("\n".join(rows))
    samples = datasets.load("folder", root=tmp_path)
    for sample in samples:
        assert sample.image.nbytes == 15_000_000
        assert sum(image.nbytes for image in samples._cache.values()) <= CACHED_BYTES
    assert len(samples._cache) == 4


def test_it_says_what_it_is() -> None:
    assert repr(datasets.load("reftoy")[:10]).startswith("Samples('reftoy', split='val', 10 samples of ")
