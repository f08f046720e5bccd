"""Mask proposals from Segment Anything, through Meta's own ``segment_anything`` (its sole importer).

Source: facebookresearch/segment-anything; the settings for TAS are in the paper, section 4.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.masks import make_proposals
from tasnb.core.types import Proposals
from tasnb.models.checksums import fingerprint
from tasnb.models.devices import resolve_device, resolve_dtype


@dataclass(frozen=True, kw_only=True)
class SamConfig:
    """The architecture of one SAM; the defaults are those of ``segment_anything.build_sam`` (ViT-B).

    image_size, patch_size: pixels, the first a multiple of the second; masks come out at 4 / patch_size of
    image_size. prompt_embed_dim: a multiple of 8 that decoder_num_heads divides twice over.
    Raises ValueError when they do not fit.
    """

    image_size: int = 1024
    patch_size: int = 16
    encoder_embed_dim: int = 768
    encoder_depth: int = 12
    encoder_num_heads: int = 12
    encoder_global_attn_indexes: tuple[int, ...] = (2, 5, 8, 11)
    window_size: int = 14
    mlp_ratio: float = 4.0
    prompt_embed_dim: int = 256
    mask_in_chans: int = 16
    decoder_depth: int = 2
    decoder_mlp_dim: int = 2048
    decoder_num_heads: int = 8
    num_multimask_outputs: int = 3
    iou_head_depth: int = 3
    iou_head_hidden_dim: int = 256
    pixel_mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    pixel_std: tuple[float, float, float] = (58.395, 57.12, 57.375)

    def __post_init__(self) -> None:
        for name in ("encoder_global_attn_indexes", "pixel_mean", "pixel_std"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # JSON gives lists
        for whole, part in (
            ("image_size", self.patch_size),
            ("encoder_embed_dim", self.encoder_num_heads),
            ("prompt_embed_dim", 8),
            ("prompt_embed_dim", 2 * self.decoder_num_heads),  # cross-attention works at half the width
        ):
            if getattr(self, whole) % part:
                raise ValueError(f"SAM configuration: {whole} is {getattr(self, whole)}, expected a multiple of {part}")

    @classmethod
    def read(cls, source: SamConfig | Mapping[str, Any] | str | Path) -> SamConfig:
        """Return the configuration named "vit_b", "vit_l" or "vit_h", in a mapping, or in a JSON file."""
        if isinstance(source, SamConfig):
            return source
        if isinstance(source, str) and source in SAM_CONFIGS:
            return SAM_CONFIGS[source]
        if isinstance(source, str | Path):
            path = Path(source)
            if not path.is_file():
                raise ValueError(
                    f"unknown SAM model {str(source)!r}; choose from {', '.join(SAM_CONFIGS)}, "
                    "or give the path of a JSON configuration"
                )
            source = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(source, Mapping)
        given: Mapping[str, Any] = source
        choices = [f.name for f in fields(cls)]
        unknown = sorted(set(given) - set(choices))
        if unknown:
            raise ValueError(f"SAM configuration: unknown field {unknown[0]!r}; choose from {', '.join(choices)}")
        return cls(**given)


SAM_CONFIGS: Mapping[str, SamConfig] = {  # segment_anything/build_sam.py
    "vit_b": SamConfig(),
    "vit_l": SamConfig(
        encoder_embed_dim=1024,
        encoder_depth=24,
        encoder_num_heads=16,
        encoder_global_attn_indexes=(5, 11, 17, 23),
    ),
    "vit_h": SamConfig(
        encoder_embed_dim=1280,
        encoder_depth=32,
        encoder_num_heads=16,
        encoder_global_attn_indexes=(7, 15, 23, 31),
    ),
}

# on a CPU the full-size masks of 64 points leave the caches: 3.1 s of CPU time for a 640 x 480 image, against 2.2 s
# with 8 at a time (one thread, a 3 M parameter SAM, every mask kept)
CPU_POINTS_PER_BATCH = 8


@dataclass(frozen=True, kw_only=True)
class ProposerConfig:
    """The options of ``SamAutomaticMaskGenerator``. Thresholds lie in [0, 1].

    Raises ValueError for a value outside its range.
    """

    points_per_side: int = 8  # paper, section 4.2 (SAM default 32)
    pred_iou_thresh: float = 0.7  # paper, section 4.2 (SAM default 0.88)
    stability_score_thresh: float = 0.7  # paper, section 4.2 (SAM default 0.95)
    box_nms_thresh: float = 0.7  # SAM default
    crop_n_layers: int = 0  # SAM default
    min_mask_region_area: int = 0  # SAM default; the official TAS code sets 800 (holes and islands, pixels)
    points_per_batch: int = 64  # SAM default; less needs less memory, the masks are the same

    def __post_init__(self) -> None:
        for name in ("pred_iou_thresh", "stability_score_thresh", "box_nms_thresh"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected a number in [0, 1], got {getattr(self, name)}")
        for name, least in (
            ("points_per_side", 1),
            ("points_per_batch", 1),
            ("crop_n_layers", 0),
            ("min_mask_region_area", 0),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name}: expected an integer of at least {least}, got {value!r}")


def build_sam(config: SamConfig | Mapping[str, Any] | str | Path) -> Any:
    """Return a ``segment_anything`` Sam with fresh weights, in eval mode: the official classes, any size."""
    import torch
    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    c = SamConfig.read(config)
    grid = c.image_size // c.patch_size
    sam = Sam(
        image_encoder=ImageEncoderViT(
            img_size=c.image_size,
            patch_size=c.patch_size,
            embed_dim=c.encoder_embed_dim,
            depth=c.encoder_depth,
            num_heads=c.encoder_num_heads,
            mlp_ratio=c.mlp_ratio,
            out_chans=c.prompt_embed_dim,
            qkv_bias=True,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            global_attn_indexes=c.encoder_global_attn_indexes,
            window_size=c.window_size,
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=c.prompt_embed_dim,
            image_embedding_size=(grid, grid),
            input_image_size=(c.image_size, c.image_size),
            mask_in_chans=c.mask_in_chans,
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=c.num_multimask_outputs,
            transformer=TwoWayTransformer(
                depth=c.decoder_depth,
                embedding_dim=c.prompt_embed_dim,
                mlp_dim=c.decoder_mlp_dim,
                num_heads=c.decoder_num_heads,
            ),
            transformer_dim=c.prompt_embed_dim,
            iou_head_depth=c.iou_head_depth,
            iou_head_hidden_dim=c.iou_head_hidden_dim,
        ),
        pixel_mean=list(c.pixel_mean),
        pixel_std=list(c.pixel_std),
    )
    return sam.eval()


class SamProposer:
    """A `MaskProposer`: SAM's automatic mask generation with one set of options."""

    def __init__(
        self, sam: Any, config: ProposerConfig, *, model: SamConfig, device: str, dtype: str, weights: Path
    ) -> None:
        """Take a loaded Sam; `load` is the way to get one."""
        self.config, self.device, self.dtype = config, device, dtype
        options = {**asdict(config), "dtype": dtype, "model": asdict(model)}
        del options["points_per_batch"]  # costs memory, changes no mask
        self.fingerprint = fingerprint("sam", [weights], options)
        self._generator = _generator(sam, config)

    @classmethod
    def load(
        cls,
        checkpoint: str | Path,
        *,
        model: SamConfig | Mapping[str, Any] | str | Path = "vit_b",
        device: str = "auto",
        dtype: str = "float32",
        **options: Any,
    ) -> SamProposer:
        """Load a checkpoint in SAM's own format (a state dict: .pth, or .safetensors).

        model: "vit_b", "vit_l", "vit_h", or a configuration (see `SamConfig.read`). dtype: of the image encoder,
        which does nearly all the work; the mask decoder stays float32. options: fields of `ProposerConfig`; without
        points_per_batch, 64 on an accelerator and 8 on a CPU.
        Raises FileNotFoundError without the file, ValueError when it does not fit the model.
        """
        choices = [f.name for f in fields(ProposerConfig)]
        unknown = sorted(set(options) - set(choices))
        if unknown:
            raise ValueError(f"unknown SAM option {unknown[0]!r}; choose from {', '.join(choices)}")
        place, number = resolve_device(device), resolve_dtype(dtype)
        if place == "cpu":
            options.setdefault("points_per_batch", CPU_POINTS_PER_BATCH)
        config = ProposerConfig(**options)
        sam_config = SamConfig.read(model)
        path = Path(checkpoint)
        sam = _with_weights(sam_config, path)
        sam.to(place)
        _set_encoder_dtype(sam, number)
        return cls(sam, config, model=sam_config, device=place, dtype=dtype, weights=path)

    def propose(self, image_rgb: np.ndarray) -> Proposals:
        """Return the masks of an image, uint8 (h, w, 3), best predicted IoU first; the encoder runs once.

        Empty masks and exact repeats are left out. No mask passes the thresholds: an empty set. Raises ValueError for
        another kind of array.
        """
        image = np.asarray(image_rgb)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise ValueError(f"image_rgb: expected uint8 (h, w, 3), got {image.dtype} {image.shape}")
        records = self._generator.generate(np.ascontiguousarray(image))
        records = [records[i] for i in _distinct([r["segmentation"] for r in records])]
        masks = [r["segmentation"] for r in records]
        return make_proposals(
            np.stack(masks) if masks else np.zeros((0, *image.shape[:2]), bool),
            pred_iou=np.array([r["predicted_iou"] for r in records], np.float32),
            stability_score=np.array([r["stability_score"] for r in records], np.float32),
            source="sam",
        )


