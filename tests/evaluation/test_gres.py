"""Expressions that mean several things or nothing: protocol "gres", the answer threshold, another annotation."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tasnb as tn
from tasnb import cli
from tasnb.evaluation import metrics
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.plan import Options, Plan
from tasnb.evaluation.samples import RunSamples
from tasnb.store import Store
from tests.datasets.real_layouts import CUPS, GREFS, ZEBRAS, write_grefcoco, write_refcoco_m

CPU = {"device": "cpu"}
# intersection, union, target area, image; docs/method.md, section 4, by hand:
GRES = [
    (0, 0, 0, "a"),  # nothing meant, nothing answered: IoU 1, in no sum
    (0, 10, 0, "a"),  # nothing meant, 10 pixels answered: IoU 0, which the sum of unions has
    (10, 30, 20, "b"),  # 20 answered of 20 meant, half of them right: 1/3
    (0, 40, 40, "b"),  # something meant, nothing answered: 0
    (10, 20, 20, "b"),  # exactly 1/2, which does not pass Pr@0.5
]
INTER, UNION, AREA = np.array([row[:3] for row in GRES]).T
IMAGES = [row[3] for row in GRES]


def summary(which=slice(None)) -> metrics.MetricSummary:
    images = IMAGES[which] if isinstance(which, slice) else [IMAGES[i] for i in which]
    return metrics.summarise(
        INTER[which], UNION[which], images, protocol="gres", target_areas=AREA[which], resamples=50
    )


def test_gres_by_hand() -> None:
    found = summary()
    assert found.miou.value == pytest.approx(100 * (1 + 0 + 1 / 3 + 0 + 1 / 2) / 5)
    assert found.oiou.value == pytest.approx(100 * 20 / (10 + 30 + 40 + 20))
    assert found.precision[0.5].value == pytest.approx(100 / 5)
    assert found.answering["nacc"].value == pytest.approx(100 / 2)
    assert found.answering["tacc"].value == pytest.approx(100 * 2 / 3)
    assert found.answering["tacc"].low <= found.answering["tacc"].value <= found.answering["tacc"].high


def test_what_there_is_none_of_has_no_figure() -> None:
    only = summary([0])  # nothing meant, nothing answered
    assert (only.miou.value, only.answering["nacc"].value) == (100, 100)
    assert math.isnan(only.oiou.value)
    assert math.isnan(only.answering["tacc"].value)
    assert math.isnan(summary([2, 3]).answering["nacc"].value)
    assert summary([0, 1]).oiou.value == 0


def test_the_other_protocols_know_neither() -> None:
    counts = np.stack([INTER, UNION, AREA], axis=1)
    assert metrics.summarise(INTER, UNION, IMAGES).answering == {}
    for protocol, given in (("tas", counts), ("gres", counts[:, :2])):
        with pytest.raises(ValueError, match="nacc is of protocol 'gres' and needs the targets' areas"):
            metrics.paired_difference(given, given, IMAGES, metric="nacc", protocol=protocol)
    better = counts.copy()
    better[3, :2] = 40, 40
    gain = metrics.paired_difference(better, counts, IMAGES, metric="tacc", protocol="gres")
    assert gain.value == pytest.approx(100 / 3)


def test_a_variant_answers_with_all_above_a_threshold_or_nothing(toy_models, toy_case) -> None:
    sample, artifacts = toy_case
    masks = artifacts.proposals.masks
    for method in (tn.tas, tn.clip_only, tn.text_only):
        plain = method(artifacts, sample.expression, toy_models)
        totals = np.where(plain.table.kept, plain.table.total, -np.inf)
        second = float(np.sort(totals)[-2])
        third = float(np.sort(totals)[-3])
        for above, rows in ((third, totals > third), (second, [plain.index]), (float(totals.max()), [])):
            variant = replace(tn.PAPER, answering_above=above)
            answer = method(artifacts, sample.expression, toy_models, variant=variant)
            assert np.array_equal(answer.mask, masks[rows].any(axis=0))
            assert answer.index == (plain.index if len(rows) else None)
    with pytest.raises(ValueError, match="answering_above: expected a finite number, got nan"):
        replace(tn.PAPER, answering_above=float("nan"))


def test_a_threshold_that_is_off_leaves_the_run_as_it_was(toy_models, few) -> None:
    about = {above: Plan.of(few, toy_models, None, Options.of(answering_above=above)).about for above in (None, 0.2)}
    assert "answering_above" not in about[None]["variant_options"]
    assert about[0.2]["variant_options"] == {**about[None]["variant_options"], "answering_above": 0.2}


@pytest.fixture(scope="module")
def generalised(tmp_path_factory, shared_root) -> dict[str, Path]:
    """Two runs on two photos of gRefCOCO's layout, from the command line: with and without an answer threshold."""
    home = tmp_path_factory.mktemp("grefcoco")
    root = write_grefcoco(home / "data", shared_root)
    found = {}
    for name, extra in (("best", []), ("above", ["--answer-threshold", "0.2"])):
        found[name] = home / name
        arguments = ["evaluate", "grefcoco", "--root", str(root), "--proposals", "annotations", "--device", "cpu"]
        arguments += ["--methods", "tas,clip-only", "--out", str(found[name]), "--store", str(home / "store"), *extra]
        assert cli.run(arguments) == 0
    return found


