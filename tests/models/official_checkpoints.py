"""Writes random-weight checkpoints in the official formats, so that every adapter is exercised offline.

    python -m tests.models.official_checkpoints OUT          # small architectures, seconds, a few MB
    python -m tests.models.official_checkpoints OUT --full   # SAM ViT-B, CLIP ViT-B/32 and RN50, GIT-base: 2.3 GB

OUT then holds a ``models.json``, so ``tasnb segment photo.jpg "the left dog" --models OUT`` runs on it. The weights
are noise: these files test formats, sizes and speed, never quality.

What a small open_clip model needs to live in a folder of its own (open_clip 3.3, read in its source and tried):
``open_clip_config.json`` with ``model_cfg``, ``open_clip_model.safetensors``, and the files of a transformers
tokenizer. A non-empty ``text_cfg.hf_tokenizer_name`` makes open_clip read the tokenizer from that same folder, whatever
the name says. The text tower is the plain causal one, so what follows the end token plays no part; ``pool_type`` "eos"
with ``eos_id`` reads the feature there ("argmax", the default, works only when that id is the largest).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.models.official_language import WORDS, write_spacy, write_wordnet

TINY_SAM = {
    "image_size": 128,
    "patch_size": 16,
    "encoder_embed_dim": 32,
    "encoder_depth": 2,
    "encoder_num_heads": 2,
    "encoder_global_attn_indexes": [1],
    "window_size": 4,
    "prompt_embed_dim": 32,
    "decoder_mlp_dim": 64,
    "decoder_num_heads": 4,
    "iou_head_hidden_dim": 32,
}


def _seeded(build: Callable[[], Any], seed: int = 0) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def _quietly(save: Callable[..., Any], folder: Path) -> None:
    """Save without transformers' progress bar."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        save(folder)
    finally:
        if shown:
            logging.enable_progress_bar()


def write_sam(folder: Path, *, full: bool = False) -> dict[str, str]:
    """SAM's official state dict as ``.pth``: ViT-B, or a JSON configuration of 0.2 M parameters."""
    import torch

    from tasnb.models.sam import build_sam

    folder.mkdir(parents=True, exist_ok=True)
    model = "vit_b"
    if not full:
        model = str(folder / "config.json")
        Path(model).write_text(json.dumps(TINY_SAM))
    checkpoint = folder / ("sam_vit_b_random.pth" if full else "sam_tiny_random.pth")
    torch.save(_seeded(lambda: build_sam(model)).state_dict(), checkpoint)
    return {"checkpoint": str(checkpoint), "model": model}


def write_clip(folder: Path, *, quick_gelu: bool = False, vision: dict[str, Any] | None = None) -> dict[str, str]:
    """A small model in open_clip's local-dir format (see above). vision: another vision_cfg, such as a ResNet's."""
    import open_clip
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ["<pad>", "<unk>", "<start_of_text>", *WORDS, "<end_of_text>"]
    ids = {word: index for index, word in enumerate(vocabulary)}
    start, end = "<start_of_text>", "<end_of_text>"
    words = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(start, ids[start]), (end, ids[end])]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token=start,
        eos_token=end,
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=16,
    ).save_pretrained(folder)
    config = {
        "model_cfg": {
            "embed_dim": 32,
            "quick_gelu": quick_gelu,
            "vision_cfg": vision or {"image_size": 64, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16},
            "text_cfg": {
                "context_length": 16,
                "vocab_size": len(vocabulary),
                "hf_tokenizer_name": "in this folder",
                "width": 32,
                "heads": 2,
                "layers": 2,
                "pool_type": "eos",
                "eos_id": ids[end],
            },
        },
        "preprocess_cfg": {
            "size": vision["image_size"] if vision else 64,
            "interpolation": "bicubic",
            "resize_mode": "shortest",
        },
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2))
    model = _seeded(lambda: open_clip.model.CLIP(**config["model_cfg"]))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")
    return {"model": str(folder)}


def write_clip_state_dict(path: Path, model: str, *, openai: bool = True) -> dict[str, str]:
    """A state dict for an open_clip architecture, half precision as OpenAI's; ``openai`` adds its three sizes."""
    import open_clip
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    config = open_clip.get_model_config(model)
    config.pop("custom_text", None)
    clip = _seeded(lambda: open_clip.model.CLIP(**config))
    state = {key: value.half() if value.is_floating_point() else value for key, value in clip.state_dict().items()}
    if openai:
        sizes = {"input_resolution": clip.visual.image_size, "context_length": 77, "vocab_size": clip.vocab_size}
        for name, size in sizes.items():
            state[name] = torch.tensor(size[0] if isinstance(size, tuple) else size)
    torch.save(state, path)
    return {"model": model, "checkpoint": str(path)}


def filled(vocabulary: list[str], size: int | None) -> list[str]:
    """A vocabulary of the published size: a tokenizer that knows far fewer words than its model is refused."""
    return vocabulary + [f"unused{number}" for number in range((size or 0) - len(vocabulary))]


def _bert_tokenizer(size: int | None = None) -> Any:
    from transformers import BertTokenizer

    vocabulary = filled(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS], size)
    return BertTokenizer(vocab={word: i for i, word in enumerate(vocabulary)}, model_max_length=32)


SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
EYE = {**SMALL, "image_size": 64, "patch_size": 16}


def _clip_pictures(size: int) -> Any:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    return CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size={"height": size, "width": size})


def _blip_pictures(size: int) -> Any:
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    return BlipImageProcessorPil(size={"height": size, "width": size})


def write_git(folder: Path, *, full: bool = False) -> dict[str, str]:
    """A GIT captioner; full: the size of git-base-coco (its vocabulary of 30,522 mostly without meaning)."""
    from transformers import GitConfig, GitForCausalLM, GitProcessor

    tokenizer = _bert_tokenizer(30_522 if full else None)
    marks = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    config = (
        GitConfig(**marks)
        if full
        else GitConfig(vision_config=EYE, vocab_size=len(tokenizer), max_position_embeddings=64, **SMALL, **marks)
    )
    _quietly(_seeded(lambda: GitForCausalLM(config)).save_pretrained, folder)
    GitProcessor(_clip_pictures(config.vision_config.image_size), tokenizer).save_pretrained(folder)
    return {"model": str(folder)}


def write_blip(folder: Path) -> dict[str, str]:
    """A small BLIP captioner."""
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipProcessor

    tokenizer = _bert_tokenizer()
    text = {
        **SMALL,
        "vocab_size": len(tokenizer),
        "encoder_hidden_size": 32,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "sep_token_id": 3,
        "pad_token_id": 0,
    }
    config = BlipConfig(vision_config=EYE, text_config=text, projection_dim=32, image_text_hidden_size=32)
    _quietly(_seeded(lambda: BlipForConditionalGeneration(config)).save_pretrained, folder)
    BlipProcessor(_blip_pictures(64), tokenizer).save_pretrained(folder)
    return {"model": str(folder)}


def write_blip2(folder: Path, *, full: bool = False) -> dict[str, str]:
    """A small BLIP-2 with an OPT language model; full: the sizes of Salesforce/blip2-opt-2.7b, in bfloat16, 7.5 GB."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import Blip2Config, Blip2ForConditionalGeneration, Blip2Processor, PreTrainedTokenizerFast

    vocabulary = filled(["<s>", "<pad>", "</s>", "<unk>", *WORDS], 50_265 if full else None)
    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.TemplateProcessing(single="</s> $A", special_tokens=[("</s>", 2)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="</s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )
    queries = 32 if full else 4
    processor = Blip2Processor(_blip_pictures(224 if full else 64), tokenizer, num_query_tokens=queries)
    text = {
        "model_type": "opt",
        "hidden_size": 32,
        "word_embed_proj_dim": 32,
        "ffn_dim": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 128,
        "vocab_size": len(tokenizer),
        "bos_token_id": 2,
        "eos_token_id": 2,
        "pad_token_id": 1,
    }
    if full:  # OPT-2.7b; the words are the small one's
        sizes = {"hidden_size": 2560, "word_embed_proj_dim": 2560, "ffn_dim": 10240, "num_hidden_layers": 32}
        text |= {**sizes, "num_attention_heads": 32, "max_position_embeddings": 2048, "vocab_size": 50272}
    config = Blip2Config(
        vision_config={"initializer_range": 0.02} if full else {**EYE, "initializer_range": 0.02},
        qformer_config={} if full else {**SMALL, "encoder_hidden_size": 32},
        text_config=text,
        num_query_tokens=queries,
        image_token_index=len(tokenizer) - 1,
    )
    number = torch.bfloat16 if full else torch.float32
    # seed 1: with 0 the noise ends every caption before its first word, and a captioner that is silent is refused
    _quietly(
        _seeded(lambda: Blip2ForConditionalGeneration._from_config(config, dtype=number), seed=1).save_pretrained,
        folder,
    )
    processor.save_pretrained(folder)
    return {"model": str(folder)}


def write_all(folder: Path, *, full: bool = False, captioner: str = "git") -> Path:
    """Write one of each and the ``models.json`` that names them; return the folder."""
    clip = (
        write_clip_state_dict(folder / "clip" / "ViT-B-32-openai-random.pt", "ViT-B-32-quickgelu")
        if full
        else write_clip(folder / "clip")
    )
    if full:
        write_clip_state_dict(folder / "clip" / "RN50-openai-random.pt", "RN50-quickgelu")
    captioners = {
        "git": lambda place: write_git(place, full=full),
        "blip": write_blip,
        "blip2": write_blip2,
    }
    parts: dict[str, Any] = {
        "sam": {**write_sam(folder / "sam", full=full), "pred_iou_thresh": 0.0, "stability_score_thresh": 0.0},
        "clip": clip,
        "captioner": captioners[captioner](folder / captioner),
        "spacy": str(write_spacy(folder / "spacy")),
        "wordnet": str(write_wordnet(folder / "wordnet")),
    }
    text = json.dumps(parts, indent=2).replace(str(folder) + "/", "")  # relative: the folder may be moved
    (folder / "models.json").write_text(text)
    return folder


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--full", action="store_true", help="full-size architectures")
    arguments.add_argument("--captioner", choices=("git", "blip", "blip2"), default="git")
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    print(write_all(given.out, full=given.full, captioner=given.captioner))
