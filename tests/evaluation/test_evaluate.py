"""``evaluate``: the same tables for any shards, workers, store and interruptions, and nothing lost to bad samples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import tasnb as tn
from tasnb.core.masks import from_rle
from tasnb.core.types import Weights, parse_from_json, parse_to_json
from tasnb.evaluation.compare import compare
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.parts import is_done, key_of
from tasnb.evaluation.plan import Options, Plan, default_folder, differences, split_into_parts
from tasnb.evaluation.runs import Run
from tasnb.evaluation.worker import Session, go_stage_by_stage
from tasnb.models.deferred import Deferred, defer
from tasnb.report.notebook import html_of
from tasnb.store import Store

pytestmark = pytest.mark.slow

CPU = {"device": "cpu"}


def assert_same_tables(run: Run, other: Run) -> None:
    """Sorted content, floats to 1e-6."""
    for name in ("predictions", "scores", "refs", "errors"):
        one, two = (getattr(r, name)() for r in (run, other))
        keys = [k for k in ("sample", "proposal", "image_id", "ref_id", "method") if k in one]
        one, two = (f.sort_values(keys, ignore_index=True) for f in (one, two))
        pd.testing.assert_frame_equal(one, two, rtol=0, atol=1e-6)
    pd.testing.assert_frame_equal(run.table(), other.table(), rtol=0, atol=1e-6)


class Broken(list):
    """Samples of which some cannot be read, as a data set on a bad disk."""

    def __init__(self, samples, bad: dict[int, Exception]) -> None:
        super().__init__(samples)
        self.samples, self.bad = samples, bad
        self.image_ids, self.sample_ids = samples.image_ids, samples.sample_ids
        self.categories, self.same_kind = samples.categories, samples.same_kind
        self.fingerprint, self.name, self.split = "broken", "broken", "val"

    def image_id(self, index: int) -> str:
        return self.image_ids[index]

    def __getitem__(self, index):
        if index in self.bad:
            raise self.bad[index]
        return self.samples[index]


# --- what is computed -------------------------------------------------------------------------------------------------


def test_a_row_says_what_the_method_itself_says(toy_run, few, toy_models) -> None:
    frame = toy_run.predictions()
    assert len(frame) == 3 * len(few)
    for number in (0, 7, 19):
        sample = few[number]
        artifacts = tn.describe(sample.image, toy_models)
        for name, method in (("tas", tn.tas), ("clip-only", tn.clip_only), ("text-only", tn.text_only)):
            answer = method(artifacts, sample.expression, toy_models)
            row = frame[(frame["sample"] == number) & (frame["method"] == name)].iloc[0]
            assert row["chosen"] == answer.index
            assert row["iou"] == pytest.approx(tn.iou(answer.mask, sample.target))
            assert row["intersection"] == (answer.mask & sample.target).sum()
            assert row["union"] == (answer.mask | sample.target).sum()
            assert row["expression"] == sample.expression
            assert row["sample_id"] == sample.sample_id
        table = tn.tas(artifacts, sample.expression, toy_models).table
        scores = toy_run.scores().query("sample == @number")
        np.testing.assert_allclose(scores[["v", "p", "n"]].to_numpy(), np.c_[table.v, table.p, table.n], atol=1e-6)
        assert scores["kept"].tolist() == table.kept.tolist()


def test_the_oracle_is_the_best_proposal(toy_run) -> None:
    best = toy_run.scores().groupby("sample")["iou"].max()
    oracle = toy_run.predictions().drop_duplicates("sample").set_index("sample")["oracle_iou"]
    np.testing.assert_allclose(oracle.loc[best.index], best)
    row = toy_run.table().set_index("method").loc["oracle"]
    assert row["miou"] == pytest.approx(100 * oracle.mean())
    assert (toy_run.table().set_index("method")["miou"] <= row["miou"] + 1e-9).all()


def test_the_parse_and_the_negatives_stand_beside_every_answer(toy_run, few, toy_models) -> None:
    row = toy_run.predictions().query("method == 'clip-only' and sample == 3").iloc[0]
    parse = parse_from_json(row["parse"])
    assert parse == tn.parse(few[3].expression, toy_models.parser)
    assert parse_from_json(parse_to_json(parse)) == parse
    assert row["directions"] == " ".join(parse.directions)
    assert isinstance(json.loads(row["negatives"]), list)


def test_figures_under_every_protocol_come_from_one_run(toy_run) -> None:
    frame = toy_run.predictions().query("method == 'tas'")
    assert toy_run.table("tas", ["tas"]).iloc[0]["miou"] == pytest.approx(100 * frame["iou"].mean())
    lavt = toy_run.table("lavt", ["tas"]).iloc[0]
    assert lavt["pr50"] == pytest.approx(100 * (frame["iou"] >= 0.5).mean())
    assert "pr50" not in toy_run.table("global-local", ["tas"])
    with pytest.raises(ValueError, match="choose from tas, global-local"):
        toy_run.table("lvat")
    with pytest.raises(ValueError, match="choose from tas, clip-only, text-only"):
        toy_run.table(methods=["grad-cam"])


def test_protocol_car_measures_the_union_of_a_refs_sentences(toy_run, few, toy_models, warm_store) -> None:
    refs, described = {}, {}
    for sample in few:
        if sample.image_id not in described:
            described[sample.image_id] = warm_store.recall(tn.describe, sample.image, toy_models)
        mask = tn.tas(described[sample.image_id], sample.expression, toy_models).mask
        before = refs.get((sample.image_id, sample.ref_id), (np.zeros_like(mask), None))[0]
        refs[sample.image_id, sample.ref_id] = (before | mask, sample.target)
    expected = np.mean([tn.iou(mask, target) for mask, target in refs.values()])
    row = toy_run.table("car", ["tas"]).iloc[0]
    assert row["n"] == len(refs) < len(few)
    assert row["miou"] == pytest.approx(100 * expected)


def test_a_function_of_ones_own_is_a_method(few, warm_store, tmp_path) -> None:
    def first(artifacts, expression, models):
        """Always the first proposal."""
        answer = tn.clip_only(artifacts, expression, models)
        return type(answer)(**{**vars(answer), "index": 0, "mask": artifacts.proposals.masks[0]})

    run = evaluate(
        few[:5], "toy", methods={"first": first, "tas": tn.tas}, out=tmp_path / "r", store=warm_store, model_options=CPU
    )
    assert (run.predictions().query("method == 'first'")["chosen"] == 0).all()
    assert run.methods == ("first", "tas")


def test_with_annotations_as_proposals_the_oracle_is_perfect(few, warm_store, tmp_path) -> None:
    run = evaluate(
        few, "toy", methods=["tas"], proposals="annotations", out=tmp_path / "r", store=warm_store, model_options=CPU
    )
    assert run.table().set_index("method").loc["oracle", "miou"] == pytest.approx(100)
    assert run.about["models"]["parts"]["proposer"] == "annotations"


# --- shards, stores, restarts -----------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abcdefgh"), max_size=40), st.integers(1, 12))
def test_every_sample_is_in_one_part_and_every_image_too(images: list[str], shards: int) -> None:
    found = split_into_parts(images, shards)
    assert sorted(i for part in found for i in part) == list(range(len(images)))
    of_image = {image: {n for n, part in enumerate(found) for i in part if images[i] == image} for image in images}
    assert all(len(where) == 1 for where in of_image.values())
    assert found == split_into_parts(images, shards)
    assert len(found) == max(min(shards, len(set(images))), min(len(found), 1))


@pytest.mark.parametrize("shards", [2, 7])
def test_the_tables_are_the_same_for_any_number_of_shards(toy_run, few, warm_store, tmp_path, shards) -> None:
    run = evaluate(few, "toy", out=tmp_path / "r", shards=shards, store=warm_store, model_options=CPU)
    assert len(list((tmp_path / "r" / "predictions").iterdir())) == min(shards, len(set(few.image_ids)))
    assert_same_tables(run, toy_run)


def test_the_tables_are_the_same_with_a_cold_store_and_with_loaded_models(toy_run, few, toy_models, tmp_path) -> None:
    cold = evaluate(few, toy_models, out=tmp_path / "r", store=Store(tmp_path / "s"))
    assert_same_tables(cold, toy_run)


def test_a_warm_run_loads_no_model(toy_run, few, warm_store, tmp_path) -> None:
    code = (
        "import sys, tasnb as tn\n"
        "from tasnb.evaluation.engine import evaluate\n"
        f"samples = tn.datasets.load('reftoy', split='val')[:{len(few)}]\n"
        f"evaluate(samples, 'toy', out={str(tmp_path / 'r')!r}, store=tn.Store({str(warm_store.root)!r}), "
        f"model_options={CPU!r})\n"
        "print([m for m in ('torch', 'spacy', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert_same_tables(Run(tmp_path / "r"), toy_run)


def test_a_finished_run_computes_nothing_again(toy_run, few, warm_store) -> None:
    before = {p: p.stat().st_mtime_ns for p in (toy_run.folder / "predictions").iterdir()}
    again = evaluate(few, "toy", out=toy_run.folder, shards=1, store=warm_store, model_options=CPU)
    assert {p: p.stat().st_mtime_ns for p in (toy_run.folder / "predictions").iterdir()} == before
    assert_same_tables(again, toy_run)


@pytest.mark.parametrize("damage", ["missing", "truncated", "scores truncated"])
def test_a_restart_computes_only_unfinished_parts(toy_run, few, warm_store, tmp_path, damage) -> None:
    folder = tmp_path / "r"
    evaluate(few, "toy", out=folder, shards=3, store=warm_store, model_options=CPU)
    before = {p.name: p.stat().st_mtime_ns for p in (folder / "predictions").iterdir()}
    victim = folder / ("scores" if "scores" in damage else "predictions") / "part-00001.parquet"
    if damage == "missing":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:50])
    (folder / "summary.json").unlink()
    told = []
    run = evaluate(
        few, "toy", out=folder, shards=3, store=warm_store, model_options=CPU, tick=lambda *t: told.append(t)
    )
    assert told == [(2, 3), (3, 3)]
    after = {p.name: p.stat().st_mtime_ns for p in (folder / "predictions").iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"part-00001.parquet"}
    assert_same_tables(run, toy_run)


@pytest.mark.slow
def test_the_tables_are_the_same_from_two_processes(toy_run, few, warm_store, tmp_path) -> None:
    run = evaluate(few, "toy", out=tmp_path / "r", shards=4, workers=2, store=warm_store, model_options=CPU)
    assert_same_tables(run, toy_run)


def test_several_workers_need_data_and_models_by_name(few, toy_models, warm_store, tmp_path) -> None:
    with pytest.raises(ValueError, match="by name"):
        evaluate(list(few), "toy", workers=2, out=tmp_path / "a", store=warm_store, model_options=CPU)
    with pytest.raises(ValueError, match="by preset"):
        evaluate(few, toy_models, workers=2, out=tmp_path / "b", store=warm_store)
    with pytest.raises(ValueError, match="define them in a module"):
        evaluate(
            few,
            "toy",
            methods={"mine": lambda *_: None},
            workers=2,
            out=tmp_path / "c",
            store=warm_store,
            model_options=CPU,
        )


def test_another_run_in_the_folder_is_not_touched(toy_run, few, warm_store) -> None:
    for change in ({"lam": 0.2}, {"variant": "official"}, {"methods": ["tas"]}, {"proposals": "annotations"}):
        with pytest.raises(ValueError, match=r"holds another run .* choose another folder"):
            evaluate(
                few, "toy", **{"shards": 1, "out": toy_run.folder, "store": warm_store, "model_options": CPU} | change
            )
    with pytest.raises(ValueError, match="samples"):
        evaluate(few[:3], "toy", shards=1, out=toy_run.folder, store=warm_store, model_options=CPU)


def test_a_folder_with_other_things_is_not_written_to(few, warm_store, tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="not empty"):
        evaluate(few[:2], "toy", out=tmp_path, store=warm_store, model_options=CPU)


def test_a_run_keeps_what_an_analysis_needs_without_any_model(toy_run, few, toy_models) -> None:
    predictions, scores, proposals = toy_run.predictions(), toy_run.scores(), toy_run.proposals()
    sample = few[0]
    artifacts = tn.describe(sample.image, toy_models)
    here = proposals[proposals["image_id"] == sample.image_id]
    assert here["caption"].tolist() == list(artifacts.captions["blur"])
    masks = [from_rle({"size": [row.height, row.width], "counts": row.mask}) for row in here.itertuples()]
    assert np.array_equal(np.stack(masks), artifacts.proposals.masks)
    # N is the mean over the phrases that were kept, so it can be computed again for any others
    row = predictions[predictions["method"] == "tas"].iloc[0]
    kept = [phrase["kept"] for phrase in json.loads(row["phrases"])]
    again = -np.stack(here["phrase_cosines"])[:, kept].mean(axis=1)
    assert np.allclose(again, scores[scores["sample"] == 0]["n"], atol=1e-9)
    assert json.loads(row["gold"])["head"] == sample.gold["head"]
    assert row["category"] == few.categories[0]
    assert row["same_kind"] == few.same_kind(0) >= 0


# --- what fails -------------------------------------------------------------------------------------------------------


def test_what_fails_becomes_an_error_row_and_the_rest_is_finished(toy_run, few, warm_store, tmp_path) -> None:
    bad = {2: OSError("image file is truncated"), 9: ValueError("mask of (3, 3)")}
    run = evaluate(Broken(few, bad), "toy", out=tmp_path / "r", store=warm_store, model_options=CPU)
    errors = run.errors()
    assert errors["sample"].tolist() == [2, 9]
    assert errors["stage"].tolist() == ["read", "read"]
    assert errors["sample_id"].tolist() == [few.sample_ids[2], few.sample_ids[9]]
    assert "truncated" in errors["message"][0]
    assert pd.read_parquet(tmp_path / "r" / "errors.parquet").equals(errors)
    good = toy_run.predictions().query("sample not in [2, 9]").reset_index(drop=True)
    pd.testing.assert_frame_equal(run.predictions(), good, rtol=0, atol=1e-6)
    row = run.table().iloc[0]
    assert (row["n"], row["missing"]) == (len(few) - 2, 2)
    assert run.summary["failed_samples"] == 2
    assert "2 errors" in run.text()


def test_a_method_that_fails_costs_only_its_own_answers(few, warm_store, tmp_path) -> None:
    def moody(artifacts, expression, models):
        if "left" in expression:
            raise RuntimeError("I do not do left")
        return tn.clip_only(artifacts, expression, models)

    run = evaluate(
        few, "toy", methods={"tas": tn.tas, "moody": moody}, out=tmp_path / "r", store=warm_store, model_options=CPU
    )
    lefts = sum("left" in text for text in few.expressions)
    assert lefts
    assert run.table().set_index("method")["missing"].to_dict() == {"tas": 0, "moody": lefts, "oracle": 0}
    assert set(run.errors()["method"]) == {"moody"}
    difference = next(d for d in run.summary["differences"] if d["metric"] == "miou")
    assert difference["n"] == len(few) - lefts


def test_when_everything_fails_there_is_still_a_table(few, warm_store, tmp_path) -> None:
    bad = {n: OSError("gone") for n in range(4)}
    run = evaluate(Broken(few[:4], bad), "toy", out=tmp_path / "r", store=warm_store, model_options=CPU)
    assert run.table()["missing"].tolist() == [4, 4, 4, 4]
    assert run.table()["miou"].isna().all()
    assert run.summary["table"][0]["miou"] is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"methods": ["taz"]}, "choose from tas, clip-only"),
        ({"alhpa": 0.1}, "unknown option 'alhpa'; choose from methods, variant, alpha"),
        ({"methods": []}, "at least one method"),
        ({"protocol": "tass"}, "choose from tas, global-local"),
        ({"variant": "papre"}, "choose from paper, official"),
        ({"proposals": "sams"}, "choose from sam, annotations"),
        ({"engine": "spark"}, "choose from local, ray"),
        ({"workers": 0}, "at least 1"),
        ({"shards": 0}, "at least 1"),
    ],
)
def test_wrong_options_list_the_choices(few, warm_store, tmp_path, wrong, message) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(few, "toy", out=tmp_path / "r", store=warm_store, model_options=CPU, **wrong)
    assert not (tmp_path / "r" / "run.json").exists()


def test_no_samples_is_an_error(few, warm_store) -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        evaluate(few[:0], "toy", store=warm_store)


def test_a_full_disk_stops_the_run_with_one_sentence_and_keeps_what_is_done(toy_run, few, warm_store, tmp_path) -> None:
    folder = tmp_path / "r"
    code = (
        "import resource, signal, tasnb as tn\nfrom tasnb.evaluation.engine import evaluate\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"samples = tn.datasets.load('reftoy', split='val')[:{len(few)}]\n"
        "done = []\n"
        "def tick(n, total):\n"
        "    if n == 2: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "try:\n"
        f"    evaluate(samples, 'toy', out={str(folder)!r}, shards=4, store=tn.Store({str(warm_store.root)!r}), "
        f"model_options={CPU!r}, tick=tick)\n"
        "except OSError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "finished parts are kept" in said
    assert [is_done(folder, n, key_of(Run(folder).about)) for n in range(4)] == [True, True, False, False]
    assert not list(folder.rglob("*.tmp"))
    run = evaluate(few, "toy", out=folder, shards=4, store=warm_store, model_options=CPU)
    assert_same_tables(run, toy_run)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_small_disk_that_is_full(few, warm_store, tmp_path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no right to mount a tmpfs here")
    try:
        with pytest.raises(OSError, match="no space left on the disk"):
            evaluate(few, "toy", out=disk / "r", shards=4, store=warm_store, model_options=CPU)
        assert (disk / "r" / "run.json").is_file()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# --- one model at a time ----------------------------------------------------------------------------------------------


def test_stage_by_stage_never_holds_two_models(few, tmp_path) -> None:
    store = Store(tmp_path / "s")
    models = defer("toy", memo=store.memo, **CPU)
    roles = ("proposer", "captioner", "encoder")
    together: list[list[str]] = []

    def memo(*arguments, **named):
        value = store.memo(*arguments, **named)
        together.append([role for role in roles if getattr(models, role).is_loaded])
        return value

    session = Session(samples=few[:8], models=models, options=Options(methods={}), weights=Weights(), memo=memo)
    for role in roles:  # their names are known, as after the first run
        assert getattr(models, role).fingerprint
        getattr(models, role).free()
    go_stage_by_stage(session, range(8))
    assert max(map(len, together)) == 1
    assert {role for held in together for role in held} == set(roles)
    assert all(not getattr(models, role).is_loaded for role in roles)
    expected = tn.describe(few[0].image, models)
    again = tn.describe(few[0].image, defer("toy", memo=store.memo, **CPU), memo=store.memo)
    assert (again.proposals.masks == expected.proposals.masks).all()


def test_stagewise_gives_the_same_tables(toy_run, few, tmp_path) -> None:
    run = evaluate(few, "toy", out=tmp_path / "r", stagewise=True, store=Store(tmp_path / "s"), model_options=CPU)
    assert_same_tables(run, toy_run)


def test_a_deferred_model_has_the_loaded_ones_fingerprint(toy_models, tmp_path) -> None:
    store = Store(tmp_path)
    models = defer("toy", memo=store.memo, **CPU)
    for role in ("proposer", "encoder", "captioner"):
        part = getattr(models, role)
        assert isinstance(part, Deferred)
        assert part.fingerprint == getattr(toy_models, role).fingerprint
    again = defer("toy", memo=store.memo, **CPU)
    assert again.encoder.fingerprint == toy_models.encoder.fingerprint
    assert not again.encoder.is_loaded


def test_deferred_models_report_missing_files_at_once(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="tasnb fetch laptop"):
        defer("laptop")


# --- two runs ---------------------------------------------------------------------------------------------------------


def test_two_runs_are_compared_sample_by_sample(toy_run, few, warm_store, tmp_path) -> None:
    other = evaluate(few[:20], "toy", lam=0.0, alpha=0.0, out=tmp_path / "r", store=warm_store, model_options=CPU)
    found = compare(toy_run, other)
    row = found.frame.query("method == 'tas' and metric == 'miou'").iloc[0]
    pair = [r.predictions().query("method == 'tas' and sample < 20")["iou"].mean() * 100 for r in (toy_run, other)]
    assert (row["a"], row["b"]) == pytest.approx(tuple(pair))
    assert row["difference"] == pytest.approx(pair[1] - pair[0])
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["n"] == 20
    assert found.frame.query("method == 'oracle'")["difference"].abs().max() == 0
    assert any("weights" in note for note in found.notes)
    assert any("shared samples" in note for note in found.notes)
    assert "B - A" in str(found)
    assert "<table" in html_of(found)


def test_a_run_compared_with_itself_differs_nowhere(toy_run) -> None:
    assert compare(toy_run, toy_run).frame["difference"].abs().max() == 0


def test_a_folder_without_a_run_says_so(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"run\.json"):
        Run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ValueError, match="not readable JSON"):
        Run(tmp_path)


def test_a_run_shows_itself_in_a_notebook(toy_run) -> None:
    assert "<table" in html_of(toy_run)
    assert "reftoy" in repr(toy_run)


def test_the_default_folder_tells_runs_apart(few, toy_run) -> None:
    about = toy_run.about | {"weights": {"alpha": 0.1, "lam": 0.2}, "proposals": "annotations"}
    plan = Plan(options=Options.of(), about=about, parts=())
    assert default_folder(plan) == Path("outputs/runs/reftoy-val-toy-paper-alpha0.1-lam0.2-annotations-24")


def test_a_run_has_its_presets_weights_and_names_them(few, toy_models) -> None:
    tuned = replace(toy_models, name="tuned", weights={"default": {"alpha": 0.5, "lam": 0.25}})
    untuned = replace(toy_models, weights={})
    plans = {name: Plan.of(few, models, None, Options.of()) for name, models in (("own", tuned), ("paper", untuned))}
    assert plans["own"].about["weights"] == {"alpha": 0.5, "lam": 0.25, "source": "preset tuned"}
    assert plans["paper"].about["weights"] == {"alpha": 0.1, "lam": 0.7, "source": "variant paper"}
    assert default_folder(plans["own"]).name == "reftoy-val-given-paper-alpha0.5-lam0.25-24"
    assert default_folder(plans["paper"]).name == "reftoy-val-given-paper-24"


def test_a_run_is_the_same_whoever_chose_its_weights(few, toy_models) -> None:
    untuned = replace(toy_models, weights={})
    usual, given = (Plan.of(few, untuned, None, Options.of(**said)).about for said in ({}, {"alpha": 0.1, "lam": 0.7}))
    assert given["weights"]["source"] == "given"
    assert differences(usual, given) == []
    other = Plan.of(few, untuned, None, Options.of(alpha=0.2)).about
    assert differences(usual, other) == ["weights: {'alpha': 0.1} there, {'alpha': 0.2} now"]


@pytest.mark.slow
def test_figures_of_pictures_that_the_models_do_not_know_say_so(toy_models, reftoy_val, tmp_path, capsys) -> None:
    from tasnb import cli, report
    from tasnb.evaluation import paper
    from tasnb.report.notebook import html_of

    rng = np.random.default_rng(0)
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(folder / f"{name}.png")
        Image.fromarray(np.eye(40, 50, dtype=np.uint8) * 255).save(folder / f"{name}-mask.png")
    rows = ["image,expression,mask", "a.png,the left cat,a-mask.png", "b.png,the dog,b-mask.png"]
    (folder / "samples.csv").write_text("\n".join(rows))
    arguments = [
        "evaluate",
        "folder",
        "--root",
        str(folder),
        "--methods",
        "tas,clip-only",
        "--out",
        str(tmp_path / "run"),
    ]
    assert cli.run([*arguments, "--store", str(tmp_path / "store"), "--device", "cpu"]) == 0
    said = capsys.readouterr().out.splitlines()[0]
    assert said.startswith("! outside the models' domain: toy knows drawings of this library only, and 2 of 2 pictures")
    run = tn.Run.open(tmp_path / "run")
    assert f"! {run.domain_note}" == said
    assert cli.run([*arguments, "--store", str(tmp_path / "store"), "--device", "cpu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["domain_note"] == run.domain_note
    page = report.run([run], tmp_path / "report.html").read_text(encoding="utf-8")
    assert "no figure here says anything about the methods" in page[: page.index("<nav")]
    assert "no figure here says anything" in html_of(run)
    assert run.domain_note in tn.compare(run, run).notes
    assert run.domain_note in tn.sweep(run, alpha=[0, 1], lam=[0, 1]).notes
    assert run.domain_note in paper.against(run).differs
    assert tn.viewers.gallery(run).snapshot()["about"]["minded"] == [run.domain_note]
    ours = tn.Run.shipped("toy", "reftoy", "val")
    assert ours.domain_note == ""
    assert not [note for note in tn.compare(ours, ours).notes if "domain" in note]
