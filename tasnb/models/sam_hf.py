"""Mask proposals from SAM's successors as ``transformers`` has them: SAM 2, SAM 3's tracker, EdgeTAM.

A folder's config.json names the model. One grid of points over the whole image, filtered by predicted IoU, stability
and overlap of boxes, as SAM's own generator does without crops. transformers' "mask-generation" pipeline is not used:
these models squash the picture to a square, and it (5.23) places the points as if only the longer side were scaled, so
that on a photo of 640 x 480 no point falls into the lowest quarter.
Sources: facebookresearch/sam2, automatic_mask_generator.py, and facebookresearch/sam3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core.masks import boxes_xyxy, make_proposals
from tasnb.core.types import Proposals
from tasnb.models.checksums import fingerprint
from tasnb.models.devices import resolve_device, resolve_dtype
from tasnb.models.loading import filled, quiet

# config.json's model_type -> the class of transformers; a video checkpoint holds the image model
CLASSES: Mapping[str, str] = {
    "sam2": "Sam2Model", "sam2_video": "Sam2Model", "sam3_tracker": "Sam3TrackerModel",
    "sam3_video": "Sam3TrackerModel", "edgetam": "EdgeTamModel", "edgetam_video": "EdgeTamModel",
}  # fmt: skip
STABILITY_OFFSET = 1.0  # SAM default: how far the threshold on the logits moves to either side
_WEIGHTS = ("*.safetensors",)


@dataclass(frozen=True, kw_only=True)
class GridConfig:
    """How masks are generated and filtered; names and defaults are ``sam.ProposerConfig``'s. Thresholds lie in [0, 1].

    Raises ValueError for a value outside its range.
    """

    points_per_side: int = 8  # paper, section 4.2, for SAM; these models have no setting of their own there
    pred_iou_thresh: float = 0.7
    stability_score_thresh: float = 0.7
    box_nms_thresh: float = 0.7
    points_per_batch: int = 64

    def __post_init__(self) -> None:
        for name in ("pred_iou_thresh", "stability_score_thresh", "box_nms_thresh"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected a number in [0, 1], got {getattr(self, name)}")
        for name in ("points_per_side", "points_per_batch"):
            if not isinstance(value := getattr(self, name), int) or value < 1:
                raise ValueError(f"{name}: expected an integer of at least 1, got {value!r}")


def model_type(folder: Path) -> str | None:
    """The model_type that a folder's config.json names; None for a folder without one, SAM's own layout among them."""
    path = folder / "config.json"
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return found.get("model_type") if isinstance(found, dict) else None


class HFMaskProposer:
    """A `MaskProposer`: automatic masks of one of ``CLASSES``."""

    def __init__(
        self, model: Any, processor: Any, config: GridConfig, *, fingerprint: str, source: str, device: str
    ) -> None:
        """Take a loaded model and its image processor; `load` is the way to get both."""
        self.model, self.processor, self.config, self.fingerprint = model, processor, config, fingerprint
        self.source, self.device = source, device

    @classmethod
    def load(
        cls, folder: str | Path, *, device: str = "auto", dtype: str = "float32", **options: Any
    ) -> HFMaskProposer:
        """Load a transformers folder (config.json, safetensors, preprocessor_config.json), never the network.

        options: fields of `GridConfig`. Raises FileNotFoundError for an incomplete folder, ValueError for another
        model, an unknown option, weights that lack keys, or a version of transformers without the model.
        """
        place, number = resolve_device(device), resolve_dtype(dtype)
        choices = list(GridConfig.__dataclass_fields__)
        if unknown := sorted(set(options) - set(choices)):
            raise ValueError(f"unknown option {unknown[0]!r} for this proposer; choose from {', '.join(choices)}")
        config, folder = GridConfig(**options), Path(folder)
        kind = model_type(folder)
        if kind is None or kind not in CLASSES:
            raise ValueError(f"{folder} holds a model of type {kind!r}; choose from {', '.join(CLASSES)}")
        weights = next((found for p in _WEIGHTS if (found := sorted(folder.glob(p)))), None)
        if weights is None:
            raise FileNotFoundError(f"{folder} has no weights; expected {' or '.join(_WEIGHTS)}")
        import transformers

        if not hasattr(transformers, CLASSES[kind]):
            raise ValueError(
                f"transformers {transformers.__version__} has no {CLASSES[kind]}; a newer version has: pip install -U "
                "transformers"
            )
        model = filled(getattr(transformers, CLASSES[kind]), folder, dtype=number, what=CLASSES[kind])
        with quiet():
            processor = transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        model.eval().requires_grad_(False).to(place)
        decisive = {**asdict(config), "dtype": dtype}
        del decisive["points_per_batch"]  # costs memory, changes no mask
        small = sorted(folder.glob("*.json"))
        return cls(
            model, processor, config, fingerprint=fingerprint(f"mask-generation {kind}", [*small, *weights], decisive),
            source=kind, device=place,
        )  # fmt: skip

    def propose(self, image_rgb: np.ndarray) -> Proposals:
        """Return the masks of an image, uint8 (h, w, 3), best predicted IoU first; empty ones and repeats left out.

        No mask passes the thresholds: an empty set. Raises ValueError for another kind of array.
        """
        import torch

        image = np.asarray(image_rgb)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise ValueError(f"image_rgb: expected uint8 (h, w, 3), got {image.dtype} {image.shape}")
        with torch.inference_mode():
            masks, pred_iou, stability = self._candidates(image)
        order = _suppressed(masks, pred_iou, self.config.box_nms_thresh)
        return make_proposals(
            masks[order], pred_iou=pred_iou[order], stability_score=stability[order], source=self.source
        )

    def _candidates(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The masks, bool (m, h, w), that pass both thresholds, with their predicted IoU and stability, float (m,)."""
        import torch

        config, model = self.config, self.model
        height, width = image.shape[:2]
        inputs = self.processor(images=Image.fromarray(image), return_tensors="pt")
        seen = model.get_image_embeddings(inputs["pixel_values"].to(self.device, model.dtype))
        sides = inputs["pixel_values"].shape[-2:]
        steps = (np.arange(config.points_per_side) + 0.5) / config.points_per_side
        grid = torch.tensor([[x * sides[1], y * sides[0]] for y in steps for x in steps], dtype=model.dtype)
        found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
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
            full = torch.nn.functional.interpolate(logits, (height, width), mode="bilinear", align_corners=False)[:, 0]
            inner = (full > STABILITY_OFFSET).sum(dim=(1, 2))
            outer = (full > -STABILITY_OFFSET).sum(dim=(1, 2))
            stability = torch.where(outer > 0, inner / outer.clamp(min=1), 0.0)
            stable = stability >= config.stability_score_thresh  # as segment_anything compares
            kept = ((full > 0)[stable], pred_iou[likely][stable], stability[stable])
            found.append(tuple(each.cpu().numpy() for each in kept))  # type: ignore[arg-type]
        if not found:
            return np.zeros((0, height, width), bool), np.zeros(0, np.float32), np.zeros(0, np.float32)
        masks, pred_iou, stability = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return masks, pred_iou, stability


def _suppressed(masks: np.ndarray, pred_iou: np.ndarray, threshold: float) -> np.ndarray:
    """Places of the masks that stay, best first: not empty, no repeat, no box that overlaps a better one too much."""
    import torch
    from torchvision.ops import nms

    boxes = boxes_xyxy(masks)
    order, seen = [], set[bytes]()
    for index in np.argsort(-pred_iou, kind="stable"):
        code = np.packbits(masks[index]).tobytes()
        if masks[index].any() and code not in seen:
            seen.add(code)
            order.append(int(index))
    if not order:
        return np.zeros(0, dtype=int)
    left = nms(torch.tensor(boxes[order], dtype=torch.float32), torch.tensor(pred_iou[order]), threshold)
    return np.array(order)[np.sort(left.numpy())]
