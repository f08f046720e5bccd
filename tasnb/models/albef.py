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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.file_kinds import refuse_foreign
from tasnb.models.batched import Matcher
from tasnb.models.clip import Preprocessing
from tasnb.models.folders import quiet
from tasnb.models.machine import resolve_device, resolve_dtype
from tasnb.models.vocabulary import require_vocabulary
from tasnb.models.weights import (
    fingerprint,
    in_our_words,
    named_as,
    read_state,
    require_all,
    require_finite,
)

CHECKPOINTS = ("ALBEF.pth", "albef.pth")
VISION_LAYERS = 12  # model_pretrain.py
TEXT_LAYERS = 6  # configs/config_bert.json, fusion_layer: the layers above see the picture
MAX_TOKENS = 30  # Retrieval.py of the release, [CLS] and [SEP] counted
HEAD_WIDTH = 64  # ViT-B and BERT-base: 768 channels in 12 heads
# each tower -> how the keys of its tensors begin in the release
PREFIXES = {
    "vision": "visual_encoder.",
    "text": "text_encoder.bert.",
    "vision_proj": "vision_proj.",
    "text_proj": "text_proj.",
}
_DROPPED = re.compile(r"[,.'!?\"()*#:;~]")  # pre_caption
_SPACED = re.compile(r"[-/]")


