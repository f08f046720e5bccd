"""Anybody's answers: every format gives the same run, each fault is one line, and what was exported comes back."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tasnb as tn
from tasnb.core.errors import UserError
from tasnb.core.masks import to_rle
from tasnb.evaluation import ablation, importing, quality, reading
from tasnb.evaluation.answer_files import AnswerFile, Key
from tasnb.evaluation.samples import RunSamples
from tasnb.evaluation.sweep import rerank
from tasnb.viewers.cases import Cases
from tests.datasets.hand_made import (
    HEIGHT,
    WIDTH,
    phrasecut_tasks,
    rectangle,
    refer_parts,
    write_phrasecut,
    write_refer,
)

SIZE = (HEIGHT, WIDTH)


def block(x: int, y: int, w: int, h: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    mask = np.zeros(size, dtype=bool)
    mask[y : y + h, x : x + w] = True
    return mask


# the answers to "the dog", "left dog" (ref 1, image 1) and "the people" (ref 2, image 2); the last is no answer
MASKS = (block(2, 2, 10, 10), block(9, 3, 20, 20), None)


@pytest.fixture(scope="module")
def dogs(tmp_path_factory) -> Any:
    """Three sentences of two pictures; the first target is x 2 to 17, y 2 to 12, the other a column of 30 pixels."""
    root = write_refer(tmp_path_factory.mktemp("dogs"), *refer_parts())
    with pytest.warns(tn.datasets.CountWarning):
        return tn.datasets.load("refcoco", split="val", root=root)


def take(samples: Any, path: Path, out: Path, **options: Any) -> Any:
    return tn.evaluation.import_predictions(path, samples, name="mine", out=out / "run", **options)


def rle(mask: np.ndarray | None) -> Any:
    return None if mask is None else to_rle(mask)


def runs_of(mask: np.ndarray) -> list[int]:
    flat = mask.ravel(order="F")
    cuts = [0, *(np.flatnonzero(np.diff(flat)) + 1), len(flat)]
    return ([0] if flat[0] else []) + np.diff(cuts).tolist()


def as_json(rows: Any) -> Any:
    return lambda path: path.with_suffix(".json").write_text(json.dumps(rows)) and path.with_suffix(".json")


def as_lines(rows: Any) -> Any:
    text = "\n".join(json.dumps(row) for row in rows)
    return lambda path: path.with_suffix(".any").write_text(text) and path.with_suffix(".any")


def as_parquet(rows: Any) -> Any:
    def write(path: Path) -> Path:
        pd.DataFrame(rows).to_parquet(path)
        return path

    return write


def as_pictures(path: Path) -> Path:
    path.mkdir()
    for sent_id, mask in enumerate(MASKS[:2]):
        Image.fromarray(mask).save(path / f"{sent_id}.png")
    return path


def naming_pictures(path: Path) -> Path:
    as_pictures(path)
    rows = [{"sent_id": n, "pred_mask": f"{path.name}/{n}.png"} for n in (0, 1)] + [{"sent_id": 2, "pred_mask": ""}]
    return as_json(rows)(path)


SAID = ((1, "the dog"), (1, "LEFT  dog"), (2, "the people"))  # image, which is the ref's number too, and sentence


def rows(key: Any = lambda n: {"sent_id": n}, name: str = "segmentation", value: Any = rle, **more: Any) -> list[dict]:
    return [{**key(n), name: value(mask), **more} for n, mask in enumerate(MASKS)]


def by_words(name: str, text: str) -> Any:
    return lambda n: {name: SAID[n][0], text: SAID[n][1]}


HALVES = [rle(block(2, 2, 5, 10)), rle(block(6, 2, 6, 10))]
COCO = rows(lambda n: {"image_id": SAID[n][0], "sent_id": n, "category_id": 1}, value=lambda m: rle(m) or [], score=0.5)
# how it is said -> (format, what writes it)
WAYS: dict[str, tuple[str, Any]] = {
    "sent_id": ("JSON", as_json(rows())),
    "predictions": ("JSON", as_json({"predictions": rows(lambda n: {"sent_id": f"{n}"}, "rle")})),
    "sample_id": ("JSON lines", as_lines(rows(lambda n: {"sample_id": f"refcoco-val-{n}"}, "mask"))),
    "ref_id": ("JSON lines", as_lines(rows(by_words("ref_id", "sentence")))),
    "image_id": ("JSON", as_json({"results": rows(by_words("image_id", "expression"))})),
    "plain runs": ("JSON", as_json(rows(value=lambda m: m if m is None else {"size": SIZE, "counts": runs_of(m)}))),
    "text of runs": ("JSON", as_json(rows(value=lambda m: "" if m is None else rle(m)["counts"]))),
    "JSON in JSON": ("JSON", as_json(rows(value=lambda m: "[]" if m is None else json.dumps(rle(m))))),
    "several masks": ("JSON", as_json([{"sent_id": 0, "segmentation": HALVES},
                                       {"sent_id": 1, "segmentation": [rle(MASKS[1]), None]}, {"sent_id": 2}])),
    "polygons": ("JSON", as_json([{"sent_id": 0, "segmentation": [rectangle(2, 2, 10, 10)]},
                                  {"sent_id": 1, "segmentation": rectangle(9, 3, 20, 20)}, {"sent_id": 2}])),
    "struct": ("Parquet", as_parquet(rows(score=0.5))),
    "bytes": ("Parquet", as_parquet(rows(lambda n: {"sent_id": float(n)},
                                         value=lambda m: m if m is None else rle(m)["counts"].encode()))),
    "PNG files": ("PNG files", as_pictures),
    "names of PNG files": ("JSON", naming_pictures),
    "COCO results": ("COCO results", as_json(COCO)),
    "COCO, several rows": ("COCO results", as_json([COCO[0] | {"segmentation": half} for half in HALVES] + COCO[1:])),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_format_and_key_gives_the_same_run(way: str, dogs, tmp_path: Path) -> None:
    format_, write = WAYS[way]
    run = take(dogs, write(tmp_path / "answers"), tmp_path)
    found, rows = run.about["imported"], run.predictions()
    assert (found["format"], found["box"], found["unknown"], found["doubled"]) == (format_, False, [], [])
    assert found["missing"] == (["refcoco-val-2"] if way == "PNG files" else [])
    # by hand: 100 of 150 pixels; 8 x 9 of the 400 and 150; nothing of 30
    expected = [(100, 150), (8 * 9, 400 + 150 - 72), (0, 30)][: len(rows)]
    assert list(zip(rows["intersection"], rows["union"], strict=True)) == expected
    assert rows["proposals"].tolist() == [1, 1, 0][: len(rows)]
    assert rows[["chosen", "oracle"]].eq(-1).all(axis=None)
    behind = RunSamples(run, samples=dogs)
    assert [np.array_equal(behind.answer(n, "mine"), MASKS[n]) for n in (0, 1)] == [True, True]
    assert behind.answer(2, "mine") is None
    refs = run.refs().set_index("ref_id")
    assert tuple(refs.loc["1", ["sentences", "intersection", "union"]]) == (2, 100 + 5 * 9, 100 + 400 - 3 * 9 + 5)
    assert rows["head"].tolist()[:2] == ["dog", "dog"]
    assert rows["category"].tolist()[0] == "dog"


# --- layouts of others, made from their own code ----------------------------------------------------------------------


def test_rows_of_an_evaluation_like_lavts(dogs, tmp_path: Path) -> None:
    """Its loop: the sentences of a ref by their place, answers and target at 480 x 480 (yz93/LAVT-RIS, test.py)."""
    rows = [
        {"ref_id": ref, "sent_idx": place, "pred_mask": rle(block(0, 0, 240, 480, (480, 480)))}
        for ref, place in ((1, 0), (1, 1), (2, 0))
    ]
    path = as_json(rows)(tmp_path / "answers")
    with pytest.raises(UserError, match=r"row 1 \(ref 1, 0\): pred_mask: .* 480 x 480 .*picture is 30 x 40"):
        take(dogs, path, tmp_path)
    run = take(dogs, path, tmp_path, resize=True)
    assert run.about["imported"]["resized"] == 3
    behind = RunSamples(run, samples=dogs)
    assert np.array_equal(behind.answer(1, "mine"), block(0, 0, 20, 30))


def test_prediction_masks_of_xtuners_kin(dogs, tmp_path: Path) -> None:
    """A row an expression (Sa2VA, projects/samtok), and a row an image with null for none (projects/sa2va)."""
    said = [{"image_id": i, "phrase": text, "bbox_name": "x", "gt_masks": [rle(block(0, 0, 1, 1))],
             "prediction_masks": [rle(np.zeros(SIZE, bool) if m is None else m)]}
            for (i, text), m in zip(SAID, MASKS, strict=True)]  # fmt: skip
    one = take(dogs, as_json(said)(tmp_path / "a"), tmp_path / "a.run")
    whole = [{"img_id": "1", "text": ["the dog", "left dog"], "prediction_masks": [[rle(m)] for m in MASKS[:2]]},
             {"img_id": "2", "text": ["the people"], "prediction_masks": [None]}]  # fmt: skip
    other = take(dogs, as_json(whole)(tmp_path / "b"), tmp_path / "b.run")
    for run in (one, other):
        assert run.predictions()["intersection"].tolist() == [100, 72, 0]
    # a mask without pixels was an answer, null was none: a protocol that skips what has none tells them apart
    assert [run.table("global-local")["n"].item() for run in (one, other)] == [3, 2]
    del whole[1]["text"]
    with pytest.raises(UserError, match="row 2: prediction_masks of a whole image; add text"):
        take(dogs, as_json(whole)(tmp_path / "c"), tmp_path / "c.run")


def test_phrasecuts_own_predictions(tmp_path: Path) -> None:
    """A PNG of 1 bit a task, TASK.png (evaluate.py, save_pred_to_png); the older .npy is a pickle and is refused."""
    root = write_phrasecut(tmp_path, phrasecut_tasks())
    with pytest.warns(tn.datasets.CountWarning):
        samples = tn.datasets.load("phrasecut", split="test", root=root)
    (tmp_path / "predictions").mkdir()
    for sample in samples:
        Image.fromarray(sample.target).convert("1").save(tmp_path / "predictions" / f"{sample.sent_id}.png")
    run = take(samples, tmp_path / "predictions", tmp_path)
    assert run.predictions()["iou"].tolist() == [1, 1, 1]
    np.save(tmp_path / "test.npy", {7: {"7__1": {"pred_mask": np.packbits(samples[1].target)}}}, allow_pickle=True)
    with pytest.raises(UserError, match=r"test.npy is a file of numpy or a pickle.*dict_to_png_pred"):
        take(samples, tmp_path / "test.npy", tmp_path / "2")


# --- keys -------------------------------------------------------------------------------------------------------------


def test_missing_doubled_and_unknown_keys_are_counted_and_told(dogs, tmp_path: Path) -> None:
    rows = [{"sent_id": n, "segmentation": rle(block(0, 0, 5, 5))} for n in (0, 0, 77)]
    run = take(dogs, as_json(rows)(tmp_path / "a"), tmp_path)
    found = run.about["imported"]
    assert found["missing"] == ["refcoco-val-1", "refcoco-val-2"]
    assert (found["doubled"], found["unknown"]) == (["sentence 0"], ["sentence 77"])
    assert math.isclose(found["coverage"], 1 / 3)
    for protocol in tn.metrics.PROTOCOLS:
        assert run.table(protocol)["missing"].tolist() == [2]
        assert "coverage 33.3 %" in run.text(protocol)
        assert "oracle" not in run.text(protocol)
    assert importing.told_of(found)[1:] == [
        "1 rows of a key that came before, left out: sentence 0",
        "1 rows that name no sample, left out: sentence 77",
    ]


def test_the_same_words_about_one_picture_are_answered_alike_and_told(tmp_path: Path) -> None:
    instances, refs = refer_parts()
    refs.append({**refs[0], "ref_id": 9, "ann_id": 13, "category_id": 1, "sent_ids": [9],
                 "sentences": [{"sent_id": 9, "sent": "The  dog", "raw": "", "tokens": []}]})  # fmt: skip
    root = write_refer(tmp_path, instances, refs)
    with pytest.warns(tn.datasets.CountWarning):
        samples = tn.datasets.load("refcoco", split="val", root=root)
    row = {"image_id": 1, "expression": "the dog", "segmentation": rle(MASKS[0])}
    run = take(samples, as_json([row])(tmp_path / "a"), tmp_path / "a.run")
    assert run.predictions().set_index("sent_id")["intersection"].to_dict() == {"0": 100, "9": 0}
    assert run.about["imported"]["ambiguous"] == ["image 1, 'the dog'"]
    # as many rows as sentences: each its own, in the data's order
    run = take(
        samples, as_json([row, row | {"segmentation": rle(block(20, 20, 5, 5))}])(tmp_path / "b"), tmp_path / "b.run"
    )
    assert run.predictions().set_index("sent_id")["iou"].round(2).to_dict() == {"0": 0.67, "9": 1.0}


# --- boxes and sizes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("box", "said", "form"),
    [
        ({"bbox": [2, 2, 10, 10]}, "xywh", "xywh"),
        ({"bbox": [2, 2, 12, 12]}, "xyxy", "xyxy"),
        ({"bbox_xyxy": [1.5, 2.4, 11.6, 12.2]}, None, "xyxy"),
        ({"bbox_xywh": [2, 2, 10, 10]}, None, "xywh"),
        ({"bbox": [2, 2, 10, 10], "category_id": 1, "image_id": 1}, None, "xywh"),
    ],
)
def test_a_box_is_measured_against_the_targets_box(
    box: dict, said: str | None, form: str, dogs, tmp_path: Path
) -> None:
    rows = [{"sent_id": 0, **box}, {"sent_id": 1, **box, next(iter(box)): []}]
    run = take(dogs, as_json(rows)(tmp_path / "a"), tmp_path, bbox=said)
    assert run.about["variant_options"]["box"] == form
    assert run.predictions()[["intersection", "union", "target_area"]].to_numpy().tolist() == [
        [100, 150, 150],
        [0, 150, 150],
    ]
    assert "box IoU" in run.text()
    # its exports come back as boxes
    for name in ("a.json", "b.jsonl"):
        again = take(dogs, tn.evaluation.export_answers(run, tmp_path / "x" / name), tmp_path / name[0])
        pd.testing.assert_frame_equal(again.table(), run.table(), check_exact=True)


def test_another_size_is_brought_by_nearest_neighbour(dogs, tmp_path: Path) -> None:
    small = np.array([[True, False, False, True], [False, True, False, False], [False, False, False, True]])
    file = AnswerFile.read(as_json([{"sent_id": 0, "segmentation": rle(small)}])(tmp_path / "a"))
    mask, counts, resized = file.draw(file.answers[0], (6, 12), resize=True)
    assert np.array_equal(mask, np.kron(small, np.ones((2, 3), bool)))
    assert (counts, resized) == (None, True)
    # 4 to 3 columns: centres 0.67, 2, 3.33 of the old ones
    assert np.array_equal(file.draw(file.answers[0], (3, 3), resize=True)[0], small[:, [0, 2, 3]])


# --- faults -----------------------------------------------------------------------------------------------------------

CODE = rle(MASKS[1])


def one(**fields: Any) -> Any:
    """A file whose second row has these fields."""
    return as_json([{"sent_id": 0, "segmentation": CODE}, {"sent_id": 1, "segmentation": CODE, **fields}])


def raw(data: bytes) -> Any:
    return lambda path: path.write_bytes(data) and path


SECOND = r"row 2 \(sentence 1\): segmentation: "
BAD: dict[str, tuple[Any, str]] = {
    "size": (one(segmentation={**CODE, "size": [9, 9]}), SECOND + ".* 9 x 9 .*30 x 40"),
    "vast size": (one(segmentation={**CODE, "size": [10**9, 10**9]}), SECOND),
    "no counts": (one(segmentation={"size": SIZE}), SECOND + "expected the keys 'size' and 'counts'"),
    "damaged counts": (one(segmentation={"size": SIZE, "counts": "0`"}), SECOND + ".*damaged"),
    "a vast run": (one(segmentation={"size": SIZE, "counts": [10**9]}), SECOND + "run lengths add up"),
    "a run beyond 64 bits": (one(segmentation={"size": SIZE, "counts": [10**30]}), SECOND),
    "fractions": (one(segmentation={"size": SIZE, "counts": [0.5, 1199.5]}), SECOND),
    "a number": (one(segmentation=7), SECOND + "expected run lengths, polygons or the name"),
    "polygon of text": (one(segmentation=[["a", "b"]]), SECOND + "expected a polygon of numbers"),
    "far polygon": (one(segmentation=[[0, 0, 1e12, 0, 1e12, 1e12]]), SECOND + "a polygon has a point farther"),
    "nan polygon": (one(segmentation=[[0, 0, math.nan, 0, 1, 1]]), SECOND),
    "outside": (one(segmentation="../a.png"), SECOND + ".*leads out of the folder"),
    "absolute": (one(segmentation="/etc/a.png"), SECOND + ".*leads out of the folder"),
    "no picture": (one(segmentation="none.png"), SECOND + "no such mask"),
    "deep": (one(segmentation="[" * 100_000 + "]" * 100_000), SECOND + "it is not readable JSON"),
    "score": (one(score="high"), r"row 2: score: expected a number, got 'high'"),
    "vast score": (one(score=10**400), r"row 2: score: expected a number"),
    "sent_id": (one(sent_id=[1]), r"row 2: sent_id: expected a number or a text, got \[1\]"),
    "sent_id is true": (one(sent_id=True), "row 2: sent_id: expected a number or a text"),
    "nan sent_id": (one(sent_id=math.nan), "row 2: sent_id"),
    "half a character": (
        one(sent_id=None, image_id=1, expression="\ud800"),
        "row 2: expression: expected the expression",
    ),
    "place": (one(sent_id=None, ref_id=1, sent_idx=-1), "row 2: sent_idx: expected a place from 0 on, got -1"),
    "no key": (
        as_json([{"segmentation": CODE}]),
        "row 1: expected sent_id, ref_id and sentence, or image_id and expr",
    ),
    "plain COCO": (
        as_json([{"image_id": 1, "category_id": 1, "segmentation": CODE}]),
        "COCO results do not say which expr",
    ),
    "no answer": (
        as_json([{"sent_id": 0, "masks": CODE}]),
        "no row has an answer; expected segmentation or bbox, got the",
    ),
    "box and mask": (
        as_json([{"sent_id": 0, "segmentation": CODE}, {"sent_id": 1, "bbox": [0, 0, 1, 1]}]),
        "row 2 .*a box",
    ),
    "unsaid box": (as_json([{"sent_id": 0, "bbox": [0, 0, 1, 1]}]), "say which: --bbox xywh or --bbox xyxy"),
    "short box": (as_json([{"sent_id": 0, "bbox_xywh": [0, 0, 1]}]), r"row 1 \(sentence 0\): bbox_xywh: expected four"),
    "nan box": (as_json([{"sent_id": 0, "bbox_xywh": [0, 0, 1, math.nan]}]), "expected four numbers xywh"),
    "turned box": (as_json([{"sent_id": 0, "bbox_xyxy": [9, 9, 1, 1]}]), "ends before it begins"),
    "none fits": (
        as_json([{"sent_id": "x", "segmentation": CODE}]),
        "none of 1 rows names a sample; the first is sentence x",
    ),
    "no rows": (as_json([]), "has no rows"),
    "a list in a row": (as_json([[1]]), "row 1: expected an object"),
    "lists of two lengths": (
        as_json([{"image_id": 1, "text": ["a", "b"], "mask": [CODE]}]),
        "row 1: 2 of text, expected as",
    ),
    "an object": (
        as_json({"a": 1}),
        "expected a list of rows, or an object with predictions, results, annotations; got a",
    ),
    "half": (raw(b'[{"sent_id": 1, "segm'), "is not readable JSON"),
    "half a line": (raw(b'{"sent_id": 0, "mask": []}\n{"sent_id": 1, "ma'), "line 2, is not readable JSON"),
    "not UTF-8": (raw(b'[{"sent_id": "\xff"}]'), "is not readable JSON"),
    "empty": (raw(b" "), "is empty"),
    "LFS": (raw(b"version https://git-lfs.github.com/spec/v1\noid sha256:0"), "is a Git LFS pointer"),
    "pickle": (raw(b"\x80\x04."), "is a file of numpy or a pickle"),
    "Parquet": (raw(b"PAR1 and no more"), "is not readable Parquet"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_fault_is_one_line_and_leaves_nothing(fault: str, dogs, tmp_path: Path) -> None:
    write, told = BAD[fault]
    path = write(tmp_path / "answers")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError, match=told) as caught:
        take(dogs, path, tmp_path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_is_kept_or_refused(dogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_json([{"sent_id": 0, "segmentation": CODE}])(tmp_path / "a")
    (tmp_path / "run").mkdir()  # an empty one may be there
    run = take(dogs, path, tmp_path)
    tn.analysis.notes(run).write("refcoco-val-0", note="odd")
    again = take(dogs, path, tmp_path, protocol="lavt")
    assert (again.about["protocol"], again.summary["protocol"]) == ("lavt", "lavt")
    assert tn.analysis.notes(again).of("refcoco-val-0").note == "odd"
    other = as_json([{"sent_id": 1, "segmentation": CODE}])(tmp_path / "b")
    with pytest.raises(UserError, match="holds another run"):
        take(dogs, other, tmp_path)
    with pytest.raises(UserError, match="is not empty and holds no run"):
        tn.evaluation.import_predictions(path, dogs, name="mine", out=tmp_path)

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "finish", stopped)
    with pytest.raises(KeyboardInterrupt):
        tn.evaluation.import_predictions(path, dogs, name="mine", out=tmp_path / "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b.json", "run"]


def test_a_sample_with_a_fault_is_a_row_of_errors(tmp_path: Path) -> None:
    instances, refs = refer_parts()
    refs[1]["ann_id"] = 99  # annotated nowhere
    refs[0]["sentences"][1]["sent"] = " "
    root = write_refer(tmp_path, instances, refs)
    with pytest.warns(tn.datasets.CountWarning):
        samples = tn.datasets.load("refcoco", split="val", root=root)
    rows = [{"sent_id": n, "segmentation": CODE} for n in range(3)]
    run = take(samples, as_json(rows)(tmp_path / "a"), tmp_path)
    assert run.predictions()["sent_id"].tolist() == ["0"]
    assert run.errors()["sample_id"].tolist() == ["refcoco-val-1", "refcoco-val-2"]
    assert run.table()["missing"].tolist() == [2]


def test_many_expressions_are_read_alike_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, as this one has torch."""
    texts = ["left dog", "  ", "the man in a red shirt"]
    here = reading.read_expressions(texts)
    monkeypatch.setattr(reading, "MANY", 1)
    monkeypatch.setattr(reading, "_language", lambda: pytest.fail("read here"))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    there = reading.read_expressions([*texts, "left dog"])
    assert there[texts[0]] == here[texts[0]]
    assert there[texts[2]] == here[texts[2]]
    assert isinstance(there["  "], ValueError)


