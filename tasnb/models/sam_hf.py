"""Mask proposals from SAM's successors as ``transformers`` has them: SAM 2, SAM 3's tracker, EdgeTAM.

A folder's config.json names the model. One grid of points over the whole image, filtered by predicted IoU, stability
and overlap of boxes, as SAM's own generator does without crops. transformers' "mask-generation" pipeline is not used:
these models squash the picture to a square, and it (5.23) places the points as if only the longer side were scaled, so
that on a photo of 640 x 480 no point falls into the lowest quarter.
Sources: facebookresearch/sam2, automatic_mask_generator.py, and facebookresearch/sam3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core.errors import UserError
from tasnb.core.masks import boxes_xyxy, to_rle
from tasnb.models.folders import load_pretrained, load_processor
from tasnb.models.machine import resolve_device, resolve_dtype
from tasnb.models.proposers import GridConfig, Proposer, distinct, in_slices, unpacked
from tasnb.models.weights import deciding_files, fingerprint, read_config

# config.json's model_type -> the class of transformers; a "_video" checkpoint holds the image model
CLASSES: Mapping[str, str] = {"sam2": "Sam2Model", "sam3_tracker": "Sam3TrackerModel", "edgetam": "EdgeTamModel"}
VIDEO: Mapping[str, str] = {"sam2_video": "sam2", "sam3_video": "sam3_tracker", "edgetam_video": "edgetam"}
# one tensor under two names; transformers 4.56 to 4.57 left the first out when it saved SAM 2, 5 looks for both
TWINS: Mapping[str, str] = {
    "prompt_encoder.shared_embedding.positional_embedding": "shared_image_embedding.positional_embedding",
    "shared_image_embedding.positional_embedding": "prompt_encoder.shared_embedding.positional_embedding",
}
# SAM 2's decoder works at two finer resolutions too: 0.26 s of CPU time a point with 64 at once, 0.21 s with 8, 0.16 s
# with 4 (hiera-tiny, one thread)
CPU_POINTS_PER_BATCH = 4
STABILITY_OFFSET = 1.0  # SAM default: how far the threshold on the logits moves to either side


class HFMaskProposer(Proposer):
    """A `MaskProposer`: automatic masks of one of ``CLASSES``; `load` is the way to get one.

    Parameters
    ----------
    model, processor : object
        A loaded model of transformers and its image processor.
    config : GridConfig
        How masks are asked for and filtered.
    **common : str
        See `Proposer`.
    """

    def __init__(self, model: Any, processor: Any, config: GridConfig, **common: str) -> None:
        super().__init__(model, config, **common)
        self.processor = processor

    @classmethod
    def load(
        cls, folder: str | Path, *, device: str = "auto", dtype: str = "float32", **options: Any
    ) -> HFMaskProposer:
        """Load a transformers folder, never the network.

        Parameters
        ----------
        folder : str or Path
            With config.json, safetensors and preprocessor_config.json.
        device, dtype : str
            Where and in which number format it runs.
        **options : int or float
            Fields of `GridConfig`; points_per_batch is 64 on an accelerator and 4 on a CPU unless it is given.

        Returns
        -------
        HFMaskProposer
            Ready to use.

        Raises
        ------
        MissingFileError
            For a folder without weights or preprocessor_config.json.
        UserError
            For another model, an unknown option, weights that lack keys, or a version of transformers without the
            model.
        """
        place, number = resolve_device(device), resolve_dtype(dtype)
        if place == "cpu":
            options.setdefault("points_per_batch", CPU_POINTS_PER_BATCH)
        config, folder = GridConfig.read(options), Path(folder)
        kind = str(read_config(folder / "config.json").get("model_type"))
        model_class = CLASSES.get(VIDEO.get(kind, kind))
        if model_class is None:
            raise UserError(f"{folder} holds a model of type {kind!r}; choose from {', '.join([*CLASSES, *VIDEO])}")
        files = deciding_files(folder, "proposer's folder", weights=("*.safetensors",), beside=("*.json",))
        import transformers

        if not hasattr(transformers, model_class):
            raise UserError(
                f"transformers {transformers.__version__} has no {model_class}; a newer version has: pip install -U "
                "transformers"
            )
        model = load_pretrained(model_class, folder, what=model_class, device=place, dtype=number, twins=TWINS)
        decisive = {**asdict(config), "dtype": dtype}
        del decisive["points_per_batch"]  # costs memory, changes no mask
        name = fingerprint(f"mask-generation {kind}", files, decisive)
        processor = load_processor(folder)
        return cls(model, processor, config, source=kind, fingerprint=name, device=place)

    def _found(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import torch
        from torchvision.ops import nms

        size_hw = (image.shape[0], image.shape[1])
        with torch.inference_mode():
            codes, boxes, pred_iou, stability = self._candidates(image, size_hw)
        order = np.array(distinct(codes, np.argsort(-pred_iou, kind="stable")), int)
        scores = torch.tensor(pred_iou[order])
        # sorted: nms tells places in `order`, which is best first already
        left = order[np.sort(nms(torch.tensor(boxes[order]), scores, self.config.box_nms_thresh).numpy())]
        return unpacked([codes[i] for i in left], size_hw), pred_iou[left], stability[left]

    def _candidates(
        self, image: np.ndarray, size_hw: tuple[int, int]
    ) -> tuple[list[dict[str, Any]], np.ndarray, np.ndarray, np.ndarray]:
        """The run lengths of m masks that pass both thresholds; float32 boxes (m, 4), predicted IoU and stability."""
        import torch

        config, model = self.config, self.model
        inputs = self.processor(images=Image.fromarray(image), return_tensors="pt")
        seen = model.get_image_embeddings(inputs["pixel_values"].to(self.device, model.dtype))
        if not all(bool(level.isfinite().all()) for level in seen):
            raise UserError(
                f"{self.source}: the image encoder gives NaN or infinite numbers: use dtype float32 or bfloat16"
            )
        sides = inputs["pixel_values"].shape[-2:]
        steps = (np.arange(config.points_per_side) + 0.5) / config.points_per_side
        grid = torch.tensor([[x * sides[1], y * sides[0]] for y in steps for x in steps], dtype=model.dtype)
        codes: list[dict[str, Any]] = []
        found = [(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32))]
        for points in grid.to(self.device).split(config.points_per_batch):
            answer = model(
                image_embeddings=seen,
                input_points=points[None, :, None],
                input_labels=torch.ones(1, len(points), 1, dtype=torch.int, device=self.device),
                multimask_output=True,
            )
            every = answer.iou_scores[0].flatten().float()
            likely = every > config.pred_iou_thresh  # before the masks are enlarged
            logits, pred_iou = answer.pred_masks[0].flatten(0, 1)[likely].float()[:, None], every[likely]
            for part in in_slices(len(logits), size_hw[0] * size_hw[1], torch.device(self.device).type):
                full = torch.nn.functional.interpolate(logits[part], size_hw, mode="bilinear", align_corners=False)
                full = full[:, 0]
                inner = (full > STABILITY_OFFSET).sum(dim=(1, 2))
                outer = (full > -STABILITY_OFFSET).sum(dim=(1, 2))
                stability = torch.where(outer > 0, inner / outer.clamp(min=1), 0.0)
                stable = stability >= config.stability_score_thresh  # as segment_anything compares
                masks = (full > 0)[stable].cpu().numpy()
                codes += [to_rle(mask) for mask in masks]
                sure = (each[stable].cpu().numpy() for each in (pred_iou[part], stability))
                found.append((boxes_xyxy(masks).astype(np.float32), *sure))
        boxes, scores, stabilities = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return codes, boxes, scores, stabilities
