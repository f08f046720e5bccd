"""Mask proposals from Segment Anything, through Meta's own ``segment_anything`` (its sole importer).

Source: facebookresearch/segment-anything; the settings for TAS are in the paper, section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.masks import from_rle, scaled_area, to_rle
from tasnb.models.catalogue import SAM_SIZES
from tasnb.models.machine import resolve_device, resolve_dtype
from tasnb.models.proposers import GridConfig, Proposer, distinct, in_slices, unpacked
from tasnb.models.weights import fingerprint, named_as, read_config, read_state, require_finite

LARGEST = 1 << 13  # of any size in a configuration; the largest of the published models is 5,120


@dataclass(frozen=True, kw_only=True)
class SamConfig:
    """The architecture of one SAM; the defaults are those of ``segment_anything.build_sam`` (ViT-B).

    Parameters
    ----------
    image_size, patch_size : int
        Pixels, the first a multiple of the second; masks come out at 4 / patch_size of image_size.
    encoder_embed_dim, encoder_depth, encoder_num_heads : int
        The image encoder, a ViT; its heads divide its width.
    encoder_global_attn_indexes : tuple of int
        Its blocks that attend to the whole image.
    window_size : int
        Tokens of a side of the windows in which its other blocks attend.
    mlp_ratio : float
        Width of its MLPs, relative to its own.
    prompt_embed_dim : int
        Width of what the encoder gives; a multiple of 8 that decoder_num_heads divides twice over.
    mask_in_chans : int
        Channels that read a mask given as prompt.
    decoder_depth, decoder_mlp_dim, decoder_num_heads : int
        The mask decoder's transformer.
    num_multimask_outputs : int
        Masks a point.
    iou_head_depth, iou_head_hidden_dim : int
        The MLP that predicts a mask's IoU.
    pixel_mean, pixel_std : tuple of float
        Of RGB in 0..255.

    Raises
    ------
    ValueError
        When they do not fit together.
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
        for each in fields(self):
            given: Any = getattr(self, each.name)
            usual: Any = each.default
            several = isinstance(usual, tuple)
            values = tuple(given) if isinstance(given, tuple | list) else (given,)  # JSON gives lists
            kinds = (int,) if isinstance(usual[0] if several else usual, int) else (int, float)
            least = 0 if each.name in ("encoder_global_attn_indexes", "pixel_mean") else 1e-6
            fits = several == isinstance(given, tuple | list) and (len(values) == 3 or "pixel" not in each.name)
            if not fits or not all(isinstance(value, kinds) and least <= value <= LARGEST for value in values):
                raise UserError(f"SAM configuration: {each.name} is {given!r:.80}, expected such as {usual}")
            object.__setattr__(self, each.name, values if several else given)
        for whole, part in (
            ("image_size", self.patch_size),
            ("encoder_embed_dim", self.encoder_num_heads),
            ("prompt_embed_dim", 8),
            ("prompt_embed_dim", 2 * self.decoder_num_heads),  # cross-attention works at half the width
        ):
            if getattr(self, whole) % part:
                raise UserError(f"SAM configuration: {whole} is {getattr(self, whole)}, expected a multiple of {part}")

    @classmethod
    def read(cls, source: SamConfig | Mapping[str, Any] | str | Path) -> SamConfig:
        """Find a configuration.

        Parameters
        ----------
        source : SamConfig, mapping, str or Path
            One already, its fields, "vit_b", "vit_l", "vit_h", or the path of a JSON file.

        Returns
        -------
        SamConfig
            The configuration.

        Raises
        ------
        ValueError
            For an unknown name or field, listing the choices, and for values that do not fit.
        """
        if isinstance(source, SamConfig):
            return source
        if isinstance(source, str | Path):
            if str(source) in SAM_CONFIGS:
                return SAM_CONFIGS[str(source)]
            if not Path(source).is_file():
                require_known("SAM model", str(source), SAM_CONFIGS, hint=", or give the path of a JSON configuration")
            source = read_config(Path(source))
        require_known("field of a SAM configuration", source, [field.name for field in fields(cls)])
        return cls(**source)


SAM_CONFIGS: Mapping[str, SamConfig] = {name: SamConfig(**sizes) for name, sizes in SAM_SIZES.items()}

