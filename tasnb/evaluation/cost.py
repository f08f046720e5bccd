"""Seconds an image and peak memory of CLIP-only, Global-Local and TAS, measured in one run (paper, section 4.5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.images import as_rgb
from tasnb.core.tables import csv_text, text_table
from tasnb.core.types import ImageArtifacts, Models, Prediction, Sample
from tasnb.models.deferred import defer, free
from tasnb.models.machine import peak, reset_peak
from tasnb.pipeline.baselines import clip_only, global_local
from tasnb.pipeline.describe import ImageStages, describe, with_features
from tasnb.pipeline.tas import tas
from tasnb.pipeline.variant import PAPER

if TYPE_CHECKING:
    import pandas as pd

# paper, section 4.5: an RTX 3090; the 22 GB are the whole method's
PUBLISHED_SECONDS = {"clip-only": 1.88, "global-local": 2.01, "tas": 3.63}
PUBLISHED_GB = {"tas": 22.0}
WARM_UP = 1  # images that load the models and are not timed


@dataclass(frozen=True, kw_only=True, eq=False)
class Cost:
    """What three methods cost.

    Parameters
    ----------
    frame : DataFrame
        A row a method: method, seconds (mean an image), slowest, cpu_seconds (of this process, mean an image: on a busy
        machine the fairer figure for a CPU), images, peak_gb, published_seconds, published_gb.
    models, device : str
        What was measured, and where.
    memory : str
        What peak_gb counts.
    differs : tuple of str
        How measured and published differ, in words.
    name : str
        What its files are called.
    title : str
        For people.
    """

    frame: pd.DataFrame
    models: str
    device: str
    memory: str
    differs: tuple[str, ...]
    name: str = "cost"
    title: str = "Cost: seconds an image and peak memory"

    __repr__ = brief

    @property
    def text(self) -> str:
        """For a terminal."""
        headers = ["method", "s an image", "slowest", "CPU s", "published s", "peak GB", "published GB", "images"]
        columns = ["method", "seconds", "slowest", "cpu_seconds", "published_seconds", "peak_gb", "published_gb"]
        rows = self.frame[[*columns, "images"]].astype({"images": object}).to_numpy().tolist()
        lines = [f"{self.title}; models {self.models}, device {self.device}", text_table(headers, rows, digits=3)]
        return "\n".join([*lines, f"memory: {self.memory}", *(f"differs: {words}" for words in self.differs)])

    def __str__(self) -> str:
        return self.text

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write cost.csv.

        Parameters
        ----------
        folder : path
            Made where it is not there.

        Returns
        -------
        tuple of Path
            What was written.
        """
        path = Path(folder) / f"{self.name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv_text(self.frame), encoding="utf-8")
        return (path,)


def cost(
    samples: Sequence[Sample],
    preset: str,
    *,
    limit: int = 5,
    model_options: Mapping[str, Any] | None = None,
    tick: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Cost:
    """Time each method from the pixels to the mask, one expression an image, without a store.

    Parameters
    ----------
    samples : sequence of Sample
        The first of each image is used.
    preset : str
        Of the models, or their folder.
    limit : int
        Number of images that are timed.
    model_options : mapping, optional
        For ``models.load``.
    tick : callable
        Called with methods done, methods in all, and the method.

    Returns
    -------
    Cost
        Seconds and memory beside the published figures.

    Raises
    ------
    ValueError
        For no samples.
    MissingFileError
        For models that are not there.

    Notes
    -----
    Each method has models of its own, loaded when it first needs them and freed when it is done, so its peak memory is
    that of the parts it uses. The first image loads them and is not timed; it is used again when it is the only one.
    """
    import pandas as pd

    of_image: dict[str, Sample] = {}
    for sample in samples:
        of_image.setdefault(sample.image_id, sample)
        if len(of_image) >= limit + WARM_UP:
            break
    if not of_image:
        raise UserError("expected at least one sample, got none; check the data set and the split")
    chosen, options = list(of_image.values()), dict(model_options or {})
    rows, memory, device = [], "", str(options.get("device", "auto"))
    for number, (name, answer) in enumerate(_METHODS.items()):
        tick(number, len(_METHODS), name)
        models = defer(preset, **options)
        reset_peak()
        answer(chosen[0], models)
        started = time.process_time()
        taken = [_seconds(answer, sample, models) for sample in chosen[WARM_UP:] or chosen]
        cpu = time.process_time() - started
        used, memory = peak()
        device = str(getattr(models.encoder, "device", device))
        free(models)
        row: dict[str, Any] = {
            "method": name,
            "seconds": float(np.mean(taken)),
            "slowest": max(taken),
            "cpu_seconds": cpu / len(taken),
        }
        published = {"published_seconds": PUBLISHED_SECONDS[name], "published_gb": PUBLISHED_GB.get(name, np.nan)}
        rows.append({**row, "images": len(taken), "peak_gb": used / 1e9, **published})
    tick(len(_METHODS), len(_METHODS), "")
    height, width = chosen[-1].image.shape[:2]
    same = "weights of the same names"
    other = f"other weights: {preset}; the paper has SAM ViT-H, CLIP and BLIP-2 OPT-2.7b"
    differs = (
        f"other machine: {device} of this one; the paper has an RTX 3090",
        same if preset == "paper" else other,
        f"pictures of {width} x {height} pixels here; COCO's are about 640 x 480",
        "one expression an image here, all stages counted; the paper does not say what it counts",
    )
    return Cost(frame=pd.DataFrame(rows), models=preset, device=device, memory=memory, differs=differs)


def _seconds(answer: Callable[[Sample, Models], Prediction], sample: Sample, models: Models) -> float:
    started = time.perf_counter()
    answer(sample, models)  # ends in numpy, so a GPU has finished
    return time.perf_counter() - started


def _clip_only(sample: Sample, models: Models) -> Prediction:
    return clip_only(_without_captions(sample, models)[0], sample.expression, models)


def _global_local(sample: Sample, models: Models) -> Prediction:
    artifacts, image_rgb = _without_captions(sample, models)
    seen = with_features(artifacts, image_rgb, models, ("global_local",))
    return global_local(seen, sample.expression, models)


def _tas(sample: Sample, models: Models) -> Prediction:
    return tas(describe(sample.image, models, max_side=None), sample.expression, models)


def _without_captions(sample: Sample, models: Models) -> tuple[ImageArtifacts, np.ndarray]:
    image_rgb = as_rgb(sample.image)
    stages = ImageStages(image_rgb=image_rgb, models=models)
    artifacts = ImageArtifacts(
        image_id=sample.image_id,
        size_hw=(image_rgb.shape[0], image_rgb.shape[1]),
        proposals=stages.proposals,
        crop_embeddings={PAPER.v_crop.style: stages.crop_embeddings},
        captions={},
        caption_embeddings={},
        overall_caption="",
    )
    return artifacts, image_rgb


_METHODS: Mapping[str, Callable[[Sample, Models], Prediction]] = {
    "clip-only": _clip_only,
    "global-local": _global_local,
    "tas": _tas,
}
