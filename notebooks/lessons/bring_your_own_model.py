"""Lesson 12, ``notebooks/12_bring_your_own_model.ipynb``: three files of predictions, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasnb.core.shipped import data_root
from tasnb.evaluation.runs import Run
from tasnb.evaluation.samples import RunSamples
from tasnb.plots import Strip, rims, strip

from .answers import Exercise, Right, Slip, hints, in_words

if TYPE_CHECKING:
    import pandas as pd

    from tasnb.analysis import Attribution

FAULTS = ("ignores places", "confuses shirts", "gives parts")
COVERED = Exercise(
    1,
    expected="one number: the mIoU in per cent, if every missing sentence counted as an IoU of 0",
    hint="A mean is a sum over a number. Which of the two changes when sentences with an IoU of 0 come in?",
    recipe="take miou x n, which is the sum of all IoUs in per cent, and divide it by n + missing",
)
WHICH = Exercise(
    2,
    expected="a dict with the three names, and for each one of " + ", ".join(map(repr, FAULTS)),
    hint="Each fault leaves another trace: in the causes, or in the types of expressions that fail more than others. "
    "Begin with the fault that needs no other thing in the picture.",
    recipe="one model's main cause is a part of the target. Of the other two, one loses most on expressions of the "
    "type location, the other one on those of the type clothing",
)
CORE = Exercise(
    3,
    expected="a function of a table of right answers (a row a sentence, a column a model, True or False) that returns "
    "how many sentences no model gets right",
    hint="Ask each row whether any of its answers is right. Which rows are you looking for, and how many are they?",
    recipe="return int((~right.any(axis=1)).sum())",
)
hint = hints(COVERED, WHICH, CORE)


def predictions() -> dict[str, Path]:
    """The three files by the model's name, as they ship."""
    return {path.stem: path for path in sorted((data_root() / "predictions").iterdir())}


def beginning(path: Path, characters: int = 150) -> str:
    """How a file begins."""
    with path.open(encoding="utf-8") as file:
        return f"{file.read(characters)} ..."


def look(run: Run, sample_numbers: Sequence[int]) -> Strip:
    """A few cases of a run side by side: the target's dashed rim, the answer tinted, the expression below."""
    behind, pictures, said = RunSamples(run), [], []
    for number in map(int, sample_numbers):
        sample = behind.sample(number)
        pictures.append(rims(sample.image, sample.target, behind.answer(number, run.methods[0])))
        said.append(sample.expression)
    return strip(pictures, said, height=200)


def faults_of(founds: Mapping[str, Attribution]) -> dict[str, str]:
    """Which model has which fault, measured: answers inside the target, and what a place and clothes cost."""
    inside, places, clothes = {}, {}, {}
    for name, found in founds.items():
        rows, failed = found.evidence.samples, found.frame["failed"].to_numpy(bool)
        area = rows["union"] + rows["intersection"] - rows["target_area"]
        is_inside = (rows["intersection"] > 0.8 * area).to_numpy(bool) & (area > 0).to_numpy(bool)
        inside[name] = (is_inside & failed).sum() / max(failed.sum(), 1)
        types = [each.names for each in found.types]
        for costs, kind in ((places, "location"), (clothes, "clothing")):
            has = [kind in names for names in types]
            named = [wrong for wrong, is_so in zip(failed, has, strict=True) if is_so]
            costs[name] = sum(named) / max(len(named), 1)
    parts = max(inside, key=inside.__getitem__)
    others = [name for name in founds if name != parts]
    by_place = max(others, key=lambda name: places[name] - clothes[name])
    return {name: FAULTS[2] if name == parts else FAULTS[0] if name == by_place else FAULTS[1] for name in founds}


def check_covered(answer: Any, table: pd.DataFrame) -> Right:
    """Exercise 1: the mIoU of a run in which sentences are missing, when these count as 0."""
    got = COVERED.number_of(answer)
    row = table.iloc[0]
    miou, n, missing = float(row["miou"]), int(row["n"]), int(row["missing"])
    right = miou * n / (n + missing)
    slips = [
        Slip(miou, "the figure of the sentences that were answered", "let the missing ones count in the mean, as 0"),
        Slip(right / 100, "a mean from 0 to 1", "multiply by 100"),
        Slip(miou - right, "the difference of the two figures", "give the new figure itself"),
        Slip(100 * n / (n + missing), "the coverage", "multiply the mIoU by the share of sentences that are there"),
        Slip(miou * (n - missing) / n, "a mean that loses the missing sentences twice",
             "the sum of the IoUs stays as it is: divide it by all sentences"),
    ]  # fmt: skip
    COVERED.settle(got, right, slips)
    return Right(
        f"{miou:.2f} becomes {right:.2f}. Neither is wrong, but they answer two questions, and a table that does not "
        "say how many sentences are missing leaves the reader to guess which one it was."
    )


def check_faults(answer: Any, founds: Mapping[str, Attribution]) -> Right:
    """Exercise 2: which model has which fault."""
    answer = WHICH.given(answer)
    if not isinstance(answer, Mapping) or set(answer) != set(founds := dict(founds)):
        raise WHICH.wrong(got=in_words(answer), looks_like="another kind of answer than the expected one")
    said = {name: WHICH.choice_of(fault, FAULTS) for name, fault in answer.items()}
    true = faults_of(founds)
    if len(set(said.values())) < len(said):
        raise WHICH.wrong(got=in_words(said), looks_like="one fault given to two models",
                          mend="each model has a fault of its own")  # fmt: skip
    found = sum(said[name] == true[name] for name in true)
    if found < len(true):
        raise WHICH.wrong(
            got=in_words(said),
            looks_like=f"the right faults in another order: {found} of {len(true)} models have theirs",
            mend="look at the causes first: which model's answers lie inside the target?",
        )
    return Right(
        "The mean alone could not tell them apart. The part-giver shows in its causes, the other two in the types of "
        "expressions that they fail: a cause says what is wrong with an answer, a type says when."
    )


def check_core(function: Any, right: pd.DataFrame) -> Right:
    """Exercise 3: how many sentences no model gets right."""
    function = CORE.given(function)
    count = int((~right.any(axis=1)).sum())
    got = CORE.number_of(CORE.called(function, right.copy()))
    slips = [
        Slip(int((~right).any(axis=1).sum()), "sentences that at least one model gets wrong",
             "no model is right: ask for any right answer, and take the rows without one"),
        Slip(int(right.any(axis=1).sum()), "sentences that some model gets right", "take the other ones"),
        Slip(int(right.all(axis=1).sum()), "sentences that every model gets right", "take those without any"),
        Slip(100 * count / len(right), "a share in per cent", "give their number"),
        Slip(int((~right).to_numpy().sum()), "all wrong answers together", "count sentences, not answers"),
    ]  # fmt: skip
    CORE.settle(got, count, slips)
    return Right(
        f"{count} of {len(right)}. A sentence that every model misses is a question to the annotation as much as to "
        "the models, and the more different they are, the more so."
    )
