from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tasnb.core.types import Captioner
from tasnb.models.captioner import HFCaptioner
from tests.models import official_checkpoints as official

pytestmark = pytest.mark.slow

KINDS = ("git", "blip", "blip2")
WORDS = 6


@pytest.fixture(scope="module")
def folders(checkpoints: Path) -> dict[str, Path]:
    official.write_blip(checkpoints / "blip")
    official.write_blip2(checkpoints / "blip2")
    return {kind: checkpoints / kind for kind in KINDS}


@pytest.fixture(scope="module")
def load(folders: dict[str, Path]) -> Callable[..., HFCaptioner]:
    return lambda kind, **options: HFCaptioner.load(folders[kind], device="cpu", **{"max_new_tokens": WORDS, **options})


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in [(64, 64), (1, 1), (90, 50), (1, 30), (8, 8)]]


def official_texts(folder: Path, picture: np.ndarray, **options: int) -> str:
    """What the model's own documentation does: one picture, transformers' default processor."""
    import transformers
    from PIL import Image

    from tasnb.models.captioner import CAPTIONERS

    config = transformers.AutoConfig.from_pretrained(folder)
    model = getattr(transformers, CAPTIONERS[config.model_type]).from_pretrained(folder)
    processor = transformers.AutoProcessor.from_pretrained(folder)
    pixels = processor.image_processor(images=Image.fromarray(picture), return_tensors="pt")["pixel_values"]
    tokens = model.generate(pixel_values=pixels, max_new_tokens=WORDS, do_sample=False, **options)
    return processor.batch_decode(tokens, skip_special_tokens=True)[0].strip()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beams", [1, 3])
def test_captions_are_those_of_transformers(
    load: Callable[..., HFCaptioner], folders: dict[str, Path], pictures: list[np.ndarray], kind: str, beams: int
) -> None:
    captioner = load(kind, num_beams=beams)
    assert isinstance(captioner, Captioner)
    assert captioner.caption(pictures[:1]) == (official_texts(folders[kind], pictures[0], num_beams=beams),)


@pytest.mark.parametrize("kind", KINDS)
def test_the_batch_does_not_change_a_caption(
    load: Callable[..., HFCaptioner], pictures: list[np.ndarray], kind: str
) -> None:
    together = load(kind, batch_size=3).caption(pictures)
    assert together == load(kind, batch_size=1).caption(pictures)
    assert len(together) == len(pictures)
    assert all(text == text.strip() for text in together)


def test_a_batch_is_one_call_of_generate(load: Callable[..., HFCaptioner], pictures: list[np.ndarray]) -> None:
    captioner = load("git", batch_size=2)
    sizes: list[int] = []
    generate = captioner.model.generate
    captioner.model.generate = lambda **inputs: sizes.append(len(inputs["pixel_values"])) or generate(**inputs)
    captioner.caption(pictures)
    assert sizes == [2, 2, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_no_picture_gives_no_caption(load: Callable[..., HFCaptioner], kind: str) -> None:
    assert load(kind).caption([]) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_the_prompt_leads_the_caption_and_is_not_repeated(
    load: Callable[..., HFCaptioner], pictures: list[np.ndarray], kind: str
) -> None:
    free, led = load(kind), load(kind, prompt="the red dog")
    tokens: list[list[int]] = []
    generate = led.model.generate

    def record(**inputs):
        tokens.extend(out := generate(**inputs))
        return out

    led.model.generate = record
    texts = led.caption(pictures[:2])
    words = led.processor.tokenizer("the red dog", add_special_tokens=False)["input_ids"]
    assert all(str(words)[1:-1] in str(row.tolist()) for row in tokens)
    assert not any(text.startswith("the red dog") for text in texts)
    assert led.fingerprint != free.fingerprint


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_captions(
    load: Callable[..., HFCaptioner], pictures: list[np.ndarray], kind: str, dtype: str
) -> None:
    assert len(load(kind, dtype=dtype).caption(pictures[:2])) == 2


def test_the_fingerprint_follows_weights_and_options_and_not_the_batch(
    load: Callable[..., HFCaptioner], folders: dict[str, Path]
) -> None:
    names = [load(kind).fingerprint for kind in KINDS]
    names += [load("git", num_beams=2).fingerprint, load("git", max_new_tokens=5).fingerprint]
    assert len(set(names)) == 5
    assert load("git", batch_size=1).fingerprint == names[0]


def test_pickled_weights_load_only_as_plain_tensors(folders: dict[str, Path], tmp_path: Path) -> None:
    import shutil

    import torch
    from safetensors.torch import load_file

    old = shutil.copytree(folders["git"], tmp_path / "git")
    torch.save(load_file(old / "model.safetensors"), old / "pytorch_model.bin")
    (old / "model.safetensors").unlink()
    assert HFCaptioner.load(old, device="cpu").caption([np.zeros((4, 4, 3), np.uint8)])
    torch.save({"weights": tmp_path}, old / "pytorch_model.bin")  # a path is code to a pickle
    with pytest.raises(Exception, match="holds more than tensors"):
        HFCaptioner.load(old, device="cpu")


def test_wrong_folders_and_words_are_one_clear_error(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no config\.json"):
        HFCaptioner.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(FileNotFoundError, match="has no weights"):
        HFCaptioner.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match="of type 'bert'; choose from git, blip, blip-2"):
        HFCaptioner.load(tmp_path)
    config = json.loads((folders["blip2"] / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "image_token_index": None}))
    with pytest.raises(ValueError, match="image_token_index"):
        HFCaptioner.load(tmp_path)
    for option in ("num_beams", "max_new_tokens", "batch_size"):
        with pytest.raises(ValueError, match=f"{option}: expected at least 1, got 0"):
            HFCaptioner.load(folders["git"], **{option: 0})


