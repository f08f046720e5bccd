"""Filters over cases: what a column offers, and which rows pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tasnb.viewers.caseframe import fields_of, passing, tags_of

FRAME = pd.DataFrame(
    {
        "sample": [0, 1, 2, 3],
        "expression": ["Left cat", "the dog (1)", "a <b>cat</b>", "bird"],
        "head": ["cat", "dog", "cat", ""],
        "iou": [0.0, 0.5, 0.9, np.nan],
        "split": ["val", "val", "testA", "testA"],
        "directions": ["left", "", "left top", ""],
        "types": [("kind", "place"), ("kind",), (), ("size",)],
        "cause": ["selection", "none", None, "localisation"],
        "margin": [0.1, 2.0, -3.0, 4.0],
        "fixed": [True, False, True, True],
    }
)
FIELDS = fields_of(FRAME, ["cause", "margin", "fixed"])


def test_each_column_becomes_the_filter_that_suits_it() -> None:
    assert {field.name: field.kind for field in FIELDS} == {
        "expression": "text", "head": "text", "iou": "range", "split": "choice", "directions": "tag", "types": "tag",
        "cause": "choice", "margin": "range", "fixed": "choice",
    }  # fmt: skip
    by_name = {field.name: field for field in FIELDS}
    assert by_name["directions"].options == ("left", "top")
    assert by_name["cause"].options == ("localisation", "none", "selection")
    assert (by_name["margin"].low, by_name["margin"].high) == (-3.0, 4.0)
    assert (by_name["iou"].low, by_name["iou"].high) == (0.0, 1.0)


def test_a_choice_of_one_value_is_no_filter() -> None:
    assert "split" not in {field.name for field in fields_of(FRAME.assign(split="val"))}


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({}, [0, 1, 2, 3]),
        ({"iou": [0.5, None]}, [1, 2]),
        ({"iou": [None, 0.5]}, [0, 1]),
        ({"iou": [None, None]}, [0, 1, 2, 3]),
        ({"expression": "CAT"}, [0, 2]),
        ({"expression": "(1)"}, [1]),
        ({"expression": "<b>"}, [2]),
        ({"expression": ""}, [0, 1, 2, 3]),
        ({"directions": "left"}, [0, 2]),
        ({"types": "kind"}, [0, 1]),
        ({"cause": "none"}, [1]),
        ({"fixed": "yes", "split": "testA"}, [2, 3]),
        ({"head": None, "margin": [1, 3]}, [1]),
    ],
)
def test_what_passes(wanted: dict, rows: list[int]) -> None:
    assert np.flatnonzero(passing(FRAME, FIELDS, wanted)).tolist() == rows


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"heads": "cat"}, "unknown filter 'heads'; choose from expression, head"),
        ({"iou": 0.5}, r"expected \[low, high\]"),
        ({"iou": [1, 0]}, "low <= high"),
        ({"iou": ["a", 1]}, r"expected \[low, high\]"),
    ],
)
def test_what_cannot_be_asked_is_an_error(wanted: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        passing(FRAME, FIELDS, wanted)


def test_no_rows_have_filters_too() -> None:
    empty = FRAME.iloc[:0]
    assert passing(empty, fields_of(empty), {"iou": [0, 1]}).tolist() == []


@pytest.mark.parametrize(
    ("cell", "tags"),
    [("a b", ("a", "b")), ("x y, z", ("x y", "z")), (["x y"], ("x y",)), (None, ()), (np.nan, ()), (" ,", ())],
)
def test_tags_of_a_cell(cell: object, tags: tuple[str, ...]) -> None:
    assert tags_of(cell) == tags
