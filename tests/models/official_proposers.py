"""Random-weight SAM 2 and SAM 3 in transformers' layout, small: what HFMaskProposer reads."""

from __future__ import annotations

from pathlib import Path

from tests.models.official_checkpoints import _quietly, _seeded


def write_sam2(folder: Path, *, full: bool = False) -> Path:
    """Sam2Model with a four-block Hiera, as facebook/sam2.1-hiera-tiny but narrow; full: of its very size."""
    from transformers import Sam2Config, Sam2Model
    from transformers.models.sam2.image_processing_sam2 import Sam2ImageProcessor

    size = 1024 if full else 128
    config = Sam2Config() if full else Sam2Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam2_hiera_det_model", "image_size": [size, size], "hidden_size": 8,
                "num_attention_heads": 1, "blocks_per_stage": [1, 1, 2, 1],
                "embed_dim_per_stage": [8, 16, 32, 64], "num_attention_heads_per_stage": [1, 1, 2, 2],
                "window_size_per_stage": [4, 4, 4, 4], "global_attention_blocks": [3],
                "window_positional_embedding_background_size": [7, 7],
            },
            "backbone_channel_list": [64, 32, 16, 8],
            "backbone_feature_sizes": [[size // 4] * 2, [size // 8] * 2, [size // 16] * 2],
            "fpn_hidden_size": 32,
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": size, "patch_size": 16},
        mask_decoder_config={
            "hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 32,
        },
    )  # fmt: skip
    _quietly(_seeded(lambda: Sam2Model(config)).save_pretrained, folder)
    Sam2ImageProcessor(
        size={"height": size, "width": size}, mask_size={"height": size // 4, "width": size // 4}
    ).save_pretrained(folder)
    return folder


def write_sam3(folder: Path) -> Path:
    """Sam3TrackerModel with a two-layer ViT."""
    from transformers import Sam3TrackerConfig, Sam3TrackerModel
    from transformers.models.sam3.image_processing_sam3 import Sam3ImageProcessor

    size, patch = 112, 14
    config = Sam3TrackerConfig(
        vision_config={
            "model_type": "sam3_vision_model",
            "backbone_config": {
                "model_type": "sam3_vit_model", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
                "num_attention_heads": 2, "image_size": size, "patch_size": patch, "window_size": 4,
                "global_attn_indexes": [1], "pretrain_image_size": size,
            },
            "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": size, "patch_size": patch},
        mask_decoder_config={
            "hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 32,
        },
    )  # fmt: skip
    _quietly(_seeded(lambda: Sam3TrackerModel(config)).save_pretrained, folder)
    Sam3ImageProcessor(size={"height": size, "width": size}, mask_size={"height": 32, "width": 32}).save_pretrained(
        folder
    )
    return folder
