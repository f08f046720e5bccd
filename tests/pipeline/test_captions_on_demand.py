"""Captions on demand: only those that can change the answer are asked for, and it is the answer of all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.types import NOT_NEEDED, CaptionsOnDemand, ImageArtifacts, ScoreTable, Weights
from tasnb.pipeline.variant import Variant
from tasnb.report.notebook import html_of
from tasnb.stages import scores
from tasnb.stages.spatial import EXTENDED

SCENES = 3
EXTENDED_PAPER = replace(tn.PAPER, rectifier=EXTENDED)


def on_demand(full: ImageArtifacts) -> ImageArtifacts:
    """The same artifacts, whose captions and rows are handed out when they are asked for."""
    ((style, texts),), rows = full.captions.items(), full.caption_embeddings
    row_of = {text: rows[style][place] for place, text in enumerate(texts)}
    empty = np.zeros((0, rows[style].shape[1]), np.float32)
    later = CaptionsOnDemand(
        len(texts),
        lambda asked: [texts[row] for row in asked],
        lambda asked: np.stack([row_of[text] for text in asked]) if asked else empty,
    )
    return replace(full, captions={style: later}, caption_embeddings={})


@pytest.fixture(scope="module")
def cases(toy_models, official_models, reftoy_val) -> list[tuple[Any, str, dict[str, ImageArtifacts]]]:
    """Every expression about the first scenes, with the artifacts of both variants."""
    found, described = [], {}
    for number, image_id in enumerate(reftoy_val.image_ids):
        if image_id not in described:
            if len(described) == SCENES:
                break
            image = reftoy_val[number].image
            described[image_id] = {
                "paper": tn.describe(image, toy_models),
                "official": tn.describe(image, official_models, variant="official"),
            }
        found.append((image_id, reftoy_val[number].expression, described[image_id]))
    return found


@pytest.mark.parametrize("alpha", [None, 0.1, 0.0, -0.5], ids=str)
@pytest.mark.parametrize("use", [("v", "p", "n", "spatial"), ("v", "p")], ids=len)
@pytest.mark.parametrize("variant", ["paper", "plus", "official", "extended"])
def test_the_answer_is_that_of_all_captions(variant, use, alpha, cases, toy_models, official_models) -> None:
    models = official_models if variant == "official" else toy_models
    chosen: str | Variant = EXTENDED_PAPER if variant == "extended" else variant
    spared = 0
    for _, expression, artifacts in cases:
        full = artifacts["official" if variant == "official" else "paper"]
        whole = tn.tas(full, expression, models, variant=chosen, use=use, alpha=alpha)
        part = tn.tas(on_demand(full), expression, models, variant=chosen, use=use, alpha=alpha)
        assert part.index == whole.index
        np.testing.assert_array_equal(part.table.kept, whole.table.kept)
        if whole.table.trace is not None and part.table.trace is not None:
            np.testing.assert_equal(vars(part.table.trace), vars(whole.table.trace), "the same sentences and numbers")
        known = ~np.isnan(part.table.p)
        np.testing.assert_array_equal(part.table.p[known], whole.table.p[known])
        assert known[whole.table.kept & (whole.table.total == whole.table.total[whole.index])].all(), "and every tie"
        spared += part.table.not_needed
    if variant != "extended":
        assert spared > 0, "or nothing was tested"


@pytest.mark.parametrize("name", ["reftoy", "reftoy+", "reftoyg"])
@pytest.mark.parametrize("alpha", [None, 0.1])
def test_every_answer_of_a_shipped_run_comes_out_with_part_of_its_captions(name: str, alpha: float | None) -> None:
    run = tn.Run.shipped("toy", name, "val")
    chosen = run.predictions().query("method == 'tas'").set_index("sample")["chosen"]
    used = Weights(**{key: run.about["weights"][key] for key in ("alpha", "lam")})
    weights = used if alpha is None else Weights(alpha=alpha, lam=used.lam)
    asked = proposals = 0
    for sample, rows in run.scores().groupby("sample"):
        v, p, n, kept = (rows[column].to_numpy() for column in ("v", "p", "n", "kept"))
        found = scores.p_where_needed(v, n, weights, kept, p.__getitem__)
        table = ScoreTable(v=v, p=found, n=n, kept=kept, weights=weights)
        assert table.best == ScoreTable(v=v, p=p, n=n, kept=kept, weights=weights).best
        if alpha is None:
            assert table.best == (None if chosen[sample] < 0 else chosen[sample])
        asked, proposals = asked + len(table) - table.not_needed, proposals + len(table)
    assert asked < 0.6 * proposals


def test_a_rule_that_counts_among_the_likely_ones_asks_for_all(cases, toy_models) -> None:
    """The extended rectifier takes the median of S, so that every P can change its answer."""
    full = cases[0][2]["paper"]
    answer = tn.tas(on_demand(full), "the second thing from the left", toy_models, variant=EXTENDED_PAPER)
    assert answer.parse.cues
    assert answer.table.not_needed == 0


def test_a_tie_in_s_keeps_the_earlier_proposal_though_its_bound_is_lower(toy_case, toy_models) -> None:
    """All captions equal and two crops equal: the earlier of the equal ones must be asked for."""
    _, full = toy_case
    style, rows = next(iter(full.captions)), full.crop_embeddings["crop"].copy()
    rows[1:] = rows[1]
    same = np.repeat(full.caption_embeddings[style][:1], len(rows), axis=0)
    tied = replace(
        full, crop_embeddings={"crop": rows}, captions={style: ("a thing",) * len(rows)},
        caption_embeddings={style: same},
    )  # fmt: skip
    for expression in ("the cat", "the left cat", "the cat on the right"):
        assert tn.tas(on_demand(tied), expression, toy_models).index == tn.tas(tied, expression, toy_models).index


class Counting:
    """A captioner that counts what it is shown."""

    def __init__(self, real: Any) -> None:
        self.real, self.fingerprint, self.shown = real, real.fingerprint, 0

    def caption(self, pictures: Any) -> tuple[str, ...]:
        self.shown += len(pictures)
        return self.real.caption(pictures)


@pytest.fixture
def described(toy_case, toy_models, tmp_path: Path) -> tuple[Any, Any, Any, Any]:
    sample, full = toy_case
    models = replace(toy_models, captioner=Counting(toy_models.captioner))
    store = tn.Store(tmp_path)
    return store, models, full, store.recall(tn.describe, sample.image, models, captions="on demand")


def test_the_captioner_sees_only_what_is_asked_for_and_the_store_keeps_it(described, toy_case) -> None:
    store, models, full, artifacts = described
    sample = toy_case[0]
    assert models.captioner.shown == 1, "the whole image, for the negatives"
    answer = tn.tas(artifacts, sample.expression, models, alpha=0.1)
    assert answer.index == tn.tas(full, sample.expression, models, alpha=0.1).index
    asked = len(answer.table) - answer.table.not_needed
    assert 0 < asked < len(answer.table)
    assert models.captioner.shown == 1 + asked
    assert f"blur ({len(answer.table)}, {asked} asked for)" in repr(artifacts)
    again = store.recall(tn.describe, sample.image, models, captions="on demand")
    assert tn.tas(again, sample.expression, models, alpha=0.1).index == answer.index
    assert models.captioner.shown == 1 + asked, "the same expression again, from the store"


def test_a_p_that_was_not_needed_is_shown_as_such(described, toy_case) -> None:
    answer = tn.tas(described[3], toy_case[0].expression, described[1], alpha=0.1)
    frame, without = answer.to_frame(), answer.table.not_needed
    assert frame["p"].isna().sum() == frame["total"].isna().sum() == without > 0
    assert (frame["caption"] == NOT_NEEDED).sum() == without
    page = html_of(answer)
    assert f"P was not needed for {without} of them" in page
    assert ">nan<" not in page
    assert ">+nan<" not in page
    order = answer.table.ranking.tolist()
    assert sorted(order) == list(range(len(frame)))
    assert order[0] == answer.index


def test_what_shows_every_p_asks_for_it(described, toy_case, toy_models) -> None:
    _, models, full, artifacts = described
    expression = toy_case[0].expression
    by_captions = tn.text_only(artifacts, expression, models)
    np.testing.assert_allclose(by_captions.table.p, tn.text_only(full, expression, toy_models).table.p, atol=1e-6)
    assert tuple(artifacts.captions["blur"]) == full.captions["blur"]
    assert models.captioner.shown == 1 + len(full.proposals), "each once"
    assert artifacts.captions["blur"][-1] == full.captions["blur"][-1]
    assert artifacts.captions["blur"][1:3] == full.captions["blur"][1:3]


def test_an_unknown_way_of_captioning_lists_the_choices(toy_case, toy_models) -> None:
    with pytest.raises(ValueError, match="choose from all, on demand"):
        tn.describe(toy_case[0].image, toy_models, captions="none")
