"""Checkpoints as trainers, browsers and half a download leave them: what loads, and what the refusal says."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasnb.core.errors import MissingFileError, UserError
from tasnb.models.albef import AlbefItc
from tasnb.models.captioner import HFCaptioner
from tasnb.models.clip import ClipEncoder
from tasnb.models.sam import SamProposer
from tasnb.models.sam_hf import HFMaskProposer
from tasnb.models.weights import named_as, read_state, require_whole
from tests.models import official_matchers, official_proposers

PICTURE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def state(checkpoints: Path) -> dict[str, Any]:
    import torch

    return torch.load(checkpoints / "sam" / "sam_tiny_random.pth", weights_only=True)


@pytest.fixture
def load(checkpoints: Path, tmp_path: Path) -> Callable[[Any], SamProposer]:
    def save_and_load(content: Any) -> SamProposer:
        import torch

        torch.save(content, tmp_path / "best.pth")
        easy = {"pred_iou_thresh": 0.0, "stability_score_thresh": 0.0, "points_per_side": 2}
        return SamProposer.load(tmp_path / "best.pth", model=checkpoints / "sam" / "config.json", device="cpu", **easy)

    return save_and_load


def prefixed(state: dict[str, Any], before: str) -> dict[str, Any]:
    return {before + key: value for key, value in state.items()}


# what a trainer made of a state dict; one: any tensor
WRAPPED = {
    "as it is": lambda s, one: s,
    "under model, with an epoch": lambda s, one: {"model": s, "epoch": 3, "args": {"lr": 0.1}},
    "DataParallel": lambda s, one: prefixed(s, "module."),
    "state_dict of DataParallel, beside a tensor": lambda s, one: {"state_dict": prefixed(s, "module."), "best": one},
    "torch.compile": lambda s, one: prefixed(s, "_orig_mod."),
    "torch.compile of a part": lambda s, one: {k.replace("mask_decoder.", "mask_decoder._orig_mod."): s[k] for k in s},
    "Lightning": lambda s, one: {"state_dict": prefixed(s, "model.sam."), "optimizer_states": [{"state": {0: one}}]},
    "two boxes deep": lambda s, one: {"checkpoint": {"model": s}},
    "beside its optimizer": lambda s, one: {"mine": s, "optimizer": {"state": {"exp_avg": one}}},
}


@pytest.mark.parametrize("case", WRAPPED)
def test_a_trainers_checkpoint_of_sam_loads(case: str, state: dict, load: Callable) -> None:
    found = load(WRAPPED[case](state, next(iter(state.values()))))
    np.testing.assert_array_equal(found.propose(PICTURE).masks, load(state).propose(PICTURE).masks)


MASKS = "mask_decoder.mask_tokens.weight"
# what is in the file, and the reason that the refusal names
REFUSED = {
    "several models": (lambda s: {"a": s, "b": s}, "several models \\(a, b\\)"),
    "an adapter beside": (lambda s: {**s, "lora.a": s[MASKS]}, "SAM does not have: 1 more .*lora.a"),
    "a part is missing": (lambda s: {k: v for k, v in s.items() if k != MASKS}, f"1 of .* missing .*{MASKS}"),
    "no tensor": (lambda s: {"epoch": 3}, "no tensors by name; expected a state dict, or one under 'model'"),
    "a list": (lambda s: [1, 2], "no tensors by name"),
    "an object": (lambda s: {"model": s, "args": argparse.Namespace()}, "more than tensors \\(argparse.Namespace\\)"),
    "NaN": (lambda s: s | {MASKS: s[MASKS] * float("nan")}, f"{MASKS} holds NaN"),
    "infinite": (lambda s: s | {MASKS: s[MASKS] + float("inf")}, "holds NaN or infinite"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_checkpoint_that_does_not_load_says_why(case: str, state: dict, load: Callable) -> None:
    made, why = REFUSED[case]
    with pytest.raises(UserError, match=why) as refused:
        load(made(state))
    assert "weights_only=False" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_width_tells_which_sam_it_is(tmp_path: Path, state: dict, load: Callable) -> None:
    import torch

    from tasnb.models.sam import SAM_CONFIGS, build_sam

    torch.save({"model": state}, tmp_path / "own.pth")
    with pytest.raises(UserError, match=r"the encoder is 32 wide.*JSON configuration"):
        SamProposer.load(tmp_path / "own.pth", device="cpu")
    with torch.device("meta"):
        wide = {key: torch.empty_like(value, device="meta") for key, value in build_sam("vit_h").state_dict().items()}
    from tasnb.models.sam import _told_by

    assert _told_by(prefixed(wide, "module."), tmp_path) == SAM_CONFIGS["vit_h"]


# the first bytes of a file that is no checkpoint, and what is said of it
FOREIGN = {
    "empty": (b"", "it is empty"),
    "login page": (b"<!DOCTYPE html><html>log in</html>", "a web page"),
    "git lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
    "text": (b"hello\n", "no checkpoint"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(99), "no checkpoint|damaged"),
    "half a zip": (b"PK\x03\x04" + bytes(200), "damaged or cut off|no checkpoint"),
}


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("case", FOREIGN)
def test_a_file_that_is_no_checkpoint_is_named_and_so_is_what_it_is(case: str, name: str, tmp_path: Path) -> None:
    content, why = FOREIGN[case]
    (tmp_path / name).write_bytes(content)
    for read in (read_state, require_whole):
        with pytest.raises(
            UserError, match=f"{name} (cannot be read as weights|is no SAM checkpoint): it is"
        ) as refused:
            read(tmp_path / name, "SAM checkpoint")
        if name == "w.pth":
            assert any(word in str(refused.value) for word in why.split("|"))
    with pytest.raises(UserError, match="is a folder; give one SAM checkpoint"):
        read_state(tmp_path, "SAM checkpoint")
    with pytest.raises(MissingFileError, match="no such SAM checkpoint"):
        read_state(tmp_path / "gone.pth", "SAM checkpoint")


def test_the_content_decides_for_the_format_not_the_name(checkpoints: Path, tmp_path: Path) -> None:
    shutil.copy(checkpoints / "clip" / "open_clip_model.safetensors", tmp_path / "model.pth")
    assert "visual.conv1.weight" in read_state(tmp_path / "model.pth", "CLIP checkpoint")


def test_names_that_begin_otherwise_stay_foreign() -> None:
    wanted = {"a.weight", "b.weight"}
    assert named_as({"module.a.weight": 1, "module.b.weight": 2, "head.weight": 3}, wanted) == {
        "a.weight": 1,
        "b.weight": 2,
        "head.weight": 3,
    }
    assert named_as({"a.weight": 1, "module.a.weight": 2}, {"module.a.weight", "a.weight"}).keys() == {
        "a.weight",
        "module.a.weight",
    }


def test_the_same_rule_serves_clip_albef_and_captioners(checkpoints: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    clip = shutil.copytree(checkpoints / "clip", tmp_path / "clip")
    weights = clip / "open_clip_model.safetensors"
    torch.save({"model": prefixed(load_file(weights), "module.")}, clip / "open_clip_pytorch_model.bin")
    weights.unlink()
    text = ["the left dog"]
    plain = ClipEncoder.load(checkpoints / "clip", device="cpu")
    np.testing.assert_array_equal(ClipEncoder.load(clip, device="cpu").encode_texts(text), plain.encode_texts(text))

    official_matchers.write_albef(tmp_path / "albef")
    before = AlbefItc.load(tmp_path / "albef", device="cpu").encode_texts(text)
    inside = torch.load(tmp_path / "albef" / "ALBEF.pth", weights_only=True)["model"]
    torch.save({"state_dict": prefixed(inside, "module.")}, tmp_path / "albef" / "ALBEF.pth")
    np.testing.assert_array_equal(AlbefItc.load(tmp_path / "albef", device="cpu").encode_texts(text), before)

    git = shutil.copytree(checkpoints / "git", tmp_path / "git")
    weights = git / "model.safetensors"
    (git / "generation_config.json").write_text(json.dumps({"max_new_tokens": 5, "eos_token_id": 3}))
    torch.save({"model": prefixed(load_file(weights), "module."), "epoch": 1}, git / "pytorch_model.bin")
    weights.unlink()
    trained, official = HFCaptioner.load(git, device="cpu"), HFCaptioner.load(checkpoints / "git", device="cpu")
    assert trained._limit() == 5
    for key, value in official.model.state_dict().items():
        assert torch.equal(trained.model.state_dict()[key], value)


@pytest.mark.parametrize("kind", ["sam", "clip", "captioner"])
def test_nan_is_refused_when_a_model_loads(kind: str, checkpoints: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(checkpoints / {"captioner": "git"}.get(kind, kind), tmp_path / kind)
    if kind == "sam":
        import torch

        broken = torch.load(folder / "sam_tiny_random.pth", weights_only=True)
        broken["image_encoder.pos_embed"][0, 0, 0, 0] = float("nan")
        torch.save(broken, folder / "sam_tiny_random.pth")
        attempt = lambda: SamProposer.load(folder / "sam_tiny_random.pth", model=folder / "config.json", device="cpu")  # noqa: E731
    else:
        path = next(folder.glob("*.safetensors"))
        broken = load_file(path)
        name = next(key for key, value in broken.items() if value.ndim == 2)
        broken[name][0, 0] = float("inf")
        save_file(broken, path, metadata={"format": "pt"})
        attempt = lambda: {"clip": ClipEncoder, "captioner": HFCaptioner}[kind].load(folder, device="cpu")  # noqa: E731
    with pytest.raises(UserError, match="holds NaN or infinite numbers"):
        attempt()


def test_nan_that_a_model_computes_is_an_error_and_not_an_empty_answer(checkpoints: Path) -> None:
    import torch

    sam = SamProposer.load(
        checkpoints / "sam" / "sam_tiny_random.pth", model=checkpoints / "sam" / "config.json", device="cpu"
    )
    clip = ClipEncoder.load(checkpoints / "clip", device="cpu")
    git = HFCaptioner.load(checkpoints / "git", device="cpu")
    broken = (sam.model.predictor.model.image_encoder.neck, clip.model, git.model)
    for part in broken:
        with torch.no_grad():
            for tensor in part.parameters():
                tensor.fill_(float("nan"))
    for ask in (
        lambda: sam.propose(PICTURE),
        lambda: clip.encode_images([PICTURE]),
        lambda: clip.encode_texts(["dog"]),
        lambda: git.caption([PICTURE]),
    ):
        with pytest.raises(UserError, match="gives NaN"):
            ask()


def test_sam_2_as_transformers_4_56_saved_it(tmp_path: Path) -> None:
    """4.56.2 left out the second name of the positional embedding, wrote a "fast" processor, and more fields."""
    from safetensors.torch import load_file, save_file

    now = official_proposers.write_sam2(tmp_path / "now")
    old = shutil.copytree(now, tmp_path / "old")
    tensors = load_file(old / "model.safetensors")  # of noise: only a trained one has the same numbers under both names
    same = tensors["shared_image_embedding.positional_embedding"]
    both = tensors | {"prompt_encoder.shared_embedding.positional_embedding": same.clone()}
    save_file(both, now / "model.safetensors", metadata={"format": "pt"})
    del tensors["prompt_encoder.shared_embedding.positional_embedding"]
    save_file(tensors, old / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((old / "config.json").read_text()) | {"transformers_version": "4.56.2"}
    for part in ("mask_decoder_config", "prompt_encoder_config"):
        config[part]["model_type"] = ""
    backbone = config["vision_config"]["backbone_config"]
    backbone |= {"_name_or_path": "", "bad_words_ids": None, "torchscript": False, "pruned_heads": {}, "dtype": None}
    (old / "config.json").write_text(json.dumps(config))
    processor = json.loads((old / "preprocessor_config.json").read_text())
    processor |= {"image_processor_type": "Sam2ImageProcessorFast", "crop_size": None, "device": None}
    processor |= {"input_data_format": None, "return_tensors": None, "disable_grouping": None}
    (old / "preprocessor_config.json").write_text(json.dumps(processor))
    easy = {"pred_iou_thresh": 0.0, "stability_score_thresh": 0.0, "points_per_side": 3, "device": "cpu"}
    new_masks, old_masks = (HFMaskProposer.load(folder, **easy).propose(PICTURE) for folder in (now, old))
    np.testing.assert_array_equal(old_masks.masks, new_masks.masks)
    del tensors["shared_image_embedding.positional_embedding"]  # without either name the model would be noise
    save_file(tensors, old / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="2 keys are missing"):
        HFMaskProposer.load(old, **easy)
