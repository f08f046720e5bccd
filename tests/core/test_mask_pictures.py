"""The white part of white on black, whatever tool wrote it; one error where nobody can tell which part is meant."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from tasnb.core.errors import UserError
from tasnb.core.mask_pictures import as_mask
from tasnb.core.masks import iou
from tests.core.test_image_files import deep_png

THING = np.zeros((60, 80), dtype=bool)
THING[15:45, 20:61] = True
THING[5:8, 70:72] = True
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
GRAY = Image.fromarray(THING * np.uint8(255))
# without loss; exact: what is transparent keeps its colour
LOSSLESS = {"png": {}, "tif": {}, "bmp": {}, "gif": {}, "tga": {}, "ppm": {}, "webp": {"lossless": True, "exact": True}}


def palette(back: int, thing: int, *colours: tuple[int, int, int]) -> Image.Image:
    image = Image.fromarray(np.where(THING, thing, back).astype(np.uint8))
    image.putpalette([value for colour in colours for value in colour])
    return image


def painted(back: tuple[int, ...], thing: tuple[int, ...]) -> Image.Image:
    return Image.fromarray(np.where(THING[..., None], thing, back).astype(np.uint8))


def transparent(back: int, thing: int, alpha: int | bytes) -> Image.Image:
    image = palette(back, thing, (9, 9, 9), WHITE, BLACK)
    image.info["transparency"] = alpha
    return image


def cut_out() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 4), dtype=np.uint8)
    pixels[..., 3] = THING * 255
    return Image.fromarray(pixels)


def with_a_clear_rim() -> Image.Image:
    image = GRAY.convert("RGBA")
    image.putalpha(Image.fromarray(np.pad(np.full((56, 76), 255, np.uint8), 2)))
    return image


# how tools write one thing; and what they cannot be saved as, because the format keeps no such thing
WRITTEN = {
    "1 bit": (GRAY.convert("1"), ""),
    "gray": (GRAY, ""),
    "1 on 0": (Image.fromarray(THING.astype(np.uint8)), "webp"),
    "128 on 0": (Image.fromarray(THING * np.uint8(128)), ""),
    "rgb": (GRAY.convert("RGB"), ""),
    "red on black": (painted(BLACK, (255, 0, 0)), ""),
    "white on gray": (painted((40, 40, 40), WHITE), ""),
    "yellow on purple": (painted((68, 1, 84), (253, 231, 36)), ""),
    "palette white, black": (palette(1, 0, WHITE, BLACK), ""),
    "palette of three": (palette(0, 1, BLACK, WHITE, (7, 7, 7)), ""),
    "palette far apart": (palette(200, 7, *[BLACK] * 7, WHITE, *[BLACK] * 248), ""),
    "palette of DAVIS, one thing": (palette(0, 1, BLACK, (128, 0, 0), (0, 128, 0)), ""),
    "palette, clear index": (transparent(0, 1, 0), ""),
    "palette, clear white": (transparent(1, 0, 1), "bmp tif tga"),
    "palette, clear bytes, black": (transparent(2, 2, b"\xff\xff\xff"), "all"),
    "palette with alpha": (palette(1, 0, WHITE, BLACK).convert("PA"), ""),
    "opaque rgba": (GRAY.convert("RGBA"), ""),
    "black on transparent": (painted((0, 0, 0, 0), (0, 0, 0, 255)), "bmp ppm"),
    "black on transparent white": (painted((255, 255, 255, 0), (0, 0, 0, 255)), "bmp ppm"),
    "white on transparent white": (painted((255, 255, 255, 0), (255, 255, 255, 255)), "bmp ppm"),
    "white on transparent black": (painted((0, 0, 0, 0), (255, 255, 255, 255)), ""),
    "half clear on clear": (painted((0, 0, 0, 0), (0, 90, 0, 120)), "bmp ppm gif"),
    "cut out of its photo": (cut_out(), "bmp ppm gif"),
    "white on black, clear rim": (with_a_clear_rim(), ""),
    "gray and alpha, black": (Image.merge("LA", (Image.new("L", GRAY.size), GRAY)), "gif"),
    "gray and alpha, opaque": (GRAY.convert("LA"), ""),
    "cmyk": (GRAY.convert("CMYK"), ""),
    "cmyk, black ink": (Image.merge("CMYK", [*[Image.new("L", GRAY.size)] * 3, GRAY.point(lambda v: 255 - v)]), ""),
    "ycbcr": (GRAY.convert("YCbCr"), ""),
    "16 bits": (Image.fromarray(THING * np.uint16(65535)), ""),
    "16 bits, 1 on 0": (Image.fromarray(THING.astype(np.uint16)), "webp"),
    "32 bits": (Image.fromarray(THING * np.int32(70_000)), ""),
    "fractions": (Image.fromarray(THING.astype(np.float32)), "webp"),
    "fractions to 255": (Image.fromarray(THING * np.float32(255)), ""),
}


@pytest.mark.parametrize("name", [name for name in WRITTEN if WRITTEN[name][1] != "all"])
def test_the_white_part_of_white_on_black(name: str, tmp_path: Path) -> None:
    image, lost = WRITTEN[name]
    assert (as_mask(image) == THING).all()
    saved = 0
    for ending, options in LOSSLESS.items():
        path = tmp_path / f"mask.{ending}"
        try:
            image.save(path, **options)
        except (OSError, ValueError, KeyError):
            continue  # the format has no such mode
        if ending not in lost:
            assert (as_mask(path) == THING).all(), ending
            saved += 1
    assert saved > 0


@pytest.mark.parametrize("thing", [WHITE, (255, 0, 0), (120, 120, 120)])
@pytest.mark.parametrize(
    "options",
    [
        {"format": "JPEG", "quality": 40},
        {"format": "JPEG", "quality": 75},
        {"format": "JPEG", "quality": 95},
        {"format": "WEBP", "quality": 75},
        {"format": "JPEG2000", "irreversible": True, "quality_layers": [20]},
        {"format": "TIFF", "compression": "jpeg"},
    ],
    ids=str,
)
def test_a_lossy_mask_is_cut_at_half(thing: tuple[int, int, int], options: dict, tmp_path: Path) -> None:
    painted(BLACK, thing).save(tmp_path / "mask", **options)
    mask = as_mask(tmp_path / "mask")
    assert iou(mask, THING) > 0.98
    if thing == WHITE:
        Image.open(tmp_path / "mask").convert("RGB").save(tmp_path / "again.png")  # as some tools pass it on
        assert (as_mask(tmp_path / "again.png") == mask).all()


@pytest.mark.parametrize("resample", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
def test_soft_rims_are_cut_at_half(resample: Image.Resampling) -> None:
    larger = np.asarray(GRAY.resize((173, 131), Image.Resampling.NEAREST)) > 0
    assert iou(as_mask(GRAY.resize((173, 131), resample)), larger) > 0.97
    assert iou(as_mask(GRAY.filter(ImageFilter.GaussianBlur(2))), THING) > 0.95
    assert iou(as_mask(painted((0, 0, 0, 0), (0, 0, 0, 255)).resize((173, 131), resample)), larger) > 0.97


def numbers(*values: int, palette_of: tuple[tuple[int, int, int], ...] = ()) -> Image.Image:
    """Two things, a ring around the first, and the ground."""
    pixels = np.full((60, 80), values[0], np.uint8)
    pixels[5:30, 5:30] = values[-1]
    pixels[9:26, 9:26] = values[1]
    pixels[35:50, 40:70] = values[2]
    image = Image.fromarray(pixels)
    if palette_of:
        image.putpalette([value for colour in palette_of for value in colour])
    return image


VOC = (BLACK, (128, 0, 0), (0, 128, 0), (224, 224, 192))
# nobody can tell which part is meant
UNCLEAR = {
    "two things": (numbers(0, 1, 2, 1), "two low numbers"),
    "two things, brighter": (numbers(0, 100, 200, 200), "areas of"),
    "two things of DAVIS": (numbers(0, 1, 2, 1, palette_of=VOC), r"it holds 0, \(128, 0, 0\), \(0, 128, 0\)"),
    "a thing and VOC's void": (numbers(0, 1, 1, 3, palette_of=VOC), "VOC's ring of void; paint it black"),
    "VOC's void alone": (numbers(0, 0, 0, 3, palette_of=VOC), "VOC's ring of void"),
    "void as a number": (numbers(0, 15, 15, 255), "areas of"),
    "a trimap": (numbers(0, 255, 255, 128), "areas of 255, 0, 128"),
    "labels without a ground": (numbers(1, 2, 2, 2), "2 and 1|1 and 2"),
    "instance ids": (
        Image.fromarray(np.asarray(numbers(0, 24, 26, 25)).astype(np.uint16) * 1000),
        "areas of|low numbers",
    ),
    "red on white": (painted(WHITE, (255, 0, 0)), "equally bright"),
    "clear everywhere": (painted((0, 0, 0, 0), (255, 255, 255, 0)), "transparent everywhere"),
    "several colours on transparent": (numbers(3, 1, 2, 1, palette_of=VOC).convert("RGBA"), "it holds|void"),
    "fractions of no range": (Image.fromarray(THING * np.float32(3.5)), "expected 0 to 1"),
    "below zero": (Image.fromarray(THING * np.int32(-1)), "holds values from -1"),
    "not a number": (Image.fromarray(np.where(THING, np.float32("nan"), np.float32(1))), "not finite"),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_a_mask_that_does_not_say_what_is_meant_is_refused(name: str, tmp_path: Path) -> None:
    image, says = UNCLEAR[name]
    with pytest.raises(UserError, match=says) as wrong:
        as_mask(image)
    assert "\n" not in str(wrong.value)
    image.save(tmp_path / "mask.tif" if image.mode in ("F", "I") else tmp_path / "mask.png")
    with pytest.raises(UserError, match=says):
        as_mask(next(tmp_path.iterdir()))


def test_lossy_masks_of_several_things_are_refused_too() -> None:
    for image in (numbers(0, 1, 2, 1, palette_of=VOC).convert("RGB"), Image.fromarray(THING.astype(np.uint8) * 20)):
        file = io.BytesIO()
        image.save(file, "JPEG")
        with pytest.raises(UserError, match=r"several colours|it holds|as little as lossy files"):
            as_mask(Image.open(file))


def test_a_photo_is_no_mask(shared_root: Path) -> None:
    photos = sorted((shared_root / "data" / "mini-refcoco").rglob("*.jpg"))[:6]
    assert photos
    for photo in photos:
        with pytest.raises(UserError, match="expected a mask such as white on black"):
            as_mask(photo)


def test_one_colour_is_all_or_nothing() -> None:
    assert as_mask(Image.new("RGB", (4, 3), WHITE)).all()
    assert as_mask(Image.new("L", (4, 3), 1)).all()
    assert not as_mask(Image.new("L", (4, 3))).any()
    assert not as_mask(Image.new("RGBA", (4, 3))).any()


def test_16_bits_a_channel(tmp_path: Path) -> None:
    deep, zero = THING * np.uint16(65535), np.zeros(THING.shape, np.uint16)
    for bands in ([deep] * 3, [zero, deep], [zero] * 3 + [deep], [deep, zero + np.uint16(65535)], [THING]):
        (tmp_path / "deep.png").write_bytes(deep_png(*bands))
        assert (as_mask(tmp_path / "deep.png") == THING).all()
    (tmp_path / "deep.png").write_bytes(deep_png(*[THING] * 3))
    with pytest.raises(UserError, match="uses fewer than 15"):
        as_mask(tmp_path / "deep.png")


def test_nothing_is_no_mask() -> None:
    for nothing in (np.zeros((0, 4), np.uint8), Image.new("RGB", (4, 0))):
        with pytest.raises(UserError, match="has no pixels"):
            as_mask(nothing)


def test_a_mask_is_turned_as_its_photo_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    GRAY.save(tmp_path / "mask.jpg", exif=exif, quality=95)
    assert (as_mask(tmp_path / "mask.jpg") == np.rot90(THING, -1)).all()


def test_arrays_are_masks_or_pictures_of_them() -> None:
    assert as_mask(THING) is THING
    for array in (THING.astype(np.uint8), np.dstack([THING * np.uint8(255)] * 3), np.asarray(GRAY.convert("RGBA"))):
        assert (as_mask(array) == THING).all()
    for array in (THING.astype(int), THING.astype(float), THING[None], THING[..., None], np.zeros((3, 3, 2), np.uint8)):
        with pytest.raises(UserError, match=r"expected a mask as bool \(h, w\)"):
            as_mask(array)


def test_large_ones_are_read_in_strips(monkeypatch) -> None:
    soft = GRAY.resize((173, 131)).convert("RGB")
    whole = as_mask(soft)
    monkeypatch.setattr("tasnb.core.pixels.STRIP", 173 * 9)
    assert (as_mask(soft) == whole).all()
    for image, says in UNCLEAR.values():
        with pytest.raises(UserError, match=says):
            as_mask(image)


@given(data=st.data(), mode=st.sampled_from(["1", "L", "P", "LA", "PA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"]))
@settings(max_examples=60, deadline=None)
def test_any_picture_is_a_mask_or_refused(data, mode: str) -> None:
    width, height = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    shape = Image.new(mode, (width, height))
    few = data.draw(st.lists(st.binary(min_size=4, max_size=4), min_size=1, max_size=5))
    size = len(shape.tobytes())
    filled = b"".join(data.draw(st.lists(st.sampled_from(few), min_size=size, max_size=size)))[:size]
    image = Image.frombytes(mode, (width, height), filled)
    if mode in ("P", "PA"):
        image.putpalette(data.draw(st.binary(min_size=768, max_size=768)))
    try:
        mask = as_mask(image)
    except UserError:
        return
    assert (mask.dtype, mask.shape) == (bool, (height, width))
