from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tasnb.core.masks import to_rle
from tasnb.core.types import MaskProposer
from tasnb.models.proposers import distinct
from tasnb.models.sam import SAM_CONFIGS, ProposerConfig, SamConfig, SamProposer, build_sam
from tests.models.official_checkpoints import TINY_SAM

EASY = {"pred_iou_thresh": 0.0, "stability_score_thresh": 0.0, "points_per_side": 3}


@pytest.fixture(scope="module")
def files(checkpoints: Path) -> tuple[Path, Path]:
    return checkpoints / "sam" / "sam_tiny_random.pth", checkpoints / "sam" / "config.json"


@pytest.fixture(scope="module")
def proposer(files: tuple[Path, Path]) -> SamProposer:
    return SamProposer.load(files[0], model=files[1], device="cpu", **EASY)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def test_the_three_named_models_are_those_of_segment_anything() -> None:
    import torch
    from segment_anything import sam_model_registry

    with torch.device("meta"):
        for name in SAM_CONFIGS:
            ours, theirs = build_sam(name), sam_model_registry[name]()
            shapes = [{k: v.shape for k, v in sam.state_dict().items()} for sam in (ours, theirs)]
            assert shapes[0] == shapes[1]
            windows = [[b.window_size for b in sam.image_encoder.blocks] for sam in (ours, theirs)]
            assert windows[0] == windows[1]


def test_it_is_a_mask_proposer(proposer: SamProposer) -> None:
    assert isinstance(proposer, MaskProposer)


def test_masks_are_those_of_the_official_generator(
    files: tuple[Path, Path], proposer: SamProposer, picture: np.ndarray
) -> None:
    import torch
    from segment_anything import SamAutomaticMaskGenerator

    sam = build_sam(files[1])
    sam.load_state_dict(torch.load(files[0], weights_only=True))
    options = {**asdict(ProposerConfig()), **EASY}
    del options["scale_areas"]  # ours
    official = SamAutomaticMaskGenerator(sam, **options).generate(picture)
    ours = proposer.propose(picture)
    kept = distinct([to_rle(record["segmentation"]) for record in official], range(len(official)))
    assert len(ours) == len(kept) > 0
    np.testing.assert_array_equal(ours.masks, [official[i]["segmentation"] for i in kept])
    np.testing.assert_allclose(ours.pred_iou, [official[i]["predicted_iou"] for i in kept], rtol=1e-6)


def test_the_same_image_gives_the_same_masks_in_the_same_order(proposer: SamProposer, picture: np.ndarray) -> None:
    first, second = proposer.propose(picture), proposer.propose(picture.copy())
    np.testing.assert_array_equal(first.masks, second.masks)
    assert first.source == "sam"


def test_the_encoder_runs_once_an_image(proposer: SamProposer, picture: np.ndarray) -> None:
    calls = []
    encoder = proposer.model.predictor.model.image_encoder
    handle = encoder.register_forward_hook(lambda *_: calls.append(1))
    proposer.propose(picture)
    handle.remove()
    assert len(calls) == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (2, 3), (130, 129)])
def test_an_image_of_any_size_is_segmented(proposer: SamProposer, shape: tuple[int, int]) -> None:
    proposals = proposer.propose(np.full((*shape, 3), 90, np.uint8))
    assert proposals.size_hw == shape
    assert all(mask.any() for mask in proposals.masks)


@pytest.mark.parametrize("crops", [0, 1])
def test_no_mask_above_the_threshold_is_an_empty_set(files: tuple[Path, Path], picture: np.ndarray, crops: int) -> None:
    strict = SamProposer.load(
        files[0], model=files[1], device="cpu", pred_iou_thresh=1.0, crop_n_layers=crops, min_mask_region_area=10
    )
    proposals = strict.propose(picture)
    assert len(proposals) == 0
    assert proposals.masks.shape == (0, 48, 64)


def test_small_regions_are_removed_on_request(files: tuple[Path, Path], picture: np.ndarray) -> None:
    from scipy.ndimage import label

    cleaned = SamProposer.load(files[0], model=files[1], device="cpu", min_mask_region_area=200, **EASY)
    for mask in cleaned.propose(picture).masks:
        regions, count = label(mask, np.ones((3, 3)))
        sizes = np.bincount(regions.ravel())[1:]
        assert count == 1 or sizes.min() >= 200


