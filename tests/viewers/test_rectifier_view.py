"""``rectifier_view``: every rule's own verdict, and geometry that agrees with it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import traitlets

import tasnb as tn
from tasnb.core.masks import areas, centroids_xy
from tasnb.stages import spatial
from tests.viewers.made_artifacts import HOSTILE, only, with_masks

SIDED = ["the man on the left", "right thing", "top left bird", "the lower tree"]


@pytest.mark.parametrize("expression", SIDED)
def test_the_rules_keep_what_tas_keeps(expression: str, toy_case, toy_models) -> None:
    _, artifacts = toy_case
    rules = tn.viewers.rectifier_view(None, artifacts, expression, toy_models).rules
    assert list(rules) == ["paper", "plus", "paper read as official", "extended"]
    for name, variant in (("paper", tn.PAPER), ("paper read as official", tn.PAPER.reading_as(tn.OFFICIAL))):
        table = tn.tas(artifacts, expression, toy_models, variant=variant).table
        assert np.array_equal(rules[name].table.kept, table.kept)
        assert rules[name].table.best == table.best
        assert rules[name].sentence == table.trace.sentence


@pytest.mark.parametrize("expression", SIDED)
def test_the_region_holds_exactly_the_centres_that_stay(expression: str, toy_case, toy_models) -> None:
    _, artifacts = toy_case
    rules = tn.viewers.rectifier_view(None, artifacts, expression, toy_models).rules
    drawn = 0
    for rule in rules.values():
        if rule.region_xyxy is None:
            continue
        drawn += 1
        x0, y0, x1, y1 = rule.region_xyxy
        x, y = rule.centres_xy.T
        inside = (x >= x0) & (x < x1) & (y >= y0) & (y < y1)
        assert np.array_equal(inside, rule.table.kept), rule.name
    assert drawn >= 2


@pytest.mark.parametrize("expression", ["the man on the left", "the lower tree", "top left bird"])
def test_a_soft_prior_is_numbers_and_a_field_that_falls_as_they_do(expression: str, toy_case, toy_models) -> None:
    _, artifacts = toy_case
    viewer = tn.viewers.rectifier_view(None, artifacts, expression, toy_models)
    rule, record = viewer.rules["plus"], viewer.record["rules"][1]
    prior = tn.tas(artifacts, expression, toy_models, variant=tn.PLUS).table.prior
    assert record["prior"] == rule.table.prior.tolist() == prior.tolist()
    assert [float(said.partition(":")[0]) for said in viewer.verdicts["plus"]] == pytest.approx(prior, abs=6e-4)
    assert record["effect"] == f"all stay; prior {prior.min():+.3f} to {prior.max():+.3f}"
    field, (height, width) = np.array(record["field"]), artifacts.size_hw
    most = tn.PLUS.rectifier.strength * rule.table.v.std() * len(rule.parse.directions) / 2
    assert np.abs(field).max() <= most + 1e-6
    x, y = rule.centres_xy.T
    there = field[(y * len(field) / height).astype(int), (x * len(field[0]) / width).astype(int)]
    assert np.corrcoef(there, prior)[0, 1] > 0.9, "a centre's place is as bright as its number says"
    hard = [each for each in viewer.record["rules"] if each["name"] != "plus"]
    assert [(each["field"], each["prior"]) for each in hard] == [(None, None)] * 3


def test_where_no_place_is_said_there_is_no_field(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    rule = tn.viewers.rectifier_view(None, artifacts, "the man", toy_models).record["rules"][1]
    assert (rule["field"], rule["effect"]) == (None, "all stay; prior +0.000 to +0.000")


def test_extended_is_the_extended_rectifier(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    expression = "the leftmost man"
    rule = tn.viewers.rectifier_view(None, artifacts, expression, toy_models).rules["extended"]
    masks = artifacts.proposals.masks
    kept, trace = spatial.rectify(
        rule.parse, centroids_xy(masks), rule=spatial.EXTENDED, totals=rule.table.total, areas=areas(masks)
    )
    assert np.array_equal(rule.table.kept, kept)
    assert rule.sentence == trace.sentence
    assert not kept.all(), "leftmost narrows here"


def test_a_relation_is_scored_for_the_extended_rule(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    rule = tn.viewers.rectifier_view(None, artifacts, "the man left of the umbrella", toy_models).rules["extended"]
    assert rule.parse.relations
    assert "which is most like" in rule.sentence


def test_without_a_direction_all_stay_and_nothing_is_shaded(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    viewer = tn.viewers.rectifier_view(None, artifacts, "the man", toy_models)
    for rule in viewer.record["rules"]:
        assert all(rule["kept"])
        assert rule["region"] is None
        assert rule["medians"] == {}


@pytest.mark.parametrize(("keep", "says"), [([], "no proposal to rectify"), ([0], "one proposal")])
def test_too_few_proposals_are_said(keep: list[int], says: str, toy_case, toy_models) -> None:
    _, artifacts = toy_case
    viewer = tn.viewers.rectifier_view(None, only(artifacts, keep), "left man", toy_models)
    assert viewer.selected == (0 if keep else None)
    assert says in viewer.words()
    assert viewer.picture().ndim == 3
    json.dumps(viewer.snapshot(), allow_nan=False)


def test_an_empty_mask_has_no_centre(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    masks = artifacts.proposals.masks.copy()
    masks[1] = False
    viewer = tn.viewers.rectifier_view(None, with_masks(artifacts, masks), "left man", toy_models)
    assert viewer.record["rules"][0]["centres"][1] is None
    assert "no centre" in viewer.verdicts["paper"][1]
    json.dumps(viewer.snapshot(), allow_nan=False)


def test_wrong_input_is_an_error(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    with pytest.raises(ValueError):
        tn.viewers.rectifier_view(None, artifacts, "", toy_models)
    viewer = tn.viewers.rectifier_view(None, artifacts, "left man", toy_models)
    with pytest.raises(traitlets.TraitError, match="got 99"):
        viewer.selected = 99


def test_hostile_and_long_expressions_are_words(toy_case, toy_models) -> None:
    _, artifacts = toy_case
    viewer = tn.viewers.rectifier_view(None, artifacts, f"left cat {HOSTILE}", toy_models)
    assert "<script>" not in viewer.twin()["text/html"]
    long = "left cat " + "and a dog " * 98
    assert tn.viewers.rectifier_view(None, artifacts, long, toy_models).picture().shape[1] > 300
