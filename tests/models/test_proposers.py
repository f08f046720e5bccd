"""SAM 2, SAM 3 and FastSAM as proposers, on small models with random weights."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.types import MaskProposer
from tasnb.models.adapters import load_proposer
from tasnb.models.fastsam import FastSamConfig, FastSamProposer
from tasnb.models.machine import MissingExtraError
from tasnb.models.sam import SamProposer
from tasnb.models.sam_hf import HFMaskProposer
from tests.models import official_checkpoints, official_proposers

OPEN = {"pred_iou_thresh": 0.0, "stability_score_thresh": 0.0, "points_per_side": 3}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("proposers")
    return {
        "sam2": official_proposers.write_sam2(home / "sam2"),
        "sam3_tracker": official_proposers.write_sam3(home / "sam3"),
    }


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["sam2", "sam3_tracker"])
def test_masks_are_those_of_the_models_own_points(folders, picture, kind) -> None:
    """Every mask is what the model answers, with the picture given anew, to one point of the grid."""
    import torch
    import transformers
    from PIL import Image

    from tasnb.models.sam_hf import CLASSES

    proposer = load_proposer(folders[kind], device="cpu", box_nms_thresh=1.0, **OPEN)
    assert isinstance(proposer, HFMaskProposer)
    assert isinstance(proposer, MaskProposer)
    found = proposer.propose(picture)
    assert len(found) > 0
    assert found.source == kind
    assert (np.diff(found.pred_iou) <= 0).all()
    model = getattr(transformers, CLASSES[kind]).from_pretrained(folders[kind]).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folders[kind])
    inputs = processor(images=Image.fromarray(picture), return_tensors="pt")
    side = processor.size["height"]
    centres = (np.arange(3) + 0.5) / 3 * side  # the middle of each cell of a 3 x 3 grid
    points = torch.tensor([[[[x, y]] for y in centres for x in centres]], dtype=torch.float32)
    with torch.no_grad():
        answer = model(
            pixel_values=inputs["pixel_values"], input_points=points, input_labels=torch.ones(1, 9, 1, dtype=torch.int)
        )
    masks = processor.post_process_masks(answer.pred_masks, inputs["original_sizes"])[0].flatten(0, 1).numpy()
    expected = {np.packbits(mask).tobytes() for mask in masks if mask.any()}
    assert {np.packbits(mask).tobytes() for mask in found.masks} == expected
    assert ((found.stability_score >= 0) & (found.stability_score <= 1)).all()


def test_boxes_that_overlap_too_much_keep_the_better_mask(folders, picture) -> None:
    loose, tight = (
        load_proposer(folders["sam2"], device="cpu", box_nms_thresh=t, **OPEN).propose(picture) for t in (1.0, 0.3)
    )
    assert 0 < len(tight) < len(loose)
    assert tight.pred_iou[0] == loose.pred_iou[0]
    import torch
    from torchvision.ops import box_iou

    overlaps = box_iou(*[torch.tensor(tight.boxes_xyxy, dtype=torch.float32)] * 2).numpy()
    assert (overlaps[~np.eye(len(tight), dtype=bool)] <= 0.3).all()


@pytest.mark.parametrize("kind", ["sam2", "sam3_tracker"])
def test_no_mask_passes_gives_an_empty_set(folders, picture, kind) -> None:
    strict = load_proposer(folders[kind], device="cpu", points_per_side=2, pred_iou_thresh=1.0)
    assert strict.propose(picture).masks.shape == (0, 60, 90)
    for odd in (picture[:1], picture[:, :1], picture[:1, :1]):
        assert strict.propose(odd).size_hw == odd.shape[:2]
    with pytest.raises(ValueError, match="expected uint8"):
        strict.propose(picture.astype(float))


def test_the_fingerprint_follows_options_that_decide_and_not_the_batch(folders) -> None:
    names = [
        load_proposer(folders["sam2"], device="cpu", **options).fingerprint
        for options in ({}, {"points_per_side": 4}, {"points_per_batch": 1})
    ]
    assert names[0] == names[2] != names[1]


def test_weights_that_lack_keys_are_refused(folders, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(folders["sam2"], tmp_path / "broken")
    state = load_file(broken / "model.safetensors")
    gone = next(key for key in state if "iou_prediction_head" in key)
    del state[gone]
    save_file(state, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=f"1 key is missing: {gone}"):
        load_proposer(broken, device="cpu")
    (broken / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="has no weights"):
        load_proposer(broken, device="cpu")


def test_wrong_options_and_models_are_named(folders, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown proposer option 'crop_n_layers'; choose from points_per"):
        load_proposer(folders["sam2"], device="cpu", crop_n_layers=1)
    with pytest.raises(ValueError, match=r"points_per_side: expected an integer of at least 1, got 0"):
        load_proposer(folders["sam2"], device="cpu", points_per_side=0)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ValueError, match="of type 'bert'; choose from sam2"):
        load_proposer(tmp_path, device="cpu")


def test_sams_own_checkpoints_still_go_to_sam(tmp_path: Path) -> None:
    given = official_checkpoints.write_sam(tmp_path)
    assert isinstance(load_proposer(**given, device="cpu"), SamProposer)


def test_tas_runs_on_sam_2(folders, reftoy_val) -> None:
    models = tn.models.load("toy", sam=str(folders["sam2"]), device="cpu", **OPEN)
    sample = reftoy_val[12]
    artifacts = tn.describe(sample.image, models)
    assert artifacts.proposals.source == "sam2"
    assert tn.tas(artifacts, sample.expression, models).mask.shape == sample.image.shape[:2]


@pytest.mark.skipif(importlib.util.find_spec("ultralytics") is not None, reason="FastSAM's extra is installed")
def test_fastsam_without_its_extra_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "FastSAM-s.pt").write_bytes(b"PK")
    with pytest.raises(MissingExtraError, match=r"pip install 'tasnb\[fastsam\]' \(AGPL-3.0\)"):
        load_proposer(tmp_path / "FastSAM-s.pt", device="cpu")


def test_fastsam_checks_its_file_and_options_first(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such FastSAM checkpoint"):
        FastSamProposer.load(tmp_path / "FastSAM-s.pt")
    with pytest.raises(ValueError, match="conf: expected a number"):
        FastSamConfig(conf=2)
    (tmp_path / "FastSAM-s.pt").write_bytes(b"PK")
    with pytest.raises(ValueError, match="unknown proposer option 'points'"):
        FastSamProposer.load(tmp_path / "FastSAM-s.pt", points=3)


@pytest.mark.skipif(importlib.util.find_spec("ultralytics") is None, reason="needs the extra tasnb[fastsam]")
def test_fastsam_runs_on_a_checkpoint_of_its_own_layout(tmp_path: Path, picture, monkeypatch) -> None:
    import torch

    monkeypatch.setenv("ULTRALYTICS_SAFE_LOAD", "true")  # read at its first import
    import ultralytics

    model = ultralytics.YOLO("yolov8n-seg.yaml", verbose=False).model
    torch.save({"model": model, "train_args": {"task": "segment"}}, tmp_path / "FastSAM-s.pt")
    proposer = load_proposer(tmp_path / "FastSAM-s.pt", device="cpu", conf=0.0, image_size=64)
    found = proposer.propose(picture)
    assert found.size_hw == (60, 90)
    (tmp_path / "FastSAM-x.pt").write_bytes((tmp_path / "FastSAM-s.pt").read_bytes()[:1000])
    with pytest.raises(ValueError, match="does not hold a FastSAM checkpoint"):
        load_proposer(tmp_path / "FastSAM-x.pt", device="cpu")


def test_the_pinned_sam2_tiny_is_a_file_of_transformers_own_default_to_the_byte() -> None:
    """SAM 2.1 hiera-tiny is what Sam2VideoConfig describes by default, and holds all that Sam2Model takes."""
    import torch
    import transformers
    from safetensors.torch import save

    from tasnb.models.catalogue import PARTS

    with torch.device("meta"):
        video = transformers.Sam2VideoModel(transformers.Sam2VideoConfig()).state_dict()
        image = transformers.Sam2Model(transformers.Sam2Config()).state_dict()
    assert {name: tensor.shape for name, tensor in image.items()}.items() <= {
        n: t.shape for n, t in video.items()
    }.items()
    file = next(file for file in PARTS["sam"]["sam2.1-tiny"].files if file.path == "model.safetensors")
    assert len(save({n: torch.zeros(t.shape) for n, t in video.items()}, metadata={"format": "pt"})) == file.size
