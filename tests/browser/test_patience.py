"""Every viewer that tells its kernel something says so when no answer comes, in the same words after the same time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tasnb as tn
from tasnb.evaluation.engine import evaluate
from tasnb.viewers import assets
from tests.browser.alone import Wired, serious
from tests.browser.lab import Lab
from tests.viewers.made_runs import of_cases, of_scores
from tests.viewers.test_experiment_view import made
from tests.viewers.test_sweep_view import TWO

PATIENCE = 8_000  # ms: static/elements.js
SILENT = "No answer yet: the kernel is busy, or it was restarted; then run the cell again."
ROWS = [{"iou": i / 29, "oracle_iou": 1.0, "expression": f"cat {i}", "head": "cat"} for i in range(30)]


@pytest.fixture(scope="module")
def run(reftoy_val, warm_store, tmp_path_factory) -> Any:
    folder = tmp_path_factory.mktemp("patience")
    return evaluate(reftoy_val[:24], "toy", out=folder / "run", store=warm_store, model_options={"device": "cpu"})


@pytest.fixture
def make(toy_case, toy_models, reftoy_val, run, tmp_path: Path, monkeypatch) -> Callable[[str], Any]:
    """The viewer of a module, on real data."""
    monkeypatch.chdir(tmp_path)
    sample, artifacts = toy_case
    makers = {
        "explore": lambda: tn.viewers.explore(sample, artifacts, "the man", toy_models),
        "predict": lambda: tn.viewers.predict([sample] * 2, toy_models, artifacts=[artifacts] * 2),
        "crops_view": lambda: tn.viewers.crops_view(sample, artifacts, toy_models),
        "gallery": lambda: tn.viewers.gallery(of_cases(tmp_path / "run", ROWS)),
        "sweep_view": lambda: tn.viewers.sweep_view(of_scores(tmp_path / "run", TWO)),
        "annotate": lambda: tn.viewers.annotate([sample.image] * 2, [artifacts] * 2, names=["one", "two"]),
        "cause_view": lambda: tn.viewers.cause_view(run, samples=reftoy_val[:24]),
        "negatives_view": lambda: tn.viewers.negatives_view(sample, artifacts, sample.expression, toy_models),
        "rectifier_view": lambda: tn.viewers.rectifier_view(sample, artifacts, "the man on the left", toy_models),
        "experiment_view": lambda: tn.viewers.experiment_view(made("true", "50 % wrong")),
    }
    return lambda module: makers[module]()


def press(name: str) -> Callable[[Any, Any], None]:
    return lambda frame, page: frame.get_by_role("button", name=name, exact=True).click()


def ask(frame: Any, page: Any) -> None:
    frame.get_by_label("Expression").fill("the duck")
    page.keyboard.press("Enter")


def note(frame: Any, page: Any) -> None:
    frame.get_by_label("Note").last.fill("odd")
    frame.get_by_role("button", name="Save note").click()


def slide(key: str) -> Callable[[Any, Any], None]:
    def act(frame: Any, page: Any) -> None:
        frame.locator("input[type=range]").first.focus()
        page.keyboard.press(key)

    return act


def click(css: str) -> Callable[[Any, Any], None]:
    return lambda frame, page: frame.locator(css).first.click()


# module, what is done, where it shows that Python answered, and the words there
CASES = [
    ("explore", ask, ".tn-words", "duck"),
    ("explore", slide("Home"), ".tn-slider output", "0.00"),
    ("predict", press("Reveal"), ".tn-result", "TAS chooses mask"),
    ("predict", press("Next case"), "h3", "Case 2 of 2"),
    ("predict", click(".tn-choices button"), ".tn-choices button", "1 vote"),
    ("crops_view", press("Next"), "h3", "mask 1 of"),
    ("gallery", press("Next page"), ".tn-switches span", "Page 2 of 3"),
    ("gallery", click(".tn-case"), ".tn-problem", "This case cannot be opened"),
    ("sweep_view", click(".tn-grid button"), 'h3:has-text("Turned right")', "Turned right"),
    ("annotate", press("Next picture"), "h3", "Picture 2 of 2: two"),
    ("annotate", click(".tn-choices button"), ".tn-naming label", "Expression for mask 0"),
    ("cause_view", click(".tn-grid button"), ".tn-verdict", "failures"),
    ("negatives_view", press("None"), ".tn-verdict", "0 of"),
    ("rectifier_view", click(".tn-list tbody button"), ".tn-verdict", "mask 0:"),
    ("experiment_view", slide("End"), ".tn-slider output", "50 % wrong"),
]


@pytest.mark.parametrize(("module", "act", "where", "says"), CASES, ids=[f"{c[0]}-{k}" for k, c in enumerate(CASES)])
def test_a_silent_kernel_is_told_and_a_late_answer_takes_it_back(
    make, module: str, act: Any, where: str, says: str, page: Any, tmp_path: Path
) -> None:
    page.clock.install()
    wired = Wired(page, make(module), tmp_path)
    act(wired.frame, page)
    page.clock.fast_forward(PATIENCE - 500)
    assert SILENT not in wired.waiting.inner_text()
    page.clock.fast_forward(600)
    assert wired.waiting.inner_text().startswith(SILENT)
    assert wired.waiting.get_attribute("role") == "status"
    assert serious(page) == []
    assert wired.deliver(), "the answer comes late"
    assert wired.waiting.inner_text() == ""
    assert says in wired.frame.locator(where).first.inner_text()


def test_what_is_typed_meanwhile_outlives_the_answer(make, page: Any, tmp_path: Path) -> None:
    wired = Wired(page, make("explore"), tmp_path)
    field = wired.frame.get_by_label("Expression")
    ask(wired.frame, page)
    field.fill("the duck on the")
    assert wired.deliver()
    assert "duck" in wired.frame.locator(".tn-words").inner_text()
    assert field.input_value() == "the duck on the"


def test_every_viewer_is_tested_here() -> None:
    modules = {path.stem for path in assets.STATIC.glob("*.js") if "export default" in path.read_text("utf-8")}
    assert modules == {module for module, *_ in CASES} | {"answer_view"}, "which asks the kernel for nothing"


def test_there_is_no_way_to_the_kernel_beside_the_one_that_waits() -> None:
    ways = {path.stem: path.read_text("utf-8") for path in assets.STATIC.glob("*.js") if path.stem != "panel"}
    for name, text in ways.items():
        assert not re.search(r"save_changes|model\??\.(set|send)\(", text), name


def test_the_time_runs_from_the_first_thing_unanswered(make, page: Any, tmp_path: Path) -> None:
    page.clock.install()
    wired = Wired(page, make("crops_view"), tmp_path)
    for _ in range(3):
        press("Next")(wired.frame, page)
        page.clock.fast_forward(3_000)
    assert wired.waiting.inner_text().startswith(SILENT), "clicking on does not put it off"


def test_a_kernel_that_fails_says_why_instead_of_nothing(make, page: Any, tmp_path: Path) -> None:
    wired = Wired(page, make("crops_view"), tmp_path)
    page.evaluate("model.set('index', 999); model.set('said', 1); model.save_changes()")
    wired.deliver()
    alert = wired.frame.get_by_role("alert").inner_text()
    assert alert.startswith("This did not work: index: expected a mask number from 0 to")
    assert wired.viewer.index == 0


def test_a_vote_while_the_next_case_is_awaited_counts_for_neither(make, page: Any, tmp_path: Path) -> None:
    wired = Wired(page, make("predict"), tmp_path)
    press("Next case")(wired.frame, page)
    wired.frame.locator(".tn-choices button").first.click(force=True)
    wired.deliver()
    assert wired.viewer.number == 1
    assert wired.viewer.votes == {"mask": {}, "part": {}}


LAB_SETUP = """
import numpy as np, tasnb as tn
from tasnb.core.masks import make_proposals
from tasnb.core.types import ImageArtifacts

