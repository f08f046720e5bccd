"""How good proposals are before anything is chosen among them: how many, how well they cover, how much they repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.masks import from_rle, pairwise_iou
from tasnb.evaluation import metrics

if TYPE_CHECKING:
    import pandas as pd

RECALL_AT = (0.5, 0.75)  # IoU, as COCO counts a found object
SAME_AT = 0.8  # IoU above which two masks of one image are taken for the same thing


def redundancy(masks: np.ndarray) -> float:
    """The share of masks, bool (n, h, w), that repeat an earlier one (IoU above 0.8): 0..1; no mask: NaN.

    >>> redundancy(np.ones((4, 2, 2), dtype=bool))
    0.75
    """
    if not len(masks):
        return float("nan")
    repeats = np.tril(pairwise_iou(masks, masks) > SAME_AT, k=-1)
    return float(repeats.any(axis=1).mean())


def proposal_quality(runs: Mapping[str, Any]) -> pd.DataFrame:
    """A row a run: what its proposals could give to the best possible choice. runs: name -> ``Run``, read from disk.

    Columns: source; images, sentences; masks (mean an image); oracle_miou with _low and _high (the best proposal of
    each target, per cent, 95 % interval); recall50, recall75 (per cent of the targets with a proposal of at least that
    IoU), each with an interval; redundancy (per cent of an image's masks that repeat an earlier one, mean over images
    with masks; NaN without any). Targets are counted once a sentence, as everywhere in a run. An image without
    proposals counts with 0 masks and as not found; one whose samples all failed is not counted.
    Raises ValueError for a run that holds no prediction.
    """
    import pandas as pd

    rows = [{"source": name, **_row(run)} for name, run in runs.items()]
    return pd.DataFrame(rows)


def as_text(table: pd.DataFrame) -> str:
    """What ``proposal_quality`` gave, for a terminal."""
    width = max([len("source"), *table["source"].str.len()])
    lines = [
        f"{'source':<{width}} {'masks':>6} {'oracle mIoU':>11} {'interval':>15} {'recall@0.5':>10} {'recall@0.75':>11} "
        f"{'redundancy':>10} {'images':>6}"
    ]
    for row in table.to_dict("records"):
        interval = f"[{row['oracle_miou_low']:.2f}, {row['oracle_miou_high']:.2f}]"
        repeats = "-" if row["redundancy"] != row["redundancy"] else f"{row['redundancy']:.2f}"
        lines.append(
            f"{row['source']:<{width}} {row['masks']:6.2f} {row['oracle_miou']:11.2f} {interval:>15} "
            f"{row['recall50']:10.2f} {row['recall75']:11.2f} {repeats:>10} {row['images']:6}"
        )
    return "\n".join(lines)


def _row(run: Any) -> dict[str, Any]:
    samples = run.predictions().drop_duplicates("sample")
    if samples.empty:
        raise ValueError(f"{run.folder} holds no prediction yet; finish it with tasnb evaluate")
    images = samples.drop_duplicates("image_id")
    found = metrics.summarise(
        samples["oracle_intersection"].to_numpy(), samples["oracle_union"].to_numpy(), samples["image_id"].to_numpy(),
        protocol="lavt",  # counts a target as found at an IoU of exactly t, as COCO does; else as "tas"
        answered=(samples["proposals"] > 0).to_numpy(), thresholds=RECALL_AT,
    )  # fmt: skip
    row: dict[str, Any] = {
        "images": len(images), "sentences": len(samples), "masks": float(images["proposals"].mean())
    }  # fmt: skip
    figures = {"oracle_miou": found.miou, **{f"recall{round(100 * t)}": found.precision[t] for t in RECALL_AT}}
    for name, figure in figures.items():
        row |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return row | {"redundancy": _redundancy(run)}


def _redundancy(run: Any) -> float:
    """Mean over the images that have masks, per cent; NaN when none has."""
    shares = [
        redundancy(
            np.stack([from_rle({"size": (h, w), "counts": counts})
                      for h, w, counts in zip(rows["height"], rows["width"], rows["mask"], strict=True)])
        )
        for _, rows in run.proposals().groupby("image_id", sort=False)
    ]  # fmt: skip
    return 100 * float(np.mean(shares)) if shares else float("nan")
