"""Artifacts know for which variant they were made, and are refused to another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import tasnb as tn
from tasnb.models.presets import variant_of
from tasnb.pipeline.describe import ImageStages
from tasnb.pipeline.variant import OFFICIAL_SCALED, at_hand, find, weights_for
from tasnb.stages import spatial

METHODS = (tn.tas, tn.clip_only, tn.text_only)


@pytest.fixture(scope="module")
def official_case(reftoy_val, official_models):
    sample = reftoy_val[12]
    return sample, tn.describe(sample.image, official_models, variant="official")


def test_artifacts_say_how_they_were_made(toy_case, official_case) -> None:
    ours, theirs = toy_case[1].made, official_case[1].made
    assert (ours["variant"], theirs["variant"]) == ("paper", "official-scaled")
    assert (ours["noun_phrases"], ours["negative_prompt"]) == ("things", "")
    assert (theirs["noun_phrases"], theirs["negative_prompt"]) == ("chunks", "a photo of ")
    assert theirs["proposal_filter"] == {"min_area": 2000, "max_containment": 0.4, "scaled": True}
    assert theirs["p_crop"] == {"style": "blur", "sigma": 11.6, "bleed": True, "square": True, "even": True}
    asked = ("min_mask_region_area", "scale_areas", "num_beams", "max_new_tokens")
    assert [theirs["models"][name] for name in asked] == [800, True, 5, 30]
    assert [ours["models"][name] for name in asked] == [40, False, 1, None]
    assert "made for variant: official-scaled" in repr(official_case[1])


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_artifacts_of_paper_are_refused_to_official(method, toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    with pytest.raises(
        ValueError, match="artifacts were made for variant 'paper' and differ from 'official-scaled' in"
    ) as told:
        method(artifacts, sample.expression, toy_models, variant="official")
    for name in ("proposal_filter", "v_crop", "p_crop", "noun_phrases", "negative_prompt", "num_beams is 1 and not 5"):
        assert name in str(told.value)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_and_the_other_way_round(method, official_case, official_models) -> None:
    sample, artifacts = official_case
    with pytest.raises(
        ValueError, match="made for variant 'official-scaled' and differ from 'paper' in proposal_filter"
    ):
        method(artifacts, sample.expression, official_models)


def test_pictures_with_captions_of_another_variant_are_refused(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    for show in (tn.viewers.crops_view, tn.plots.crops):
        image = sample if show is tn.viewers.crops_view else sample.image
        with pytest.raises(ValueError, match="artifacts were made for variant 'paper'"):
            show(image, artifacts, toy_models, 0, variant="official")


def test_the_line_of_the_refusal_makes_the_right_ones(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    with pytest.raises(ValueError) as told:
        tn.tas(artifacts, sample.expression, toy_models, variant="official")
    names: dict[str, Any] = {"tn": tn, "image": sample.image}
    for line in str(told.value).rpartition("make the right ones by ")[2].split("; "):
        exec(line, names)
    answer = tn.tas(names["artifacts"], sample.expression, names["models"], variant="official")
    assert answer.method == "TAS (official-scaled)"


def test_models_for_another_variant_are_refused_before_the_work(toy_case, toy_models) -> None:
    sample, _ = toy_case
    line = r"load them by tn.models.load\('toy', variant='official-scaled'\)"
    with pytest.raises(ValueError, match=f"min_mask_region_area is 40 and not 800.*; {line}"):
        tn.describe(sample.image, toy_models, variant="official")
    with pytest.raises(ValueError, match=line):
        tn.evaluate([sample], toy_models, variant="official")


def test_what_an_expression_alone_asks_for_may_differ(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    own = replace(tn.PAPER, name="mine", rectifier=spatial.EXTENDED, weights=tn.types.Weights(alpha=0.3))
    assert tn.tas(artifacts, sample.expression, toy_models, variant=own).method == "TAS (mine)"
    mixed = tn.tas(artifacts, sample.expression, toy_models, variant=tn.PAPER.reading_as(tn.OFFICIAL))
    assert mixed.method == "TAS (paper read as official)"


def test_artifacts_of_unknown_making_are_taken(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    found = tn.tas(replace(artifacts, made={}), sample.expression, toy_models, variant="official")
    assert found.index is not None


def test_another_crop_is_another_variant(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    own = replace(tn.PAPER, name="sharper", p_crop=replace(tn.PAPER.p_crop, sigma=3.0))
    with pytest.raises(
        ValueError, match=r"differ from 'sharper' in p_crop; make the right ones by artifacts = tn\.describe"
    ):
        tn.tas(artifacts, sample.expression, toy_models, variant=own)


def test_official_stands_for_its_scaled_form_where_the_preset_says_so(toy_models) -> None:
    assert find("official") is tn.OFFICIAL
    assert find("official", toy_models) is OFFICIAL_SCALED
    assert find(tn.OFFICIAL, toy_models) is tn.OFFICIAL, "a variant, not a name, is taken as it is"
    assert find("paper", toy_models) is tn.PAPER
    assert (variant_of("toy", "official"), variant_of("laptop", "official")) == ("official-scaled", "official")


def test_every_picture_has_a_proposal_under_the_scaled_form(reftoy_val, official_models) -> None:
    """Under the literal areas six runs of 40 had none."""
    seen: dict[str, np.ndarray] = {}
    for index in range(0, 80, 2):
        sample = reftoy_val[index]
        seen.setdefault(sample.image_id, sample.image)
    found = [ImageStages(image_rgb=image, models=official_models, variant=OFFICIAL_SCALED) for image in seen.values()]
    assert min(len(each.proposals) for each in found) > 0


def test_at_hand_are_the_own_variant_and_a_mix(toy_case, official_case) -> None:
    assert [each.name for each in at_hand(toy_case[1])] == ["paper", "plus", "paper read as official"]
    assert [each.name for each in at_hand(official_case[1])] == ["official-scaled", "official-scaled read as paper"]
    mix = at_hand(toy_case[1])[-1]
    assert (mix.parse, mix.synonyms, mix.rectifier) == (tn.OFFICIAL.parse, tn.OFFICIAL.synonyms, tn.OFFICIAL.rectifier)
    assert mix.of_artifacts == tn.PAPER.of_artifacts


def test_a_mix_has_the_weights_of_the_variant_that_made_the_artifacts(toy_models, official_models) -> None:
    for own, models in ((tn.PAPER, toy_models), (OFFICIAL_SCALED, official_models)):
        mix = own.reading_as(tn.PAPER)
        assert (mix.made_by, own.made_by) == (own.name, own.name)
        for data in ("", "refcocog"):
            assert weights_for(mix, models, data) == weights_for(own, models, data)
    assert weights_for(tn.PAPER.reading_as(tn.OFFICIAL), data="refcocog").lam == 1


def test_every_rule_of_the_rectifier_view_ranks_the_same_scores(official_case, official_models) -> None:
    sample, artifacts = official_case
    rules = tn.viewers.rectifier_view(sample, artifacts, None, official_models).rules
    assert list(rules) == ["official-scaled", "official-scaled read as paper", "extended"]
    assert {(rule.table.weights.alpha, rule.table.weights.lam) for rule in rules.values()} == {(0.1, 0.7)}
