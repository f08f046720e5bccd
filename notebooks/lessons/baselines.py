"""Lesson 07, ``notebooks/07_baselines.ipynb``: the methods that TAS is compared with, from the inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from tasnb.core.embeddings import cosines
from tasnb.core.masks import iou
from tasnb.core.types import ImageArtifacts, Models, Sample
from tasnb.datasets import Samples
from tasnb.evaluation import paper
from tasnb.evaluation.paper import PRINTED
from tasnb.evaluation.plan import METHODS
from tasnb.models.clip import cells_inside
from tasnb.pipeline.baselines import MAPS, heatmap, missing
from tasnb.plots import Strip, heat, strip
from tasnb.stages import heatmaps

from .answers import Exercise, Right, Slip, hints

if TYPE_CHECKING:
    import pandas as pd

    from tasnb.evaluation.runs import Run

__all__ = ["METHODS", "absent", "check_mix", "check_pooled", "check_surgery", "choices", "heats", "hint", "published",
           "table", "tokens"]  # fmt: skip

MIX = 0.6  # the weight in exercise 3: both parts count, and a swap shows
POOLED = Exercise(
    1,
    expected="one number a mask, the mean of the map over the mask's pixels",
    hint="A mask is an array of True and False in the shape of the map. What does an array give when it is "
    "indexed with such a mask?",
    recipe="for each mask take the map's values inside it, heat[mask], and average them",
)
SURGERY = Exercise(
    2,
    expected="a map (rows, columns), one number a cell",
    hint="The map of a text is cells @ text. The part that every text has in common is the map of a text that "
    "says nothing.",
    recipe="multiply every cell's vector with (text - empty)",
)
MIXED = Exercise(
    3,
    expected="cosines, one a proposal",
    hint="Mix first, compare then: the two views of each mask with v and 1 - v, the two texts half and half. A"
    " mean of unit vectors is shorter than 1, so what does a cosine need besides the product?",
    recipe="mix masked and crops with v and 1 - v, mix the two texts half and half, take the products, and "
    "divide by the lengths of both mixtures",
)
hint = hints(POOLED, SURGERY, MIXED)


def heats(sample: Sample, artifacts: ImageArtifacts, models: Models, *, height: int = 190) -> Strip:
    """The three heat maps of a sample's expression, each with the rim of the mask that it chooses."""
    pictures, captions = [], []
    for method, (_, name) in MAPS.items():
        found = heatmap(artifacts, sample.expression, models, method=method)
        answer = METHODS[method](artifacts, sample.expression, models)
        pictures.append(heat(sample.image, found, mask=answer.mask))
        fits = "" if sample.target is None else f"\nIoU {iou(answer.mask, sample.target):.2f}"
        captions.append(f"{name}: {found.min():.2g} to {found.max():.2g}{fits}")
    return strip(pictures, captions, height=height)


def absent(
    sample: Sample, samples: Sequence[Sample], artifacts: ImageArtifacts, models: Models, *, most: int = 6
) -> pd.DataFrame:
    """Grad-CAM's maps for things in the picture and for things of the other pictures only.

    A row a text (what a person says of a thing, where the data set tells it, else an expression), at most ``most`` of
    each group: in the picture; above 0, the share of its cells; largest; empty, whether no cell is above 0.
    """
    import pandas as pd

    if isinstance(samples, Samples):
        about = [(image_id, name) for image_id in dict.fromkeys(samples.image_ids) for name in samples.names(image_id)]
    else:
        about = [(each.image_id, each.expression) for each in samples]
    here = list(dict.fromkeys(text for image_id, text in about if image_id == sample.image_id and text))
    elsewhere = [text for text in dict.fromkeys(text for _, text in about if text) if text not in here]
    rows, slopes = [], artifacts.features.grids["grad_cam"]
    for text in (*here[:most], *elsewhere[:most]):
        found = heatmaps.grad_cam(slopes, models.encoder.encode_texts([text.lower()])[0])
        share, largest = float((found > 0).mean()), float(found.max())
        rows.append({"text": text, "in the picture": text in here, "above 0": share, "largest": largest})
    return pd.DataFrame(rows).assign(empty=lambda frame: frame["above 0"] == 0)