# on a CPU what the decoder makes of 64 points leaves the caches: 3.1 s of CPU time for a 640 x 480 image, against 2.2 s
# with 8 at a time (one thread, a 3 M parameter SAM, every mask kept)
CPU_POINTS_PER_BATCH = 8


@dataclass(frozen=True, kw_only=True)
class ProposerConfig(GridConfig):
    """The options of ``SamAutomaticMaskGenerator``: those of `GridConfig`, and what only SAM's own generator has.

    Parameters
    ----------
    points_per_side, pred_iou_thresh, stability_score_thresh, box_nms_thresh, points_per_batch
        See `GridConfig`.
    crop_n_layers : int
        Layers of crops that are segmented beside the image.
    min_mask_region_area : int
        Holes and islands of masks below this many pixels are removed.
    scale_areas : bool
        Whether that is meant for a photo of 640 x 480 and scaled by the area of a picture of another size.

    Raises
    ------
    ValueError
        For a value outside its range.
    """

    crop_n_layers: int = field(default=0, metadata={"least": 0})  # SAM default
    # SAM default; the official TAS code sets 800
    min_mask_region_area: int = field(default=0, metadata={"least": 0})
    scale_areas: bool = field(default=False, metadata={"least": 0})


def build_sam(config: SamConfig | Mapping[str, Any] | str | Path) -> Any:
    """Make a Sam of ``segment_anything``'s own classes, of any size.

    Parameters
    ----------
    config : SamConfig, mapping, str or Path
        See `SamConfig.read`.

    Returns
    -------
    segment_anything.modeling.Sam
        With fresh weights, in eval mode.
    """
    import torch
    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    c = SamConfig.read(config)
    grid = c.image_size // c.patch_size

    def fields_of(part: str) -> dict[str, Any]:
        return {name.removeprefix(part): value for name, value in asdict(c).items() if name.startswith(part)}

    sam = Sam(
        image_encoder=ImageEncoderViT(
            img_size=c.image_size,
            patch_size=c.patch_size,
            mlp_ratio=c.mlp_ratio,
            out_chans=c.prompt_embed_dim,
            qkv_bias=True,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=c.window_size,
            **fields_of("encoder_"),
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=c.prompt_embed_dim,
            image_embedding_size=(grid, grid),
            input_image_size=(c.image_size, c.image_size),
            mask_in_chans=c.mask_in_chans,
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=c.num_multimask_outputs,
            transformer=TwoWayTransformer(embedding_dim=c.prompt_embed_dim, **fields_of("decoder_")),
            transformer_dim=c.prompt_embed_dim,
            **{name: value for name, value in asdict(c).items() if name.startswith("iou_head_")},
        ),
        pixel_mean=list(c.pixel_mean),
        pixel_std=list(c.pixel_std),
    )
    return sam.eval()