def _with_weights(config: SamConfig, path: Path) -> Any:
    """Return a Sam that holds the checkpoint's tensors: built without numbers, so ViT-H is not filled twice."""
    import torch

    if not path.is_file():
        raise FileNotFoundError(f"SAM checkpoint not found: {path}")
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
    with torch.device("meta"):
        sam = build_sam(config)
    want, got = sam.state_dict(), state
    wrong = sorted(set(want) ^ set(got)) or sorted(k for k in want if want[k].shape != got[k].shape)
    if wrong:
        raise ValueError(
            f"{path.name} does not hold the SAM that was asked for (first difference: {wrong[0]}); "
            f"choose model from {', '.join(SAM_CONFIGS)}, or give the JSON configuration it was trained with"
        )
    sam.load_state_dict({key: value.float() for key, value in state.items()}, assign=True)
    return sam.requires_grad_(False)


def _set_encoder_dtype(sam: Any, dtype: Any) -> None:
    """Run the image encoder in ``dtype`` and hand its features on in float32, which the mask decoder stays in."""
    import torch

    encoder = sam.image_encoder
    if dtype == torch.float32:
        return
    encoder.to(dtype)
    encoder.register_forward_pre_hook(lambda _, inputs: (inputs[0].to(dtype),))
    encoder.register_forward_hook(lambda _, __, features: features.float())


