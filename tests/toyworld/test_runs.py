"""The finished runs that ship: all there, small, without a trace of a machine, and what the code answers today."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toyworld import runs

import tasnb as tn
from tasnb.analysis.experiments import AS_TOLD, Experiment, distractors, gap, prior
from tasnb.core import shipped
from tasnb.evaluation.parts import bind, key_of
from tasnb.evaluation.plan import Options, Plan, differences
from tasnb.evaluation.records import SCORED, TABLES, schema
from tasnb.models.deferred import defer

ROOT = shipped.data_root() / "runs"
FEW = 3  # samples of each run that are answered again, by every method
CLOSE = {"check_exact": False, "rtol": 0, "atol": 1e-4}  # sums differ in their last bits between machines
each_run = pytest.mark.parametrize("name", runs.RUNS)


def opened(name: str) -> tn.Run:
    preset, dataset, split = runs.parts_of(name)
    return tn.Run.shipped(preset, dataset, split)


@pytest.fixture(scope="module")
def models(warm_store) -> dict[str, tn.types.Models]:
    """By preset; each part loads when it is first needed, and what two presets share is computed once."""
    return {preset: defer(preset=preset, device="cpu", memo=warm_store.memo) for preset in runs.PRESETS}


def compare(there: tn.Run, now: tn.Run) -> None:
    """Raise AssertionError unless ``there`` holds the rows of ``now``."""
    for table, key in (("predictions", "sample"), ("scores", "sample"), ("proposals", "image_id")):
        ours, theirs = getattr(now, table)(), getattr(there, table)()
        theirs = theirs[theirs[key].isin(ours[key])].reset_index(drop=True)
        pd.testing.assert_frame_equal(theirs, ours, obj=table, **CLOSE)


@pytest.mark.slow
@each_run
def test_a_part_of_it_is_answered_the_same_today(name: str, models, warm_store, tmp_path: Path) -> None:
    preset, dataset, split = runs.parts_of(name)
    samples, methods = tn.datasets.load(dataset, split=split), runs.PRESETS[preset]
    plan = Plan.of(samples, models[preset], {"preset": preset}, Options.of(methods=methods, shards=1))
    assert differences(opened(name).about, plan.about) == [], "other weights, data or options than those it was made of"
    now = tn.evaluate(samples[:FEW], models[preset], methods=methods, store=warm_store, out=tmp_path / "run")
    assert not len(now.errors())
    compare(opened(name), now)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "column", "change"),
    [
        ("predictions", "chosen", lambda value: value + 1),
        ("predictions", "iou", lambda value: value + 0.01),
        ("scores", "v", lambda value: value + 0.01),
        ("scores", "kept", lambda value: ~value),
        ("proposals", "caption", lambda value: value + "."),
    ],
)
def test_another_answer_is_found(table: str, column: str, change, models, warm_store, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    samples = tn.datasets.load("reftoy", split="val")[:FEW]
    methods = ["tas", "clip-only"]
    now = tn.evaluate(samples, models["toy"], methods=methods, store=warm_store, out=tmp_path / "run")
    shutil.copytree(now.folder, tmp_path / "other")
    compare(tn.Run.open(tmp_path / "other"), now)
    (path,) = (tmp_path / "other" / table).glob("*.parquet")
    content = pq.read_table(path)
    frame = content.to_pandas()
    frame.loc[len(frame) - 1, column] = change(frame[column]).iloc[-1]
    pq.write_table(pa.Table.from_pandas(frame, schema=content.schema, preserve_index=False), path)
    bind(tmp_path / "other", 0, key_of(now.about))
    with pytest.raises(AssertionError):
        compare(tn.Run.open(tmp_path / "other"), now)


@each_run
def test_it_is_whole(name: str) -> None:
    run = opened(name)
    preset, dataset, split = runs.parts_of(name)
    assert (run.about["models"]["name"], run.about["dataset"]["name"]) == (preset, dataset)
    assert run.about["dataset"]["split"] == split
    assert run.is_finished
    assert run.methods == tuple(runs.PRESETS[preset])
    assert not len(run.errors())
    frame = run.predictions()
    assert len(frame) == len(run.methods) * len(tn.datasets.load(dataset, split=split))
    # the summary is of these rows
    told = {row["method"]: row["miou"] for row in run.summary["table"]}
    for method, mine in frame.groupby("method"):
        assert told[method] == pytest.approx(100 * mine["iou"].mean(), abs=1e-9)


def test_together_they_are_small_and_nothing_else_lies_there() -> None:
    files = [path for path in ROOT.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8_000_000
    known = {*(ROOT / name for name in runs.RUNS), ROOT / "experiments", ROOT}
    assert [path for path in files if path.parent not in known and path.parent.parent not in known] == []


@each_run
def test_it_tells_nothing_of_the_machine(name: str) -> None:
    import pyarrow.parquet as pq

    run = opened(name)
    for path in run.folder.glob("*.json"):
        assert re.findall(r'"(?:/|~|[A-Z]:\\|\d{4}-\d\d-\d\d)[^"]*"', path.read_text(encoding="utf-8")) == []
    assert run.about["dataset"]["spec"]["root"] is None, "opened where tasnb is, wherever that may be"
    for path in run.folder.rglob("*.parquet"):
        assert not pq.read_metadata(path).metadata


def test_a_run_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"unknown finished run 'toy/reftoy-train'; choose from .*toy/reftoy-val"):
        tn.Run.shipped("toy", "reftoy", "train")


# --- experiments ------------------------------------------------------------------------------------------------------


def of_reftoy(preset: str) -> list[tn.Run]:
    return [tn.Run.shipped(preset, "reftoy", split) for split in runs.SPLITS]


def assert_same(one: Experiment, other: Experiment) -> None:
    pd.testing.assert_frame_equal(one.frame, other.frame, **CLOSE)


@pytest.mark.parametrize("name", runs.EXPERIMENTS)
def test_an_experiment_is_of_all_three_splits(name: str) -> None:
    found = Experiment.shipped(name)
    assert found.name == name
    assert set(found.frame["split"]) == {"all", *runs.SPLITS}
    assert all(found.sentence(setting) for setting in found.settings)


def test_the_gap_is_that_of_the_runs() -> None:
    assert_same(Experiment.shipped("gap"), gap({name: of_reftoy(name) for name in ("toy", "toy-cutouts")}))


def test_the_distractors_are_those_of_the_runs() -> None:
    splits = [tn.datasets.load("reftoy", split=split) for split in runs.SPLITS]
    assert_same(Experiment.shipped("distractors"), distractors(splits, of_reftoy("toy")))


def test_the_priors_are_those_of_the_runs() -> None:
    there, here = Experiment.shipped("prior").frame, prior([tn.Run.shipped("toy", "reftoy", "testA")]).frame
    there = there[there["split"] == "testA"].assign(split="all").reset_index(drop=True)
    pd.testing.assert_frame_equal(there, here, **CLOSE)


@pytest.mark.parametrize(
    ("name", "setting"), [("captions", AS_TOLD), ("negatives", "as mined"), ("prior", "hard half")]
)
def test_where_nothing_is_altered_an_experiment_gives_what_the_runs_give(name: str, setting: str) -> None:
    there, here = (found.frame for found in (Experiment.shipped(name), gap({"toy": of_reftoy("toy")})))
    there = there[there["setting"] == setting].drop(columns="setting").reset_index(drop=True)
    pd.testing.assert_frame_equal(there, here.drop(columns="setting"), **CLOSE)


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evaluated(models, warm_store, tmp_path_factory) -> tn.Run:
    samples = tn.datasets.load("reftoy", split="val")[:FEW]
    return tn.evaluate(samples, models["toy"], store=warm_store, out=tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.slow
@pytest.mark.parametrize("single", [False, True])
def test_a_packed_run_is_the_same_run(single: bool, evaluated: tn.Run, tmp_path: Path) -> None:
    packed = runs.pack(evaluated, tmp_path / "packed", single=single)
    assert packed.is_finished
    assert (packed.about, packed.summary) == (evaluated.about, evaluated.summary)
    for table in TABLES:
        ours, theirs = (getattr(run, table)() for run in (packed, evaluated))
        for column in ours:
            if single and column in runs.SINGLE:
                ours[column] = ours[column].map(lambda value: np.float32(value).tolist())
                theirs[column] = theirs[column].map(lambda value: np.float32(value).tolist())
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.slow
def test_where_fewer_digits_change_a_choice_all_are_kept(evaluated: tn.Run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tn, "evaluate", lambda *args, **options: evaluated)
    once = runs.build_run("toy/reftoy-val", tmp_path, store=None).scores()["v"]
    assert (once != evaluated.scores()["v"]).any()
    monkeypatch.setattr(runs, "_chooses_the_same", lambda one, other: False)
    assert runs.build_run("toy/reftoy-val", tmp_path, store=None).scores()["v"].equals(evaluated.scores()["v"])


@pytest.mark.slow
def test_another_choice_is_seen(evaluated: tn.Run, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    other = runs.pack(evaluated, tmp_path / "other")
    assert runs._chooses_the_same(evaluated, other)
    (path,) = (other.folder / "scores").glob("*.parquet")
    content = pq.read_table(path)
    turned = pa.array(-content["v"].to_numpy())
    pq.write_table(content.set_column(content.schema.get_field_index("v"), "v", turned), path)
    bind(other.folder, 0, key_of(other.about))
    assert not runs._chooses_the_same(evaluated, tn.Run.open(other.folder))


def test_the_columns_with_fewer_digits_are_those_of_scores() -> None:
    kinds = {field.name: str(field.type) for table in TABLES for field in schema(table)}
    assert {"v", "p", "n", "prior", "phrase_cosines", *SCORED} == set(runs.SINGLE)
    assert {name for name, kind in kinds.items() if "double" in kind} == {*runs.SINGLE, *runs.RATIOS}


def test_what_the_catalogue_lacks_is_skipped_and_said(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tasnb.models.catalogue.PRESETS", {})
    said: list[str] = []
    runs.build(["toy-rn/reftoy-val"], tmp_path, tn.Store(tmp_path / "store"), log=said.append)
    assert said == ["toy-rn/reftoy-val: skipped, because the catalogue has no preset 'toy-rn'"]


def test_a_name_that_begins_nothing_is_an_error(capsys) -> None:
    with pytest.raises(SystemExit):
        runs.main(["--only", "toy/refcoco"])
    assert "nothing begins with 'toy/refcoco'; choose from toy/reftoy-val" in capsys.readouterr().err


def test_the_presets_are_the_toys_of_the_catalogue() -> None:
    from tasnb.models.catalogue import PRESETS

    assert set(runs.PRESETS) == {name for name in PRESETS if name.startswith("toy")}
