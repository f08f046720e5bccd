"""ALBEF's image-text contrastive score: timm's ViT-B/16, BERT's first six layers, and one projection for each.

A picture is the unit projection of the ViT's class token, a text that of BERT's first token; both are rows of one
space, so V, P and N are plain cosines, as CLIP's. Weights are read in the key layout of the official checkpoint
(salesforce/ALBEF, models/model_pretrain.py): visual_encoder.*, text_encoder.bert.*, vision_proj.*, text_proj.*, in a
state dict or under "model"; fine-tuned retrieval checkpoints leave out the ".bert". The momentum copies (*_m), the
queues, the matching head and BERT's upper six layers play no part in this score.
Sources: Li et al. 2021, section 3.1; salesforce/ALBEF, dataset/__init__.py (pictures) and dataset/utils.py (texts).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.models.batches import each_once, unit_features
from tasnb.models.checksums import fingerprint
from tasnb.models.clip import Preprocessing
from tasnb.models.devices import resolve_device, resolve_dtype
from tasnb.models.loading import listed, quiet

CHECKPOINTS = ("ALBEF.pth", "albef.pth")
VISION_LAYERS = 12  # model_pretrain.py
TEXT_LAYERS = 6  # configs/config_bert.json, fusion_layer: the layers above see the picture
MAX_TOKENS = 30  # Retrieval.py of the release, [CLS] and [SEP] counted
HEAD_WIDTH = 64  # ViT-B and BERT-base: 768 channels in 12 heads
_DROPPED = re.compile(r"[,.'!?\"()*#:;~]")  # pre_caption
_SPACED = re.compile(r"[-/]")


class AlbefItc:
    """An `ImageTextEncoder`: unit rows, float32 (n, d), from ALBEF's two towers."""

    def __init__(
        self, towers: Mapping[str, Any], tokenizer: Any, *, image_size: int, fingerprint: str, device: str, dtype: Any,
        batch_size: int = 32,
    ) -> None:  # fmt: skip
        """Take the towers by name (vision, text, vision_proj, text_proj); `load` is the way to get them."""
        if batch_size < 1:
            raise ValueError(f"batch_size: expected at least 1, got {batch_size}")
        self.towers, self.tokenizer, self.fingerprint = towers, tokenizer, fingerprint
        self.device, self.dtype, self.batch_size = device, dtype, batch_size
        # ALBEF squashes to its square, with CLIP's mean and standard deviation
        self.preprocessing = Preprocessing(size_hw=(image_size, image_size), resize_mode="squash")
        self.embed_dim = int(towers["vision_proj"].out_features)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        image_size: int = 256,
        device: str = "auto",
        dtype: str = "float32",
        batch_size: int = 32,
    ) -> AlbefItc:
        """Load ALBEF.pth and BERT's vocab.txt from one folder.

        image_size: pixels of a side, a multiple of the patch (16); 256 as the model was pre-trained, 384 as it was
        tuned for retrieval. The position embedding is interpolated when the checkpoint's has another size.
        Raises FileNotFoundError without the files, ValueError for weights that lack keys, naming them.
        """
        place, number = resolve_device(device), resolve_dtype(dtype)
        folder = Path(folder)
        path = next((folder / name for name in CHECKPOINTS if (folder / name).is_file()), None)
        words = folder / "vocab.txt"
        if path is None or not words.is_file():
            absent = words if path else folder / CHECKPOINTS[0]
            raise FileNotFoundError(f"ALBEF needs {CHECKPOINTS[0]} and BERT's vocab.txt in one folder; no {absent}")
        state = _own_layout(_read(path), path)
        towers = _build(state, image_size, path)
        for tower in towers.values():
            tower.eval().requires_grad_(False).to(place, number)
        options = {"dtype": dtype, "image_size": image_size, "max_tokens": MAX_TOKENS}
        return cls(
            towers, _tokenizer(words), image_size=image_size, device=place, dtype=number, batch_size=batch_size,
            fingerprint=fingerprint("itc albef", [path, words], options),
        )  # fmt: skip

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return unit rows, float32 (n, d), for pictures uint8 (h, w, 3) of any size; (0, d) for none."""
        import torch

        def features(batch: Sequence[np.ndarray]) -> Any:
            pixels = torch.from_numpy(self.preprocessing(batch)).to(self.device, self.dtype)
            return self.towers["vision_proj"](self.towers["vision"].forward_features(pixels)[:, 0])

        return unit_features(pictures, features, shape=(self.embed_dim,), batch_size=self.batch_size)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit rows, float32 (n, d), row for row; (0, d) for none. A text beyond 30 tokens is cut at its end."""

        def features(batch: Sequence[str]) -> Any:
            words = self.tokenizer(
                [as_albef_reads(text) for text in batch], padding=True, truncation=True, max_length=MAX_TOKENS,
                return_tensors="pt",
            ).to(self.device)  # fmt: skip
            read = self.towers["text"](input_ids=words["input_ids"], attention_mask=words["attention_mask"])
            return self.towers["text_proj"](read.last_hidden_state[:, 0])

        shape, size = (self.embed_dim,), self.batch_size
        return each_once(texts, lambda once: unit_features(once, features, shape=shape, batch_size=size))


