from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasnb.core.types import ImageTextEncoder
from tasnb.models.clip import ClipEncoder, Preprocessing
from tests.models.official_checkpoints import write_clip, write_clip_state_dict

SIZES = [(64, 64), (1, 1), (50, 90), (90, 51), (64, 65), (1, 40), (300, 301)]


@pytest.fixture(scope="module")
def encoder(checkpoints: Path) -> ClipEncoder:
    return ClipEncoder.load(checkpoints / "clip", device="cpu")


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in SIZES]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small architecture that open_clip knows by name, with and without QuickGELU."""
    import open_clip

    folder = tmp_path_factory.mktemp("architectures")
    for name, quick in (("tasnb-test", False), ("tasnb-test-quickgelu", True)):
        config = {
            "embed_dim": 16,
            "quick_gelu": quick,
            "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
        }
        (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder)
    return "tasnb-test"


def test_it_is_an_image_text_encoder(encoder: ClipEncoder) -> None:
    assert isinstance(encoder, ImageTextEncoder)


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("mode", ["shortest", "squash"])
def test_pictures_are_prepared_exactly_as_open_clip_does(
    pictures: list[np.ndarray], mode: str, interpolation: str
) -> None:
    from open_clip.transform import PreprocessCfg, image_transform_v2

    ours = Preprocessing(size_hw=64, resize_mode=mode, interpolation=interpolation)
    cfg = PreprocessCfg(size=64, resize_mode=mode, interpolation=interpolation)
    theirs = image_transform_v2(cfg, is_train=False)
    for picture in pictures:
        np.testing.assert_array_equal(ours([picture])[0], theirs(Image.fromarray(picture)).numpy())


def test_rows_are_those_of_open_clip(encoder: ClipEncoder, checkpoints: Path, pictures: list[np.ndarray]) -> None:
    import open_clip
    import torch

    name = f"local-dir:{checkpoints / 'clip'}"
    model, _, transform = open_clip.create_model_and_transforms(name)
    texts = ["the left dog", "a red bus"]
    with torch.no_grad():
        images = model.eval().encode_image(
            torch.stack([transform(Image.fromarray(p)) for p in pictures]), normalize=True
        )
        words = model.encode_text(open_clip.get_tokenizer(name)(texts), normalize=True)
    np.testing.assert_allclose(encoder.encode_images(pictures), images.numpy(), atol=1e-6)
    np.testing.assert_allclose(encoder.encode_texts(texts), words.numpy(), atol=1e-6)


def test_rows_have_length_one_and_do_not_depend_on_the_batch(checkpoints: Path, pictures: list[np.ndarray]) -> None:
    rows = [
        ClipEncoder.load(checkpoints / "clip", device="cpu", batch_size=b).encode_images(pictures) for b in (1, 3, 64)
    ]
    assert rows[0].dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows[0], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(rows[1], rows[0], atol=1e-6)
    np.testing.assert_allclose(rows[2], rows[0], atol=1e-6)


def test_nothing_gives_no_rows_of_the_right_width(encoder: ClipEncoder) -> None:
    assert encoder.encode_images([]).shape == (0, 32)
    assert encoder.encode_texts([]).shape == (0, 32)


def test_a_text_that_comes_twice_is_computed_once(encoder: ClipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    tokenizer = encoder.tokenizer
    monkeypatch.setattr(encoder, "tokenizer", lambda texts: seen.extend(texts) or tokenizer(texts))
    rows = encoder.encode_texts(["a dog", "a cat", "a dog", "a dog"])
    assert seen == ["a dog", "a cat"]
    np.testing.assert_array_equal(rows[[0, 0, 0]], rows[[0, 2, 3]])
    assert not np.array_equal(rows[0], rows[1])


@pytest.mark.parametrize("text", ["", "😀 le chien à gauche", "word " * 500, "the\nleft\tdog"])
def test_any_text_has_a_row(encoder: ClipEncoder, text: str) -> None:
    assert np.isfinite(encoder.encode_texts([text])).all()


def test_a_long_text_is_cut_at_its_end(encoder: ClipEncoder) -> None:
    long = "the dog and the cat and the man and the bus and the red"  # fills the 14 words that fit, and more
    rows = encoder.encode_texts([f"{long} dog", f"{long} puppy on the left"])
    np.testing.assert_array_equal(rows[0], rows[1])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_stays_near_full_precision(
    checkpoints: Path, encoder: ClipEncoder, pictures: list[np.ndarray], dtype: str
) -> None:
    half = ClipEncoder.load(checkpoints / "clip", device="cpu", dtype=dtype)
    assert (half.encode_images(pictures) * encoder.encode_images(pictures)).sum(1).min() > 0.99
    assert half.fingerprint != encoder.fingerprint


def test_a_name_needs_its_weights_and_reads_openai_state_dicts(named: str, tmp_path: Path) -> None:
    checkpoint = tmp_path / "weights.pt"
    write_clip_state_dict(checkpoint, f"{named}-quickgelu")
    encoder = ClipEncoder.load(f"{named}-quickgelu", checkpoint, device="cpu")
    assert encoder.encode_texts(["a dog"]).shape == (1, 16)
    with pytest.raises(ValueError, match="needs checkpoint="):
        ClipEncoder.load(named)
    with pytest.raises(FileNotFoundError, match=r"none\.pt"):
        ClipEncoder.load(named, tmp_path / "none.pt")


# what marks the weights, which architecture is asked for, which one the error must name
QUICK_GELU = [
    ("OpenAI's sizes in the state dict", "weights.pt", True, "tasnb-test", "tasnb-test-quickgelu"),
    ("openai in the file's name", "ViT-openai.pt", False, "tasnb-test", "tasnb-test-quickgelu"),
    ("openai in the folder's name", "clip.openai/weights.pt", False, "tasnb-test", "tasnb-test-quickgelu"),
    ("quickgelu in the file's name", "vit-quickgelu-laion.pt", False, "tasnb-test", "tasnb-test-quickgelu"),
    ("sizes, and the right name", "weights.pt", True, "tasnb-test-quickgelu", None),
    ("no mark: the name decides", "weights.pt", False, "tasnb-test", None),
    ("no mark: the name decides", "weights.pt", False, "tasnb-test-quickgelu", None),
]


@pytest.mark.parametrize(("case", "file", "openai", "model", "better"), QUICK_GELU)
def test_quick_gelu_must_agree_with_the_weights(
    named: str, tmp_path: Path, case: str, file: str, openai: bool, model: str, better: str | None
) -> None:
    write_clip_state_dict(tmp_path / "plain" / file, named, openai=openai)
    if better is None:
        ClipEncoder.load(model, tmp_path / "plain" / file, device="cpu")
        return
    with pytest.raises(ValueError, match=rf"QuickGELU mismatch: .* use model='{better}'"):
        ClipEncoder.load(model, tmp_path / "plain" / file, device="cpu")


def test_a_release_without_quick_gelu_refuses_a_quickgelu_name(tmp_path: Path) -> None:
    from tasnb.models.clip import _check_quick_gelu, _tag

    weights = tmp_path / "vit_b_16-laion400m_e32-55e67d44.pt"  # the release's own file name
    tag = _tag("ViT-B-16", weights)
    assert tag is not None
    with pytest.raises(ValueError, match=r"trained without QuickGELU.*use model='ViT-B-16'"):
        _check_quick_gelu("ViT-B-16-quickgelu", {"quick_gelu": True}, weights, openai=False, tag=tag)


def test_a_folder_of_openai_weights_must_say_quick_gelu(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.openai", quick_gelu=True)
    assert ClipEncoder.load(tmp_path / "clip.openai", device="cpu").embed_dim == 32
    write_clip(tmp_path / "clip.openai", quick_gelu=False)
    with pytest.raises(ValueError, match=r'set "quick_gelu": true in model_cfg'):
        ClipEncoder.load(tmp_path / "clip.openai", device="cpu")


def test_a_torchscript_archive_is_refused_with_what_to_use(named: str, tmp_path: Path) -> None:
    import torch

    module = torch.jit.trace(torch.nn.Linear(1, 1), torch.zeros(1, 1))
    torch.jit.save(module, tmp_path / "RN50.pt")
    with pytest.raises(ValueError, match=r"TorchScript archive.*tasnb fetch laptop"):
        ClipEncoder.load(named, tmp_path / "RN50.pt")


def test_weights_of_another_model_are_refused(named: str, checkpoints: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not fit the CLIP model that was asked for"):
        ClipEncoder.load(named, checkpoints / "clip" / "open_clip_model.safetensors")
    shutil.copy(checkpoints / "sam" / "sam_tiny_random.pth", tmp_path / "w.pt")
    with pytest.raises(ValueError, match="does not fit the CLIP model that was asked for"):
        ClipEncoder.load(named, tmp_path / "w.pt")


def test_a_wrong_name_lists_what_is_near(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown CLIP model 'vit-b32'.*ViT-B-32"):
        ClipEncoder.load("vit-b32", tmp_path)
    with pytest.raises(ValueError, match="unknown CLIP model 'hf-hub:a/b'"):
        ClipEncoder.load("hf-hub:a/b")
    with pytest.raises(ValueError, match="would fetch its tokenizer from the network"):
        ClipEncoder.load("ViT-B-16-SigLIP", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no open_clip_config\.json"):
        ClipEncoder.load(tmp_path)
    with pytest.raises(ValueError, match="batch_size: expected at least 1"):
        write_clip(tmp_path / "c") and ClipEncoder.load(tmp_path / "c", batch_size=0)


def test_loading_leaves_the_root_logger_alone(checkpoints: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = list(logging.getLogger().handlers), list(logging.getLogger().filters)
    ClipEncoder.load(checkpoints / "clip", device="cpu")
    assert (logging.getLogger().handlers, logging.getLogger().filters) == before
    assert capfd.readouterr() == ("", "")
