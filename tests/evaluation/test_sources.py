"""``--proposals NAME|FILE``: other proposers, a COCO results file, the annotations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tasnb as tn
from tasnb import cli
from tasnb.core.masks import to_rle
from tasnb.core.types import Sample
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.plan import proposing
from tasnb.store import Store

pytestmark = pytest.mark.slow

CPU = {"device": "cpu"}


@pytest.fixture(scope="module")
def results_file(few, tmp_path_factory) -> Path:
    """The annotations of the first scenes, as a detector would write them; the last scene is not in it."""
    entries = []
    scenes = list(dict.fromkeys(few.image_ids))
    for image_id in scenes[:-1]:
        for place, mask in enumerate(few.things(image_id)):
            entries.append({"image_id": int(image_id), "segmentation": to_rle(mask), "score": 1 - place / 100})
    path = tmp_path_factory.mktemp("proposals") / "detector.json"
    path.write_text(json.dumps(entries))
    return path


@pytest.mark.slow
def test_a_results_file_of_the_annotations_gives_what_the_annotations_give(
    few, results_file, warm_store, tmp_path
) -> None:
    runs = {
        name: evaluate(
            few, "toy", methods=["tas", "clip-only"], proposals=source, out=tmp_path / name, store=warm_store,
            model_options=CPU,
        )
        for name, source in (("file", str(results_file)), ("annotations", "annotations"))
    }  # fmt: skip
    last = few.image_ids[-1]
    columns = ["sample", "method", "intersection", "union", "proposals"]
    of_file, given = (runs[name].predictions()[[*columns, "image_id"]] for name in ("file", "annotations"))
    assert of_file[of_file["image_id"] != last].equals(given[given["image_id"] != last])
    # a scene that the file does not name has no proposals: intersection 0, and it counts
    absent = of_file[of_file["image_id"] == last]
    assert len(absent)
    assert (absent[["intersection", "proposals"]] == 0).all().all()
    assert len(runs["file"].errors()) == 0
    assert runs["file"].about["proposals"] == "detector.json"
    assert str(results_file.parent) not in (runs["file"].folder / "run.json").read_text()
    assert "proposals: detector.json; the paper has SAM ViT-H's" in str(tn.paper.against(runs["file"]))


@pytest.mark.slow
def test_several_processes_read_the_file_themselves(few, results_file, warm_store, tmp_path) -> None:
    run = evaluate(
        few[:6], "toy", methods=["clip-only"], proposals=str(results_file), out=tmp_path / "r", store=warm_store,
        model_options=CPU, workers=2, shards=2,
    )  # fmt: skip
    assert len(run.predictions()) == 6
    assert len(run.errors()) == 0


def test_a_mask_of_another_size_costs_its_image_only(few, warm_store, tmp_path) -> None:
    scenes = list(dict.fromkeys(few.image_ids))
    entries = [
        {"image_id": scene, "segmentation": to_rle(np.ones((256, 256 if i else 9), bool)), "score": 1}
        for i, scene in enumerate(scenes)
    ]
    path = tmp_path / "m.json"
    path.write_text(json.dumps(entries))
    run = evaluate(
        few, "toy", methods=["clip-only"], proposals=str(path), out=tmp_path / "r", store=warm_store, model_options=CPU
    )
    assert set(run.errors()["image_id"]) == {scenes[0]}
    assert "256 x 9" in run.errors()["message"][0]
    assert set(run.predictions()["image_id"]) == set(scenes[1:])


def test_a_wrong_source_is_refused_before_a_folder_is_made(few, tmp_path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps([{"image_id": "coco-1", "segmentation": [], "score": 1}]))
    for source, message in (
        ("fsam", "unknown proposals 'fsam'; choose from sam, annotations, vit_b"),
        (str(tmp_path / "none.json"), "no such file of proposals"),
        (str(other), "image_id there: coco-1"),
    ):
        with pytest.raises((ValueError, OSError), match=message):
            evaluate(few, "toy", proposals=source, out=tmp_path / "run", store=Store(tmp_path / "s"))
    assert not (tmp_path / "run").exists()


def test_a_named_proposer_replaces_the_one_of_the_preset(few, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError, match=r"sam_vit_b_01ec64\.pth.*tasnb fetch"):
        evaluate(few, "toy", proposals="vit_b", out=tmp_path / "run", store=Store(tmp_path / "s"))


def test_a_named_proposer_and_loaded_models_do_not_go_together(few, toy_models, tmp_path) -> None:
    with pytest.raises(ValueError, match="give models as a preset's name"):
        evaluate(few, toy_models, proposals="vit_b", out=tmp_path / "run", store=Store(tmp_path / "s"))


def test_bare_samples_have_no_annotations(few, tmp_path) -> None:
    bare: list[Sample] = [few[0]]
    with pytest.raises(ValueError, match="needs a data set with annotations"):
        proposing("annotations", bare)


def test_the_command_line_takes_a_file(results_file, tmp_path, capsys) -> None:
    arguments = ["evaluate", "reftoy", "--limit", "4", "--methods", "clip-only", "--device", "cpu"]
    folders = ["--out", str(tmp_path / "r"), "--store", str(tmp_path / "s")]
    assert cli.run([*arguments, *folders, "--proposals", str(results_file)]) == 0
    assert "proposals detector.json" in capsys.readouterr().out
    assert cli.run([*arguments, *folders, "--proposals", str(tmp_path / "gone.json")]) == 2
    assert "no such file of proposals" in capsys.readouterr().err
