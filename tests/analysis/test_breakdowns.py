"""Questions to a run: frames, cuts, comparisons, the command line."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

import tasnb as tn
from tasnb import analysis, cli
from tasnb.evaluation import metrics
from tasnb.stages import spatial
from tests.analysis.planting import PlantedRun


def test_cases_are_a_row_a_sample(real, real_run) -> None:
    frame = analysis.cases(real)
    assert len(frame) == 60
    assert frame["sample_id"].is_unique
    assert {"cause", "types", "recoverable", "why", "margin", "same_kind", "target_size"} <= set(frame.columns)
    stored = real_run.predictions().query("method == 'tas'")["iou"].to_numpy()
    assert np.array_equal(frame["iou"].to_numpy(), stored)
    assert frame["target_size"].between(0, 1).all()
    assert (frame["same_kind"] >= 0).all()
    assert (frame["margin"].dropna() >= 0).all()


def test_the_margin_is_the_lead_over_the_next_candidate(one) -> None:
    found = analysis.attribute(PlantedRun([one]))
    total = np.sort(one.total[one.kept])[::-1]
    assert analysis.margins(found)[0] == pytest.approx(total[0] - total[1])


@pytest.mark.parametrize("by", analysis.CUTS)
def test_every_cut_covers_what_it_says(by, real) -> None:
    table = analysis.breakdown(real, by).set_index("group")
    whole = table.loc["all"]
    assert whole["n"] == 60
    assert (table["miou_low"] <= table["miou"]).all()
    assert (table["miou"] <= table["miou_high"]).all()
    parts = table.drop(index="all")
    if by in ("length", "style", "head", "n-same-kind", "target-size", "split"):
        assert parts["n"].sum() == 60, "one group each"
        assert parts["recoverable"].sum() == pytest.approx(whole["recoverable"])
    if by in ("stage", "cause"):
        assert parts["n"].sum() == whole["failures"]


def test_an_unknown_cut_lists_the_cuts(real) -> None:
    with pytest.raises(ValueError, match="choose from type, stage"):
        analysis.breakdown(real, "mood")


def test_a_large_margin_is_a_sign_of_trust_only_where_its_interval_says_so(planted, real) -> None:
    for found in (planted[1], real):
        told, table = analysis.trust(found), analysis.calibration(found, bins=4)
        assert (told["small"]["n"], told["large"]["n"]) == (table["n"].iloc[0], table["n"].iloc[-1])
        assert told["gain"] == pytest.approx(told["large"]["accuracy"] - told["small"]["accuracy"])
        assert told["gain_low"] <= told["gain"] <= told["gain_high"]
    assert analysis.trust(real, bins=1000) is None


@pytest.mark.parametrize(
    ("low", "says"), [(0.1, "is a sign of trust here"), (-0.1, "is not shown to be a sign of trust")]
)
def test_the_report_claims_it_only_then(real_run, tmp_path, monkeypatch, low, says) -> None:
    from tasnb import report

    told = {"small": {"n": 7, "accuracy": 50.0}, "large": {"n": 8, "accuracy": 75.0}}
    told |= {"gain": 25.0, "gain_low": low, "gain_high": 50.0}
    monkeypatch.setattr(analysis, "trust", lambda *a, **k: told)
    page = report.run([real_run], tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"The margin of S {says}" in page
    assert "of the 7 answers with the smallest margin 50.0 % are right, of the 8 with the largest 75.0 %" in page


def test_calibration_bins_hold_every_sample_once(planted) -> None:
    found = planted[1]
    table = analysis.calibration(found, bins=5)
    assert table["n"].sum() == np.isfinite(analysis.margins(found)).sum()
    assert (np.diff(table["margin"]) >= 0).all()
    with pytest.raises(ValueError, match="bins"):
        analysis.calibration(found, bins=0)


def test_heads_are_counted_once_each(real) -> None:
    assert analysis.confusion_of_heads(real, top=3).to_numpy().sum() == 60


def test_heat_adds_up_to_the_failures_of_a_partition(real) -> None:
    cells = analysis.heat(real, "length")
    assert cells["failures"].sum() == real.frame["failed"].sum()


def test_a_run_without_failures_has_no_causes(one) -> None:
    found = analysis.attribute(PlantedRun([one, deepcopy(one)]))
    assert analysis.recoverable(found)["failures"].sum() == 0
    assert (analysis.breakdown(found, "type")["main_cause"] == "").all()
    assert "No failure" in analysis.overlap_text(analysis.overlap(found))


def test_the_intervals_are_those_of_the_metrics(real) -> None:
    """The draws are shared, and for a whole run they are the very ones of ``metrics``."""
    samples = real.evidence.samples
    counts = samples[["intersection", "union"]].to_numpy(np.int64)
    images = samples["image_id"].to_numpy(object)
    whole = analysis.breakdown(real, "type").set_index("group").loc["all"]
    summary = metrics.summarise(counts[:, 0], counts[:, 1], images)
    for name, estimate in (("miou", summary.miou), ("oiou", summary.oiou)):
        assert whole[name] == pytest.approx(estimate.value)
        assert (whole[f"{name}_low"], whole[f"{name}_high"]) == pytest.approx((estimate.low, estimate.high))
    cured = real.frame[["cured_intersection", "cured_union"]].to_numpy(np.int64)
    everything = analysis.recoverable(real).set_index("cause").loc["all"]
    for name in ("miou", "oiou"):
        gain = metrics.paired_difference(cured, counts, images, metric=name)
        assert everything[name] == pytest.approx(gain.value)
        assert (everything[f"{name}_low"], everything[f"{name}_high"]) == pytest.approx((gain.low, gain.high))


# --- two runs ---------------------------------------------------------------------------------------------------------


def test_a_run_against_itself_does_not_differ(real) -> None:
    flips = analysis.compare_by(real, real, "length")
    assert (flips.frame[["miou", "oiou", "fixed", "broken"]] == 0).all(axis=None)
    assert not len(flips.flipped)


def test_flips_are_counted_on_their_side(planted, one, rng) -> None:
    worse = deepcopy(one)
    worse.areas = np.where(worse.iou >= 0.5, worse.areas // 2, worse.areas)
    worse.inter = np.minimum(worse.inter // 2, worse.areas)
    good, bad = PlantedRun([one, one]), PlantedRun([worse, one])
    a, b = (analysis.attribute(run) for run in (good, bad))
    flips = analysis.compare_by(a, b, "style")
    whole = flips.frame.set_index("group").loc["all"]
    assert (whole["broken"], whole["fixed"]) == (1, 0)
    assert whole["miou"] < 0
    assert flips.flipped["flip"].tolist() == ["broken"]
    assert flips.flipped["cause"].tolist() == ["granularity"]
    assert analysis.compare_by(b, a, "style").flipped["flip"].tolist() == ["fixed"]


def test_what_differs_between_the_runs_is_said(one) -> None:
    a, b = PlantedRun([one]), PlantedRun([one])
    b.about = {**b.about, "weights": {"alpha": 0.1, "lam": 0.0}, "models": {**b.about["models"], "parts": {}}}
    a.about = {**a.about, "models": {**a.about["models"], "parts": {"proposer": "one"}}}
    found = [analysis.attribute(run) for run in (a, b)]
    notes = analysis.compare_by(found[0], found[1], "style").notes
    assert [note.split(":")[0] for note in notes] == ["weights", "proposer"]
    assert analysis.compare_by(found[0], found[0], "style").notes == ()


def test_runs_without_a_common_sample_cannot_be_compared(real, planted) -> None:
    with pytest.raises(ValueError, match="no sample in common"):
        analysis.compare_by(real, planted[1])


def test_pooled_runs_keep_every_sample(real_run, real) -> None:
    assert analysis.pool([real_run]) is real_run
    with pytest.raises(ValueError, match="comes twice"):
        analysis.pool([real_run, real_run])


def test_two_splits_pool_into_one(real_run, one) -> None:
    a, b = PlantedRun([one]), PlantedRun([one, one])
    b.about = {**b.about, "dataset": {**b.about["dataset"], "split": "testA"}}
    b_predictions = b.predictions().assign(split="testA", sample_id=["x", "y"])
    b.predictions = lambda: b_predictions.copy()
    found = analysis.attribute(analysis.pool([a, b]))
    assert len(found.frame) == 3
    assert analysis.breakdown(found, "split")["n"].tolist() == [2, 1, 3]


@pytest.mark.slow
def test_a_method_of_ones_own_is_analysed_too(reftoy_val, tmp_path) -> None:
    """The extended rectifier is in no named method; its run says in run.json what it is."""
    extended = replace(tn.PAPER, name="extended", rectifier=spatial.EXTENDED)
    store = tn.Store(tmp_path / "store")
    run = tn.evaluate(
        reftoy_val[:12], "toy", methods=["tas"], variant=extended, out=tmp_path / "run", store=store,
        model_options={"device": "cpu"},
    )  # fmt: skip
    found = analysis.attribute(run)
    assert found.evidence.ranking.rule.extended
    assert len(analysis.cases(found)) == 12


# --- the command line -------------------------------------------------------------------------------------------------


def test_analyse_prints_causes_and_a_cut(real_run, capsys) -> None:
    assert cli.run(["analyse", str(real_run.folder), "--by", "type", "--overlap"]) == 0
    out = capsys.readouterr().out
    assert "answers failed" in out
    assert "location" in out
    assert "counted independently" in out


def test_analyse_json_is_one_object(real_run, capsys) -> None:
    assert cli.run(["analyse", str(real_run.folder), "--by", "split", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["samples"] == len(record["cases"]) == 60
    assert sum(row["failures"] for row in record["causes"] if row["cause"] != "all") == record["failures"]


@pytest.mark.slow
def test_analyse_writes_tables_and_figures(real_run, tmp_path, capsys) -> None:
    assert cli.run(["analyse", str(real_run.folder), "--out", str(tmp_path / "a")]) == 0
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert {"cases.csv", "causes.csv", "overlap.csv", "causes-by-type.png", "calibration.png", "heads.png"} <= names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["analyse", "nowhere"], "holds no run"),
        (["analyse", "RUN", "--by", "mood"], "choose from type"),
        (["analyse", "RUN", "--threshold", "2"], "threshold"),
        (["compare", "RUN", "RUN", "--by", "mood"], "choose from type"),
        (["compare", "RUN", "RUN", "--by", "type", "--metric", "oiou"], "leave --protocol and --metric out"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, said, real_run, capsys) -> None:
    assert cli.run([str(real_run.folder) if a == "RUN" else a for a in arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_compare_by_prints_what_flipped(real_run, capsys) -> None:
    assert cli.run(["compare", str(real_run.folder), str(real_run.folder), "--by", "head"]) == 0
    assert "fixed" in capsys.readouterr().out
