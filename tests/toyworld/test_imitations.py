"""The imitated models of lesson 12: the shipped files are what the generator makes, and each has its fault."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from toyworld import imitations

from tasnb import datasets
from tasnb.evaluation.metrics import intersection_union


@pytest.fixture(scope="module")
def answered() -> pd.DataFrame:
    samples, rows = datasets.load(**imitations.DATA), []
    for seed, (name, fault) in enumerate(imitations.MODELS.items()):
        for sample, mask in imitations.answers(samples, fault, seed):
            assert sample.target is not None
            inter, union = intersection_union(mask, sample.target)
            types = set(sample.gold["types"])
            row = {"model": name, "iou": inter / union, "inside": inter / max(int(mask.sum()), 1)}
            rows.append(row | {"place": "location" in types, "clothes": "clothing" in types})
    return pd.DataFrame(rows)


def test_the_shipped_files_are_what_the_generator_makes() -> None:
    for name, content in imitations.files().items():
        assert (imitations.OUT / name).read_text() == content, name


def test_no_figure_gives_a_model_away(answered: pd.DataFrame) -> None:
    assert np.ptp(100 * answered.groupby("model")["iou"].mean()) < 1


def test_each_model_has_its_fault(answered: pd.DataFrame) -> None:
    wrong = answered[answered["iou"] <= 0.5]
    near_all = wrong.groupby("model")[["place", "clothes"]].mean()
    assert near_all.loc["cedar", "place"] > 0.8
    assert near_all.loc["alder", "clothes"] > 0.8
    parts = wrong.assign(part=wrong["inside"] > 0.8).groupby("model")["part"].mean()
    assert parts["birch"] > 0.8
    assert parts[["alder", "cedar"]].max() < 0.1
