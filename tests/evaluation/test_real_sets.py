"""Evaluations of real photos in the REFER layout, and of a folder in which much is broken."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tasnb as tn
from tasnb import cli
from tasnb.evaluation.engine import evaluate
from tasnb.store import Store

CPU = {"device": "cpu"}


@pytest.mark.slow
def test_mini_refcoco_is_evaluated_end_to_end(shared_root: Path, tmp_path: Path, capsys) -> None:
    root = shared_root / "data" / "mini-refcoco"
    arguments = [
        "evaluate",
        "refcoco",
        "--split",
        "testA",
        "--root",
        str(root),
        "--limit",
        "6",
        "--methods",
        "tas,clip-only",
    ]
    assert cli.run([*arguments, "--device", "cpu", "--out", str(tmp_path / "r"), "--store", str(tmp_path / "s")]) == 0
    run = tn.Run(tmp_path / "r")
    assert len(run.predictions()) == 12
    assert len(run.errors()) == 0
    assert set(run.predictions()["dataset"]) == {"refcoco"}
    printed = capsys.readouterr()
    assert "refcoco testA" in printed.out
    assert printed.err.count("note: refcoco testA") == 1  # eleven refs are not RefCOCO's 1,975


@pytest.mark.slow
def test_its_own_annotations_as_proposals_are_an_oracle_for_the_first_stage(shared_root, tmp_path) -> None:
    root = shared_root / "data" / "mini-refcoco"
    with pytest.warns(UserWarning, match="testB"):
        samples = tn.datasets.load("refcoco", split="testB", root=root)[:8]
    run = evaluate(
        samples, "toy", methods=["tas", "clip-only"], proposals="annotations", out=tmp_path / "r",
        store=Store(tmp_path / "s"), model_options=CPU,
    )  # fmt: skip
    table = run.table().set_index("method")
    assert table.loc["oracle", "miou"] == pytest.approx(100)
    assert table.loc["oracle", "n"] == len(samples)
    # whatever was chosen is one of the annotations, so its IoU is that of an annotation
    frame = run.predictions().query("method == 'tas'").reset_index(drop=True)
    for number in (0, 5):
        things = samples.things(samples.image_id(number))
        ious = [tn.iou(thing, samples[number].target) for thing in things]
        assert frame["proposals"][number] == len(things)
        assert frame["iou"][number] == pytest.approx(ious[frame["chosen"][number]])


@pytest.fixture
def broken_folder(tmp_path: Path, reftoy_val) -> Path:
    """Nine rows: good ones, and one of each kind of damage."""
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = []
    sample = reftoy_val[0]

    def add(name: str, expression: str, image: bytes | None, mask: np.ndarray | None) -> None:
        if image is not None:
            (folder / f"{name}.png").write_bytes(image)
        if mask is not None:
            Image.fromarray((mask * 255).astype(np.uint8)).save(folder / f"{name}-mask.png")
        rows.append(
            {"image": f"{name}.png", "expression": expression, "mask": f"{name}-mask.png" if mask is not None else ""}
        )

    Image.fromarray(sample.image).save(folder / "x.png")
    good = (folder / "x.png").read_bytes()
    (folder / "x.png").unlink()
    add("good", sample.expression, good, sample.target)
    add("truncated", sample.expression, good[: len(good) // 2], sample.target)
    add("zero", sample.expression, b"", sample.target)
    add("missing", sample.expression, None, sample.target)
    add("small-mask", sample.expression, good, sample.target[:50, :60])
    add("no-mask", sample.expression, good, None)
    add("empty-mask", sample.expression, good, np.zeros_like(sample.target))
    add("text", sample.expression, b"this is no picture", sample.target)
    add("good-too", "the big tree", good, sample.target)
    with (folder / "samples.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["image", "expression", "mask"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_every_kind_of_damage_is_an_error_row_and_nothing_else_is_lost(broken_folder, warm_store, tmp_path) -> None:
    samples = tn.datasets.load("folder", root=broken_folder)
    assert len(samples) == 9
    run = evaluate(samples, "toy", out=tmp_path / "r", store=warm_store, model_options=CPU)
    errors = run.errors().set_index("sample")["message"]
    assert sorted(errors.index) == [1, 2, 3, 4, 5, 7]
    for number, word in {1: "truncated", 2: "zero", 3: "missing", 4: "small-mask", 5: "no target", 7: "text"}.items():
        assert word in errors[number], errors[number]
    row = run.table().iloc[0]
    assert (row["n"], row["missing"]) == (3, 6)
    frame = run.predictions().query("method == 'tas'").set_index("sample")
    assert frame.loc[6, "iou"] == 0, "an empty target: intersection 0"
    assert frame.loc[6, "target_area"] == 0
    assert json.loads((tmp_path / "r" / "summary.json").read_text())["failed_samples"] == 6


def test_a_damaged_store_entry_is_said_once_and_computed_again(few, toy_run, tmp_path) -> None:
    store = Store(tmp_path / "s")
    evaluate(few[:4], "toy", out=tmp_path / "a", store=store, model_options=CPU)
    for victim in (tmp_path / "s" / "captions").rglob("*.safetensors"):
        victim.write_bytes(victim.read_bytes()[:40])
    with pytest.warns(UserWarning, match="computed again"):
        run = evaluate(few[:4], "toy", out=tmp_path / "b", store=store, model_options=CPU)
    first = toy_run.predictions().query("sample < 4 and method == 'text-only'")["chosen"].tolist()
    assert run.predictions().query("method == 'text-only'")["chosen"].tolist() == first


def test_a_store_that_cannot_be_written_costs_only_its_memory(few, toy_run, tmp_path) -> None:
    (tmp_path / "s").write_text("a file where the store's folder should be")
    with pytest.warns(UserWarning, match="cannot write to the store"):
        run = evaluate(few[:4], "toy", out=tmp_path / "r", store=Store(tmp_path / "s"), model_options=CPU)
    first = toy_run.predictions().query("sample < 4")["chosen"].tolist()
    assert run.predictions()["chosen"].tolist() == first
