"""Random-weight image-text matchers in the official layouts: BLIP-2 ITC (transformers) and ALBEF (salesforce/ALBEF).

Small ones for the tests; ``full=True`` has the published sizes, for ``make bench``.
"""

from __future__ import annotations

from pathlib import Path

from tests.models.official_checkpoints import (
    EYE,
    SMALL,
    _bert_tokenizer,
    _blip_pictures,
    _quietly,
    _seeded,
    filled,
)
from tests.models.official_language import WORDS


def write_blip2_itc(folder: Path, *, full: bool = False) -> dict[str, str]:
    """Blip2ForImageTextRetrieval, as Salesforce/blip2-itm-vit-g; full: its 1.2 G parameters."""
    from transformers import Blip2Config, Blip2ForImageTextRetrieval, Blip2Processor

    tokenizer = _bert_tokenizer(30_522 if full else None)
    if full:
        config = Blip2Config(
            vision_config={"initializer_range": 0.02},
            qformer_config={"vocab_size": 30523, "use_qformer_text_input": True},
            image_text_hidden_size=256,
        )
    else:
        config = Blip2Config(
            vision_config={**EYE, "initializer_range": 0.02},
            qformer_config={
                **SMALL, "vocab_size": len(tokenizer) + 1, "encoder_hidden_size": 32, "initializer_range": 0.3,
                "use_qformer_text_input": True,
            },
            num_query_tokens=4,
            image_text_hidden_size=16,
        )  # fmt: skip
    model = _seeded(lambda: _stirred(Blip2ForImageTextRetrieval(config)))
    _quietly(model.save_pretrained, folder)
    size = config.vision_config.image_size
    Blip2Processor(_blip_pictures(size), tokenizer, num_query_tokens=config.num_query_tokens).save_pretrained(folder)
    return {"model": str(folder)}


def _stirred(model):
    """The queries are zeros when they are made, and then all are the same query."""
    import torch

    torch.nn.init.normal_(model.query_tokens, std=1.0)
    return model


def write_albef(folder: Path, *, full: bool = False, bert: str = "bert.", grid: int | None = None) -> dict[str, str]:
    """ALBEF.pth with all that the release holds, and vocab.txt.

    bert: "" gives the layout of a fine-tuned retrieval checkpoint. grid: patches of a side in the position embedding.
    """
    import torch
    from transformers import BertConfig, BertModel

    folder.mkdir(parents=True, exist_ok=True)
    words = filled(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS], 30_522 if full else None)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    width, inner, patch = (768, 3072, 16) if full else (64, 96, 16)
    grid = grid or 16
    vocabulary = 30522 if full else len(words)

    def build() -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = {}

        def linear(name: str, rows: int, columns: int) -> None:
            state[f"{name}.weight"] = torch.randn(rows, columns) * 0.08
            state[f"{name}.bias"] = torch.randn(rows) * 0.02

        def norm(name: str) -> None:
            state[f"{name}.weight"] = 1 + torch.randn(width) * 0.1
            state[f"{name}.bias"] = torch.randn(width) * 0.1

        state["visual_encoder.cls_token"] = torch.randn(1, 1, width) * 0.1
        state["visual_encoder.pos_embed"] = torch.randn(1, 1 + grid * grid, width) * 0.1
        state["visual_encoder.patch_embed.proj.weight"] = torch.randn(width, 3, patch, patch) * 0.05
        state["visual_encoder.patch_embed.proj.bias"] = torch.randn(width) * 0.05
        for block in range(12):
            at = f"visual_encoder.blocks.{block}"
            norm(f"{at}.norm1")
            norm(f"{at}.norm2")
            linear(f"{at}.attn.qkv", 3 * width, width)
            linear(f"{at}.attn.proj", width, width)
            linear(f"{at}.mlp.fc1", 4 * width, width)
            linear(f"{at}.mlp.fc2", width, 4 * width)
        norm("visual_encoder.norm")
        config = BertConfig(
            vocab_size=vocabulary, hidden_size=width, num_hidden_layers=12, num_attention_heads=width // 64,
            intermediate_size=inner, max_position_embeddings=512 if full else 40, initializer_range=0.15,
        )  # fmt: skip
        text = BertModel(config, add_pooling_layer=False).state_dict()
        state |= {f"text_encoder.{bert}{key}": value for key, value in text.items()}
        # what the release holds beside: cross-attention, the language head, queues, momentum copies
        state[f"text_encoder.{bert}embeddings.position_ids"] = torch.arange(config.max_position_embeddings)[None]
        linear(f"text_encoder.{bert}encoder.layer.7.crossattention.self.query", width, width)
        state["text_encoder.cls.predictions.bias"] = torch.zeros(vocabulary)
        for name in ("vision_proj", "text_proj"):
            linear(name, 256 if full else 24, width)
        linear("itm_head", 2, width)
        state |= {"temp": torch.tensor(0.07), "image_queue": torch.randn(24, 8), "queue_ptr": torch.zeros(1)}
        state["vision_proj_m.weight"] = torch.randn(24, width)
        return state

    torch.save({"model": _seeded(build), "epoch": 29}, folder / "ALBEF.pth")
    return {"model": str(folder)}