def as_albef_reads(text: str) -> str:
    """A text without its punctuation, in lower case, as ALBEF was trained on captions.

    >>> as_albef_reads("The man's hot-dog, on the left!")
    'the mans hot dog on the left'
    """
    plain = _SPACED.sub(" ", _DROPPED.sub("", text.lower()))
    return " ".join(plain.split())


def _read(path: Path) -> dict[str, Any]:
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, zipfile and pickle each raise their own for a file that is cut off
        raise ValueError(f"{path} cannot be read as weights: {' '.join(str(error).split())[:300]}") from error
    state = state.get("model", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise ValueError(f"{path}: expected a state dict, or one under 'model'; got {type(state).__name__}")
    return state


def _own_layout(state: Mapping[str, Any], path: Path) -> dict[str, dict[str, Any]]:
    """The tensors of each tower, with the tower's own names. Raises ValueError where a whole tower is absent."""
    text = "text_encoder.bert." if any(key.startswith("text_encoder.bert.") for key in state) else "text_encoder."
    layer = re.compile(r"encoder\.layer\.(\d+)\.")
    prefixes = {"vision": "visual_encoder.", "text": text, "vision_proj": "vision_proj.", "text_proj": "text_proj."}
    found: dict[str, dict[str, Any]] = {}
    for tower, prefix in prefixes.items():
        found[tower] = {k.removeprefix(prefix): v.float() for k, v in state.items() if k.startswith(prefix)}
        if not found[tower]:
            raise ValueError(f"{path} does not hold ALBEF's weights: no key begins with {prefix}")
    found["text"] = {
        key: value for key, value in found["text"].items()
        if not ((match := layer.match(key)) and int(match[1]) >= TEXT_LAYERS)
        and key != "embeddings.position_ids" and not key.startswith(("pooler.", "cls."))
    }  # fmt: skip
    return found


def _build(state: dict[str, dict[str, Any]], image_size: int, path: Path) -> dict[str, Any]:
    """The four modules, their sizes read off the tensors, filled."""
    import torch

    towers: dict[str, Any] = {"vision": _vision(state["vision"], image_size, path), "text": _text(state["text"], path)}
    for name in ("vision_proj", "text_proj"):
        weight = _needed(state[name], "weight", f"{name}.weight", path)
        towers[name] = torch.nn.Linear(weight.shape[1], weight.shape[0])
    prefixes = {"vision": "visual_encoder", "text": "text_encoder.bert"}
    for name, tower in towers.items():
        try:
            keys = tower.load_state_dict(state[name], strict=False)
        except RuntimeError as error:  # a shape that differs
            raise ValueError(f"{path} does not hold ALBEF's weights: {' '.join(str(error).split())[:400]}") from error
        missing = [f"{prefixes.get(name, name)}.{key}" for key in keys.missing_keys]
        if missing:
            raise ValueError(f"{path} does not hold ALBEF's weights: {listed(missing)}")
    return towers


def _vision(state: dict[str, Any], image_size: int, path: Path) -> Any:
    from timm.layers import resample_abs_pos_embed
    from timm.models.vision_transformer import VisionTransformer

    patches = _needed(state, "patch_embed.proj.weight", "visual_encoder.patch_embed.proj.weight", path)
    width, patch = int(patches.shape[0]), int(patches.shape[-1])
    if image_size % patch:
        raise ValueError(f"image_size: expected a multiple of the patch size {patch}, got {image_size}")
    tower = VisionTransformer(
        img_size=image_size, patch_size=patch, embed_dim=width, depth=VISION_LAYERS,
        num_heads=max(1, width // HEAD_WIDTH), num_classes=0, global_pool="token",
    )  # fmt: skip
    grid = image_size // patch
    places = _needed(state, "pos_embed", "visual_encoder.pos_embed", path)
    # one class token, then the patches row by row; bicubic, as interpolate_pos_embed of the release
    state["pos_embed"] = resample_abs_pos_embed(places, [grid, grid], antialias=False)
    return tower


def _text(state: dict[str, Any], path: Path) -> Any:
    from transformers import BertConfig, BertModel

    words = _needed(state, "embeddings.word_embeddings.weight", "text_encoder.bert.embeddings.word_embeddings", path)
    places = _needed(
        state, "embeddings.position_embeddings.weight", "text_encoder.bert.embeddings.position_embeddings", path
    )
    inner = _needed(
        state, "encoder.layer.0.intermediate.dense.weight", "text_encoder.bert.encoder.layer.0.intermediate.dense", path
    )
    width = int(words.shape[1])
    config = BertConfig(
        vocab_size=int(words.shape[0]), hidden_size=width, num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=max(1, width // HEAD_WIDTH), intermediate_size=int(inner.shape[0]),
        max_position_embeddings=int(places.shape[0]),
    )  # fmt: skip
    return BertModel(config, add_pooling_layer=False)


def _tokenizer(words: Path) -> Any:
    from transformers import BertTokenizer

    with quiet():
        return BertTokenizer(vocab=str(words), do_lower_case=True)


def _needed(state: Mapping[str, Any], key: str, full: str, path: Path) -> Any:
    if key not in state:
        raise ValueError(f"{path} does not hold ALBEF's weights: {listed([full])}")
    return state[key]
