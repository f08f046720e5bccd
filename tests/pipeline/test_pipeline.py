"""TAS end to end on the shipped toy models: real libraries, real files, no stand-ins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.types import ImageArtifacts, Negatives, Proposals, ScoreTable, Weights
from tasnb.evaluation.ablation import ROWS, tables
from tasnb.pipeline.tas import shares
from tasnb.report.notebook import html_of


def empty_artifacts(size_hw: tuple[int, int] = (20, 30), n: int = 0, dim: int = 4) -> ImageArtifacts:
    """Artifacts with n whole-image proposals and made-up unit embeddings."""
    rows = np.tile(np.eye(1, dim, dtype=np.float32), (n, 1))
    h, w = size_hw
    return ImageArtifacts(
        image_id="made-up",
        size_hw=size_hw,
        proposals=Proposals(
            masks=np.ones((n, h, w), bool),
            boxes_xyxy=np.tile([0, 0, w, h], (n, 1)),
            pred_iou=np.ones(n),
            stability_score=np.ones(n),
            source="test",
        ),
        crop_embeddings={"crop": rows},
        captions={"blur": ("a thing",) * n},
        caption_embeddings={"blur": rows},
        overall_caption="",
    )


def test_describe_holds_all_that_depends_on_the_image(toy_case) -> None:
    sample, artifacts = toy_case
    n = len(artifacts.proposals)
    assert n >= 3
    assert artifacts.size_hw == sample.image.shape[:2] == artifacts.proposals.size_hw
    assert artifacts.crop_embeddings["crop"].shape[0] == n
    assert len(artifacts.captions["blur"]) == n
    assert np.allclose(np.linalg.norm(artifacts.crop_embeddings["crop"], axis=1), 1, atol=1e-5)
    assert artifacts.overall_caption
    assert len(artifacts.phrase_embeddings) == len(artifacts.phrases)


def test_describe_is_deterministic(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    again = tn.describe(sample.image, toy_models)
    assert (again.proposals.masks == artifacts.proposals.masks).all()
    assert again.captions == artifacts.captions
    assert np.array_equal(again.crop_embeddings["crop"], artifacts.crop_embeddings["crop"])
    assert again.image_id == artifacts.image_id


def test_the_answer_is_the_argmax_of_the_three_scores_among_those_kept(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    answer = tn.tas(artifacts, sample.expression, toy_models)
    table = answer.table
    total = table.v + table.weights.alpha * table.p + table.weights.lam * table.n
    assert np.allclose(table.total, total)
    assert answer.index == max(np.flatnonzero(table.kept), key=lambda i: (total[i], -i))
    assert (answer.mask == artifacts.proposals.masks[answer.index]).all()


def test_the_scores_are_what_the_paper_says(toy_case, toy_models) -> None:
    """V, P and N recomputed the slow way, one cosine at a time."""
    from tasnb.stages.crops import CropConfig, cut

    sample, artifacts = toy_case
    answer = tn.tas(artifacts, sample.expression, toy_models)
    text = toy_models.encoder.encode_texts([sample.expression.lower()])[0]
    negatives = [toy_models.encoder.encode_texts([t])[0] for t in answer.negatives.kept]
    for m in (0, len(artifacts.proposals) - 1):
        picture = cut(sample.image, artifacts.proposals.masks[m], CropConfig(style="crop"))
        blurred = cut(sample.image, artifacts.proposals.masks[m], CropConfig(style="blur"))
        image_vector = toy_models.encoder.encode_images([picture])[0]
        caption = toy_models.captioner.caption([blurred])[0]
        assert answer.table.v[m] == pytest.approx(float(image_vector @ text), abs=1e-4)
        assert caption == artifacts.captions["blur"][m]
        assert answer.table.p[m] == pytest.approx(float(toy_models.encoder.encode_texts([caption])[0] @ text), abs=1e-4)
        expected = -np.mean([float(image_vector @ t) for t in negatives]) if negatives else 0.0
        assert answer.table.n[m] == pytest.approx(expected, abs=1e-4)


def test_alpha_and_lam_override_the_method(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    answer = tn.tas(artifacts, sample.expression, toy_models, alpha=0.4, lam=0.0)
    assert answer.table.weights == Weights(alpha=0.4, lam=0.0)


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_the_ablation_rows_are_tas_with_parts_left_out(row: int, toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    direct = tn.tas(artifacts, sample.expression, toy_models, use=list(ROWS.values())[row])
    quick = tables(artifacts, sample.expression, toy_models)[row]
    assert np.allclose(direct.table.total, quick.total)
    assert (direct.table.kept == quick.kept).all()
    assert direct.index == quick.best


def test_clip_only_is_tas_with_v_alone(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    assert tn.clip_only(artifacts, sample.expression, toy_models).index == (
        tn.tas(artifacts, sample.expression, toy_models, use=("v",)).index
    )


def test_text_only_ranks_by_the_captions(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    answer = tn.text_only(artifacts, sample.expression, toy_models)
    assert np.array_equal(answer.table.total, answer.table.p)
    assert answer.index == int(np.argmax(answer.table.p))


def test_official_runs_the_same_path_with_other_options(toy_case, official_models) -> None:
    sample, _ = toy_case
    artifacts = tn.describe(sample.image, official_models, variant="official")
    areas = artifacts.proposals.masks.sum(axis=(1, 2))
    assert (areas >= 2000 * 256 * 256 / (640 * 480)).all(), "with the toy models areas are shares of the picture"
    assert (areas < 2000).any()
    answer = tn.tas(artifacts, sample.expression, official_models, variant="official")
    assert answer.method == "TAS (official-scaled)"
    assert answer.table.trace is not None
    shown = shares(answer.table, variant="official")
    assert shown.sum() == pytest.approx(1.0), "a softmax over the proposals"
    assert np.argmax(shown) == np.argmax(answer.table.total)
    assert np.array_equal(shares(answer.table), answer.table.total)


def test_no_proposal_gives_no_answer(toy_models) -> None:
    answer = tn.tas(empty_artifacts(dim=_dim(toy_models)), "the cat", toy_models)
    assert answer.index is None
    assert answer.mask.shape == (20, 30)
    assert not answer.mask.any()
    assert "no proposal" in html_of(answer)


@pytest.mark.parametrize("variant", ["paper", "official"])
def test_one_proposal_is_the_answer_whatever_the_direction(variant: str, toy_models) -> None:
    for expression in ("the left cat", "cat on the top right", "zzz", "🐈"):
        answer = tn.tas(empty_artifacts(n=1, dim=_dim(toy_models)), expression, toy_models, variant=variant)
        assert answer.index == 0
        assert answer.mask.all()


def test_equal_scores_keep_the_earlier_proposal(toy_models) -> None:
    assert tn.tas(empty_artifacts(n=5, dim=_dim(toy_models)), "the cat", toy_models).index == 0


@pytest.mark.parametrize("expression", ["", "   ", "\n\t"])
def test_an_empty_expression_is_refused(expression: str, toy_models) -> None:
    with pytest.raises(ValueError, match="expression"):
        tn.tas(empty_artifacts(n=2, dim=_dim(toy_models)), expression, toy_models)


@pytest.mark.parametrize(
    "expression",
    ["der linke Hund", "左边的猫", "🐶🐶🐶", "left " * 200, "word " * 200, "?!", "<b>cat</b>", "a\x00b", "7"],
)
def test_odd_expressions_get_an_answer(expression: str, toy_case, toy_models) -> None:
    _, artifacts = toy_case
    answer = tn.tas(artifacts, expression, toy_models)
    assert answer.index is not None
    page = html_of(answer)
    assert "<b>cat" not in page


def test_an_unknown_module_lists_the_choices(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    with pytest.raises(ValueError, match="choose from v, p, n, spatial"):
        tn.tas(artifacts, sample.expression, toy_models, use=("v", "q"))


def test_an_unknown_method_lists_the_choices(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    with pytest.raises(ValueError, match="choose from paper, official"):
        tn.tas(artifacts, sample.expression, toy_models, variant="papre")


def test_artifacts_of_another_style_say_what_to_do(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    other = replace(artifacts, crop_embeddings={"blur": artifacts.crop_embeddings["crop"]})
    with pytest.raises(ValueError, match=r"run describe\(\) with the same variant"):
        tn.tas(other, sample.expression, toy_models)


def test_a_prediction_carries_its_evidence(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    answer = tn.tas(artifacts, sample.expression, toy_models)
    frame = answer.to_frame()
    assert list(frame.columns) == ["proposal", "v", "p", "n", "kept", "total", "verdict", "caption", "chosen"]
    assert len(frame) == len(artifacts.proposals)
    assert frame.loc[frame["chosen"], "proposal"].tolist() == [answer.index]
    assert answer.table.trace is not None
    assert len(answer.table.trace.verdicts) == len(frame)
    assert isinstance(answer.negatives, Negatives)
    with pytest.raises(ValueError, match="read-only"):
        answer.mask[0, 0] = True


def test_best_ignores_what_the_rectifier_took_out() -> None:
    table = ScoreTable(v=[3.0, 2.0, 2.0], p=[0, 0, 0], n=[0, 0, 0], kept=[False, True, True], weights=Weights())
    assert table.best == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (37, 3)])
def test_tiny_images_are_described(shape: tuple[int, int], toy_models) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (*shape, 3), dtype=np.uint8)
    artifacts = tn.describe(image, toy_models)
    answer = tn.tas(artifacts, "the left cat", toy_models)
    assert answer.mask.shape == shape


def _dim(models) -> int:
    return models.encoder.encode_texts(["x"]).shape[1]