image = np.full((60, 80, 3), 90, np.uint8)  # no other test's: what is kept of it is this test's alone
masks = np.zeros((2, 60, 80), dtype=bool)
masks[0, 10:30, 10:30] = masks[1, 35:55, 45:65] = True
made = ImageArtifacts(
    image_id="made", size_hw=(60, 80), proposals=make_proposals(masks, source="by hand"), crop_embeddings={},
    captions={}, caption_embeddings={}, overall_caption="",
)
viewer = tn.viewers.annotate([image, image], [made, made], names=["one", "two"])
"""


@pytest.mark.slow
def test_in_jupyterlab_a_restarted_kernel_is_told_at_once(lab: Lab) -> None:
    """A real restart: JupyterLab reports it, so that nobody needs to wait; what is done meanwhile is not lost."""
    from playwright.sync_api import expect

    notebook = lab.open([LAB_SETUP, "viewer"], kernel="own")
    notebook.run_all()
    frame = notebook.page.locator(".tn-annotate")
    frame.wait_for(timeout=120_000)
    frame.locator(".tn-choices button").first.click()
    field = frame.get_by_label("Expression for mask 0")
    field.fill("the upper square")
    field.press("Enter")  # to the field: JupyterLab may take the focus meanwhile
    expect(frame).to_contain_text("Every click and key is kept in this browser and in", timeout=120_000)
    notebook.restart_kernel()
    told = "The kernel is gone or was restarted: run the cell again. What you click and type is kept in this browser"
    expect(frame.locator(".tn-waiting")).to_contain_text(told, timeout=120_000)
    frame.get_by_role("button", name="mask 1").click()
    field = frame.get_by_label("Expression for mask 1")
    field.fill("the lower square")
    field.press("Enter")  # to the field: JupyterLab may take the focus meanwhile
    frame.get_by_label("Expression for mask 1").fill("half a tho")
    notebook.run_all()  # as the line says
    # the cells have run; that the new widget is drawn takes as long as the machine is busy
    offer = frame.locator(".tn-offer")
    expect(offer).to_contain_text("2 annotations, and one that was not added yet", timeout=120_000)
    notebook.python("pass")  # what ipywidgets asks a kernel that has come back is answered
    frame.get_by_role("button", name="Continue where you stopped").click()
    expect(frame.locator(".tn-annotations tbody tr")).to_have_count(2, timeout=120_000)
    expect(frame.get_by_label("Expression for mask 1")).to_have_value("half a tho", timeout=120_000)
    expect(frame.locator(".tn-waiting")).to_have_text("", timeout=120_000)
    words = notebook.python("print([e['expression'] for e in viewer.entries])").strip()
    assert words == "['the upper square', 'the lower square']"
