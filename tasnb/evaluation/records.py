"""One row of a run's tables, from a prediction and its sample. Column names are those of DESIGN section 8."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from jaxtyping import Int

from tasnb.core.embeddings import cosines
from tasnb.core.masks import areas, centroids_xy, pairwise_intersection, to_rle
from tasnb.core.types import FEATURES, ImageArtifacts, Prediction, Sample, ScoreTable, parse_to_json
from tasnb.evaluation.metrics import iou, merge_sentences
from tasnb.pipeline.variant import Variant

NO_PROPOSAL = -1  # in the columns ``chosen`` and ``oracle``
SCORED = FEATURES  # columns of the baselines' own scores, named as what they read


class Measured:
    """The proposals of one image against one target: intersection and union of each, int (n,), and the oracle's."""

    def __init__(self, artifacts: ImageArtifacts, target: np.ndarray) -> None:
        masks = artifacts.proposals.masks
        if target.shape != artifacts.size_hw:
            raise ValueError(
                f"expected a target mask of the image's size {artifacts.size_hw} (h, w), got {target.shape}; "
                "check the annotation"
            )
        self.target_area = int(np.count_nonzero(target))
        self.areas: Int[np.ndarray, " n"] = areas(masks).astype(np.int64)
        if len(masks):
            self.intersections = pairwise_intersection(masks, target[None])[:, 0].astype(np.int64)
        else:
            self.intersections = np.zeros(0, np.int64)
        self.unions = self.areas + self.target_area - self.intersections
        self.ious = iou(self.intersections, self.unions)
        self.oracle = int(np.argmax(self.ious)) if len(masks) else NO_PROPOSAL

    def of(self, index: int | None) -> tuple[int, int]:
        """(intersection, union) of a proposal in pixels; no answer: (0, target area)."""
        if index is None or index == NO_PROPOSAL:
            return 0, self.target_area
        return int(self.intersections[index]), int(self.unions[index])


