"""Mask proposals from FastSAM through ``ultralytics`` (its sole importer): one pass of a YOLO, the paper's way down in
cost.

ultralytics is AGPL-3.0: who offers a program that uses it, over a network too, must offer its source. It is therefore
never installed by default: pip install 'tasnb[fastsam]'. Its checkpoints are pickled modules; they are read with
torch's weights_only and ultralytics' own list of known classes, never as free pickles.
Source: CASIA-IVA-Lab/FastSAM, Inference.py, for the thresholds.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.choices import require_known
from tasnb.core.file_kinds import refuse_foreign
from tasnb.core.masks import to_rle
from tasnb.models.machine import MissingExtraError, require_library, resolve_device
from tasnb.models.options import ProposerOptions
from tasnb.models.proposers import Proposer, distinct
from tasnb.models.weights import fingerprint, in_our_words, require_finite, why_unread


@dataclass(frozen=True, kw_only=True)
class FastSamConfig(ProposerOptions):
    """Options of FastSAM's "segment everything".

    Parameters
    ----------
    conf, iou : float
        Thresholds of confidence and of non-maximum suppression, in [0, 1].
    image_size : int
        Pixels of the longer side, at least 32.

    Raises
    ------
    ValueError
        For a value outside its range.
    """

    conf: float = 0.4  # FastSAM, Inference.py
    iou: float = 0.9
    image_size: int = field(default=1024, metadata={"least": 32})


class FastSamProposer(Proposer):
    """A `MaskProposer`: FastSAM's masks of everything; `load` is the way to get one.

    pred_iou is the detector's confidence; there is no stability score, so it is NaN.

    Parameters
    ----------
    model : ultralytics.FastSAM
        A loaded one.
    config : FastSamConfig
        Its thresholds and size.
    source, fingerprint, device : str
        See `Proposer`.
    """

    @classmethod
    def load(
        cls, checkpoint: str | Path, *, device: str = "auto", dtype: str = "float32", **options: Any
    ) -> FastSamProposer:
        """Load a checkpoint of FastSAM.

        Parameters
        ----------
        checkpoint : str or Path
            FastSAM-s.pt or FastSAM-x.pt.
        device : str
            Where it runs.
        dtype : str
            "float32" only.
        **options : int or float
            Fields of `FastSamConfig`.

        Returns
        -------
        FastSamProposer
            Ready to use.

        Raises
        ------
        MissingFileError
            Without the file.
        MissingExtraError
            Without ultralytics, or with one that is too old to read a checkpoint safely.
        UserError
            For another dtype or option, or a file that is no such checkpoint.
        """
        path = Path(checkpoint)
        refuse_foreign(path, "FastSAM checkpoint")
        require_known("dtype of FastSAM", dtype, ["float32"])
        config, place = FastSamConfig.read(options), resolve_device(device)
        # read when ultralytics is imported: nothing is sent or fetched, and a checkpoint runs no code
        os.environ["YOLO_OFFLINE"] = "true"
        os.environ["ULTRALYTICS_SAFE_LOAD"] = "true"
        vendor = require_library("ultralytics", extra="fastsam", what="FastSAM", note="AGPL-3.0")
        tasks = require_library("ultralytics.nn.tasks", extra="fastsam", what="FastSAM")
        if not getattr(tasks, "SAFE_LOAD", False):
            raise MissingExtraError(
                f"ultralytics {vendor.__version__} cannot read a checkpoint without running what is in it; pip install "
                "-U 'tasnb[fastsam]', and load tasnb's FastSAM before other code imports ultralytics"
            )
        with in_our_words(f"{path} does not hold a FastSAM checkpoint", say=why_unread):
            model = vendor.FastSAM(str(path))
            model.to(place)
        require_finite(str(path), model.model.state_dict())
        name = fingerprint("fastsam", [path], {**asdict(config), "ultralytics": vendor.__version__})
        return cls(model, config, source="fastsam", fingerprint=name, device=place)

    def _found(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, None]:
        options = {"conf": self.config.conf, "iou": self.config.iou, "imgsz": self.config.image_size}
        # ultralytics takes arrays as BGR
        bgr = np.ascontiguousarray(image[..., ::-1])
        found = self.model.predict(bgr, retina_masks=True, device=self.device, verbose=False, save=False, **options)[0]
        if found.masks is None:
            return np.zeros((0, *image.shape[:2]), bool), np.zeros(0, np.float32), None
        masks, scores = found.masks.data.cpu().numpy() > 0.5, found.boxes.conf.cpu().numpy()
        order = distinct([to_rle(mask) for mask in masks], np.argsort(-scores, kind="stable"))
        return masks[order], scores[order], None
