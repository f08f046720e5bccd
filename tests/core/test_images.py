"""Whatever picture comes in, uint8 RGB upright comes out, or one clear error."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tasnb.core.errors import UserError
from tasnb.core.images import OKABE_ITO, as_rgb, mask_colour, png_bytes, png_uri
from tests.core.test_image_files import deep_png

RED = (200, 30, 40)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("RGB", RED), ("RGBA", RED), ("CMYK", RED), ("L", (82, 82, 82)), ("LA", (82, 82, 82)), ("P", RED), ("1", None)],
)
def test_every_mode_becomes_rgb(mode: str, expected: tuple[int, int, int] | None, tmp_path) -> None:
    image = Image.new("RGB", (5, 4), RED)
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    path = tmp_path / ("x.tif" if mode == "CMYK" else "x.png")
    image.save(path)
    rgb = as_rgb(path)
    assert rgb.shape == (4, 5, 3)
    assert rgb.dtype == np.uint8
    if expected is not None:
        assert np.abs(rgb.astype(int) - expected).max() <= 3


def test_the_exif_orientation_is_applied(tmp_path) -> None:
    image = Image.new("RGB", (6, 3))
    image.putpixel((0, 0), (255, 255, 255))
    exif = image.getexif()
    exif[0x0112] = 6  # rotate 90 degrees clockwise to view
    image.save(tmp_path / "turned.png", exif=exif)
    rgb = as_rgb(tmp_path / "turned.png")
    assert rgb.shape == (6, 3, 3)
    assert rgb[0, 2].tolist() == [255, 255, 255]


def test_transparent_pixels_are_white() -> None:
    assert as_rgb(Image.new("RGBA", (2, 2), (0, 0, 0, 0))).min() == 255


def test_sixteen_bit_gray_is_scaled_not_clipped(tmp_path) -> None:
    Image.fromarray(np.array([[0, 65535], [32768, 0]], dtype=np.uint16)).save(tmp_path / "deep.png")
    assert as_rgb(tmp_path / "deep.png")[:, :, 0].tolist() == [[0, 255], [127, 0]]


RAMP = np.linspace(0, 1, 256 * 4).reshape(32, 32)


@pytest.mark.parametrize(
    ("values", "brightest"),
    [
        pytest.param((RAMP * 65535).astype(np.uint16), 255, id="16 bits"),
        pytest.param((RAMP * 16383).astype(np.uint16), 255, id="14 bits in 16"),
        pytest.param((RAMP * 4095).astype(np.uint16), 255, id="12 bits in 16"),
        pytest.param((RAMP * 1023).astype(np.uint16), 255, id="10 bits in 16"),
        pytest.param((RAMP * 255).astype(np.uint16), 255, id="8 bits in 16"),
        pytest.param((RAMP * 3000).astype(np.uint16), 186, id="a dark one of 12 bits"),
        pytest.param((RAMP * 70_000).astype(np.int32), 136, id="17 bits in 32"),
        pytest.param((RAMP * (2**31 - 1)).astype(np.int32), 254, id="31 bits"),
        pytest.param((RAMP * 20_000).astype(np.int32), 77, id="16 bits in 32"),
        pytest.param(RAMP.astype(np.float32), 255, id="fractions of 1"),
        pytest.param((RAMP / 2).astype(np.float32), 127, id="dark fractions of 1"),
        pytest.param((RAMP * 255).astype(np.float32), 255, id="fractions of 255"),
        pytest.param((RAMP * 65535).astype(np.float32), 255, id="fractions of 65,535"),
        pytest.param((RAMP * 1e9).astype(np.float32), 237, id="light of a telescope"),
        pytest.param(np.zeros((32, 32), np.float32), 0, id="black"),
    ],
)
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_deep_grays_are_scaled_by_their_range(values, brightest: int, compression, tmp_path, monkeypatch) -> None:
    Image.fromarray(values).save(tmp_path / "deep.tif", compression=compression)
    rgb = as_rgb(tmp_path / "deep.tif")
    assert abs(int(rgb.max()) - brightest) <= 1
    assert (np.diff(rgb[..., 0].ravel().astype(int)) >= 0).all(), "a ramp stays one"
    monkeypatch.setattr("tasnb.core.pixels.STRIP", 32 * 5)
    assert (as_rgb(tmp_path / "deep.tif") == rgb).all()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (np.float32("nan"), "not finite"),
        (np.float32("inf"), "not finite"),
        (np.float32(-0.01), "holds values from -0.01 to 1, expected 0 to 1"),
        (np.float32(1.5), "holds values from 0 to 1.5, expected 0 to 1"),
        (np.float32(12.5), "holds values from 0 to 12.5"),
        (np.int32(-1), "holds values from -1 to"),
    ],
)
def test_values_of_no_known_range_are_refused(value, says: str, tmp_path) -> None:
    values = RAMP.astype(value.dtype)
    values[3, 4] = value
    Image.fromarray(values).save(tmp_path / "deep.tif")
    with pytest.raises(UserError, match=says):
        as_rgb(tmp_path / "deep.tif")


def test_colours_of_16_bits_are_read_or_refused_never_black(tmp_path) -> None:
    path, full, opaque = tmp_path / "deep.png", RAMP * 65535, np.full(RAMP.shape, 65535)
    for bands in ([full] * 3, [full] * 3 + [opaque], [full, opaque], [full / 2, full, full]):
        path.write_bytes(deep_png(*bands))
        assert as_rgb(path).max() == 255
    for bits in (8, 10, 12, 14):
        narrow = RAMP * (2**bits - 1)
        for bands in ([narrow] * 3, [narrow] * 3 + [opaque], [narrow, opaque]):
            path.write_bytes(deep_png(*bands))
            with pytest.raises(UserError, match="has colours of 16 bits and uses fewer than 15"):
                as_rgb(path)
        path.write_bytes(deep_png(narrow))
        assert as_rgb(path).max() == 255


def test_large_pictures_are_read_in_strips_of_the_same_pixels(monkeypatch) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (23, 17, 4), dtype=np.uint8))
    pictures = [
        noise.convert(mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "RGBa", "I;16", "I")
    ]
    pictures.append(noise.convert("P"))
    pictures[-1].info["transparency"] = 3
    whole = [as_rgb(picture) for picture in pictures]
    monkeypatch.setattr("tasnb.core.pixels.STRIP", 17 * 3)
    for picture, expected in zip(pictures, whole, strict=True):
        assert (as_rgb(picture) == expected).all(), picture.mode


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4), bool), np.zeros((4, 4), int), np.zeros(4, np.uint8), np.zeros((1, 4, 4, 3), np.uint8)]
)
def test_other_arrays_are_refused(array) -> None:
    with pytest.raises(UserError, match=r"expected a uint8 picture|expected a picture of shape"):
        as_rgb(array)


def test_a_one_pixel_image_is_an_image() -> None:
    assert as_rgb(Image.new("RGB", (1, 1), RED)).shape == (1, 1, 3)


def test_the_result_is_read_only_and_the_input_is_left_alone() -> None:
    array = np.zeros((2, 3, 3), np.uint8)
    rgb = as_rgb(array)
    array[0, 0] = 9
    assert rgb.max() == 0
    with pytest.raises(ValueError, match="read-only"):
        rgb[0, 0] = 1


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (np.zeros((4, 4, 3), np.float32), "uint8"),
        (np.zeros((4, 4, 5), np.uint8), r"\(4, 4, 5\)"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
        (7, "expected a path"),
    ],
)
def test_what_is_no_picture_is_one_clear_error(bad, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        as_rgb(bad)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.jpg"):
        as_rgb(tmp_path / "nothing.jpg")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "is a HEIC picture"),
        (b"\x00\x00\x00\x1cftypmif1", "is a HEIC picture"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "is a web page"),
        (b"\n\n<HTML>", "is a web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing"),
        (b"<?xml version='1.0'?>\n<svg/>", "is an SVG drawing"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
    ],
)
def test_a_file_of_another_kind_gets_the_next_step(content: bytes, says: str, tmp_path) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=rf"photo\.jpg is not a readable picture: it {says}"):
        as_rgb(tmp_path / "photo.jpg")


@pytest.mark.parametrize(
    "address", ["https://example.org/a.jpg", "http:/x/y.png", "data:image/png;base64,AAAA", "FTP://a"]
)
def test_an_address_is_not_loaded(address: str) -> None:
    with pytest.raises(ValueError, match="is an address, and nothing is loaded from the network: download"):
        as_rgb(address)


def test_a_folder_is_no_picture(tmp_path) -> None:
    with pytest.raises(ValueError, match="is a folder; give one picture"):
        as_rgb(tmp_path)


@pytest.mark.parametrize("content", [b"GIF89a", b"not a picture at all"])
def test_a_broken_file_is_named(content: bytes, tmp_path) -> None:
    (tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.jpg is not a readable picture"):
        as_rgb(tmp_path / "broken.jpg")


def test_a_truncated_jpeg_is_refused(tmp_path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a readable picture"):
        as_rgb(tmp_path / "half.jpg")


def test_png_round_trip() -> None:
    import io

    array = np.random.default_rng(1).integers(0, 255, (5, 7, 3), dtype=np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(png_bytes(array)))) == array).all()
    assert png_uri(array[:, :, 0] > 128).startswith("data:image/png;base64,")


def test_a_mask_keeps_the_colour_of_its_number() -> None:
    assert mask_colour(0) == OKABE_ITO[0] == mask_colour(len(OKABE_ITO))
