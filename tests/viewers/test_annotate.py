"""``annotate``: an expression belongs to a mask, and what is saved is read back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import traitlets
from PIL import Image

import tasnb as tn
from tasnb.viewers.annotation import Annotator, places
from tests.viewers.made_artifacts import HOSTILE, only, saying, with_masks


@pytest.fixture
def two(toy_case) -> Annotator:
    """The same scene twice, the second one upside down, under two names."""
    sample, artifacts = toy_case
    turned = with_masks(artifacts, artifacts.proposals.masks[:, ::-1])
    return tn.viewers.annotate([sample.image, sample.image[::-1]], [artifacts, turned], names=["park", "street"])


def test_an_annotation_names_picture_expression_and_mask(two: Annotator) -> None:
    two.add("the dog", 1)
    two.add(" the cat ", np.int64(2), image="street")
    two.add("the moon", None, image=0)
    assert two.annotations.columns.tolist() == ["image", "expression", "proposal"]
    assert two.annotations["image"].tolist() == ["park", "street", "park"]
    assert two.annotations["expression"].tolist() == ["the dog", "the cat", "the moon"]
    assert two.annotations["proposal"].fillna(-1).tolist() == [1, 2, -1]
    json.dumps(two.snapshot(), allow_nan=False)


def test_without_annotations_the_frame_has_its_columns(two: Annotator) -> None:
    assert len(two.annotations) == 0
    assert two.annotations.columns.tolist() == ["image", "expression", "proposal"]
    assert two.samples == []
    assert "0 annotations" in two.words()


def test_the_target_is_the_mask_that_was_clicked(two: Annotator) -> None:
    two.add("the dog", 1, image="street")
    two.add("the moon", None)
    dog, moon = two.samples
    assert np.array_equal(dog.target, two.artifacts[1].proposals.masks[1])
    assert np.array_equal(dog.image, two.pictures[1])
    assert moon.target is None


def test_the_same_words_move_to_the_new_mask(two: Annotator) -> None:
    two.add("the dog", 1)
    two.add("the dog", 1, image="street")
    two.add("The  DOG", 2)
    assert two.annotations[["image", "proposal"]].values.tolist() == [["street", 1], ["park", 2]]


def test_one_row_is_taken_out(two: Annotator) -> None:
    two.add("the dog", 1)
    two.add("the cat", 2)
    two.remove(0)
    assert two.annotations["expression"].tolist() == ["the cat"]
    with pytest.raises(IndexError, match="row: expected 0 to 0, got 3"):
        two.remove(3)


@pytest.mark.parametrize(
    ("expression", "proposal", "image", "says"),
    [
        ("", 0, None, "expression"),
        ("the dog", 999, None, "a mask number from 0 to"),
        ("the dog", True, None, "got True"),
        ("the dog", -1, None, "got -1"),
        ("the dog", 1.5, None, "got 1.5"),
        ("the dog", 0, "lake", "one of park, street, got 'lake'"),
        ("the dog", 0, 2, "a number from 0 to 1"),
        (5, 0, None, "expression"),
    ],
)
def test_what_is_no_annotation_is_refused(two: Annotator, expression, proposal, image, says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        two.add(expression, proposal, image=image)
    assert two.entries == []


def test_entries_from_elsewhere_are_checked_too(two: Annotator) -> None:
    good = {"image": 0, "expression": "the dog", "proposal": 0}
    for wrong in ({**good, "proposal": 999}, {**good, "image": 7}, {**good, "expression": " "}, {"image": 0}):
        with pytest.raises(traitlets.TraitError, match="entries"):
            two.entries = [good, wrong]
    two.entries = [good]
    assert two.annotations["proposal"].tolist() == [0]
    with pytest.raises(traitlets.TraitError, match="chosen"):
        two.chosen = 999
    with pytest.raises(ValueError, match="image: expected"):
        two.number = 2


def test_another_picture_has_its_own_scene_and_no_chosen_mask(two: Annotator) -> None:
    first = two.scene
    two.chosen = 1
    two.number = 1
    assert two.chosen is None
    assert two.scene["masks"] != first["masks"]
    assert two.words().startswith("Picture 2 of 2, street: ")
    two.add("the cat", 0)
    assert two.annotations["image"].tolist() == ["street"], "by default it is about the picture on screen"


def test_the_models_words_do_not_reach_the_browser(toy_case) -> None:
    sample, artifacts = toy_case
    viewer = tn.viewers.annotate(sample, saying(artifacts, "SAID BY A MODEL"))
    assert "SAID BY A MODEL" not in json.dumps(viewer.snapshot())
    assert artifacts.overall_caption not in json.dumps(viewer.snapshot())
    assert viewer.names == [sample.image_id]


def test_saved_annotations_are_a_folder_data_set(two: Annotator, tmp_path: Path) -> None:
    for text in ("the dog", HOSTILE, " ".join(["left"] * 199)):
        two.add(text, 1)
    two.add("the cat", 0, image="street")
    two.add("the moon", None)
    root = two.save(tmp_path / "own")
    found = tn.datasets.load("folder", root=root)
    for a, b in zip(found, two.samples, strict=True):
        assert (a.expression, a.image_id, a.ref_id, a.sample_id) == (b.expression, b.image_id, b.ref_id, b.sample_id)
        assert np.array_equal(a.image, b.image)
        assert (a.target is None) == (b.target is None)
        assert a.target is None or np.array_equal(a.target, b.target)
    assert (root / "images" / "street.png").is_file()


def test_saving_again_renews_its_own_folder_only(two: Annotator, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="annotate something first"):
        two.save(tmp_path / "own")
    two.add("the dog", 1)
    two.save(tmp_path / "own")
    two.add("the cat", 2)
    two.save(tmp_path / "own")
    assert tn.datasets.load("folder", root=tmp_path / "own").expressions == ("the dog", "the cat")
    other = tn.viewers.annotate(two.pictures[0], two.artifacts[0])
    other.add("the tree", 0)
    with pytest.raises(FileExistsError, match="holds a data set already; choose another name"):
        other.save(tmp_path / "own")
    other.save(tmp_path / "own", replace=True)
    with pytest.raises(FileExistsError, match="holds a data set already"):
        two.save(tmp_path / "own")  # it is not what this viewer wrote any more
    assert tn.datasets.load("folder", root=tmp_path / "own").expressions == ("the tree",)


def test_the_save_button_says_what_happened(two: Annotator, tmp_path: Path) -> None:
    two.wish = {"folder": str(tmp_path / "own"), "times": 1}
    assert two.problem == "Nothing was saved: expected at least one sample to write, got none; annotate something first"
    two.add("the dog", 1)
    two.wish = {"folder": str(tmp_path / "own"), "times": 2}
    assert two.problem == ""
    assert two.notice.startswith("Saved 1 expression about 1 picture. Read them with tn.datasets.load")
    two.wish = {"folder": " ", "times": 3}
    assert (two.notice, two.problem) == ("", "Nothing was saved: expected the name of a folder, got nothing")
    (tmp_path / "file").write_text("mine")
    two.wish = {"folder": str(tmp_path / "file"), "times": 4}
    assert "file is a file" in two.problem


def test_a_saved_set_can_be_evaluated(two: Annotator, toy_models, tmp_path: Path) -> None:
    two.add("the man on the left", 1)
    two.add("the moon", None)
    samples = tn.datasets.load("folder", root=two.save(tmp_path / "own"))
    store = tn.Store(tmp_path / "store")
    run = tn.evaluate(samples, toy_models, methods=["tas"], store=store, out=tmp_path / "run")
    assert run.table().set_index("method").loc["oracle", "miou"] == pytest.approx(100)
    assert run.errors()["message"].tolist() == ["no target mask; an evaluation needs one"]


def test_pictures_names_and_artifacts_must_fit(toy_case, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    for wrong, says in (
        (([], []), "expected at least one picture"),
        (([sample.image], []), "expected one for each of 1 pictures, got 0"),
        (([sample.image, sample.image], [artifacts, artifacts]), "expected 2 different names"),
        (([sample.image[1:]], [artifacts]), "expected the image's size"),
        (([None], [artifacts]), "expected a picture, got None"),
    ):
        with pytest.raises(ValueError, match=says):
            tn.viewers.annotate(*wrong)
    with pytest.raises(ValueError, match="expected 1 different names"):
        tn.viewers.annotate(sample, artifacts, names=[" "])
    with pytest.raises(FileNotFoundError):
        tn.viewers.annotate(str(tmp_path / "no.png"), artifacts)
    Image.fromarray(sample.image).save(tmp_path / "park.png")
    assert tn.viewers.annotate(tmp_path / "park.png", artifacts).names == ["park"]
    assert tn.viewers.annotate(sample.image, artifacts).names == [artifacts.image_id]


def test_no_proposal_one_proposal_and_one_pixel(toy_case, toy_models, tmp_path: Path) -> None:
    sample, artifacts = toy_case
    none = tn.viewers.annotate(sample, only(artifacts, []))
    none.add("the dog", None)
    with pytest.raises(ValueError, match="no mask, as none was found"):
        none.add("the dog", 0)
    assert none.picture().ndim == 3
    one = tn.viewers.annotate(sample, only(artifacts, [0]))
    one.add("the dog", 0)
    assert len(tn.datasets.load("folder", root=one.save(tmp_path / "one"))) == 1
    pixel = np.full((1, 1, 3), 9, np.uint8)
    viewer = tn.viewers.annotate(pixel, tn.describe(pixel, toy_models))
    viewer.add("a dot", None)
    assert tn.datasets.load("folder", root=viewer.save(tmp_path / "dot"))[0].image.shape == (1, 1, 3)


def test_a_place_is_said_in_words(toy_case) -> None:
    masks = np.zeros((4, 90, 120), dtype=bool)
    masks[0, :10, :30] = True
    masks[1, 40:50, 50:70] = True
    masks[2, 89, 119] = True
    found = with_masks(only(toy_case[1], [0, 1, 2, 3]), masks).proposals
    assert places(found) == [
        "top left, 3 % of the picture", "middle, 2 % of the picture", "bottom right, less than 1 % of the picture",
        "empty",
    ]  # fmt: skip


def test_hostile_words_are_escaped_in_the_twin(two: Annotator) -> None:
    two.add(f"cat {HOSTILE}", 0)
    html = two.twin()["text/html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert repr(two).startswith("<Annotator: Picture 1 of 2, park: ")


def clicked(viewer: Annotator, **changes: object) -> None:
    """What a browser tells."""
    viewer.set_state({**changes, "at": viewer.at + 1_000, "said": viewer.said + 1})


MAN = {"image": 0, "expression": "the man", "proposal": 1}
HALF = {"expression": "the um", "choice": "3"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reopened(viewer: Annotator, **options: object) -> Annotator:
    """As after a restart of the kernel."""
    return tn.viewers.annotate(list(viewer.pictures), list(viewer.artifacts), names=viewer.names, **options)


def test_a_script_leaves_no_file_and_a_click_does(two: Annotator, here: Path) -> None:
    two.add("the dog", 1)
    assert list(here.iterdir()) == []
    clicked(two, entries=[*two.entries, MAN], halves={two.marks[0]: HALF})
    assert [path.name for path in here.iterdir()] == ["my_photos.draft.json"], "whole, and no leftover"
    assert two.kept == {"file": "my_photos.draft.json", "problem": ""}
    two.add("the cat", 2)  # from now on whatever happens is kept
    told = json.loads((here / "my_photos.draft.json").read_text())["pictures"]
    assert [e["expression"] for e in told[two.marks[0]]["entries"]] == ["the dog", "the man", "the cat"]
    assert told[two.marks[0]]["half"] == HALF
    assert two.marks[1] not in told, "of that picture nothing is kept"


def test_reopened_it_offers_and_resumes(two: Annotator, here: Path) -> None:
    clicked(two, entries=[MAN, {**MAN, "image": 1, "proposal": None}])
    clicked(two, halves={two.marks[1]: HALF})
    later = reopened(two)
    assert set(later.found) == set(two.marks)
    assert later.entries == []
    later.resume()
    assert later.entries == two.entries
    assert later.halves == {two.marks[1]: HALF}
    assert later.number == 1, "the picture of the last click"
    assert later.found == {}
    later.resume()  # nothing is left to take over
    assert reopened(two).found, "until a browser speaks, the file stays as it was"


def test_what_is_added_before_the_decision_joins_what_was_found(two: Annotator, here: Path) -> None:
    clicked(two, entries=[MAN])
    later = reopened(two)
    later.add("the dog", 2)
    clicked(later)
    later.add("The  MAN", 4)
    assert [e["expression"] for e in reopened(two).found[two.marks[0]]["entries"]] == ["the dog", "The  MAN"]


def test_starting_again_sets_the_draft_aside_each_time(two: Annotator, here: Path) -> None:
    for number in (1, 2):
        clicked(two, entries=[{**MAN, "proposal": number}])
        two = reopened(two)
        clicked(two, found={})
        assert f'"proposal": {number}' in (here / f"my_photos.{number}.before.json").read_text()
        assert reopened(two).found == {}


def test_other_masks_or_another_picture_find_nothing(two: Annotator, toy_case, here: Path) -> None:
    clicked(two, entries=[MAN])
    sample, artifacts = toy_case
    assert tn.viewers.annotate(sample, only(artifacts, [0, 1])).found == {}
    assert tn.viewers.annotate(255 - sample.image, artifacts).found == {}
    assert tn.viewers.annotate(sample, artifacts, names="another name").found != {}


def test_the_drafts_of_other_pictures_stay(two: Annotator, toy_case, here: Path) -> None:
    clicked(two, entries=[MAN])
    other = tn.viewers.annotate(255 - toy_case[0].image, toy_case[1])
    clicked(other, entries=[MAN])
    assert reopened(two).found[two.marks[0]]["entries"] == [{"expression": "the man", "proposal": 1}]


def test_one_picture_twice_has_two_records(toy_case, here: Path) -> None:
    sample, artifacts = toy_case
    twice = tn.viewers.annotate([sample.image] * 2, [artifacts] * 2, names=["a", "b"])
    clicked(twice, entries=[MAN, {**MAN, "image": 1, "proposal": 2}])
    later = reopened(twice)
    later.resume()
    assert later.entries == twice.entries


def test_who_resumes_may_renew_the_saved_set_and_who_starts_again_may_not(two: Annotator, here: Path) -> None:
    clicked(two, entries=[MAN])
    two.save("my_photos")
    again = reopened(two)
    again.resume()
    clicked(again, entries=[*again.entries, {**MAN, "expression": "the dog", "proposal": 2}])
    again.save("my_photos")
    assert tn.datasets.load("folder", root="my_photos").expressions == ("the man", "the dog")
    fresh = reopened(two)
    clicked(fresh, found={}, entries=[MAN])
    with pytest.raises(FileExistsError, match="holds a data set already"):
        fresh.save("my_photos")


def test_in_another_folder_the_draft_lies_beside_that_one(two: Annotator, here: Path) -> None:
    clicked(two, entries=[MAN])
    clicked(two, folder="sets/own")
    assert two.kept["file"] == str(Path("sets/own.draft.json"))
    assert reopened(two, folder=here / "sets" / "own").found
    dog = {**MAN, "expression": "the dog", "proposal": 2}
    elsewhere = reopened(two, folder="elsewhere")
    clicked(elsewhere, entries=[dog], halves={two.marks[0]: HALF})
    clicked(elsewhere, folder="sets/own")  # where an older draft lies: it is offered, and nothing of it is lost
    assert elsewhere.found[two.marks[0]]["entries"] == [{"expression": "the man", "proposal": 1}]
    assert (here / "sets" / "own.1.before.json").exists()
    elsewhere.resume()
    assert [e["expression"] for e in elsewhere.entries] == ["the man", "the dog"]
    for wrong in ("", "..", "/"):
        clicked(elsewhere, folder=wrong)
        assert elsewhere.kept["problem"].startswith("expected the name of a folder, got")


@pytest.mark.parametrize("text", ["", "mine", "[]", '{"pictures": 5}', '{"pictures": {"x": {"time": 1}}}', "\udcff"])
def test_a_file_that_is_no_draft_stays_as_it_is(two: Annotator, here: Path, text: str) -> None:
    file = here / "my_photos.draft.json"
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    later, before = reopened(two), file.read_bytes()
    clicked(later, entries=[MAN])
    assert later.kept["problem"].startswith("my_photos.draft.json is not what annotate wrote, and is not written over")
    assert later.entries == [MAN]
    assert file.read_bytes() == before


def test_a_mask_that_is_not_there_is_no_draft_either(two: Annotator, here: Path) -> None:
    clicked(two, entries=[MAN])
    file = here / "my_photos.draft.json"
    file.write_text(file.read_text().replace('"proposal": 1', '"proposal": 999'))
    later = reopened(two)
    assert later.found == {}
    assert "expected a mask number from 0 to" in later.kept["problem"]


def test_a_place_that_cannot_be_written_is_told(two: Annotator, here: Path) -> None:
    (here / "file").write_text("mine")
    clicked(two, folder="file/own", entries=[MAN])
    assert two.kept["file"] == ""
    assert "file" in two.kept["problem"]
    clicked(two, folder="own")
    assert two.kept == {"file": "own.draft.json", "problem": ""}


def test_what_a_browser_tells_of_drafts_is_checked(two: Annotator, here: Path) -> None:
    entry = {"expression": "x", "proposal": 999}
    for wrong in (
        {"found": {two.marks[0]: {"time": 1, "entries": [entry], "half": None}}},
        {"found": {"another": {"time": 1, "entries": [], "half": None}}},
        {"found": {two.marks[0]: 7}},
        {"halves": {two.marks[0]: {"expression": 5, "choice": ""}}},
    ):
        clicked(two, **wrong)
        assert two.heard["problem"].startswith("This did not work: ")
    assert (two.found, two.halves) == ({}, {})


def test_a_frozen_page_has_neither_the_authors_drafts_nor_their_place(two: Annotator, here: Path) -> None:
    clicked(two, entries=[MAN], halves={two.marks[0]: HALF}, folder=str(here / "own"))
    two.wish = {"folder": str(here / "own"), "times": 1}
    assert two.notice
    frozen = json.dumps(two.snapshot())
    assert "the man" in frozen
    assert str(here) not in frozen
    assert HALF["expression"] not in frozen
    assert reopened(two, folder=here / "own").snapshot()["found"] == {}
