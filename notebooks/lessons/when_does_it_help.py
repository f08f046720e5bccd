"""Lesson 11, ``notebooks/11_when_does_it_help.ipynb``: a cause switched on and off, and what a module is worth then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis.experiments import EVERY, Experiment, Step
from tasnb.core.images import mask_colour
from tasnb.core.masks import pairwise_iou
from tasnb.core.types import ImageArtifacts, Models, Sample
from tasnb.evaluation.ablation import ROWS, Counted
from tasnb.evaluation.metrics import iou, is_right
from tasnb.evaluation.runs import Run
from tasnb.pipeline.describe import describe
from tasnb.pipeline.tas import mine, score
from tasnb.plots import overlay
from tasnb.stages.expressions import parse
from tasnb.store import Store

from .answers import Exercise, Right, Slip, hints

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = ("helps", "hurts", "not shown")
STEPS = Exercise(
    1,
    expected="three numbers, in points of mIoU: the step of P with the first encoder, with the second, and the first "
    "minus the second",
    hint="A step is a mean of differences: of each expression's IoU under two columns. The two tables have the same "
    "expressions in the same order.",
    recipe="one = 100 * (first['V+P'] - first['V']).mean(), two likewise from second, and one - two",
)
VERDICT = Exercise(
    2,
    expected="a function of the two ends of an interval that returns 'helps', 'hurts' or 'not shown'",
    hint="The interval holds the gains that fit the data about as well as the measured one. When are all of them on "
    "one side of 0, and what if 0 is one of them?",
    recipe="return 'helps' if low > 0, 'hurts' if high < 0, and 'not shown' in every other case",
)
PHRASE = Exercise(
    3,
    expected="one of the phrases of the table, as a text",
    hint="N punishes a mask for each phrase that it looks like. Which phrase punishes the mask of the target more than "
    "the other one, and by how much?",
    recipe="subtract the second column from the first: the phrase with the largest difference hurts most",
)
hint = hints(STEPS, VERDICT, PHRASE)


def ious(run: Run) -> pd.DataFrame:
    """A row an expression: its picture, and the IoU of its answer under each row of Table 4."""
    import pandas as pd

    counted = Counted.of(run)
    columns = {row: iou(*counted.counts[:, at].T, protocol=counted.protocol) for at, row in enumerate(ROWS)}
    return pd.DataFrame({"image": counted.image_ids, **columns})


def gains(found: Experiment) -> pd.DataFrame:
    """A row a setting, a column a module: what it adds on all samples, with its interval."""
    return _table(found, lambda step: step.text)


def verdicts(founds: Iterable[Experiment]) -> pd.DataFrame:
    """A row an experiment and setting, a column a module: "helps", "hurts", or "-" where neither is shown."""
    import pandas as pd

    short = {"not shown": "-"}
    tables = {
        found.name: _table(found, lambda step: short.get(word := _verdict(step.low, step.high), word))
        for found in founds
    }
    return pd.concat(tables, names=["experiment"])


def _table(found: Experiment, say: Callable[[Step], str]) -> pd.DataFrame:
    import pandas as pd

    rows: dict[str, dict[str, str]] = {}
    for step in found.steps:
        if step.split == EVERY:
            rows.setdefault(step.setting, {})[step.step] = say(step)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("setting")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pushed:
    """A target, and the phrases that N counts against it.

    cosines: of each proposal with each phrase, float (n, k). target, other: the proposal with the largest S among those
    that fit the target, and among those that do not.
    """

    sample: Sample
    artifacts: ImageArtifacts
    phrases: tuple[str, ...]
    cosines: np.ndarray
    target: int
    other: int

    @property
    def costs(self) -> np.ndarray:
        """How much nearer each phrase is to the target's mask than to the other one: float (k,)."""
        return np.asarray(self.cosines[self.target] - self.cosines[self.other], dtype=np.float64)

    @property
    def table(self) -> pd.DataFrame:
        """A row a phrase: its cosine with the target's mask, and with the other one."""
        import pandas as pd

        pair = self.cosines[[self.target, self.other]].T
        names = [f"target's mask {self.target}", f"other mask {self.other}"]
        return pd.DataFrame(pair, index=list(self.phrases), columns=names).round(4)

    @property
    def pictures(self) -> list[np.ndarray]:
        """The photo with the target's mask, and with the other one."""
        masks = self.artifacts.proposals.masks
        return [overlay(self.sample.image, masks[i], mask_colour(i)) for i in (self.target, self.other)]


def pushed(samples: Sequence[Sample], models: Models, store: Store) -> Pushed:
    """The sample in which one phrase speaks most against the target, of those with two or more phrases to choose from.

    Raises ValueError where there is none: no known masks, or nothing that the captioner says.
    """
    found = []
    for sample in samples:
        artifacts = store.recall(describe, sample.image, models)
        mined = mine(artifacts, parse(sample.expression, models.parser), models)
        kept = np.array([phrase.kept for phrase in mined.phrases], dtype=bool)
        if sample.target is None or kept.sum() < 2:
            continue
        fits = is_right(pairwise_iou(artifacts.proposals.masks, artifacts.at_working_size(sample.target)[None])[:, 0])
        if fits.all() or not fits.any():
            continue
        totals = score(artifacts, sample.expression, mined, models).total
        (crops,) = artifacts.crop_embeddings.values()
        found.append(
            Pushed(
                sample=sample,
                artifacts=artifacts,
                phrases=tuple(phrase.text for phrase in mined.phrases if phrase.kept),
                cosines=crops @ artifacts.phrase_embeddings[kept].T,
                target=int(np.where(fits, totals, -np.inf).argmax()),
                other=int(np.where(fits, -np.inf, totals).argmax()),
            )
        )
    if not found:
        raise ValueError("no expression has a known mask and two negatives; take more samples")
    return max(found, key=lambda case: case.costs.max())


