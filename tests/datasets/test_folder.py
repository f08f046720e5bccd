"""One's own images: masks of every kind, bad rows named by their line, bad files only when they are asked for."""

from __future__ import annotations

import csv
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasnb import datasets
from tasnb.core.errors import UserError
from tasnb.core.masks import to_rle
from tasnb.datasets import files, folder
from tests.datasets.hand_made import photo

BLOCK = np.zeros((30, 40), dtype=bool)
BLOCK[5:9, 6:12] = True


def save_mask(path: Path, mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    gray = Image.fromarray(BLOCK.astype(np.uint8) * (1 if mode == "P" else 255))
    if mode == "P":
        gray.putpalette([0, 0, 0, 255, 0, 0] + [0] * 762)
        gray.save(path)
    elif mode == "RGBA":
        pixels = np.full((30, 40, 4), 255, np.uint8)
        pixels[..., 3] = BLOCK * 255
        Image.fromarray(pixels).save(path)
    else:
        gray.convert(mode).save(path)
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    photo(tmp_path / "photos" / "park.png")
    photo(tmp_path / "street.png", seed=1)
    save_mask(tmp_path / "masks" / "dog.png")
    return tmp_path


def table(folder: Path, *rows: str, header: str = "image,expression,mask") -> Path:
    (folder / "samples.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return folder


def test_masks_as_png_code_polygon_and_none(own: Path) -> None:
    code = json.dumps(to_rle(BLOCK)).replace('"', '""')
    table(
        own,
        "photos/park.png,the left dog,masks/dog.png",
        f'photos/park.png,the dog again,"{code}"',
        'street.png,"a red, shiny car","[[6, 5, 12, 5, 12, 9, 6, 9]]"',
        'street.png,a red car,"[6, 5, 12, 5, 12, 9, 6, 9]"',
        "street.png,something,",
    )
    samples = datasets.load("folder", root=own)
    assert samples.expressions[2] == "a red, shiny car"
    assert samples.image_ids == ("photos/park.png", "photos/park.png", "street.png", "street.png", "street.png")
    assert samples.sample_ids[0] == "folder-val-1"
    for sample in samples[:4]:
        assert (sample.target == BLOCK).all()
    assert samples[4].target is None
    assert samples.things("photos/park.png").shape == (1, 30, 40), "the same mask twice is one thing"
    with pytest.raises(KeyError):
        samples.things("other.png")


def test_an_image_without_masks_has_no_things(own: Path) -> None:
    table(own, "street.png,a car", header="image,expression")
    samples = datasets.load("folder", root=own)
    assert samples.things("street.png").shape == (0, 30, 40)
    assert samples[0].target is None


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_a_mask_picture_of_any_mode(own: Path, mode: str) -> None:
    save_mask(own / "m.png", mode)
    samples = datasets.load("folder", root=table(own, "street.png,a car,m.png"))
    assert (samples[0].target == BLOCK).all()


def test_the_same_as_json(own: Path) -> None:
    rows = [
        {"image": "street.png", "expression": "a car", "mask": to_rle(BLOCK), "ref_id": 4, "sent_id": 9,
         "split": "testA"},
        {"image": "street.png", "expression": "the car", "mask": [[6, 5, 12, 5, 12, 9, 6, 9]], "category": "car"},
        {"image": "photos/park.png", "expression": "a dog", "mask": "masks/dog.png", "image_id": "park"},
    ]  # fmt: skip
    for content in (rows, {"samples": rows}):
        (own / "samples.json").write_text(json.dumps(content))
        every = datasets.load("folder", split="all", root=own)
        assert [(s.target == BLOCK).all() for s in every] == [True] * 3
        assert every.sample_ids == ("folder-testA-9", "folder-val-2", "folder-val-3")
        assert every.image_ids[2] == "park"
        assert every.categories == ("", "car", "")
        assert every[0].split == "testA"
        assert len(datasets.load("folder", root=own / "samples.json")) == 2
        assert datasets.load("folder", split="testA", root=own).ref_ids == ("4",)
        with pytest.raises(ValueError, match=r"unknown split 'test' of .*; choose from testA, val, all"):
            datasets.load("folder", split="test", root=own)


def test_a_table_of_another_program_is_read(own: Path) -> None:
    text = "image,expression,mask\r\nstreet.png,ein rotes Auto & schön,\r\n\r\n"
    (own / "samples.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert datasets.load("folder", root=own).expressions == ("ein rotes Auto & schön",)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["street.png,,"], "line 2: expression is empty"),
        (["street.png,a car,", ",a dog,"], "line 3: image is empty"),
        (["street.png,a red, shiny car,x,y"], "line 2: more values than columns; a text with a comma needs quotes"),
        (["../secret.png,a car,"], "line 2: '../secret.png' leads out of the folder"),
        (["street.png,a car,../../etc/passwd"], "line 2: '../../etc/passwd' leads out of the folder"),
        (["/etc/passwd,a car,"], "line 2: '/etc/passwd' leads out of the folder"),
        (["photos/../../x.png,a car,"], "leads out of the folder"),
        (["..\\x.png,a car,"], "leads out of the folder"),
        (["C:\\x.png,a car,"], "leads out of the folder"),
        (
            ["street.png,a car,", 'street.png,"a car,', "street.png,a car,"],
            "line 3: unexpected end of data; is a quote missing?",
        ),
    ],
)
def test_a_row_that_cannot_be_understood_is_named_by_its_line(own: Path, rows: list[str], says: str) -> None:
    with pytest.raises(ValueError) as wrong:
        datasets.load("folder", root=table(own, *rows))
    assert says in str(wrong.value)
    assert "samples.csv" in str(wrong.value)


@pytest.mark.parametrize(
    ("header", "rows", "says"),
    [
        ("picture,text", ["a,b"], "line 1: expected the columns image, expression and mask, got picture, text"),
        ("image,expression,sent_id", ["street.png,a,7", "street.png,b,7"], "line 3: sent_id '7' was used before"),
        ("image,expression,image_id", ["street.png,a,1", "photos/park.png,b,1"], "line 3: image_id '1' names both"),
        ("image,expression,mask,mask", ["street.png,a,,"], "line 1: expected each column once, got mask 2 times"),
    ],
)
def test_headers_and_ids_are_checked(own: Path, header: str, rows: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        datasets.load("folder", root=table(own, *rows, header=header))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[{]", r"samples\.json is not readable JSON"),
        (b"5", "expected a list of samples"),
        (b'["a.png"]', r"sample 1: expected an object with image and expression, got 'a\.png'"),
        (b'[{"image": "a.png"}]', "sample 1: expression is empty"),
        (b'[{"image": 5, "expression": "a"}]', "sample 1: image is empty"),
        (b'[{"image": "a.png", "expression": "a", "mask": 7}]', "sample 1: mask: expected a file name"),
    ],
)
def test_a_json_table_that_cannot_be_understood(own: Path, content: bytes, says: str) -> None:
    (own / "samples.json").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        datasets.load("folder", root=own)


def test_a_polygon_of_any_length_fits_into_a_cell(own: Path) -> None:
    angles = np.linspace(0, 2 * np.pi, 9000, endpoint=False)
    rim = np.stack([20 + 9 * np.cos(angles), 15 + 9 * np.sin(angles)], axis=1).ravel().tolist()
    assert len(str(rim)) > csv.field_size_limit()
    before = csv.field_size_limit()
    samples = datasets.load("folder", root=table(own, f'street.png,a disc,"[{rim}]"', f'street.png,it,"{rim}"'))
    assert abs(int(samples[0].target.sum()) - 254) < 20
    assert (samples[0].target == samples[1].target).all()
    assert csv.field_size_limit() == before, "what the whole process may read is not ours"
    with pytest.raises(ValueError, match="line 1: expected the columns"):
        datasets.load("folder", root=table(own, header=f'"{"x" * 200_000}"'))
    assert csv.field_size_limit() == before


def test_a_table_is_bounded(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_ROWS", 3)
    assert len(datasets.load("folder", root=table(own, *["street.png,it,"] * 3))) == 3
    for rows in (["street.png,it,"] * 4, [""] * 9):
        with pytest.raises(UserError, match="expected at most 3 rows; make several tables"):
            datasets.load("folder", root=table(own, *rows))
        assert not datasets.check("folder", root=own).ok
    (own / "samples.csv").unlink()
    (own / "samples.json").write_text(json.dumps([{"image": "street.png", "expression": "it"}] * 4))
    with pytest.raises(UserError, match="sample 4: expected at most 3 rows"):
        datasets.load("folder", root=own)
    monkeypatch.setitem(files.MAX_FILE_BYTES, ".json", 100)
    with pytest.raises(UserError, match=r"samples\.json has \d+ bytes; expected at most 100"):
        datasets.load("folder", root=own)
    monkeypatch.setitem(files.MAX_FILE_BYTES, ".json", 10_000)
    monkeypatch.setattr(files, "MAX_JSON_CONTAINERS", 4)
    with pytest.raises(UserError, match="has 5 lists and objects; expected at most 4"):
        datasets.load("folder", root=own)


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("photos\\park.png", "photos/park.png"),
        (".\\photos\\park.png", "photos/park.png"),
        ("photos/a%20b%20%281%29.png", "photos/a b (1).png"),
        ("photos\\a%20b.png", "photos/a b.png"),
        ("100%.png", "100%.png"),
        ("own/photos/park.png", "photos/park.png"),
        ("own\\street.png", "street.png"),
        (unicodedata.normalize("NFC", "Straße/Übung é.png"), unicodedata.normalize("NFD", "Straße/Übung é.png")),
        (unicodedata.normalize("NFD", "한글/サンプル.png"), unicodedata.normalize("NFC", "한글/サンプル.png")),
        (unicodedata.normalize("NFC", "ü/é.png"), unicodedata.normalize("NFC", "ü/") + "e\u0301.png"),
        (unicodedata.normalize("NFC", "ü\\é.png"), unicodedata.normalize("NFD", "ü/é.png")),
    ],
)
def test_a_name_that_another_system_wrote_is_found(tmp_path: Path, written: str, there: str) -> None:
    own = tmp_path / "own"
    photo(own / there)
    save_mask(own / "masks" / there)
    wrote = "masks\\" + written if "\\" in written else f"masks/{written}"
    rows = [{"image": written, "expression": "it", "mask": wrote.replace("masks/own/", "own/masks/")}]
    if written.startswith("own\\"):
        rows[0]["mask"] = written.replace("own\\", "own\\masks\\")
    elif written.startswith(".\\"):
        rows[0]["mask"] = written.replace(".\\", ".\\masks\\")
    (own / "samples.json").write_text(json.dumps(rows))
    (sample,) = samples = datasets.load("folder", root=own)
    assert (sample.target == BLOCK).all()
    assert sample.image_id == written
    assert "missing" not in samples._contents.all_digests().values()
    assert datasets.check("folder", root=own, open_images=True).ok


