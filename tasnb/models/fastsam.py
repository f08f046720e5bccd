"""Mask proposals from FastSAM through ``ultralytics`` (its sole importer): one pass of a YOLO, the paper's way down in
cost.

ultralytics is AGPL-3.0: who offers a program that uses it, over a network too, must offer its source. It is therefore
never installed by default: pip install 'tasnb[fastsam]'. Its checkpoints are pickled modules; they are read with
torch's weights_only and ultralytics' own list of known classes, never as free pickles.
Source: CASIA-IVA-Lab/FastSAM, Inference.py, for the thresholds.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.masks import make_proposals
from tasnb.core.types import Proposals
from tasnb.models.checksums import fingerprint
from tasnb.models.devices import resolve_device
from tasnb.models.extras import MissingExtraError, require


@dataclass(frozen=True, kw_only=True)
class FastSamConfig:
    """Options of FastSAM's "segment everything". conf, iou: in [0, 1]; image_size: pixels of the longer side.

    Raises ValueError for a value outside its range.
    """

    conf: float = 0.4  # FastSAM, Inference.py
    iou: float = 0.9
    image_size: int = 1024

    def __post_init__(self) -> None:
        for name in ("conf", "iou"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected a number in [0, 1], got {getattr(self, name)}")
        if not isinstance(self.image_size, int) or self.image_size < 32:
            raise ValueError(f"image_size: expected an integer of at least 32, got {self.image_size!r}")


class FastSamProposer:
    """A `MaskProposer`: FastSAM's masks of everything."""

    def __init__(self, model: Any, config: FastSamConfig, *, fingerprint: str, device: str) -> None:
        """Take a loaded ``ultralytics.FastSAM``; `load` is the way to get one."""
        self._model, self.config, self.fingerprint, self.device = model, config, fingerprint, device

    @classmethod
    def load(
        cls, checkpoint: str | Path, *, device: str = "auto", dtype: str = "float32", **options: Any
    ) -> FastSamProposer:
        """Load FastSAM-s.pt or FastSAM-x.pt. dtype: "float32" only. options: fields of `FastSamConfig`.

        Raises FileNotFoundError without the file; MissingExtraError without ultralytics, or with one that is too old to
        read a checkpoint safely; ValueError for another dtype or option, or a file that is no such checkpoint.
        """
        path = Path(checkpoint)
        if not path.is_file():
            raise FileNotFoundError(f"FastSAM checkpoint not found: {path}")
        choices = [f.name for f in fields(FastSamConfig)]
        if unknown := sorted(set(options) - set(choices)):
            raise ValueError(f"unknown FastSAM option {unknown[0]!r}; choose from {', '.join(choices)}")
        if dtype != "float32":
            raise ValueError(f"FastSAM runs in float32 here, got dtype {dtype!r}")
        config, place = FastSamConfig(**options), resolve_device(device)
        # read when ultralytics is imported: nothing is sent or fetched, and a checkpoint runs no code
        os.environ["YOLO_OFFLINE"] = "true"
        os.environ["ULTRALYTICS_SAFE_LOAD"] = "true"
        vendor = require("ultralytics", extra="fastsam", what="FastSAM", note="AGPL-3.0")
        tasks = require("ultralytics.nn.tasks", extra="fastsam", what="FastSAM")
        if not getattr(tasks, "SAFE_LOAD", False):
            raise MissingExtraError(
                f"ultralytics {vendor.__version__} cannot read a checkpoint without running what is in it; pip install "
                "-U 'tasnb[fastsam]', and load tasnb's FastSAM before other code imports ultralytics"
            )
        try:
            model = vendor.FastSAM(str(path))
            model.to(place)
        except Exception as error:  # torch, zipfile, pickle and ultralytics each raise their own
            raise ValueError(
                f"{path} does not hold a FastSAM checkpoint: {' '.join(str(error).split())[:300]}"
            ) from error
        name = fingerprint("fastsam", [path], {**asdict(config), "ultralytics": vendor.__version__})
        return cls(model, config, fingerprint=name, device=place)

    def propose(self, image_rgb: np.ndarray) -> Proposals:
        """Return the masks of an image, uint8 (h, w, 3), most confident first; empty ones and repeats left out.

        pred_iou is the detector's confidence; there is no stability score, so it is NaN. Nothing found: an empty set.
        Raises ValueError for another kind of array.
        """
        image = np.asarray(image_rgb)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise ValueError(f"image_rgb: expected uint8 (h, w, 3), got {image.dtype} {image.shape}")
        found = self._model.predict(
            np.ascontiguousarray(image[..., ::-1]),  # ultralytics takes arrays as BGR
            retina_masks=True, conf=self.config.conf, iou=self.config.iou, imgsz=self.config.image_size,
            device=self.device, verbose=False, save=False,
        )[0]  # fmt: skip
        if found.masks is None:
            return make_proposals(np.zeros((0, *image.shape[:2]), bool), source="fastsam")
        masks = found.masks.data.cpu().numpy() > 0.5
        scores = found.boxes.conf.cpu().numpy()
        kept: dict[bytes, int] = {}
        for index in np.argsort(-scores, kind="stable"):
            if masks[index].any():
                kept.setdefault(np.packbits(masks[index]).tobytes(), int(index))
        order = list(kept.values())
        return make_proposals(
            masks[order].reshape(len(order), *image.shape[:2]), pred_iou=scores[order], source="fastsam"
        )
