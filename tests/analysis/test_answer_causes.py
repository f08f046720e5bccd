"""Causes without scores: planted faults are named, the causes add up, and every question has its cases."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasnb import analysis, cli, datasets, report
from tasnb.analysis import ANSWER_CAUSES, CAUSES, attribute
from tasnb.analysis.answer_causes import Answer, Things, packed, verdict_of
from tasnb.analysis.correspondence import OF_PLACES, SAME, agreement
from tasnb.analysis.types import is_a_by, types_of
from tasnb.core.types import Parse
from tasnb.datasets import Instance
from tasnb.evaluation.runs import Run
from tasnb.stages import expressions
from tests.analysis.answering import FAULTS, AnsweredRun, Faulty, confusion, plant

DOCS = Path(__file__).parents[2] / "docs" / "method.md"


@pytest.fixture(scope="module")
def parse(nlp, wordnet) -> Any:
    return lambda text: expressions.parse(text, nlp, wordnet=wordnet)


@pytest.fixture(scope="module")
def faulty(reftoy_val, parse, wordnet) -> tuple[AnsweredRun, analysis.Attribution]:
    run = AnsweredRun(reftoy_val, list(plant(reftoy_val, 190, 1)), parse)
    return run, attribute(run, samples=run.samples, withdrawn=run.withdrawn, wordnet=wordnet)


def test_planted_faults_are_named_in_95_of_100_cases(faulty) -> None:
    run, found = faulty
    table = confusion(run.cases, found.frame)
    print(table.to_string())
    assert found.frame["failed"].all()
    assert len(table) >= 12
    assert (table["cases"] >= 3).sum() >= 12
    assert table["named"].sum() >= 0.95 * len(run.cases) >= 0.95 * 150
    assert table["with its detail"].sum() >= 0.9 * len(run.cases)


@pytest.mark.filterwarnings("ignore::tasnb.datasets.CountWarning")
def test_planted_into_real_photos_faults_are_named_too(shared_root, parse, wordnet) -> None:
    samples = datasets.load("refcoco", split="val", root=shared_root / "data" / "mini-refcoco")
    run = AnsweredRun(samples, list(plant(samples, 76, 2)), parse)
    found = attribute(run, samples=run.samples, withdrawn=run.withdrawn, wordnet=wordnet)
    table = confusion(run.cases, found.frame)
    assert table["named"].sum() >= 0.9 * len(run.cases), table.to_string()


@pytest.mark.parametrize("cause", sorted({cause for cause, _, _ in FAULTS.values()}))
def test_a_cause_that_is_not_planted_is_not_named(cause, faulty) -> None:
    run, found = faulty
    others = [name for name, case in zip(found.frame["cause"], run.cases, strict=True) if FAULTS[case.kind][0] != cause]
    assert others.count(cause) < 0.05 * len(others)


def test_the_causes_add_up_to_the_failures(faulty) -> None:
    for found in (faulty[1], attribute(Run.shipped("toy", "reftoy", "testA"), method="clip-only")):
        assert found.causes is ANSWER_CAUSES
        table = analysis.recoverable(found).set_index("cause")
        assert table.loc[list(ANSWER_CAUSES), "failures"].sum() == table.at["all", "failures"] == len(found.failures)
        assert table.loc[list(ANSWER_CAUSES), "miou"].sum() == pytest.approx(table.at["all", "miou"])
        counted = analysis.overlap(found)
        assert (np.diag(counted[list(ANSWER_CAUSES)]) <= len(found.failures)).all()
        assert counted["primary"].sum() == len(found.failures)
        for row in found.frame.to_dict("records"):
            assert "{" not in analysis.sentence_of(row)


# --- one answer by hand -----------------------------------------------------------------------------------------------

PIXELS = {"left cat": (0, 10), "right cat": (40, 50), "dog": (60, 70), "cat's ear": (0, 2), "sofa": (75, 95)}


def named(answer: tuple[tuple[int, int], ...], target: tuple[str, ...], text: str = "cat", **words: Any) -> Any:
    """Things, targets and answers are strips of a picture of 10 x 100; text: parsed as told by words."""

    def strip(*spans: tuple[int, int]) -> np.ndarray:
        mask = np.zeros((10, 100), bool)
        for start, end in spans:
            mask[:, start:end] = True
        return mask

    things = Things([Instance(name, name.split()[-1], strip(span)) for name, span in PIXELS.items()], (10, 100))
    parse = Parse(text=text, head=None, **words)
    rows = tuple(things.places[name] for name in target)
    category = target[0].split()[-1] if target else ""
    verdict = verdict_of(
        Answer(parse=parse, types=types_of(parse), things=things, targets=rows, answer=packed(strip(*answer)),
               category=category, is_a=is_a_by(None))
    )  # fmt: skip
    return verdict.cause, verdict.detail


@pytest.mark.parametrize(
    ("answer", "target", "cause"),
    [
        ((), ("left cat",), ("empty answer", "")),
        (((20, 30),), (), ("no target", "")),
        (((0, 10),), ("left cat", "right cat"), ("partly answered", "")),
        (((40, 50),), ("left cat",), ("doubtful annotation", "several fit")),
        (((0, 10), (60, 70)), ("left cat",), ("merged", "with the target")),
        (((40, 50), (60, 70)), ("left cat",), ("merged", "others alone")),
        (((6, 10),), ("left cat",), ("part", "")),
        # an ear is annotated by itself: then it is another thing, not a part
        (((0, 2),), ("left cat",), ("other category", "")),
        (((0, 25),), ("left cat",), ("surroundings", "")),
        (((60, 70),), ("left cat",), ("other category", "")),
        # 0.8 of it in the dog: of the dog, though its IoU with it is 0.24
        (((67, 70),), ("left cat",), ("other category", "")),
        (((5, 15),), ("left cat",), ("poor outline", "")),
        (((20, 35),), ("left cat",), ("nothing there", "background")),
        (((7, 12),), ("left cat",), ("part", "")),
    ],
)  # fmt: skip
def test_the_first_question_that_holds_is_the_cause(answer, target, cause) -> None:
    assert named(answer, target) == cause


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ({"directions": ("left",), "direction_words": ("left",)}, ("same category", "place")),
        # the place fits the answer better than the target
        ({"directions": ("right",), "direction_words": ("right",)}, ("doubtful annotation", "another fits")),
        ({"directions": ("top",), "direction_words": ("top",)}, ("doubtful annotation", "several fit")),
    ],
)
def test_a_place_is_measured(words, cause) -> None:
    assert named(((40, 50),), ("left cat",), "that", **words) == cause


@pytest.mark.parametrize(
    ("text", "kind", "cause"),
    [
        ("the cat", "cat", ("doubtful annotation", "several fit")),
        ("the red cat", "cat", ("same category", "colour")),
        ("the cat in a red shirt", "cat", ("same category", "clothing")),
        ("the striped cat", "cat", ("same category", "pattern")),
        ("the cat sleeping", "cat", ("same category", "action")),
        ("the cat next to the dog", "cat", ("same category", "relation")),
        ("the sleeping red cat", "cat", ("same category", "several differences")),
        ("the kitten", "cat", ("same category", "noun")),
        ("the animal", "cat", ("doubtful annotation", "several fit")),
        ("the hungry cat", "cat", ("same category", "other words")),
        ("the left red cat", "cat", ("same category", "place")),
    ],
)
def test_what_is_named_is_the_difference(text, kind, cause, parse, wordnet) -> None:
    left, right = np.zeros((2, 10, 40), bool)
    left[:, :10], right[:, 20:30] = True, True
    things, read = Things([Instance("a", kind, left), Instance("b", kind, right)], (10, 40)), parse(text)
    case = Answer(parse=read, types=types_of(read, wordnet), things=things, targets=(0,), answer=packed(right),
                  category=kind, is_a=is_a_by(wordnet))  # fmt: skip
    verdict = verdict_of(case)
    assert (verdict.cause, verdict.detail) == cause
    # the two tables count it once each: what cannot be told apart is of the same category too
    assert ("doubtful annotation" in verdict.holds) == (cause[0] == "doubtful annotation")
    assert "same category" in verdict.holds


def test_answers_that_came_as_boxes_are_laid_beside_boxes() -> None:
    """A ring's box is no "surroundings" of the ring: it is the ring's box."""
    ring = np.zeros((20, 20), bool)
    ring[2:18, 2:18], ring[3:17, 3:17] = True, False
    filled = np.zeros((20, 20), bool)
    filled[2:18, 2:18] = True
    for as_boxes, cause in (
        (False, "surroundings"),
        (True, "poor outline"),
    ):  # asked, both are named; IoU 1 is no failure
        things = Things([Instance("ring", "ring", ring)], (20, 20), as_boxes=as_boxes)
        parse = Parse(text="ring", head=None)
        case = Answer(parse=parse, types=types_of(parse), things=things, targets=(0,), answer=packed(filled),
                      category="ring", is_a=is_a_by(None))  # fmt: skip
        assert verdict_of(case).cause == cause
        assert case.iou == (1.0 if as_boxes else ring.sum() / filled.sum())


# --- runs -------------------------------------------------------------------------------------------------------------


def test_which_causes_are_asked_for(real_run) -> None:
    assert attribute(real_run).causes is CAUSES
    assert attribute(real_run, causes="answers").causes is ANSWER_CAUSES
    assert attribute(real_run, method="clip-only").causes is ANSWER_CAUSES
    with pytest.raises(ValueError, match="choose from scores, answers"):
        attribute(real_run, causes="guesses")
    with pytest.raises(ValueError, match="stages are attributed for 'tas'"):
        attribute(real_run, method="clip-only", causes="scores")


def test_what_rests_on_scores_is_left_out(faulty) -> None:
    run, found = faulty
    cases = analysis.cases(found)
    assert cases[["margin", "oracle_iou"]].isna().all(axis=None)
    assert analysis.trust(found) is None
    assert cases["target_size"].between(0, 1).all()
    table = analysis.breakdown(found, "n-same-kind")
    assert table["oracle_miou"].isna().all()
    assert "best" not in analysis.breakdown_text(table, "n-same-kind")
    with pytest.raises(ValueError, match=r"analysis\.confusion"):
        analysis.confusion_of_heads(found)
    with pytest.raises(ValueError, match="imported answers only"):
        attribute(run, causes="scores")


def test_a_confusion_counts_every_sample_once(faulty, real_run) -> None:
    run, found = faulty
    table = analysis.confusion(found)
    assert table.to_numpy().sum() == len(run.cases)
    kinds = [case.kind for case in run.cases]
    assert table["(empty)"].sum() == kinds.count("empty")
    assert table.loc["(nothing)"].sum() == kinds.count("nothing meant")
    with pytest.raises(ValueError, match='causes="answers"'):
        analysis.confusion(attribute(real_run))


@pytest.fixture(scope="module")
def stored(reftoy_val, parse, tmp_path_factory) -> Run:
    """Imported answers on disk: of every sample of a few scenes the first thing annotated."""
    few = reftoy_val[:24]
    cases = []
    for i, text in enumerate(few.expressions):
        things, (target,) = few.instances(few.image_id(i)), few.target_ids(i)
        meant, given = next(thing for thing in things if thing.id == target), things[0].mask
        counts = int((meant.mask & given).sum()), int((meant.mask | given).sum())
        cases.append((few.image_id(i), (target,), meant.category, int(meant.mask.sum()), counts, given, text))
    run = AnsweredRun(few, [Faulty("", *case) for case in cases], parse, planted=False)
    return run.write(tmp_path_factory.mktemp("imported") / "run")


def test_imported_answers_are_analysed_on_the_command_line(stored, capsys) -> None:
    assert cli.run(["analyse", str(stored.folder), "--overlap", "--by", "type"]) == 0
    told = capsys.readouterr().out
    assert "same category: Is another thing of the target's category answered?" in told
    assert cli.run(["analyse", str(stored.folder), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert sum(row["failures"] for row in record["causes"] if row["cause"] != "all") == record["failures"] > 0
    assert cli.run(["analyse", str(stored.folder), "--causes", "scores"]) == 2
    assert "imported answers only" in capsys.readouterr().err


def test_a_method_of_a_run_is_analysed_on_the_command_line(real_run, capsys) -> None:
    assert cli.run(["analyse", str(real_run.folder), "--method", "clip-only"]) == 0
    assert "other category" in capsys.readouterr().out


def test_the_report_of_imported_answers_speaks_of_no_scores(stored, tmp_path) -> None:
    page = report.run([stored], tmp_path / "report.html").read_text(encoding="utf-8")
    assert "answers of planted failed" in page
    assert page.count("data:image/jpeg") >= 3, "cards show the answer and the target"
    assert "Each failed answer is laid beside everything" in page
    for absent in ("margin of S", "Beside the paper", "best proposal", "negatives", "alpha", "rectifier", "oracle"):
        assert absent not in page


# --- beside the scored causes -----------------------------------------------------------------------------------------


def rows_of(cases: pd.DataFrame) -> list[str]:
    """The rows of the table in docs/method.md: each scored cause, and what its failures are called without scores."""
    rows = []
    apart = {cause for cause, detail in SAME if detail}
    kind = cases["scored"] + np.where(cases["scored"].isin(apart), ": " + cases["scored_detail"], "")
    for name in sorted(set(kind)):
        mine = cases[kind == name]["answer"].value_counts()
        said = ", ".join(f"{other} {mine[other]}" for other in ANSWER_CAUSES if other in mine)
        rows.append(f"| {name} | {said} |")
    return rows


def test_the_table_of_the_docs_is_what_the_code_gives() -> None:
    text = DOCS.read_text(encoding="utf-8")
    found = {split: agreement(Run.shipped("toy", "reftoy", split)) for split in ("testA", "testB")}
    cases = pd.concat([each.cases for each in found.values()])
    (told,) = re.findall(r"\| by scores, .*\n\|---\|---\|\n((?:\|.*\n)+)", text)
    assert told.splitlines() == rows_of(cases)
    said = re.sub(r"\s+", " ", text)
    for split, each in found.items():
        assert len(each.cases) == each.table.to_numpy().sum()
        wanted = f"{each.agreeing} of {each.comparable} ({len(each.cases)} failures)"
        assert re.search(rf"{split}: (the same )?in {re.escape(wanted)}", said), (split, wanted)
    # what has no counterpart is never counted as agreement
    assert not cases[cases["agree"] & ~cases["comparable"]].shape[0]
    assert {"language", "negative", "caption", "weights"}.isdisjoint(cause for cause, _ in SAME)
    assert set(OF_PLACES) < {cause for cause, _ in SAME}


def test_the_order_of_the_docs_is_that_of_the_code() -> None:
    told = re.findall(r"^\| \d+ \| ([a-z ]+) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert told == list(ANSWER_CAUSES)
