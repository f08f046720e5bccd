"""A folder data set that is written comes back as it was, and nothing else is ever written over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tasnb as tn
from tasnb.core.errors import UserError
from tasnb.core.types import Sample
from tasnb.datasets import folder, writing

HOSTILE = "<script>alert('x')</script>, \"quotes\" & 🦒"
rng = np.random.default_rng(0)
PARK, STREET = (rng.integers(0, 256, (12, 16, 3)).astype(np.uint8) for _ in range(2))
DOG = np.zeros((12, 16), dtype=bool)
DOG[2:5, 3:9] = True


def sample(expression: str, *, image=PARK, target=DOG, image_id: str = "park", split: str = "val") -> Sample:
    return Sample(
        image=image, expression=expression, target=target, sample_id="x", image_id=image_id, ref_id=f"{image_id}-0",
        sent_id="1", dataset="folder", split=split,
    )  # fmt: skip


SAMPLES = [
    sample("the dog"),
    sample(HOSTILE),
    sample(" ".join(["left"] * 500)),
    sample("the cat", image=STREET, image_id="../Strasse 1", target=None),
    sample("all", image=np.full((1, 1, 3), 7, np.uint8), image_id="pixel", target=np.ones((1, 1), dtype=bool)),
    sample("none", target=np.zeros_like(DOG)),
]


def same(found: Sample, made: Sample) -> None:
    assert found.expression == made.expression
    assert np.array_equal(found.image, made.image)
    assert (found.target is None) == (made.target is None)
    assert found.target is None or np.array_equal(found.target, made.target)
    assert (found.image_id, found.ref_id, found.split) == (made.image_id, made.ref_id, made.split)


def test_what_was_written_is_read_back_pixel_for_pixel(tmp_path: Path) -> None:
    root = tn.datasets.write(SAMPLES, tmp_path / "own" / "data")
    found = tn.datasets.load("folder", root=root)
    assert len(found) == len(SAMPLES)
    for a, b in zip(found, SAMPLES, strict=True):
        same(a, b)
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["data"]  # nothing half-written is left


def test_a_picture_and_a_mask_are_written_once(tmp_path: Path) -> None:
    root = tn.datasets.write([sample("the dog"), sample("the animal")], tmp_path / "d")
    assert sorted(p.relative_to(root).as_posix() for p in root.rglob("*.png")) == ["images/park.png", "masks/0001.png"]


def test_names_that_differ_in_signs_or_case_only_stay_apart(tmp_path: Path) -> None:
    names = [
        "a b",
        "a/b",
        "A_B",
        "",
        "🦒",
        "x" * 300,
        "con",
        "LPT1",
        "..\\..\\up",
        "C:\\x",
        "/etc/passwd",
        "..",
        "a\0b",
    ]
    made = [
        sample("it", image=np.full((12, 16, 3), k, np.uint8), image_id=name or "empty") for k, name in enumerate(names)
    ]
    found = tn.datasets.load("folder", root=tn.datasets.write(made, tmp_path / "d"))
    for a, b in zip(found, made, strict=True):
        same(a, b)
    written = [path.stem for path in (tmp_path / "d" / "images").iterdir()]
    assert len(written) == len(names)
    assert not {"con", "lpt1"} & {name.lower() for name in written}, "Windows takes these for devices"


@pytest.mark.parametrize("field", ["expression", "image_id", "ref_id", "split"])
def test_half_a_character_cannot_be_written(tmp_path: Path, field: str) -> None:
    with pytest.raises(UserError, match="which has half a character"):
        tn.datasets.write([replace(sample("it"), **{field: "\ud83e"})], tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


def test_the_pictures_carry_no_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    Image.fromarray(PARK).save(tmp_path / "photo.jpg", exif=exif)
    made = tn.datasets.photo(tmp_path / "photo.jpg", "the dog")
    root = tn.datasets.write([made], tmp_path / "d")
    (file,) = (root / "images").iterdir()
    with Image.open(file) as picture:
        assert dict(picture.getexif()) == {}
        assert set(picture.info) <= {"dpi", "gamma"}
    assert [s.expression for s in tn.datasets.load("folder", root=root, split="own")] == ["the dog"]


def test_splits_are_kept(tmp_path: Path) -> None:
    root = tn.datasets.write([sample("a"), sample("b", split="testA")], tmp_path / "d")
    assert tn.datasets.load("folder", root=root).expressions == ("a",)
    assert tn.datasets.load("folder", root=root, split="testA").expressions == ("b",)
    assert len(tn.datasets.load("folder", root=root, split="all")) == 2


def files(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_another_data_set_is_never_written_over_by_accident(tmp_path: Path) -> None:
    root = tn.datasets.write([sample("the dog")], tmp_path / "d")
    before = files(root)
    with pytest.raises(FileExistsError, match="holds a data set already; choose another name, or pass replace=True"):
        tn.datasets.write([sample("the cat")], root)
    assert files(root) == before
    tn.datasets.write([sample("the cat", target=None)], root, replace=True)
    assert set(files(root)) == {"samples.csv", "images/park.png"}
    assert tn.datasets.load("folder", root=root).expressions == ("the cat",)


@pytest.mark.parametrize("also", ["notes.txt", "images/holiday.jpg", "more/x.png"])
def test_replace_spares_a_folder_with_anything_else_in_it(tmp_path: Path, also: str) -> None:
    root = tn.datasets.write([sample("the dog")], tmp_path / "d")
    (root / also).parent.mkdir(exist_ok=True)
    (root / also).write_text("mine")
    before = files(root)
    with pytest.raises(FileExistsError, match="holds other files"):
        tn.datasets.write([sample("the cat")], root, replace=True)
    assert files(root) == before


def test_a_hand_made_folder_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text("image,expression\n")
    (tmp_path / "park.jpg").write_bytes(b"")
    assert not writing.is_written(tmp_path)
    with pytest.raises(FileExistsError, match="other files"):
        tn.datasets.write(SAMPLES, tmp_path, replace=True)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("mine")
    with pytest.raises(FileExistsError, match="d is a file"):
        tn.datasets.write(SAMPLES, tmp_path / "d", replace=True)


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    assert folder.table_in(tn.datasets.write(SAMPLES, tmp_path / "d")) is not None


def test_nothing_to_write_and_one_name_for_two_pictures(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected at least one sample to write"):
        tn.datasets.write([], tmp_path / "d")
    with pytest.raises(ValueError, match="two different pictures have the image_id 'park'"):
        tn.datasets.write([sample("a"), replace(sample("b"), image=STREET)], tmp_path / "d")
    with pytest.raises(ValueError, match="line 3: expression is empty"):
        tn.datasets.write([sample("a"), sample("  ")], tmp_path / "d")
    assert list(tmp_path.iterdir()) == []
