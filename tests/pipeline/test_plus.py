"""``plus``: the paper's artifacts and weights, a prior in place of the half, and a receipt that says so everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import tasnb as tn
from tasnb.cli.segmenting import facts, in_words
from tasnb.core.types import combine
from tasnb.pipeline.variant import weights_for
from tasnb.plots import answers
from tasnb.report.notebook import html_of
from tasnb.viewers import deciding, record

LEFT = "the man on the left"


@pytest.fixture(scope="module")
def answer(toy_case, toy_models):
    return tn.tas(toy_case[1], LEFT, toy_models, variant="plus")


def test_it_has_the_papers_artifacts_and_weights(toy_case, toy_models) -> None:
    assert tn.PLUS.of_artifacts == tn.PAPER.of_artifacts
    made = tn.describe(toy_case[0].image, toy_models, variant="plus", captions="on demand").made
    assert made == toy_case[1].made
    for data in ("", "refcocog", "reftoyg"):
        for models in (None, toy_models):
            assert weights_for("plus", models, data) == weights_for("paper", models, data)
    assert weights_for("plus").source == "variant plus"


def test_s_is_the_papers_and_the_prior_and_nobody_is_out(answer, toy_case, toy_models) -> None:
    table = answer.table
    assert table.kept.all()
    assert table.prior.any()
    np.testing.assert_array_equal(table.total, combine(table.v, table.p, table.n, table.weights, table.prior))
    np.testing.assert_array_equal(table.prior, table.trace.prior)
    assert answer.index == np.argmax(table.total)
    places = tn.masks.centroids_xy(toy_case[1].proposals.masks)[:, 0]
    assert np.argmax(table.prior) == np.argmin(places)
    plain = tn.tas(toy_case[1], LEFT, toy_models, variant="plus", use=("v", "p", "n")).table
    assert plain.prior is None
    np.testing.assert_array_equal(plain.total, combine(table.v, table.p, table.n, table.weights))


def test_each_part_can_be_switched_alone(answer, toy_case, toy_models) -> None:
    half = replace(tn.PLUS, name="by kind alone", rectifier=tn.PAPER.rectifier)
    prior = replace(tn.PLUS, name="the prior alone", synonyms=tn.PAPER.synonyms)
    by_kind, papers = (tn.tas(toy_case[1], LEFT, toy_models, variant=v).table for v in (half, tn.PAPER))
    np.testing.assert_array_equal(by_kind.kept, papers.kept)
    np.testing.assert_array_equal(by_kind.n, answer.table.n)
    alone = tn.tas(toy_case[1], LEFT, toy_models, variant=prior).table
    np.testing.assert_array_equal(alone.n, papers.n)
    np.testing.assert_array_equal(alone.prior, answer.table.prior)


def test_every_receipt_tells_the_prior(answer, toy_case, toy_models) -> None:
    index, value = answer.index, answer.table.prior[answer.index]
    frame = answer.to_frame()
    assert frame.loc[index, "prior"] == value
    assert frame.loc[index, "verdict"].startswith(f"{value:+.3f}: number ")
    assert f"{value:+.3f}" in html_of(answer)
    assert ">prior</th>" in html_of(answer)
    told = facts(answer, None)
    assert told["chosen"]["prior"] == value
    assert f"+ prior {value:.3f} = " in in_words({**told, "models": "toy", "files": {}})
    assert f" {value:+.3f} = " in answers._why(answer, None)[0]
    loser = int(np.argmin(answer.table.prior))
    if loser != index:
        decision = deciding.decide(toy_case[1], LEFT, toy_models, tn.PLUS, answer.table.weights)
        assert decision.answer.index == index
        assert "behind the best; it loses most through" in deciding.why_not(decision, loser)


def test_a_paper_receipt_is_as_it_was(toy_case, toy_models) -> None:
    papers = tn.tas(toy_case[1], LEFT, toy_models)
    assert "prior" not in papers.to_frame()
    assert "prior" not in facts(papers, None)["chosen"]
    assert ">half</th>" in html_of(papers)


def test_explore_ranks_it_on_the_papers_artifacts(answer, toy_case, toy_models) -> None:
    _, artifacts = toy_case
    viewer = tn.viewers.explore(toy_case[0], artifacts, LEFT, toy_models, variant="plus")
    assert viewer.prediction.index == answer.index
    assert viewer.reading["variants"]["plus"]["prior"] == answer.table.prior.tolist()
    assert viewer.reading["variants"]["paper"]["prior"] is None
    assert 'variant="plus"' in viewer.code
    assert record.variant_at_hand(artifacts, toy_models, "plus") == "plus"