def tokens(image_rgb: np.ndarray, mask: np.ndarray, grid_hw: tuple[int, int]) -> np.ndarray:
    """The picture with the cells that Region Token drops for a mask painted black: uint8 (h, w, 3)."""
    share = heatmaps.coverage(mask[None], grid_hw).reshape(1, -1)
    kept = cells_inside(share).reshape(grid_hw)
    size = tuple(side / cells for side, cells in zip(mask.shape, grid_hw, strict=True))
    rows, columns = ((np.arange(side) / step).astype(int) for side, step in zip(mask.shape, size, strict=True))
    return np.asarray(image_rgb * kept[np.ix_(rows, columns)][..., None])


def choices(sample: Sample, artifacts: ImageArtifacts, models: Models) -> pd.DataFrame:
    """What each method chooses for one sample: method, mask, and iou with the target where it is known."""
    import pandas as pd

    rows = []
    for name, method in METHODS.items():
        answer = method(artifacts, sample.expression, models)
        fits = np.nan if sample.target is None else iou(answer.mask, sample.target)
        rows.append({"method": name, "mask": answer.index, "iou": fits})
    return pd.DataFrame(rows)


def table(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Table 1 on your data: a row a method, mIoU with its interval a run. runs: a name of the encoder -> its run."""
    import pandas as pd

    columns = {}
    for name, run in runs.items():
        rows = run.table().set_index("method")
        columns[name] = [f"{r.miou:.1f} [{r.miou_low:.1f}, {r.miou_high:.1f}]" for r in rows.itertuples()]
    return pd.DataFrame(columns, index=rows.index)


def published(metric: str = "mIoU") -> pd.DataFrame:
    """The paper's Table 1 on RefCOCO val, a row a method, a column an encoder; NaN where it has no figure."""
    printed = paper.table(1)
    printed = printed[(printed["dataset"] == "refcoco") & (printed["split"] == "val") & (printed["metric"] == metric)]
    names = {label: name for name, label in PRINTED.items()}
    printed = printed.assign(method=printed["method"].map(names), encoder=printed["encoder"].replace("", "none"))
    found = printed.dropna(subset="method").pivot(index="method", columns="encoder", values="value")
    return found.reindex([name for name in METHODS if name in found.index])


def check_pooled(answer: Any, found: np.ndarray, masks: np.ndarray) -> Right:
    """Exercise 1: the mean of a map over each mask. found: the map, float (h, w)."""
    answer = POOLED.given(answer)
    values = POOLED.numbers_of(answer, len(masks))
    right = _each(masks, lambda mask: found[mask].mean() if mask.any() else found.min())
    slips = [
        Slip(_each(masks, lambda mask: found[mask].sum()), "the sum over each mask", "divide by the mask's pixels"),
        Slip(
            _each(masks, lambda mask: found[mask].max(initial=-np.inf)),
            "the largest value in each mask", "take the mean: one hot pixel should not decide",
        ),
        Slip(
            _each(masks, lambda mask: (found * mask).mean()), "the mean over the whole picture, zero outside the mask",
            "divide by the mask's pixels only, or large masks win by their size",
        ),
        Slip(_each(masks, lambda mask: found[_box(mask)].mean()), "the mean over each mask's box", "use the mask"),
    ]  # fmt: skip
    POOLED.settle(values, right, slips, tolerance=2e-3)
    best = int(np.argmax(right))
    return Right(
        f"Mask {best} has the largest mean, {right[best]:.3f}, so it is the answer. The mean takes the whole mask into "
        "account: a mask that is only partly on the hot place loses to one that is all on it."
    )


def check_surgery(function: Any, artifacts: ImageArtifacts, expression: str, models: Models) -> Right:
    """Exercise 2: CLIP Surgery's map from the cells' unit vectors, the text and the empty text."""
    function = SURGERY.given(function)
    cells, empty = artifacts.features.grids.get("clip_surgery"), artifacts.features.empty_text
    if cells is None or empty is None:
        raise ValueError(missing("clip_surgery", "Exercise 2"))
    text = models.encoder.encode_texts([expression.strip().lower()])[0]
    value = np.asarray(SURGERY.called(function, cells, text, empty), dtype=np.float64)
    right = heatmaps.surgery_map(cells, text, empty)
    slips = [
        Slip(cells @ text, "the map of the text alone, nothing taken out", "subtract what the empty text says as well"),
        Slip(cells @ empty, "the map of the empty text alone", "that is the part to take out: text - empty"),
        Slip(-right, "the sign turned round", "subtract the empty text from the text, not the text from the empty one"),
        Slip(cells @ (text + empty), "a sum", "subtract the empty text"),
        Slip(
            np.zeros(cells.shape[:2]), "zero everywhere: with a single label, its own mean takes all of it away",
            "take out the map of the empty text, not the mean over the labels",
        ),
    ]  # fmt: skip
    SURGERY.settle(value, right, slips, tolerance=1e-4)
    shared = float(text @ empty)
    return Right(
        f"The cosine of this text with the empty one is {shared:.2f}: that much of its map is said of any text, and is "
        "gone. What remains is what this text says beyond that."
    )


def check_mix(function: Any, artifacts: ImageArtifacts, expression: str, phrase: str, models: Models) -> Right:
    """Exercise 3: Global-Local's score of every proposal, with a weight of ``MIX`` for the masked features."""
    function = MIXED.given(function)
    masked, crops = artifacts.features.regions.get("global_local"), artifacts.crop_embeddings["crop"]
    if masked is None:
        raise ValueError(missing("global_local", "Exercise 3"))
    sentence, noun = models.encoder.encode_texts([expression.strip().lower(), phrase.strip().lower()])
    values = MIXED.numbers_of(MIXED.called(function, masked, crops, sentence, noun, MIX), len(masked))

    def score(v: float, w: float) -> np.ndarray:
        return cosines(v * masked + (1 - v) * crops, (w * sentence + (1 - w) * noun)[None])[:, 0]

    raw = (MIX * masked + (1 - MIX) * crops) @ (0.5 * sentence + 0.5 * noun)
    slips = [
        Slip(raw, "a product of vectors that have not length 1 any more", "divide by both lengths: a mean of unit "
             "vectors is shorter than 1"),
        Slip(score(1 - MIX, 0.5), "the weights of masked feature and crop swapped", "v belongs to the masked feature"),
        Slip(score(MIX, 1.0), "the sentence without the noun phrase", "take half of each text"),
        Slip(score(MIX, 0.0), "the noun phrase without the sentence", "take half of each text"),
        Slip(score(1.0, 0.5), "the masked features alone", "add (1 - v) times the crops"),
        Slip(score(0.0, 0.5), "the crops alone", "add v times the masked features"),
        Slip(score(0.5, 0.5), "a plain mean, whatever v is", "use the v that is passed in"),
    ]  # fmt: skip
    right = score(MIX, 0.5)
    MIXED.settle(values, right, slips, tolerance=1e-4)
    alone, mixed = int(np.argmax(score(0.0, 0.5))), int(np.argmax(right))
    same = "the same mask as" if alone == mixed else f"mask {mixed} instead of mask {alone} of"
    return Right(
        f"With v = {MIX:g} this chooses {same} the crops alone (v = 0). The paper's v is 0.95, 0.85 for RefCOCOg."
    )


def _each(masks: np.ndarray, value: Callable[[np.ndarray], Any]) -> np.ndarray:
    return np.array([float(value(mask)) for mask in masks])


def _box(mask: np.ndarray) -> tuple[slice, ...]:
    found = ndimage.find_objects(mask.astype(np.int8))
    return found[0] if found else (slice(0, 1), slice(0, 1))
