"""The experiments on planted cases, whose answers follow by hand: pictures of two squares each, and models of words.

The encoder of these models sees in a picture the words that its colour stands for, and likens texts by the words that
they share; the captioner says nothing of a thing. So V, P and N can be read off the words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tasnb as tn
from tasnb.analysis import experiments
from tasnb.core.masks import make_proposals
from tasnb.core.types import Cue, Head, Models, Parse, Proposals, parse_to_json
from tasnb.evaluation.runs import Run
from tests.datasets.hand_made import HEIGHT, WIDTH, rectangle, write_refer
from tests.test_docstrings import faults_of
from tests.viewers.made_runs import of_scores

VOCABULARY = ("red", "blue", "ball", "kite", "dog", "man", "shirt", "tree", "bird")
PLACES = ((2, 2), (20, 2))  # of the first and the second proposal of each picture


@dataclass(frozen=True)
class Encoder:
    """seen: the words of a colour, by its red value; the rest of a picture shows none."""

    seen: dict[int, str]
    fingerprint: str = "words"

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        return self.encode_texts([self.seen.get(int(picture[..., 0].max()), "") for picture in pictures])

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        known = np.array([[word in text.split() for word in VOCABULARY] for text in texts]).reshape(-1, len(VOCABULARY))
        rows = np.column_stack([known, ~known.any(axis=1)]).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@dataclass(frozen=True)
class Squares:
    fingerprint: str = "squares"

    def propose(self, image_rgb: np.ndarray) -> Proposals:
        masks = np.zeros((2, HEIGHT, WIDTH), dtype=bool)
        for mask, (x, y) in zip(masks, PLACES, strict=True):
            mask[y : y + 10, x : x + 10] = True
        return make_proposals(masks, source="by hand")


@dataclass(frozen=True)
class Captioner:
    overall: str
    fingerprint: str = "captions"

    def caption(self, pictures: Sequence[np.ndarray]) -> tuple[str, ...]:
        return tuple(self.overall if picture.shape[:2] == (HEIGHT, WIDTH) else "a thing" for picture in pictures)


@pytest.fixture
def models(nlp, wordnet) -> Any:
    """models(overall, seen): by what the captioner says of a picture, and what the encoder sees in a colour."""

    def made(overall: str = "two things", seen: dict[int, str] | None = None) -> Models:
        return Models(name="words", proposer=Squares(), encoder=Encoder(seen or {}), captioner=Captioner(overall),
                      parser=nlp, wordnet=wordnet)  # fmt: skip

    return made


def world(
    folder: Path, pictures: Sequence[tuple[str, str, int, str]], *, overall: str = "two things", told: bool = True
) -> tn.datasets.Samples:
    """A picture each: what its first and second thing are called, which of them is meant (0, 1), and by which words."""
    images = [{"id": i, "file_name": f"{i}.png", "height": HEIGHT, "width": WIDTH} for i in range(len(pictures))]
    annotations = [
        {"id": 10 * i + k, "image_id": i, "category_id": 1, "iscrowd": 0, "bbox": [x, y, 10, 10],
         "segmentation": [rectangle(x, y, 10, 10)]}
        for i in range(len(pictures)) for k, (x, y) in enumerate(PLACES)
    ]  # fmt: skip
    refs = [
        {"ref_id": i, "ann_id": 10 * i + meant, "image_id": i, "category_id": 1, "file_name": f"{i}.png",
         "split": "val", "sent_ids": [i],
         "sentences": [{"sent_id": i, "sent": words, "raw": words, "tokens": words.split()}]}
        for i, (_, _, meant, words) in enumerate(pictures)
    ]  # fmt: skip
    instances = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "thing"}]}
    write_refer(folder, instances, refs, name="reftoy", split_by="toy", images="images")
    for i in range(len(pictures)):
        pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for k, (x, y) in enumerate(PLACES):
            pixels[y : y + 10, x : x + 10] = 100 * (k + 1) + i
        Image.fromarray(pixels).save(folder / "images" / f"{i}.png")
    captions = [
        {"image_id": i, "caption": overall, "things": {str(10 * i + k): name for k, name in enumerate(names)}}
        for i, (*names, _, _) in enumerate(pictures)
    ]
    if told:
        (folder / "captions.json").write_text(json.dumps(captions))
    return tn.datasets.load("reftoy", split="val", root=folder)


BALLS = [("a blue ball", "a red ball", 1, "red ball"), ("a blue kite", "a tree", 1, "tree")]


def gains(found: experiments.Experiment, step: str, split: str = "all") -> dict[str, float]:
    return {s.setting: round(s.gain, 2) for s in found.steps if (s.step, s.split) == (step, split)}


def test_true_captions_make_p_right_and_wrong_ones_do_not(tmp_path: Path, models) -> None:
    """Every proposal has the same V, so the first one is chosen, and the second is meant: only P can tell."""
    found = experiments.captions([world(tmp_path, BALLS)], models(), wrong=(0, 1))
    assert gains(found, "P") == {"the captioner's": 0, "true": 100, "100 % wrong": 0}
    assert gains(found, "TAS") == gains(found, "P")
    assert {(s.before, s.n, s.images) for s in found.steps if s.step == "P"} == {(0, 2, 2)}
    assert found.sentence("true").startswith("true, 2 samples: P helps: +100.00 [+100.00, +100.00]; N is not shown")


def test_what_is_wrong_at_a_share_is_wrong_at_every_larger_one(tmp_path: Path, models) -> None:
    names = [("a blue ball", "a red ball", 1, "red ball"), ("a blue kite", "a red kite", 1, "red kite"),
             ("a dog", "a man", 1, "man"), ("a bird", "a tree", 0, "bird")]  # fmt: skip
    asked: list[list[str]] = []

    def memo(stage: str, key: str, fingerprint: str, config: Any, compute: Any) -> Any:
        if stage == "caption_embeddings":
            asked.append(list(config["texts"]))
        return compute()

    shares = (0, 0.25, 0.5, 0.75, 1)
    experiments.captions([world(tmp_path, names)], models(), wrong=shares, memo=memo)
    told = np.array(asked).reshape(
        len(names), 1 + len(shares), 2
    )  # an image, the captioner's and each share's, a thing
    truth = np.array([row[:2] for row in names])
    assert (told[:, 0] == "a thing").all()
    wrong = told[:, 1:] != truth[:, None]
    assert not wrong[:, 0].any()
    assert wrong[:, -1].all()
    assert (wrong[:, 1:] >= wrong[:, :-1]).all()
    assert 0 < wrong[:, 2].mean() < 1
    assert (told[:, 1:] == told[:, -1:])[wrong].all(), "each is replaced by the same at every share"


# the target's shirt is what the encoder sees in it; the other thing is a bird
SHIRTS = [("a man in a blue shirt", "a bird", 0, "man"), ("a bird", "a man in a blue shirt", 1, "man")]
SEEN = {100: "blue shirt", 200: "bird", 101: "bird", 201: "blue shirt"}


def test_a_phrase_about_the_targets_clothes_is_taken_out(tmp_path: Path, models) -> None:
    """V is 0 for all, so the first is chosen: right in one picture. N moves away from what its phrases name."""
    samples = world(tmp_path, SHIRTS, overall="a man in a blue shirt")
    found = experiments.negative_phrases([samples], models("a man in a blue shirt and a tree", SEEN))
    assert gains(found, "N") == {
        "as mined": -50, "without the target's": 0,  # the shirt is lost, then it is no negative
        "true caption, as mined": -50, "true caption, without the target's": 0,
        "all true distractors": 50,  # the bird is pushed away in the second picture
    }  # fmt: skip
    assert not any(gains(found, "P").values())


# (v, p, n, intersection, union) of two proposals; alpha is 0.1 and lambda 0.7
BY_P = (40, [(0.5, 0.0, 0.0, 0, 80), (0.45, 1.0, 0.0, 40, 40)])  # V is wrong, P mends it
BY_V = (40, [(0.5, 0.0, 0.0, 40, 40), (0.3, 1.0, 0.0, 0, 80)])  # V is right and stays so
LOST = (40, [(0.5, 0.0, 0.0, 30, 40), (0.45, 1.0, 0.0, 0, 80)])  # V has IoU 0.75, P loses it


def run_of(folder: Path, samples: Sequence[Any], split: str = "val") -> Run:
    about = {"name": "made", "split": split, "samples": len(samples), "images": len(samples), "fingerprint": split,
             "spec": None}  # fmt: skip
    return of_scores(folder / split, samples, dataset=about)


def test_a_difference_of_steps_is_the_one_computed_by_hand(tmp_path: Path) -> None:
    runs = {name: run_of(tmp_path / name, cases)
            for name, cases in (("seen", [BY_P, BY_V, LOST, BY_V]), ("unseen", [BY_P, BY_P, BY_V, BY_V]))}  # fmt: skip
    found = experiments.gap(runs)
    # seen: +1, 0, -0.75, 0 of 4 samples; unseen: +1, +1, 0, 0
    assert gains(found, "P") == {"seen": 6.25, "unseen": 50, "seen minus unseen": -43.75}
    (step,) = [s for s in found.steps if s.step == "P" and s.setting == "seen minus unseen"]
    assert (step.before, step.after) == (50, 6.25)
    assert -100 <= step.low < step.gain < step.high <= 0
    assert gains(found, "N") == dict.fromkeys(found.settings, 0)


def test_a_difference_is_paired(tmp_path: Path) -> None:
    run = run_of(tmp_path, [BY_P, BY_V, LOST, BY_V])
    one, other, difference = [s for s in experiments.gap({"a": run, "b": run}).steps if s.step == "P"]
    assert one.low < one.high
    assert (one.low, one.high) == (other.low, other.high)
    assert (difference.gain, difference.low, difference.high) == (0, 0, 0)


def test_splits_are_kept_apart_and_together_they_come_first(tmp_path: Path) -> None:
    runs = [run_of(tmp_path, [BY_P, BY_V]), run_of(tmp_path, [LOST, BY_V], "testA")]
    found = experiments.gap({"toy": runs})
    assert [s.split for s in found.steps if s.step == "P"] == ["all", "val", "testA"]
    assert [gains(found, "P", split)["toy"] for split in ("all", "val", "testA")] == [6.25, 50, -37.5]
    assert [s.n for s in found.steps if s.step == "P"] == [4, 2, 2]


@dataclass
class Beside:
    """Samples of which only the number of things beside the target is known."""

    numbers: list[tuple[int, int] | None]

    @property
    def sample_ids(self) -> list[str]:
        return [f"made-val-{i}" for i in range(len(self.numbers))]

    def beside(self, index: int) -> tuple[int, int] | None:
        return self.numbers[index]


def test_distractors_are_counted_by_kind(tmp_path: Path) -> None:
    run = run_of(tmp_path, [BY_P, BY_V, LOST, BY_P])
    found = experiments.distractors([Beside([(0, 1), (1, 5), (3, 0), (0, 2)])], [run])
    assert gains(found, "P") == {
        "0 of the same kind": 100, "1 of the same kind": 0, "2 or 3 of the same kind": -75,
        "0 of other kinds": -75, "1 of other kinds": 100, "2 or 3 of other kinds": 100, "4 or more of other kinds": 0,
    }  # fmt: skip


# three centres from left to right; the parse of each, V, the target, and how near its phrase "animal" is to each
DOG = Head(lemma="dog", span=(0, 3), rule="root")
LEFT = Parse(text="left dog", head=DOG, directions=("left",), direction_words=("left",))
MIDDLE = Parse(text="middle dog", head=DOG, cues=(Cue(kind="middle", value="middle", words="middle"),))
PLACED = [
    (LEFT, [0.2, 0.9, 0.1], 1, [0, 0, 0]),  # right by V; the half takes it out, and so does a large prior
    (LEFT, [0.3, 0.5, 0.1], 0, [0, 0, 0]),  # the half finds it, and a prior of some strength
    (MIDDLE, [0.5, 0.4, 0.1], 1, [0, 0, 0]),  # only a prior that reads more than directions finds it
    (Parse(text="dog", head=DOG), [0.5, 0.4, 0.0], 0, [0.9, 0.1, 0.1]),  # an animal is the dog itself
]


class Placed:
    """A finished run of ``PLACED`` as tables, a picture each; the target is one of its proposals."""

    about: ClassVar[dict[str, Any]] = {
        "dataset": {"name": "made", "split": "val"}, "variant": "paper", "protocol": "tas", "methods": ["tas"],
        "weights": {"alpha": 0.1, "lam": 0.7}, "models": {"spec": None},
    }  # fmt: skip
    methods = ("tas",)

    def predictions(self) -> pd.DataFrame:
        phrase = json.dumps([{"text": "animal", "lemma": "animal", "kept": True}])
        return pd.DataFrame([
            {"sample": i, "sample_id": f"{i}", "image_id": f"{i}", "ref_id": f"{i}", "method": "tas", "proposals": 3,
             "target_area": 40, "directions": " ".join(parse.directions), "parse": parse_to_json(parse),
             "caption": "an animal", "phrases": phrase}
            for i, (parse, *_) in enumerate(PLACED)
        ])  # fmt: skip

    def scores(self) -> pd.DataFrame:
        return pd.DataFrame([
            {"sample": i, "image_id": f"{i}", "proposal": k, "v": v[k], "p": 0.0, "n": -float(near[k]),
             "kept": not parse.directions or k == 0, "cx": 10.0 * k, "cy": 5.0, "area": 40,
             "intersection": 40 * (k == target), "union": 40 if k == target else 80, "iou": float(k == target)}
            for i, (parse, v, target, near) in enumerate(PLACED) for k in range(3)
        ])  # fmt: skip

    def proposals(self) -> pd.DataFrame:
        return pd.DataFrame([
            {"image_id": f"{i}", "proposal": k, "x0": 10 * k, "y0": 0, "x1": 10 * k + 5, "y1": 9,
             "phrase_cosines": [float(near[k])]}
            for i, (_, _, _, near) in enumerate(PLACED) for k in range(3)
        ])  # fmt: skip


def test_a_half_a_prior_of_each_strength_and_its_parts_are_those_by_hand(wordnet) -> None:
    found = experiments.prior([Placed()], strengths=[12, 0, 1], wordnet=wordnet)
    own = f"strength {tn.PLUS.rectifier.strength:g}"
    assert gains(found, "rectifier") == {
        "hard half": 0,  # one lost, one won, of four
        "strength 0": 0, "strength 1": 25, own: 50,
        "strength 12": 25,  # the first is lost again
        "directions alone": 25, "plus": 50, f"{own} minus hard half": 50, f"{own} minus directions alone": 25,
        f"plus minus {own}": 0, "plus minus hard half": 50,
    }  # fmt: skip
    assert gains(found, "N") == {
        name: 0 if name == "plus" else 25 if name.startswith("plus minus") else 0 if " minus " in name else -25
        for name in found.settings
    }
    assert gains(found, "TAS")["plus minus hard half"] == 75
    assert not any(gains(found, "P").values())
    with pytest.raises(ValueError, match="at least one finished run"):
        experiments.prior([])
    with pytest.raises(ValueError, match=r"pass wordnet="):
        experiments.prior([Placed()])


def test_what_cannot_be_measured_is_one_clear_error(tmp_path: Path, models) -> None:
    run = run_of(tmp_path, [BY_P, BY_V])
    samples = world(tmp_path / "told", BALLS)
    with pytest.raises(ValueError, match="one and two: expected runs of the same samples"):
        experiments.gap({"one": run, "two": run_of(tmp_path / "other", [BY_P])})
    with pytest.raises(ValueError, match=r"expected shares from 0 to 1, got \[0, 1.5\]"):
        experiments.captions([samples], models(), wrong=[0, 1.5])
    with pytest.raises(ValueError, match="samples of at least two pictures"):
        experiments.captions([samples[:1]], models())
    for experiment in (experiments.captions, experiments.negative_phrases):
        with pytest.raises(ValueError, match=r"captions\.json"):
            experiment([world(tmp_path / experiment.__name__, BALLS, told=False)], models())
    with pytest.raises(ValueError, match="made-val-1 of the runs is not among the samples"):
        experiments.distractors([Beside([(0, 0)])], [run])
    with pytest.raises(ValueError, match="does not tell the kinds"):
        experiments.distractors([Beside([None, None])], [run])


def test_what_is_saved_is_read_as_it_was(tmp_path: Path) -> None:
    found = experiments.gap({"toy": run_of(tmp_path, [BY_P, BY_V, LOST])})
    found.save(tmp_path / "gap.json")
    assert tn.analysis.Experiment.read(tmp_path / "gap.json") == found
    assert list(found.frame.columns) == list(experiments.Step.model_fields)
    assert len(found.frame) == len(found.steps) == 4
    assert str(found).splitlines()[0] == found.question
    with pytest.raises(ValueError, match="unknown setting 'tox'; choose from toy"):
        found.sentence("tox")


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "the file: Invalid JSON"), ('{"name": "x"}', "question: Field required"), ('{"steps": 3}', "name"),
     ('{"name": "x", "question": "y", "steps": []}', "steps"), ("[1]", "the file")],
)  # fmt: skip
def test_a_foreign_file_is_named_with_what_it_lacks(content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ValueError, match=f"x.json holds no experiment .*{says}.*measure it again"):
        tn.analysis.Experiment.read(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.1, 2, "helps"), (-2, -0.1, "hurts"), (0, 2, "is not shown to help")]
)
def test_a_verdict_is_what_the_interval_leaves_out(low: float, high: float, verdict: str) -> None:
    step = experiments.Step(
        split="all", setting="toy", step="P", before=1, after=2, gain=1, low=low, high=high, n=9, images=3
    )
    assert step.verdict == verdict


def test_they_are_public_and_documented() -> None:
    assert {"experiments", "Experiment"} <= set(tn.analysis.__all__)
    names = ("gap", "captions", "distractors", "negative_phrases", "prior", "Step")
    assert [fault for name in names for fault in faults_of(f"tasnb.analysis.experiments.{name}")] == []
