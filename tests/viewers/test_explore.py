"""``explore`` as a Python value: what is selected and ranked, its picture, its degenerate cases, its errors."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import traitlets
from PIL import Image

import tasnb as tn
from tasnb.viewers.viewer import SNAPSHOT, WIDGET_VIEW
from tests.viewers.made_artifacts import HOSTILE, only, saying, with_masks

SENTENCE = "the man on the left"


@pytest.fixture
def viewer(toy_case, toy_models):
    sample, artifacts = toy_case
    return tn.viewers.explore(sample, artifacts, SENTENCE, toy_models)


def move(viewer: Any, **settings: Any) -> None:
    viewer.settings = {**viewer.settings, **settings}


READ_AS_OFFICIAL = tn.PAPER.reading_as(tn.OFFICIAL)
MIX = READ_AS_OFFICIAL.name


@pytest.mark.parametrize(
    ("moved", "options"),
    [
        ({}, {}),
        ({"alpha": 0.5, "lam": 0.0}, {"alpha": 0.5, "lam": 0.0}),
        ({"useP": False}, {"use": ("v", "n", "spatial")}),
        ({"useP": False, "useN": False, "spatial": False}, {"use": ("v",)}),
        ({"variant": MIX}, {"variant": READ_AS_OFFICIAL}),
        ({"variant": MIX, "spatial": False}, {"variant": READ_AS_OFFICIAL, "use": ("v", "p", "n")}),
    ],
    ids=str,
)
def test_its_prediction_is_that_of_tas(viewer, toy_case, toy_models, moved, options) -> None:
    move(viewer, **moved)
    wanted = tn.tas(toy_case[1], SENTENCE, toy_models, **options)
    assert viewer.prediction.index == wanted.index
    assert np.array_equal(viewer.prediction.table.total, wanted.table.total)
    assert np.array_equal(viewer.prediction.table.kept, wanted.table.kept)
    assert viewer.prediction.method == wanted.method


def test_at_first_the_answer_is_selected(viewer, toy_case, toy_models) -> None:
    assert viewer.selected == tn.tas(toy_case[1], SENTENCE, toy_models).index


def test_the_ranking_is_a_table_best_first(viewer, toy_case) -> None:
    frame = viewer.ranking
    assert list(frame.columns) == [
        *("rank", "proposal", "total", "v", "p", "n", "kept", "verdict", "caption", "iou"),
    ]
    assert frame["rank"].tolist() == list(range(1, len(frame) + 1))
    assert frame["proposal"][0] == viewer.prediction.index
    assert frame["kept"].tolist() == sorted(frame["kept"], reverse=True)
    assert frame[frame["kept"]]["total"].is_monotonic_decreasing
    best = frame.iloc[0]
    masks = toy_case[1].proposals.masks
    assert best["iou"] == pytest.approx(tn.iou(masks[best["proposal"]], toy_case[0].target))


@pytest.mark.parametrize("moved", [{}, {"useN": False, "alpha": 1.0}, {"variant": MIX, "spatial": False}], ids=str)
def test_its_code_gives_what_is_on_screen(viewer, toy_case, toy_models, moved) -> None:
    move(viewer, **moved)
    names: dict[str, Any] = {"tn": tn, "artifacts": toy_case[1], "models": toy_models}
    exec(viewer.code, names)
    assert np.array_equal(names["answer"].table.total, viewer.prediction.table.total)
    assert np.array_equal(names["mask"], toy_case[1].proposals.masks[viewer.selected])


def test_asking_changes_the_expression_and_the_selection(viewer, toy_case, toy_models) -> None:
    viewer.ask("the white cake")
    assert viewer.expression == "the white cake"
    assert viewer.selected == tn.tas(toy_case[1], "the white cake", toy_models).index


def test_a_question_that_fails_changes_nothing(viewer) -> None:
    before = (viewer.expression, viewer.selected, viewer.reading)
    with pytest.raises(ValueError, match="expression"):
        viewer.ask("  ")
    assert (viewer.expression, viewer.selected, viewer.reading) == before


def test_a_browser_that_asks_for_nothing_is_told_what_is_wrong(viewer) -> None:
    asked = [({"expression": " "}, True), ({}, True), ({"expression": "the dog"}, False)]
    for said, (asking, wrong) in enumerate(asked):
        viewer.set_state({"problem": "", "asking": {**asking, "times": said}, "said": said + 1})
        assert bool(viewer.problem) == wrong
        assert viewer.heard == {"number": said + 1, "problem": ""}
    assert viewer.expression == "the dog"


def test_without_proposals_it_says_so(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.explore(sample, only(artifacts, []), None, toy_models)
    assert viewer.selected is None
    assert viewer.prediction.index is None
    assert viewer.ranking.empty
    assert "no proposal" in viewer.words()
    assert "masks[" not in viewer.code
    assert viewer.picture().ndim == 3
    json.dumps(viewer.snapshot(), allow_nan=False)


def test_one_proposal_is_the_answer(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.explore(sample, only(artifacts, [3]), "the cat on the right", toy_models)
    assert viewer.selected == 0
    assert viewer.ranking["verdict"].tolist() == ["stays"]


def test_an_empty_mask_has_no_place(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    masks = artifacts.proposals.masks.copy()
    masks[0] = False
    for variant in ("paper", MIX):
        viewer = tn.viewers.explore(sample, with_masks(artifacts, masks), SENTENCE, toy_models, variant=variant)
        told = viewer.reading["variants"][variant]["rule"]
        assert told["centres"][0] is None
        assert not viewer.ranking.set_index("proposal")["kept"][0]
        json.dumps(viewer.snapshot(), allow_nan=False)


def test_a_photo_of_one_pixel(toy_case, toy_models) -> None:
    artifacts = only(toy_case[1], [0, 1])
    small = replace(with_masks(artifacts, np.ones((2, 1, 1), dtype=bool)), size_hw=(1, 1))
    viewer = tn.viewers.explore(np.zeros((1, 1, 3), np.uint8), small, "the left cat", toy_models)
    assert viewer.selected in (0, 1)
    assert viewer.picture().ndim == 3


def test_an_image_without_a_target_has_no_iou(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.explore(sample.image, artifacts, "the dog", toy_models)
    assert "iou" not in viewer.ranking.columns
    assert viewer.scene["oracle"] is None
    far = np.zeros(artifacts.size_hw, dtype=bool)
    assert tn.viewers.explore(sample.image, artifacts, "dog", toy_models, target=far).scene["oracle"] is None


def test_a_score_that_is_no_number_is_refused(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    rows = {style: np.array(found) for style, found in artifacts.crop_embeddings.items()}
    for found in rows.values():
        found[2] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity"):
        tn.viewers.explore(sample, replace(artifacts, crop_embeddings=rows), None, toy_models)


def test_a_mix_is_called_a_mix_and_says_what_is_switched(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.explore(sample, artifacts, None, toy_models)
    assert viewer.scene["variants"] == list(viewer.reading["variants"]) == ["paper", "plus", "paper read as official"]
    move(viewer, variant=MIX)
    assert viewer.prediction.method == "TAS (paper read as official)"
    for words in ("Switched: how the expression is read", "stay those of paper", "is a mix", 'variant="official"'):
        assert words in viewer.scene["note"]
    with pytest.raises(
        ValueError, match=r"made for variant 'paper' and differ from 'official-scaled' in .*; make the right"
    ):
        tn.viewers.explore(sample, artifacts, None, toy_models, variant="official")


def test_artifacts_of_the_other_variant_have_it_first(reftoy_val, official_models) -> None:
    sample = reftoy_val[12]
    artifacts = tn.describe(sample.image, official_models, variant="official")
    viewer = tn.viewers.explore(sample, artifacts, None, official_models)
    assert viewer.scene["variants"] == ["official-scaled", "official-scaled read as paper"]
    wanted = tn.tas(artifacts, sample.expression, official_models, variant="official")
    assert viewer.prediction.method == wanted.method == "TAS (official-scaled)"
    assert np.array_equal(viewer.prediction.table.total, wanted.table.total)


def test_artifacts_that_lack_something_are_refused(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    lacking = replace(artifacts, crop_embeddings={})
    with pytest.raises(ValueError, match="describe"):
        tn.viewers.explore(sample, lacking, None, toy_models)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"expression": None}, "needs an expression"),
        ({"expression": " "}, "expression"),
        ({"variant": "ours"}, "paper, official"),
        ({"use": ("v", "q")}, "unknown module 'q'"),
        ({"use": ("p",)}, "'v' is missing"),
        ({"target": np.zeros((2, 2), bool)}, "target: expected the image's size"),
        ({"alpha": float("nan")}, "alpha"),
    ],
)
def test_a_wrong_argument_is_named(toy_case, toy_models, change: dict[str, Any], says: str) -> None:
    arguments = {"expression": "the dog", **change}
    with pytest.raises((ValueError, traitlets.TraitError), match=says):
        tn.viewers.explore(toy_case[0].image, toy_case[1], models=toy_models, **arguments)


def test_an_image_of_another_size_is_refused(toy_case, toy_models) -> None:
    with pytest.raises(ValueError, match="artifacts: expected the image's size"):
        tn.viewers.explore(np.zeros((5, 5, 3), np.uint8), toy_case[1], "the dog", toy_models)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("selected", 999, "from 0 to"),
        ("selected", -1, "from 0 to"),
        ("settings", {"variant": "paper"}, "expected the keys"),
        ("settings", {"variant": "ours"}, "choose from paper, plus, paper read as official"),
        ("settings", {"alpha": float("inf")}, "finite"),
    ],
)
def test_a_wrong_value_is_refused(viewer, name: str, value: Any, says: str) -> None:
    if name == "settings" and "expected" not in says:
        value = {**viewer.settings, **value}
    with pytest.raises(traitlets.TraitError, match=says):
        setattr(viewer, name, value)


def test_its_twin_is_a_picture_with_words(viewer) -> None:
    bundle = viewer.twin()
    (content,) = re.findall(r'src="data:image/png;base64,([^"]*)"', bundle["text/html"])
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    assert picture.width > 600
    assert f'alt="“{SENTENCE}”' in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert bundle[SNAPSHOT]["viewer"] == "explore"
    assert set(bundle[SNAPSHOT]["data"]) == {"scene", "reading", "settings", "selected", "why", "asking", "problem"}
    live, _ = viewer._repr_mimebundle_()
    assert {WIDGET_VIEW, "text/html", "text/plain"} <= set(live)


def test_hostile_text_is_escaped_in_the_twin(toy_case, toy_models) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.explore(sample, saying(artifacts, HOSTILE), HOSTILE, toy_models)
    page = viewer.twin()["text/html"]
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert viewer.expression == HOSTILE


def test_the_longest_expression_is_one(toy_case, toy_models) -> None:
    text = "the left cat " + "and another word " * 57
    viewer = tn.viewers.explore(toy_case[0], toy_case[1], text, toy_models)
    pieces = viewer.reading["variants"]["paper"]["pieces"]
    assert "".join(piece for piece, _ in pieces) == text
