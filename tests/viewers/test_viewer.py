"""What every viewer must say of itself, and how it is stored."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from tasnb.viewers import assets, freezing
from tasnb.viewers.viewer import SNAPSHOT, Viewer
from tests.viewers import every

V4 = nbformat.v4


class WithoutWords(Viewer):
    def picture(self) -> np.ndarray:
        return np.zeros((2, 2, 3), np.uint8)


class Whole(WithoutWords):
    def words(self) -> str:
        return "a black square <b>"


def test_a_viewer_without_words_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="words"):
        WithoutWords()


def test_a_viewer_with_both_gives_a_picture_and_escaped_words() -> None:
    twin = Whole().twin()
    assert twin["text/plain"] == "a black square <b>"
    assert "<b>" not in twin["text/html"]
    assert "&lt;b&gt;" in twin["text/html"]


def twice(text: str) -> list[str]:
    """The beginnings of the pictures of more than 1 kB that stand in a text more than once."""
    found = Counter(re.findall(r"[A-Za-z0-9+/=]{1000,}", text))
    return [blob[:40] for blob, times in found.items() if times > 1]


def saved(monkeypatch: pytest.MonkeyPatch, *viewers: Viewer) -> Any:
    """The notebook that JupyterLab saves when each viewer was the value of a cell."""
    cells: list[Any] = []

    def publish(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        cells[-1].outputs.append(V4.new_output("display_data", data=data, metadata=metadata or {}))

    monkeypatch.setattr("IPython.display.publish_display_data", publish)
    for viewer in viewers:
        cells.append(V4.new_code_cell("viewer"))
        viewer._ipython_display_()
    return V4.new_notebook(cells=cells)


@pytest.mark.parametrize("name", every.NAMES)
def test_every_picture_is_stored_once_in_the_notebook_and_in_its_page(
    name: str, toy_case, toy_models, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    viewer = every.made(name, *toy_case, toy_models)
    if name == "gallery":
        assert twice(json.dumps(viewer.snapshot())) != [], "two cards of one picture"
    path = tmp_path / "saved.ipynb"
    nbformat.write(saved(monkeypatch, viewer), path)
    text = path.read_text(encoding="utf-8")
    assert re.search(r"[A-Za-z0-9+/=]{1000,}", text), "it holds a picture at all"
    assert twice(text) == []
    page = freezing.freeze(path)
    assert twice(page) == []
    assert "<script" in page, "it runs in the page"


def test_viewers_of_a_page_share_their_pictures(toy_case, toy_models, monkeypatch, tmp_path: Path) -> None:
    viewers = [
        every.made(name, *toy_case, toy_models) for name in ("explore", "negatives_view", "explore", "crops_view")
    ]
    viewers[2].settings = {**viewers[2].settings, "lam": 0.0}  # another picture of it
    path = tmp_path / "saved.ipynb"
    nbformat.write(saved(monkeypatch, *viewers), path)
    assert twice(path.read_text(encoding="utf-8")) != [], "a cell's output cannot lean on another cell's"
    assert twice(freezing.freeze(path)) == []


@pytest.mark.parametrize(
    "value", [{}, [], "a", None, 1.5, {"a": ["long" * 300, {"b": "long" * 300}], "c": "long" * 300, "d": {"pooled": 7}}]
)
def test_what_is_pooled_comes_back(value: Any) -> None:
    values, pool = assets.pooled(value)
    assert len(pool) <= 1
    assert json.dumps(values).count("longlong") == 0
    assert assets.unpooled(values, pool) == value


@pytest.mark.parametrize("pool", [None, "text", 3, [], ["x"], {"0": "x"}])
def test_a_damaged_pool_is_no_error(pool: Any, tmp_path: Path) -> None:
    data = {SNAPSHOT: {"viewer": "explore", "data": {"scene": {"pooled": 1}}, "pool": pool}, "text/html": "<p>it</p>"}
    path = tmp_path / "saved.ipynb"
    cell = V4.new_code_cell("viewer", outputs=[V4.new_output("display_data", data=data)])
    nbformat.write(V4.new_notebook(cells=[cell]), path)
    assert "<p>it</p>" in freezing.freeze(path)