def test_no_picture_is_read(dogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tn.datasets.Samples, "image", lambda *_: pytest.fail("read"))
    assert len(take(dogs, as_json([{"sent_id": 0, "segmentation": CODE}])(tmp_path / "a"), tmp_path).predictions()) == 1


def test_bare_samples_are_answered_too(dogs, tmp_path: Path) -> None:
    path = as_json([{"sent_id": n, "segmentation": CODE} for n in range(3)])(tmp_path / "a")
    runs = [take(samples, path, tmp_path / f"{n}") for n, samples in enumerate((dogs, list(dogs)))]
    for one, other in zip(
        *(run.predictions().drop(columns=["category", "same_kind"]).to_dict("records") for run in runs), strict=True
    ):
        assert one == other


# --- there and back ---------------------------------------------------------------------------------------------------


def test_what_was_exported_comes_back_with_the_same_tables(reftoy_val, tmp_path: Path) -> None:
    run = tn.Run.shipped("toy", "reftoy", "val")
    path = tn.evaluation.export_answers(run, tmp_path / "a.json")
    again = tn.evaluation.import_predictions(path, reftoy_val, name="tas", out=tmp_path / "run")
    for protocol in tn.metrics.PROTOCOLS:
        pd.testing.assert_frame_equal(again.table(protocol), run.table(protocol, ["tas"])[:1], check_exact=True)
    found = tn.compare(run, again)
    assert (found.frame["difference"] == 0).all()
    assert set(found.frame["method"]) == {"tas"}


