"""The module ablation of the paper's Table 4 on any samples: V; +P; +P+N; +P+N+spatial.

Each image is described once and each expression scored once; the four rows are re-weightings of the same scores.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tasnb.core.masks import pairwise_intersection
from tasnb.core.shipped import data_root
from tasnb.core.types import ImageArtifacts, Models, Sample, ScoreTable, Weights
from tasnb.evaluation import metrics
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline import variant as variants
from tasnb.pipeline.describe import describe
from tasnb.stages import expressions

ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("V", ("v",)),
    ("V+P", ("v", "p")),
    ("V+P+N", ("v", "p", "n")),
    ("V+P+N+spatial", ("v", "p", "n", "spatial")),
)


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """rows: one a module set, JSON-ready; IoU figures in percent with 95 % intervals. n: sentences. images: scenes.

    oracle_miou: the best proposal of each sample. chance_miou: a proposal drawn at random, in expectation.
    """

    rows: tuple[dict[str, Any], ...]
    n: int
    images: int
    oracle_miou: float
    chance_miou: float
    protocol: str
    data: str
    models: str


def ablate(
    samples: Iterable[Sample],
    models: Models,
    *,
    variant: str | variants.Variant = variants.PAPER,
    artifacts: Mapping[str, ImageArtifacts] | None = None,
    protocol: str = "tas",
    tick: Callable[[str], None] = lambda _: None,
) -> Ablation:
    """Run the four rows of Table 4. Samples of one image should follow each other, so that it is described once.

    artifacts: image id -> what ``describe`` gave, where at hand. tick: called with each image id when it is done.
    Raises ValueError for a sample without a target, or for no samples.
    """
    chosen = variants.find(variant)
    known = dict(artifacts or {})
    hits: list[list[tuple[int, int]]] = []
    best: list[float] = []
    chance: list[float] = []
    image_ids: list[str] = []
    answered: list[bool] = []
    data = ""
    for sample in samples:
        if sample.target is None:
            raise ValueError(f"sample {sample.sample_id} has no target mask; an ablation needs one")
        if sample.image_id not in known:
            # one image at a time: a full split's masks would not fit in memory
            known = {sample.image_id: describe(sample.image, models, variant=chosen, image_id=sample.image_id)}
            tick(sample.image_id)
        here = known[sample.image_id]
        data = f"{sample.dataset} {sample.split}"
        ious, pairs = overlaps(here, sample.target)
        target_area = int(sample.target.sum())
        hits.append(
            [pairs[table.best] if table.best is not None else (0, target_area)
             for table in tables(here, sample.expression, models, variant=chosen)]
        )  # fmt: skip
        best.append(float(ious.max(initial=0.0)))
        chance.append(float(ious.mean()) if len(ious) else 0.0)
        image_ids.append(sample.image_id)
        answered.append(len(ious) > 0)
    if not hits:
        raise ValueError("expected at least one sample, got none; check the data set and the split")
    counts = np.asarray(hits)  # (samples, rows, 2)
    return Ablation(
        rows=tuple(_rows(counts, image_ids, np.asarray(answered), protocol)),
        n=len(counts),
        images=len(set(image_ids)),
        oracle_miou=100 * float(np.mean(best)),
        chance_miou=100 * float(np.mean(chance)),
        protocol=protocol,
        data=data,
        models=models.name,
    )


def overlaps(artifacts: ImageArtifacts, target: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """IoU of every proposal with the target, float (n,), and its (intersection, union) in pixels."""
    masks = artifacts.proposals.masks
    if not len(masks):
        return np.zeros(0), []
    inter = pairwise_intersection(masks, target[None])[:, 0].astype(np.int64)
    union = masks.sum(axis=(1, 2)) + int(target.sum()) - inter
    return inter / np.maximum(union, 1), [(int(i), int(u)) for i, u in zip(inter, union, strict=True)]


def tables(
    artifacts: ImageArtifacts, expression: str, models: Models, *, variant: str | variants.Variant = variants.PAPER
) -> list[ScoreTable]:
    """The score table of each row of ``ROWS``, from one scoring of the expression."""
    chosen = variants.find(variant)
    parse = expressions.parse(expression, models.parser, rule=chosen.parse)
    mined = pipeline.mine(artifacts, parse, models, variant=chosen)
    full = pipeline.score(artifacts, expression, mined, models, variant=chosen)
    found = []
    for _, modules in ROWS:
        weights = Weights(
            alpha=chosen.weights.alpha if "p" in modules else 0.0, lam=chosen.weights.lam if "n" in modules else 0.0
        )
        table = replace(full, weights=weights)
        found.append(pipeline.rectify(table, parse, artifacts, variant=chosen) if "spatial" in modules else table)
    return found


def _rows(
    counts: np.ndarray, image_ids: Sequence[str], answered: np.ndarray, protocol: str
) -> Iterable[dict[str, Any]]:
    published = paper_table4()
    for number, (name, _) in enumerate(ROWS):
        summary = metrics.summarise(
            counts[:, number, 0], counts[:, number, 1], image_ids, protocol=protocol, answered=answered
        )
        row: dict[str, Any] = {
            "modules": name,
            "miou": summary.miou.value,
            "miou_low": summary.miou.low,
            "miou_high": summary.miou.high,
            "oiou": summary.oiou.value,
            "oiou_low": summary.oiou.low,
            "oiou_high": summary.oiou.high,
            "pr50": summary.precision[0.5].value,
            "paper_miou": published[name]["mIoU"],
            "paper_oiou": published[name]["oIoU"],
        }
        if number:
            gain = metrics.paired_difference(
                counts[:, number],
                counts[:, number - 1],
                image_ids,
                protocol=protocol,
                metric="miou",
                answered=answered,
            )
            row |= {"gain": gain.value, "gain_low": gain.low, "gain_high": gain.high}
        yield row


def paper_table4() -> dict[str, dict[str, float]]:
    """The published Table 4 (RefCOCO val, SAM ViT-H, CLIP ViT-B/32, BLIP-2): modules -> metric -> percent."""
    found: dict[str, dict[str, float]] = {}
    with (data_root() / "paper" / "table4.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["method"], {})[row["metric"]] = float(row["value"])
    return found


def as_text(result: Ablation) -> str:
    """The ablation for a terminal, the paper's Table 4 beside it."""
    lines = [
        f"module ablation: {result.data}, {result.images} scenes, {result.n} expressions, {result.models} models,"
        f" protocol {result.protocol}, 95 % intervals",
        f"{'modules':<15} {'mIoU':>6}  {'interval':<15} {'gain':>6}  {'interval':<16} {'oIoU':>6} {'Pr@0.5':>7}"
        f"   {'paper mIoU':>10} {'oIoU':>6}",
    ]
    for row in result.rows:
        gain = (
            f"{row['gain']:+6.2f}  [{row['gain_low']:+6.2f}, {row['gain_high']:+6.2f}]"
            if "gain" in row
            else " " * 6 + "  " + " " * 16
        )
        lines.append(
            f"{row['modules']:<15} {row['miou']:6.2f}  [{row['miou_low']:5.2f}, {row['miou_high']:5.2f}]  {gain}"
            f" {row['oiou']:6.2f} {row['pr50']:7.2f}   {row['paper_miou']:10.2f} {row['paper_oiou']:6.2f}"
        )
    lines.append(f"oracle (best proposal) {result.oracle_miou:.2f} mIoU; a random proposal {result.chance_miou:.2f}.")
    lines.append(
        "paper: Table 4, RefCOCO val, SAM ViT-H, CLIP ViT-B/32, BLIP-2. Other data and other models: compare the"
        " steps, not the levels."
    )
    for row in result.rows:
        if "gain" in row and row["gain_low"] <= 0 <= row["gain_high"]:
            lines.append(
                f"note: the interval of the step to {row['modules']} includes 0, so it is not shown to help here."
            )
        elif "gain" in row and row["gain_high"] < 0:
            lines.append(f"note: the step to {row['modules']} makes it worse here.")
    return "\n".join(lines)
