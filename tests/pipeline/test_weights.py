"""Which weights TAS uses: those given, else the preset's for this variant and data set, else the variant's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import tasnb as tn
from tasnb.core.types import Models, Weights
from tasnb.pipeline.variant import OFFICIAL, PAPER, Variant, weights_for

EACH = {"alpha": 1.0, "lam": 0.5}
BY_VARIANT = {"official": {"alpha": 2.0, "lam": 0.2}}
BY_DATA = {"paper": {"default": EACH, "reftoy+": {"alpha": 3.0, "lam": 0.3}, "reftoyg": {"alpha": 4.0, "lam": 0.4}}}
OWN = Variant(name="mine", weights=Weights(alpha=0.2, lam=0.2))

# what it is, the preset's weights, variant, data set, what is given, alpha and lambda, their source
ORDER: list[tuple[str, dict[str, Any], Any, str, dict[str, float], tuple[float, float], str]] = [
    ("nothing said: the paper's", {}, PAPER, "", {}, (0.1, 0.7), "variant paper"),
    ("a variant of one's own", {}, OWN, "reftoyg", {}, (0.2, 0.2), "variant mine"),
    ("RefCOCOg's lambda is the paper's own", {}, PAPER, "refcocog", {}, (0.1, 1.0), "variant paper"),
    ("but not the released code's", {}, OFFICIAL, "refcocog", {}, (0.1, 0.7), "variant official"),
    ("a preset's for all", EACH, OFFICIAL, "reftoy", {}, (1.0, 0.5), "preset small"),
    ("without a data set too", EACH, PAPER, "", {}, (1.0, 0.5), "preset small"),
    ("for another variant", BY_VARIANT, PAPER, "reftoy", {}, (0.1, 0.7), "variant paper"),
    ("for this variant", BY_VARIANT, OFFICIAL, "reftoy", {}, (2.0, 0.2), "preset small"),
    ("for this data set", BY_DATA, PAPER, "reftoy+", {}, (3.0, 0.3), "preset small"),
    ("for any other data set", BY_DATA, PAPER, "phrasecut", {}, (1.0, 0.5), "preset small"),
    ("RefCOCOg's lambda stays", EACH, PAPER, "refcocog", {}, (1.0, 1.0), "alpha preset small, lambda variant paper"),
    ("unless the preset names the set", BY_DATA, PAPER, "reftoyg", {}, (4.0, 0.4), "preset small"),
    ("given before all", BY_DATA, PAPER, "reftoyg", {"alpha": 9.0, "lam": 0.0}, (9.0, 0.0), "given"),
    ("one given", EACH, PAPER, "", {"lam": 0.0}, (1.0, 0.0), "alpha preset small, lambda given"),
    ("one given, no preset", {}, OFFICIAL, "", {"alpha": 0.0}, (0.0, 0.7), "alpha given, lambda variant official"),
]


def preset(weights: dict[str, Any]) -> Models:
    parts = dict.fromkeys(("proposer", "encoder", "captioner", "parser", "wordnet"))
    return Models(name="small", weights=weights, **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("row", ORDER, ids=[row[0] for row in ORDER])
def test_the_order_of_precedence(row: tuple) -> None:
    _, weights, variant, data, given, expected, source = row
    found = weights_for(variant, preset(weights), data, **given)
    assert ((found.alpha, found.lam), found.source) == (expected, source)


def test_weights_are_compared_by_their_numbers() -> None:
    assert weights_for() == Weights()
    assert weights_for().source != Weights().source
    assert str(weights_for("official")) == "alpha 0.1, lambda 0.7 (variant official)"


def test_without_models_the_variants_stand() -> None:
    assert weights_for("paper", None, "reftoyg") == Weights(alpha=0.1, lam=1.0)


def test_tas_answers_with_the_presets_weights_and_says_so(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    tuned = replace(toy_models, weights={"paper": {"alpha": 2.0, "lam": 0.25}})
    found = tn.tas(artifacts, sample.expression, tuned)
    same = tn.tas(artifacts, sample.expression, toy_models, alpha=2.0, lam=0.25)
    assert found.table.total.tolist() == same.table.total.tolist()
    assert (found.table.weights.source, same.table.weights.source) == (f"preset {toy_models.name}", "given")
    without_p = tn.tas(artifacts, sample.expression, tuned, use=("v", "n"), alpha=5.0)
    assert (without_p.table.weights.alpha, without_p.table.weights.lam) == (0.0, 0.25)