def prediction_row(
    number: int,
    sample: Sample,
    method: str,
    answer: Prediction,
    measured: Measured,
    evidence: Prediction,
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A row of ``predictions``. evidence: the TAS prediction, whose parse and negatives stand beside every method.

    known: what the data set says of the target beyond the sample: "category", "same_kind".
    """
    known = known or {}
    inter, union = measured.of(answer.index)
    if answer.index is None or not np.array_equal(answer.mask, answer.artifacts.proposals.masks[answer.index]):
        # a method may answer with a mask that is none of the proposals
        inter = int(np.count_nonzero(answer.mask & sample.target))
        union = int(np.count_nonzero(answer.mask | sample.target))
    best_inter, best_union = measured.of(measured.oracle)
    parse = evidence.parse
    return {
        "sample": number, "sample_id": sample.sample_id, "image_id": sample.image_id, "ref_id": sample.ref_id,
        "sent_id": sample.sent_id, "dataset": sample.dataset, "split": sample.split, "method": method,
        "expression": sample.expression, "chosen": NO_PROPOSAL if answer.index is None else answer.index,
        "proposals": len(answer.artifacts.proposals), "intersection": inter, "union": union,
        "iou": inter / union if union else 0.0, "target_area": measured.target_area, "oracle": measured.oracle,
        "oracle_intersection": best_inter, "oracle_union": best_union,
        "oracle_iou": best_inter / best_union if best_union else 0.0,
        "head": parse.head.lemma if parse.head else "", "phrase": parse.phrase,
        "directions": " ".join(parse.directions),
        "relations": json.dumps([asdict(r) for r in parse.relations]),
        "negatives": json.dumps(list(evidence.negatives.kept)), "caption": evidence.negatives.caption,
        "rectified": bool(evidence.table.trace and evidence.table.trace.applied), "parse": parse_to_json(parse),
        "phrases": _phrases(evidence), "gold": _gold(sample.gold), "category": str(known.get("category", "")),
        "same_kind": known.get("same_kind"),
    }  # fmt: skip


def _phrases(evidence: Prediction) -> str:
    """Every phrase of the overall caption with its verdict, in the order of the columns of ``phrase_cosines``."""
    rows = [{"text": p.text, "lemma": p.lemma, "kept": p.kept, "similarity": p.similarity, "reason": p.reason}
            for p in evidence.negatives.phrases]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _gold(gold: Mapping[str, Any]) -> str:
    """What the data set knows of the expression, as JSON without its tokens; "" where it knows nothing."""
    kept = {key: value for key, value in gold.items() if key != "tokens"}
    return json.dumps(kept, ensure_ascii=False, default=str, separators=(",", ":")) if kept else ""


def proposal_columns(image_id: str, artifacts: ImageArtifacts, variant: Variant) -> dict[str, Any]:
    """Columns of ``proposals`` for one image: a row a proposal, all that an analysis needs without any model.

    caption: what P compares. phrase_cosines: of the crop with every phrase of the overall caption, what N averages.
    x0 .. y1: the box, end exclusive, pixels. mask: COCO's compressed run lengths, of a picture height x width.
    """
    n = len(artifacts.proposals)
    height, width = artifacts.size_hw
    captions = artifacts.captions.get(variant.p_crop.style, ("",) * n)
    crops = artifacts.crop_embeddings.get(variant.v_crop.style, np.zeros((n, 0)))
    boxes = artifacts.proposals.boxes_xyxy
    return {
        "image_id": [image_id] * n, "proposal": np.arange(n), "caption": list(captions),
        "x0": boxes[:, 0], "y0": boxes[:, 1], "x1": boxes[:, 2], "y1": boxes[:, 3],
        "height": np.full(n, height), "width": np.full(n, width),
        "mask": [to_rle(mask)["counts"] for mask in artifacts.proposals.masks],
        "phrase_cosines": list(cosines(crops, artifacts.phrase_embeddings)),
    }  # fmt: skip


def score_columns(
    number: int,
    sample: Sample,
    table: ScoreTable,
    artifacts: ImageArtifacts,
    measured: Measured,
    baselines: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Columns of ``scores`` for one sample: a row a proposal. baselines: their own scores, by column (``SCORED``)."""
    own = baselines or {}
    n = len(table)
    centres = centroids_xy(artifacts.proposals.masks)
    return {
        "sample": np.full(n, number), "sample_id": [sample.sample_id] * n, "image_id": [sample.image_id] * n,
        "proposal": np.arange(n), "v": table.v, "p": table.p, "n": table.n, "kept": table.kept,
        "cx": centres[:, 0].astype(np.float64), "cy": centres[:, 1].astype(np.float64), "area": measured.areas,
        "intersection": measured.intersections, "union": measured.unions, "iou": measured.ious,
        **{name: own.get(name, np.full(n, np.nan)) for name in SCORED},
    }  # fmt: skip


def ref_rows(samples: Sequence[Sample], answers: Sequence[Prediction], method: str) -> list[dict[str, Any]]:
    """Rows of ``refs`` for one image and method: all sentences of an object merged, the unit of protocol "car"."""
    masks = np.stack([answer.mask for answer in answers])
    merged, names = merge_sentences(masks, [sample.ref_id for sample in samples])
    target_of = {sample.ref_id: sample for sample in samples}
    answered = {s.ref_id: False for s in samples}
    for sample, answer in zip(samples, answers, strict=True):
        answered[sample.ref_id] |= len(answer.artifacts.proposals) > 0
    rows = []
    for mask, ref_id in zip(merged, names, strict=True):
        target = target_of[ref_id].target
        assert target is not None  # samples without one never come this far
        rows.append(
            {
                "image_id": target_of[ref_id].image_id, "ref_id": ref_id, "method": method,
                "sentences": sum(s.ref_id == ref_id for s in samples),
                "intersection": int(np.count_nonzero(mask & target)), "union": int(np.count_nonzero(mask | target)),
                "answered": answered[ref_id],
            }
        )  # fmt: skip
    return rows


def error_row(number: int, sample_id: str, image_id: str, method: str, stage: str, error: Exception) -> dict[str, Any]:
    """A row of ``errors``; method "" means that no method could be tried."""
    return {
        "sample": number, "sample_id": sample_id, "image_id": image_id, "method": method, "stage": stage,
        "error": type(error).__name__, "message": " ".join(str(error).split())[:1000],
    }  # fmt: skip
