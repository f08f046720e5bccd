"""``gallery``: filters, pages and an order; only the page in view is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tasnb as tn
from tasnb.evaluation.samples import MissingCase
from tasnb.viewers.galleries import PAGE
from tests.viewers.made_artifacts import HOSTILE
from tests.viewers.made_runs import of_cases

MANY = 10_000


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """10,000 cases, IoU from 0 to 1 in order."""
    heads = ["cat", "dog", "bird", "tree"]
    cases = [
        {"iou": i / (MANY - 1), "oracle_iou": 1.0, "head": heads[i % 4], "directions": ["", "left"][i % 2],
         "split": ["val", "test"][i % 2], "gold": '{"types":["kind"]}' if i % 5 == 0 else "",
         "expression": HOSTILE if i == 7 else f"{heads[i % 4]} number {i}"}
        for i in range(MANY)
    ]  # fmt: skip
    return of_cases(tmp_path_factory.mktemp("runs") / "many", cases)


@pytest.fixture
def viewer(many):
    return tn.viewers.gallery(many)


@pytest.fixture(scope="module")
def real(reftoy_val, toy_models, warm_store, tmp_path_factory):
    """A run of two real scenes and the store with them."""
    folder = tmp_path_factory.mktemp("real")
    run = tn.evaluate(reftoy_val[:10], toy_models, methods=["tas"], out=folder / "run", store=warm_store)
    return run, warm_store


def test_filters_narrow_and_pages_turn(viewer) -> None:
    assert (viewer.page["total"], viewer.page["pages"]) == (MANY, 834)
    assert viewer.shown["sample"].tolist() == list(range(PAGE))
    viewer.filter(head="cat", iou=(0.9, 1.0))
    assert viewer.page["total"] == len(viewer.cases) == 250
    assert (viewer.cases["iou"] >= 0.9).all()
    viewer.turn(20)
    assert len(viewer.shown) == 10, "the last page"
    viewer.filter(head=None)
    assert viewer.page["number"] == 0, "another filter starts at its first page"
    assert viewer.page["total"] == 1000


@pytest.mark.parametrize(
    ("wanted", "total"),
    [
        ({"directions": "left"}, 5000),
        ({"split": "test"}, 5000),
        ({"types": "kind"}, 2000),
        ({"expression": "NUMBER 99"}, 111),
        ({"expression": "<script>"}, 1),
        ({"expression": "no such"}, 0),
    ],
)
def test_every_usual_filter(viewer, wanted: dict[str, Any], total: int) -> None:
    viewer.filter(**wanted)
    assert viewer.page["total"] == total
    assert viewer.page["pages"] == max(1, -(-total // PAGE))


def test_an_order_and_its_reverse(viewer) -> None:
    viewer.sort("iou", descending=True)
    assert viewer.shown["sample"].iloc[0] == MANY - 1
    viewer.sort("gap")
    assert viewer.shown["sample"].iloc[0] == MANY - 1
    viewer.sort("expression")
    assert viewer.shown["expression"].iloc[0] == HOSTILE
    with pytest.raises(ValueError, match="choose from sample, iou"):
        viewer.sort("iuo")


def test_only_the_page_in_view_is_sent(many, monkeypatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("ipywidgets.Widget._send", lambda self, msg, buffers=None: sent.append(msg))
    viewer = tn.viewers.gallery(many)
    state = json.dumps(viewer.get_state(), default=str)
    assert state.count('"sample":') == PAGE
    assert len(json.dumps(viewer.page)) < 20_000
    sent.clear()
    viewer.turn(3)
    pages = [message["state"]["page"] for message in sent if "page" in message.get("state", {})]
    assert len(pages) == 1, "one message a page"
    assert [case["sample"] for case in pages[0]["cases"]] == list(range(3 * PAGE, 4 * PAGE))
    sent.clear()
    viewer.filter(iou=(0.5, 1))
    assert sum("page" in message.get("state", {}) for message in sent) == 1
    assert sum(len(m["state"]["page"]["cases"]) for m in sent if "page" in m.get("state", {})) == PAGE


def test_thumbnails_are_made_for_the_page_in_view_alone(real, reftoy_val) -> None:
    class Counted:
        read: tuple[int, ...] = ()

        def __len__(self) -> int:
            return len(reftoy_val)

        def __getitem__(self, index: int) -> Any:
            Counted.read += (index,)
            return reftoy_val[index]

    run, store = real
    viewer = tn.viewers.gallery(run, where="sample < 3", samples=Counted(), store=store)
    assert set(Counted.read) == {0, 1, 2}
    assert all(case["thumb"].startswith("data:image/") for case in viewer.page["cases"])
    viewer.filter(iou=(0.0, 1.0))
    assert len(Counted.read) == 3, "a page that was seen is remembered"


@pytest.mark.parametrize("where", ["iou < 0.5 and head == 'cat'", lambda f: (f["iou"] < 0.5) & (f["head"] == "cat")])
def test_where_is_a_query_or_a_function(many, where) -> None:
    viewer = tn.viewers.gallery(many, where)
    assert viewer.about["of"] == len(viewer.cases) == 1250
    assert set(viewer.cases["head"]) == {"cat"}


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("iuo < 0.5", "the columns are sample"),
        ("iou + 1", "True or False for each of 10000"),
        (lambda f: f["iou"].head(3) < 1, "True or False"),
        ("iou <", "cannot be read"),
    ],
)
def test_a_where_that_does_not_fit_is_an_error(many, where, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        tn.viewers.gallery(many, where)


def test_columns_become_filters(many) -> None:
    causes = pd.DataFrame(
        {"sample_id": [f"made-val-{i}" for i in range(0, MANY, 2)], "cause": ["selection", "mask"] * (MANY // 4),
         "kinds": [["size"], ["size", "place"]] * (MANY // 4), "margin": np.linspace(-1, 1, MANY // 2)}
    )  # fmt: skip
    viewer = tn.viewers.gallery(many, columns=causes)
    assert {f["name"]: f["kind"] for f in viewer.about["fields"]}.items() >= {
        "cause": "choice", "kinds": "tag", "margin": "range"
    }.items()  # fmt: skip
    viewer.filter(cause="mask", kinds="place")
    assert viewer.page["total"] == 2500
    viewer.filter(cause=None, kinds=None)
    viewer.sort("margin", descending=True)
    assert viewer.shown["sample"].iloc[0] == MANY - 2
    assert np.isnan(viewer.cases["margin"].iloc[-1]), "what is missing comes last"
    viewer.sort("margin")
    assert viewer.shown["sample"].iloc[0] == 0
    assert np.isnan(viewer.cases["margin"].iloc[-1])
    assert tn.viewers.gallery(many, "cause == 'mask'", columns=causes).about["of"] == 2500


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"id": ["made-val-0"]}, "a column 'sample_id'"),
        ({"sample_id": ["made-val-0"], "iou": [1]}, "'iou' is a column of the run and says something else"),
        ({"sample_id": ["made-val-0"], "head": ["tree"]}, "'head' is a column of the run and says something else"),
        ({"sample_id": ["made-val-0"] * 2, "cause": ["a", "b"]}, "one row a sample, 'made-val-0' has more"),
    ],
)
def test_columns_that_do_not_fit_are_an_error(many, columns: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        tn.viewers.gallery(many, columns=pd.DataFrame(columns))


def test_a_wrong_query_of_the_browser_is_said_in_the_widget(viewer) -> None:
    viewer.query = {"filters": {"iou": [1, 0]}, "sort": "sample", "descending": False, "page": 0}
    assert "low <= high" in viewer.problem
    for wrong in ({"page": "x"}, {"page": None}, {"filters": 3}, {"sort": "iuo"}):
        viewer.query = {"filters": {}, "sort": "sample", "descending": False, "page": 0, **wrong}
        assert viewer.problem.startswith("This page cannot be shown"), wrong
    viewer.query = {"filters": {}, "sort": "sample", "descending": False, "page": 10**6}
    assert viewer.problem == ""
    assert viewer.page["number"] == viewer.page["pages"] - 1, "a page too far is the last one"
    with pytest.raises(ValueError, match="expected 0 to 833, got 834"):
        viewer.turn(834)
    with pytest.raises(ValueError, match="unknown filter"):
        viewer.filter(heads="cat")


def test_without_pictures_the_words_say_what_is_missing(viewer) -> None:
    assert all("pass samples=" in case["alt"] for case in viewer.page["cases"])
    with pytest.raises(MissingCase, match="pass samples="):
        viewer.look(5)
    assert "pass samples=" in viewer.problem
    assert viewer.child == ""
    assert viewer.picture().ndim == 3


def test_a_case_opens_in_explore(real, reftoy_val, toy_models) -> None:
    run, store = real
    viewer = tn.viewers.gallery(run, samples=reftoy_val[:10], models=toy_models, store=store)
    explorer = viewer.look(4)
    row = viewer.cases[viewer.cases["sample"] == 4].iloc[0]
    assert explorer.expression == row["expression"]
    assert explorer.prediction.index == row["chosen"]
    assert explorer.ranking.loc[0, "iou"] == pytest.approx(row["iou"])
    assert viewer.child == explorer.model_id
    viewer.opened = None
    assert (viewer.child, viewer.explorer) == ("", None)
    with pytest.raises(MissingCase, match="no sample 99"):
        viewer.look(99)


def test_another_runs_samples_are_noticed(real, reftoy_val, toy_models) -> None:
    run, store = real
    viewer = tn.viewers.gallery(run, samples=reftoy_val[5:15], models=toy_models, store=store)
    with pytest.raises(MissingCase, match="pass the run's samples"):
        viewer.look(0)


def test_a_damaged_mask_costs_its_own_picture_only(reftoy_val, tmp_path: Path) -> None:
    samples = reftoy_val[:2]
    rows = [{"iou": 0.5, "sample_id": s.sample_id, "image_id": s.image_id + str(i)} for i, s in enumerate(samples)]
    masks = {row["image_id"]: np.stack([s.target]) for row, s in zip(rows, samples, strict=True)}
    run = of_cases(tmp_path / "run", rows, masks=masks)
    named = [replace(s, image_id=row["image_id"]) for row, s in zip(rows, samples, strict=True)]
    viewer = tn.viewers.gallery(run, samples=named)
    assert [case["alt"].endswith("mask 0 tinted") for case in viewer.page["cases"]] == [True, True]
    run = of_cases(tmp_path / "damaged", rows, masks=masks)
    table = run.proposals()
    table.loc[0, "mask"] = "11"
    run.proposals = lambda: table  # type: ignore[method-assign]
    viewer = tn.viewers.gallery(run, samples=named)
    assert [case["thumb"] == "" for case in viewer.page["cases"]] == [True, False]
    assert "damaged code" in viewer.page["cases"][0]["alt"]
    assert viewer.picture().ndim == 3


def test_types_come_from_the_run_where_nothing_is_analysed(real, reftoy_val) -> None:
    run, store = real
    ids = run.predictions()[["sample_id"]].drop_duplicates()
    viewer = tn.viewers.gallery(run, columns=ids, samples=reftoy_val[:10], store=store)
    assert viewer.cases["types"].tolist() == [tuple(reftoy_val[i].gold["types"]) for i in range(10)]
    assert "types" in {field["name"] for field in viewer.about["fields"]}
    json.dumps(viewer.snapshot(), allow_nan=False)


def test_the_causes_of_failure_become_filters(real, reftoy_val) -> None:
    run, store = real
    causes = tn.analysis.cases(run)
    show = ["cause", "why", "types", "margin"]
    viewer = tn.viewers.gallery(run, columns=causes, show=show, samples=reftoy_val[:10], store=store)
    lines = viewer.page["cases"][0]["lines"]
    assert lines[1] == f"cause: {causes['cause'].iloc[0] or 'none'}"
    assert lines[2] == f"why: {causes['why'].iloc[0]}"
    assert lines[3] == f"types: {causes['types'].iloc[0]}"
    kinds = {field["name"]: field["kind"] for field in viewer.about["fields"]}
    assert {"types": "tag", "iou": "range", "margin": "range", "why": "text"}.items() <= kinds.items()
    assert viewer.cases["cause"].tolist() == causes["cause"].tolist()
    tag = causes["types"].iloc[0].split(", ")[0]
    viewer.filter(types=tag)
    assert viewer.page["total"] == sum(tag in types.split(", ") for types in causes["types"])


def test_an_unknown_method_is_an_error(many) -> None:
    with pytest.raises(ValueError, match="choose from tas"):
        tn.viewers.gallery(many, method="oracle")
    with pytest.raises(ValueError, match="show: unknown column 'cause'"):
        tn.viewers.gallery(many, show=["cause"])


def test_a_run_without_cases_has_one_empty_page(tmp_path: Path, many) -> None:
    viewer = tn.viewers.gallery(many, where="iou > 2")
    assert viewer.page == {"number": 0, "pages": 1, "total": 0, "cases": []}
    assert "0 of 0 cases" in viewer.words()
    assert viewer.picture().ndim == 3


def test_hostile_expressions_are_escaped_in_the_twin(viewer) -> None:
    assert "<script>" not in viewer.twin()["text/html"]


@pytest.mark.slow
def test_causes_and_types_come_by_themselves_and_are_headings(reftoy_val, tmp_path: Path) -> None:
    from tasnb.evaluation.engine import evaluate

    run = evaluate(
        reftoy_val[:8], "toy", out=tmp_path / "run", store=tn.Store(tmp_path / "store"), model_options={"device": "cpu"}
    )
    viewer = tn.viewers.gallery(run, samples=reftoy_val[:8])
    found = tn.analysis.cases(run)
    assert {"cause", "types", "why"} <= set(viewer.cases.columns)
    assert list(viewer.cases["cause"]) == list(found["cause"])
    field = next(f for f in viewer.about["fields"] if f["name"] == "types")
    tag = field["options"][0]
    assert field["counts"][tag] == sum(tag in types.split(", ") for types in found["types"])
    viewer.group("types")
    assert viewer.page["total"] == 8
    assert viewer.page["cases"][0]["heading"] == tag
    with pytest.raises(ValueError, match="choose from cause, types"):
        viewer.group("colour")


def test_a_case_of_two_types_stands_under_both(tmp_path: Path) -> None:
    run = of_cases(tmp_path / "run", [{"iou": 0.1}, {"iou": 0.2}, {"iou": 0.3}])
    columns = pd.DataFrame({"sample_id": [f"made-val-{i}" for i in range(3)], "cause": ["b", "a", ""],
                            "types": ["size, colour", "size", ""]})  # fmt: skip
    viewer = tn.viewers.gallery(run, columns=columns)
    viewer.group("types")
    assert [(c["sample"], c["heading"]) for c in viewer.page["cases"]] == [
        (0, "colour"), (0, "size"), (1, "size"), (2, "none"),
    ]  # fmt: skip
    viewer.group("cause")
    assert [(c["sample"], c["heading"]) for c in viewer.page["cases"]] == [(1, "a"), (0, "b"), (2, "none")]
    viewer.group()
    assert {c["heading"] for c in viewer.page["cases"]} == {""}


def test_a_note_is_saved_with_the_run_and_its_tags_are_a_filter(tmp_path: Path) -> None:
    run = of_cases(tmp_path / "run", [{"iou": 0.1}, {"iou": 0.2}])
    viewer = tn.viewers.gallery(run)
    viewer.opened = 1
    assert viewer.note["note"] == ""
    viewer.writing = {"sample": 1, "tags": ["ask"], "note": HOSTILE}
    assert viewer.note["note"] == tn.analysis.notes(run).of("made-val-1").note == HOSTILE
    viewer.writing = {"sample": 1, "tags": ["a,b"], "note": ""}
    assert "was not saved" in viewer.problem
    again = tn.viewers.gallery(run)
    again.filter(tags="ask")
    assert list(again.cases["sample_id"]) == ["made-val-1"]