def _generator(sam: Any, config: ProposerConfig) -> Any:
    """Return SAM's mask generator with two repairs: for images of one row or column, and for crops without a mask."""
    from segment_anything import SamAutomaticMaskGenerator
    from segment_anything.utils.transforms import ResizeLongestSide

    class Resize(ResizeLongestSide):
        """segment_anything rounds the short side of a 1 x 5000 image to 0 pixels and fails; here it stays 1."""

        @staticmethod
        def get_preprocess_shape(oldh: int, oldw: int, long_side_length: int) -> tuple[int, int]:
            height, width = ResizeLongestSide.get_preprocess_shape(oldh, oldw, long_side_length)
            return max(height, 1), max(width, 1)

        def apply_coords(self, coords: np.ndarray, original_size: tuple[int, ...]) -> np.ndarray:
            moved = super().apply_coords(coords, original_size)
            return moved.astype(np.float32) if sam.device.type == "mps" else moved  # mps has no float64

    class Generator(SamAutomaticMaskGenerator):
        """segment_anything fails with crop_n_layers when no crop has a mask: its crop boxes lose their columns."""

        def _process_crop(self, *inputs: Any) -> Any:
            data = super()._process_crop(*inputs)
            data["crop_boxes"] = data["crop_boxes"].reshape(-1, 4)
            return data

    generator = Generator(sam, **asdict(config))
    generator.predictor.transform = Resize(sam.image_encoder.img_size)
    return generator


def _distinct(masks: list[np.ndarray]) -> list[int]:
    """Return the indices of the masks that are neither empty nor a repeat of an earlier one.

    SAM's own suppression compares boxes by area, which is 0 for a mask of one row or column, so it misses those.
    """
    first: dict[bytes, int] = {}
    for index, mask in enumerate(masks):
        if mask.any():
            first.setdefault(np.packbits(mask).tobytes(), index)
    return sorted(first.values())