def test_loading_draws_no_progress_bar(load: Callable[..., HFCaptioner], capfd: pytest.CaptureFixture[str]) -> None:
    load("git")
    assert capfd.readouterr() == ("", "")


def test_the_folders_own_length_counts_when_none_is_given(folders, tmp_path) -> None:
    import json
    import shutil

    from tasnb.models.captioner import MAX_NEW_TOKENS

    folder = shutil.copytree(folders["git"], tmp_path / "git")
    assert HFCaptioner.load(folder, device="cpu")._limit() == MAX_NEW_TOKENS
    written = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(written | {"max_new_tokens": 7}))
    assert HFCaptioner.load(folder, device="cpu")._limit() == 7
    assert HFCaptioner.load(folder, device="cpu", max_new_tokens=3)._limit() == 3


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_lack_keys_are_refused(folders: dict[str, Path], tmp_path: Path, kind: str) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(folders[kind], tmp_path / kind)
    state = load_file(broken / "model.safetensors")
    gone = next(key for key in state if "layer" in key and key.endswith("weight"))
    del state[gone]
    save_file(state, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=f"1 key is missing: {gone}"):
        HFCaptioner.load(broken, device="cpu")
    data = (folders[kind] / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"model\.safetensors cannot be read as weights: it is damaged or cut off"):
        HFCaptioner.load(broken, device="cpu")


def test_8_bits_need_cuda_and_the_extra(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    from tasnb.models import captioner
    from tasnb.models.machine import MissingExtraError

    with pytest.raises(MissingExtraError, match="'int8' needs a CUDA device, got 'cpu'; use bfloat16"):
        HFCaptioner.load(folders["blip2"], device="cpu", dtype="int8")
    if importlib.util.find_spec("bitsandbytes") is None:
        monkeypatch.setattr(captioner, "resolve_device", lambda device: "cuda")
        with pytest.raises(MissingExtraError, match=r"pip install 'tasnb\[quant\]' \(CUDA only\)"):
            HFCaptioner.load(folders["blip2"], device="cuda", dtype="int8")


def test_8_bit_captions_on_a_gpu(folders: dict[str, Path], pictures: list[np.ndarray]) -> None:
    import torch

    pytest.importorskip("bitsandbytes", reason="needs the extra tasnb[quant]")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    captioner = HFCaptioner.load(folders["blip2"], device="cuda", dtype="int8", max_new_tokens=WORDS)
    assert len(captioner.caption(pictures[:2])) == 2
    assert any("8bit" in type(m).__name__.lower() for m in captioner.model.modules())
