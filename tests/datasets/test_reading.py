"""Annotation files are read in part: lists of numbers under a key stay bytes, all else is as JSON says."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest

from tasnb.datasets.annotations import parse_json, parse_json_but, read_now, uncollected

HERE = Path("here.json")


def read(text: str) -> object:
    def build(found: dict) -> dict:
        return {key: read_now(value) for key, value in found.items()}

    return parse_json_but("p", text.encode(), HERE, build)


TEXTS = [
    '{"p": [[1, 2.5, -3e4]], "q": [1]}',
    '{"p":[],"q":{"p":[[]]}}',
    '[{"p" : [ [1,2],\n [3,4] ] }, {"p": [7]}, {"p": [0]}, {"p": 0}, {"p": null}]',
    '{"p": {"size": [3, 4], "counts": [12]}, "p2": [1], "sp": [2]}',
    '{"p": ["1", 2], "q": "\\"p\\": [[1]]"}',
    '{"a \\"p": [[1, 2]], "b\\\\": [5], "p": [[3]]}',
    '{"p": [[1, 2]], "p": [[3, 4]]}',
    '{"p": [[NaN, 1]]}',
    '{"p": [[1], "x"], "q": {"p": [[1], [NaN]]}}',
    '{"p": [1, {"p": [2]}]}',
    '[[{"p": [1, 2]}], {"q": "p", "r": [[1], 2]}]',
]


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_is_lost_or_changed(text: str) -> None:
    assert repr(read(text)) == repr(json.loads(text))


def test_lists_of_numbers_stay_bytes() -> None:
    kept = parse_json_but("p", b'{"p": [[1, 2]], "q": [3]}', HERE, dict)
    assert kept == {"p": b"[[1, 2]]", "q": [3]}


def test_a_damaged_list_is_found_when_it_is_read() -> None:
    kept = parse_json_but("p", b'[{"p": [[1,, 2]]}, {"p": [[1]]}]', HERE, dict)
    with pytest.raises(ValueError, match="it is not readable JSON"):
        read_now(kept[0]["p"])
    assert read_now(kept[1]["p"]) == [[1]]


def test_damage_elsewhere_is_found_at_once() -> None:
    for text in ('{"p": [[1]], "q": }', '{"p": [[1]', "", '{"p": [[1]]'):
        with pytest.raises(ValueError, match=r"here\.json is not readable JSON"):
            read(text)


def test_the_collector_is_on_again_afterwards() -> None:
    with pytest.raises(ValueError):
        parse_json(b"{", HERE)
    assert gc.isenabled()
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
