"""The value types: validated on construction, read-only, sliceable."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasnb.core.masks import make_proposals
from tasnb.core.types import (
    ImageArtifacts,
    NegativePhrase,
    Negatives,
    NounPhrase,
    Parse,
    Proposals,
    RectifierTrace,
    ScoreTable,
    Weights,
)


def three() -> Proposals:
    masks = np.zeros((3, 4, 5), dtype=bool)
    masks[0, 0, 0] = masks[1, 1:3, 1:4] = True
    return make_proposals(masks, pred_iou=[0.9, 0.8, 0.7], source="test")


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        pytest.param(np.array([True, False, True]), [0.9, 0.7], id="boolean"),
        pytest.param([2, 0], [0.7, 0.9], id="indices, in their order"),
        pytest.param(slice(1, None), [0.8, 0.7], id="slice"),
        pytest.param(1, [0.8], id="an int gives a set of one"),
        pytest.param(np.int64(-1), [0.7], id="numpy int from the end"),
        pytest.param([], [], id="empty list"),
        pytest.param(np.zeros(3, dtype=bool), [], id="nothing kept"),
    ],
)
def test_slicing_gives_a_new_set_with_all_columns(keep, expected) -> None:
    proposals = three()
    part = proposals[keep]
    assert isinstance(part, Proposals)
    np.testing.assert_allclose(part.pred_iou, expected, atol=1e-6)
    assert len(part) == len(part.masks) == len(part.boxes_xyxy) == len(part.stability_score) == len(expected)
    assert part.size_hw == (4, 5)
    assert part.source == "test"
    assert len(proposals) == 3, "the original is untouched"


def test_arrays_are_read_only_and_detached_from_the_callers() -> None:
    masks = np.zeros((1, 2, 2), dtype=bool)
    proposals = make_proposals(masks, source="test")
    masks[:] = True
    assert not proposals.masks.any()
    for name in ("masks", "boxes_xyxy", "pred_iou", "stability_score"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(proposals, name)[:] = 1


def test_values_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        three().source = "else"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"boxes_xyxy": np.zeros((2, 4), int)}, r"boxes_xyxy: expected shape \(3, 4\), got \(2, 4\)", id="row"
        ),
        pytest.param({"pred_iou": np.zeros((3, 1))}, r"pred_iou: expected shape \(3,\), got \(3, 1\)", id="axis"),
        pytest.param({"stability_score": np.zeros(0)}, r"stability_score: expected shape \(3,\)", id="missing"),
        pytest.param(
            {"masks": np.zeros((4, 5), bool)}, r"masks: expected shape \('any', 'any', 'any'\)", id="2-d masks"
        ),
    ],
)
def test_a_wrong_shape_names_the_field_what_was_expected_and_what_came(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(three(), **change)


def test_an_unknown_direction_lists_the_choices() -> None:
    with pytest.raises(ValueError, match="unknown direction 'up'; choose from left, right, top, bottom"):
        Parse(text="up", head=None, directions=("up",))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_must_be_finite(value: float) -> None:
    with pytest.raises(ValueError, match="alpha: expected a finite number"):
        Weights(alpha=value)
    with pytest.raises(ValueError, match="lam: expected a finite number"):
        Weights(lam=value)


def test_the_default_weights_are_the_papers() -> None:
    assert (Weights().alpha, Weights().lam) == (0.1, 0.7)  # section 4.2


def table(v, kept=None, **weights: float) -> ScoreTable:
    v = np.asarray(v, dtype=float)
    return ScoreTable(
        v=v,
        p=np.ones(len(v)),
        n=-np.ones(len(v)),
        kept=np.ones(len(v), bool) if kept is None else kept,
        weights=Weights(**weights),
    )


@pytest.mark.parametrize(
    ("v", "kept", "best"),
    [
        pytest.param([0.1, 0.3, 0.2], [True, True, True], 1, id="the largest total"),
        pytest.param([0.3, 0.3], [True, True], 0, id="a tie keeps the earlier"),
        pytest.param([0.1, 0.3, 0.2], [True, False, True], 2, id="only kept ones count"),
        pytest.param([-5.0, 0.3], [True, False], 0, id="a low total can win when it alone is kept"),
        pytest.param([0.3], [False], None, id="none kept"),
        pytest.param([], [], None, id="no proposals"),
    ],
)
def test_best(v, kept, best) -> None:
    assert table(v, np.array(kept, dtype=bool)).best == best


def test_total_is_derived_from_the_weights() -> None:
    np.testing.assert_allclose(table([0.5], alpha=0.2, lam=0.4).total, [0.5 + 0.2 - 0.4])
    assert "total" not in {f.name for f in dataclasses.fields(ScoreTable)}


def test_a_score_table_is_as_long_as_v() -> None:
    with pytest.raises(ValueError, match=r"kept: expected shape \(2,\), got \(3,\)"):
        table([0.1, 0.2], np.ones(3, bool))


def test_the_tidy_frame_has_a_row_a_proposal_and_the_verdicts() -> None:
    trace = RectifierTrace(
        rule="paper", directions=("left",), applied=True, sentence="left", verdicts=("stays: x", "out: y")
    )
    scored = dataclasses.replace(table([0.1, 0.2], np.array([True, False])), trace=trace)
    frame = scored.to_frame()
    assert list(frame["verdict"]) == ["stays: x", "out: y"]
    assert list(frame["kept"]) == [True, False]
    np.testing.assert_allclose(frame["total"], scored.total)
    assert list(table([0.1]).to_frame()["verdict"]) == [""]


def artifacts(**changes) -> ImageArtifacts:
    fields = {
        "image_id": "a",
        "size_hw": (4, 5),
        "proposals": three(),
        "crop_embeddings": {"crop": np.eye(3, 8)},
        "captions": {"blur": ("a", "b", "c")},
        "caption_embeddings": {"blur": np.eye(3, 8)},
        "overall_caption": "a cat",
        "phrases": (NounPhrase(text="cat", lemma="cat"),),
        "phrase_embeddings": np.ones((1, 8)),
    }
    return ImageArtifacts(**(fields | changes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"crop_embeddings": {"crop": np.eye(4)}},
            r"crop_embeddings\['crop'\] has 4 rows for 3 proposals; run describe\(\) again",
            id="crop rows",
        ),
        pytest.param({"captions": {"blur": ("a",)}}, "has 1 texts for 3 proposals", id="captions"),
        pytest.param({"caption_embeddings": {"blur": np.eye(2)}}, "has 2 rows for 3 proposals", id="caption rows"),
        pytest.param(
            {"phrase_embeddings": np.ones((2, 8))}, r"phrase_embeddings: expected shape \(1, 'any'\)", id="phrases"
        ),
    ],
)
def test_artifacts_of_another_image_are_refused(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        artifacts(**change)


def test_artifacts_show_themselves_in_six_lines() -> None:
    lines = repr(artifacts()).splitlines()
    assert len(lines) == 6
    assert lines[5] == "  made for variant: unknown"
    assert lines[0] == "ImageArtifacts of 'a', 4 x 5 pixels (h, w)"
    assert lines[2] == "  crop embeddings: crop (3, 8); captions: blur (3)"


def test_artifacts_are_read_only() -> None:
    found = artifacts()
    with pytest.raises(TypeError):
        found.captions["crop"] = ("a", "b", "c")  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        found.crop_embeddings["crop"][0] = 0


def test_an_image_without_phrases_or_proposals_is_fine() -> None:
    none = make_proposals(np.zeros((0, 4, 5), bool), source="test")
    empty = artifacts(
        proposals=none,
        crop_embeddings={"crop": np.zeros((0, 8))},
        captions={"blur": ()},
        caption_embeddings={"blur": np.zeros((0, 8))},
        phrases=(),
        phrase_embeddings=np.zeros((0, 8)),
    )
    assert len(empty.proposals) == 0
    assert empty.proposals.size_hw == (4, 5)


def test_negatives_keep_their_evidence() -> None:
    kept = NegativePhrase(text="dog", lemma="dog", kept=True, reason="far")
    dropped = NegativePhrase(text="kitty", lemma="kitty", kept=False, reason="same")
    assert Negatives(caption="a kitty and a dog", phrases=(dropped, kept)).kept == ("dog",)


def test_no_value_prints_a_page(toy_case, toy_models) -> None:
    import tasnb as tn

    (sample, artifacts), models = toy_case, toy_models
    prediction = tn.tas(artifacts, sample.expression, models)
    run = tn.Run.shipped("toy", "reftoy", "val")
    values = [
        sample, artifacts, artifacts.proposals, artifacts.features, prediction, prediction.table,
        prediction.table.trace, prediction.parse, prediction.negatives, models, run, tn.compare(run, run),
        tn.analysis.attribute(run), tn.sweep(run, alpha=[0, 1], lam=[0, 1]),
    ]  # fmt: skip
    for value in values:
        assert len(repr(value)) <= 700, type(value).__name__
        assert "array(" not in repr(value)
