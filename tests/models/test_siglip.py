"""A SigLIP-type model in open_clip's folder format: timm tower, no causal mask, last-token pooling, a logit bias."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tasnb.models.adapters import load_matcher

TEXTS = ["The left dog!", "a red bus"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What google's SigLIP repositories hold, small: open_clip_config.json, safetensors, a transformers tokenizer."""
    import open_clip
    from safetensors.torch import save_file

    from tests.models.official_checkpoints import _seeded, write_clip

    place = tmp_path_factory.mktemp("siglip")
    write_clip(place)  # for its tokenizer; the rest is written over
    words = json.loads((place / "open_clip_config.json").read_text())["model_cfg"]["text_cfg"]["vocab_size"]
    config = {
        "model_cfg": {
            "embed_dim": 64,
            "init_logit_bias": -10,
            "custom_text": True,
            "vision_cfg": {
                "image_size": 160,
                "timm_model_name": "test_vit",
                "timm_model_pretrained": False,
                "timm_pool": "map",
                "timm_proj": "none",
            },
            "text_cfg": {
                "context_length": 16,
                "vocab_size": words,
                "hf_tokenizer_name": "in this folder",
                "tokenizer_kwargs": {"clean": "canonicalize"},
                "width": 64,
                "heads": 2,
                "layers": 2,
                "no_causal_mask": True,
                "proj_bias": True,
                "pool_type": "last",
                "norm_kwargs": {"eps": 1e-6},
                "act_kwargs": {"approximate": "tanh"},
            },
        },
        "preprocess_cfg": {
            "size": 160,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "interpolation": "bicubic",
            "resize_mode": "squash",
        },
    }
    (place / "open_clip_config.json").write_text(json.dumps(config))
    options = {key: value for key, value in config["model_cfg"].items() if key != "custom_text"}
    model = _seeded(lambda: open_clip.model.CustomTextCLIP(**options))
    assert model.logit_bias is not None
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, place / "open_clip_model.safetensors")
    return place


def test_a_siglip_folder_loads_and_agrees_with_open_clip(folder: Path) -> None:
    import open_clip
    import torch
    from PIL import Image

    encoder = load_matcher(folder, device="cpu")
    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    picture = np.random.default_rng(0).integers(0, 256, (50, 90, 3), dtype=np.uint8)
    with torch.no_grad():
        image = model.eval().encode_image(transform(Image.fromarray(picture))[None], normalize=True)
        texts = model.encode_text(tokenizer(TEXTS), normalize=True)
    assert encoder.encode_images([picture]) == pytest.approx(image.numpy(), abs=1e-5)
    assert encoder.encode_texts(TEXTS) == pytest.approx(texts.numpy(), abs=1e-5)
    assert encoder.preprocessing.mean == (0.5, 0.5, 0.5)


def test_the_logit_bias_moves_no_cosine(folder: Path, tmp_path: Path) -> None:
    """SigLIP adds it to every logit alike, so the order of proposals and the three scores stay."""
    import shutil

    from safetensors.torch import load_file, save_file

    other = shutil.copytree(folder, tmp_path / "other")
    state = load_file(other / "open_clip_model.safetensors")
    state["logit_bias"] = state["logit_bias"] + 5
    save_file(state, other / "open_clip_model.safetensors")
    assert np.array_equal(
        load_matcher(other, device="cpu").encode_texts(TEXTS), load_matcher(folder, device="cpu").encode_texts(TEXTS)
    )
