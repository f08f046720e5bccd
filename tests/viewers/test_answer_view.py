"""``answer_view``: an answer beside everything annotated, for a run inside and for imported answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tasnb as tn
from tasnb.evaluation.samples import MissingCase


@pytest.fixture(scope="module")
def imported(reftoy_val, tmp_path_factory):
    """Answers of a method that takes the annotated thing after the one that is meant, and nothing for the last."""
    folder, few, rows = tmp_path_factory.mktemp("answers"), reftoy_val[:6], []
    for place, sent_id in enumerate(few.sent_ids):
        things = few.instances(few.image_id(place))
        meant = [each.id in few.target_ids(place) for each in things].index(True)
        mask = things[(meant + 1) % len(things)].mask
        rows.append({"sent_id": sent_id, "segmentation": None if place == 5 else tn.masks.to_rle(mask)})
    path = folder / "a.json"
    path.write_text(json.dumps(rows))
    return tn.evaluation.import_predictions(path, few, name="next", out=folder / "run")


def test_an_answer_stands_beside_the_annotated_things(imported) -> None:
    viewer = tn.viewers.answer_view(imported, 0)
    meant = [each["meant"] for each in viewer.instances]
    assert sum(meant) == 1
    other = viewer.instances[(meant.index(True) + 1) % len(meant)]
    assert (other["iou"], other["covered"], other["inside"]) == (1.0, 1.0, 1.0)
    assert viewer.instances[meant.index(True)]["iou"] < 0.5
    assert viewer.picture().dtype == np.uint8
    assert [figure["name"] for figure in viewer.record["figures"]] == ["answer", "annotated"]
    assert "next answered with IoU 0." in viewer.words()


def test_no_answer_is_said(imported) -> None:
    viewer = tn.viewers.answer_view(imported, 5)
    assert viewer.words().endswith("next answered with nothing.")
    assert {each["iou"] for each in viewer.instances} == {0.0}


def test_a_run_inside_has_one_too(reftoy_val) -> None:
    run = tn.Run.shipped("toy", "reftoy", "val")
    row = run.predictions().iloc[0]
    viewer = tn.viewers.answer_view(run, 0, samples=reftoy_val)
    meant = next(each for each in viewer.instances if each["meant"])
    assert meant["iou"] == pytest.approx(row["iou"])
    assert f"mask {row['chosen']}" in viewer.words()
    with pytest.raises(ValueError, match="unknown method"):
        tn.viewers.answer_view(run, 0, method="mine")
    with pytest.raises(MissingCase, match="sample 9999"):
        tn.viewers.answer_view(run, 9999)


def test_the_gallery_of_imported_answers_opens_them(imported) -> None:
    gallery = tn.viewers.gallery(imported)
    assert gallery.about["sorts"] == ["sample", "iou", "expression"]
    first, last = gallery.page["cases"][0], gallery.page["cases"][5]
    assert first["thumb"].startswith("data:image")
    assert first["alt"].endswith("target dashed, the answer tinted")
    assert last["alt"].endswith("target dashed")
    assert first["lines"] == [f"IoU {imported.predictions()['iou'][0]:.2f}"]
    assert gallery.look(2).words() == tn.viewers.answer_view(imported, 2).words()
    assert gallery.picture().ndim == 3