class AlbefItc(Matcher):
    """An `ImageTextEncoder`: unit rows from ALBEF's two towers; `load` is the way to get one.

    Parameters
    ----------
    towers : mapping of str to torch.nn.Module
        vision, text, vision_proj and text_proj.
    tokenizer : object
        BERT's.
    image_size : int
        Pixels of a side of the square that a picture is squashed to.
    **common : object
        See `Matcher`.
    """

    def __init__(self, towers: Mapping[str, Any], tokenizer: Any, *, image_size: int, **common: Any) -> None:
        super().__init__(embed_dim=towers["vision_proj"].out_features, **common)
        self.towers, self.tokenizer = towers, tokenizer
        # with CLIP's mean and standard deviation
        self.preprocessing = Preprocessing(size_hw=(image_size, image_size), resize_mode="squash")

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

        Parameters
        ----------
        folder : str or Path
            That holds both.
        image_size : int
            Pixels of a side, a multiple of the patch (16); 256 as the model was pre-trained, 384 as it was tuned for
            retrieval. The position embedding is interpolated when the checkpoint's has another size.
        device, dtype : str
            Where and in which number format it runs.
        batch_size : int
            Pictures or texts that it takes at once.

        Returns
        -------
        AlbefItc
            Ready to use.

        Raises
        ------
        MissingFileError
            Without the files.
        UserError
            For weights that lack keys or hold NaN, naming them, for another model's words, and for an
            image_size that the patches do not divide.
        """
        place, number, folder = resolve_device(device), resolve_dtype(dtype), Path(folder)
        path = next((folder / name for name in CHECKPOINTS if (folder / name).is_file()), folder / CHECKPOINTS[0])
        words = folder / "vocab.txt"
        for needed in (path, words):
            if not needed.exists():
                raise MissingFileError(f"ALBEF needs {CHECKPOINTS[0]} and BERT's vocab.txt in one folder; no {needed}")
            refuse_foreign(needed, "file of ALBEF")
        towers = _filled(_read(path), image_size, f"{path} does not hold ALBEF's weights")
        for tower in towers.values():
            require_finite(str(path), tower.state_dict())
            tower.eval().requires_grad_(False).to(place, number)
        options = {"dtype": dtype, "image_size": image_size, "max_tokens": MAX_TOKENS}
        name = fingerprint("itc albef", [path, words], options)
        common: dict[str, Any] = {"device": place, "dtype": number, "batch_size": batch_size}
        tokenizer, table = _tokenizer(words), towers["text"].embeddings.word_embeddings
        require_vocabulary(tokenizer, table.num_embeddings, f"ALBEF {folder}")
        return cls(towers, tokenizer, image_size=image_size, fingerprint=name, **common)

    def _image_features(self, pictures: Sequence[np.ndarray]) -> Any:
        import torch

        pixels = torch.from_numpy(self.preprocessing(pictures)).to(self.device, self.dtype)
        return self.towers["vision_proj"](self.towers["vision"].forward_features(pixels)[:, 0])

    def _text_features(self, texts: Sequence[str]) -> Any:
        plain = [as_albef_reads(text) for text in texts]
        words = self.tokenizer(plain, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        words = words.to(self.device)
        read = self.towers["text"](input_ids=words["input_ids"], attention_mask=words["attention_mask"])
        return self.towers["text_proj"](read.last_hidden_state[:, 0])


def as_albef_reads(text: str) -> str:
    """Rewrite a text as ALBEF was trained on captions: without its punctuation, in lower case.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        Its words, with one space between them.

    Examples
    --------
    >>> as_albef_reads("The man's hot-dog, on the left!")
    'the mans hot dog on the left'
    """
    plain = _SPACED.sub(" ", _DROPPED.sub("", text.lower()))
    return " ".join(plain.split())


def _read(path: Path) -> dict[str, Any]:
    """The tensors of a checkpoint, by their names in the release."""
    known = (f"{PREFIXES['vision']}pos_embed", *(f"{PREFIXES[name]}weight" for name in ("vision_proj", "text_proj")))
    state = named_as(read_state(path, "ALBEF checkpoint"), known)
    if any(key.startswith(PREFIXES["text"]) for key in state):
        return state
    # a fine-tuned checkpoint leaves out the ".bert"
    return {re.sub(r"^text_encoder\.", PREFIXES["text"], key): value for key, value in state.items()}


def _filled(state: Mapping[str, Any], image_size: int, problem: str) -> dict[str, Any]:
    """The four modules, their sizes read off the tensors. problem: how an error begins."""
    import torch

    for prefix in PREFIXES.values():
        if not any(key.startswith(prefix) for key in state):
            raise UserError(f"{problem}: no key begins with {prefix}")

    def tensor(key: str) -> Any:
        require_all(problem, [] if key in state else [key])
        return state[key]

    projections = {
        name: torch.nn.Linear(*tensor(f"{name}.weight").shape[::-1]) for name in ("vision_proj", "text_proj")
    }
    towers = {"vision": _vision(tensor, image_size), "text": _text(tensor), **projections}
    for name, tower in towers.items():
        prefix = PREFIXES[name]
        own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        if name == "vision":
            own["pos_embed"] = _places(own["pos_embed"], tower.patch_embed.grid_size)
        with in_our_words(problem, RuntimeError):  # a shape that differs
            keys = tower.load_state_dict(own, strict=False)  # what plays no part in the score is left over
        require_all(problem, [prefix + key for key in keys.missing_keys])
    return towers


def _vision(tensor: Callable[[str], Any], image_size: int) -> Any:
    from timm.models.vision_transformer import VisionTransformer

    tensor("visual_encoder.pos_embed")
    width, _, _, patch = tensor("visual_encoder.patch_embed.proj.weight").shape
    if not isinstance(image_size, int) or image_size < 1 or image_size % patch:
        raise UserError(f"image_size: expected a multiple of the patch size {patch}, got {image_size!r:.80}")
    return VisionTransformer(
        img_size=image_size,
        patch_size=patch,
        embed_dim=width,
        depth=VISION_LAYERS,
        num_heads=max(1, width // HEAD_WIDTH),
        num_classes=0,
        global_pool="token",
    )


def _places(embedding: Any, grid_hw: tuple[int, int]) -> Any:
    """One class token, then the patches row by row; bicubic, as interpolate_pos_embed of the release."""
    from timm.layers import resample_abs_pos_embed

    return resample_abs_pos_embed(embedding.float(), list(grid_hw), antialias=False)


def _text(tensor: Callable[[str], Any]) -> Any:
    from transformers import BertConfig, BertModel

    vocabulary, width = tensor("text_encoder.bert.embeddings.word_embeddings.weight").shape
    places, _ = tensor("text_encoder.bert.embeddings.position_embeddings.weight").shape
    inner, _ = tensor("text_encoder.bert.encoder.layer.0.intermediate.dense.weight").shape
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=max(1, width // HEAD_WIDTH),
        intermediate_size=inner,
        max_position_embeddings=places,
    )
    return BertModel(config, add_pooling_layer=False)


def _tokenizer(words: Path) -> Any:
    from transformers import BertTokenizer

    with quiet(), in_our_words(f"{words} does not hold BERT's words, one a line"):
        return BertTokenizer(vocab=str(words), do_lower_case=True)