def test_the_name_as_it_is_written_comes_first(own: Path) -> None:
    save_mask(own / "photos\\park.png")  # a legal name here
    (sample,) = datasets.load("folder", root=table(own, "photos\\park.png,it,"))
    assert set(np.unique(sample.image)) == {0, 255}


@pytest.mark.parametrize("name", ["out.png", "out/secret.png", "photos/out.png", "chain.png"])
def test_a_link_out_of_the_folder_is_refused_as_image_and_as_mask(tmp_path: Path, name: str) -> None:
    own, secret = tmp_path / "own", save_mask(tmp_path / "secret" / "secret.png")
    photo(own / "street.png")
    (own / "photos").mkdir()
    (own / "out").symlink_to(secret.parent)
    for link in ("out.png", "photos/out.png"):
        (own / link).symlink_to(secret)
    (own / "chain.png").symlink_to("photos/out.png")
    table(own, f"{name},a,", f"street.png,b,{name}", "street.png,c,")
    samples = datasets.load("folder", root=own)
    for index in (0, 1):
        with pytest.raises(UserError, match=r"is a link to .*secret\.png, out of .*own; copy the file into the folder"):
            samples[index]
    assert samples[2].target is None
    assert samples._contents.all_digests()[name] == "missing"
    kinds = datasets.check("folder", root=own).kinds
    assert kinds == {"outside the folder": 1, "damaged mask": 1}


