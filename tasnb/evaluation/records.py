"""The tables of a run: their columns, and one row of each from a prediction and its sample (DESIGN section 8)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from tasnb.core.embeddings import cosines
from tasnb.core.errors import UserError
from tasnb.core.masks import areas, centroids_xy, pairwise_intersection, to_rle
from tasnb.core.types import FEATURES, ImageArtifacts, Parse, Prediction, Sample, ScoreTable, parse_to_json
from tasnb.evaluation.metrics import iou, merge_sentences
from tasnb.pipeline.variant import Variant

NO_PROPOSAL = -1  # in the columns ``chosen`` and ``oracle``
SCORED = FEATURES  # columns of the baselines' own scores, named as what they read
# table -> its columns in order; one without a type is text
COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "predictions": "sample:int64 sample_id image_id ref_id sent_id dataset split method expression chosen:int64 "
        "proposals:int64 intersection:int64 union:int64 iou:float64 target_area:int64 oracle:int64 "
        "oracle_intersection:int64 oracle_union:int64 oracle_iou:float64 head phrase directions relations negatives "
        "caption rectified:bool parse phrases gold category same_kind:int64",
        "proposals": "image_id proposal:int64 caption x0:int64 y0:int64 x1:int64 y1:int64 height:int64 width:int64 "
        "mask phrase_cosines:floats",
        "scores": "sample:int64 sample_id image_id proposal:int64 v:float64 p:float64 n:float64 prior:float64 "
        "kept:bool cx:float64 cy:float64 area:int64 intersection:int64 union:int64 iou:float64 "
        # the baselines' own scores, NaN where the run has no such method; CLIP-only's is v, Text-only's p
        + " ".join(f"{name}:float64" for name in SCORED),
        "refs": "image_id ref_id method sentences:int64 intersection:int64 union:int64 answered:bool",
        "errors": "sample:int64 sample_id image_id method stage error message",
        # masks that are none of the proposals; only where a method gave such
        "answers": "sample:int64 sample_id image_id method height:int64 width:int64 mask score:float64",
    }
)
OPTIONAL = ("answers",)  # a part has such a table only where it has a row
TABLES = tuple(name for name in COLUMNS if name not in OPTIONAL)
_BY_COLUMN = ("proposals", "scores")  # their rows come as arrays, a block an image or sample
_OF_SAMPLE = ("sample_id", "image_id", "ref_id", "sent_id", "dataset", "split", "expression")


@cache
def schema(table: str) -> Any:
    """The columns of a table.

    Parameters
    ----------
    table : str
        A key of ``COLUMNS``.

    Returns
    -------
    pyarrow.Schema
        The same for every part, empty ones too.
    """
    import pyarrow as pa

    types = {
        "": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "floats": pa.list_(pa.float64()),
    }
    columns = (column.partition(":") for column in COLUMNS[table].split())
    return pa.schema([(name, types[kind]) for name, _, kind in columns])


@dataclass
class Rows:
    """The rows of a part, table by table; scores and proposals in blocks of columns."""

    predictions: list[dict[str, Any]] = field(default_factory=list)
    refs: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    proposals: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)

    def table(self, name: str) -> Any:
        """One table.

        Parameters
        ----------
        name : str
            A key of ``COLUMNS``.

        Returns
        -------
        pyarrow.Table
            With the table's schema, without any row too.
        """
        import pyarrow as pa

        rows, columns = getattr(self, name), schema(name)
        if name in _BY_COLUMN:
            found = {column: list(chain.from_iterable(block[column] for block in rows)) for column in columns.names}
            return pa.table(found, schema=columns)
        return pa.Table.from_pylist(rows, schema=columns)


class Measured:
    """The proposals of one image against one target.

    Parameters
    ----------
    artifacts : ImageArtifacts
        Of the image, with n proposals.
    target : ndarray of bool, shape (h, w)
        The mask that is meant.

    Attributes
    ----------
    areas, intersections, unions : ndarray of int64, shape (n,)
        Pixels.
    ious : ndarray of float, shape (n,)
        0 to 1.
    target_area : int
        Pixels.
    oracle : int
        The proposal with the best IoU, the earlier one in a tie; -1 without proposals, and where nothing is meant.

    Raises
    ------
    ValueError
        For a target that is not of the image's size.
    """

    def __init__(self, artifacts: ImageArtifacts, target: np.ndarray) -> None:
        masks = artifacts.proposals.masks
        if target.shape != artifacts.size_hw:
            raise UserError(
                f"expected a target mask of the image's size {artifacts.size_hw} (h, w), got {target.shape}; "
                "check the annotation"
            )
        self.target_area = int(np.count_nonzero(target))
        self.areas: Int[np.ndarray, " n"] = areas(masks).astype(np.int64)
        self.intersections = np.zeros(0, np.int64)
        if len(masks):
            self.intersections = pairwise_intersection(masks, target[None])[:, 0].astype(np.int64)
        self.unions = self.areas + self.target_area - self.intersections
        self.ious = iou(self.intersections, self.unions)
        self.oracle = int(np.argmax(self.ious)) if len(masks) and self.target_area else NO_PROPOSAL

    def of(self, index: int | None) -> tuple[int, int]:
        """What an answer covers of the target.

        Parameters
        ----------
        index : int or None
            A proposal; None or -1 for no answer.

        Returns
        -------
        tuple of int
            Intersection and union in pixels; no answer: (0, target area).
        """
        if index is None or index == NO_PROPOSAL:
            return 0, self.target_area
        return int(self.intersections[index]), int(self.unions[index])


def prediction_row(
    number: int, sample: Sample, method: str, answer: Prediction, measured: Measured, evidence: Prediction
) -> dict[str, Any]:
    """A row of ``predictions``, but for what the data set alone knows (category, same_kind).

    evidence: the TAS prediction, whose parse and negatives stand beside every method.
    """
    assert sample.target is not None  # samples without one never come this far
    inter, union = measured.of(answer.index)
    if not is_a_proposal(answer):
        inter = int(np.count_nonzero(answer.mask & sample.target))
        union = int(np.count_nonzero(answer.mask | sample.target))
    best_inter, best_union = measured.of(measured.oracle)
    parse, negatives = evidence.parse, evidence.negatives
    phrases = [
        {name: getattr(phrase, name) for name in ("text", "lemma", "kept", "similarity", "reason")}
        for phrase in negatives.phrases  # in the order of the columns of phrase_cosines
    ]
    row: dict[str, Any] = {
        "chosen": NO_PROPOSAL if answer.index is None else answer.index,
        "target_area": measured.target_area,
    }
    row |= _measured_row(number, sample, method, parse, inter, union)
    row |= {"oracle": measured.oracle, "oracle_intersection": best_inter, "oracle_union": best_union}
    row |= {"oracle_iou": best_inter / best_union if best_union else 0.0, "proposals": len(answer.artifacts.proposals)}
    row |= {"caption": negatives.caption, "negatives": json.dumps(list(negatives.kept)), "phrases": _compact(phrases)}
    trace = evidence.table.trace
    return row | {"rectified": bool(trace and trace.applied)}


def imported_row(
    number: int, sample: Any, method: str, parse: Parse, *, answered: bool, intersection: int, union: int, area: int
) -> dict[str, Any]:
    """A row of ``predictions`` for an answer without any proposal, but for category and same_kind.

    sample: has the ids, the expression and gold of one. area: of the target.
    """
    row = _measured_row(number, sample, method, parse, intersection, union)
    row |= {"chosen": NO_PROPOSAL, "proposals": int(answered), "target_area": area, "rectified": False}
    row |= {"oracle": NO_PROPOSAL, "oracle_intersection": 0, "oracle_union": area, "oracle_iou": 0.0}
    return row | {"caption": "", "negatives": "[]", "phrases": "[]"}


def _measured_row(number: int, sample: Any, method: str, parse: Parse, intersection: int, union: int) -> dict[str, Any]:
    """What every row of ``predictions`` has: the sample, how its expression was read, and what the answer covers."""
    gold = {key: value for key, value in sample.gold.items() if key != "tokens"}
    row = {name: getattr(sample, name) for name in _OF_SAMPLE} | {"sample": number, "method": method}
    row |= {"intersection": intersection, "union": union, "iou": intersection / union if union else 0.0}
    row |= {"head": parse.head.lemma if parse.head else "", "phrase": parse.phrase, "parse": parse_to_json(parse)}
    row |= {"directions": " ".join(parse.directions), "relations": json.dumps([asdict(r) for r in parse.relations])}
    return row | {"gold": _compact(gold) if gold else ""}


def known_of(samples: Sequence[Sample], index: int) -> dict[str, Any]:
    """What the data set says of a target beyond its sample: its kind and how many others of it the picture has."""
    categories, same_kind = getattr(samples, "categories", None), getattr(samples, "same_kind", None)
    return {
        "category": str(categories[index]) if categories is not None else "",
        "same_kind": same_kind(index) if same_kind is not None else None,
    }


def is_a_proposal(answer: Prediction) -> bool:
    """Whether an answer is the mask of the proposal it names: a method may answer with any other mask."""
    return answer.index is not None and np.array_equal(answer.mask, answer.artifacts.proposals.masks[answer.index])


def answer_row(
    number: int, sample: Any, method: str, rle: Mapping[str, Any], score: float = float("nan")
) -> dict[str, Any]:
    """A row of ``answers``: a mask that is none of the proposals. sample: has sample_id and image_id."""
    row = {"sample": number, "sample_id": sample.sample_id, "image_id": sample.image_id, "method": method}
    return row | {"height": rle["size"][0], "width": rle["size"][1], "mask": rle["counts"], "score": score}


def proposal_columns(image_id: str, artifacts: ImageArtifacts, variant: Variant) -> dict[str, Any]:
    """Columns of ``proposals`` for one image: a row a proposal, all that an analysis needs without any model.

    caption: what P compares. phrase_cosines: of the crop with every phrase of the overall caption, what N averages.
    x0 .. y1: the box, end exclusive, pixels. mask: COCO's compressed run lengths, of a picture height x width.
    """
    n, (height, width) = len(artifacts.proposals), artifacts.size_hw
    crops = artifacts.crop_embeddings.get(variant.v_crop.style, np.zeros((n, 0)))
    columns: dict[str, Any] = dict(zip(("x0", "y0", "x1", "y1"), artifacts.proposals.boxes_xyxy.T, strict=True))
    columns |= {"image_id": [image_id] * n, "proposal": np.arange(n)}
    columns |= {"height": np.full(n, height), "width": np.full(n, width)}
    return columns | {
        "caption": list(artifacts.captions.get(variant.p_crop.style, ("",) * n)),
        "mask": [to_rle(mask)["counts"] for mask in artifacts.proposals.masks],
        "phrase_cosines": list(cosines(crops, artifacts.phrase_embeddings)),
    }


def score_columns(
    number: int,
    sample: Sample,
    table: ScoreTable,
    artifacts: ImageArtifacts,
    measured: Measured,
    baselines: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Columns of ``scores`` for one sample: a row a proposal. baselines: their own scores, by column (``SCORED``)."""
    n = len(table)
    centres = centroids_xy(artifacts.proposals.masks).astype(np.float64)
    columns: dict[str, Any] = {name: getattr(table, name) for name in ("v", "p", "n", "kept")}
    columns["prior"] = np.zeros(n) if table.prior is None else table.prior
    columns |= {name: baselines.get(name, np.full(n, np.nan)) for name in SCORED}
    columns |= {"sample": np.full(n, number), "sample_id": [sample.sample_id] * n, "image_id": [sample.image_id] * n}
    columns |= {"proposal": np.arange(n), "cx": centres[:, 0], "cy": centres[:, 1], "area": measured.areas}
    return columns | {"intersection": measured.intersections, "union": measured.unions, "iou": measured.ious}


