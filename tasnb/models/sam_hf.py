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
from tasnb.core.masks import boxes_xyxy
from tasnb.models.machine import resolve_device, resolve_dtype
from tasnb.models.proposers import GridConfig, Proposer, distinct
from tasnb.models.weights import deciding_files, fingerprint, load_pretrained, load_processor, read_config

# config.json's model_type -> the class of transformers; a "_video" checkpoint holds the image model
CLASSES: Mapping[str, str] = {"sam2": "Sam2Model", "sam3_tracker": "Sam3TrackerModel", "edgetam": "EdgeTamModel"}
VIDEO: Mapping[str, str] = {"sam2_video": "sam2", "sam3_video": "sam3_tracker", "edgetam_video": "edgetam"}
# one tensor under two names; transformers 4.56 to 4.57 left the first out when it saved SAM 2, 5 looks for both
TWINS: Mapping[str, str] = {
    "prompt_encoder.shared_embedding.positional_embedding": "shared_image_embedding.positional_embedding",
    "shared_image_embedding.positional_embedding": "prompt_encoder.shared_embedding.positional_embedding",
}
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
            Fields of `GridConfig`.

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
        processor = load_processor("AutoImageProcessor", folder)
        return cls(model, processor, config, source=kind, fingerprint=name, device=place)

    def _found(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import torch
        from torchvision.ops import nms

        with torch.inference_mode():
            masks, pred_iou, stability = self._candidates(image)
        order = np.array(distinct(masks, np.argsort(-pred_iou, kind="stable")), int)
        boxes = torch.tensor(boxes_xyxy(masks)[order], dtype=torch.float32)
        # sorted: nms tells places in `order`, which is best first already
        left = order[np.sort(nms(boxes, torch.tensor(pred_iou[order]), self.config.box_nms_thresh).numpy())]
        return masks[left], pred_iou[left], stability[left]

    def _candidates(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The masks, bool (m, h, w), that pass both thresholds, with their predicted IoU and stability, float (m,)."""
        import torch

        config, model, size_hw = self.config, self.model, image.shape[:2]
        inputs = self.processor(images=Image.fromarray(image), return_tensors="pt")
        seen = model.get_image_embeddings(inputs["pixel_values"].to(self.device, model.dtype))
        if not all(bool(level.isfinite().all()) for level in seen):
            raise UserError(
                f"{self.source}: the image encoder gives NaN or infinite numbers: use dtype float32 or bfloat16"
            )
        sides = inputs["pixel_values"].shape[-2:]
        steps = (np.arange(config.points_per_side) + 0.5) / config.points_per_side
        grid = torch.tensor([[x * sides[1], y * sides[0]] for y in steps for x in steps], dtype=model.dtype)
        found = [(np.zeros((0, *size_hw), bool), np.zeros(0, np.float32), np.zeros(0, np.float32))]
        for points in grid.to(self.device).split(config.points_per_batch):
            answer = model(
                image_embeddings=seen,
                input_points=points[None, :, None],
                input_labels=torch.ones(1, len(points), 1, dtype=torch.int, device=self.device),
                multimask_output=True,
            )
            pred_iou = answer.iou_scores[0].flatten().float()
            likely = pred_iou > config.pred_iou_thresh  # before the masks are enlarged
            logits = answer.pred_masks[0].flatten(0, 1)[likely].float()[:, None]
            if not len(logits):
                continue
            full = torch.nn.functional.interpolate(logits, size_hw, mode="bilinear", align_corners=False)[:, 0]
            inner = (full > STABILITY_OFFSET).sum(dim=(1, 2))
            outer = (full > -STABILITY_OFFSET).sum(dim=(1, 2))
            stability = torch.where(outer > 0, inner / outer.clamp(min=1), 0.0)
            stable = stability >= config.stability_score_thresh  # as segment_anything compares
            kept = ((full > 0)[stable], pred_iou[likely][stable], stability[stable])
            found.append(tuple(each.cpu().numpy() for each in kept))  # type: ignore[arg-type]
        masks, pred_iou, stability = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return masks, pred_iou, stability