def test_a_table_in_another_encoding_is_named(own: Path) -> None:
    (own / "samples.csv").write_bytes("image,expression\nstreet.png,schön\n".encode("latin-1"))
    with pytest.raises(ValueError, match="line 2: not UTF-8"):
        datasets.load("folder", root=own)


def test_bad_files_fail_only_when_asked_for(own: Path) -> None:
    (own / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no")
    (own / "nothing.png").touch()
    photo(own / "small.png", size_hw=(8, 8))
    rows = [
        ("broken.jpg,a,", "broken.jpg is not a readable picture"),
        ("nothing.png,a,", "nothing.png is not a readable picture"),
        ("gone.png,a,", "folder is incomplete: the image .*gone.png is missing"),
        ("street.png,a,gone.png", "the mask .*gone.png is missing"),
        ("street.png,a,broken.jpg", "the mask of folder-val-5 is damaged: .*broken.jpg is not a readable picture"),
        ('street.png,a,"{""size"": [5"', "the mask of folder-val-6 is damaged: it is not readable JSON"),
        ("street.png,a,[]]", "the mask of folder-val-7 is damaged: it is not readable JSON"),
        ("small.png,a,masks/dog.png", r"the mask of folder-val-8 is 30 x 40 \(h x w\), its picture .* is 8 x 8"),
        ('street.png,a,"{""size"": [5, 5], ""counts"": [25]}"', "is 5 x 5"),
    ]
    samples = datasets.load("folder", root=table(own, *[row for row, _ in rows], "street.png,a,masks/dog.png"))
    for index, (_, says) in enumerate(rows):
        with pytest.raises((ValueError, OSError), match=says) as wrong:
            samples[index]
        assert "\n" not in str(wrong.value)
    assert (samples[-1].target == BLOCK).all()


def test_the_fingerprint_follows_the_mask_files(own: Path) -> None:
    table(own, "street.png,a car,masks/dog.png")
    before = datasets.load("folder", root=own).fingerprint
    Image.fromarray(~BLOCK).save(own / "masks" / "dog.png")
    assert datasets.load("folder", root=own).fingerprint != before


def test_it_opens_again_from_its_table(own: Path) -> None:
    table(own, "street.png,a car,masks/dog.png", "street.png,a dog,")
    part = datasets.load("folder", root=own / "samples.csv")[1:]
    assert datasets.reopen(part.spec).expressions == ("a dog",)


def test_an_empty_table_is_named(own: Path) -> None:
    (own / "samples.csv").write_text("")
    with pytest.raises(ValueError, match=r"samples\.csv is empty"):
        datasets.load("folder", root=own)
    assert len(datasets.load("folder", root=table(own))) == 0


def test_without_a_table_it_says_what_it_wants(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no samples\.csv or samples\.json; expected a table"):
        datasets.load("folder", root=tmp_path)


def test_a_photo_held_upright_and_its_mask_agree(own: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((40, 30, 3), np.uint8)).save(own / "held.jpg", exif=exif)
    samples = datasets.load("folder", root=table(own, "held.jpg,a dog,masks/dog.png"))
    assert samples[0].image.shape == (30, 40, 3)
    assert samples.things("held.jpg").shape == (1, 30, 40)