class Answered(NamedTuple):
    """An answer to a sentence, as ``ref_rows`` merges them. answered: whether there was anything to choose from."""

    image_id: str
    ref_id: str
    target: np.ndarray
    mask: np.ndarray
    answered: bool


def ref_rows(answers: Sequence[Answered], method: str) -> list[dict[str, Any]]:
    """Rows of ``refs`` for one image and method: all sentences of an object merged, the unit of protocol "car"."""
    merged, ref_ids = merge_sentences(np.stack([answer.mask for answer in answers]), [a.ref_id for a in answers])
    rows = []
    for mask, ref_id in zip(merged, ref_ids, strict=True):
        own = [answer for answer in answers if answer.ref_id == ref_id]
        target = own[-1].target
        row = {"image_id": own[-1].image_id, "ref_id": ref_id, "method": method, "sentences": len(own)}
        row |= {"intersection": int(np.count_nonzero(mask & target)), "union": int(np.count_nonzero(mask | target))}
        rows.append(row | {"answered": any(answer.answered for answer in own)})
    return rows


def error_row(number: int, sample_id: str, image_id: str, method: str, stage: str, error: Exception) -> dict[str, Any]:
    """A row of ``errors``; method "" means that no method could be tried."""
    row = {"sample": number, "sample_id": sample_id, "image_id": image_id, "method": method, "stage": stage}
    return row | {"error": type(error).__name__, "message": " ".join(str(error).split())[:1000]}


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