def test_small_regions_may_be_a_share_of_the_picture(files: tuple[Path, Path], picture: np.ndarray) -> None:
    """800 pixels of a photo of 640 x 480 are 8 of a picture of 48 x 64."""
    assert picture.shape[:2] == (48, 64)
    load = partial(SamProposer.load, files[0], model=files[1], device="cpu", **EASY)
    scaled, eight, literal = load(min_mask_region_area=800, scale_areas=True), load(min_mask_region_area=8), load()
    np.testing.assert_array_equal(scaled.propose(picture).masks, eight.propose(picture).masks)
    assert len({scaled.fingerprint, eight.fingerprint, literal.fingerprint}) == 3
    none = load(scale_areas=True)
    np.testing.assert_array_equal(none.propose(picture).masks, literal.propose(picture).masks)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_encoder_may_run_in_half_precision(files: tuple[Path, Path], picture: np.ndarray, dtype: str) -> None:
    half = SamProposer.load(files[0], model=files[1], device="cpu", dtype=dtype, **EASY)
    assert len(half.propose(picture)) > 0


def test_safetensors_hold_the_same_model(
    files: tuple[Path, Path], proposer: SamProposer, picture: np.ndarray, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import save_file

    save_file(torch.load(files[0], weights_only=True), tmp_path / "model.safetensors")
    other = SamProposer.load(tmp_path / "model.safetensors", model=files[1], device="cpu", **EASY)
    np.testing.assert_array_equal(other.propose(picture).masks, proposer.propose(picture).masks)


def test_the_fingerprint_follows_weights_and_options(files: tuple[Path, Path], tmp_path: Path) -> None:
    import torch

    def name(checkpoint: Path = files[0], **options: float) -> str:
        return SamProposer.load(checkpoint, model=files[1], device="cpu", **options).fingerprint

    state = torch.load(files[0], weights_only=True)
    state["mask_decoder.mask_tokens.weight"] += 1
    torch.save(state, tmp_path / files[0].name)
    moved = tmp_path / "elsewhere" / files[0].name
    moved.parent.mkdir()
    moved.write_bytes(files[0].read_bytes())
    assert name() == name(moved)
    assert name() == name(points_per_batch=7), "the batch size changes no mask"
    assert len({name(), name(tmp_path / files[0].name), name(points_per_side=4), name(box_nms_thresh=0.6)}) == 4


def test_a_wrong_word_or_file_is_one_clear_error(files: tuple[Path, Path], tmp_path: Path) -> None:
    checkpoint, model = files
    with pytest.raises(ValueError, match="unknown SAM model 'vit_x'; choose from vit_b, vit_l, vit_h"):
        SamProposer.load(checkpoint, model="vit_x")
    with pytest.raises(ValueError, match="does not hold the SAM that was asked for"):
        SamProposer.load(checkpoint, model="vit_b")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pth"):
        SamProposer.load(tmp_path / "nowhere.pth", model=model)
    with pytest.raises(ValueError, match="unknown proposer option 'points'; choose from points_per_side"):
        SamProposer.load(checkpoint, model=model, points=3)
    with pytest.raises(ValueError, match=r"pred_iou_thresh: expected a number in \[0, 1\], got 70"):
        SamProposer.load(checkpoint, model=model, pred_iou_thresh=70)
    with pytest.raises(ValueError, match="unknown device 'tpu'; choose from auto"):
        SamProposer.load(checkpoint, model=model, device="tpu")
    with pytest.raises(ValueError, match="unknown dtype 'int8'; choose from float32"):
        SamProposer.load(checkpoint, model=model, dtype="int8")
    with pytest.raises(ValueError, match="image_size is 100, expected a multiple of 16"):
        SamConfig(image_size=100)
    wrong = tmp_path / "config.json"
    wrong.write_text(json.dumps({**TINY_SAM, "depth": 2}))
    with pytest.raises(ValueError, match="unknown field of a SAM configuration 'depth'; choose from image_size"):
        build_sam(wrong)


def test_only_rgb_bytes_are_an_image(proposer: SamProposer) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 \(h, w, 3\), got float64 \(4, 4, 3\)"):
        proposer.propose(np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match=r"got uint8 \(4, 4\)"):
        proposer.propose(np.zeros((4, 4), np.uint8))