class SamProposer(Proposer):
    """A `MaskProposer`: SAM's automatic mask generation with one set of options; `load` is the way to get one.

    Parameters
    ----------
    model : segment_anything.SamAutomaticMaskGenerator
        Over a loaded Sam.
    config : ProposerConfig
        The generator's options.
    source, fingerprint, device : str
        See `Proposer`.
    """

    @classmethod
    def load(
        cls,
        checkpoint: str | Path,
        *,
        model: SamConfig | Mapping[str, Any] | str | Path | None = None,
        device: str = "auto",
        dtype: str = "float32",
        **options: Any,
    ) -> SamProposer:
        """Load a checkpoint in SAM's own format.

        Parameters
        ----------
        checkpoint : str or Path
            A state dict: .pth, or .safetensors; a trainer's, with the state dict inside it, too.
        model : SamConfig, mapping, str, Path or None
            "vit_b", "vit_l", "vit_h", or a configuration (see `SamConfig.read`); None: whichever of the three has the
            checkpoint's width.
        device : str
            Where it runs; see `resolve_device`.
        dtype : str
            Of the image encoder, which does nearly all the work; the mask decoder stays float32.
        **options : int or float
            Fields of `ProposerConfig`; points_per_batch is 64 on an accelerator and 8 on a CPU unless it is given.

        Returns
        -------
        SamProposer
            Ready to use.

        Raises
        ------
        MissingFileError
            Without the file.
        UserError
            When it does not fit the model, when it holds NaN, and for an unknown word.
        """
        place, number = resolve_device(device), resolve_dtype(dtype)
        if place == "cpu":
            options.setdefault("points_per_batch", CPU_POINTS_PER_BATCH)
        config, path = ProposerConfig.read(options), Path(checkpoint)
        architecture = None if model is None else SamConfig.read(model)  # an unknown word before the long wait
        state = read_state(path, "SAM checkpoint")
        architecture = _told_by(state, path) if architecture is None else architecture
        sam = _with_weights(architecture, state, path).to(place)
        _set_encoder_dtype(sam, number)
        sam.image_encoder.register_forward_hook(_refuse_nan)
        decisive = {**asdict(config), "dtype": dtype, "model": asdict(architecture)}
        del decisive["points_per_batch"]  # costs memory, changes no mask
        if not config.scale_areas:  # a proposer keeps the name that it had before there was this option
            del decisive["scale_areas"]
        name = fingerprint("sam", [path], decisive)
        return cls(_generator(sam, config), config, source="sam", fingerprint=name, device=place)

    def _found(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import torch

        config, size_hw = self.config, (image.shape[0], image.shape[1])
        area = config.min_mask_region_area
        if config.scale_areas and area:
            area = max(1, round(scaled_area(area, size_hw)))
        with torch.no_grad():
            found = self.model.candidates(image, area)
        kept = distinct(found["rles"], range(len(found["rles"])))
        pred_iou, stability = (np.asarray(found[score], np.float32)[kept] for score in ("iou_preds", "stability_score"))
        return unpacked([found["rles"][i] for i in kept], size_hw), pred_iou, stability


_WIDTH = "image_encoder.pos_embed"  # (1, rows, columns, width)


def _told_by(state: Mapping[str, Any], path: Path) -> SamConfig:
    """The one of the three published models whose encoder is as wide as the checkpoint's."""
    widths = {config.encoder_embed_dim: config for config in SAM_CONFIGS.values()}
    table = named_as(state, {_WIDTH}).get(_WIDTH)
    if table is None or table.shape[-1] not in widths:
        found = f"the encoder is {table.shape[-1]} wide" if table is not None else f"it has no {_WIDTH}"
        raise UserError(
            f"{path} does not hold a SAM that tasnb knows: {found}; its tensors begin with {min(state)}. Expected one "
            f"of {', '.join(SAM_CONFIGS)}, or give the JSON configuration that it was trained with as model"
        )
    return widths[table.shape[-1]]


def _with_weights(config: SamConfig, read: Mapping[str, Any], path: Path) -> Any:
    """A Sam that holds the checkpoint's tensors: built without numbers, so ViT-H is not filled twice."""
    import torch

    with torch.device("meta"):
        sam = build_sam(config)
    want = sam.state_dict()
    state = named_as(read, want)
    if lost := want.keys() - state.keys():
        raise _misfit(path, f"{len(lost)} of {len(want)} tensors are missing (the first: {min(lost)})")
    if beyond := state.keys() - want.keys():
        raise _misfit(path, f"it holds what SAM does not have: {len(beyond)} more (the first: {min(beyond)})")
    for key, value in want.items():
        if value.shape != state[key].shape:
            raise _misfit(path, f"{key} is {tuple(state[key].shape)}, expected {tuple(value.shape)}")
    require_finite(str(path), state)
    sam.load_state_dict({key: value.float() for key, value in state.items()}, assign=True)
    return sam.requires_grad_(False)


def _misfit(path: Path, why: str) -> UserError:
    return UserError(
        f"{path.name} does not hold the SAM that was asked for: {why}; choose model from {', '.join(SAM_CONFIGS)}, or "
        "give the JSON configuration it was trained with"
    )


def _refuse_nan(_: Any, __: Any, features: Any) -> None:
    """After the image encoder: NaN would pass no threshold, and look like a picture without a thing in it."""
    if not bool(features.isfinite().all()):
        raise UserError("SAM's image encoder gives NaN or infinite numbers: use dtype float32 or bfloat16")


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
    """SAM's mask generator with two repairs, for images of one row or column and for crops without a mask, and with
    memory for a slice of full-size masks instead of all: what passes is kept as run lengths. The masks are the same."""
    import torch
    from segment_anything import SamAutomaticMaskGenerator
    from segment_anything.utils import amg
    from segment_anything.utils.transforms import ResizeLongestSide
    from torchvision.ops import batched_nms

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
        """Finds run lengths, their predicted IoU and stability: the steps of segment_anything's own, in its order."""

        def candidates(self, image: np.ndarray, min_area: int) -> amg.MaskData:
            """min_area: pixels below which holes and islands are removed, 0 for none."""
            found = self._generate_masks(image)
            return self._mended(found, min_area) if min_area and found["rles"] else found

        def _process_crop(self, *inputs: Any) -> amg.MaskData:
            data = super()._process_crop(*inputs)
            data["crop_boxes"] = data["crop_boxes"].reshape(-1, 4)  # without a mask they have lost their columns
            return data

        def _process_batch(
            self, points: np.ndarray, im_size: tuple[int, ...], crop_box: list[int], orig_size: tuple[int, ...]
        ) -> amg.MaskData:
            predictor, device = self.predictor, self.predictor.device
            moved = torch.as_tensor(predictor.transform.apply_coords(points, im_size), device=device)[:, None]
            labels = torch.ones(moved.shape[:2], dtype=torch.int, device=device)
            sparse, dense = sam.prompt_encoder(points=(moved, labels), boxes=None, masks=None)
            logits, pred_iou = sam.mask_decoder(
                image_embeddings=predictor.features,
                image_pe=sam.prompt_encoder.get_dense_pe(),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=True,
            )
            repeated = torch.as_tensor(points.repeat(logits.shape[1], axis=0))
            data = amg.MaskData(masks=logits.flatten(0, 1), iou_preds=pred_iou.flatten(0, 1), points=repeated)
            if self.pred_iou_thresh > 0.0:
                data.filter(data["iou_preds"] > self.pred_iou_thresh)  # before they are enlarged
            small, kept = data["masks"], []
            stability, boxes, codes = [torch.zeros(0, device=device)], [torch.zeros(0, 4, device=device)], []
            largest = max(orig_size[0] * orig_size[1], sam.image_encoder.img_size**2)
            for part in in_slices(len(small), largest, device.type):
                full = sam.postprocess_masks(small[part][:, None], predictor.input_size, predictor.original_size)[:, 0]
                stable = amg.calculate_stability_score(full, sam.mask_threshold, self.stability_score_offset)
                masks = full > sam.mask_threshold
                where = amg.batched_mask_to_box(masks)
                keep = ~amg.is_box_near_crop_edge(where, crop_box, [0, 0, orig_size[1], orig_size[0]])
                if self.stability_score_thresh > 0.0:
                    keep &= stable >= self.stability_score_thresh
                kept.append(keep)
                stability.append(stable[keep])
                boxes.append(where[keep])
                whole = amg.uncrop_masks(masks[keep], crop_box, *orig_size).cpu().numpy()
                codes += [to_rle(mask) for mask in whole]
            del data["masks"]
            data.filter(torch.cat(kept) if kept else torch.zeros(0, dtype=torch.bool, device=device))
            data["stability_score"], data["boxes"], data["rles"] = torch.cat(stability), torch.cat(boxes), codes
            return data

        def _mended(self, found: amg.MaskData, min_area: int) -> amg.MaskData:
            """``postprocess_small_regions``, one mask after the other; those left alone outlive what they overlap."""
            codes, boxes, scores = [], [], []
            for code in found["rles"]:
                mask, filled = amg.remove_small_regions(from_rle(code), min_area, mode="holes")
                mask, cleared = amg.remove_small_regions(mask, min_area, mode="islands")
                codes.append(to_rle(mask) if filled or cleared else code)
                boxes.append(amg.batched_mask_to_box(torch.as_tensor(mask)[None])[0])
                scores.append(float(not filled and not cleared))
            found["rles"], overlap = codes, max(self.box_nms_thresh, self.crop_nms_thresh)
            stacked, one_kind = torch.stack(boxes).float(), torch.zeros(len(boxes))
            found.filter(batched_nms(stacked, torch.as_tensor(scores), one_kind, iou_threshold=overlap))
            return found

    generator = Generator(sam, **{name: value for name, value in asdict(config).items() if name != "scale_areas"})
    generator.predictor.transform = Resize(sam.image_encoder.img_size)
    return generator
