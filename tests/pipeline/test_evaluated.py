"""The baselines inside an evaluation: their columns, their share of the store, and one that fails alone."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.types import FEATURES, Weights
from tasnb.evaluation.engine import evaluate
from tasnb.evaluation.plan import METHODS, USUAL_METHODS, Options, global_weight_for
from tasnb.evaluation.runs import Run
from tasnb.evaluation.worker import Session, go_stage_by_stage
from tasnb.models.deferred import defer
from tasnb.pipeline import baselines
from tasnb.store import Store

pytestmark = pytest.mark.slow

CPU = {"device": "cpu"}
SENTENCES = 10


@pytest.fixture(scope="module")
def few(reftoy_val):
    return reftoy_val[:SENTENCES]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def run(few, store, tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "all"
    return evaluate(few, "toy", methods=tuple(METHODS), out=folder, shards=2, store=store, model_options=CPU)


def test_a_run_of_all_methods_says_what_each_says_itself(run, few, toy_models) -> None:
    assert run.errors().empty
    frame = run.predictions().set_index(["sample", "method"])
    assert len(frame) == len(METHODS) * len(few)
    for number in (0, SENTENCES - 1):
        sample = few[number]
        artifacts = tn.describe(sample.image, toy_models, features=FEATURES)
        scores = run.scores().query("sample == @number")
        for name, method in METHODS.items():
            answer = method(artifacts, sample.expression, toy_models)
            assert frame.loc[(number, name), "chosen"] == answer.index
            column = {"tas": None, "clip-only": "v", "text-only": "p"}.get(name, name.replace("-", "_"))
            if column:
                np.testing.assert_allclose(scores[column], answer.table.total, atol=1e-6)


def test_without_a_baseline_its_column_is_empty(few, store, tmp_path) -> None:
    run = evaluate(few, "toy", methods=("tas", "grad-cam"), out=tmp_path / "r", store=store, model_options=CPU)
    scores = run.scores()
    assert scores["grad_cam"].notna().all()
    assert scores[[name for name in FEATURES if name != "grad_cam"]].isna().all(axis=None)


def test_a_run_of_the_usual_methods_computes_no_feature(few, tmp_path) -> None:
    store = Store(tmp_path / "store")
    evaluate(few[:2], "toy", out=tmp_path / "r", store=store, model_options=CPU)
    assert not {"grids", "regions", "pooling"} & set(store.info().stages)
    assert baselines.features_of(METHODS[name] for name in USUAL_METHODS) == ()


def test_a_warm_run_of_all_methods_loads_no_model(run, few, store, tmp_path) -> None:
    code = (
        "import sys, tasnb as tn\n"
        "from tasnb.evaluation.engine import evaluate\n"
        "from tasnb.evaluation.plan import METHODS\n"
        f"few = tn.datasets.load('reftoy', split='val')[:{len(few)}]\n"
        f"evaluate(few, 'toy', methods=tuple(METHODS), out={str(tmp_path / 'r')!r}, "
        f"store=tn.Store({str(store.root)!r}), model_options={CPU!r})\n"
        "print([m for m in ('torch', 'spacy', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    one, two = (r.predictions()[["sample", "method", "chosen"]] for r in (run, Run(tmp_path / "r")))
    assert one.equals(two)


class Plain:
    """The encoder without its dense features."""

    def __init__(self, encoder) -> None:
        self.fingerprint = "plain " + encoder.fingerprint
        self.encode_images, self.encode_texts = encoder.encode_images, encoder.encode_texts


def test_an_encoder_without_dense_features_fails_those_methods_alone(few, toy_models, tmp_path) -> None:
    from dataclasses import replace

    plain = replace(toy_models, encoder=Plain(toy_models.encoder))
    run = evaluate(few[:3], plain, methods=("tas", "score-map"), out=tmp_path / "r", store=Store(tmp_path / "s"))
    errors = run.errors()
    assert set(errors["method"]) == {"score-map"}
    assert set(errors["stage"]) == {"features"}
    assert errors["message"].str.contains("dense features").all()
    assert (run.predictions()["method"] == "tas").sum() == 3


def test_the_stagewise_pass_of_the_encoder_leaves_features_in_the_store(few, tmp_path) -> None:
    store = Store(tmp_path)
    session = Session(
        samples=few, models=defer("toy", memo=store.memo, device="cpu"), weights=Weights(), memo=store.memo,
        options=Options.of(methods={"m": baselines.clip_surgery}),
    )  # fmt: skip
    go_stage_by_stage(session, [0])
    assert store.info().stages["grids"].entries == 1


@pytest.mark.parametrize(
    ("data", "weight"), [("refcoco", 0.95), ("refcoco+", 0.95), ("refcocog", 0.85), ("reftoyg", 0.85)]
)
def test_global_locals_weight_is_the_papers_for_each_data_set(data: str, weight: float) -> None:
    assert global_weight_for(data) == weight


def test_an_evaluation_passes_that_weight_unless_the_caller_has_fixed_it(store, tmp_path) -> None:
    seen = {}

    def spy(name, artifacts, expression, models, *, global_weight=0.5):
        seen[name] = global_weight
        return tn.clip_only(artifacts, expression, models)

    def method(name):
        return lambda artifacts, expression, models, *, global_weight=0.5: spy(
            name, artifacts, expression, models, global_weight=global_weight
        )

    samples = tn.datasets.load("reftoyg", split="val")[:1]
    methods = {"plain": method("plain"), "fixed": partial(method("fixed"), global_weight=0.3)}
    evaluate(samples, "toy", methods=methods, out=tmp_path / "r", store=store, model_options=CPU)
    assert seen == {"plain": 0.85, "fixed": 0.3}


def test_a_partial_of_a_baseline_has_its_features(few, store, tmp_path) -> None:
    method = partial(baselines.global_local, global_weight=0.0)
    assert baselines.features_of([method]) == ("global_local",)
    run = evaluate(few[:3], "toy", methods={"half": method}, out=tmp_path / "r", store=store, model_options=CPU)
    assert run.errors().empty


def test_the_published_rows_stand_beside_the_measured_ones(run) -> None:
    frame = tn.paper.against(run).frame
    assert set(frame.loc[frame["published"].notna(), "method"]) >= set(METHODS)
    assert Path(run.folder).is_dir()
