"""What every viewer must say of itself, and how it is stored."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

import tasnb as tn
from tasnb.core.images import png_bytes
from tasnb.viewers import assets, freezing
from tasnb.viewers.record import LONGEST
from tasnb.viewers.viewer import SNAPSHOT, Viewer
from tests.viewers import every
from tests.viewers.made_artifacts import with_masks

V4 = nbformat.v4
KINDS = {".html", ".j2", ".js"}


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


def test_only_style_sheets_ask_for_the_colour_scheme() -> None:
    """So what a page does in one scheme it does in the other: tests/browser opens it once."""
    root = Path(__file__).resolve().parents[2]
    texts = {p: p.read_text("utf-8") for top in ("tasnb", "docs") for p in (root / top).rglob("*") if p.suffix in KINDS}
    assert {assets.STATIC / "explore.js", root / "docs" / "book.html.j2"} <= set(texts)
    assert [path for path, text in texts.items() if "matchMedia" in text] == []


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


def test_it_answers_what_the_browser_tells_and_says_what_failed() -> None:
    viewer = Whole()
    viewer.set_state({"said": 3})
    assert viewer.heard == {"number": 3, "problem": ""}
    viewer.set_state({"said": "many"})
    assert viewer.heard["problem"].startswith("This did not work: The 'said' trait")
    assert not {"said", "heard"} & set(viewer.snapshot()), "a page without a kernel has no use for them"


def test_a_large_photo_travels_small(toy_case, toy_models) -> None:
    """What goes to the browser, and into the notebook, is bounded whatever the photo's size."""
    sample, artifacts = toy_case
    rng = np.random.default_rng(0)
    photo = np.kron(sample.image, np.ones((6, 8, 1), np.uint8)) // 2 + rng.integers(0, 100, (1536, 2048, 3), np.uint8)
    masks = np.stack([np.kron(mask, np.ones((6, 8), bool)) for mask in artifacts.proposals.masks])
    masks[0] = False
    masks[0, 751, 1001] = True  # a pixel: it must not vanish
    large = replace(with_masks(artifacts, masks), size_hw=(1536, 2048))
    sentence = "the man on the left"
    made = {
        "explore": tn.viewers.explore(photo, large, sentence, toy_models, target=masks[4]),
        "predict": tn.viewers.predict(replace(sample, image=photo, target=masks[4]), toy_models, artifacts=large),
        "annotate": tn.viewers.annotate(photo, large),
        "negatives_view": tn.viewers.negatives_view(photo, large, sentence, toy_models),
        "rectifier_view": tn.viewers.rectifier_view(photo, large, sentence, toy_models),
        "crops_view": tn.viewers.crops_view(photo, large, toy_models, 4),
    }
    for name, viewer in made.items():
        snapshot = viewer.snapshot()
        scene = snapshot.get("scene") or snapshot["record"]
        others = snapshot.pop("others", {})  # the crops of other masks: in the notebook only, within their own bound
        assert len(json.dumps(others)) < 1_100_000, name
        assert len(json.dumps(snapshot)) < 1_000_000, name
        assert scene["full_hw"] == [1536, 2048], name
        assert max(scene["size_hw"]) <= LONGEST, name
        assert len(png_bytes(viewer.picture())) < 3_000_000, name
    assert sum(made["explore"].scene["masks"][0][1::2]) == 1
    made["annotate"].add("a dot", 0)
    assert np.array_equal(made["annotate"].samples[0].target, masks[0]), "the data set gets the mask at full size"