@pytest.mark.parametrize("method", tn.Run.shipped().methods[1:])
def test_every_methods_answers_come_back(method: str, reftoy_val, tmp_path: Path) -> None:
    """What tables are made of, in its order, on the first pictures: all of a table follows from it."""
    run, few = (
        tn.Run.shipped("toy", "reftoy", "val"),
        reftoy_val[: reftoy_val.image_ids.index(reftoy_val.image_ids[60])],
    )
    path = tn.evaluation.export_answers(run, tmp_path / "a.jsonl", method)
    again = tn.evaluation.import_predictions(path, few, name=method, out=tmp_path / "run")
    for protocol in ("tas", "car"):
        units, mine = run.units(method, protocol), again.units(method, protocol)
        units = units[units["image_id"].isin(set(few.image_ids))].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, units, check_exact=True)
        assert len(mine) > 20


@pytest.fixture(scope="session")
def own_run(toy_run, few, warm_store, tmp_path_factory) -> Any:
    """A method that answers with the lower half of its proposal, with nothing, or with a mask that has no pixels."""

    def halved(artifacts: Any, expression: str, models: Any) -> Any:
        from dataclasses import replace

        answer = tn.clip_only(artifacts, expression, models)
        mask = answer.mask.copy()
        mask[: (len(expression) % 3) * len(mask) // 2] = False
        return replace(answer, mask=mask, index=None)

    folder = tmp_path_factory.mktemp("own") / "run"
    how: dict[str, Any] = {"out": folder, "store": warm_store, "model_options": {"device": "cpu"}}
    return tn.evaluate(few, "toy", methods={"halved": halved}, **how)


def test_masks_of_a_methods_own_come_back_too(own_run, few, tmp_path: Path) -> None:
    assert 0 < len(own_run.answers()) < len(few)
    for name in ("a.json", "b.jsonl"):
        path = tn.evaluation.export_answers(own_run, tmp_path / name)
        first = tn.evaluation.import_predictions(path, few, name="halved", out=tmp_path / f"{name}.1")
        path = tn.evaluation.export_answers(first, tmp_path / f"again-{name}")
        second = tn.evaluation.import_predictions(path, few, name="halved", out=tmp_path / f"{name}.2")
        for run in (first, second):
            for protocol in tn.metrics.PROTOCOLS:
                pd.testing.assert_frame_equal(run.table(protocol), own_run.table(protocol)[:1], check_exact=True)


def test_exports_are_coco_results(tmp_path: Path) -> None:
    from pycocotools import mask as coco

    run = tn.Run.shipped("toy", "reftoy", "val")
    rows = json.loads(tn.evaluation.export_answers(run, tmp_path / "a.json").read_text())
    first = rows[0]
    assert {type(first[name]) for name in ("image_id", "category_id", "sent_id", "ref_id")} == {int}
    assert (
        coco.toBbox({**first["segmentation"], "counts": first["segmentation"]["counts"].encode()}).tolist()
        == first["bbox"]
    )
    with pytest.raises(UserError, match=r"ends in .json \(COCO results\) or .jsonl"):
        tn.evaluation.export_answers(run, tmp_path / "a.csv")
    with pytest.raises(UserError, match="unknown method 'mine'"):
        tn.evaluation.export_answers(run, tmp_path / "b.json", "mine")
    proposals = run.proposals().assign(mask=None)
    run.proposals = lambda: proposals  # type: ignore[method-assign]
    with pytest.raises(UserError, match="holds no mask of the answer to reftoy-val-1"):
        tn.evaluation.export_answers(run, tmp_path / "b.json")
    assert not (tmp_path / "b.json").exists()


# --- a run like any other ---------------------------------------------------------------------------------------------


def test_runs_on_other_samples_are_paired_by_their_ids(dogs, tmp_path: Path) -> None:
    path = as_json([{"sent_id": n, "segmentation": rle(m)} for n, m in enumerate(MASKS)])(tmp_path / "a")
    whole, part = take(dogs, path, tmp_path / "1"), take(dogs[1:], path, tmp_path / "2")
    found = tn.compare(whole, part)
    assert found.frame["n"].tolist() == [2, 2]
    assert found.frame["difference"].tolist() == [0, 0]


def test_another_methods_answers_are_paired_with_every_method(tmp_path: Path, reftoy_val) -> None:
    run = tn.Run.shipped("toy", "reftoy", "val")
    path = tn.evaluation.export_answers(run, tmp_path / "a.jsonl", "clip-only")
    mine = take(reftoy_val, path, tmp_path)
    found = tn.compare(run, mine, metric="miou")
    frame = found.frame.set_index("method")
    assert list(frame.index) == [f"{method} / mine" for method in run.methods]
    assert frame.loc["clip-only / mine", "difference"] == 0
    # as the run compares its own two
    row = next(r for r in run.summary["differences"] if (r["second"], r["metric"]) == ("clip-only", "miou"))
    assert math.isclose(frame.loc["tas / mine", "difference"], -row["difference"])
    assert any("imported answers of mine" in note for note in found.notes)


STAGES: dict[str, Any] = {
    "sweep": lambda run: tn.sweep(run),
    "rerank": lambda run: rerank(run, alpha=0.1, lam=0.7),
    "ablation": lambda run: ablation.ablation(run),
    "against": lambda run: tn.paper.against(run),
    "proposal_quality": lambda run: quality.proposal_quality({"a": run}),
    "caption_quality": lambda run: quality.caption_quality(run),
    "oracle": lambda run: run.units("oracle"),
    "gap": lambda run: tn.analysis.experiments.gap({"a": run, "b": run}),
    "prior": lambda run: tn.analysis.experiments.prior([run], wordnet=object()),
    "sweep_view": lambda run: tn.viewers.sweep_view(run),
    "explore": lambda run: Cases(run, models=object()).artifacts(0),
}


@pytest.fixture(scope="module")
def imported(dogs, tmp_path_factory) -> Any:
    out = tmp_path_factory.mktemp("imported")
    return take(dogs, as_json([{"sent_id": 0, "segmentation": CODE}])(out / "a"), out)


@pytest.mark.parametrize("what", STAGES)
def test_what_needs_stages_says_so_in_one_line(what: str, imported) -> None:
    with pytest.raises(
        UserError, match="needs proposals and scores, and this run holds imported answers only"
    ) as caught:
        STAGES[what](imported)
    assert "\n" not in str(caught.value)


def test_a_key_says_what_it_names() -> None:
    assert [str(Key("sentence", "3")), str(Key("ref", "3", 0)), str(Key("image", "3", "a dog"))] == [
        "sentence 3", "ref 3, 0", "image 3, 'a dog'",
    ]  # fmt: skip