@pytest.mark.slow
def test_no_target_and_several_are_evaluated_end_to_end(generalised, capsys) -> None:
    runs = {name: tn.Run(folder) for name, folder in generalised.items()}
    sentences = sum(len(ref["sentences"]) for ref in GREFS)
    for run in runs.values():
        assert run.about["protocol"] == "gres"
        assert len(run.errors()) == 0
        table = run.table().set_index("method")
        assert (table["n"] == sentences).all()
        assert table.loc["oracle", "nacc"] == 100, "the best answer to what means nothing is none"
        stored, frame = RunSamples(run), run.predictions()
        for row in frame.itertuples():
            answer = stored.answer(row.sample, row.method)
            target = stored.sample(row.sample).target
            answer = np.zeros_like(target) if answer is None else answer
            assert (row.intersection, row.union) == metrics.intersection_union(answer, target)
            assert row.target_area == target.sum()
    always, above = runs["best"].table().set_index("method"), runs["above"].predictions()
    assert (always.loc["tas", "nacc"], always.loc["tas", "tacc"]) == (0, 100), "the best proposal is always answered"
    assert len(runs["above"].answers()), "somewhere two proposals were above the threshold"
    assert {-1} < set(above["chosen"]), "and somewhere none"
    assert "gIoU" in runs["best"].text()
    assert "N-acc" in runs["best"].text()
    assert "mIoU" in runs["best"].text("tas")
    assert "answers above 0.2" in runs["above"].text()
    assert cli.run(["compare", *map(str, generalised.values()), "--metric", "nacc", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    tas = told["rows"][0]
    assert tas["difference"] == pytest.approx(runs["above"].table().set_index("method").loc["tas", "nacc"])
    assert any("answer threshold: off in A, 0.2 in B" in note for note in told["notes"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")
def test_a_run_under_another_annotation_is_measured_anew(shared_root, tmp_path, capsys) -> None:
    whole = tn.datasets.load("refcoco", root=shared_root / "data" / "mini-refcoco")
    samples = whole.take([n for n, id_ in enumerate(whole.image_ids) if id_ in (str(ZEBRAS), str(CUPS), "9")])
    how = {"proposals": "annotations", "store": Store(tmp_path / "store"), "model_options": CPU}
    run = evaluate(samples, "toy", methods=["tas", "clip-only"], out=tmp_path / "run", **how)
    same = tn.datasets.load("refcoco-m", root=write_refcoco_m(tmp_path / "same", shared_root))
    found = tn.evaluation.reannotated(run, same)
    assert (found.to_frame()["difference"] == 0).all()
    assert (found.to_frame()["n"] == 6).all()
    assert (found.removed, found.unpaired, found.ambiguous) == (1, 1, 0), "the box of image 9 is not there"
    other = tn.datasets.load("refcoco-m", root=write_refcoco_m(tmp_path / "other", shared_root, grown=40))
    rows = tn.evaluation.reannotated(run, other, metric="miou").to_frame().set_index("method")
    stored, target_of = RunSamples(run), {sample.expression: sample.target for sample in other}
    for method in run.methods:
        before, after = [], []
        for number, sample in enumerate(samples):
            if sample.expression in target_of:
                answer = stored.answer(number, method)
                before.append(tn.iou(answer, sample.target))
                after.append(tn.iou(answer, target_of[sample.expression]))
        assert rows.loc[method, "own"] == pytest.approx(100 * np.mean(before))
        assert rows.loc[method, "other"] == pytest.approx(100 * np.mean(after))
        lost = 100 - rows.loc[method, "own"]
        assert rows.loc[method, "share"] == pytest.approx(100 * rows.loc[method, "difference"] / lost)
    data = str(tmp_path / "other")
    assert cli.run(["compare", str(run.folder), "--annotations", "refcoco-m", "--root", data]) == 0
    assert "refcoco-m lacks 1 mask and 1 sentence of the run" in capsys.readouterr().out
    analyse = ["analyse", str(run.folder), "--annotations", "refcoco-m", "--root", data, "--threshold", "1", "--json"]
    assert cli.run(analyse) == 0
    cases = {row["sample_id"]: row["cause"] for row in json.loads(capsys.readouterr().out)["cases"]}
    (gone,) = found.withdrawn
    assert cases.pop(gone) == "doubtful annotation"
    assert "doubtful annotation" not in cases.values()
    assert cli.run([*analyse, "--causes", "scores"]) == 2
    with pytest.raises(ValueError, match="merges sentences"):
        tn.evaluation.reannotated(run, same, protocol="car")
    with pytest.raises(ValueError, match="have no sentence of a picture in common"):
        tn.evaluation.reannotated(run, tn.datasets.load("reftoy")[:3])
    assert cli.run(["compare", str(run.folder)]) == 2
    assert "either RUN_B or --annotations" in capsys.readouterr().err