def check_steps(answer: Any, first: pd.DataFrame, second: pd.DataFrame) -> Right:
    """Exercise 1: the step of P with each of two encoders, and the difference of the two, in points."""
    got = STEPS.numbers_of(answer, 3)

    def three(one: float, two: float) -> np.ndarray:
        return np.array([one, two, one - two])

    def step(after: str, before: str, of: Any = lambda column: column) -> np.ndarray:
        return three(*(100 * float((of(t[after]) - of(t[before])).mean()) for t in (first, second)))

    right = step("V+P", "V")
    slips = [
        Slip(right / 100, "shares from 0 to 1", "multiply by 100: the tables are in points"),
        Slip(right * [1, 1, -1], "the second minus the first", "subtract the second step from the first"),
        Slip(-right, "the row without P minus the row with it", "a gain is what comes after, minus what was before"),
        Slip(right[[1, 0, 2]] * [1, 1, -1], "the two encoders exchanged", "the first table is the first encoder's"),
        Slip(step("V+P+N", "V+P"), "the step of N", "P lies between the rows V and V+P"),
        Slip(step("V+P+N+spatial", "V"), "the step of all modules together", "P lies between the rows V and V+P"),
        Slip(step("V+P", "V", lambda column: is_right(column.to_numpy()).astype(float)), "steps of Pr@0.5",
             "take the IoU itself, not whether it is above 0.5"),
        Slip(three(*(100 * t["V+P"].mean() for t in (first, second))), "levels of the row V+P, not steps",
             "subtract the row V"),
    ]  # fmt: skip
    STEPS.settle(got, right, slips)
    return Right(
        f"P adds {right[0]:+.2f} points with the first encoder and {right[1]:+.2f} with the second, {right[2]:+.2f} of "
        "difference. Each expression is its own control in all three, so what makes a picture hard cancels out."
    )


def check_verdict(function: Any, found: Experiment) -> Right:
    """Exercise 2: what an interval says of a module, asked for every interval of an experiment and three by hand."""
    function = VERDICT.given(function)
    ends = [(0.2, 1.5), (-1.5, -0.2), (-0.5, 2.0), (-2.0, 0.5), (0.0, 1.0), (-1.0, 0.0), (0.0, 0.0)]
    ends += [(step.low, step.high) for step in found.steps]
    for low, high in ends:
        word = VERDICT.choice_of(VERDICT.called(function, low, high), VERDICTS)
        right = _verdict(low, high)
        if word == right:
            continue
        looks_like, mend = "too much care", "an interval that lies wholly on one side of 0 says which side"
        if word != "not shown" and right != "not shown":
            looks_like, mend = "the interval read the wrong way round", "gains above 0 help, gains below 0 hurt"
        elif 0 in (low, high) and right == "not shown":
            looks_like, mend = "an end at 0 taken for one beyond it", "0 itself is no gain: use < and >, not <= and >="
        elif right == "not shown":
            looks_like, mend = "the sign of the middle, or of one end alone", "both ends must lie on the same side of 0"
        raise VERDICT.wrong(got=f"{word!r} for [{low:+.2f}, {high:+.2f}]", looks_like=looks_like, mend=mend)
    shown = sum(_verdict(step.low, step.high) != "not shown" for step in found.steps)
    return Right(
        f"{shown} of the {len(found.steps)} intervals of this experiment leave 0 out. Of so many, about one in 20 "
        "would do so by chance alone: ask first, then look, and do not search for the one that is shown."
    )


def _verdict(low: float, high: float) -> str:
    return "helps" if low > 0 else "hurts" if high < 0 else "not shown"


def check_phrase(answer: Any, case: Pushed) -> Right:
    """Exercise 3: the phrase that takes most from the target's mask, compared with the strongest other one."""
    word = PHRASE.choice_of(PHRASE.given(answer), case.phrases)
    costs, (target, other) = case.costs, case.cosines[[case.target, case.other]]
    if costs[case.phrases.index(word)] < costs.max() - 1e-9:
        slips: Mapping[str, tuple[np.ndarray, str]] = {
            "the phrase that helps the target most": (-costs, "it is nearer to the other mask: turn the sign round"),
            "the phrase nearest to the target's mask, whatever the other mask's cosine": (
                target, "a phrase that is as near to both pushes both away: compare the columns",
            ),
            "the phrase nearest to the other mask": (other, "that one is pushed away, which is what N is for"),
        }  # fmt: skip
        known = [(said, mend) for said, (values, mend) in slips.items() if case.phrases[values.argmax()] == word]
        looks_like, mend = known[0] if known else ("", "")
        raise PHRASE.wrong(got=repr(word), looks_like=looks_like, mend=mend)
    others = [name for name in case.phrases if name != word]
    return Right(
        f'"{word}" is nearer to the target by {costs.max():.3f}. Ask yourself what it names: the target under another '
        f"name, something that it wears, or nothing in the picture. N takes the mean of it and of {', '.join(others)}."
    )
