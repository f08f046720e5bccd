"""The why panel's record: the cures are those of the analysis, and degenerate cases have none."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tasnb as tn
from tasnb.analysis import attribute, sentence_of
from tasnb.evaluation.engine import evaluate
from tests.viewers.made_artifacts import only


def test_without_a_run_the_sentence_is_that_of_the_run(reftoy_val, toy_models, warm_store, tmp_path) -> None:
    run = evaluate(reftoy_val[:24], "toy", out=tmp_path / "run", store=warm_store, model_options={"device": "cpu"})
    found, seen = attribute(run).frame.to_dict("records"), 0
    for row, sample in zip(found, reftoy_val[:24], strict=True):
        if row["cause"] in ("language", "annotation", "negative", "appearance"):
            continue  # the data set's kind of the target, which a run knows, may decide these
        artifacts = warm_store.recall(tn.describe, sample.image, toy_models)
        viewer = tn.viewers.explore(sample, artifacts, None, toy_models)
        assert viewer.why["paper"]["sentence"] == sentence_of(row)
        seen += row["failed"]
    assert seen


def test_every_cure_says_the_row_that_its_scores_choose(toy_case, toy_models) -> None:
    viewer = tn.viewers.explore(*toy_case, "the man on the left", toy_models)
    for name, told in viewer.why.items():
        scores, used = viewer.reading["variants"][name], viewer.settings
        assert "no P" in {cure["name"] for cure in told["cures"]}
        for cure in told["cures"]:
            if name != "paper" or not (cure["scores"].get("kept") or viewer.prediction.table.kept.all()):
                continue
            weights = {**used, **cure["settings"]}
            n = np.array(cure["scores"].get("n", scores["n"]))
            total = np.array(scores["v"]) + weights["alpha"] * np.array(scores["p"]) + weights["lam"] * n
            kept = np.array(cure["scores"].get("kept", [True] * len(total)))
            assert cure["row"] == int(np.argmax(np.where(kept, total, -np.inf)))
    json.dumps(viewer.snapshot(), allow_nan=False)


@pytest.mark.parametrize("count", [0, 1])
def test_few_proposals_and_no_target_are_told(toy_case, toy_models, count: int) -> None:
    sample, artifacts = toy_case
    few = only(artifacts, range(count))
    target = np.zeros(sample.image.shape[:2], bool)
    assert tn.viewers.explore(sample.image, few, "the man", toy_models).why == {}
    assert tn.viewers.explore(sample.image, few, "the man", toy_models, target=target).why == {}
    target[0, 0] = True
    told = tn.viewers.explore(sample.image, few, "the man", toy_models, target=target).why["paper"]
    assert "No proposal fits" in told["oracle"]
    assert len(told["cures"]) == count
